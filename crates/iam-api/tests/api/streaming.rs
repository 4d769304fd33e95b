//! Long answers: sent in pieces, within bounded memory.

use axum::body::Body;
use axum::http::{Method, Request};
use hyper::body::Body as _;
use iam_api::{Config, router};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::fixture::{ADA, ADMINISTRATOR, FAR, Fixture, Key, Signer, form};
use crate::ui;

const ROLES: usize = 300;
const FAR_ACCOUNT: Key = Key("999900001111", "any", None);
const ACTION: &str = "GetAccountAuthorizationDetails";

/// A server with an account of 300 roles with 8 KB of policy each.
fn large(change: impl FnOnce(&mut Config)) -> Fixture {
    let fixture = Fixture::with(change);
    let account = "arn:aws:iam::999900001111";
    let roles: Vec<_> = (0..ROLES)
        .map(|number| {
            let resource = format!("arn:aws:s3:::{}", "x".repeat(8_000));
            json!({
                "Path": "/", "RoleName": format!("role-{number:03}"), "RoleId": format!("AROAFARFARFARFARF{number:04}"),
                "Arn": format!("{account}:role/role-{number:03}"), "CreateDate": "2024-01-01T00:00:00+00:00",
                "AssumeRolePolicyDocument": {}, "InstanceProfileList": [], "AttachedManagedPolicies": [], "Tags": [],
                "RolePolicyList": [{"PolicyName": "own", "PolicyDocument": {"Version": "2012-10-17",
                    "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": resource}]}}],
            })
        })
        .collect();
    let export = json!({ "RoleDetailList": roles }).to_string();
    let store = fixture.operations.store();
    let exports = [("far.json".to_owned(), export)];
    store
        .import_accounts(&exports, crate::fixture::now())
        .unwrap();
    fixture
}

/// The sizes of an answer's pieces, and its text.
async fn pieces(fixture: &Fixture, request: Request<Body>) -> (Vec<usize>, String) {
    let response = router(fixture.api.clone()).oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200);
    let mut body = std::pin::pin!(response.into_body());
    let (mut sizes, mut text) = (Vec::new(), Vec::new());
    while let Some(frame) = std::future::poll_fn(|context| body.as_mut().poll_frame(context)).await
    {
        let data = frame.unwrap().into_data().unwrap();
        sizes.push(data.len());
        text.extend_from_slice(&data);
    }
    (sizes, String::from_utf8(text).unwrap())
}

#[tokio::test]
async fn long_lists_are_written_while_they_are_sent() {
    let fixture = large(|config| config.credentials = None);
    let request = || Signer::new(FAR_ACCOUNT).post(&form(ACTION, &[("MaxItems", "1000")]));
    let response = router(fixture.api.clone())
        .oneshot(request())
        .await
        .unwrap();
    // Only the beginning is written before the client takes some.
    assert_eq!(response.body().size_hint().exact(), None);
    let (sizes, text) = pieces(&fixture, request()).await;
    assert!(text.len() > 2_000_000, "{}", text.len());
    assert!(sizes.iter().all(|size| *size <= 16 * 1024), "{sizes:?}");
    let document = roxmltree::Document::parse(&text).unwrap();
    let names = document.descendants().filter(|node| {
        node.has_tag_name(("https://iam.amazonaws.com/doc/2010-05-08/", "RoleName"))
    });
    let names: Vec<_> = names.filter_map(|node| node.text()).collect();
    assert_eq!(names.len(), ROLES);
    assert!(names.is_sorted());
    assert!(text.ends_with("</GetAccountAuthorizationDetailsResponse>"));
    assert!(
        text.contains("<IsTruncated>false</IsTruncated></GetAccountAuthorizationDetailsResult>")
    );
    // Pages of it are the same entities.
    let mut marker = None;
    let mut paged = Vec::new();
    loop {
        let mut parameters = vec![("MaxItems", "70")];
        parameters.extend(marker.as_deref().map(|marker| ("Marker", marker)));
        let answer = fixture
            .send(Signer::new(FAR_ACCOUNT).post(&form(ACTION, &parameters)))
            .await;
        paged.extend(answer.all("RoleName"));
        marker = answer.get("Marker");
        if marker.is_none() {
            break;
        }
    }
    assert_eq!(paged, names);
}

#[tokio::test]
async fn lists_for_the_web_pages_are_written_while_they_are_sent() {
    let fixture = large(|config| config.ui = true);
    let cookie = ui::sign_in(&fixture, FAR).await;
    let request = |items: usize| {
        let body = json!({"Action": ACTION, "MaxItems": items.to_string()});
        ui::request(Method::POST, "/ui/api", &cookie, &body)
    };
    let response = router(fixture.api.clone())
        .oneshot(request(1000))
        .await
        .unwrap();
    assert_eq!(response.body().size_hint().exact(), None);
    let (sizes, text) = pieces(&fixture, request(1000)).await;
    assert!(sizes.iter().all(|size| *size <= 16 * 1024), "{sizes:?}");
    let all: Value = serde_json::from_str(&text).unwrap();
    let roles = all["RoleDetailList"].as_array().unwrap();
    assert_eq!(roles.len(), ROLES);
    assert_eq!(roles[7]["RoleName"], "role-007");
    assert_eq!(
        (&all["IsTruncated"], &all["Marker"], &all["UserDetailList"]),
        (&json!(false), &Value::Null, &json!([]))
    );
    let (_, text) = pieces(&fixture, request(7)).await;
    let page: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(page["RoleDetailList"].as_array().unwrap(), &roles[..7]);
    assert_eq!(page["IsTruncated"], true);
    assert!(
        page["Marker"]
            .as_str()
            .is_some_and(|marker| !marker.is_empty())
    );
}

#[tokio::test]
async fn short_answers_have_a_length() {
    let fixture = Fixture::new();
    for action in ["ListUsers", "GetAccountAuthorizationDetails"] {
        let request = Signer::new(ADA).post(&form(action, &[("MaxItems", "10")]));
        let response = router(fixture.api.clone()).oneshot(request).await.unwrap();
        assert!(response.body().size_hint().exact().is_some(), "{action}");
    }
}

#[tokio::test]
async fn answers_that_wait_to_be_sent_are_bounded() {
    let fixture = Fixture::with(|config| config.limits.unsent_bytes = 200_000);
    let job = fixture.job(ADMINISTRATOR, "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Administrator_3f9c2a7d51e8b640", "SERVICE_LEVEL").await;
    let parameters = [("JobId", job.as_str()), ("MaxItems", "1000")];
    let action = "GetServiceLastAccessedDetails";
    let request = || Signer::new(ADMINISTRATOR).post(&form(action, &parameters));
    let held = router(fixture.api.clone())
        .oneshot(request())
        .await
        .unwrap();
    assert_eq!(held.status(), 200);
    assert!(held.body().size_hint().exact().unwrap() > 64 * 1024);
    let answer = fixture.send(request()).await;
    assert_eq!(
        (answer.status, answer.error().0.as_str()),
        (503, "ServiceUnavailable")
    );
    // Small answers are not held up, and there is room again when the first one is sent.
    assert_eq!(fixture.call(ADA, "ListUsers", &[]).await.status, 200);
    drop(held);
    assert_eq!(fixture.send(request()).await.status, 200);
}
