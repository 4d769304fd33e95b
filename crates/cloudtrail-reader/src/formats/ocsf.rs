//! CloudTrail in OCSF, as Security Lake keeps it and `CloudWatch`'s unified data store exports it: Parquet files of API
//! activity, authentication and account changes. Each row is turned back into the record that it was made of.
//!
//! Source: the mapping that the Security Lake User Guide refers to, `ocsf/examples`, `mappings/markdown/AWS`, versions
//! 1.0.0-rc.2 (source version 1) and 1.1.0 (source version 2). The unique id of a role is in `actor.user.uid_alt`
//! (version 2) or `actor.user.uid` (version 1), which hold `userIdentity.principalId`.

use std::borrow::Cow;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, ListArray, MapArray, RecordBatch};
use serde_json::{Map, Value, json};

use crate::formats::cells::Column;
use crate::formats::engine_time;
use crate::formats::entry::Entry;
use crate::formats::error::{FormatError, TableKind};
use crate::formats::values::Values;
use crate::outcome::shortened::shortened;

/// What a column is in a record.
#[derive(Clone, Copy)]
enum OcsfField {
    /// The value of a field, by its path.
    Text(&'static str),
    /// JSON that is a field.
    Json(&'static str),
    /// `eventTime`; of several columns the first counts.
    Time,
    /// The `principalId` or, if it is one, the ARN of a `userIdentity`.
    Identity,
    /// The product that wrote the record: other sources of Security Lake have API activity too.
    Product,
}

/// The columns that count, apart from `unmapped`.
const COLUMNS: [(&str, OcsfField); 22] = [
    ("time", OcsfField::Time),
    ("time_dt", OcsfField::Time),
    ("api.service.name", OcsfField::Text("eventSource")),
    ("api.operation", OcsfField::Text("eventName")),
    ("api.request.data", OcsfField::Json("requestParameters")),
    ("api.response.error", OcsfField::Text("errorCode")),
    ("api.response.message", OcsfField::Text("errorMessage")),
    ("cloud.region", OcsfField::Text("awsRegion")),
    ("cloud.account.uid", OcsfField::Text("recipientAccountId")),
    ("metadata.uid", OcsfField::Text("eventID")),
    ("metadata.event_code", OcsfField::Text("eventType")),
    ("metadata.product.name", OcsfField::Product),
    (
        "metadata.product.feature.name",
        OcsfField::Text("eventCategory"),
    ),
    (
        "actor.invoked_by",
        OcsfField::Text("userIdentity.invokedBy"),
    ),
    (
        "actor.session.issuer",
        OcsfField::Text("userIdentity.sessionContext.sessionIssuer.arn"),
    ),
    ("actor.user.type", OcsfField::Text("userIdentity.type")),
    ("actor.user.name", OcsfField::Text("userIdentity.userName")),
    // Later ones win: version 2 has `uid_alt`, version 1 has `uuid`, and both have `uid`.
    ("actor.user.uid", OcsfField::Identity),
    ("actor.user.uid_alt", OcsfField::Identity),
    ("actor.user.uuid", OcsfField::Identity),
    (
        "actor.user.account.uid",
        OcsfField::Text("userIdentity.accountId"),
    ),
    (
        "actor.user.credential_uid",
        OcsfField::Text("userIdentity.accessKeyId"),
    ),
];
/// What version 1 has instead of `actor.user.account.uid`.
const ACCOUNT: (&str, OcsfField) = (
    "actor.user.account_uid",
    OcsfField::Text("userIdentity.accountId"),
);
/// The column of the fields that have no place in OCSF: a map of their paths, or the same as JSON.
const UNMAPPED: &str = "unmapped";
/// The fields of `unmapped` that count.
const UNMAPPED_FIELDS: [&str; 11] = [
    "eventType",
    "eventCategory",
    "recipientAccountId",
    "readOnly",
    "managementEvent",
    "errorCode",
    "errorMessage",
    "userIdentity",
    "requestParameters",
    "additionalEventData",
    "addendum",
];

/// The column of the resources: a list of objects, of which the types count.
const RESOURCES: &str = "resources";

fn columns() -> impl Iterator<Item = (&'static str, OcsfField)> {
    COLUMNS.into_iter().chain([ACCOUNT])
}

/// Whether a table with these leaf columns is API activity in OCSF.
pub(crate) fn is_api_activity(names: &[String]) -> bool {
    let has = |column: &str| names.iter().any(|name| name == column);
    has("api.operation") && has("api.service.name")
}

/// Whether a leaf column counts.
pub(crate) fn counts(name: &str) -> bool {
    let is_unmapped = name
        .strip_prefix(UNMAPPED)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    let is_resource_type = name
        .strip_prefix(RESOURCES)
        .is_some_and(|rest| rest.starts_with('.') && rest.ends_with(".type"));
    is_unmapped || is_resource_type || columns().any(|(column, _)| column == name)
}

/// Fails if columns are missing without which no row is a record.
pub(crate) fn check_columns(names: &[String]) -> Result<(), FormatError> {
    let needed = [
        &["time", "time_dt"][..],
        &["cloud.region"],
        &["actor.user.type"],
        &["actor.user.uid", "actor.user.uid_alt", "actor.user.uuid"],
    ];
    let is_there = |any: &&[&str]| names.iter().any(|name| any.contains(&name.as_str()));
    let missing: Vec<_> = needed
        .into_iter()
        .filter(|any| !is_there(any))
        .map(|any| any.join(" or "))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(FormatError::MissingColumns {
        table: TableKind::Ocsf,
        missing: missing.join(", "),
        found: shortened(&names.join(", ")).into(),
    })
}

/// Takes the rows of a batch.
pub(crate) fn take_batch(
    batch: &RecordBatch,
    take: &mut dyn FnMut(Entry<'_>),
) -> Result<(), FormatError> {
    let mut leaves = Vec::new();
    let mut unmapped = None;
    let mut resources = None;
    for (field, array) in batch.schema_ref().fields().iter().zip(batch.columns()) {
        if field.name() == UNMAPPED {
            unmapped = Some(Unmapped::of(array)?);
        } else if field.name() == RESOURCES {
            resources = array.as_list_opt();
        } else {
            collect(field.name(), array, &mut leaves)?;
        }
    }
    leaves.sort_by_key(|(order, ..)| *order);
    'rows: for row in 0..batch.num_rows() {
        let mut record = Map::new();
        if let Some(unmapped) = &unmapped {
            unmapped.add(row, &mut record);
        }
        if let Some(resources) = resources {
            record.insert(RESOURCES.into(), resource_types(resources, row));
        }
        for (_, field, values) in &leaves {
            match values.at(row) {
                Ok(None) => {}
                Ok(Some(product))
                    if matches!(field, OcsfField::Product)
                        && !product.eq_ignore_ascii_case("CloudTrail") =>
                {
                    take(Entry::NotAnApiCall(shortened(&product).into()));
                    continue 'rows;
                }
                Ok(Some(value)) => set(&mut record, *field, value),
                Err(malformed) => {
                    take(Entry::Malformed(malformed));
                    continue 'rows;
                }
            }
        }
        take(Entry::Json(Value::Object(record).to_string().into()));
    }
    Ok(())
}

/// Sets a field of a record to the value of a column.
fn set(record: &mut Map<String, Value>, field: OcsfField, value: Cow<'_, str>) {
    match field {
        OcsfField::Product => {}
        OcsfField::Time => {
            if !record.contains_key("eventTime") {
                let time = engine_time::to_rfc3339(value).into_owned();
                record.insert("eventTime".into(), time.into());
            }
        }
        OcsfField::Identity => {
            let path = if value.starts_with("arn:") {
                "userIdentity.arn"
            } else {
                "userIdentity.principalId"
            };
            set_path(record, path, value.into_owned().into());
        }
        OcsfField::Text(path) => set_path(record, path, value.into_owned().into()),
        OcsfField::Json(path) => set_path(record, path, json_or_text(&value)),
    }
}

/// Returns the object or list that a text is the JSON of, or the text.
fn json_or_text(text: &str) -> Value {
    let parsed = text
        .starts_with(['{', '['])
        .then(|| serde_json::from_str(text));
    parsed
        .and_then(Result::ok)
        .unwrap_or_else(|| Value::from(text))
}

/// Sets the value at a path of names with dots between. What stands there already is replaced, but not a part of its path.
fn set_path(record: &mut Map<String, Value>, path: &str, value: Value) {
    const DEEPEST: usize = 16;
    let mut names = path.split('.');
    let (Some(last), true) = (names.next_back(), path.split('.').count() <= DEEPEST) else {
        return;
    };
    let mut object = record;
    for name in names {
        let inside = object.entry(name).or_insert_with(|| Map::new().into());
        let Some(inside) = inside.as_object_mut() else {
            return;
        };
        object = inside;
    }
    object.insert(last.to_owned(), value);
}

/// Collects the leaf columns that count, with their place in the order of [`COLUMNS`].
fn collect<'b>(
    path: &str,
    array: &'b ArrayRef,
    leaves: &mut Vec<(usize, OcsfField, Values<'b>)>,
) -> Result<(), FormatError> {
    if let Some(members) = array.as_struct_opt() {
        for (field, member) in members.fields().iter().zip(members.columns()) {
            collect(&format!("{path}.{}", field.name()), member, leaves)?;
        }
    } else if let Some((order, (_, field))) = columns()
        .enumerate()
        .find(|(_, (column, _))| *column == path)
    {
        let like = match field {
            OcsfField::Time => Column::EventTime,
            _ => Column::EventName,
        };
        leaves.push((order, field, Values::of(path, like, array)?));
    }
    Ok(())
}

/// The `resources` of a row, as far as they count: one for each type. Null if there are more types than any record has.
fn resource_types(lists: &ListArray, row: usize) -> Value {
    const MOST: usize = 16;
    let resources = lists.is_valid(row).then(|| lists.value(row));
    let resources = resources.as_ref().and_then(|list| list.as_struct_opt());
    let types = resources.and_then(|list| list.column_by_name("type")?.as_string_opt::<i32>());
    let mut found: Vec<&str> = Vec::new();
    for name in types.into_iter().flatten().flatten() {
        if !found.contains(&name) {
            found.push(name);
        }
        if found.len() > MOST {
            return Value::Null;
        }
    }
    let resources = found.iter().map(|name| json!({"type": name}));
    resources.collect()
}

/// The column `unmapped`.
enum Unmapped<'b> {
    Map(&'b MapArray),
    Json(Values<'b>),
    /// Something else, in which nothing is found.
    Other,
}

impl<'b> Unmapped<'b> {
    fn of(array: &'b ArrayRef) -> Result<Self, FormatError> {
        if let Some(map) = array.as_map_opt() {
            let is_text = |texts: &ArrayRef| texts.as_string_opt::<i32>().is_some();
            let is_of_texts = is_text(map.keys()) && is_text(map.values());
            return Ok(if is_of_texts {
                Self::Map(map)
            } else {
                Self::Other
            });
        }
        if array.as_struct_opt().is_some() || array.as_list_opt::<i32>().is_some() {
            return Ok(Self::Other);
        }
        Ok(Self::Json(Values::of(UNMAPPED, Column::EventJson, array)?))
    }

    /// Adds the fields of a row.
    fn add(&self, row: usize, record: &mut Map<String, Value>) {
        let mut add = |path: &str, value: Value| {
            let first = path.split('.').next().unwrap_or_default();
            if UNMAPPED_FIELDS.contains(&first) {
                set_path(record, path, value);
            }
        };
        match self {
            Self::Map(map) if map.is_valid(row) => {
                let entries = map.value(row);
                let (Some(keys), Some(values)) = (
                    entries.column(0).as_string_opt::<i32>(),
                    entries.column(1).as_string_opt::<i32>(),
                ) else {
                    return;
                };
                for (key, value) in keys.iter().zip(values) {
                    if let (Some(key), Some(value)) = (key, value) {
                        add(key, json_or_text(value));
                    }
                }
            }
            Self::Json(texts) => {
                let text = texts.at(row).ok().flatten();
                let fields = text.and_then(|text| serde_json::from_str(&text).ok());
                let fields: Map<String, Value> = fields.unwrap_or_default();
                for (key, value) in fields {
                    add(&key, value);
                }
            }
            _ => {}
        }
    }
}
