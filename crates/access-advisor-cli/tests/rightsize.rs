//! `access-advisor rightsize`: what it proposes, and that its scripts and its Terraform are what they say.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use access_advisor::activity::{
    Activity, Attempt, CreditedAction, DaySet, EventCategory, Principal,
};
use access_advisor::parquet::write_activity;
use serde_json::{Value, json};

const ACCOUNT: &str = "111122223333";
const ROLE: &str = "arn:aws:iam::111122223333:role/build";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_access-advisor"));
    command
        .current_dir(folder)
        .args(arguments)
        .output()
        .unwrap()
}

fn stdout(output: &Output) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{:?}: {stderr}", output.status);
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Names that IAM allows for inline policies and that shells and Terraform read in other ways.
const HOSTILE: &str = "it's-$(touch${IFS}owned)`id`\"%{x}${y};#";

/// An account with a role, and an activity in which the trail shows every management event and the role created a queue.
fn write_inputs(folder: &Path) {
    let allow = |actions: Value| {
        json!({"Version": "2012-10-17", "Statement": [
            {"Sid": "One", "Effect": "Allow", "Action": actions, "Resource": "*"},
            {"Effect": "Deny", "Action": "iam:*", "Resource": "arn:aws:iam::*:user/${aws:username}"},
        ]})
    };
    let inline =
        |name: &str, actions: Value| json!({"PolicyName": name, "PolicyDocument": allow(actions)});
    let only = json!({"Statement": {"Effect": "Allow", "Action": "cloudtrail:DeleteTrail", "Resource": "*"}});
    let managed = |name: &str, document: Value| {
        json!({"PolicyName": name, "PolicyId": format!("ANPA{name}"), "DefaultVersionId": "v3",
            "Arn": format!("arn:aws:iam::{ACCOUNT}:policy/{name}"),
            "PolicyVersionList": [{"Document": document, "VersionId": "v3", "IsDefaultVersion": true}]})
    };
    let attached = |name: &str| json!({"PolicyName": name, "PolicyArn": format!("arn:aws:iam::{ACCOUNT}:policy/{name}")});
    let role = json!({
        "RoleName": "build", "RoleId": "AROABUILD", "Arn": ROLE, "Path": "/",
        "RolePolicyList": [
            inline(HOSTILE, json!("sqs:*")),
            {"PolicyName": "gone", "PolicyDocument": {"Statement": [
                {"Effect": "Allow", "Action": "sqs:PurgeQueue", "Resource": "*"}]}},
        ],
        "AttachedManagedPolicies": [attached("Topics"), attached("Queues")],
    });
    let export = json!({
        "RoleDetailList": [role],
        "Policies": [managed("Topics", only), managed("Queues", allow(json!(["sqs:*Queue", "s3:*"])))],
    });
    fs::write(folder.join("account.json"), export.to_string()).unwrap();

    let first = DaySet::parse("2026-01-01").unwrap();
    let mut activity = Activity::new();
    for day in first..first + 100 {
        for region in ["eu-west-1", "us-east-1"] {
            for kind in [
                EventCategory::ManagementRead,
                EventCategory::ManagementWrite,
            ] {
                activity
                    .coverage_mut()
                    .see_record(ACCOUNT, region, kind, day);
            }
        }
    }
    let principal = Principal {
        unique_id: Some("AROABUILD"),
        arn: Some(ROLE),
        account: Some(ACCOUNT),
    };
    activity.record(&Attempt {
        principal,
        service: "sqs",
        action: CreditedAction::Action("CreateQueue"),
        region: "eu-west-1",
        time_millis: DaySet::start_of(first + 50),
        event_id: "e",
        denied: false,
    });
    let file = fs::File::create(folder.join("activity.parquet")).unwrap();
    write_activity(file, &activity).unwrap();
}

const INPUTS: [&str; 8] = [
    "--account",
    "account.json",
    "--trail",
    "activity.parquet",
    "--now",
    "2026-04-11T00:00:00Z",
    "--format",
    "json",
];

fn rightsize(folder: &Path, more: &[&str]) -> Output {
    run(folder, &[&["rightsize"], more, &INPUTS].concat())
}

/// A stand-in for the AWS CLI that writes down its arguments, each with a line `--` after it.
fn write_fake_aws(folder: &Path) {
    let script = "#!/bin/sh\n\
        if [ \"$1\" = sts ]; then echo \"${FAKE_ACCOUNT:-111122223333}\"; exit; fi\n\
        for argument; do printf '%s\\n' \"$argument\"; done >> \"$CALLS\"\n\
        echo -- >> \"$CALLS\"\n";
    let path = folder.join("bin/aws");
    fs::create_dir(folder.join("bin")).unwrap();
    fs::write(&path, script).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&path, mode).unwrap();
}

