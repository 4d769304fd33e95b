//! Reports as one HTML file that people open: an overview, tables to search and filter, and a page for every identity, policy and
//! service. Nothing is loaded from anywhere.

#[doc(inline)]
pub use advisor_html::{EncodedReport, HtmlOptions, HtmlWriter, ReportEncoder, write_html};
