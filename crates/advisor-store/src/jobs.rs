//! Jobs and their reports in the file.

use std::collections::BTreeMap;

use advisor_core::{
    FrozenEntity, FrozenNotEvaluated, FrozenReport, Job, JobError, JobId, JobState, Page,
};
use chrono::{DateTime, TimeDelta, Utc};

use crate::database::Database;
use crate::error::{Fault, StoreError};
use crate::job_rows::{self, JobRow, JobSummary};
use crate::reports::{self, PackedReport};
use crate::tables::{JOBS, REPORTS};
use crate::transaction::{Reader, Writer};
use crate::{accounts, activity};

/// How many jobs are deleted in one transaction, so that others wait for no long one.
const DELETED_AT_ONCE: usize = 256;

/// Which finished jobs are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JobRetention {
    /// The jobs that finished last, as many as this.
    Newest(usize),
    /// The jobs that finished within this time.
    Within(TimeDelta),
}

/// Inserts a new job in progress, as of now. From then on, imports keep the data that it needs. Returns
/// `false`, and inserts nothing, when the account is no longer at this generation.
pub(crate) fn insert_in_progress(
    database: &Database,
    job: &Job,
    generation: i64,
) -> Result<bool, StoreError> {
    database.write(|writer| {
        if accounts::generation(writer, &job.account)? != Some(generation) {
            return Ok(false);
        }
        let version = activity::version(writer)?;
        JobRow::new(job.clone(), generation, version).write(writer, None)?;
        Ok(true)
    })
}

/// Inserts a new job together with its report.
pub(crate) fn insert_completed(
    database: &Database,
    mut row: JobRow,
    report: &FrozenReport,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let report = PackedReport::new(report).map_err(|fault| database.fault(fault))?;
    row.complete(&report, at);
    database.write(|writer| {
        row.write(writer, None)?;
        report.insert(writer, row.job.id.as_str())
    })
}

/// Stores the report of a job. A job that is no longer in progress stays as it is.
pub(crate) fn complete(
    database: &Database,
    id: &JobId,
    report: &FrozenReport,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let report = PackedReport::new(report).map_err(|fault| database.fault(fault))?;
    database.write(|writer| {
        end(writer, id, |row| {
            row.complete(&report, at);
            report.insert(writer, id.as_str())
        })
    })
}

/// Ends a job in progress without a report.
pub(crate) fn fail(
    database: &Database,
    id: &JobId,
    error: &JobError,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    database.write(|writer| {
        end(writer, id, |row| {
            let error = error.clone();
            row.job.state = JobState::Failed { at, error };
            Ok(())
        })
    })
}

/// Changes a job that is in progress, and deletes what was kept for it.
fn end(
    writer: &Writer<'_>,
    id: &JobId,
    change: impl FnOnce(&mut JobRow) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let found = writer.row(&JOBS, [id.as_str()], |row| {
        Ok((job_rows::parse(row)?, JOBS.check(row)?))
    })?;
    if let Some((mut row, checksum)) = found
        && row.job.state == JobState::InProgress
    {
        change(&mut row)?;
        row.write(writer, Some(checksum))?;
    }
    delete_unneeded_data(writer)
}

/// Returns a job, whoever requested it.
pub(crate) fn get(database: &Database, id: &JobId) -> Result<Option<JobRow>, StoreError> {
    database.read(|reader| find(reader, id))
}

fn find(reader: &Reader<'_>, id: &JobId) -> Result<Option<JobRow>, Fault> {
    reader.row(&JOBS, [id.as_str()], job_rows::parse)
}

/// Returns the jobs that have no report yet, oldest first.
pub(crate) fn in_progress(database: &Database) -> Result<Vec<Job>, StoreError> {
    let rows = database.read(job_rows::in_progress)?;
    Ok(rows.into_iter().map(|row| row.job).collect())
}

/// Checks that jobs can be read.
pub(crate) fn check(database: &Database) -> Result<(), StoreError> {
    database.read(|reader| reader.rows(&JOBS, "LIMIT 1", [], job_rows::parse))?;
    Ok(())
}

/// Returns whether a job exists and has no report yet.
pub(crate) fn is_in_progress(database: &Database, id: &JobId) -> Result<bool, StoreError> {
    let row = get(database, id)?;
    Ok(row.is_some_and(|row| row.job.state == JobState::InProgress))
}

/// Returns the number of jobs of each status.
pub(crate) fn count_by_status(database: &Database) -> Result<Vec<(String, u64)>, StoreError> {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    let states = database
        .read(|reader| reader.rows(&JOBS, "", [], |row| Ok(job_rows::state(row)?.status())))?;
    for status in states {
        *counts.entry(status).or_default() += 1;
    }
    let counts = counts.into_iter();
    Ok(counts
        .map(|(status, count)| (status.to_owned(), count))
        .collect())
}

