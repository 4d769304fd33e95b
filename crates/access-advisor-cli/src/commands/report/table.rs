//! Reports as tables for people: an overview with one line per report, then each report with the services that were used
//! and those that were not.

use std::collections::BTreeMap;
use std::io::{self, Write};

use access_advisor::account::AccountId;
use access_advisor::report::{
    AccountCoverage, Granularity, Report, ServiceLastAccessed, State, StateReason,
};
use chrono::{DateTime, Utc};

use super::listed_reports::ListedReports;
use crate::lines::Lines;
use crate::plain_table::PlainTable;
use crate::wording::{ago, count, instant, short_name, write_names};

/// The time that reports cover.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Period<'a> {
    /// `None`: as far back as the activity goes.
    pub(crate) start: Option<DateTime<Utc>>,
    pub(crate) end: DateTime<Utc>,
    /// The instant of the reports.
    pub(crate) now: DateTime<Utc>,
    /// What of each account's trail was read.
    pub(crate) accounts: &'a [AccountCoverage],
}

impl Period<'_> {
    /// Whether anything of the trail of the report's account was read; for policies of AWS, of any account.
    fn is_read(self, report: &Report) -> bool {
        let account = account_of(report);
        let is_own =
            |coverage: &AccountCoverage| account.is_aws() || *coverage.account == *account.as_str();
        let mut read = self
            .accounts
            .iter()
            .filter(|coverage| coverage.days_read > 0);
        read.any(is_own)
    }
}

/// The account of the report's ARN; `aws` for policies of AWS.
fn account_of(report: &Report) -> AccountId {
    AccountId::of_arn(report.arn()).unwrap_or_else(|| "".into())
}

/// Records and exports can name any number of event sources and missing policies. More are counted.
const MOST_ROWS: usize = 20;

/// Writes the overview, when there are several reports, and each report.
pub(crate) fn write(
    writer: &mut dyn Write,
    reports: ListedReports<'_>,
    period: Period<'_>,
) -> io::Result<()> {
    let mut lines = Lines::new(writer);
    let day = |time: DateTime<Utc>| time.format("%Y-%m-%d").to_string();
    match period.start {
        Some(start) if start > period.end => writeln!(
            lines,
            "Last accessed since {}: nothing of that time was read",
            day(start)
        )?,
        Some(start) => writeln!(
            lines,
            "Last accessed, {} to {}",
            day(start),
            day(period.end)
        )?,
        None => writeln!(lines, "Last accessed, up to {}", day(period.end))?,
    }
    let list = reports.list();
    if list.len() > 1 {
        writeln!(lines)?;
        // The reports are made twice, because those of a large account do not fit in memory.
        let overview = list.map_in_parallel(|report| Overview::of(&report, period));
        write_overview(&mut lines, &overview.collect::<Vec<_>>(), period)?;
    }
    reports.write_each(writer, |report| {
        let mut text = Vec::new();
        let mut lines = Lines::new(&mut text);
        writeln!(lines)?;
        write_report(&mut lines, report, period)?;
        Ok(text)
    })
}

/// The line of a report in the overview.
struct Overview {
    name: String,
    account: AccountId,
    has_states: bool,
    is_read: bool,
    services: usize,
    used: usize,
    implied: usize,
    unused: usize,
    last: Option<DateTime<Utc>>,
    /// What stands in place of the last access.
    never: &'static str,
}

impl Overview {
    fn of(report: &Report, period: Period<'_>) -> Self {
        let [implied, unused] = [State::Implied, State::Unused]
            .map(|state| report.services().filter(|row| is_in(row, state)).count());
        Self {
            name: short_name(report.arn()).to_owned(),
            account: account_of(report),
            is_read: period.is_read(report),
            has_states: has_states(report),
            services: report.services().len(),
            used: report.services().filter(is_used).count(),
            implied,
            unused,
            last: report
                .services()
                .filter_map(|row| row.last_authenticated)
                .max(),
            never: never(report, period),
        }
    }
}

