//! IAM's limits: policies are packed to fit them, and what does not fit stays as it is.

use advisor_core::{ChangeReason, PolicyLimits, StatementChange, Tracking};
use serde_json::{Value, json};

use crate::world::World;
use crate::{allow, document, new, options, rightsize};

#[test]
fn policies_that_are_packed_together_share_statements_of_one_scope() {
    let mut world = World::new();
    for number in 0..4 {
        let actions = json!([
            "sqs:CreateQueue",
            "sqs:DeleteQueue",
            format!("sqs:Unknown{number}")
        ]);
        let statement = json!({"Effect": "Allow", "Action": actions, "Resource": "*"});
        world.managed(&format!("m{number}"), document(json!([statement])));
    }
    world.used("sqs", "CreateQueue");
    let limits = PolicyLimits::new().attached_role(1);
    let sized = rightsize(&world, options().limits(limits));
    let [policy] = &*sized.new_policies else {
        panic!("{sized:?}");
    };
    assert_eq!(policy.replaces.len(), 4);
    let statements = policy.policy_document["Statement"].as_array().unwrap();
    assert_eq!(statements.len(), 1);
    let actions = statements[0]["Action"].as_array().unwrap();
    assert_eq!(actions.len(), 5, "{actions:?}");
    assert_eq!(sized.proof.unwrap().new_within_old, 1);
}

/// An allow of `sqs:*` on so many queues that a list of actions is longer than the wildcard.
fn on_queues(queues: usize) -> Value {
    let queues = (0..queues).map(|number| format!("arn:aws:sqs:eu-west-1:111122223333:q{number}"));
    let mut statement = allow(json!("sqs:*"), "*");
    statement["Resource"] = queues.collect();
    statement
}

/// A role that created a queue.
fn creator() -> World {
    let mut world = World::new();
    world.used("sqs", "CreateQueue");
    world
}

fn short() -> Value {
    let actions = json!(["sqs:CreateQueue", "sqs:DeleteQueue"]);
    json!({"Effect": "Allow", "Action": actions, "Resource": "*"})
}

fn limits(managed_policy: usize, attached_role: usize) -> PolicyLimits {
    PolicyLimits::new()
        .managed_policy(managed_policy)
        .attached_role(attached_role)
        .inline_role(0)
}

fn is_left_whole(statement: &StatementChange) -> bool {
    let is_length = |reason: &ChangeReason| match reason {
        ChangeReason::DoesNotFit { attached, limit } => attached > limit,
        ChangeReason::TooLong { characters, limit } => characters > limit,
        _ => false,
    };
    statement.old.is_none() && statement.stays.as_ref().is_some_and(is_length)
}

#[test]
fn a_statement_that_would_not_fit_stays_and_the_rest_of_its_policy_changes() {
    let mut world = creator();
    let mixed = document(json!([on_queues(80), short()]));
    let limits = limits(mixed.to_string().len(), 1);
    world.managed("Mixed", mixed);
    let sized = rightsize(&world, options().limits(limits));
    let statements = &sized.policies[0].statements;
    assert!(is_left_whole(&statements[0]), "{statements:?}");
    let kept =
        json!([on_queues(80), {"Effect": "Allow", "Action": ["sqs:CreateQueue"], "Resource": "*"}]);
    let new = new(&sized);
    assert_eq!((new.len(), &new[0].1["Statement"]), (1, &kept));
    assert!(sized.proof.is_some() && sized.kept.whole > 0, "{sized:?}");

    // The same for a new version of the policy, which is one document.
    let arn = "arn:aws:iam::111122223333:policy/Mixed";
    let rightsizer = world.advisor(Tracking::full());
    let rightsizer = rightsizer.rightsizer(options().limits(limits));
    let sized = rightsizer.rightsize(arn).unwrap();
    assert!(is_left_whole(&sized.policies[0].statements[0]), "{sized:?}");
    assert_eq!(sized.new_policies[0].policy_document["Statement"], kept);
    assert!(sized.proof.is_some());
}

#[test]
fn a_policy_that_would_not_fit_stays_and_the_others_change() {
    let mut world = creator();
    let long = document(json!([on_queues(80)]));
    let limits = limits(long.to_string().len(), 2);
    world.managed("Long", long);
    world.managed("Short", document(json!([short()])));
    let sized = rightsize(&world, options().limits(limits));
    let mut policies = sized.policies.iter();
    let long = policies.find(|it| &*it.policy_name == "Long").unwrap();
    assert!(
        !long.changes && is_left_whole(&long.statements[0]),
        "{long:?}"
    );
    let new = new(&sized);
    assert_eq!((new.len(), new[0].0), (1, "Short-role-build"));
    assert_eq!(sized.removed_actions, 0);
    assert!(sized.proof.is_some() && sized.kept.whole > 0, "{sized:?}");
}

#[test]
fn where_nothing_fits_nothing_changes() {
    let mut world = creator();
    for number in 0..30 {
        world.inline(
            &format!("p{number}"),
            document(json!([on_queues(2), short()])),
        );
    }
    let sized = rightsize(&world, options().limits(limits(10, 1)));
    assert!(sized.refused.is_none() && !sized.changes(), "{sized:?}");
    assert!(sized.new_policies.is_empty() && sized.proof.is_none());
    let mut statements = sized.policies.iter().flat_map(|it| &*it.statements);
    assert!(statements.all(is_left_whole), "{sized:?}");
    assert_eq!(sized.removed_actions, 0);
}
