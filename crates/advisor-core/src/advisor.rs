//! The advisor: joins what an account's entities can do with what they did.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use hashbrown::HashMap;
use rayon::prelude::*;
use service_catalog::{ActionId, Catalog};

use crate::account::{
    AccountData, EntityDetail, EntityId, EntityKind, NotEvaluatedReason, PolicySource,
};
use crate::activity::Activity;
use crate::grants::{self, PoliciesGrantingServiceAccess};
use crate::joined_rows::{CollectedRows, Joined, JoinedRows, VisitedRows};
use crate::parameters::{check_service_namespace, find_service};
use crate::reach::{Reach, ReachEngine};
use crate::report::{Entity, Granularity, NotEvaluated, Report, ReportVisitor, ServiceRef};
use crate::request_error::RequestError;
use crate::tracking::{TrackedActions, Tracking};
use crate::usage::{Usage, Used};

/// Answers for one set of account data and one activity table, as of one instant.
///
/// Creating an advisor compiles the policies and groups the activity by identity. After that every
/// answer is cheap, and clones share the work.
#[derive(Clone, Debug)]
pub struct Advisor {
    account: Arc<AccountData>,
    catalog: Arc<Catalog>,
    engine: Arc<ReachEngine>,
    usage: Arc<Usage>,
    tracking: Tracking,
    now: DateTime<Utc>,
}

/// When each service was last used: UTC milliseconds by namespace.
pub type LastByNamespace = BTreeMap<String, i64>;

