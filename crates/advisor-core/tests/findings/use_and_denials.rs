//! Use without a grant, and denials.

use advisor_core::FindingKind;

use crate::{covered, only};

#[test]
fn use_without_a_grant_is_found_unless_it_was_denied() {
    let world = covered()
        .role_with("worker", &["sqs:ListQueues"])
        .call("worker", "sqs:ListQueues", 150)
        .call("worker", "sns:ListTopics", 151)
        .call("worker", "sts:GetCallerIdentity", 152)
        .attempt("worker", "ec2:DescribeInstances", 153, true)
        // Before the tracking period.
        .call("worker", "kms:ListKeys", 20);
    assert_eq!(world.kinds(), ["UngrantedUse worker: low"]);
    let found = only(&world, FindingKind::UngrantedUse);
    let actions: Vec<_> = (found.permissions.iter())
        .flat_map(|one| one.actions.iter().map(|action| found.action_name(*action)))
        .collect();
    assert_eq!(actions, ["sns:ListTopics"]);
    assert_eq!(
        found.last_use.unwrap().event_id.as_deref(),
        Some("event-151")
    );
}

#[test]
fn denials_are_found_when_they_repeat() {
    let mut world = covered().role_with("worker", &["sqs:ListQueues"]);
    world = world.call("worker", "sqs:ListQueues", 150);
    for day in 151..155 {
        world = world.attempt("worker", "iam:PutRolePolicy", day, true);
        world = world.attempt("worker", "sqs:ListQueues", day, true);
    }
    assert_eq!(world.kinds(), [""; 0]);
    world = world.attempt("worker", "iam:PutRolePolicy", 155, true);
    assert_eq!(world.kinds(), ["RepeatedDenials worker: medium"]);
    let world = world.settings("denials = 4");
    let found = only(&world, FindingKind::RepeatedDenials);
    let last = found.last_use.unwrap();
    assert_eq!((last.denied, last.attempts), (9, 10));
    assert_eq!(found.permissions.len(), 2);
}
