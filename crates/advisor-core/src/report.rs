//! Reports: which services (and actions) an entity could reach, and when each was last accessed.
//!
//! The types serialize as the AWS CLI prints `get-service-last-accessed-details` and
//! `get-service-last-accessed-details-with-entities`. What has no place there stands beside it:
//! `UngrantedServicesUsed`, `UngrantedActionsUsed`, `UnknownEventSources`, `NotEvaluated` and `Undecided`, and in full
//! tracking `State` and `StateReason` in every row.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use service_catalog::{ActionId, Catalog, ServiceId};

use crate::account::{EntityDetail, EntityKind, NotEvaluatedReason};
use crate::ids::UniqueId;
use crate::request_error::RequestError;
use crate::service_ref::ServiceRef;
use crate::state::{State, StateReason, StatesOfReport};
use crate::time;

/// Whether a report includes actions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub enum Granularity {
    /// Services only.
    #[default]
    #[serde(rename = "SERVICE_LEVEL")]
    Service,
    /// Services and their tracked actions.
    #[serde(rename = "ACTION_LEVEL")]
    Action,
}

impl Granularity {
    /// The name in IAM's API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Service => "SERVICE_LEVEL",
            Self::Action => "ACTION_LEVEL",
        }
    }
}

impl std::str::FromStr for Granularity {
    type Err = RequestError;

    /// # Errors
    /// IAM's `ValidationError` for any other text.
    fn from_str(text: &str) -> Result<Self, RequestError> {
        [Self::Service, Self::Action]
            .into_iter()
            .find(|granularity| granularity.name() == text)
            .ok_or_else(|| {
                RequestError::constraint(
                    "granularity",
                    "satisfy enum value set: [SERVICE_LEVEL, ACTION_LEVEL]",
                )
            })
    }
}

/// A report on one user, group, role or managed policy.
#[derive(Clone, Debug)]
pub struct Report {
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) arn: Arc<str>,
    pub(crate) granularity: Granularity,
    pub(crate) services: Vec<Row>,
    pub(crate) ungranted: Vec<Row>,
    pub(crate) unknown: Vec<Row>,
    pub(crate) not_evaluated: Vec<NotEvaluated>,
    pub(crate) undecided: usize,
    /// The states of granted actions that no attempt shows; `None` when the tracking has no states.
    pub(crate) states: Option<StatesOfReport>,
}

/// A row of a report, by ids of the catalog.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) grant: Grant,
    pub(crate) service: ServiceRef,
    pub(crate) last: Option<Access>,
    pub(crate) total_entities: u32,
    /// The state, when the tracking has states.
    pub(crate) claim: Option<(State, Option<Box<StateReason>>)>,
    /// The granted actions, then those that were used without a grant.
    pub(crate) actions: Vec<StoredAction>,
}

#[derive(Clone, Debug)]
pub(crate) struct StoredAction {
    pub(crate) action: ActionId,
    pub(crate) is_granted: bool,
    /// Boxed, because most actions were never used.
    pub(crate) seen: Option<Box<Seen>>,
}

/// What shows the use of an action.
#[derive(Clone, Debug)]
pub(crate) enum Seen {
    Used(Access),
    Implied(StateReason),
}

/// Whether the permission policies of an identity grant a service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Grant {
    /// They grant at least one of its actions.
    #[default]
    Granted,
    /// They grant nothing of it now, though it was used.
    Ungranted,
    /// The catalog does not have the service, so that this is not known. It was used.
    Unknown,
}

impl Grant {
    /// Whether the service is granted; `None` when that is not known.
    #[must_use]
    pub fn is_granted(self) -> Option<bool> {
        match self {
            Self::Granted => Some(true),
            Self::Ungranted => Some(false),
            Self::Unknown => None,
        }
    }
}

/// When, by whom and where something was last accessed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Access {
    pub(crate) millis: i64,
    pub(crate) entity: Arc<str>,
    pub(crate) region: Arc<str>,
}

