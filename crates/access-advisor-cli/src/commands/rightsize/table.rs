//! Right-sized policies for people: what each statement loses, and the new policies.

use std::collections::BTreeMap;
use std::io;

use access_advisor::rightsize::{Advice, PolicyChange, PolicyPlace, Rightsized, StatementChange};
use access_advisor::text::{Printable, count};

use crate::lines::Lines;
use crate::wording::short_name;

/// Longer lists of names are cut.
const MOST_LETTERS: usize = 72;

pub(super) fn write(lines: &mut Lines<'_>, rightsized: &[Rightsized]) -> io::Result<()> {
    let (refused, proposed): (Vec<_>, Vec<_>) =
        rightsized.iter().partition(|it| it.refused.is_some());
    let mut is_first = true;
    for entity in proposed {
        if !is_first {
            writeln!(lines)?;
        }
        is_first = false;
        write_entity(lines, entity)?;
    }
    // Many are refused for the same reason.
    let mut by_reason: BTreeMap<String, Vec<&Rightsized>> = BTreeMap::new();
    for entity in refused {
        let reason = entity.refused.iter().map(ToString::to_string);
        let advice = entity.advice.iter().map(ToString::to_string);
        let lines: Vec<String> = reason.chain(advice).collect();
        by_reason.entry(lines.join("; ")).or_default().push(entity);
    }
    for (reason, entities) in by_reason {
        if !is_first {
            writeln!(lines)?;
        }
        is_first = false;
        for entity in entities {
            writeln!(lines, "{}", Printable(&entity.arn))?;
        }
        writeln!(lines, "  nothing is proposed: {}", Printable(reason))?;
    }
    Ok(())
}

fn write_entity(lines: &mut Lines<'_>, entity: &Rightsized) -> io::Result<()> {
    writeln!(lines, "{}", Printable(&entity.arn))?;
    if entity.policies.is_empty() {
        writeln!(lines, "  has no policies of its own")?;
        return write_groups(lines, entity);
    }
    let kept = entity.kept;
    let granted = entity.removed_actions + kept.total();
    let parts = [
        (kept.used, "used"),
        (kept.denied, "denied"),
        (kept.implied, "implied"),
        (kept.marked, "marked"),
        (kept.unobservable, "unobservable"),
        (kept.uncovered, "uncovered"),
        (kept.whole, "in what stays whole"),
    ];
    let parts = parts.iter().filter(|(number, _)| *number > 0);
    let parts: Vec<String> = parts
        .map(|(number, why)| format!("{number} {why}"))
        .collect();
    let removed = match (entity.removed_privileges, entity.removed_writes) {
        (0, 0) => entity.removed_actions.to_string(),
        (privileges, writes) => format!(
            "{} ({}, {writes} other that write)",
            entity.removed_actions,
            count(privileges, "privilege")
        ),
    };
    let keeps = if parts.is_empty() {
        String::new()
    } else {
        format!("; keeps {}", parts.join(", "))
    };
    writeln!(
        lines,
        "  removes {removed} of {granted} granted actions{keeps}"
    )?;
    if entity.changes()
        && let Some(basis) = &entity.rests_on
    {
        // One line for each part: days, Regions, gaps.
        let basis = basis.to_string();
        for (number, part) in basis.split("; ").enumerate() {
            let start = if number == 0 { "  rests on" } else { "   " };
            writeln!(lines, "{start} {}", Printable(part))?;
        }
    }
    if entity.nothing_seen() {
        let free = match entity.used_without_permission.as_slice() {
            [] => String::new(),
            free => format!(
                " but {}, for which nobody needs a permission",
                free.join(", ")
            ),
        };
        writeln!(
            lines,
            "  nothing that it grants was seen used{}",
            Printable(free)
        )?;
        let advice = entity.advice.iter();
        for advice in advice.filter(|it| **it != Advice::SafeWildcards) {
            writeln!(lines, "    {advice}")?;
        }
    }
    write_groups(lines, entity)?;
    if let Some(boundary) = &entity.permissions_boundary {
        writeln!(
            lines,
            "  the permissions boundary {} is not evaluated: it may deny some of what stays",
            Printable(boundary)
        )?;
    }
    if entity.removed_by_data_events > 0 {
        writeln!(
            lines,
            "  check the trail's event selectors: data events show {} of the removed actions, and a trail may log those of some resources only",
            entity.removed_by_data_events
        )?;
    }
    for policy in &entity.policies {
        write_policy(lines, policy)?;
    }
    if entity.advice.contains(&Advice::SafeWildcards) {
        writeln!(lines, "  {}", Advice::SafeWildcards)?;
    }
    for policy in &entity.new_policies {
        let place = match policy.policy_type {
            PolicyPlace::Inline => "inline",
            PolicyPlace::Managed => "managed",
        };
        writeln!(
            lines,
            "  new {place} policy {}: {} characters, for {}{}",
            Printable(&policy.policy_name),
            policy.characters,
            Printable(policy.replaces.join(", ")),
            if policy.policy_type == PolicyPlace::Managed && entity.was_inline(policy) {
                ": too long to stay inline"
            } else {
                ""
            }
        )?;
    }
    if entity.needs_room() {
        let versions = entity.versions.len();
        writeln!(
            lines,
            "  has {versions} versions, as many as IAM keeps: delete one before you apply this"
        )?;
    }
    for member in &entity.only_one_member {
        for (did, actions, and) in [
            ("used", &member.actions, ""),
            ("tried", &member.denied_actions, ", and was denied"),
        ] {
            if !actions.is_empty() {
                writeln!(
                    lines,
                    "  only {} {did} {}{and}",
                    Printable(&member.arn),
                    Printable(names(actions))
                )?;
            }
        }
    }
    if let Some(proof) = &entity.proof {
        writeln!(
            lines,
            "  proved: {} kept and nothing new granted, in {}",
            count(proof.needed_within_new, "needed action"),
            count(proof.new_within_old, "statement")
        )?;
    }
    Ok(())
}

