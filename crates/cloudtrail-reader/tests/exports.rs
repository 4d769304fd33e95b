//! What searches, queries and queues export: records in their wrappers, and results that were cut.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod support;

use advisor_core::{Activity, CreditedAction};
use cloudtrail_reader::{ReadOptions, Reconciliation, TrailReader, Truncation};
use serde_json::{Value, json};
use service_catalog::Catalog;

use support::{
    call, calls, faults, insight, lines, lookup, object, record, rows, set_aside, take, take_with,
};

/// Each call in this wrapper.
fn each(wrap: impl Fn(&Value) -> Value) -> Vec<Value> {
    calls().iter().map(wrap).collect()
}

fn csv(header: &[&str], row: impl Fn(&Value) -> Vec<String>) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(header).unwrap();
    for call in calls() {
        writer.write_record(row(&call)).unwrap();
    }
    writer.into_inner().unwrap()
}

/// A message of SNS in the body of one of SQS.
fn queued(text: &str) -> Value {
    let message = json!({
        "Type": "Notification",
        "MessageId": "00000000-0000-4000-8000-0000000000cc",
        "TopicArn": "arn:aws:sns:eu-central-1:111122223333:trail",
        "Message": text,
        "Timestamp": "2026-10-01T12:00:00.000Z",
    });
    json!({
        "MessageId": "00000000-0000-4000-8000-0000000000dd",
        "ReceiptHandle": "AQEB",
        "MD5OfBody": "00",
        "Body": message.to_string(),
    })
}

fn insights_row(fields: &[(&str, &str)]) -> Value {
    let fields = fields.iter();
    fields
        .map(|(field, value)| json!({"field": field, "value": value}))
        .collect()
}

fn insights(rows: &[Value], matched: f64, status: &str) -> Value {
    json!({
        "results": rows,
        "statistics": {"recordsMatched": matched, "recordsScanned": 10.0, "bytesScanned": 1.0},
        "status": status,
        "queryLanguage": "CWLI",
    })
}

fn search(documents: &[Value], total: &Value) -> Value {
    let hits = documents
        .iter()
        .map(|document| json!({"_source": document}));
    json!({"took": 1, "hits": {"total": total, "hits": hits.collect::<Vec<_>>()}})
}

