//! Joins what is possible for an entity with what its identities did.

use hashbrown::HashMap;
use service_catalog::{ActionId, ServiceId};

use super::Advisor;
use crate::account::{EntityDetail, EntityId, EntityKind};
use crate::activity::Evidence;
use crate::cancellation::Check;
use crate::joined_rows::{Joined, JoinedRows};
use crate::reach::Reach;
use crate::report::{Grant, Granularity};
use crate::service_ref::{ServiceRef, may_be_part_of};
use crate::state::{LatestImplied, State, StateReason, StatesOfReport};
use crate::tracking::{LastAttempt, TrackedActions};
use crate::usage::Used;

/// What identities used, by service and by action.
type JoinedUse<'a> = (
    HashMap<ServiceRef, Joined<'a>>,
    HashMap<ActionId, Joined<'a>>,
);

impl Advisor {
    /// Joins what is possible for an entity with what was used. Returns [`Report::undecided`](crate::Report::undecided). What takes long is
    /// done before the first row.
    pub(super) fn join_into<C: Check>(
        &self,
        entity: EntityId,
        identities: &[(EntityId, &EntityDetail)],
        granularity: Granularity,
        states: Option<&StatesOfReport>,
        rows: &mut impl JoinedRows,
        check: &C,
    ) -> Result<usize, C::Stopped> {
        check.check()?;
        let reach = self.engine.reach(&self.account, entity);
        let (mut by_service, mut by_action) = self.join(identities, granularity, check)?;
        let implied = self.implied(identities, check)?;
        let implied_services = self.implied_services(&reach, &implied);
        // Members of a group, and entities that a policy is attached to, have other permissions too.
        // So a service or action that they use may be granted elsewhere.
        let kind = self.account.entity(entity).map(|detail| detail.kind);
        let shows_ungranted = matches!(kind, Some(EntityKind::User | EntityKind::Role));
        for id in reach.services(&self.catalog) {
            let service = ServiceRef::Known(id);
            let joined = by_service.remove(&service).unwrap_or_default();
            let claim = states.and_then(|states| {
                if joined.view().is_some() {
                    return Some((State::Used, None));
                }
                if let Some((action, latest)) = implied_services.get(&id) {
                    let reason = StateReason::ImpliedAction {
                        action: self.catalog.action(*action).name().into(),
                        reason: Box::new(latest.reason(&self.catalog)),
                    };
                    return Some((State::Implied, Some(reason)));
                }
                let (state, reason) = states.of_service(&self.catalog, &reach, id)?;
                Some((state, Some(reason)))
            });
            rows.service(Grant::Granted, &service, &joined, claim);
            if granularity == Granularity::Action {
                let actions = reach.actions_of(&self.catalog, id);
                for action in actions.filter(|action| self.is_tracked(*action)) {
                    let joined = by_action.remove(&action);
                    let latest = implied.get(&action).filter(|_| joined.is_none());
                    let reason = latest.map(|latest| latest.reason(&self.catalog));
                    rows.action(action, joined.as_ref(), reason);
                }
                if shows_ungranted {
                    for (action, joined) in self.actions_used(&service, &by_action) {
                        rows.ungranted_action(action, joined);
                    }
                }
            }
        }
        if !shows_ungranted {
            return Ok(reach.undecided());
        }
        let mut ungranted: Vec<_> = by_service.into_iter().collect();
        ungranted.sort_by(|(left, _), (right, _)| self.namespace(left).cmp(self.namespace(right)));
        for (service, joined) in &ungranted {
            if let ServiceRef::Known(_) = service {
                let claim = states.map(|_| (State::Used, None));
                rows.service(Grant::Ungranted, service, joined, claim);
                for (action, joined) in self.actions_used(service, &by_action) {
                    rows.ungranted_action(action, joined);
                }
            }
        }
        for (service, joined) in &ungranted {
            if let ServiceRef::Unknown(source) = service {
                let reason = StateReason::UnknownEventSource {
                    source: source.clone(),
                };
                let claim = states.map(|_| (State::Used, Some(reason)));
                rows.service(Grant::Unknown, service, joined, claim);
            }
        }
        Ok(reach.undecided())
    }

