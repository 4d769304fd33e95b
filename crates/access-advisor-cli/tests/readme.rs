//! What the README shows is what the program prints.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::path::Path;

use assert_cmd::Command;

#[test]
fn the_readmes_outputs_are_real() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let mut compared = 0;
    let mut stderr = String::new();
    for block in readme.split("```console\n").skip(1) {
        let block = block.split("```").next().unwrap();
        let joined = block.replace("\\\n", "");
        let (command, shown) = joined.split_once('\n').unwrap();
        if shown.is_empty() || shown.lines().any(|line| line.starts_with("$ ")) {
            // Commands to type, without what they print.
            continue;
        }
        let Some(arguments) = command.strip_prefix("$ access-advisor ") else {
            if shown.contains("attributed") {
                // What the command before it said on stderr.
                assert_eq!(format!("{command}\n{shown}"), stderr);
                compared += 1;
            }
            continue;
        };
        let output = Command::new(env!("CARGO_BIN_EXE_access-advisor"))
            .current_dir(&root)
            .args(arguments.split_whitespace())
            .output()
            .unwrap();
        assert_eq!(
            String::from_utf8(output.stdout).unwrap(),
            shown,
            "{command}"
        );
        stderr = String::from_utf8(output.stderr).unwrap();
        compared += 1;
    }
    assert_eq!(compared, 4, "the README has four outputs to compare");
}
