//! Programs that tests need, from the packages of Debian and its relatives.

use std::ffi::OsStr;

use crate::{child, python};

/// Makes sure that a program is on the search path. On Linux with apt-get, its packages are installed if it is missing, as root or, in CI,
/// with sudo: nothing is installed on somebody's own machine without being asked.
pub(crate) fn require(name: &str, packages: &[&str]) -> Result<(), String> {
    if is_on_path(name) {
        return Ok(());
    }
    let list = packages.join(" ");
    let missing = format!("{name} is not on the search path");
    let is_root = is_root();
    if !cfg!(target_os = "linux") || !is_on_path("apt-get") {
        return Err(format!("{missing}: install it (Debian's packages: {list})"));
    }
    if !is_root && std::env::var_os("CI").is_none() {
        return Err(format!("{missing}: apt-get install {list}"));
    }
    println!("==> apt-get install {list}");
    for (arguments, packages) in [
        (&["update"][..], &[][..]),
        (&["install", "--yes", "--no-install-recommends"], packages),
    ] {
        let mut command = child::command(if is_root { "apt-get" } else { "sudo" })?;
        if !is_root {
            command.args(["-n", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
        }
        command.env("DEBIAN_FRONTEND", "noninteractive");
        command.arg("--quiet=2").args(arguments).args(packages);
        python::succeed(&mut command).map_err(|error| format!("{missing}, and {error}"))?;
    }
    if is_on_path(name) {
        Ok(())
    } else {
        Err(format!("{missing} after apt-get install {list}"))
    }
}

fn is_on_path(name: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| is_in(name, &path))
}

fn is_in(name: &str, path: &OsStr) -> bool {
    std::env::split_paths(path).any(|folder| folder.join(name).is_file())
}

fn is_root() -> bool {
    let mut id = std::process::Command::new("id");
    let output = id.arg("-u").output();
    output.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_on_the_search_path() {
        let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        std::fs::create_dir(folders[0].path().join("tool")).unwrap();
        let tool = folders[1].path().join("tool");
        std::fs::write(&tool, "").unwrap();
        let path = std::env::join_paths(folders.iter().map(tempfile::TempDir::path)).unwrap();
        assert!(is_in("tool", &path));
        assert!(!is_in("other", &path));
    }
}
