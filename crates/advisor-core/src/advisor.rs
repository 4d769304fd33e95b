//! The advisor: joins what an account's entities can do with what they did.

mod attempt_days;
mod credentials;
mod join;
mod missed_use;
mod recent_grants;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use service_catalog::Catalog;

use crate::account::{
    AccountData, DocumentId, EntityDetail, EntityId, EntityKind, NotEvaluatedReason, PolicySource,
};
use crate::activity::Activity;
use crate::cancellation::{Cancellation, Cancelled, Check, Never};
use crate::compiled_policy::CompiledPolicy;
use crate::coverage::CatalogMismatch;
use crate::credentials::UserCredentials;
use crate::day_set::DaySet;
use crate::ids::AccountId;
use crate::joined_rows::{CollectedRows, VisitedRows};
use crate::parameters::{check_service_namespace, find_service};
use crate::reach::{Reach, ReachEngine};
use crate::report::{EntityAccess, Granularity, NotEvaluated, Report, ReportVisitor};
use crate::request_error::RequestError;
use crate::service_ref::ServiceRef;
use crate::state::{
    DayRange, ImpliedActions, ReportCoverage, StateInputs, States, StatesOfReport, TrailDays,
};
use crate::tracking::Tracking;
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
    trail: Arc<TrailDays>,
    pub(crate) credentials: UserCredentials,
    /// `None` when the tracking has no states.
    states: Option<Arc<FullStates>>,
    tracking: Tracking,
    pub(crate) now: DateTime<Utc>,
}

/// What full tracking needs for the states of what no attempt shows.
#[derive(Debug)]
struct FullStates {
    implied: ImpliedActions,
    states: States,
}

/// When each service was last used: UTC milliseconds by namespace.
pub type LastByNamespace = BTreeMap<String, i64>;

impl Advisor {
    /// Creates an advisor. Reports are made as of `now`; the advisor does not read the clock.
    ///
    /// # Errors
    /// Another catalog credited the activity: its events could count for other actions.
    pub fn new(
        account: impl Into<Arc<AccountData>>,
        activity: &Activity,
        catalog: Arc<Catalog>,
        tracking: Tracking,
        now: DateTime<Utc>,
    ) -> Result<Self, CatalogMismatch> {
        activity.coverage().check_catalog(catalog.fingerprint())?;
        let account = account.into();
        let engine = Arc::new(ReachEngine::new(&account, catalog.clone()));
        let usage = Arc::new(Usage::new(&account, activity, &catalog));
        let credentials = UserCredentials::new(&account, activity.coverage());
        let advisor = Self {
            account,
            catalog,
            engine,
            usage,
            trail: Arc::new(TrailDays::new(activity.coverage())),
            credentials,
            states: None,
            tracking,
            now,
        };
        Ok(advisor.at(now))
    }

    /// The same advisor as of another instant.
    #[must_use]
    pub fn at(&self, now: DateTime<Utc>) -> Self {
        Self {
            now,
            states: self.tracking.has_states().then(|| {
                Arc::new(FullStates {
                    implied: ImpliedActions::new(&self.catalog),
                    states: self.states_at(now),
                })
            }),
            ..self.clone()
        }
    }

    /// The same advisor with another tracking.
    #[must_use]
    pub(crate) fn with_tracking(&self, tracking: Tracking) -> Self {
        let advisor = Self {
            tracking,
            states: None,
            ..self.clone()
        };
        advisor.at(self.now)
    }

    /// Which part of the activity counts.
    pub(crate) fn tracked(&self) -> &Tracking {
        &self.tracking
    }

    /// The days that claims are about.
    pub(crate) fn window(&self) -> DayRange {
        let (first, last) = self.tracking.claim_days(self.now);
        DayRange { first, last }
    }

    /// What an identity did.
    pub(crate) fn uses(&self, identity: EntityId) -> impl Iterator<Item = &Used> {
        self.usage.of(identity)
    }

    /// A compiled document of the account.
    pub(crate) fn compiled(&self, document: DocumentId) -> Option<&CompiledPolicy> {
        self.engine.compiled(&self.account, document.index())
    }

    /// The number of positions of sets of actions.
    pub(crate) fn positions(&self) -> usize {
        self.engine.compiler().positions()
    }

