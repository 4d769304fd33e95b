//! Activity files: tables that were written are read back, also after another engine has written them.
//! Errors name the file, row and column.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use std::sync::Arc;

use advisor_arrow::{
    COVERAGE_KEY, Fault, activity_batches, activity_from_batches, activity_schema,
    is_activity_schema, read_activity, read_activity_rows, rows_in_order, write_activity,
};
use advisor_core::{Activity, Attempt, CreditedAction, DaySet, EventCategory, Principal};
use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, TimestampMillisecondType};
use arrow_array::{
    Array, ArrayRef, BooleanArray, Decimal128Array, Float64Array, Int32Array, Int64Array,
    ListArray, NullArray, RecordBatch, StringArray, TimestampMicrosecondArray,
    TimestampMillisecondArray, TimestampNanosecondArray, TimestampSecondArray, UInt64Array,
};
use arrow_buffer::OffsetBuffer;
use arrow_schema::{DataType, Field, Schema, TimeUnit};
use bytes::Bytes;
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use service_catalog::Catalog;

/// Attempts of a few principals, so that keys, ARNs and times are often equal.
#[derive(Clone, Debug)]
struct Sample {
    id: Option<usize>,
    arn: usize,
    account: Option<usize>,
    service: usize,
    action: usize,
    known: bool,
    time: i64,
    event: usize,
    denied: bool,
}

const IDS: [&str; 3] = ["AIDA1", "AIDA2", "AROA1"];
const ACCOUNTS: [&str; 2] = ["111122223333", "444455556666"];
const ARNS: [&str; 3] = [
    "arn:aws:iam::111122223333:user/a",
    "arn:aws:iam::111122223333:user/büro/b",
    "arn:aws:iam::444455556666:role/r",
];
const SERVICES: [&str; 3] = ["s3", "iam", "new-service"];
const ACTIONS: [&str; 3] = ["GetUser", "ListBuckets", ""];
const EVENTS: [&str; 4] = ["e1", "e2", "e3", "e4"];

fn sample() -> impl Strategy<Value = Sample> {
    let who = (
        prop::option::of(0..3_usize),
        0..3_usize,
        prop::option::of(0..2_usize),
    );
    let what = (0..3_usize, 0..3_usize, any::<bool>());
    let when = (-2..1_793_491_200_000_i64, 0..4_i64, any::<bool>());
    let when = when.prop_map(|(far, near, is_far)| if is_far { far } else { near });
    (who, what, when, 0..4_usize, any::<bool>()).prop_map(
        |((id, arn, account), (service, action, known), time, event, denied)| Sample {
            id,
            arn,
            account,
            service,
            action,
            known,
            time,
            event,
            denied,
        },
    )
}

fn table(samples: &[Sample]) -> Activity {
    let mut activity = Activity::new();
    for sample in samples {
        let name = ACTIONS[sample.action];
        activity.record(&Attempt {
            principal: Principal {
                unique_id: sample.id.map(|id| IDS[id]),
                arn: Some(ARNS[sample.arn]),
                account: sample.account.map(|account| ACCOUNTS[account]),
            },
            service: SERVICES[sample.service],
            action: if sample.known {
                CreditedAction::Action(name)
            } else {
                CreditedAction::Event(name)
            },
            region: "us-east-1",
            time_millis: sample.time,
            event_id: EVENTS[sample.event],
            denied: sample.denied,
        });
    }
    activity
}

fn file(activity: &Activity) -> Bytes {
    let mut bytes = Vec::new();
    write_activity(&mut bytes, activity).unwrap();
    bytes.into()
}

