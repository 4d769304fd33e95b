//! Where results go: files, and pipes that are closed.

use std::path::Path;

use crate::{ACCOUNT, NOW, TRAIL, report, run, stderr, stdout};

#[test]
fn output_writes_the_same_to_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("reports.json");
    let to_file = report(&["--format", "json", "--output", file.to_str().unwrap()]);
    assert_eq!(to_file.status.code(), Some(0));
    assert!(to_file.stdout.is_empty());
    assert_eq!(
        std::fs::read_to_string(file).unwrap(),
        stdout(&report(&["--format", "json"]))
    );
}

#[test]
fn output_never_overwrites_an_input_and_a_failure_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let account = folder.path().join("account.json");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::fs::copy(root.join(ACCOUNT), &account).unwrap();
    let account = account.to_str().unwrap();
    let output = run(&[
        "report",
        "--account",
        account,
        "--trail",
        TRAIL,
        "--output",
        account,
    ]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("would overwrite an input"),
        "{}",
        stderr(&output)
    );
    let nowhere = folder.path().join("not/there.json");
    let output = report(&["--output", nowhere.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("there.json"),
        "{}",
        stderr(&output)
    );
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        1,
        "no partial file is left"
    );
}

/// A closed pipe is not a failure, and a full one does not crash the program.
#[test]
#[cfg(unix)]
fn closed_pipes() {
    let binary = env!("CARGO_BIN_EXE_access-advisor");
    let report = format!("{binary} report --account {ACCOUNT} --trail {TRAIL} --now {NOW}");
    for (command, expected) in [
        (format!("{report} --format csv"), 0),
        (format!("{report} --format json"), 0),
        (report.clone(), 0),
        (format!("{binary} completions bash"), 0),
        (format!("{binary} catalog show"), 0),
    ] {
        for script in [
            format!("{command} 2>/dev/null | head -c 1 >/dev/null; echo ${{PIPESTATUS[0]}}"),
            format!("{command} 2>/dev/full >/dev/null; echo $?"),
        ] {
            let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
            let shell = std::process::Command::new("bash")
                .args(["-c", &script])
                .current_dir(root)
                .output()
                .unwrap();
            assert_eq!(stdout(&shell).trim(), expected.to_string(), "{script}");
        }
    }
}