    fn states_at(&self, now: DateTime<Utc>) -> States {
        let inputs = StateInputs {
            catalog: self.catalog.clone(),
            trail: self.trail.clone(),
            tracking: self.tracking.clone(),
            window: self.tracking.claim_days(now),
            days_needed: self.tracking.coverage_days_needed(now),
        };
        let entities = self.account.entities().map(|(_, detail)| detail);
        let accounts = entities
            .filter(|detail| !detail.is_aws_managed())
            .map(|detail| detail.account.as_str());
        States::new(accounts, inputs)
    }

    /// What the reports rest on: the days, Regions and kinds of event of each account that were read.
    #[must_use]
    pub fn coverage(&self) -> ReportCoverage {
        let accounts = self.account.accounts();
        let mut coverage = self.trail.summary(
            accounts.iter().map(AccountId::as_str),
            self.tracking.claim_days(self.now),
            self.tracking.coverage_days_needed(self.now),
        );
        coverage.unseen_uses = self.cross_check().unseen_uses();
        coverage
    }

    /// Which part of the activity reports cover.
    #[must_use]
    pub fn tracking(&self) -> &Tracking {
        &self.tracking
    }

    /// The instant as of which reports are made.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// The account data.
    #[must_use]
    pub fn account(&self) -> &AccountData {
        &self.account
    }

    pub(crate) fn engine(&self) -> &ReachEngine {
        &self.engine
    }

    /// Whether services and actions of its reports have a state: with AWS's tracking, they have none.
    #[must_use]
    pub fn has_states(&self) -> bool {
        self.states.is_some()
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
        let entity = self.resolve(arn)?;
        let Ok(report) = self.report_of(arn, entity, granularity, &Never);
        Ok(report)
    }

    /// The report on an entity with its ARN; on an AWS managed policy that no export has without the entity.
    pub(crate) fn report_of<C: Check>(
        &self,
        arn: &str,
        entity: Option<EntityId>,
        granularity: Granularity,
        check: &C,
    ) -> Result<Report, C::Stopped> {
        match entity {
            Some(entity) => self.make_report(entity, granularity, check),
            None => Ok(self.report_without_policy(arn, granularity)),
        }
    }

    /// The report on an AWS managed policy that no export has.
    pub(crate) fn report_without_policy(&self, arn: &str, granularity: Granularity) -> Report {
        Report {
            catalog: self.catalog.clone(),
            arn: arn.into(),
            granularity,
            services: Vec::new(),
            ungranted: Vec::new(),
            unknown: Vec::new(),
            states: None,
            not_evaluated: vec![NotEvaluated {
                name: arn.to_owned(),
                reason: NotEvaluatedReason::MissingPolicy,
            }],
            undecided: 0,
        }
    }

    /// The entity with this ARN; `None` for an AWS managed policy that no export has.
    pub(crate) fn resolve(&self, arn: &str) -> Result<Option<EntityId>, RequestError> {
        match self.account.resolve(arn) {
            Err(RequestError::NoSuchEntity(_)) if self.account.lacks_aws_policy(arn) => Ok(None),
            resolved => resolved.map(Some),
        }
    }

    /// The report on an entity of this advisor's account data.
    #[must_use]
    pub fn report_on(&self, entity: EntityId, granularity: Granularity) -> Report {
        let Ok(report) = self.make_report(entity, granularity, &Never);
        report
    }

    /// [`Advisor::report_on`], unless it is cancelled. It is looked at for every identity.
    ///
    /// # Errors
    /// It was cancelled.
    pub fn try_report_on(
        &self,
        entity: EntityId,
        granularity: Granularity,
        cancellation: &Cancellation,
    ) -> Result<Report, Cancelled> {
        self.make_report(entity, granularity, cancellation)
    }

    fn make_report<C: Check>(
        &self,
        entity: EntityId,
        granularity: Granularity,
        check: &C,
    ) -> Result<Report, C::Stopped> {
        let mut rows = CollectedRows::default();
        let identities = self.identities(entity);
        let states = self.states_of(entity, &identities);
        let undecided = self.join_into(
            entity,
            &identities,
            granularity,
            states.as_ref(),
            &mut rows,
            check,
        )?;
        Ok(Report {
            catalog: self.catalog.clone(),
            arn: self
                .account
                .entity(entity)
                .map_or_else(|| "".into(), |detail| detail.arn.clone()),
            granularity,
            services: rows.services,
            ungranted: rows.ungranted,
            unknown: rows.unknown,
            states,
            not_evaluated: self.not_evaluated(entity),
            undecided,
        })
    }

