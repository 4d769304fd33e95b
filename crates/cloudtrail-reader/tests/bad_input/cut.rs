//! Objects that are cut short.

use super::*;

#[test]
fn gzip_cut_anywhere_is_damaged() {
    let calls: Vec<_> = (0..30).map(|number| call("GetObject", number)).collect();
    let whole = gzip(&object(&calls));
    let two = [gzip(&object(&calls[..15])), gzip(&object(&calls[15..]))].concat();
    for length in 2..whole.len() {
        let read = take(&[&whole[..length]]);
        assert_fails(&read, "the gzip data is damaged or cut short");
    }
    let first = gzip(&object(&calls[..15])).len();
    for length in first + 1..two.len() {
        let read = take(&[&two[..length]]);
        assert_fails(&read, "the gzip data is damaged or cut short");
    }
    assert_fails(
        &take(&[&whole[..1]]),
        "not JSON: expected value at line 1 column 1",
    );
    assert_fails(
        &take(&[[whole.as_slice(), b"and more"].concat()]),
        "the gzip data is damaged or cut short",
    );
}

#[test]
fn json_cut_anywhere_sets_the_object_aside_and_no_other() {
    let other = object(&[call("PutObject", 7)]);
    let compact = object(&[call("GetObject", 1), call("GetObject", 2)]);
    let pretty = serde_json::to_vec_pretty(&json!({"Records": [call("GetObject", 1)]})).unwrap();
    let events = lookup(&[call("GetObject", 1)]).to_string().into_bytes();
    for whole in [compact, pretty, events] {
        for length in 0..whole.len() {
            let read = take(&[&whole[..length], &other]);
            assert_eq!(actions(&read.activity), ["s3:PutObject"], "{length}");
            let reconciliation = &read.reconciliation;
            assert_eq!(
                (reconciliation.objects_read, reconciliation.records_read),
                (1, 1)
            );
            let reason = reconciliation.objects_failed[0].reason();
            match length {
                0 => assert_eq!(reason, "the file is empty"),
                _ => assert!(
                    reason.starts_with("not JSON: EOF while parsing"),
                    "{reason}"
                ),
            }
        }
        assert!(!take(&[whole]).reconciliation.has_faults());
    }
}

#[test]
fn lines_cut_anywhere_lose_the_cut_line_only() {
    let whole = lines(&[call("PutObject", 1), call("GetObject", 2)]);
    let first_end = whole.iter().position(|byte| *byte == b'\n').unwrap();
    for length in first_end + 2..whole.len() - 1 {
        let read = take(&[&whole[..length]]);
        assert_eq!(actions(&read.activity), ["s3:PutObject"], "{length}");
        let fault = &faults(&read)[0];
        assert!(
            fault.starts_with("object: record 2: malformed: not JSON: EOF while parsing"),
            "{fault}"
        );
    }
}
