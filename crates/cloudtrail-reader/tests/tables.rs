//! Tables of records: the whole test trail, written as query results and exports have it, always makes the table that
//! its objects make. Damaged tables are named.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod support;

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

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

fn millis(records: &[Value]) -> Vec<Option<i64>> {
    let times = records.iter().map(|record| record["eventTime"].as_str());
    times
        .map(|time| Some(advisor_core::time::parse(time?)?.timestamp_millis()))
        .collect()
}

fn assert_same(shape: &str, taken: &TrailRead) {
    let (_, expected) = &*TRAIL;
    assert_eq!(faults(taken), [""; 0], "{shape}");
    assert_eq!(rows(&taken.activity), rows(&expected.activity), "{shape}");
    assert_eq!(taken.activity, expected.activity, "{shape}");
    assert_eq!(set_aside(taken), set_aside(expected), "{shape}");
    assert_eq!(
        taken.reconciliation.records_read, expected.reconciliation.records_read,
        "{shape}"
    );
}

#[test]
fn athena_results_make_the_same_table() {
    let (records, _) = &*TRAIL;
    let whole = csv(&ATHENA, records);
    assert_same("athena", &take(&[&whole]));
    assert_same("athena, gzip", &take(&[gzip(&whole)]));
    let marked = [b"\xef\xbb\xbf", &whole[..]].concat();
    assert_same("athena, byte order mark", &take(&[marked]));
    let crlf = String::from_utf8(whole)
        .unwrap()
        .replace("\"\n\"", "\"\r\n\"");
    assert_same("athena, CR LF", &take(&[crlf]));

    let names: Vec<_> = ATHENA.iter().map(|(name, _)| *name).collect();
    let cast = |names_of: fn(&Value) -> Value| {
        let row = |record: &Value| {
            let mut row: Vec<_> = ATHENA.iter().map(|column| cell(record, *column)).collect();
            row[1] = names_of(&record["userIdentity"]).to_string();
            row
        };
        csv_of(&names, records.iter().map(row))
    };
    assert_same("CAST AS JSON", &take(&[cast(lower_case_names)]));
    assert_same("JSON as it was", &take(&[cast(Value::clone)]));
}

#[test]
fn columns_of_single_values_make_the_same_table() {
    let (records, _) = &*TRAIL;
    assert_same("dots", &take(&[csv(&FLAT, records)]));
    let spelled = |spell: fn(&str) -> String| {
        let names: Vec<_> = FLAT.iter().map(|(name, _)| spell(name)).collect();
        let columns: Vec<_> = names
            .iter()
            .zip(FLAT)
            .rev()
            .map(|(name, (_, path))| (name.as_str(), path))
            .collect();
        csv(&columns, records)
    };
    let low = spelled(|name| name.to_lowercase().replace('.', "_"));
    assert_same("underscores", &take(&[low]));
    let short = spelled(|name| {
        name.to_uppercase()
            .replace("USERIDENTITY.SESSIONCONTEXT.", "")
    });
    assert_same("short", &take(&[short]));
    // The parts of an identity as texts of their own.
    let context = |record: &Value| {
        let mut row: Vec<_> = FLAT[..14]
            .iter()
            .map(|column| cell(record, *column))
            .collect();
        row.push(record["userIdentity"]["sessionContext"].to_string());
        row.push("nobody".into());
        row
    };
    let mut names: Vec<_> = FLAT[..14].iter().map(|(name, _)| *name).collect();
    names.extend(["sessionContext", "sessionissuer_arn"]);
    let mixed = csv_of(&names, records.iter().map(context));
    assert_same("sessioncontext", &take(&[mixed]));
}

