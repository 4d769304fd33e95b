//! Findings on managed policies and groups.

use super::evidence::IdentityUses;
use super::finding::Finding;
use super::judged::JudgedEntity;
use super::kind::FindingKind;
use super::observed::Observed;
use super::search::Search;
use super::severity::{Severity, SeverityReason};
use crate::account::PolicySource;

/// Adds the findings on a managed policy.
pub(super) fn find_on_policy(
    search: &Search<'_>,
    policy: &JudgedEntity<'_>,
    found: &mut Vec<Finding>,
) {
    let detail = policy.detail;
    if !search.is_old_enough(detail) {
        return;
    }
    let is_attached = search
        .advisor
        .account()
        .attached_to(policy.id)
        .next()
        .is_some();
    if is_attached {
        let account = search.advisor.account();
        // Who has it as a boundary may need what nobody with the policy uses.
        if search.holders.check(account, policy.id, detail).is_ok() {
            found.extend(unused_policy(search, policy));
        }
        return;
    }
    // What the export says of other attachments counts: it may be a permissions boundary, or the export may lack identities.
    let is_used = detail.policy_uses.is_some_and(|uses| uses > 0);
    let is_unknown = detail.policy_uses.is_none() && search.holders.is_incomplete;
    if !detail.is_aws_managed() && !is_used && !is_unknown {
        found.push(Finding {
            severity: Severity::Informational,
            severity_reason: SeverityReason::GrantsNothing,
            ..search.finding(FindingKind::UnattachedPolicy, detail, "")
        });
    }
}

/// A policy that is attached, and of which nobody used anything.
fn unused_policy(search: &Search<'_>, policy: &JudgedEntity<'_>) -> Option<Finding> {
    let observed = Observed::of(search.advisor, policy.id);
    if !observed.is_all_unused() {
        return None;
    }
    let actions: Vec<_> = observed.unused_actions().collect();
    let severity = search.worst(policy, &actions, false);
    let services = observed.services.iter();
    let permissions = services
        .map(|service| search.whole(service, None))
        .collect();
    let kind = (FindingKind::UnusedPolicy, "");
    Some(search.unused(kind, policy, severity, &actions, permissions))
}

/// Adds the findings on inline policies of a user, group or role: those of which all that they allow is unused. What the entity has
/// by other policies too counts as used by all of them.
pub(super) fn find_inline(
    search: &Search<'_>,
    holder: &JudgedEntity<'_>,
    (observed, uses): (&Observed, Option<&IdentityUses<'_>>),
    found: &mut Vec<Finding>,
) {
    let advisor = search.advisor;
    let unused: Vec<_> = observed.unused_actions().collect();
    let unused = search.set(&unused);
    for policy in advisor.account().policies_in_effect(holder.id) {
        let PolicySource::Document(document) = policy.document else {
            continue;
        };
        if policy.holder != holder.id || policy.arn.is_some() {
            continue;
        }
        let Some(compiled) = advisor.compiled(*document) else {
            continue;
        };
        let mut rest = compiled.possible.clone();
        rest.subtract(&unused);
        if compiled.possible.is_empty() || !rest.is_empty() {
            continue;
        }
        let positions = compiled.possible.iter();
        let actions: Vec<_> = positions
            .filter_map(|position| advisor.catalog().action_at(position))
            .collect();
        let severity = search.worst(holder, &actions, false);
        let permissions = search.permissions(&actions, observed, uses);
        let kind = (FindingKind::UnusedPolicy, policy.name);
        let mut finding = search.unused(kind, holder, severity, &actions, permissions);
        finding.granted_by.retain(|statement| {
            statement.group.is_none()
                && statement.policy_arn.is_none()
                && *statement.policy == *policy.name
        });
        found.push(finding);
    }
}

/// Adds the finding on a group without members, and those on the inline policies of others. Without any user of the account, the
/// export may have been filtered.
pub(super) fn find_on_group(
    search: &Search<'_>,
    group: &JudgedEntity<'_>,
    found: &mut Vec<Finding>,
) {
    let detail = group.detail;
    if !search.is_old_enough(detail) {
        return;
    }
    let account = search.advisor.account();
    if search.holders.is_incomplete {
        // Members may be missing.
        return;
    }
    if account.members_of(group.id).next().is_some() {
        let observed = Observed::of(search.advisor, group.id);
        find_inline(search, group, (&observed, None), found);
    } else if search.holders.has_users(&detail.account) {
        found.push(Finding {
            severity: Severity::Informational,
            severity_reason: SeverityReason::GrantsNothing,
            ..search.finding(FindingKind::EmptyGroup, detail, "")
        });
    }
}
