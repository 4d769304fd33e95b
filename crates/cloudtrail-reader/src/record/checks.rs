//! The bounds within which a record's values must be.

use std::ops::RangeInclusive;

use advisor_core::{text, time};

use crate::outcome::malformed::{Malformed, RecordField};

/// The longest name of a service, event, user or account, and the longest event id, in bytes. CloudTrail writes no longer
/// ones, and keeping them would fill the table.
pub const LONGEST_NAME: usize = 256;
/// The longest name of a Region, in bytes.
pub const LONGEST_REGION: usize = 64;
/// The longest ARN, in bytes. IAM's longest ARNs have some 600 characters; this is what its API takes.
pub const LONGEST_ARN: usize = 2_048;
/// Every ARN starts with this.
pub const ARN_PREFIX: &str = "arn:";
/// How many characters a unique id can have. IAM's have 21; its API takes 16 to 128.
pub const UNIQUE_ID_LENGTHS: RangeInclusive<usize> = 16..=128;
/// The first time that a record can have, in UTC milliseconds: CloudTrail was launched in November 2013.
pub const FIRST_MILLIS: i64 = 1_383_264_000_000;
/// The last time that a record can have, in UTC milliseconds: the end of 2099. Later times come from broken clocks.
pub const LAST_MILLIS: i64 = 4_102_444_799_999;

/// The most records that an object with this many inflated bytes can hold. Compressed, a billion zeros are small; as records
/// they would take many times the memory and time of real ones.
pub(crate) fn most_records(bytes: usize) -> usize {
    const SHORTEST_RECORD: usize = 16;
    /// Allowed in any number of bytes.
    const ALWAYS: usize = 4_096;
    (bytes / SHORTEST_RECORD).max(ALWAYS)
}

/// Returns a name that is there, not too long, and has no characters that do not print.
pub(crate) fn name(text: Option<&str>, field: RecordField) -> Result<&str, Malformed> {
    match text {
        None | Some("") => Err(Malformed::Missing(field)),
        Some(text) if text.len() > LONGEST_NAME => Err(Malformed::TooLong(field)),
        Some(name) if !name.chars().all(text::is_printable) => {
            Err(Malformed::ControlCharacter(field))
        }
        Some(text) => Ok(text),
    }
}

/// Returns the name of a Region: lower-case letters, digits and hyphens.
pub(crate) fn region(text: Option<&str>) -> Result<&str, Malformed> {
    let is_allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    match text {
        None | Some("") => Err(Malformed::Missing(RecordField::AwsRegion)),
        Some(text) if text.len() <= LONGEST_REGION && text.bytes().all(is_allowed) => Ok(text),
        Some(_) => Err(Malformed::Region),
    }
}

/// Returns a record's id; empty if it has none.
pub(crate) fn event_id(text: Option<&str>) -> Result<&str, Malformed> {
    let text = text.unwrap_or_default();
    if text.len() > LONGEST_NAME {
        return Err(Malformed::TooLong(RecordField::EventId));
    }
    Ok(text)
}

/// Returns a record's time in UTC milliseconds.
pub(crate) fn time(text: Option<&str>) -> Result<i64, Malformed> {
    const LONGEST_SHOWN: usize = 40;
    let text = text.ok_or(Malformed::Missing(RecordField::EventTime))?;
    time::parse(text)
        .map(|time| time.timestamp_millis())
        .filter(|millis| is_possible_time(*millis))
        .ok_or_else(|| {
            let shown: String = text.chars().take(LONGEST_SHOWN).collect();
            Malformed::Time(shown.into())
        })
}

/// Whether CloudTrail can have recorded an event at this time, in UTC milliseconds.
pub(crate) fn is_possible_time(millis: i64) -> bool {
    (FIRST_MILLIS..=LAST_MILLIS).contains(&millis)
}

/// Whether a text is an ARN that is not too long.
pub(crate) fn is_arn(text: &str) -> bool {
    text.starts_with(ARN_PREFIX) && text.len() <= LONGEST_ARN
}

/// Whether a text can be an account id. AWS's [are numbers](is_account_number); others are kept, so that nothing is dropped.
pub(crate) fn is_account(text: &str) -> bool {
    !text.is_empty() && text.len() <= LONGEST_NAME
}

/// Whether a text is an account id of AWS: 12 digits.
pub(crate) fn is_account_number(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}
