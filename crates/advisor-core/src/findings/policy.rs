//! Findings on managed policies and groups.

use super::evidence::granting_statements;
use super::finding::{Finding, FoundPermission};
use super::kind::FindingKind;
use super::observed::{Observed, weakest};
use super::search::Search;
use super::severity::{Severity, SeverityReason};
use crate::account::{EntityDetail, EntityId, PolicySource};
use crate::state::State;

/// Adds the findings on a managed policy.
pub(super) fn find_on_policy(
    search: &Search<'_>,
    policy: EntityId,
    detail: &EntityDetail,
    found: &mut Vec<Finding>,
) {
    if !search.is_old_enough(detail) {
        return;
    }
    let is_attached = search
        .advisor
        .account()
        .attached_to(policy)
        .next()
        .is_some();
    if is_attached {
        found.extend(unused_policy(search, policy, detail));
        return;
    }
    // What the export says of other attachments counts: it may be a permissions boundary, or the export may lack identities.
    let is_used = detail.policy_uses.is_some_and(|uses| uses > 0);
    let is_unknown = detail.policy_uses.is_none() && search.is_incomplete;
    if !detail.is_aws_managed() && !is_used && !is_unknown {
        found.push(Finding {
            severity: Severity::Informational,
            severity_reason: SeverityReason::GrantsNothing,
            ..search.finding(FindingKind::UnattachedPolicy, detail, "")
        });
    }
}

/// A policy that is attached, and of which nobody used anything.
fn unused_policy(search: &Search<'_>, policy: EntityId, detail: &EntityDetail) -> Option<Finding> {
    let observed = Observed::of(search.advisor, policy, |_| false);
    if !observed.is_all_unused() {
        return None;
    }
    let actions: Vec<_> = observed.unused_actions().collect();
    let (severity, severity_reason) = search.worst(policy, &actions, false);
    Some(Finding {
        severity,
        severity_reason,
        unused_actions: actions.len(),
        permissions: (observed.services.iter())
            .map(|service| FoundPermission {
                service: service.service,
                is_whole_service: true,
                actions: Box::default(),
                action_count: service.granted,
                granted_actions: service.granted,
                last_use: None,
                state_reason: service.reason.clone(),
            })
            .collect(),
        granted_by: granting_statements(search.advisor, policy, &search.set(&actions)),
        state: Some(State::Unused),
        state_reason: observed.weakest_reason(),
        ..search.finding(FindingKind::UnusedPolicy, detail, "")
    })
}

/// Adds the findings on inline policies of a user, group or role: those of which all that they allow is unused. What the entity has
/// by other policies too counts as used by all of them.
pub(super) fn find_inline(
    search: &Search<'_>,
    holder: EntityId,
    detail: &EntityDetail,
    observed: &Observed,
    found: &mut Vec<Finding>,
) {
    let advisor = search.advisor;
    let unused: Vec<_> = observed.unused_actions().collect();
    let unused = search.set(&unused);
    for policy in advisor.account().policies_in_effect(holder) {
        let PolicySource::Document(document) = policy.document else {
            continue;
        };
        if policy.holder != holder || policy.arn.is_some() {
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
        let (severity, severity_reason) = search.worst(holder, &actions, false);
        let permissions = search.permissions(&actions, observed);
        let mut granted_by = granting_statements(advisor, holder, &compiled.possible);
        granted_by.retain(|statement| {
            statement.group.is_none()
                && statement.policy_arn.is_none()
                && *statement.policy == *policy.name
        });
        found.push(Finding {
            severity,
            severity_reason,
            unused_actions: actions.len(),
            granted_by,
            state: Some(State::Unused),
            state_reason: weakest(
                permissions
                    .iter()
                    .filter_map(|permission| permission.state_reason.as_ref()),
            ),
            permissions,
            ..search.finding(FindingKind::UnusedPolicy, detail, policy.name)
        });
    }
}

/// Adds the finding on a group without members, and those on the inline policies of others. Without any user of the account, the export may have been filtered.
pub(super) fn find_on_group(
    search: &Search<'_>,
    group: EntityId,
    detail: &EntityDetail,
    found: &mut Vec<Finding>,
) {
    if !search.is_old_enough(detail) {
        return;
    }
    let account = search.advisor.account();
    if account.members_of(group).next().is_some() {
        let observed = Observed::of(search.advisor, group, |_| false);
        find_inline(search, group, detail, &observed, found);
    } else if !search.is_incomplete && search.accounts_with_users.contains(&detail.account) {
        found.push(Finding {
            severity: Severity::Informational,
            severity_reason: SeverityReason::GrantsNothing,
            ..search.finding(FindingKind::EmptyGroup, detail, "")
        });
    }
}
