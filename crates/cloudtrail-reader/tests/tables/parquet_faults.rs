//! Parquet files that are broken.

use super::*;

#[test]
fn a_column_of_another_type_is_named() {
    let batch = flat_batch(&three(), Strings::Utf8);
    let numbers = Arc::new(Int64Array::from(vec![1, 2, 3]));
    let taken = take(&[parquet(&with_column(&batch, "eventName", numbers))]);
    assert_eq!(
        faults(&taken),
        ["object: a Parquet file whose column eventName is Int64, not text"]
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
        assert!(fault.starts_with("object: invalid Parquet: "), "{fault}");
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

/// A file with the rows of a batch so many times.
fn repeated(batch: &RecordBatch, times: usize) -> Vec<u8> {
    let properties =
        WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default()));
    let properties = Some(properties.build());
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), properties).unwrap();
    for _ in 0..times {
        writer.write(batch).unwrap();
    }
    writer.into_inner().unwrap()
}

/// Equal rows take no space, and each takes time to read.
#[test]
fn a_file_with_more_rows_than_its_size_makes_plausible_is_refused() {
    let records = vec![call("GetObject", 1); 50_000];
    let batch = flat_batch(&records, Strings::Utf8);
    let bytes = repeated(&batch, 25);
    let limit = 1_000_000 + 2 * bytes.len();
    let taken = take(&[&bytes]);
    assert_eq!(
        faults(&taken),
        [format!(
            "object: a Parquet file of 1250000 rows; a file of its size can have {limit}"
        )]
    );
    assert!(taken.activity.is_empty());
}

/// So do equal texts, which are parsed for every row.
#[test]
fn a_file_with_more_text_than_its_size_makes_plausible_is_refused() {
    let identity = format!("{{type=Root, username={}}}", "x".repeat(100_000));
    let batch = nested_batch(&vec![call("GetObject", 1); 1_000], Strings::Utf8);
    let identities = Arc::new(StringArray::from(vec![identity.as_str(); 1_000]));
    let bytes = repeated(&with_column(&batch, "useridentity", identities), 3);
    let limit = (256 << 20) + 256 * bytes.len();
    let taken = take(&[&bytes]);
    assert_eq!(
        faults(&taken),
        [format!(
            "object: a Parquet file of more than {limit} bytes of text in its rows, the limit for a file of its size"
        )]
    );
    assert!(taken.activity.is_empty());
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
        let panicked = fault.ends_with("its parts are inconsistent");
        assert!(!panicked || taken.activity.is_empty());
        panicked
    });
    assert!(panicked);
}