/// A service in a report: the API's `ServiceLastAccessed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct ServiceLastAccessed<'a> {
    /// The display name, such as `Amazon S3`; the namespace if the service is not in the catalog.
    pub service_name: &'a str,
    /// The time of the last attempt in the tracking period.
    #[serde(serialize_with = "formatted", skip_serializing_if = "Option::is_none")]
    pub last_authenticated: Option<DateTime<Utc>>,
    /// The namespace, such as `s3`.
    pub service_namespace: &'a str,
    /// The ARN of the user or role that made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_authenticated_entity: Option<&'a str>,
    /// The Region it was made in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_authenticated_region: Option<&'a str>,
    /// How many of the entity's users and roles made an attempt in the tracking period.
    pub total_authenticated_entities: u32,
    /// Whether it was used, and whether the trail would tell. `None` when the tracking has no states.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
    /// Why it has that state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state_reason: Option<&'a StateReason>,
    /// The tracked actions that are possible, sorted by name; empty at service level.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tracked_actions_last_accessed: Vec<TrackedActionLastAccessed<'a>>,
}

/// An action in a report: the API's `TrackedActionLastAccessed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct TrackedActionLastAccessed<'a> {
    /// The name without the namespace.
    pub action_name: &'a str,
    /// The ARN of the user or role that made the last attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_accessed_entity: Option<&'a str>,
    /// The time of the last attempt in the tracking period.
    #[serde(serialize_with = "formatted", skip_serializing_if = "Option::is_none")]
    pub last_accessed_time: Option<DateTime<Utc>>,
    /// The Region it was made in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_accessed_region: Option<&'a str>,
    /// Whether it was used, and whether the trail would tell. `None` when the tracking has no states.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
    /// Why it has that state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state_reason: Option<&'a StateReason>,
}

/// An action that a user or role used although its permission policies do not grant it now, of a service of which they grant
/// other actions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct UngrantedActionUsed<'a> {
    /// The namespace of the service.
    pub service_namespace: &'a str,
    /// The action and its last access.
    #[serde(flatten)]
    pub action: TrackedActionLastAccessed<'a>,
}

/// A service in a report, by ids of the catalog: [`ServiceLastAccessed`] without the names, for making
/// tables of many reports.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ServiceRow<'a> {
    /// Whether the service is granted.
    pub grant: Grant,
    /// The service; `None` when it is not in the catalog.
    pub service: Option<ServiceId>,
    /// The namespace.
    pub namespace: &'a str,
    /// The last attempt in the tracking period.
    pub last: Option<LastAccess<'a>>,
    /// How many of the entity's users and roles made an attempt in the tracking period.
    pub total_authenticated_entities: u32,
    /// Whether it was used, and whether the trail would tell. `None` when the tracking has no states.
    pub state: Option<State>,
    /// Why it has that state.
    pub state_reason: Option<&'a StateReason>,
    actions: &'a [StoredAction],
    states: Option<&'a StatesOfReport>,
}

/// An action in a report, by ids of the catalog: [`TrackedActionLastAccessed`] without the names.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ActionRow<'a> {
    /// The action.
    pub action: ActionId,
    /// Whether it is granted.
    pub is_granted: bool,
    /// The last attempt in the tracking period.
    pub last: Option<LastAccess<'a>>,
    /// Whether it was used, and whether the trail would tell. `None` when the tracking has no states.
    pub state: Option<State>,
    /// Why it has that state.
    pub state_reason: Option<&'a StateReason>,
}

/// When, by whom and where something was last accessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LastAccess<'a> {
    /// When, in UTC milliseconds.
    pub millis: i64,
    /// The ARN of the user or role.
    pub entity: &'a str,
    /// The Region.
    pub region: &'a str,
}