/// Runs a script with the stand-in, and returns its calls.
fn calls(folder: &Path, script: &Path, account: &str) -> (bool, Vec<Vec<String>>) {
    let log = folder.join("calls");
    let _ = fs::remove_file(&log);
    let path = format!(
        "{}:{}",
        folder.join("bin").display(),
        std::env::var("PATH").unwrap()
    );
    let status = Command::new(script)
        .env("PATH", path)
        .env("CALLS", &log)
        .env("FAKE_ACCOUNT", account)
        .status()
        .unwrap();
    let log = fs::read_to_string(&log).unwrap_or_default();
    let calls = log.split_terminator("--\n");
    let calls = calls.map(|call| call.lines().map(str::to_owned).collect());
    (status.success(), calls.collect())
}

#[test]
fn scripts_apply_what_is_proposed_and_restore_what_was() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write_inputs(folder);
    write_fake_aws(folder);
    let answer = stdout(&rightsize(folder, &[ROLE, "--out", "proposal"]));
    let answer: Value = serde_json::from_str(&answer).unwrap();
    let sized = &answer["Rightsized"][0];
    assert!(
        sized["Proof"]["NewWithinOld"].as_u64() >= Some(3),
        "{sized}"
    );
    let own = folder.join("proposal/111122223333/role-build");

    let (done, applied) = calls(folder, &own.join("apply.sh"), ACCOUNT);
    assert!(done);
    let names: Vec<&str> = applied.iter().map(|call| &*call[1]).collect();
    assert_eq!(
        names,
        [
            "create-policy",
            "attach-role-policy",
            "detach-role-policy",
            "detach-role-policy",
            "put-role-policy",
            "delete-role-policy"
        ]
    );
    let put = &applied[4];
    assert_eq!(
        put[2..4],
        ["--role-name=build", &format!("--policy-name={HOSTILE}")]
    );
    let file = |call: &[String]| {
        let option = call
            .iter()
            .find_map(|it| it.strip_prefix("--policy-document=file://"));
        fs::read_to_string(own.join(option.unwrap())).unwrap()
    };
    let document: Value = serde_json::from_str(&file(put)).unwrap();
    let actions = document["Statement"][0]["Action"].as_array().unwrap();
    assert!(actions.contains(&json!("sqs:CreateQueue")) && !actions.contains(&json!("sqs:*")));
    assert_eq!(
        document["Statement"][1]["Resource"],
        "arn:aws:iam::*:user/${aws:username}"
    );

    // What is restored is what the export has, letter by letter.
    let (done, restored) = calls(folder, &own.join("rollback.sh"), ACCOUNT);
    assert!(done);
    let export = fs::read_to_string(folder.join("account.json")).unwrap();
    let puts: Vec<_> = restored
        .iter()
        .filter(|call| call[1] == "put-role-policy")
        .collect();
    assert_eq!(puts.len(), 2);
    for put in puts {
        assert!(export.contains(&file(put)), "{put:?}");
    }
    let arns = |operation: &str, all: &[Vec<String>]| -> Vec<String> {
        let of = all.iter().filter(|call| call[1] == operation);
        let mut arns: Vec<String> = of.map(|call| call.last().unwrap().clone()).collect();
        arns.sort();
        arns
    };
    let before = ["attach-role-policy", "detach-role-policy"];
    for (one, other) in [(before[0], before[1]), (before[1], before[0])] {
        assert_eq!(arns(one, &applied), arns(other, &restored));
    }
    assert_eq!(
        arns("delete-policy", &restored),
        arns("attach-role-policy", &applied)
    );
    assert!(!own.join("owned").exists() && !folder.join("owned").exists());

    // Credentials of another account change nothing.
    for script in ["apply.sh", "rollback.sh"] {
        assert_eq!(
            calls(folder, &own.join(script), "444455556666"),
            (false, Vec::new())
        );
    }
    let diff = fs::read_to_string(own.join("changes.diff")).unwrap();
    assert!(
        diff.contains("\n@@ statement 0 One @@\n")
            && diff.contains("\n+        \"sqs:CreateQueue\"")
    );
    let again = rightsize(folder, &[ROLE, "--out", "proposal"]);
    assert!(String::from_utf8_lossy(&again.stderr).contains("the folder is not empty"));
}

