//! Who did what, by each kind of record: the table of section "CloudTrail" of the contract.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod support;

use advisor_core::CreditedAction;
use serde_json::{Value, json};

use support::{MARIA, actions, call, faults, object, record, rows, set_aside, take};

const ROLE_ID: &str = "AROAAUDITEXAMPLE00001";

/// Who a record with this identity is of, as "unique id, ARN, account"; or why it is set aside.
fn who(identity: &Value) -> String {
    let mut record = record(&json!({}));
    record["userIdentity"] = identity.clone();
    let read = take(&[object(&[record])]);
    match &*rows(&read.activity) {
        [] => match &*faults(&read) {
            [] => format!("aside: {}", &set_aside(&read)[0][2..]),
            faults => faults[0].clone(),
        },
        [row] => row.split(' ').take(3).collect::<Vec<_>>().join(" "),
        more => panic!("one record, several rows: {more:?}"),
    }
}

#[track_caller]
fn assert_who(cases: &[(&str, Value, &str)]) {
    for (case, identity, expected) in cases {
        assert_eq!(&who(identity), expected, "{case}: {identity}");
    }
}

#[test]
fn users() {
    assert_who(&[
        (
            "all there",
            json!({"type": "IAMUser", "principalId": MARIA, "accountId": "111122223333", "userName": "maria",
                   "arn": "arn:aws:iam::111122223333:user/staff/maria"}),
            "AIDAMARIAEXAMPLE00001 arn:aws:iam::111122223333:user/staff/maria 111122223333",
        ),
        (
            "no ARN: the name makes one",
            json!({"type": "IAMUser", "principalId": MARIA, "accountId": "111122223333", "userName": "maria"}),
            "AIDAMARIAEXAMPLE00001 arn:aws:iam::111122223333:user/maria 111122223333",
        ),
        (
            "only the unique id",
            json!({"type": "IAMUser", "principalId": MARIA}),
            "AIDAMARIAEXAMPLE00001 - -",
        ),
        (
            "no unique id",
            json!({"type": "IAMUser", "accountId": "111122223333",
                   "arn": "arn:aws-cn:iam::111122223333:user/maria"}),
            "- arn:aws-cn:iam::111122223333:user/maria 111122223333",
        ),
        (
            "only account and name, as a failed sign-in has",
            json!({"type": "IAMUser", "accountId": "111122223333", "userName": "maria"}),
            "- arn:aws:iam::111122223333:user/maria 111122223333",
        ),
        (
            "a principalId that is no unique id",
            json!({"type": "IAMUser", "principalId": "maria", "arn": "arn:aws:iam::111122223333:user/maria"}),
            "- arn:aws:iam::111122223333:user/maria -",
        ),
        (
            "a role's unique id is no user's",
            json!({"type": "IAMUser", "principalId": ROLE_ID, "arn": "arn:aws:iam::111122223333:user/maria"}),
            "- arn:aws:iam::111122223333:user/maria -",
        ),
        (
            "an ARN that is none",
            json!({"type": "IAMUser", "arn": "maria", "accountId": "111122223333"}),
            "object: record 1: malformed: IAMUser with neither a unique id in userIdentity.principalId nor an ARN",
        ),
        (
            "nothing at all",
            json!({"type": "IAMUser"}),
            "object: record 1: malformed: IAMUser with neither a unique id in userIdentity.principalId nor an ARN",
        ),
        (
            "empty strings",
            json!({"type": "IAMUser", "principalId": "", "arn": "", "accountId": "", "userName": ""}),
            "object: record 1: malformed: IAMUser with neither a unique id in userIdentity.principalId nor an ARN",
        ),
        (
            "a call that a service made for the user is the user's",
            json!({"type": "IAMUser", "principalId": MARIA, "accountId": "111122223333",
                   "arn": "arn:aws:iam::111122223333:user/staff/maria",
                   "sessionContext": {"sessionIssuer": {}, "attributes": {"mfaAuthenticated": "true"}},
                   "invokedBy": "cloudformation.amazonaws.com"}),
            "AIDAMARIAEXAMPLE00001 arn:aws:iam::111122223333:user/staff/maria 111122223333",
        ),
        (
            "nulls are as if they were not there",
            json!({"type": "IAMUser", "principalId": MARIA, "arn": null, "sessionContext": null}),
            "AIDAMARIAEXAMPLE00001 - -",
        ),
    ]);
}

