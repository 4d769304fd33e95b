//! `enforce_permissions`: what policies allow, over the wire.

use crate::stand::{FAR, Stand, now};

const GENERATE: &str = "GenerateServiceLastAccessedDetails";
const NEAR: &str = "arn:aws:iam::999900001111:user/team/near";
const ALL: &str = r#"{"Effect": "Allow", "Action": "iam:*", "Resource": "*"}"#;

/// A stand where the user far has these statements in a policy of its own.
fn stand(statements: &str) -> Stand {
    let stand = Stand::with(|config| config.enforce_permissions = true);
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
    let imported = stand.operations.store().import_accounts(&exports, now());
    assert_eq!(imported.unwrap().issues, []);
    stand
}

/// Asks about a user by `GetUser` and `Generate...`, and for the list of users: the codes.
async fn ask(statements: &str) -> [String; 3] {
    let stand = stand(statements);
    let code = async |action, parameters: &[(&str, &str)]| {
        let answer = stand.call(FAR, action, parameters).await;
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
async fn what_is_allowed_is_answered() {
    assert_eq!(ask(ALL).await, ["OK", "OK", "OK"]);
    let one = r#"{"Effect": "Allow", "Action": "iam:GetUser", "Resource": "*"}"#;
    assert_eq!(ask(one).await, ["OK", DENIED, DENIED]);
    assert_eq!(ask("").await, [DENIED; 3]);
}

#[tokio::test]
async fn conditions_never_help() {
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
async fn an_allow_is_of_its_resources() {
    let allow = |resource: &str| {
        format!(r#"{{"Effect": "Allow", "Action": "iam:*", "Resource": "{resource}"}}"#)
    };
    assert_eq!(ask(&allow(NEAR)).await, ["OK", "OK", DENIED]);
    // The path is the entity's, however it is asked for.
    let stand = stand(&allow("arn:aws:iam::999900001111:user/team/*"));
    for (arn, status) in [
        (NEAR, 200),
        ("arn:aws:iam::999900001111:user/near", 200),
        ("arn:aws:iam::999900001111:user/team/far", 403),
        ("arn:aws:iam::999900001111:user/far", 403),
    ] {
        let answer = stand.call(FAR, GENERATE, &[("Arn", arn)]).await;
        assert_eq!(answer.status, status, "{arn}");
    }
    // Without a name it is about the caller.
    assert_eq!(stand.call(FAR, "GetUser", &[]).await.status, 403);
    let own = "arn:aws:iam::999900001111:user/${aws:username}";
    assert_eq!(ask(&allow(own)).await, [DENIED; 3]);
}

#[tokio::test]
async fn a_deny_wins() {
    let deny = format!(
        r#"{ALL}, {{"Effect": "Deny", "NotAction": ["iam:List*", "s3:*"], "Resource": "*"}}"#
    );
    assert_eq!(ask(&deny).await, [DENIED, DENIED, "OK"]);
    let answer = stand(&deny).call(FAR, GENERATE, &[("Arn", NEAR)]).await;
    let message = format!(
        "User: arn:aws:iam::999900001111:user/far is not authorized to perform: iam:{GENERATE} on \
         resource: {NEAR} with an explicit deny in an identity-based policy"
    );
    assert_eq!(answer.error(), (DENIED.into(), 403, message));
}

#[tokio::test]
async fn a_group_that_is_not_in_the_export_denies_everything() {
    let stand = stand(ALL);
    assert_eq!(stand.call(FAR, "ListUsers", &[]).await.status, 200);
    let export = r#"{"UserDetailList": [
        {"Path": "/", "UserName": "far", "UserId": "AIDAFARFARFARFARFARFA",
          "Arn": "arn:aws:iam::999900001111:user/far", "GroupList": ["gone"],
          "AttachedManagedPolicies": [], "UserPolicyList": [{"PolicyName": "own", "PolicyDocument":
              {"Version": "2012-10-17", "Statement": [
                  {"Effect": "Allow", "Action": "iam:*", "Resource": "*"}]}}]}]}"#;
    let exports = [("far.json".to_owned(), export.to_owned())];
    stand
        .operations
        .store()
        .import_accounts(&exports, now())
        .unwrap();
    for action in ["ListUsers", "GetUser", "GetAccountAuthorizationDetails"] {
        let (code, status, message) = stand.call(FAR, action, &[]).await.error();
        assert_eq!((code.as_str(), status), (DENIED, 403), "{action}");
        // The reason is for the log.
        assert!(!message.contains("gone"), "{message}");
    }
}
