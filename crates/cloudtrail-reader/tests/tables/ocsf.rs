//! The whole test trail in OCSF, by the mapping that Security Lake documents, makes the table that its objects make.

use arrow_array::builder::{MapBuilder, StringBuilder};

use super::same_table::{assert_same, calls};
use super::*;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    /// OCSF 1.0.0-rc.2.
    One,
    /// OCSF 1.1.0.
    Two,
}

/// A record in OCSF, without what is unmapped.
fn ocsf(record: &Value, version: Version) -> Value {
    let identity = &record["userIdentity"];
    let issuer = &identity["sessionContext"]["sessionIssuer"];
    let request = match version {
        Version::Two if record["requestParameters"].is_object() => {
            json!({"uid": record["requestID"], "data": record["requestParameters"].to_string()})
        }
        _ => json!({"uid": record["requestID"]}),
    };
    let user = match version {
        Version::One => json!({
            "uid": identity["principalId"],
            "uuid": identity["arn"],
            "account_uid": identity["accountId"],
        }),
        Version::Two => json!({
            "uid": identity["arn"],
            "uid_alt": identity["principalId"],
            "account": {"uid": identity["accountId"]},
        }),
    };
    let mut ocsf = json!({
        "metadata": {
            "uid": record["eventID"],
            "product": {
                "name": "CloudTrail",
                "vendor_name": "AWS",
                "version": record["eventVersion"],
                "feature": {"name": record["eventCategory"]},
            },
        },
        "api": {
            "operation": record["eventName"],
            "service": {"name": record["eventSource"]},
            "request": request,
            "response": {"error": record["errorCode"], "message": record["errorMessage"]},
        },
        "cloud": {"provider": "AWS", "region": record["awsRegion"]},
        "actor": {
            "user": user,
            "session": {"issuer": issuer["arn"]},
            "invoked_by": identity["invokedBy"],
        },
    });
    let user = &mut ocsf["actor"]["user"];
    user["type"] = identity["type"].clone();
    user["name"] = identity["userName"].clone();
    user["credential_uid"] = identity["accessKeyId"].clone();
    if version == Version::Two {
        ocsf["metadata"]["event_code"] = record["eventType"].clone();
    }
    ocsf
}

/// What has no place in OCSF: paths and texts.
fn unmapped(record: &Value, version: Version) -> Vec<(String, String)> {
    let mut fields = Vec::new();
    let mut names = vec![
        "recipientAccountId",
        "readOnly",
        "managementEvent",
        "additionalEventData",
    ];
    if version == Version::One {
        names.extend(["eventType", "requestParameters"]);
    }
    for name in names {
        flatten(name, &record[name], &mut fields);
    }
    let path = "userIdentity.sessionContext.sessionIssuer";
    let issuer = &record["userIdentity"]["sessionContext"]["sessionIssuer"];
    for name in ["type", "principalId", "accountId", "userName"] {
        flatten(&format!("{path}.{name}"), &issuer[name], &mut fields);
    }
    fields
}

fn flatten(path: &str, value: &Value, fields: &mut Vec<(String, String)>) {
    match value {
        Value::Null => {}
        Value::Object(members) => {
            for (name, value) in members {
                flatten(&format!("{path}.{name}"), value, fields);
            }
        }
        Value::String(text) => fields.push((path.into(), text.clone())),
        other => fields.push((path.into(), other.to_string())),
    }
}

