//! Explaining policies that were written to be expensive ends soon, and agrees with reach.
#![allow(clippy::expect_used, clippy::unwrap_used)]

use std::time::{Duration, Instant};

use advisor_core::{AccountData, Activity, Advisor, Tracking};
use serde_json::{Value, json};
use service_catalog::Catalog;

const ROLE: &str = "arn:aws:iam::123456789012:role/app";

fn advisor(statements: &[Value]) -> Advisor {
    let export = json!({"RoleDetailList": [{
        "RoleName": "app", "RoleId": "AROAAPP", "Arn": ROLE,
        "RolePolicyList": [{"PolicyName": "p", "PolicyDocument": {"Version": "2012-10-17", "Statement": statements}}],
    }]});
    let account = AccountData::from_export("generated", &export.to_string()).unwrap();
    let (nothing, now) = (Activity::default(), chrono::DateTime::default());
    Advisor::new(account, &nothing, Catalog::shared(), Tracking::aws(), now).unwrap()
}

fn statement(effect: &str, actions: &[String], resources: &[String]) -> Value {
    json!({"Effect": effect, "Action": actions, "Resource": resources})
}

#[test]
fn many_allows_beside_a_deny_are_explained_soon() {
    let all = ["*".to_owned()];
    let mut statements = vec![statement("Deny", &all, &["*zzzz".to_owned()])];
    statements.extend((0..15_000).map(|index| statement("Allow", &all, &[format!("*{index:05}")])));
    let advisor = advisor(&statements);
    let start = Instant::now();
    let explanation = advisor.explain(ROLE, "s3", None).unwrap();
    assert_eq!(explanation.allows.len(), 15_000);
    assert!(explanation.granted);
    // 5 s in a debug build, and 16 s when each statement was looked for among all of them.
    assert!(start.elapsed() < Duration::from_secs(60));
}

#[test]
fn hostile_policies_are_explained_soon_and_agree_with_reach() {
    let stars = |letter: &str, number: usize| -> Vec<String> {
        let text = |index| {
            format!(
                "arn:aws:s3:::*{}*{index}*?*",
                format!("{letter}*").repeat(20)
            )
        };
        (0..number).map(text).collect()
    };
    let all = ["s3:*".to_owned()];
    let actions: Vec<String> = (0..3_000)
        .map(|index| format!("ec2:*a*e*{index}*?*"))
        .collect();
    let everything = ["*".to_owned()];
    let hostile = [
        vec![
            statement("Allow", &all, &stars("a", 300)),
            statement("Deny", &all, &stars("b", 300)),
        ],
        (0..2_000)
            .flat_map(|index| {
                let resource = [format!("arn:aws:s3:::{index}*?{index}*/*")];
                [
                    statement("Allow", &all, &resource),
                    statement("Deny", &all, &resource),
                ]
            })
            .collect(),
        vec![
            statement("Allow", &actions, &everything),
            statement("Deny", &actions, &everything),
        ],
    ];
    for statements in hostile {
        let advisor = advisor(&statements);
        for asked in ["s3", "s3:GetObject", "ec2", "ec2:RunInstances"] {
            let start = Instant::now();
            let explanation = advisor.explain(ROLE, asked, None).unwrap();
            // All twelve take 2 s in a debug build. Unbounded work takes minutes to years.
            assert!(start.elapsed() < Duration::from_secs(30), "{asked}");
            let reach = advisor.reach(ROLE).unwrap();
            if !explanation.undecided && reach.undecided() == 0 {
                let catalog = Catalog::embedded();
                let service = catalog.service_by_namespace(explanation.service).unwrap();
                let granted = match explanation.action {
                    Some(name) => reach.contains(catalog.action_by_name(service, name).unwrap()),
                    None => reach.actions_of(catalog, service).next().is_some(),
                };
                assert_eq!(explanation.granted, granted, "{asked}");
            }
        }
    }
}
