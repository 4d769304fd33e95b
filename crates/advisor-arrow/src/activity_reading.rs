//! Reads activity tables: our own, and those that other engines wrote with the same columns.

use std::sync::Arc;

use advisor_core::{Activity, ActivityRow, Coverage, CreditedAction, DaySet, Evidence, Principal};
use arrow_array::RecordBatch;
use arrow_schema::{ArrowError, Schema};
use parquet::file::reader::ChunkReader;
use service_catalog::Catalog;

use crate::activity_table::{COVERAGE_KEY, ROWS_KEY, evidence_name, names};
use crate::column::{Column, DayLists, Flags, Numbers, Texts};
use crate::parquet_file::ParquetTable;
use crate::read_error::{Fault, ReadError};
use crate::rows_digest::RowsDigest;
use crate::schema::{SCHEMA_KEY, SCHEMA_VERSION};

/// The required columns. `principal_arn_seen`, `days`, `days_complete` and `evidence` are optional.
const REQUIRED: [&str; 12] = [
    names::ACCOUNT_ID,
    names::PRINCIPAL_ID,
    names::PRINCIPAL_ARN,
    names::SERVICE_NAMESPACE,
    names::ACTION_NAME,
    names::EVENT_NAME,
    names::AWS_REGION,
    names::LAST_ACCESSED,
    names::LAST_EVENT_ID,
    names::ATTEMPTS,
    names::DENIED_ATTEMPTS,
    names::FIRST_ACCESSED,
];

const INCONSISTENT_DAYS: &str =
    "does not go from the day of first_accessed to that of last_accessed";

/// The column that replaces `service_namespace` and `action_name` in a table by event.
const EVENT_SOURCE: &str = "event_source";

/// Whether services and actions must be looked up by event.
fn is_by_event(schema: &Schema) -> bool {
    let has = |column| schema.field_with_name(column).is_ok();
    has(EVENT_SOURCE) && !has(names::SERVICE_NAMESPACE)
}

/// Whether a table looks like an activity table: it has more than half of the columns. Reading it can still
/// fail because another column is missing.
#[must_use]
pub fn is_activity_schema(schema: &Schema) -> bool {
    let has = |column: &&str| schema.field_with_name(column).is_ok();
    REQUIRED.iter().filter(|column| has(column)).count() > REQUIRED.len() / 2
}

/// Reads an activity file of any engine. Columns can have any order, other columns are ignored, and rows of
/// the same key are merged. Without `principal_arn_seen`, `last_accessed` is used; without `days`, only those of the first and the
/// last attempt are known. With `event_source`
/// instead of `service_namespace` and `action_name`, these are looked up in the catalog; the default is the
/// embedded one. With a catalog, the file must not have been credited by another one. Errors name the file `name`.
///
/// The file is read in parts: only the table is held in memory.
///
/// # Errors
/// A file that is not Parquet, damaged or truncated; a missing column or one of the wrong type; an invalid
/// null, time, count or row; another catalog.
pub fn read_activity<R: ChunkReader + 'static>(
    reader: R,
    name: &str,
    catalog: Option<&Arc<Catalog>>,
) -> Result<Activity, ReadError> {
    let mut activity = Activity::new();
    let coverage = read_activity_rows(reader, name, catalog, |row| {
        activity.add_row(row);
    })?;
    activity.coverage_mut().merge(&coverage);
    Ok(activity)
}

/// Reads an activity file like [`read_activity`], row by row, in the order of the file. Several rows can have
/// the same key; [`Activity::add_row`] merges them. Returns the file's coverage.
///
/// # Errors
/// As [`read_activity`]. The rows before the error were passed to `take`.
pub fn read_activity_rows<R: ChunkReader + 'static>(
    reader: R,
    name: &str,
    catalog: Option<&Arc<Catalog>>,
    mut take: impl FnMut(&ActivityRow<'_>),
) -> Result<Coverage, ReadError> {
    let table = ParquetTable::open(reader).map_err(ReadError::of(name))?;
    read_rows(table, name, catalog, &mut |row| {
        take(&row?);
        Ok(())
    })
}

/// Reads an activity file like [`read_activity_rows`], but passes invalid rows to `take` as [`Fault::Value`] and
/// continues. The file must pass [`ParquetTable::check_size`] with the limit.
///
/// # Errors
/// As [`read_activity_rows`], except for invalid rows; a file that is too large.
pub fn read_each_activity_row<R: ChunkReader + 'static>(
    reader: R,
    name: &str,
    catalog: Option<&Arc<Catalog>>,
    limit: usize,
    mut take: impl FnMut(Result<ActivityRow<'_>, Fault>),
) -> Result<Coverage, ReadError> {
    let table = ParquetTable::open(reader).map_err(ReadError::of(name))?;
    table
        .check_size(limit, is_wanted)
        .map_err(ReadError::of(name))?;
    read_rows(table, name, catalog, &mut |row| {
        take(row);
        Ok(())
    })
}

