//! The work for a report is bounded, whatever the policies contain, and real policies need little of it.
//!
//! Bounds are of steps, not of time. What a step costs is measured by the bench `policies`.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use advisor_core::{
    AccountData, Activity, Advisor, EntityKind, Granularity, Reach, ReachEngine, Tracking,
};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use serde_json::{Value, json};
use service_catalog::Catalog;

const USER: &str = "arn:aws:iam::111122223333:user/one";

/// The variable with a folder of JSON files, one policy document each.
const MANAGED_POLICIES: &str = "ACCESS_ADVISOR_MANAGED_POLICIES";

fn account(statements: &Value) -> AccountData {
    let export = json!({"UserDetailList": [{
        "UserName": "one", "UserId": "AIDAEXAMPLEONEEXAMPLE", "Path": "/", "Arn": USER, "GroupList": [],
        "UserPolicyList": [{"PolicyName": "own",
            "PolicyDocument": {"Version": "2012-10-17", "Statement": statements}}],
    }]});
    AccountData::from_export("hostile", &export.to_string()).unwrap()
}

fn reach(statements: &Value) -> Reach {
    let account = account(statements);
    let engine = ReachEngine::new(&account, Catalog::shared());
    engine.reach(&account, account.resolve(USER).unwrap())
}

fn denies(resources: &[String]) -> Value {
    json!([
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": "*", "Resource": resources},
    ])
}

/// Letters between stars, different for each index.
fn between_stars(count: usize, index: usize) -> String {
    let letters = (0..count).map(|at| {
        let letter = (at * (2 * index + 1) + index * 7) % 26;
        char::from(b'a' + u8::try_from(letter).unwrap()).to_string()
    });
    letters.collect::<Vec<_>>().join("*")
}

/// How many denies, and their resources by index.
type Shape = (usize, fn(usize) -> String);

/// Each of these took seconds to minutes before: the search tried every order of the letters.
#[test]
fn letters_between_stars_are_decided() {
    let shapes: [Shape; 4] = [
        (6, |index| {
            format!("arn:aws:*:*{}*", between_stars(10, index))
        }),
        (20, |index| format!("*{}*", between_stars(60, index))),
        (20, |index| {
            format!("arn:aws:ec2:*{}:*:*", between_stars(20, index))
        }),
        (12, |index| {
            let mut words = ["prod", "secret", "customer", "payroll", "backup", "archive"];
            words.rotate_left(index % 6);
            format!("*{}*", words.join("*"))
        }),
    ];
    let everything = reach(&json!({"Effect": "Allow", "Action": "*", "Resource": "*"}));
    for (count, resource) in shapes {
        let resources: Vec<String> = (0..count).map(resource).collect();
        let reach = reach(&denies(&resources));
        println!("{}: {} steps", resources[0], reach.steps());
        assert_eq!(reach.undecided(), 0, "{}", resources[0]);
        assert!(reach.steps() < Reach::MAX_STEPS / 2, "{}", resources[0]);
        let catalog = Catalog::embedded();
        assert!(reach.actions(catalog).eq(everything.actions(catalog)));
    }
}

/// Which lengths of Region, account and resource are denied encodes a formula. Deciding it would take too long.
fn question_marks() -> Value {
    let resources: Vec<String> = (0..60_usize)
        .map(|index| {
            let marks = |prime: usize| "?".repeat(index * prime % 11);
            format!("arn:*:*:{}*:{}:*{}x*", marks(3), marks(5), marks(7))
        })
        .collect();
    let groups: Vec<Value> = (0..12)
        .map(|index| {
            let but = [
                format!("*{}*", between_stars(30, index)),
                format!("*:{}*", "?".repeat(index)),
            ];
            json!({"Effect": "Deny", "Action": "*", "NotResource": but})
        })
        .collect();
    let mut statements = groups;
    statements
        .push(json!({"Effect": "Allow", "Action": "*", "Resource": ["arn:*:*s*a*:*", "*:*"]}));
    statements.push(json!({"Effect": "Deny", "Action": "*", "Resource": resources}));
    json!(statements)
}

#[test]
fn what_is_not_decided_is_possible_and_is_reported() {
    let account = account(&question_marks());
    let catalog = Catalog::shared();
    let engine = ReachEngine::new(&account, catalog.clone());
    let user = account.resolve(USER).unwrap();
    let reach = engine.reach(&account, user);
    assert!(reach.undecided() > 0);
    assert!(reach.undecided() <= reach.actions(&catalog).count() + 1);
    assert!(reach.steps() <= Reach::MAX_STEPS);
    // From the cache it is the same.
    assert_eq!(engine.reach(&account, user), reach);

    let undecided = reach.undecided();
    let report = advisor(account).report(USER, Granularity::Service).unwrap();
    assert_eq!(report.undecided(), undecided);
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["Undecided"], undecided);
}

#[test]
fn the_policies_that_grant_services_are_found_within_a_budget() {
    // No ARN of a service matches one of these, but it takes many steps to see that.
    let resources: Vec<String> = (0..20)
        .map(|index| format!("arn:{}", "?a".repeat(700 + index)))
        .collect();
    let hostile = account(&json!({"Effect": "Allow", "Action": "*", "Resource": resources}));
    let all: Vec<&str> = Catalog::embedded()
        .services()
        .map(|(_, service)| service.namespace())
        .take(200)
        .collect();
    let rows = advisor(hostile).policies_granting(USER, &all).unwrap();
    let (decided, undecided): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row.undecided == 0);
    println!("{} decided, {} undecided", decided.len(), undecided.len());
    assert!(!undecided.is_empty());
    for row in undecided {
        assert_eq!((row.undecided, row.policies.len()), (1, 1));
        assert_eq!(serde_json::to_value(row).unwrap()["Undecided"], 1);
    }

    let plain = account(&json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*"}));
    let rows = advisor(plain)
        .policies_granting(USER, &["ec2", "s3"])
        .unwrap();
    let granting: Vec<_> = rows.iter().map(|row| row.policies.len()).collect();
    assert_eq!(granting, [0, 1]);
    assert!(rows.iter().all(|row| row.undecided == 0));
    assert!(
        serde_json::to_value(&rows[0])
            .unwrap()
            .get("Undecided")
            .is_none()
    );
}

