//! Reports as one flat Arrow table, with the rows of the command line's CSV.

use std::borrow::Borrow;
use std::io::{self, Write};
use std::iter::Peekable;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use advisor_core::{Advisor, EntityId, Granularity, Report, ReportCoverage};
use arrow_array::RecordBatch;
use arrow_schema::ArrowError;
use rayon::prelude::*;

use crate::action_names::ActionNames;
use crate::parquet_file;
use crate::report_columns::Columns;
use crate::report_schema::report_schema;

/// The maximum number of reports of a batch. Reports at action level have many more rows; with fewer
/// reports, a batch stays in the processor's cache.
fn batch_reports(granularity: Granularity) -> usize {
    match granularity {
        Granularity::Service => 512,
        Granularity::Action => 128,
    }
}

/// The approximate number of rows of a report in a large account. The first batch starts with room for
/// these.
fn usual_rows(granularity: Granularity) -> usize {
    match granularity {
        Granularity::Service => 64,
        Granularity::Action => 1024,
    }
}

/// Converts reports to record batches of [`report_schema`], in the same order, on the threads of the
/// current rayon pool.
///
/// # Errors
/// Errors of Arrow, which do not occur for these columns.
pub fn report_batches(reports: &[Report]) -> Result<Vec<RecordBatch>, ArrowError> {
    let mut batches = Vec::new();
    for (first, alike) in alike(reports) {
        let names = ActionNames::new(first.catalog().clone());
        let parts = alike.par_chunks(batch_reports(first.granularity()));
        let made: Result<Vec<_>, _> = parts.map(|part| batch(&names, part)).collect();
        batches.extend(made?);
    }
    Ok(batches)
}

/// The record batches of [`report_schema`] of all reports of an advisor, in the order of [`Advisor::reports`]. They are
/// made in parallel, one for each thread of the current rayon pool at a time, without building the reports.
#[must_use]
pub fn all_report_batches(advisor: &Advisor, granularity: Granularity) -> ReportBatches {
    ReportBatches {
        advisor: advisor.clone(),
        granularity,
        names: ActionNames::new(advisor.catalog().clone()),
        entities: advisor.account().reported_entities(),
        next: 0,
        most_rows: AtomicUsize::new(usual_rows(granularity)),
        made: Vec::new().into_iter(),
    }
}

/// Iterator of [`all_report_batches`].
#[derive(Debug)]
pub struct ReportBatches {
    advisor: Advisor,
    granularity: Granularity,
    names: ActionNames,
    entities: Vec<EntityId>,
    /// The index of the next entity.
    next: usize,
    /// A column is copied when it grows, so batches start with room for the most rows so far of a report.
    most_rows: AtomicUsize,
    made: std::vec::IntoIter<Result<RecordBatch, ArrowError>>,
}

impl ReportBatches {
    fn batch_on(&self, entities: &[EntityId]) -> Result<RecordBatch, ArrowError> {
        let room = entities.len() * self.most_rows.load(Ordering::Relaxed);
        let mut columns = Columns::new(&self.names, room + room / 16);
        for entity in entities {
            let detail = self.advisor.account().entity(*entity);
            let arn = detail.map_or("", |detail| &detail.arn);
            columns.push(arn, &self.advisor.not_evaluated(*entity), |columns| {
                self.advisor.visit_rows(*entity, self.granularity, columns)
            });
        }
        let rows = columns.rows().div_ceil(entities.len());
        self.most_rows.fetch_max(rows, Ordering::Relaxed);
        columns.finish()
    }
}

impl Iterator for ReportBatches {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.made.len() == 0 {
            let size = batch_reports(self.granularity);
            let end = self.next + size * rayon::current_num_threads();
            let end = end.min(self.entities.len());
            let entities = self.entities.get(self.next..end).unwrap_or_default();
            let batches = entities.par_chunks(size).map(|part| self.batch_on(part));
            self.made = batches.collect::<Vec<_>>().into_iter();
            self.next = end;
        }
        self.made.next()
    }
}

