//! Jobs: reports that belong to the caller who requested them, as of the time of the request.
//!
//! A job stores the rows, and when each user and role last used each service. The names, paths and
//! ARNs of these users and roles, and whether they still exist, are looked up when the job is read.
//! Source: recorded answers of IAM, September 2026.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize, Serializer};

use crate::account::AccountData;
use crate::advisor::{Advisor, LastByNamespace};
use crate::cancellation::{Cancellation, Cancelled, Check, Never};
use crate::ids::{AccountId, JobId};
use crate::page::{MarkerKey, MaxItems, Page, PagedOperation};
use crate::report::{EntityAccess, Granularity, NotEvaluated};
use crate::request_error::RequestError;
use crate::time;

/// A job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// The job's id: 36 characters.
    pub id: JobId,
    /// The [`Caller::owner_key`](crate::Caller::owner_key) of the caller who requested it.
    pub owner: String,
    /// The account of the entity.
    pub account: AccountId,
    /// The entity's ARN.
    pub arn: String,
    /// Whether the report includes actions.
    pub granularity: Granularity,
    /// When it was requested. The report is as of this instant.
    pub created: DateTime<Utc>,
    /// Its state.
    pub state: JobState,
}

/// The state of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobState {
    /// The report is being made.
    InProgress,
    /// The report is ready.
    Completed {
        /// When the job ended.
        at: DateTime<Utc>,
    },
    /// The report could not be made.
    Failed {
        /// When the job ended.
        at: DateTime<Utc>,
        /// Why it failed.
        error: JobError,
    },
}

impl JobState {
    /// The API's `JobStatus`.
    #[must_use]
    pub fn status(&self) -> &'static str {
        match self {
            Self::InProgress => "IN_PROGRESS",
            Self::Completed { .. } => "COMPLETED",
            Self::Failed { .. } => "FAILED",
        }
    }
}

/// Why a job failed: the API's `ErrorDetails`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct JobError {
    /// A message for people.
    pub message: String,
    /// The error code.
    pub code: String,
}

impl JobError {
    /// An error with this code and this message for people.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            code: code.into(),
        }
    }
}

/// A stored report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrozenReport {
    /// Its rows, sorted by namespace: the namespace, and the row as JSON.
    pub services: Vec<(String, String)>,
    /// The users and roles whose attempts count in the report.
    pub entities: Vec<FrozenEntity>,
    /// The report's [`Report::not_evaluated`](crate::Report::not_evaluated).
    pub not_evaluated: Vec<FrozenNotEvaluated>,
    /// The report's [`Report::undecided`](crate::Report::undecided).
    pub undecided: usize,
}

/// A policy or group that a stored report could not take into account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct FrozenNotEvaluated {
    /// The ARN of a managed policy, or the name of an inline policy or a group.
    pub name: String,
    /// Why it was not evaluated, for people.
    pub reason: String,
}

impl From<&NotEvaluated> for FrozenNotEvaluated {
    fn from(missing: &NotEvaluated) -> Self {
        Self {
            name: missing.name.clone(),
            reason: missing.reason.to_string(),
        }
    }
}

impl fmt::Display for FrozenNotEvaluated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.reason)
    }
}

/// A user or role of a stored report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrozenEntity {
    /// Its unique id. Names and paths can change.
    pub unique_id: String,
    /// When it last used each service.
    pub last_by_namespace: LastByNamespace,
}

