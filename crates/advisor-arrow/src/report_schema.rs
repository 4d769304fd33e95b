//! The columns of the report table.

use std::sync::LazyLock;

use arrow_schema::{DataType, Field, SchemaRef};

use crate::{dictionary, schema};

static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    let repeated = |name: &str, nullable| Field::new(name, dictionary::data_type(), nullable);
    let list = DataType::new_list(DataType::Utf8, true);
    schema::versioned(vec![
        repeated("arn", false),
        repeated("granularity", false),
        repeated("service_namespace", true),
        repeated("service_name", true),
        repeated("action_name", true),
        Field::new("granted", DataType::Boolean, true),
        Field::new("last_accessed", schema::timestamp(), true),
        repeated("last_accessed_entity", true),
        repeated("last_accessed_region", true),
        Field::new("total_authenticated_entities", DataType::Int32, true),
        Field::new("not_evaluated", list, true),
        repeated("state", true),
        repeated("state_reason", true),
        Field::new("undecided", DataType::Int32, true),
    ])
});

/// The columns of the report table. An entity has one row of granularity `ENTITY`, one `SERVICE` row
/// for each of its services, and at action level one `ACTION` row for each tracked action.
///
/// | column | type | |
/// | --- | --- | --- |
/// | `arn` | text | the user, group, role or managed policy of the report |
/// | `granularity` | text | `ENTITY`, `SERVICE` or `ACTION` |
/// | `service_namespace` | text, nullable | such as `s3`; null in an `ENTITY` row |
/// | `service_name` | text, nullable | such as `Amazon S3`; null in an `ENTITY` row |
/// | `action_name` | text, nullable | such as `ListAllMyBuckets`; set in an `ACTION` row |
/// | `granted` | bool, nullable | false where the service or action was used although no permission policy grants it; null in an `ENTITY` row, and where the catalog does not have the event source |
/// | `last_accessed` | timestamp, nullable | the last attempt in the tracking period; null if there was none |
/// | `last_accessed_entity` | text, nullable | the ARN of the user or role that made it |
/// | `last_accessed_region` | text, nullable | the Region it was made in |
/// | `total_authenticated_entities` | int32, nullable | in a `SERVICE` row: the number of users and roles that made an attempt in the tracking period |
/// | `not_evaluated` | list of text, nullable | in an `ENTITY` row: the policies and groups that count but could not be evaluated |
/// | `state` | text, nullable | in full tracking, in a `SERVICE` or `ACTION` row: `used`, `implied`, `unused`, `unobservable` or `uncovered` |
/// | `state_reason` | text, nullable | why it has that state |
/// | `undecided` | int32, nullable | in an `ENTITY` row: how many actions are in the report only because deciding them would take too much work |
///
/// Timestamps are UTC milliseconds. Text is dictionary-encoded (`Dictionary(Int32, Utf8)`).
#[must_use]
pub fn report_schema() -> SchemaRef {
    SCHEMA.clone()
}
