//! Findings: what is called unused, and what is not.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod credentials;
mod policies;
mod rules;
mod use_and_denials;
mod world;

use advisor_core::{Finding, FindingKind, Severity};
use serde_json::{Value, json};

use self::world::{World, allow, line};

/// A trail that covers the tracking period.
fn covered() -> World {
    World::covered(0..world::NOW)
}

fn only(world: &World, kind: FindingKind) -> Finding {
    let found = world.findings().findings;
    let [finding] = &found
        .iter()
        .filter(|one| one.kind == kind)
        .collect::<Vec<_>>()[..]
    else {
        panic!("{:?}", found.iter().map(line).collect::<Vec<_>>());
    };
    (*finding).clone()
}

#[test]
fn a_role_that_did_nothing_is_unused() {
    let world = covered().role_with("idle", &["ec2:DescribeInstances", "sqs:CreateQueue"]);
    assert_eq!(world.kinds(), ["UnusedIAMRole idle: medium"]);
    let role = only(&world, FindingKind::UnusedIamRole);
    assert_eq!((role.unused_services(), role.unused_actions), (2, 2));
    assert_eq!(
        role.severity_reason.to_string(),
        "1 action writes: sqs:CreateQueue"
    );
    assert_eq!(
        role.state_reason.unwrap().to_string(),
        "no attempt on any of the 90 days read of 90, 2026-04-21 to 2026-07-19, in eu-west-1, us-east-1"
    );
    assert_eq!(role.last_use, None);
    let [granted] = &role.granted_by[..] else {
        panic!()
    };
    assert_eq!(
        (&*granted.policy, granted.statement, granted.actions),
        ("own", 0, 2)
    );
    assert_eq!(granted.sid.as_deref(), Some("Own"));
    assert!(granted.is_unlimited && granted.group.is_none() && granted.policy_arn.is_none());
}

