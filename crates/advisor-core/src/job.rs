//! Jobs: a report that a caller asked for, frozen as of that call, and read only by that caller.
//!
//! What is frozen: the rows, and who of the users and roles had used what. What is live: the name,
//! path and ARN of these users and roles, and whether they still exist. Source: recorded answers of
//! IAM, September 2026.

use chrono::{DateTime, Utc};
use iam_policy_parser::{IamArn, IamEntity};
use serde::{Deserialize, Serialize};

use crate::account::AccountData;
use crate::advisor::{Advisor, LastByNamespace};
use crate::page::{MarkerKey, MaxItems, Page, PagedOperation};
use crate::report::{Entity, Granularity};
use crate::request_error::RequestError;
use crate::{AccountId, JobId, time};

/// Who made a request: jobs belong to their caller.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Caller {
    /// A user, whichever of its access keys it used.
    User {
        /// Its ARN.
        arn: Box<str>,
    },
    /// One session of a role; other sessions of the role are other callers.
    Session {
        /// The ARN of the assumed role session.
        arn: Box<str>,
        /// The session's access key id, which tells it apart from others of its name.
        access_key_id: Box<str>,
    },
}

impl Caller {
    /// The person at the machine that the store is on, of no account: may ask about any.
    #[must_use]
    pub fn local() -> Self {
        Self::User {
            arn: "local".into(),
        }
    }

    /// The caller with this ARN: a user, or a session of a role, told from others by its access key.
    ///
    /// # Errors
    /// The ARN is of neither; the message says what it is.
    pub fn from_arn(arn: &str, access_key_id: &str) -> Result<Self, String> {
        match arn.parse::<IamArn>().map(|arn| arn.entity().clone()) {
            Ok(IamEntity::User { .. } | IamEntity::Root) => Ok(Self::User { arn: arn.into() }),
            Ok(IamEntity::AssumedRole { .. } | IamEntity::FederatedUser { .. }) => {
                Ok(Self::Session {
                    arn: arn.into(),
                    access_key_id: access_key_id.into(),
                })
            }
            Ok(_) => Err(format!("{arn} is neither a user nor a session of a role")),
            Err(error) => Err(format!("{arn}: {error}")),
        }
    }

    /// The caller's ARN, as messages name it.
    #[must_use]
    pub fn arn(&self) -> &str {
        match self {
            Self::User { arn } | Self::Session { arn, .. } => arn,
        }
    }

    /// The caller's account, when its ARN has one.
    #[must_use]
    pub fn account(&self) -> Option<AccountId> {
        AccountId::of_arn(self.arn())
    }

    /// What tells this caller from all others, as jobs keep it.
    #[must_use]
    pub fn owner_key(&self) -> String {
        match self {
            Self::User { arn } => format!("user {arn}"),
            Self::Session { arn, access_key_id } => format!("session {access_key_id} {arn}"),
        }
    }
}

/// A job as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its id: 36 characters.
    pub id: JobId,
    /// The [`Caller::owner_key`] of who asked.
    pub owner: String,
    /// The account of the entity.
    pub account: AccountId,
    /// The entity's ARN.
    pub arn: String,
    /// How deep the report goes.
    pub granularity: Granularity,
    /// When it was asked for: the report is as of this instant.
    pub created: DateTime<Utc>,
    /// How far it is.
    pub state: JobState,
}

/// How far a job is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobState {
    /// The report is being made.
    InProgress,
    /// The report is there.
    Completed {
        /// Since when.
        at: DateTime<Utc>,
    },
    /// There will be no report.
    Failed {
        /// Since when.
        at: DateTime<Utc>,
        /// Why.
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

/// Why a job failed, as the API's `ErrorDetails`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct JobError {
    /// What happened.
    pub message: String,
    /// A word for it.
    pub code: String,
}

/// A report at rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrozenReport {
    /// Its rows by namespace: namespace and JSON as the CLI prints it.
    pub services: Vec<(String, String)>,
    /// The users and roles whose attempts count in it.
    pub entities: Vec<FrozenEntity>,
}

