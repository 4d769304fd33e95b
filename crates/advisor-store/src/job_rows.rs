//! The rows of table `jobs`.

use advisor_core::{Granularity, Job, JobError, JobState};
use chrono::{DateTime, Utc};
use rusqlite::Row;

use crate::error::Fault;
use crate::reports::PackedReport;
use crate::tables::JOBS;
use crate::transaction::{Reader, Writer};

/// A job as lists show it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct JobSummary {
    /// The job.
    pub job: Job,
    /// The number of services in its report.
    pub services: u64,
    /// The size of its report in the store, in bytes.
    pub bytes: u64,
    /// How many policies and groups could not be evaluated: `Report::not_evaluated`.
    pub not_evaluated: u64,
    /// How many actions are in the report only because its work budget ended: `Report::undecided`.
    pub undecided: u64,
}

/// A job, and the versions of account data and activity that its report is made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct JobRow {
    pub(crate) job: Job,
    pub(crate) generation: i64,
    pub(crate) activity_version: i64,
    /// The number of rows of the report.
    pub(crate) services: usize,
    /// The size of the report in the file.
    pub(crate) bytes: usize,
    /// How many policies and groups the report does not take into account.
    pub(crate) not_evaluated: usize,
    /// The report's count of undecided actions.
    pub(crate) undecided: usize,
}

impl JobRow {
    /// A job without a report.
    pub(crate) fn new(job: Job, generation: i64, activity_version: i64) -> Self {
        Self {
            job,
            generation,
            activity_version,
            services: 0,
            bytes: 0,
            not_evaluated: 0,
            undecided: 0,
        }
    }

    /// Completes the job with a report.
    pub(crate) fn complete(&mut self, report: &PackedReport, at: DateTime<Utc>) {
        self.job.state = JobState::Completed { at };
        self.services = report.rows;
        self.bytes = report.size();
        self.not_evaluated = report.not_evaluated.len();
        self.undecided = report.undecided;
    }

    pub(crate) fn summary(self) -> JobSummary {
        JobSummary {
            job: self.job,
            services: u64::try_from(self.services).unwrap_or(u64::MAX),
            bytes: u64::try_from(self.bytes).unwrap_or(u64::MAX),
            not_evaluated: u64::try_from(self.not_evaluated).unwrap_or(u64::MAX),
            undecided: u64::try_from(self.undecided).unwrap_or(u64::MAX),
        }
    }

    /// Inserts the row, or replaces the one with its id, which had a checksum.
    pub(crate) fn write(&self, writer: &Writer<'_>, old: Option<i64>) -> Result<(), Fault> {
        let job = &self.job;
        let (completed, error) = match &job.state {
            JobState::InProgress => (None, None),
            JobState::Completed { at } => (Some(at), None),
            JobState::Failed { at, error } => (Some(at), Some(error)),
        };
        let completed = completed.map(DateTime::timestamp_millis);
        let values: &[&dyn rusqlite::ToSql] = &[
            &job.id.as_str(),
            &job.owner,
            &job.account.as_str(),
            &job.arn,
            &job.granularity.name(),
            &job.created.timestamp_millis(),
            &job.state.status(),
            &completed,
            &error.map(|error| &error.code),
            &error.map(|error| &error.message),
            &self.generation,
            &self.activity_version,
            &self.services,
            &self.bytes,
            &self.not_evaluated,
            &self.undecided,
        ];
        match old {
            Some(checksum) => writer.replace(&JOBS, checksum, values),
            None => writer.insert(&JOBS, values),
        }
    }
}

fn text<'r>(row: &'r Row<'_>, index: usize) -> rusqlite::Result<&'r str> {
    row.get_ref(index)?.as_str().map_err(rusqlite::Error::from)
}

fn time(row: &Row<'_>, index: usize) -> rusqlite::Result<DateTime<Utc>> {
    let millis: Option<i64> = row.get(index)?;
    Ok(DateTime::from_timestamp_millis(millis.unwrap_or_default()).unwrap_or_default())
}

/// Reads the state of a row of table `jobs`.
pub(crate) fn state(row: &Row<'_>) -> Result<JobState, Fault> {
    Ok(match text(row, 6)? {
        "COMPLETED" => JobState::Completed { at: time(row, 7)? },
        "FAILED" => JobState::Failed {
            at: time(row, 7)?,
            error: JobError::new(row.get::<_, String>(8)?, row.get::<_, String>(9)?),
        },
        "IN_PROGRESS" => JobState::InProgress,
        other => return Err(JOBS.unknown(row, "status", other)),
    })
}

/// Reads a row of table `jobs`.
pub(crate) fn parse(row: &Row<'_>) -> Result<JobRow, Fault> {
    let granularity = match text(row, 4)? {
        "ACTION_LEVEL" => Granularity::Action,
        "SERVICE_LEVEL" => Granularity::Service,
        other => return Err(JOBS.unknown(row, "granularity", other)),
    };
    let job = Job {
        id: text(row, 0)?.into(),
        owner: row.get(1)?,
        account: text(row, 2)?.into(),
        arn: row.get(3)?,
        granularity,
        created: time(row, 5)?,
        state: state(row)?,
    };
    Ok(JobRow {
        job,
        generation: row.get(10)?,
        activity_version: row.get(11)?,
        services: row.get(12)?,
        bytes: row.get(13)?,
        not_evaluated: row.get(14)?,
        undecided: row.get(15)?,
    })
}

/// Returns the jobs that have no report yet, oldest first.
pub(crate) fn in_progress(reader: &Reader<'_>) -> Result<Vec<JobRow>, Fault> {
    let condition = "WHERE status = 'IN_PROGRESS' ORDER BY created";
    reader.rows(&JOBS, condition, [], parse)
}
