//! Tables without borders, for terminals and for `grep`.

use std::fmt::Display;
use std::io;

use access_advisor::text::Printable;
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

use crate::lines::Lines;

/// A table with one line per row: cells are escaped, so that no name of the input begins a line of its own.
pub(crate) struct PlainTable(Table);

impl PlainTable {
    /// A table without rows.
    pub(crate) fn with_header(header: &[&str]) -> Self {
        let mut table = Table::new();
        table
            .load_style(presets::NOTHING)
            .set_content_arrangement(ContentArrangement::Disabled)
            .set_header(header);
        if let Some(first) = table.column_mut(0) {
            first.set_padding((0, 1));
        }
        Self(table)
    }

    /// Aligns a column, counted from 0, to the right.
    pub(crate) fn align_right(&mut self, column: usize) {
        if let Some(column) = self.0.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }

    pub(crate) fn add_row(&mut self, cells: impl IntoIterator<Item = impl Display>) {
        let cells = cells.into_iter().map(|cell| Printable(cell).to_string());
        self.0.add_row(cells);
    }

    /// Writes the table, indented, without trailing spaces.
    pub(crate) fn write(&self, lines: &mut Lines<'_>, indent: &str) -> io::Result<()> {
        for line in self.0.lines() {
            writeln!(lines, "{}", format!("{indent}{line}").trim_end())?;
        }
        Ok(())
    }
}
