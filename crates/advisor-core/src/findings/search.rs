//! What the search for findings knows, and how it judges.

use service_catalog::{AccessLevel, ActionId};

use super::evidence::{IdentityUses, LastUse};
use super::finding::{Finding, FindingStatus, FoundPermission, name_of};
use super::fingerprint::{ActionFingerprints, FindingId};
use super::judged::JudgedEntity;
use super::kind::FindingKind;
use super::observed::{Observed, ObservedService};
use super::privileges::{PrivilegeClass, Privileges, without_permission};
use super::settings::{ArchiveRule, FindingSettings};
use super::severity::{Severity, SeverityReason};
use crate::account::{EntityDetail, Holders};
use crate::action_set::ActionSet;
use crate::advisor::Advisor;
use crate::ids::UniqueId;
use crate::state::{DayRange, State};
use crate::tracking::TimeWindow;

/// What the search for findings needs.
pub(super) struct Search<'a> {
    pub(super) advisor: &'a Advisor,
    pub(super) settings: &'a FindingSettings,
    pub(super) privileges: Privileges<'a>,
    fingerprints: ActionFingerprints,
    /// The tracking period.
    pub(super) period: TimeWindow,
    /// Whether all that have a policy or are in a group are known.
    pub(super) holders: Holders,
    window: DayRange,
    needs_no_permission: Vec<ActionId>,
}

impl<'a> Search<'a> {
    pub(super) fn new(advisor: &'a Advisor, settings: &'a FindingSettings) -> Self {
        let catalog = advisor.catalog();
        let account = advisor.account();
        let tracking = advisor.tracked();
        let now = advisor.now();
        Self {
            advisor,
            settings,
            privileges: Privileges::new(catalog),
            fingerprints: ActionFingerprints::new(catalog),
            period: TimeWindow {
                start: tracking
                    .period_start(now)
                    .map_or(i64::MIN, |start| start.timestamp_millis()),
                end: tracking.visible_until(now).timestamp_millis(),
            },
            holders: Holders::new(account),
            window: advisor.window(),
            needs_no_permission: without_permission(catalog),
        }
    }

    /// Whether an archive rule is for a finding.
    pub(super) fn status(&self, finding: &Finding, detail: &EntityDetail) -> FindingStatus {
        let matches = |rule: &ArchiveRule| {
            (rule.kinds.is_empty() || rule.kinds.contains(&finding.kind))
                && rule.up_to.is_none_or(|most| finding.severity <= most)
                && (rule.ids.is_empty() || {
                    let id = finding.id.to_string();
                    rule.ids.iter().any(|known| **known == *id)
                })
                && rule.entities.matches(detail)
        };
        let rules = || self.settings.archive.iter().filter(|rule| matches(rule));
        let now = self.advisor.now();
        let mut in_force = rules().filter(|rule| !rule.is_expired(now));
        match (in_force.next(), rules().next()) {
            (Some(rule), _) => FindingStatus::Archived(rule.clone()),
            (None, Some(rule)) => FindingStatus::Resurfaced(rule.clone()),
            (None, None) => FindingStatus::Active,
        }
    }

    /// Whether an entity exists for the whole tracking period. Without a date it may be new.
    pub(super) fn is_old_enough(&self, detail: &EntityDetail) -> bool {
        let created = detail.created.map(|time| time.timestamp_millis());
        created.is_some_and(|created| created <= self.period.start)
    }

    /// Whether everybody may call it.
    pub(super) fn needs_no_permission(&self, action: ActionId) -> bool {
        self.needs_no_permission.contains(&action)
    }

