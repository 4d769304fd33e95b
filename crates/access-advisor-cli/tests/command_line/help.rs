//! Help, completions and manual pages.

use std::collections::BTreeSet;

use crate::{run, stderr, stdout};

#[test]
fn completions_and_manual_pages_are_made_from_the_definitions() {
    for shell in ["bash", "zsh", "fish"] {
        assert!(stdout(&run(&["completions", shell])).contains("access-advisor"));
    }
    let page = stdout(&run(&["man"]));
    assert!(page.contains(".TH access-advisor 1"), "{page}");
    assert!(page.contains("access\\-advisor\\-report(1)"), "{page}");

    let folder = tempfile::tempdir().unwrap();
    let written = run(&["man", "--folder", folder.path().to_str().unwrap()]);
    assert_eq!(written.status.code(), Some(0), "{}", stderr(&written));
    for name in ["access-advisor.1", "access-advisor-activity-sql.1"] {
        assert!(folder.path().join(name).is_file(), "{name}");
    }
    let report = std::fs::read_to_string(folder.path().join("access-advisor-report.1")).unwrap();
    assert!(report.contains("Exit status:"), "{report}");
    assert!(report.contains("granularity"), "{report}");

    let nowhere = run(&["man", "--folder", "not-there"]);
    assert_eq!(nowhere.status.code(), Some(1));
    assert!(stderr(&nowhere).starts_with("error: not-there: "));
}

#[test]
fn help_documents_the_exit_statuses() {
    let documented = [
        (&["report"][..], &["0", "1", "2", "3", "130"][..]),
        (&["explain"], &["0", "1", "2", "3", "130"]),
        (&["findings"], &["0", "1", "2", "3", "4", "130"]),
        (&["coverage"], &["0", "1", "2", "3", "130"]),
        (&["activity", "credentials"], &["0", "1", "2"]),
        (&["rightsize"], &["0", "1", "2", "3", "130"]),
        (&["import", "trail"], &["0", "1", "2", "3", "130"]),
        (&["activity", "export"], &["0", "1", "2", "3", "130"]),
        (&[], &["0", "1", "2"]),
        (&["import", "account"], &["0", "1", "2", "3"]),
        (&["generate"], &["0", "1", "2", "3"]),
        (&["get"], &["0", "1", "2", "3"]),
        (&["entities"], &["0", "1", "2", "3"]),
        (&["policies"], &["0", "1", "2"]),
        (&["jobs", "list"], &["0", "1", "2"]),
        (&["jobs", "delete"], &["0", "1", "2"]),
        (&["activity", "merge"], &["0", "1", "2"]),
        (&["activity", "show"], &["0", "1", "2"]),
        (&["activity", "sql"], &["0", "1", "2"]),
        (&["serve"], &["0", "1", "2"]),
        (&["catalog", "show"], &["0", "1", "2"]),
        (&["catalog", "build"], &["0", "1", "2"]),
        (&["completions"], &["0", "1", "2"]),
        (&["man"], &["0", "1", "2"]),
    ];
    for (command, statuses) in documented {
        let help = stdout(&run(&[command, &["--help"]].concat()));
        let (_, list) = help.split_once("Exit status:\n").expect(&help);
        let listed: Vec<&str> = list
            .lines()
            .filter_map(|line| line.split_whitespace().next())
            .filter(|word| word.parse::<u8>().is_ok())
            .collect();
        assert_eq!(listed, statuses, "{command:?}");
    }

    let folder = tempfile::tempdir().unwrap();
    run(&["man", "--folder", folder.path().to_str().unwrap()]);
    let pages = std::fs::read_dir(folder.path()).unwrap();
    let pages = pages.map(|page| page.unwrap().file_name().into_string().unwrap());
    let with_page = pages.map(|page| page.trim_end_matches(".1").to_owned());
    let with_page: BTreeSet<String> = with_page.collect();
    let of_command = |command: &[&str]| [&["access-advisor"], command].concat().join("-");
    let mut missing = with_page.clone();
    for (command, _) in documented {
        missing.remove(&of_command(command));
    }
    // Of commands that have commands themselves.
    missing.retain(|page| {
        !with_page
            .iter()
            .any(|other| other.starts_with(&format!("{page}-")))
    });
    assert_eq!(missing, BTreeSet::new());
}

/// Lines of examples that are wrapped cannot be pasted, and paragraphs that have line ends are wrapped twice.
#[test]
fn no_help_is_wider_than_a_terminal() {
    let folder = tempfile::tempdir().unwrap();
    run(&["man", "--folder", folder.path().to_str().unwrap()]);
    let pages = std::fs::read_dir(folder.path()).unwrap();
    let mut wide = Vec::new();
    let mut notes = 0;
    for page in pages {
        let page = std::fs::read_to_string(page.unwrap().path()).unwrap();
        // What `after_help` says is in the section EXTRA, line by line.
        let Some((_, extra)) = page.split_once(".SH EXTRA\n") else {
            continue;
        };
        let extra = extra.split(".SH ").next().unwrap();
        notes += 1;
        wide.extend(
            extra
                .lines()
                .map(|line| {
                    line.replace("\\*(Aq", "'")
                        .replace("\\-", "-")
                        .replace("\\\\", "\\")
                        .replace("\\&", "")
                })
                .filter(|line| line.chars().count() > 80),
        );
    }
    assert!(notes > 10);
    assert_eq!(wide, [""; 0]);
}
