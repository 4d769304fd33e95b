//! What was called: which records are calls, their actions, and denials.

use advisor_core::CreditedAction;
use serde_json::{Value, json};

use super::support::{MARIA, actions, call, object, record, rows, set_aside, take};

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
        super::support::insight(),
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
            Some("SlowDown"),
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
fn an_object_that_does_not_exist_implies_that_its_bucket_may_be_listed() {
    for (source, event, code, expected) in [
        ("s3", "GetObject", "NoSuchKey", "?s3:ListBucket"),
        ("s3", "HeadObject", "NoSuchKey", "?s3:ListBucket"),
        ("s3", "GetObjectAcl", "NoSuchVersion", "?s3:ListBucket"),
        ("s3", "GetObject", "AccessDenied", ""),
        ("s3", "GetBucketPolicy", "NoSuchBucketPolicy", ""),
        ("route53", "GetHostedZone", "NotFound", ""),
    ] {
        let changes = json!({
            "eventSource": format!("{source}.amazonaws.com"), "eventName": event, "errorCode": code,
            "requestParameters": {"key": "k"},
        });
        assert_eq!(exercised(&changes), expected, "{changes}");
    }
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
    for omitted in [
        json!({"reason": "requestParameters too large", "omitted": "true", "originalSize": "149893"}),
        json!("{instancesset={items=[{mincount=1}]}}"),
        json!("HIDDEN_DUE_TO_SECURITY_REASONS"),
        json!([]),
    ] {
        let run = call("ec2", "RunInstances", omitted.clone());
        assert_eq!(run, "?ec2:CreateTags ?iam:PassRole", "{omitted}");
    }
    let in_a_text = json!(r#"{"iamInstanceProfile": {"name": "p"}}"#);
    assert_eq!(call("ec2", "RunInstances", in_a_text), "=iam:PassRole");
    let hidden = json!({"instanceType": "t3.micro", "tagSpecificationSet": "HIDDEN_DUE_TO_SECURITY_REASONS"});
    assert_eq!(
        call("ec2", "RunInstances", hidden),
        "?ec2:CreateTags ?iam:PassRole"
    );
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
}

#[test]
fn a_denied_call_may_have_asked_for_its_further_actions() {
    let denied = |parameters: Value, message: &str| {
        exercised(&json!({
            "eventSource": "ec2.amazonaws.com", "eventName": "RunInstances", "requestParameters": parameters,
            "errorCode": "Client.UnauthorizedOperation", "errorMessage": message,
        }))
    };
    let encoded = "You are not authorized to perform this operation. Encoded authorization failure message: 4GIO";
    let tags = json!({"tagSpecificationSet": {"items": [{"resourceType": "instance", "tags": [{"key": "a"}]}]}});
    assert_eq!(denied(tags.clone(), encoded), "?ec2:CreateTags");
    assert_eq!(denied(json!({"instanceType": "t3.micro"}), encoded), "");
    assert_eq!(denied(json!({}), encoded), "");
    let missing = exercised(&json!({
        "eventSource": "ec2.amazonaws.com", "eventName": "RunInstances", "requestParameters": null,
        "errorCode": "Client.UnauthorizedOperation", "errorMessage": encoded,
    }));
    assert_eq!(missing, "?ec2:CreateTags ?iam:PassRole");
    // What the message names was asked for; what else was, is not known.
    let named = "User: arn:aws:iam::111122223333:user/staff/maria is not authorized to perform: ec2:CreateTags";
    assert_eq!(denied(tags.clone(), named), "");
    let own = "User: arn:aws:iam::111122223333:user/staff/maria is not authorized to perform: ec2:RunInstances";
    assert_eq!(denied(tags, own), "?ec2:CreateTags");
}

#[test]
fn a_denial_of_somebody_else_is_not_the_callers() {
    let of = |identity: Value, named: &str| {
        let message = format!("{named} is not authorized to perform: s3:ListAllMyBuckets");
        let changes = json!({
            "userIdentity": identity, "eventSource": "glue.amazonaws.com", "eventName": "StartCrawler",
            "errorCode": "AccessDeniedException", "errorMessage": message,
        });
        actions(&take(&[object(&[record(&changes)])]).activity).join(" ")
    };
    let (own, both) = ("glue:StartCrawler", "glue:StartCrawler s3:ListAllMyBuckets");
    let perhaps = "glue:StartCrawler s3:ListAllMyBuckets?";
    let maria = json!({});
    for (named, expected) in [
        ("arn:aws:iam::111122223333:user/staff/maria", both),
        // IAM's services do not all know the path.
        ("arn:aws:iam::111122223333:user/maria", both),
        ("User: maria", both),
        ("User", both),
        ("Caller", both),
        // Nobody knows who that is.
        ("CodeBuild", perhaps),
        ("User: mario", perhaps),
        ("arn:aws:iam::111122223333:user/staff/mario", own),
        ("arn:aws:iam::444455556666:user/staff/maria", own),
        ("arn:aws:iam::111122223333:role/maria", own),
        ("arn:aws:sts::111122223333:assumed-role/GlueWorker/x", own),
        ("arn:aws:sts::111122223333:federated-user/maria", own),
        ("arn:aws:lambda:eu-west-1:111122223333:function:maria", own),
    ] {
        assert_eq!(of(maria.clone(), named), expected, "{named}");
    }
    let session = json!({
        "type": "AssumedRole", "principalId": "AROAAUDITEXAMPLE00001:one",
        "arn": "arn:aws:sts::111122223333:assumed-role/audit/one",
        "sessionContext": {"sessionIssuer": {"type": "Role", "principalId": "AROAAUDITEXAMPLE00001",
            "arn": "arn:aws:iam::111122223333:role/security/audit", "accountId": "111122223333"}},
    });
    for (named, expected) in [
        ("arn:aws:sts::111122223333:assumed-role/audit/one", both),
        ("arn:aws:sts::111122223333:assumed-role/audit/two", both),
        ("arn:aws:iam::111122223333:role/security/audit", both),
        ("arn:aws:sts::111122223333:assumed-role/GlueWorker/x", own),
        ("arn:aws:iam::111122223333:user/audit", own),
    ] {
        assert_eq!(of(session.clone(), named), expected, "{named}");
    }
    // Only the unique id and the account are known.
    let other = json!({"type": "AWSAccount", "accountId": "444455556666", "arn": null});
    for (named, expected) in [
        ("arn:aws:iam::444455556666:user/maria", perhaps),
        ("AIDAMARIAEXAMPLE00001", both),
        ("arn:aws:iam::111122223333:user/maria", own),
    ] {
        assert_eq!(of(other.clone(), named), expected, "{named}");
    }
}

#[test]
fn corrections_are_credited_and_do_not_count_twice() {
    let attempts = |records: &[Value]| {
        let read = take(&[object(records)]);
        assert_eq!(set_aside(&read), [""; 0]);
        let rows = read.activity.rows();
        let mut rows: Vec<_> = rows
            .map(|row| {
                let name = row.action.name();
                format!("{name} {}/{} {:?}", row.attempts, row.denied, row.days)
            })
            .collect();
        rows.sort_unstable();
        rows.join(", ")
    };
    let original = call("GetObject", 1);
    let correction = |addendum: Value| {
        let id = "00000000-0000-4000-8000-000000000002";
        let mut correction = original.clone();
        correction["eventID"] = json!(id);
        correction["addendum"] = addendum;
        correction
    };
    let updated = |fields: &str| json!({"reason": "UPDATED_DATA", "updatedFields": fields});
    let once = attempts(std::slice::from_ref(&original));
    let alone = once.replace("1/0", "0/0");
    for fields in [
        "responseElements",
        "errorCode,errorMessage",
        "userIdentity,resources",
    ] {
        let correction = correction(updated(fields));
        assert_eq!(attempts(&[original.clone(), correction.clone()]), once);
        // The original may be in a log file that was not read.
        assert_eq!(attempts(&[correction]), alone);
    }
    // What the original did not show.
    let mut version = correction(updated("requestParameters"));
    version["requestParameters"] = json!({"bucketName": "b", "key": "k", "versionId": "v"});
    let both = attempts(&[original.clone(), version]);
    assert_eq!(
        both,
        format!("{once}, {}", alone.replace("GetObject", "GetObjectVersion"))
    );
    for late in [json!({"reason": "DELIVERY_DELAY"}), json!("odd")] {
        let records = [original.clone(), correction(late)];
        assert_eq!(attempts(&records), once.replace("1/0", "2/0"));
    }
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
        ("SlowDown", 0),
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
