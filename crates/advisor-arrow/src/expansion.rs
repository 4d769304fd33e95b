//! Limits how far a Parquet file expands beyond its size. Encodings make a few bytes of any number of equal rows, and reading
//! these would take hours.

use arrow_array::cast::AsArray;
use arrow_array::{Array, RecordBatch, StructArray};
use arrow_schema::DataType;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};

/// A file that expands more than is plausible for its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Expansion {
    /// It has too many rows: more than a million, and more than two for each byte.
    #[error("{rows} rows; a file of its size can have {limit}")]
    Rows {
        /// The rows, as the footer says.
        rows: u64,
        /// The limit for a file of this size.
        limit: u64,
    },
    /// A column, of lists, has too many values: more than 16 million, and more than 64 for each byte.
    #[error("{values} values in a column; a file of its size can have {limit}")]
    Values {
        /// The values, as the footer says.
        values: u64,
        /// The limit for a file of this size.
        limit: u64,
    },
    /// Its texts are too long, in all rows together: more than 256 MiB, and more than 256 bytes for each byte.
    #[error("more than {limit} bytes of text in its rows, the limit for a file of its size")]
    Text {
        /// The limit for a file of this size.
        limit: u64,
    },
}

/// Checks the number of rows, and of values of the wanted columns, against the size of the file. The numbers are taken from the
/// file's footer. `is_wanted` gets the index and the metadata of a column chunk.
///
/// # Errors
/// [`Expansion::Rows`], [`Expansion::Values`].
pub fn check_counts(
    metadata: &ParquetMetaData,
    size: u64,
    is_wanted: impl Fn(usize, &ColumnChunkMetaData) -> bool,
) -> Result<(), Expansion> {
    let limit = limit(size, 1_000_000, 2);
    let rows = count(metadata.file_metadata().num_rows());
    let in_groups = metadata.row_groups().iter();
    let in_groups = in_groups.fold(0, |rows: u64, group| {
        rows.saturating_add(count(group.num_rows()))
    });
    let rows = rows.max(in_groups);
    if rows > limit {
        return Err(Expansion::Rows { rows, limit });
    }
    let limit = self::limit(size, 16_000_000, 64);
    for leaf in 0..metadata.file_metadata().schema_descr().num_columns() {
        let groups = metadata.row_groups().iter();
        let chunks = groups.filter_map(|group| group.columns().get(leaf));
        let wanted = chunks.filter(|chunk| is_wanted(leaf, chunk));
        let values = wanted.fold(0, |values: u64, chunk| {
            values.saturating_add(count(chunk.num_values()))
        });
        if values > limit {
            return Err(Expansion::Values { values, limit });
        }
    }
    Ok(())
}

fn limit(size: u64, least: u64, per_byte: u64) -> u64 {
    size.saturating_mul(per_byte).saturating_add(least)
}

/// Negative numbers are of a damaged file, which fails elsewhere.
fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

/// How many bytes of text the rows of a file may still have.
#[derive(Clone, Copy, Debug)]
pub struct TextLimit {
    limit: u64,
    left: u64,
}

impl TextLimit {
    /// The limit for a file of this size.
    #[must_use]
    pub fn of(size: u64) -> Self {
        let limit = limit(size, 256 << 20, 256);
        Self { limit, left: limit }
    }

    /// Counts the texts of a batch, which are read as views.
    ///
    /// # Errors
    /// [`Expansion::Text`].
    pub fn count(&mut self, batch: &RecordBatch) -> Result<(), Expansion> {
        let text = batch.columns().iter().map(|column| text_bytes(column));
        let left = self.left.checked_sub(text.sum());
        self.left = left.ok_or(Expansion::Text { limit: self.limit })?;
        Ok(())
    }
}

/// The bytes of the texts of a column, or of the columns in it.
fn text_bytes(column: &dyn Array) -> u64 {
    // The length is in the lower half of a view.
    let length = |view: &u128| u64::try_from(view & u128::from(u32::MAX)).unwrap_or_default();
    let views = |views: &[u128]| views.iter().map(length).sum();
    match column.data_type() {
        DataType::Utf8View => views(column.as_string_view().views()),
        DataType::BinaryView => views(column.as_binary_view().views()),
        DataType::Struct(_) => {
            let members = column.as_struct_opt().map(StructArray::columns);
            let members = members.into_iter().flatten();
            members.map(|member| text_bytes(member)).sum()
        }
        _ => 0,
    }
}
