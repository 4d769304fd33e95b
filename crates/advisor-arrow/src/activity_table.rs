//! The activity table as Arrow record batches and as a Parquet file.

use std::io::{self, Write};
use std::sync::{Arc, LazyLock};

use advisor_core::{Activity, ActivityRow, CreditedAction, Evidence};
use arrow_array::builder::{
    BooleanBuilder, Date32Builder, Int64Builder, ListBuilder, StringBuilder,
    TimestampMillisecondBuilder,
};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{ArrowError, DataType, Field, FieldRef, SchemaRef};

use crate::batch_size::BatchSize;
use crate::parquet_file;
use crate::rows_digest::RowsDigest;
use crate::schema::{self, UTC};

/// The names of the columns.
pub(crate) mod names {
    pub(crate) const ACCOUNT_ID: &str = "account_id";
    pub(crate) const PRINCIPAL_ID: &str = "principal_id";
    pub(crate) const PRINCIPAL_ARN: &str = "principal_arn";
    pub(crate) const PRINCIPAL_ARN_SEEN: &str = "principal_arn_seen";
    pub(crate) const SERVICE_NAMESPACE: &str = "service_namespace";
    pub(crate) const ACTION_NAME: &str = "action_name";
    pub(crate) const EVENT_NAME: &str = "event_name";
    pub(crate) const AWS_REGION: &str = "aws_region";
    pub(crate) const LAST_ACCESSED: &str = "last_accessed";
    pub(crate) const LAST_EVENT_ID: &str = "last_event_id";
    pub(crate) const ATTEMPTS: &str = "attempts";
    pub(crate) const DENIED_ATTEMPTS: &str = "denied_attempts";
    pub(crate) const FIRST_ACCESSED: &str = "first_accessed";
    pub(crate) const DAYS: &str = "days";
    pub(crate) const DAYS_COMPLETE: &str = "days_complete";
    pub(crate) const EVIDENCE: &str = "evidence";
}

static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    let text = |name: &str, nullable| Field::new(name, DataType::Utf8, nullable);
    let count = |name: &str| Field::new(name, DataType::Int64, false);
    let time = |name: &str, nullable| Field::new(name, schema::timestamp(), nullable);
    let fields = vec![
        text(names::ACCOUNT_ID, true),
        text(names::PRINCIPAL_ID, true),
        text(names::PRINCIPAL_ARN, true),
        time(names::PRINCIPAL_ARN_SEEN, true),
        text(names::SERVICE_NAMESPACE, false),
        text(names::ACTION_NAME, true),
        text(names::EVENT_NAME, true),
        text(names::AWS_REGION, false),
        time(names::LAST_ACCESSED, false),
        text(names::LAST_EVENT_ID, false),
        count(names::ATTEMPTS),
        count(names::DENIED_ATTEMPTS),
        time(names::FIRST_ACCESSED, false),
        Field::new(names::DAYS, DataType::List(day_field()), false),
        Field::new(names::DAYS_COMPLETE, DataType::Boolean, false),
        text(names::EVIDENCE, false),
    ];
    schema::versioned(fields)
});

/// What a row's credit rests on, as the column says it.
pub(crate) fn evidence_name(evidence: Evidence) -> &'static str {
    match evidence {
        Evidence::Event | Evidence::UnresolvedEvent => "event",
        Evidence::Record => "record",
        Evidence::Implied => "implied",
    }
}

/// The type of a list's days.
fn day_field() -> FieldRef {
    Arc::new(Field::new_list_field(DataType::Date32, false))
}

