//! Findings as text for people: what they come to, then the findings by account, worst first.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};

use access_advisor::account::AccountId;
use access_advisor::findings::{
    Finding, FindingStatus, Findings, FindingsSummary, FoundPermission, LastUse, Severity,
};
use access_advisor::time;
use chrono::{DateTime, Utc};

use crate::commands::report::trust;
use crate::lines::Lines;
use crate::plain_table::PlainTable;
use crate::wording::{ago, count, instant, line_width, short_name, thousands, write_names};

/// How many identities are named in the summary.
const MOST_IDENTITIES: usize = 10;
/// How many event sources are named that the catalog does not know.
const MOST_SOURCES: usize = 20;
/// How many statements are named.
const MOST_STATEMENTS: usize = 3;
/// More actions are counted by service.
const MOST_ACTIONS: usize = 20;
/// How many services and actions that are used regularly are named.
const MOST_SERVICES: usize = 12;

/// Writes the summary, and each finding.
pub(super) fn write(
    writer: &mut dyn Write,
    findings: &Findings,
    archived: usize,
) -> io::Result<()> {
    let mut lines = Lines::new(writer);
    writeln!(lines, "{}", counts(findings, archived))?;
    let summary = findings.summary();
    if !findings.findings.is_empty() {
        writeln!(lines)?;
        write_accounts(&mut lines, &summary)?;
        let kinds = summary.kinds.iter();
        let kinds: Vec<String> = kinds
            .map(|(kind, number)| format!("{kind} {number}"))
            .collect();
        let kinds: Vec<&str> = kinds.iter().map(String::as_str).collect();
        writeln!(lines)?;
        write_names(&mut lines, "By kind: ", &kinds)?;
    }
    write_identities(&mut lines, &summary)?;
    let mut by_account: BTreeMap<&AccountId, Vec<&Finding>> = BTreeMap::new();
    for finding in &findings.findings {
        by_account
            .entry(&finding.account)
            .or_default()
            .push(finding);
    }
    for (account, findings) in by_account {
        writeln!(lines)?;
        if account.is_aws() {
            writeln!(lines, "AWS managed policies")?;
        } else {
            writeln!(lines, "Account {account}")?;
        }
        for finding in findings {
            writeln!(lines)?;
            write_finding(&mut lines, finding)?;
        }
    }
    writeln!(lines)?;
    for line in unknown_event_sources(findings) {
        writeln!(lines, "{line}")?;
    }
    writeln!(
        lines,
        "{}",
        trust::line(&findings.coverage, findings.coverage.window, 0)
    )
}

/// A line for each event source that the catalog does not know and that may be a part of a granted service.
fn unknown_event_sources(findings: &Findings) -> impl Iterator<Item = String> {
    let sources = &findings.unknown_event_sources;
    let more = sources.len().saturating_sub(MOST_SOURCES);
    let more = (more > 0).then(|| {
        format!(
            "and {} (--format json lists all)",
            count(more, "more event source")
        )
    });
    let named = sources.iter().take(MOST_SOURCES).map(ToString::to_string);
    named.chain(more)
}

/// How many findings there are, and what was judged.
pub(super) fn counts(findings: &Findings, archived: usize) -> String {
    let number = findings.active().count();
    let window = findings.coverage.window;
    let mut line = format!("{}, {window:#}: ", count(number, "finding"));
    let judged = match findings.judged {
        1 => "1 user, group, role or policy judged".to_owned(),
        number => format!("{number} users, groups, roles and policies judged"),
    };
    line.push_str(&judged);
    for (number, what) in [
        (findings.too_young, "younger than that"),
        (findings.unknown_age, "of unknown age"),
        (findings.service_linked, "service-linked"),
        (findings.excluded, "excluded"),
    ] {
        if number > 0 {
            _ = write!(line, ", {number} {what}");
        }
    }
    if archived > 0 {
        _ = write!(line, "; {} archived", count(archived, "finding"));
    }
    // No finding means nothing there.
    let coverage = &findings.coverage;
    let is_uncovered = |days_read: u32| days_read < coverage.days_needed;
    let accounts = coverage.accounts.iter();
    let uncovered = accounts.filter(|it| is_uncovered(it.days_read)).count();
    if uncovered > 0 {
        let needed = coverage.days_needed;
        _ = write!(
            line,
            "; fewer than {needed} days read, so nothing is called unused"
        );
        if uncovered < coverage.accounts.len() {
            let all = coverage.accounts.len();
            _ = write!(line, ", in {uncovered} of {all} accounts");
        }
    }
    line
}

