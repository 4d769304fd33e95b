//! The store's file: paths, and who may read and write it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Output, Stdio};

use tempfile::TempDir;

use crate::{ACCOUNT, BRUNO, Store, TRAIL, run, stderr, stdout};

#[test]
fn paths_that_are_no_files_say_what_to_do() {
    let store = Store::new();
    let folder = store.folder.path().to_str().unwrap();
    let slash = format!("{folder}/advisor.db/");
    for (path, says) in [
        (":memory:", "a store is a file"),
        ("file:advisor.db", "not by a URI"),
        (folder, "this is the path of a folder"),
        (&slash, "this is the path of a folder"),
        ("/dev/null", "not a regular file"),
    ] {
        let said = run(&["jobs", "list", "--store", path]);
        assert_eq!(said.status.code(), Some(1), "{path}");
        let text = stderr(&said);
        assert!(
            text.starts_with(&format!("error: {path}: ")) && text.contains(says),
            "{text}"
        );
    }
    assert_eq!(fs::read_dir(folder).unwrap().count(), 0);
}

/// A umask adds no rights, and takes none away.
#[test]
#[cfg(unix)]
fn a_new_store_is_readable_and_writable_by_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;

    for umask in ["0000", "0777"] {
        let store = Store::new();
        let run = |arguments: &str| {
            let program = env!("CARGO_BIN_EXE_access-advisor");
            let script = format!(
                "umask {umask}; exec '{program}' {arguments} --store '{}'",
                store.path
            );
            let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
            let mut command = std::process::Command::new("sh");
            command.current_dir(root).args(["-c", &script]);
            command
        };
        let imported = run(&format!("import account {ACCOUNT}")).output().unwrap();
        assert!(imported.status.success(), "{}", stderr(&imported));
        let mut server = run("serve --allow-empty-activity --listen 127.0.0.1:0")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(server.stderr.take().unwrap()).lines();
        let mut listening = said
            .map(Result::unwrap)
            .filter(|line| line.starts_with("listening"));
        assert!(listening.next().is_some());
        for suffix in ["", "-wal", "-shm"] {
            let file = format!("{}{suffix}", store.path);
            let mode = fs::metadata(&file).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "{file}, umask {umask}");
        }
        server.kill().unwrap();
        server.wait().unwrap();
    }
}

/// Whoever serves a store must know what its imports could not read: clients of AWS drop the states that tell.
#[test]
fn serve_says_what_imports_could_not_read() {
    let store = Store::new();
    let damaged = store.folder.path().join("archive.tar.gz");
    fs::write(&damaged, [0x1f, 0x8b, 8, 0, 0]).unwrap();
    assert_eq!(
        store.run(&["import", "account", ACCOUNT]).status.code(),
        Some(0)
    );
    let imported = store.run(&["import", "trail", TRAIL, damaged.to_str().unwrap()]);
    assert_eq!(imported.status.code(), Some(3), "{}", stderr(&imported));
    let mut server = std::process::Command::new(env!("CARGO_BIN_EXE_access-advisor"))
        .args(["serve", "--listen", "127.0.0.1:0", "--store", &store.path])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let said = BufReader::new(server.stderr.take().unwrap()).lines();
    let said = said.map(Result::unwrap);
    let said: Vec<_> = said
        .take_while(|line| !line.starts_with("listening"))
        .collect();
    server.kill().unwrap();
    server.wait().unwrap();
    let warning = "warning: 1 log files or other objects were not read whole by imports into this store; what they hold may be missing from \
                   reports (`access-advisor coverage --store` names them)";
    assert_eq!(said, [warning]);
}

/// Runs the program as a user who cannot write what is not his own.
#[cfg(unix)]
struct Unprivileged {
    program: std::path::PathBuf,
    is_root: bool,
    _folder: TempDir,
}

#[cfg(unix)]
impl Unprivileged {
    fn new() -> Self {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let locked = folder.path().join("locked");
        fs::write(&locked, "").unwrap();
        fs::set_permissions(&locked, PermissionsExt::from_mode(0o444)).unwrap();
        let is_root = fs::OpenOptions::new().write(true).open(&locked).is_ok();
        let mut program = Path::new(env!("CARGO_BIN_EXE_access-advisor")).to_owned();
        if is_root {
            // Another user may not be allowed to look into the folder of the build.
            fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
            let copy = folder.path().join("access-advisor");
            fs::copy(&program, &copy).unwrap();
            program = copy;
        }
        Self {
            program,
            is_root,
            _folder: folder,
        }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        use std::os::unix::process::CommandExt;
        let mut command = std::process::Command::new(&self.program);
        command.args(arguments).current_dir("/");
        if self.is_root {
            // `nobody`.
            command.uid(65_534).gid(65_534);
        }
        command.output().unwrap()
    }
}

/// The names in a folder.
#[cfg(unix)]
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[cfg(unix)]
#[test]
fn a_store_that_cannot_be_written_is_read_and_nothing_is_left_beside_it() {
    use std::os::unix::fs::PermissionsExt;
    let other = Unprivileged::new();
    // A file that cannot be written in a folder that can; and the other way round.
    let own = if other.is_root { 0o777 } else { 0o755 };
    for (of_file, of_folder) in [(0o444, own), (own & 0o666, 0o555)] {
        let store = Store::filled();
        let job = store.generate(BRUNO, &[]);
        let expected = stdout(&store.run(&["get", &job]));
        let folder = store.folder.path();
        let set = |path: &Path, mode| {
            fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
        };
        set(Path::new(&store.path), of_file);
        set(folder, of_folder);
        let before = names(folder);
        let list = other.run(&["jobs", "list", "--store", &store.path]);
        assert_eq!(list.status.code(), Some(0), "{}", stderr(&list));
        assert!(stdout(&list).contains(&job));
        let get = other.run(&["get", &job, "--store", &store.path]);
        assert_eq!(get.status.code(), Some(0), "{}", stderr(&get));
        assert_eq!((stdout(&get), stderr(&get)), (expected, String::new()));
        for arguments in [
            &["generate", BRUNO][..],
            &["jobs", "delete", &job],
            &["serve", "--listen", "127.0.0.1:0"],
        ] {
            let output = other.run(&[arguments, &["--store", &store.path]].concat());
            assert_eq!(output.status.code(), Some(1), "{arguments:?}");
            let said = stderr(&output);
            assert!(said.contains("writ"), "{arguments:?}: {said}");
        }
        assert_eq!(names(folder), before, "{of_file:o} {of_folder:o}");
        // It can be used once it can be written again.
        set(folder, 0o755);
        set(Path::new(&store.path), 0o600);
        store.generate(BRUNO, &[]);
    }
}
