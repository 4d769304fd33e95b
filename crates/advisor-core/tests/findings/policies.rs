//! Findings on policies and groups.

use serde_json::json;

use crate::covered;
use crate::world::{ACCOUNT, allow};

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

#[test]
fn inline_policies_are_unused_one_by_one() {
    let inline =
        |name: &str, action: &str| json!({"PolicyName": name, "PolicyDocument": allow(&[action])});
    let world = covered()
        .role(
            "worker",
            &json!({"RolePolicyList": [
                inline("queues", "batch:DescribeJobs"),
                inline("topics", "dlm:GetLifecyclePolicies"),
                // The role has it by the first one too.
                inline("again", "batch:DescribeJobs"),
            ]}),
        )
        .group(
            "team",
            &json!({"GroupPolicyList": [inline("old", "dlm:GetLifecyclePolicies")]}),
        )
        .user("ann", &json!({"GroupList": ["team"]}))
        .call("worker", "batch:DescribeJobs", 150);
    assert_eq!(
        world.kinds(),
        [
            "UnusedIAMUser ann: low",
            "UnusedPermission worker: low",
            "UnusedPolicy team old: low",
            "UnusedPolicy worker topics: low",
        ]
    );
    let ids: std::collections::BTreeSet<_> = world
        .findings()
        .findings
        .iter()
        .map(|finding| finding.id)
        .collect();
    assert_eq!(ids.len(), 4);
}
