//! Servers that are killed while clients request and poll reports.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Stdio;
use std::sync::Mutex;
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use access_advisor::job::JobState;
use access_advisor::store::Store;

use crate::{KILLS, Moments, TestStore, wire};

/// Sends a request to a server without credentials. Returns `None` when it was killed before the end
/// of its response.
fn ask(endpoint: &str, form: &str) -> Option<String> {
    let mut stream = TcpStream::connect(endpoint.strip_prefix("http://").unwrap()).ok()?;
    let request = format!(
        "POST / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
         x-amz-date: 20260101T000000Z\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\
         authorization: AWS4-HMAC-SHA256 \
         Credential=AKIAEXAMPLE/20260101/us-east-1/iam/aws4_request, SignedHeaders=host, \
         Signature=0\r\n\r\n{form}",
        form.len()
    );
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    let answer = String::from_utf8(answer).ok()?;
    let is_whole = answer.trim_end().ends_with("Response>");
    is_whole.then_some(answer)
}

fn element<'a>(answer: &'a str, name: &str) -> &'a str {
    let open = format!("<{name}>");
    let start = answer.find(&open).unwrap_or_else(|| panic!("{answer}")) + open.len();
    answer[start..].split('<').next().unwrap()
}

/// Requests a report on a user. Returns `None` when the server was killed or throttles.
fn ask_generate(endpoint: &str, user: u64) -> Option<String> {
    let answer = ask(
        endpoint,
        &format!(
            "Action=GenerateServiceLastAccessedDetails&Version=2010-05-08\
             &Arn=arn%3Aaws%3Aiam%3A%3A123456789012%3Auser%2Fu{user}"
        ),
    )?;
    if answer.starts_with("HTTP/1.1 400") && answer.contains("<Code>Throttling</Code>") {
        return None;
    }
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    Some(element(&answer, "JobId").to_owned())
}

/// The status of an acknowledged job.
fn ask_get(endpoint: &str, job: &str) -> Option<String> {
    let form =
        format!("Action=GetServiceLastAccessedDetails&Version=2010-05-08&MaxItems=400&JobId={job}");
    let answer = ask(endpoint, &form)?;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let status = element(&answer, "JobStatus");
    if status == "COMPLETED" {
        // The report is complete: a full page, and more to come.
        assert_eq!(answer.matches("<ServiceName>").count(), 400);
        assert_eq!(element(&answer, "IsTruncated"), "true");
    }
    Some(status.to_owned())
}

/// Servers are killed while clients request reports and poll them, and while an import runs, which is
/// killed too. Later servers know every acknowledged job, and the last one completes those left.
#[test]
fn a_server_killed_50_times_keeps_every_job_it_acknowledged() {
    const USERS: u64 = 40;
    let [reference, place] = [TestStore::new(), TestStore::new()];
    let account = place.account(40);
    let trail = place.trail("trail", 700, 10, 40);
    let import = ["import", "trail", trail.to_str().unwrap()];
    reference.done(&import);
    place.done(&["import", "account", account.to_str().unwrap()]);

    let acknowledged = Mutex::new(Vec::<String>::new());
    let (mut in_progress, mut gets) = (0, 0);
    let mut moments = Moments::up_to(Duration::from_millis(50));
    for round in 0..KILLS {
        let mut importing = place
            .command(&import)
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (mut server, endpoint) = wire::serve(&place.store, &["--allow-empty-activity"]);
        gets += thread::scope(|scope| {
            scope.spawn(|| {
                for number in round as u64.. {
                    match ask_generate(&endpoint, number % USERS) {
                        Some(job) => acknowledged.lock().unwrap().push(job),
                        None if TcpStream::connect(&endpoint["http://".len()..]).is_err() => break,
                        None => sleep(Duration::from_millis(2)),
                    }
                }
            });
            let getting = scope.spawn(|| {
                for number in 0.. {
                    let known = acknowledged.lock().unwrap();
                    // Alternate between the latest job and any.
                    let job = match number % 2 {
                        0 => known.last(),
                        _ => known.get(number * 7 % known.len().max(1)),
                    };
                    let job = job.cloned();
                    drop(known);
                    let Some(job) = job else {
                        if TcpStream::connect(&endpoint["http://".len()..]).is_err() {
                            return number;
                        }
                        sleep(Duration::from_millis(1));
                        continue;
                    };
                    if ask_get(&endpoint, &job).is_none() {
                        return number;
                    }
                }
                0
            });
            sleep(moments.draw());
            // SIGKILL to both.
            server.0.kill().unwrap();
            importing.kill().unwrap();
            server.0.wait().unwrap();
            importing.wait().unwrap();
            getting.join().unwrap()
        });

        let jobs = Store::open(&place.store).unwrap().jobs().unwrap();
        let known: BTreeSet<&str> = jobs.iter().map(|summary| summary.job.id.as_str()).collect();
        for job in acknowledged.lock().unwrap().iter() {
            assert!(known.contains(job.as_str()), "{job} is lost");
        }
        in_progress += jobs
            .iter()
            .filter(|summary| matches!(summary.job.state, JobState::InProgress))
            .count();
        if in_progress == 0 {
            moments.later();
        }
        if round % 10 == 0 {
            place.assert_sound(10);
        }
    }
    let acknowledged = acknowledged.into_inner().unwrap();
    let objects: u64 = place.sql("SELECT count(*) FROM trail_objects");
    eprintln!(
        "{} jobs were acknowledged, {in_progress} seen left behind, {gets} gets, {objects} objects",
        acknowledged.len()
    );
    // On a busy machine few jobs are acknowledged before each kill.
    assert!(!acknowledged.is_empty());
    assert!(in_progress > 0);

    let (mut server, endpoint) = wire::serve(&place.store, &["--allow-empty-activity"]);
    let started = Instant::now();
    let left = "SELECT count(*) FROM jobs WHERE status = 'IN_PROGRESS'";
    while place.sql::<u64>(left) > 0 {
        assert!(started.elapsed() < Duration::from_secs(300));
        sleep(Duration::from_millis(10));
    }
    for job in &acknowledged {
        assert_eq!(ask_get(&endpoint, job).as_deref(), Some("COMPLETED"));
    }
    server.0.kill().unwrap();
    server.0.wait().unwrap();
    let jobs: u64 = place.sql("SELECT count(*) FROM jobs WHERE status <> 'COMPLETED'");
    assert_eq!(jobs, 0);

    place.done(&import);
    place.assert_sound(10);
    assert_eq!(place.sql::<u64>("SELECT count(*) FROM trail_objects"), 700);
    assert_eq!(place.table(), reference.table());
    assert_eq!(place.sql::<u64>("SELECT count(*) FROM activity_before"), 0);
}
