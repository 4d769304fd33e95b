//! Exports of several pages and accounts, and everything that can be wrong with one.
#![allow(
    clippy::cloned_ref_to_slice_refs,
    clippy::expect_used,
    clippy::needless_pass_by_value,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use advisor_core::{
    AccountData, AccountDataBuilder, Activity, Advisor, Attempt, CreditedAction, Granularity,
    Principal, Report, Tracking, time,
};
use serde_json::{Value, json};
use service_catalog::Catalog;

fn user(account: &str, name: &str, more: Value) -> Value {
    let mut user = json!({
        "Path": "/", "UserName": name, "UserId": format!("AIDA{account}{}", name.to_uppercase()),
        "Arn": format!("arn:aws:iam::{account}:user/{name}"), "CreateDate": "2026-01-01T00:00:00Z",
        "GroupList": [],
    });
    user.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    user
}

fn allow(action: &str) -> Value {
    let statement = json!({"Effect": "Allow", "Action": action, "Resource": "*"});
    json!({"Version": "2012-10-17", "Statement": [statement]})
}

fn inline(document: Value) -> Value {
    json!({"UserPolicyList": [{"PolicyName": "inline", "PolicyDocument": document}]})
}

fn aws_policy(version: &str, action: &str) -> Value {
    json!({
        "PolicyName": "Shared", "PolicyId": "ANPAEXAMPLE", "Path": "/",
        "Arn": "arn:aws:iam::aws:policy/Shared", "DefaultVersionId": version,
        "PolicyVersionList": [
            {"VersionId": version, "IsDefaultVersion": true, "Document": allow(action)},
        ],
    })
}

fn attached(arn: &str) -> Value {
    json!({"AttachedManagedPolicies": [{"PolicyName": "p", "PolicyArn": arn}]})
}

fn build(texts: &[String]) -> AccountData {
    let mut builder = AccountDataBuilder::new();
    for (index, text) in texts.iter().enumerate() {
        builder.add(&format!("{index}.json"), text).unwrap();
    }
    builder.build().unwrap()
}

fn issues(account: &AccountData) -> Vec<String> {
    account.issues().iter().map(ToString::to_string).collect()
}

fn advisor(account: AccountData, activity: &Activity) -> Advisor {
    let now = time::parse("2026-11-01T00:00:00Z").unwrap();
    Advisor::new(account, activity, Catalog::shared(), Tracking::aws(), now).unwrap()
}

fn namespaces(report: &Report) -> Vec<String> {
    report
        .services()
        .map(|row| row.service_namespace.to_owned())
        .collect()
}

fn reach(account: AccountData, arn: &str) -> Vec<String> {
    namespaces(
        &advisor(account, &Activity::new())
            .report(arn, Granularity::Service)
            .unwrap(),
    )
}

const ANN: &str = "arn:aws:iam::111111111111:user/ann";

#[test]
fn pages_in_one_file_in_every_arrangement() {
    let first = json!({"UserDetailList": [user("111111111111", "ann", json!({"GroupList": ["g"]}))],
        "IsTruncated": true, "Marker": "m"});
    let second = json!({"GroupDetailList": [{
        "GroupName": "g", "GroupId": "AGPAEXAMPLE", "Path": "/",
        "Arn": "arn:aws:iam::111111111111:group/g",
        "GroupPolicyList": [{"PolicyName": "p", "PolicyDocument": allow("s3:*")}],
    }], "IsTruncated": false});
    for text in [
        format!("{first}{second}"),
        format!("{first}\n{second}\n"),
        format!("\u{feff}[{first},\n{second}]"),
        serde_json::to_string_pretty(&json!([first, second])).unwrap(),
    ] {
        let account = build(&[text.clone()]);
        assert_eq!(issues(&account), [""; 0], "{text}");
        assert_eq!(reach(account, ANN), ["s3"], "{text}");
    }
    // In several files, in any order.
    for texts in [
        [first.to_string(), second.to_string()],
        [second.to_string(), first.to_string()],
    ] {
        assert_eq!(reach(build(&texts), ANN), ["s3"]);
    }
    let account = build(&[first.to_string()]);
    assert_eq!(
        issues(&account),
        [
            "0.json: IsTruncated: the last page says that more follow: the export is incomplete",
            "0.json: UserDetailList[0].GroupList[0]: the group \"g\" is not in the export; its \
             policies are not evaluated",
        ]
    );
}