#[test]
fn lake_results_make_the_same_table() {
    let (records, _) = &*TRAIL;
    let saved = csv(&ATHENA, &lake_records(records));
    assert_same("saved", &take(&[gzip(&saved)]));
    let page = lake_page(records);
    assert_same("printed", &take(&[page.to_string()]));
    assert_same(
        "printed, pretty",
        &take(&[serde_json::to_vec_pretty(&page).unwrap()]),
    );
    let pages: String = records
        .chunks(50)
        .map(|records| format!("{}\n", lake_page(records)))
        .collect();
    assert_same("pages in a row", &take(&[pages]));
    let json = |record: &Value| vec![record.to_string()];
    assert_same(
        "eventJson",
        &take(&[csv_of(&["eventJson"], records.iter().map(json))]),
    );
    let json = |record: &Value| vec!["x".into(), record.to_string(), "y".into()];
    let names = ["eventTime", "eventjson", "eventJsonChecksum"];
    assert_same(
        "eventJson among others",
        &take(&[csv_of(&names, records.iter().map(json))]),
    );
    let empty = json!({"QueryStatus": "RUNNING", "QueryResultRows": []}).to_string();
    assert_eq!(take(&[empty]).reconciliation.objects_read, 1);
}

#[test]
fn parquet_makes_the_same_table() {
    let (records, _) = &*TRAIL;
    for strings in [
        Strings::Utf8,
        Strings::Large,
        Strings::View,
        Strings::Dictionary,
        Strings::Binary,
    ] {
        let batch = nested_batch(records, strings);
        assert_same(&format!("nested, {strings:?}"), &take(&[parquet(&batch)]));
        let batch = flat_batch(records, strings);
        assert_same(&format!("flat, {strings:?}"), &take(&[parquet(&batch)]));
    }
    let batch = nested_batch(records, Strings::Utf8);
    for compression in [
        Compression::UNCOMPRESSED,
        Compression::GZIP(GzipLevel::default()),
        Compression::ZSTD(ZstdLevel::default()),
        Compression::LZ4_RAW,
        Compression::LZ4,
    ] {
        let bytes = parquet_with(&batch, compression);
        assert_same(&format!("{compression:?}"), &take(&[bytes]));
    }
    let rows = records
        .iter()
        .map(|record| identity_row(&record["userIdentity"]));
    let rows: StringArray = rows.map(Some).collect();
    let texts = with_column(&batch, "useridentity", Arc::new(rows));
    assert_same("an identity as text", &take(&[parquet(&texts)]));
    let json: StringArray = records
        .iter()
        .map(|record| Some(record.to_string()))
        .collect();
    let json = RecordBatch::try_from_iter([("eventJson", Arc::new(json) as ArrayRef)]).unwrap();
    assert_same("eventJson", &take(&[parquet(&json)]));
}

#[test]
fn times_and_ids_of_every_type_make_the_same_table() {
    let (records, _) = &*TRAIL;
    let batch = flat_batch(records, Strings::Utf8);
    let times = millis(records);
    let scaled = |factor: i64| times.iter().map(move |time| time.map(|time| time * factor));
    let columns: [(&str, ArrayRef); 7] = [
        (
            "ms",
            Arc::new(scaled(1).collect::<TimestampMillisecondArray>()),
        ),
        (
            "us",
            Arc::new(scaled(1_000).collect::<TimestampMicrosecondArray>()),
        ),
        (
            "us, UTC",
            Arc::new(
                scaled(1_000)
                    .collect::<TimestampMicrosecondArray>()
                    .with_timezone("UTC"),
            ),
        ),
        (
            "ns",
            Arc::new(scaled(1_000_000).collect::<TimestampNanosecondArray>()),
        ),
        (
            "s, a number",
            Arc::new(
                times
                    .iter()
                    .map(|time| time.map(|time| time / 1_000))
                    .collect::<Int64Array>(),
            ),
        ),
        ("ms, a number", Arc::new(scaled(1).collect::<Int64Array>())),
        (
            "us, a number",
            Arc::new(scaled(1_000).collect::<Int64Array>()),
        ),
    ];
    for (shape, column) in columns {
        let batch = with_column(&batch, "eventTime", column);
        assert_same(shape, &take(&[parquet(&batch)]));
    }
    let ids = records.iter().map(|record| {
        let id = record["userIdentity"]["accountId"].as_str()?;
        id.parse().ok()
    });
    let ids: Int64Array = ids.collect();
    let column = Arc::new(ids);
    // Who calls without credentials has an id in letters.
    let batch = with_column(&batch, "userIdentity.accountId", column);
    let taken = take(&[parquet(&batch)]);
    assert_eq!(taken.activity, TRAIL.1.activity);
}