#[test]
fn roles() {
    let issuer = json!({
        "type": "Role", "principalId": ROLE_ID, "accountId": "111122223333", "userName": "audit",
        "arn": "arn:aws:iam::111122223333:role/security/audit",
    });
    let session = "arn:aws:sts::111122223333:assumed-role/audit/nightly";
    assert_who(&[
        (
            "the issuer's ARN has the path, the session's has not",
            json!({"type": "AssumedRole", "principalId": format!("{ROLE_ID}:nightly"), "arn": session,
                   "accountId": "111122223333", "sessionContext": {"sessionIssuer": issuer}}),
            "AROAAUDITEXAMPLE00001 arn:aws:iam::111122223333:role/security/audit 111122223333",
        ),
        (
            "the role is of the issuer's account",
            json!({"type": "AssumedRole", "accountId": "444455556666", "sessionContext": {"sessionIssuer": issuer}}),
            "AROAAUDITEXAMPLE00001 arn:aws:iam::111122223333:role/security/audit 111122223333",
        ),
        (
            "no issuer: the unique id stands before the session's name",
            json!({"type": "AssumedRole", "principalId": format!("{ROLE_ID}:nightly"), "arn": session,
                   "accountId": "111122223333"}),
            "AROAAUDITEXAMPLE00001 arn:aws:iam::111122223333:role/audit 111122223333",
        ),
        (
            "an empty issuer",
            json!({"type": "AssumedRole", "principalId": format!("{ROLE_ID}:nightly"), "arn": session,
                   "accountId": "111122223333", "sessionContext": {"sessionIssuer": {}}}),
            "AROAAUDITEXAMPLE00001 arn:aws:iam::111122223333:role/audit 111122223333",
        ),
        (
            "only the session's ARN, of another partition",
            json!({"type": "AssumedRole", "arn": "arn:aws-us-gov:sts::111122223333:assumed-role/audit/a/b"}),
            "- arn:aws-us-gov:iam::111122223333:role/audit -",
        ),
        (
            "a session without a name",
            json!({"type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/audit"}),
            "- arn:aws:iam::111122223333:role/audit -",
        ),
        (
            "a session of no role",
            json!({"type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role//x"}),
            "object: record 1: malformed: AssumedRole with neither a unique id in userIdentity.principalId nor an ARN",
        ),
        (
            "a federated session's ARN is no role's",
            json!({"type": "AssumedRole", "arn": "arn:aws:sts::111122223333:federated-user/audit"}),
            "object: record 1: malformed: AssumedRole with neither a unique id in userIdentity.principalId nor an ARN",
        ),
        (
            "a role with web identity",
            json!({"type": "AssumedRole", "principalId": format!("{ROLE_ID}:pod"), "arn": session,
                   "accountId": "111122223333",
                   "sessionContext": {"sessionIssuer": issuer, "webIdFederationData":
                       {"federatedProvider": "arn:aws:iam::111122223333:oidc-provider/example.com", "attributes": {}}}}),
            "AROAAUDITEXAMPLE00001 arn:aws:iam::111122223333:role/security/audit 111122223333",
        ),
        (
            "a call that a service made with the role's session",
            json!({"type": "AssumedRole", "principalId": format!("{ROLE_ID}:nightly"), "arn": session,
                   "accountId": "111122223333", "sessionContext": {"sessionIssuer": issuer},
                   "invokedBy": "athena.amazonaws.com"}),
            "AROAAUDITEXAMPLE00001 arn:aws:iam::111122223333:role/security/audit 111122223333",
        ),
    ]);
}

