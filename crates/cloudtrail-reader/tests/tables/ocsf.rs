//! The whole test trail in OCSF, by the mapping that Security Lake documents, makes the table that its objects make.

use arrow_array::ListArray;
use arrow_array::builder::{MapBuilder, StringBuilder};
use cloudtrail_reader::{ReadOptions, TrailReader};
use service_catalog::Catalog;

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
    let resources = record["resources"].as_array().into_iter().flatten();
    let resources = resources.map(|it| json!({"uid": it["ARN"], "type": it["type"]}));
    ocsf["resources"] = resources.collect();
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
    if values.iter().any(|value| value.is_array()) {
        let lists = values.iter().map(|value| value.as_array());
        let lengths = lists.clone().map(|list| list.map_or(0, Vec::len));
        let lengths = lengths.map(|length| Some(vec![None; length]));
        let lengths = ListArray::from_iter_primitive::<Int32Type, _, _>(lengths);
        let items: Vec<_> = lists.flatten().flatten().collect();
        let items = column(&items);
        let field = Field::new_list_field(items.data_type().clone(), true);
        return Arc::new(ListArray::new(
            field.into(),
            lengths.offsets().clone(),
            items,
            None,
        ));
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
    let mut columns: Vec<(String, ArrayRef)> = ["metadata", "api", "cloud", "actor", "resources"]
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
fn resources_tell_the_type_of_data_events() {
    let types = [
        &["AWS::S3::Object", "AWS::S3::Bucket"][..],
        // Which of the two was logged is not known.
        &["AWS::S3::Object", "AWS::S3::AccessPoint"],
        &[],
    ];
    let records: Vec<_> = three()
        .into_iter()
        .zip(types)
        .enumerate()
        .map(|(number, (mut record, types))| {
            let types = types.iter().map(|name| json!({"type": name}));
            record["eventTime"] = json!(format!("2026-10-0{}T12:00:00Z", number + 1));
            record["resources"] = types.collect();
            record
        })
        .collect();
    let covered = |object: &str, bytes: &[u8]| {
        let mut activity = Activity::new();
        let reader = TrailReader::new(Catalog::shared(), ReadOptions::new());
        let reconciliation = reader.read_bytes(object, bytes, &mut activity);
        assert_eq!(reconciliation.records_attributed, 3, "{object}");
        let kinds = activity.coverage().records().map(|records| {
            let days: Vec<_> = records.days.iter().collect();
            let resource_type = records.category.resource_type().unwrap_or("-").to_owned();
            (records.category.name(), resource_type, days)
        });
        kinds.collect::<Vec<_>>()
    };
    let expected = covered("object", &support::object(&records));
    let is_known = |(_, name, _): &&(_, String, _)| name == "AWS::S3::Object";
    assert_eq!(expected.iter().filter(is_known).count(), 1, "{expected:?}");
    for version in [Version::One, Version::Two] {
        let bytes = parquet(&batch(&records, version));
        let object = "aws/S3_DATA/2.0/region=eu-central-1/x.gz.parquet";
        assert_eq!(covered(object, &bytes), expected, "{version:?}");
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
