//! Times as query engines write them.

use std::borrow::Cow;

use chrono::{DateTime, SecondsFormat};

/// Converts a time to a form that `advisor_core::time` parses. Understood are `2026-10-01 12:00:00.000`, the same followed by
/// ` UTC`, ` +00:00` or `+00`, and the time since 1970 in seconds, milliseconds, microseconds or nanoseconds, which the number
/// of digits tells apart. Anything else is returned unchanged, and rejected with the record.
pub(crate) fn to_rfc3339(text: Cow<'_, str>) -> Cow<'_, str> {
    if let Ok(number) = text.parse::<i64>() {
        let millis = match text.len() {
            10 => number.checked_mul(1_000),
            13 => Some(number),
            16 => Some(number.div_euclid(1_000)),
            19 => Some(number.div_euclid(1_000_000)),
            _ => None,
        };
        return millis.and_then(from_millis).map_or(text, Cow::Owned);
    }
    if let Some(utc) = text.strip_suffix(" UTC") {
        return Cow::Owned(format!("{utc}Z"));
    }
    let spelled = match text.rsplit_once(['+', '-']) {
        Some((before, offset)) if before.contains(':') => {
            let sign = if text.as_bytes().get(before.len()) == Some(&b'-') {
                '-'
            } else {
                '+'
            };
            let minutes = if offset.len() == 2 { ":00" } else { "" };
            Some(format!("{}{sign}{offset}{minutes}", before.trim_end()))
        }
        _ => None,
    };
    spelled.map_or(text, Cow::Owned)
}

/// Formats UTC milliseconds as RFC 3339.
pub(crate) fn from_millis(millis: i64) -> Option<String> {
    let time = DateTime::from_timestamp_millis(millis)?;
    Some(time.to_rfc3339_opts(SecondsFormat::Millis, true))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn times_as_engines_write_them() {
        let expected = advisor_core::time::parse("2026-10-01T12:00:00Z").unwrap();
        for text in [
            "2026-10-01T12:00:00Z",
            "2026-10-01 12:00:00",
            "2026-10-01 12:00:00.000",
            "2026-10-01 12:00:00.000000",
            "2026-10-01 12:00:00.000 UTC",
            "2026-10-01 12:00:00 UTC",
            "2026-10-01 14:00:00.000 +02:00",
            "2026-10-01 07:00:00 -05:00",
            "2026-10-01 12:00:00+00",
            "2026-10-01 07:00:00.000-05",
            "2026-10-01T12:00:00+00:00",
            "1790856000",
            "1790856000000",
            "1790856000000000",
            "1790856000000000000",
        ] {
            let parsed = advisor_core::time::parse(&to_rfc3339(text.into()));
            assert_eq!(parsed, Some(expected), "{text}");
        }
        for text in [
            "",
            "2026-10-01",
            "12:00:00",
            "179085600",
            "99999999999999999999",
            "2026-10-01 12:00:00 Europe/Berlin",
            " UTC",
        ] {
            let parsed = advisor_core::time::parse(&to_rfc3339(text.into()));
            assert_eq!(parsed, None, "{text}");
        }
    }
}
