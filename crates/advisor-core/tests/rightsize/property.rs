//! Generated policies and uses: an evaluator that knows nothing of the algebra agrees with the proof.

use std::collections::BTreeSet;

use advisor_core::{
    Activity, Advisor, CreditedAction, Granularity, RightsizeOptions, Rightsized, Rightsizer,
    State, Tracking, Wildcards,
};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, FileFailurePersistence};
use serde_json::{Value, json};

use crate::evaluator::{Evaluated, may_apply};
use crate::world::{
    ACCOUNT, advisor_of, covered, group, managed_policy, role, small_catalog, use_of, user,
};

/// Roles, users and groups in one account, a case each: creating the advisor takes longer than right-sizing them.
const CASES: usize = 500;
/// Of each test. Together, they have 5,000 cases. `PROPTEST_CASES` asks for more accounts.
const ACCOUNTS: u32 = 5;

static ACTIONS: [&str; 26] = [
    "sqs:*",
    "sqs:Get*",
    "sqs:*Queue",
    "sqs:*Queue*",
    "sqs:?etQueueAttributes",
    "SQS:SENDMESSAGE",
    "sqs:CreateQueue",
    "sqs:DeleteQueue",
    "sqs:PurgeQueue",
    "sqs:NoSuchThing",
    "sqs:List*Tags",
    "sns:*",
    "sns:List*",
    "sns:*Topic*",
    "sns:Publish",
    "sns:CreateTopic",
    "sns:GetTopicAttributes",
    "sns:???bscribe",
    "sns:*s",
    "kms:Describe*",
    "kms:*Key",
    "kms:Decrypt",
    "new-service:*",
    "new-service:Do",
    "network-security-manager:*",
    "sts:AssumeRole",
];

static RESOURCES: [&str; 6] = [
    "*",
    "arn:aws:sqs:eu-west-1:111122223333:orders",
    "arn:aws:sqs:*:111122223333:*",
    "arn:aws:sns:*:*:news-?",
    "arn:aws:kms:*:*:key/*",
    "arn:aws:s?s:*",
];

const PROBED_RESOURCES: [&str; 5] = [
    "*",
    "arn:aws:sqs:eu-west-1:111122223333:orders",
    "arn:aws:sqs:us-east-1:111122223333:other",
    "arn:aws:sns:eu-west-1:111122223333:news-1",
    "arn:aws:kms:eu-west-1:111122223333:key/1",
];

/// Names that no catalog has, yet.
const FUTURE: [&str; 6] = [
    "sqs:GetFuture",
    "sqs:NoSuchThing",
    "sns:ListFutures",
    "kms:DescribeFuture",
    "new-service:Do",
    "network-security-manager:Do",
];

#[derive(Clone, Debug)]
struct Case {
    inline: Vec<Value>,
    managed: Vec<Value>,
    /// Which actions were used, of those that are probed.
    used: Vec<Index>,
    unknown_use: Option<(&'static str, &'static str)>,
}

fn some(from: &'static [&'static str], most: usize) -> impl Strategy<Value = Value> {
    prop_oneof![
        select(from).prop_map(|one| json!(one)),
        prop::collection::vec(select(from), 1..=most).prop_map(|list| json!(list)),
    ]
}

fn statement() -> impl Strategy<Value = Value> {
    let actions = prop_oneof![
        12 => some(&ACTIONS, 5).prop_map(|texts| ("Action", texts)),
        1 => Just(("Action", json!("*"))),
        2 => some(&ACTIONS, 4).prop_map(|texts| ("NotAction", texts)),
    ];
    let resources = prop_oneof![
        5 => some(&RESOURCES, 3).prop_map(|texts| ("Resource", texts)),
        1 => some(&RESOURCES[1..], 2).prop_map(|texts| ("NotResource", texts)),
    ];
    let condition = prop_oneof![
        4 => Just(None),
        1 => Just(Some(json!({"Bool": {"aws:SecureTransport": "true"}}))),
        1 => Just(Some(json!({"StringEquals": {"aws:RequestedRegion": ["eu-west-1"]}}))),
    ];
    let effect = prop_oneof![4 => Just("Allow"), 1 => Just("Deny")];
    let sid = prop::option::of(select(vec!["One", "Two"]));
    (effect, actions, resources, condition, sid).prop_map(
        |(effect, (actions, action), (resources, resource), condition, sid)| {
            let mut statement = json!({"Effect": effect, actions: action, resources: resource});
            if let Some(condition) = condition {
                statement["Condition"] = condition;
            }
            if let Some(sid) = sid {
                statement["Sid"] = json!(sid);
            }
            statement
        },
    )
}

fn document() -> impl Strategy<Value = Value> {
    prop::collection::vec(statement(), 0..4)
        .prop_map(|list| json!({"Version": "2012-10-17", "Statement": list}))
}

