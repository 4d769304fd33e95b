//! Small inputs that once gave a wrong answer, one test each.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod workspace;

use std::collections::BTreeMap;
use std::process::Output;

use assert_cmd::Command;
use serde_json::{Value, json};
use workspace::Workspace;

const ROLE_ID: &str = "AROAEXAMPLE0000000E0";

/// A role with one statement.
fn account(actions: &Value, resource: &str) -> Value {
    let statement = json!({"Effect": "Allow", "Action": actions, "Resource": resource});
    json!({
        "UserDetailList": [], "GroupDetailList": [], "Policies": [],
        "RoleDetailList": [{
            "Path": "/", "RoleName": "e0", "RoleId": ROLE_ID, "Arn": "arn:aws:iam::111122223333:role/e0",
            "CreateDate": "2020-01-01T00:00:00Z", "AttachedManagedPolicies": [],
            "RolePolicyList": [{
                "PolicyName": "p0",
                "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]},
            }],
        }],
    })
}

/// A call by the role.
fn call(source: &str, name: &str, more: &Value) -> Value {
    let mut record = json!({
        "eventVersion": "1.11", "eventTime": "2026-10-01T10:00:00Z", "awsRegion": "us-east-1",
        "eventSource": source, "eventName": name, "eventType": "AwsApiCall",
        "managementEvent": true, "eventCategory": "Management", "recipientAccountId": "111122223333",
        "userIdentity": {
            "type": "AssumedRole", "principalId": format!("{ROLE_ID}:s"), "accountId": "111122223333",
            "arn": "arn:aws:sts::111122223333:assumed-role/e0/s",
            "sessionContext": {"sessionIssuer": {
                "type": "Role", "principalId": ROLE_ID, "accountId": "111122223333",
                "arn": "arn:aws:iam::111122223333:role/e0", "userName": "e0",
            }},
        },
    });
    for (field, value) in more.as_object().unwrap() {
        record[field] = value.clone();
    }
    record
}

fn list_buckets() -> Value {
    call("s3.amazonaws.com", "ListBuckets", &json!({}))
}

fn records(records: &[Value]) -> Vec<u8> {
    json!({ "Records": records }).to_string().into_bytes()
}

/// What `report` says of an export and a trail.
struct Answer {
    status: i32,
    stderr: String,
    /// By the name of the entity.
    reports: BTreeMap<String, Value>,
}

impl Answer {
    fn of(account: &Value, trail: &[u8], arguments: &[&str]) -> Self {
        let workspace = Workspace::new();
        let account_file = workspace.write("account.json", account.to_string());
        let trail_file = workspace.write("trail.json", trail);
        let output: Output = Command::cargo_bin("access-advisor")
            .unwrap()
            .args([
                "report",
                "--now",
                "2026-11-01T00:00:00Z",
                "--format",
                "jsonl",
                "--account",
            ])
            .arg(account_file)
            .arg("--trail")
            .arg(trail_file)
            .args(arguments)
            .output()
            .unwrap();
        let lines = String::from_utf8(output.stdout).unwrap();
        let reports = lines.lines().filter_map(|line| {
            let report: Value = serde_json::from_str(line).unwrap();
            let name = report["Arn"].as_str()?.rsplit('/').next()?.to_owned();
            Some((name, report))
        });
        Self {
            status: output.status.code().unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            reports: reports.collect(),
        }
    }

    /// With every action and its state.
    fn full(account: &Value, calls: &[Value]) -> Self {
        let answer = Self::of(
            account,
            &records(calls),
            &["--tracking", "full", "--granularity", "action"],
        );
        assert_eq!(answer.status, 0, "{}", answer.stderr);
        answer
    }

