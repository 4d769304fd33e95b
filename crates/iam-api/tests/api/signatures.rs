//! Signature Version 4: which requests are accepted, and which are rejected.

use axum::body::Body;
use axum::http::Request;
use chrono::Duration;

use crate::fixture::{ADA, Answer, Fixture, HOST, Key, ONE, Signer, form, get, now};

const WRONG: &str = "The request signature we calculated does not match the signature you \
                     provided. Check your AWS Secret Access Key and signing method. Consult the \
                     service documentation for details.";

async fn send(fixture: &Fixture, signer: &Signer) -> [Answer; 2] {
    [
        fixture.send(signer.post(&form("ListUsers", &[]))).await,
        fixture.send(get(&signer.presign("ListUsers", &[]))).await,
    ]
}

/// botocore 1.44.5 signed these.
#[tokio::test]
async fn requests_signed_by_botocore() {
    let fixture = Fixture::new();
    let body = "Action=ListUsers&Version=2010-05-08&PathPrefix=%2Fengineering%2F";
    for (key, token, headers, signature) in [
        (
            "AKIAADA",
            None,
            "content-type;host;x-amz-date",
            "3aff954b2806ed81211a3f44b9515e66cdf530d8f34cc2a763d449d70740fb5a",
        ),
        (
            "ASIAONE",
            Some("tok+en/=="),
            "content-type;host;x-amz-date;x-amz-security-token",
            "abedd44e382643c61a746df0842fdf19dd9ba5f6e44ee8a768566806f66fe5e6",
        ),
    ] {
        let mut request = Request::post("/")
            .header(
                "content-type",
                "application/x-www-form-urlencoded; charset=utf-8",
            )
            .header("host", HOST)
            .header("x-amz-date", "20261101T000000Z")
            .header(
                "authorization",
                format!(
                    "AWS4-HMAC-SHA256 Credential={key}/20261101/us-east-1/iam/aws4_request, \
                     SignedHeaders={headers}, Signature={signature}"
                ),
            );
        if let Some(token) = token {
            request = request.header("x-amz-security-token", token);
        }
        let answer = fixture.send(request.body(Body::from(body)).unwrap()).await;
        assert_eq!(
            answer.all("UserName"),
            ["bruno", "chiara", "deniz"],
            "{answer:?}"
        );
    }
    for path in [
        "/?Action=ListUsers&Version=2010-05-08&PathPrefix=%2Fengineering%2F&X-Amz-Algorithm=\
         AWS4-HMAC-SHA256&X-Amz-Credential=AKIAADA%2F20261101%2Fus-east-1%2Fiam%2Faws4_request&\
         X-Amz-Date=20261101T000000Z&X-Amz-Expires=3600&X-Amz-SignedHeaders=host&X-Amz-Signature=\
         18bdba0b49ae34a48fd90a9f51ac0963419f3137274fca7e819cf439cfee8870",
        "/?Action=ListUsers&Version=2010-05-08&PathPrefix=%2Fengineering%2F&X-Amz-Algorithm=\
         AWS4-HMAC-SHA256&X-Amz-Credential=ASIAONE%2F20261101%2Fus-east-1%2Fiam%2Faws4_request&\
         X-Amz-Date=20261101T000000Z&X-Amz-Expires=3600&X-Amz-SignedHeaders=host&\
         X-Amz-Security-Token=tok%2Ben%2F%3D%3D&X-Amz-Signature=\
         999e8b081f726911d70d7063d0b1d7c9bd2e415d47df543ecab573105904a36b",
    ] {
        let answer = fixture.send(get(path)).await;
        assert_eq!(
            answer.all("UserName"),
            ["bruno", "chiara", "deniz"],
            "{answer:?}"
        );
    }
}

