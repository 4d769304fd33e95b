//! The rows that attempts become.

use serde_json::json;

use super::support::{call, object, record, rows, take};

#[test]
fn rows_are_by_principal_action_and_region() {
    let recreated = json!({"userIdentity": {"principalId": "AIDAMARIAEXAMPLE00002"}, "errorCode": "AccessDenied"});
    let read = take(&[object(&[
        call("GetObject", 1),
        call("HeadObject", 2),
        record(&json!({"errorCode": "AccessDenied"})),
        call("PutObject", 3),
        record(&json!({"awsRegion": "us-east-1"})),
        // Deleted and made again under the same name: another user.
        record(&recreated),
    ])]);
    let arn = "arn:aws:iam::111122223333:user/staff/maria 111122223333";
    assert_eq!(
        rows(&read.activity),
        [
            format!("AIDAMARIAEXAMPLE00001 {arn} s3:GetObject eu-central-1 3/1"),
            format!("AIDAMARIAEXAMPLE00001 {arn} s3:GetObject us-east-1 1/0"),
            format!("AIDAMARIAEXAMPLE00001 {arn} s3:PutObject eu-central-1 1/0"),
            format!("AIDAMARIAEXAMPLE00002 {arn} s3:GetObject eu-central-1 1/1"),
        ]
    );
}

#[test]
fn the_last_attempt_is_the_latest_ties_by_event_id() {
    let at = |time: &str, id: &str| record(&json!({"eventTime": time, "eventID": id}));
    let records = [
        at("2026-10-01T12:00:00Z", "b"),
        at("2026-10-01T12:00:00Z", "c"),
        at("2026-10-01T14:00:00+02:00", "a"),
        at("2026-10-01T11:59:59.999Z", "z"),
    ];
    let mut backwards = records.to_vec();
    backwards.reverse();
    for order in [records.to_vec(), backwards] {
        let read = take(&[object(&order)]);
        let row = read.activity.rows().next().unwrap();
        assert_eq!(row.last_event_id, "c");
        assert_eq!(row.last_millis, 1_790_856_000_000);
        assert_eq!(row.first_millis, 1_790_855_999_999);
        assert_eq!(row.attempts, 4);
    }
}

#[test]
fn a_principal_has_the_arn_it_was_last_seen_with() {
    let moved = json!({
        "userIdentity": {"arn": "arn:aws:iam::111122223333:user/former/maria"},
        "eventTime": "2026-10-02T00:00:00Z",
    });
    for order in [
        [record(&moved), call("GetObject", 1)],
        [call("GetObject", 1), record(&moved)],
    ] {
        let read = take(&[object(&order)]);
        let row = read.activity.rows().next().unwrap();
        assert_eq!(
            row.principal.arn,
            Some("arn:aws:iam::111122223333:user/former/maria")
        );
        assert_eq!(row.attempts, 2);
    }
}
