//! Reports as one flat Arrow table: the rows of the command line's CSV.

use std::io::{self, Write};
use std::sync::{Arc, LazyLock};

use advisor_core::report::{LastAccess, ServiceRow};
use advisor_core::{Advisor, Granularity, Report};
use arrow_array::builder::{
    BooleanBuilder, Int32Builder, ListBuilder, StringBuilder, TimestampMillisecondBuilder,
};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{ArrowError, DataType, Field, SchemaRef};
use rayon::prelude::*;
use service_catalog::Catalog;

use crate::dictionary::{self, DictionaryColumn, KeysById};
use crate::instant::{self, UTC};
use crate::{parquet_file, versioned};

/// How many reports a batch is made of at most.
const BATCH_REPORTS: usize = 512;

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
    let chunks = reports.par_chunks(BATCH_REPORTS);
    chunks.map(batch).collect()
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
    let chunks = entities.par_chunks(BATCH_REPORTS);
    let batch_on = |chunk: &[_]| {
        let reports = chunk.iter();
        let reports: Vec<Report> = reports
            .map(|entity| advisor.report_on(*entity, granularity))
            .collect();
        batch(&reports)
    };
    chunks.map(batch_on).collect()
}

/// Writes reports as a Parquet file of [`report_schema`].
///
/// # Errors
/// What the writer says.
pub fn write_reports(writer: impl Write, reports: &[Report]) -> io::Result<()> {
    // One after the other: only one batch is there at a time.
    let batches = reports.chunks(BATCH_REPORTS).map(batch);
    parquet_file::write(writer, &report_schema(), batches)
}

fn batch(reports: &[Report]) -> Result<RecordBatch, ArrowError> {
    let rows = reports.iter().map(|report| {
        let (granted, ungranted) = rows(report);
        1 + granted + ungranted
    });
    let mut columns = Columns::new(rows.sum());
    for report in reports {
        columns.push_report(report);
    }
    columns.finish()
}

/// How many rows a report's services have, those that are granted and those that are not.
fn rows(report: &Report) -> (usize, usize) {
    let rows = |row: ServiceRow<'_>| 1 + row.actions().len();
    (
        report.service_rows().map(rows).sum(),
        report.ungranted_service_rows().map(rows).sum(),
    )
}

struct Columns {
    arn: DictionaryColumn,
    granularity: DictionaryColumn,
    /// The keys of `ENTITY`, `SERVICE` and `ACTION`.
    levels: [i32; 3],
    service_namespace: DictionaryColumn,
    service_name: DictionaryColumn,
    action_name: DictionaryColumn,
    granted: BooleanBuilder,
    last_accessed: TimestampMillisecondBuilder,
    last_accessed_entity: DictionaryColumn,
    last_accessed_region: DictionaryColumn,
    total_authenticated_entities: Int32Builder,
    not_evaluated: ListBuilder<StringBuilder>,
    keys: CatalogKeys,
    /// Room for the keys of one service's actions.
    actions: Vec<i32>,
}

/// The keys of what the reports' catalog names.
#[derive(Default)]
struct CatalogKeys {
    catalog: Option<Arc<Catalog>>,
    namespaces: KeysById,
    names: KeysById,
    actions: KeysById,
}

impl CatalogKeys {
    /// Ids are of this catalog from now on.
    fn set_catalog(&mut self, catalog: &Arc<Catalog>) {
        let known = self.catalog.as_ref();
        if known.is_none_or(|known| !Arc::ptr_eq(known, catalog)) {
            *self = Self {
                catalog: Some(catalog.clone()),
                ..Self::default()
            };
        }
    }
}

impl Columns {
    /// Room for so many rows.
    fn new(rows: usize) -> Self {
        let repeated = || DictionaryColumn::with_capacity(rows);
        let mut granularity = repeated();
        let levels = ["ENTITY", "SERVICE", "ACTION"].map(|level| granularity.key(level));
        Self {
            arn: repeated(),
            granularity,
            levels,
            service_namespace: repeated(),
            service_name: repeated(),
            action_name: repeated(),
            granted: BooleanBuilder::with_capacity(rows),
            last_accessed: TimestampMillisecondBuilder::with_capacity(rows),
            last_accessed_entity: repeated(),
            last_accessed_region: repeated(),
            total_authenticated_entities: Int32Builder::with_capacity(rows),
            not_evaluated: ListBuilder::with_capacity(StringBuilder::new(), rows),
            keys: CatalogKeys::default(),
            actions: Vec::new(),
        }
    }

