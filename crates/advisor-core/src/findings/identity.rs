//! Findings on users and roles.

use hashbrown::HashMap;
use service_catalog::{ActionId, ServiceId};

use super::credential;
use super::evidence::{LastUse, Uses, granting_statements};
use super::finding::{Finding, FoundPermission, name_of};
use super::kind::FindingKind;
use super::observed::{Observed, ObservedService, weakest};
use super::policy;
use super::privileges::PrivilegeClass;
use super::search::Search;
use super::severity::{Severity, SeverityReason};
use crate::account::{EntityDetail, EntityId, EntityKind};
use crate::service_ref::ServiceRef;
use crate::state::State;

/// What an identity did, summed up.
#[derive(Default)]
struct UseOf<'a> {
    all: Uses<'a>,
    services: HashMap<ServiceId, Uses<'a>>,
    /// In the tracking period.
    actions: HashMap<ActionId, Uses<'a>>,
}

impl<'a> UseOf<'a> {
    fn new(search: &'a Search<'_>, identity: EntityId) -> Self {
        let mut this = Self::default();
        for used in search.advisor.uses(identity) {
            this.all.add(used, search.until);
            if let ServiceRef::Known(service) = used.service {
                let uses = this.services.entry(service).or_default();
                uses.add(used, search.until);
            }
            let is_recent = used.attempts.last_millis >= search.since;
            if let Some(action) = used.action.filter(|_| is_recent) {
                let uses = this.actions.entry(action).or_default();
                uses.add(used, search.until);
            }
        }
        this
    }

    fn of_service(&self, service: ServiceId) -> Option<Box<LastUse>> {
        self.services.get(&service)?.last_use().map(Box::new)
    }
}

/// Adds the findings on a user or role.
pub(super) fn find(
    search: &Search<'_>,
    entity: EntityId,
    detail: &EntityDetail,
    found: &mut Vec<Finding>,
) {
    let uses = UseOf::new(search, entity);
    repeated_denials(search, entity, detail, &uses, found);
    let watches = |action| search.privileges.class_of(action) == Some(PrivilegeClass::PassRole);
    let observed = Observed::of(search.advisor, entity, watches);
    ungranted_use(search, entity, detail, &observed, &uses, found);
    if !search.is_old_enough(detail) {
        return;
    }
    if detail.kind == EntityKind::User {
        credential::find(search, entity, detail, found);
    }
    if !observed.is_all_unused() || credential::has_signed_in(search, entity) {
        found.extend(unused_permission(search, entity, detail, &observed, &uses));
        unused_privileges(search, entity, detail, &observed, found);
        policy::find_inline(search, entity, detail, &observed, found);
    } else if !credential::is_remembered(search, entity, detail) {
        // If IAM saw a use, the trail misses something that it should have, and nothing of the identity is called unused.
        found.push(unused_identity(search, entity, detail, &observed, &uses));
    }
}

/// A user or role of which nothing was used.
fn unused_identity(
    search: &Search<'_>,
    entity: EntityId,
    detail: &EntityDetail,
    observed: &Observed,
    uses: &UseOf<'_>,
) -> Finding {
    let kind = match detail.kind {
        EntityKind::User => FindingKind::UnusedIamUser,
        _ => FindingKind::UnusedIamRole,
    };
    let actions: Vec<ActionId> = observed.unused_actions().collect();
    let (severity, reason) = search.worst(entity, &actions, false);
    Finding {
        severity,
        severity_reason: reason,
        unused_actions: actions.len(),
        permissions: (observed.services.iter())
            .map(|service| whole_service(service, uses))
            .collect(),
        granted_by: granting_statements(search.advisor, entity, &search.set(&actions)),
        last_use: uses.all.last_use(),
        state: Some(State::Unused),
        state_reason: observed.weakest_reason(),
        ..search.finding(kind, detail, "")
    }
}

fn whole_service(service: &ObservedService, uses: &UseOf<'_>) -> FoundPermission {
    FoundPermission {
        service: service.service,
        is_whole_service: true,
        actions: Box::default(),
        action_count: service.granted,
        granted_actions: service.granted,
        last_use: uses.of_service(service.service),
        state_reason: service.reason.clone(),
    }
}

/// Services, and actions of services, of an identity that does other things.
fn unused_permission(
    search: &Search<'_>,
    entity: EntityId,
    detail: &EntityDetail,
    observed: &Observed,
    uses: &UseOf<'_>,
) -> Option<Finding> {
    let mut permissions = Vec::new();
    for service in observed
        .services
        .iter()
        .filter(|service| service.is_granted)
    {
        if service.state == Some(State::Unused) {
            permissions.push(whole_service(service, uses));
        } else if !service.unused.is_empty() {
            permissions.push(FoundPermission {
                is_whole_service: false,
                actions: service.unused.clone().into(),
                action_count: u32::try_from(service.unused.len()).unwrap_or(u32::MAX),
                ..whole_service(service, uses)
            });
        }
    }
    if permissions.is_empty() {
        return None;
    }
    let actions: Vec<ActionId> = observed.unused_actions().collect();
    // What is a privilege is a finding of its own.
    let (severity, reason) = search.by_access_level(&actions);
    Some(Finding {
        severity,
        severity_reason: reason,
        unused_actions: actions.len(),
        granted_by: granting_statements(search.advisor, entity, &search.set(&actions)),
        last_use: uses.all.last_use(),
        state: Some(State::Unused),
        state_reason: weakest(
            permissions
                .iter()
                .filter_map(|permission| permission.state_reason.as_ref()),
        ),
        permissions,
        ..search.finding(FindingKind::UnusedPermission, detail, "")
    })
}

