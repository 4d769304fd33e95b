//! Signs with Signature Version 4. As in SDKs, the signing key is derived once per day.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// The content type of every request.
pub(crate) const CONTENT_TYPE: &str = "application/x-www-form-urlencoded; charset=utf-8";
const SIGNED_HEADERS: &str = "content-type;host;x-amz-date";
const REGION: &str = "us-east-1";

/// An access key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AccessKey {
    pub(crate) id: &'static str,
    pub(crate) secret: &'static str,
}

/// Signs POSTs of forms to `/`.
#[derive(Debug)]
pub(crate) struct Signer {
    access_key: AccessKey,
    service: &'static str,
    /// The date of the derived key, and the key.
    derived: (String, Vec<u8>),
}

/// The headers that signing adds to a request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Signed {
    /// `X-Amz-Date`.
    pub(crate) date: String,
    /// `Authorization`.
    pub(crate) authorization: String,
}

impl Signer {
    pub(crate) fn new(access_key: AccessKey, service: &'static str) -> Self {
        Self {
            access_key,
            service,
            derived: (String::new(), Vec::new()),
        }
    }

    /// Signs a body for this host and content type.
    pub(crate) fn sign(
        &mut self,
        now: DateTime<Utc>,
        host: &str,
        content_type: &str,
        body: &str,
    ) -> Signed {
        let date = now.format("%Y%m%dT%H%M%SZ").to_string();
        let (day, _) = date.split_at_checked(8).unwrap_or_default();
        if self.derived.0 != day {
            self.derived = (day.to_owned(), self.derive(day));
        }
        let canonical = format!(
            "POST\n/\n\ncontent-type:{content_type}\nhost:{host}\nx-amz-date:{date}\n\n\
             {SIGNED_HEADERS}\n{}",
            hex(&Sha256::digest(body.as_bytes()))
        );
        let scope = format!("{day}/{REGION}/{}/aws4_request", self.service);
        let to_sign = format!(
            "AWS4-HMAC-SHA256\n{date}\n{scope}\n{}",
            hex(&Sha256::digest(canonical.as_bytes()))
        );
        let signature = hex(&mac(&self.derived.1, &to_sign));
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={SIGNED_HEADERS}, \
             Signature={signature}",
            self.access_key.id
        );
        Signed {
            date,
            authorization,
        }
    }

    /// The signing key for a date.
    fn derive(&self, day: &str) -> Vec<u8> {
        let key = format!("AWS4{}", self.access_key.secret).into_bytes();
        [day, REGION, self.service, "aws4_request"]
            .iter()
            .fold(key, |key, part| mac(&key, part))
    }
}

fn mac(key: &[u8], message: &str) -> Vec<u8> {
    // HMAC accepts keys of any length, so this does not fail; if it did, the server would reject the signature.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return Vec::new();
    };
    mac.update(message.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Source: AWS's Signature Version 4 test suite, `post-x-www-form-urlencoded`.
    #[test]
    fn the_signature_is_awss() {
        let access_key = AccessKey {
            id: "AKIDEXAMPLE",
            secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        };
        let now = DateTime::parse_from_rfc3339("2015-08-30T12:36:00Z")
            .unwrap()
            .to_utc();
        let mut signer = Signer::new(access_key, "service");
        let signed = signer.sign(
            now,
            "example.amazonaws.com",
            "application/x-www-form-urlencoded",
            "Param1=value1",
        );
        assert_eq!(signed.date, "20150830T123600Z");
        assert_eq!(
            signed.authorization,
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date, \
             Signature=ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"
        );
    }
}
