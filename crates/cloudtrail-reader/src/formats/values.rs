//! The values of columns of a Parquet file.

use std::borrow::Cow;
use std::fmt::Write;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Int64Type, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType,
};
use arrow_array::{
    Array, ArrayRef, BinaryViewArray, BooleanArray, FixedSizeBinaryArray, Int64Array,
    StringViewArray,
};
use arrow_schema::{DataType, TimeUnit};

use crate::formats::cells::Column;
use crate::formats::engine_time;
use crate::formats::error::FormatError;
use crate::outcome::malformed::Malformed;

/// The values of a column, by row.
pub(crate) enum Values<'b> {
    Text(&'b StringViewArray),
    Bytes(&'b BinaryViewArray),
    /// Times, and how many of their units are a second.
    Time(Int64Array, i64),
    /// Times whose number of digits tells the unit.
    Epoch(&'b Int64Array),
    /// Account ids without leading zeros: some program took them for numbers.
    Account(&'b Int64Array),
    Flag(&'b BooleanArray),
    /// Event ids that some program stored as UUIDs.
    Uuid(&'b FixedSizeBinaryArray),
    /// Only nulls, of any type.
    Null,
}

impl<'b> Values<'b> {
    pub(crate) fn of(
        column: &str,
        field: Column,
        array: &'b ArrayRef,
    ) -> Result<Self, FormatError> {
        Ok(match (array.data_type(), field) {
            (DataType::Utf8View, _) => Self::Text(array.as_string_view()),
            (DataType::BinaryView, _) => Self::Bytes(array.as_binary_view()),
            (DataType::Timestamp(unit, _), Column::EventTime) => Self::times(array, *unit),
            (DataType::Int64, Column::EventTime) => Self::Epoch(array.as_primitive::<Int64Type>()),
            (
                DataType::Int64,
                Column::AccountId | Column::IssuerAccountId | Column::RecipientAccountId,
            ) => Self::Account(array.as_primitive::<Int64Type>()),
            (DataType::Boolean, Column::ReadOnly | Column::ManagementEvent) => {
                Self::Flag(array.as_boolean())
            }
            // They say what the trail covers, or tell more of some calls. The records can be read without them.
            (
                _,
                Column::RecipientAccountId
                | Column::ReadOnly
                | Column::ManagementEvent
                | Column::ErrorMessage
                | Column::RequestParameters
                | Column::AdditionalEventData
                | Column::ResponseElements,
            ) => Self::Null,
            (DataType::FixedSizeBinary(16), Column::EventId) => {
                Self::Uuid(array.as_fixed_size_binary())
            }
            _ if array.logical_null_count() == array.len() => Self::Null,
            (other, _) => {
                return Err(FormatError::ColumnType {
                    column: column.to_owned(),
                    found: other.to_string(),
                });
            }
        })
    }

    fn times(array: &ArrayRef, unit: TimeUnit) -> Self {
        let (times, per_second) = match unit {
            TimeUnit::Second => (
                array
                    .as_primitive::<TimestampSecondType>()
                    .reinterpret_cast(),
                1,
            ),
            TimeUnit::Millisecond => (
                array
                    .as_primitive::<TimestampMillisecondType>()
                    .reinterpret_cast(),
                1_000,
            ),
            TimeUnit::Microsecond => (
                array
                    .as_primitive::<TimestampMicrosecondType>()
                    .reinterpret_cast(),
                1_000_000,
            ),
            TimeUnit::Nanosecond => (
                array
                    .as_primitive::<TimestampNanosecondType>()
                    .reinterpret_cast(),
                1_000_000_000,
            ),
        };
        Self::Time(times, per_second)
    }

    /// Returns the value of a row.
    pub(crate) fn at(&self, row: usize) -> Result<Option<Cow<'b, str>>, Malformed> {
        Ok(match self {
            Self::Text(texts) => texts.is_valid(row).then(|| Cow::Borrowed(texts.value(row))),
            Self::Bytes(texts) if texts.is_valid(row) => {
                let text = str::from_utf8(texts.value(row)).map_err(|_| Malformed::Encoding)?;
                Some(Cow::Borrowed(text))
            }
            Self::Time(times, per_second) if times.is_valid(row) => {
                let time = i128::from(times.value(row)) * 1_000;
                let millis = i64::try_from(time.div_euclid(i128::from(*per_second)));
                let time = millis.ok().and_then(engine_time::from_millis);
                Some(Cow::Owned(time.ok_or_else(|| {
                    Malformed::Time(times.value(row).to_string().into())
                })?))
            }
            Self::Epoch(times) if times.is_valid(row) => {
                Some(Cow::Owned(times.value(row).to_string()))
            }
            Self::Account(ids) if ids.is_valid(row) => {
                Some(Cow::Owned(format!("{:012}", ids.value(row))))
            }
            Self::Flag(flags) if flags.is_valid(row) => {
                let text = if flags.value(row) { "true" } else { "false" };
                Some(Cow::Borrowed(text))
            }
            Self::Uuid(ids) if ids.is_valid(row) => Some(Cow::Owned(uuid(ids.value(row)))),
            _ => None,
        })
    }
}

fn uuid(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(36);
    for (at, byte) in bytes.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        // Writing to a String cannot fail.
        _ = write!(text, "{byte:02x}");
    }
    text
}
