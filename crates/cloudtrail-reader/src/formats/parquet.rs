//! Parquet files of records, with `userIdentity` as nested structs, as one text, or as columns of its own.

use std::borrow::Cow;
use std::fmt::Write;

use ::parquet::arrow::ProjectionMask;
use ::parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder,
};
use ::parquet::errors::ParquetError;
use advisor_arrow::{catch_panics, is_within, with_text_views};
use arrow_array::cast::AsArray;
use arrow_array::types::{
    Int64Type, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType,
};
use arrow_array::{
    Array, ArrayRef, BinaryViewArray, BooleanArray, FixedSizeBinaryArray, Int64Array, RecordBatch,
    StringViewArray,
};
use arrow_schema::{DataType, TimeUnit};
use bytes::Bytes;

use crate::formats::cells::{Cells, Column};
use crate::formats::columns::RecordColumns;
use crate::formats::engine_time;
use crate::formats::entry::Entry;
use crate::formats::error::{FormatError, NotCloudTrail, ParquetFault, TableKind};
use crate::outcome::malformed::Malformed;

/// How many rows are decoded at a time.
const BATCH: usize = 4_096;

/// Reads the rows. Fails before the first row if columns are missing, and between rows if the file turns out to be damaged: the
/// caller must drop what was taken. Only the columns that count are decoded, of which a row group can have at most `limit` bytes.
pub(crate) fn read(
    bytes: Bytes,
    limit: usize,
    take: &mut dyn FnMut(Entry<'_>),
) -> Result<(), FormatError> {
    let (names, metadata) = guarded(|| {
        let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        let metadata = ArrowReaderMetadata::load(&bytes, options).map_err(damaged)?;
        let columns = metadata.parquet_schema().columns().iter();
        let names: Vec<_> = columns
            .map(|column| column.path().parts().join("."))
            .collect();
        Ok((names, metadata))
    })?;
    if ["class_uid", "category_uid", "activity_id"]
        .iter()
        .all(|ocsf| names.iter().any(|name| name == ocsf))
    {
        return Err(NotCloudTrail::Ocsf.into());
    }
    let (columns, fields) =
        RecordColumns::of(TableKind::Parquet, names.iter().map(String::as_str))?;
    let mut batches = guarded(|| open(bytes, limit, &metadata, &fields))?;
    while let Some(batch) = guarded(|| {
        let next = batches.next().transpose();
        next.map_err(|error| FormatError::Parquet(ParquetFault::Arrow(error)))
    })? {
        take_batch(&batch, &columns, take)?;
    }
    Ok(())
}

/// Returns a decoder of the columns that count.
fn open(
    bytes: Bytes,
    limit: usize,
    metadata: &ArrowReaderMetadata,
    fields: &[Option<Column>],
) -> Result<ParquetRecordBatchReader, FormatError> {
    let schema = metadata.parquet_schema();
    let wanted: Vec<_> = schema
        .columns()
        .iter()
        .zip(fields)
        .enumerate()
        .filter(|(_, (column, field))| field.is_some() && column.max_rep_level() == 0)
        .map(|(leaf, _)| leaf)
        .collect();
    if !is_within(metadata.metadata(), limit, |leaf, _| wanted.contains(&leaf)) {
        return Err(FormatError::TooLarge(limit));
    }
    let mask = ProjectionMask::leaves(schema, wanted);
    let metadata = with_text_views(metadata).map_err(damaged)?;
    ParquetRecordBatchReaderBuilder::new_with_metadata(bytes, metadata)
        .with_projection(mask)
        .with_batch_size(BATCH)
        .build()
        .map_err(damaged)
}

/// Runs a part of the decoder and catches its panics. parquet 59 panics on some damaged files: it asserts lengths and bit widths
/// that it read, some of them inside pages, where they cannot be checked before. The decoder is dropped then.
fn guarded<T>(decode: impl FnOnce() -> Result<T, FormatError>) -> Result<T, FormatError> {
    catch_panics(decode).unwrap_or_else(|_| Err(FormatError::Parquet(ParquetFault::Contradiction)))
}

fn damaged(error: ParquetError) -> FormatError {
    FormatError::Parquet(ParquetFault::Decoder(error))
}

fn take_batch(
    batch: &RecordBatch,
    columns: &RecordColumns,
    take: &mut dyn FnMut(Entry<'_>),
) -> Result<(), FormatError> {
    let mut leaves = Vec::new();
    for (field, array) in batch.schema_ref().fields().iter().zip(batch.columns()) {
        collect(field.name(), array, &mut leaves)?;
    }
    'rows: for row in 0..batch.num_rows() {
        let mut cells = Cells::default();
        for (field, values) in &leaves {
            match values.at(row) {
                Ok(Some(value)) => _ = cells.set(*field, value),
                Ok(None) => {}
                Err(malformed) => {
                    take(Entry::Malformed(malformed));
                    continue 'rows;
                }
            }
        }
        take(columns.entry(cells));
    }
    Ok(())
}

/// Collects the leaf columns below a column.
fn collect<'b>(
    path: &str,
    array: &'b ArrayRef,
    leaves: &mut Vec<(Column, Values<'b>)>,
) -> Result<(), FormatError> {
    if let Some(members) = array.as_struct_opt() {
        for (field, member) in members.fields().iter().zip(members.columns()) {
            collect(&format!("{path}.{}", field.name()), member, leaves)?;
        }
    } else if let Some(field) = Column::named(path) {
        leaves.push((field, Values::of(path, field, array)?));
    }
    Ok(())
}

/// The values of a column, by row.
enum Values<'b> {
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
    fn of(column: &str, field: Column, array: &'b ArrayRef) -> Result<Self, FormatError> {
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
            // They tell what the trail covers. Without them it can be read all the same.
            (_, Column::RecipientAccountId | Column::ReadOnly | Column::ManagementEvent) => {
                Self::Null
            }
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
    fn at(&self, row: usize) -> Result<Option<Cow<'b, str>>, Malformed> {
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
