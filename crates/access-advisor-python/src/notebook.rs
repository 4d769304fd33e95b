//! How notebooks show things: as small HTML tables without scripts.

use std::fmt::Write;

use access_advisor::text::Printable;
use pyo3::prelude::*;

/// Notebooks align cells to the right, as numbers.
const LEFT: &str = "style=\"text-align:left;white-space:nowrap\"";
/// Rows beyond these are not shown.
pub(crate) const MOST_ROWS: usize = 20;

/// Returns a table as notebooks show it, whatever its cells hold.
#[pyfunction]
pub(crate) fn notebook_table(caption: &str, header: Vec<String>, rows: Vec<Vec<String>>) -> String {
    table(caption, &header, rows.into_iter())
}

/// A table with a caption. Cells are text, whatever they hold.
pub(crate) fn table<C: AsRef<str>>(
    caption: &str,
    header: &[C],
    rows: impl Iterator<Item = Vec<String>>,
) -> String {
    let caption = escape(caption);
    let mut html = format!("<table><caption {LEFT}>{caption}</caption><thead><tr>");
    for name in header {
        // Writing to a string cannot fail.
        let _ = write!(html, "<th {LEFT}>{}</th>", escape(name.as_ref()));
    }
    html.push_str("</tr></thead><tbody>");
    let mut rows = rows.peekable();
    for row in rows.by_ref().take(MOST_ROWS) {
        html.push_str("<tr>");
        for cell in row {
            let _ = write!(html, "<td {LEFT}>{}</td>", escape(&cell));
        }
        html.push_str("</tr>");
    }
    if rows.peek().is_some() {
        let _ = write!(
            html,
            "<tr><td {LEFT} colspan=\"{}\">...</td></tr>",
            header.len()
        );
    }
    html.push_str("</tbody></table>");
    html
}

fn escape(text: &str) -> String {
    let text = Printable(text).to_string();
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;").replace('"', "&quot;")
}
