//! An explanation as text for people.

use std::io;

use access_advisor::explain::{
    DenyEffect, ExplainedAllow, ExplainedDeny, ExplainedResource, ExplainedUse, Explanation,
    NotGranted, PlacedStatement, ResourceOutcome,
};
use access_advisor::policy::{ActionElement, ResourceElement};
use access_advisor::time;

use super::condition;
use crate::lines::Lines;
use crate::plain_table::PlainTable;
use crate::wording::{count, short_name, thousands, write_few_names, write_names};

/// More rows of one kind are counted.
const MOST_ROWS: usize = 20;
/// What stands before the elements of a statement.
const INDENT: &str = "      ";

/// Writes an explanation.
pub(super) fn write(
    lines: &mut Lines<'_>,
    explanation: &Explanation<'_>,
    has_trail: bool,
) -> io::Result<()> {
    write_answer(lines, explanation)?;
    let (granting, others): (Vec<_>, Vec<_>) = explanation
        .allows
        .iter()
        .partition(|allow| allow.is_granted());
    write_allows(lines, "Granted by", &granting, explanation)?;
    write_allows(lines, "Allowed, but not granted", &others, explanation)?;
    let (removing, others): (Vec<_>, Vec<_>) = explanation
        .denies
        .iter()
        .partition(|deny| deny.effect.removes());
    write_denies(lines, "Taken away by", &removing, explanation)?;
    // Of a service, most denies are about actions that nothing allows.
    let is_shown = |deny: &&ExplainedDeny<'_>| {
        explanation.action.is_some() || deny.effect != DenyEffect::Apart
    };
    let others: Vec<_> = others.into_iter().filter(is_shown).collect();
    let heading = if explanation.allows.is_empty() {
        "Denies that would apply if something allowed it"
    } else {
        "Denies that take nothing away"
    };
    write_denies(lines, heading, &others, explanation)?;
    write_uses(lines, explanation, has_trail)?;
    if !explanation.not_evaluated.is_empty() {
        writeln!(lines)?;
        writeln!(
            lines,
            "Not evaluated. These may grant it or take it away, too"
        )?;
        let missing = explanation.not_evaluated.iter();
        for missing in missing.take(MOST_ROWS) {
            writeln!(lines, "  {missing}")?;
        }
        write_more(lines, "  ", explanation.not_evaluated.len())?;
    }
    Ok(())
}

/// What is asked, and the answer.
fn write_answer(lines: &mut Lines<'_>, explanation: &Explanation<'_>) -> io::Result<()> {
    writeln!(lines, "{}", explanation.arn)?;
    let asked = asked(explanation);
    let on = explanation
        .resource
        .as_ref()
        .map_or_else(String::new, |resource| format!(" on {resource}"));
    match explanation.not_granted {
        Some(reason) => {
            // A policy that was not evaluated may grant it.
            let by = if explanation.not_evaluated.is_empty() {
                ""
            } else {
                " by the policies that were evaluated"
            };
            let why = why_not(reason, explanation);
            writeln!(lines, "  {asked}{on} is NOT granted{by}: {why}")?;
            if matches!(
                reason,
                NotGranted::NotAResourceOfTheAction | NotGranted::OnlyOtherKindsOfResources
            ) {
                for format in explanation.arn_formats.iter().take(MOST_ROWS) {
                    writeln!(lines, "    it applies to {format}")?;
                }
            }
        }
        None if explanation.undecided => writeln!(
            lines,
            "  {asked}{on} counts as granted: deciding it would take too much work"
        )?,
        None if explanation.action.is_some() && may_be_denied(explanation) => {
            writeln!(
                lines,
                "  {asked}{on} is granted, but some requests may be denied"
            )?;
        }
        None => writeln!(lines, "  {asked}{on} is granted")?,
    }
    if let Some(actions) = &explanation.granted_actions
        && !actions.is_empty()
    {
        let label = format!("  {}: ", count(actions.len(), "action"));
        write_names(lines, &label, actions)?;
    }
    for (name, value) in &explanation.variables {
        writeln!(lines, "  with {name}: {value}")?;
    }
    if let Some(boundary) = explanation.permissions_boundary
        && explanation.granted
    {
        writeln!(
            lines,
            "  A permissions boundary is set and not evaluated: it may deny this ({boundary})"
        )?;
    }
    Ok(())
}

/// Whether a deny applies under its condition, or for some values of its policy variables.
fn may_be_denied(explanation: &Explanation<'_>) -> bool {
    let mut denies = explanation.denies.iter();
    denies.any(|deny| matches!(deny.effect, DenyEffect::Conditional | DenyEffect::Variable))
}

fn asked(explanation: &Explanation<'_>) -> String {
    match explanation.action {
        Some(action) => format!("{}:{action}", explanation.service),
        None => explanation.service.to_owned(),
    }
}