    /// The states of the role's services and actions.
    fn states(&self) -> BTreeMap<String, String> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let mut states = BTreeMap::new();
        for service in self.reports["e0"]["ServicesLastAccessed"]
            .as_array()
            .unwrap()
        {
            let namespace = text(&service["ServiceNamespace"]);
            for action in service["TrackedActionsLastAccessed"]
                .as_array()
                .into_iter()
                .flatten()
            {
                let name = format!("{namespace}:{}", text(&action["ActionName"]));
                states.insert(name, text(&action["State"]));
            }
            states.insert(namespace, text(&service["State"]));
        }
        states
    }

    fn assert_states(&self, expected: &[(&str, &str)]) {
        let states = self.states();
        for (name, state) in expected {
            assert_eq!(
                states.get(*name).map(String::as_str),
                Some(*state),
                "{name}: {states:?}"
            );
        }
    }

    /// Of a list beside the granted services, such as `UnknownEventSources`.
    fn others(&self, list: &str) -> usize {
        self.reports["e0"][list].as_array().map_or(0, Vec::len)
    }
}

#[test]
fn all_records_malformed_exit_0() {
    let trail = json!({"Records": [1, "no record", {"eventTime": 1}]}).to_string();
    let answer = Answer::of(&account(&json!("s3:*"), "*"), trail.as_bytes(), &[]);
    assert_eq!(
        (answer.status, answer.reports.len()),
        (1, 0),
        "{}",
        answer.stderr
    );
    assert!(answer.stderr.contains("3  MALFORMED"), "{}", answer.stderr);
}

#[test]
fn appautoscaling_shared_source() {
    let parameters = json!({"serviceNamespace": "ecs", "policyName": "p"});
    let more = json!({ "requestParameters": parameters });
    let scaling = call("autoscaling.amazonaws.com", "PutScalingPolicy", &more);
    let answer = Answer::full(
        &account(&json!("application-autoscaling:*"), "*"),
        &[scaling],
    );
    answer.assert_states(&[("application-autoscaling:PutScalingPolicy", "used")]);
    assert_eq!(answer.others("UngrantedServicesUsed"), 0);
}

/// A recovery point has an ARN of any vendor, so a statement on any ARN may be about one: docs/decisions/variables-in-arn-formats.md.
#[test]
fn backup_for_any_arn() {
    let function = "arn:aws:lambda:us-west-2:111122223333:function:f";
    let answer = Answer::full(&account(&json!("*"), function), &[list_buckets()]);
    let states = answer.states();
    let services: Vec<_> = states.keys().filter(|name| !name.contains(':')).collect();
    assert_eq!(services, ["backup", "lambda"]);
}

#[test]
fn createdate_number() {
    let mut export = account(&json!("s3:*"), "*");
    for date in [
        json!(1_577_836_800),
        json!(1_577_836_800.5),
        Value::Null,
        json!("soon"),
    ] {
        export["RoleDetailList"][0]["CreateDate"] = date;
        Answer::full(&export, &[list_buckets()]).assert_states(&[("s3:ListAllMyBuckets", "used")]);
    }
}

#[test]
fn denial_names_the_action() {
    let denied = |name: &str| {
        let message = format!(
            "User: arn:aws:sts::111122223333:assumed-role/e0/s is not authorized to perform: ssmmessages:{name} on resource: \
             arn:aws:ec2:eu-west-1:111122223333:instance/i-0 because no identity-based policy allows the ssmmessages:{name} action"
        );
        call(
            "ssm.amazonaws.com",
            name,
            &json!({"errorCode": "AccessDenied", "errorMessage": message}),
        )
    };
    let actions = json!([
        "ssmmessages:CreateControlChannel",
        "ssmmessages:OpenControlChannel"
    ]);
    let calls = ["CreateControlChannel", "OpenControlChannel"].map(denied);
    let answer = Answer::full(&account(&actions, "*"), &calls);
    answer.assert_states(&[
        ("ssmmessages:CreateControlChannel", "used"),
        ("ssmmessages:OpenControlChannel", "used"),
    ]);
    assert_eq!(answer.others("UngrantedServicesUsed"), 0);
}

#[test]
fn denied_by_another_name() {
    let workspace = Workspace::new();
    let activity = workspace.path("activity.parquet");
    let denied = json!({"errorCode": "ForbiddenException"});
    let calls = [call(
        "medialive.amazonaws.com",
        "ListInputSecurityGroups",
        &denied,
    )];
    let trail = workspace.write("trail.json", records(&calls));
    let run = || Command::cargo_bin("access-advisor").unwrap();
    let mut export = run();
    export
        .args(["activity", "export"])
        .arg(&trail)
        .arg("--output")
        .arg(&activity);
    export.assert().success();
    let shown = run()
        .args(["activity", "show", "--format", "json"])
        .arg(&activity)
        .output()
        .unwrap();
    let shown: Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!(shown["Activity"][0]["DeniedAttempts"], 1, "{shown}");
}

