//! Reports as one flat Arrow table: the rows of the command line's CSV.

use std::io::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

use advisor_core::EntityId;
use advisor_core::{Advisor, Granularity, Report};
use arrow_array::RecordBatch;
use arrow_schema::{ArrowError, DataType, Field, SchemaRef};
use rayon::prelude::*;

use crate::action_names::ActionNames;
use crate::report_columns::Columns;
use crate::{dictionary, instant, parquet_file, versioned};

/// How many reports a batch is made of at most: at action level fewer, as they have many times as many rows, and a batch
/// and its reports stay in the processor's cache then.
fn batch_reports(granularity: Granularity) -> usize {
    match granularity {
        Granularity::Service => 512,
        Granularity::Action => 128,
    }
}

/// How many rows a report has in a large account, about: for so many a first batch has room from the start.
fn usual_rows(granularity: Granularity) -> usize {
    match granularity {
        Granularity::Service => 64,
        Granularity::Action => 1024,
    }
}

static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    let repeated = |name: &str, nullable| Field::new(name, dictionary::data_type(), nullable);
    let list = DataType::new_list(DataType::Utf8, true);
    versioned(vec![
        repeated("arn", false),
        repeated("granularity", false),
        repeated("service_namespace", true),
        repeated("service_name", true),
        repeated("action_name", true),
        Field::new("granted", DataType::Boolean, true),
        Field::new("last_accessed", instant::data_type(), true),
        repeated("last_accessed_entity", true),
        repeated("last_accessed_region", true),
        Field::new("total_authenticated_entities", DataType::Int32, true),
        Field::new("not_evaluated", list, true),
    ])
});

/// The columns of the report table. An entity has one row of granularity `ENTITY`, one `SERVICE` row
/// for each of its services, and at action level one `ACTION` row for each tracked action.
///
/// | column | type | |
/// | --- | --- | --- |
/// | `arn` | text | the user, group, role or managed policy that the report is on |
/// | `granularity` | text | `ENTITY`, `SERVICE` or `ACTION`: what the row is about |
/// | `service_namespace` | text, nullable | such as `s3`; null in an `ENTITY` row |
/// | `service_name` | text, nullable | such as `Amazon S3`; null in an `ENTITY` row |
/// | `action_name` | text, nullable | such as `ListAllMyBuckets`; set in an `ACTION` row |
/// | `granted` | bool, nullable | false where the service was used although no permission policy grants it; null in an `ENTITY` row |
/// | `last_accessed` | timestamp, nullable | the last attempt in the tracking period; null when there was none |
/// | `last_accessed_entity` | text, nullable | the ARN of the user or role that made it |
/// | `last_accessed_region` | text, nullable | the Region it was made in |
/// | `total_authenticated_entities` | int32, nullable | in a `SERVICE` row: how many users and roles made an attempt in the tracking period |
/// | `not_evaluated` | list of text, nullable | in an `ENTITY` row: the policies and groups that count but could not be evaluated, if there are any |
///
/// Timestamps are UTC milliseconds. Text is dictionary-encoded (`Dictionary(Int32, Utf8)`).
#[must_use]
pub fn report_schema() -> SchemaRef {
    SCHEMA.clone()
}

/// Reports as record batches of [`report_schema`], in their order; made on the threads of the current
/// rayon pool.
///
/// # Errors
/// What Arrow says: of the columns that are made here, nothing.
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

/// [`Advisor::reports`] as record batches: what `report_batches(&advisor.reports(granularity))` gives,
/// without keeping the reports.
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
    // A column that has to grow is copied.
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
/// What the writer says.
pub fn write_reports(writer: impl Write, reports: &[Report]) -> io::Result<()> {
    // One after the other: only one batch is there at a time.
    let batches = alike(reports).flat_map(|(first, alike)| {
        let names = ActionNames::new(first.catalog());
        let parts = alike.chunks(batch_reports(first.granularity()));
        parts.map(move |part| batch(&names, part))
    });
    parquet_file::write(writer, &report_schema(), batches)
}

/// Reports of one catalog and granularity, with the first of them: batches do not mix what differs in these.
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
