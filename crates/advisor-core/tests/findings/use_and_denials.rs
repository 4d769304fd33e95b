//! Use without a grant, and denials.

use advisor_core::FindingKind;

use crate::world::{NOW, World};
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

#[test]
fn attempts_before_the_tracking_period_do_not_count() {
    let world = || covered().role_with("worker", &["sqs:ListQueues"]);
    // Denied long ago, and allowed now: by a resource-based policy.
    let mut denied = world().call("worker", "sqs:ListQueues", 150);
    for day in 1..8 {
        denied = denied.attempt("worker", "sns:ListTopics", day, true);
    }
    assert_eq!(denied.kinds(), [""; 0]);
    let denied = denied.call("worker", "sns:ListTopics", 180);
    assert_eq!(denied.kinds(), [""; 0]);
    // The other way round.
    let allowed = world()
        .call("worker", "sqs:ListQueues", 150)
        .call("worker", "sns:ListTopics", 5)
        .attempt("worker", "sns:ListTopics", 180, true);
    assert_eq!(allowed.kinds(), [""; 0]);
    // More days than could have been before it are certain.
    let mut often = allowed;
    for day in 181..187 {
        often = often.attempt("worker", "sns:ListTopics", day, true);
    }
    assert_eq!(often.kinds(), ["RepeatedDenials worker: low"]);
    assert_eq!(
        only(&often, FindingKind::RepeatedDenials)
            .severity_reason
            .to_string(),
        "6 attempts were denied"
    );
}

#[test]
fn privileges_that_are_used_now_and_then_say_so() {
    let mut world = World::covered(0..NOW)
        .role_with("yearly", &["iam:PutRolePolicy", "iam:ListUsers"])
        .call("yearly", "iam:ListUsers", 190);
    for day in [15, 60, 105] {
        world = world.call("yearly", "iam:PutRolePolicy", day);
    }
    let rhythm = "used every 45 days, next about 2026-05-31";
    for kind in [FindingKind::UnusedPrivilege, FindingKind::UnusedPermission] {
        let found = only(&world, kind);
        let [(_, by_action)] = &found.permissions[0].action_uses[..] else {
            panic!("{:?}", found.permissions);
        };
        for last in [by_action, found.last_use.as_ref().unwrap()] {
            assert_eq!(last.event_id.as_deref(), Some("event-105"));
            assert_eq!(last.rhythm.unwrap().to_string(), rhythm);
        }
        let json = serde_json::to_value(&found).unwrap();
        let uses = &json["accessAdvisor"]["permissions"][0]["actionUses"];
        assert_eq!(uses[0]["action"], "PutRolePolicy");
        assert_eq!(uses[0]["rhythm"]["intervalDays"], 45);
        if kind == FindingKind::UnusedPermission {
            let details = &json["findingDetails"][0]["unusedPermissionDetails"];
            assert_eq!(details["actions"][0]["lastAccessed"], uses[0]["time"]);
        }
    }
}

#[test]
fn unknown_event_sources_that_may_be_of_granted_services_are_named() {
    let world = covered()
        .role_with("deploy", &["ec2:RunInstances"])
        .role_with("build", &["ec2:*", "sqs:CreateQueue"])
        .role_with("queues", &["sqs:ListQueues"])
        .call("deploy", "ec2-new:LaunchThing", 150)
        .call("build", "ec2-new:LaunchThing", 151)
        // Not granted, and of no service that anybody knows.
        .call("queues", "ec2-new:LaunchThing", 152)
        .call("build", "no-such-thing:DoIt", 153)
        .call("queues", "sqs:ListQueues", 154);
    let findings = world.findings();
    let [source] = findings.unknown_event_sources.as_slice() else {
        panic!("{:?}", findings.unknown_event_sources);
    };
    let said = "event source ec2-new is not in the catalog and may be a part of ec2: nothing granted of it is called unused of \
                arn:aws:iam::111122223333:role/build and 1 other";
    assert_eq!(source.to_string(), said);
    // Nothing of ec2 is found.
    assert_eq!(world.kinds(), ["UnusedPermission build: medium"]);
    let json = serde_json::to_value(&findings).unwrap();
    let sources = &json["accessAdvisor"]["unknownEventSources"];
    assert_eq!(sources[0]["eventSource"], "ec2-new");
    assert_eq!(sources[0]["services"], serde_json::json!(["ec2"]));
    assert_eq!(sources[0]["identities"].as_array().unwrap().len(), 2);
    let sarif = serde_json::to_value(findings.sarif()).unwrap();
    let notes = &sarif["runs"][0]["invocations"][0]["toolExecutionNotifications"];
    assert_eq!(notes[0]["message"]["text"], said);
}