#[test]
fn federated_users_are_their_issuing_user() {
    assert_who(&[
        (
            "issued by a user",
            json!({"type": "FederatedUser", "principalId": "111122223333:guest", "accountId": "111122223333",
                   "arn": "arn:aws:sts::111122223333:federated-user/guest",
                   "sessionContext": {"sessionIssuer": {"type": "IAMUser", "principalId": MARIA, "userName": "maria",
                       "accountId": "111122223333", "arn": "arn:aws:iam::111122223333:user/staff/maria"}}}),
            "AIDAMARIAEXAMPLE00001 arn:aws:iam::111122223333:user/staff/maria 111122223333",
        ),
        (
            "issued by a user of whom only the name is told",
            json!({"type": "FederatedUser", "sessionContext": {"sessionIssuer":
                {"type": "IAMUser", "userName": "maria", "accountId": "111122223333"}}}),
            "- arn:aws:iam::111122223333:user/maria 111122223333",
        ),
        (
            "issued by the root user",
            json!({"type": "FederatedUser", "principalId": "111122223333:guest",
                   "arn": "arn:aws:sts::111122223333:federated-user/guest",
                   "sessionContext": {"sessionIssuer": {"type": "Root", "principalId": "111122223333",
                       "accountId": "111122223333", "arn": "arn:aws:iam::111122223333:root"}}}),
            "aside: by the account root",
        ),
        (
            "issued by nobody known",
            json!({"type": "FederatedUser", "principalId": "111122223333:guest",
                   "arn": "arn:aws:sts::111122223333:federated-user/guest"}),
            "aside: not an IAM identity: FederatedUser",
        ),
        (
            "an issuer without id and ARN",
            json!({"type": "FederatedUser", "sessionContext": {"sessionIssuer": {"type": "IAMUser"}}}),
            "object: record 1: malformed: FederatedUser with neither a unique id in userIdentity.principalId nor an ARN",
        ),
    ]);
}

#[test]
fn callers_of_other_accounts_are_known_by_unique_id() {
    assert_who(&[
        (
            "a user",
            json!({"type": "AWSAccount", "principalId": MARIA, "accountId": "444455556666"}),
            "AIDAMARIAEXAMPLE00001 - 444455556666",
        ),
        (
            "a role's session",
            json!({"type": "AWSAccount", "principalId": format!("{ROLE_ID}:nightly"), "accountId": "444455556666"}),
            "AROAAUDITEXAMPLE00001 - 444455556666",
        ),
        (
            "the other account's root user",
            json!({"type": "AWSAccount", "principalId": "444455556666", "accountId": "444455556666"}),
            "aside: by the account root",
        ),
        (
            "nobody",
            json!({"type": "AWSAccount", "principalId": "", "accountId": "ANONYMOUS_PRINCIPAL"}),
            "aside: anonymous",
        ),
        (
            "nobody, said elsewhere",
            json!({"type": "AWSAccount", "principalId": "ANONYMOUS_PRINCIPAL"}),
            "aside: anonymous",
        ),
        (
            "an account of which no more is told",
            json!({"type": "AWSAccount", "accountId": "444455556666"}),
            "aside: not an IAM identity: AWSAccount",
        ),
        (
            "empty strings are no root user",
            json!({"type": "AWSAccount", "principalId": "", "accountId": ""}),
            "aside: not an IAM identity: AWSAccount",
        ),
        (
            "a unique id that is cut short",
            json!({"type": "AWSAccount", "principalId": "AIDAMARIA", "accountId": "444455556666"}),
            "aside: not an IAM identity: AWSAccount",
        ),
    ]);
}