#[test]
fn several_accounts_keep_their_names_apart() {
    let export = |account: &str, action: &str, version: &str, aws: &str| {
        let more = json!({
            "UserPolicyList": [{"PolicyName": "inline", "PolicyDocument": allow(action)}],
            "AttachedManagedPolicies":
                [{"PolicyName": "Shared", "PolicyArn": "arn:aws:iam::aws:policy/Shared"}],
        });
        json!({"UserDetailList": [user(account, "ann", more)], "Policies": [aws_policy(version, aws)]})
            .to_string()
    };
    // The newer document of the AWS-managed policy counts, wherever it is: v10 is newer than v9.
    let texts = [
        export("111111111111", "s3:*", "v10", "sqs:*"),
        export("222222222222", "ec2:*", "v9", "sns:*"),
    ];
    let account = build(&texts);
    assert_eq!(issues(&account), [""; 0]);
    assert_eq!(reach(account.clone(), ANN), ["s3", "sqs"]);
    let other = "arn:aws:iam::222222222222:user/ann";
    assert_eq!(reach(account.clone(), other), ["ec2", "sqs"]);
    let advisor = advisor(account, &Activity::new());
    let arns: Vec<String> = advisor
        .reports(Granularity::Service)
        .map(|report| report.arn().into())
        .collect();
    assert_eq!(arns, [ANN, other, "arn:aws:iam::aws:policy/Shared"]);
    let shared = "arn:aws:iam::aws:policy/Shared";
    assert_eq!(advisor.entities(shared, "sqs").unwrap().len(), 2);
}

#[test]
fn an_older_document_that_can_be_read_does_not_hide_a_newer_one_that_cannot() {
    let broken = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow"}]});
    let mut newer = aws_policy("v2", "s3:*");
    newer["PolicyVersionList"][0]["Document"] = broken;
    let text = |policy: Value| {
        let user = user(
            "111111111111",
            "ann",
            attached("arn:aws:iam::aws:policy/Shared"),
        );
        json!({"UserDetailList": [user], "Policies": [policy]}).to_string()
    };
    let account = build(&[text(newer)]);
    assert!(issues(&account)[0].starts_with(
        "0.json: Policies[0].PolicyVersionList[0].Document: the policy is not evaluated: Statement[0]"
    ));
    let report = advisor(account, &Activity::new())
        .report(ANN, Granularity::Service)
        .unwrap();
    assert_eq!(
        report.not_evaluated()[0].name,
        "arn:aws:iam::aws:policy/Shared"
    );
}

#[test]
fn broken_entities_do_not_affect_others() {
    let ann = user("111111111111", "ann", inline(allow("s3:*")));
    let broken = [
        (json!(7), "UserDetailList[0]: ", "not a JSON object"),
        (
            json!(["x", "AIDA", ANN]),
            "UserDetailList[0]: ",
            "not a JSON object",
        ),
        (
            json!({"UserName": "x"}),
            "UserDetailList[0]: ",
            "missing field",
        ),
        (
            user("1", "x", json!({"UserName": 7})),
            "UserDetailList[0].UserName: ",
            "expected a string",
        ),
        (
            user("1", "x", json!({"Arn": "x"})),
            "UserDetailList[0].Arn: ",
            "arn:",
        ),
        (
            user("1", "x", json!({"Arn": "arn:aws:iam::1:role/x"})),
            "UserDetailList[0].Arn: ",
            "is not the ARN of this kind of entity",
        ),
        (
            user("1", "x", json!({"UserPolicyList": [{"PolicyName": "p"}]})),
            "UserDetailList[0].UserPolicyList[0]",
            "missing field",
        ),
    ];
    for (entity, place, reason) in broken {
        let account = build(&[json!({"UserDetailList": [entity, ann]}).to_string()]);
        let text = issues(&account).join("\n");
        assert!(
            text.contains(place) && text.contains(reason),
            "{entity}: {text}"
        );
        assert_eq!(reach(account, ANN), ["s3"], "{entity}");
    }
}

#[test]
fn documents_that_cannot_be_evaluated_are_named_in_the_report() {
    for (document, reason) in [
        (
            allow("s*:Get*"),
            "Action vendors (e.g., aws, ec2, etc.) must not contain wildcards.",
        ),
        (json!("%7B%22Statement"), "EOF"),
        (json!("%ff"), "not UTF-8"),
        (json!(["x"]), "expected a policy document"),
        (
            json!({"Statement": {"Effect": "Allow", "Principal": "*", "Action": "s3:*"}}),
            "has a Principal",
        ),
    ] {
        let mut both = inline(document.clone());
        let good = json!({"PolicyName": "good", "PolicyDocument": allow("sqs:*")});
        both["UserPolicyList"].as_array_mut().unwrap().push(good);
        let account =
            build(&[json!({"UserDetailList": [user("111111111111", "ann", both)]}).to_string()]);
        let text = issues(&account).join("\n");
        assert!(
            text.contains("UserDetailList[0].UserPolicyList[0].PolicyDocument")
                && text.contains(reason),
            "{document}: {text}"
        );
        let report = advisor(account, &Activity::new())
            .report(ANN, Granularity::Service)
            .unwrap();
        assert_eq!(namespaces(&report), ["sqs"]);
        assert_eq!(report.not_evaluated()[0].name, "inline");
        assert!(
            report.not_evaluated()[0]
                .reason
                .to_string()
                .contains(reason)
        );
    }
}

