//! Findings on managed policies and groups.

use super::evidence::granting_statements;
use super::finding::{Finding, FoundPermission};
use super::kind::FindingKind;
use super::list::Search;
use super::observed::Observed;
use super::severity::{Severity, SeverityReason};
use crate::account::{EntityDetail, EntityId};
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
    let services = observed.services.iter();
    let actions: Vec<_> = services
        .flat_map(|service| service.unused.iter().copied())
        .collect();
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

/// Adds the finding on a group without members. Without any user of the account, the export may have been filtered.
pub(super) fn find_on_group(
    search: &Search<'_>,
    group: EntityId,
    detail: &EntityDetail,
    found: &mut Vec<Finding>,
) {
    let account = search.advisor.account();
    let is_empty = account.members_of(group).next().is_none();
    let is_known = !search.is_incomplete && search.accounts_with_users.contains(&detail.account);
    if is_empty && is_known && search.is_old_enough(detail) {
        found.push(Finding {
            severity: Severity::Informational,
            severity_reason: SeverityReason::GrantsNothing,
            ..search.finding(FindingKind::EmptyGroup, detail, "")
        });
    }
}
