//! Two accounts that attach the same AWS managed policy. In a graph of both accounts it is one node.

use advisor_core::{AccountId, Caller, Granularity, PageRequest};
use advisor_store::{Store, StoredAdvisor};
use serde_json::{Value, json};

use crate::support::{at, count, is_sound};
use crate::world::{TARGET, World, document, json, namespaces, operations, refused};

const ANN: &str = "arn:aws:iam::111111111111:user/ann";
const BOB: &str = "arn:aws:iam::222222222222:user/bob";
const READ: &str = "arn:aws:iam::aws:policy/Read";

fn user(arn: &str) -> Value {
    let name = arn.rsplit('/').next().unwrap();
    json!({
        "Path": "/", "UserName": name, "UserId": format!("AIDA{name}"), "Arn": arn,
        "GroupList": [],
        "AttachedManagedPolicies": [{"PolicyName": "Read", "PolicyArn": READ}],
    })
}

fn read_policy(actions: &[&str], version: u32) -> Value {
    let version = format!("v{version}");
    json!({
        "PolicyName": "Read", "PolicyId": "ANPAREAD", "Arn": READ, "Path": "/",
        "DefaultVersionId": version,
        "PolicyVersionList": [
            {"Document": document(actions), "VersionId": version, "IsDefaultVersion": true},
        ],
    })
}

fn export(users: &[&str], actions: &[&str], version: u32) -> Value {
    let users: Vec<Value> = users.iter().map(|arn| user(arn)).collect();
    json!({"UserDetailList": users, "Policies": [read_policy(actions, version)]})
}

fn take(operations: &StoredAdvisor, exports: &[String]) -> Vec<AccountId> {
    let named = exports.iter().enumerate();
    let named: Vec<_> = named
        .map(|(index, text)| (format!("{index}.json"), text.clone()))
        .collect();
    let now = at("2026-11-01T00:00:00Z");
    let imported = operations.store().import_accounts(&named, now).unwrap();
    assert_eq!(imported.issues, []);
    imported.accounts
}

/// The entities and services in the report on the shared policy, as the caller sees them.
fn seen_by(operations: &StoredAdvisor, caller: &str) -> (Vec<String>, Vec<String>) {
    let caller = Caller::from_arn(caller, "AKIA1").unwrap();
    let now = at("2026-11-01T00:00:00Z");
    let job = operations
        .generate(&caller, READ, Granularity::Service, now)
        .unwrap();
    operations.run_job(&job, now).unwrap();
    let request = PageRequest::default();
    let answer = json(&operations.services(&caller, job.as_str(), request).unwrap());
    let services = namespaces(&answer);
    let entities = operations.entities(&caller, job.as_str(), &services[0], request);
    let entities = json(&entities.unwrap());
    let entities = entities["EntityDetailsList"].as_array().unwrap();
    let arn = |entity: &Value| entity["EntityInfo"]["Arn"].as_str().unwrap().to_owned();
    (entities.iter().map(arn).collect(), services)
}

fn seen(entities: &[&str], services: &[&str]) -> (Vec<String>, Vec<String>) {
    let owned = |texts: &[&str]| texts.iter().map(ToString::to_string).collect();
    (owned(entities), owned(services))
}

fn check(exports: &[String]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let operations = operations(Store::open_or_create(&path).unwrap());
    assert_eq!(
        take(&operations, exports),
        ["111111111111", "222222222222"].map(AccountId::from)
    );
    assert_eq!(seen_by(&operations, ANN), seen(&[ANN], &["s3"]));
    assert_eq!(seen_by(&operations, BOB), seen(&[BOB], &["s3"]));
    for (own, other) in [(ANN, BOB), (BOB, ANN)] {
        let id = AccountId::from(own.split(':').nth(4).unwrap());
        let snapshot = operations.store().snapshot(&id).unwrap().unwrap();
        assert!(snapshot.account.resolve(own).is_ok());
        assert!(snapshot.account.resolve(other).is_err());
        for (_, text) in &snapshot.exports {
            assert!(!text.contains(other), "{text}");
        }
    }
    // A newer export of one account changes nothing for the other, whether it has entities of it or not.
    let newer = export(&[BOB], &["sqs:*"], 2).to_string();
    assert_eq!(
        take(&operations, &[newer]),
        [AccountId::from("222222222222")]
    );
    assert_eq!(seen_by(&operations, ANN), seen(&[ANN], &["s3"]));
    assert_eq!(seen_by(&operations, BOB), seen(&[BOB], &["sqs"]));
    let again = operations_of(&path);
    assert_eq!(seen_by(&again, ANN), seen(&[ANN], &["s3"]));
    assert_eq!(again.store().accounts().unwrap().len(), 2);
    let all = again.store().account_data().unwrap();
    assert_eq!(all.issues(), []);
    assert!(all.resolve(ANN).is_ok() && all.resolve(BOB).is_ok());
    assert!(is_sound(&path));
}