    /// The actions that calls of these identities may have exercised, with the latest call.
    pub(crate) fn implied<'a, C: Check>(
        &'a self,
        identities: &[(EntityId, &EntityDetail)],
        check: &C,
    ) -> Result<HashMap<ActionId, LatestImplied<'a>>, C::Stopped> {
        let mut latest: HashMap<ActionId, LatestImplied<'a>> = HashMap::new();
        let Some(states) = &self.states else {
            return Ok(latest);
        };
        let mut add = |action: ActionId, call: LatestImplied<'a>| {
            latest
                .entry(action)
                .and_modify(|known| known.merge(call))
                .or_insert(call);
        };
        for (identity, _) in identities {
            check.check()?;
            for used in self.usage.of(*identity) {
                let Some(attempt) = self.service_attempt(used) else {
                    continue;
                };
                let Some(action) = used.action else {
                    for action in self.actions_of_unknown_event(used) {
                        add(action, LatestImplied::new(None, used, attempt));
                    }
                    continue;
                };
                if used.is_by_event() {
                    let records_tell =
                        used.attempts.days_complete && !self.trail.has_undecided_uses();
                    for implied in states.implied.of(action, records_tell) {
                        add(implied, LatestImplied::new(Some(action), used, attempt));
                    }
                } else if used.evidence == Evidence::Implied {
                    let mut calls = self.usage.of(*identity).filter(|call| {
                        call.is_by_event() && call.last_event_id == used.last_event_id
                    });
                    let may_imply = |by: &ActionId| states.implied.may_imply(*by, action);
                    let by = calls.find_map(|call| call.action.filter(may_imply));
                    add(action, LatestImplied::new(by, used, attempt));
                }
            }
        }
        Ok(latest)
    }

    /// The actions that an event may have exercised whose name the catalog does not know: all of the services with its source. A source
    /// that the catalog does not know either is that of a new part of a service whose namespace its name begins with, as
    /// `transcribestreaming` was, or of something else.
    fn actions_of_unknown_event(&self, used: &Used) -> impl Iterator<Item = ActionId> {
        let services = match &used.service {
            ServiceRef::Known(service) => self.services_of_same_sources(*service),
            ServiceRef::Unknown(source) => {
                let services = self.catalog.services();
                let begun =
                    services.filter(|(_, service)| may_be_part_of(source, service.namespace()));
                begun.map(|(id, _)| id).collect()
            }
        };
        let services = services.into_iter();
        services.flat_map(|id| self.catalog.actions_of(id))
    }

    /// A service, and those that share an event source with it, in order.
    pub(crate) fn services_of_same_sources(&self, service: ServiceId) -> Vec<ServiceId> {
        let sources = self.catalog.service(service).event_sources();
        let of_sources = sources.flat_map(|name| self.catalog.services_of_source(name).iter());
        let mut services: Vec<ServiceId> = of_sources.copied().chain([service]).collect();
        services.sort_unstable();
        services.dedup();
        services
    }

    /// By service: the granted action that a call implied last.
    pub(super) fn implied_services<'a>(
        &self,
        reach: &Reach,
        implied: &'a HashMap<ActionId, LatestImplied<'a>>,
    ) -> HashMap<ServiceId, (ActionId, &'a LatestImplied<'a>)> {
        let mut services: HashMap<ServiceId, (ActionId, &LatestImplied<'_>)> = HashMap::new();
        for (action, latest) in implied
            .iter()
            .filter(|(action, _)| reach.contains(**action))
        {
            let service = self.catalog.action(*action).service();
            let known = services.entry(service).or_insert((*action, latest));
            if (latest.key(), *action) > (known.1.key(), known.0) {
                *known = (*action, latest);
            }
        }
        services
    }

    /// Joins what identities used, by service and, at action level, by action.
    pub(super) fn join<'a, C: Check>(
        &'a self,
        identities: &[(EntityId, &'a EntityDetail)],
        granularity: Granularity,
        check: &C,
    ) -> Result<JoinedUse<'a>, C::Stopped> {
        let mut by_service: HashMap<ServiceRef, Joined<'a>> = HashMap::new();
        let mut by_action: HashMap<ActionId, Joined<'a>> = HashMap::new();
        for (identity, detail) in identities {
            check.check()?;
            for used in self.usage.of(*identity) {
                if let Some(attempt) = self.counted_attempt(used) {
                    let joined = by_service.entry(used.service.clone()).or_default();
                    joined.add(used, attempt, *identity, &detail.arn);
                }
                if granularity == Granularity::Action
                    && let Some(action) = used.action
                    && let Some(attempt) = self.action_attempt(used, action)
                {
                    let joined = by_action.entry(action).or_default();
                    joined.add(used, attempt, *identity, &detail.arn);
                }
            }
        }
        Ok((by_service, by_action))
    }

    /// The last attempt that counts as an access of the service.
    pub(super) fn counted_attempt(&self, used: &Used) -> Option<LastAttempt> {
        self.service_attempt(used).filter(|_| self.counts(used))
    }

    /// The last attempt in the tracking period, with any evidence.
    pub(crate) fn service_attempt(&self, used: &Used) -> Option<LastAttempt> {
        let window = self.tracking.service_window(&used.region, self.now)?;
        window.last_attempt(&used.attempts)
    }

    /// The last attempt that counts as an access of a tracked action.
    pub(super) fn action_attempt(&self, used: &Used, action: ActionId) -> Option<LastAttempt> {
        if !self.is_tracked(action) || !self.counts(used) {
            return None;
        }
        let service = self.catalog.service(self.catalog.action(action).service());
        let window = self
            .tracking
            .action_window(service.namespace(), &used.region, self.now)?;
        window.last_attempt(&used.attempts)
    }

    /// Whether what shows the use makes it an access. AWS counts events only.
    pub(super) fn counts(&self, used: &Used) -> bool {
        used.is_by_event() || (self.states.is_some() && used.evidence == Evidence::Record)
    }

    pub(super) fn is_tracked(&self, action: ActionId) -> bool {
        match self.tracking.actions {
            TrackedActions::All => true,
            TrackedActions::Aws => self.catalog.action(action).is_tracked(),
        }
    }

    pub(super) fn namespace<'a>(&'a self, service: &'a ServiceRef) -> &'a str {
        match service {
            ServiceRef::Known(id) => self.catalog.service(*id).namespace(),
            ServiceRef::Unknown(namespace) => namespace,
        }
    }

    /// The actions of a service that were used, sorted by name.
    pub(super) fn actions_used<'a, 'b>(
        &self,
        service: &ServiceRef,
        by_action: &'b HashMap<ActionId, Joined<'a>>,
    ) -> Vec<(ActionId, &'b Joined<'a>)> {
        let ServiceRef::Known(id) = service else {
            return Vec::new();
        };
        let mut actions: Vec<_> = by_action
            .iter()
            .map(|(action, joined)| (*action, joined))
            .filter(|(action, _)| self.catalog.action(*action).service() == *id)
            .collect();
        actions.sort_by_key(|(action, _)| *action);
        actions
    }
}
