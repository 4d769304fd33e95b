//! Joins the attempts of several identities into the rows of a report.

use std::sync::Arc;

use service_catalog::{ActionId, Catalog};

use crate::account::EntityId;
use crate::report::{Access, ActionRow, LastAccess, ReportVisitor, Row, ServiceRef, ServiceRow};
use crate::usage::Used;

/// The attempts of several identities at one service or action.
#[derive(Default)]
pub(crate) struct Joined<'a> {
    last: Option<(&'a Used, &'a Arc<str>)>,
    entities: u32,
    last_counted: Option<EntityId>,
}

impl<'a> Joined<'a> {
    pub(crate) fn add(&mut self, used: &'a Used, entity: EntityId, arn: &'a Arc<str>) {
        // All rows of one identity are added before those of the next.
        if self.last_counted != Some(entity) {
            self.last_counted = Some(entity);
            self.entities += 1;
        }
        let key = |used: &'a Used, arn: &'a Arc<str>| {
            (used.last_millis, &used.last_event_id, arn, &used.region)
        };
        if self
            .last
            .is_none_or(|(known, by)| key(used, arn) > key(known, by))
        {
            self.last = Some((used, arn));
        }
    }

    pub(crate) fn view(&self) -> Option<LastAccess<'a>> {
        self.last.map(|(used, arn)| LastAccess {
            millis: used.last_millis,
            entity: arn,
            region: &used.region,
        })
    }

    fn access(&self) -> Option<Access> {
        self.last.map(|(used, arn)| Access {
            millis: used.last_millis,
            entity: arn.clone(),
            region: used.region.clone(),
        })
    }
}

/// Visits the rows of a report as they are joined.
pub(crate) trait JoinedRows {
    /// Visits a service, granted or not.
    fn service(&mut self, is_granted: bool, service: &ServiceRef, joined: &Joined<'_>);

    /// Visits an action of the service visited last; `None` when it was never used.
    fn action(&mut self, action: ActionId, joined: Option<&Joined<'_>>);
}

/// Collects the rows of a report.
#[derive(Default)]
pub(crate) struct CollectedRows {
    pub(crate) services: Vec<Row>,
    pub(crate) ungranted: Vec<Row>,
    is_granted: bool,
}

impl JoinedRows for CollectedRows {
    fn service(&mut self, is_granted: bool, service: &ServiceRef, joined: &Joined<'_>) {
        self.is_granted = is_granted;
        let row = Row {
            service: service.clone(),
            last: joined.access(),
            total_entities: joined.entities,
            actions: Vec::new(),
        };
        if is_granted {
            self.services.push(row);
        } else {
            self.ungranted.push(row);
        }
    }

    fn action(&mut self, action: ActionId, joined: Option<&Joined<'_>>) {
        let rows = if self.is_granted {
            &mut self.services
        } else {
            &mut self.ungranted
        };
        if let Some(row) = rows.last_mut() {
            row.actions.push(ActionRow {
                action,
                last: joined.and_then(Joined::access).map(Box::new),
            });
        }
    }
}

/// Passes the rows on to a [`ReportVisitor`].
pub(crate) struct VisitedRows<'a, V> {
    pub(crate) catalog: &'a Catalog,
    pub(crate) visitor: &'a mut V,
}

impl<V: ReportVisitor> JoinedRows for VisitedRows<'_, V> {
    fn service(&mut self, is_granted: bool, service: &ServiceRef, joined: &Joined<'_>) {
        let row = ServiceRow::new(self.catalog, service, joined.view(), joined.entities, &[]);
        self.visitor.visit_service(is_granted, row);
    }

    fn action(&mut self, action: ActionId, joined: Option<&Joined<'_>>) {
        self.visitor
            .visit_action(action, joined.and_then(Joined::view));
    }
}
