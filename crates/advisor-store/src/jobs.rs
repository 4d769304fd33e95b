//! Jobs in the file.

use advisor_core::job::{FrozenEntity, FrozenReport, JobError, JobState};
use advisor_core::page::Page;
use advisor_core::{AccountId, Granularity, Job, JobId};
use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension, Row, Transaction, params};

use crate::accounts;
use crate::database::{Store, StoreError};

/// A job in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobSummary {
    /// The job.
    pub job: Job,
    /// How many services its report lists.
    pub services: u64,
}

/// What a job in progress is to be made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PendingJob {
    pub(crate) job: Job,
    pub(crate) generation: i64,
    pub(crate) activity_version: i64,
}

const COLUMNS: &str = "id, owner, account, arn, granularity, created, status, completed, \
                       error_code, error_message, services, generation, activity_version";

impl Store {
    /// Keeps a new job, in progress.
    pub(crate) fn insert_job(&self, pending: &PendingJob) -> Result<(), StoreError> {
        let job = &pending.job;
        self.write(|transaction| {
            transaction.execute(
                "INSERT INTO jobs (id, owner, account, arn, granularity, created, status,
                     generation, activity_version)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'IN_PROGRESS', ?7, ?8)",
                params![
                    job.id.as_str(),
                    job.owner,
                    job.account.as_str(),
                    job.arn,
                    job.granularity.as_str(),
                    job.created.timestamp_millis(),
                    pending.generation,
                    pending.activity_version,
                ],
            )?;
            Ok(())
        })
    }

    /// Keeps a job's report. A job that is no longer in progress stays as it is.
    pub(crate) fn complete_job(
        &self,
        id: &JobId,
        report: &FrozenReport,
        at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let entities = serde_json::to_string(&report.entities)
            .map_err(|error| self.damaged(error.to_string()))?;
        self.write(|transaction| {
            let changed = transaction.execute(
                "UPDATE jobs SET status = 'COMPLETED', completed = ?2, services = ?3, entities = ?4
                 WHERE id = ?1 AND status = 'IN_PROGRESS'",
                params![
                    id.as_str(),
                    at.timestamp_millis(),
                    report.services.len(),
                    entities
                ],
            )?;
            if changed == 1 {
                let mut insert = transaction
                    .prepare_cached("INSERT INTO job_services VALUES (?1, ?2, ?3, ?4)")?;
                for (position, (namespace, row)) in report.services.iter().enumerate() {
                    insert.execute(params![id.as_str(), position, namespace, row])?;
                }
            }
            accounts::forget_old_pictures(transaction)
        })
    }

    /// Ends a job without a report.
    pub(crate) fn fail_job(
        &self,
        id: &JobId,
        error: &JobError,
        at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.write(|transaction| {
            transaction.execute(
                "UPDATE jobs SET status = 'FAILED', completed = ?2, error_code = ?3,
                     error_message = ?4
                 WHERE id = ?1 AND status = 'IN_PROGRESS'",
                params![
                    id.as_str(),
                    at.timestamp_millis(),
                    error.code,
                    error.message
                ],
            )?;
            accounts::forget_old_pictures(transaction)
        })
    }

    /// A job, whoever asked for it.
    pub(crate) fn job(&self, id: &JobId) -> Result<Option<Job>, StoreError> {
        Ok(self.pending_job(id)?.map(|pending| pending.job))
    }

    pub(crate) fn pending_job(&self, id: &JobId) -> Result<Option<PendingJob>, StoreError> {
        let query = format!("SELECT {COLUMNS} FROM jobs WHERE id = ?1");
        let found = self.read(|transaction| {
            let mut statement = transaction.prepare_cached(&query)?;
            statement
                .query_row([id.as_str()], |row| parse(row).map(|(pending, _)| pending))
                .optional()
        })?;
        Ok(found)
    }

    /// Jobs that were asked for and have no report yet.
    pub(crate) fn jobs_in_progress(&self) -> Result<Vec<JobId>, StoreError> {
        self.read(|transaction| {
            let mut statement = transaction
                .prepare("SELECT id FROM jobs WHERE status = 'IN_PROGRESS' ORDER BY created")?;
            let ids = statement.query_map([], |row| {
                row.get_ref(0)?
                    .as_str()
                    .map(JobId::from)
                    .map_err(Into::into)
            })?;
            ids.collect()
        })
    }

    /// All jobs, the newest first.
    ///
    /// # Errors
    /// The database's.
    pub fn jobs(&self) -> Result<Vec<JobSummary>, StoreError> {
        let query = format!("SELECT {COLUMNS} FROM jobs ORDER BY created DESC, id");
        self.read(|transaction| {
            let mut statement = transaction.prepare(&query)?;
            let jobs = statement.query_map([], |row| {
                parse(row).map(|(pending, services)| JobSummary {
                    job: pending.job,
                    services,
                })
            })?;
            jobs.collect()
        })
    }

    /// Removes a job and its report; `false` when there was none.
    ///
    /// # Errors
    /// The database's.
    pub fn delete_job(&self, id: &JobId) -> Result<bool, StoreError> {
        self.write(|transaction| {
            let removed = transaction.execute("DELETE FROM jobs WHERE id = ?1", [id.as_str()])?;
            accounts::forget_old_pictures(transaction)?;
            Ok(removed == 1)
        })
    }

    /// A stretch of a completed job's rows, as JSON, and how many there are in all.
    pub(crate) fn job_services(
        &self,
        id: &JobId,
        page: Page,
    ) -> Result<(Vec<String>, usize), StoreError> {
        self.read(|transaction| {
            let length = transaction
                .prepare_cached("SELECT services FROM jobs WHERE id = ?1")?
                .query_row([id.as_str()], |row| row.get(0))?;
            let mut statement = transaction.prepare_cached(
                "SELECT row FROM job_services WHERE job = ?1 AND position >= ?2
                 ORDER BY position LIMIT ?3",
            )?;
            let rows = statement
                .query_map(params![id.as_str(), page.start, page.items], |row| {
                    row.get(0)
                })?;
            Ok((rows.collect::<rusqlite::Result<_>>()?, length))
        })
    }

    /// The entities of a completed job, when its report lists the service.
    pub(crate) fn job_entities(
        &self,
        id: &JobId,
        namespace: &str,
    ) -> Result<Vec<FrozenEntity>, StoreError> {
        let json: Option<String> = self.read(|transaction| {
            let is_listed: bool = transaction.query_row(
                "SELECT EXISTS (SELECT 1 FROM job_services WHERE job = ?1 AND namespace = ?2)",
                params![id.as_str(), namespace],
                |row| row.get(0),
            )?;
            if !is_listed {
                return Ok(None);
            }
            transaction.query_row(
                "SELECT entities FROM jobs WHERE id = ?1",
                [id.as_str()],
                |row| row.get(0),
            )
        })?;
        match json {
            Some(json) => {
                serde_json::from_str(&json).map_err(|error| self.damaged(error.to_string()))
            }
            None => Ok(Vec::new()),
        }
    }
}

