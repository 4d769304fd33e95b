//! The advisor: joins an account's reach with its activity into reports.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use hashbrown::{HashMap, HashSet};
use iam_policy_parser::IamArn;
use rayon::prelude::*;
use service_catalog::{ActionId, Catalog, ServiceId};

use crate::account::{AccountData, EntityDetail, EntityId, EntityKind, PolicySource};
use crate::activity::{Activity, ActivityRow, CreditedAction};
use crate::grants::{self, PoliciesGrantingServiceAccess};
use crate::parameters::{check_service_namespace, find_service};
use crate::reach::{Reach, ReachEngine};
use crate::report::{
    Access, ActionRow, Entity, Granularity, LastAccess, NotEvaluated, Report, ReportVisitor, Row,
    ServiceRef, ServiceRow,
};
use crate::request_error::RequestError;
use crate::tracking::{TrackedActions, Tracking};

/// Answers for one account graph and one activity table, as of one instant.
///
/// Making one compiles the policies and sorts the activity by identity; after that, every question
/// is cheap, and clones share the work.
#[derive(Clone, Debug)]
pub struct Advisor {
    account: Arc<AccountData>,
    catalog: Arc<Catalog>,
    engine: Arc<ReachEngine>,
    used: Arc<HashMap<EntityId, Vec<Used>>>,
    strangers: usize,
    tracking: Tracking,
    now: DateTime<Utc>,
}

/// When each service was last attempted: UTC milliseconds by namespace.
pub type LastByNamespace = BTreeMap<String, i64>;

/// What one identity did with one action in one Region.
#[derive(Debug)]
struct Used {
    service: ServiceRef,
    action: Option<ActionId>,
    region: Arc<str>,
    first_millis: i64,
    last_millis: i64,
    last_event_id: Box<str>,
}

/// Attempts of several identities at one thing, joined.
#[derive(Default)]
struct Joined<'a> {
    last: Option<(&'a Used, &'a Arc<str>)>,
    entities: u32,
    last_counted: Option<EntityId>,
}