fn case() -> impl Strategy<Value = Case> {
    let unknown = select(
        &[
            ("sqs", "NotKnown"),
            ("kms", "NotKnown"),
            ("brand-new", "Do"),
        ][..],
    );
    (
        prop::collection::vec(document(), 0..3),
        prop::collection::vec(document(), 0..3),
        prop::collection::vec(any::<Index>(), 0..12),
        prop::option::weighted(0.1, unknown),
    )
        .prop_map(|(inline, managed, used, unknown_use)| Case {
            inline,
            managed,
            used,
            unknown_use,
        })
}

/// All actions of the services that are generated, as policies name them.
fn known_actions() -> Vec<String> {
    let catalog = &*small_catalog();
    let services = ["kms", "sns", "sqs", "sts"].map(|it| catalog.service_by_namespace(it).unwrap());
    let names = services.into_iter().flat_map(|service| {
        let namespace = catalog.service(service).namespace();
        let actions = catalog.actions_of(service);
        actions.map(move |id| format!("{namespace}:{}", catalog.action(id).name()))
    });
    names.collect()
}

/// An account with a role, a user, or a group of two for each case.
fn account(cases: &[Case], known: &[String]) -> Advisor {
    let mut activity: Activity = covered();
    let (mut roles, mut policies) = (Vec::new(), Vec::new());
    let (mut users, mut groups) = (Vec::new(), Vec::new());
    assert_eq!(cases.len(), CASES);
    for (number, case) in cases.iter().enumerate() {
        let inline: Vec<Value> = (0..)
            .zip(&case.inline)
            .map(|(at, it)| json!({"PolicyName": format!("p{at}"), "PolicyDocument": it}))
            .collect();
        let mut attached = Vec::new();
        for (at, document) in case.managed.iter().enumerate() {
            let name = format!("m{number}-{at}");
            let policy = managed_policy(&name, document.clone());
            attached.push(json!({"PolicyArn": policy["Arn"], "PolicyName": name}));
            policies.push(policy);
        }
        let name = name(number);
        let of_user = |name: &str| format!("arn:aws:iam::{ACCOUNT}:user/{name}");
        let mut who = vec![arn(number)];
        match kind(number) {
            "role" => roles.push(role(&name, &inline, &attached)),
            "user" => users.push(user(&name, &inline, &attached, &[])),
            _ => {
                groups.push(group(&name, &inline, &attached));
                let members = [format!("{name}-a"), format!("{name}-b")];
                users.extend(members.iter().map(|it| user(it, &[], &[], &[&name])));
                who = members.iter().map(|it| of_user(it)).collect();
            }
        }
        let mut who = who.iter().cycle();
        for used in &case.used {
            let (service, action) = used.get(known).split_once(':').unwrap();
            let (who, action) = (who.next().unwrap(), CreditedAction::Action(action));
            use_of(&mut activity, who, service, action);
        }
        if let Some((service, event)) = case.unknown_use {
            let (who, event) = (who.next().unwrap(), CreditedAction::Event(event));
            use_of(&mut activity, who, service, event);
        }
    }
    // One that may do everything, and did nothing.
    let all = json!({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}});
    let all = json!({"PolicyName": "all", "PolicyDocument": all});
    roles.push(role("all", &[all], &[]));
    let export = json!({"UserDetailList": users, "GroupDetailList": groups, "RoleDetailList": roles, "Policies": policies});
    advisor_of(&export, &activity, (Tracking::full(), small_catalog()))
}

fn kind(number: usize) -> &'static str {
    ["role", "user", "group"][number % 3]
}

fn name(number: usize) -> String {
    format!("n{number}")
}

fn arn(number: usize) -> String {
    format!("arn:aws:iam::{ACCOUNT}:{}/{}", kind(number), name(number))
}

/// The granted actions that must stay, as the report has them.
fn needed(advisor: &Advisor, arn: &str) -> BTreeSet<String> {
    let report = advisor.report(arn, Granularity::Action).unwrap();
    let mut needed = BTreeSet::new();
    for service in report.services() {
        for action in &service.tracked_actions_last_accessed {
            if action.state != Some(State::Unused) {
                needed.insert(format!(
                    "{}:{}",
                    service.service_namespace, action.action_name
                ));
            }
        }
    }
    needed
}

