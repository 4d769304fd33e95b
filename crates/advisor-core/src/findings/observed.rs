//! What a report says of one entity, as findings need it.

use std::sync::Arc;

use service_catalog::{ActionId, Catalog, ServiceId};

use super::evidence::{IdentityUses, LastUse};
use super::finding::FoundPermission;
use super::unknown_event_source::UnknownEventSource;
use crate::account::EntityId;
use crate::advisor::Advisor;
use crate::reach::Reach;
use crate::report::{ActionRow, Grant, Granularity, ReportVisitor, ServiceRow};
use crate::service_ref::may_be_part_of;
use crate::state::{State, StateReason};

/// The services in the report on an entity.
#[derive(Debug, Default)]
pub(super) struct Observed {
    pub(super) services: Vec<ObservedService>,
    /// Whether the report has services that the catalog does not have.
    pub(super) has_unknown: bool,
    /// The event sources of attempts that the catalog does not know.
    unknown_event_sources: Vec<Arc<str>>,
    /// The reasons so far: few differ.
    reasons: Vec<Arc<StateReason>>,
}

#[derive(Debug)]
pub(super) struct ObservedService {
    pub(super) service: ServiceId,
    pub(super) is_granted: bool,
    pub(super) state: Option<State>,
    /// Why the service is unused as a whole, or the first of its unused actions.
    pub(super) reason: Option<Arc<StateReason>>,
    /// The number of granted actions.
    pub(super) granted: u32,
    /// Those that are unused.
    pub(super) unused: Vec<ActionId>,
    /// Those that were used without a grant.
    pub(super) ungranted: Vec<ActionId>,
}

impl Observed {
    /// Visits the rows of the report on an entity.
    pub(super) fn of(advisor: &Advisor, entity: EntityId) -> Self {
        let mut visitor = Visitor::default();
        advisor.visit_rows(entity, Granularity::Action, &mut visitor);
        visitor.observed
    }

    /// Whether something is granted, and all of it is known to be unused.
    pub(super) fn is_all_unused(&self) -> bool {
        let is_unused =
            |service: &ObservedService| service.is_granted && service.state == Some(State::Unused);
        !self.has_unknown && !self.services.is_empty() && self.services.iter().all(is_unused)
    }

    /// Whether something is granted, and of all of it, no use was seen on days that were read: it is unused, or a use leaves no trace.
    pub(super) fn is_nothing_seen(&self) -> bool {
        let is_unseen = |service: &ObservedService| {
            service.is_granted && matches!(service.state, Some(State::Unused | State::Unobservable))
        };
        !self.has_unknown && !self.services.is_empty() && self.services.iter().all(is_unseen)
    }

    /// Takes everything that is granted for unused, because something else than the trail says so.
    pub(super) fn take_for_unused(&mut self, catalog: &Catalog, reach: &Reach) {
        for service in &mut self.services {
            service.state = Some(State::Unused);
            service.unused = reach.actions_of(catalog, service.service).collect();
        }
    }

    /// The event sources that the catalog does not know and that may be parts of granted services.
    pub(super) fn unknown_event_sources(
        &self,
        catalog: &Catalog,
        identity: &Arc<str>,
    ) -> Vec<UnknownEventSource> {
        let granted = self.services.iter().filter(|service| service.is_granted);
        let granted = granted.map(|service| catalog.service(service.service).namespace());
        let sources = self.unknown_event_sources.iter().map(|source| {
            let begins = |namespace: &&str| may_be_part_of(source, namespace);
            UnknownEventSource {
                event_source: source.clone(),
                services: granted.clone().filter(begins).map(Box::from).collect(),
                identities: vec![identity.clone()],
            }
        });
        sources
            .filter(|source| !source.services.is_empty())
            .collect()
    }

    /// The actions that are granted and unused.
    pub(super) fn unused_actions(&self) -> impl Iterator<Item = ActionId> + '_ {
        (self.services.iter()).flat_map(|service| service.unused.iter().copied())
    }

    fn shared(&mut self, reason: &StateReason) -> Arc<StateReason> {
        if let Some(known) = self.reasons.iter().find(|known| ***known == *reason) {
            return known.clone();
        }
        let reason = Arc::new(reason.clone());
        self.reasons.push(reason.clone());
        reason
    }
}

impl ObservedService {
    /// All of the service as a permission that is unused.
    pub(super) fn whole(&self, last_use: Option<Box<LastUse>>) -> FoundPermission {
        FoundPermission {
            service: self.service,
            is_whole_service: true,
            actions: Box::default(),
            action_count: self.granted,
            granted_actions: self.granted,
            actions_fingerprint: None,
            last_use,
            action_uses: Box::default(),
            state_reason: self.reason.clone(),
        }
    }

    /// Unused actions of the service as a permission.
    pub(super) fn part(
        &self,
        actions: Vec<ActionId>,
        uses: Option<&IdentityUses<'_>>,
    ) -> FoundPermission {
        let action_uses = uses.map(|uses| uses.of_actions(&actions));
        let action_uses = action_uses.unwrap_or_default();
        FoundPermission {
            granted_actions: self.granted,
            state_reason: self.reason.clone(),
            ..FoundPermission::of_actions(self.service, actions.into(), action_uses)
        }
    }
}

#[derive(Default)]
struct Visitor {
    observed: Observed,
    /// Whether the service visited last is in the catalog.
    has_service: bool,
}

impl ReportVisitor for Visitor {
    fn visit_service(&mut self, row: ServiceRow<'_>) {
        self.has_service = row.service.is_some();
        let Some(service) = row.service else {
            self.observed.has_unknown = true;
            if row.grant == Grant::Unknown {
                let sources = &mut self.observed.unknown_event_sources;
                sources.push(row.namespace.into());
            }
            return;
        };
        let is_unused = row.state == Some(State::Unused);
        let reason = row.state_reason.filter(|_| is_unused);
        let reason = reason.map(|reason| self.observed.shared(reason));
        self.observed.services.push(ObservedService {
            service,
            is_granted: row.grant == Grant::Granted,
            state: row.state,
            reason,
            granted: 0,
            unused: Vec::new(),
            ungranted: Vec::new(),
        });
    }

    fn visit_action(&mut self, row: ActionRow<'_>) {
        let is_unused = row.is_granted && row.state == Some(State::Unused);
        let lacks_reason =
            (self.observed.services.last()).is_some_and(|service| service.reason.is_none());
        let reason = row.state_reason.filter(|_| is_unused && lacks_reason);
        let reason = reason.map(|reason| self.observed.shared(reason));
        let Some(service) = (self.observed.services.last_mut()).filter(|_| self.has_service) else {
            return;
        };
        if service.reason.is_none() {
            service.reason = reason;
        }
        if !row.is_granted {
            service.ungranted.push(row.action);
            return;
        }
        service.granted += 1;
        if is_unused {
            service.unused.push(row.action);
        }
    }
}
