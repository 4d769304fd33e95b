//! What the server does about its store while it runs.

use std::fs;
use std::time::{Duration, Instant};

use advisor_store::JobRetention;

use crate::fixture::{ADA, BRUNO, Fixture, get};

const GET: &str = "GetServiceLastAccessedDetails";
const GENERATE: &str = "GenerateServiceLastAccessedDetails";

#[tokio::test]
async fn a_store_that_is_taken_away_is_noticed_and_refused() {
    let fixture = Fixture::new();
    let id = fixture.job(ADA, BRUNO, "SERVICE_LEVEL").await;
    let (file, elsewhere) = (fixture.file(), fixture.file().with_extension("old"));
    fs::rename(&file, &elsewhere).unwrap();
    // Another store at its place does not stand for it.
    fs::copy(&elsewhere, &file).unwrap();
    let answer = fixture.send(get("/healthz")).await;
    let expected = "the file of the store was removed or replaced\n";
    assert_eq!((answer.status, answer.text.as_str()), (503, expected));
    for (operation, parameters) in [
        (GENERATE, vec![("Arn", BRUNO)]),
        (GET, vec![("JobId", id.as_str())]),
        ("GetUser", vec![("UserName", "ada")]),
    ] {
        let answer = fixture.call(ADA, operation, &parameters).await;
        let (code, status, message) = answer.error();
        assert_eq!(
            (code.as_str(), status),
            ("ServiceUnavailable", 503),
            "{operation}"
        );
        assert!(message.contains("was removed or replaced"), "{message}");
    }
    fs::rename(&elsewhere, &file).unwrap();
    assert_eq!(fixture.send(get("/healthz")).await.status, 200);
    assert_eq!(fixture.call(ADA, GET, &[("JobId", &id)]).await.status, 200);
}

#[tokio::test]
async fn old_jobs_are_deleted() {
    let fixture = Fixture::with(|config| config.keep_jobs = Some(JobRetention::Newest(1)));
    for _ in 0..3 {
        fixture.job(ADA, BRUNO, "SERVICE_LEVEL").await;
    }
    let store = fixture.operations.store();
    let started = Instant::now();
    while store.jobs().unwrap().len() > 1 {
        assert!(started.elapsed() < Duration::from_secs(30));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