/// Writes reports as a Parquet file of [`report_schema`]. Takes them as they are needed, so that
/// [`Advisor::reports`] are never all in memory. What they rest on, [`Advisor::coverage`], is in the file's metadata as JSON
/// ([`REPORT_COVERAGE_KEY`]), beside the fingerprint of their catalog ([`CATALOG_KEY`]).
///
/// # Errors
/// Errors of the writer.
pub fn write_reports<R: Borrow<Report>>(
    writer: impl Write,
    coverage: &ReportCoverage,
    reports: impl IntoIterator<Item = R>,
) -> io::Result<()> {
    let mut reports = reports.into_iter().peekable();
    let schema = report_schema();
    let mut metadata = schema.metadata().clone();
    let coverage = serde_json::to_string(coverage).map_err(io::Error::other)?;
    metadata.insert(REPORT_COVERAGE_KEY.to_owned(), coverage);
    if let Some(first) = reports.peek() {
        let catalog = first.borrow().catalog().fingerprint().to_string();
        metadata.insert(CATALOG_KEY.to_owned(), catalog);
    }
    let schema = Arc::new(schema.as_ref().clone().with_metadata(metadata));
    let batches = BatchesOf {
        reports,
        names: None,
    };
    parquet_file::write(writer, &schema, batches)
}

/// The key of what reports rest on, as JSON, in the metadata of a Parquet file.
pub const REPORT_COVERAGE_KEY: &str = "access_advisor.report_coverage";
/// The key of the fingerprint of the reports' catalog.
pub const CATALOG_KEY: &str = "access_advisor.catalog";

/// The batches of reports, one after the other.
struct BatchesOf<I: Iterator> {
    reports: Peekable<I>,
    /// Of the catalog of the last report.
    names: Option<ActionNames>,
}

impl<R: Borrow<Report>, I: Iterator<Item = R>> Iterator for BatchesOf<I> {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        let first = self.reports.next()?;
        let (catalog, granularity) = (first.borrow().catalog(), first.borrow().granularity());
        let known = self.names.take();
        let known = known.filter(|names| is_of(names, first.borrow()));
        let names = known.unwrap_or_else(|| ActionNames::new(catalog.clone()));
        let mut part = vec![first];
        while part.len() < batch_reports(granularity)
            && let Some(next) = self.reports.next_if(|next| {
                let next = next.borrow();
                next.granularity() == granularity && is_of(&names, next)
            })
        {
            part.push(next);
        }
        let batch = batch(&names, &part);
        self.names = Some(names);
        Some(batch)
    }
}

fn is_of(names: &ActionNames, report: &Report) -> bool {
    Arc::ptr_eq(names.catalog(), report.catalog())
}

/// Splits reports into runs of the same catalog and granularity, each with its first report. A batch
/// does not mix these.
fn alike(reports: &[Report]) -> impl Iterator<Item = (&Report, &[Report])> {
    let are_alike = |one: &Report, next: &Report| {
        Arc::ptr_eq(one.catalog(), next.catalog()) && one.granularity() == next.granularity()
    };
    let parts = reports.chunk_by(are_alike);
    parts.filter_map(|alike| Some((alike.first()?, alike)))
}

fn batch<R: Borrow<Report>>(names: &ActionNames, reports: &[R]) -> Result<RecordBatch, ArrowError> {
    let reports = reports.iter().map(Borrow::borrow);
    let rows = reports.clone().map(|report| {
        let services = report.service_rows().chain(report.ungranted_service_rows());
        let services = services.chain(report.unknown_event_source_rows());
        let rows = services.map(|row| 1 + row.actions().len());
        1 + rows.sum::<usize>()
    });
    let mut columns = Columns::new(names, rows.sum());
    for report in reports {
        columns.push(report.arn(), report.not_evaluated(), |columns| {
            report.visit_rows(columns);
            report.undecided()
        });
    }
    columns.finish()
}