/// Visits the rows of reports in order, without building the reports.
pub trait ReportVisitor {
    /// Visits a service: one that is granted, or one that was used without being granted. Visits of
    /// its actions follow; [`ServiceRow::actions`] is empty here.
    fn visit_service(&mut self, row: ServiceRow<'_>);

    /// Visits a tracked action of the service visited last.
    fn visit_action(&mut self, row: ActionRow<'_>);
}

impl<'a> ServiceRow<'a> {
    pub(crate) fn new(
        catalog: &'a Catalog,
        grant: Grant,
        service: &'a ServiceRef,
        last: Option<LastAccess<'a>>,
        total_authenticated_entities: u32,
        claim: Option<(State, Option<&'a StateReason>)>,
    ) -> Self {
        let (service, namespace) = match service {
            ServiceRef::Known(id) => (Some(*id), catalog.service(*id).namespace()),
            ServiceRef::Unknown(namespace) => (None, &**namespace),
        };
        Self {
            grant,
            service,
            namespace,
            last,
            total_authenticated_entities,
            state: claim.map(|(state, _)| state),
            state_reason: claim.and_then(|(_, reason)| reason),
            actions: &[],
            states: None,
        }
    }

    /// The tracked actions, each with its last attempt: those that are possible, sorted by name, then those that were used without
    /// being granted, sorted by name. Empty at service level.
    pub fn actions(self) -> impl ExactSizeIterator<Item = ActionRow<'a>> + use<'a> {
        let states = self.states;
        self.actions
            .iter()
            .map(move |stored| ActionRow::of(stored, states))
    }
}

impl<'a> ActionRow<'a> {
    /// The row of a granted action that was used, or is implied for a reason, or neither.
    pub(crate) fn granted(
        action: ActionId,
        used: Option<LastAccess<'a>>,
        implied: Option<&'a StateReason>,
        states: Option<&'a StatesOfReport>,
    ) -> Self {
        let claim = states.and_then(|states| match (used, implied) {
            (Some(_), _) => Some((State::Used, None)),
            (None, Some(reason)) => Some((State::Implied, Some(reason))),
            (None, None) => {
                let (state, reason) = states.of_action(action)?;
                Some((state, Some(reason)))
            }
        });
        Self {
            action,
            is_granted: true,
            last: used,
            state: claim.map(|(state, _)| state),
            state_reason: claim.and_then(|(_, reason)| reason),
        }
    }

    /// The row of an action that was used without being granted.
    pub(crate) fn ungranted(
        action: ActionId,
        used: Option<LastAccess<'a>>,
        has_states: bool,
    ) -> Self {
        Self {
            action,
            is_granted: false,
            last: used,
            state: has_states.then_some(State::Used),
            state_reason: None,
        }
    }

    fn of(stored: &'a StoredAction, states: Option<&'a StatesOfReport>) -> Self {
        let (used, implied) = match stored.seen.as_deref() {
            Some(Seen::Used(access)) => (Some(access.view()), None),
            Some(Seen::Implied(reason)) => (None, Some(reason)),
            None => (None, None),
        };
        if stored.is_granted {
            Self::granted(stored.action, used, implied, states)
        } else {
            Self::ungranted(stored.action, used, states.is_some())
        }
    }
}

impl Access {
    fn view(&self) -> LastAccess<'_> {
        LastAccess {
            millis: self.millis,
            entity: &self.entity,
            region: &self.region,
        }
    }
}

/// A policy or group that a report could not take into account. Services may be missing from the
/// report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct NotEvaluated {
    /// The ARN of a managed policy, or the name of an inline policy or a group.
    pub name: String,
    /// Why it was not evaluated.
    pub reason: NotEvaluatedReason,
}

impl fmt::Display for NotEvaluated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.reason)
    }
}

pub(crate) fn formatted<S: Serializer>(
    time: &Option<DateTime<Utc>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    time.map(time::format).serialize(serializer)
}

impl Report {
    /// The ARN of the entity.
    #[must_use]
    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// The granularity: the API's `JobType`.
    #[must_use]
    pub fn granularity(&self) -> Granularity {
        self.granularity
    }

