//! Reports of completed jobs, compressed.
//!
//! The services are one text: a line for each row, of the namespace, a space and the row as JSON, which
//! has no line break. A report is read as a whole: compressed together, rows that are alike cost little.

use advisor_core::{FrozenEntity, FrozenNotEvaluated, FrozenReport, JobId, Page};

use crate::compression::{deflate, inflate};
use crate::error::Fault;
use crate::tables::REPORTS;
use crate::transaction::{Reader, Writer};

/// A report as it is stored.
pub(crate) struct PackedReport {
    /// The number of rows.
    pub(crate) rows: usize,
    /// The policies and groups that it does not take into account.
    pub(crate) not_evaluated: Vec<FrozenNotEvaluated>,
    /// How many actions are undecided.
    pub(crate) undecided: usize,
    services_length: usize,
    services: Vec<u8>,
    entities_length: usize,
    entities: Vec<u8>,
}

impl PackedReport {
    pub(crate) fn new(report: &FrozenReport) -> Result<Self, Fault> {
        let entities = serde_json::to_string(&report.entities)
            .map_err(|error| Fault::damaged_by("the entities of a report", error))?;
        let packed = Self::of(&report.services, &entities);
        Ok(Self {
            not_evaluated: report.not_evaluated.clone(),
            undecided: report.undecided,
            ..packed
        })
    }

    /// From rows and the entities as JSON. Everything was evaluated, and nothing is undecided.
    pub(crate) fn of(services: &[(String, String)], entities: &str) -> Self {
        let mut text = String::new();
        for (namespace, row) in services {
            text.push_str(namespace);
            text.push(' ');
            text.push_str(row);
            text.push('\n');
        }
        Self {
            rows: services.len(),
            not_evaluated: Vec::new(),
            undecided: 0,
            services_length: text.len(),
            services: deflate(&text),
            entities_length: entities.len(),
            entities: deflate(entities),
        }
    }

    /// The size in the file, in bytes.
    pub(crate) fn size(&self) -> usize {
        self.services.len() + self.entities.len()
    }

    pub(crate) fn insert(&self, writer: &Writer<'_>, job: &str) -> Result<(), Fault> {
        let not_evaluated = serde_json::to_string(&self.not_evaluated)
            .map_err(|error| Fault::damaged_by("what a report does not evaluate", error))?;
        writer.insert(
            &REPORTS,
            &[
                &job,
                &self.services_length,
                &self.services,
                &self.entities_length,
                &self.entities,
                &not_evaluated,
            ],
        )
    }
}

/// Returns a page of the rows of a completed job with this number of rows, as JSON.
pub(crate) fn services(
    reader: &Reader<'_>,
    job: &JobId,
    rows: usize,
    page: Page,
) -> Result<Vec<String>, Fault> {
    let text = part(reader, job, 1)?;
    if text.lines().count() != rows {
        return Err(Fault::damaged(format!(
            "the report of job {job} has not {rows} rows"
        )));
    }
    let lines = text.lines().skip(page.start).take(page.items);
    let rows = lines.map(|line| line.split_once(' ').map_or(line, |(_, row)| row));
    Ok(rows.map(str::to_owned).collect())
}

/// Returns the entities of a completed job, an empty list when its report does not list the service.
pub(crate) fn entities(
    reader: &Reader<'_>,
    job: &JobId,
    namespace: &str,
) -> Result<Vec<FrozenEntity>, Fault> {
    let services = part(reader, job, 1)?;
    let mut namespaces = services.lines().filter_map(|line| line.split_once(' '));
    if !namespaces.any(|(listed, _)| listed == namespace) {
        return Ok(Vec::new());
    }
    serde_json::from_str(&part(reader, job, 3)?)
        .map_err(|error| Fault::damaged_by(format!("the entities of job {job}"), error))
}

/// Returns the policies and groups that the report of a completed job does not take into account.
pub(crate) fn not_evaluated(
    reader: &Reader<'_>,
    job: &JobId,
) -> Result<Vec<FrozenNotEvaluated>, Fault> {
    let text: Option<String> =
        reader.unverified_row(&REPORTS, [job.as_str()], |row| Ok(row.get(5)?))?;
    let text = text.ok_or_else(|| missing(job))?;
    serde_json::from_str(&text).map_err(|error| {
        Fault::damaged_by(
            format!("what the report of job {job} does not evaluate"),
            error,
        )
    })
}

/// The text whose length is in this column, and its compressed bytes in the next.
fn part(reader: &Reader<'_>, job: &JobId, column: usize) -> Result<String, Fault> {
    let text = reader.unverified_row(&REPORTS, [job.as_str()], |row| {
        let bytes = row
            .get_ref(column + 1)?
            .as_blob()
            .map_err(rusqlite::Error::from)?;
        Ok(inflate(bytes, row.get(column)?))
    })?;
    text.flatten().ok_or_else(|| missing(job))
}

fn missing(job: &JobId) -> Fault {
    Fault::damaged(format!("the report of job {job} is missing"))
}