/// The coverage that a table's metadata has. Without it, the activity is from an unknown source.
fn read_coverage(
    json: Option<&str>,
    schema: &Schema,
    catalog: Option<&Arc<Catalog>>,
) -> Result<Coverage, Fault> {
    let mut coverage = Coverage::new();
    match json {
        Some(json) => coverage = serde_json::from_str(json).map_err(Fault::Coverage)?,
        None => {
            coverage.see_unknown_source();
            coverage.see_unread_credentials();
        }
    }
    if is_by_event(schema) {
        let catalog = catalog.map_or_else(Catalog::shared, Arc::clone);
        coverage.see_catalog(catalog.fingerprint());
    }
    if schema.field_with_name(names::EVIDENCE).is_err() {
        coverage.see_undecided_uses();
    }
    if let Some(catalog) = catalog {
        coverage.check_catalog(catalog.fingerprint())?;
    }
    Ok(coverage)
}

/// Takes a row or its error. An error that it returns ends the reading.
type Take<'t> = dyn FnMut(Result<ActivityRow<'_>, Fault>) -> Result<(), Fault> + 't;

/// Whether a column is read.
fn is_wanted(column: &str) -> bool {
    const OPTIONAL: [&str; 5] = [
        names::PRINCIPAL_ARN_SEEN,
        names::DAYS,
        names::DAYS_COMPLETE,
        names::EVIDENCE,
        EVENT_SOURCE,
    ];
    REQUIRED.contains(&column) || OPTIONAL.contains(&column)
}

fn read_rows<R: ChunkReader + 'static>(
    table: ParquetTable<R>,
    name: &str,
    catalog: Option<&Arc<Catalog>>,
    take: &mut Take<'_>,
) -> Result<Coverage, ReadError> {
    check_version(table.metadata(SCHEMA_KEY)).map_err(ReadError::of(name))?;
    check_columns(table.schema()).map_err(ReadError::of(name))?;
    let coverage = read_coverage(table.metadata(COVERAGE_KEY), table.schema(), catalog)
        .map_err(ReadError::of(name))?;
    let written = table.metadata(ROWS_KEY).map(str::to_owned);
    let batches = table.batches(is_wanted).map_err(ReadError::of(name))?;
    let rows = take_batches(name, batches, catalog, take)?;
    Ok(coverage_of_rows(coverage, written.as_deref(), rows))
}

/// Reads record batches with the columns of [`activity_schema`](crate::activity_schema), of any engine; see
/// [`read_activity`]. Errors name the table `name`.
///
/// # Errors
/// As [`read_activity`], and errors of the iterator.
pub fn activity_from_batches(
    name: &str,
    batches: impl IntoIterator<Item = Result<RecordBatch, ArrowError>>,
    catalog: Option<&Arc<Catalog>>,
) -> Result<Activity, ReadError> {
    let mut activity = Activity::new();
    let mut batches = batches.into_iter().peekable();
    let mut coverage = Coverage::new();
    let mut written = None;
    if let Some(Ok(first)) = batches.peek() {
        let schema = first.schema_ref();
        let json = schema.metadata().get(COVERAGE_KEY).map(String::as_str);
        coverage = read_coverage(json, schema, catalog).map_err(ReadError::of(name))?;
        written = schema.metadata().get(ROWS_KEY).cloned();
    }
    let rows = take_batches(name, batches, catalog, &mut |row| {
        activity.add_row(&row?);
        Ok(())
    })?;
    let coverage = coverage_of_rows(coverage, written.as_deref(), rows);
    activity.coverage_mut().merge(&coverage);
    Ok(activity)
}

/// The coverage of a table with these rows, if they are still the ones that it was written with.
fn coverage_of_rows(coverage: Coverage, written: Option<&str>, rows: RowsDigest) -> Coverage {
    if coverage.is_empty() || written.is_some_and(|written| written == rows.to_string()) {
        coverage
    } else {
        coverage.as_unknown_source()
    }
}

fn take_batches<E: Into<Fault>>(
    name: &str,
    batches: impl IntoIterator<Item = Result<RecordBatch, E>>,
    catalog: Option<&Arc<Catalog>>,
    take: &mut Take<'_>,
) -> Result<RowsDigest, ReadError> {
    let mut before = 0_u64;
    let mut rows = RowsDigest::default();
    let mut take = |row: Result<ActivityRow<'_>, Fault>| {
        if let Ok(row) = &row {
            rows.add(row);
        }
        take(row)
    };
    for batch in batches {
        let batch = batch.map_err(ReadError::of(name))?;
        take_batch(&batch, before, catalog, &mut take).map_err(ReadError::of(name))?;
        before = before.saturating_add(batch.num_rows() as u64);
    }
    Ok(rows)
}