#[test]
fn files_of_other_programs_make_the_same_table() {
    let folder = testdata().join("shapes");
    let mut read = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|end| end == "parquet" || end == "csv")
        {
            let taken = take(&[fs::read(&path).unwrap()]);
            assert_same(&path.display().to_string(), &taken);
            read += 1;
        }
    }
    assert!(read >= 5, "{read} files in {}", folder.display());
}

fn three() -> Vec<Value> {
    vec![
        call("GetObject", 1),
        call("PutObject", 2),
        call("GetObject", 3),
    ]
}

#[test]
fn a_table_with_other_columns_is_named() {
    let parquet_of = |names: &[&str]| {
        let column: ArrayRef = Arc::new(StringArray::from(vec!["x"]));
        let columns = names.iter().map(|name| (*name, Arc::clone(&column)));
        parquet(&RecordBatch::try_from_iter(columns).unwrap())
    };
    let identity = "userIdentity (or userIdentity_type, userIdentity_principalId, ...)";
    for (bytes, fault) in [
        (
            b"name,age\nada,36\n".to_vec(),
            format!(
                "object: not CloudTrail: a CSV without eventTime, eventSource, eventName, awsRegion, eventType, \
                 {identity}; its columns: name, age"
            ),
        ),
        (
            b"eventtime,eventsource,eventname,awsregion,eventtype,arn\n".to_vec(),
            format!(
                "object: not CloudTrail: a CSV without {identity}; its columns: eventtime, eventsource, eventname, \
                 awsregion, eventtype, arn"
            ),
        ),
        (
            b"eventtime,eventsource,eventname,awsregion,useridentity_type".to_vec(),
            "object: not CloudTrail: a CSV without eventType, userIdentity_principalId or userIdentity_arn; its \
             columns: eventtime, eventsource, eventname, awsregion, useridentity_type"
                .into(),
        ),
        (
            b"eventtime,event_time,useridentity".to_vec(),
            "object: a CSV with two columns for what event_time holds".into(),
        ),
        (
            json!({"QueryResultRows": [[{"eventName": "x"}, {"n": "1"}]]})
                .to_string()
                .into_bytes(),
            format!(
                "object: not CloudTrail: a query result without eventTime, eventSource, awsRegion, eventType, \
                 {identity}; its columns: eventName, n"
            ),
        ),
        (
            parquet_of(&["a", "b"]),
            format!(
                "object: not CloudTrail: a Parquet file without eventTime, eventSource, eventName, awsRegion, \
                 eventType, {identity}; its columns: a, b"
            ),
        ),
        (
            parquet_of(&["activity_id", "category_uid", "class_uid"]),
            "object: not CloudTrail: OCSF, which Security Lake makes of CloudTrail; it has no unique ids of roles"
                .into(),
        ),
    ] {
        let taken = take(&[&bytes]);
        assert_eq!(faults(&taken), [fault]);
        assert_eq!(taken.reconciliation.records_read, 0);
    }
    let many: Vec<_> = (0..40).map(|number| format!("column{number:02}")).collect();
    let fault = faults(&take(&[many.join(",")])).concat();
    assert!(fault.ends_with("column10, column11 and 28 more"), "{fault}");
}

