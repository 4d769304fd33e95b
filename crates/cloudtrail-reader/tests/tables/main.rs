//! Tables of records: the whole test trail, written as query results and exports have it, always makes the table that
//! its objects make. Damaged tables are named.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod csv_faults;
mod ocsf;
mod parquet_faults;
mod same_table;
#[path = "../support/mod.rs"]
mod support;

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use advisor_core::{Activity, CreditedAction};
use arrow_array::builder::NullBufferBuilder;
use arrow_array::types::Int32Type;
use arrow_array::{
    ArrayRef, BinaryArray, DictionaryArray, Int64Array, LargeStringArray, RecordBatch, StringArray,
    StringViewArray, StructArray, TimestampMicrosecondArray, TimestampMillisecondArray,
    TimestampNanosecondArray,
};
use arrow_schema::{Field, Fields};
use cloudtrail_reader::TrailRead;
use flate2::read::MultiGzDecoder;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, GzipLevel, ZstdLevel};
use parquet::file::properties::WriterProperties;
use serde_json::{Map, Value, json};

use support::{call, faults, gzip, record, rows, set_aside, take, take_with};

fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata")
}

/// The test trail: its records, and what its objects make.
static TRAIL: LazyLock<(Vec<Value>, TrailRead)> = LazyLock::new(|| {
    let mut records = Vec::new();
    collect(&testdata().join("trail"), &mut records);
    let read = support::reader()
        .read(&[testdata().join("trail")], &|_| ())
        .unwrap();
    assert_eq!(
        u64::try_from(records.len()).unwrap(),
        read.reconciliation.records_read
    );
    (records, read)
});

fn collect(folder: &Path, records: &mut Vec<Value>) {
    let mut paths: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            collect(&path, records);
            continue;
        }
        let bytes = fs::read(&path).unwrap();
        let mut text = String::new();
        if bytes.starts_with(&[0x1f, 0x8b]) {
            MultiGzDecoder::new(&bytes[..])
                .read_to_string(&mut text)
                .unwrap();
        } else {
            text = String::from_utf8(bytes).unwrap();
        }
        for value in serde_json::Deserializer::from_str(&text).into_iter::<Value>() {
            let value = value.unwrap();
            if let Some(members) = value["Records"].as_array() {
                let is_insight = |record: &&Value| record["eventCategory"] == "Insight";
                records.extend(members.iter().filter(|record| !is_insight(record)).cloned());
            } else if let Some(events) = value["Events"].as_array() {
                for event in events {
                    let record = event["CloudTrailEvent"].as_str().unwrap();
                    records.push(serde_json::from_str(record).unwrap());
                }
            } else if value["digestStartTime"].is_null() {
                records.push(value);
            }
        }
    }
}

/// A column's name and the path of its value in a record.
type Column<'c> = (&'c str, &'c [&'c str]);

/// What Athena's documented table has, as far as it counts here, and a text with everything that needs quotes.
const ATHENA: [Column<'static>; 15] = [
    ("eventversion", &["eventVersion"]),
    ("useridentity", &["userIdentity"]),
    ("eventtime", &["eventTime"]),
    ("eventsource", &["eventSource"]),
    ("eventname", &["eventName"]),
    ("awsregion", &["awsRegion"]),
    ("sourceipaddress", &["sourceIPAddress"]),
    ("useragent", &["userAgent"]),
    ("errorcode", &["errorCode"]),
    ("errormessage", &["errorMessage"]),
    ("requestparameters", &["requestParameters"]),
    ("requestid", &["requestID"]),
    ("eventid", &["eventID"]),
    ("eventtype", &["eventType"]),
    ("eventcategory", &["eventCategory"]),
];

/// The columns of single values that count.
const FLAT: [(&str, &[&str]); 19] = [
    ("eventTime", &["eventTime"]),
    ("eventSource", &["eventSource"]),
    ("eventName", &["eventName"]),
    ("awsRegion", &["awsRegion"]),
    ("errorCode", &["errorCode"]),
    ("eventID", &["eventID"]),
    ("eventType", &["eventType"]),
    ("eventCategory", &["eventCategory"]),
    ("userIdentity.type", &["userIdentity", "type"]),
    ("userIdentity.principalId", &["userIdentity", "principalId"]),
    ("userIdentity.arn", &["userIdentity", "arn"]),
    ("userIdentity.accountId", &["userIdentity", "accountId"]),
    ("userIdentity.userName", &["userIdentity", "userName"]),
    ("userIdentity.invokedBy", &["userIdentity", "invokedBy"]),
    (
        "userIdentity.sessionContext.sessionIssuer.type",
        &["userIdentity", "sessionContext", "sessionIssuer", "type"],
    ),
    (
        "userIdentity.sessionContext.sessionIssuer.principalId",
        &[
            "userIdentity",
            "sessionContext",
            "sessionIssuer",
            "principalId",
        ],
    ),
    (
        "userIdentity.sessionContext.sessionIssuer.arn",
        &["userIdentity", "sessionContext", "sessionIssuer", "arn"],
    ),
    (
        "userIdentity.sessionContext.sessionIssuer.accountId",
        &[
            "userIdentity",
            "sessionContext",
            "sessionIssuer",
            "accountId",
        ],
    ),
    (
        "userIdentity.sessionContext.sessionIssuer.userName",
        &[
            "userIdentity",
            "sessionContext",
            "sessionIssuer",
            "userName",
        ],
    ),
];

