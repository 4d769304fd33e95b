//! Reports as one flat Arrow table, with the rows of the command line's CSV.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use advisor_core::EntityId;
use advisor_core::{Advisor, Granularity, Report};
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
        let names = ActionNames::new(first.catalog());
        let parts = alike.par_chunks(batch_reports(first.granularity()));
        let made: Result<Vec<_>, _> = parts.map(|part| batch(&names, part)).collect();
        batches.extend(made?);
    }
    Ok(batches)
}

/// The same batches as `report_batches(&advisor.reports(granularity))`, without the reports in memory.
///
/// # Errors
/// As [`report_batches`].
pub fn all_report_batches(
    advisor: &Advisor,
    granularity: Granularity,
) -> Result<Vec<RecordBatch>, ArrowError> {
    let entities = advisor.account().reported_entities();
    let names = ActionNames::new(advisor.catalog());
    let chunks = entities.par_chunks(batch_reports(granularity));
    // A column is copied when it grows, so start with room for the most rows so far.
    let most_rows = AtomicUsize::new(usual_rows(granularity));
    let batch_on = |chunk: &[EntityId]| {
        let room = chunk.len() * most_rows.load(Ordering::Relaxed);
        let mut columns = Columns::new(&names, room + room / 16);
        for entity in chunk {
            let detail = advisor.account().entity(*entity);
            let arn = detail.map_or("", |detail| &detail.arn);
            columns.push(arn, &advisor.not_evaluated(*entity), |columns| {
                advisor.visit_rows(*entity, granularity, columns);
            });
        }
        most_rows.fetch_max(columns.rows().div_ceil(chunk.len()), Ordering::Relaxed);
        columns.finish()
    };
    chunks.map(batch_on).collect()
}

/// Writes reports as a Parquet file of [`report_schema`].
///
/// # Errors
/// Errors of the writer.
pub fn write_reports(writer: impl Write, reports: &[Report]) -> io::Result<()> {
    // Lazily, so that only one batch is in memory at a time.
    let batches = alike(reports).flat_map(|(first, alike)| {
        let names = ActionNames::new(first.catalog());
        let parts = alike.chunks(batch_reports(first.granularity()));
        parts.map(move |part| batch(&names, part))
    });
    parquet_file::write(writer, &report_schema(), batches)
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

fn batch(names: &ActionNames<'_>, reports: &[Report]) -> Result<RecordBatch, ArrowError> {
    let rows = reports.iter().map(|report| {
        let services = report.service_rows().chain(report.ungranted_service_rows());
        let services = services.chain(report.unknown_event_source_rows());
        let rows = services.map(|row| 1 + row.actions().len());
        1 + rows.sum::<usize>()
    });
    let mut columns = Columns::new(names, rows.sum());
    for report in reports {
        columns.push(report.arn(), report.not_evaluated(), |columns| {
            report.visit_rows(columns);
        });
    }
    columns.finish()
}
