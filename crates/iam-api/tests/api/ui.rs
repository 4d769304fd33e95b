//! The web pages at `/ui`: sessions, and calls that are made with them.

use std::time::Duration;

use advisor_core::AccountId;
use axum::body::{Body, HttpBody as _};
use axum::http::{Method, Request};
use iam_api::router;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::fixture::{ADA, ADMINISTRATOR, Answer, BRUNO, ERIN, FAR, Fixture, HOST, Key, ONE};
use crate::permissions::import_far;

/// What takes long on a busy machine is not given up.
const PATIENCE: Duration = Duration::from_secs(600);

fn fixture() -> Fixture {
    Fixture::with(|config| {
        config.ui = true;
        config.limits.answer_time = PATIENCE;
    })
}

/// What the pages send: JSON, from the same origin.
pub(crate) fn request(method: Method, path: &str, cookie: &str, body: &Value) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri(path)
        .header("host", HOST)
        .header("origin", format!("http://{HOST}"))
        .header("sec-fetch-site", "same-origin")
        .header("content-type", "application/json")
        .header("cookie", cookie)
        .body(Body::from(body.to_string()))
        .unwrap()
}

fn sign_in_body(key: Key) -> Value {
    match key.2 {
        None => json!({"AccessKeyId": key.0, "SecretAccessKey": key.1}),
        Some(token) => {
            json!({"AccessKeyId": key.0, "SecretAccessKey": key.1, "SessionToken": token})
        }
    }
}

/// Signs in. Returns the cookie.
pub(crate) async fn sign_in(fixture: &Fixture, key: Key) -> String {
    let body = sign_in_body(key);
    let answer = fixture
        .send(request(Method::POST, "/ui/session", "", &body))
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let cookie = answer.headers["set-cookie"].to_str().unwrap();
    assert!(cookie.contains("; HttpOnly; SameSite=Strict"), "{cookie}");
    cookie.split(';').next().unwrap().to_owned()
}

async fn call(fixture: &Fixture, cookie: &str, body: Value) -> (u16, Value) {
    let answer = fixture
        .send(request(Method::POST, "/ui/api", cookie, &body))
        .await;
    (answer.status, parsed(&answer))
}

fn parsed(answer: &Answer) -> Value {
    serde_json::from_str(&answer.text).unwrap()
}

#[tokio::test]
async fn there_are_no_pages_unless_the_configuration_has_them() {
    for path in [
        "/ui",
        "/ui/session",
        "/ui/api",
        "/ui/about",
        "/ui/jobs",
        "/ui/reports",
    ] {
        let fixture = Fixture::new();
        let answer = fixture
            .send(request(Method::POST, path, "", &sign_in_body(ADA)))
            .await;
        assert_eq!(answer.status, 404, "{path}");
    }
    // Nor without credentials, with which people sign in.
    let fixture = Fixture::with(|config| {
        config.ui = true;
        config.credentials = None;
    });
    let page = request(Method::GET, "/ui", "", &Value::Null);
    assert_eq!(fixture.send(page).await.status, 404);
}

#[tokio::test]
async fn a_session_has_the_rights_of_its_key() {
    let fixture = Fixture::with(|config| {
        config.ui = true;
        config.enforce_permissions = true;
    });
    let cookie = sign_in(&fixture, ADA).await;
    let who = fixture
        .send(request(Method::GET, "/ui/session", &cookie, &Value::Null))
        .await;
    assert_eq!(parsed(&who)["Arn"], "arn:aws:iam::111122223333:user/ada");
    let (status, users) = call(&fixture, &cookie, json!({"Action": "ListUsers"})).await;
    assert_eq!(status, 200, "{users}");
    assert!(users["Users"].as_array().unwrap().len() > 3);
    // A session of a role that may do nothing.
    let cookie = sign_in(&fixture, ONE).await;
    let (status, refused) = call(&fixture, &cookie, json!({"Action": "ListUsers"})).await;
    assert_eq!(
        (status, refused["Code"].as_str()),
        (403, Some("AccessDenied"))
    );
}

