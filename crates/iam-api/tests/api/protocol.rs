//! The formats of requests and responses.

use axum::body::Body;
use axum::http::Request;

use crate::fixture::{ADA, BRUNO, Fixture, HOST, Signer, form, get};

#[tokio::test]
async fn a_result_is_wrapped_as_the_model_says() {
    let fixture = Fixture::new();
    let answer = fixture.call(ADA, "ListUsers", &[("MaxItems", "1")]).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers["content-type"], "text/xml");
    let id = answer.headers["x-amzn-requestid"].to_str().unwrap();
    assert_eq!(answer.get("RequestId").as_deref(), Some(id));
    assert_eq!(id.len(), 36);
    let document = roxmltree::Document::parse(&answer.text).unwrap();
    let root = document.root_element();
    assert_eq!(root.tag_name().name(), "ListUsersResponse");
    let namespace = "https://iam.amazonaws.com/doc/2010-05-08/";
    assert_eq!(root.tag_name().namespace(), Some(namespace));
    assert_eq!(
        answer.members("ListUsersResponse"),
        ["ListUsersResult", "ResponseMetadata"]
    );
    assert_eq!(
        answer.get("CreateDate").unwrap(),
        "2019-11-04T08:12:30.000Z"
    );
}

#[tokio::test]
async fn an_error_is_wrapped_as_query_clients_expect() {
    let fixture = Fixture::new();
    let answer = fixture
        .call(ADA, "GetUser", &[("UserName", "nobody")])
        .await;
    let id = answer.headers["x-amzn-requestid"].to_str().unwrap();
    assert_eq!(
        answer.text,
        format!(
            "<ErrorResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><Error>\
             <Type>Sender</Type><Code>NoSuchEntity</Code><Message>The user with name nobody cannot \
             be found.</Message></Error><RequestId>{id}</RequestId></ErrorResponse>"
        )
    );
    assert_eq!(answer.status, 404);
}

#[tokio::test]
async fn lists_are_read_in_every_spelling() {
    let fixture = Fixture::new();
    for names in [
        ["ServiceNamespaces.member.1", "ServiceNamespaces.member.2"],
        ["ServiceNamespaces.Member.1", "ServiceNamespaces.Member.2"],
        ["ServiceNamespaces.1", "ServiceNamespaces.2"],
    ] {
        let parameters = [("Arn", BRUNO), (names[1], "s3"), (names[0], "ec2")];
        let action = "ListPoliciesGrantingServiceAccess";
        let answer = fixture.call(ADA, action, &parameters).await;
        assert_eq!(answer.all("ServiceNamespace"), ["ec2", "s3"], "{answer:?}");
        assert_eq!(answer.get("IsTruncated").unwrap(), "false");
        assert_eq!(answer.get("Marker"), None);
    }
}

#[tokio::test]
async fn actions_and_versions() {
    let fixture = Fixture::new();
    let none = "The request is missing an action or a required parameter.";
    let no = |action: &str, version: &str| {
        format!("Could not find operation {action} for version {version}")
    };
    for (body, code, message) in [
        ("", "MissingAction", none.to_owned()),
        ("Version=2010-05-08", "MissingAction", none.to_owned()),
        (
            "Action=CreateUser&Version=2010-05-08",
            "InvalidAction",
            no("CreateUser", "2010-05-08"),
        ),
        (
            "Action=listusers&Version=2010-05-08",
            "InvalidAction",
            no("listusers", "2010-05-08"),
        ),
        (
            "Action=ListUsers&Version=2011-06-15",
            "InvalidAction",
            no("ListUsers", "2011-06-15"),
        ),
        (
            "Action=ListUsers",
            "InvalidAction",
            no("ListUsers", "NO_VERSION_SPECIFIED"),
        ),
    ] {
        let answer = fixture.send(Signer::new(ADA).post(body)).await;
        assert_eq!(answer.error(), (code.into(), 400, message), "{body}");
    }
}

#[tokio::test]
async fn methods_and_paths() {
    let fixture = Fixture::new();
    let put = Request::put("/").body(Body::empty()).unwrap();
    assert_eq!(fixture.send(put).await.status, 405);
    assert_eq!(fixture.send(get("/elsewhere")).await.status, 404);
    let answer = fixture.send(get("/healthz")).await;
    assert_eq!((answer.status, answer.text.as_str()), (200, "ok\n"));
}