#[tokio::test]
async fn any_region_but_only_this_service() {
    let fixture = Fixture::new();
    let mut signer = Signer::new(ONE);
    signer.region = "eu-central-2".into();
    for answer in send(&fixture, &signer).await {
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    signer.service = "sts".into();
    for answer in send(&fixture, &signer).await {
        let message = "Credential should be scoped to correct service: 'iam'.";
        let expected = ("SignatureDoesNotMatch".into(), 403, message.into());
        assert_eq!(answer.error(), expected);
    }
}

#[tokio::test]
async fn keys_secrets_and_tokens() {
    let fixture = Fixture::new();
    let token = "The security token included in the request is invalid.";
    for (key, code, message) in [
        (Key("AKIANOBODY", "x", None), "InvalidClientTokenId", token),
        (
            Key("AKIAADA", "ada-secret", Some("t")),
            "InvalidClientTokenId",
            token,
        ),
        (
            Key("ASIAONE", "one-secret", None),
            "InvalidClientTokenId",
            token,
        ),
        (
            Key("ASIAONE", "one-secret", Some("tok+en/=")),
            "InvalidClientTokenId",
            token,
        ),
        (
            Key("ASIAONE", "one-secret", Some("token-two")),
            "InvalidClientTokenId",
            token,
        ),
        (
            Key("AKIAADA", "erin-secret", None),
            "SignatureDoesNotMatch",
            WRONG,
        ),
        (Key("AKIAADA", "", None), "SignatureDoesNotMatch", WRONG),
    ] {
        for answer in send(&fixture, &Signer::new(key)).await {
            let expected = (code.to_owned(), 403, message.to_owned());
            assert_eq!(answer.error(), expected, "{key:?}");
        }
    }
}

#[tokio::test]
async fn times() {
    let fixture = Fixture::new();
    let mut signer = Signer::new(ADA);
    for (minutes, seconds, expected) in [
        (-15, 0, None),
        (15, 0, None),
        (
            -15,
            -1,
            Some(
                "Signature expired: 20261031T234459Z is now earlier than 20261031T234500Z \
                 (20261101T000000Z - 15 min.)",
            ),
        ),
        (
            15,
            1,
            Some(
                "Signature not yet current: 20261101T001501Z is still later than \
                 20261101T001500Z (20261101T000000Z + 15 min.)",
            ),
        ),
    ] {
        signer.time = now() + Duration::minutes(minutes) + Duration::seconds(seconds);
        let answer = fixture.send(signer.post(&form("ListUsers", &[]))).await;
        match expected {
            None => assert_eq!(answer.status, 200, "{answer:?}"),
            Some(message) => {
                let expected = ("SignatureDoesNotMatch".into(), 403, message.into());
                assert_eq!(answer.error(), expected);
            }
        }
    }
    // A presigned request says how long it is valid; 15 minutes when it does not.
    for (expires, age, status) in [
        (Some(3600), 3600, 200),
        (Some(3600), 3601, 400),
        (Some(60), 61, 400),
        (None, 900, 200),
        (None, 901, 400),
        (Some(604_800), 604_800, 200),
        (Some(604_801), 0, 400),
        (Some(0), 0, 400),
        (Some(60), -901, 403),
    ] {
        signer.time = now() - Duration::seconds(age);
        signer.expires = expires;
        let answer = fixture.send(get(&signer.presign("ListUsers", &[]))).await;
        assert_eq!(answer.status, status, "{expires:?} {age} {answer:?}");
    }
    signer.expires = Some(60);
    signer.time = now() - Duration::seconds(61);
    let answer = fixture.send(get(&signer.presign("ListUsers", &[]))).await;
    let expected = ("RequestExpired".into(), 400, "Request has expired.".into());
    assert_eq!(answer.error(), expected);
}

#[tokio::test]
async fn everything_that_counts_must_be_signed() {
    let fixture = Fixture::new();
    let signer = Signer::new(ADA);
    let body = form("ListUsers", &[("MaxItems", "1")]);
    let fresh = || signer.post(&body);
    assert_eq!(fixture.send(fresh()).await.status, 200);
    let mut other_body = fresh();
    *other_body.body_mut() = Body::from(body.replace("=1", "=2"));
    let mut other_query = fresh();
    *other_query.uri_mut() = "/?MaxItems=2".parse().unwrap();
    let mut other_host = fresh();
    let host = other_host.headers_mut();
    host.insert("host", "127.0.0.1:8788".parse().unwrap());
    let mut other_time = fresh();
    let time = other_time.headers_mut();
    time.insert("x-amz-date", "20261101T000001Z".parse().unwrap());
    let mut other_method = fresh();
    *other_method.method_mut() = axum::http::Method::GET;
    for request in [
        other_body,
        other_query,
        other_host,
        other_time,
        other_method,
    ] {
        let shown = format!("{request:?}");
        let expected = ("SignatureDoesNotMatch".into(), 403, WRONG.into());
        assert_eq!(fixture.send(request).await.error(), expected, "{shown}");
    }
    let mut extra = fresh();
    let headers = extra.headers_mut();
    headers.insert("x-amz-target", "x".parse().unwrap());
    let message = "'x-amz-target' must be a 'SignedHeader' in the AWS Authorization.";
    let expected = ("SignatureDoesNotMatch".into(), 403, message.into());
    assert_eq!(fixture.send(extra).await.error(), expected);
    // A header that a proxy adds is ignored.
    let mut proxied = fresh();
    let headers = proxied.headers_mut();
    headers.insert("x-forwarded-for", "192.0.2.1".parse().unwrap());
    assert_eq!(fixture.send(proxied).await.status, 200);
    let path = signer.presign("ListUsers", &[("MaxItems", "1")]);
    assert_eq!(fixture.send(get(&path)).await.status, 200);
    for path in [
        path.replace("MaxItems=1", "MaxItems=2"),
        path.replace("ListUsers", "ListRoles"),
        format!("{path}&PathPrefix=%2F"),
        path.replace("Expires=3600", "Expires=7200"),
    ] {
        let answer = fixture.send(get(&path)).await;
        assert_eq!(answer.error().0, "SignatureDoesNotMatch", "{path}");
    }
}

#[tokio::test]
async fn incomplete_and_missing_signatures() {
    let fixture = Fixture::new();
    let body = form("ListUsers", &[]);
    let request = |authorization: Option<&str>| {
        let mut request = Signer::new(ADA).post(&body);
        let headers = request.headers_mut();
        headers.remove("authorization");
        if let Some(text) = authorization {
            headers.insert("authorization", text.parse().unwrap());
        }
        request
    };
    let answer = fixture.send(request(None)).await;
    let message = "Request is missing Authentication Token";
    let expected = ("MissingAuthenticationToken".into(), 403, message.into());
    assert_eq!(answer.error(), expected);
    for text in [
        "",
        "Basic YWRhOmFkYQ==",
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 Credential",
        "AWS4-HMAC-SHA256 Credential=AKIAADA/20261101/us-east-1/iam/aws4_request",
        "AWS4-HMAC-SHA256 Credential=AKIAADA, SignedHeaders=host, Signature=0",
        "AWS4-ECDSA-P256-SHA256 Credential=AKIAADA, SignedHeaders=host, Signature=0",
    ] {
        let answer = fixture.send(request(Some(text))).await;
        assert_eq!(
            (answer.error().0.as_str(), answer.status),
            ("IncompleteSignature", 400),
            "{text}"
        );
    }
    let scope = "AWS4-HMAC-SHA256 Credential=AKIAADA/20261102/us-east-1/iam/aws4_request, \
                 SignedHeaders=host;x-amz-date, Signature=0";
    let answer = fixture.send(request(Some(scope))).await;
    assert!(
        answer.error().2.starts_with("Date in Credential scope"),
        "{answer:?}"
    );
    let host = scope.replace("20261102", "20261101").replace("host;", "");
    let answer = fixture.send(request(Some(&host))).await;
    assert!(answer.error().2.starts_with("'Host' or"), "{answer:?}");
}
