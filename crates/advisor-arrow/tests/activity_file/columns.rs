//! How columns may be stored.

use advisor_arrow::{is_activity_schema, rows_in_order};
use arrow_array::cast::AsArray;
use arrow_array::types::TimestampMillisecondType;
use arrow_array::{Array, Int32Array, NullArray, RecordBatch};
use arrow_schema::{DataType, Field, Schema, TimeUnit};
use service_catalog::Catalog;
use std::sync::Arc;

use super::{from_unknown_source, read, text, two_rows, with};

#[test]
fn every_way_to_store_a_column_is_read() {
    let (activity, batch) = two_rows();
    let texts = [
        DataType::LargeUtf8,
        DataType::Utf8View,
        DataType::Binary,
        DataType::LargeBinary,
        DataType::BinaryView,
        DataType::Dictionary(DataType::Int32.into(), DataType::Utf8.into()),
        DataType::Dictionary(DataType::UInt8.into(), DataType::LargeUtf8.into()),
    ];
    let utc = Some("UTC".into());
    let times = [
        DataType::Timestamp(TimeUnit::Second, None),
        DataType::Timestamp(TimeUnit::Second, utc.clone()),
        DataType::Timestamp(TimeUnit::Millisecond, None),
        DataType::Timestamp(TimeUnit::Microsecond, utc.clone()),
        // The time zone of a column does not change its instants.
        DataType::Timestamp(TimeUnit::Microsecond, Some("+05:00".into())),
        DataType::Timestamp(TimeUnit::Microsecond, Some("Mars/Olympus".into())),
        DataType::Timestamp(TimeUnit::Nanosecond, utc),
        DataType::Timestamp(TimeUnit::Nanosecond, None),
    ];
    let counts = [
        DataType::Int8,
        DataType::Int32,
        DataType::UInt16,
        DataType::UInt64,
        DataType::Float64,
        DataType::Decimal128(38, 0),
    ];
    let day = |data_type| Arc::new(Field::new_list_field(data_type, true));
    let lists = [
        DataType::List(day(DataType::Date64)),
        DataType::LargeList(day(DataType::Date32)),
        DataType::FixedSizeList(day(DataType::Date32), 1),
        DataType::List(day(DataType::Timestamp(TimeUnit::Microsecond, None))),
        DataType::LargeList(day(DataType::Timestamp(TimeUnit::Nanosecond, None))),
    ];
    let mut tried = 0;
    for (field, array) in batch.schema().fields().iter().zip(batch.columns()) {
        let types: &[DataType] = match field.data_type() {
            DataType::Utf8 => &texts,
            DataType::Timestamp(..) => &times,
            DataType::List(_) => &lists,
            DataType::Boolean => &[],
            _ => &counts,
        };
        for data_type in types {
            let stored = match data_type {
                DataType::Timestamp(unit, zone) => {
                    let naive = DataType::Timestamp(*unit, Some("UTC".into()));
                    let stored = arrow_cast::cast(array, &naive).unwrap();
                    // Another time zone, the same instant.
                    let data = stored.to_data().into_builder();
                    let zoned = DataType::Timestamp(*unit, zone.clone());
                    arrow_array::make_array(data.data_type(zoned).build().unwrap())
                }
                _ => arrow_cast::cast(array, data_type).unwrap(),
            };
            assert_eq!(
                read(with(&batch, field.name(), stored)).as_ref(),
                Ok(&activity),
                "{} as {data_type}",
                field.name()
            );
            tried += 1;
        }
    }
    assert_eq!(
        tried,
        9 * texts.len() + 3 * times.len() + 2 * counts.len() + lists.len()
    );
}