/// The columns of the activity table. A row is one principal, service, action and Region.
///
/// | column | type | |
/// | --- | --- | --- |
/// | `account_id` | text, nullable | the principal's account: twelve digits |
/// | `principal_id` | text, nullable | the user's or role's unique id: `AIDA...`, `AROA...` |
/// | `principal_arn` | text, nullable | its ARN when it was last seen, never a session's; not null if `principal_id` is null |
/// | `principal_arn_seen` | timestamp, nullable | when the principal was last seen under that ARN; null if it has none |
/// | `service_namespace` | text | such as `s3`; the first label of the event source if the service is unknown |
/// | `action_name` | text, nullable | the action, such as `ListBucket` |
/// | `event_name` | text, nullable | the event's name, if the catalog has no action for it; exactly one of `action_name` and `event_name` is set |
/// | `aws_region` | text | the Region in the event |
/// | `last_accessed` | timestamp | the last attempt, whether it succeeded or not |
/// | `last_event_id` | text | the id of the last attempt's event; the greatest one if several have the same time |
/// | `attempts` | int64 | the number of attempts |
/// | `denied_attempts` | int64 | the number of attempts that were denied for lack of permission |
/// | `first_accessed` | timestamp | the first attempt |
/// | `days` | list of dates | the UTC days with attempts, in order |
/// | `days_complete` | boolean | whether `days` has all of them; not when a part came from a file of an earlier version |
/// | `evidence` | text | what the credit rests on: `event`; `record` if the record of another call shows that it exercised the action; `implied` if such a call may have |
///
/// Timestamps are UTC milliseconds. Counts are signed, because Spark and Athena have no unsigned integers.
#[must_use]
pub fn activity_schema() -> SchemaRef {
    SCHEMA.clone()
}

/// Converts activity to record batches of [`activity_schema`], with the coverage in their schema's metadata, of at most 65,536 rows, in the order of
/// [`rows_in_order`]. Equal tables give equal batches.
#[must_use]
pub fn activity_batches(activity: &Activity) -> ActivityBatches<'_> {
    ActivityBatches {
        schema: schema_with_coverage(activity),
        rows: rows_in_order(activity).into_iter(),
    }
}

/// The rows in the order in which they are written: by account, principal, service, action and Region.
#[must_use]
pub fn rows_in_order(activity: &Activity) -> Vec<ActivityRow<'_>> {
    let mut rows: Vec<ActivityRow<'_>> = activity.rows().collect();
    rows.sort_unstable_by(|left, right| order(left).cmp(&order(right)));
    rows
}

fn order<'a>(row: &ActivityRow<'a>) -> impl Ord + use<'a> {
    let who = row.principal;
    (
        (who.account, who.unique_id, who.arn),
        (row.service, row.action, row.region),
    )
}

/// Iterator of [`activity_batches`].
#[derive(Debug)]
pub struct ActivityBatches<'a> {
    schema: SchemaRef,
    rows: std::vec::IntoIter<ActivityRow<'a>>,
}

impl ActivityBatches<'_> {
    /// The schema of the batches: [`activity_schema`], with the coverage in its metadata.
    #[must_use]
    pub fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }
}

impl Iterator for ActivityBatches<'_> {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut columns = Columns::default();
        let mut size = BatchSize::default();
        while !size.is_full()
            && let Some(row) = self.rows.next()
        {
            columns.push(&row);
            // Text, and the days with four bytes each.
            size.add_row(text(&row) + 4 * row.days.len());
        }
        (!size.is_empty()).then(|| columns.finish(self.schema()))
    }
}

struct Columns {
    account_id: StringBuilder,
    principal_id: StringBuilder,
    principal_arn: StringBuilder,
    principal_arn_seen: TimestampMillisecondBuilder,
    service_namespace: StringBuilder,
    action_name: StringBuilder,
    event_name: StringBuilder,
    aws_region: StringBuilder,
    last_accessed: TimestampMillisecondBuilder,
    last_event_id: StringBuilder,
    attempts: Int64Builder,
    denied_attempts: Int64Builder,
    first_accessed: TimestampMillisecondBuilder,
    days: ListBuilder<Date32Builder>,
    days_complete: BooleanBuilder,
    evidence: StringBuilder,
}

impl Default for Columns {
    fn default() -> Self {
        Self {
            account_id: StringBuilder::default(),
            principal_id: StringBuilder::default(),
            principal_arn: StringBuilder::default(),
            principal_arn_seen: TimestampMillisecondBuilder::default(),
            service_namespace: StringBuilder::default(),
            action_name: StringBuilder::default(),
            event_name: StringBuilder::default(),
            aws_region: StringBuilder::default(),
            last_accessed: TimestampMillisecondBuilder::default(),
            last_event_id: StringBuilder::default(),
            attempts: Int64Builder::default(),
            denied_attempts: Int64Builder::default(),
            first_accessed: TimestampMillisecondBuilder::default(),
            days: ListBuilder::new(Date32Builder::new()).with_field(day_field()),
            days_complete: BooleanBuilder::default(),
            evidence: StringBuilder::default(),
        }
    }
}