#[test]
fn duplicate_keys_in_a_document_are_an_error() {
    let text = format!(
        r#"{{"UserDetailList": [{{"UserName": "ann", "UserId": "AIDAEXAMPLE", "Path": "/", "Arn": "{ANN}", "GroupList": [],
            "UserPolicyList": [{{"PolicyName": "inline", "PolicyDocument": {{"Statement": [
                {{"Effect": "Deny", "Effect": "Allow", "Action": "*", "Resource": "*"}}]}}}}]}}]}}"#
    );
    let account = build(&[text]);
    assert!(issues(&account)[0].contains("the element Effect occurs twice"));
    assert_eq!(reach(account, ANN), [""; 0]);
}

#[test]
fn invalid_dates_are_issues_and_the_entity_is_used() {
    for date in ["yesterday", "2026-02-30T00:00:00Z", ""] {
        let text =
            json!({"UserDetailList": [user("111111111111", "ann", json!({"CreateDate": date}))]});
        let account = build(&[text.to_string()]);
        assert!(
            issues(&account)[0].contains("UserDetailList[0].CreateDate"),
            "{date}"
        );
        assert!(account.resolve(ANN).is_ok());
    }
}

#[test]
fn the_last_of_repeated_entities_is_used() {
    let text = |action: &str| {
        json!({"UserDetailList": [user("111111111111", "ann", inline(allow(action)))]}).to_string()
    };
    let account = build(&[text("s3:*"), text("sqs:*")]);
    assert_eq!(
        issues(&account),
        [format!(
            "1.json: UserDetailList[0].Arn: {ANN} occurs again with other content; the last one is used"
        )]
    );
    assert_eq!(reach(account, ANN), ["sqs"]);
    // A copy of an export says nothing new.
    let account = build(&[text("s3:*"), text("s3:*")]);
    assert_eq!(issues(&account), [""; 0]);
    assert_eq!(reach(account, ANN), ["s3"]);
}

#[test]
fn other_text_is_an_error_with_file_line_and_column() {
    for (text, message) in [
        ("", "0.json: there is no page in the file"),
        ("  \n", "0.json: there is no page in the file"),
        (
            "{\"UserDetailList\":\n[",
            "0.json: EOF while parsing a list (line 2, column 1)",
        ),
        (
            "{}",
            "0.json: not the output of get-account-authorization-details",
        ),
        (
            "[1]",
            "0.json: not the output of get-account-authorization-details",
        ),
        (
            "{\"Records\": []}",
            "0.json: not the output of get-account-authorization-details",
        ),
        ("nonsense", "0.json: expected ident (line 1, column 2)"),
        (
            "[{\"Policies\": []},\n {\"Policies\": [],\n  \"IsTruncated\": 1}]",
            "0.json: not the output of get-account-authorization-details: invalid type: integer `1`, \
             expected a boolean (line 3, column 18)",
        ),
        (
            "{\"Policies\": []}\n{\"Policies\": 1}",
            "0.json: not the output of get-account-authorization-details: invalid type: integer `1`, \
             expected a sequence (line 2, column 14)",
        ),
    ] {
        let error = AccountDataBuilder::new()
            .add("0.json", text)
            .unwrap_err()
            .to_string();
        assert!(error.starts_with(message), "{text}: {error}");
    }
    // Deep nesting does not crash.
    let deep = format!(
        "{{\"UserDetailList\":{}{}}}",
        "[".repeat(200_000),
        "]".repeat(200_000)
    );
    assert!(
        AccountDataBuilder::new().add("0.json", &deep).is_ok(),
        "one broken entity"
    );
}

#[test]
fn an_identity_without_unique_id_is_found_by_name_and_inherits_nothing() {
    let user = |created: &str| {
        let more = json!({"CreateDate": created, "Path": "/team/", "Arn": "arn:aws:iam::111111111111:user/team/ann"});
        json!({"UserDetailList": [user("111111111111", "ann", more)]}).to_string()
    };
    let mut activity = Activity::new();
    let mut attempt = |unique_id, arn, service, day: &str| {
        let action = CreditedAction::Action("any");
        let time = time::parse(&format!("2026-06-{day}T00:00:00Z")).unwrap();
        assert!(activity.record(&Attempt {
            principal: Principal {
                unique_id,
                arn,
                account: None
            },
            service,
            action,
            region: "us-east-1",
            time_millis: time.timestamp_millis(),
            event_id: "e",
            denied: false,
        }));
    };
    // The path does not matter; another unique id is somebody else, whatever the ARN says.
    attempt(None, Some(ANN), "s3", "10");
    attempt(Some("AIDASOMEBODYELSE0000"), Some(ANN), "sqs", "10");
    attempt(Some("AIDA111111111111ANN"), None, "sns", "10");
    let used = |created: &str| -> Vec<String> {
        let advisor = advisor(build(&[user(created)]), &activity);
        let arn = "arn:aws:iam::111111111111:user/team/ann";
        let report = advisor.report(arn, Granularity::Service).unwrap();
        let rows = report.ungranted_services_used();
        rows.map(|row| row.service_namespace.to_owned()).collect()
    };
    assert_eq!(used("2026-06-01T00:00:00Z"), ["s3", "sns"]);
    // Made after the event that names the ARN alone: that was an earlier user of this name.
    assert_eq!(used("2026-06-20T00:00:00Z"), ["sns"]);
}

