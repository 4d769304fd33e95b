//! Jobs and their reports in the file.

use advisor_core::{FrozenEntity, FrozenReport, Granularity, Job, JobError, JobId, JobState, Page};
use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension, Row, Transaction, params};

use crate::database::{Database, StoreError};
use crate::{accounts, activity};

/// A job as lists show it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct JobSummary {
    /// The job.
    pub job: Job,
    /// The number of services in its report.
    pub services: u64,
}

/// A job, and the versions of account data and activity that its report is made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PendingJob {
    pub(crate) job: Job,
    pub(crate) generation: i64,
    pub(crate) activity_version: i64,
}

const COLUMNS: &str = "id, owner, account, arn, granularity, created, status, completed, \
                       error_code, error_message, services, generation, activity_version";

/// Inserts a new job in progress, as of now. From then on, imports keep the data that it needs. Returns
/// `false`, and inserts nothing, when the account is no longer at this generation.
pub(crate) fn insert_in_progress(
    database: &Database,
    job: &Job,
    generation: i64,
) -> Result<bool, StoreError> {
    database.write(|transaction| {
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

/// Inserts a new job together with its report.
pub(crate) fn insert_completed(
    database: &Database,
    pending: &PendingJob,
    report: &FrozenReport,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let entities = entities_json(database, report)?;
    database.write(|transaction| {
        insert(transaction, pending)?;
        set_completed(transaction, &pending.job.id, report, &entities, at)
    })
}

/// Stores the report of a job. A job that is no longer in progress stays as it is.
pub(crate) fn complete(
    database: &Database,
    id: &JobId,
    report: &FrozenReport,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let entities = entities_json(database, report)?;
    database.write(|transaction| {
        set_completed(transaction, id, report, &entities, at)?;
        delete_unneeded_data(transaction)
    })
}

fn entities_json(database: &Database, report: &FrozenReport) -> Result<String, StoreError> {
    serde_json::to_string(&report.entities)
        .map_err(|error| database.damaged_by(error.to_string(), error))
}

/// Ends a job in progress without a report.
pub(crate) fn fail(
    database: &Database,
    id: &JobId,
    error: &JobError,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    database.write(|transaction| {
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
        delete_unneeded_data(transaction)
    })
}

/// Returns a job, whoever requested it.
pub(crate) fn get(database: &Database, id: &JobId) -> Result<Option<Job>, StoreError> {
    Ok(pending(database, id)?.map(|pending| pending.job))
}

pub(crate) fn pending(database: &Database, id: &JobId) -> Result<Option<PendingJob>, StoreError> {
    let query = format!("SELECT {COLUMNS} FROM jobs WHERE id = ?1");
    let found = database.read(|transaction| {
        let mut statement = transaction.prepare_cached(&query)?;
        statement
            .query_row([id.as_str()], |row| parse(row).map(|(pending, _)| pending))
            .optional()
    })?;
    Ok(found)
}

/// Returns the jobs that have no report yet, oldest first.
pub(crate) fn in_progress(database: &Database) -> Result<Vec<Job>, StoreError> {
    let query = format!("SELECT {COLUMNS} FROM jobs WHERE status = 'IN_PROGRESS' ORDER BY created");
    database.read(|transaction| {
        let mut statement = transaction.prepare_cached(&query)?;
        let jobs = statement.query_map([], |row| parse(row).map(|(pending, _)| pending.job))?;
        jobs.collect()
    })
}

/// Returns whether a job exists and has no report yet.
pub(crate) fn is_in_progress(database: &Database, id: &JobId) -> Result<bool, StoreError> {
    database.read(|transaction| {
        transaction
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM jobs WHERE id = ?1 AND status = 'IN_PROGRESS')",
            )?
            .query_row([id.as_str()], |row| row.get(0))
    })
}

/// Returns the number of jobs of each status.
pub(crate) fn count_by_status(database: &Database) -> Result<Vec<(String, u64)>, StoreError> {
    database.read(|transaction| {
        let mut statement =
            transaction.prepare_cached("SELECT status, count(*) FROM jobs GROUP BY status")?;
        let counts = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        counts.collect()
    })
}

/// Returns all jobs, newest first.
pub(crate) fn list(database: &Database) -> Result<Vec<JobSummary>, StoreError> {
    let query = format!("SELECT {COLUMNS} FROM jobs ORDER BY created DESC, id");
    database.read(|transaction| {
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

/// Deletes a job and its report. Returns `false` when there was no such job.
pub(crate) fn delete(database: &Database, id: &JobId) -> Result<bool, StoreError> {
    database.write(|transaction| {
        let removed = transaction.execute("DELETE FROM jobs WHERE id = ?1", [id.as_str()])?;
        delete_unneeded_data(transaction)?;
        Ok(removed == 1)
    })
}

/// Returns a page of the rows of a completed job, as JSON, and the number of all rows; `None` when the
/// job was deleted.
pub(crate) fn services(
    database: &Database,
    id: &JobId,
    page: Page,
) -> Result<Option<(Vec<String>, usize)>, StoreError> {
    database.read(|transaction| {
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
        let rows = statement.query_map(params![id.as_str(), page.start, page.items], |row| {
            row.get(0)
        })?;
        Ok(Some((rows.collect::<rusqlite::Result<_>>()?, length)))
    })
}

/// Returns the entities of a completed job, an empty list when its report does not list the service;
/// `None` when the job was deleted.
pub(crate) fn entities(
    database: &Database,
    id: &JobId,
    namespace: &str,
) -> Result<Option<Vec<FrozenEntity>>, StoreError> {
    let found: Option<(bool, Option<String>)> = database.read(|transaction| {
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
            .map_err(|error| database.damaged_by(error.to_string(), error)),
        Some(_) => Ok(Some(Vec::new())),
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

fn set_completed(
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

/// Deletes the snapshots and rows of activity that were kept for jobs in progress.
fn delete_unneeded_data(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    accounts::delete_old_snapshots(transaction)?;
    activity::delete_unneeded_versions(transaction)
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
            error: JobError::new(row.get::<_, String>(8)?, row.get::<_, String>(9)?),
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
