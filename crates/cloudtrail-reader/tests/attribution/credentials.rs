//! Which credentials of users the records show in use.

use advisor_core::{Activity, CredentialUse, UserCredential};
use serde_json::{Value, json};

use super::support::{MARIA, call, object, record, take};

fn shown(activity: &Activity) -> Vec<String> {
    let uses = activity.coverage().credential_uses();
    let shown = |uses: &CredentialUse<'_>| {
        let who = uses.principal.unique_id.or(uses.principal.arn);
        let credential = match uses.credential {
            UserCredential::Password => "password",
            UserCredential::AccessKey(id) => id,
        };
        format!(
            "{} {credential} {}/{} {} {}",
            who.unwrap(),
            uses.service,
            uses.region,
            uses.last_event_id,
            uses.last_millis - uses.first_millis
        )
    };
    uses.iter().map(shown).collect()
}

fn with_key(number: u32, key: &Value) -> Value {
    let mut call = call("GetObject", number);
    call["userIdentity"]["accessKeyId"] = key.clone();
    call
}

#[test]
fn long_term_access_keys_are_kept_with_their_last_use() {
    let mut denied = with_key(3, &json!("AKIAEXAMPLE000000001"));
    denied["errorCode"] = "AccessDenied".into();
    denied["eventSource"] = "sqs.amazonaws.com".into();
    denied["awsRegion"] = "us-east-1".into();
    let records = [
        with_key(1, &json!("AKIAEXAMPLE000000001")),
        denied,
        with_key(2, &json!("AKIAEXAMPLE000000002")),
        with_key(4, &json!("ASIAEXAMPLE000000001")),
        with_key(5, &json!("")),
        with_key(6, &json!(null)),
        with_key(7, &json!(7)),
        with_key(8, &json!("AKIA")),
    ];
    let mut backwards = records.clone();
    backwards.reverse();
    for records in [records, backwards] {
        let read = take(&[object(&records)]);
        assert_eq!(read.reconciliation.records_attributed, 8);
        assert_eq!(
            shown(&read.activity),
            [
                format!(
                    "{MARIA} AKIAEXAMPLE000000001 sqs/us-east-1 00000000-0000-4000-8000-000000000003 2000"
                ),
                format!(
                    "{MARIA} AKIAEXAMPLE000000002 s3/eu-central-1 00000000-0000-4000-8000-000000000002 0"
                ),
            ]
        );
        assert!(!read.activity.coverage().has_unread_credentials());
    }
}

#[test]
fn only_users_have_long_term_access_keys() {
    let of_type = |kind: &str| {
        record(
            &json!({"userIdentity": {"type": kind, "principalId": "AROAEXAMPLE0000000001:x",
            "arn": "arn:aws:sts::111122223333:assumed-role/x/y"}}),
        )
    };
    let read = take(&[object(&[
        of_type("AssumedRole"),
        of_type("Root"),
        of_type("AWSAccount"),
    ])]);
    assert_eq!(shown(&read.activity), [""; 0]);
}

fn sign_in(number: u32, changes: &Value) -> Value {
    let mut sign_in = record(&json!({
        "userIdentity": {"accessKeyId": ""},
        "eventTime": format!("2026-10-01T12:00:{number:02}Z"),
        "eventID": format!("00000000-0000-4000-8000-{number:012}"),
        "eventSource": "signin.amazonaws.com",
        "eventName": "ConsoleLogin",
        "awsRegion": "us-east-1",
        "eventType": "AwsConsoleSignIn",
        "responseElements": {"ConsoleLogin": "Success"},
        "eventCategory": "Management",
    }));
    for (name, value) in changes.as_object().unwrap() {
        sign_in[name] = value.clone();
    }
    sign_in
}

#[test]
fn sign_ins_to_the_console_are_uses_of_the_password() {
    let read = take(&[object(&[
        sign_in(1, &json!({})),
        // A table may lack the answer.
        sign_in(2, &json!({"responseElements": null})),
        sign_in(
            3,
            &json!({"responseElements": {"ConsoleLogin": "Failure"}, "errorMessage": "Failed authentication"}),
        ),
        sign_in(
            4,
            &json!({"eventName": "CheckMfa", "responseElements": {"CheckMfa": "Success"}}),
        ),
        sign_in(
            5,
            &json!({"userIdentity": {"type": "Root", "principalId": "111122223333"}}),
        ),
        sign_in(
            6,
            &json!({"userIdentity": {"type": "AssumedRole", "principalId": "AROAEXAMPLE0000000001:x"}}),
        ),
        sign_in(
            7,
            &json!({"userIdentity": {"type": "IAMUser", "userName": "HIDDEN_DUE_TO_SECURITY_REASONS"}}),
        ),
    ])]);
    // They stay what they are: no API calls.
    assert_eq!(read.reconciliation.records_attributed, 0);
    assert!(read.activity.is_empty());
    assert_eq!(
        shown(&read.activity),
        [format!(
            "{MARIA} password signin/us-east-1 00000000-0000-4000-8000-000000000002 1000"
        )]
    );
}