/// Why a report was not frozen.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FreezeError {
    /// There is no report on the entity.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// It is a report on a managed policy that could not be evaluated: its empty list would look like a policy that grants
    /// nothing.
    #[error("the policy was not evaluated: {0}")]
    NotEvaluated(NotEvaluated),
    /// It was cancelled.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl FrozenReport {
    /// Makes the report on an entity, and stores when each user and role last used each service.
    ///
    /// # Errors
    /// As [`Advisor::report`]; a managed policy that could not be evaluated.
    pub fn freeze(
        advisor: &Advisor,
        arn: &str,
        granularity: Granularity,
    ) -> Result<Self, FreezeError> {
        let Ok(made) = Self::make(advisor, arn, granularity, &Never);
        made
    }

    /// [`FrozenReport::freeze`], unless it is cancelled.
    ///
    /// # Errors
    /// As [`FrozenReport::freeze`]; it was cancelled.
    pub fn try_freeze(
        advisor: &Advisor,
        arn: &str,
        granularity: Granularity,
        cancellation: &Cancellation,
    ) -> Result<Self, FreezeError> {
        Self::make(advisor, arn, granularity, cancellation)?
    }

    fn make<C: Check>(
        advisor: &Advisor,
        arn: &str,
        granularity: Granularity,
        check: &C,
    ) -> Result<Result<Self, FreezeError>, C::Stopped> {
        let entity = match advisor.resolve(arn) {
            Ok(entity) => entity,
            Err(error) => return Ok(Err(error.into())),
        };
        let report = advisor.report_of(arn, entity, granularity, check)?;
        if let Some(own) = report
            .not_evaluated()
            .iter()
            .find(|policy| *policy.name == *report.arn())
        {
            return Ok(Err(FreezeError::NotEvaluated(own.clone())));
        }
        let not_evaluated = report.not_evaluated().iter().map(Into::into).collect();
        let undecided = report.undecided();
        let services = report
            .services()
            .map(|row| {
                let json = serde_json::to_string(&row).unwrap_or_default();
                (row.service_namespace.to_owned(), json)
            })
            .collect();
        let entities = advisor
            .last_of_identities(entity, check)?
            .into_iter()
            .filter_map(|(detail, last_by_namespace)| {
                let unique_id = detail.unique_id.as_ref()?.to_string();
                Some(FrozenEntity {
                    unique_id,
                    last_by_namespace,
                })
            })
            .collect();
        Ok(Ok(Self {
            services,
            entities,
            not_evaluated,
            undecided,
        }))
    }

    /// The entities of a service, with their current names. The most recent comes first, then those that
    /// never used it; then users before roles, by name. Entities that no longer exist are left out.
    #[must_use]
    pub fn entities_of(
        entities: &[FrozenEntity],
        namespace: &str,
        live: &AccountData,
    ) -> Vec<EntityAccess> {
        let mut found: Vec<EntityAccess> = entities
            .iter()
            .filter_map(|frozen| {
                let detail = live.entity(live.by_unique_id(&frozen.unique_id)?)?;
                let last = frozen.last_by_namespace.get(namespace);
                Some(EntityAccess::new(detail, last.copied()))
            })
            .collect();
        EntityAccess::sort(&mut found);
        found
    }
}

impl JobId {
    /// Checks a `JobId` parameter.
    ///
    /// # Errors
    /// IAM's `ValidationError` when it does not have 36 characters.
    pub fn check(text: &str) -> Result<Self, RequestError> {
        let must = match text.chars().count() {
            ..36 => "have length greater than or equal to 36",
            36 => return Ok(Self::from(text)),
            _ => "have length less than or equal to 36",
        };
        Err(RequestError::constraint("jobId", must))
    }

    /// The error for a job that does not exist, or that belongs to another caller.
    #[must_use]
    pub fn not_found(&self) -> RequestError {
        RequestError::NoSuchEntity(format!("Job {self} does not exist."))
    }
}

/// The pagination parameters of a request.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct PageRequest<'a> {
    /// The `MaxItems` parameter.
    pub max_items: Option<MaxItems>,
    /// The `Marker` parameter.
    pub marker: Option<&'a str>,
}

impl<'a> PageRequest<'a> {
    /// The request for the first page, of IAM's size.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks for pages of this size; of IAM's for none.
    #[must_use]
    pub fn max_items(mut self, max_items: impl Into<Option<MaxItems>>) -> Self {
        self.max_items = max_items.into();
        self
    }

    /// Asks for the page that begins at this marker; for the first for none.
    #[must_use]
    pub fn marker(mut self, marker: impl Into<Option<&'a str>>) -> Self {
        self.marker = marker.into();
        self
    }

    /// The page that is requested.
    ///
    /// # Errors
    /// As [`MarkerKey::open`].
    pub fn page(
        &self,
        key: &MarkerKey,
        operation: PagedOperation,
        job: &JobId,
    ) -> Result<Page, RequestError> {
        let start = match self.marker {
            Some(marker) => key.open(marker, operation, job)?,
            None => 0,
        };
        let items = self
            .max_items
            .map_or(operation.default_items(), MaxItems::get);
        Ok(Page { start, items })
    }
}

/// The answer of `GetServiceLastAccessedDetails` and `GetServiceLastAccessedDetailsWithEntities`: a
/// page of a job. It serializes as the AWS CLI prints it. The list is missing unless the job is
/// completed.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct JobAnswer {
    job_status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    job_type: Option<Granularity>,
    #[serde(serialize_with = "formatted")]
    job_creation_date: DateTime<Utc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    services_last_accessed: Option<Vec<serde_json::Value>>,
    #[serde(
        serialize_with = "crate::report::formatted",
        skip_serializing_if = "Option::is_none"
    )]
    job_completion_date: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entity_details_list: Option<Vec<EntityAccess>>,
    is_truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    marker: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<JobError>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    not_evaluated: Vec<FrozenNotEvaluated>,
    #[serde(skip)]
    undecided: usize,
}

