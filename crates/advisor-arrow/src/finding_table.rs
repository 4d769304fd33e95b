//! Findings as one flat Arrow table, with a row for each finding.

use std::io::{self, Write};
use std::sync::{Arc, LazyLock};

use advisor_core::{Finding, FindingStatus, Findings, LastUse, State};
use arrow_array::builder::{
    Int32Builder, Int64Builder, ListBuilder, StringBuilder, TimestampMillisecondBuilder,
};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{ArrowError, DataType, Field, SchemaRef};

use crate::batch_size::BatchSize;
use crate::dictionary::{self, DictionaryColumn};
use crate::parquet_file;
use crate::report_table::{CATALOG_KEY, REPORT_COVERAGE_KEY};
use crate::schema::{self, versioned};

static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    let repeated = |name: &str, nullable| Field::new(name, dictionary::data_type(), nullable);
    let list = |name: &str| Field::new(name, DataType::new_list(DataType::Utf8, true), false);
    versioned(vec![
        Field::new("finding_id", DataType::Utf8, false),
        repeated("kind", false),
        repeated("status", false),
        repeated("severity", false),
        repeated("severity_reason", false),
        repeated("account_id", false),
        repeated("resource", false),
        repeated("resource_type", false),
        Field::new("resource_created", schema::timestamp(), true),
        repeated("subject", true),
        Field::new("unused_services", DataType::Int32, false),
        Field::new("unused_actions", DataType::Int32, false),
        list("services"),
        list("actions"),
        repeated("state", true),
        repeated("state_reason", true),
        repeated("window", false),
        Field::new("last_used", schema::timestamp(), true),
        repeated("last_used_region", true),
        Field::new("last_event_id", DataType::Utf8, true),
        Field::new("attempts", DataType::Int64, true),
        Field::new("denied", DataType::Int64, true),
        repeated("rhythm", true),
        list("granted_by"),
        repeated("permissions_boundary", true),
        repeated("archive_owner", true),
        repeated("archive_reason", true),
        repeated("archive_expires", true),
    ])
});

/// The columns of the finding table.
///
/// | column | type | |
/// | --- | --- | --- |
/// | `finding_id` | text | the id, the same in every run |
/// | `kind` | text | such as `UnusedPermission` |
/// | `status` | text | `ACTIVE` or `ARCHIVED` |
/// | `severity` | text | `informational`, `low`, `medium`, `high` or `critical` |
/// | `severity_reason` | text | why |
/// | `account_id` | text | twelve digits; `aws` for AWS managed policies |
/// | `resource` | text | the ARN of the user, group, role or managed policy |
/// | `resource_type` | text | such as `AWS::IAM::Role` |
/// | `resource_created` | timestamp, nullable | when it was created |
/// | `subject` | text, nullable | what of it the finding is about: an access key, a class of privileges |
/// | `unused_services` | int32 | how many services are unused as a whole |
/// | `unused_actions` | int32 | how many actions are granted and unused |
/// | `services` | list of text | the services that are unused as a whole |
/// | `actions` | list of text | the actions of other services, such as `s3:DeleteBucket` |
/// | `state` | text, nullable | `unused`, or `used` in findings about use |
/// | `state_reason` | text, nullable | what that rests on: the days and Regions that were read, or the credential report |
/// | `window` | text | the days that the finding is about, as an ISO 8601 interval |
/// | `last_used` | timestamp, nullable | the last use, in all of the activity |
/// | `last_used_region` | text, nullable | its Region |
/// | `last_event_id` | text, nullable | its event |
/// | `attempts` | int64, nullable | the number of attempts in all of the activity |
/// | `denied` | int64, nullable | how many of them were denied |
/// | `rhythm` | text, nullable | how regularly it was used |
/// | `granted_by` | list of text | the statements that grant it, with the way to each |
/// | `permissions_boundary` | text, nullable | the permissions boundary of the user or role; it is not evaluated, and may deny what they grant |
/// | `archive_owner` | text, nullable | who answers for the archive rule |
/// | `archive_reason` | text, nullable | its reason |
/// | `archive_expires` | text, nullable | its last day |
///
/// Timestamps are UTC milliseconds. Repeated text outside of lists is dictionary-encoded (`Dictionary(Int32, Utf8)`).
#[must_use]
pub fn finding_schema() -> SchemaRef {
    SCHEMA.clone()
}

