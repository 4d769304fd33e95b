//! What a reviewer reads: what is lost, what matters most first, and why what stays does.

use std::fmt::Write;

use service_catalog::{AccessLevel, ActionId, Catalog};

use crate::action_set::ActionSet;
use crate::findings::{Privilege, name_of};
use crate::text::{Printable, count};

use super::outcome::{PolicyPlace, Rightsized};
use super::reasons::ActionReasons;

/// The review of an entity that changes, as Markdown.
pub(super) fn review(entity: &Rightsized, reasons: &ActionReasons) -> String {
    let mut text = String::new();
    _ = writeln!(text, "# Review: {}\n", Printable(&entity.arn));
    _ = writeln!(
        text,
        "{} of {} granted actions are removed; of these, {} and {} others that write.\n",
        entity.removed_actions,
        entity.removed_actions + entity.kept.total(),
        count(entity.removed_privileges, "privilege"),
        entity.removed_writes
    );
    for line in caveats(entity) {
        _ = writeln!(text, "- {}", Printable(line));
    }
    text.push_str("\n## What is lost\n");
    write_lost(&mut text, reasons);
    text.push_str("\n## What stays, and why\n");
    for (why, set) in kept(reasons) {
        if !set.is_empty() {
            _ = writeln!(text, "\n### {} {why}\n", set.len());
            write_services(&mut text, reasons, set);
        }
    }
    text
}

/// What the numbers rest on, and what is to be known before the change.
fn caveats(entity: &Rightsized) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(basis) = &entity.rests_on {
        lines.push(format!("Rests on {basis}."));
    }
    if let Some(proof) = &entity.proof {
        lines.push(format!(
            "Proved from the text of the policies: {} kept, and nothing granted that is not granted today. That nobody needs what is \
             lost is not proved: no log that was read shows a use.",
            count(proof.needed_within_new, "needed action")
        ));
    }
    if let Some(boundary) = &entity.permissions_boundary {
        lines.push(format!(
            "The permissions boundary {boundary} is not evaluated: it may deny some of what stays."
        ));
    }
    if entity.removed_by_data_events > 0 {
        lines.push(format!(
            "Data events show {} of the lost actions, and a trail may log those of some resources only: check its event selectors.",
            entity.removed_by_data_events
        ));
    }
    for policy in &entity.policies {
        let name = policy.policy_arn.as_deref().unwrap_or(&policy.policy_name);
        if policy.left_unattached {
            lines.push(format!(
                "{name} will be attached to nothing. Delete it when nobody wants to go back."
            ));
        }
        if policy.changes && policy.is_of_aws() {
            lines.push(format!(
                "AWS maintains {name}. What AWS adds to it later is not in the new policies."
            ));
        }
    }
    for policy in &entity.new_policies {
        if policy.policy_type == PolicyPlace::Managed && entity.was_inline(policy) {
            lines.push(format!(
                "{} becomes a managed policy: it is too long to stay inline.",
                policy.policy_name
            ));
        }
    }
    for member in &entity.only_one_member {
        if !member.actions.is_empty() {
            lines.push(format!(
                "Only {} used {}.",
                member.arn,
                member.actions.join(", ")
            ));
        }
        if !member.denied_actions.is_empty() {
            lines.push(format!(
                "Only {} tried {}, and was denied.",
                member.arn,
                member.denied_actions.join(", ")
            ));
        }
    }
    lines
}

/// The sets of actions that stay, with why.
fn kept(reasons: &ActionReasons) -> [(&'static str, &ActionSet); 7] {
    [
        ("used: an attempt shows each", &reasons.used),
        (
            "denied: attempts show each, and all were denied. Decide whether they should be granted",
            &reasons.denied,
        ),
        (
            "implied: a call of another action may have exercised each",
            &reasons.implied,
        ),
        ("marked: a keep rule names each", &reasons.marked),
        (
            "unobservable: the trail would not have shown a use",
            &reasons.unobservable,
        ),
        (
            "uncovered: too few days were read of what would have shown a use",
            &reasons.uncovered,
        ),
        (
            "in what stays whole: a statement or, by service, a service of which something else stays",
            &reasons.whole,
        ),
    ]
}

/// The lost actions: privileges of the reviewed list one by one, then the others by access level.
fn write_lost(text: &mut String, reasons: &ActionReasons) {
    let catalog = &*reasons.catalog;
    let none = || ActionSet::empty(catalog.action_count());
    let (mut manages, mut writes, mut reads) = (none(), none(), none());
    let mut listed: Vec<(ActionId, &Privilege)> = Vec::new();
    let lost = reasons.removed.iter();
    for action in lost.filter_map(|position| catalog.action_at(position)) {
        if let Some(privilege) = Privilege::listed(&name_of(catalog, action)) {
            listed.push((action, privilege));
            continue;
        }
        let set = match catalog.action(action).access_level() {
            AccessLevel::PermissionsManagement => &mut manages,
            AccessLevel::List | AccessLevel::Read => &mut reads,
            _ => &mut writes,
        };
        set.insert(action.index());
    }
    if !listed.is_empty() {
        let number = listed.len();
        _ = writeln!(
            text,
            "\n### {number} that can lead to more permissions or to credentials\n"
        );
        for (action, privilege) in listed {
            _ = writeln!(
                text,
                "- `{}`: {}",
                name_of(catalog, action),
                privilege.gives
            );
        }
    }
    for (set, what) in [
        (manages, "that manage permissions"),
        (writes, "that write"),
        (reads, "that list and read"),
    ] {
        if !set.is_empty() {
            _ = writeln!(text, "\n### {} {what}\n", set.len());
            write_services(text, reasons, &set);
        }
    }
}

/// The actions of a set, by service.
fn write_services(text: &mut String, reasons: &ActionReasons, set: &ActionSet) {
    let catalog: &Catalog = &reasons.catalog;
    let name = |action: ActionId| catalog.action(action).name();
    for (_, service) in catalog.services() {
        let of_service = set.iter_range(service.action_range());
        let names = of_service.filter_map(|at| catalog.action_at(at)).map(name);
        let names: Vec<&str> = names.collect();
        if !names.is_empty() {
            let (namespace, number) = (service.namespace(), names.len());
            _ = writeln!(text, "- `{namespace}` ({number}): {}", names.join(", "));
        }
    }
    // Services without known actions have the positions behind all actions.
    let unnamed = catalog.services().map(|(_, service)| service);
    let unnamed = unnamed.filter(|service| service.action_range().is_empty());
    for (position, service) in (catalog.action_count()..).zip(unnamed) {
        if set.contains(position) {
            let namespace = service.namespace();
            _ = writeln!(text, "- `{namespace}`: the catalog knows no action of it");
        }
    }
}