fn formatted<S: Serializer>(time: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    time::format(*time).serialize(serializer)
}

impl JobAnswer {
    fn new(job: &Job) -> Self {
        let (completed, error) = match &job.state {
            JobState::InProgress => (None, None),
            JobState::Completed { at } => (Some(*at), None),
            JobState::Failed { at, error } => (Some(*at), Some(error.clone())),
        };
        Self {
            job_status: job.state.status(),
            job_type: None,
            job_creation_date: job.created,
            services_last_accessed: None,
            job_completion_date: completed,
            entity_details_list: None,
            is_truncated: false,
            marker: None,
            error,
            not_evaluated: Vec::new(),
            undecided: 0,
        }
    }

    /// The answer for a job that is in progress or failed.
    #[must_use]
    pub fn without_list(job: &Job) -> Self {
        Self::new(job)
    }

    /// A page of services. `next` is the position of the next page.
    #[must_use]
    pub fn services_page(
        job: &Job,
        rows: Vec<serde_json::Value>,
        next: Option<usize>,
        key: &MarkerKey,
    ) -> Self {
        Self {
            job_type: Some(job.granularity),
            services_last_accessed: Some(rows),
            is_truncated: next.is_some(),
            marker: next.map(|position| key.seal(PagedOperation::Services, &job.id, position)),
            ..Self::new(job)
        }
    }

    /// A page of entities, from the list of all of them.
    #[must_use]
    pub fn entities_page(job: &Job, all: Vec<EntityAccess>, page: Page, key: &MarkerKey) -> Self {
        let next = page.next(all.len());
        Self {
            entity_details_list: Some(all.into_iter().skip(page.start).take(page.items).collect()),
            is_truncated: next.is_some(),
            marker: next.map(|position| key.seal(PagedOperation::Entities, &job.id, position)),
            ..Self::new(job)
        }
    }

    /// The answer, with the [`FrozenReport::not_evaluated`] of the job's report.
    #[must_use]
    pub fn with_not_evaluated(mut self, not_evaluated: Vec<FrozenNotEvaluated>) -> Self {
        self.not_evaluated = not_evaluated;
        self
    }

    /// The policies and groups that count for the entity but could not be evaluated: services may be missing from the
    /// report. Serialized as `NotEvaluated` when there are any, which AWS's clients ignore.
    #[must_use]
    pub fn not_evaluated(&self) -> &[FrozenNotEvaluated] {
        &self.not_evaluated
    }

    /// The answer, with the [`FrozenReport::undecided`] of the job's report.
    #[must_use]
    pub fn with_undecided(mut self, undecided: usize) -> Self {
        self.undecided = undecided;
        self
    }

    /// How many actions are in the report only because deciding them would have taken more than its work budget; 0 for
    /// answers about entities. Not serialized: the API has no member for it.
    #[must_use]
    pub fn undecided(&self) -> usize {
        self.undecided
    }

    /// The job's state, as in [`JobState::status`].
    #[must_use]
    pub fn status(&self) -> &'static str {
        self.job_status
    }

    /// When the report was requested. It is as of this instant.
    #[must_use]
    pub fn created(&self) -> DateTime<Utc> {
        self.job_creation_date
    }

    /// When the job ended; `None` while it is in progress.
    #[must_use]
    pub fn completed(&self) -> Option<DateTime<Utc>> {
        self.job_completion_date
    }

    /// Why the job failed; `None` unless it did.
    #[must_use]
    pub fn error(&self) -> Option<&JobError> {
        self.error.as_ref()
    }

    /// The services of the page, each as JSON with the members of the API's `ServiceLastAccessed`. Empty
    /// unless this answers a request for services, and the job is completed.
    #[must_use]
    pub fn services(&self) -> &[serde_json::Value] {
        self.services_last_accessed.as_deref().unwrap_or_default()
    }

    /// The users and roles of the page. Empty unless this answers a request for entities, and the job is
    /// completed.
    #[must_use]
    pub fn entities(&self) -> &[EntityAccess] {
        self.entity_details_list.as_deref().unwrap_or_default()
    }

    /// Whether more pages follow.
    #[must_use]
    pub fn is_truncated(&self) -> bool {
        self.is_truncated
    }

    /// The marker of the next page, for [`PageRequest::marker`]; `None` on the last page.
    #[must_use]
    pub fn marker(&self) -> Option<&str> {
        self.marker.as_deref()
    }
}
