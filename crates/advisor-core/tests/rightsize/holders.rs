//! Groups, managed policies and users: what stays is what all that have it need, and nothing changes where not all of them are known.

use advisor_core::{CreditedAction, PolicyPlace, Refusal, Rightsized, Tracking, UnknownHolders};
use serde_json::{Value, json};

use crate::world::{
    ACCOUNT, advisor_of, covered, group, managed_policy, role, small_catalog, use_of, user,
};
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

const ACTIONS: [&str; 4] = ["CreateQueue", "TagQueue", "PurgeQueue", "DeleteQueue"];

/// Right-sizes one entity of an account: a group of ann and bob, a user with policies of her own, and a policy that she and a role
/// have. All these policies allow the same.
fn rightsize(uses: &[(&str, &str)], name: &str) -> Rightsized {
    let actions = ACTIONS.map(|action| format!("sqs:{action}"));
    let queues = document(json!([allow(json!(actions), "*")]));
    let inline = [json!({"PolicyName": "queues", "PolicyDocument": queues})];
    let shared = managed_policy("shared", queues.clone());
    let attached = [json!({"PolicyName": "shared", "PolicyArn": shared["Arn"]})];
    let export = json!({
        "UserDetailList": [
            user("ann", &[], &[], &["staff"]),
            user("bob", &[], &[], &["staff"]),
            user("eve", &inline, &attached, &["staff"]),
        ],
        "GroupDetailList": [group("staff", &inline, &[])],
        "RoleDetailList": [role("build", &[], &attached)],
        "Policies": [shared],
    });
    let mut activity = covered();
    for (who, action) in uses {
        let arn = format!("arn:aws:iam::{ACCOUNT}:{who}");
        use_of(&mut activity, &arn, "sqs", CreditedAction::Action(action));
    }
    let advisor = advisor_of(&export, &activity, (Tracking::full(), small_catalog()));
    let arn = format!("arn:aws:iam::{ACCOUNT}:{name}");
    let sized = advisor.rightsizer(options()).rightsize(&arn).unwrap();
    assert!(
        sized.refused.is_none() && sized.proof.is_some(),
        "{sized:?}"
    );
    sized
}

/// The names of the policies that take the place of others, and what they allow.
fn new(sized: &Rightsized) -> Vec<(&str, PolicyPlace, &Value)> {
    let policies = sized.new_policies.iter();
    let new = policies.map(|it| {
        let actions = &it.policy_document["Statement"][0]["Action"];
        (&*it.policy_name, it.policy_type, actions)
    });
    new.collect()
}

/// What stays because of one user or role.
fn single(sized: &Rightsized) -> Vec<(&str, Vec<&str>)> {
    let single = sized.only_one_member.iter().map(|it| {
        let name = it.arn.rsplit(':').next().unwrap();
        (name, it.actions.iter().map(String::as_str).collect())
    });
    single.collect()
}

#[test]
fn of_a_group_what_any_member_uses_stays() {
    let uses = [
        ("user/ann", "CreateQueue"),
        ("user/bob", "CreateQueue"),
        ("user/bob", "TagQueue"),
        ("role/build", "PurgeQueue"),
    ];
    let sized = rightsize(&uses, "group/staff");
    let left = json!(["sqs:CreateQueue", "sqs:TagQueue"]);
    assert_eq!(new(&sized), [("queues", PolicyPlace::Inline, &left)]);
    assert_eq!(single(&sized), [("user/bob", vec!["sqs:TagQueue"])]);
}

#[test]
fn of_a_managed_policy_what_any_holder_uses_stays() {
    let uses = [
        ("user/eve", "CreateQueue"),
        ("role/build", "CreateQueue"),
        ("role/build", "PurgeQueue"),
        ("user/bob", "TagQueue"),
    ];
    let sized = rightsize(&uses, "policy/shared");
    let left = json!(["sqs:CreateQueue", "sqs:PurgeQueue"]);
    assert_eq!(new(&sized), [("shared", PolicyPlace::Managed, &left)]);
    assert_eq!(single(&sized), [("role/build", vec!["sqs:PurgeQueue"])]);
    assert_eq!(sized.versions, ["v1".into()]);
}

#[test]
fn of_a_user_the_policies_of_her_own_change() {
    let uses = [("user/eve", "CreateQueue"), ("user/bob", "TagQueue")];
    let sized = rightsize(&uses, "user/eve");
    let left = json!(["sqs:CreateQueue"]);
    let managed = ("shared-user-eve", PolicyPlace::Managed, &left);
    assert_eq!(
        new(&sized),
        [("queues", PolicyPlace::Inline, &left), managed]
    );
    assert_eq!((sized.policies.len(), single(&sized).len()), (2, 0));
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
