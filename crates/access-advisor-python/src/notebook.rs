//! How notebooks show things: as small HTML tables without scripts.

use std::fmt::Write;

use access_advisor::text::Printable;

/// Rows beyond these are not shown.
pub(crate) const MOST_ROWS: usize = 20;

/// A table with a caption. Cells are text, whatever they hold.
pub(crate) fn table<C: AsRef<str>>(
    caption: &str,
    header: &[C],
    rows: impl Iterator<Item = Vec<String>>,
) -> String {
    let mut html = format!("<table><caption>{}</caption><thead><tr>", escape(caption));
    for name in header {
        // Writing to a string cannot fail.
        let _ = write!(html, "<th>{}</th>", escape(name.as_ref()));
    }
    html.push_str("</tr></thead><tbody>");
    let mut rows = rows.peekable();
    for row in rows.by_ref().take(MOST_ROWS) {
        html.push_str("<tr>");
        for cell in row {
            let _ = write!(html, "<td>{}</td>", escape(&cell));
        }
        html.push_str("</tr>");
    }
    if rows.peek().is_some() {
        let _ = write!(html, "<tr><td colspan=\"{}\">...</td></tr>", header.len());
    }
    html.push_str("</tbody></table>");
    html
}

fn escape(text: &str) -> String {
    let text = Printable(text).to_string();
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;").replace('"', "&quot;")
}