#[test]
fn a_permissions_boundary_is_named() {
    let arn = "arn:aws:iam::111122223333:policy/Limits";
    let boundary = json!({"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn});
    let inline = json!([{"PolicyName": "own", "PolicyDocument": allow(&["sqs:CreateQueue"])}]);
    let more = json!({"RolePolicyList": inline, "PermissionsBoundary": boundary});
    let world = covered().role("bounded", &more);
    let found = only(&world, FindingKind::UnusedIamRole);
    assert_eq!(found.permissions_boundary.as_deref(), Some(arn));
    let caveat = format!("The permissions boundary {arn} is not evaluated: it may deny this");
    assert_eq!(found.boundary_caveat(), Some(caveat.clone()));
    assert!(found.message().ends_with(&format!(" {caveat}.")));
    let json = serde_json::to_value(&found).unwrap();
    assert_eq!(json["accessAdvisor"]["permissionsBoundary"], arn);
    let unbounded = only(
        &covered().role_with("free", &["sqs:CreateQueue"]),
        FindingKind::UnusedIamRole,
    );
    assert_eq!(unbounded.boundary_caveat(), None);
}

#[test]
fn what_leaves_no_trace_is_unused_where_aws_remembers_no_use_of_the_role() {
    let inline = json!([{"PolicyName": "own", "PolicyDocument": allow(&["s3:GetObject", "sqs:CreateQueue"])}]);
    let role = |last_used: Value| json!({"RolePolicyList": inline, "RoleLastUsed": last_used});
    let world = covered().role("never", &role(json!({})));
    assert_eq!(world.kinds(), ["UnusedIAMRole never: medium"]);
    let found = only(&world, FindingKind::UnusedIamRole);
    assert!(found.rests_on_last_used);
    assert_eq!((found.unused_services(), found.unused_actions), (2, 2));
    let basis = found.basis().unwrap();
    assert!(
        basis.starts_with("no attempt on any of the 90 days read of 90, "),
        "{basis}"
    );
    assert!(
        basis.contains("; for what leaves no trace, RoleLastUsed of the export, which is empty"),
        "{basis}"
    );
    // The export says nothing, names a use in words that are not AWS's, or the trail has a use, or is not read.
    for last_used in [
        json!(null),
        json!({"lastUse": "2026-07-01"}),
        json!({"Region": "eu-west-1"}),
    ] {
        let world = covered().role("reader", &role(last_used));
        assert_eq!(world.kinds(), ["UnusedPermission reader: medium"]);
    }
    let used = covered()
        .role("never", &role(json!({})))
        .call("never", "sqs:CreateQueue", 150);
    assert_eq!(used.kinds(), [""; 0]);
    let unread = World::covered(0..100).role("never", &role(json!({})));
    assert_eq!(unread.kinds(), [""; 0]);
    // What the trail alone proves rests on nothing else.
    let inline = json!([{"PolicyName": "own", "PolicyDocument": allow(&["sqs:CreateQueue"])}]);
    let world = covered().role(
        "never",
        &json!({"RolePolicyList": inline, "RoleLastUsed": {}}),
    );
    assert!(!only(&world, FindingKind::UnusedIamRole).rests_on_last_used);
}

#[test]
fn what_was_not_read_is_not_unused() {
    let actions = &["ec2:DescribeInstances", "sqs:CreateQueue"];
    for covered in [0..0, 0..100, 150..world::NOW] {
        let world = World::covered(covered).role_with("idle", actions);
        assert_eq!(world.kinds(), [""; 0]);
    }
    // Fewer days are enough when the settings say so.
    let world = World::covered(150..world::NOW).role_with("idle", actions);
    let world = world.settings("min_coverage_days = 50");
    assert_eq!(world.kinds(), ["UnusedIAMRole idle: medium"]);
}

#[test]
fn what_leaves_no_trace_is_not_unused() {
    // Without data events, the role may have read objects all the time.
    let world = covered().role_with("reader", &["s3:GetObject", "sqs:CreateQueue"]);
    assert_eq!(world.kinds(), ["UnusedPermission reader: medium"]);
    let permission = only(&world, FindingKind::UnusedPermission);
    let [sqs] = &permission.permissions[..] else {
        panic!()
    };
    assert!(sqs.is_whole_service && permission.unused_actions == 1);
    let world = covered().role_with("reader", &["s3:GetObject"]);
    assert_eq!(world.kinds(), [""; 0]);
}

#[test]
fn young_and_service_linked_identities_are_not_judged() {
    let inline = json!([{"PolicyName": "own", "PolicyDocument": allow(&["batch:*JobQueue"])}]);
    let role = |more: &[(&str, &str)]| {
        let mut parts = json!({"RolePolicyList": inline});
        for (key, value) in more {
            parts[*key] = json!(value);
        }
        parts
    };
    let world = covered()
        .role("old", &role(&[("CreateDate", "2026-04-21T00:00:00Z")]))
        .role("young", &role(&[("CreateDate", "2026-04-21T00:00:01Z")]))
        .role("ageless", &role(&[("CreateDate", "yesterday")]))
        .role(
            "AWSServiceRoleForX",
            &role(&[("Path", "/aws-service-role/x.amazonaws.com/")]),
        );
    let findings = world.findings();
    let kinds: Vec<_> = findings.findings.iter().map(line).collect();
    assert_eq!(kinds, ["UnusedIAMRole old: medium"]);
    assert_eq!((findings.judged, findings.service_linked), (1, 1));
    assert_eq!((findings.too_young, findings.unknown_age), (1, 1));
}

#[test]
fn unused_permissions_know_their_last_use_and_rhythm() {
    let world = covered()
        .role_with(
            "worker",
            &[
                "ec2:DescribeInstances",
                "batch:*JobQueue",
                "dlm:GetLifecyclePolicies",
            ],
        )
        .call("worker", "batch:CreateJobQueue", 150)
        .call("worker", "dlm:GetLifecyclePolicies", 13)
        .call("worker", "dlm:GetLifecyclePolicies", 58)
        .call("worker", "dlm:GetLifecyclePolicies", 103);
    assert_eq!(world.kinds(), ["UnusedPermission worker: medium"]);
    let permission = only(&world, FindingKind::UnusedPermission);
    let catalog = permission.catalog().clone();
    let shown: Vec<_> = (permission.permissions.iter())
        .map(|one| {
            let last = one.last_use.as_ref();
            (
                catalog.service(one.service).namespace(),
                one.is_whole_service,
                last.and_then(|last| last.event_id.as_deref()),
                last.and_then(|last| last.rhythm)
                    .map(|rhythm| rhythm.to_string()),
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            // CreateJobQueue is not among the unused actions.
            ("batch", false, None, None),
            (
                "dlm",
                true,
                Some("event-103"),
                Some("used every 45 days, next about 2026-05-29".to_owned())
            ),
            ("ec2", true, None, None),
        ]
    );
    let batch = &permission.permissions[0];
    assert!(
        batch
            .actions
            .iter()
            .all(|id| catalog.action(*id).name() != "CreateJobQueue")
    );
    assert_eq!(batch.action_count + 1, batch.granted_actions);
    assert_eq!(
        permission.last_use.unwrap().event_id.as_deref(),
        Some("event-103")
    );
}

#[test]
fn privileges_are_findings_of_their_own() {
    let inline = |resource: &str, condition: serde_json::Value| {
        let statement = json!({
            "Effect": "Allow", "Resource": resource, "Condition": condition,
            "Action": ["iam:PutRolePolicy", "secretsmanager:GetSecretValue", "sqs:ListQueues"],
        });
        let document = json!({"Version": "2012-10-17", "Statement": statement});
        json!({"RolePolicyList": [{"PolicyName": "own", "PolicyDocument": document}]})
    };
    let world = covered()
        .role("anywhere", &inline("*", json!({})))
        .role(
            "limited",
            &inline("*", json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}})),
        )
        .call("anywhere", "sqs:ListQueues", 150)
        .call("limited", "sqs:ListQueues", 150);
    assert_eq!(
        world.kinds(),
        [
            "UnusedPrivilege anywhere PermissionsManagement: critical",
            "UnusedPermission anywhere: medium",
            "UnusedPermission limited: medium",
            "UnusedPrivilege anywhere CredentialExposure: high",
            "UnusedPrivilege limited CredentialExposure: high",
            "UnusedPrivilege limited PermissionsManagement: high",
        ]
        .sorted_by_severity()
    );
    let findings = world.findings();
    assert_eq!(findings.worst(), Some(Severity::Critical));
    let first = &findings.findings[0];
    assert_eq!(
        first.severity_reason.to_string(),
        "1 action leads to all permissions: iam:PutRolePolicy, which writes a policy of a role of the caller"
    );
}

