//! A stand-in for the AWS CLI. Its `aws` hands its arguments to this process, which answers for IAM.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use advisor_core::RightsizedFile;
use serde_json::Value;

use super::iam::{Call, Iam};
use crate::world::ACCOUNT;

/// `request` and `answer` are named pipes. The answer is a shell script, so that a call needs no other process.
const AWS: &str = "#!/bin/sh\n\
    printf '%s\\0' \"$PWD\" \"$@\" >\"$STAND_IN/request\"\n\
    . \"$STAND_IN/answer\"\n";

/// An account, a folder with the files of a proposal, and a stand-in for the AWS CLI.
pub(super) struct Sandbox {
    folder: tempfile::TempDir,
    state: Arc<Mutex<State>>,
    thread: Option<JoinHandle<()>>,
}

struct State {
    iam: Iam,
    account: String,
    stop: Option<Stop>,
}

/// Where a script is stopped.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stop {
    /// After so many changes.
    pub(super) changes: usize,
    /// Whether the change at which it is stopped takes effect, so that only its answer is lost.
    pub(super) takes_effect: bool,
}

/// What a script did.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) success: bool,
    pub(super) stderr: String,
}

impl Sandbox {
    pub(super) fn new(iam: Iam, files: &[RightsizedFile]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        write(&path.join("aws"), AWS, true);
        for pipe in ["request", "answer"] {
            let made = Command::new("mkfifo").arg(path.join(pipe)).status();
            assert!(made.unwrap().success());
        }
        for file in files {
            write(&path.join(&file.path), &file.content, file.is_executable);
        }
        let state = State {
            iam,
            account: ACCOUNT.to_owned(),
            stop: None,
        };
        let state = Arc::new(Mutex::new(state));
        let (served, answers) = (path.to_owned(), Arc::clone(&state));
        let thread = std::thread::spawn(move || {
            loop {
                let request = fs::read(served.join("request")).unwrap();
                if request.is_empty() {
                    return;
                }
                let request = String::from_utf8(request).unwrap();
                let words: Vec<String> =
                    request.split_terminator('\0').map(str::to_owned).collect();
                let (status, stdout, stderr) = answers.lock().unwrap().answer(&words);
                let (stdout, stderr) = (quoted(&stdout), quoted(&stderr));
                let answer = format!("printf %s {stdout}\nprintf %s {stderr} >&2\nexit {status}\n");
                fs::write(served.join("answer"), answer).unwrap();
            }
        });
        Self {
            folder,
            state,
            thread: Some(thread),
        }
    }

    pub(super) fn iam(&self) -> Iam {
        self.state.lock().unwrap().iam.clone()
    }

    /// Somebody else changes the account.
    pub(super) fn change(&self, change: impl FnOnce(&mut Iam)) {
        change(&mut self.state.lock().unwrap().iam);
    }

    pub(super) fn set_account(&self, account: &str) {
        account.clone_into(&mut self.state.lock().unwrap().account);
    }

    /// The folder of the proposal for an entity.
    pub(super) fn folder(&self, entity: &str) -> PathBuf {
        self.folder.path().join(ACCOUNT).join(entity)
    }

    /// Runs a script of the proposal to its end.
    pub(super) fn run(&self, entity: &str, script: &str) -> Ran {
        self.run_until(entity, script, None)
    }

    pub(super) fn run_until(&self, entity: &str, script: &str, stop: Option<Stop>) -> Ran {
        self.state.lock().unwrap().stop = stop;
        self.run_with(entity, script, &[])
    }

    /// Runs a script with arguments.
    pub(super) fn run_with(&self, entity: &str, script: &str, arguments: &[&str]) -> Ran {
        let path = std::env::var("PATH").unwrap();
        let output = Command::new(self.folder(entity).join(script))
            .env("PATH", format!("{}:{path}", self.folder.path().display()))
            .env("STAND_IN", self.folder.path())
            .env("SETTLE_SECONDS", "0")
            .args(arguments)
            .output()
            .unwrap();
        Ran {
            success: output.status.success(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // An empty request ends the thread. When it is gone already, nothing reads the pipe.
        if let Some(thread) = self.thread.take()
            && !thread.is_finished()
        {
            let _ = fs::write(self.folder.path().join("request"), "");
            let _ = thread.join();
        }
    }
}

impl State {
    /// The exit status, the output and the errors of a call.
    fn answer(&mut self, words: &[String]) -> (u8, String, String) {
        let (folder, arguments) = words.split_first().unwrap();
        if arguments[0] == "sts" {
            return (0, format!("{}\n", self.account), String::new());
        }
        let call = Call::new(Path::new(folder), arguments);
        let lost = || (255, String::new(), "Could not connect\n".to_owned());
        let mut is_lost = false;
        if let Some(stop) = self.stop.as_mut().filter(|_| call.is_change()) {
            if stop.changes == 0 {
                is_lost = true;
                if !stop.takes_effect {
                    return lost();
                }
            }
            stop.changes = stop.changes.saturating_sub(1);
        }
        let answer = self.iam.answer(&call);
        if is_lost {
            return lost();
        }
        let answer = match answer {
            Ok(answer) => answer,
            Err(code) => {
                let command = call.command;
                let message = format!("An error occurred ({code}) when calling {command}\n");
                return (254, String::new(), message);
            }
        };
        let answer = match call.option("query") {
            "" => answer,
            query => search(&answer, query),
        };
        let text = if call.option("output") == "text" {
            format!("{}\n", text(&answer))
        } else {
            format!("{answer:#}\n")
        };
        (0, text, String::new())
    }
}

/// As much of `JMESPath` as the scripts use.
fn search(value: &Value, query: &str) -> Value {
    if let Some((path, literal)) = query.split_once(" == `") {
        let literal = literal.strip_suffix('`').unwrap();
        assert!(!literal.contains('`'), "{literal}");
        let literal: Value = serde_json::from_str(literal).unwrap();
        return Value::Bool(search(value, path) == literal);
    }
    let Some((first, rest)) = query.split_once("[]") else {
        let parts = query.split('.');
        return parts.fold(value.clone(), |value, part| value[part].clone());
    };
    let items = value[first].as_array().unwrap().iter();
    let rest = rest.trim_start_matches('.');
    let items = items.map(|item| match rest {
        "" => item.clone(),
        rest => search(item, rest),
    });
    Value::Array(items.collect())
}

/// A value as the AWS CLI writes it with `--output text`.
fn text(value: &Value) -> String {
    match value {
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join("\t"),
        Value::Null => "None".to_owned(),
        other => panic!("not a list: {other}"),
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

fn write(path: &Path, content: &str, is_executable: bool) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
    if is_executable {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(path, mode).unwrap();
    }
}