fn check_version(version: Option<&str>) -> Result<(), Fault> {
    match version {
        Some(found) if found != SCHEMA_VERSION => Err(Fault::Version {
            found: found.to_owned(),
        }),
        _ => Ok(()),
    }
}

fn check_columns(schema: &Schema) -> Result<(), Fault> {
    let by_event = is_by_event(schema);
    let is_missing = |column: &&'static str| {
        let is_by_event_source = [names::SERVICE_NAMESPACE, names::ACTION_NAME].contains(column);
        schema.field_with_name(column).is_err() && !(by_event && is_by_event_source)
    };
    match REQUIRED.into_iter().find(is_missing) {
        Some(column) => Err(Fault::MissingColumn { column }),
        None => Ok(()),
    }
}

fn take_batch(
    batch: &RecordBatch,
    before: u64,
    catalog: Option<&Arc<Catalog>>,
    take: &mut Take<'_>,
) -> Result<(), Fault> {
    check_version(
        batch
            .schema_ref()
            .metadata()
            .get(SCHEMA_KEY)
            .map(String::as_str),
    )?;
    check_columns(batch.schema_ref())?;
    if batch.num_rows() == 0 {
        return Ok(());
    }
    let columns = Columns::new(batch, before, catalog)?;
    let mut days = DaySet::new();
    for index in 0..batch.num_rows() {
        take(columns.row(index, &mut days))?;
    }
    Ok(())
}

struct Columns<'a> {
    account_id: Texts<'a>,
    principal_id: Texts<'a>,
    principal_arn: Texts<'a>,
    principal_arn_seen: Option<Numbers<'a>>,
    action: ActionColumns<'a>,
    event_name: Texts<'a>,
    aws_region: Texts<'a>,
    last_accessed: Numbers<'a>,
    last_event_id: Texts<'a>,
    attempts: Numbers<'a>,
    denied_attempts: Numbers<'a>,
    first_accessed: Numbers<'a>,
    days: Option<DayLists<'a>>,
    days_complete: Option<Flags<'a>>,
    evidence: Option<Texts<'a>>,
}

/// The columns that, with `event_name`, give the service and action.
enum ActionColumns<'a> {
    Named {
        service_namespace: Texts<'a>,
        action_name: Texts<'a>,
    },
    ByEvent {
        event_source: Texts<'a>,
        catalog: Arc<Catalog>,
    },
}

impl<'a> Columns<'a> {
    fn new(
        batch: &'a RecordBatch,
        before: u64,
        catalog: Option<&Arc<Catalog>>,
    ) -> Result<Self, Fault> {
        let column = |name| Column::required(batch, name, before);
        let texts = |name| column(name)?.texts();
        Ok(Self {
            account_id: texts(names::ACCOUNT_ID)?,
            principal_id: texts(names::PRINCIPAL_ID)?,
            principal_arn: texts(names::PRINCIPAL_ARN)?,
            principal_arn_seen: Column::optional(batch, names::PRINCIPAL_ARN_SEEN, before)
                .map(Column::millis)
                .transpose()?,
            action: if is_by_event(batch.schema_ref()) {
                ActionColumns::ByEvent {
                    event_source: texts(EVENT_SOURCE)?,
                    catalog: catalog.map_or_else(Catalog::shared, Arc::clone),
                }
            } else {
                ActionColumns::Named {
                    service_namespace: texts(names::SERVICE_NAMESPACE)?,
                    action_name: texts(names::ACTION_NAME)?,
                }
            },
            event_name: texts(names::EVENT_NAME)?,
            aws_region: texts(names::AWS_REGION)?,
            last_accessed: column(names::LAST_ACCESSED)?.millis()?,
            last_event_id: texts(names::LAST_EVENT_ID)?,
            attempts: column(names::ATTEMPTS)?.counts()?,
            denied_attempts: column(names::DENIED_ATTEMPTS)?.counts()?,
            first_accessed: column(names::FIRST_ACCESSED)?.millis()?,
            days: Column::optional(batch, names::DAYS, before)
                .map(Column::day_lists)
                .transpose()?,
            days_complete: Column::optional(batch, names::DAYS_COMPLETE, before)
                .map(Column::flags)
                .transpose()?,
            evidence: Column::optional(batch, names::EVIDENCE, before)
                .map(Column::texts)
                .transpose()?,
        })
    }