trait SortedBySeverity {
    fn sorted_by_severity(self) -> Vec<&'static str>;
}

impl<const N: usize> SortedBySeverity for [&'static str; N] {
    fn sorted_by_severity(self) -> Vec<&'static str> {
        let mut lines = self.to_vec();
        let rank = |line: &str| {
            let severities = ["critical", "high", "medium", "low", "informational"];
            severities
                .iter()
                .position(|severity| line.ends_with(severity))
        };
        lines.sort_by_key(|line| rank(line));
        lines
    }
}

#[test]
fn passing_roles_takes_something_to_run() {
    let compute = &["iam:PassRole", "lambda:CreateFunction", "sqs:ListQueues"];
    let world = covered()
        .role_with("runner", compute)
        .role_with("passer", &["iam:PassRole", "sqs:ListQueues"])
        .role_with("starter", &["lambda:CreateFunction", "sqs:ListQueues"])
        .call("runner", "sqs:ListQueues", 150)
        .call("starter", "sqs:ListQueues", 150)
        .call("passer", "sqs:ListQueues", 150);
    let kinds = world.kinds();
    // Only calls of other actions show that a role was passed, so what remains to be removed is the function.
    assert!(
        kinds.contains(&"UnusedPrivilege runner PassRole: high".to_owned()),
        "{kinds:?}"
    );
    for name in ["passer", "starter"] {
        let privilege = format!("UnusedPrivilege {name}");
        assert!(!kinds.iter().any(|kind| kind.starts_with(&privilege)));
    }
}

#[test]
fn roles_that_something_has_need_not_be_passed() {
    let actions = &[
        "lambda:UpdateFunctionCode",
        "ssm:SendCommand",
        "sqs:ListQueues",
    ];
    let world = covered()
        .role_with("deployer", actions)
        .call("deployer", "sqs:ListQueues", 150);
    let findings = world.findings();
    let found = &findings.findings[0];
    assert_eq!(line(found), "UnusedPrivilege deployer ExistingRole: high");
    assert_eq!(
        found.severity_reason.to_string(),
        "2 actions can lead to more permissions or credentials, such as lambda:UpdateFunctionCode, which replaces the code \
         that runs under the role of a function"
    );
    // What the list says of each stands once beside the findings.
    let listed = serde_json::to_value(findings.privileges()).unwrap();
    assert_eq!(listed[1]["action"], "ssm:SendCommand");
    assert_eq!(
        listed[1]["source"],
        "https://pathfinding.cloud/paths/ssm-002"
    );
    assert_eq!(listed.as_array().unwrap().len(), 2);
}
