//! CSV files of records: results of queries that Athena writes and CloudTrail Lake saves, and what people export.

use ::csv::{Position, StringRecord};

use crate::formats::cells::Cells;
use crate::formats::columns::RecordColumns;
use crate::formats::entry::Entry;
use crate::formats::error::{FormatError, TableKind};
use crate::outcome::malformed::{Malformed, RowFault};

/// The rows of a CSV below its header.
pub(crate) struct CsvRows<'t> {
    text: &'t str,
    /// Stands in the text wherever the bytes were not UTF-8.
    marker: Option<char>,
    reader: ::csv::Reader<&'t [u8]>,
    header: StringRecord,
    row: StringRecord,
}

impl<'t> CsvRows<'t> {
    pub(crate) fn open(text: &'t str, marker: Option<char>) -> Result<Self, FormatError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut reader = ::csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(text.as_bytes());
        let mut header = StringRecord::new();
        if !reader.read_record(&mut header)? {
            return Err(FormatError::Empty);
        }
        Ok(Self {
            text,
            marker,
            reader,
            header,
            row: StringRecord::new(),
        })
    }

    /// The columns' names.
    pub(crate) fn header(&self) -> &StringRecord {
        &self.header
    }

    /// Returns the next row, with a value for every column, or what is wrong with it; `None` at the end. A file that was cut
    /// short in its last value looks complete if that value has no quotes: `last_counts` says whether that matters.
    pub(crate) fn next(
        &mut self,
        last_counts: bool,
    ) -> Result<Option<Result<&StringRecord, Malformed>>, FormatError> {
        let Self {
            text,
            marker,
            reader,
            header,
            row,
        } = self;
        if !reader.read_record(row)? {
            return Ok(None);
        }
        let (cells, columns) = (row.len(), header.len());
        let is_odd = |marker: char| row.iter().any(|cell| cell.contains(marker));
        Ok(Some(if marker.is_some_and(is_odd) {
            Err(Malformed::Encoding)
        } else if is_cut(text, row, reader.position()) {
            Err(Malformed::Row(RowFault::OpenQuotes))
        } else if cells != columns {
            Err(Malformed::Row(RowFault::ValueCount {
                values: cells,
                columns,
            }))
        } else if last_counts
            && is_at_end(text, reader.position())
            && !text.ends_with(['\n', '\r', '"'])
        {
            Err(Malformed::Row(RowFault::NoLineBreak))
        } else {
            Ok(row)
        }))
    }
}

/// Reads the rows. A broken row does not affect others. Fails before the first row if columns are missing.
pub(crate) fn read(
    mut rows: CsvRows<'_>,
    take: &mut dyn FnMut(Entry<'_>),
) -> Result<(), FormatError> {
    let (columns, fields) = RecordColumns::of(TableKind::Csv, rows.header().iter())?;
    let last_counts = matches!(fields.last(), Some(Some(_)));
    while let Some(row) = rows.next(last_counts)? {
        take(match row {
            Ok(row) => {
                let mut cells = Cells::default();
                for (field, cell) in fields.iter().zip(row) {
                    if let Some(field) = field {
                        cells.set(*field, cell);
                    }
                }
                columns.entry(cells)
            }
            Err(malformed) => Entry::Malformed(malformed),
        });
    }
    Ok(())
}

fn is_at_end(text: &str, position: &Position) -> bool {
    place(position).is_some_and(|at| at >= text.len())
}

fn place(position: &Position) -> Option<usize> {
    usize::try_from(position.byte()).ok()
}

/// Whether this is the last row and ends inside quotes, of which there is an odd number.
fn is_cut(text: &str, row: &StringRecord, end: &Position) -> bool {
    if !is_at_end(text, end) {
        return false;
    }
    let start = row.position().and_then(place);
    let row = start.and_then(|start| text.as_bytes().get(start..));
    row.is_some_and(|row| row.iter().filter(|byte| **byte == b'"').count() % 2 == 1)
}
