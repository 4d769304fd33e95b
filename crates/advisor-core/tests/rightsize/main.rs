//! Right-sizing: what stays, what goes, and that an independent evaluator finds the same as the proof.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    clippy::panic,
    clippy::unwrap_used
)]

mod evaluator;
mod holders;
mod limits;
mod moto;
mod property;
mod resources;
mod review;
#[cfg(unix)]
mod scripts;
mod world;

use advisor_core::{
    Granularity, KeepRules, PolicyPlace, Refusal, RightsizeOptions, Rightsized, Tracking,
    UnmatchedKeepRule,
};
use serde_json::{Value, json};

use crate::world::{ROLE, World};

fn options() -> RightsizeOptions {
    RightsizeOptions::default()
}

fn allow(actions: Value, resource: &str) -> Value {
    json!({"Sid": "One", "Effect": "Allow", "Action": actions, "Resource": resource})
}

fn document(statements: Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

fn rightsize(world: &World, options: RightsizeOptions) -> Rightsized {
    world
        .advisor(Tracking::full())
        .rightsizer(options)
        .rightsize(ROLE)
        .unwrap()
}

/// The documents of the new policies, by name.
fn new(rightsized: &Rightsized) -> Vec<(&str, &Value)> {
    let policies = rightsized.new_policies.iter();
    policies
        .map(|policy| (&*policy.policy_name, &*policy.policy_document))
        .collect()
}

#[test]
fn what_was_used_stays_and_the_rest_goes() {
    let queue = "arn:aws:sqs:eu-west-1:111122223333:orders";
    let deny = json!({"Effect": "Deny", "Action": "sqs:*", "NotResource": queue});
    let condition = json!({"Effect": "Allow", "NotAction": ["iam:*", "sqs:Get*"], "Resource": "*",
        "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}});
    let mut world = World::new();
    world.inline(
        "queue",
        document(json!([allow(json!("sqs:*"), queue), deny])),
    );
    world.inline("rest", document(condition.clone()));
    world.managed(
        "Topics",
        document(json!([allow(
            json!(["cloudtrail:Describe*", "cloudtrail:DeleteTrail"]),
            "*"
        )])),
    );
    world.managed("Keys", document(json!([allow(json!("kms:*"), "*")])));
    world.used("sqs", "CreateQueue");
    world.used("cloudtrail", "DescribeTrails");
    let sized = rightsize(&world, options());
    assert!(sized.changes() && sized.proof.is_some(), "{sized:?}");
    assert_eq!((sized.kept.used, sized.refused.clone()), (2, None));
    let new = new(&sized);
    let (name, queue_policy) = new[0];
    assert_eq!(
        (name, sized.new_policies[0].policy_type),
        ("queue", PolicyPlace::Inline)
    );
    let statements = queue_policy["Statement"].as_array().unwrap();
    let actions = statements[0]["Action"].as_array().unwrap();
    assert!(actions.contains(&json!("sqs:CreateQueue")), "{actions:?}");
    assert!(!actions.contains(&json!("sqs:DeleteQueue")), "{actions:?}");
    assert_eq!(
        (&statements[0]["Sid"], &statements[0]["Resource"]),
        (&json!("One"), &json!(queue))
    );
    assert_eq!(statements[1], deny);
    let rest = &new.iter().find(|(name, _)| *name == "rest").unwrap().1["Statement"][0];
    assert_eq!(rest["Condition"], condition["Condition"]);
    let rest = rest["Action"].as_array().unwrap();
    assert!(
        rest.contains(&json!("sqs:CreateQueue"))
            && rest.contains(&json!("cloudtrail:DescribeTrails"))
    );
    assert!(
        !rest
            .iter()
            .any(|it| it.as_str().unwrap().starts_with("iam:")),
        "{rest:?}"
    );
    let topics = new
        .iter()
        .find(|(name, _)| *name == "Topics-role-build")
        .unwrap()
        .1;
    let topics = topics["Statement"][0]["Action"].as_array().unwrap();
    assert!(
        topics.contains(&json!("cloudtrail:DescribeTrails")),
        "{topics:?}"
    );
    assert!(
        !topics.contains(&json!("cloudtrail:DeleteTrail")),
        "{topics:?}"
    );
}

#[test]
fn marks_and_unknown_names_stay() {
    let actions = json!([
        "sqs:DeleteQueue",
        "sqs:PurgeQueue",
        "sqs:NotYetKnown",
        "new-service:*"
    ]);
    let mut world = World::new();
    world.inline("queue", document(json!([allow(actions, "*")])));
    let sized = rightsize(&world, options());
    let left = &new(&sized)[0].1["Statement"][0]["Action"];
    assert_eq!(*left, json!(["sqs:NotYetKnown", "new-service:*"]));
    let keep = |text: &str| options().keep(KeepRules::parse(text).unwrap());
    let sized = rightsize(&world, keep("sqs:Purge* arn:aws:iam::*:role/build"));
    let left = &new(&sized)[0].1["Statement"][0]["Action"];
    assert_eq!(
        *left,
        json!(["sqs:PurgeQueue", "sqs:NotYetKnown", "new-service:*"])
    );
    assert_eq!(sized.kept.marked, 1);
    let sized = rightsize(&world, keep("sqs:Purge* arn:aws:iam::*:role/other"));
    assert_eq!(sized.kept.marked, 0);
}

#[test]
fn a_marked_name_that_the_catalog_lacks_stays_where_a_policy_grants_it() {
    let mut world = World::new();
    world.inline("queue", document(json!([allow(json!("sqs:*"), "*")])));
    let rest = json!({"Effect": "Allow", "NotAction": ["sqs:*"], "Resource": "*"});
    world.inline("rest", document(json!([rest])));
    let rules = "sqs:BrandNew\nkms:BrandNew\nsns:List* arn:aws:iam::*:role/nobody";
    let marked = options().keep(KeepRules::parse(rules).unwrap());
    let sized = rightsize(&world, marked.clone());
    assert!(sized.proof.is_some(), "{sized:?}");
    let new = new(&sized);
    for (position, name, other) in [
        (0, "sqs:BrandNew", "kms:BrandNew"),
        (1, "kms:BrandNew", "sqs:BrandNew"),
    ] {
        let actions = &new[position].1["Statement"][0]["Action"];
        let actions = actions.as_array().unwrap();
        assert!(actions.contains(&json!(name)), "{actions:?}");
        assert!(!actions.contains(&json!(other)), "{actions:?}");
    }
    let rightsizer = world.advisor(Tracking::full()).rightsizer(marked);
    let unmatched = rightsizer.unmatched_keep_rules();
    let unmatched: Vec<String> = unmatched.iter().map(ToString::to_string).collect();
    assert_eq!(unmatched.len(), 3, "{unmatched:?}");
    assert!(unmatched[0].contains("\"sqs:BrandNew\": the catalog has no such action"));
    assert!(unmatched[2].contains("role/nobody\": the account export has no such"));
}

#[test]
fn keep_rules_with_a_misspelt_name_are_mistakes() {
    let world = World::new();
    for (rule, expected) in [
        ("sqs:CreateQeue", Some("did you mean sqs:CreateQueue?")),
        ("sqs:Crate*", Some("the catalog has no such action")),
        (
            "sqs:CreateQueue arn:aws:iam::*:role/bild",
            Some("no such user, group, role"),
        ),
        ("sqs:BrandNew", None),
        ("new-service:Do", None),
    ] {
        let marked = options().keep(KeepRules::parse(rule).unwrap());
        let rightsizer = world.advisor(Tracking::full()).rightsizer(marked);
        let mut unmatched = rightsizer.unmatched_keep_rules().into_iter();
        let mistake = unmatched
            .find(UnmatchedKeepRule::is_mistake)
            .map(|it| it.to_string());
        match expected {
            Some(text) => assert!(mistake.unwrap().contains(text), "{rule}"),
            None => assert_eq!(mistake, None, "{rule}"),
        }
    }
}

#[test]
fn a_use_that_the_catalog_cannot_name_keeps_what_may_grant_it() {
    let mut world = World::new();
    world.inline(
        "one",
        document(json!([
            allow(json!("sqs:*"), "*"),
            allow(json!("cloudtrail:*"), "*")
        ])),
    );
    world.used_event("sqs", "SomethingNew");
    let sized = rightsize(&world, options());
    let policy = &sized.policies[0];
    assert!(policy.statements[0].old.is_none(), "{policy:?}");
    assert!(policy.statements[1].old.is_some(), "{policy:?}");
    // The event may have exercised any action that the catalog knows, and one that it does not.
    let kept = sized.kept;
    let needed = sized.proof.unwrap().needed_within_new;
    assert!(kept.implied > 10 && kept.whole == 0, "{kept:?}");
    assert_eq!(needed, kept.total());

    let mut world = World::new();
    world.inline("all", document(json!([allow(json!("*"), "*")])));
    world.inline(
        "not",
        document(json!([{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}])),
    );
    world.used_event("brand-new", "Do");
    let sized = rightsize(&world, options());
    assert!(!sized.changes(), "{sized:?}");
    let stays = sized
        .policies
        .iter()
        .map(|it| it.statements[0].stays.as_ref().unwrap().to_string());
    assert!(
        stays.into_iter().all(|it| it.contains("brand-new")),
        "{sized:?}"
    );
}

#[test]
fn by_service_a_service_stays_whole() {
    let by_service = |statement: Value, expected: Value| {
        let mut world = World::new();
        world.inline("one", document(json!([statement])));
        world.used("sqs", "CreateQueue");
        let sized = rightsize(&world, options().granularity(Granularity::Service));
        assert_eq!(new(&sized)[0].1["Statement"][0]["Action"], expected);
    };
    let unused = "cloudtrail:LookupEvents";
    let actions = json!(["sqs:CreateQueue", "sqs:DeleteQueue", unused]);
    let left = json!(["sqs:CreateQueue", "sqs:DeleteQueue"]);
    by_service(allow(actions, "*"), left);
    // Patterns of what stays are as they were.
    let patterns = json!(["sqs:*Queue", "sqs:*", unused]);
    by_service(allow(patterns, "*"), json!(["sqs:*Queue", "sqs:*"]));
    // All of CloudTrail but that action.
    let letters = ["A", "C", "D", "E", "G", "Li", "P", "R", "S", "U"];
    let mut others: Vec<String> = letters.map(|it| format!("cloudtrail:{it}*")).into();
    others.extend(["kms", "sns", "sts"].map(|it| format!("{it}:*")));
    let rest = json!({"Effect": "Allow", "NotAction": others, "Resource": "*"});
    let left = json!(["network-security-manager:*", "sqs:*"]);
    by_service(rest, left);
}

#[test]
fn nothing_is_proposed_without_coverage_states_or_users() {
    let mut world = World::new();
    world.inline("one", document(json!([allow(json!("sqs:*"), "*")])));
    let refused = |world: &World, tracking: Tracking, arn: &str| {
        let rightsizer = world.advisor(tracking).rightsizer(options());
        let sized = rightsizer.rightsize(arn).unwrap();
        assert!(sized.new_policies.is_empty() && !sized.changes());
        sized.refused.unwrap()
    };
    let few = Tracking::full().min_coverage_days(101);
    let refusal = refused(&world, few, ROLE);
    assert!(matches!(refusal, Refusal::Coverage(_)), "{refusal}");
    assert_eq!(refused(&world, Tracking::aws(), ROLE), Refusal::NoStates);
    world.empty_group("idle");
    let group = "arn:aws:iam::111122223333:group/idle";
    assert_eq!(refused(&world, Tracking::full(), group), Refusal::Nobody);
}

#[test]
fn a_proposal_says_what_it_rests_on_and_is_not_made_of_an_old_trail() {
    let mut world = World::new();
    world.inline("one", document(json!([allow(json!("sqs:*"), "*")])));
    world.used("sqs", "CreateQueue");
    world.days_ago = 13;
    let sized = rightsize(&world, options());
    let basis = sized.rests_on.as_ref().unwrap();
    assert_eq!((basis.days_read, basis.regions.len()), (100, 2));
    let text = basis.to_string();
    assert!(
        text.contains("days of account 111122223333 before 2026-04-24 00:00; Regions: eu-west-1 on 99, us-east-1 on 99")
            && text.contains("; not read: 2026-04-11 to 2026-04-23"),
        "{text}"
    );
    let files = sized.files();
    for name in ["apply.sh", "changes.diff"] {
        let file = files.iter().find(|it| it.path.ends_with(name)).unwrap();
        assert!(
            file.content.contains(&format!("\n# Rests on {text}.\n")),
            "{}",
            file.content
        );
    }
    world.days_ago = 14;
    let sized = rightsize(&world, options());
    let refused = sized.refused.as_ref().unwrap().to_string();
    assert!(sized.rests_on.is_none() && sized.files().is_empty());
    assert!(
        refused.contains("read is 2026-04-10, 15 days before"),
        "{refused}"
    );
}

#[test]
fn removed_actions_that_data_events_show_are_counted() {
    let mut world = World::new();
    let actions = json!(["sqs:SendMessage", "sqs:CreateQueue", "sqs:DeleteQueue"]);
    world.inline("one", document(json!([allow(actions, "*")])));
    world.used("sqs", "CreateQueue");
    assert_eq!(rightsize(&world, options()).removed_by_data_events, 0);
    world.log_queues();
    let sized = rightsize(&world, options());
    assert_eq!(
        (sized.removed_actions, sized.removed_by_data_events),
        (2, 1)
    );
}

#[test]
fn a_use_that_the_trail_should_show_and_does_not_is_a_reason_to_propose_nothing() {
    let refused = |actions: Value, last_used| {
        let mut world = World::new();
        world.inline("one", document(json!([allow(actions, "*")])));
        world.last_used = Some(last_used);
        rightsize(&world, options()).refused
    };
    let traced = || json!(["cloudtrail:LookupEvents", "sqs:DeleteQueue"]);
    // On a day that was read, and on one that was not.
    for last_used in ["2026-03-20T10:00:00Z", "2025-12-20T10:00:00Z"] {
        let refusal = refused(traced(), last_used).unwrap();
        assert!(
            matches!(refusal, Refusal::UnseenUse { .. })
                && refusal.to_string().starts_with("RoleLastUsed of arn:"),
            "{refusal}"
        );
    }
    // Before what claims are about.
    assert_eq!(refused(traced(), "2024-06-01T10:00:00Z"), None);
    // Messages are data events: they leave no trace, and stay.
    let untraced = json!(["cloudtrail:LookupEvents", "sqs:SendMessage"]);
    assert_eq!(refused(untraced, "2026-03-20T10:00:00Z"), None);
}

#[test]
fn statements_without_sid_that_differ_in_their_actions_become_one() {
    let with = |sid: Option<&str>, actions: Value, resource: &str| {
        let mut statement = json!({"Effect": "Allow", "Action": actions, "Resource": resource});
        if let Some(sid) = sid {
            statement["Sid"] = json!(sid);
        }
        statement
    };
    let topic = "arn:aws:sns:eu-west-1:111122223333:news";
    let mut world = World::new();
    world.inline(
        "one",
        document(json!([
            with(None, json!(["sqs:CreateQueue", "sqs:DeleteQueue"]), "*"),
            with(Some("Named"), json!(["sqs:SetQueueAttributes"]), "*"),
            with(None, json!("sns:CreateTopic"), topic),
            with(None, json!("cloudtrail:LookupEvents"), "*"),
        ])),
    );
    for (service, action) in [
        ("sqs", "CreateQueue"),
        ("sqs", "SetQueueAttributes"),
        ("sns", "CreateTopic"),
        ("cloudtrail", "LookupEvents"),
    ] {
        world.used(service, action);
    }
    let sized = rightsize(&world, options());
    let merged: Vec<Option<usize>> = (sized.policies[0].statements.iter())
        .map(|it| it.merged_into)
        .collect();
    assert_eq!(merged, [None, None, None, Some(0)]);
    let first = with(
        None,
        json!(["sqs:CreateQueue", "cloudtrail:LookupEvents"]),
        "*",
    );
    let left = &new(&sized)[0].1["Statement"];
    assert_eq!(left[0], first);
    assert_eq!(left.as_array().unwrap().len(), 3);
    assert_eq!(sized.proof.unwrap().new_within_old, 3);
}

#[test]
fn inline_policies_that_cannot_be_read_leave_the_others_no_more_room_than_today() {
    for has_unreadable in [false, true] {
        let mut world = World::new();
        world.inline("queue", document(json!([allow(json!("sqs:*"), "*")])));
        if has_unreadable {
            world.inline("unreadable", document(json!(["s3:*"])));
        }
        let sized = rightsize(&world, options());
        let [policy] = &*sized.new_policies else {
            panic!("{sized:?}");
        };
        // The names of what stays are longer than the wildcard.
        let expected = if has_unreadable {
            PolicyPlace::Managed
        } else {
            PolicyPlace::Inline
        };
        assert_eq!(policy.policy_type, expected, "{policy:?}");
    }
}
