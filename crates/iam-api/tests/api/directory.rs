//! The operations that list the entities of an account.

use percent_encoding::percent_decode_str;

use crate::fixture::{ADA, FAR, Fixture, ONE};

#[tokio::test]
async fn pages_of_account_details_are_complete() {
    let fixture = Fixture::new();
    let action = "GetAccountAuthorizationDetails";
    let whole = fixture.call(ADA, action, &[("MaxItems", "1000")]).await;
    let names = |answer: &crate::fixture::Answer| {
        [
            answer.list("UserDetailList", "UserName"),
            answer.list("GroupDetailList", "GroupName"),
            answer.list("RoleDetailList", "RoleName"),
        ]
    };
    let [users, groups, roles] = names(&whole);
    assert_eq!((users.len(), groups.len(), roles.len()), (8, 3, 9));
    let mut paged = [vec![], vec![], vec![]];
    let mut marker: Option<String> = None;
    let mut pages = 0;
    loop {
        let mut parameters = vec![("MaxItems", "7")];
        parameters.extend(marker.as_deref().map(|marker| ("Marker", marker)));
        let answer = fixture.call(ADA, action, &parameters).await;
        for (all, page) in paged.iter_mut().zip(names(&answer)) {
            all.extend(page);
        }
        pages += 1;
        marker = answer.get("Marker");
        if marker.is_none() {
            break;
        }
    }
    assert_eq!((paged, pages), ([users, groups, roles], 5));
    let members = whole.members("GetAccountAuthorizationDetailsResult");
    assert_eq!(
        members,
        [
            "GroupDetailList",
            "IsTruncated",
            "Policies",
            "RoleDetailList",
            "UserDetailList"
        ]
    );
}

#[tokio::test]
async fn account_details_are_filtered() {
    let fixture = Fixture::new();
    let action = "GetAccountAuthorizationDetails";
    for (filter, counts) in [
        (vec!["User"], [8, 0, 0, 0]),
        (vec!["Role", "Group"], [0, 3, 9, 0]),
        (vec!["LocalManagedPolicy"], [0, 0, 0, 5]),
        (vec!["AWSManagedPolicy"], [0, 0, 0, 5]),
        (
            vec!["AWSManagedPolicy", "LocalManagedPolicy"],
            [0, 0, 0, 10],
        ),
    ] {
        let names = ["Filter.member.1", "Filter.member.2"];
        let parameters: Vec<(&str, &str)> = names.into_iter().zip(filter.clone()).collect();
        let answer = fixture.call(ADA, action, &parameters).await;
        let number = |list: &str| answer.list(list, "Arn").len();
        let found = [
            number("UserDetailList"),
            number("GroupDetailList"),
            number("RoleDetailList"),
            number("Policies"),
        ];
        assert_eq!(found, counts, "{filter:?}");
    }
    let answer = fixture
        .call(ADA, action, &[("Filter.member.1", "Users")])
        .await;
    assert_eq!(answer.error().0, "ValidationError");
}

#[tokio::test]
async fn documents_are_url_encoded() {
    let fixture = Fixture::new();
    let answer = fixture
        .call(ADA, "GetRole", &[("RoleName", "pipeline-runner")])
        .await;
    let encoded = answer.get("AssumeRolePolicyDocument").unwrap();
    assert!(
        encoded.starts_with("%7B%22Version%22%3A%222012-10-17%22%2C%22Statement"),
        "{encoded}"
    );
    let decoded = percent_decode_str(&encoded).decode_utf8().unwrap();
    let expected = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"glue.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
    assert_eq!(decoded, expected);
    assert_eq!(
        answer.get("LastUsedDate").unwrap(),
        "2026-10-12T02:32:00.000Z"
    );
}

#[tokio::test]
async fn lists_by_path() {
    let fixture = Fixture::new();
    let prefix = [("PathPrefix", "/engineering/")];
    for (action, name, expected) in [
        ("ListUsers", "UserName", vec!["bruno", "chiara", "deniz"]),
        ("ListGroups", "GroupName", vec!["developers"]),
        ("ListPolicies", "PolicyName", vec!["DeveloperAccess"]),
        ("ListRoles", "RoleName", vec![]),
    ] {
        assert_eq!(fixture.call(ADA, action, &prefix).await.all(name), expected);
    }
    let answer = fixture
        .call(ADA, "ListUsers", &[("PathPrefix", "engineering")])
        .await;
    let message = "1 validation error detected: Value at 'pathPrefix' failed to satisfy \
                   constraint: Member must satisfy regular expression pattern: \
                   \\u002F[\\u0021-\\u007F]*";
    assert_eq!(
        answer.error(),
        ("ValidationError".into(), 400, message.into())
    );
}

