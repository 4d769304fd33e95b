//! Findings on policies and groups.

use advisor_core::FindingKind;
use serde_json::json;

use crate::world::{ACCOUNT, allow};
use crate::{covered, only};

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
fn a_policy_whose_holders_are_not_all_known_is_not_unused() {
    let world = |uses: &serde_json::Value| {
        covered()
            .policy("Queues", &["batch:DescribeJobs"], uses)
            .role("worker", &attached("Queues"))
            .role_with("other", &["dlm:GetLifecyclePolicies"])
    };
    let found = |uses| {
        let kinds = world(&uses).kinds();
        kinds.iter().any(|kind| kind.starts_with("UnusedPolicy"))
    };
    assert!(found(json!({"AttachmentCount": 1})));
    // Another account's role, or one that the export lacks.
    assert!(!found(json!({"AttachmentCount": 2})));
    // What it allows may be what a role needs that it is the boundary of.
    assert!(!found(
        json!({"AttachmentCount": 1, "PermissionsBoundaryUsageCount": 1})
    ));
    // The members of a group may be missing.
    let inline = json!([{"PolicyName": "own", "PolicyDocument": allow(&["batch:DescribeJobs"])}]);
    let cut = world(&json!({"AttachmentCount": 1}))
        .group("team", &json!({"GroupPolicyList": inline}))
        .user("ann", &json!({"GroupList": ["team"]}))
        .truncated();
    let kinds = cut.kinds();
    assert!(
        !kinds.iter().any(|kind| kind.starts_with("UnusedPolicy")),
        "{kinds:?}"
    );
}

#[test]
fn identities_with_policies_that_the_export_lacks_are_not_unused() {
    let managed = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess";
    let world = covered()
        .role(
            "reader",
            &json!({
                "RolePolicyList": [{"PolicyName": "own", "PolicyDocument": allow(&["batch:DescribeJobs"])}],
                "AttachedManagedPolicies": [{"PolicyName": "AmazonS3ReadOnlyAccess", "PolicyArn": managed}],
            }),
        )
        .user(
            "ann",
            &json!({
                "UserPolicyList": [{"PolicyName": "own", "PolicyDocument": allow(&["batch:DescribeJobs"])}],
                "GroupList": ["missing"],
            }),
        );
    let kinds = world.kinds();
    assert!(
        !kinds.iter().any(|kind| kind.starts_with("UnusedIAM")),
        "{kinds:?}"
    );
    // What is known of them is still unused.
    assert!(
        kinds.contains(&"UnusedPermission reader: low".to_owned()),
        "{kinds:?}"
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

#[test]
fn only_statements_that_grant_are_listed() {
    let statement = |effect: &str, actions: &[&str], resource: &str| json!({"Effect": effect, "Action": actions, "Resource": resource});
    let queue = "arn:aws:sqs:eu-west-1:111122223333:logs";
    let (reads, creates) = (
        &["ec2:DescribeInstances", "ec2:DescribeVpcs"],
        &["sqs:CreateQueue"],
    );
    let statements = json!([
        statement("Allow", reads, "*"),
        statement("Allow", creates, queue),
        statement("Allow", creates, "arn:aws:sqs:*:*:*"),
        statement("Deny", creates, queue),
        statement("Deny", &["ec2:DescribeVpcs"], "*"),
        // It removes nothing from every request.
        json!({"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"Bool": {"aws:ViaAWSService": "true"}}}),
    ]);
    let document = json!({"Version": "2012-10-17", "Statement": statements});
    let inline = json!([{"PolicyName": "own", "PolicyDocument": document}]);
    let world = covered().role("idle", &json!({"RolePolicyList": inline}));
    let found = only(&world, FindingKind::UnusedIamRole);
    let granted = found.granted_by.iter();
    let granted: Vec<_> = granted
        .map(|one| (one.statement, one.actions, one.is_unlimited))
        .collect();
    assert_eq!(granted, [(0, 1, true), (2, 1, false)]);
    assert_eq!(found.unused_actions, 2);
}
