//! The same records in every table make the same activity.

use super::*;

fn millis(records: &[Value]) -> Vec<Option<i64>> {
    let times = records.iter().map(|record| record["eventTime"].as_str());
    times
        .map(|time| Some(advisor_core::time::parse(time?)?.timestamp_millis()))
        .collect()
}

/// The activity without coverage and what records show beside the call: tables lack the columns that tell it.
pub(super) fn calls(activity: &Activity) -> Activity {
    let mut rows = Activity::new();
    for row in activity.rows() {
        if let CreditedAction::Action(_) | CreditedAction::Event(_) = row.action {
            assert!(rows.add_row(&row));
        }
    }
    rows
}

pub(super) fn assert_same(shape: &str, taken: &TrailRead) {
    let (_, expected) = &*TRAIL;
    assert_eq!(faults(taken), [""; 0], "{shape}");
    let (calls, expected_calls) = (calls(&taken.activity), calls(&expected.activity));
    assert_eq!(rows(&calls), rows(&expected_calls), "{shape}");
    assert_eq!(calls, expected_calls, "{shape}");
    // Tables can lack the columns that tell the kind of an event.
    let covered = |activity: &Activity| activity.coverage().covered_days("111122223333");
    let (covered, all) = (covered(&taken.activity), covered(&expected.activity));
    assert!(!covered.is_empty(), "{shape}");
    assert!(covered.iter().all(|day| all.contains(day)), "{shape}");
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

/// Athena's documented table has these as texts of JSON.
const DETAILS: [Column<'static>; 4] = [
    ("errormessage", &["errorMessage"]),
    ("requestparameters", &["requestParameters"]),
    ("additionaleventdata", &["additionalEventData"]),
    ("responseelements", &["responseElements"]),
];

#[test]
fn what_a_record_decides_is_decided_by_its_row() {
    let role = json!({"name": "web"});
    let calls = [
        (
            "ec2.amazonaws.com",
            "RunInstances",
            json!({"iamInstanceProfile": role}),
        ),
        ("s3.amazonaws.com", "GetObject", json!({"versionId": "v"})),
        (
            "sts.amazonaws.com",
            "AssumeRole",
            json!({"tags": [{"key": "a", "value": "b"}]}),
        ),
        (
            "dynamodb.amazonaws.com",
            "ExecuteStatement",
            json!({"statement": "INSERT INTO \"T\" VALUE {}"}),
        ),
        (
            "autoscaling.amazonaws.com",
            "PutScalingPolicy",
            json!({"serviceNamespace": "ecs"}),
        ),
        ("ec2.amazonaws.com", "RunInstances", Value::Null),
    ];
    let changes = calls.map(|(source, name, parameters)| {
        json!({"eventSource": source, "eventName": name, "requestParameters": parameters})
    });
    let denied = json!({
        "eventSource": "ssm.amazonaws.com", "eventName": "CreateControlChannel", "errorCode": "AccessDenied",
        "errorMessage": "User is not authorized to perform: ssmmessages:CreateControlChannel, \"because\" of that",
    });
    let by_response = json!({"responseElements": {
        "errorCode": "AccessDenied", "errorMessage": "You are not authorized to perform: ec2:RunInstances",
    }});
    let calls = changes.into_iter().chain([denied, by_response]);
    let (records, expected) = &*TRAIL;
    let records: Vec<_> = records
        .iter()
        .cloned()
        .chain(calls.map(|changes| record(&changes)))
        .collect();
    let lines: Vec<u8> = support::lines(&records);
    let by_json = rows(&take(&[lines]).activity);
    for shown in [
        "iam:PassRole!",
        "s3:GetObjectVersion!",
        "ssmmessages:CreateControlChannel",
        "dynamodb:PartiQLInsert",
    ] {
        assert!(by_json.iter().any(|row| row.contains(shown)), "{shown}");
    }
    assert!(by_json.len() > rows(&expected.activity).len());

    let columns = |all: &[Column<'static>]| -> Vec<Column<'static>> {
        let is_detail = |column: &Column<'_>| DETAILS.iter().any(|(name, _)| name == &column.0);
        let others = ATHENA.into_iter().filter(|column| !is_detail(column));
        others.chain(all.iter().copied()).collect()
    };
    let table = csv(&columns(&DETAILS), &records);
    assert_eq!(rows(&take(&[table]).activity), by_json);
    let batch = details_batch(&records);
    let bytes = parquet(&batch);
    assert_eq!(rows(&take(&[&bytes]).activity), by_json);
    // Where they are too large, the rows are read without them.
    let padded = json!({"requestParameters": {"padding": "x".repeat(1_000_000)}});
    let large: Vec<_> = records.iter().cloned().chain([record(&padded)]).collect();
    let bytes = parquet(&details_batch(&large));
    let options = cloudtrail_reader::ReadOptions::new().object_limit(600_000);
    let reader = cloudtrail_reader::TrailReader::new(service_catalog::Catalog::shared(), options);
    let taken = take_with(&reader, &[bytes]);
    assert_eq!(faults(&taken), [""; 0]);
    let without = take(&[parquet(&flat_batch(&large, Strings::Utf8))]);
    assert_eq!(rows(&taken.activity), rows(&without.activity));

    // Without parameters, and with maps as CloudTrail Lake prints them, the further actions are implied.
    let implied = rows(&take(&[csv(&columns(&[]), &records)]).activity);
    let mut maps = records.clone();
    for record in &mut maps {
        if record["requestParameters"].is_object() {
            record["requestParameters"] = json!("{versionId=v, tags=[]}");
        }
    }
    let maps = rows(&take(&[csv(&columns(&DETAILS), &maps)]).activity);
    for table in [implied, maps] {
        let passes = |row: &&String| row.contains("iam:PassRole");
        assert!(
            table
                .iter()
                .filter(passes)
                .all(|row| row.contains("iam:PassRole? "))
        );
        assert!(table.iter().any(|row| row.contains("iam:PassRole? ")));
    }
}

/// Flat columns, with those that only some records are asked for.
fn details_batch(records: &[Value]) -> RecordBatch {
    let batch = flat_batch(records, Strings::Utf8);
    let schema = batch.schema();
    let names = schema.fields().iter().map(|field| field.name().as_str());
    let flat = names.zip(batch.columns().iter().cloned());
    let details = DETAILS.map(|(name, path)| {
        let cells = records.iter().map(|record| match at(record, path) {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        });
        (name, Arc::new(cells.collect::<StringArray>()) as ArrayRef)
    });
    let columns = flat
        .chain(details)
        .map(|(name, column)| (name, column, true));
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
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
    assert_eq!(calls(&taken.activity), calls(&TRAIL.1.activity));
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