fn samples() -> impl Strategy<Value = Vec<Sample>> {
    prop::collection::vec(sample(), 0..24)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))), ..ProptestConfig::default() })]

    #[test]
    fn tables_are_read_back(samples in samples()) {
        let activity = table(&samples);
        let bytes = file(&activity);
        prop_assert_eq!(&read_activity(bytes.clone(), "a", None).unwrap(), &activity);
        prop_assert_eq!(&activity_from_batches("a", activity_batches(&activity), None).unwrap(), &activity);
        // Equal tables give equal files, whatever the order of their attempts.
        let mut turned = samples;
        turned.reverse();
        prop_assert_eq!(file(&table(&turned)), bytes);
    }

    #[test]
    fn partial_files_merge_into_the_same_table(samples in samples(), parts in 1..5_usize, seed: usize) {
        let mut split = vec![Vec::new(); parts];
        for (index, sample) in samples.iter().enumerate() {
            split[(index * 7 + seed % 11 * index) % parts].push(sample.clone());
        }
        let mut merged = Activity::new();
        for part in split {
            merged.merge(&read_activity(file(&table(&part)), "part", None).unwrap());
        }
        prop_assert_eq!(file(&merged), file(&table(&samples)));
    }

    /// A key has rows in several files, or two in one file, as a UNION ALL makes them.
    #[test]
    fn rows_of_one_key_merge(samples in samples(), cut in 0..24_usize) {
        let (left, right) = samples.split_at(cut.min(samples.len()));
        let (left, right) = (table(left), table(right));
        let batches = activity_batches(&left).chain(activity_batches(&right));
        prop_assert_eq!(activity_from_batches("both", batches, None).unwrap(), table(&samples));
    }

    #[test]
    fn a_damaged_file_is_an_error_or_a_table(
        samples in prop::collection::vec(sample(), 1..24),
        places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = file(&table(&samples)).to_vec();
        for (place, value) in places {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        if let Err(error) = read_activity(Bytes::from(bytes), "damaged.parquet", None) {
            prop_assert!(error.to_string().starts_with("damaged.parquet: "), "{error}");
        }
    }

    #[test]
    fn a_file_that_is_cut_short_is_an_error(
        samples in prop::collection::vec(sample(), 1..24),
        cut: prop::sample::Index,
    ) {
        let bytes = file(&table(&samples));
        let cut = bytes.slice(..cut.index(bytes.len()));
        let error = read_activity(cut, "cut.parquet", None).unwrap_err().to_string();
        prop_assert!(error.starts_with("cut.parquet: not a valid Parquet file: "), "{error}");
    }
}

/// Two rows: an action of a user, an event of a role without unique id.
fn two_rows() -> (Activity, RecordBatch) {
    let mut activity = Activity::new();
    for (principal, action, denied) in [
        (
            Principal {
                unique_id: Some("AIDA1"),
                arn: Some(ARNS[0]),
                account: Some(ACCOUNTS[0]),
            },
            CreditedAction::Action("ListBuckets"),
            true,
        ),
        (
            Principal {
                unique_id: None,
                arn: Some(ARNS[2]),
                account: Some(ACCOUNTS[1]),
            },
            CreditedAction::Event("NewEvent"),
            false,
        ),
    ] {
        activity.record(&Attempt {
            principal,
            service: "s3",
            action,
            region: "eu-west-1",
            time_millis: 1_700_000_000_000,
            event_id: "e1",
            denied,
        });
    }
    let batch = activity_batches(&activity).next().unwrap().unwrap();
    (activity, batch)
}

/// The batch with this column instead of the one of its name.
#[allow(clippy::needless_pass_by_value)]
fn with(batch: &RecordBatch, name: &str, column: ArrayRef) -> RecordBatch {
    let schema = batch.schema();
    let columns = schema.fields().iter().zip(batch.columns());
    let columns = columns.map(|(field, array)| {
        if field.name() == name {
            (
                Field::new(name, column.data_type().clone(), true),
                column.clone(),
            )
        } else {
            (field.as_ref().clone().with_nullable(true), array.clone())
        }
    });
    let (fields, columns): (Vec<_>, Vec<_>) = columns.unzip();
    let schema = Schema::new_with_metadata(fields, schema.metadata().clone());
    RecordBatch::try_new(Arc::new(schema), columns).unwrap()
}

fn read(batch: RecordBatch) -> Result<Activity, String> {
    activity_from_batches("t", [Ok(batch)], None).map_err(|error| error.to_string())
}

/// The activity, as of a table that does not say what it covers.
fn from_unknown_source(activity: &Activity) -> Activity {
    let mut activity = activity.clone();
    activity.coverage_mut().see_unknown_source();
    activity
}