/// The three calls, in each export.
fn exports() -> Vec<(&'static str, Vec<u8>)> {
    let raw = |call: &Value| json!({"_raw": call.to_string(), "_time": "2026-10-01", "host": "h"});
    let text = |value: &Value| value.to_string().into_bytes();
    let event = |call: &Value| json!({"detail-type": "AWS API Call via CloudTrail", "source": "aws.s3", "detail": call});
    let queued_calls = each(|call| queued(&call.to_string()));
    let parameters = |call: &Value| {
        insights_row(&[
            ("@timestamp", "2026-10-01 12:00:00.000"),
            ("@message", &call.to_string()),
            ("@ptr", "Cl0K"),
        ])
    };
    let bodies: String = each(|call| json!(queued(&call.to_string())["Body"]))
        .iter()
        .map(|body| format!("{body}\n"))
        .collect();
    vec![
        (
            "Splunk's export",
            lines(&each(
                |call| json!({"preview": false, "offset": 0, "result": raw(call)}),
            )),
        ),
        (
            "a search of Splunk",
            text(
                &json!({"preview": false, "init_offset": 0, "messages": [], "results": each(raw)}),
            ),
        ),
        ("raw events of Splunk", lines(&each(raw))),
        (
            "parsed events of Splunk",
            lines(&each(|call| json!({"result": {"_raw": call}}))),
        ),
        (
            "a CSV of Splunk",
            csv(&["_serial", "_time", "source", "_raw"], |call| {
                vec![
                    "0".into(),
                    "2026-10-01".into(),
                    "s3".into(),
                    call.to_string(),
                ]
            }),
        ),
        (
            "a CSV of raw events only",
            csv(&["_raw"], |call| vec![call.to_string()]),
        ),
        (
            "a CSV of Grafana",
            csv(&["Date", "Time", "Line", "tsNs", "id"], |call| {
                vec![
                    "2026-10-01T12:00:00.000Z".into(),
                    "1790856000000".into(),
                    call.to_string(),
                    "1790856000000000000".into(),
                    "1790856000000000000_0a1b2c3d".into(),
                ]
            }),
        ),
        ("SQS", text(&json!({"Messages": queued_calls}))),
        ("messages of SQS", lines(&queued_calls)),
        ("a list of them", text(&json!(queued_calls))),
        ("bodies, as jq prints them", bodies.into_bytes()),
        (
            "SNS",
            lines(&each(|call| json!({"Message": call.to_string()}))),
        ),
        (
            "EventBridge to SNS to SQS",
            lines(&each(|call| queued(&event(call).to_string()))),
        ),
        (
            "an object in SQS",
            text(&queued(&json!({"Records": calls()}).to_string())),
        ),
        (
            "a subscription of CloudWatch Logs in a line",
            lines(&[json!({"message": json!({
                "messageType": "DATA_MESSAGE",
                "logEvents": each(|call| json!({"id": "0", "timestamp": 0, "message": call.to_string()})),
            }).to_string()})]),
        ),
        (
            "CloudWatch Logs Insights",
            text(&insights(&each(parameters), 3.0, "Complete")),
        ),
        (
            "a CSV of CloudWatch Logs Insights",
            csv(&["@timestamp", "@message"], |call| {
                vec!["2026-10-01 12:00:00.000".into(), call.to_string()]
            }),
        ),
        (
            "columns of CloudWatch Logs Insights",
            text(&insights(
                &each(|call| {
                    let identity = &call["userIdentity"];
                    let fields = [
                        ("eventTime", &call["eventTime"]),
                        ("eventSource", &call["eventSource"]),
                        ("eventName", &call["eventName"]),
                        ("eventID", &call["eventID"]),
                        ("awsRegion", &call["awsRegion"]),
                        ("userIdentity.type", &identity["type"]),
                        ("userIdentity.principalId", &identity["principalId"]),
                        ("userIdentity.arn", &identity["arn"]),
                        ("userIdentity.accountId", &identity["accountId"]),
                    ];
                    insights_row(&fields.map(|(name, value)| (name, value.as_str().unwrap())))
                }),
                3.0,
                "Complete",
            )),
        ),
        (
            "records that kept only @timestamp",
            lines(&each(|call| {
                let mut call = call.clone();
                let time = call.as_object_mut().unwrap().remove("eventTime");
                call["@timestamp"] = time.unwrap();
                call
            })),
        ),
        (
            "a search for these",
            text(&search(
                &each(|call| {
                    let mut call = call.clone();
                    let time = call.as_object_mut().unwrap().remove("eventTime");
                    call["@timestamp"] = time.unwrap();
                    call
                }),
                &json!({"value": 3, "relation": "eq"}),
            )),
        ),
        (
            "a search of an old version",
            text(&search(&calls(), &json!(3))),
        ),
        (
            "a CSV of documents",
            csv(&["@timestamp", "event.original"], |call| {
                vec!["2026-10-01".into(), call.to_string()]
            }),
        ),
        (
            "a CSV without eventType",
            csv(
                &[
                    "eventTime",
                    "eventSource",
                    "eventName",
                    "eventID",
                    "awsRegion",
                    "userIdentity",
                ],
                |call| {
                    [
                        "eventTime",
                        "eventSource",
                        "eventName",
                        "eventID",
                        "awsRegion",
                    ]
                    .map(|name| call[name].as_str().unwrap().to_owned())
                    .into_iter()
                    .chain([call["userIdentity"].to_string()])
                    .collect()
                },
            ),
        ),
    ]
}

/// The activity without coverage and what the parameters of calls would tell: columns that were selected can lack them.
fn by_name(activity: &Activity) -> Activity {
    let mut rows = Activity::new();
    for row in activity.rows() {
        if let CreditedAction::Action(_) | CreditedAction::Event(_) = row.action {
            assert!(rows.add_row(&row));
        }
    }
    rows
}

#[test]
fn every_export_makes_the_same_table() {
    let expected = take(&[object(&calls())]);
    for (export, bytes) in exports() {
        let taken = take(&[&bytes]);
        assert_eq!(faults(&taken), [""; 0], "{export}");
        let (taken_rows, expected_rows) = (by_name(&taken.activity), by_name(&expected.activity));
        assert_eq!(rows(&taken_rows), rows(&expected_rows), "{export}");
        assert_eq!(taken_rows, expected_rows, "{export}");
        assert_eq!(taken.reconciliation.records_read, 3, "{export}");
        assert_eq!(taken.reconciliation.objects_truncated, [], "{export}");
    }
}

