//! Parquet files that expand far beyond their size are refused before they are read.
#![allow(clippy::panic, clippy::unwrap_used)]

use std::sync::Arc;

use advisor_arrow::{Expansion, Fault, activity_batches, read_activity};
use advisor_core::{Activity, Attempt, CreditedAction, Principal};
use arrow_array::{ArrayRef, Date32Array, ListArray, RecordBatch, UInt32Array};
use arrow_buffer::OffsetBuffer;
use arrow_schema::DataType;
use arrow_select::take::take_record_batch;
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

/// A table of equal rows.
fn equal_rows(number: usize) -> RecordBatch {
    let mut activity = Activity::new();
    let when = chrono::DateTime::from_timestamp_millis(1_793_000_000_000).unwrap();
    let principal = Principal::from_arn("arn:aws:iam::111122223333:user/a");
    let action = CreditedAction::Action("GetUser");
    activity.record(&Attempt::new(principal, "iam", action, "us-east-1", when));
    let one = activity_batches(&activity).next().unwrap().unwrap();
    take_record_batch(&one, &UInt32Array::from(vec![0; number])).unwrap()
}

/// A file with the rows of a batch so many times.
fn repeated(batch: &RecordBatch, times: usize) -> Bytes {
    let properties = WriterProperties::builder();
    let properties = properties.set_compression(Compression::ZSTD(ZstdLevel::default()));
    let properties = Some(properties.build());
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), properties).unwrap();
    for _ in 0..times {
        writer.write(batch).unwrap();
    }
    writer.into_inner().unwrap().into()
}

fn refused(file: Bytes) -> Expansion {
    let size = file.len();
    assert!(size < 100_000, "{size}");
    match read_activity(file, "a.parquet", None).unwrap_err().fault {
        Fault::Expansion(expansion) => expansion,
        other => panic!("{other}"),
    }
}

#[test]
fn rows() {
    let file = repeated(&equal_rows(100_000), 15);
    let size = u64::try_from(file.len()).unwrap();
    let expected = Expansion::Rows {
        rows: 1_500_000,
        limit: 1_000_000 + 2 * size,
    };
    assert_eq!(refused(file), expected);
}

/// Lists of days: a few rows have any number of them.
#[test]
fn values() {
    const LISTS: usize = 100;
    const DAYS: usize = 20_000;
    let batch = equal_rows(LISTS);
    let schema = batch.schema();
    let place = schema.index_of("days").unwrap();
    let DataType::List(item) = schema.field(place).data_type() else {
        panic!("days is no list");
    };
    let days = Date32Array::from(vec![20_000; LISTS * DAYS]);
    let lengths = OffsetBuffer::from_lengths([DAYS; LISTS]);
    let days = ListArray::new(item.clone(), lengths, Arc::new(days), None);
    let mut columns: Vec<ArrayRef> = batch.columns().to_vec();
    columns.splice(place..=place, [Arc::new(days) as ArrayRef]);
    let batch = RecordBatch::try_new(schema, columns).unwrap();
    let file = repeated(&batch, 10);
    let size = u64::try_from(file.len()).unwrap();
    let expected = Expansion::Values {
        values: 20_000_000,
        limit: 16_000_000 + 64 * size,
    };
    assert_eq!(refused(file), expected);
}