fn text(values: [Option<&str>; 2]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

fn numbers(values: [Option<i64>; 2]) -> ArrayRef {
    Arc::new(Int64Array::from(values.to_vec()))
}

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

#[test]
fn invalid_values_are_reported_by_row_and_column() {
    let (_, batch) = two_rows();
    let nanoseconds = |values: [i64; 2]| -> ArrayRef {
        Arc::new(TimestampNanosecondArray::from(values.to_vec()))
    };
    let cases: Vec<(&str, ArrayRef, &str)> = vec![
        (
            "aws_region",
            text([Some("eu-west-1"), None]),
            "t: row 2, column aws_region: is null",
        ),
        (
            "aws_region",
            numbers([Some(1), Some(2)]),
            "t: column aws_region is of type Int64, expected text",
        ),
        (
            "principal_arn",
            text([None, None]),
            "t: row 2, column principal_arn: is null, and so is principal_id: one of them must be set",
        ),
        (
            "principal_id",
            text([Some(""), Some("AROA1")]),
            "t: row 1, column principal_id: is empty; write null",
        ),
        (
            "action_name",
            text([None, None]),
            "t: row 1, column action_name: is null, and so is event_name: one of them must be set",
        ),
        (
            "event_name",
            text([Some("ListBuckets"), Some("NewEvent")]),
            "t: row 1, column event_name: is set, and so is action_name: one of them must be null",
        ),
        (
            "attempts",
            numbers([Some(1), Some(-1)]),
            "t: row 2, column attempts: -1 is negative",
        ),
        (
            "attempts",
            numbers([None, Some(1)]),
            "t: row 1, column attempts: is null",
        ),
        (
            "attempts",
            Arc::new(UInt64Array::from(vec![1, u64::MAX])),
            "t: row 2, column attempts: is not a 64-bit whole number",
        ),
        (
            "attempts",
            Arc::new(Float64Array::from(vec![1.0, 1.5])),
            "t: row 2, column attempts: is not a 64-bit whole number",
        ),
        (
            "attempts",
            Arc::new(Float64Array::from(vec![1.0, f64::INFINITY])),
            "t: row 2, column attempts: is not a 64-bit whole number",
        ),
        (
            "attempts",
            Arc::new(
                Decimal128Array::from(vec![1, i128::MAX / 4])
                    .with_data_type(DataType::Decimal128(38, 0)),
            ),
            "t: row 2, column attempts: is not a 64-bit whole number",
        ),
        (
            "attempts",
            text([Some("1"), Some("2")]),
            "t: column attempts is of type Utf8, expected 64-bit whole number",
        ),
        (
            "denied_attempts",
            numbers([Some(1), Some(2)]),
            "t: row 2, column denied_attempts: 2 is more than attempts, 1",
        ),
        (
            "first_accessed",
            nanoseconds([1_700_000_000_000_000_000, 1_700_000_000_001_000_000]),
            "t: row 2, column first_accessed: is later than last_accessed",
        ),
        (
            "last_accessed",
            Arc::new(TimestampSecondArray::from(vec![1_700_000_000, i64::MAX])),
            "t: row 2, column last_accessed: 9223372036854775807 s is out of range",
        ),
        (
            // Microseconds in a column of milliseconds.
            "last_accessed",
            Arc::new(TimestampMillisecondArray::from(vec![
                1_700_000_000_000,
                1_700_000_000_000_000,
            ])),
            "t: row 2, column last_accessed: 1700000000000000 ms is out of range",
        ),
        (
            "last_accessed",
            numbers([Some(1), Some(2)]),
            "t: column last_accessed is of type Int64, expected timestamp",
        ),
        (
            "days",
            text([Some("2023-11-14"), None]),
            "t: column days is of type Utf8, expected list of dates",
        ),
        (
            "days",
            dates([Some(&[DAY]), Some(&[DAY, DAY + 1])]),
            "t: row 2, column days: does not go from the day of first_accessed to that of last_accessed",
        ),
        (
            "days",
            dates([Some(&[]), None]),
            "t: row 1, column days: does not go from the day of first_accessed to that of last_accessed",
        ),
        (
            "days",
            dates([Some(&[i32::MAX]), None]),
            "t: row 1, column days: day 2147483647 is out of range",
        ),
        (
            "days",
            Arc::new(ListArray::from_iter_primitive::<Date32Type, _, _>([
                Some(vec![Some(DAY)]),
                Some(vec![Some(DAY), None]),
            ])),
            "t: row 2, column days: has a null",
        ),
        (
            "days_complete",
            numbers([Some(1), Some(2)]),
            "t: column days_complete is of type Int64, expected boolean",
        ),
        (
            "evidence",
            text([Some("rumour"), None]),
            "t: row 1, column evidence: \"rumour\" is not known",
        ),
    ];
    for (name, column, expected) in cases {
        assert_eq!(read(with(&batch, name, column)).unwrap_err(), expected);
    }
}

/// Lists of dates, by their numbers of days since 1970.
fn dates(values: [Option<&[i32]>; 2]) -> ArrayRef {
    let days = |list: &[i32]| list.iter().copied().map(Some).collect::<Vec<_>>();
    let lists = values.map(|list| list.map(days));
    Arc::new(ListArray::from_iter_primitive::<Date32Type, _, _>(lists))
}

/// The days of the attempts of [`two_rows`].
const DAY: i32 = 19_675;

#[test]
fn days_may_be_unknown() {
    let (activity, batch) = two_rows();
    let flags =
        |values: [Option<bool>; 2]| -> ArrayRef { Arc::new(BooleanArray::from(values.to_vec())) };
    let one: &[i32] = &[DAY];
    for (days, complete, expected) in [
        (
            dates([None, Some(one)]),
            flags([Some(true); 2]),
            [false, true],
        ),
        (
            dates([Some(one); 2]),
            flags([Some(false), None]),
            [false, true],
        ),
        (dates([None; 2]), flags([None; 2]), [false, false]),
        (
            dates([Some(&[]), Some(one)]),
            flags([Some(false), None]),
            [false, true],
        ),
        (
            Arc::new(NullArray::new(2)),
            Arc::new(NullArray::new(2)),
            [false, false],
        ),
    ] {
        let read = read(with(&with(&batch, "days", days), "days_complete", complete)).unwrap();
        let rows = rows_in_order(&read);
        assert!(rows.iter().all(|row| row.days.iter().eq([DAY])));
        assert_eq!([rows[0].days_complete, rows[1].days_complete], expected);
    }
    // Without one of the columns.
    for (name, is_complete) in [("days", false), ("days_complete", true)] {
        let missing = batch.schema().index_of(name).unwrap();
        let rest: Vec<usize> = (0..batch.num_columns())
            .filter(|it| *it != missing)
            .collect();
        let read = read(batch.project(&rest).unwrap()).unwrap();
        assert!(
            read.rows().all(|row| row.days_complete == is_complete),
            "{name}"
        );
    }
    assert!(activity.rows().all(|row| row.days_complete));
}

#[test]
fn days_of_instants_are_those_of_utc() {
    let (activity, batch) = two_rows();
    let [start, end] = [DAY, DAY + 1].map(|day| DaySet::start_of(day) * 1_000);
    for zone in ["UTC", "+05:00", "-11:00"] {
        let instants = TimestampMicrosecondArray::from(vec![start, end - 1]).with_timezone(zone);
        let item = Arc::new(Field::new_list_field(instants.data_type().clone(), true));
        let offsets = OffsetBuffer::from_lengths([1, 1]);
        let lists = ListArray::new(item, offsets, Arc::new(instants), None);
        let lists = with(&batch, "days", Arc::new(lists));
        assert_eq!(read(lists).as_ref(), Ok(&activity), "{zone}");
    }
}

#[test]
fn coverage_is_in_the_metadata() {
    let (mut activity, _) = two_rows();
    let writes = EventCategory::ManagementWrite;
    (activity.coverage_mut()).see_record(ACCOUNTS[0], "eu-west-1", writes, DAY);
    let bytes = file(&activity);
    assert_eq!(read_activity(bytes, "a", None).unwrap(), activity);
    let batch = activity_batches(&activity).next().unwrap().unwrap();
    assert_eq!(read(batch.clone()).as_ref(), Ok(&activity));

    let schema = batch.schema();
    let mut metadata = schema.metadata().clone();
    metadata.insert(COVERAGE_KEY.to_owned(), "{".to_owned());
    let damaged = schema.as_ref().clone().with_metadata(metadata);
    let damaged = RecordBatch::try_new(Arc::new(damaged), batch.columns().to_vec()).unwrap();
    let error = read(damaged).unwrap_err();
    assert!(
        error.starts_with("t: cannot read the coverage in the metadata: EOF"),
        "{error}"
    );
}

#[test]
fn coverage_is_that_of_the_rows_it_was_written_with() {
    let (mut activity, _) = two_rows();
    let writes = EventCategory::ManagementWrite;
    (activity.coverage_mut()).see_record(ACCOUNTS[0], "eu-west-1", writes, DAY);
    activity.coverage_mut().lose_object("damaged.json.gz");
    let whole = activity_batches(&activity).next().unwrap().unwrap();

    // The same rows, otherwise ordered and divided.
    let halves = [whole.slice(1, 1), whole.slice(0, 1)];
    let divided =
        activity_from_batches("t", halves.map(Ok::<_, arrow_schema::ArrowError>), None).unwrap();
    assert_eq!(divided, activity);

    // Other tools keep the metadata when they filter rows or change them.
    let changed = with(&whole, "aws_region", text([Some("ap-south-1"); 2]));
    for fewer_or_other in [whole.slice(0, 1), changed] {
        let read = read(fewer_or_other).unwrap();
        let coverage = read.coverage();
        assert!(coverage.has_unknown_sources());
        assert!(coverage.is_empty());
        assert_eq!(coverage.missing_log_files(), ["damaged.json.gz"]);
    }
}

#[test]
fn two_catalogs_do_not_mix() {
    let (mut activity, _) = two_rows();
    let other = "0123456789abcdef".parse().unwrap();
    activity.coverage_mut().see_catalog(other);
    let catalog = Catalog::shared();
    let error = read_activity(file(&activity), "a", Some(&catalog)).unwrap_err();
    let Fault::Catalog(mismatch) = error.fault else {
        panic!("{error}");
    };
    assert_eq!(
        (mismatch.found, mismatch.expected),
        (other, catalog.fingerprint())
    );
    let error = activity_from_batches("a", activity_batches(&activity), Some(&catalog));
    assert!(matches!(error.unwrap_err().fault, Fault::Catalog(_)));
    // Without a catalog, the reader does not care.
    assert_eq!(read_activity(file(&activity), "a", None).unwrap(), activity);
}

#[test]
fn errors_count_rows_of_the_file_not_the_batch() {
    let (_, batch) = two_rows();
    let broken = with(&batch, "aws_region", text([None, None]));
    let batches = [Ok(batch.clone()), Ok(batch), Ok(broken)];
    let error = activity_from_batches("t", batches, None).unwrap_err();
    assert_eq!(error.to_string(), "t: row 5, column aws_region: is null");
}

#[test]
fn a_missing_column_is_named() {
    let (_, batch) = two_rows();
    let optional = ["principal_arn_seen", "days", "days_complete", "evidence"];
    for (index, field) in activity_schema().fields().iter().enumerate() {
        let rest: Vec<usize> = (0..batch.num_columns()).filter(|it| *it != index).collect();
        let rest = batch.project(&rest).unwrap();
        let expected = format!("t: column {} is missing", field.name());
        match read(rest) {
            Ok(_) => assert!(optional.contains(&field.name().as_str())),
            Err(error) => assert_eq!(error, expected),
        }
    }
}

#[test]
fn a_later_version_is_rejected() {
    let (_, batch) = two_rows();
    let metadata = [("access_advisor.schema".to_owned(), "2".to_owned())];
    let later = batch
        .schema()
        .as_ref()
        .clone()
        .with_metadata(metadata.into());
    let later = RecordBatch::try_new(Arc::new(later), batch.columns().to_vec()).unwrap();
    assert_eq!(
        read(later).unwrap_err(),
        "t: has version 2 of the columns; this program reads version 1"
    );
}

#[test]
fn rows_can_be_taken_one_by_one() {
    let (activity, _) = two_rows();
    let mut names = Vec::new();
    read_activity_rows(file(&activity), "a", None, |row| {
        names.push(row.action.name().to_owned());
    })
    .unwrap();
    assert_eq!(names, ["ListBuckets", "NewEvent"]);
}

#[test]
fn other_tables_are_not_activity_files() {
    assert!(is_activity_schema(&activity_schema()));
    assert!(!is_activity_schema(&Schema::empty()));
    let cloudtrail = [
        "eventversion",
        "useridentity",
        "eventtime",
        "eventname",
        "awsregion",
    ];
    let fields = cloudtrail.map(|name| Field::new(name, DataType::Utf8, true));
    assert!(!is_activity_schema(&Schema::new(fields.to_vec())));
    for (bytes, reason) in [(&b""[..], "EOF"), (b"{\"Records\": []}", "Corrupt footer")] {
        let error = read_activity(Bytes::from_static(bytes), "x", None)
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("x: not a valid Parquet file: "),
            "{error}"
        );
        assert!(error.contains(reason), "{error}");
    }
}