/// The members of all values, by the first that has them.
fn column(values: &[&Value]) -> ArrayRef {
    let mut names: Vec<&str> = Vec::new();
    let objects = values.iter().filter_map(|value| value.as_object());
    for name in objects.flat_map(Map::keys) {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    if names.is_empty() {
        let texts: Vec<_> = values.iter().map(|value| value.as_str()).collect();
        return Strings::Utf8.array(&texts);
    }
    let members = names.iter().map(|name| {
        let below: Vec<_> = values.iter().map(|value| &value[*name]).collect();
        let array = column(&below);
        let field = Field::new(*name, array.data_type().clone(), true);
        (Arc::new(field), array)
    });
    Arc::new(StructArray::from(members.collect::<Vec<_>>()))
}

fn batch(records: &[Value], version: Version) -> RecordBatch {
    let rows: Vec<_> = records.iter().map(|record| ocsf(record, version)).collect();
    let mut columns: Vec<(String, ArrayRef)> = ["metadata", "api", "cloud", "actor"]
        .map(|name| {
            let values: Vec<_> = rows.iter().map(|row| &row[name]).collect();
            (name.to_owned(), column(&values))
        })
        .into();
    let times = records.iter().map(|record| {
        let time = advisor_core::time::parse(record["eventTime"].as_str()?)?;
        Some(time.timestamp_millis())
    });
    let times: Int64Array = times.collect();
    let class = Int64Array::from(vec![6003; records.len()]);
    columns.push(("time".into(), Arc::new(times)));
    columns.push(("class_uid".into(), Arc::new(class)));
    let mut map = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
    for record in records {
        for (path, text) in unmapped(record, version) {
            map.keys().append_value(path);
            map.values().append_value(text);
        }
        map.append(true).unwrap();
    }
    columns.push(("unmapped".into(), Arc::new(map.finish())));
    let columns = columns.into_iter().map(|(name, array)| (name, array, true));
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}

fn with(batch: &RecordBatch, name: &str, column: Option<ArrayRef>) -> RecordBatch {
    let schema = batch.schema();
    let names = schema.fields().iter().map(|field| field.name());
    let others = names
        .zip(batch.columns())
        .filter(|(other, _)| *other != name);
    let others = others.map(|(name, column)| (name.as_str(), Arc::clone(column), true));
    let columns = others.chain(column.map(|column| (name, column, true)));
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}

/// The activity without its coverage.
fn all_rows(activity: &Activity) -> Activity {
    let mut rows = Activity::new();
    for row in activity.rows() {
        assert!(rows.add_row(&row));
    }
    rows
}

#[test]
fn security_lake_makes_the_same_table() {
    let (records, _) = &*TRAIL;
    for version in [Version::One, Version::Two] {
        let batch = batch(records, version);
        for compression in [Compression::SNAPPY, Compression::GZIP(GzipLevel::default())] {
            let taken = take(&[parquet_with(&batch, compression)]);
            assert_same(&format!("{version:?}"), &taken);
            // Also what records show and imply beside the call, as the parameters are there.
            let (_, whole) = &*TRAIL;
            let (found, expected) = (rows(&taken.activity), rows(&whole.activity));
            assert_eq!(found, expected, "{version:?}");
            assert_eq!(all_rows(&taken.activity), all_rows(&whole.activity));
        }
    }
}

#[test]
fn other_columns_of_time_and_of_what_is_unmapped() {
    let records = three();
    let expected = take(&[support::object(&records)]).activity;
    let batch = batch(&records, Version::One);
    let texts = records.iter().map(|record| {
        let fields: Map<_, _> = unmapped(record, Version::One)
            .into_iter()
            .map(|(path, text)| (path, json!(text)))
            .collect();
        Some(Value::Object(fields).to_string())
    });
    let texts: StringArray = texts.collect();
    let times = records.iter().map(|record| {
        let time = advisor_core::time::parse(record["eventTime"].as_str()?)?;
        Some(time.timestamp_micros())
    });
    let times: TimestampMicrosecondArray = times.collect();
    let batch = with(&batch, "unmapped", Some(Arc::new(texts)));
    let batch = with(&batch, "time", None);
    let taken = take(&[parquet(&with(&batch, "time_dt", Some(Arc::new(times))))]);
    assert_eq!(faults(&taken), [""; 0]);
    assert_eq!(calls(&taken.activity), calls(&expected));

    let taken = take(&[parquet(&batch)]);
    let fault = faults(&taken).concat();
    assert!(
        fault.starts_with("object: not CloudTrail: an OCSF table without time or time_dt; "),
        "{fault}"
    );
}

#[test]
fn activity_of_other_products_is_no_api_call() {
    let records = three();
    let batch = batch(&records, Version::Two);
    let products = ["CloudTrail", "Amazon EKS", "CloudTrail"];
    let metadata: Vec<_> = records
        .iter()
        .zip(products)
        .map(|(record, product)| {
            let mut metadata = ocsf(record, Version::Two)["metadata"].take();
            metadata["product"]["name"] = json!(product);
            metadata
        })
        .collect();
    let metadata: Vec<_> = metadata.iter().collect();
    let batch = with(&batch, "metadata", Some(column(&metadata)));
    let taken = take(&[parquet(&batch)]);
    assert_eq!(set_aside(&taken), ["1 not an API call: Amazon EKS"]);
    assert_eq!(taken.reconciliation.records_attributed, 2);
}

#[test]
fn damage_is_named_and_never_a_panic() {
    let bytes = parquet(&batch(&three(), Version::Two));
    let whole = take(&[&bytes]).activity;
    for at in (0..bytes.len()).step_by(7) {
        let cut = take(&[&bytes[..at]]);
        assert!(cut.reconciliation.has_faults(), "{at}");
        let mut changed = bytes.clone();
        changed[at] ^= 0x10;
        let taken = take(&[&changed]);
        assert!(taken.activity.len() <= whole.len() + 3, "{at}");
    }
}
