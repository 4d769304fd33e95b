//! Exports that tools other than the AWS CLI made: other values for dates, missing names, and keys in
//! other spellings.
#![allow(clippy::panic, clippy::indexing_slicing, clippy::unwrap_used)]

use advisor_core::export::ExportPage;
use advisor_core::{
    AccountData, AccountDataBuilder, Activity, Advisor, ExportErrorKind, ExportIssueKind,
    FrozenReport, Granularity, SplitExport, Tracking, time,
};
use serde_json::{Value, json};
use service_catalog::Catalog;

const ROLE: &str = "arn:aws:iam::111122223333:role/r";

fn allow(action: &str) -> Value {
    json!({"Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Action": action, "Resource": "*"}})
}

fn role(more: Value) -> Value {
    let mut role = json!({
        "RoleName": "r", "RoleId": "AROAEXAMPLE", "Arn": ROLE,
        "RolePolicyList": [{"PolicyName": "p", "PolicyDocument": allow("s3:*")}],
    });
    let more = match more {
        Value::Object(more) => more,
        other => panic!("not an object: {other}"),
    };
    role.as_object_mut().unwrap().extend(more);
    role
}

fn load(export: &Value) -> AccountData {
    AccountData::from_export("e.json", &export.to_string()).unwrap()
}

fn services(account: AccountData, arn: &str) -> Vec<String> {
    let now = time::parse("2026-11-01T00:00:00Z").unwrap();
    let advisor = Advisor::new(
        account,
        &Activity::new(),
        Catalog::shared(),
        Tracking::aws(),
        now,
    )
    .unwrap();
    let report = advisor.report(arn, Granularity::Service).unwrap();
    report
        .services()
        .map(|row| row.service_namespace.to_owned())
        .collect()
}

fn issues(account: &AccountData) -> Vec<String> {
    account.issues().iter().map(ToString::to_string).collect()
}

#[test]
fn a_creation_date_that_is_not_a_time_is_ignored() {
    for date in [
        json!({"seconds": 1}),
        json!(7),
        json!(20_200_101),
        json!("20200101"),
        json!(1e300),
        json!([]),
        json!(true),
        json!("yesterday"),
    ] {
        let account = load(&json!({"RoleDetailList": [role(json!({"CreateDate": date}))]}));
        let issue =
            format!("e.json: RoleDetailList[0].CreateDate: {date} is not a time; used without it");
        assert_eq!(issues(&account), [issue]);
        let (_, detail) = account.entities().next().unwrap();
        assert_eq!(detail.created, None);
        assert_eq!(services(account, ROLE), ["s3"], "{date}");
    }
    for more in [json!({}), json!({"CreateDate": null})] {
        let account = load(&json!({"RoleDetailList": [role(more)]}));
        assert_eq!(issues(&account), [""; 0]);
        assert_eq!(services(account, ROLE), ["s3"]);
    }
}

#[test]
fn numbers_for_times_are_seconds_or_milliseconds() {
    for (number, text) in [
        (json!(1_577_836_800), "2020-01-01T00:00:00+00:00"),
        (json!("1577836800"), "2020-01-01T00:00:00+00:00"),
        (json!(1_577_836_800.5), "2020-01-01T00:00:00.500000+00:00"),
        (
            json!(1_577_836_800_500_i64),
            "2020-01-01T00:00:00.500000+00:00",
        ),
    ] {
        let more = json!({"CreateDate": number, "RoleLastUsed": {"LastUsedDate": number}});
        let export = json!({"RoleDetailList": [role(more)]});
        let account = load(&export);
        let export = export.to_string();
        assert_eq!(issues(&account), [""; 0]);
        let (_, detail) = account.entities().next().unwrap();
        assert_eq!(detail.created, time::parse(text));
        assert_eq!(detail.last_used, time::parse(text));
        // A server that has the export answers with text, as IAM does.
        let pages = ExportPage::parse_all("e.json", &export).unwrap();
        let part = &pages[0].role_detail_list.as_ref().unwrap()[0];
        let value = serde_json::to_value(part.read_object().unwrap()).unwrap();
        let served = |at: &Value| at.as_str().and_then(time::parse);
        assert_eq!(served(&value["CreateDate"]), time::parse(text));
        assert_eq!(
            served(&value["RoleLastUsed"]["LastUsedDate"]),
            time::parse(text)
        );
    }
}

