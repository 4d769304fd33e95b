//! Ctrl-C ends every command within a second, and leaves no part of a result.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::{ACCOUNT, REPORT, TRAIL};

fn start(arguments: &[&str]) -> Child {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    Command::new(env!("CARGO_BIN_EXE_access-advisor"))
        .current_dir(root)
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Sends SIGINT, and returns how the command ended.
fn interrupted(child: Child) -> Output {
    let pressed = Instant::now();
    let id = child.id().to_string();
    let killed = Command::new("kill").args(["-INT", &id]).status();
    assert!(killed.unwrap().success());
    let output = child.wait_with_output().unwrap();
    // It is immediate. The rest is for a busy machine.
    assert!(pressed.elapsed() < Duration::from_secs(5));
    output
}

/// Starts a report that is written to this file, and waits until a part of it is written. `None` if it ended before that was seen.
fn start_writing(file: &Path) -> Option<Child> {
    let options = [
        "--granularity",
        "action",
        "--tracking",
        "full",
        "--format",
        "json",
        "--threads",
        "1",
        "--output",
        file.to_str().unwrap(),
    ];
    let mut child = start(&[&REPORT[..], &options].concat());
    let is_part = |entry: &fs::DirEntry| {
        entry.path() != file && entry.metadata().is_ok_and(|part| part.len() > 0)
    };
    let has_part = || {
        let mut entries = fs::read_dir(file.parent().unwrap()).unwrap();
        entries.any(|entry| is_part(&entry.unwrap()))
    };
    while !has_part() {
        if child.try_wait().unwrap().is_some() {
            return None;
        }
        sleep(Duration::from_millis(1));
    }
    Some(child)
}

#[test]
fn while_reports_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("reports.json");
    // On a busy machine, a report may end before the signal comes.
    let interrupted_in_time = || {
        fs::write(&file, "before").unwrap();
        let output = interrupted(start_writing(&file)?);
        (!output.status.success()).then_some(output)
    };
    let output = (0..20).find_map(|_| interrupted_in_time()).unwrap();
    assert_eq!(output.status.code(), Some(130));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.ends_with("stopped\n"), "{said}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "before");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

/// A pipe of which nothing comes.
#[test]
fn while_an_input_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let pipe = pipe.to_str().unwrap();
    let store = folder.path().join("store.db");
    let store = store.to_str().unwrap();
    for arguments in [
        &["report", "--account", pipe, "--trail", TRAIL][..],
        &[
            "report",
            "--account",
            ACCOUNT,
            "--catalog",
            pipe,
            "--trail",
            TRAIL,
        ],
        &["import", "account", pipe, "--store", store],
        &["activity", "merge", pipe, "--output", store],
    ] {
        let child = start(arguments);
        sleep(Duration::from_millis(200));
        let output = interrupted(child);
        // Killed by the signal if it comes before anything else.
        assert!(
            matches!(output.status.code(), Some(130) | None),
            "{arguments:?}"
        );
        assert_eq!(output.stdout, b"");
    }
    assert!(!Path::new(store).exists());
}
