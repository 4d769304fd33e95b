//! CloudTrail objects, other forms of records, and activity files.

use std::sync::LazyLock;

use advisor_core::Activity;
use cloudtrail_reader::{Parser, ReadOptions, Reconciliation, TrailReader};
use service_catalog::Catalog;

static PROJECTED: LazyLock<TrailReader> = LazyLock::new(|| reader(Parser::Projected));
static REFERENCE: LazyLock<TrailReader> = LazyLock::new(|| reader(Parser::Reference));

fn reader(parser: Parser) -> TrailReader {
    let options = ReadOptions::new().parser(parser).object_limit(1 << 20);
    TrailReader::new(Catalog::shared(), options)
}

fn read(reader: &TrailReader, data: &[u8]) -> (Activity, Reconciliation) {
    let mut activity = Activity::new();
    let reconciliation = reader.read_bytes("object", data, &mut activity);
    assert!(reconciliation.adds_up(), "{reconciliation}");
    (activity, reconciliation)
}

/// Both parsers read the same, when the whole object is right.
pub(crate) fn object(data: &[u8]) {
    let (activity, reconciliation) = read(&PROJECTED, data);
    let (expected_activity, expected) = read(&REFERENCE, data);
    // In objects and lists that do not count, the projected parser does not check the full grammar.
    if !expected.has_faults() {
        assert_eq!(reconciliation, expected);
        assert!(activity == expected_activity);
    }
}

/// A `userIdentity` as engines print it, in a table and as text in JSON.
pub(crate) fn record_text(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let quoted = text.replace('"', "\"\"");
    let table = format!(
        "eventversion,useridentity,eventtime,eventsource,eventname,awsregion,eventid,eventtype\n1.11,\"{quoted}\",\
         2026-10-01T12:00:00Z,s3.amazonaws.com,ListBuckets,eu-west-1,00000000-0000-4000-8000-000000000000,AwsApiCall\n"
    );
    _ = read(&PROJECTED, table.as_bytes());
    let message = serde_json::json!({ "message": text }).to_string();
    _ = read(&PROJECTED, message.as_bytes());
}

/// An activity table as CSV.
pub(crate) fn activity_csv(data: &[u8]) {
    _ = read(&PROJECTED, data);
}

/// An activity table, or records, as Parquet.
pub(crate) fn activity_parquet(data: &[u8]) {
    _ = read(&PROJECTED, data);
}
