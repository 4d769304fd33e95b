//! Times in records.

use std::fmt;

use chrono::DateTime;

/// A time as records write it.
pub(super) fn written(seconds: u64) -> impl fmt::Display {
    DateTime::from_timestamp(seconds as i64, 0)
        .unwrap_or_default()
        .format("%FT%TZ")
}