#[test]
fn explicit_action_without_resource_type() {
    let session = "arn:aws:ssm:*:*:session/${aws:userid}-*";
    let answer = Answer::full(
        &account(&json!("ssmmessages:OpenDataChannel"), session),
        &[list_buckets()],
    );
    answer.assert_states(&[("ssmmessages:OpenDataChannel", "uncovered")]);
}

#[test]
fn list_actions_on_service_arn() {
    let buckets = account(&json!("s3:ListAllMyBuckets"), "arn:aws:s3:::*");
    let answer = Answer::full(&buckets, &[list_buckets()]);
    answer.assert_states(&[("s3:ListAllMyBuckets", "used")]);
    assert_eq!(answer.others("UngrantedServicesUsed"), 0);
}

#[test]
fn lookup_events_query_strings() {
    let calls = [
        list_buckets(),
        call("s3.amazonaws.com", "GetBucketAcl", &json!({})),
    ];
    let texts: Vec<String> = calls.iter().map(Value::to_string).collect();
    // As the AWS CLI prints them, and as jq does.
    let stream = texts
        .iter()
        .map(|text| format!("{}\n", json!(text)))
        .collect::<String>();
    for trail in [json!(texts).to_string(), stream] {
        let arguments = ["--tracking", "full", "--granularity", "action"];
        let answer = Answer::of(&account(&json!("s3:*"), "*"), trail.as_bytes(), &arguments);
        assert_eq!(answer.status, 0, "{}", answer.stderr);
        answer.assert_states(&[("s3:ListAllMyBuckets", "used"), ("s3:GetBucketAcl", "used")]);
    }
}

#[test]
fn message_names_wrong_field() {
    let mut export = account(&json!("s3:*"), "*");
    export["RoleDetailList"][0]
        .as_object_mut()
        .unwrap()
        .remove("RoleId");
    let answer = Answer::of(&export, &records(&[list_buckets()]), &[]);
    assert_eq!(answer.status, 1);
    assert!(
        answer
            .stderr
            .contains("RoleDetailList[0]: missing field `RoleId`"),
        "{}",
        answer.stderr
    );
}

#[test]
fn never_logged_actions() {
    let actions = json!([
        "ec2:RunInstances",
        "iam:PassRole",
        "s3:GetObject",
        "s3:GetObjectVersion",
        "s3:DeleteObject",
        "s3:DeleteObjectVersion",
        "sts:AssumeRole",
        "sts:TagSession",
        "kms:ReEncryptFrom",
        "kms:ReEncryptTo",
    ]);
    let with =
        |source, name, parameters| call(source, name, &json!({ "requestParameters": parameters }));
    let version = || json!({"bucketName": "b", "key": "k", "versionId": "v"});
    let calls = [
        with(
            "ec2.amazonaws.com",
            "RunInstances",
            json!({"iamInstanceProfile": {"name": "web"}}),
        ),
        with("s3.amazonaws.com", "GetObject", version()),
        with("s3.amazonaws.com", "DeleteObject", version()),
        with(
            "sts.amazonaws.com",
            "AssumeRole",
            json!({"tags": [{"key": "a", "value": "b"}]}),
        ),
        with(
            "kms.amazonaws.com",
            "ReEncrypt",
            json!({"sourceKeyId": "a", "destinationKeyId": "b"}),
        ),
    ];
    Answer::full(&account(&actions, "*"), &calls).assert_states(&[
        ("iam:PassRole", "used"),
        ("s3:GetObjectVersion", "used"),
        ("s3:DeleteObjectVersion", "used"),
        ("sts:TagSession", "used"),
        ("kms:ReEncryptTo", "implied"),
    ]);
}