#[test]
fn a_broken_part_of_an_identity_does_not_affect_others() {
    let mut more = inline(allow("s3:*"));
    let list = more["UserPolicyList"].as_array_mut().unwrap();
    list.insert(0, json!({"PolicyDocument": allow("sqs:*")}));
    more["GroupList"] = json!([null]);
    more["AttachedManagedPolicies"] = json!([{"PolicyName": "p"}]);
    let account =
        build(&[json!({"UserDetailList": [user("111111111111", "ann", more)]}).to_string()]);
    assert_eq!(
        issues(&account),
        [
            "0.json: UserDetailList[0].UserPolicyList[0]: missing field `PolicyName`",
            "0.json: UserDetailList[0].AttachedManagedPolicies[0]: missing field `PolicyArn`",
            "0.json: UserDetailList[0].GroupList[0]: is not the name of a group",
        ]
    );
    let report = advisor(account, &Activity::new())
        .report(ANN, Granularity::Service)
        .unwrap();
    assert_eq!(namespaces(&report), ["s3"]);
    let missing: Vec<&str> = report
        .not_evaluated()
        .iter()
        .map(|m| m.name.as_str())
        .collect();
    assert_eq!(
        missing,
        [
            "AttachedManagedPolicies[0]",
            "GroupList[0]",
            "UserPolicyList[0]"
        ]
    );
}

#[test]
fn a_user_without_a_list_of_groups_may_be_in_any() {
    let with = |list: Option<Value>| {
        let mut ann = user("111111111111", "ann", inline(allow("s3:*")));
        ann.as_object_mut().unwrap().remove("GroupList");
        if let Some(list) = list {
            ann["GroupList"] = list;
        }
        build(&[json!({"UserDetailList": [ann]}).to_string()])
    };
    for list in [None, Some(Value::Null)] {
        let account = with(list);
        let reason = "is missing, so the groups of the user are not known";
        assert_eq!(
            issues(&account),
            [format!("0.json: UserDetailList[0].GroupList: {reason}")]
        );
        let report = advisor(account, &Activity::new())
            .report(ANN, Granularity::Service)
            .unwrap();
        assert_eq!(namespaces(&report), ["s3"]);
        assert_eq!(report.not_evaluated().len(), 1);
        assert_eq!(report.not_evaluated()[0].name, "GroupList");
    }
    assert_eq!(issues(&with(Some(json!([])))), [""; 0]);
}

#[test]
fn contradictions_are_issues() {
    let ann = user("111111111111", "ann", json!({"UserName": "bob"}));
    let carl = user("111111111111", "carl", json!({"UserId": ann["UserId"]}));
    let mut policy = aws_policy("v1", "s3:*");
    policy["PolicyVersionList"] = json!([]);
    let text = json!({"UserDetailList": [ann, carl], "Policies": [policy]}).to_string();
    assert_eq!(
        issues(&build(&[text])),
        [
            "0.json: UserDetailList[0].Arn: the ARN's name is not \"bob\", which is used",
            "0.json: Policies[0].PolicyVersionList: the policy is not evaluated: the export has no \
             document of its default version",
            "0.json: UserDetailList[1]: another entity has the unique id AIDA111111111111ANN too; \
             activity is attributed to this one",
        ]
    );
}

#[test]
fn activity_of_another_catalog_makes_no_advisor() {
    let other = "0123456789abcdef".parse().unwrap();
    let mut activity = Activity::new();
    activity.coverage_mut().see_catalog(other);
    let users = json!({"UserDetailList": [user("111122223333", "ann", json!({}))]});
    let account = build(&[users.to_string()]);
    let now = advisor_core::time::parse("2026-11-01T00:00:00Z").unwrap();
    let catalog = Catalog::shared();
    let expected = catalog.fingerprint();
    let made = Advisor::new(account, &activity, catalog, Tracking::aws(), now);
    let mismatch = made.unwrap_err();
    assert_eq!((mismatch.found, mismatch.expected), (other, expected));
}
