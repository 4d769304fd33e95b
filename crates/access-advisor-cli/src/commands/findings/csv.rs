//! Findings as CSV: one line per finding.

use std::fmt::Write as _;
use std::io::{self, Write};

use access_advisor::findings::{Finding, Findings};
use access_advisor::time;

use crate::csv_output::{CsvArguments, CsvWriter};

const HEADER: [&str; 28] = [
    "FindingId",
    "Kind",
    "Status",
    "Severity",
    "SeverityReason",
    "AccountId",
    "Resource",
    "ResourceType",
    "ResourceCreated",
    "Subject",
    "UnusedServices",
    "UnusedActions",
    "Services",
    "Actions",
    "State",
    "StateReason",
    "Window",
    "LastUsed",
    "LastUsedRegion",
    "LastEventId",
    "Attempts",
    "Denied",
    "Rhythm",
    "GrantedBy",
    "PermissionsBoundary",
    "ArchiveOwner",
    "ArchiveReason",
    "ArchiveExpires",
];

/// Writes all findings as one table.
pub(super) fn write(
    writer: &mut dyn Write,
    arguments: CsvArguments,
    findings: &Findings,
) -> io::Result<()> {
    let mut csv = CsvWriter::new(writer, arguments);
    csv.write(HEADER)?;
    for finding in &findings.findings {
        let cells = cells(finding);
        csv.write(cells.iter().map(String::as_str))?;
    }
    csv.flush()
}

/// The most characters of a cell that Excel and LibreOffice take, with room for what follows.
const LONGEST_CELL: usize = 32_000;

/// The actions with spaces between them; of very many, how many more there are.
fn joined(actions: &[String]) -> String {
    let mut text = String::new();
    for (index, action) in actions.iter().enumerate() {
        if text.len() + action.len() > LONGEST_CELL {
            _ = write!(text, " and {} more", actions.len() - index);
            break;
        }
        if index > 0 {
            text.push(' ');
        }
        text.push_str(action);
    }
    text
}

fn cells(finding: &Finding) -> [String; 28] {
    let last = finding.last_use.as_ref();
    let rule = finding.status.rule();
    let services: Vec<&str> = finding.whole_services().collect();
    let actions: Vec<String> = finding.listed_actions().collect();
    let granted_by = finding.granted_by.iter().map(ToString::to_string);
    let granted_by: Vec<String> = granted_by.collect();
    let number = |number: Option<u64>| number.map(|number| number.to_string()).unwrap_or_default();
    [
        finding.id.to_string(),
        finding.kind.to_string(),
        finding.status.name().to_owned(),
        finding.severity.to_string(),
        finding.severity_reason.to_string(),
        finding.account.to_string(),
        finding.resource.to_string(),
        finding.resource_type().to_owned(),
        finding.created.map(time::format).unwrap_or_default(),
        finding.subject.to_string(),
        finding.unused_services().to_string(),
        finding.unused_actions.to_string(),
        services.join(" "),
        joined(&actions),
        finding
            .state
            .map(|state| state.to_string())
            .unwrap_or_default(),
        finding.basis().unwrap_or_default(),
        finding.window.to_string(),
        last.map(|last| time::format(time::from_millis(last.millis)))
            .unwrap_or_default(),
        last.map(|last| last.region.to_string()).unwrap_or_default(),
        last.and_then(|last| last.event_id.as_deref())
            .unwrap_or_default()
            .to_owned(),
        number(last.map(|last| last.attempts)),
        number(last.map(|last| last.denied)),
        (last.and_then(|last| last.rhythm))
            .map(|rhythm| rhythm.to_string())
            .unwrap_or_default(),
        granted_by.join("; "),
        finding
            .permissions_boundary
            .as_deref()
            .unwrap_or_default()
            .to_owned(),
        rule.map(|rule| rule.owner.to_string()).unwrap_or_default(),
        rule.map(|rule| rule.reason.to_string()).unwrap_or_default(),
        (rule.and_then(|rule| rule.expires))
            .map(|day| day.to_string())
            .unwrap_or_default(),
    ]
}