    /// The services that are possible, sorted by namespace.
    pub fn services(&self) -> impl ExactSizeIterator<Item = ServiceLastAccessed<'_>> {
        self.services.iter().map(|row| self.view(row))
    }

    /// The services that a user or role used in the tracking period although its permission policies
    /// grant nothing of them now, sorted by namespace. A resource-based policy may have allowed it, or a
    /// permission that was removed since. At action level with the actions it used.
    pub fn ungranted_services_used(
        &self,
    ) -> impl ExactSizeIterator<Item = ServiceLastAccessed<'_>> {
        self.ungranted.iter().map(|row| self.view(row))
    }

    /// At action level: the actions that a user or role used in the tracking period although its permission policies do not grant
    /// them now, of services of which they grant other actions. Sorted by namespace and name.
    pub fn ungranted_actions_used(&self) -> impl Iterator<Item = UngrantedActionUsed<'_>> {
        self.services.iter().flat_map(move |row| {
            let row = self.row(row);
            let ungranted = row.actions().filter(|action| !action.is_granted);
            ungranted.map(move |action| UngrantedActionUsed {
                service_namespace: row.namespace,
                action: self.action_view(action),
            })
        })
    }

    /// The event sources of a user's or role's attempts that are not in the catalog, sorted. Nothing is known of the permissions
    /// for them.
    pub fn unknown_event_sources(&self) -> impl ExactSizeIterator<Item = ServiceLastAccessed<'_>> {
        self.unknown.iter().map(|row| self.view(row))
    }

    /// The catalog that the ids of [`Report::service_rows`] belong to.
    #[must_use]
    pub fn catalog(&self) -> &Arc<Catalog> {
        &self.catalog
    }

    /// [`Report::services`] by ids.
    pub fn service_rows(&self) -> impl ExactSizeIterator<Item = ServiceRow<'_>> {
        self.services.iter().map(|row| self.row(row))
    }

    /// [`Report::ungranted_services_used`] by ids.
    pub fn ungranted_service_rows(&self) -> impl ExactSizeIterator<Item = ServiceRow<'_>> {
        self.ungranted.iter().map(|row| self.row(row))
    }

    /// [`Report::unknown_event_sources`] by ids.
    pub fn unknown_event_source_rows(&self) -> impl ExactSizeIterator<Item = ServiceRow<'_>> {
        self.unknown.iter().map(|row| self.row(row))
    }

    /// Visits the report's rows in order, with each service's actions after the service.
    pub fn visit_rows(&self, visitor: &mut impl ReportVisitor) {
        for row in self
            .services
            .iter()
            .chain(&self.ungranted)
            .chain(&self.unknown)
        {
            let service = self.row(row);
            visitor.visit_service(service);
            for action in service.actions() {
                visitor.visit_action(action);
            }
        }
    }

    fn row<'a>(&'a self, row: &'a Row) -> ServiceRow<'a> {
        let claim = row.claim.as_ref();
        let service = ServiceRow::new(
            &self.catalog,
            row.grant,
            &row.service,
            row.last.as_ref().map(Access::view),
            row.total_entities,
            claim.map(|(state, reason)| (*state, reason.as_deref())),
        );
        ServiceRow {
            actions: &row.actions,
            states: self.states.as_ref(),
            ..service
        }
    }

    /// The policies and groups that count for the entity but could not be evaluated, sorted by name.
    #[must_use]
    pub fn not_evaluated(&self) -> &[NotEvaluated] {
        &self.not_evaluated
    }

    /// How many actions, and services without known actions, are in the report only because the work budget
    /// ended before their question was decided: [`Reach::undecided`](crate::Reach::undecided). Zero for all but
    /// policies that were made to be expensive. Serialized as `Undecided`, unless it is zero.
    #[must_use]
    pub fn undecided(&self) -> usize {
        self.undecided
    }

    fn view<'a>(&'a self, row: &'a Row) -> ServiceLastAccessed<'a> {
        let row = self.row(row);
        let name = row.service.map(|id| self.catalog.service(id).name());
        let last = row.last;
        // The ungranted actions of a granted service have a list of their own.
        let actions = row
            .actions()
            .filter(|action| action.is_granted || row.grant != Grant::Granted);
        ServiceLastAccessed {
            service_name: name.unwrap_or(row.namespace),
            last_authenticated: last.map(|access| time::from_millis(access.millis)),
            service_namespace: row.namespace,
            last_authenticated_entity: last.map(|access| access.entity),
            last_authenticated_region: last.map(|access| access.region),
            total_authenticated_entities: row.total_authenticated_entities,
            state: row.state,
            state_reason: row.state_reason,
            tracked_actions_last_accessed: actions.map(|action| self.action_view(action)).collect(),
        }
    }

    fn action_view<'a>(&'a self, row: ActionRow<'a>) -> TrackedActionLastAccessed<'a> {
        TrackedActionLastAccessed {
            action_name: self.catalog.action(row.action).name(),
            last_accessed_entity: row.last.map(|access| access.entity),
            last_accessed_time: row.last.map(|access| time::from_millis(access.millis)),
            last_accessed_region: row.last.map(|access| access.region),
            state: row.state,
            state_reason: row.state_reason,
        }
    }
}