#[test]
fn callers_that_are_no_iam_identity() {
    assert_who(&[
        (
            "root",
            json!({"type": "Root", "principalId": "111122223333", "accountId": "111122223333",
                   "arn": "arn:aws:iam::111122223333:root"}),
            "aside: by the account root",
        ),
        (
            "a service",
            json!({"type": "AWSService", "invokedBy": "ecs.amazonaws.com"}),
            "aside: by an AWS service",
        ),
        (
            "a service that has no type",
            json!({"accountId": "111122223333", "invokedBy": "autoscaling.amazonaws.com"}),
            "aside: by an AWS service",
        ),
        (
            "unknown",
            json!({"type": "Unknown", "userName": "HIDDEN_DUE_TO_SECURITY_REASONS"}),
            "aside: not an IAM identity: Unknown",
        ),
        (
            "IAM Identity Center",
            json!({"type": "IdentityCenterUser", "accountId": "111122223333", "onBehalfOf": {"userId": "1"}}),
            "aside: not an IAM identity: IdentityCenterUser",
        ),
        (
            "web identity",
            json!({"type": "WebIdentityUser", "principalId": "accounts.example.com:app:1", "userName": "1"}),
            "aside: not an IAM identity: WebIdentityUser",
        ),
        (
            "SAML",
            json!({"type": "SAMLUser", "principalId": "x:y", "userName": "y", "identityProvider": "x"}),
            "aside: not an IAM identity: SAMLUser",
        ),
        (
            "Directory",
            json!({"type": "Directory", "accountId": "111122223333"}),
            "aside: not an IAM identity: Directory",
        ),
        (
            "a type that is not known yet",
            json!({"type": "Starfish", "principalId": MARIA}),
            "aside: not an IAM identity: Starfish",
        ),
        (
            "no type",
            json!({"principalId": MARIA}),
            "object: record 1: malformed: no userIdentity.type",
        ),
        (
            "nothing",
            json!({}),
            "object: record 1: malformed: no userIdentity.type",
        ),
    ]);
}

#[test]
fn what_counts_as_a_call() {
    for (changes, expected) in [
        (json!({"eventType": "AwsApiCall"}), "1 attributed"),
        (json!({"eventType": "AwsConsoleAction"}), "1 attributed"),
        (json!({"eventType": null}), "1 attributed"),
        (
            json!({"eventType": null, "eventCategory": null}),
            "1 attributed",
        ),
        (
            json!({"eventType": "AwsServiceEvent"}),
            "1 not an API call: AwsServiceEvent",
        ),
        (
            json!({"eventType": "AwsConsoleSignIn"}),
            "1 not an API call: AwsConsoleSignIn",
        ),
        (
            json!({"eventType": "AwsVpceEvent", "eventCategory": "NetworkActivity"}),
            "1 not an API call: AwsVpceEvent",
        ),
        (
            json!({"eventType": "Starfish"}),
            "1 not an API call: Starfish",
        ),
        // What is no call needs no caller.
        (
            json!({"eventType": "AwsServiceEvent", "userIdentity": null}),
            "1 not an API call: AwsServiceEvent",
        ),
    ] {
        let read = take(&[object(&[record(&changes)])]);
        let outcome = match read.reconciliation.records_attributed {
            0 => set_aside(&read).join(", "),
            count => format!("{count} attributed"),
        };
        assert_eq!(outcome, expected, "{changes}");
    }
}

#[test]
fn insights_among_calls_are_set_aside() {
    let category = record(&json!({"eventType": "AwsApiCall", "eventCategory": "Insight"}));
    let read = take(&[object(&[
        call("GetObject", 1),
        support::insight(),
        category,
    ])]);
    assert_eq!(read.reconciliation.records_read, 3);
    assert_eq!(read.reconciliation.records_attributed, 1);
    assert_eq!(
        set_aside(&read),
        ["2 not an API call: AwsCloudTrailInsight"]
    );
    assert!(!read.reconciliation.has_faults());
}