#[test]
fn what_is_no_time_is_not_served() {
    let more = json!({"CreateDate": 7, "RoleLastUsed": {"LastUsedDate": []}});
    let export = json!({"RoleDetailList": [role(more)]}).to_string();
    let pages = ExportPage::parse_all("e.json", &export).unwrap();
    let part = &pages[0].role_detail_list.as_ref().unwrap()[0];
    let served = serde_json::to_value(part.read_object().unwrap()).unwrap();
    assert_eq!(served.get("CreateDate"), None);
    assert_eq!(served["RoleLastUsed"], json!({}));
}

#[test]
fn a_policy_without_a_name_has_the_name_in_its_arn() {
    let arn = "arn:aws:iam::111122223333:policy/team/P";
    let policy = json!({
        "PolicyId": "ANPAEXAMPLE", "Arn": arn, "Path": "/team/", "DefaultVersionId": "v1",
        "PolicyVersionList": [
            {"VersionId": "v1", "IsDefaultVersion": true, "Document": allow("sqs:*")},
        ],
    });
    let attached = json!({"AttachedManagedPolicies": [{"PolicyName": "P", "PolicyArn": arn}]});
    let export = json!({"RoleDetailList": [role(attached)], "Policies": [policy]});
    let account = load(&export);
    assert_eq!(issues(&account), [""; 0]);
    let policy = account.resolve(arn).unwrap();
    assert_eq!(&*account.entity(policy).unwrap().name, "P");
    assert_eq!(services(account, ROLE), ["s3", "sqs"]);

    let export = export.to_string();
    let pages = ExportPage::parse_all("e.json", &export).unwrap();
    let part = &pages[0].policies.as_ref().unwrap()[0];
    let named = part.read_object().unwrap().with_name();
    assert_eq!(serde_json::to_value(named).unwrap()["PolicyName"], "P");
}

#[test]
fn a_missing_field_is_named_as_its_kind_of_entity_has_it() {
    let arn = |kind: &str| format!("arn:aws:iam::111122223333:{kind}/x");
    let good = role(json!({}));
    for (list, entity, field) in [
        (
            "RoleDetailList",
            json!({"RoleName": "x", "Arn": arn("role")}),
            "RoleId",
        ),
        (
            "RoleDetailList",
            json!({"UserName": "x", "UserId": "A", "Arn": arn("user")}),
            "RoleName",
        ),
        (
            "GroupDetailList",
            json!({"GroupName": "x", "Arn": arn("group")}),
            "GroupId",
        ),
        (
            "UserDetailList",
            json!({"UserName": "x", "Arn": arn("user")}),
            "UserId",
        ),
        (
            "UserDetailList",
            json!({"RoleName": "x", "RoleId": "A", "Arn": arn("role")}),
            "UserName",
        ),
    ] {
        let mut export = json!({"RoleDetailList": [good]});
        let index = usize::from(list == "RoleDetailList");
        match export.get_mut(list).and_then(Value::as_array_mut) {
            Some(entities) => entities.push(entity),
            None => export[list] = json!([entity]),
        }
        let account = load(&export);
        let issue = format!("e.json: {list}[{index}]: missing field `{field}`");
        assert_eq!(issues(&account), [issue]);
        assert_eq!(services(account, ROLE), ["s3"]);
    }
}

