//! Parquet files of records, with `userIdentity` as nested structs, as one text, or as columns of its own.

use ::parquet::arrow::ProjectionMask;
use ::parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder,
};
use ::parquet::errors::ParquetError;
use advisor_arrow::{TextLimit, catch_panics, check_counts, is_within, with_text_views};
use arrow_array::cast::AsArray;
use arrow_array::{ArrayRef, RecordBatch};
use bytes::Bytes;

use crate::formats::cells::{Cells, Column};
use crate::formats::columns::RecordColumns;
use crate::formats::entry::Entry;
use crate::formats::error::{FormatError, NotCloudTrail, ParquetFault, TableKind};
use crate::formats::ocsf;
use crate::formats::values::Values;

/// How many rows are decoded at a time.
const BATCH: usize = 4_096;

/// Reads the rows. Fails before the first row if columns are missing, and between rows if the file turns out to be damaged: the
/// caller must drop what was taken. Returns whether the rows are in OCSF. Only the columns that count are decoded, of
/// which a row group can have at most `limit` bytes; how far they expand is [limited](advisor_arrow::Expansion).
pub(crate) fn read(
    bytes: Bytes,
    limit: usize,
    take: &mut dyn FnMut(Entry<'_>),
) -> Result<bool, FormatError> {
    let (names, metadata) = guarded(|| {
        let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        let metadata = ArrowReaderMetadata::load(&bytes, options).map_err(damaged)?;
        let columns = metadata.parquet_schema().columns().iter();
        let names: Vec<_> = columns
            .map(|column| column.path().parts().join("."))
            .collect();
        Ok((names, metadata))
    })?;
    if ocsf::is_api_activity(&names) {
        ocsf::check_columns(&names)?;
        let wanted = |leaf: usize, _| names.get(leaf).is_some_and(|name| ocsf::counts(name));
        read_batches(bytes, limit, &metadata, &wanted, |batch| {
            ocsf::take_batch(batch, take)
        })?;
        return Ok(true);
    }
    if ["class_uid", "category_uid", "activity_id"]
        .iter()
        .all(|ocsf| names.iter().any(|name| name == ocsf))
    {
        return Err(NotCloudTrail::Ocsf.into());
    }
    let (mut columns, mut fields) =
        RecordColumns::of(TableKind::Parquet, names.iter().map(String::as_str))?;
    let has =
        |fields: &[Option<Column>], leaf: usize| fields.get(leaf).is_some_and(Option::is_some);
    if !is_within(metadata.metadata(), limit, |leaf, _| has(&fields, leaf)) {
        columns = columns.without_details();
        for field in &mut fields {
            *field = field.filter(|field| !Column::DETAILS.contains(field));
        }
    }
    let wanted = |leaf: usize, is_repeated: bool| {
        !is_repeated && fields.get(leaf).is_some_and(Option::is_some)
    };
    read_batches(bytes, limit, &metadata, &wanted, |batch| {
        take_batch(batch, &columns, take)
    })?;
    Ok(false)
}

/// Decodes the wanted columns: `wanted` gets the index of a leaf column, and whether its values are of a list or map.
fn read_batches(
    bytes: Bytes,
    limit: usize,
    metadata: &ArrowReaderMetadata,
    wanted: &dyn Fn(usize, bool) -> bool,
    mut take: impl FnMut(&RecordBatch) -> Result<(), FormatError>,
) -> Result<(), FormatError> {
    let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let mut text = TextLimit::of(size);
    let mut batches = guarded(|| open(bytes, size, limit, metadata, wanted))?;
    while let Some(batch) = guarded(|| {
        let next = batches.next().transpose();
        next.map_err(|error| FormatError::Parquet(ParquetFault::Arrow(error)))
    })? {
        text.count(&batch)?;
        take(&batch)?;
    }
    Ok(())
}

/// Returns a decoder of the columns that count.
fn open(
    bytes: Bytes,
    size: u64,
    limit: usize,
    metadata: &ArrowReaderMetadata,
    wanted: &dyn Fn(usize, bool) -> bool,
) -> Result<ParquetRecordBatchReader, FormatError> {
    let schema = metadata.parquet_schema();
    let wanted: Vec<_> = schema
        .columns()
        .iter()
        .enumerate()
        .filter(|(leaf, column)| wanted(*leaf, column.max_rep_level() > 0))
        .map(|(leaf, _)| leaf)
        .collect();
    if !is_within(metadata.metadata(), limit, |leaf, _| wanted.contains(&leaf)) {
        return Err(FormatError::TooLarge(limit));
    }
    check_counts(metadata.metadata(), size, |leaf, _| wanted.contains(&leaf))?;
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
