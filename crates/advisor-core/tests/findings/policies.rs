//! Findings on policies and groups.

use serde_json::json;

use crate::covered;
use crate::world::ACCOUNT;

fn attached(name: &str) -> serde_json::Value {
    let arn = format!("arn:aws:iam::{ACCOUNT}:policy/{name}");
    json!({"AttachedManagedPolicies": [{"PolicyName": name, "PolicyArn": arn}]})
}

#[test]
fn a_policy_is_unused_when_nobody_used_any_of_it() {
    let world = covered()
        .policy("Queues", &["batch:DescribeJobs"], &json!({}))
        .policy("Topics", &["dlm:GetLifecyclePolicies"], &json!({}))
        .role("worker", &{
            let mut both = attached("Queues");
            let list = both["AttachedManagedPolicies"].as_array_mut().unwrap();
            list.push(attached("Topics")["AttachedManagedPolicies"][0].clone());
            both
        })
        .role("other", &attached("Queues"))
        .call("other", "batch:DescribeJobs", 150);
    assert_eq!(
        world.kinds(),
        ["UnusedIAMRole worker: low", "UnusedPolicy Topics: low",]
    );
}

#[test]
fn boundaries_are_not_unattached() {
    let world = covered()
        .policy("Old", &["sqs:*"], &json!({}))
        .policy(
            "Boundary",
            &["sqs:*"],
            &json!({"PermissionsBoundaryUsageCount": 1}),
        )
        .policy("Elsewhere", &["sqs:*"], &json!({"AttachmentCount": 2}))
        .policy(
            "Young",
            &["sqs:*"],
            &json!({"CreateDate": "2026-07-01T00:00:00Z"}),
        );
    assert_eq!(world.kinds(), ["UnattachedPolicy Old: informational"]);
}

#[test]
fn groups_without_members_are_empty_if_the_export_has_users() {
    let world = covered().group("nobody", &json!({}));
    assert_eq!(world.kinds(), [""; 0]);
    let world = world
        .group("some", &json!({}))
        .user("ann", &json!({"GroupList": ["some"]}));
    assert_eq!(world.kinds(), ["EmptyGroup nobody: informational"]);
}
