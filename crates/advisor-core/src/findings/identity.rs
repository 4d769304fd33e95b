//! Findings on users and roles.

use service_catalog::ActionId;

use super::credential;
use super::evidence::{IdentityUses, Uses};
use super::finding::{Finding, FoundPermission};
use super::judged::JudgedEntity;
use super::kind::FindingKind;
use super::observed::Observed;
use super::policy;
use super::privileges::PrivilegeClass;
use super::search::Search;
use super::severity::{Severity, SeverityReason};
use super::unknown_event_source::UnknownEventSource;
use crate::account::EntityKind;
use crate::state::State;

/// Adds the findings on a user or role. Returns the event sources that the catalog does not know and that may be parts of what it is
/// granted.
pub(super) fn find(
    search: &Search<'_>,
    entity: &JudgedEntity<'_>,
    found: &mut Vec<Finding>,
) -> Vec<UnknownEventSource> {
    let observed = Observed::of(search.advisor, entity.id);
    let unknown = observed.unknown_event_sources(search.advisor.catalog(), &entity.detail.arn);
    find_observed(search, entity, observed, found);
    unknown
}

fn find_observed(
    search: &Search<'_>,
    entity: &JudgedEntity<'_>,
    mut observed: Observed,
    found: &mut Vec<Finding>,
) {
    let uses = IdentityUses::new(search.advisor, entity.id, search.period);
    found.extend(repeated_denials(search, entity, &uses));
    found.extend(ungranted_use(search, entity, &observed, &uses));
    if !search.is_old_enough(entity.detail) {
        return;
    }
    if entity.detail.kind == EntityKind::User {
        credential::find(search, entity, found);
    }
    // What a policy that is not evaluated grants may have been used unseen.
    let is_all_unused = observed.is_all_unused();
    // What leaves no trace in the trail, AWS would remember of a role.
    let is_never_used = entity.detail.is_never_used && observed.is_nothing_seen();
    let is_unused = (is_all_unused || is_never_used)
        && search.advisor.not_evaluated(entity.id).is_empty()
        && !credential::has_signed_in(search, entity.id);
    if !is_unused {
        found.extend(unused_permission(search, entity, &observed, &uses));
        unused_privileges(search, entity, (&observed, &uses), found);
        policy::find_inline(search, entity, (&observed, Some(&uses)), found);
    } else if !credential::is_remembered(search, entity.id, entity.detail) {
        // If IAM saw a use, the trail misses something that it should have, and nothing of the identity is called unused.
        if !is_all_unused {
            let advisor = search.advisor;
            let reach = advisor.engine().reach(advisor.account(), entity.id);
            observed.take_for_unused(advisor.catalog(), &reach);
        }
        found.push(Finding {
            rests_on_last_used: !is_all_unused,
            ..unused_identity(search, entity, &observed, &uses)
        });
    }
}

/// A user or role of which nothing was used.
fn unused_identity(
    search: &Search<'_>,
    entity: &JudgedEntity<'_>,
    observed: &Observed,
    uses: &IdentityUses<'_>,
) -> Finding {
    let kind = match entity.detail.kind {
        EntityKind::User => FindingKind::UnusedIamUser,
        _ => FindingKind::UnusedIamRole,
    };
    let actions: Vec<ActionId> = observed.unused_actions().collect();
    let severity = search.worst(entity, &actions, false);
    let services = observed.services.iter();
    let permissions =
        services.map(|service| search.whole(service, uses.of_service(service.service)));
    Finding {
        last_use: uses.all.last_use(),
        ..search.unused(
            (kind, ""),
            entity,
            severity,
            &actions,
            permissions.collect(),
        )
    }
}

/// Services, and actions of services, of an identity that does other things.
fn unused_permission(
    search: &Search<'_>,
    entity: &JudgedEntity<'_>,
    observed: &Observed,
    uses: &IdentityUses<'_>,
) -> Option<Finding> {
    let granted = observed
        .services
        .iter()
        .filter(|service| service.is_granted);
    let permissions = granted.filter_map(|service| {
        if service.state == Some(State::Unused) {
            Some(search.whole(service, uses.of_service(service.service)))
        } else {
            let unused = service.unused.clone();
            (!unused.is_empty()).then(|| service.part(unused, Some(uses)))
        }
    });
    let permissions: Vec<FoundPermission> = permissions.collect();
    if permissions.is_empty() {
        return None;
    }
    let actions: Vec<ActionId> = observed.unused_actions().collect();
    // What is a privilege is a finding of its own.
    let severity = search.by_access_level(&actions);
    let kind = FindingKind::UnusedPermission;
    Some(search.unused((kind, ""), entity, severity, &actions, permissions))
}

