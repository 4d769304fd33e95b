//! Reports as CSV: one line per service, at action level also one per tracked action. Services used
//! without a grant have `Granted` = `false`.

use std::io::{self, Write};

use access_advisor::{Report, ServiceLastAccessed, time};
use chrono::{DateTime, Utc};

const HEADER: [&str; 10] = [
    "Arn",
    "Granularity",
    "ServiceNamespace",
    "ServiceName",
    "ActionName",
    "Granted",
    "LastAccessed",
    "LastAccessedEntity",
    "LastAccessedRegion",
    "TotalAuthenticatedEntities",
];

/// Writes all reports as one table.
pub(crate) fn write(writer: &mut dyn Write, reports: &[Report]) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(writer);
    csv.write_record(HEADER)?;
    for report in reports {
        for row in report.services() {
            write_row(&mut csv, report, &row, "true")?;
        }
        for row in report.ungranted_services_used() {
            write_row(&mut csv, report, &row, "false")?;
        }
    }
    csv.flush()
}

fn write_row(
    csv: &mut csv::Writer<&mut dyn Write>,
    report: &Report,
    row: &ServiceLastAccessed<'_>,
    granted: &str,
) -> io::Result<()> {
    let total = row.total_authenticated_entities.to_string();
    csv.write_record([
        report.arn(),
        "SERVICE",
        row.service_namespace,
        row.service_name,
        "",
        granted,
        &instant(row.last_authenticated),
        row.last_authenticated_entity.unwrap_or_default(),
        row.last_authenticated_region.unwrap_or_default(),
        &total,
    ])?;
    for action in &row.tracked_actions_last_accessed {
        csv.write_record([
            report.arn(),
            "ACTION",
            row.service_namespace,
            row.service_name,
            action.action_name,
            granted,
            &instant(action.last_accessed_time),
            action.last_accessed_entity.unwrap_or_default(),
            action.last_accessed_region.unwrap_or_default(),
            "",
        ])?;
    }
    Ok(())
}

fn instant(time: Option<DateTime<Utc>>) -> String {
    time.map(time::format).unwrap_or_default()
}
