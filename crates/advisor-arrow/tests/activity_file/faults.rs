//! What is wrong with tables that are not activity.

use advisor_arrow::{
    activity_from_batches, activity_schema, is_activity_schema, read_activity, read_activity_rows,
};
use arrow_array::types::Date32Type;
use arrow_array::{
    ArrayRef, Decimal128Array, Float64Array, ListArray, RecordBatch, TimestampMillisecondArray,
    TimestampNanosecondArray, TimestampSecondArray, UInt64Array,
};
use arrow_schema::{DataType, Field, Schema};
use bytes::Bytes;
use std::sync::Arc;

use super::days::{DAY, dates};
use super::{file, numbers, read, text, two_rows, with};

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
