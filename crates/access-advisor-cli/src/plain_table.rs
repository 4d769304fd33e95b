//! Tables without borders, for terminals and for `grep`.

use std::io::{self, Write};

use comfy_table::{ContentArrangement, Table, presets};

/// A table without rows.
pub(crate) fn with_header(header: &[&str]) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(header);
    if let Some(first) = table.column_mut(0) {
        first.set_padding((0, 1));
    }
    table
}

/// Writes a table, indented, without trailing spaces.
pub(crate) fn write(writer: &mut dyn Write, table: &Table, indent: &str) -> io::Result<()> {
    for line in table.lines() {
        writeln!(writer, "{}", format!("{indent}{line}").trim_end())?;
    }
    Ok(())
}