/// A line for each account.
fn write_accounts(lines: &mut Lines<'_>, summary: &FindingsSummary) -> io::Result<()> {
    let mut table = PlainTable::with_header(&[
        "ACCOUNT",
        "CRITICAL",
        "HIGH",
        "MEDIUM",
        "LOW",
        "INFO",
        "UNUSED IDENTITIES",
        "UNUSED SERVICES",
        "UNUSED ACTIONS",
    ]);
    for column in 1..9 {
        table.align_right(column);
    }
    for account in &summary.accounts {
        let mut cells = vec![account.account.to_string()];
        let severities = Severity::ALL.iter().rev();
        cells.extend(severities.map(|severity| {
            let number = account.severities.get(severity);
            number.copied().unwrap_or_default().to_string()
        }));
        cells.extend(
            [
                account.unused_identities,
                account.unused_services,
                account.unused_actions,
            ]
            .map(thousands),
        );
        table.add_row(cells);
    }
    table.write(lines, "")
}

/// The identities at which removing wins the most.
fn write_identities(lines: &mut Lines<'_>, summary: &FindingsSummary) -> io::Result<()> {
    if summary.identities.len() < 2 {
        return Ok(());
    }
    writeln!(lines)?;
    writeln!(lines, "Removing what is unused wins the most at:")?;
    let mut table =
        PlainTable::with_header(&["IDENTITY", "WORST", "UNUSED SERVICES", "UNUSED ACTIONS", ""]);
    for column in 2..4 {
        table.align_right(column);
    }
    let has_accounts = summary.accounts.len() > 1;
    for identity in summary.identities.iter().take(MOST_IDENTITIES) {
        let name = if has_accounts {
            &identity.resource
        } else {
            short_name(&identity.resource)
        };
        let all = if identity.is_unused { "all of it" } else { "" };
        table.add_row([
            name,
            identity.severity.name(),
            &thousands(identity.unused_services),
            &thousands(identity.unused_actions),
            all,
        ]);
    }
    table.write(lines, "  ")?;
    let more = summary.identities.len().saturating_sub(MOST_IDENTITIES);
    if more > 0 {
        writeln!(lines, "  and {more} more")?;
    }
    Ok(())
}

fn write_finding(lines: &mut Lines<'_>, finding: &Finding) -> io::Result<()> {
    let name = short_name(&finding.resource);
    let subject = if finding.subject.is_empty() {
        String::new()
    } else {
        format!(" ({})", finding.subject)
    };
    let archived = match &finding.status {
        FindingStatus::Archived(_) => ", archived",
        FindingStatus::Resurfaced(_) => ", was archived",
        _ => "",
    };
    writeln!(
        lines,
        "{:<13} {}{subject}  {name}{archived}",
        finding.severity, finding.kind
    )?;
    let (what, why) = (finding.what(), finding.severity_reason.to_string());
    if what.len() + why.len() + 6 > line_width() {
        writeln!(lines, "    {what}:")?;
        writeln!(lines, "      {why}")?;
    } else {
        writeln!(lines, "    {what}: {why}")?;
    }
    write_permissions(lines, finding)?;
    write_statements(lines, finding)?;
    if let Some(caveat) = finding.boundary_caveat() {
        writeln!(lines, "    {caveat}")?;
    }
    if let Some(last) = &finding.last_use {
        writeln!(lines, "    {}", last_use(last, finding))?;
    }
    if let Some(basis) = finding.basis() {
        writeln!(lines, "    rests on: {basis}")?;
    }
    if let Some(rule) = finding.status.rule() {
        let until = rule.expires.map_or_else(String::new, |day| {
            let word = if finding.status.is_archived() {
                "until"
            } else {
                "expired after"
            };
            format!(", {word} {day}")
        });
        writeln!(
            lines,
            "    archived by {}: {}{until}",
            rule.owner, rule.reason
        )?;
    }
    writeln!(lines, "    id: {}", finding.id)
}