#[test]
fn partiql_statement() {
    let parameters = json!({"statement": "INSERT INTO \"T\" VALUE {'k': ***(Redacted)}"});
    let more = json!({"requestParameters": parameters, "readOnly": false});
    let insert = call("dynamodb.amazonaws.com", "ExecuteStatement", &more);
    let answer = Answer::full(&account(&json!("dynamodb:PartiQLInsert"), "*"), &[insert]);
    answer.assert_states(&[("dynamodb:PartiQLInsert", "used")]);
    assert_eq!(answer.others("UngrantedActionsUsed"), 0);
}

#[test]
fn policy_without_name() {
    let mut export = account(&json!("s3:*"), "*");
    let arn = "arn:aws:iam::111122223333:policy/P";
    export["RoleDetailList"][0]["AttachedManagedPolicies"] =
        json!([{"PolicyName": "P", "PolicyArn": arn}]);
    let document = json!({
        "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}],
    });
    export["Policies"] = json!([{
        "PolicyId": "ANPAEXAMPLE000000P00", "Arn": arn, "Path": "/", "DefaultVersionId": "v1",
        "PolicyVersionList": [{"VersionId": "v1", "IsDefaultVersion": true, "Document": document}],
    }]);
    let answer = Answer::full(&export, &[list_buckets()]);
    answer.assert_states(&[("sqs", "uncovered"), ("s3", "used")]);
    assert!(answer.reports.contains_key("P") && answer.others("NotEvaluated") == 0);
}

#[test]
fn unknown_event_sources() {
    let actions = json!([
        "mgh:*",
        "pricing:GetProducts",
        "transcribe:StartStreamTranscription",
        "autoscaling-plans:*",
    ]);
    let calls = [
        ("migrationhub.amazonaws.com", "ListMigrationTasks"),
        ("pricelist.amazonaws.com", "GetProducts"),
        (
            "transcribestreaming.amazonaws.com",
            "StartStreamTranscription",
        ),
        ("autoscaling.amazonaws.com", "CreateScalingPlan"),
    ];
    let calls = calls.map(|(source, name)| call(source, name, &json!({})));
    let answer = Answer::full(&account(&actions, "*"), &calls);
    answer.assert_states(&[
        ("mgh", "used"),
        ("pricing", "used"),
        ("transcribe", "used"),
        ("autoscaling-plans", "used"),
    ]);
    assert_eq!(
        answer.others("UngrantedServicesUsed") + answer.others("UnknownEventSources"),
        0
    );
    // Of a source that nobody knows, that is said.
    let call = call("no-such-thing.amazonaws.com", "DoIt", &json!({}));
    let answer = Answer::full(&account(&actions, "*"), &[call]);
    assert_eq!(
        (
            answer.others("UngrantedServicesUsed"),
            answer.others("UnknownEventSources")
        ),
        (0, 1)
    );
}

#[test]
fn untracked_region_silent() {
    let calls = ["ca-west-1", "cn-north-1"].map(|region| {
        call(
            "s3.amazonaws.com",
            "ListBuckets",
            &json!({"awsRegion": region}),
        )
    });
    let answer = Answer::of(&account(&json!("s3:*"), "*"), &records(&calls), &[]);
    let note =
        "note: 2 attempts in Regions that AWS does not track (ca-west-1, cn-north-1) left out";
    assert!(
        answer.status == 0 && answer.stderr.contains(note),
        "{}",
        answer.stderr
    );
}

#[test]
fn utf16_trail() {
    let text = String::from_utf8(records(&[list_buckets()])).unwrap();
    for (mark, to_bytes) in [
        (true, u16::to_le_bytes as fn(u16) -> [u8; 2]),
        (false, u16::to_le_bytes),
        (true, u16::to_be_bytes),
        (false, u16::to_be_bytes),
    ] {
        let units = mark
            .then_some(0xfeff)
            .into_iter()
            .chain(text.encode_utf16());
        let trail: Vec<u8> = units.flat_map(to_bytes).collect();
        let answer = Answer::of(
            &account(&json!("s3:*"), "*"),
            &trail,
            &["--tracking", "full", "--granularity", "action"],
        );
        assert_eq!(answer.status, 0, "{}", answer.stderr);
        answer.assert_states(&[("s3:ListAllMyBuckets", "used")]);
    }
}