#[test]
fn what_was_called() {
    for (source, event, expected) in [
        ("s3", "GetObject", "s3:GetObject"),
        ("s3", "HeadObject", "s3:GetObject"),
        ("s3", "ListBuckets", "s3:ListAllMyBuckets"),
        ("lambda", "Invoke", "lambda:InvokeFunction"),
        ("lambda", "CreateFunction20150331", "lambda:CreateFunction"),
        ("lambda", "ListFunctions20150331", "lambda:ListFunctions"),
        (
            "cloudfront",
            "CreateDistribution2020_05_31",
            "cloudfront:CreateDistribution",
        ),
        ("monitoring", "PutMetricData", "cloudwatch:PutMetricData"),
        ("s3", "GrowWings", "s3:'GrowWings'"),
        ("s3", "GrowWings20150331", "s3:'GrowWings20150331'"),
        ("monitoring", "GrowWings", "cloudwatch:'GrowWings'"),
        ("starfish", "GrowArms", "starfish:'GrowArms'"),
    ] {
        let changes = json!({"eventSource": format!("{source}.amazonaws.com"), "eventName": event});
        let read = take(&[object(&[record(&changes)])]);
        assert_eq!(actions(&read.activity), [expected], "{changes}");
    }
}

#[test]
fn calls_that_share_a_name_are_told_apart_by_their_parameters() {
    for (source, event, parameters, expected) in [
        (
            "autoscaling",
            "PutScalingPolicy",
            json!({"policyName": "p", "serviceNamespace": "ecs", "resourceId": "service/c/s"}),
            "application-autoscaling:PutScalingPolicy",
        ),
        (
            "autoscaling",
            "PutScalingPolicy",
            json!({"policyName": "p", "autoScalingGroupName": "g"}),
            "autoscaling:PutScalingPolicy",
        ),
        (
            "dynamodb",
            "ExecuteStatement",
            json!({"statement": "INSERT INTO \"T\" VALUE {'k': ***(Redacted)}"}),
            "dynamodb:PartiQLInsert",
        ),
        (
            "dynamodb",
            "ExecuteStatement",
            json!({"statement": "delete from \"T\" where k = 1"}),
            "dynamodb:PartiQLDelete",
        ),
        (
            "dynamodb",
            "ExecuteStatement",
            json!({"statement": "SELECT * FROM \"T\""}),
            "dynamodb:PartiQLSelect",
        ),
    ] {
        let changes = json!({
            "eventSource": format!("{source}.amazonaws.com"), "eventName": event, "requestParameters": null,
        });
        let mut record = record(&changes);
        record["requestParameters"] = parameters;
        let read = take(&[object(&[record])]);
        assert_eq!(actions(&read.activity), [expected], "{changes}");
    }
}

#[test]
fn a_denial_counts_for_the_action_that_it_names() {
    let message = |action: &str| {
        format!(
            "User: arn:aws:iam::111122223333:user/maria is not authorized to perform: {action} on resource: * because no \
             identity-based policy allows the {action} action"
        )
    };
    for (source, event, code, message, expected) in [
        // Session Manager's channels come with the event source of Systems Manager.
        (
            "ssm",
            "CreateControlChannel",
            Some("AccessDenied"),
            message("ssmmessages:CreateControlChannel"),
            "ssmmessages:CreateControlChannel",
        ),
        (
            "ec2",
            "RunInstances",
            Some("Client.UnauthorizedOperation"),
            message("iam:PassRole"),
            "ec2:RunInstances iam:PassRole",
        ),
        (
            "s3",
            "GetObject",
            Some("AccessDenied"),
            message("kms:Decrypt"),
            "kms:Decrypt s3:GetObject",
        ),
        // Not in the catalog, or no action at all: the event's own.
        (
            "s3",
            "GetObject",
            Some("AccessDenied"),
            message("s3:GrowWings"),
            "s3:GetObject",
        ),
        (
            "s3",
            "GetObject",
            Some("AccessDenied"),
            "Access Denied".to_owned(),
            "s3:GetObject",
        ),
        // Not a denial.
        (
            "s3",
            "GetObject",
            Some("NoSuchKey"),
            message("s3:PutObject"),
            "s3:GetObject",
        ),
        (
            "s3",
            "GetObject",
            None,
            message("s3:PutObject"),
            "s3:GetObject",
        ),
    ] {
        let changes = json!({
            "eventSource": format!("{source}.amazonaws.com"), "eventName": event, "errorCode": code, "errorMessage": message,
        });
        let read = take(&[object(&[record(&changes)])]);
        assert_eq!(actions(&read.activity).join(" "), expected, "{changes}");
    }
    let odd = json!({"errorCode": "AccessDenied", "errorMessage": {"not": "a string"}});
    let read = take(&[object(&[record(&odd)])]);
    assert_eq!(actions(&read.activity), ["s3:GetObject"]);
    assert!(!read.reconciliation.has_faults());
}

