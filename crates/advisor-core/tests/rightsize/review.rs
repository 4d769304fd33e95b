//! What a reviewer is told: what is lost, what was denied, who is new, what stays behind.

use advisor_core::{
    Activity, Advice, Attempt, CreditedAction, DaySet, KeepRules, Principal, Refusal, Rightsized,
    Tracking,
};
use serde_json::{Value, json};

use crate::world::{
    ACCOUNT, ROLE, World, advisor_of, covered, group, managed_policy, role, small_catalog, use_of,
    user,
};
use crate::{allow, document, options, rightsize};

fn arn(name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:{name}")
}

fn deny_of(activity: &mut Activity, name: &str, action: &str) {
    let arn = arn(name);
    activity.record(&Attempt {
        principal: Principal {
            unique_id: None,
            arn: Some(&arn),
            account: Some(ACCOUNT),
        },
        service: "sqs",
        action: CreditedAction::Action(action),
        region: "eu-west-1",
        time_millis: DaySet::start_of(20_454 + 60),
        event_id: "e-2",
        denied: true,
    });
}

/// Right-sizes an entity of an account with a group of ann and bob, whom eve joined on some day, if any.
fn rightsize_of(name: &str, eve: Option<&str>) -> Rightsized {
    let actions = ["sqs:CreateQueue", "sqs:DeleteQueue", "sqs:PurgeQueue"];
    let queues = document(json!([allow(json!(actions), "*")]));
    let attached =
        |name: &str| json!({"PolicyName": name, "PolicyArn": arn(&format!("policy/{name}"))});
    let old = |mut user: Value| {
        user["CreateDate"] = json!("2020-01-01T00:00:00Z");
        user
    };
    let mut users = vec![
        old(user("ann", &[], &[attached("shared")], &["staff"])),
        old(user("bob", &[], &[], &["staff"])),
    ];
    if let Some(created) = eve {
        let mut eve = user("eve", &[], &[], &["staff"]);
        eve["CreateDate"] = json!(created);
        users.push(eve);
    }
    let export = json!({
        "UserDetailList": users,
        "GroupDetailList": [group("staff", &[], &[attached("queues"), attached("shared")])],
        "RoleDetailList": [role("build", &[], &[])],
        "Policies": [managed_policy("queues", queues.clone()), managed_policy("shared", queues)],
    });
    let mut activity = covered();
    let ann = arn("user/ann");
    use_of(
        &mut activity,
        &ann,
        "sqs",
        CreditedAction::Action("CreateQueue"),
    );
    deny_of(&mut activity, "user/bob", "DeleteQueue");
    deny_of(&mut activity, "user/bob", "CreateQueue");
    let advisor = advisor_of(&export, &activity, (Tracking::full(), small_catalog()));
    advisor.rightsizer(options()).rightsize(&arn(name)).unwrap()
}

#[test]
fn what_was_only_denied_stays_and_is_told_apart() {
    let sized = rightsize_of("group/staff", None);
    assert_eq!((sized.kept.used, sized.kept.denied), (1, 1), "{sized:?}");
    let [bob] = &sized.only_one_member[..] else {
        panic!("{sized:?}")
    };
    assert_eq!(*bob.arn, *arn("user/bob"));
    assert_eq!(bob.denied_actions, ["sqs:DeleteQueue"]);
    assert!(bob.actions.is_empty());
}

#[test]
fn the_member_that_is_new_is_named() {
    let sized = rightsize_of("group/staff", Some("2026-04-01T00:00:00Z"));
    let Some(Refusal::NewMembers {
        arn: eve, others, ..
    }) = &sized.refused
    else {
        panic!("{sized:?}")
    };
    assert_eq!((&**eve, *others), (&*arn("user/eve"), 0));
    assert_eq!(
        sized.refused.unwrap().to_string(),
        "arn:aws:iam::111122223333:user/eve cannot be judged yet: 10 days read since the creation on 2026-04-01; 90 needed. \
         Wait, or give what is new policies of its own"
    );
    // The new user itself is refused for its own age.
    let sized = rightsize_of("user/eve", Some("2026-04-01T00:00:00Z"));
    assert!(
        matches!(sized.refused, Some(Refusal::Coverage(_))),
        "{sized:?}"
    );
}

#[test]
fn the_groups_of_a_user_are_named() {
    let sized = rightsize_of("user/bob", None);
    assert!(sized.policies.is_empty() && sized.refused.is_none());
    assert_eq!(*sized.groups, [arn("group/staff").into()]);
}

