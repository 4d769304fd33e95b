//! Actions without resource types in AWS's service reference: on which resources a policy grants them.
#![allow(clippy::panic, clippy::unwrap_used)]

use advisor_core::{AccountData, ReachEngine};
use serde_json::{Value, json};
use service_catalog::Catalog;

/// The services that a role with one inline policy reaches, and whether it can perform the action.
fn reach(statements: &Value, service: &str, action: &str) -> (Vec<String>, bool) {
    let arn = "arn:aws:iam::111122223333:role/r";
    let document = json!({"Version": "2012-10-17", "Statement": statements});
    let role = json!({
        "RoleName": "r", "RoleId": "AROAEXAMPLE", "Arn": arn,
        "RolePolicyList": [{"PolicyName": "p", "PolicyDocument": document}],
    });
    let export = json!({"RoleDetailList": [role]}).to_string();
    let account = AccountData::from_export("inline", &export).unwrap();
    assert_eq!(account.issues(), []);
    let catalog = Catalog::shared();
    let engine = ReachEngine::new(&account, catalog.clone());
    let reach = engine.reach(&account, account.resolve(arn).unwrap());
    let services = reach.services(&catalog);
    let names = services.iter().map(|id| catalog.service(*id).namespace());
    let names = names.map(str::to_owned).collect();
    let service = catalog.service_by_namespace(service).unwrap();
    let action = catalog.action_by_name(service, action).unwrap();
    (names, reach.contains(action))
}

fn allow(action: &str, resource: &str) -> Value {
    json!({"Effect": "Allow", "Action": action, "Resource": resource})
}

fn deny(action: &str, resource: &str) -> Value {
    json!({"Effect": "Deny", "Action": action, "Resource": resource})
}

#[test]
fn an_action_that_is_named_is_possible_on_any_arn() {
    // AWS documents this statement for Session Manager.
    let session = "arn:aws:ssm:*:*:session/${aws:userid}-*";
    for action in ["ssmmessages:OpenDataChannel", "SSMMessages:opendatachannel"] {
        let statement = json!([allow(action, session)]);
        let (services, is_possible) = reach(&statement, "ssmmessages", "OpenDataChannel");
        assert_eq!(services, ["ssmmessages"], "{action}");
        assert!(is_possible, "{action}");
    }
    for action in ["ssmmessages:*", "ssmmessages:OpenDataChanne?", "*"] {
        let statement = json!([allow(action, session)]);
        let (_, is_possible) = reach(&statement, "ssmmessages", "OpenDataChannel");
        assert!(!is_possible, "{action}");
    }
    // Leaving another action out names nothing.
    let statement = json!([{"Effect": "Allow", "NotAction": "ssmmessages:OpenControlChannel", "Resource": session}]);
    let (_, is_possible) = reach(&statement, "ssmmessages", "OpenDataChannel");
    assert!(!is_possible);
}

#[test]
fn an_arn_of_the_service_with_a_star_as_its_resource_is_enough() {
    for (action, resource, expected) in [
        // The S3 walkthrough grants the first.
        ("s3:ListAllMyBuckets", "arn:aws:s3:::*", true),
        ("s3:List*", "arn:aws:s3:::*", true),
        ("s3:*", "arn:aws:s3:*:*:*", true),
        ("*", "arn:*:s3:::*", true),
        ("s3:List*", "arn:aws:s3:::bucket", false),
        ("s3:List*", "arn:aws:s3:::*/*", false),
        ("s3:List*", "arn:aws:s3:::b*", false),
        ("s3:List*", "arn:aws:ec2:*:*:*", false),
    ] {
        let statement = json!([allow(action, resource)]);
        let (services, is_possible) = reach(&statement, "s3", "ListAllMyBuckets");
        assert_eq!(is_possible, expected, "{action} on {resource}");
        assert!(
            !is_possible || services.contains(&"s3".to_owned()),
            "{action} on {resource}"
        );
    }
}

#[test]
fn denies_take_away_what_they_cover() {
    let all = "arn:aws:s3:::*";
    for (statements, expected) in [
        (json!([allow("s3:List*", all), deny("s3:*", all)]), false),
        (json!([allow("s3:List*", all), deny("s3:*", "*")]), false),
        (
            json!([allow("s3:ListAllMyBuckets", all), deny("s3:*", all)]),
            false,
        ),
        (
            json!([allow("s3:List*", all), deny("s3:*", "arn:aws:s3:::b")]),
            true,
        ),
        // The allow also covers the string `*`, which the deny does not.
        (json!([allow("s3:List*", "*"), deny("s3:*", all)]), true),
    ] {
        let (_, is_possible) = reach(&statements, "s3", "ListAllMyBuckets");
        assert_eq!(is_possible, expected, "{statements}");
    }
}

#[test]
fn actions_with_resource_types_still_need_such_a_resource() {
    let statement = json!([allow("s3:GetObject", "arn:aws:s3:::bucket")]);
    assert_eq!(reach(&statement, "s3", "GetObject"), (Vec::new(), false));
}

/// AWS Backup's ARN format of recovery points leaves the service open, and stands for any ARN whose
/// resource has a colon. So an allow of everything on such an ARN includes AWS Backup's actions.
#[test]
fn an_arn_format_with_an_open_service_fits_arns_of_every_service() {
    let function = "arn:aws:lambda:us-west-2:111122223333:function:f";
    let (services, is_possible) = reach(
        &json!([allow("*", function)]),
        "backup",
        "DescribeRecoveryPoint",
    );
    assert_eq!(services, ["backup", "lambda"]);
    assert!(is_possible);
    let bucket = json!([allow("*", "arn:aws:s3:::bucket")]);
    let (services, _) = reach(&bucket, "backup", "DescribeRecoveryPoint");
    assert!(!services.contains(&"backup".to_owned()), "{services:?}");
}