#[tokio::test]
async fn metrics_count_by_operation_and_code() {
    let fixture = Fixture::new();
    fixture.job(ADA, BRUNO, "SERVICE_LEVEL").await;
    fixture
        .call(ADA, "GetUser", &[("UserName", "nobody")])
        .await;
    fixture.send(get("/?Action=%3Cscript%3E")).await;
    for _ in 0..2 {
        fixture
            .call(ADA, "CreateUser", &[("UserName", "eve")])
            .await;
    }
    // A wrong version is not counted as an unknown operation.
    fixture.send(get("/?Action=GetUser&Version=1")).await;
    let answer = fixture.send(get("/metrics")).await;
    for line in [
        "iam_api_requests_total{operation=\"GenerateServiceLastAccessedDetails\",code=\"OK\"} 1\n",
        "iam_api_requests_total{operation=\"GetUser\",code=\"NoSuchEntity\"} 1\n",
        "iam_api_requests_total{operation=\"-\",code=\"InvalidAction\"} 4\n",
        "iam_api_unknown_operations_total{operation=\"CreateUser\"} 2\n",
        "iam_api_unknown_operations_total{operation=\"other\"} 1\n",
        "iam_api_request_seconds_bucket{operation=\"GetUser\",le=\"+Inf\"} 1\n",
        "iam_api_jobs{status=\"COMPLETED\"} 1\n",
        "iam_api_queue_length 0\n",
    ] {
        assert!(answer.text.contains(line), "{line}{}", answer.text);
    }
    assert!(!answer.text.contains("script"));
    assert!(
        !answer
            .text
            .contains("unknown_operations_total{operation=\"GetUser\"}")
    );
}

#[tokio::test]
async fn without_credentials_the_access_key_id_names_the_caller() {
    let fixture = Fixture::with(|config| config.credentials = None);
    let mut signer = Signer::new(ADA);
    signer.key.1 = "whatever";
    let body = form("GetUser", &[]);
    // The access key id is a user's name in the store's only account.
    let answer = fixture.send(signer.post(&body)).await;
    let message = "The user with name AKIAADA cannot be found.";
    assert_eq!(answer.error().2, message);
    let body = form("GenerateServiceLastAccessedDetails", &[("Arn", BRUNO)]);
    assert_eq!(fixture.send(signer.post(&body)).await.status, 200);
    let other = BRUNO.replace("1111", "9999");
    let body = form("GenerateServiceLastAccessedDetails", &[("Arn", &other)]);
    let answer = fixture.send(signer.post(&body)).await;
    let message = format!(
        "User: arn:aws:iam::111122223333:user/AKIAADA is not authorized to perform the operation \
         on {other}"
    );
    assert_eq!(answer.error(), ("AccessDenied".into(), 403, message));
    // A request without an access key id has no caller. Requests from other sites are rejected.
    let request = get("/?Action=ListUsers&Version=2010-05-08");
    assert_eq!(
        fixture.send(request).await.error().0,
        "MissingAuthenticationToken"
    );
    let mut request = signer.post(&body);
    request
        .headers_mut()
        .insert("host", "rebound.example".parse().unwrap());
    assert_eq!(fixture.send(request).await.status, 403);
    let mut request = signer.post(&form("ListUsers", &[]));
    request.headers_mut().insert("host", HOST.parse().unwrap());
    assert_eq!(fixture.send(request).await.status, 200);
}

#[tokio::test]
async fn without_credentials_requests_from_other_sites_are_rejected() {
    let fixture = Fixture::with(|config| config.credentials = None);
    let signed = Fixture::new();
    for (name, value, status) in [
        ("sec-fetch-site", "cross-site", 403),
        ("sec-fetch-site", "same-origin", 200),
        ("origin", "https://evil.example", 403),
        ("origin", "null", 403),
        ("origin", "http://localhost:3000", 200),
    ] {
        let request = || {
            let mut request = Signer::new(ADA).post(&form("ListUsers", &[]));
            request.headers_mut().insert(name, value.parse().unwrap());
            request
        };
        let answer = fixture.send(request()).await;
        assert_eq!(answer.status, status, "{name} {value}");
        if status == 403 {
            assert_eq!(answer.error().0, "AccessDenied", "{name} {value}");
        }
        // With credentials, a signed request from any site is accepted.
        assert_eq!(signed.send(request()).await.status, 200, "{name} {value}");
    }
}

#[tokio::test]
async fn without_credentials_several_accounts_are_distinguished() {
    let fixture = Fixture::with(|config| config.credentials = None);
    let far = r#"{"UserDetailList": [{"Path": "/", "UserName": "far", "UserId": "AIDAFARFARFARFARFARFA",
        "Arn": "arn:aws:iam::999900001111:user/far", "UserPolicyList": [], "GroupList": [],
        "AttachedManagedPolicies": []}]}"#;
    let exports = [("far.json".to_owned(), far.to_owned())];
    let store = fixture.operations.store();
    store
        .import_accounts(&exports, crate::fixture::now())
        .unwrap();
    // The account in the ARN.
    let mut signer = Signer::new(ADA);
    for arn in [BRUNO, "arn:aws:iam::999900001111:user/far"] {
        let body = form("GenerateServiceLastAccessedDetails", &[("Arn", arn)]);
        assert_eq!(fixture.send(signer.post(&body)).await.status, 200, "{arn}");
    }
    // A list has no ARN, so the access key id must be an account number.
    let body = form("ListUsers", &[]);
    assert_eq!(
        fixture.send(signer.post(&body)).await.error().0,
        "InvalidInput"
    );
    signer.key.0 = "999900001111";
    assert_eq!(
        fixture.send(signer.post(&body)).await.all("UserName"),
        ["far"]
    );
}
