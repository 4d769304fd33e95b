//! A CSV of records: what Athena writes as a query's result, what CloudTrail Lake saves, and what people export.

use csv::{Position, StringRecord};

use crate::object::{Entry, ObjectError};
use crate::table::{Cells, Columns};

/// Hands over each row. A row that is broken, or has what was no UTF-8 in it (`marker` stands there), loses no other.
/// Fails before the first row if columns are missing.
pub(crate) fn read(
    text: &str,
    marker: Option<char>,
    take: &mut dyn FnMut(Entry<'_>),
) -> Result<(), ObjectError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let unreadable = |error: csv::Error| ObjectError::Csv(error.to_string());
    let mut row = StringRecord::new();
    if !reader.read_record(&mut row).map_err(unreadable)? {
        return Err(ObjectError::Empty);
    }
    let names = row.clone();
    let (columns, fields) = Columns::of("a CSV", names.iter())?;
    while reader.read_record(&mut row).map_err(unreadable)? {
        let entry = if marker.is_some_and(|marker| row.iter().any(|cell| cell.contains(marker))) {
            Entry::Broken("not UTF-8".into())
        } else if is_cut(text, &row, reader.position()) {
            Entry::Broken(
                "the file ends inside quotes: it is cut short, or a quote is missing".into(),
            )
        } else if row.len() != fields.len() {
            Entry::Broken(format!(
                "{} values where the header has {} columns",
                row.len(),
                fields.len()
            ))
        } else {
            let mut cells = Cells::default();
            for (field, cell) in fields.iter().zip(&row) {
                if let Some(field) = field {
                    cells.set(*field, cell);
                }
            }
            columns.entry(cells)
        };
        take(entry);
    }
    Ok(())
}

/// Whether this row ends with the text, and inside quotes: there is an odd number of them.
fn is_cut(text: &str, row: &StringRecord, end: &Position) -> bool {
    let place = |position: &Position| usize::try_from(position.byte()).ok();
    if place(end).is_none_or(|end| end < text.len()) {
        return false;
    }
    let start = row.position().and_then(place);
    let row = start.and_then(|start| text.as_bytes().get(start..));
    row.is_some_and(|row| row.iter().filter(|byte| **byte == b'"').count() % 2 == 1)
}