    fn row<'r>(&'r self, index: usize, days: &'r mut DaySet) -> Result<ActivityRow<'r>, Fault> {
        let principal = Principal {
            unique_id: self.principal_id.get(index),
            arn: self.principal_arn.get(index),
            account: self.account_id.get(index),
        };
        if principal.unique_id.is_none() && principal.arn.is_none() {
            let reason = "is null, and so is principal_id: one of them must be set";
            return Err(self.principal_arn.column.fault(index, reason));
        }
        // All such rows would become one principal.
        for (value, texts) in [
            (principal.unique_id, &self.principal_id),
            (principal.arn, &self.principal_arn),
        ] {
            if value == Some("") {
                return Err(texts.column.fault(index, "is empty; write null"));
            }
        }
        let (service, action) = self.action(index)?;
        let (last_millis, first_millis) = (
            self.last_accessed.require(index)?,
            self.first_accessed.require(index)?,
        );
        if first_millis > last_millis {
            let reason = "is later than last_accessed";
            return Err(self.first_accessed.column.fault(index, reason));
        }
        let (attempts, denied) = (
            self.attempts.require_count(index)?,
            self.denied_attempts.require_count(index)?,
        );
        if denied > attempts {
            let reason = format!("{denied} is more than attempts, {attempts}");
            return Err(self.denied_attempts.column.fault(index, reason));
        }
        let arn_seen_millis = match &self.principal_arn_seen {
            Some(seen) if principal.arn.is_some() => seen.get(index)?,
            _ => None,
        };
        *days = DaySet::new();
        let has_days = match &self.days {
            Some(lists) => lists.read(index, days)?,
            None => false,
        };
        let is_complete = self.days_complete.as_ref();
        let is_complete = is_complete.and_then(|flags| flags.get(index));
        let row = ActivityRow {
            principal,
            arn_seen_millis,
            service,
            action,
            region: self.aws_region.require(index)?,
            last_millis,
            last_event_id: self.last_event_id.require(index)?,
            first_millis,
            attempts,
            denied,
            days,
            days_complete: has_days && is_complete.unwrap_or(true),
        };
        match &self.days {
            Some(lists) if !row.has_consistent_days() => {
                Err(lists.column.fault(index, INCONSISTENT_DAYS))
            }
            _ => Ok(row),
        }
    }

    /// What the credit to a named action rests on.
    fn evidence(&self, index: usize) -> Result<Evidence, Fault> {
        let Some(column) = &self.evidence else {
            return Ok(Evidence::Event);
        };
        let text = column.get(index);
        let known = [Evidence::Event, Evidence::Record, Evidence::Implied];
        match text {
            None => Ok(Evidence::Event),
            Some(text) => (known
                .into_iter()
                .find(|known| evidence_name(*known) == text))
            .ok_or_else(|| column.column.fault(index, format!("{text:?} is not known"))),
        }
    }

    /// The service's namespace and the action.
    fn action(&self, index: usize) -> Result<(&str, CreditedAction<'_>), Fault> {
        let (service_namespace, action_name) = match &self.action {
            ActionColumns::Named {
                service_namespace,
                action_name,
            } => (service_namespace, action_name),
            ActionColumns::ByEvent {
                event_source,
                catalog,
            } => {
                let event = self.event_name.require(index)?;
                return Ok(of_event(catalog, event_source.require(index)?, event));
            }
        };
        let action = match (action_name.get(index), self.event_name.get(index)) {
            (Some(action), None) => CreditedAction::new(self.evidence(index)?, action),
            (None, Some(event)) => CreditedAction::Event(event),
            (Some(_), Some(_)) => {
                let reason = "is set, and so is action_name: one of them must be null";
                return Err(self.event_name.column.fault(index, reason));
            }
            (None, None) => {
                let reason = "is null, and so is event_name: one of them must be set";
                return Err(action_name.column.fault(index, reason));
            }
        };
        Ok((service_namespace.require(index)?, action))
    }
}

/// The service and action of an event, with the same names as from the trail reader.
fn of_event<'a>(
    catalog: &'a Catalog,
    source: &'a str,
    event: &'a str,
) -> (&'a str, CreditedAction<'a>) {
    let resolved = catalog.resolve_event(source, event);
    let service = match resolved.service {
        Some(id) => catalog.service(id).namespace(),
        None => match source.split_once('.') {
            Some((label, _)) if !label.is_empty() => label,
            _ => source,
        },
    };
    let action = match resolved.action {
        Some(id) => CreditedAction::Action(catalog.action(id).name()),
        None => CreditedAction::Event(event),
    };
    (service, action)
}