#[test]
fn a_role_of_which_aws_remembers_no_use_is_named() {
    let queues = json!([{"PolicyName": "own", "PolicyDocument": document(json!([allow(json!("sqs:*"), "*")]))}]);
    let sized = |last_used: Value| {
        let mut role = role("build", queues.as_array().unwrap(), &[]);
        role["RoleLastUsed"] = last_used;
        let export = json!({"RoleDetailList": [role]});
        let advisor = advisor_of(&export, &covered(), (Tracking::full(), small_catalog()));
        advisor.rightsizer(options()).rightsize(ROLE).unwrap()
    };
    let never = sized(json!({}));
    assert!(never.is_never_used);
    assert_eq!(never.advice, [Advice::DeleteRole]);
    let json = serde_json::to_value(&never).unwrap();
    assert_eq!(json["Advice"][0]["Kind"], "DeleteRole");
    let message = json["Advice"][0]["Message"].as_str().unwrap();
    assert!(
        message.ends_with("Delete it rather than shrink it"),
        "{message}"
    );
    // What stays of it, sending and receiving, leaves nothing in the trail.
    let unknown = sized(json!(null));
    assert!(!unknown.is_never_used);
    assert_eq!(unknown.advice, [Advice::DetachPolicies]);
}

#[test]
fn what_was_seen_used_needs_no_advice() {
    assert!(rightsize_of("group/staff", None).advice.is_empty());
}

#[test]
fn a_policy_that_is_left_unattached_is_named() {
    let sized = rightsize_of("group/staff", None);
    let left = sized.policies.iter();
    let mut left: Vec<_> = left
        .map(|it| (&*it.policy_name, it.left_unattached))
        .collect();
    left.sort_unstable();
    // Ann has the other one.
    assert_eq!(left, [("queues", true), ("shared", false)]);
    let files = sized.files();
    let apply = files.iter().find(|file| file.path.ends_with("/apply.sh"));
    let says = format!(
        "printf '%s\\n' '{} is attached to nothing now. ",
        arn("policy/queues")
    );
    assert_eq!(apply.unwrap().content.matches(&says).count(), 1);
    // A new version of a policy leaves nothing behind.
    let sized = rightsize_of("policy/queues", None);
    assert!(sized.changes() && !sized.policies[0].left_unattached);
}

#[test]
fn a_review_has_what_is_lost_and_why_the_rest_stays() {
    let mut world = World::new();
    let actions = [
        "sqs:*",
        "sts:GetCallerIdentity",
        "sts:AssumeRole",
        "kms:CreateGrant",
        "cloudtrail:DescribeTrails",
    ];
    world.inline("own", document(json!([allow(json!(actions), "*")])));
    world.used("sqs", "CreateQueue");
    world.used("sts", "GetCallerIdentity");
    let keep = KeepRules::parse("sqs:TagQueue").unwrap();
    let sized = rightsize(&world, options().keep(keep));
    assert_eq!(sized.used_without_permission, ["sts:GetCallerIdentity"]);
    // Assuming roles, granting keys, and permissions of queues.
    assert!(sized.removed_privileges >= 3, "{sized:?}");
    let files = sized.files();
    let review = files.iter().find(|file| file.path.ends_with("/review.md"));
    let review = &review.unwrap().content;
    assert!(
        review.starts_with(&format!("# Review: {ROLE}\n")),
        "{review}"
    );
    let parts: Vec<&str> = review.split("\n## ").collect();
    let [_, lost, kept] = parts[..] else {
        panic!("{review}")
    };
    let headings = |part: &str| -> Vec<String> {
        let lines = part.lines().filter_map(|line| line.strip_prefix("### "));
        let words = lines.map(|line| line.split(' ').skip(1).collect::<Vec<_>>().join(" "));
        words.collect()
    };
    assert_eq!(
        headings(lost),
        [
            "that can lead to more permissions or to credentials",
            "that manage permissions",
            "that write",
            "that list and read"
        ]
    );
    assert!(lost.contains("\n- `sts:AssumeRole`: "), "{lost}");
    assert!(lost.contains("\n- `sqs` (3): AddPermission, "), "{lost}");
    let first = |part: &str, word: &str| {
        let mut lines = part.lines().skip_while(|line| !line.contains(word)).skip(2);
        lines.next().unwrap_or_default().to_owned()
    };
    assert_eq!(first(kept, " used: "), "- `sqs` (1): CreateQueue");
    assert_eq!(first(kept, " marked: "), "- `sqs` (1): TagQueue");
    let (_, unobservable) = kept.split_once(" unobservable: ").unwrap();
    assert!(unobservable.contains(" SendMessage"), "{kept}");
}
