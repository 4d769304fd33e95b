//! Sessions of the web pages: cookies that the server signs.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use axum::http::HeaderMap;
use axum::http::header::COOKIE;
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// The name of the cookie.
const NAME: &str = "access-advisor-session";
/// How long a session lasts.
const SECONDS: i64 = 8 * 60 * 60;

/// Signs cookies, and checks them. The key is new with every start of the server, which so ends all sessions.
pub(crate) struct Sessions {
    key: [u8; 32],
    /// Signatures of sessions that were ended before their time, with that time.
    ended: Mutex<HashMap<String, i64>>,
}

/// A session whose signature is valid.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) access_key_id: String,
    signature: String,
    /// In seconds since 1970.
    expires: i64,
}

impl Sessions {
    pub(crate) fn new() -> Self {
        // Version 4 takes its bits from the system's random numbers: 244 of them here.
        let (one, other) = (Uuid::new_v4(), Uuid::new_v4());
        let mut random = Sha256::new();
        random.update(one.as_bytes());
        random.update(other.as_bytes());
        Self {
            key: random.finalize().into(),
            ended: Mutex::default(),
        }
    }

    /// The header that starts a session.
    pub(crate) fn cookie(
        &self,
        access_key_id: &str,
        now: DateTime<Utc>,
        is_secure: bool,
    ) -> Option<String> {
        let expires = now.timestamp().saturating_add(SECONDS);
        let signature = hex(&self.mac(access_key_id, expires)?.finalize().into_bytes());
        Some(header(
            &format!("{access_key_id}.{expires}.{signature}"),
            SECONDS,
            is_secure,
        ))
    }

    /// The session of a request. `None` without a cookie, or when it is not valid any more.
    pub(crate) fn of(&self, headers: &HeaderMap, now: DateTime<Utc>) -> Option<Session> {
        let cookies = headers.get_all(COOKIE).iter();
        let mut cookies = cookies.filter_map(|value| value.to_str().ok());
        let value = cookies.find_map(|cookies| {
            let pairs = cookies.split(';').filter_map(|pair| pair.split_once('='));
            let mut named = pairs.filter(|(name, _)| name.trim() == NAME);
            named.next().map(|(_, value)| value.trim())
        })?;
        let mut parts = value.split('.');
        let (access_key_id, expires, signature) = (parts.next()?, parts.next()?, parts.next()?);
        let expires: i64 = expires.parse().ok()?;
        // Compares in constant time.
        let mac = self.mac(access_key_id, expires)?;
        mac.verify_slice(&from_hex(signature)?).ok()?;
        let is_over = expires <= now.timestamp() || parts.next().is_some();
        if is_over || self.ended().contains_key(signature) {
            return None;
        }
        Some(Session {
            access_key_id: access_key_id.to_owned(),
            signature: signature.to_owned(),
            expires,
        })
    }

    /// Ends a session. Returns the header that removes its cookie.
    pub(crate) fn end(&self, session: Session, now: DateTime<Utc>, is_secure: bool) -> String {
        let mut ended = self.ended();
        ended.retain(|_, expires| *expires > now.timestamp());
        ended.insert(session.signature, session.expires);
        header("", 0, is_secure)
    }

    fn ended(&self) -> std::sync::MutexGuard<'_, HashMap<String, i64>> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn mac(&self, access_key_id: &str, expires: i64) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).ok()?;
        mac.update(format!("{access_key_id}.{expires}").as_bytes());
        Some(mac)
    }
}

fn header(value: &str, seconds: i64, is_secure: bool) -> String {
    let secure = if is_secure { "; Secure" } else { "" };
    format!("{NAME}={value}; Path=/ui; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes().chunks(2);
    digits
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(cookie: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, cookie.parse().unwrap());
        headers
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn a_session_lasts_until_its_time_or_its_end() {
        let sessions = Sessions::new();
        let cookie = sessions.cookie("AKIA1", at(1_000), false).unwrap();
        assert!(cookie.ends_with("; Path=/ui; Max-Age=28800; HttpOnly; SameSite=Strict"));
        let pair = format!("other=1; {}", cookie.split(';').next().unwrap());
        let session = sessions.of(&headers(&pair), at(1_000)).unwrap();
        assert_eq!(session.access_key_id, "AKIA1");
        assert!(
            sessions
                .of(&headers(&pair), at(1_000 + SECONDS - 1))
                .is_some()
        );
        assert_eq!(sessions.of(&headers(&pair), at(1_000 + SECONDS)), None);
        sessions.end(session, at(2_000), false);
        assert_eq!(sessions.of(&headers(&pair), at(2_000)), None);
    }

    #[test]
    fn changed_cookies_and_those_of_others_are_no_sessions() {
        let sessions = Sessions::new();
        let cookie = sessions.cookie("AKIA1", at(1_000), true).unwrap();
        assert!(cookie.ends_with("; Secure"));
        let pair = cookie.split(';').next().unwrap();
        for changed in [
            pair.replace("AKIA1", "AKIA2"),
            pair.replace("29800", "99800"),
            format!("{pair}.x"),
            pair[..pair.len() - 2].to_owned(),
            format!("{NAME}=AKIA1"),
            format!("{NAME}=..zz"),
        ] {
            assert_ne!(changed, pair);
            assert_eq!(
                sessions.of(&headers(&changed), at(1_000)),
                None,
                "{changed}"
            );
        }
        assert_eq!(Sessions::new().of(&headers(pair), at(1_000)), None);
    }
}
