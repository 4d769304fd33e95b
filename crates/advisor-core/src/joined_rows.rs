//! Joins the attempts of several identities into the rows of a report.

use std::sync::Arc;

use service_catalog::{ActionId, Catalog};

use crate::account::EntityId;
use crate::report::{
    Access, ActionRow, Grant, LastAccess, ReportVisitor, Row, Seen, ServiceRow, StoredAction,
};
use crate::service_ref::ServiceRef;
use crate::state::{State, StateReason, StatesOfReport};
use crate::tracking::LastAttempt;
use crate::usage::Used;

/// The attempts of several identities at one service or action.
#[derive(Default)]
pub(crate) struct Joined<'a> {
    last: Option<Last<'a>>,
    entities: u32,
    last_counted: Option<EntityId>,
}

#[derive(Clone, Copy)]
struct Last<'a> {
    used: &'a Used,
    attempt: LastAttempt,
    arn: &'a Arc<str>,
}

impl<'a> Joined<'a> {
    pub(crate) fn add(
        &mut self,
        used: &'a Used,
        attempt: LastAttempt,
        entity: EntityId,
        arn: &'a Arc<str>,
    ) {
        // All rows of one identity are added before those of the next.
        if self.last_counted != Some(entity) {
            self.last_counted = Some(entity);
            self.entities += 1;
        }
        let last = Last { used, attempt, arn };
        let key = |last: &Last<'a>| {
            let event_id = last.attempt.is_exact.then_some(&last.used.last_event_id);
            (last.attempt.millis, event_id, last.arn, &last.used.region)
        };
        if self.last.is_none_or(|known| key(&last) > key(&known)) {
            self.last = Some(last);
        }
    }

    pub(crate) fn view(&self) -> Option<LastAccess<'a>> {
        self.last.map(|last| LastAccess {
            millis: last.attempt.millis,
            entity: last.arn,
            region: &last.used.region,
        })
    }

    fn access(&self) -> Option<Access> {
        self.last.map(|last| Access {
            millis: last.attempt.millis,
            entity: last.arn.clone(),
            region: last.used.region.clone(),
        })
    }
}

/// What the rows of a report say of a service or action.
pub(crate) type Claim<R> = Option<(State, Option<R>)>;

/// Visits the rows of a report as they are joined.
pub(crate) trait JoinedRows {
    /// Visits a service.
    fn service(
        &mut self,
        grant: Grant,
        service: &ServiceRef,
        joined: &Joined<'_>,
        claim: Claim<StateReason>,
    );

    /// Visits a granted action of the service visited last. It was used, it is implied for a reason, or neither.
    fn action(
        &mut self,
        action: ActionId,
        joined: Option<&Joined<'_>>,
        implied: Option<StateReason>,
    );

    /// Visits an action of the service visited last that was used without being granted.
    fn ungranted_action(&mut self, action: ActionId, joined: &Joined<'_>);
}

/// Collects the rows of a report.
#[derive(Default)]
pub(crate) struct CollectedRows {
    pub(crate) services: Vec<Row>,
    pub(crate) ungranted: Vec<Row>,
    pub(crate) unknown: Vec<Row>,
    grant: Grant,
}

impl CollectedRows {
    fn rows(&mut self) -> &mut Vec<Row> {
        match self.grant {
            Grant::Granted => &mut self.services,
            Grant::Ungranted => &mut self.ungranted,
            Grant::Unknown => &mut self.unknown,
        }
    }

    fn push(&mut self, action: StoredAction) {
        if let Some(row) = self.rows().last_mut() {
            row.actions.push(action);
        }
    }
}

impl JoinedRows for CollectedRows {
    fn service(
        &mut self,
        grant: Grant,
        service: &ServiceRef,
        joined: &Joined<'_>,
        claim: Claim<StateReason>,
    ) {
        self.grant = grant;
        self.rows().push(Row {
            grant,
            service: service.clone(),
            last: joined.access(),
            total_entities: joined.entities,
            claim: claim.map(|(state, reason)| (state, reason.map(Box::new))),
            actions: Vec::new(),
        });
    }

    fn action(
        &mut self,
        action: ActionId,
        joined: Option<&Joined<'_>>,
        implied: Option<StateReason>,
    ) {
        let used = joined.and_then(Joined::access).map(Seen::Used);
        self.push(StoredAction {
            action,
            is_granted: true,
            seen: used.or_else(|| implied.map(Seen::Implied)).map(Box::new),
        });
    }

    fn ungranted_action(&mut self, action: ActionId, joined: &Joined<'_>) {
        self.push(StoredAction {
            action,
            is_granted: false,
            seen: joined.access().map(Seen::Used).map(Box::new),
        });
    }
}

/// Passes the rows on to a [`ReportVisitor`].
pub(crate) struct VisitedRows<'a, V> {
    pub(crate) catalog: &'a Catalog,
    pub(crate) states: Option<&'a StatesOfReport>,
    pub(crate) visitor: &'a mut V,
}

impl<V: ReportVisitor> JoinedRows for VisitedRows<'_, V> {
    fn service(
        &mut self,
        grant: Grant,
        service: &ServiceRef,
        joined: &Joined<'_>,
        claim: Claim<StateReason>,
    ) {
        let claim = claim.as_ref();
        let claim = claim.map(|(state, reason)| (*state, reason.as_ref()));
        let row = ServiceRow::new(
            self.catalog,
            grant,
            service,
            joined.view(),
            joined.entities,
            claim,
        );
        self.visitor.visit_service(row);
    }

    fn action(
        &mut self,
        action: ActionId,
        joined: Option<&Joined<'_>>,
        implied: Option<StateReason>,
    ) {
        let used = joined.and_then(Joined::view);
        let row = ActionRow::granted(action, used, implied.as_ref(), self.states);
        self.visitor.visit_action(row);
    }

    fn ungranted_action(&mut self, action: ActionId, joined: &Joined<'_>) {
        let row = ActionRow::ungranted(action, joined.view(), self.states.is_some());
        self.visitor.visit_action(row);
    }
}
