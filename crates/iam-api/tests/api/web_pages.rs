//! Requests that a web page can make a browser send to a server on loopback.

use axum::body::Body;
use axum::http::{HeaderName, Request};
use iam_api::Credentials;

use crate::fixture::{ADA, BRUNO, Fixture, HOST, Signer, form, get};

const GENERATE: &str = "GenerateServiceLastAccessedDetails";

fn jobs(fixture: &Fixture) -> u64 {
    let jobs = fixture.operations.store().jobs_by_status().unwrap();
    jobs.iter().map(|(_, number)| number).sum()
}

#[tokio::test]
async fn without_credentials_only_a_post_with_a_header_makes_a_job() {
    let fixture = Fixture::with(|config| config.credentials = None);
    let presigned = Signer::new(ADA).presign(GENERATE, &[("Arn", BRUNO)]);
    // An image.
    let answer = fixture.send(get(&presigned)).await;
    assert_eq!(
        (answer.status, answer.error().0.as_str()),
        (403, "AccessDenied")
    );
    // A form, of a browser that does not say where it comes from.
    let post = Request::post(&presigned).header("host", HOST);
    assert_eq!(
        fixture.send(post.body(Body::empty()).unwrap()).await.status,
        403
    );
    // A GET with the header.
    let mut request = Signer::new(ADA).post("");
    *request.method_mut() = axum::http::Method::GET;
    *request.uri_mut() = format!("/?{}", form(GENERATE, &[("Arn", BRUNO)]))
        .parse()
        .unwrap();
    assert_eq!(fixture.send(request).await.status, 403);
    // The browser asks whether it may send the header, and no answer says so.
    let preflight = Request::options("/")
        .header("host", HOST)
        .header("access-control-request-headers", "authorization");
    let answer = fixture.send(preflight.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, 405);
    assert!(
        answer
            .headers
            .keys()
            .all(|name| !name.as_str().starts_with("access-control"))
    );
    assert_eq!(jobs(&fixture), 0);
    // Reading by GET is still possible.
    let list = Signer::new(ADA).presign("ListUsers", &[]);
    assert_eq!(fixture.send(get(&list)).await.status, 200);
    fixture.job(ADA, BRUNO, "SERVICE_LEVEL").await;
    assert_eq!(jobs(&fixture), 1);
}

#[tokio::test]
async fn with_credentials_a_presigned_get_makes_a_job() {
    let fixture = Fixture::new();
    let presigned = Signer::new(ADA).presign(GENERATE, &[("Arn", BRUNO)]);
    assert_eq!(fixture.send(get(&presigned)).await.status, 200);
    assert_eq!(jobs(&fixture), 1);
}

#[tokio::test]
async fn metrics_and_health_are_not_for_web_pages() {
    let open = Fixture::with(|config| config.credentials = None);
    let signed = Fixture::new();
    let behind_names = Fixture::with(|config| {
        config.listen = "192.0.2.1:8787".parse().unwrap();
        config.credentials = Some(Credentials::parse("").unwrap());
    });
    for (name, value, statuses) in [
        ("host", "127.0.0.1:8787", [200; 6]),
        ("host", "localhost", [200; 6]),
        // With credentials, a proxy may ask under another name whether the server is well.
        ("host", "rebound.example", [403, 403, 403, 200, 200, 200]),
        (
            "sec-fetch-site",
            "cross-site",
            [403, 403, 200, 200, 200, 200],
        ),
        (
            "origin",
            "https://evil.example",
            [403, 403, 200, 200, 200, 200],
        ),
    ] {
        let name: HeaderName = name.parse().unwrap();
        let mut expected = statuses.into_iter();
        for fixture in [&open, &signed, &behind_names] {
            for path in ["/metrics", "/healthz"] {
                let mut request = get(path);
                request
                    .headers_mut()
                    .insert(name.clone(), value.parse().unwrap());
                let answer = fixture.send(request).await;
                let expected = expected.next().unwrap();
                assert_eq!(answer.status, expected, "{path} {name}: {value}");
                assert_eq!(
                    answer.text.contains("iam_api_"),
                    path == "/metrics" && expected == 200
                );
            }
        }
    }
}
