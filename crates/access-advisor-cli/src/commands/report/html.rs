//! Reports as one HTML file.

use std::io::{self, Write};

use access_advisor::findings::FindingSettings;
use access_advisor::html::{HtmlOptions, HtmlWriter, ReportEncoder};
use access_advisor::report::{Advisor, Granularity, Tracking};
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
    (granularity, tracking): (Granularity, &Tracking),
) -> io::Result<()> {
    let mut options = HtmlOptions::default()
        .with_granularity(granularity)
        .with_limit(u64::from(arguments.html_limit) << 20);
    if tracking.has_states() {
        // AWS's tracking does not tell what was not used from what was not read: a page without states has no findings.
        let mut settings = FindingSettings::default();
        settings.min_coverage_days = tracking.min_coverage_days;
        options = options.with_findings(settings);
    }
    let encoder = ReportEncoder::new(advisor, &options);
    let mut html = HtmlWriter::new(writer, &encoder, reports.len(), options)?;
    for report in reports.formatted(|report| encoder.encode(report)) {
        html.push(&report)?;
    }
    html.finish().map(drop)
}
