//! Right-sized policies as JSON.

use std::io::{self, Write};

use access_advisor::report::{Advisor, ReportCoverage};
use access_advisor::rightsize::Rightsized;
use serde::Serialize;

use super::summary::{RightsizedAccount, by_account};
use crate::json_output::write_json;

/// `{"Summary": [...], "Rightsized": [...], "Coverage": {...}, "Catalog": "..."}`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Answer<'a> {
    summary: Vec<RightsizedAccount<'a>>,
    rightsized: &'a [Rightsized],
    coverage: ReportCoverage,
    catalog: String,
}

pub(super) fn write(
    writer: &mut dyn Write,
    rightsized: &[Rightsized],
    advisor: &Advisor,
) -> io::Result<()> {
    let answer = Answer {
        summary: by_account(rightsized),
        rightsized,
        coverage: advisor.coverage(),
        catalog: advisor.catalog().fingerprint().to_string(),
    };
    write_json(writer, &answer)
}