fn write_overview(
    lines: &mut Lines<'_>,
    reports: &[Overview],
    period: Period<'_>,
) -> io::Result<()> {
    let has_states = reports.iter().any(|report| report.has_states);
    let has_unknown = has_states || reports.iter().any(|report| !report.is_read);
    let mut accounts = (reports.iter().map(|report| &report.account)).filter(|id| !id.is_aws());
    let account = accounts.next();
    let has_accounts = accounts.any(|other| Some(other) != account);
    let mut header = Vec::new();
    if has_accounts {
        header.push("ACCOUNT");
    }
    header.push("IDENTITY OR POLICY");
    let first_number = header.len();
    header.extend(["SERVICES", "USED"]);
    if has_states {
        header.push("IMPLIED");
    }
    header.push("UNUSED");
    if has_unknown {
        header.push("UNKNOWN");
    }
    let numbers = first_number..header.len();
    header.extend(["LAST ACCESSED", ""]);
    let mut table = PlainTable::with_header(&header);
    for column in numbers {
        table.align_right(column);
    }
    for report in reports {
        let not_used = report.services - report.used;
        let mut cells = Vec::new();
        if has_accounts {
            cells.push(report.account.to_string());
        }
        cells.push(report.name.clone());
        cells.extend([report.services, report.used].map(|number| number.to_string()));
        if has_states {
            cells.push(report.implied.to_string());
        }
        let unused = match (report.has_states, report.is_read) {
            (true, _) => report.unused,
            (false, true) => not_used,
            (false, false) => 0,
        };
        cells.push(unused.to_string());
        if has_unknown {
            cells.push((not_used - report.implied - unused).to_string());
        }
        let last = report.last;
        cells.push(last.map_or_else(|| report.never.into(), instant));
        cells.push(last.map(|time| ago(time, period.now)).unwrap_or_default());
        table.add_row(cells);
    }
    table.write(lines, "")
}

