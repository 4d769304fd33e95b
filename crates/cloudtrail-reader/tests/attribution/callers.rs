//! Who made a record: an IAM user or role, or nobody who counts.

use serde_json::{Value, json};

use super::support::{MARIA, faults, object, record, rows, set_aside, take};

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
            "object: record 1: malformed: no userIdentity.sessionContext.sessionIssuer",
        ),
        (
            "an issuer without id and ARN",
            json!({"type": "FederatedUser", "sessionContext": {"sessionIssuer": {"type": "IAMUser"}}}),
            "object: record 1: malformed: FederatedUser with neither a unique id in userIdentity.principalId nor an ARN",
        ),
    ]);
}

#[test]
fn callers_of_other_accounts_are_known_by_unique_id_or_arn() {
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
            "a role of which only the session's ARN is told",
            json!({"type": "AWSAccount", "accountId": "444455556666",
                   "arn": "arn:aws:sts::444455556666:assumed-role/audit/nightly"}),
            "- arn:aws:iam::444455556666:role/audit 444455556666",
        ),
        (
            "a user of which only the ARN is told",
            json!({"type": "AWSAccount", "principalId": "", "arn": "arn:aws:iam::444455556666:user/a/maria",
                   "accountId": "444455556666"}),
            "- arn:aws:iam::444455556666:user/a/maria 444455556666",
        ),
        (
            "the other account's root user, by ARN",
            json!({"type": "AWSAccount", "principalId": "444455556666", "accountId": "444455556666",
                   "arn": "arn:aws:iam::444455556666:root"}),
            "aside: by the account root",
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
fn unique_ids_decide_for_types_that_do_not() {
    assert_who(&[
        (
            "a type that CloudTrail could not determine",
            json!({"type": "Unknown", "principalId": MARIA, "accountId": "111122223333"}),
            "AIDAMARIAEXAMPLE00001 - 111122223333",
        ),
        (
            "no type, a call that a service made for the role",
            json!({"principalId": format!("{ROLE_ID}:nightly"), "accountId": "111122223333",
                   "invokedBy": "athena.amazonaws.com"}),
            "AROAAUDITEXAMPLE00001 - 111122223333",
        ),
        (
            "no type",
            json!({"principalId": MARIA}),
            "AIDAMARIAEXAMPLE00001 - -",
        ),
        (
            "a type that is not known yet",
            json!({"type": "Starfish", "principalId": MARIA, "accountId": "111122223333"}),
            "AIDAMARIAEXAMPLE00001 - 111122223333",
        ),
        (
            "a service",
            json!({"type": "AWSService", "principalId": format!("{ROLE_ID}:s"), "invokedBy": "ecs.amazonaws.com"}),
            "AROAAUDITEXAMPLE00001 - -",
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
            "what providers write as the id of their users decides nothing",
            json!({"type": "SAMLUser", "principalId": format!("{MARIA}:y"), "userName": "y"}),
            "aside: not an IAM identity: SAMLUser",
        ),
        (
            "a type that is not known yet",
            json!({"type": "Starfish", "principalId": "starfish-1"}),
            "aside: not an IAM identity: Starfish",
        ),
        (
            "no type",
            json!({"accountId": "111122223333"}),
            "object: record 1: malformed: no userIdentity.type",
        ),
        (
            "nothing",
            json!({}),
            "object: record 1: malformed: no userIdentity.type",
        ),
    ]);
}