    /// A finding of which only the entity is known.
    pub(super) fn finding(
        &self,
        kind: FindingKind,
        detail: &EntityDetail,
        subject: &str,
    ) -> Finding {
        let unique_id = detail.unique_id.as_ref().map(UniqueId::as_str);
        Finding {
            id: FindingId::new(unique_id.unwrap_or(&detail.arn), kind, subject),
            kind,
            status: FindingStatus::Active,
            severity: Severity::Informational,
            severity_reason: SeverityReason::GrantsNothing,
            resource: detail.arn.clone(),
            resource_kind: detail.kind,
            account: detail.account.clone(),
            created: detail.created,
            subject: subject.into(),
            credential_id: None,
            reported_until: None,
            rests_on_last_used: false,
            permissions: Vec::new(),
            unused_actions: 0,
            last_use: None,
            state: None,
            state_reason: None,
            window: self.window,
            granted_by: Vec::new(),
            permissions_boundary: detail.permissions_boundary.clone(),
            found_at: self.advisor.now(),
            catalog: self.advisor.catalog().clone(),
        }
    }

    /// A finding that actions of an entity are granted and unused.
    pub(super) fn unused(
        &self,
        (kind, subject): (FindingKind, &str),
        entity: &JudgedEntity<'_>,
        (severity, severity_reason): (Severity, SeverityReason),
        actions: &[ActionId],
        permissions: Vec<FoundPermission>,
    ) -> Finding {
        let reasons = permissions.iter();
        let reasons = reasons.filter_map(|permission| permission.state_reason.as_ref());
        Finding {
            severity,
            severity_reason,
            unused_actions: actions.len(),
            granted_by: entity.granting_statements(&self.set(actions)),
            state: Some(State::Unused),
            // A finding rests on its weakest reason.
            state_reason: reasons.min_by_key(|reason| reason.days()).cloned(),
            last_use: FoundPermission::last_use_of(&permissions),
            permissions,
            ..self.finding(kind, entity.detail, subject)
        }
    }

    /// All of a service as a permission that is unused.
    pub(super) fn whole(
        &self,
        service: &ObservedService,
        last_use: Option<Box<LastUse>>,
    ) -> FoundPermission {
        FoundPermission {
            actions_fingerprint: Some(self.fingerprints.of(&service.unused)),
            ..service.whole(last_use)
        }
    }

    /// The same finding on some of its permissions.
    pub(super) fn narrowed(
        &self,
        entity: &JudgedEntity<'_>,
        finding: Finding,
        permissions: Vec<FoundPermission>,
    ) -> Finding {
        let catalog = self.advisor.catalog();
        let reach = (self.advisor.engine()).reach(self.advisor.account(), entity.id);
        let mut actions: Vec<ActionId> = Vec::new();
        for permission in &permissions {
            if permission.is_whole_service {
                actions.extend(reach.actions_of(catalog, permission.service));
            } else {
                actions.extend(&permission.actions);
            }
        }
        let (severity, severity_reason) = match finding.kind {
            FindingKind::UngrantedUse => (finding.severity, finding.severity_reason.clone()),
            FindingKind::RepeatedDenials => {
                let uses = IdentityUses::new(self.advisor, entity.id, self.period);
                self.of_denials(&actions, &uses)
            }
            FindingKind::UnusedPermission => self.by_access_level(&actions),
            // Only who may pass a role has those that run under one.
            FindingKind::UnusedPrivilege => self.worst(entity, &actions, true),
            _ => self.worst(entity, &actions, false),
        };
        let mut granted_by = entity.granting_statements(&self.set(&actions));
        granted_by.retain(|new| finding.granted_by.iter().any(|known| known.is_same(new)));
        let unused_actions = match finding.kind.is_about_unused() {
            true => actions.len(),
            false => 0,
        };
        Finding {
            severity,
            severity_reason,
            unused_actions,
            granted_by,
            last_use: FoundPermission::last_use_of(&permissions),
            permissions,
            ..finding
        }
    }

    /// Actions as permissions by service.
    pub(super) fn permissions(
        &self,
        actions: &[ActionId],
        observed: &Observed,
        uses: Option<&IdentityUses<'_>>,
    ) -> Vec<FoundPermission> {
        let set = self.set(actions);
        let of = |service: &ObservedService| {
            let own = service.unused.iter().copied();
            let own: Vec<ActionId> = own.filter(|action| set.contains(action.index())).collect();
            (!own.is_empty()).then(|| service.part(own, uses))
        };
        observed.services.iter().filter_map(of).collect()
    }