impl<'a> Joined<'a> {
    fn add(&mut self, used: &'a Used, entity: EntityId, arn: &'a Arc<str>) {
        // Identities come one after the other.
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

    fn view(&self) -> Option<LastAccess<'a>> {
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
trait JoinedRows {
    /// A service, granted or not.
    fn service(&mut self, is_granted: bool, service: &ServiceRef, joined: &Joined<'_>);

    /// An action of the service visited last; `None` when it was never used.
    fn action(&mut self, action: ActionId, joined: Option<&Joined<'_>>);
}

/// The rows of a report.
#[derive(Default)]
struct OwnRows {
    services: Vec<Row>,
    ungranted: Vec<Row>,
    is_granted: bool,
}

impl JoinedRows for OwnRows {
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
struct Visited<'a, V> {
    catalog: &'a Catalog,
    visitor: &'a mut V,
}

impl<V: ReportVisitor> JoinedRows for Visited<'_, V> {
    fn service(&mut self, is_granted: bool, service: &ServiceRef, joined: &Joined<'_>) {
        let row = ServiceRow::new(self.catalog, service, joined.view(), joined.entities, &[]);
        self.visitor.visit_service(is_granted, row);
    }

    fn action(&mut self, action: ActionId, joined: Option<&Joined<'_>>) {
        self.visitor
            .visit_action(action, joined.and_then(Joined::view));
    }
}

impl Advisor {
    /// Joins the two. `now` is the instant that reports are made at: nothing here has a clock.
    #[must_use]
    pub fn new(
        account: impl Into<Arc<AccountData>>,
        activity: &Activity,
        catalog: Arc<Catalog>,
        tracking: Tracking,
        now: DateTime<Utc>,
    ) -> Self {
        let account = account.into();
        let engine = Arc::new(ReachEngine::new(&account, catalog.clone()));
        let (used, strangers) = attribute(&account, activity, &catalog);
        Self {
            account,
            catalog,
            engine,
            used: Arc::new(used),
            strangers,
            tracking,
            now,
        }
    }

    /// The same at another instant.
    #[must_use]
    pub fn at(&self, now: DateTime<Utc>) -> Self {
        Self {
            now,
            ..self.clone()
        }
    }

    /// The account graph.
    #[must_use]
    pub fn account(&self) -> &AccountData {
        &self.account
    }

    /// The catalog that the ids in its reports are of.
    #[must_use]
    pub fn catalog(&self) -> &Arc<Catalog> {
        &self.catalog
    }

    /// How many of the account's users and roles the activity has something of.
    #[must_use]
    pub fn identities_with_activity(&self) -> usize {
        self.used.len()
    }

    /// How many principals of the activity are none of the account's users and roles: of other
    /// accounts, or deleted since.
    #[must_use]
    pub fn strangers(&self) -> usize {
        self.strangers
    }

    /// What is possible for an entity.
    ///
    /// # Errors
    /// As [`AccountData::resolve`].
    pub fn reach(&self, arn: &str) -> Result<Reach, RequestError> {
        Ok(self.engine.reach(&self.account, self.account.resolve(arn)?))
    }

    /// The report on a user, group, role or managed policy.
    ///
    /// # Errors
    /// As [`AccountData::resolve`].
    pub fn report(&self, arn: &str, granularity: Granularity) -> Result<Report, RequestError> {
        Ok(self.report_on(self.account.resolve(arn)?, granularity))
    }

    /// Reports on every user, group, role, and attached or customer-managed policy, in parallel;
    /// by ARN.
    #[must_use]
    pub fn reports(&self, granularity: Granularity) -> Vec<Report> {
        self.account
            .reported_entities()
            .into_par_iter()
            .map(|entity| self.report_on(entity, granularity))
            .collect()
    }

    /// The report on an entity of this advisor's account graph.
    #[must_use]
    pub fn report_on(&self, entity: EntityId, granularity: Granularity) -> Report {
        let mut rows = OwnRows::default();
        self.join_into(entity, granularity, &mut rows);
        Report {
            catalog: self.catalog.clone(),
            arn: self
                .account
                .entity(entity)
                .map_or_else(|| "".into(), |detail| detail.arn.clone()),
            granularity,
            services: rows.services,
            ungranted: rows.ungranted,
            not_evaluated: self.not_evaluated(entity),
        }
    }

    /// Visits the rows of [`Advisor::report_on`] in order, without building the report.
    pub fn visit_rows(
        &self,
        entity: EntityId,
        granularity: Granularity,
        visitor: &mut impl ReportVisitor,
    ) {
        let catalog = &self.catalog;
        self.join_into(entity, granularity, &mut Visited { catalog, visitor });
    }

    /// Joins what is possible for an entity with what was done.
    fn join_into(&self, entity: EntityId, granularity: Granularity, rows: &mut impl JoinedRows) {
        let reach = self.engine.reach(&self.account, entity);
        let identities = self.identities(entity);
        let (mut by_service, by_action) = self.join(&identities, granularity);
        for id in reach.services(self.engine.compiler()) {
            let service = ServiceRef::Known(id);
            let joined = by_service.remove(&service).unwrap_or_default();
            rows.service(true, &service, &joined);
            if granularity == Granularity::Action {
                let actions = reach.actions_of(&self.catalog, id);
                for action in actions.filter(|action| self.is_tracked(*action)) {
                    rows.action(action, by_action.get(&action));
                }
            }
        }

        // A group's members and a policy's entities have other permissions too: what they use
        // without this one says nothing.
        let kind = self.account.entity(entity).map(|detail| detail.kind);
        if !matches!(kind, Some(EntityKind::User | EntityKind::Role)) {
            return;
        }
        let mut ungranted: Vec<_> = by_service.into_iter().collect();
        ungranted.sort_by(|(left, _), (right, _)| self.namespace(left).cmp(self.namespace(right)));
        for (service, joined) in &ungranted {
            rows.service(false, service, joined);
            for (action, joined) in self.actions_used(service, &by_action) {
                rows.action(action, Some(joined));
            }
        }
    }

    /// The users and roles that may have used a service by way of an entity, with when they last
    /// did: most recent first, then those that never did, users before roles, by name. A service
    /// that is not in the entity's report has none.
    ///
    /// # Errors
    /// As [`AccountData::resolve`]; a namespace that is malformed or unknown, as IAM words it.
    pub fn entities(&self, arn: &str, namespace: &str) -> Result<Vec<Entity>, RequestError> {
        check_service_namespace(namespace)?;
        let id = self.account.resolve(arn)?;
        let service = find_service(&self.catalog, namespace)?;
        let reach = self.engine.reach(&self.account, id);
        if !reach.services(self.engine.compiler()).contains(&service) {
            return Ok(Vec::new());
        }
        let service = ServiceRef::Known(service);
        let mut entities: Vec<Entity> = self
            .identities(id)
            .into_iter()
            .map(|(identity, detail)| {
                let last = self
                    .used_by(identity)
                    .filter(|used| used.service == service && self.sees_service(used))
                    .map(|used| used.last_millis)
                    .max();
                Entity::new(detail, last)
            })
            .collect();
        Entity::sort(&mut entities);
        Ok(entities)
    }

    /// Of every user and role whose attempts count in an entity's report: when it last attempted
    /// which service.
    ///
    /// # Errors
    /// As [`AccountData::resolve`].
    pub fn last_by_entity(
        &self,
        arn: &str,
    ) -> Result<Vec<(&EntityDetail, LastByNamespace)>, RequestError> {
        let id = self.account.resolve(arn)?;
        let identities = self.identities(id);
        Ok(identities
            .into_iter()
            .map(|(identity, detail)| {
                let mut last = LastByNamespace::new();
                for used in self
                    .used_by(identity)
                    .filter(|used| self.sees_service(used))
                {
                    let namespace = self.namespace(&used.service).to_owned();
                    let millis = last.entry(namespace).or_insert(used.last_millis);
                    *millis = used.last_millis.max(*millis);
                }
                (detail, last)
            })
            .collect())
    }

    /// The policies of a user, group or role that grant access to services; see
    /// [`grants::policies_granting_service_access`].
    ///
    /// # Errors
    /// As there.
    pub fn policies_granting<S: AsRef<str>>(
        &self,
        arn: &str,
        namespaces: &[S],
    ) -> Result<Vec<PoliciesGrantingServiceAccess>, RequestError> {
        grants::policies_granting_service_access(&self.account, &self.catalog, arn, namespaces)
    }

    /// The users and roles whose attempts count in an entity's report, each once.
    fn identities(&self, entity: EntityId) -> Vec<(EntityId, &EntityDetail)> {
        let detail = |id: EntityId| self.account.entity(id).map(|detail| (id, detail));
        let Some((_, of)) = detail(entity) else {
            return Vec::new();
        };
        let mut ids: Vec<EntityId> = match of.kind {
            EntityKind::User | EntityKind::Role => vec![entity],
            EntityKind::Group => self.account.members_of(entity).collect(),
            EntityKind::Policy => self
                .account
                .attached_to(entity)
                .flat_map(|holder| match detail(holder) {
                    Some((_, holder_detail)) if holder_detail.kind == EntityKind::Group => {
                        self.account.members_of(holder).collect()
                    }
                    _ => vec![holder],
                })
                .collect(),
        };
        ids.sort_unstable();
        ids.dedup();
        ids.into_iter().filter_map(detail).collect()
    }

    fn used_by(&self, identity: EntityId) -> impl Iterator<Item = &Used> {
        self.used.get(&identity).into_iter().flatten()
    }

    /// Joins what identities did, by service and, at action level, by action.
    fn join<'a>(
        &'a self,
        identities: &[(EntityId, &'a EntityDetail)],
        granularity: Granularity,
    ) -> (
        HashMap<ServiceRef, Joined<'a>>,
        HashMap<ActionId, Joined<'a>>,
    ) {
        let mut by_service: HashMap<ServiceRef, Joined<'a>> = HashMap::new();
        let mut by_action: HashMap<ActionId, Joined<'a>> = HashMap::new();
        for (identity, detail) in identities {
            for used in self.used_by(*identity) {
                if self.sees_service(used) {
                    let joined = by_service.entry(used.service.clone()).or_default();
                    joined.add(used, *identity, &detail.arn);
                }
                if granularity == Granularity::Action
                    && let Some(action) = used.action
                    && self.sees_action(used, action)
                {
                    by_action
                        .entry(action)
                        .or_default()
                        .add(used, *identity, &detail.arn);
                }
            }
        }
        (by_service, by_action)
    }

    fn sees_service(&self, used: &Used) -> bool {
        self.tracking
            .service_window(&used.region, self.now)
            .is_some_and(|window| window.sees(used.first_millis, used.last_millis))
    }

    fn sees_action(&self, used: &Used, action: ActionId) -> bool {
        let service = self.catalog.service(self.catalog.action(action).service());
        self.is_tracked(action)
            && self
                .tracking
                .action_window(service.namespace(), &used.region, self.now)
                .is_some_and(|window| window.sees(used.first_millis, used.last_millis))
    }

    fn is_tracked(&self, action: ActionId) -> bool {
        match self.tracking.actions {
            TrackedActions::All => true,
            TrackedActions::Aws => self.catalog.action(action).is_tracked(),
        }
    }

    fn namespace<'a>(&'a self, service: &'a ServiceRef) -> &'a str {
        match service {
            ServiceRef::Known(id) => self.catalog.service(*id).namespace(),
            ServiceRef::Unknown(namespace) => namespace,
        }
    }

    /// The actions of a service that were used, by name.
    fn actions_used<'a, 'b>(
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

    /// Policies and groups that count for an entity of this advisor's account graph but could not be evaluated.
    #[must_use]
    pub fn not_evaluated(&self, entity: EntityId) -> Vec<NotEvaluated> {
        let mut not_evaluated: Vec<NotEvaluated> = self
            .account
            .policies_in_effect(entity)
            .into_iter()
            .filter_map(|policy| match policy.document {
                PolicySource::Document(_) => None,
                PolicySource::NotEvaluated(reason) => Some(NotEvaluated {
                    name: policy.arn.map_or(policy.name, |arn| &**arn).to_owned(),
                    reason: reason.to_string(),
                }),
            })
            .collect();
        if let Some(detail) = self.account.entity(entity) {
            not_evaluated.extend(detail.missing_groups.iter().map(|group| NotEvaluated {
                name: group.to_string(),
                reason: "the group is not in the export".into(),
            }));
        }
        not_evaluated.sort_by(|left, right| left.name.cmp(&right.name));
        not_evaluated.dedup();
        not_evaluated
    }
}

/// Sorts the activity by the users and roles of the account, and counts the principals that are
/// nobody here.
fn attribute(
    account: &AccountData,
    activity: &Activity,
    catalog: &Catalog,
) -> (HashMap<EntityId, Vec<Used>>, usize) {
    let mut strangers: HashSet<&str> = HashSet::new();
    let mut used: HashMap<EntityId, Vec<Used>> = HashMap::new();
    let mut regions: HashMap<Box<str>, Arc<str>> = HashMap::new();
    let mut unknown: HashMap<Box<str>, Arc<str>> = HashMap::new();
    let intern = |pool: &mut HashMap<Box<str>, Arc<str>>, text: &str| -> Arc<str> {
        if let Some(known) = pool.get(text) {
            return known.clone();
        }
        let interned: Arc<str> = text.into();
        pool.insert(text.into(), interned.clone());
        interned
    };
    for row in activity.rows() {
        let Some(entity) = identity_of(account, &row) else {
            strangers.extend(row.principal.unique_id.or(row.principal.arn));
            continue;
        };
        let (service, action) = resolve(catalog, &row);
        used.entry(entity).or_default().push(Used {
            service: match service {
                Some(id) => ServiceRef::Known(id),
                None => ServiceRef::Unknown(intern(&mut unknown, row.service)),
            },
            action,
            region: intern(&mut regions, row.region),
            first_millis: row.first_millis,
            last_millis: row.last_millis,
            last_event_id: row.last_event_id.into(),
        });
    }
    (used, strangers.len())
}

/// The unique id decides: an entity inherits nothing from an earlier one of its name. Where an
/// event has none, the ARN does, unless the entity was made after it.
fn identity_of(account: &AccountData, row: &ActivityRow<'_>) -> Option<EntityId> {
    let by_arn = || {
        let arn: IamArn = row.principal.arn?.parse().ok()?;
        account.named(&arn)
    };
    let entity = match row.principal.unique_id {
        Some(id) => account.by_unique_id(id)?,
        None => by_arn()?,
    };
    let detail = account.entity(entity)?;
    let is_earlier = row.principal.unique_id.is_none()
        && detail
            .created
            .is_some_and(|created| row.last_millis < created.timestamp_millis());
    (matches!(detail.kind, EntityKind::User | EntityKind::Role) && !is_earlier).then_some(entity)
}

/// The catalog may have learned of a service or action since the activity was taken in.
fn resolve(catalog: &Catalog, row: &ActivityRow<'_>) -> (Option<ServiceId>, Option<ActionId>) {
    let service = catalog.service_by_namespace(row.service);
    match row.operation {
        CreditedAction::Action(name) => (
            service,
            service.and_then(|id| catalog.action_by_name(id, name)),
        ),
        CreditedAction::Event(name) => {
            let source = format!("{}.amazonaws.com", row.service);
            let event = catalog.resolve_event(&source, name);
            (service.or(event.service), event.action)
        }
    }
}