fn advisor(account: AccountData) -> Advisor {
    let now = "2026-09-02T00:00:00Z".parse().unwrap();
    let (activity, catalog) = (Activity::new(), Catalog::shared());
    Advisor::new(account, &activity, catalog, Tracking::aws(), now).unwrap()
}

/// Strings that are expensive to tell apart.
fn resource() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "*", "?", "**", "*?", "a", "b", "x", "0", ":", "/", "-", "*a", "a*", "??", "*?a",
    ]);
    let pieces = prop::collection::vec(piece, 1..40).prop_map(|pieces| pieces.concat());
    let prefix = prop::sample::select(vec!["", "arn:", "arn:aws:", "arn:*:*:", "arn:aws:ec2:*:"]);
    (prefix, pieces).prop_map(|(prefix, pieces)| format!("{prefix}{pieces}"))
}

fn action() -> impl Strategy<Value = String> {
    let service = prop::sample::select(vec!["ec2", "s3", "iam", "sagemaker"]);
    let name = prop::sample::select(vec![
        "*",
        "*a*e*",
        "?*t",
        "*s",
        "Describe*",
        "*?e?*",
        "Get*",
    ]);
    prop_oneof![
        2 => Just("*".to_owned()),
        1 => (service, name).prop_map(|(service, name)| format!("{service}:{name}")),
    ]
}

fn statement() -> impl Strategy<Value = Value> {
    (
        prop::bool::weighted(0.3),
        prop::bool::weighted(0.3),
        prop::bool::weighted(0.2),
        prop::collection::vec(action(), 1..4),
        prop::collection::vec(resource(), 1..12),
    )
        .prop_map(
            |(is_allow, is_not_resource, is_not_action, actions, resources)| {
                json!({
                    "Effect": if is_allow { "Allow" } else { "Deny" },
                    if is_not_action { "NotAction" } else { "Action" }: actions,
                    if is_not_resource { "NotResource" } else { "Resource" }: resources,
                })
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))), ..ProptestConfig::default() })]

    #[test]
    fn work_is_bounded_and_does_not_depend_on_the_cache(statements in prop::collection::vec(statement(), 1..40)) {
        let mut statements = statements;
        statements.push(json!({"Effect": "Allow", "Action": "*", "Resource": "*"}));
        let account = account(&json!(statements));
        let engine = ReachEngine::new(&account, Catalog::shared());
        let user = account.resolve(USER).unwrap();
        let first = engine.reach(&account, user);
        prop_assert!(first.steps() <= Reach::MAX_STEPS, "{} steps", first.steps());
        prop_assert_eq!(&engine.reach(&account, user), &first);
    }
}

/// Asserts that everything in an account is decided, with a small part of the budget. Returns the most steps of
/// one entity.
fn assert_decided(account: &AccountData) -> u64 {
    let engine = ReachEngine::new(account, Catalog::shared());
    let steps = account.entities().map(|(id, detail)| {
        let reach = engine.reach(account, id);
        assert_eq!(
            reach.undecided(),
            0,
            "{}: {} steps",
            detail.arn,
            reach.steps()
        );
        assert!(
            reach.steps() < Reach::MAX_STEPS / 10,
            "{}: {} steps",
            detail.arn,
            reach.steps()
        );
        reach.steps()
    });
    steps.max().unwrap_or_default()
}

#[test]
fn real_accounts_are_decided() {
    let testdata = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/account.json");
    let text = std::fs::read_to_string(testdata).unwrap();
    let steps = assert_decided(&AccountData::from_export("test account", &text).unwrap());
    println!("test account: at most {steps} steps");

    let export = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data/account-export-200611803367.json.xz");
    if !export.is_file() {
        println!("real account: skipped, there is no shared/data beside the checkout");
        return;
    }
    let unpacked = std::process::Command::new("xz")
        .arg("-dkc")
        .arg(export)
        .output()
        .unwrap();
    let text = String::from_utf8(unpacked.stdout).unwrap();
    let steps = assert_decided(&AccountData::from_export("real account", &text).unwrap());
    println!("real account: at most {steps} steps");
}

#[test]
fn managed_policies_are_decided() {
    let Some(folder) = std::env::var_os(MANAGED_POLICIES) else {
        println!("skipped: {MANAGED_POLICIES} names no folder of policy documents");
        return;
    };
    let policies: Vec<Value> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let document: Value =
                serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            json!({"PolicyName": name, "PolicyId": format!("ANPA{name}"), "DefaultVersionId": "v1",
                "Arn": format!("arn:aws:iam::aws:policy/{name}"),
                "PolicyVersionList": [{"VersionId": "v1", "IsDefaultVersion": true, "Document": document}]})
        })
        .collect();
    let export = json!({"Policies": policies}).to_string();
    let account = AccountData::from_export("managed policies", &export).unwrap();
    let is_policy = |kind| kind == EntityKind::Policy;
    let count = account
        .entities()
        .filter(|(_, detail)| is_policy(detail.kind))
        .count();
    assert_eq!(count, policies.len());
    let steps = assert_decided(&account);
    println!("{count} managed policies: at most {steps} steps");
}