fn operations_of(path: &std::path::Path) -> StoredAdvisor {
    operations(Store::open(path).unwrap())
}

#[test]
fn both_accounts_in_one_document() {
    check(&[export(&[ANN, BOB], &["s3:*"], 1).to_string()]);
}

#[test]
fn both_accounts_in_pages_of_one_file() {
    let (ann, bob) = (user(ANN), user(BOB));
    let policy = read_policy(&["s3:*"], 1);
    let pages = [
        json!({"UserDetailList": [ann], "IsTruncated": true, "Marker": "m"}),
        json!({"UserDetailList": [bob], "GroupDetailList": null, "IsTruncated": true}),
        json!({"Policies": [policy], "IsTruncated": false}),
    ];
    check(&[json!(pages).to_string()]);
    let lines: Vec<String> = pages.iter().map(ToString::to_string).collect();
    check(&[format!("\u{feff}{}", lines.join("\n"))]);
}

#[test]
fn each_account_in_its_own_files() {
    let each = |arn: &str| export(&[arn], &["s3:*"], 1).to_string();
    check(&[each(ANN), each(BOB)]);
    let users = |arn: &str| json!({"UserDetailList": [user(arn)]}).to_string();
    let policies = json!({"Policies": [read_policy(&["s3:*"], 1)]}).to_string();
    check(&[users(ANN), policies, users(BOB)]);
}

#[test]
fn exports_of_one_account_are_stored_unchanged() {
    let folder = tempfile::tempdir().unwrap();
    let operations = operations(Store::open_or_create(&folder.path().join("store.db")).unwrap());
    let exports = [
        format!("\u{feff}  {}\n", export(&[ANN], &["s3:*"], 1)),
        json!({"Policies": [], "Unknown": "is kept"}).to_string(),
    ];
    take(&operations, &exports);
    let id = AccountId::from("111111111111");
    let snapshot = operations.store().snapshot(&id).unwrap().unwrap();
    let texts: Vec<&str> = snapshot.exports.iter().map(|(_, text)| &**text).collect();
    assert_eq!(texts, exports);
    assert_eq!(snapshot.exports[1].0, "1.json");
    assert_eq!(snapshot.generation, 1);
}

#[test]
fn a_local_caller_asks_about_any_account() {
    let folder = tempfile::tempdir().unwrap();
    let operations = operations(Store::open_or_create(&folder.path().join("store.db")).unwrap());
    take(
        &operations,
        &[export(&[ANN, BOB], &["s3:*"], 1).to_string()],
    );
    let (caller, now) = (Caller::local(), at("2026-11-01T00:00:00Z"));
    for arn in [ANN, BOB] {
        let job = operations.generate(&caller, arn, Granularity::Service, now);
        operations.run_job(&job.unwrap(), now).unwrap();
    }
    // The ARN names no account, and the store has two.
    let answer = operations.generate(&caller, READ, Granularity::Service, now);
    assert_eq!(
        refused(answer),
        format!("NoSuchEntity 404: ARN {READ} does not exist.")
    );
}

#[test]
fn exports_that_are_empty_or_broken_change_nothing() {
    let world = World::new();
    let take = |text: &str| {
        let export = [("export.json".to_owned(), text.to_owned())];
        let imported = world.operations.store().import_accounts(&export, world.now);
        imported.map(drop).unwrap_err().to_string()
    };
    assert_eq!(
        take(r#"{"UserDetailList": []}"#),
        "the account data contains no user, group, role or policy of an account"
    );
    assert!(take("{").starts_with("export.json: "));
    assert!(take("").contains("no page"));
    assert_eq!(count(&world.path(), "pictures"), 1);
    assert_eq!(namespaces(&world.get(&world.completed(TARGET))), ["s3"]);
}
