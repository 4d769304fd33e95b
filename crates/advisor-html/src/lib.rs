#![doc = include_str!("../README.md")]

mod dictionary;
mod encoded_report;
mod html_writer;
mod index;
mod options;
mod page;
mod section;
mod varint;

use std::io::{self, Write};

use advisor_core::{Advisor, Reports};

pub use encoded_report::EncodedReport;
pub use html_writer::HtmlWriter;
pub use options::HtmlOptions;

/// Writes reports of an advisor as one HTML file.
///
/// # Errors
/// The writer failed.
pub fn write_html<W: Write>(
    writer: W,
    advisor: &Advisor,
    reports: Reports,
    options: HtmlOptions,
) -> io::Result<()> {
    let mut html = HtmlWriter::new(writer, advisor, reports.len(), options)?;
    for report in reports.map_in_parallel(|report| EncodedReport::new(advisor, &report)) {
        html.push(&report)?;
    }
    html.finish()?.flush()
}
