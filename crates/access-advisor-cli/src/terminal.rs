//! The terminal that text for people is printed on.

use std::env;

use comfy_table::Table;

/// How many characters a line has: `COLUMNS`, or what the terminal says. `None` if the output is not a terminal.
pub(crate) fn width() -> Option<usize> {
    let columns = env::var("COLUMNS").ok().and_then(|it| it.parse().ok());
    columns.or_else(|| Table::new().width().map(usize::from))
}
