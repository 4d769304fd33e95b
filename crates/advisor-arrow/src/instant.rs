//! How tables store times: UTC milliseconds.

use arrow_schema::{DataType, TimeUnit};

/// The time zone's name.
pub(crate) const UTC: &str = "UTC";

/// The type of a column of times.
pub(crate) fn data_type() -> DataType {
    DataType::Timestamp(TimeUnit::Millisecond, Some(UTC.into()))
}