/// The same role and its policy with the keys of other SDKs.
#[test]
fn keys_in_the_spellings_of_other_sdks_are_read() {
    let policy = "arn:aws:iam::111122223333:policy/P";
    let camel = json!({
        "roleDetailList": [{
            "roleName": "r", "roleId": "AROAEXAMPLE", "arn": ROLE, "path": "/",
            "createDate": "2026-01-01T00:00:00Z",
            "rolePolicyList": [{"policyName": "p", "policyDocument": allow("s3:*")}],
            "attachedManagedPolicies": [{"policyName": "P", "policyArn": policy}],
        }],
        "policies": [{
            "policyName": "P", "policyId": "ANPAEXAMPLE", "arn": policy, "defaultVersionId": "v1",
            "policyVersionList": [
                {"versionId": "v1", "isDefaultVersion": true, "document": allow("sqs:*")},
            ],
        }],
        "isTruncated": false,
    });
    let snake = json!({
        "role_detail_list": [{
            "role_name": "r", "role_id": "AROAEXAMPLE", "arn": ROLE, "path": "/",
            "create_date": "2026-01-01T00:00:00Z",
            "role_policy_list": [{"policy_name": "p", "policy_document": allow("s3:*")}],
            "attached_managed_policies": [{"policy_name": "P", "policy_arn": policy}],
        }],
        "policies": [{
            "policy_name": "P", "policy_id": "ANPAEXAMPLE", "arn": policy, "default_version_id": "v1",
            "policy_version_list": [
                {"version_id": "v1", "is_default_version": true, "document": allow("sqs:*")},
            ],
        }],
        "is_truncated": false,
    });
    let go = json!({
        "RoleDetailList": [{
            "RoleName": "r", "RoleID": "AROAEXAMPLE", "ARN": ROLE, "Path": "/",
            "CreateDate": "2026-01-01T00:00:00Z",
            "RolePolicyList": [{"PolicyName": "p", "PolicyDocument": allow("s3:*")}],
            "AttachedManagedPolicies": [{"PolicyName": "P", "PolicyARN": policy}],
        }],
        "Policies": [{
            "PolicyName": "P", "PolicyID": "ANPAEXAMPLE", "ARN": policy, "DefaultVersionID": "v1",
            "PolicyVersionList": [
                {"VersionID": "v1", "IsDefaultVersion": true, "Document": allow("sqs:*")},
            ],
        }],
    });
    for export in [camel, snake, go] {
        let account = load(&export);
        assert_eq!(issues(&account), [""; 0], "{export}");
        let (_, detail) = account.entities().last().unwrap();
        assert_eq!(detail.unique_id.as_ref().unwrap().as_str(), "AROAEXAMPLE");
        assert!(detail.created.is_some(), "{export}");
        assert_eq!(services(account, ROLE), ["s3", "sqs"], "{export}");

        // Stores split exports by account.
        let text = export.to_string();
        let split = SplitExport::new("e.json", &text).unwrap();
        assert!(split.part_of(&"111122223333".into()).is_some());
    }
}

#[test]
fn a_key_in_two_spellings_is_ambiguous() {
    let twice = role(json!({"roleName": "other"}));
    let error = AccountData::from_export("e.json", &json!({"RoleDetailList": [twice]}).to_string());
    let error = error.unwrap_err();
    assert_eq!(error.kind(), ExportErrorKind::NothingUsable);
    assert!(error.to_string().contains("duplicate field"), "{error}");
}

