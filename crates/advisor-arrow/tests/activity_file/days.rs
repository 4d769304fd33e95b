//! Days and coverage in activity files.

use advisor_arrow::{
    COVERAGE_KEY, Fault, activity_batches, activity_from_batches, read_activity, rows_in_order,
};
use advisor_core::{DaySet, EventCategory};
use arrow_array::types::Date32Type;
use arrow_array::{
    Array, ArrayRef, BooleanArray, ListArray, NullArray, RecordBatch, TimestampMicrosecondArray,
};
use arrow_buffer::OffsetBuffer;
use arrow_schema::Field;
use service_catalog::Catalog;
use std::sync::Arc;

use super::{ACCOUNTS, file, read, text, two_rows, with};

/// Lists of dates, by their numbers of days since 1970.
pub(crate) fn dates(values: [Option<&[i32]>; 2]) -> ArrayRef {
    let days = |list: &[i32]| list.iter().copied().map(Some).collect::<Vec<_>>();
    let lists = values.map(|list| list.map(days));
    Arc::new(ListArray::from_iter_primitive::<Date32Type, _, _>(lists))
}

/// The days of the attempts of [`two_rows`].
pub(crate) const DAY: i32 = 19_675;

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
    // Zones are not looked up by name.
    for zone in ["UTC", "+05:00", "-11:00", "Asia/Kolkata", "Mars/Olympus"] {
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
