#![doc = include_str!("../README.md")]

mod chunks;
mod dictionary;
mod encoded_report;
mod entries;
mod finding_json;
mod grants;
mod html_writer;
mod index;
mod options;
mod page;
mod report_encoder;
mod rightsized_json;
mod section;
mod statements;
mod varint;

use std::io::{self, Write};

use advisor_core::Reports;

pub use encoded_report::EncodedReport;
pub use html_writer::HtmlWriter;
pub use options::HtmlOptions;
pub use page::ServedPage;
pub use report_encoder::ReportEncoder;

/// Writes reports as one HTML file. They are of the encoder's advisor.
///
/// # Errors
/// The writer failed.
pub fn write_html<W: Write>(
    writer: W,
    encoder: &ReportEncoder,
    reports: Reports,
    options: HtmlOptions,
) -> io::Result<()> {
    let mut html = HtmlWriter::new(writer, encoder, reports.len(), options)?;
    for report in reports.map_in_parallel(|report| encoder.encode(&report)) {
        html.push(&report)?;
    }
    html.finish()?.flush()
}