/// Serializes rows of a report one by one.
struct Rows<'a>(&'a Report, &'a [Row]);

impl Serialize for Rows<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.1.iter().map(|row| self.0.view(row)))
    }
}

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut report = serializer.serialize_struct("Report", 8)?;
        report.serialize_field("Arn", &*self.arn)?;
        report.serialize_field("JobType", &self.granularity)?;
        report.serialize_field("ServicesLastAccessed", &Rows(self, &self.services))?;
        if !self.ungranted.is_empty() {
            report.serialize_field("UngrantedServicesUsed", &Rows(self, &self.ungranted))?;
        }
        if self.ungranted_actions_used().next().is_some() {
            let actions: Vec<_> = self.ungranted_actions_used().collect();
            report.serialize_field("UngrantedActionsUsed", &actions)?;
        }
        if !self.unknown.is_empty() {
            report.serialize_field("UnknownEventSources", &Rows(self, &self.unknown))?;
        }
        if !self.not_evaluated.is_empty() {
            report.serialize_field("NotEvaluated", &self.not_evaluated)?;
        }
        if self.undecided > 0 {
            report.serialize_field("Undecided", &self.undecided)?;
        }
        report.end()
    }
}

/// A user or role that can use a service: the API's `EntityDetails`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EntityAccess {
    /// Its ARN.
    pub arn: Arc<str>,
    /// Its name.
    pub name: Box<str>,
    /// `USER` or `ROLE`.
    pub kind: &'static str,
    /// Its unique id.
    pub unique_id: Option<UniqueId>,
    /// Its path.
    pub path: Box<str>,
    /// When it last used the service in the tracking period.
    pub last_authenticated: Option<DateTime<Utc>>,
}

impl EntityAccess {
    /// Creates the entry of a user or role, with the time at which it last used the service.
    pub(crate) fn new(detail: &EntityDetail, last_millis: Option<i64>) -> Self {
        Self {
            arn: detail.arn.clone(),
            name: detail.name.clone(),
            kind: match detail.kind {
                EntityKind::Role => "ROLE",
                _ => "USER",
            },
            unique_id: detail.unique_id.clone(),
            path: detail.path.clone(),
            last_authenticated: last_millis.map(time::from_millis),
        }
    }

    /// Sorts the most recent first, then those that never used the service; then users before roles, by
    /// name.
    pub(crate) fn sort(entities: &mut [Self]) {
        entities.sort_by(|left, right| {
            (right.last_authenticated.cmp(&left.last_authenticated))
                // USER before ROLE.
                .then_with(|| right.kind.cmp(left.kind))
                .then_with(|| left.name.cmp(&right.name))
                .then_with(|| left.arn.cmp(&right.arn))
        });
    }
}

impl Serialize for EntityAccess {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "PascalCase")]
        struct EntityInfo<'a> {
            arn: &'a str,
            name: &'a str,
            r#type: &'a str,
            id: &'a str,
            path: &'a str,
        }
        let mut entity = serializer.serialize_struct("EntityDetails", 2)?;
        let info = EntityInfo {
            arn: &self.arn,
            name: &self.name,
            r#type: self.kind,
            id: self.unique_id.as_ref().map_or("", UniqueId::as_str),
            path: &self.path,
        };
        entity.serialize_field("EntityInfo", &info)?;
        if let Some(time) = self.last_authenticated {
            entity.serialize_field("LastAuthenticated", &time::format(time))?;
        }
        entity.end()
    }
}