/// The groups of a user, which are right-sized by themselves.
fn write_groups(lines: &mut Lines<'_>, entity: &Rightsized) -> io::Result<()> {
    if entity.groups.is_empty() {
        return Ok(());
    }
    let groups: Vec<&str> = entity.groups.iter().map(|arn| short_name(arn)).collect();
    writeln!(
        lines,
        "  what its groups grant is right-sized with them: {}",
        Printable(groups.join(", "))
    )
}

fn write_policy(lines: &mut Lines<'_>, policy: &PolicyChange) -> io::Result<()> {
    let what = match (&policy.not_evaluated, policy.changes) {
        (Some(reason), _) => format!("stays: {reason}"),
        (None, false) => "stays".to_owned(),
        (None, true) if policy.statements.iter().all(StatementChange::is_removed) => {
            "is removed".to_owned()
        }
        (None, true) => "changes".to_owned(),
    };
    let and = match (policy.left_unattached, policy.changes && policy.is_of_aws()) {
        (true, _) => "; then it is attached to nothing",
        (_, true) => "; what AWS adds to it later is not in the new policies",
        _ => "",
    };
    writeln!(
        lines,
        "  {}: {}{and}",
        Printable(policy.policy_arn.as_deref().unwrap_or(&policy.policy_name)),
        Printable(what)
    )?;
    for statement in &*policy.statements {
        let sid = statement.sid.as_deref().unwrap_or_default();
        let space = if sid.is_empty() { "" } else { " " };
        let what = if let Some(reason) = &statement.stays {
            format!("stays whole: {reason}")
        } else if statement.is_removed() {
            "is removed".to_owned()
        } else if statement.old.is_some() {
            let mut removed = Vec::new();
            removed.extend(
                statement
                    .removed_services
                    .iter()
                    .map(|it| format!("{it}:*")),
            );
            removed.extend(statement.removed_actions.iter().cloned());
            format!("loses {}", names(&removed))
        } else if statement.merged_into.is_some() {
            "changes its place".to_owned()
        } else {
            continue;
        };
        let merged = match statement.merged_into {
            Some(other) => format!("; written with statement {other}"),
            None => String::new(),
        };
        writeln!(
            lines,
            "    statement {}{space}{}: {}{merged}",
            statement.index,
            Printable(sid),
            Printable(what)
        )?;
    }
    Ok(())
}

/// Names with commas, cut when there are many.
fn names(all: &[String]) -> String {
    let mut text = String::new();
    for (number, name) in all.iter().enumerate() {
        if number > 0 && text.len() + name.len() > MOST_LETTERS {
            text.push_str(&format!(" and {} more", all.len() - number));
            break;
        }
        if number > 0 {
            text.push_str(", ");
        }
        text.push_str(name);
    }
    text
}
