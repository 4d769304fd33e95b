//! `enforce_permissions`: what policies allow, over HTTP.

use crate::fixture::{FAR, Fixture, now};

const GENERATE: &str = "GenerateServiceLastAccessedDetails";
const NEAR: &str = "arn:aws:iam::999900001111:user/team/near";
const ALL: &str = r#"{"Effect": "Allow", "Action": "iam:*", "Resource": "*"}"#;

/// A fixture in which the user `far` has an inline policy with these statements.
fn fixture(statements: &str) -> Fixture {
    let fixture = Fixture::with(|config| config.enforce_permissions = true);
    import_far(&fixture, statements);
    fixture
}

/// Imports an account with the user `far`, who has an inline policy with these statements, and another user.
pub(crate) fn import_far(fixture: &Fixture, statements: &str) {
    let export = format!(
        r#"{{"UserDetailList": [
            {{"Path": "/", "UserName": "far", "UserId": "AIDAFARFARFARFARFARFA",
              "Arn": "arn:aws:iam::999900001111:user/far", "GroupList": [],
              "AttachedManagedPolicies": [],
              "UserPolicyList": [{{"PolicyName": "own", "PolicyDocument":
                  {{"Version": "2012-10-17", "Statement": [{statements}]}}}}]}},
            {{"Path": "/team/", "UserName": "near", "UserId": "AIDANEARNEARNEARNEARN",
              "Arn": "{NEAR}", "GroupList": [], "AttachedManagedPolicies": [],
              "UserPolicyList": []}}]}}"#
    );
    let exports = [("far.json".to_owned(), export)];
    let imported = fixture.operations.store().import_accounts(&exports, now());
    assert_eq!(imported.unwrap().issues, []);
}

/// Sends `GetUser`, `Generate...` and `ListUsers`, and returns the codes.
async fn ask(statements: &str) -> [String; 3] {
    let fixture = fixture(statements);
    let code = async |action, parameters: &[(&str, &str)]| {
        let answer = fixture.call(FAR, action, parameters).await;
        answer.get("Code").unwrap_or_else(|| "OK".to_owned())
    };
    [
        code("GetUser", &[("UserName", "near")]).await,
        code(GENERATE, &[("Arn", NEAR)]).await,
        code("ListUsers", &[]).await,
    ]
}

const DENIED: &str = "AccessDenied";

#[tokio::test]
async fn allowed_requests_are_answered() {
    assert_eq!(ask(ALL).await, ["OK", "OK", "OK"]);
    let one = r#"{"Effect": "Allow", "Action": "iam:GetUser", "Resource": "*"}"#;
    assert_eq!(ask(one).await, ["OK", DENIED, DENIED]);
    assert_eq!(ask("").await, [DENIED; 3]);
}

#[tokio::test]
async fn an_allow_with_a_condition_does_not_count() {
    let condition = r#""Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}"#;
    let allow =
        format!(r#"{{"Effect": "Allow", "Action": "iam:*", "Resource": "*", {condition}}}"#);
    assert_eq!(ask(&allow).await, [DENIED; 3]);
    let deny = format!(
        r#"{ALL}, {{"Effect": "Deny", "Action": "iam:GetUser", "Resource": "*", {condition}}}"#
    );
    assert_eq!(ask(&deny).await, [DENIED, "OK", "OK"]);
}

#[tokio::test]
async fn an_allow_covers_its_resources_only() {
    let allow = |resource: &str| {
        format!(r#"{{"Effect": "Allow", "Action": "iam:*", "Resource": "{resource}"}}"#)
    };
    assert_eq!(ask(&allow(NEAR)).await, ["OK", "OK", DENIED]);
    // The resource has the entity's path, also when the request has another.
    let fixture = fixture(&allow("arn:aws:iam::999900001111:user/team/*"));
    for (arn, status) in [
        (NEAR, 200),
        ("arn:aws:iam::999900001111:user/near", 200),
        ("arn:aws:iam::999900001111:user/team/far", 403),
        ("arn:aws:iam::999900001111:user/far", 403),
    ] {
        let answer = fixture.call(FAR, GENERATE, &[("Arn", arn)]).await;
        assert_eq!(answer.status, status, "{arn}");
    }
    // Without a name, the request is about the caller.
    assert_eq!(fixture.call(FAR, "GetUser", &[]).await.status, 403);
    let own = "arn:aws:iam::999900001111:user/${aws:username}";
    assert_eq!(ask(&allow(own)).await, [DENIED; 3]);
}

#[tokio::test]
async fn a_deny_wins() {
    let deny = format!(
        r#"{ALL}, {{"Effect": "Deny", "NotAction": ["iam:List*", "s3:*"], "Resource": "*"}}"#
    );
    assert_eq!(ask(&deny).await, [DENIED, DENIED, "OK"]);
    let answer = fixture(&deny).call(FAR, GENERATE, &[("Arn", NEAR)]).await;
    let message = format!(
        "User: arn:aws:iam::999900001111:user/far is not authorized to perform: iam:{GENERATE} on \
         resource: {NEAR} with an explicit deny in an identity-based policy"
    );
    assert_eq!(answer.error(), (DENIED.into(), 403, message));
}

#[tokio::test]
async fn a_group_that_is_not_in_the_export_denies_everything() {
    let fixture = fixture(ALL);
    assert_eq!(fixture.call(FAR, "ListUsers", &[]).await.status, 200);
    let export = r#"{"UserDetailList": [
        {"Path": "/", "UserName": "far", "UserId": "AIDAFARFARFARFARFARFA",
          "Arn": "arn:aws:iam::999900001111:user/far", "GroupList": ["gone"],
          "AttachedManagedPolicies": [], "UserPolicyList": [{"PolicyName": "own", "PolicyDocument":
              {"Version": "2012-10-17", "Statement": [
                  {"Effect": "Allow", "Action": "iam:*", "Resource": "*"}]}}]}]}"#;
    let exports = [("far.json".to_owned(), export.to_owned())];
    fixture
        .operations
        .store()
        .import_accounts(&exports, now())
        .unwrap();
    for action in ["ListUsers", "GetUser", "GetAccountAuthorizationDetails"] {
        let (code, status, message) = fixture.call(FAR, action, &[]).await.error();
        assert_eq!((code.as_str(), status), (DENIED, 403), "{action}");
        // The reason is only in the log.
        assert!(!message.contains("gone"), "{message}");
    }
}