fn why_not(reason: NotGranted, explanation: &Explanation<'_>) -> &'static str {
    match reason {
        NotGranted::NoStatement => "no statement allows it",
        NotGranted::NotAResourceOfTheAction if explanation.action.is_none() => {
            "no action of it that is allowed can apply to this resource"
        }
        NotGranted::NotAResourceOfTheAction if explanation.arn_formats.is_empty() => {
            "the action has no resources of its own; ask without a resource"
        }
        NotGranted::NotAResourceOfTheAction => "the action cannot apply to this resource",
        NotGranted::OnlyOtherKindsOfResources => {
            "it is allowed only on resources that it cannot apply to"
        }
        NotGranted::OnlyOtherResources => "it is allowed on other resources only",
        _ => "denies take away all that is allowed",
    }
}

fn write_allows(
    lines: &mut Lines<'_>,
    title: &str,
    allows: &[&ExplainedAllow<'_>],
    explanation: &Explanation<'_>,
) -> io::Result<()> {
    if allows.is_empty() {
        return Ok(());
    }
    writeln!(lines)?;
    writeln!(lines, "{title}")?;
    for allow in allows.iter().take(MOST_ROWS) {
        write_place(lines, &allow.place)?;
        write_actions(
            lines,
            &allow.place,
            &allow.matched_by,
            &allow.actions,
            explanation,
            true,
        )?;
        for resource in allow.resources.iter().take(MOST_ROWS) {
            write_resource(lines, resource)?;
        }
        write_more(lines, INDENT, allow.resources.len())?;
        write_condition(lines, &allow.place)?;
    }
    write_more(lines, "  ", allows.len())
}

fn write_denies(
    lines: &mut Lines<'_>,
    title: &str,
    denies: &[&ExplainedDeny<'_>],
    explanation: &Explanation<'_>,
) -> io::Result<()> {
    if denies.is_empty() {
        return Ok(());
    }
    writeln!(lines)?;
    writeln!(lines, "{title}")?;
    for deny in denies.iter().take(MOST_ROWS) {
        write_place(lines, &deny.place)?;
        write_actions(
            lines,
            &deny.place,
            &deny.matched_by,
            &deny.actions,
            explanation,
            deny.effect.removes(),
        )?;
        let (label, patterns) = match &deny.place.statement.resources {
            Some(ResourceElement::Resource(patterns)) => ("on ", patterns.as_slice()),
            Some(ResourceElement::NotResource(patterns)) => {
                ("on everything but ", patterns.as_slice())
            }
            None => ("", &[][..]),
        };
        let texts: Vec<&str> = patterns.iter().map(|resource| &*resource.text).collect();
        write_names(lines, &format!("{INDENT}{label}"), &texts)?;
        write_condition(lines, &deny.place)?;
        let effect = match deny.effect {
            DenyEffect::RemovesAll => "takes away all that is allowed",
            DenyEffect::RemovesPart => "takes away a part of what is allowed",
            DenyEffect::Conditional => "applies only under its condition",
            DenyEffect::Variable => {
                "may deny it: its policy variables stand for something else in each request"
            }
            _ => "covers nothing that is allowed",
        };
        writeln!(lines, "{INDENT}=> {effect}")?;
    }
    write_more(lines, "  ", denies.len())
}

/// `DeveloperAccess v3, Statement[1] "Objects"`, and the way to it.
fn write_place(lines: &mut Lines<'_>, place: &PlacedStatement<'_>) -> io::Result<()> {
    let path = &place.path;
    let version = |policy: String| match path.version {
        Some(version) => format!("{policy} {version}"),
        None => policy,
    };
    let sid = place.statement.sid.as_deref();
    let sid = sid.map_or_else(String::new, |sid| format!(" \"{sid}\""));
    writeln!(
        lines,
        "  {}, Statement[{}]{sid}",
        version(path.policy_name.to_owned()),
        place.index
    )?;
    let policy = match path.policy_arn {
        Some(arn) => version(short_name(arn).to_owned()),
        None => format!("inline policy {}", path.policy_name),
    };
    let entities = std::iter::once(path.entity).chain(path.group);
    let mut steps: Vec<&str> = entities.map(|entity| short_name(&entity.arn)).collect();
    let is_itself = path.policy_arn.is_some_and(|arn| **arn == *path.entity.arn);
    if !is_itself {
        steps.push(&policy);
        writeln!(lines, "{INDENT}{}", steps.join(" -> "))?;
    }
    Ok(())
}

fn write_actions(
    lines: &mut Lines<'_>,
    place: &PlacedStatement<'_>,
    matched_by: &[&str],
    actions: &[&str],
    explanation: &Explanation<'_>,
    matters: bool,
) -> io::Result<()> {
    let label = match place.statement.actions {
        ActionElement::Action(_) => "",
        ActionElement::NotAction(_) => "all but ",
    };
    write_names(lines, &format!("{INDENT}{label}"), matched_by)?;
    if explanation.action.is_none() && !actions.is_empty() {
        let label = format!("{INDENT}{}: ", count(actions.len(), "action"));
        if matters {
            write_names(lines, &label, actions)?;
        } else {
            write_few_names(lines, &label, actions)?;
        }
    }
    Ok(())
}

fn write_resource(lines: &mut Lines<'_>, resource: &ExplainedResource<'_>) -> io::Result<()> {
    let outcome = match resource.outcome {
        ResourceOutcome::NotOfAction => ": the action cannot apply to it",
        ResourceOutcome::NotAsked => ": another resource",
        ResourceOutcome::Denied => ": denied",
        ResourceOutcome::Undecided => ": undecided",
        _ => "",
    };
    if resource.not_resource.is_empty() {
        writeln!(lines, "{INDENT}on {}{outcome}", resource.resource)?;
    } else {
        let label = format!("{INDENT}on everything but ");
        write_names(lines, &label, &resource.not_resource)?;
        if !outcome.is_empty() {
            writeln!(
                lines,
                "{INDENT}  {}",
                outcome.trim_start_matches([':', ' '])
            )?;
        }
    }
    let inner = format!("{INDENT}   ");
    write_names(lines, &format!("{inner}except "), &resource.except)?;
    for only in &resource.only {
        write_names(lines, &format!("{inner}only "), only)?;
    }
    match &resource.example {
        Some(example) => writeln!(lines, "{inner}leaves, for example, {example}"),
        None => Ok(()),
    }
}

fn write_condition(lines: &mut Lines<'_>, place: &PlacedStatement<'_>) -> io::Result<()> {
    let condition = place.statement.condition.as_ref();
    for line in condition.map(condition::lines).unwrap_or_default() {
        writeln!(lines, "{INDENT}if {line}")?;
    }
    Ok(())
}

fn write_uses(
    lines: &mut Lines<'_>,
    explanation: &Explanation<'_>,
    has_trail: bool,
) -> io::Result<()> {
    writeln!(lines)?;
    if !has_trail {
        return writeln!(lines, "Last uses: no trail was given (--trail)");
    }
    let mut uses = explanation.last_uses.iter();
    let are_denied = uses.all(|last| last.is_last_denied == Some(true));
    let denied = if are_denied && !explanation.last_uses.is_empty() {
        ". All attempts were denied"
    } else {
        ""
    };
    match (explanation.state, &explanation.state_reason) {
        (Some(state), Some(reason)) => writeln!(lines, "Last uses: {state}, {reason}{denied}")?,
        (Some(state), None) => writeln!(lines, "Last uses: {state}{denied}")?,
        (None, _) if explanation.last_uses.is_empty() => {
            writeln!(lines, "Last uses: none in the logs that were read")?;
        }
        (None, _) => writeln!(lines, "Last uses{denied}")?,
    }
    if explanation.last_uses.is_empty() {
        return Ok(());
    }
    let is_other = |last: &ExplainedUse<'_>| last.entity != explanation.arn;
    let has_others = explanation.last_uses.iter().any(is_other);
    let mut header = vec!["TIME", "REGION"];
    header.extend(explanation.action.is_none().then_some("ACTION"));
    header.extend(has_others.then_some("BY"));
    let has_denied = explanation.last_uses.iter().any(|last| last.denied > 0);
    header.extend(has_denied.then_some("DENIED"));
    header.push("EVENT");
    let mut table = PlainTable::with_header(&header);
    for last in explanation.last_uses.iter().take(MOST_ROWS) {
        let at = time::from_millis(last.time);
        let format = if last.is_exact {
            "%Y-%m-%dT%H:%M:%SZ"
        } else {
            "%Y-%m-%d"
        };
        let mut cells = vec![at.format(format).to_string(), last.region.to_owned()];
        if explanation.action.is_none() {
            cells.push(last.action.unwrap_or_default().to_owned());
        }
        if has_others {
            cells.push(short_name(last.entity).to_owned());
        }
        if has_denied {
            cells.push(denials(last));
        }
        cells.push(last.event_id.unwrap_or_default().to_owned());
        table.add_row(cells);
    }
    table.write(lines, "  ")?;
    write_more(lines, "  ", explanation.last_uses.len())
}

/// `yes (3 of 3 attempts)`: whether the last attempt was denied, and how many were.
fn denials(last: &ExplainedUse<'_>) -> String {
    let answer = match last.is_last_denied {
        Some(true) => "yes",
        Some(false) => return "no".to_owned(),
        None if last.denied == 0 => return String::new(),
        None => "some",
    };
    let number = |attempts: u64| usize::try_from(attempts).unwrap_or(usize::MAX);
    let attempts = count(number(last.attempts), "attempt");
    format!(
        "{answer} ({} of {attempts})",
        thousands(number(last.denied))
    )
}

/// Writes how many more rows there are than are shown.
fn write_more(lines: &mut Lines<'_>, indent: &str, rows: usize) -> io::Result<()> {
    match rows.checked_sub(MOST_ROWS) {
        Some(more @ 1..) => writeln!(lines, "{indent}and {more} more (--format json lists all)"),
        _ => Ok(()),
    }
}