/// Converts findings to record batches of [`finding_schema`], in the same order.
#[must_use]
pub fn finding_batches(findings: &Findings) -> FindingBatches<'_> {
    FindingBatches(findings.findings.iter())
}

/// Iterator of [`finding_batches`].
#[derive(Clone, Debug)]
pub struct FindingBatches<'a>(std::slice::Iter<'a, Finding>);

impl Iterator for FindingBatches<'_> {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut columns = Columns::default();
        let mut size = BatchSize::default();
        while !size.is_full()
            && let Some(finding) = self.0.next()
        {
            size.add_row(columns.push(finding));
        }
        (!size.is_empty()).then(|| columns.finish())
    }
}

/// The key of the metadata of a file of findings that holds the event sources that the catalog does not know and that may be parts of
/// granted services, as JSON.
pub const UNKNOWN_EVENT_SOURCES_KEY: &str = "access_advisor.unknown_event_sources";

/// Writes findings as a Parquet file of [`finding_schema`]. What they rest on is in the file's metadata as JSON
/// ([`REPORT_COVERAGE_KEY`]), beside the fingerprint of their catalog ([`CATALOG_KEY`]) and the event sources that the catalog does not
/// know ([`UNKNOWN_EVENT_SOURCES_KEY`]).
///
/// # Errors
/// Errors of the writer.
pub fn write_findings(writer: impl Write, findings: &Findings) -> io::Result<()> {
    let schema = finding_schema();
    let mut metadata = schema.metadata().clone();
    let coverage = serde_json::to_string(&findings.coverage).map_err(io::Error::other)?;
    metadata.insert(REPORT_COVERAGE_KEY.to_owned(), coverage);
    if !findings.unknown_event_sources.is_empty() {
        let sources = serde_json::to_string(&findings.unknown_event_sources);
        let sources = sources.map_err(io::Error::other)?;
        metadata.insert(UNKNOWN_EVENT_SOURCES_KEY.to_owned(), sources);
    }
    if let Some(first) = findings.findings.first() {
        let catalog = first.catalog().fingerprint().to_string();
        metadata.insert(CATALOG_KEY.to_owned(), catalog);
    }
    let schema = Arc::new(schema.as_ref().clone().with_metadata(metadata));
    parquet_file::write(writer, &schema, finding_batches(findings))
}

struct Columns {
    finding_id: StringBuilder,
    kind: DictionaryColumn,
    status: DictionaryColumn,
    severity: DictionaryColumn,
    severity_reason: DictionaryColumn,
    account_id: DictionaryColumn,
    resource: DictionaryColumn,
    resource_type: DictionaryColumn,
    resource_created: TimestampMillisecondBuilder,
    subject: DictionaryColumn,
    unused_services: Int32Builder,
    unused_actions: Int32Builder,
    services: ListBuilder<StringBuilder>,
    actions: ListBuilder<StringBuilder>,
    state: DictionaryColumn,
    state_reason: DictionaryColumn,
    window: DictionaryColumn,
    last_used: TimestampMillisecondBuilder,
    last_used_region: DictionaryColumn,
    last_event_id: StringBuilder,
    attempts: Int64Builder,
    denied: Int64Builder,
    rhythm: DictionaryColumn,
    granted_by: ListBuilder<StringBuilder>,
    permissions_boundary: DictionaryColumn,
    archive_owner: DictionaryColumn,
    archive_reason: DictionaryColumn,
    archive_expires: DictionaryColumn,
}

impl Default for Columns {
    fn default() -> Self {
        let timestamps = || TimestampMillisecondBuilder::new().with_timezone(schema::UTC);
        Self {
            finding_id: StringBuilder::default(),
            kind: DictionaryColumn::default(),
            status: DictionaryColumn::default(),
            severity: DictionaryColumn::default(),
            severity_reason: DictionaryColumn::default(),
            account_id: DictionaryColumn::default(),
            resource: DictionaryColumn::default(),
            resource_type: DictionaryColumn::default(),
            resource_created: timestamps(),
            subject: DictionaryColumn::default(),
            unused_services: Int32Builder::default(),
            unused_actions: Int32Builder::default(),
            services: ListBuilder::default(),
            actions: ListBuilder::default(),
            state: DictionaryColumn::default(),
            state_reason: DictionaryColumn::default(),
            window: DictionaryColumn::default(),
            last_used: timestamps(),
            last_used_region: DictionaryColumn::default(),
            last_event_id: StringBuilder::default(),
            attempts: Int64Builder::default(),
            denied: Int64Builder::default(),
            rhythm: DictionaryColumn::default(),
            granted_by: ListBuilder::default(),
            permissions_boundary: DictionaryColumn::default(),
            archive_owner: DictionaryColumn::default(),
            archive_reason: DictionaryColumn::default(),
            archive_expires: DictionaryColumn::default(),
        }
    }
}