#[test]
fn wrappers_of_something_else_are_named() {
    for (text, fault) in [
        (
            queued(r#"{"s3Bucket":"trail","s3ObjectKey":["x"]}"#).to_string(),
            "object: record 1: malformed: no userIdentity",
        ),
        (
            r#"{"result":{"_raw":"started","host":"h"}}"#.into(),
            "object: not CloudTrail: no Records, no Events, and not a record itself",
        ),
        (
            r#"{"results":[{"host":"h"}]}"#.into(),
            "object: record 1: malformed: no userIdentity",
        ),
        (
            "_raw,host\nstarted,h\n".into(),
            "object: record 1: malformed: not an object",
        ),
        (
            r#"{"labels":{"app":"web"},"line":"started","timestamp":"2026-10-01T12:00:00Z"}"#
                .into(),
            "object: not CloudTrail: no Records, no Events, and not a record itself",
        ),
        (
            "Time,Line\n1790856000000,started\n".into(),
            "object: record 1: malformed: not an object",
        ),
    ] {
        assert_eq!(faults(&take(&[&text])), [fault], "{text}");
    }
}

#[test]
fn a_time_of_its_own_wins_over_a_timestamp() {
    let expected = take(&[object(&[call("GetObject", 1)])]);
    let mut both = call("GetObject", 1);
    both["@timestamp"] = json!("2026-11-01T00:00:00Z");
    assert_eq!(take(&[object(&[both])]).activity, expected.activity);
    let neither = record(&json!({"eventTime": null, "@timestamp": 7}));
    let taken = take(&[object(&[neither])]);
    assert_eq!(
        faults(&taken),
        ["object: record 1: malformed: no eventTime"]
    );
}

fn truncation(bytes: impl AsRef<[u8]>) -> Option<Truncation> {
    let mut reconciliation = take(&[bytes]).reconciliation;
    assert!(reconciliation.objects_truncated.len() <= 1);
    let truncated = reconciliation.objects_truncated.pop()?;
    assert_eq!(truncated.object.to_string(), "object");
    Some(truncated.truncation)
}

#[test]
fn cut_results_are_truncated() {
    let with = |mut page: Value, key: &str, value: Value| {
        page[key] = value;
        page.to_string()
    };
    let whole = lookup(&calls()).to_string();
    let cut = with(lookup(&calls()), "NextToken", json!("eyJ"));
    let next = Some(Truncation::NextPage);
    assert_eq!(truncation(&whole), None);
    assert_eq!(truncation(&cut), next);
    // The pages of one result.
    assert_eq!(truncation(format!("{cut}\n{cut}\n{whole}")), None);
    assert_eq!(truncation(format!("{cut}\n{cut}")), next);
    assert_eq!(truncation(format!("{whole}{cut}")), next);
    // Of two results one is cut.
    assert_eq!(truncation(format!("{whole}\n{cut}\n{whole}")), next);
    assert_eq!(
        truncation(with(lookup(&calls()), "NextToken", json!(null))),
        None
    );

    let logs = json!({
        "events": each(|call| json!({"message": call.to_string()})),
        "searchedLogStreams": [],
    });
    assert_eq!(truncation(logs.to_string()), None);
    assert_eq!(truncation(with(logs, "nextToken", json!("x"))), next);
    let stream = |events: &[Value]| {
        json!({"events": events, "nextForwardToken": "f/1", "nextBackwardToken": "b/1"}).to_string()
    };
    let page = stream(&each(|call| json!({"message": call.to_string()})));
    assert_eq!(truncation(&page), Some(Truncation::OnePage));
    assert_eq!(truncation(format!("{page}{}", stream(&[]))), None);

    let lake = |status: &str| {
        let rows = each(|call| json!([{"eventJson": call.to_string()}]));
        json!({"QueryStatus": status, "QueryResultRows": rows})
    };
    let status = |status: &str| Some(Truncation::QueryStatus(status.into()));
    assert_eq!(truncation(lake("FINISHED").to_string()), None);
    assert_eq!(
        truncation(with(lake("FINISHED"), "NextToken", json!("x"))),
        next
    );
    assert_eq!(truncation(lake("RUNNING").to_string()), status("RUNNING"));
    assert_eq!(
        truncation(json!({"QueryStatus": "FAILED", "QueryResultRows": []}).to_string()),
        status("FAILED")
    );

    let rows = each(|call| insights_row(&[("@message", &call.to_string())]));
    let held = |held, found| Some(Truncation::Rows { held, found });
    assert_eq!(
        truncation(insights(&rows, 3.0, "Complete").to_string()),
        None
    );
    assert_eq!(
        truncation(insights(&rows, 8.0, "Complete").to_string()),
        held(3, 8)
    );
    assert_eq!(
        truncation(insights(&rows, 3.0, "Running").to_string()),
        status("Running")
    );
    let some = search(&calls(), &json!({"value": 10_000, "relation": "gte"}));
    assert_eq!(truncation(some.to_string()), held(3, 10_000));
    let pages = calls().map(|call| search(&[call], &json!(3)).to_string());
    assert_eq!(truncation(pages.concat()), None);
}

#[test]
fn truncated_objects_are_named() {
    let mut page = lookup(&calls());
    page["NextToken"] = json!("eyJ");
    let taken = take(&[page.to_string()]).reconciliation;
    assert!(taken.has_faults());
    assert_eq!(
        taken.to_string(),
        "1 object read, 1 TRUNCATED\n\
         TRUNCATED: object: it has a NextToken: more pages follow\n\
         3 records = 3 attributed + 0 set aside"
    );
    let json = serde_json::to_string(&taken).unwrap();
    assert_eq!(
        serde_json::from_str::<Reconciliation>(&json).unwrap(),
        taken
    );
}

/// An aggregated event, as `CloudTrail-Aggregated/` has them.
fn aggregated() -> Value {
    json!({
        "eventVersion": "1.0",
        "accountId": "111122223333",
        "eventId": "0c6f2a51-3a1e-4d0f-9b57-6f0e5a2d7c11",
        "eventCategory": "Aggregated",
        "eventType": "AwsAggregatedEvent",
        "awsRegion": "eu-north-1",
        "eventSource": "dynamodb.amazonaws.com",
        "timeWindow": {
            "windowStart": "2026-10-05T08:10:00Z",
            "windowEnd": "2026-10-05T08:15:00Z",
            "windowSize": "PT5M",
        },
        "summary": {"primaryDimension": {
            "dimension": "eventName",
            "statistics": [{"name": "GetItem", "value": 42}],
            "aggregationType": "Count",
        }},
    })
}

#[test]
fn summaries_and_network_activity_are_no_calls() {
    let network =
        |kind: &str| record(&json!({"eventType": kind, "eventCategory": "NetworkActivity"}));
    let records = [
        aggregated(),
        network("AwsVpceEvent"),
        network("AwsVpceEvents"),
    ];
    for bytes in [
        object(&records),
        lines(&records),
        // Objects of aggregated events have a list at the top.
        json!(records).to_string().into_bytes(),
    ] {
        let taken = take(&[bytes]);
        assert_eq!(
            set_aside(&taken),
            [
                "1 not an API call: AwsAggregatedEvent",
                "1 not an API call: AwsVpceEvent",
                "1 not an API call: AwsVpceEvents",
            ]
        );
        // Alone they tell nothing about what was not called.
        assert!(taken.reconciliation.is_empty());
        assert!(taken.activity.is_empty());
    }
    let taken = take(&[object(&[aggregated(), insight(), call("GetObject", 1)])]);
    assert!(!taken.reconciliation.is_empty());
    assert_eq!(taken.reconciliation.records_attributed, 1);
}

/// Whoever made these may have filtered them; only what CloudTrail delivers is known to have all records of its days.
#[test]
fn results_that_may_be_filtered_cover_no_day() {
    let calls = calls();
    for (name, bytes, is_delivered) in [
        ("delivered", object(&calls), true),
        ("lookup", lookup(&calls).to_string().into_bytes(), false),
        ("lines", lines(&calls), false),
        (
            "hits",
            {
                let hits = calls.each_ref().map(|call| json!({"_source": call}));
                let hits = json!({"hits": {"total": {"value": 3}, "hits": hits}});
                hits.to_string().into_bytes()
            },
            false,
        ),
    ] {
        for assume_complete in [false, true] {
            let options = ReadOptions::new().assume_complete(assume_complete);
            let reader = TrailReader::new(Catalog::shared(), options);
            let read = take_with(&reader, &[&bytes]);
            assert_eq!(read.reconciliation.records_attributed, 3, "{name}");
            let coverage = read.activity.coverage();
            let is_known = is_delivered || assume_complete;
            assert_eq!(coverage.has_unknown_sources(), !is_known, "{name}");
            assert_eq!(coverage.is_empty(), !is_known, "{name}");
        }
    }
}

/// A line that CloudTrail did not deliver covers nothing, whatever stands before or after it; what CloudTrail delivered does.
#[test]
fn records_beside_a_delivered_object_cover_no_day() {
    let calls = calls();
    let beside = |delivered: &[u8]| {
        let text = [delivered, b"\n", &lines(&calls)].concat();
        let read = take_with(
            &TrailReader::new(Catalog::shared(), ReadOptions::new()),
            &[&text],
        );
        let coverage = read.activity.coverage();
        assert!(coverage.has_unknown_sources());
        coverage.records().count()
    };
    assert_eq!(beside(&object(&[])), 0);
    let delivered = take_with(
        &TrailReader::new(Catalog::shared(), ReadOptions::new()),
        &[&object(&calls[..1])],
    );
    let count = delivered.activity.coverage().records().count();
    assert!(count > 0);
    assert_eq!(beside(&object(&calls[..1])), count);
}
