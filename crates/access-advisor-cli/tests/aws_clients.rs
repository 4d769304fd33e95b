//! AWS's own clients, unmodified, against `serve`: boto3 with its paginators, the AWS CLI, and the PyPI
//! tool aws-access-advisor as its users run it.
//!
//! Needs `.venv`, which `cargo xtask test` makes; without it the tests say that they are skipped.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod wire;

use std::path::PathBuf;
use std::process::{Command, Output};

use access_advisor::store::Store;
use access_advisor::trail::TrailReader;
use serde_json::Value;
use wire::{Running, python, root, serve};

const ADA: &str = "arn:aws:iam::111122223333:user/ada";

struct Client {
    endpoint: String,
    folder: tempfile::TempDir,
    python: PathBuf,
    _server: Running,
}

/// A server on the test account and its trail; `None` without Python.
fn client() -> Option<Client> {
    let Some(python) = python() else {
        eprintln!("skipped: .venv has no boto3; cargo xtask test makes it");
        return None;
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("advisor.db");
    let store = Store::open_or_create(&path).unwrap();
    let export = std::fs::read_to_string(root().join("testdata/account.json")).unwrap();
    let now = std::time::SystemTime::now().into();
    store
        .import_accounts(&[("account.json".into(), export)], now)
        .unwrap();
    let reader = TrailReader::new(
        access_advisor::catalog::Catalog::shared(),
        Default::default(),
    );
    store
        .import_trail(&reader, &[root().join("testdata/trail")], &|_| ())
        .unwrap();
    let (server, endpoint) = serve(&path, &[]);
    Some(Client {
        endpoint,
        folder,
        python,
        _server: server,
    })
}

impl Client {
    /// A command of the environment, set up as a user would: by variables alone.
    fn run(&self, program: &str, arguments: &[&str]) -> Output {
        Command::new(self.python.with_file_name(program))
            .args(arguments)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.folder.path())
            .env("AWS_ENDPOINT_URL_IAM", &self.endpoint)
            .env("AWS_ACCESS_KEY_ID", "AKIAEXAMPLEADA000000")
            .env("AWS_SECRET_ACCESS_KEY", "not-looked-at-on-loopback")
            .env("AWS_DEFAULT_REGION", "us-east-1")
            .output()
            .unwrap()
    }

    /// What `aws iam ...` prints.
    fn aws(&self, arguments: &[&str]) -> Value {
        let output = self.run(
            "aws",
            &[&["iam"], arguments, &["--output", "json"]].concat(),
        );
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {said}");
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

#[test]
fn the_aws_cli_through_all_operations() {
    let Some(client) = client() else { return };
    let arguments = [
        "generate-service-last-accessed-details",
        "--arn",
        ADA,
        "--granularity",
    ];
    let job = client.aws(&[&arguments[..], &["ACTION_LEVEL"]].concat());
    let job = job["JobId"].as_str().unwrap();

    let get = [
        "get-service-last-accessed-details",
        "--job-id",
        job,
        "--max-items",
        "7",
    ];
    let mut answer = client.aws(&get);
    while answer["JobStatus"] == "IN_PROGRESS" {
        answer = client.aws(&get);
    }
    // Not one of the CLI's paginated operations: a page is a page.
    let mut namespaces: Vec<String> = Vec::new();
    loop {
        assert_eq!(answer["JobStatus"], "COMPLETED");
        let rows = answer["ServicesLastAccessed"].as_array().unwrap();
        namespaces.extend(
            rows.iter()
                .map(|row| row["ServiceNamespace"].as_str().unwrap().into()),
        );
        let Some(marker) = answer["Marker"].as_str() else {
            break;
        };
        let next = [
            "get-service-last-accessed-details",
            "--job-id",
            job,
            "--marker",
            marker,
        ];
        answer = client.aws(&next);
    }
    assert_eq!(namespaces.len(), 453);
    assert!(namespaces.is_sorted());

    let with_entities = "get-service-last-accessed-details-with-entities";
    let entities = client.aws(&[with_entities, "--job-id", job, "--service-namespace", "s3"]);
    assert_eq!(entities["EntityDetailsList"][0]["EntityInfo"]["Arn"], ADA);
    let policies = [
        "list-policies-granting-service-access",
        "--arn",
        ADA,
        "--service-namespaces",
        "s3",
        "iam",
    ];
    let rows = &client.aws(&policies)["PoliciesGrantingServiceAccess"];
    assert_eq!(rows[0]["ServiceNamespace"], "s3");
    assert_eq!(rows[0]["Policies"][0]["PolicyName"], "AdministratorAccess");

    let count = |answer: &Value, list: &str| answer[list].as_array().unwrap().len();
    assert_eq!(
        count(&client.aws(&["list-users", "--page-size", "3"]), "Users"),
        8
    );
    assert_eq!(
        count(&client.aws(&["list-roles", "--page-size", "2"]), "Roles"),
        9
    );
    assert_eq!(count(&client.aws(&["list-groups"]), "Groups"), 3);
    assert_eq!(
        count(
            &client.aws(&["list-policies", "--scope", "Local"]),
            "Policies"
        ),
        5
    );
    assert_eq!(
        client.aws(&["get-user", "--user-name", "ada"])["User"]["Arn"],
        ADA
    );
    assert_eq!(
        count(
            &client.aws(&["get-group", "--group-name", "admins"]),
            "Users"
        ),
        1
    );
    let role = client.aws(&["get-role", "--role-name", "pipeline-runner"]);
    assert_eq!(role["Role"]["Path"], "/data/");
    let details = client.aws(&["get-account-authorization-details"]);
    assert_eq!(count(&details, "RoleDetailList"), 9);

    let unknown = client.run("aws", &["iam", "list-access-keys"]);
    let said = String::from_utf8_lossy(&unknown.stderr);
    assert!(
        !unknown.status.success() && said.contains("InvalidAction"),
        "{said}"
    );
}

/// The snippet of the README, with the paginators that boto3 has.
const SNIPPET: &str = r#"
import sys, time, boto3
iam = boto3.client("iam", endpoint_url=sys.argv[1], region_name="us-east-1",
                   aws_access_key_id="AKIAEXAMPLE", aws_secret_access_key="any")
job = iam.generate_service_last_accessed_details(Arn=sys.argv[2])["JobId"]
while (answer := iam.get_service_last_accessed_details(JobId=job))["JobStatus"] == "IN_PROGRESS":
    time.sleep(0.01)
rows = answer["ServicesLastAccessed"]
while answer["IsTruncated"]:
    answer = iam.get_service_last_accessed_details(JobId=job, Marker=answer["Marker"])
    rows += answer["ServicesLastAccessed"]
assert answer["JobCompletionDate"].tzinfo is not None
users = [u["UserName"] for page in iam.get_paginator("list_users").paginate(PaginationConfig={"PageSize": 2})
         for u in page["Users"]]
details = iam.get_paginator("get_account_authorization_details").paginate().build_full_result()
try:
    iam.get_service_last_accessed_details(JobId="0" * 36)
    raise SystemExit("a job of nobody was found")
except iam.exceptions.NoSuchEntityException as error:
    assert "does not exist" in str(error)
print(len(rows), len(users), len(details["Policies"]))
"#;

#[test]
fn boto3_with_its_paginators_and_exceptions() {
    let Some(client) = client() else { return };
    let output = client.run("python", &["-c", SNIPPET, &client.endpoint, ADA]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "453 8 10");
}

#[test]
fn aws_access_advisor_from_pypi() {
    let Some(client) = client() else { return };
    let role = "arn:aws:iam::111122223333:role/data/pipeline-runner";
    let script = "import sys, aws_access_advisor as tool; sys.argv[0] = 'tool'; tool.main()";
    let arguments = ["-c", script, "-e", role, "-k", "AKIAEXAMPLE", "-s", "any"];
    let output = client.run("python", &arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(
        printed.starts_with("Job status: COMPLETED after"),
        "{printed}"
    );
    assert!(
        printed
            .lines()
            .any(|line| line == "athena:StartQueryExecution"),
        "{printed}"
    );
}

/// Asks about every ARN and collects, as both tools below do, each in its own way.
const TOOL_PRELUDE: &str = r#"
import collections, sys, time, boto3
from botocore.exceptions import ClientError

iam = boto3.client("iam", endpoint_url=sys.argv[1], region_name="us-east-1",
                   aws_access_key_id="AKIAEXAMPLE", aws_secret_access_key="any")

def rows_of(job, answer):
    rows = answer["ServicesLastAccessed"]
    while answer["IsTruncated"]:
        answer = iam.get_service_last_accessed_details(JobId=job, Marker=answer["Marker"])
        assert answer["JobStatus"] == "COMPLETED", answer
        rows += answer["ServicesLastAccessed"]
    names = [row["ServiceNamespace"] for row in rows]
    assert len(names) == len(set(names)), "a service twice"
    return rows
"#;

/// What Netflix's Aardvark calls in an account (its updater): ARNs by four lists, a job for each, and
/// a queue of jobs that is gone round until none is in progress.
const AARDVARK: &str = r#"
arns = set()
for operation, key, more in [("list_roles", "Roles", {}), ("list_users", "Users", {}),
                             ("list_policies", "Policies", {"Scope": "Local"}),
                             ("list_groups", "Groups", {})]:
    for page in iam.get_paginator(operation).paginate(**more, PaginationConfig={"PageSize": 3}):
        arns.update(entity["Arn"] for entity in page[key])

jobs = {iam.generate_service_last_accessed_details(Arn=arn)["JobId"]: arn for arn in arns}
assert len(jobs) == len(arns)
queue, results, until = collections.deque(jobs), {}, time.time() + 60
while queue:
    assert time.time() < until, "jobs do not end"
    job = queue.popleft()
    answer = iam.get_service_last_accessed_details(JobId=job)
    if answer["JobStatus"] == "IN_PROGRESS":
        queue.append(job)
        continue
    assert answer["JobStatus"] == "COMPLETED", answer
    # Aardvark keeps milliseconds, and 0 for never.
    results[jobs[job]] = {
        row["ServiceNamespace"]: int(time.mktime(row["LastAuthenticated"].timetuple()) * 1000)
        if "LastAuthenticated" in row else 0
        for row in rows_of(job, answer)}
assert results.keys() == arns
print(len(arns), len(results["arn:aws:iam::111122223333:user/ada"]))
"#;

/// What AirIAM's scan of an account calls (its `RuntimeIamScanner`): the account at once, each policy
/// and the roles once more for their descriptions, then a job for each user and role. Unlike `AirIAM`,
/// which waits for two seconds and takes the first page, this one polls and takes all.
const AIRIAM: &str = r#"
users, roles, groups, policies = [], [], [], []
for page in iam.get_paginator("get_account_authorization_details").paginate(
        Filter=["User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy"],
        PaginationConfig={"PageSize": 100, "StartingToken": None}):
    users += page["UserDetailList"]
    roles += page["RoleDetailList"]
    groups += page["GroupDetailList"]
    policies += page["Policies"]
for policy in policies:
    found = iam.get_policy(PolicyArn=policy["Arn"])["Policy"]
    assert found["PolicyName"] == policy["PolicyName"], found
    found.get("Description", "")
attached = {policy["PolicyArn"] for entity in users + roles + groups
            for policy in entity["AttachedManagedPolicies"]}
missing = set()
for arn in attached:
    try:
        assert iam.get_policy(PolicyArn=arn)["Policy"]["Arn"] == arn
    except iam.exceptions.NoSuchEntityException:
        missing.add(arn)
# Attached in the test data, but not among the policies of its export.
assert missing == attached - {policy["Arn"] for policy in policies}, missing
listed = {role["RoleName"] for page in iam.get_paginator("list_roles").paginate(
              PaginationConfig={"PageSize": 100, "StartingToken": None})
          for role in page["Roles"]}
assert listed == {role["RoleName"] for role in roles}

jobs = {entity["Arn"]: iam.generate_service_last_accessed_details(Arn=entity["Arn"])["JobId"]
        for entity in users + roles}
used, until = {}, time.time() + 60
for arn, job in jobs.items():
    while (answer := iam.get_service_last_accessed_details(JobId=job))["JobStatus"] == "IN_PROGRESS":
        assert time.time() < until, "jobs do not end"
        time.sleep(0.01)
    assert answer["JobStatus"] == "COMPLETED", answer
    used[arn] = [{"ServiceNamespace": row["ServiceNamespace"], "LastAccessed": row["LastAuthenticated"]}
                 for row in rows_of(job, answer) if row["TotalAuthenticatedEntities"] > 0]

# What AirIAM also asks for is not in this API, and said to be so.
for call in [iam.generate_credential_report, iam.get_credential_report,
             lambda: iam.get_login_profile(UserName="ada")]:
    try:
        call()
        raise SystemExit("an operation that is not there answered")
    except ClientError as error:
        assert error.response["Error"]["Code"] == "InvalidAction", error
print(len(users), len(roles), len(groups), len(policies), len(used))
"#;

fn tool(client: &Client, calls: &str) -> String {
    let script = format!("{TOOL_PRELUDE}{calls}");
    let output = client.run("python", &["-c", &script, &client.endpoint]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// The calls of Aardvark, in its order, with boto3: every role, user, policy of the account's own and
/// group has a job that ends as COMPLETED.
#[test]
fn the_calls_of_aardvark() {
    let Some(client) = client() else { return };
    assert_eq!(tool(&client, AARDVARK), "25 453");
}

/// The calls of AirIAM's account scan, in its order, with boto3: every user and role has a job that
/// ends as COMPLETED. The whole program does not run against this API: the credential report
/// (`GenerateCredentialReport`, `GetCredentialReport`) and `GetLoginProfile` are not part of it, nor
/// is STS's `GetCallerIdentity`, which `AirIAM` asks first.
#[test]
fn the_calls_of_airiams_account_scan() {
    let Some(client) = client() else { return };
    assert_eq!(tool(&client, AIRIAM), "8 9 3 10 17");
}