impl Advisor {
    /// Creates an advisor. Reports are made as of `now`; the advisor does not read the clock.
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
        let usage = Arc::new(Usage::new(&account, activity, &catalog));
        Self {
            account,
            catalog,
            engine,
            usage,
            tracking,
            now,
        }
    }

    /// The same advisor as of another instant.
    #[must_use]
    pub fn at(&self, now: DateTime<Utc>) -> Self {
        Self {
            now,
            ..self.clone()
        }
    }

    /// The account data.
    #[must_use]
    pub fn account(&self) -> &AccountData {
        &self.account
    }

    /// The catalog that the ids in reports belong to.
    #[must_use]
    pub fn catalog(&self) -> &Arc<Catalog> {
        &self.catalog
    }

    /// The number of users and roles of the account that have activity.
    #[must_use]
    pub fn identities_with_activity(&self) -> usize {
        self.usage.identities()
    }

    /// The number of principals in the activity that are not users or roles of the account: they belong
    /// to other accounts, or were deleted.
    #[must_use]
    pub fn unmatched_principals(&self) -> usize {
        self.usage.unmatched_principals()
    }

    /// What is possible for the entity with this ARN.
    ///
    /// # Errors
    /// As [`AccountData::resolve`].
    pub fn reach(&self, arn: &str) -> Result<Reach, RequestError> {
        Ok(self.engine.reach(&self.account, self.account.resolve(arn)?))
    }

    /// The report on a user, group, role or managed policy. An AWS managed policy that no export has is
    /// in [`Report::not_evaluated`] of its report.
    ///
    /// # Errors
    /// As [`AccountData::check`].
    pub fn report(&self, arn: &str, granularity: Granularity) -> Result<Report, RequestError> {
        Ok(match self.resolve(arn)? {
            Some(entity) => self.report_on(entity, granularity),
            None => Report {
                catalog: self.catalog.clone(),
                arn: arn.into(),
                granularity,
                services: Vec::new(),
                ungranted: Vec::new(),
                not_evaluated: vec![NotEvaluated {
                    name: arn.to_owned(),
                    reason: NotEvaluatedReason::MissingPolicy,
                }],
                undecided: 0,
            },
        })
    }

    /// The entity with this ARN; `None` for an AWS managed policy that no export has.
    fn resolve(&self, arn: &str) -> Result<Option<EntityId>, RequestError> {
        match self.account.resolve(arn) {
            Err(RequestError::NoSuchEntity(_)) if self.account.lacks_aws_policy(arn) => Ok(None),
            resolved => resolved.map(Some),
        }
    }

    /// Reports on every user, group and role, and on every managed policy that is attached or the
    /// account's own. Sorted by ARN; made in parallel.
    #[must_use]
    pub fn reports(&self, granularity: Granularity) -> Vec<Report> {
        self.account
            .reported_entities()
            .into_par_iter()
            .map(|entity| self.report_on(entity, granularity))
            .collect()
    }

    /// The report on an entity of this advisor's account data.
    #[must_use]
    pub fn report_on(&self, entity: EntityId, granularity: Granularity) -> Report {
        let mut rows = CollectedRows::default();
        let undecided = self.join_into(entity, granularity, &mut rows);
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
            undecided,
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
        self.join_into(entity, granularity, &mut VisitedRows { catalog, visitor });
    }

    /// How many actions are in the report on an entity only because the work budget ended before they were
    /// decided: [`Report::undecided`].
    #[must_use]
    pub fn undecided(&self, entity: EntityId) -> usize {
        self.engine.reach(&self.account, entity).undecided()
    }

    /// Joins what is possible for an entity with what was used. Returns [`Report::undecided`].
    fn join_into(
        &self,
        entity: EntityId,
        granularity: Granularity,
        rows: &mut impl JoinedRows,
    ) -> usize {
        let reach = self.engine.reach(&self.account, entity);
        let identities = self.identities(entity);
        let (mut by_service, by_action) = self.join(&identities, granularity);
        for id in reach.services(&self.catalog) {
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

        // Members of a group, and entities that a policy is attached to, have other permissions too.
        // So a service that they use may be granted elsewhere.
        let kind = self.account.entity(entity).map(|detail| detail.kind);
        if !matches!(kind, Some(EntityKind::User | EntityKind::Role)) {
            return reach.undecided();
        }
        let mut ungranted: Vec<_> = by_service.into_iter().collect();
        ungranted.sort_by(|(left, _), (right, _)| self.namespace(left).cmp(self.namespace(right)));
        for (service, joined) in &ungranted {
            rows.service(false, service, joined);
            for (action, joined) in self.actions_used(service, &by_action) {
                rows.action(action, Some(joined));
            }
        }
        reach.undecided()
    }

    /// The users and roles that can use a service by means of an entity, and when they last did. The
    /// most recent comes first, then those that never did; then users before roles, by name. The list
    /// is empty for a service that is not in the entity's report.
    ///
    /// # Errors
    /// As [`AccountData::resolve`]; IAM's error for a malformed or unknown namespace.
    pub fn entities(&self, arn: &str, namespace: &str) -> Result<Vec<Entity>, RequestError> {
        check_service_namespace(namespace)?;
        let id = self.resolve(arn)?;
        let service = find_service(&self.catalog, namespace)?;
        let Some(id) = id else {
            return Ok(Vec::new());
        };
        let reach = self.engine.reach(&self.account, id);
        if !reach.services(&self.catalog).contains(&service) {
            return Ok(Vec::new());
        }
        let service = ServiceRef::Known(service);
        let mut entities: Vec<Entity> = self
            .identities(id)
            .into_iter()
            .map(|(identity, detail)| {
                let last = self
                    .usage
                    .of(identity)
                    .filter(|used| used.service == service && self.sees_service(used))
                    .map(|used| used.last_millis)
                    .max();
                Entity::new(detail, last)
            })
            .collect();
        Entity::sort(&mut entities);
        Ok(entities)
    }

    /// Every user and role whose attempts count in an entity's report, and when it last used each
    /// service.
    ///
    /// # Errors
    /// As [`AccountData::resolve`].
    pub fn last_by_entity(
        &self,
        arn: &str,
    ) -> Result<Vec<(&EntityDetail, LastByNamespace)>, RequestError> {
        let Some(id) = self.resolve(arn)? else {
            return Ok(Vec::new());
        };
        let identities = self.identities(id);
        Ok(identities
            .into_iter()
            .map(|(identity, detail)| {
                let mut last = LastByNamespace::new();
                for used in self
                    .usage
                    .of(identity)
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

    /// The policies of a user, group or role that grant access to services.
    ///
    /// # Errors
    /// As [`policies_granting_service_access`](crate::policies_granting_service_access).
    pub fn policies_granting<S: AsRef<str>>(
        &self,
        arn: &str,
        namespaces: &[S],
    ) -> Result<Vec<PoliciesGrantingServiceAccess>, RequestError> {
        grants::policies_granting_service_access(&self.account, &self.catalog, arn, namespaces)
    }

    /// The users and roles whose attempts count in an entity's report, without duplicates.
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

    /// Joins what identities used, by service and, at action level, by action.
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
            for used in self.usage.of(*identity) {
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
        used.is_by_event()
            && self
                .tracking
                .service_window(&used.region, self.now)
                .is_some_and(|window| window.sees(used.first_millis, used.last_millis))
    }

    fn sees_action(&self, used: &Used, action: ActionId) -> bool {
        let service = self.catalog.service(self.catalog.action(action).service());
        self.is_tracked(action)
            && used.is_by_event()
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

    /// The actions of a service that were used, sorted by name.
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

    /// The policies and groups that count for an entity but could not be evaluated, sorted by name.
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
                    reason: reason.clone(),
                }),
            })
            .collect();
        if let Some(detail) = self.account.entity(entity) {
            not_evaluated.extend(detail.missing_groups.iter().map(|group| NotEvaluated {
                name: group.to_string(),
                reason: NotEvaluatedReason::MissingGroup,
            }));
        }
        not_evaluated.sort_by(|left, right| left.name.cmp(&right.name));
        not_evaluated.dedup();
        not_evaluated
    }
}