#[tokio::test]
async fn policies_by_scope_and_attachment() {
    let fixture = Fixture::new();
    for (parameters, expected) in [
        (vec![], 10),
        (vec![("Scope", "All")], 10),
        (vec![("Scope", "AWS")], 5),
        (vec![("Scope", "Local")], 5),
        (vec![("Scope", "Local"), ("OnlyAttached", "true")], 3),
        (vec![("Scope", "Local"), ("OnlyAttached", "false")], 5),
        (vec![("PolicyUsageFilter", "PermissionsBoundary")], 2),
    ] {
        let answer = fixture.call(ADA, "ListPolicies", &parameters).await;
        assert_eq!(answer.all("PolicyName").len(), expected, "{parameters:?}");
    }
    for parameters in [
        [("Scope", "aws")],
        [("OnlyAttached", "yes")],
        [("PolicyUsageFilter", "x")],
    ] {
        let answer = fixture.call(ADA, "ListPolicies", &parameters).await;
        assert_eq!(answer.status, 400, "{parameters:?}");
    }
}

#[tokio::test]
async fn single_entities() {
    let fixture = Fixture::new();
    let answer = fixture.call(ADA, "GetUser", &[]).await;
    assert_eq!(answer.get("UserName").unwrap(), "ada");
    assert_eq!(
        answer.members("User"),
        [
            "Arn",
            "CreateDate",
            "Path",
            "PermissionsBoundary",
            "Tags",
            "UserId",
            "UserName"
        ]
    );
    let answer = fixture
        .call(
            ADA,
            "GetGroup",
            &[("GroupName", "developers"), ("MaxItems", "2")],
        )
        .await;
    assert_eq!(answer.all("UserName"), ["bruno", "chiara"]);
    let marker = answer.get("Marker").unwrap();
    let parameters = [("GroupName", "developers"), ("Marker", marker.as_str())];
    let answer = fixture.call(ADA, "GetGroup", &parameters).await;
    assert_eq!(answer.all("UserName"), ["deniz"]);
    let arn = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    let answer = fixture.call(ADA, "GetPolicy", &[("PolicyArn", arn)]).await;
    assert_eq!(answer.get("AttachmentCount").unwrap(), "3");
    for (action, parameter, code, message) in [
        (
            "GetUser",
            ("UserName", "x"),
            "NoSuchEntity",
            "The user with name x cannot be found.",
        ),
        (
            "GetRole",
            ("RoleName", "x"),
            "NoSuchEntity",
            "The role with name x cannot be found.",
        ),
        (
            "GetGroup",
            ("GroupName", "x"),
            "NoSuchEntity",
            "The group with name x cannot be found.",
        ),
        (
            "GetPolicy",
            ("PolicyArn", "arn:aws:iam::aws:policy/x"),
            "NoSuchEntity",
            "Policy arn:aws:iam::aws:policy/x was not found.",
        ),
        (
            "GetPolicy",
            ("PolicyArn", "arn:aws:iam::aws:user/xxx"),
            "InvalidInput",
            "ARN arn:aws:iam::aws:user/xxx is not valid.",
        ),
        (
            "GetRole",
            ("Other", ""),
            "ValidationError",
            "1 validation error detected: Value at 'roleName' failed to satisfy constraint: Member \
             must not be null",
        ),
        (
            "GetUser",
            ("UserName", "a b"),
            "ValidationError",
            "1 validation error detected: Value at 'userName' failed to satisfy constraint: Member \
             must satisfy regular expression pattern: [\\w+=,.@-]+",
        ),
    ] {
        let (found, _, text) = fixture.call(ADA, action, &[parameter]).await.error();
        assert_eq!((found.as_str(), text.as_str()), (code, message));
    }
    let answer = fixture.call(ONE, "GetUser", &[]).await;
    let message = "Must specify userName when calling with non-User credentials";
    assert_eq!(
        answer.error(),
        ("ValidationError".into(), 400, message.into())
    );
    // A caller of another account sees nothing of this one.
    let answer = fixture.call(FAR, "GetUser", &[("UserName", "ada")]).await;
    assert_eq!(answer.error().0, "NoSuchEntity");
}
