//! Parses `s3://bucket/prefix`.

use std::fmt;
use std::str::FromStr;

/// A bucket and a prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct S3Location {
    /// The bucket's name, or an access point's alias.
    pub bucket: String,
    /// The key of an object, or a folder with or without `/` at its end; empty for the whole bucket. Only whole folders match:
    /// `AWSLogs` does not match `AWSLogs-old/`.
    pub prefix: String,
}

/// Why a text is not a location in S3.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}: {reason}")]
#[non_exhaustive]
pub struct S3LocationError {
    /// The text.
    pub text: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl S3Location {
    /// Whether a path starts with `s3://`, valid or not.
    pub fn is_meant_by(path: &str) -> bool {
        path.get(..5)
            .is_some_and(|scheme| scheme.eq_ignore_ascii_case("s3://"))
    }
}

impl FromStr for S3Location {
    type Err = S3LocationError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = |reason| S3LocationError {
            text: text.to_owned(),
            reason,
        };
        if !Self::is_meant_by(text) {
            return Err(wrong("a location in S3 starts with s3://"));
        }
        let rest = text.get(5..).unwrap_or_default();
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() {
            return Err(wrong("there is no bucket between s3:// and the next /"));
        }
        if bucket.starts_with("arn:") {
            return Err(wrong(
                "an ARN is no bucket; an access point is named by its alias",
            ));
        }
        // https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html; buckets from
        // before 2018 may have capitals, underscores and up to 255 characters.
        let is_allowed = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'-' | b'_');
        let ends = [bucket.bytes().next(), bucket.bytes().last()];
        if !(3..=255).contains(&bucket.len())
            || !bucket.bytes().all(is_allowed)
            || ends.iter().flatten().any(|c| matches!(c, b'.' | b'-'))
            || bucket.contains("..")
        {
            return Err(wrong("this cannot be a bucket's name"));
        }
        Ok(S3Location {
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
        })
    }
}

impl fmt::Display for S3Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.prefix)
    }
}