/// An identity as Athena prints its struct.
fn identity_row(identity: &Value) -> String {
    let text = |value: &Value| match value {
        Value::Null => "null".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if identity.is_null() {
        return String::new();
    }
    let row = |value: &Value, names: &[&str]| {
        if value.is_null() {
            return "null".to_owned();
        }
        let fields = names
            .iter()
            .map(|name| format!("{}={}", name.to_lowercase(), text(&value[name])));
        format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
    };
    let mut identity = identity.clone();
    let context = identity["sessionContext"].take();
    let context = if context.is_null() {
        "null".to_owned()
    } else {
        format!(
            "{{attributes={}, sessionissuer={}, webidfederationdata={}, sourceidentity=null}}",
            row(
                &context["attributes"],
                &["mfaAuthenticated", "creationDate"]
            ),
            row(
                &context["sessionIssuer"],
                &["type", "principalId", "arn", "accountId", "userName"]
            ),
            row(&context["webIdFederationData"], &["federatedProvider"]),
        )
    };
    identity["sessionContext"] = json!(context);
    let behalf = row(&identity["onBehalfOf"], &["userId", "identityStoreArn"]);
    identity["onBehalfOf"] = json!(behalf);
    row(
        &identity,
        &[
            "type",
            "principalId",
            "arn",
            "accountId",
            "invokedBy",
            "accessKeyId",
            "userName",
            "sessionContext",
            "onBehalfOf",
        ],
    )
}

fn lower_case_names(value: &Value) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.to_lowercase(), lower_case_names(value)))
            .collect::<Map<_, _>>()
            .into(),
        other => other.clone(),
    }
}

fn at<'v>(record: &'v Value, path: &[&str]) -> &'v Value {
    path.iter().fold(record, |value, name| &value[name])
}

/// The value of a column as a text, by the name of the column.
fn cell(record: &Value, (_, path): Column<'_>) -> String {
    match at(record, path) {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        value if path == ["userIdentity"] => identity_row(value),
        value => value.to_string(),
    }
}

/// All in quotes, as Athena writes it.
fn csv_of(names: &[&str], rows: impl Iterator<Item = Vec<String>>) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new()
        .quote_style(csv::QuoteStyle::Always)
        .from_writer(Vec::new());
    writer.write_record(names).unwrap();
    for row in rows {
        writer.write_record(row).unwrap();
    }
    writer.into_inner().unwrap()
}

