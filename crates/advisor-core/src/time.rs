//! Parses and formats times as AWS's tools write them.

use chrono::{DateTime, NaiveDateTime, Utc};

/// Parses a time as AWS's tools write it: RFC 3339 (`2026-09-11T15:26:19.516Z`), the format of the
/// AWS CLI (`2026-09-11T15:26:19+00:00`), or that of Python's `str(datetime)`
/// (`2026-09-11 15:26:19+00:00`). A time without an offset is UTC. `None` for anything else.
///
/// ```
/// use advisor_core::time::parse;
/// assert_eq!(parse("2026-09-11 15:26:19+00:00"), parse("2026-09-11T15:26:19Z"));
/// assert_eq!(parse("2026-02-30T00:00:00Z"), None);
/// ```
#[must_use]
pub fn parse(text: &str) -> Option<DateTime<Utc>> {
    // chrono's parser accepts a space instead of the T, as RFC 3339 allows.
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.to_utc());
    }
    ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
        .map(|time| time.and_utc())
}

/// Formats a time as version 2 of the AWS CLI does: `2026-09-11T15:26:19+00:00`, with microseconds
/// only when they are not zero.
#[must_use]
pub fn format(time: DateTime<Utc>) -> String {
    let fraction = if time.timestamp_subsec_micros() == 0 {
        ""
    } else {
        "%.6f"
    };
    time.format(&format!("%Y-%m-%dT%H:%M:%S{fraction}+00:00"))
        .to_string()
}

/// The time of a number of milliseconds since 1970, limited to the range of chrono.
#[must_use]
pub fn from_millis(millis: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(millis).unwrap_or(if millis < 0 {
        DateTime::<Utc>::MIN_UTC
    } else {
        DateTime::<Utc>::MAX_UTC
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_of_one_instant() {
        let expected = parse("2026-09-11T15:26:19Z").unwrap();
        for text in [
            "2026-09-11T15:26:19+00:00",
            "2026-09-11 15:26:19+00:00",
            "2026-09-11T17:26:19+02:00",
            "2026-09-11T15:26:19",
            "2026-09-11 15:26:19",
        ] {
            assert_eq!(parse(text), Some(expected), "{text}");
        }
        assert_eq!(format(expected), "2026-09-11T15:26:19+00:00");
        assert_eq!(
            format(parse("2026-09-11T15:26:19.516Z").unwrap()),
            "2026-09-11T15:26:19.516000+00:00"
        );
    }

    #[test]
    fn other_text_is_not_a_time() {
        for text in [
            "",
            "yesterday",
            "2026-13-01T00:00:00Z",
            "2026-09-11",
            "99999-01-01T00:00:00Z",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