/// What stands in place of a last access.
fn never(report: &Report, period: Period<'_>) -> &'static str {
    let is_uncovered = report
        .services()
        .any(|row| row.state == Some(State::Uncovered));
    if is_uncovered || !period.is_read(report) {
        "unknown"
    } else {
        "never"
    }
}

fn has_states(report: &Report) -> bool {
    report.services().any(|row| row.state.is_some())
}

/// Whether a service that was not used has a state.
fn is_in(row: &ServiceLastAccessed<'_>, state: State) -> bool {
    !is_used(row) && row.state == Some(state)
}

fn write_report(lines: &mut Lines<'_>, report: &Report, period: Period<'_>) -> io::Result<()> {
    let mut used: Vec<_> = report.services().filter(is_used).collect();
    used.sort_by(|left, right| {
        (right.last_authenticated.cmp(&left.last_authenticated))
            .then_with(|| left.service_namespace.cmp(right.service_namespace))
    });
    writeln!(lines, "{}", report.arn())?;
    write_counts(lines, report, used.len(), period)?;
    if !used.is_empty() {
        let table = rows_of(report, &used, period);
        table.write(lines, "  ")?;
    }
    if has_states(report) {
        write_states(lines, report)?;
    } else {
        let label = if period.is_read(report) {
            "  not used: "
        } else {
            "  not known to be used: "
        };
        let unused: Vec<&str> = report
            .services()
            .filter(|row| !is_used(row))
            .map(|row| row.service_namespace)
            .collect();
        write_names(lines, label, &unused)?;
        for row in report.services().filter(is_used) {
            write_unused_actions(lines, &row)?;
        }
    }
    let ungranted: Vec<_> = report.ungranted_services_used().collect();
    let actions: Vec<_> = report.ungranted_actions_used().collect();
    if !ungranted.is_empty() || !actions.is_empty() {
        // A policy that was not evaluated may grant it.
        let which = if report.not_evaluated().is_empty() {
            "permission policy"
        } else {
            "permission policy that was evaluated"
        };
        writeln!(lines, "  used, though no {which} grants it:")?;
        let mut table = rows_of(report, &ungranted, period);
        for action in &actions {
            table.add_row(vec![
                format!("{}:{}", action.service_namespace, action.action.action_name),
                action
                    .action
                    .last_accessed_time
                    .map(instant)
                    .unwrap_or_default(),
                (action.action.last_accessed_time)
                    .map(|time| ago(time, period.now))
                    .unwrap_or_default(),
                (action.action.last_accessed_region)
                    .unwrap_or_default()
                    .to_owned(),
            ]);
        }
        table.write(lines, "  ")?;
    }
    let unknown: Vec<_> = report.unknown_event_sources().take(MOST_ROWS).collect();
    if !unknown.is_empty() {
        writeln!(lines, "  used, event source is not in the catalog:")?;
        rows_of(report, &unknown, period).write(lines, "  ")?;
        let more = report.unknown_event_sources().skip(MOST_ROWS).count();
        if more > 0 {
            writeln!(lines, "  and {more} more (--format json lists all)")?;
        }
    }
    for missing in report.not_evaluated().iter().take(MOST_ROWS) {
        writeln!(lines, "  NOT EVALUATED: {missing}")?;
    }
    if let Some(more @ 1..) = report.not_evaluated().len().checked_sub(MOST_ROWS) {
        writeln!(
            lines,
            "  NOT EVALUATED: and {more} more (--format json lists all)"
        )?;
    }
    let undecided = report.undecided();
    if undecided > 0 {
        writeln!(
            lines,
            "  UNDECIDED: {undecided} of the actions may be denied; the policies ask more than one report's work"
        )?;
    }
    Ok(())
}

/// How many services are granted, and what is known of them.
fn write_counts(
    lines: &mut Lines<'_>,
    report: &Report,
    used: usize,
    period: Period<'_>,
) -> io::Result<()> {
    let services = report.services().len();
    if services == 0 {
        return writeln!(lines, "  no service is granted");
    }
    let granted = count(services, "service");
    if !has_states(report) {
        return match used {
            0 if !period.is_read(report) => {
                writeln!(
                    lines,
                    "  {granted} granted, no whole day of the trail was read"
                )
            }
            0 => writeln!(lines, "  {granted} granted, none used"),
            _ => writeln!(lines, "  {granted} granted, {used} used"),
        };
    }
    let mut line = format!("  {granted} granted, {used} used");
    for state in OTHER_STATES {
        let number = report.services().filter(|row| is_in(row, state)).count();
        if number > 0 {
            line += &format!(", {number} {state}");
        }
    }
    writeln!(lines, "{line}")
}

/// The states of what was not used.
const OTHER_STATES: [State; 4] = [
    State::Implied,
    State::Unused,
    State::Unobservable,
    State::Uncovered,
];

/// Lists what was not used, by state and reason: services, and the actions of services that were used.
fn write_states(lines: &mut Lines<'_>, report: &Report) -> io::Result<()> {
    for state in OTHER_STATES {
        let mut by_reason: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for row in report.services().filter(|row| is_in(row, state)) {
            let (reason, name) = match row.state_reason {
                Some(StateReason::UnobservableActions {
                    unobservable: number,
                    granted,
                    ..
                }) => (
                    "actions that leave no trace".to_owned(),
                    format!("{} ({number} of {granted})", row.service_namespace),
                ),
                Some(StateReason::UncoveredActions {
                    uncovered: number,
                    granted,
                    ..
                }) => (
                    "actions of which too few days were read, or granted too recently".to_owned(),
                    format!("{} ({number} of {granted})", row.service_namespace),
                ),
                Some(reason) => (reason.to_string(), row.service_namespace.to_owned()),
                None => (String::new(), row.service_namespace.to_owned()),
            };
            by_reason.entry(reason).or_default().push(name);
        }
        for (reason, names) in by_reason {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            writeln!(lines, "  {state}, {reason}:")?;
            write_names(lines, "    ", &names)?;
        }
    }
    if report.granularity() != Granularity::Action {
        return Ok(());
    }
    for row in report.services() {
        // Of other services it is enough to know their state.
        if !is_used(&row) && row.state != Some(State::Implied) {
            continue;
        }
        for state in OTHER_STATES {
            let actions = row.tracked_actions_last_accessed.iter();
            let names: Vec<String> = actions
                .filter(|action| action.state == Some(state))
                .map(|action| match action.state_reason {
                    Some(StateReason::Implied { by: Some(by), .. }) => {
                        format!("{} (by {by})", action.action_name)
                    }
                    _ => action.action_name.to_owned(),
                })
                .collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let label = format!("  {}, {state}: ", row.service_namespace);
            write_names(lines, &label, &names)?;
        }
    }
    Ok(())
}

/// A table of used services, each followed by its used actions.
fn rows_of(report: &Report, rows: &[ServiceLastAccessed<'_>], period: Period<'_>) -> PlainTable {
    let is_own = |entity: &str| entity == report.arn();
    let has_others = rows.iter().any(|row| {
        row.last_authenticated_entity
            .is_some_and(|entity| !is_own(entity))
    });
    let mut header = vec!["SERVICE", "LAST ACCESSED", "", "REGION"];
    if has_others {
        header.extend(["BY", "ENTITIES"]);
    }
    let mut table = PlainTable::with_header(&header);
    if has_others {
        table.align_right(5);
    }
    let cells = |name: String,
                 time: Option<DateTime<Utc>>,
                 region: Option<&str>,
                 entity: Option<&str>,
                 total: String| {
        let mut cells = vec![
            name,
            time.map(instant).unwrap_or_default(),
            time.map(|time| ago(time, period.now)).unwrap_or_default(),
            region.unwrap_or_default().to_owned(),
        ];
        if has_others {
            cells.push(entity.map(short_name).unwrap_or_default().to_owned());
            cells.push(total);
        }
        cells
    };
    for row in rows {
        table.add_row(cells(
            row.service_namespace.to_owned(),
            row.last_authenticated,
            row.last_authenticated_region,
            row.last_authenticated_entity,
            row.total_authenticated_entities.to_string(),
        ));
        let mut actions: Vec<_> = row
            .tracked_actions_last_accessed
            .iter()
            .filter(|action| action.last_accessed_time.is_some())
            .collect();
        actions.sort_by(|left, right| {
            (right.last_accessed_time.cmp(&left.last_accessed_time))
                .then_with(|| left.action_name.cmp(right.action_name))
        });
        for action in actions {
            table.add_row(cells(
                format!("  {}", action.action_name),
                action.last_accessed_time,
                action.last_accessed_region,
                action.last_accessed_entity,
                String::new(),
            ));
        }
    }
    table
}

/// Lists the unused actions of a service that was used. An unused service is listed as such, without its actions.
fn write_unused_actions(lines: &mut Lines<'_>, row: &ServiceLastAccessed<'_>) -> io::Result<()> {
    let unused: Vec<&str> = row
        .tracked_actions_last_accessed
        .iter()
        .filter(|action| action.last_accessed_time.is_none())
        .map(|action| action.action_name)
        .collect();
    write_names(
        lines,
        &format!("  {}, not used: ", row.service_namespace),
        &unused,
    )
}

/// AWS looks back further for actions than for services, so an action may have been used although its service was not.
fn is_used(row: &ServiceLastAccessed<'_>) -> bool {
    row.last_authenticated.is_some()
        || row
            .tracked_actions_last_accessed
            .iter()
            .any(|action| action.last_accessed_time.is_some())
}