#[test]
fn terraform_is_valid_and_reads_the_new_documents() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write_inputs(folder);
    stdout(&rightsize(folder, &[ROLE, "--out", "proposal"]));
    let own = folder.join("proposal/111122223333/role-build");
    let program = "import hcl2, json, sys\nprint(json.dumps(hcl2.load(open(sys.argv[1]))))";
    let python = root().join(".venv/bin/python");
    let parsed = Command::new(python)
        .args(["-c", program])
        .arg(own.join("main.tf"))
        .output();
    let Some(parsed) = parsed.ok().filter(|it| {
        it.status.success() || {
            let message = String::from_utf8_lossy(&it.stderr).into_owned();
            assert!(message.contains("No module named"), "{message}");
            false
        }
    }) else {
        eprintln!("skipped: there is no hcl2 in .venv; cargo xtask test makes it");
        return;
    };
    let parsed: Value = serde_json::from_slice(&parsed.stdout).unwrap();
    let mut kinds = Vec::new();
    for block in parsed["resource"].as_array().unwrap() {
        let (kind, resource) = block.as_object().unwrap().iter().next().unwrap();
        kinds.push(kind.trim_matches('"').to_owned());
        let (_, body) = resource.as_object().unwrap().iter().next().unwrap();
        if let Some(policy) = body.get("policy").and_then(Value::as_str) {
            let path = policy.split_once("${path.module}/").unwrap().1;
            assert!(
                own.join(path.split('"').next().unwrap()).is_file(),
                "{policy}"
            );
        }
    }
    kinds.sort();
    assert_eq!(
        kinds,
        [
            "aws_iam_policy",
            "aws_iam_role_policy",
            "aws_iam_role_policy_attachment"
        ]
    );
    // No template: a literal dollar and percent sign.
    let id = parsed["import"][0]["id"].as_str().unwrap();
    assert!(id.contains("$${y}") && id.contains("%%{x}"), "{id}");
}

#[test]
fn options_say_what_stays() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write_inputs(folder);
    fs::write(folder.join("keep.txt"), "sqs:PurgeQueue # twice a year\n").unwrap();
    let keep = [
        "--all",
        "--keep",
        "sqs:Delete*",
        "--keep-file",
        "keep.txt",
        "--wildcards",
        "safe",
    ];
    let answer = stdout(&rightsize(folder, &keep));
    let answer: Value = serde_json::from_str(&answer).unwrap();
    let sized = &answer["Rightsized"][0];
    assert_eq!(answer["Summary"][0]["Entities"], 1);
    assert!(sized["Kept"]["Marked"].as_u64() >= Some(3), "{sized}");
    let mut names = sized["Policies"].as_array().unwrap().iter();
    let gone = names.find(|policy| policy["PolicyName"] == "gone").unwrap();
    assert_eq!(gone["Changes"], false);
    for (wrong, message) in [
        (
            ["--keep", "GetObject"],
            "--keep: line 1: an action starts with its service",
        ),
        (["--limit", "attached=3"], "invalid value"),
        (["--min-coverage", "200"], "too little was read to tell"),
    ] {
        let output = rightsize(folder, &[&[ROLE][..], &wrong].concat());
        let all = [output.stdout, output.stderr].concat();
        let all = String::from_utf8_lossy(&all);
        assert!(all.contains(message), "{all}");
    }
}

#[test]
fn uses_that_only_the_credential_report_shows_stop_a_proposal() {
    let erin = "arn:aws:iam::111122223333:user/erin";
    let run_on = |command: &[&str], more: &[&str]| {
        let inputs = [
            "--account",
            "testdata/account.json",
            "--trail",
            "testdata/trail",
            "--now",
            "2026-11-01T00:00:00Z",
            "--min-coverage",
            "10",
        ];
        let arguments = [command, &inputs, more].concat();
        String::from_utf8(run(&root(), &arguments).stdout).unwrap()
    };
    let report = ["--credential-report", "testdata/credential-report.csv"];
    let remembered = "which the trail should show";
    assert!(!run_on(&["rightsize", erin], &[]).contains(remembered));
    assert!(run_on(&["rightsize", erin], &report).contains(remembered));
    // The state of what is granted and not used says the same.
    let explain = ["explain", erin, "config:DescribeConfigRules"];
    assert!(run_on(&explain, &[]).contains("Last uses: unused"));
    let with_report = run_on(&explain, &report);
    assert!(with_report.contains("Last uses: uncovered, password_last_used"));
}