#[tokio::test]
async fn a_job_is_started_watched_and_read_by_its_owner_only() {
    let fixture = fixture();
    let cookie = sign_in(&fixture, ADA).await;
    let get = start_job(&fixture, &cookie, BRUNO).await;
    let report = finished(&fixture, &cookie, &get).await;
    assert_eq!(report["JobStatus"], "COMPLETED");
    assert!(
        !report["ServicesLastAccessed"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    let other = sign_in(&fixture, ERIN).await;
    let (status, refused) = call(&fixture, &other, get).await;
    assert_eq!(status, 404, "{refused}");
}

#[tokio::test]
async fn wrong_secrets_and_ended_sessions_are_refused() {
    let fixture = fixture();
    let Key(id, secret, _) = ADA;
    for (id, secret, token) in [
        (id, "ada-secret-two", None),
        (id, "", None),
        ("AKIANOBODY", secret, None),
        (id, secret, Some("token")),
        (ONE.0, ONE.1, None),
    ] {
        let mut body = json!({"AccessKeyId": id, "SecretAccessKey": secret});
        if let Some(token) = token {
            body["SessionToken"] = token.into();
        }
        let answer = fixture
            .send(request(Method::POST, "/ui/session", "", &body))
            .await;
        assert_eq!(answer.status, 403, "{body}");
        assert!(!answer.headers.contains_key("set-cookie"));
    }
    let list = json!({"Action": "ListUsers"});
    assert_eq!(call(&fixture, "", list.clone()).await.0, 401);
    let cookie = sign_in(&fixture, ADA).await;
    assert_eq!(call(&fixture, &cookie, list.clone()).await.0, 200);
    let end = fixture
        .send(request(
            Method::DELETE,
            "/ui/session",
            &cookie,
            &Value::Null,
        ))
        .await;
    let removed = end.headers["set-cookie"].to_str().unwrap();
    assert!(removed.contains("Max-Age=0"), "{removed}");
    assert_eq!(call(&fixture, &cookie, list.clone()).await.0, 401);
    // Nor does another spelling of it bring it back.
    let (before, signature) = cookie.rsplit_once('.').unwrap();
    let cookie = format!("{before}.{}", signature.to_ascii_uppercase());
    assert_eq!(call(&fixture, &cookie, list).await.0, 401);
}

#[tokio::test]
async fn cookies_are_signed_by_their_server() {
    let (fixture, other) = (fixture(), fixture());
    let list = json!({"Action": "ListUsers"});
    let cookie = sign_in(&fixture, ADA).await;
    let of_other = sign_in(&other, ADA).await;
    assert_eq!(call(&fixture, &cookie, list.clone()).await.0, 200);
    let change = |at: usize| {
        let mut text = cookie.clone().into_bytes();
        text[at] = if text[at] == b'0' { b'1' } else { b'0' };
        String::from_utf8(text).unwrap()
    };
    let (signed, _) = cookie.rsplit_once('.').unwrap();
    let (_, signature_of_other) = of_other.rsplit_once('.').unwrap();
    for (what, cookie) in [
        ("another server's cookie", of_other.clone()),
        (
            "another server's signature",
            format!("{signed}.{signature_of_other}"),
        ),
        ("no signature", signed.to_owned()),
        ("another signature", change(cookie.len() - 1)),
        ("another token", change(signed.len() - 1)),
    ] {
        let (status, refused) = call(&fixture, &cookie, list.clone()).await;
        assert_eq!(
            (status, &refused["Code"]),
            (401, &json!("NotSignedIn")),
            "{what}"
        );
    }
    // None of it ended the session.
    assert_eq!(call(&fixture, &cookie, list).await.0, 200);
}

#[tokio::test]
async fn who_signs_in_again_has_the_new_session_only() {
    let fixture = fixture();
    let list = json!({"Action": "ListUsers"});
    let first = sign_in(&fixture, ADA).await;
    let again = request(Method::POST, "/ui/session", &first, &sign_in_body(ADA));
    let answer = fixture.send(again).await;
    let cookie = answer.headers["set-cookie"].to_str().unwrap();
    let second = cookie.split(';').next().unwrap();
    assert_eq!(call(&fixture, &first, list.clone()).await.0, 401);
    assert_eq!(call(&fixture, second, list.clone()).await.0, 200);
    // A wrong secret ends nothing.
    let wrong = json!({"AccessKeyId": ADA.0, "SecretAccessKey": "wrong"});
    let refused = request(Method::POST, "/ui/session", second, &wrong);
    assert_eq!(fixture.send(refused).await.status, 403);
    assert_eq!(call(&fixture, second, list).await.0, 200);
}

#[tokio::test]
async fn calls_have_the_limits_of_the_api() {
    let fixture = Fixture::with(|config| {
        config.ui = true;
        config.limits.unsent_bytes = 700_000;
        config.limits.parameters = 20;
    });
    let role = "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Administrator_3f9c2a7d51e8b640";
    let job = fixture.job(ADMINISTRATOR, role, "ACTION_LEVEL").await;
    let cookie = sign_in(&fixture, ADMINISTRATOR).await;
    let get = json!({"Action": "GetServiceLastAccessedDetails", "JobId": job, "MaxItems": "1000"});
    let request = |body: &Value| request(Method::POST, "/ui/api", &cookie, body);
    let held = router(fixture.api.clone())
        .oneshot(request(&get))
        .await
        .unwrap();
    assert_eq!(held.status(), 200);
    assert!(held.body().size_hint().exact().unwrap() > 64 * 1024);
    let refused = fixture.send(request(&get)).await;
    assert_eq!(
        (refused.status, parsed(&refused)["Code"].as_str()),
        (503, Some("ServiceUnavailable"))
    );
    drop(held);
    assert_eq!(fixture.send(request(&get)).await.status, 200);

    let mut many = json!({"Action": "ListUsers"});
    for number in 0..20 {
        many[format!("Name{number}")] = "".into();
    }
    let (status, refused) = call(&fixture, &cookie, many).await;
    assert_eq!(
        (status, refused["Code"].as_str()),
        (400, Some("MalformedQueryString"))
    );
}

#[tokio::test]
async fn pages_of_other_sites_can_do_nothing() {
    let fixture = fixture();
    let cookie = sign_in(&fixture, ADA).await;
    let body = json!({"Action": "GenerateServiceLastAccessedDetails", "Arn": BRUNO});
    for (name, value) in [
        ("origin", "https://evil.example"),
        ("sec-fetch-site", "cross-site"),
        ("content-type", "text/plain"),
        ("host", "evil.example"),
    ] {
        for path in ["/ui/api", "/ui/about", "/ui/jobs", "/ui/reports"] {
            let mut request = request(Method::POST, path, &cookie, &body);
            request.headers_mut().insert(name, value.parse().unwrap());
            let answer = fixture.send(request).await;
            assert_eq!(answer.status, 403, "{path}: {name}");
        }
    }
    let jobs = fixture.operations.store().jobs_by_status().unwrap();
    assert!(jobs.iter().all(|(_, number)| *number == 0), "{jobs:?}");
}

#[tokio::test]
async fn the_page_may_not_be_framed_and_runs_its_own_script_only() {
    let answer = fixture()
        .send(request(Method::GET, "/ui", "", &Value::Null))
        .await;
    assert_eq!(answer.status, 200);
    let policy = answer.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; script-src 'sha256-"));
    assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"));
    assert_eq!(answer.headers["x-frame-options"], "DENY");
    assert_eq!(answer.headers["cache-control"], "no-store");
}

async fn own(fixture: &Fixture, cookie: &str, path: &str) -> (u16, Value) {
    let request = request(Method::POST, path, cookie, &json!({}));
    let answer = fixture.send(request).await;
    (answer.status, parsed(&answer))
}

/// Starts a job. Returns the call that asks for its report.
async fn start_job(fixture: &Fixture, cookie: &str, arn: &str) -> Value {
    let start = json!({"Action": "GenerateServiceLastAccessedDetails", "Arn": arn});
    let (status, job) = call(fixture, cookie, start).await;
    assert_eq!(status, 200, "{job}");
    json!({"Action": "GetServiceLastAccessedDetails", "JobId": job["JobId"]})
}

/// Waits until a job is finished. Returns its report.
async fn finished(fixture: &Fixture, cookie: &str, get: &Value) -> Value {
    loop {
        let (status, report) = call(fixture, cookie, get.clone()).await;
        assert_eq!(status, 200, "{report}");
        if report["JobStatus"] != "IN_PROGRESS" {
            return report;
        }
        tokio::task::yield_now().await;
    }
}

/// Starts a job, and waits until it is finished.
async fn finish_job(fixture: &Fixture, cookie: &str, arn: &str) {
    let get = start_job(fixture, cookie, arn).await;
    finished(fixture, cookie, &get).await;
}

#[tokio::test]
async fn jobs_are_those_of_the_caller() {
    let fixture = fixture();
    let cookie = sign_in(&fixture, ADA).await;
    finish_job(&fixture, &cookie, BRUNO).await;
    finish_job(&fixture, &cookie, "arn:aws:iam::111122223333:user/ada").await;
    let (_, jobs) = own(&fixture, &cookie, "/ui/jobs").await;
    let jobs = jobs["Jobs"].as_array().unwrap();
    let mut arns: Vec<&str> = jobs
        .iter()
        .map(|job| job["Arn"].as_str().unwrap())
        .collect();
    // All of them are of the same instant.
    arns.sort_unstable();
    assert_eq!(arns, ["arn:aws:iam::111122223333:user/ada", BRUNO]);
    assert!(jobs.iter().all(|job| job["Status"] == "COMPLETED"));
    let other = sign_in(&fixture, ERIN).await;
    assert_eq!(own(&fixture, &other, "/ui/jobs").await.1["Jobs"], json!([]));
}

#[tokio::test]
async fn reports_on_all_of_the_account_are_gathered() {
    let fixture = fixture();
    let cookie = sign_in(&fixture, ADA).await;
    let (status, gathered) = own(&fixture, &cookie, "/ui/reports").await;
    assert_eq!(status, 200);
    let store = fixture.operations.store();
    let account = store.snapshot(&AccountId::from("111122223333")).unwrap();
    let all = account.unwrap().account.reported_entities().len();
    assert!(all > 20);
    for (name, expected) in [("Reports", all), ("LeftOut", 0), ("Denied", 0)] {
        assert_eq!(gathered[name], expected, "{name}");
    }
    for part in [
        "version",
        "index",
        "shared",
        "blocks",
        "statements",
        "reports-0",
    ] {
        assert!(gathered["Data"][part].is_string(), "{part}");
    }
}

#[tokio::test]
async fn gathered_reports_need_the_right_to_what_they_show() {
    let fixture = Fixture::with(|config| {
        config.ui = true;
        config.enforce_permissions = true;
    });
    let about = async |cookie: &str| own(&fixture, cookie, "/ui/about").await.1["Denied"].clone();
    let cookie = sign_in(&fixture, ADA).await;
    assert_eq!(about(&cookie).await, json!([]));
    let (status, gathered) = own(&fixture, &cookie, "/ui/reports").await;
    assert_eq!((status, &gathered["Denied"]), (200, &json!(0)));
    let other = sign_in(&fixture, ERIN).await;
    assert_eq!(
        about(&other).await,
        json!([
            "GetAccountAuthorizationDetails",
            "GetServiceLastAccessedDetails",
            "ListUsers",
            "ListRoles",
            "ListGroups",
            "ListPolicies",
        ])
    );
    for path in ["/ui/jobs", "/ui/reports"] {
        let (status, refused) = own(&fixture, &other, path).await;
        assert_eq!(
            (status, &refused["Code"]),
            (403, &json!("AccessDenied")),
            "{path}"
        );
    }
    // Nobody is signed in.
    for path in ["/ui/about", "/ui/jobs", "/ui/reports"] {
        assert_eq!(own(&fixture, "", path).await.0, 401, "{path}");
    }
}

#[tokio::test]
async fn reports_that_the_caller_may_not_have_are_not_gathered() {
    let fixture = Fixture::with(|config| {
        config.ui = true;
        config.enforce_permissions = true;
        config.limits.answer_time = PATIENCE;
    });
    import_far(
        &fixture,
        r#"{"Effect": "Allow", "Action": "iam:GetAccountAuthorizationDetails", "Resource": "*"},
           {"Effect": "Allow", "Action": "iam:GenerateServiceLastAccessedDetails", "Resource": "*/near"}"#,
    );
    let cookie = sign_in(&fixture, FAR).await;
    let (status, gathered) = own(&fixture, &cookie, "/ui/reports").await;
    assert_eq!(status, 200, "{gathered}");
    for (name, expected) in [("Reports", 1), ("LeftOut", 0), ("Denied", 1)] {
        assert_eq!(gathered[name], expected, "{name}");
    }
    assert!(gathered["Data"]["index"].is_string());
    let (_, about) = own(&fixture, &cookie, "/ui/about").await;
    assert_eq!(about["Denied"].as_array().unwrap().len(), 5, "{about}");
}