/// A user or role of a report at rest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrozenEntity {
    /// What it is found by: names and paths may change.
    pub unique_id: String,
    /// When it last attempted each service.
    pub last_by_namespace: LastByNamespace,
}

impl FrozenReport {
    /// Freezes the report on an entity, and who used what.
    ///
    /// # Errors
    /// As [`Advisor::report`]; a row that cannot be written as JSON does not occur.
    pub fn freeze(
        advisor: &Advisor,
        arn: &str,
        granularity: Granularity,
    ) -> Result<Self, RequestError> {
        let report = advisor.report(arn, granularity)?;
        let services = report
            .services()
            .map(|row| {
                let json = serde_json::to_string(&row).unwrap_or_default();
                (row.service_namespace.to_owned(), json)
            })
            .collect();
        let entities = advisor
            .last_by_entity(arn)?
            .into_iter()
            .filter_map(|(detail, last_by_namespace)| {
                let unique_id = detail.unique_id.as_ref()?.to_string();
                Some(FrozenEntity {
                    unique_id,
                    last_by_namespace,
                })
            })
            .collect();
        Ok(Self { services, entities })
    }

    /// The entities of a service, as they are called now: most recent first, then those that never
    /// used it, users before roles, by name. Those that no longer exist are gone.
    #[must_use]
    pub fn entities_of(
        entities: &[FrozenEntity],
        namespace: &str,
        live: &AccountData,
    ) -> Vec<Entity> {
        let mut found: Vec<Entity> = entities
            .iter()
            .filter_map(|frozen| {
                let detail = live.entity(live.by_unique_id(&frozen.unique_id)?)?;
                let last = frozen.last_by_namespace.get(namespace);
                Some(Entity::new(detail, last.copied()))
            })
            .collect();
        Entity::sort(&mut found);
        found
    }
}

impl JobId {
    /// Checks a `JobId` parameter.
    ///
    /// # Errors
    /// As IAM words it, when it has not 36 characters.
    pub fn check(text: &str) -> Result<Self, RequestError> {
        let must = match text.chars().count() {
            ..36 => "have length greater than or equal to 36",
            36 => return Ok(Self::from(text)),
            _ => "have length less than or equal to 36",
        };
        Err(RequestError::constraint("jobId", must))
    }

    /// What a caller is told of a job that is not there, or not its own.
    #[must_use]
    pub fn not_found(&self) -> RequestError {
        RequestError::NoSuchEntity(format!("Job {self} does not exist."))
    }
}

/// What a caller asks of a job.
#[derive(Clone, Copy, Debug, Default)]
pub struct PageRequest<'a> {
    /// The `MaxItems` parameter.
    pub max_items: Option<MaxItems>,
    /// The `Marker` parameter.
    pub marker: Option<&'a str>,
}

impl PageRequest<'_> {
    /// The stretch that is asked for.
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

/// What `GetServiceLastAccessedDetails` and `...WithEntities` answer; serializes as the CLI prints
/// it. The list is missing unless the job is completed.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct JobAnswer {
    job_status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    job_type: Option<Granularity>,
    job_creation_date: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    services_last_accessed: Option<Vec<serde_json::Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    job_completion_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entity_details_list: Option<Vec<Entity>>,
    is_truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    marker: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<JobError>,
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
            job_creation_date: time::format(job.created),
            services_last_accessed: None,
            job_completion_date: completed.map(time::format),
            entity_details_list: None,
            is_truncated: false,
            marker: None,
            error,
        }
    }

    /// The answer for a job without a list: in progress, or failed.
    #[must_use]
    pub fn without_list(job: &Job) -> Self {
        Self::new(job)
    }

    /// A page of services. `next` is where the next one begins.
    #[must_use]
    pub fn services(
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

    /// A page of entities, cut from all of them.
    #[must_use]
    pub fn entities(job: &Job, all: Vec<Entity>, page: Page, key: &MarkerKey) -> Self {
        let next = page.next(all.len());
        Self {
            entity_details_list: Some(all.into_iter().skip(page.start).take(page.items).collect()),
            is_truncated: next.is_some(),
            marker: next.map(|position| key.seal(PagedOperation::Entities, &job.id, position)),
            ..Self::new(job)
        }
    }
}