#[test]
fn a_call_that_a_vpc_endpoint_refused_is_a_denied_attempt() {
    let refused = |code: &str, kind: &str| {
        let changes = json!({
            "eventType": kind, "eventCategory": "NetworkActivity", "errorCode": code,
            "errorMessage": "The request was denied due to a VPC endpoint policy",
        });
        let read = take(&[object(&[record(&changes)])]);
        let rows = read.activity.rows().map(|row| {
            let evidence = row.action.evidence();
            format!("{} {evidence:?} {}", row.action.name(), row.denied)
        });
        (rows.collect::<Vec<_>>(), set_aside(&read))
    };
    // AWS's own reports do not count network activity, so the evidence is not an event of a call.
    let attempt = (vec!["GetObject Record 1".to_owned()], Vec::new());
    for kind in ["AwsVpceEvent", "AwsVpceEvents"] {
        assert_eq!(refused("VpceAccessDenied", kind), attempt);
        // Any other is recorded beside the call.
        let (rows, reasons) = refused("AccessDenied", kind);
        assert_eq!(rows.len(), 0);
        assert_eq!(reasons, [format!("1 not an API call: {kind}")]);
    }
}

#[test]
fn odd_event_sources_keep_a_name() {
    for (source, expected) in [
        ("s3.amazonaws.com.cn", "s3:GetObject"),
        ("starfish", "starfish:'GetObject'"),
        ("aws:s3", "aws:s3:'GetObject'"),
    ] {
        let read = take(&[object(&[record(&json!({"eventSource": source}))])]);
        assert_eq!(actions(&read.activity), [expected], "{source}");
    }
}

#[test]
fn sources_of_nobody_and_of_others_are_set_aside() {
    for (source, expected) in [
        (
            "s3-authn-errors.amazonaws.com",
            "1 not decided by permissions: s3-authn-errors.amazonaws.com",
        ),
        (
            "s3lifecycle.amazonaws.com",
            "1 not decided by permissions: s3lifecycle.amazonaws.com",
        ),
        ("sts.aliyuncs.com", "1 not of AWS: sts.aliyuncs.com"),
        ("starfish.example.com", "1 not of AWS: starfish.example.com"),
        (".amazonaws.com", "1 not of AWS: .amazonaws.com"),
    ] {
        // Also of records whose caller is not in order.
        for identity in [json!({}), json!({"type": null, "principalId": null})] {
            let changes = json!({"eventSource": source, "userIdentity": identity});
            let read = take(&[object(&[record(&changes)])]);
            assert_eq!(set_aside(&read), [expected], "{source}");
            let is_of_aws = source.ends_with(".amazonaws.com") && source.len() > 14;
            assert_eq!(read.activity.coverage().is_empty(), !is_of_aws, "{source}");
        }
    }
}

/// What a call exercised beside its own action: `=` before what the record shows, `?` before what it may have.
fn exercised(changes: &Value) -> String {
    let read = take(&[object(&[record(changes)])]);
    assert_eq!(read.reconciliation.records_attributed, 1, "{changes}");
    let rows = read.activity.rows().filter_map(|row| match row.action {
        CreditedAction::Exercised(name) => Some(format!("={}:{name}", row.service)),
        CreditedAction::Implied(name) => Some(format!("?{}:{name}", row.service)),
        _ => None,
    });
    let mut rows: Vec<_> = rows.collect();
    rows.sort_unstable();
    rows.join(" ")
}

