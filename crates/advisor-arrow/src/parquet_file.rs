//! Writes Parquet files that every engine reads (zstd, dictionaries, statistics), and reads those of other
//! engines.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{ArrowError, DataType, Field, Fields, Schema, SchemaRef};
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder,
};
use parquet::arrow::{ArrowWriter, ProjectionMask};
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, KeyValue, ParquetMetaData, RowGroupMetaData};
use parquet::file::properties::WriterProperties;
use parquet::file::reader::ChunkReader;

use crate::expansion::{TextLimit, check_counts};
use crate::panics::catch_panics;
use crate::read_error::Fault;

/// Writes batches of one schema as a file. The schema's metadata becomes the file's metadata.
pub(crate) fn write(
    mut writer: impl Write,
    schema: &SchemaRef,
    batches: impl IntoIterator<Item = Result<RecordBatch, ArrowError>>,
) -> io::Result<()> {
    // In order, so that equal tables give equal files.
    let metadata: BTreeMap<_, _> = schema.metadata().iter().collect();
    let metadata = metadata.into_iter();
    let metadata = metadata.map(|(key, value)| KeyValue::new(key.clone(), value.clone()));
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_key_value_metadata(Some(metadata.collect()))
        .build();
    // Parquet is written to memory and copied to the writer after each batch, so that errors of the writer
    // (such as a closed pipe) are returned unchanged.
    let mut parquet = ArrowWriter::try_new(Vec::new(), schema.clone(), Some(properties))
        .map_err(io::Error::other)?;
    for batch in batches {
        let batch = batch.map_err(io::Error::other)?;
        parquet.write(&batch).map_err(io::Error::other)?;
        let buffer = parquet.inner_mut();
        writer.write_all(buffer)?;
        buffer.clear();
    }
    let rest = parquet.into_inner().map_err(io::Error::other)?;
    writer.write_all(&rest)?;
    writer.flush()
}

/// The number of rows that are decoded at a time.
const BATCH_ROWS: usize = 8192;

/// Whether the wanted columns of every row group have at most `limit` bytes uncompressed, and whether the
/// number of rows is plausible for that size. Sizes are taken from the file's footer. `is_wanted` gets the index
/// and the metadata of a column chunk.
#[must_use]
pub fn is_within(
    metadata: &ParquetMetaData,
    limit: usize,
    is_wanted: impl Fn(usize, &ColumnChunkMetaData) -> bool,
) -> bool {
    // A few bytes can encode any number of empty rows.
    const MIN_ROW_BYTES: usize = 16;
    let is_size = |size: i64, limit| usize::try_from(size).is_ok_and(|size| size <= limit);
    let is_group_within = |group: &RowGroupMetaData| {
        let columns = group.columns().iter().enumerate();
        let wanted = columns.filter(|(leaf, column)| is_wanted(*leaf, column));
        let sizes = wanted.map(|(_, column)| column.uncompressed_size().max(0));
        is_size(sizes.fold(0, i64::saturating_add), limit)
    };
    let rows = metadata.file_metadata().num_rows();
    is_size(rows, limit / MIN_ROW_BYTES) && metadata.row_groups().iter().all(is_group_within)
}

/// A Parquet file that is open for reading. Columns have the types of the Parquet schema; an Arrow schema in
/// the metadata is ignored. Text is read as string views.
#[derive(Debug)]
pub struct ParquetTable<R: ChunkReader + 'static> {
    /// The size of the file.
    size: u64,
    builder: ParquetRecordBatchReaderBuilder<R>,
}