    /// An action with its namespace.
    fn name(&self, action: ActionId) -> Box<str> {
        name_of(self.advisor.catalog(), action).into()
    }

    /// The set of these actions.
    pub(super) fn set(&self, actions: &[ActionId]) -> ActionSet {
        let mut set = ActionSet::empty(self.advisor.positions());
        for action in actions {
            set.insert(action.index());
        }
        set
    }

    /// How much unused actions of an entity matter. Where it may not pass a role, what runs under one is no privilege.
    pub(super) fn worst(
        &self,
        entity: &JudgedEntity<'_>,
        actions: &[ActionId],
        may_pass: bool,
    ) -> (Severity, SeverityReason) {
        let listed = |action: &ActionId| self.privileges.listed(*action);
        let takes_over = actions.iter().copied();
        let takes_over: Vec<ActionId> = takes_over
            .filter(|action| listed(action).is_some_and(|privilege| privilege.takes_over))
            .collect();
        if let Some(first) = takes_over.first() {
            let (actions, example) = (takes_over.len(), self.name(*first));
            let gives = listed(first).map(|privilege| privilege.gives);
            return if entity.has_unlimited(&self.set(&takes_over)) {
                (
                    Severity::Critical,
                    SeverityReason::TakesOver {
                        actions,
                        example,
                        gives,
                    },
                )
            } else {
                (
                    Severity::High,
                    SeverityReason::Privileges {
                        actions,
                        example,
                        gives,
                    },
                )
            };
        }
        let is_privilege = |action: &&ActionId| {
            listed(action)
                .is_some_and(|privilege| may_pass || privilege.class != PrivilegeClass::PassRole)
        };
        let mut privileges = actions.iter().filter(is_privilege);
        if let Some(first) = privileges.next() {
            let reason = SeverityReason::Privileges {
                actions: 1 + privileges.count(),
                example: self.name(*first),
                gives: listed(first).map(|privilege| privilege.gives),
            };
            return (Severity::High, reason);
        }
        self.by_access_level(actions)
    }

    /// How much the denied attempts at actions matter that the tracking period has.
    pub(super) fn of_denials(
        &self,
        actions: &[ActionId],
        uses: &IdentityUses<'_>,
    ) -> (Severity, SeverityReason) {
        let is_privilege = |action: &&ActionId| self.privileges.class_of(**action).is_some();
        match actions.iter().find(is_privilege) {
            Some(action) => (
                Severity::Medium,
                SeverityReason::Privileges {
                    actions: 1,
                    example: self.name(*action),
                    gives: self.privileges.listed(*action).map(|listed| listed.gives),
                },
            ),
            None => {
                let of_actions = actions.iter().filter_map(|action| uses.actions.get(action));
                let denied = of_actions.map(|uses| uses.recent().denied).sum();
                (Severity::Low, SeverityReason::Denied { denied })
            }
        }
    }

    /// How much actions matter by what they do to resources.
    pub(super) fn by_access_level(&self, actions: &[ActionId]) -> (Severity, SeverityReason) {
        let catalog = self.advisor.catalog();
        let writes = |action: &&ActionId| {
            let level = catalog.action(**action).access_level();
            !matches!(level, AccessLevel::List | AccessLevel::Read)
        };
        let mut writing = actions.iter().filter(writes);
        match writing.next() {
            Some(first) => {
                let reason = SeverityReason::Writes {
                    example: self.name(*first),
                    actions: 1 + writing.count(),
                };
                (Severity::Medium, reason)
            }
            None if actions.is_empty() => (Severity::Informational, SeverityReason::GrantsNothing),
            None => (Severity::Low, SeverityReason::Reads),
        }
    }
}
