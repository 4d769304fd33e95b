//! Reports as one HTML file.

use std::io::{self, Write};

use access_advisor::html::{EncodedReport, HtmlOptions, HtmlWriter, ReportEncoder};
use access_advisor::report::Granularity;
use clap::Args;

#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct HtmlArguments {
    /// The most MiB that an HTML file takes, about. What does not fit is left out, and the page says so: the actions of
    /// some reports, or their services too. All of them are in its table
    #[arg(long, value_name = "MIB", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..))]
    html_limit: u16,
}

impl HtmlArguments {
    /// The options of a file with reports of this granularity.
    pub(crate) fn options(self, granularity: Granularity) -> HtmlOptions {
        HtmlOptions::new()
            .granularity(granularity)
            .limit(u64::from(self.html_limit) << 20)
    }

    /// Writes reports that were made ready by an encoder.
    pub(crate) fn write(
        self,
        writer: &mut dyn Write,
        encoder: &ReportEncoder,
        granularity: Granularity,
        reports: impl ExactSizeIterator<Item = EncodedReport>,
    ) -> io::Result<()> {
        let options = self.options(granularity);
        let mut html = HtmlWriter::new(writer, encoder, reports.len(), options)?;
        for report in reports {
            html.push(&report)?;
        }
        html.finish().map(drop)
    }
}
