//! What others than the users and roles of the account data may need is not taken away.

use advisor_core::{CreditedAction, Refusal, Tracking, UnknownHolders};
use serde_json::{Value, json};

use crate::world::{ACCOUNT, advisor_of, covered, managed_policy, role, small_catalog, use_of};
use crate::{allow, document, options};

/// An account with a group and its only known member, and a policy that a role has.
fn export() -> Value {
    let queues = document(json!([allow(
        json!(["sqs:CreateQueue", "sqs:DeleteQueue"]),
        "*"
    )]));
    let shared = managed_policy("shared", queues.clone());
    let attached = json!({"PolicyName": "shared", "PolicyArn": shared["Arn"]});
    json!({
        "UserDetailList": [{"UserName": "ann", "UserId": "AIDAANN", "Path": "/", "GroupList": ["staff"],
            "Arn": format!("arn:aws:iam::{ACCOUNT}:user/ann")}],
        "GroupDetailList": [{"GroupName": "staff", "GroupId": "AGPASTAFF", "Path": "/",
            "Arn": format!("arn:aws:iam::{ACCOUNT}:group/staff"), "AttachedManagedPolicies": [],
            "GroupPolicyList": [{"PolicyName": "queues", "PolicyDocument": queues}]}],
        "RoleDetailList": [role("build", &[], &[attached]), role("other", &[], &[])],
        "Policies": [shared],
    })
}

/// Why nothing is proposed for the group and for the policy.
fn refused(export: &Value) -> [Option<Refusal>; 2] {
    let mut activity = covered();
    for name in ["user/ann", "role/build"] {
        let arn = format!("arn:aws:iam::{ACCOUNT}:{name}");
        let action = CreditedAction::Action("CreateQueue");
        use_of(&mut activity, &arn, "sqs", action);
    }
    let advisor = advisor_of(export, &activity, (Tracking::full(), small_catalog()));
    let rightsizer = advisor.rightsizer(options());
    ["group/staff", "policy/shared"].map(|name| {
        let arn = format!("arn:aws:iam::{ACCOUNT}:{name}");
        let sized = rightsizer.rightsize(&arn).unwrap();
        assert_eq!(sized.changes(), sized.refused.is_none());
        sized.refused
    })
}

#[test]
fn a_permissions_boundary_is_not_changed() {
    assert_eq!(refused(&export()), [None, None]);
    let boundary = Some(Refusal::UnknownHolders(UnknownHolders::Boundary));
    let mut counted = export();
    counted["Policies"][0]["PermissionsBoundaryUsageCount"] = json!(1);
    assert_eq!(refused(&counted), [None, boundary.clone()]);
    let mut named = export();
    named["RoleDetailList"][1]["PermissionsBoundary"] = json!({
        "PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": named["Policies"][0]["Arn"],
    });
    assert_eq!(refused(&named), [None, boundary]);
}

#[test]
fn a_policy_or_group_whose_holders_are_not_all_known_is_not_changed() {
    let unknown = |reason| Some(Refusal::UnknownHolders(reason));
    let incomplete = || unknown(UnknownHolders::Incomplete);
    let mut truncated = export();
    truncated["IsTruncated"] = json!(true);
    assert_eq!(refused(&truncated), [incomplete(), incomplete()]);
    let mut unreadable = export();
    let users = unreadable["UserDetailList"].as_array_mut().unwrap();
    users.push(json!({"UserName": 3}));
    assert_eq!(refused(&unreadable), [incomplete(), incomplete()]);
    let mut missing = export();
    missing["Policies"][0]["AttachmentCount"] = json!(3);
    let (known, attached) = (1, 3);
    let reason = UnknownHolders::Missing { known, attached };
    assert_eq!(refused(&missing), [None, unknown(reason)]);
    // Without users, the members of the group are not known.
    let mut filtered = export();
    filtered["UserDetailList"] = json!([]);
    let attached = filtered["RoleDetailList"][0]["AttachedManagedPolicies"].clone();
    filtered["GroupDetailList"][0]["AttachedManagedPolicies"] = attached;
    let no_users = unknown(UnknownHolders::NoUsers);
    assert_eq!(refused(&filtered), [Some(Refusal::Nobody), no_users]);
}
