//! The log of the server: what clients do cannot fill it.

use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::fixture::{ADA, Fixture, Signer, form};

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
