//! Times in exports.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::time;

/// A time in an export. Exports of some tools have the seconds, or milliseconds, since 1970 in place of text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExportTime(Option<TimeValue>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum TimeValue {
    Text(String),
    /// The JSON of another value.
    Other(Box<str>),
}

impl ExportTime {
    /// The time; `None` when there is no value, or it is no time.
    #[must_use]
    pub fn time(&self) -> Option<DateTime<Utc>> {
        match self.0.as_ref()? {
            TimeValue::Text(text) => time::parse(text).or_else(|| since_1970(text)),
            TimeValue::Other(json) => since_1970(json),
        }
    }

    /// The JSON of the value; `None` when there is no value.
    #[must_use]
    pub fn json(&self) -> Option<String> {
        match self.0.as_ref()? {
            TimeValue::Text(text) => Some(serde_json::Value::from(text.as_str()).to_string()),
            TimeValue::Other(json) => Some(json.to_string()),
        }
    }

    /// Whether there is neither text nor a time.
    #[must_use]
    pub fn is_none(&self) -> bool {
        !matches!(self.0, Some(TimeValue::Text(_))) && self.time().is_none()
    }
}

/// The time of a number of seconds, or of milliseconds, after the year 2000. `None` for others, such as 20260101.
fn since_1970(number: &str) -> Option<DateTime<Utc>> {
    const YEAR_2000: f64 = 946_684_800.0;
    /// In the year 5138. Milliseconds before 1973 are not meant.
    const MOST: f64 = 1e11;
    let number: f64 = number.parse().ok()?;
    let seconds = if number < MOST {
        number
    } else {
        number / 1000.0
    };
    if !(YEAR_2000..MOST).contains(&seconds) {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "the range was checked")]
    DateTime::from_timestamp_millis((seconds * 1000.0).round() as i64)
}

impl<'de> Deserialize<'de> for ExportTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = <&RawValue>::deserialize(deserializer)?.get();
        Ok(Self(match json.as_bytes().first() {
            Some(b'n') => None,
            Some(b'"') => {
                let text = serde_json::from_str(json).map_err(serde::de::Error::custom)?;
                Some(TimeValue::Text(text))
            }
            _ => Some(TimeValue::Other(json.into())),
        }))
    }
}

impl Serialize for ExportTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            // As it was, also if it is no time.
            Some(TimeValue::Text(text)) if since_1970(text).is_none() => text.serialize(serializer),
            _ => self.time().map(time::format).serialize(serializer),
        }
    }
}