    fn push_report(&mut self, report: &Report) {
        self.keys.set_catalog(report.catalog());
        self.push_entity(report);
        // Columns are filled many rows at a time, as there may be millions.
        let (granted, ungranted) = rows(report);
        let arn = self.arn.key(report.arn());
        self.arn.keys.append_value_n(arn, granted + ungranted);
        self.not_evaluated.append_nulls(granted + ungranted);
        self.granted.append_n(granted, true);
        self.granted.append_n(ungranted, false);
        for row in report.service_rows() {
            self.push_service(report.catalog(), row);
        }
        for row in report.ungranted_service_rows() {
            self.push_service(report.catalog(), row);
        }
    }

    /// The row that says that there is a report, also when it lists no service: when anything was last
    /// accessed, and what could not be evaluated.
    fn push_entity(&mut self, report: &Report) {
        let [entity, ..] = self.levels;
        self.arn.push(report.arn());
        self.granularity.keys.append_value(entity);
        self.service_namespace.keys.append_null();
        self.service_name.keys.append_null();
        self.action_name.keys.append_null();
        self.granted.append_null();
        let last = report.service_rows().filter_map(|row| row.last);
        self.push_access(last.max_by_key(|last| last.millis));
        self.total_authenticated_entities.append_null();
        match report.not_evaluated() {
            [] => self.not_evaluated.append_null(),
            missing => {
                let names = missing.iter().map(|missing| Some(&missing.name));
                self.not_evaluated.append_value(names);
            }
        }
    }

    /// A service's row and those of its actions, but for what [`Columns::push_report`] fills.
    fn push_service(&mut self, catalog: &Catalog, row: ServiceRow<'_>) {
        let (namespaces, names) = (&mut self.service_namespace, &mut self.service_name);
        let (namespace, name) = match row.service {
            Some(id) => (
                (self.keys.namespaces).get(id.index(), || namespaces.key(row.namespace)),
                (self.keys.names).get(id.index(), || names.key(catalog.service(id).name())),
            ),
            None => (namespaces.key(row.namespace), names.key(row.namespace)),
        };
        let actions = row.actions();
        namespaces.keys.append_value_n(namespace, 1 + actions.len());
        names.keys.append_value_n(name, 1 + actions.len());

        let [_, service, action] = self.levels;
        self.granularity.keys.append_value(service);
        self.action_name.keys.append_null();
        self.push_access(row.last);
        let total = i32::try_from(row.total_authenticated_entities).unwrap_or(i32::MAX);
        self.total_authenticated_entities.append_value(total);
        if actions.len() == 0 {
            return;
        }

        self.granularity.keys.append_value_n(action, actions.len());
        self.total_authenticated_entities
            .append_nulls(actions.len());
        let action_names = &mut self.action_name;
        self.actions.clear();
        for (action, _) in row.actions() {
            let make = || action_names.key(catalog.action(action).name());
            self.actions
                .push(self.keys.actions.get(action.index(), make));
        }
        self.action_name.keys.append_slice(&self.actions);
        // Most actions of most services were never accessed.
        let mut never = 0;
        for (_, last) in actions {
            if last.is_none() {
                never += 1;
                continue;
            }
            self.push_never(never);
            never = 0;
            self.push_access(last);
        }
        self.push_never(never);
    }

    fn push_access(&mut self, last: Option<LastAccess<'_>>) {
        let Some(last) = last else {
            self.push_never(1);
            return;
        };
        self.last_accessed.append_value(last.millis);
        self.last_accessed_entity.push(last.entity);
        self.last_accessed_region.push(last.region);
    }

    fn push_never(&mut self, rows: usize) {
        self.last_accessed.append_nulls(rows);
        self.last_accessed_entity.keys.append_nulls(rows);
        self.last_accessed_region.keys.append_nulls(rows);
    }

    fn finish(mut self) -> Result<RecordBatch, ArrowError> {
        let columns: Vec<ArrayRef> = vec![
            self.arn.finish()?,
            self.granularity.finish()?,
            self.service_namespace.finish()?,
            self.service_name.finish()?,
            self.action_name.finish()?,
            Arc::new(self.granted.finish()),
            Arc::new(self.last_accessed.finish().with_timezone(UTC)),
            self.last_accessed_entity.finish()?,
            self.last_accessed_region.finish()?,
            Arc::new(self.total_authenticated_entities.finish()),
            Arc::new(self.not_evaluated.finish()),
        ];
        RecordBatch::try_new(report_schema(), columns)
    }
}