impl<R: ChunkReader + 'static> ParquetTable<R> {
    /// Reads the file's footer.
    ///
    /// # Errors
    /// A file that is not Parquet, damaged or truncated.
    pub fn open(reader: R) -> Result<Self, Fault> {
        let size = reader.len();
        let open = || -> Result<_, ParquetError> {
            let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
            let metadata = with_text_views(&ArrowReaderMetadata::load(&reader, options)?)?;
            Ok(ParquetRecordBatchReaderBuilder::new_with_metadata(
                reader, metadata,
            ))
        };
        let builder = guarded(open)??;
        Ok(Self { size, builder })
    }

    /// Checks that the wanted columns are [within](is_within) a limit.
    ///
    /// # Errors
    /// [`Fault::TooLarge`].
    pub fn check_size(&self, limit: usize, wanted: impl Fn(&str) -> bool) -> Result<(), Fault> {
        let is_wanted = |_, column: &ColumnChunkMetaData| is_below(column, &wanted);
        if is_within(self.builder.metadata(), limit, is_wanted) {
            Ok(())
        } else {
            Err(Fault::TooLarge { limit })
        }
    }

    /// The columns.
    #[must_use]
    pub fn schema(&self) -> &SchemaRef {
        self.builder.schema()
    }

    /// A value of the file's key-value metadata.
    #[must_use]
    pub fn metadata(&self, key: &str) -> Option<&str> {
        let metadata = self.builder.metadata().file_metadata().key_value_metadata();
        let entry = metadata.into_iter().flatten().find(|it| it.key == key)?;
        entry.value.as_deref()
    }

    /// Reads the columns whose names are wanted, 8192 rows at a time.
    ///
    /// # Errors
    /// A damaged file; one that [expands](crate::Expansion) too much.
    pub fn batches(self, wanted: impl Fn(&str) -> bool) -> Result<ParquetBatches, Fault> {
        check_counts(self.builder.metadata(), self.size, |_, column| {
            is_below(column, &wanted)
        })?;
        let fields = self.builder.schema().fields().iter().enumerate();
        let wanted = fields.filter(|(_, field)| wanted(field.name()));
        let wanted: Vec<usize> = wanted.map(|(index, _)| index).collect();
        let mask = ProjectionMask::roots(self.builder.parquet_schema(), wanted);
        let builder = self.builder.with_projection(mask);
        let reader = guarded(|| builder.with_batch_size(BATCH_ROWS).build())??;
        Ok(ParquetBatches {
            reader: Some(reader),
            text: TextLimit::of(self.size),
        })
    }
}

/// Whether a column chunk is of a column whose name is wanted.
fn is_below(column: &ColumnChunkMetaData, wanted: &impl Fn(&str) -> bool) -> bool {
    let root = column.column_path().parts().first();
    root.is_some_and(|root| wanted(root))
}

/// Changes the schema so that text is read as string views. Views share the bytes of a page, so that a long
/// text of a dictionary is not copied into every row.
///
/// # Errors
/// A damaged file.
pub fn with_text_views(
    metadata: &ArrowReaderMetadata,
) -> Result<ArrowReaderMetadata, ParquetError> {
    let views = Schema::new(viewed(metadata.schema().fields()));
    let options = ArrowReaderOptions::new().with_schema(Arc::new(views));
    ArrowReaderMetadata::try_new(Arc::clone(metadata.metadata()), options)
}

fn viewed(fields: &Fields) -> Fields {
    let viewed = fields.iter().map(|field| {
        let data_type = match field.data_type() {
            DataType::Utf8 => DataType::Utf8View,
            DataType::Binary => DataType::BinaryView,
            DataType::Struct(fields) => DataType::Struct(viewed(fields)),
            other => other.clone(),
        };
        Arc::new(Field::clone(field).with_data_type(data_type))
    });
    viewed.collect()
}

/// The batches of a [`ParquetTable`]. Ends after an error.
pub struct ParquetBatches {
    reader: Option<ParquetRecordBatchReader>,
    text: TextLimit,
}

impl Iterator for ParquetBatches {
    type Item = Result<RecordBatch, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        let reader = self.reader.as_mut()?;
        let next = guarded(|| reader.next()).and_then(|next| Ok(next.transpose()?));
        let next = next.and_then(|batch| {
            batch.iter().try_for_each(|batch| self.text.count(batch))?;
            Ok(batch)
        });
        if next.is_err() {
            self.reader = None;
        }
        next.transpose()
    }
}

/// Runs work that may panic on a damaged file, and returns the panic as an error.
fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, Fault> {
    catch_panics(work).map_err(|reason| Fault::Parquet(ParquetError::General(reason)))
}
