//! The reports on the test account against `testdata/expected/facts.json`, which was derived from
//! the contract by hand.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use std::collections::BTreeMap;
use std::path::PathBuf;

use access_advisor::account::load_account_data;
use access_advisor::catalog::Catalog;
use access_advisor::report::{Advisor, Granularity, Report, ServiceLastAccessed, Tracking};
use access_advisor::time;
use access_advisor::trail::load_trail;
use serde_json::{Map, Value, json};

fn testdata(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../testdata")
        .join(path)
}

fn advisor() -> Advisor {
    let account = load_account_data(&[testdata("account.json")]).unwrap();
    let trail = load_trail(&[testdata("trail")]).unwrap();
    let now = time::parse("2026-11-01T00:00:00Z").unwrap();
    Advisor::new(
        account,
        &trail.activity,
        Catalog::shared(),
        Tracking::aws(),
        now,
    )
    .unwrap()
}

fn namespaces(report: &Report) -> Vec<&str> {
    report.services().map(|row| row.service_namespace).collect()
}

fn expected_namespaces(fact: &Value) -> Vec<String> {
    let strings = |value: &Value| -> Vec<String> {
        value
            .as_array()
            .unwrap()
            .iter()
            .map(|v| v.as_str().unwrap().to_owned())
            .collect()
    };
    match fact.get("all_except") {
        None => strings(fact),
        Some(excepted) => {
            let excepted = strings(excepted);
            Catalog::embedded()
                .services()
                .map(|(_, service)| service.namespace().to_owned())
                .filter(|namespace| !excepted.contains(namespace))
                .collect()
        }
    }
}

/// Rows with activity, as the facts write them.
fn used<'a>(rows: impl Iterator<Item = ServiceLastAccessed<'a>>) -> Value {
    rows.filter_map(|row| {
        let fact = json!({
            "last": time::format(row.last_authenticated?),
            "entity": row.last_authenticated_entity?,
            "region": row.last_authenticated_region?,
            "total": row.total_authenticated_entities,
        });
        Some((row.service_namespace.to_owned(), fact))
    })
    .collect::<Map<String, Value>>()
    .into()
}

fn used_actions(report: &Report) -> Value {
    let mut services = Map::new();
    for row in report.services() {
        let actions: Map<String, Value> = row
            .tracked_actions_last_accessed
            .iter()
            .filter_map(|action| {
                let fact = json!({
                    "last": time::format(action.last_accessed_time?),
                    "entity": action.last_accessed_entity?,
                    "region": action.last_accessed_region?,
                });
                Some((action.action_name.to_owned(), fact))
            })
            .collect();
        if !actions.is_empty() {
            services.insert(row.service_namespace.to_owned(), actions.into());
        }
    }
    services.into()
}

#[test]
fn every_report_holds_what_was_derived_by_hand() {
    let facts: BTreeMap<String, Value> =
        serde_json::from_str(&std::fs::read_to_string(testdata("expected/facts.json")).unwrap())
            .unwrap();
    let advisor = advisor();
    let by_action: Vec<Report> = advisor.reports(Granularity::Action).collect();
    let by_service: Vec<Report> = advisor.reports(Granularity::Service).collect();
    let arns: Vec<&str> = by_action.iter().map(Report::arn).collect();
    assert_eq!(arns, facts.keys().map(String::as_str).collect::<Vec<_>>());

    for (report, coarse) in by_action.iter().zip(&by_service) {
        let arn = report.arn();
        let fact = &facts[arn];
        assert_eq!(
            namespaces(report),
            expected_namespaces(&fact["namespaces"]),
            "{arn}"
        );
        assert_eq!(used(report.services()), fact["used"], "{arn}");
        assert_eq!(used_actions(report), fact["used_actions"], "{arn}");

        let ungranted: Vec<&str> = report
            .ungranted_services_used()
            .map(|row| row.service_namespace)
            .collect();
        let expected = fact
            .get("ungranted_used")
            .cloned()
            .unwrap_or_else(|| json!([]));
        assert_eq!(json!(ungranted), expected, "{arn}");
        let rows = fact
            .get("ungranted_rows")
            .cloned()
            .unwrap_or_else(|| json!({}));
        assert_eq!(used(report.ungranted_services_used()), rows, "{arn}");
        let unknown = fact
            .get("unknown_sources")
            .cloned()
            .unwrap_or_else(|| json!({}));
        assert_eq!(used(report.unknown_event_sources()), unknown, "{arn}");
        assert_eq!(
            report.not_evaluated().is_empty(),
            fact.get("document").is_none() && !has_missing_policy(arn),
            "{arn}"
        );

        // The service level says the same of services, and nothing of actions.
        assert_eq!(namespaces(coarse), namespaces(report), "{arn}");
        assert_eq!(used(coarse.services()), used(report.services()), "{arn}");
        assert!(
            coarse
                .services()
                .all(|row| row.tracked_actions_last_accessed.is_empty())
        );
    }
}

/// `SecurityAudit`, which the export has no document of, is attached to the auditors.
fn has_missing_policy(arn: &str) -> bool {
    ["group/auditors", "user/engineering/chiara", "user/erin"]
        .iter()
        .any(|name| arn.ends_with(name))
}

#[test]
fn full_tracking_sees_more_and_hides_nothing() {
    let account = load_account_data(&[testdata("account.json")]).unwrap();
    let trail = load_trail(&[testdata("trail")]).unwrap();
    let now = time::parse("2026-11-01T00:00:00Z").unwrap();
    let catalog = Catalog::shared();
    let full = Advisor::new(account, &trail.activity, catalog, Tracking::full(), now).unwrap();
    let aws = advisor();
    for (aws, full) in aws
        .reports(Granularity::Action)
        .zip(full.reports(Granularity::Action))
    {
        assert_eq!(namespaces(&aws), namespaces(&full));
        for (aws, full) in aws.services().zip(full.services()) {
            assert!(full.last_authenticated >= aws.last_authenticated);
            assert!(full.total_authenticated_entities >= aws.total_authenticated_entities);
            let names: Vec<&str> = full
                .tracked_actions_last_accessed
                .iter()
                .map(|action| action.action_name)
                .collect();
            assert!(
                aws.tracked_actions_last_accessed
                    .iter()
                    .all(|action| names.contains(&action.action_name))
            );
        }
    }
}