/// Returns all jobs, newest first.
pub(crate) fn list(database: &Database) -> Result<Vec<JobSummary>, StoreError> {
    let order = "ORDER BY created DESC, id";
    let rows = database.read(|reader| reader.rows(&JOBS, order, [], job_rows::parse))?;
    Ok(rows.into_iter().map(JobRow::summary).collect())
}

/// Returns the jobs of an owner, newest first, `most` at most.
pub(crate) fn of_owner(
    database: &Database,
    owner: &str,
    most: usize,
) -> Result<Vec<Job>, StoreError> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let condition = "WHERE owner = ?1 ORDER BY created DESC, id LIMIT ?2";
    let rows =
        database.read(|reader| reader.rows(&JOBS, condition, (owner, most), job_rows::parse))?;
    Ok(rows.into_iter().map(|row| row.job).collect())
}

/// Deletes a job and its report. Returns `false` when there was no such job.
pub(crate) fn delete(database: &Database, id: &JobId) -> Result<bool, StoreError> {
    database.write(|writer| {
        let was_there = delete_row(writer, id)?;
        delete_unneeded_data(writer)?;
        Ok(was_there)
    })
}

/// Deletes the finished jobs that are not to be kept, and returns their number.
pub(crate) fn delete_finished(
    database: &Database,
    keep: JobRetention,
    now: DateTime<Utc>,
) -> Result<usize, StoreError> {
    let rows = database.read(|reader| reader.rows(&JOBS, "", [], job_rows::parse))?;
    let mut finished: Vec<_> = rows
        .into_iter()
        .filter_map(|row| match row.job.state {
            JobState::InProgress => None,
            JobState::Completed { at } | JobState::Failed { at, .. } => Some((at, row.job.id)),
        })
        .collect();
    // The newest first.
    finished.sort_by(|one, other| other.cmp(one));
    let old: Vec<JobId> = match keep {
        JobRetention::Newest(count) => finished.drain(count.min(finished.len())..).collect(),
        JobRetention::Within(age) => {
            finished.retain(|(at, _)| now.signed_duration_since(*at) > age);
            finished
        }
    }
    .into_iter()
    .map(|(_, id)| id)
    .collect();
    let mut deleted = 0;
    for ids in old.chunks(DELETED_AT_ONCE) {
        deleted += database.write(|writer| {
            let mut deleted = 0;
            for id in ids {
                deleted += usize::from(delete_row(writer, id)?);
            }
            Ok(deleted)
        })?;
    }
    Ok(deleted)
}

fn delete_row(writer: &Writer<'_>, id: &JobId) -> Result<bool, Fault> {
    let removed = writer.delete(&JOBS, "id = ?1", [id.as_str()])?;
    writer.delete(&REPORTS, "job = ?1", [id.as_str()])?;
    Ok(removed == 1)
}

/// A page of the rows of a completed job.
pub(crate) struct ServicesPage {
    /// The rows as JSON.
    pub(crate) rows: Vec<String>,
    /// The number of all rows.
    pub(crate) length: usize,
    /// The policies and groups that the report does not take into account.
    pub(crate) not_evaluated: Vec<FrozenNotEvaluated>,
    /// The report's count of undecided actions.
    pub(crate) undecided: usize,
}

/// Returns a page of the rows of a completed job; `None` when the job was deleted.
pub(crate) fn services(
    database: &Database,
    id: &JobId,
    page: Page,
) -> Result<Option<ServicesPage>, StoreError> {
    database.read(|reader| {
        let Some(row) = find(reader, id)? else {
            return Ok(None);
        };
        Ok(Some(ServicesPage {
            rows: reports::services(reader, id, row.services, page)?,
            length: row.services,
            not_evaluated: not_evaluated(reader, &row)?,
            undecided: row.undecided,
        }))
    })
}

/// The entities of a service in a completed job.
pub(crate) struct Entities {
    /// Empty when the report does not list the service.
    pub(crate) list: Vec<FrozenEntity>,
    /// The policies and groups that the report does not take into account.
    pub(crate) not_evaluated: Vec<FrozenNotEvaluated>,
}

/// Returns the entities of a service in a completed job; `None` when the job was deleted.
pub(crate) fn entities(
    database: &Database,
    id: &JobId,
    namespace: &str,
) -> Result<Option<Entities>, StoreError> {
    database.read(|reader| {
        let Some(row) = find(reader, id)? else {
            return Ok(None);
        };
        Ok(Some(Entities {
            list: reports::entities(reader, id, namespace)?,
            not_evaluated: not_evaluated(reader, &row)?,
        }))
    })
}

fn not_evaluated(reader: &Reader<'_>, row: &JobRow) -> Result<Vec<FrozenNotEvaluated>, Fault> {
    match row.not_evaluated {
        0 => Ok(Vec::new()),
        _ => reports::not_evaluated(reader, &row.job.id),
    }
}

/// Deletes the snapshots and rows of activity that were kept for jobs in progress.
fn delete_unneeded_data(writer: &Writer<'_>) -> Result<(), Fault> {
    accounts::delete_old_snapshots(writer)?;
    activity::delete_unneeded_versions(writer)
}