/// The versions that a job asked for now is as of.
pub(crate) fn versions(
    transaction: &Transaction<'_>,
    account: &AccountId,
) -> rusqlite::Result<(Option<i64>, i64)> {
    Ok((
        accounts::generation(transaction, account)?,
        crate::activity::version(transaction)?,
    ))
}

fn parse(row: &Row<'_>) -> rusqlite::Result<(PendingJob, u64)> {
    let text = |index: usize| row.get_ref(index)?.as_str().map_err(rusqlite::Error::from);
    let time = |index: usize| -> rusqlite::Result<DateTime<Utc>> {
        let millis: Option<i64> = row.get(index)?;
        Ok(DateTime::from_timestamp_millis(millis.unwrap_or_default()).unwrap_or_default())
    };
    let state = match text(6)? {
        "COMPLETED" => JobState::Completed { at: time(7)? },
        "FAILED" => JobState::Failed {
            at: time(7)?,
            error: JobError {
                code: row.get(8)?,
                message: row.get(9)?,
            },
        },
        _ => JobState::InProgress,
    };
    let granularity = match text(4)? {
        "ACTION_LEVEL" => Granularity::Action,
        _ => Granularity::Service,
    };
    let job = Job {
        id: text(0)?.into(),
        owner: row.get(1)?,
        account: text(2)?.into(),
        arn: row.get(3)?,
        granularity,
        created: time(5)?,
        state,
    };
    let pending = PendingJob {
        job,
        generation: row.get(11)?,
        activity_version: row.get(12)?,
    };
    Ok((pending, row.get(10)?))
}