#[test]
fn records_show_what_else_a_call_exercised() {
    let call = |source: &str, name, parameters: Value| {
        exercised(&json!({
            "eventSource": format!("{source}.amazonaws.com"), "eventName": name, "requestParameters": parameters,
        }))
    };
    let none = "";
    assert_eq!(call("s3", "GetObject", json!({"key": "k"})), none);
    assert_eq!(
        call("s3", "GetObject", json!({"versionId": "v"})),
        "=s3:GetObjectVersion"
    );
    // The record should say, and does not: its parameters are missing.
    let omitted = exercised(&json!({"requestParameters": null}));
    assert_eq!(omitted, "?s3:GetObjectVersion");
    let profile = json!({"iamInstanceProfile": {"name": "p"}});
    assert_eq!(
        call("ec2", "RunInstances", profile.clone()),
        "=iam:PassRole"
    );
    assert_eq!(
        call("ec2", "RunInstances", json!({"instanceType": "t3.micro"})),
        none
    );
    let tags = json!({"roleArn": "arn:aws:iam::111122223333:role/r", "tags": [{"key": "a", "value": "b"}]});
    assert_eq!(call("sts", "AssumeRole", tags), "=sts:TagSession");
    let put = json!({"key": "k", "x-amz-acl": "private"});
    assert_eq!(call("s3", "PutObject", put), "=s3:PutObjectAcl");
    // A call that was denied exercised nothing else.
    let denied = json!({
        "eventSource": "ec2.amazonaws.com", "eventName": "RunInstances", "requestParameters": profile,
        "errorCode": "Client.UnauthorizedOperation",
    });
    assert_eq!(exercised(&denied), none);
}

#[test]
fn corrections_do_not_count_twice() {
    let original = call("GetObject", 1);
    let correction = |addendum: Value| {
        let mut correction = call("GetObject", 2);
        correction["eventTime"] = original["eventTime"].clone();
        correction["addendum"] = addendum;
        let read = take(&[object(&[original.clone(), correction])]);
        (
            read.reconciliation.records_attributed,
            set_aside(&read).join(", "),
        )
    };
    let updated = |fields: &str| json!({"reason": "UPDATED_DATA", "updatedFields": fields});
    let set_aside = (1, "1 a correction of an earlier event".to_owned());
    for fields in ["responseElements", "errorCode,errorMessage"] {
        assert_eq!(correction(updated(fields)), set_aside);
    }
    // It says more of who did what.
    assert_eq!(
        correction(updated("userIdentity,resources")),
        (2, String::new())
    );
    assert_eq!(
        correction(json!({"reason": "DELIVERY_DELAY"})),
        (2, String::new())
    );
    assert_eq!(correction(json!("odd")), (2, String::new()));
}

#[test]
fn errors_that_only_the_response_has_are_denials() {
    let attempt = |response: Value| {
        let changes = json!({"eventName": "PutObject", "requestParameters": {}, "responseElements": response});
        let read = take(&[object(&[record(&changes)])]);
        let rows: Vec<_> = read
            .activity
            .rows()
            .map(|row| (row.action.name().to_owned(), row.denied))
            .collect();
        let mut attempts: Vec<String> = rows
            .iter()
            .map(|(name, denied)| format!("{name} {denied}"))
            .collect();
        attempts.sort_unstable();
        attempts.join(" ")
    };
    assert_eq!(attempt(json!({"errorCode": "AccessDenied"})), "PutObject 1");
    assert_eq!(
        attempt(json!({"message": "User: u is not authorized to perform: sqs:SendMessage"})),
        "PutObject 1 SendMessage 1"
    );
    assert_eq!(
        attempt(json!({"errorCode": "NoSuchKey", "message": "gone"})),
        "PutObject 0"
    );
    assert_eq!(
        attempt(json!({"deep": {"errorCode": "AccessDenied"}})),
        "PutObject 0"
    );
    assert_eq!(attempt(json!(["errorCode"])), "PutObject 0");
}

