//! What right-sizing wins, by account.

use std::collections::BTreeMap;
use std::io;

use access_advisor::rightsize::Rightsized;
use serde::Serialize;

use crate::lines::Lines;
use crate::plain_table::PlainTable;

/// How many entities are listed as those of which right-sizing wins the most.
const TOP: usize = 10;

/// An account.
#[derive(Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RightsizedAccount<'a> {
    account: &'a str,
    /// The users, groups, roles and policies.
    entities: usize,
    changed: usize,
    refused: usize,
    /// The granted actions of all of them, now and without what is removed.
    granted_actions: usize,
    removed_actions: usize,
}

/// One row for each account, in order.
pub(super) fn by_account(rightsized: &[Rightsized]) -> Vec<RightsizedAccount<'_>> {
    let mut accounts: BTreeMap<&str, RightsizedAccount<'_>> = BTreeMap::new();
    for entity in rightsized {
        let account = entity.account.as_str();
        let row = accounts.entry(account).or_default();
        row.account = account;
        row.entities += 1;
        row.refused += usize::from(entity.refused.is_some());
        if entity.refused.is_none() {
            row.changed += usize::from(entity.changes());
            row.granted_actions += entity.kept.total() + entity.removed_actions;
            row.removed_actions += entity.removed_actions;
        }
    }
    accounts.into_values().collect()
}

/// The accounts, and the entities of which right-sizing wins the most: privileges, then actions that write, then actions.
pub(super) fn write(lines: &mut Lines<'_>, rightsized: &[Rightsized]) -> io::Result<()> {
    let mut table = PlainTable::with_header(&[
        "account", "entities", "change", "refused", "granted", "removed",
    ]);
    (1..6).for_each(|column| table.align_right(column));
    for row in by_account(rightsized) {
        let numbers = [
            row.entities,
            row.changed,
            row.refused,
            row.granted_actions,
            row.removed_actions,
        ];
        let cells = numbers.iter().map(ToString::to_string);
        table.add_row(std::iter::once(row.account.to_owned()).chain(cells));
    }
    table.write(lines, "")?;
    let mut top: Vec<&Rightsized> = rightsized.iter().collect();
    top.retain(|entity| entity.refused.is_none() && entity.removed_actions > 0);
    top.sort_by(|left, right| {
        let key = |entity: &Rightsized| {
            std::cmp::Reverse((
                entity.removed_privileges,
                entity.removed_writes,
                entity.removed_actions,
            ))
        };
        key(left)
            .cmp(&key(right))
            .then_with(|| left.arn.cmp(&right.arn))
    });
    writeln!(lines)?;
    if top.is_empty() {
        return Ok(());
    }
    let mut table = PlainTable::with_header(&[
        "wins the most",
        "privileges",
        "other writes",
        "removed",
        "kept",
        "new policies",
    ]);
    (1..6).for_each(|column| table.align_right(column));
    for entity in top.into_iter().take(TOP) {
        let numbers = [
            entity.removed_privileges,
            entity.removed_writes,
            entity.removed_actions,
            entity.kept.total(),
            entity.new_policies.len(),
        ];
        let cells = numbers.iter().map(ToString::to_string);
        table.add_row(std::iter::once(entity.arn.to_string()).chain(cells));
    }
    table.write(lines, "")?;
    writeln!(lines)
}