impl Columns {
    fn push(&mut self, row: &ActivityRow<'_>) {
        let (action, event) = match row.action {
            CreditedAction::Event(name) => (None, Some(name)),
            credited => (Some(credited.name()), None),
        };
        self.account_id.append_option(row.principal.account);
        self.principal_id.append_option(row.principal.unique_id);
        self.principal_arn.append_option(row.principal.arn);
        self.principal_arn_seen.append_option(row.arn_seen_millis);
        self.service_namespace.append_value(row.service);
        self.action_name.append_option(action);
        self.event_name.append_option(event);
        self.aws_region.append_value(row.region);
        self.last_accessed.append_value(row.last_millis);
        self.last_event_id.append_value(row.last_event_id);
        self.attempts.append_value(count(row.attempts));
        self.denied_attempts.append_value(count(row.denied));
        self.first_accessed.append_value(row.first_millis);
        self.days.append_value(row.days.iter().map(Some));
        self.days_complete.append_value(row.days_complete);
        self.evidence
            .append_value(evidence_name(row.action.evidence()));
    }

    fn finish(mut self, schema: SchemaRef) -> Result<RecordBatch, ArrowError> {
        let time = |mut builder: TimestampMillisecondBuilder| -> ArrayRef {
            Arc::new(builder.finish().with_timezone(UTC))
        };
        let columns: Vec<ArrayRef> = vec![
            Arc::new(self.account_id.finish()),
            Arc::new(self.principal_id.finish()),
            Arc::new(self.principal_arn.finish()),
            time(self.principal_arn_seen),
            Arc::new(self.service_namespace.finish()),
            Arc::new(self.action_name.finish()),
            Arc::new(self.event_name.finish()),
            Arc::new(self.aws_region.finish()),
            time(self.last_accessed),
            Arc::new(self.last_event_id.finish()),
            Arc::new(self.attempts.finish()),
            Arc::new(self.denied_attempts.finish()),
            time(self.first_accessed),
            Arc::new(self.days.finish()),
            Arc::new(self.days_complete.finish()),
            Arc::new(self.evidence.finish()),
        ];
        RecordBatch::try_new(schema, columns)
    }
}

/// The number of bytes of a row's text.
fn text(row: &ActivityRow<'_>) -> usize {
    let who = row.principal;
    let who = [who.account, who.unique_id, who.arn].into_iter().flatten();
    let what = [
        row.service,
        row.action.name(),
        row.region,
        row.last_event_id,
    ];
    who.chain(what).map(str::len).sum()
}

/// A count as a signed integer, limited to its range.
fn count(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// The key of the coverage, as JSON, in the metadata of a schema or a Parquet file.
pub const COVERAGE_KEY: &str = "access_advisor.coverage";

/// The key of the [digest](RowsDigest) of the rows that the coverage is of, beside it.
pub(crate) const ROWS_KEY: &str = "access_advisor.rows";

/// [`activity_schema`] with the table's coverage in its metadata.
fn schema_with_coverage(activity: &Activity) -> SchemaRef {
    let schema = activity_schema();
    let mut metadata = schema.metadata().clone();
    let mut rows = RowsDigest::default();
    activity.rows().for_each(|row| rows.add(&row));
    metadata.insert(ROWS_KEY.to_owned(), rows.to_string());
    // Without the key, readers take the coverage as unknown.
    if let Ok(coverage) = serde_json::to_string(activity.coverage()) {
        metadata.insert(COVERAGE_KEY.to_owned(), coverage);
    }
    Arc::new(schema.as_ref().clone().with_metadata(metadata))
}

/// Writes activity as a Parquet file, with its coverage in the metadata. Equal tables give the same bytes.
///
/// # Errors
/// Errors of the writer.
pub fn write_activity(writer: impl Write, activity: &Activity) -> io::Result<()> {
    let batches = activity_batches(activity);
    parquet_file::write(writer, &batches.schema(), batches)
}