    /// Visits the rows of [`Advisor::report_on`] in order, without building the report. Returns
    /// [`Report::undecided`].
    pub fn visit_rows(
        &self,
        entity: EntityId,
        granularity: Granularity,
        visitor: &mut impl ReportVisitor,
    ) -> usize {
        let Ok(undecided) = self.visit(entity, granularity, visitor, &Never);
        undecided
    }

    /// [`Advisor::visit_rows`], unless it is cancelled. Cancellation is checked for every identity, before its first row is
    /// visited.
    ///
    /// # Errors
    /// It was cancelled. No row was visited.
    pub fn try_visit_rows(
        &self,
        entity: EntityId,
        granularity: Granularity,
        visitor: &mut impl ReportVisitor,
        cancellation: &Cancellation,
    ) -> Result<usize, Cancelled> {
        self.visit(entity, granularity, visitor, cancellation)
    }

    fn visit<C: Check>(
        &self,
        entity: EntityId,
        granularity: Granularity,
        visitor: &mut impl ReportVisitor,
        check: &C,
    ) -> Result<usize, C::Stopped> {
        let identities = self.identities(entity);
        let states = self.states_of(entity, &identities);
        let mut rows = VisitedRows {
            catalog: &self.catalog,
            states: states.as_ref(),
            visitor,
        };
        self.join_into(
            entity,
            &identities,
            granularity,
            states.as_ref(),
            &mut rows,
            check,
        )
    }

    /// The states for the identities of a report, when the tracking has states.
    pub(crate) fn states_of(
        &self,
        entity: EntityId,
        identities: &[(EntityId, &EntityDetail)],
    ) -> Option<StatesOfReport> {
        let own = self.account.entity(entity);
        let own = own.filter(|detail| !detail.is_aws_managed());
        let details = identities.iter().map(|(_, detail)| *detail).chain(own);
        let states = &self.states.as_ref()?.states;
        Some(states.of(
            details.map(creation),
            self.missed_use(identities),
            self.recent_grants(entity),
        ))
    }

    /// The users and roles that can use a service by means of an entity, and when they last did. The
    /// most recent comes first, then those that never did; then users before roles, by name. The list
    /// is empty for a service that is not in the entity's report.
    ///
    /// # Errors
    /// As [`AccountData::resolve`]; IAM's error for a malformed or unknown namespace.
    pub fn entities(&self, arn: &str, namespace: &str) -> Result<Vec<EntityAccess>, RequestError> {
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
        let mut entities: Vec<EntityAccess> = self
            .identities(id)
            .into_iter()
            .map(|(identity, detail)| {
                let last = self
                    .usage
                    .of(identity)
                    .filter(|used| used.service == service)
                    .filter_map(|used| self.counted_attempt(used))
                    .map(|attempt| attempt.millis)
                    .max();
                EntityAccess::new(detail, last)
            })
            .collect();
        EntityAccess::sort(&mut entities);
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
        let entity = self.resolve(arn)?;
        let Ok(last) = self.last_of_identities(entity, &Never);
        Ok(last)
    }

    /// When each identity in the report on an entity last used each service.
    pub(crate) fn last_of_identities<C: Check>(
        &self,
        entity: Option<EntityId>,
        check: &C,
    ) -> Result<Vec<(&EntityDetail, LastByNamespace)>, C::Stopped> {
        let of_identity = |(identity, detail)| {
            check.check()?;
            let mut last = LastByNamespace::new();
            for used in self.usage.of(identity) {
                let Some(attempt) = self.counted_attempt(used) else {
                    continue;
                };
                let namespace = self.namespace(&used.service).to_owned();
                let millis = last.entry(namespace).or_insert(attempt.millis);
                *millis = attempt.millis.max(*millis);
            }
            Ok((detail, last))
        };
        let identities = entity.map(|entity| self.identities(entity));
        let identities = identities.into_iter().flatten();
        identities.map(of_identity).collect()
    }

    /// The users and roles whose attempts count in an entity's report, without duplicates.
    pub(crate) fn identities(&self, entity: EntityId) -> Vec<(EntityId, &EntityDetail)> {
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

/// The account of an entity, and the day of its creation.
fn creation(detail: &EntityDetail) -> (&str, Option<i32>) {
    let created = detail.created.map(|time| time.timestamp_millis());
    (detail.account.as_str(), created.map(DaySet::day_of))
}
