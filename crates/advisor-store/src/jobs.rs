//! Jobs in the file.

use advisor_core::Page;
use advisor_core::{FrozenEntity, FrozenReport, JobError, JobState};
use advisor_core::{Granularity, Job, JobId};
use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension, Row, Transaction, params};

use crate::database::{Store, StoreError};
use crate::{accounts, activity};

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
    /// Keeps a new job, in progress, as of this moment; `false`, and nothing is kept, when the
    /// account is no longer at this generation. From here on, imports leave for it what it needs.
    pub(crate) fn insert_job(&self, job: &Job, generation: i64) -> Result<bool, StoreError> {
        self.write(|transaction| {
            if accounts::generation(transaction, &job.account)? != Some(generation) {
                return Ok(false);
            }
            let pending = PendingJob {
                job: job.clone(),
                generation,
                activity_version: activity::version(transaction)?,
            };
            insert(transaction, &pending)?;
            Ok(true)
        })
    }

    /// Keeps a new job together with its report.
    pub(crate) fn insert_completed_job(
        &self,
        pending: &PendingJob,
        report: &FrozenReport,
        at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let entities = self.entities_json(report)?;
        self.write(|transaction| {
            insert(transaction, pending)?;
            complete(transaction, &pending.job.id, report, &entities, at)
        })
    }

    /// Keeps a job's report. A job that is no longer in progress stays as it is.
    pub(crate) fn complete_job(
        &self,
        id: &JobId,
        report: &FrozenReport,
        at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let entities = self.entities_json(report)?;
        self.write(|transaction| {
            complete(transaction, id, report, &entities, at)?;
            forget_what_no_job_needs(transaction)
        })
    }

    fn entities_json(&self, report: &FrozenReport) -> Result<String, StoreError> {
        serde_json::to_string(&report.entities).map_err(|error| self.damaged(error.to_string()))
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
            forget_what_no_job_needs(transaction)
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
    ///
    /// # Errors
    /// The database's.
    pub fn jobs_in_progress(&self) -> Result<Vec<JobId>, StoreError> {
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

    /// How many jobs there are in each state.
    ///
    /// # Errors
    /// The database's.
    pub fn jobs_by_status(&self) -> Result<Vec<(String, u64)>, StoreError> {
        self.read(|transaction| {
            let mut statement =
                transaction.prepare_cached("SELECT status, count(*) FROM jobs GROUP BY status")?;
            let counts = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            counts.collect()
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
            forget_what_no_job_needs(transaction)?;
            Ok(removed == 1)
        })
    }

    /// A stretch of a completed job's rows, as JSON, and how many there are in all; `None` when the
    /// job is gone.
    pub(crate) fn job_services(
        &self,
        id: &JobId,
        page: Page,
    ) -> Result<Option<(Vec<String>, usize)>, StoreError> {
        self.read(|transaction| {
            let length = transaction
                .prepare_cached("SELECT services FROM jobs WHERE id = ?1")?
                .query_row([id.as_str()], |row| row.get(0))
                .optional()?;
            let Some(length) = length else {
                return Ok(None);
            };
            let mut statement = transaction.prepare_cached(
                "SELECT row FROM job_services WHERE job = ?1 AND position >= ?2
                 ORDER BY position LIMIT ?3",
            )?;
            let rows = statement
                .query_map(params![id.as_str(), page.start, page.items], |row| {
                    row.get(0)
                })?;
            Ok(Some((rows.collect::<rusqlite::Result<_>>()?, length)))
        })
    }

    /// The entities of a completed job, none when its report does not list the service; `None` when
    /// the job is gone.
    pub(crate) fn job_entities(
        &self,
        id: &JobId,
        namespace: &str,
    ) -> Result<Option<Vec<FrozenEntity>>, StoreError> {
        let found: Option<(bool, Option<String>)> = self.read(|transaction| {
            transaction
                .prepare_cached(
                    "SELECT EXISTS (SELECT 1 FROM job_services WHERE job = ?1 AND namespace = ?2),
                            entities
                     FROM jobs WHERE id = ?1",
                )?
                .query_row([id.as_str(), namespace], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })
                .optional()
        })?;
        match found {
            None => Ok(None),
            Some((true, Some(json))) => serde_json::from_str(&json)
                .map(Some)
                .map_err(|error| self.damaged(error.to_string())),
            Some(_) => Ok(Some(Vec::new())),
        }
    }
}

fn insert(transaction: &Transaction<'_>, pending: &PendingJob) -> rusqlite::Result<()> {
    let job = &pending.job;
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
}

fn complete(
    transaction: &Transaction<'_>,
    id: &JobId,
    report: &FrozenReport,
    entities: &str,
    at: DateTime<Utc>,
) -> rusqlite::Result<()> {
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
        let mut insert =
            transaction.prepare_cached("INSERT INTO job_services VALUES (?1, ?2, ?3, ?4)")?;
        for (position, (namespace, row)) in report.services.iter().enumerate() {
            insert.execute(params![id.as_str(), position, namespace, row])?;
        }
    }
    Ok(())
}

/// Pictures and rows of activity that were kept for jobs in progress.
fn forget_what_no_job_needs(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    accounts::forget_old_pictures(transaction)?;
    activity::forget_earlier_rows(transaction)
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
