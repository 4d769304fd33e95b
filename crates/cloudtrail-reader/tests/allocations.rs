//! In the steady state a record costs no allocation: what was met before is recalled, and buffers are used again.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod support;

use serde_json::json;

use cloudtrail_reader::ObjectId;
use support::{call, gzip, object, reader, record};

#[test]
fn records_allocate_nothing() {
    let mut records: Vec<_> = (0..500).map(|number| call("GetObject", number)).collect();
    records.extend((0..500).map(|number| {
        record(&json!({
            "eventName": (["PutObject", "DeleteObject", "HeadObject"][number % 3]),
            "awsRegion": (["eu-west-1", "us-east-1"][number % 2]),
            "errorCode": (if number % 5 == 0 { "AccessDenied" } else { "SlowDown" }),
            "userAgent": "Müller \\ \" agent",
            "requestParameters": {"policy": "{\"Version\": \"2012-10-17\"}", "list": [1, {"a": [true, null]}]},
        }))
    }));
    let services = json!({"type": "AWSService", "invokedBy": "ec2.amazonaws.com", "principalId": null, "arn": null});
    records.extend((0..100).map(|_| record(&json!({ "userIdentity": services }))));
    let bytes = gzip(&object(&records));

    let reader = reader();
    let mut intake = reader.intake();
    let name = ObjectId::from("object");
    for _ in 0..2 {
        assert_eq!(intake.take_object(&name, &bytes).records, 1_100);
    }
    let again = allocation_counter::measure(|| {
        assert_eq!(intake.take_object(&name, &bytes).records, 1_100);
    });
    assert!(again.count_total <= 2, "{again:?}");
    let read = intake.finish();
    assert_eq!(read.reconciliation.records_attributed, 3_000);
    assert_eq!(read.reconciliation.records_set_aside(), 300);
    assert!(!read.reconciliation.has_faults());
}
