//! Amazon Resource Names of any service.

use std::fmt;
use std::str::FromStr;

/// An ARN, `arn:partition:service:region:account:resource`. Region and account may be empty; the
/// resource is everything after the fifth colon.
///
/// ```
/// use iam_policy_parser::Arn;
/// let arn: Arn = "arn:aws:lambda:eu-west-1:111122223333:function:thumbnails".parse()?;
/// assert_eq!((arn.service(), arn.resource()), ("lambda", "function:thumbnails"));
/// # Ok::<(), iam_policy_parser::ArnError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Arn {
    text: Box<str>,
    /// The positions of the colons after partition, service, Region and account.
    colons: [usize; 4],
}

impl Arn {
    fn between(&self, from: usize, to: usize) -> &str {
        self.text.get(from..to).unwrap_or_default()
    }

    /// `aws`, `aws-cn`, `aws-us-gov`.
    #[must_use]
    pub fn partition(&self) -> &str {
        self.between(4, self.colons[0])
    }

    /// The service part. It can differ from the service's namespace in policies.
    #[must_use]
    pub fn service(&self) -> &str {
        self.between(self.colons[0] + 1, self.colons[1])
    }

    /// The Region; may be empty.
    #[must_use]
    pub fn region(&self) -> &str {
        self.between(self.colons[1] + 1, self.colons[2])
    }

    /// The account id, or `aws`; may be empty.
    #[must_use]
    pub fn account(&self) -> &str {
        self.between(self.colons[2] + 1, self.colons[3])
    }

    /// Everything after the fifth colon.
    #[must_use]
    pub fn resource(&self) -> &str {
        self.between(self.colons[3] + 1, self.text.len())
    }

    /// The ARN as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl FromStr for Arn {
    type Err = ArnError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if !text.starts_with("arn:") {
            return Err(ArnError::NoPrefix);
        }
        let mut colons = text.match_indices(':').map(|(index, _)| index).skip(1);
        let mut next = || colons.next().ok_or(ArnError::TooFewParts);
        let arn = Self {
            text: text.into(),
            colons: [next()?, next()?, next()?, next()?],
        };
        if arn.partition().is_empty() || arn.service().is_empty() || arn.resource().is_empty() {
            return Err(ArnError::EmptyPart);
        }
        Ok(arn)
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Why a string is not an ARN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ArnError {
    /// The string does not start with `arn:`.
    #[error("an ARN starts with arn:")]
    NoPrefix,
    /// Fewer than five colons.
    #[error("an ARN has six parts: arn:partition:service:region:account:resource")]
    TooFewParts,
    /// No partition, service or resource.
    #[error("the partition, service and resource of an ARN must not be empty")]
    EmptyPart,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts() {
        let arn: Arn = "arn:aws:s3:::bucket/a:b".parse().unwrap();
        assert_eq!(
            (
                arn.partition(),
                arn.service(),
                arn.region(),
                arn.account(),
                arn.resource()
            ),
            ("aws", "s3", "", "", "bucket/a:b")
        );
        assert_eq!(arn.to_string(), "arn:aws:s3:::bucket/a:b");
    }

    #[test]
    fn refusals() {
        for (text, error) in [
            ("", ArnError::NoPrefix),
            ("ARN:aws:s3:::b", ArnError::NoPrefix),
            ("arn:aws:s3::", ArnError::TooFewParts),
            ("arn::s3:::b", ArnError::EmptyPart),
            ("arn:aws::::b", ArnError::EmptyPart),
            ("arn:aws:s3:::", ArnError::EmptyPart),
        ] {
            assert_eq!(text.parse::<Arn>(), Err(error), "{text}");
        }
    }
}