/// Unused actions that can escalate, by class.
fn unused_privileges(
    search: &Search<'_>,
    entity: &JudgedEntity<'_>,
    (observed, uses): (&Observed, &IdentityUses<'_>),
    found: &mut Vec<Finding>,
) {
    let pass_role = search.privileges.pass_role();
    let may_pass = pass_role.is_some_and(|pass_role| entity.is_granted(&search.set(&[pass_role])));
    for class in PrivilegeClass::ALL {
        // What runs under a role that is passed is of no use without one. Passing leaves no record: it is never unused itself.
        if class == PrivilegeClass::PassRole && !may_pass {
            continue;
        }
        let unused = observed.unused_actions();
        let actions: Vec<ActionId> = unused
            .filter(|action| search.privileges.class_of(*action) == Some(class))
            .collect();
        if actions.is_empty() {
            continue;
        }
        let severity = search.worst(entity, &actions, may_pass);
        let permissions = search.permissions(&actions, observed, Some(uses));
        let kind = (FindingKind::UnusedPrivilege, class.name());
        found.push(search.unused(kind, entity, severity, &actions, permissions));
    }
}

/// Actions that succeeded although no policy grants them. Policies that cannot be evaluated may grant them.
fn ungranted_use(
    search: &Search<'_>,
    entity: &JudgedEntity<'_>,
    observed: &Observed,
    uses: &IdentityUses<'_>,
) -> Option<Finding> {
    if !search.advisor.not_evaluated(entity.id).is_empty() {
        return None;
    }
    let ungranted = observed
        .services
        .iter()
        .flat_map(|service| &service.ungranted);
    let actions: Vec<ActionId> = ungranted
        .copied()
        .filter(|action| {
            let recent = uses.actions.get(action).map(Uses::recent);
            recent.is_some_and(|recent| recent.allowed > 0) && !search.needs_no_permission(*action)
        })
        .collect();
    Some(Finding {
        severity: Severity::Low,
        severity_reason: SeverityReason::GrantedElsewhere,
        ..of_uses(search, FindingKind::UngrantedUse, entity, uses, &actions)?
    })
}

/// Actions that were denied often.
fn repeated_denials(
    search: &Search<'_>,
    entity: &JudgedEntity<'_>,
    uses: &IdentityUses<'_>,
) -> Option<Finding> {
    let mut actions: Vec<ActionId> = uses
        .actions
        .iter()
        .filter(|(_, uses)| uses.recent().denied >= search.settings.denials)
        .map(|(action, _)| *action)
        .collect();
    actions.sort_unstable();
    let finding = of_uses(search, FindingKind::RepeatedDenials, entity, uses, &actions)?;
    let (severity, severity_reason) = search.of_denials(&actions, uses);
    Some(Finding {
        severity,
        severity_reason,
        granted_by: entity.granting_statements(&search.set(&actions)),
        ..finding
    })
}

/// A finding on actions that were used, or denied.
fn of_uses(
    search: &Search<'_>,
    kind: FindingKind,
    entity: &JudgedEntity<'_>,
    uses: &IdentityUses<'_>,
    actions: &[ActionId],
) -> Option<Finding> {
    let catalog = search.advisor.catalog();
    let mut permissions = Vec::new();
    for of_service in actions
        .chunk_by(|left, right| catalog.action(*left).service() == catalog.action(*right).service())
    {
        let service = catalog.action(*of_service.first()?).service();
        let action_uses = uses.of_actions(of_service);
        permissions.push(FoundPermission::of_actions(
            service,
            of_service.into(),
            action_uses,
        ));
    }
    Some(Finding {
        last_use: Some(FoundPermission::last_use_of(&permissions)?),
        state: Some(State::Used),
        permissions,
        ..search.finding(kind, entity.detail, "")
    })
}