#[test]
fn a_broken_row_loses_no_other() {
    let records = three();
    let text = String::from_utf8(csv(&ATHENA, &records)).unwrap();
    let lines: Vec<_> = text.lines().collect();
    let mut few = lines.clone();
    few.insert(2, "\"1.11\",\"x\"");
    let more = format!("{},\"more\"", lines[2]);
    few.insert(3, &more);
    few.insert(4, "");
    let taken = take(&[few.join("\n")]);
    assert_eq!(taken.reconciliation.records_attributed, 3);
    assert_eq!(
        faults(&taken),
        [
            "object: record 2: malformed: 2 values where the header has 15 columns",
            "object: record 3: malformed: 16 values where the header has 15 columns",
        ]
    );

    let mut broken = text.clone().into_bytes();
    let at = text.find("PutObject").unwrap();
    broken[at] = 0xff;
    let taken = take(&[&broken]);
    assert_eq!(taken.reconciliation.records_attributed, 2);
    assert_eq!(faults(&taken), ["object: record 2: malformed: not UTF-8"]);

    let taken = take(&[text.replace(
        "{type=IAMUser, principalid",
        "{type=IAMUser, Jr., principalid",
    )]);
    assert_eq!(taken.reconciliation.malformed(), 3);
    assert_eq!(
        faults(&taken)[0],
        "object: record 1: malformed: the userIdentity has a value that cannot be told from what follows it"
    );

    let page = lake_page(&records).to_string();
    let (before, after) = page.split_once(r#"{"eventVersion":"1.11"}"#).unwrap();
    let taken = take(&[format!("{before}{{\"eventVersion\":7}}{after}")]);
    assert_eq!(taken.reconciliation.records_attributed, 2);
    assert_eq!(
        faults(&taken),
        [
            "object: record 1: malformed: invalid type: integer `7`, expected a string at line 1 column 18"
        ]
    );
}

#[test]
fn a_csv_that_ends_in_a_value_loses_its_last_row_where_that_counts() {
    let records = three();
    let unquoted = |columns: &[Column<'_>]| {
        let text = String::from_utf8(csv(columns, &records)).unwrap();
        let lines = text.lines().map(|line| {
            let (before, last) = line.rsplit_once(",\"").unwrap();
            format!("{before},{}", last.trim_end_matches('"'))
        });
        lines.collect::<Vec<_>>().join("\n")
    };
    let place = |name| ATHENA.iter().position(|column| column.0 == name).unwrap();
    let mut columns = ATHENA.to_vec();
    let region = columns.remove(place("awsregion"));
    columns.push(region);
    for text in [
        unquoted(&columns),
        unquoted(&columns)[..unquoted(&columns).len() - 2].to_owned(),
    ] {
        let taken = take(&[&text]);
        assert_eq!(taken.reconciliation.records_attributed, 2);
        assert_eq!(
            faults(&taken),
            [
                "object: record 3: malformed: the file ends without a line break: the last value may be cut short"
            ]
        );
        let taken = take(&[format!("{text}\n")]);
        assert_eq!(taken.reconciliation.records_read, 3);
        assert_eq!(taken.reconciliation.records_attributed, 3);
    }
}

#[test]
fn a_csv_cut_short_loses_its_last_row() {
    let text = csv(&ATHENA, &three());
    let whole = text.len();
    let last = text[..whole - 1]
        .iter()
        .rposition(|byte| *byte == b'\n')
        .unwrap()
        + 1;
    for length in [last + 1, last + 40, whole - 30, whole - 3, whole - 2] {
        let taken = take(&[&text[..length]]);
        assert_eq!(taken.reconciliation.records_attributed, 2, "{length}");
        assert_eq!(taken.reconciliation.malformed(), 1, "{length}");
    }
    // Not before the last quote is there.
    for length in [whole - 1, whole] {
        assert_eq!(
            take(&[&text[..length]]).reconciliation.records_attributed,
            3
        );
    }
    // Cut between rows, nothing shows that there were more.
    assert_eq!(take(&[&text[..last]]).reconciliation.records_attributed, 2);
}

#[test]
fn who_cannot_be_told_by_the_columns_is_malformed() {
    let records = [
        record(&json!({"userIdentity": {"type": "FederatedUser"}})),
        record(&json!({"userIdentity": {"type": "AWSAccount"}})),
        record(&json!({})),
    ];
    let columns: Vec<_> = FLAT[..14]
        .iter()
        .filter(|(name, _)| *name != "userIdentity.principalId")
        .copied()
        .collect();
    let taken = take(&[csv(&columns, &records)]);
    assert_eq!(taken.reconciliation.records_attributed, 1);
    assert_eq!(
        faults(&taken),
        [
            "object: record 1: malformed: a FederatedUser, and no column tells its sessionIssuer",
            "object: record 2: malformed: an AWSAccount, and no column tells its userIdentity.principalId",
        ]
    );
}

#[test]
fn a_column_of_another_type_is_named() {
    let batch = flat_batch(&three(), Strings::Utf8);
    let numbers = Arc::new(Int64Array::from(vec![1, 2, 3]));
    let taken = take(&[parquet(&with_column(&batch, "eventName", numbers))]);
    assert_eq!(
        faults(&taken),
        ["object: a Parquet file whose column eventName is no text but Int64"]
    );
    let nulls = Arc::new(Int64Array::from(vec![None; 3]));
    let taken = take(&[parquet(&with_column(&batch, "errorCode", nulls))]);
    assert_eq!(taken.reconciliation.records_attributed, 3);
    let bytes: BinaryArray = [Some(&b"GetObject"[..]), Some(b"\xff"), Some(b"PutObject")]
        .into_iter()
        .collect();
    let taken = take(&[parquet(&with_column(&batch, "eventName", Arc::new(bytes)))]);
    assert_eq!(taken.reconciliation.records_attributed, 2);
    assert_eq!(faults(&taken), ["object: record 2: malformed: not UTF-8"]);
}

#[test]
fn a_parquet_file_cut_short_adds_nothing() {
    let bytes = parquet(&nested_batch(&TRAIL.0, Strings::Utf8));
    for length in (4..bytes.len()).step_by(97).chain([bytes.len() - 1]) {
        let taken = take(&[&bytes[..length]]);
        assert_eq!(taken.reconciliation.objects_failed.len(), 1, "{length}");
        assert!(taken.activity.is_empty(), "{length}");
        let fault = faults(&taken).concat();
        assert!(
            fault.starts_with("object: a Parquet file that cannot be read: "),
            "{fault}"
        );
    }
}

#[test]
fn a_parquet_file_has_a_limit() {
    let options = cloudtrail_reader::ReadOptions::new().object_limit(40_000);
    let reader = cloudtrail_reader::TrailReader::new(service_catalog::Catalog::shared(), options);
    // Some 4 MB of user identities in a few bytes.
    let identity = format!("{{type=Root, username={}}}", "x".repeat(100_000));
    let batch = nested_batch(&three(), Strings::Utf8);
    let identities = Arc::new(StringArray::from(vec![identity.as_str(); 3]));
    let batch = with_column(&batch, "useridentity", identities);
    let bytes = parquet_with(&batch, Compression::ZSTD(ZstdLevel::default()));
    assert!(bytes.len() < 40_000);
    let taken = take_with(&reader, &[&bytes]);
    assert_eq!(
        faults(&taken),
        ["object: more than 40000 bytes, the limit for one object"]
    );
}

/// Bytes changed all over: no panic comes through, and what is said adds up.
#[test]
fn no_damage_panics() {
    let records = three();
    let plain = parquet_with(
        &nested_batch(&records, Strings::Utf8),
        Compression::UNCOMPRESSED,
    );
    for bytes in [
        plain,
        parquet(&flat_batch(&records, Strings::Binary)),
        csv(&ATHENA, &records),
        lake_page(&records).to_string().into_bytes(),
    ] {
        let mut failed = 0;
        for at in (0..bytes.len()).step_by(bytes.len() / 1_500 + 1) {
            let mut damaged = bytes.clone();
            damaged[at] ^= [0x01, 0x80, 0xff][at % 3];
            // That it adds up is asserted there.
            let taken = take(&[&damaged]);
            assert!(taken.reconciliation.records_read <= 3);
            failed += taken.reconciliation.objects_failed.len();
        }
        assert!(failed > 0);
    }
}

/// Found by changing every byte: the decoder panics on the footer, or later on a page.
#[test]
fn a_panic_of_the_decoder_is_a_failed_object() {
    let bytes = parquet_with(
        &nested_batch(&three(), Strings::Utf8),
        Compression::UNCOMPRESSED,
    );
    let panicked = (0..bytes.len()).any(|at| {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x01;
        let taken = take(&[&damaged]);
        let fault = faults(&taken).concat();
        let panicked = fault.ends_with("its parts contradict each other");
        assert!(!panicked || taken.activity.is_empty());
        panicked
    });
    assert!(panicked);
}