impl Columns {
    /// Adds a row. Returns the number of bytes of its lists.
    fn push(&mut self, finding: &Finding) -> usize {
        self.finding_id.append_value(finding.id.to_string());
        self.kind.push(finding.kind.name());
        self.status.push(finding.status.name());
        self.severity.push(finding.severity.name());
        self.severity_reason
            .push(&finding.severity_reason.to_string());
        self.account_id.push(finding.account.as_str());
        self.resource.push(&finding.resource);
        self.resource_type.push(finding.resource_type());
        let created = finding.created.map(|time| time.timestamp_millis());
        self.resource_created.append_option(created);
        let subject = Some(&*finding.subject);
        self.subject
            .push_option(subject.filter(|subject| !subject.is_empty()));
        self.unused_services
            .append_value(number(finding.unused_services()));
        self.unused_actions
            .append_value(number(finding.unused_actions));
        self.state.push_option(finding.state.map(State::name));
        self.state_reason.push_option(finding.basis().as_deref());
        self.window.push(&finding.window.to_string());
        self.push_last_use(finding.last_use.as_ref());
        self.permissions_boundary
            .push_option(finding.permissions_boundary.as_deref());
        let rule = match &finding.status {
            FindingStatus::Active => None,
            status => status.rule(),
        };
        self.archive_owner
            .push_option(rule.map(|rule| &*rule.owner));
        self.archive_reason
            .push_option(rule.map(|rule| &*rule.reason));
        let expires = rule
            .and_then(|rule| rule.expires)
            .map(|day| day.to_string());
        self.archive_expires.push_option(expires.as_deref());
        push_list(
            &mut self.services,
            finding.whole_services().map(str::to_owned),
        ) + push_list(&mut self.actions, finding.listed_actions())
            + push_list(
                &mut self.granted_by,
                finding.granted_by.iter().map(ToString::to_string),
            )
    }

    fn push_last_use(&mut self, last: Option<&LastUse>) {
        self.last_used.append_option(last.map(|last| last.millis));
        self.last_used_region
            .push_option(last.map(|last| &*last.region));
        self.last_event_id
            .append_option(last.and_then(|last| last.event_id.as_deref()));
        let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        self.attempts
            .append_option(last.map(|last| count(last.attempts)));
        self.denied
            .append_option(last.map(|last| count(last.denied)));
        let rhythm = last
            .and_then(|last| last.rhythm)
            .map(|rhythm| rhythm.to_string());
        self.rhythm.push_option(rhythm.as_deref());
    }

    fn finish(mut self) -> Result<RecordBatch, ArrowError> {
        let columns: Vec<ArrayRef> = vec![
            Arc::new(self.finding_id.finish()),
            self.kind.finish()?,
            self.status.finish()?,
            self.severity.finish()?,
            self.severity_reason.finish()?,
            self.account_id.finish()?,
            self.resource.finish()?,
            self.resource_type.finish()?,
            Arc::new(self.resource_created.finish()),
            self.subject.finish()?,
            Arc::new(self.unused_services.finish()),
            Arc::new(self.unused_actions.finish()),
            Arc::new(self.services.finish()),
            Arc::new(self.actions.finish()),
            self.state.finish()?,
            self.state_reason.finish()?,
            self.window.finish()?,
            Arc::new(self.last_used.finish()),
            self.last_used_region.finish()?,
            Arc::new(self.last_event_id.finish()),
            Arc::new(self.attempts.finish()),
            Arc::new(self.denied.finish()),
            self.rhythm.finish()?,
            Arc::new(self.granted_by.finish()),
            self.permissions_boundary.finish()?,
            self.archive_owner.finish()?,
            self.archive_reason.finish()?,
            self.archive_expires.finish()?,
        ];
        RecordBatch::try_new(finding_schema(), columns)
    }
}

fn number(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// Adds a list. Returns the number of bytes of its text.
fn push_list(
    column: &mut ListBuilder<StringBuilder>,
    texts: impl Iterator<Item = String>,
) -> usize {
    let mut bytes = 0;
    for text in texts {
        bytes += text.len();
        column.values().append_value(text);
    }
    column.append(true);
    bytes
}