#[test]
fn column_order_and_additional_columns_are_ignored() {
    let (activity, batch) = two_rows();
    let mut order: Vec<usize> = (0..batch.num_columns()).collect();
    order.reverse();
    assert_eq!(read(batch.project(&order).unwrap()).as_ref(), Ok(&activity));
    let mut fields: Vec<_> = batch.schema().fields().iter().cloned().collect();
    fields.insert(0, Arc::new(Field::new("day", DataType::Int32, false)));
    let mut columns = batch.columns().to_vec();
    columns.insert(0, Arc::new(Int32Array::from(vec![1, 2])));
    let wider = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap();
    assert!(is_activity_schema(wider.schema_ref()));
    assert_eq!(read(wider), Ok(from_unknown_source(&activity)));
}

#[test]
fn without_arn_seen_the_last_attempt_dates_the_arn() {
    let (activity, batch) = two_rows();
    let seen = batch.schema().index_of("principal_arn_seen").unwrap();
    let mut columns: Vec<usize> = (0..batch.num_columns()).collect();
    columns.retain(|column| *column != seen);
    assert_eq!(
        read(batch.project(&columns).unwrap()).as_ref(),
        Ok(&activity)
    );
    let nulls = batch
        .column(seen)
        .as_primitive::<TimestampMillisecondType>();
    let nulls = arrow_array::new_null_array(nulls.data_type(), 2);
    for nulls in [nulls, arrow_array::new_null_array(&DataType::Null, 2)] {
        assert_eq!(
            read(with(&batch, "principal_arn_seen", nulls)).as_ref(),
            Ok(&activity)
        );
    }
}

/// Queries for Athena and `CloudTrail` Lake are too short to resolve events to actions.
#[test]
fn a_table_by_event_is_resolved_by_the_catalog() {
    let (activity, batch) = two_rows();
    let schema = batch.schema();
    let columns = schema.fields().iter().zip(batch.columns());
    let columns = columns.filter_map(|(field, column)| match field.name().as_str() {
        "action_name" => None,
        "event_name" => Some((Field::new("event_name", DataType::Utf8, true), {
            text([Some("ListBuckets"), Some("NewEvent")])
        })),
        "service_namespace" => Some((Field::new("event_source", DataType::Utf8, true), {
            text([Some("s3.amazonaws.com"), Some("brand.new.example.com")])
        })),
        _ => Some((field.as_ref().clone(), column.clone())),
    });
    let (fields, columns): (Vec<_>, Vec<_>) = columns.unzip();
    let by_event = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap();
    assert!(is_activity_schema(by_event.schema_ref()));
    let told = read(by_event.clone()).unwrap();
    let catalogs: Vec<_> = told.coverage().catalogs().collect();
    assert_eq!(catalogs, [Catalog::embedded().fingerprint()]);
    let told: Vec<_> = rows_in_order(&told)
        .iter()
        .map(|row| {
            (
                row.service.to_owned(),
                format!("{:?}", row.action),
                row.last_millis,
            )
        })
        .collect();
    let time = activity.newest().unwrap().timestamp_millis();
    let expected = [
        ("s3", r#"Action("ListAllMyBuckets")"#),
        ("brand", r#"Event("NewEvent")"#),
    ];
    let expected = expected.map(|(service, action)| (service.to_owned(), action.to_owned(), time));
    assert_eq!(told, expected);
    let nameless = with(&by_event, "event_name", text([Some("ListBuckets"), None]));
    assert_eq!(
        read(nameless).unwrap_err(),
        "t: row 2, column event_name: is null"
    );
}

#[test]
fn a_column_of_nulls_may_have_any_type() {
    let (_, batch) = two_rows();
    let (whole, nothing) = (read(batch.clone()), Arc::new(NullArray::new(2)));
    let without_accounts = read(with(&batch, "account_id", nothing)).unwrap();
    assert_eq!(without_accounts.len(), whole.unwrap().len());
    assert!(
        without_accounts
            .rows()
            .all(|row| row.principal.account.is_none())
    );
    let integers = arrow_array::new_null_array(&DataType::Int32, 2);
    assert_eq!(
        read(with(&batch, "account_id", integers)),
        Ok(without_accounts)
    );
}
