//! Findings on the test account: they say what reports say, no more and no less.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use access_advisor::account::{EntityKind, load_account_data};
use access_advisor::catalog::Catalog;
use access_advisor::findings::{FindingKind, FindingSettings};
use access_advisor::report::{Advisor, Granularity, State, Tracking};
use access_advisor::time;
use access_advisor::trail::load_trail;

fn testdata(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../testdata")
        .join(name)
}

#[test]
fn findings_are_what_reports_call_unused() {
    let account = load_account_data(&[testdata("account.json")]).unwrap();
    let trail = load_trail(&[testdata("trail")]).unwrap();
    let now = time::parse("2026-11-01T00:00:00Z").unwrap();
    let tracking = Tracking::full().period_days(90).min_coverage_days(10);
    let start = tracking.period_start(now).unwrap();
    let advisor = Advisor::new(account, &trail.activity, Catalog::shared(), tracking, now).unwrap();
    let settings = FindingSettings::new().min_coverage_days(10);

    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let findings = advisor.findings(&settings);
    for finding in &findings.findings {
        let is_about_all = matches!(
            finding.kind,
            FindingKind::UnusedPermission | FindingKind::UnusedIamRole | FindingKind::UnusedIamUser
        );
        if !is_about_all {
            continue;
        }
        let names = found.entry(finding.resource.to_string()).or_default();
        names.extend(finding.listed_actions());
        names.extend(finding.whole_services().map(str::to_owned));
    }
    let mut compared = 0;
    for (entity, detail) in advisor.account().entities() {
        let is_identity = matches!(detail.kind, EntityKind::User | EntityKind::Role);
        let is_judged = detail.created.is_some_and(|created| created <= start)
            && !detail.path.starts_with("/aws-service-role/");
        let mut unused: BTreeSet<String> = BTreeSet::new();
        let report = advisor.report_on(entity, Granularity::Action);
        for service in report.services().filter(|_| is_identity && is_judged) {
            if service.state == Some(State::Unused) {
                unused.insert(service.service_namespace.to_owned());
                continue;
            }
            let actions = service.tracked_actions_last_accessed.iter();
            let actions = actions.filter(|action| action.state == Some(State::Unused));
            unused.extend(
                actions
                    .map(|action| format!("{}:{}", service.service_namespace, action.action_name)),
            );
        }
        compared += unused.len();
        let found = found.remove(&*detail.arn).unwrap_or_default();
        assert_eq!(found, unused, "{}", detail.arn);
    }
    assert!(compared > 10_000, "{compared}");
    assert_eq!(found.len(), 0);
}

#[test]
fn ids_stay_the_same_and_differ() {
    let account = load_account_data(&[testdata("account.json")]).unwrap();
    let trail = load_trail(&[testdata("trail")]).unwrap();
    let ids = |now: &str| {
        let now = time::parse(now).unwrap();
        let advisor = Advisor::new(
            account.clone(),
            &trail.activity,
            Catalog::shared(),
            Tracking::aws(),
            now,
        );
        let findings = advisor.unwrap().findings(&FindingSettings::default());
        let ids = findings.findings.iter().map(|finding| finding.id);
        let ids: BTreeSet<_> = ids.collect();
        assert_eq!(ids.len(), findings.findings.len());
        ids
    };
    assert_eq!(ids("2026-11-01T00:00:00Z"), ids("2026-11-02T00:00:00Z"));
}

#[test]
fn accounts_are_summed_up_one_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let export = std::fs::read_to_string(testdata("account.json")).unwrap();
    let mut other = export.replace("111122223333", "444455556666");
    for prefix in ["AIDA", "AROA", "AGPA", "ANPA"] {
        other = other.replace(&format!("\"{prefix}"), &format!("\"{prefix}X"));
    }
    std::fs::write(folder.path().join("a.json"), export).unwrap();
    std::fs::write(folder.path().join("b.json"), other).unwrap();
    let account = load_account_data(&[folder.path()]).unwrap();
    let trail = load_trail(&[testdata("trail")]).unwrap();
    let now = time::parse("2026-11-01T00:00:00Z").unwrap();
    let catalog = Catalog::shared();
    let advisor = Advisor::new(account, &trail.activity, catalog, Tracking::full(), now).unwrap();
    let settings = FindingSettings::new().min_coverage_days(10);
    let findings = advisor.findings(&settings);
    let summary = findings.summary();
    let accounts: Vec<_> = (summary.accounts.iter())
        .map(|one| (one.account.as_str(), one.unused_actions > 10_000))
        .collect();
    // Nothing of the other account's trail was read.
    assert_eq!(accounts, [("111122223333", true), ("444455556666", false)]);
    assert_eq!(summary.accounts[1].unused_services, 0);
    let [first, ..] = &summary.identities[..] else {
        panic!()
    };
    assert!(
        first.resource.contains("AWSReservedSSO_Administrator"),
        "{first:?}"
    );
    // Equal names, and other unique ids: other findings.
    let ids: BTreeSet<_> = findings.findings.iter().map(|finding| finding.id).collect();
    assert_eq!(ids.len(), findings.findings.len());
}