fn csv(columns: &[Column<'_>], records: &[Value]) -> Vec<u8> {
    let names: Vec<_> = columns.iter().map(|(name, _)| *name).collect();
    let row = |record| columns.iter().map(|column| cell(record, *column)).collect();
    csv_of(&names, records.iter().map(row))
}

/// The shape of a query result of CloudTrail Lake: times as SQL prints them.
fn lake_records(records: &[Value]) -> Vec<Value> {
    let mut records = records.to_vec();
    for record in &mut records {
        if let Some(time) = record["eventTime"].as_str() {
            let time = time.replace('T', " ").replace('Z', ".000");
            record["eventTime"] = json!(time);
        }
    }
    records
}

fn lake_page(records: &[Value]) -> Value {
    let row = |record: &Value| -> Value {
        ATHENA
            .iter()
            .filter(|(_, path)| !at(record, path).is_null())
            .map(|column| json!({column.1[0]: cell(record, *column)}))
            .collect()
    };
    json!({
        "QueryStatus": "FINISHED",
        "QueryStatistics": {"ResultsCount": 1, "TotalResultsCount": 1, "BytesScanned": 1},
        "QueryResultRows": lake_records(records).iter().map(row).collect::<Vec<_>>(),
    })
}

/// How texts are kept in an Arrow column.
#[derive(Clone, Copy, Debug)]
enum Strings {
    Utf8,
    Large,
    View,
    Dictionary,
    Binary,
}

impl Strings {
    fn array(self, texts: &[Option<&str>]) -> ArrayRef {
        let texts = texts.iter().copied();
        match self {
            Self::Utf8 => Arc::new(texts.collect::<StringArray>()),
            Self::Large => Arc::new(texts.collect::<LargeStringArray>()),
            Self::View => Arc::new(texts.collect::<StringViewArray>()),
            Self::Dictionary => Arc::new(texts.collect::<DictionaryArray<Int32Type>>()),
            Self::Binary => Arc::new(
                texts
                    .map(|text| text.map(str::as_bytes))
                    .collect::<BinaryArray>(),
            ),
        }
    }
}

/// A nested column as Athena's table has it: a struct where there are members.
fn nested(values: &[&Value], member: &Member<'_>, strings: Strings) -> ArrayRef {
    let members = match member {
        Member::Text => {
            let texts: Vec<_> = values.iter().map(|value| value.as_str()).collect();
            return strings.array(&texts);
        }
        Member::Struct(members) => members,
    };
    let mut valid = NullBufferBuilder::new(values.len());
    for value in values {
        valid.append(value.is_object());
    }
    let (fields, arrays): (Vec<_>, Vec<_>) = members
        .iter()
        .map(|(name, member)| {
            let below: Vec<_> = values.iter().map(|value| &value[*name]).collect();
            let array = nested(&below, member, strings);
            let field = Field::new(name.to_lowercase(), array.data_type().clone(), true);
            (field, array)
        })
        .unzip();
    Arc::new(StructArray::new(
        Fields::from(fields),
        arrays,
        valid.finish(),
    ))
}

enum Member<'m> {
    Text,
    Struct(&'m [(&'m str, Member<'m>)]),
}

const ISSUER: Member<'static> = Member::Struct(&[
    ("type", Member::Text),
    ("principalId", Member::Text),
    ("arn", Member::Text),
    ("accountId", Member::Text),
    ("userName", Member::Text),
]);

const CONTEXT: Member<'static> = Member::Struct(&[
    (
        "attributes",
        Member::Struct(&[
            ("mfaAuthenticated", Member::Text),
            ("creationDate", Member::Text),
        ]),
    ),
    ("sessionIssuer", ISSUER),
]);

const IDENTITY: Member<'static> = Member::Struct(&[
    ("type", Member::Text),
    ("principalId", Member::Text),
    ("arn", Member::Text),
    ("accountId", Member::Text),
    ("invokedBy", Member::Text),
    ("accessKeyId", Member::Text),
    ("userName", Member::Text),
    ("sessionContext", CONTEXT),
]);

/// Athena's table as Parquet.
fn nested_batch(records: &[Value], strings: Strings) -> RecordBatch {
    let columns = ATHENA
        .iter()
        .filter(|(name, _)| *name != "requestparameters")
        .map(|(name, path)| {
            let values: Vec<_> = records.iter().map(|record| at(record, path)).collect();
            let member = if path == &["userIdentity"] {
                &IDENTITY
            } else {
                &Member::Text
            };
            (*name, nested(&values, member, strings), true)
        });
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}

fn flat_batch(records: &[Value], strings: Strings) -> RecordBatch {
    let columns = FLAT.iter().map(|(name, path)| {
        let texts: Vec<_> = records
            .iter()
            .map(|record| at(record, path).as_str())
            .collect();
        (*name, strings.array(&texts), true)
    });
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}

fn parquet_with(batch: &RecordBatch, compression: Compression) -> Vec<u8> {
    let properties = WriterProperties::builder()
        .set_compression(compression)
        .set_max_row_group_row_count(Some(100))
        .build();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
    writer.write(batch).unwrap();
    writer.into_inner().unwrap()
}

fn parquet(batch: &RecordBatch) -> Vec<u8> {
    parquet_with(batch, Compression::SNAPPY)
}

/// The same columns with another one in the place of the one of that name.
fn with_column(batch: &RecordBatch, name: &str, column: ArrayRef) -> RecordBatch {
    let schema = batch.schema();
    let mut columns = batch.columns().to_vec();
    columns[schema.index_of(name).unwrap()] = column;
    let names = schema.fields().iter().map(|field| field.name());
    let named = names
        .zip(columns)
        .map(|(name, column)| (name, column, true));
    RecordBatch::try_from_iter_with_nullable(named).unwrap()
}

fn three() -> Vec<Value> {
    vec![
        call("GetObject", 1),
        call("PutObject", 2),
        call("GetObject", 3),
    ]
}
