//! Where the records are, and what their fields are called there.

use cloudtrail_reader::attribution::INSIGHT_CATEGORY;

use crate::dialect::Dialect;
use crate::error::QueryError;

/// Where the engine finds the records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Records {
    /// A table or view with one record per row and the record's fields as columns
    /// (`userIdentity.sessionContext.sessionIssuer.arn`, `eventTime`, ...); in `CloudTrail` Lake, the
    /// id of an event data store.
    Table(String),
    /// `CloudTrail` objects as delivered to S3: a path or glob in the engine's syntax.
    Objects(String),
}

/// A record's fields and what the query calls them.
const FIELDS: [(&str, &str); 16] = [
    ("userIdentity.type", "user_type"),
    ("userIdentity.principalId", "user_principal_id"),
    ("userIdentity.arn", "user_arn"),
    ("userIdentity.accountId", "user_account"),
    ("userIdentity.userName", "user_name"),
    (
        "userIdentity.sessionContext.sessionIssuer.type",
        "issuer_type",
    ),
    (
        "userIdentity.sessionContext.sessionIssuer.principalId",
        "issuer_principal_id",
    ),
    (
        "userIdentity.sessionContext.sessionIssuer.arn",
        "issuer_arn",
    ),
    (
        "userIdentity.sessionContext.sessionIssuer.accountId",
        "issuer_account",
    ),
    (
        "userIdentity.sessionContext.sessionIssuer.userName",
        "issuer_name",
    ),
    ("eventSource", "event_source"),
    ("eventName", "event_name"),
    ("awsRegion", "aws_region"),
    ("eventID", "event_id"),
    ("eventType", "event_type"),
    ("errorCode", "error_code"),
];

/// The fields of a `userIdentity` or of a session issuer that count; each is a string.
const IDENTITY: [&str; 5] = ["type", "principalId", "arn", "accountId", "userName"];
/// The other fields that count.
const EVENT: [&str; 8] = [
    "eventTime",
    "eventSource",
    "eventName",
    "awsRegion",
    "eventID",
    "eventType",
    "eventCategory",
    "errorCode",
];

/// `DuckDB` keeps a buffer of twice this size per thread. `CloudTrail` closes an object at about
/// 50 MB of JSON.
const LARGEST_OBJECT: u32 = 64 << 20;

/// Returns the query with one row per record and the names of [`FIELDS`] as columns, indented by two.
pub(crate) fn select(dialect: Dialect, records: &Records) -> Result<String, QueryError> {
    let (prefix, from) = match records {
        Records::Table(table) => ("", table_name(table)?.to_owned()),
        Records::Objects(_) if !dialect.reads_objects() => {
            return Err(QueryError::NoObjects(dialect));
        }
        Records::Objects(path) => ("record.", objects(dialect, path)),
    };
    let mut columns: Vec<String> = FIELDS
        .iter()
        .map(|(field, name)| format!("{prefix}{field} AS {name}"))
        .collect();
    let time = format!("{prefix}eventTime");
    columns.push(format!("{} AS millis", millis(dialect, &time)));
    // Tables made before CloudTrail had categories have no such column. Insights have an event type of their own too.
    let insights = match records {
        Records::Table(_) => String::new(),
        Records::Objects(_) => {
            format!("\n  WHERE coalesce(record.eventCategory, '') <> '{INSIGHT_CATEGORY}'")
        }
    };
    Ok(format!(
        "  SELECT\n    {}\n  FROM {from}{insights}",
        columns.join(",\n    ")
    ))
}

/// The UTC milliseconds of `eventTime`: a timestamp in `CloudTrail` Lake, elsewhere text as
/// `CloudTrail` writes it. A blank for the T, a fraction and an offset are allowed; without an offset it is UTC.
fn millis(dialect: Dialect, time: &str) -> String {
    const SHAPE: &str = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})?\z";
    if dialect == Dialect::CloudTrailLake {
        return format!("CAST(round(to_unixtime({time}) * 1000) AS BIGINT)");
    }
    let or = |part: String, other: &str| format!("coalesce({part}, '{other}')");
    let text = format!(
        "replace(substr({time}, 1, 19), ' ', 'T')\n        || {}\n        || {}",
        or(dialect.extract(time, "([.][0-9]{1,3})", 1), ""),
        or(
            dialect.extract(time, r"(Z|[+-][0-9]{2}:[0-9]{2})\z", 1),
            "Z"
        ),
    );
    format!(
        "CASE WHEN {}\n      THEN {} END",
        dialect.matches(time, SHAPE),
        dialect.millis(&text)
    )
}

/// Checks the name of a table or event data store, with or without catalog, schema and quotes. It goes into the query unchanged.
fn table_name(table: &str) -> Result<&str, QueryError> {
    let is_sound = |c: char| c.is_alphanumeric() || "_-.$\"`".contains(c);
    if !table.is_empty() && table.chars().all(is_sound) {
        Ok(table)
    } else {
        Err(QueryError::TableName(table.to_owned()))
    }
}

/// Returns a subquery of the records in objects, with one column `record`. Each record is parsed separately, so that a field of
/// another type is null and does not affect others; a damaged object fails the query.
fn objects(dialect: Dialect, path: &str) -> String {
    // The type of a record: `each` spells a field, `within` a struct.
    let structure = |each: fn(&str) -> String, within: fn(&str, &str) -> String| {
        let fields = |names: &[&str]| {
            names
                .iter()
                .map(|name| each(name))
                .collect::<Vec<_>>()
                .join(", ")
        };
        let issuer = within("sessionIssuer", &fields(&IDENTITY));
        let context = within("sessionContext", &issuer);
        let user = within(
            "userIdentity",
            &format!("{},\n        {context}", fields(&IDENTITY)),
        );
        format!("{user},\n      {}", fields(&EVENT))
    };
    if dialect == Dialect::Spark {
        let record = structure(
            |name| format!("{name}: STRING"),
            |name, fields| format!("{name}: STRUCT<{fields}>"),
        );
        format!(
            "(
    SELECT from_json(text, 'STRUCT<
      {record}>') AS record
    FROM (
      SELECT explode(from_json(value, 'STRUCT<Records: ARRAY<STRING>>', map('mode', 'FAILFAST')).Records) AS text
      FROM text.`{}`
    ) AS texts
  ) AS objects",
            path.replace('`', "``")
        )
    } else {
        let record = structure(
            |name| format!("\"{name}\": \"VARCHAR\""),
            |name, fields| format!("\"{name}\": {{{fields}}}"),
        );
        format!(
            "(
    SELECT json_transform(text, '{{
      {record}}}') AS record
    FROM (
      SELECT unnest(Records) AS text
      FROM read_json({}, columns = {{Records: 'JSON[]'}}, maximum_object_size = {LARGEST_OBJECT})
    ) AS texts
  ) AS objects",
            dialect.literal(path)
        )
    }
}