#[test]
fn refused_calls_are_attempts_too() {
    for (code, denied) in [
        ("AccessDenied", 1),
        ("AccessDeniedException", 1),
        ("Client.UnauthorizedOperation", 1),
        ("UnauthorizedOperation", 1),
        ("UnauthorizedException", 1),
        ("NotAuthorizedException", 1),
        ("AuthorizationErrorException", 1),
        ("ForbiddenException", 1),
        ("KMS.AccessDeniedException", 1),
        ("NoSuchKey", 0),
        ("ThrottlingException", 0),
        ("Client.DryRunOperation", 0),
        ("Client.InvalidParameterValue", 0),
        ("ResourceNotFoundException", 0),
        ("", 0),
    ] {
        let read = take(&[object(&[record(&json!({"errorCode": code}))])]);
        assert_eq!(
            rows(&read.activity),
            [format!(
                "{MARIA} arn:aws:iam::111122223333:user/staff/maria 111122223333 s3:GetObject eu-central-1 1/{denied}"
            )],
            "{code}"
        );
    }
}

#[test]
fn rows_are_by_principal_action_and_region() {
    let recreated = json!({"userIdentity": {"principalId": "AIDAMARIAEXAMPLE00002"}, "errorCode": "AccessDenied"});
    let read = take(&[object(&[
        call("GetObject", 1),
        call("HeadObject", 2),
        record(&json!({"errorCode": "AccessDenied"})),
        call("PutObject", 3),
        record(&json!({"awsRegion": "us-east-1"})),
        // Deleted and made again under the same name: another user.
        record(&recreated),
    ])]);
    let arn = "arn:aws:iam::111122223333:user/staff/maria 111122223333";
    assert_eq!(
        rows(&read.activity),
        [
            format!("AIDAMARIAEXAMPLE00001 {arn} s3:GetObject eu-central-1 3/1"),
            format!("AIDAMARIAEXAMPLE00001 {arn} s3:GetObject us-east-1 1/0"),
            format!("AIDAMARIAEXAMPLE00001 {arn} s3:PutObject eu-central-1 1/0"),
            format!("AIDAMARIAEXAMPLE00002 {arn} s3:GetObject eu-central-1 1/1"),
        ]
    );
}

#[test]
fn the_last_attempt_is_the_latest_ties_by_event_id() {
    let at = |time: &str, id: &str| record(&json!({"eventTime": time, "eventID": id}));
    let records = [
        at("2026-10-01T12:00:00Z", "b"),
        at("2026-10-01T12:00:00Z", "c"),
        at("2026-10-01T14:00:00+02:00", "a"),
        at("2026-10-01T11:59:59.999Z", "z"),
    ];
    let mut backwards = records.to_vec();
    backwards.reverse();
    for order in [records.to_vec(), backwards] {
        let read = take(&[object(&order)]);
        let row = read.activity.rows().next().unwrap();
        assert_eq!(row.last_event_id, "c");
        assert_eq!(row.last_millis, 1_790_856_000_000);
        assert_eq!(row.first_millis, 1_790_855_999_999);
        assert_eq!(row.attempts, 4);
    }
}

#[test]
fn a_principal_has_the_arn_it_was_last_seen_with() {
    let moved = json!({
        "userIdentity": {"arn": "arn:aws:iam::111122223333:user/former/maria"},
        "eventTime": "2026-10-02T00:00:00Z",
    });
    for order in [
        [record(&moved), call("GetObject", 1)],
        [call("GetObject", 1), record(&moved)],
    ] {
        let read = take(&[object(&order)]);
        let row = read.activity.rows().next().unwrap();
        assert_eq!(
            row.principal.arn,
            Some("arn:aws:iam::111122223333:user/former/maria")
        );
        assert_eq!(row.attempts, 2);
    }
}
