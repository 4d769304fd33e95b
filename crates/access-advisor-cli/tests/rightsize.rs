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
        let (read, call) = (EventCategory::ManagementRead, ("iam", "ListUsers"));
        activity
            .coverage_mut()
            .see_call(ACCOUNT, "us-east-1", read, call, day);
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

// What the scripts do is tested beside the library that makes them.
#[test]
fn a_proposal_is_a_folder_of_files_to_review_and_run() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write_inputs(folder);
    let answer = stdout(&rightsize(folder, &[ROLE, "--out", "proposal"]));
    let answer: Value = serde_json::from_str(&answer).unwrap();
    let sized = &answer["Rightsized"][0];
    assert!(
        sized["Proof"]["NewWithinOld"].as_u64() >= Some(3),
        "{sized}"
    );
    let own = folder.join("proposal/111122223333/role-build");
    for script in ["apply.sh", "rollback.sh"] {
        let mode = fs::metadata(own.join(script)).unwrap().permissions();
        let mode = std::os::unix::fs::PermissionsExt::mode(&mode);
        assert_eq!(mode & 0o111, 0o111, "{script}");
    }
    // What was is there byte for byte, and what is new is what the answer says.
    let export = fs::read_to_string(folder.join("account.json")).unwrap();
    let today = fs::read_dir(own.join("today")).unwrap();
    let today = today.map(|file| fs::read_to_string(file.unwrap().path()).unwrap());
    let today: Vec<String> = today.collect();
    assert_eq!(today.len(), 4);
    assert!(today.iter().all(|text| export.contains(text)), "{today:?}");
    let new = fs::read_dir(own.join("new")).unwrap();
    for file in new {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        let document: Value = serde_json::from_str(&text).unwrap();
        let mut proposed = sized["NewPolicies"].as_array().unwrap().iter();
        assert!(
            proposed.any(|it| it["PolicyDocument"] == document),
            "{text}"
        );
    }
    let diff = fs::read_to_string(own.join("changes.diff")).unwrap();
    assert!(
        diff.contains("\n@@ statement 0 One @@\n")
            && diff.contains("\n+        \"sqs:CreateQueue\"")
    );
    // ARNs that name the same role.
    let other = format!("arn:aws:iam::{ACCOUNT}:role/some/path/build");
    let twice = stdout(&rightsize(folder, &[ROLE, &other, ROLE, "--out", "twice"]));
    let twice: Value = serde_json::from_str(&twice).unwrap();
    assert_eq!(twice, answer);

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
            "aws_iam_role_policies_exclusive",
            "aws_iam_role_policy",
            "aws_iam_role_policy_attachments_exclusive"
        ]
    );
    // No template: a literal dollar and percent sign.
    let imports = parsed["import"].as_array().unwrap();
    assert_eq!(imports.len(), 3);
    let mut ids = imports.iter().map(|it| it["id"].as_str().unwrap());
    let inline = ids.find(|id| id.contains(':')).unwrap();
    assert!(
        inline.contains("$${y}") && inline.contains("%%{x}"),
        "{inline}"
    );
    // What is detached and deleted is what these do not list.
    let main = fs::read_to_string(own.join("main.tf")).unwrap();
    assert!(
        main.contains("policy_arns = [\n    aws_iam_policy.queues_role_build.arn,\n  ]"),
        "{main}"
    );
    let kept = main.split("policy_names = [").nth(1).unwrap();
    assert!(!kept.split(']').next().unwrap().contains("gone"), "{main}");
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
            ["--keep", "sqs:CreateQeue"],
            "keep rule \"sqs:CreateQeue\": the catalog has no such action",
        ),
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
