//! The log of the server: what clients do cannot fill it.

use std::sync::{Arc, LazyLock, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use serde_json::json;

use crate::fixture::{ADA, BRUNO, FAR, Fixture, Signer, form, now};

/// Collects the lines of a thread.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.0.push_str(&format!(" {field}={value:?}"));
    }
}

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("iam_api")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(event.metadata().target().to_owned());
        event.record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// The lines of all threads that have no subscriber of their own.
static ALL_LINES: LazyLock<Lines> = LazyLock::new(|| {
    let lines = Lines::default();
    tracing::subscriber::set_global_default(lines.clone()).unwrap();
    lines
});

impl Lines {
    fn with(&self, part: &str) -> Vec<String> {
        let lines = self.0.lock().unwrap();
        let lines = lines.iter().filter(|line| line.contains(part));
        lines.cloned().collect()
    }
}

#[tokio::test]
async fn lines_about_jobs_are_limited() {
    let lines = &*ALL_LINES;
    let fixture = Fixture::with(|config| {
        config.limits.log_lines = 5;
        config.limits.job_time = std::time::Duration::ZERO;
    });
    let store = fixture.operations.store();
    for _ in 0..40 {
        let parameters = [("Arn", BRUNO)];
        let action = "GenerateServiceLastAccessedDetails";
        let answer = fixture.call(ADA, action, &parameters).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    while !store.jobs_in_progress().unwrap().is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert!(store.jobs().unwrap().len() >= 40);
    let written = lines.with("a job was not made in time").len();
    // A slow machine may take several intervals.
    assert!((1..40).contains(&written), "{written}");
}

#[tokio::test]
async fn names_cannot_forge_fields_of_a_line() {
    let lines = &*ALL_LINES;
    let fixture = Fixture::with(|config| config.enforce_permissions = true);
    let group = "x operation=\"Forged\" status=200";
    let export = json!({"UserDetailList": [{
        "Path": "/", "UserName": "far", "UserId": "AIDAFAR", "Arn": "arn:aws:iam::999900001111:user/far",
        "GroupList": [group], "AttachedManagedPolicies": [],
        "UserPolicyList": [{"PolicyName": "allow", "PolicyDocument": {"Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "iam:*", "Resource": "*"}]}}],
    }]});
    let exports = [("far.json".to_owned(), export.to_string())];
    let store = fixture.operations.store();
    store.import_accounts(&exports, now()).unwrap();
    assert_eq!(fixture.call(FAR, "ListUsers", &[]).await.status, 403);
    let denied = lines.with("Forged");
    assert_eq!(denied.len(), 1, "{denied:?}");
    assert!(
        denied[0].contains(r#"reason="cannot be evaluated: x operation=\"Forged\" status=200:"#),
        "{denied:?}"
    );
}

#[tokio::test]
async fn lines_of_one_kind_are_limited() {
    let lines = Lines::default();
    let _guard = tracing::subscriber::set_default(lines.clone());
    let fixture = Fixture::with(|config| {
        config.limits.log_lines = 5;
        config.limits.log_interval = std::time::Duration::from_millis(300);
    });
    for number in 0..1_000 {
        let body = format!("Action=Operation{number}&Version=2010-05-08");
        fixture.send(Signer::new(ADA).post(&body)).await;
    }
    fixture
        .send(Signer::new(ADA).post(&form("ListUsers", &[])))
        .await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    fixture
        .send(Signer::new(ADA).post(&form("ListUsers", &[])))
        .await;
    let lines = lines.0.lock().unwrap().clone();
    let number = |part: &str| lines.iter().filter(|line| line.contains(part)).count();
    // A slow machine may take several intervals.
    let written = number("code=\"InvalidAction\" status");
    assert!(number("code=\"InvalidAction\"") > 0, "{lines:?}");
    assert!(written < 500, "{written}");
    let suppressed: usize = lines
        .iter()
        .filter(|line| line.starts_with("iam_api::suppressed"))
        .filter_map(|line| {
            line.split_once("suppressed=")?
                .1
                .split_once(' ')?
                .0
                .parse::<usize>()
                .ok()
        })
        .sum();
    let shown = number("unknown_operation=");
    assert_eq!(suppressed + shown, 1_000, "{lines:?}");
    assert_eq!(number("operation=\"ListUsers\""), 2);
    // Names are bounded in the metrics as well.
    let metrics = fixture.send(crate::fixture::get("/metrics")).await.text;
    let names = metrics.matches("iam_api_unknown_operations_total{").count();
    assert_eq!(names, 101, "{metrics}");
}