/// The services, or their actions where there are few.
fn write_permissions(lines: &mut Lines<'_>, finding: &Finding) -> io::Result<()> {
    let catalog = finding.catalog();
    let namespace = |permission: &FoundPermission| catalog.service(permission.service).namespace();
    let (whole, parts): (Vec<&FoundPermission>, Vec<_>) =
        (finding.permissions.iter()).partition(|permission| permission.is_whole_service);
    if !whole.is_empty() {
        let names: Vec<&str> = whole
            .iter()
            .map(|permission| namespace(permission))
            .collect();
        write_names(lines, "    services: ", &names)?;
    }
    for permission in whole
        .iter()
        .filter(|permission| has_rhythm(permission))
        .take(MOST_SERVICES)
    {
        if let Some(last) = &permission.last_use {
            writeln!(
                lines,
                "    {}: {}",
                namespace(permission),
                last_use(last, finding)
            )?;
        }
    }
    let listed: usize = parts
        .iter()
        .map(|permission| permission.actions.len())
        .sum();
    if listed > MOST_ACTIONS {
        let mut parts = parts.clone();
        parts.sort_by_key(|permission| Reverse(permission.actions.len()));
        let names = parts
            .iter()
            .map(|permission| format!("{} ({})", namespace(permission), permission.actions.len()));
        let names: Vec<String> = names.collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        write_names(lines, "    actions of: ", &names)?;
        return write_regular_actions(lines, finding, &parts);
    }
    for permission in &parts {
        let names: Vec<&str> = permission
            .actions
            .iter()
            .map(|action| catalog.action(*action).name())
            .collect();
        write_names(lines, &format!("    {}: ", namespace(permission)), &names)?;
        if !finding.kind.is_about_unused()
            && let Some(last) = &permission.last_use
            && parts.len() > 1
        {
            writeln!(lines, "        {}", last_use(last, finding))?;
        }
    }
    write_regular_actions(lines, finding, &parts)
}

/// The listed actions that are used regularly, unless the finding's last use says it.
fn write_regular_actions(
    lines: &mut Lines<'_>,
    finding: &Finding,
    parts: &[&FoundPermission],
) -> io::Result<()> {
    let uses = parts.iter().flat_map(|permission| &permission.action_uses);
    let regular =
        uses.filter(|(_, last)| last.rhythm.is_some() && finding.last_use.as_ref() != Some(last));
    for (action, last) in regular.take(MOST_SERVICES) {
        let name = finding.action_name(*action);
        writeln!(lines, "    {name}: {}", last_use(last, finding))?;
    }
    Ok(())
}

fn has_rhythm(permission: &FoundPermission) -> bool {
    let last = permission.last_use.as_ref();
    last.is_some_and(|last| last.rhythm.is_some())
}

/// The statements that grant, and the path to each.
fn write_statements(lines: &mut Lines<'_>, finding: &Finding) -> io::Result<()> {
    for statement in finding.granted_by.iter().take(MOST_STATEMENTS) {
        let actions = count(statement.actions, "action");
        let on_all = if statement.is_unlimited {
            ", on all resources"
        } else {
            ""
        };
        writeln!(lines, "    granted by: {statement}: {actions}{on_all}")?;
    }
    let more = finding.granted_by.len().saturating_sub(MOST_STATEMENTS);
    if more > 0 {
        writeln!(lines, "    and by {}", count(more, "more statement"))?;
    }
    Ok(())
}

fn last_use(last: &LastUse, finding: &Finding) -> String {
    let at: DateTime<Utc> = time::from_millis(last.millis);
    let mut text = format!("last used {} ({})", instant(at), ago(at, finding.found_at));
    if !last.region.is_empty() {
        _ = write!(text, " in {}", last.region);
    }
    if let Some(event) = &last.event_id {
        _ = write!(text, ", event {event}");
    }
    if last.denied > 0 {
        _ = write!(
            text,
            ", {} of {} attempts denied",
            last.denied, last.attempts
        );
    }
    if let Some(rhythm) = last.rhythm {
        _ = write!(text, ", {rhythm}");
    }
    text
}
