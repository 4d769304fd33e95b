//! Resources of statements: they stay, and what never applies to them is not listed.

use std::sync::Arc;

use advisor_core::{CreditedAction, Rightsized, Tracking};
use serde_json::{Value, json};
use service_catalog::Catalog;

use crate::world::{ROLE, World, advisor, covered, role, use_of};
use crate::{document, options, rightsize};

const QUEUE: &str = "arn:aws:sqs:eu-west-1:111122223333:orders";

/// Right-sizes a role that created a queue, described a key and listed topics.
fn sized(statements: &[Value]) -> Rightsized {
    let mut world = World::new();
    world.inline("one", document(json!(statements)));
    for (service, action) in [
        ("sqs", "CreateQueue"),
        ("kms", "DescribeKey"),
        ("sns", "ListTopics"),
    ] {
        world.used(service, action);
    }
    let sized = rightsize(&world, options());
    assert!(sized.proof.is_some(), "{sized:?}");
    sized
}

/// The services of the actions that a new statement lists.
fn services(sized: &Rightsized, statement: usize) -> Vec<String> {
    let statement = &sized.new_policies[0].policy_document["Statement"][statement];
    let actions = statement["Action"].as_array().unwrap().iter();
    let services = actions.map(|it| it.as_str().unwrap().split(':').next().unwrap().to_owned());
    let mut services: Vec<String> = services.collect();
    services.dedup();
    services
}

#[test]
fn what_never_applies_to_the_resources_of_a_statement_is_not_listed() {
    let allow = |element: &str, actions: Value, resource: Value| json!({"Effect": "Allow", element: actions, "Resource": resource});
    let topic = "arn:aws:sns:*:*:news";
    for (statement, expected) in [
        (
            allow("NotAction", json!("iam:*"), json!(QUEUE)),
            &["sqs"][..],
        ),
        (allow("Action", json!("*"), json!(QUEUE)), &["sqs"]),
        (
            allow("Action", json!("*"), json!([QUEUE, topic])),
            &["sns", "sqs"],
        ),
        // A service that is named is meant.
        (
            allow("Action", json!(["kms:Describe*", "*"]), json!(QUEUE)),
            &["kms", "sqs"],
        ),
    ] {
        let sized = sized(std::slice::from_ref(&statement));
        assert_eq!(services(&sized, 0), expected, "{statement}");
        let removed = &sized.policies[0].statements[0];
        let of_others = |it: &String| it.starts_with("cloudtrail");
        assert!(
            !removed.removed_actions.iter().any(of_others),
            "{removed:?}"
        );
    }
    // Which service these are of is not known.
    for resource in [
        "arn:aws:s*s:*:*:orders",
        "arn:${aws:PrincipalTag/p}:sqs:*:*:orders",
        "*s:orders",
    ] {
        let sized = sized(&[allow("NotAction", json!("iam:*"), json!(resource))]);
        let services = services(&sized, 0);
        assert!(
            services.contains(&"sns".to_owned()),
            "{resource}: {services:?}"
        );
    }
    let but = json!({"Effect": "Allow", "NotAction": "iam:*", "NotResource": QUEUE});
    assert!(services(&sized(&[but]), 0).contains(&"kms".to_owned()));
}

#[test]
fn actions_stay_of_which_the_catalog_may_lack_the_resource_types() {
    let sessions = "arn:aws:ssm:*:*:session/*";
    let statement = json!({"Effect": "Allow", "NotAction": "iam:*", "Resource": sessions});
    let inline = json!({"PolicyName": "one", "PolicyDocument": document(json!([statement]))});
    let mut activity = covered();
    let started = CreditedAction::Action("StartSession");
    use_of(&mut activity, ROLE, "ssm", started);
    let roles = [role("build", &[inline], &[])];
    let catalog: Arc<Catalog> = Catalog::shared();
    let advisor = advisor(&roles, &[], &[], &activity, (Tracking::full(), catalog));
    let sized = advisor.rightsizer(options()).rightsize(ROLE).unwrap();
    let actions = &sized.new_policies[0].policy_document["Statement"][0]["Action"];
    let actions = actions.as_array().unwrap();
    for kept in ["ssm:StartSession", "ssmmessages:OpenDataChannel"] {
        assert!(actions.contains(&json!(kept)), "{kept}: {actions:?}");
    }
    assert!(actions.len() < 200, "{}", actions.len());
}

#[test]
fn resources_with_policy_variables_stay_and_are_proved() {
    let own = "arn:aws:sqs:*:*:${aws:PrincipalTag/team}-*";
    let allow = |actions: Value| json!({"Effect": "Allow", "Action": actions, "Resource": own});
    let both = [allow(json!("sqs:*")), allow(json!("sns:*"))];
    let sized = sized(&both);
    let new = &sized.new_policies[0].policy_document["Statement"];
    // One statement: both have the same resource, as a text.
    assert_eq!(new.as_array().unwrap().len(), 1);
    assert_eq!(new[0]["Resource"], json!(own));
    assert_eq!(services(&sized, 0), ["sqs", "sns"]);
}
