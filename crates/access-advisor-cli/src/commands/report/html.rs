//! Reports as one HTML file, with findings and right-sized policies where the tracking has states.

use std::convert::Infallible;
use std::io::{self, Write};

use access_advisor::findings::FindingSettings;
use access_advisor::html::ReportEncoder;
use access_advisor::report::{Advisor, Granularity};
use access_advisor::rightsize::RightsizeOptions;

use super::listed_reports::ListedReports;
use crate::html_output::HtmlArguments;

pub(super) fn write(
    writer: &mut dyn Write,
    arguments: HtmlArguments,
    advisor: &Advisor,
    reports: ListedReports<'_>,
    granularity: Granularity,
) -> io::Result<()> {
    let settings = FindingSettings::new().min_coverage_days(advisor.tracking().min_coverage_days);
    let entities = advisor.account().reported_entities();
    let encoder = ReportEncoder::new(advisor);
    let Ok(encoder) = encoder.find(&entities, &settings, || Ok::<_, Infallible>(()));
    let encoder = encoder.with_rightsizing(RightsizeOptions::default());
    let encoded = reports.formatted(|report| encoder.encode(report));
    arguments.write(writer, &encoder, granularity, encoded)
}