/// Unused actions that can escalate, by class.
fn unused_privileges(
    search: &Search<'_>,
    entity: EntityId,
    detail: &EntityDetail,
    observed: &Observed,
    found: &mut Vec<Finding>,
) {
    let may_pass = observed.services.iter().any(|service| {
        let watched = service.watched.iter();
        watched
            .copied()
            .any(|action| Some(action) == search.privileges.pass_role())
    });
    let runs_code = observed.services.iter().any(|service| {
        let watched = service.watched.iter();
        watched
            .copied()
            .any(|action| Some(action) != search.privileges.pass_role())
    });
    for class in [
        PrivilegeClass::PermissionsManagement,
        PrivilegeClass::PassRole,
        PrivilegeClass::CredentialExposure,
    ] {
        // To pass a role is of use together with something that runs under it.
        if class == PrivilegeClass::PassRole && !(may_pass && runs_code) {
            continue;
        }
        let mut actions: Vec<ActionId> = observed
            .unused_actions()
            .filter(|action| search.privileges.class_of(*action) == Some(class))
            .collect();
        // Without this one, the others pass nothing.
        if let Some(pass) = search.privileges.pass_role()
            && actions.contains(&pass)
        {
            actions = vec![pass];
        }
        if actions.is_empty() {
            continue;
        }
        let (severity, reason) = search.worst(entity, &actions, may_pass);
        let permissions = search.permissions(&actions, observed);
        found.push(Finding {
            severity,
            severity_reason: reason,
            unused_actions: actions.len(),
            granted_by: granting_statements(search.advisor, entity, &search.set(&actions)),
            state: Some(State::Unused),
            state_reason: weakest(
                permissions
                    .iter()
                    .filter_map(|permission| permission.state_reason.as_ref()),
            ),
            permissions,
            ..search.finding(FindingKind::UnusedPrivilege, detail, class.name())
        });
    }
}

/// Actions that succeeded although no policy grants them. Policies that cannot be evaluated may grant them.
fn ungranted_use(
    search: &Search<'_>,
    entity: EntityId,
    detail: &EntityDetail,
    observed: &Observed,
    uses: &UseOf<'_>,
    found: &mut Vec<Finding>,
) {
    if !search.advisor.not_evaluated(entity).is_empty() {
        return;
    }
    let ungranted = observed
        .services
        .iter()
        .flat_map(|service| &service.ungranted);
    let actions: Vec<ActionId> = ungranted
        .copied()
        .filter(|action| {
            let counts = uses.actions.get(action).map(Uses::counts);
            counts.is_some_and(|(attempts, denied)| denied < attempts)
                && !search.needs_no_permission(*action)
        })
        .collect();
    let Some(finding) = of_uses(search, FindingKind::UngrantedUse, detail, uses, &actions) else {
        return;
    };
    found.push(Finding {
        severity: Severity::Low,
        severity_reason: SeverityReason::GrantedElsewhere,
        ..finding
    });
}

/// Actions that were denied often.
fn repeated_denials(
    search: &Search<'_>,
    entity: EntityId,
    detail: &EntityDetail,
    uses: &UseOf<'_>,
    found: &mut Vec<Finding>,
) {
    let mut actions: Vec<ActionId> = uses
        .actions
        .iter()
        .filter(|(_, uses)| uses.counts().1 >= search.settings.denials)
        .map(|(action, _)| *action)
        .collect();
    actions.sort_unstable();
    let Some(finding) = of_uses(search, FindingKind::RepeatedDenials, detail, uses, &actions)
    else {
        return;
    };
    let denied = actions.iter().filter_map(|action| uses.actions.get(action));
    let denied = denied.map(|uses| uses.counts().1).sum();
    let privilege = actions
        .iter()
        .find(|action| search.privileges.class_of(**action).is_some());
    let (severity, severity_reason) = match privilege {
        Some(action) => (
            Severity::Medium,
            SeverityReason::Privileges {
                actions: 1,
                example: name_of(search.advisor.catalog(), *action).into(),
            },
        ),
        None => (Severity::Low, SeverityReason::Denied { denied }),
    };
    found.push(Finding {
        severity,
        severity_reason,
        granted_by: granting_statements(search.advisor, entity, &search.set(&actions)),
        ..finding
    });
}

/// A finding on actions that were used, or denied.
fn of_uses(
    search: &Search<'_>,
    kind: FindingKind,
    detail: &EntityDetail,
    uses: &UseOf<'_>,
    actions: &[ActionId],
) -> Option<Finding> {
    let catalog = search.advisor.catalog();
    let mut permissions = Vec::new();
    for of_service in actions
        .chunk_by(|left, right| catalog.action(*left).service() == catalog.action(*right).service())
    {
        let service = catalog.action(*of_service.first()?).service();
        let last = of_service
            .iter()
            .filter_map(|action| uses.actions.get(action)?.last_use());
        permissions.push(FoundPermission {
            service,
            is_whole_service: false,
            actions: of_service.into(),
            action_count: u32::try_from(of_service.len()).unwrap_or(u32::MAX),
            granted_actions: 0,
            last_use: last.reduce(LastUse::merge).map(Box::new),
            state_reason: None,
        });
    }
    let last = permissions
        .iter()
        .filter_map(|permission| permission.last_use.as_deref());
    let last_use = last.cloned().reduce(LastUse::merge)?;
    Some(Finding {
        last_use: Some(last_use),
        state: Some(State::Used),
        permissions,
        ..search.finding(kind, detail, "")
    })
}
