//! Reports as one HTML file.

use std::io::{self, Write};

use access_advisor::html::{EncodedReport, HtmlOptions, HtmlWriter};
use access_advisor::report::{Advisor, Granularity};
use clap::Args;

use super::listed_reports::ListedReports;

#[derive(Clone, Copy, Debug, Args)]
pub(super) struct HtmlArguments {
    /// The most MiB that an HTML file takes, about. What does not fit is left out, and the page says so: the actions of
    /// some reports, or their services too. All of them are in its table
    #[arg(long, value_name = "MIB", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..))]
    html_limit: u16,
}

pub(super) fn write(
    writer: &mut dyn Write,
    arguments: HtmlArguments,
    advisor: &Advisor,
    reports: ListedReports<'_>,
    granularity: Granularity,
) -> io::Result<()> {
    let options = HtmlOptions::default()
        .with_granularity(granularity)
        .with_limit(u64::from(arguments.html_limit) << 20);
    let mut html = HtmlWriter::new(writer, advisor, reports.len(), options)?;
    for report in reports.formatted(|report| EncodedReport::new(advisor, report)) {
        html.push(&report)?;
    }
    html.finish().map(drop)
}