/// The actions that no use of others can imply, and that a trail shows: they stay only when they were used.
fn plain_actions(advisor: &Advisor) -> BTreeSet<String> {
    let catalog = advisor.catalog();
    let kinds = catalog.event_kinds();
    let implied = kinds.flat_map(|(id, _)| catalog.implied_actions(id).map(|it| it.action));
    let implied: BTreeSet<_> = implied.collect();
    let all = format!("arn:aws:iam::{ACCOUNT}:role/all");
    let report = advisor.report(&all, Granularity::Action).unwrap();
    let mut plain = BTreeSet::new();
    for service in report.services() {
        let namespace = service.service_namespace;
        let id = catalog.service_by_namespace(namespace).unwrap();
        for action in &service.tracked_actions_last_accessed {
            let action_id = catalog.action_by_name(id, action.action_name).unwrap();
            if action.state == Some(State::Unused) && !implied.contains(&action_id) {
                plain.insert(format!("{namespace}:{}", action.action_name));
            }
        }
    }
    plain
}

/// The policies of a role, user or group after right-sizing.
fn after(sized: &Rightsized) -> Vec<Value> {
    let unchanged = sized.policies.iter().filter(|it| !it.changes);
    let unchanged = unchanged.map(|it| serde_json::from_str(&it.document).unwrap());
    let new = sized
        .new_policies
        .iter()
        .map(|it| Value::clone(&it.policy_document));
    unchanged.chain(new).collect()
}

/// What all cases are checked with.
struct Probes {
    /// Known actions, and names that no catalog has.
    actions: Vec<String>,
    plain: BTreeSet<String>,
    conditions: [Value; 2],
}

impl Probes {
    fn known(&self) -> &[String] {
        &self.actions[..self.actions.len() - FUTURE.len()]
    }

    fn check(&self, case: &Case, sized: &Rightsized, needed: &BTreeSet<String>) {
        assert_eq!(sized.refused, None, "{case:?}");
        assert_eq!(sized.policies.len(), case.inline.len() + case.managed.len());
        let actions: Vec<&str> = self.actions.iter().map(String::as_str).collect();
        let evaluated = |policies: &[&Value]| {
            Evaluated::new(policies, &actions, &PROBED_RESOURCES, &self.conditions)
        };
        let old = evaluated(&case.inline.iter().chain(&case.managed).collect::<Vec<_>>());
        let after = after(sized);
        let new = evaluated(&after.iter().collect::<Vec<_>>());
        let mut statements = sized.policies.iter().flat_map(|it| it.statements.iter());
        let has_reason = statements.any(|it| it.stays.is_some());
        let used: Vec<&str> = case
            .used
            .iter()
            .map(|it| it.get(self.known()).as_str())
            .collect();
        for (at, action) in actions.iter().enumerate() {
            let is_needed = needed.contains(*action);
            let may_go = self.plain.contains(*action)
                && !used.contains(action)
                && case.unknown_use.is_none()
                && !has_reason;
            for (number, resource) in PROBED_RESOURCES.iter().enumerate() {
                let before = old.allows(at, number);
                let after = new.allows(at, number);
                let what = || format!("{action} on {resource}: {case:?} {sized:?}");
                assert!(
                    after & !before == 0,
                    "grants what was not granted: {}",
                    what()
                );
                // What does not stays in a statement of which nothing is unused, and goes from one that is rewritten.
                let may_apply = may_apply(action, resource);
                let (is_needed, may_go) = (is_needed && may_apply, may_go && may_apply);
                assert!(before & !after == 0 || !is_needed, "lost {}", what());
                assert!(after == 0 || !may_go, "kept {}", what());
            }
        }
    }
}

fn config() -> Config {
    let asked = std::env::var("PROPTEST_CASES").ok();
    let asked = asked.and_then(|text| text.parse().ok()).unwrap_or(0);
    Config {
        cases: ACCOUNTS.max(asked / CASES as u32),
        // The message has the one case of an account that fails.
        max_shrink_iters: 0,
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        ..Config::default()
    }
}

fn check_all(cases: &[Case], wildcards: Wildcards) {
    let known = known_actions();
    let advisor = account(cases, &known);
    let actions = known.iter().cloned().chain(FUTURE.map(str::to_owned));
    let probes = Probes {
        actions: actions.collect(),
        plain: plain_actions(&advisor),
        conditions: [
            json!({"Bool": {"aws:SecureTransport": "true"}}),
            json!({"StringEquals": {"aws:RequestedRegion": ["eu-west-1"]}}),
        ],
    };
    let options = RightsizeOptions::default().wildcards(wildcards);
    let rightsizer: Rightsizer = advisor.rightsizer(options);
    for (number, case) in cases.iter().enumerate() {
        let arn = arn(number);
        let sized = rightsizer.rightsize(&arn).unwrap();
        probes.check(case, &sized, &needed(&advisor, &arn));
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn an_independent_evaluator_agrees(cases in prop::collection::vec(case(), CASES)) {
        check_all(&cases, Wildcards::None);
    }

    #[test]
    fn an_independent_evaluator_agrees_on_wildcards(cases in prop::collection::vec(case(), CASES)) {
        check_all(&cases, Wildcards::Safe);
    }
}