#[test]
fn an_export_of_which_nothing_can_be_used_is_an_error() {
    let broken = json!({"RoleDetailList": [
        {"RoleName": "x", "Arn": "arn:aws:iam::111122223333:role/x"},
        role(json!({"Arn": "nonsense"})),
    ]});
    let error = AccountData::from_export("e.json", &broken.to_string()).unwrap_err();
    assert_eq!(error.kind(), ExportErrorKind::NothingUsable);
    assert_eq!(error.issues().len(), 2);
    assert!(matches!(
        error.issues()[1].kind,
        ExportIssueKind::InvalidArn { .. }
    ));
    assert_eq!(
        error.to_string(),
        "e.json: none of its 2 entities can be used; RoleDetailList[0]: missing field `RoleId`"
    );

    // A page without entities is not broken, nor is a broken page of several.
    assert!(AccountData::from_export("e.json", r#"{"UserDetailList": []}"#).is_ok());
    let mut builder = AccountDataBuilder::new();
    builder.add("broken.json", &broken.to_string()).unwrap();
    let good = json!({"RoleDetailList": [role(json!({}))]});
    builder.add("good.json", &good.to_string()).unwrap();
    let account = builder.build().unwrap();
    assert_eq!(account.issues().len(), 2);
    assert_eq!(services(account, ROLE), ["s3"]);
}

/// Exports have only the AWS managed policies that are attached, or none of them.
#[test]
fn aws_managed_policies_that_the_export_lacks_are_not_evaluated() {
    let arn = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    let account = load(&json!({"RoleDetailList": [role(json!({}))]}));
    assert!(account.check(arn).is_ok());
    assert!(account.resolve(arn).is_err());
    for missing in [
        "arn:aws:iam::111122223333:policy/ReadOnlyAccess",
        "arn:aws-cn:iam::aws:policy/ReadOnlyAccess",
        "arn:aws:iam::aws:role/ReadOnlyAccess",
    ] {
        assert!(account.check(missing).is_err(), "{missing}");
    }

    let now = time::parse("2026-11-01T00:00:00Z").unwrap();
    let activity = Activity::new();
    let advisor =
        Advisor::new(account, &activity, Catalog::shared(), Tracking::aws(), now).unwrap();
    let report = advisor.report(arn, Granularity::Action).unwrap();
    let expected = json!({
        "Arn": arn, "JobType": "ACTION_LEVEL", "ServicesLastAccessed": [],
        "NotEvaluated": [{"Name": arn, "Reason": "the export has no document of it"}],
    });
    assert_eq!(serde_json::to_value(report).unwrap(), expected);
    assert_eq!(advisor.entities(arn, "s3").unwrap(), []);
    let refused = advisor.policies_granting(arn, &["s3"]).unwrap_err();
    assert_eq!(refused.code(), "InvalidInput");

    // IAM's clients do not see what was not evaluated: an empty list would look like a policy that grants nothing.
    let refused = FrozenReport::freeze(&advisor, arn, Granularity::Service).unwrap_err();
    assert_eq!(
        refused.to_string(),
        format!("the policy was not evaluated: {arn}: the export has no document of it")
    );
}

#[test]
fn an_export_that_was_cut_is_truncated() {
    let page = |more: Value| {
        let mut page = json!({"RoleDetailList": [role(json!({}))]});
        page.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        page
    };
    for (field, more) in [
        ("IsTruncated", json!({"IsTruncated": true, "Marker": "x"})),
        ("NextToken", json!({"NextToken": "eyJ"})),
        ("Marker", json!({"Marker": "x"})),
    ] {
        let account = load(&page(more));
        assert_eq!(
            issues(&account),
            [format!(
                "e.json: {field}: the last page says that more follow: the export is incomplete"
            )]
        );
        assert_eq!(account.issues()[0].kind, ExportIssueKind::Truncated);
    }
    let whole = json!({"IsTruncated": false, "Marker": null, "NextToken": ""});
    assert_eq!(issues(&load(&page(whole))), [""; 0]);
    // The next page is there.
    let pages = json!([page(json!({"NextToken": "eyJ"})), {"UserDetailList": []}]);
    assert_eq!(issues(&load(&pages)), [""; 0]);
}

/// Two bytes of an export can be an issue and a policy that is not evaluated: their number is bounded, and none is forgotten.
#[test]
fn issues_are_kept_up_to_a_number_and_then_counted() {
    let empty = vec![json!({}); 30_000];
    let account = load(&json!({"RoleDetailList": [role(json!({}))], "UserDetailList": empty}));
    let kinds: Vec<_> = account.issues().iter().map(|issue| &issue.kind).collect();
    assert_eq!(kinds.len(), 10_001);
    assert_eq!(
        *kinds[10_000],
        ExportIssueKind::More {
            count: 20_000,
            losses: 20_000
        }
    );
    assert_eq!(
        kinds.iter().map(|kind| kind.losses()).sum::<usize>(),
        30_000
    );
    let last = account.issues().last().unwrap();
    assert_eq!(last.to_string(), "e.json: and 20000 more issues");

    let attached = vec![json!(0); 30_000];
    let account =
        load(&json!({"RoleDetailList": [role(json!({"AttachedManagedPolicies": attached}))]}));
    assert_eq!(account.issues().len(), 10_001);
    let now = time::parse("2026-11-01T00:00:00Z").unwrap();
    let (activity, catalog) = (Activity::new(), Catalog::shared());
    let advisor = Advisor::new(account, &activity, catalog, Tracking::aws(), now).unwrap();
    let report = advisor.report(ROLE, Granularity::Service).unwrap();
    let missing = report.not_evaluated();
    assert_eq!(missing.len(), 101);
    assert_eq!(
        missing
            .iter()
            .find(|part| part.name == "...")
            .unwrap()
            .to_string(),
        "...: 29900 more members of its lists cannot be read"
    );
}
