//! A store with an account that changes.

use std::path::PathBuf;
use std::sync::Arc;

use advisor_core::{AccountId, Caller, Granularity, JobId, PageRequest, Tracking};
use advisor_store::{OperationError, Store, StoredAdvisor};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use service_catalog::Catalog;
use tempfile::TempDir;

use crate::iam_simulator::IamSimulator;
use crate::support::{at, call, import, write_object};

pub(crate) const ACCOUNT: &str = "123456789012";
pub(crate) const TARGET: &str = "arn:aws:iam::123456789012:user/t/target";
pub(crate) const TEAM: &str = "arn:aws:iam::123456789012:group/team";

/// A store with an account that changes.
pub(crate) struct World {
    pub(crate) folder: TempDir,
    pub(crate) iam: IamSimulator,
    pub(crate) operations: StoredAdvisor,
    pub(crate) now: DateTime<Utc>,
    pub(crate) objects: usize,
}

impl World {
    /// The user `target` with inline `s3:*`, and the empty group `team` with inline `sqs:*`.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open_or_create(&folder.path().join("store.db")).unwrap();
        let mut world = Self {
            operations: operations(store),
            folder,
            iam: IamSimulator::new(ACCOUNT),
            now: at("2026-11-01T00:00:00.250Z"),
            objects: 0,
        };
        world.change("CreateUser", &json!({"UserName": "target", "Path": "/t/"}));
        world.allow("target", &["s3:*"]);
        world.change("CreateGroup", &json!({"GroupName": "team"}));
        let document = document(&["sqs:*"]);
        world.change(
            "PutGroupPolicy",
            &json!({"GroupName": "team", "PolicyName": "p", "PolicyDocument": document}),
        );
        world.import();
        world
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("store.db")
    }

    pub(crate) fn change(&mut self, operation: &str, parameters: &Value) {
        self.iam.apply(operation, parameters).unwrap();
    }

    pub(crate) fn allow(&mut self, user: &str, actions: &[&str]) {
        let document = document(actions);
        self.change(
            "PutUserPolicy",
            &json!({"UserName": user, "PolicyName": "p", "PolicyDocument": document}),
        );
    }

    pub(crate) fn join_team(&mut self, user: &str) {
        self.change(
            "AddUserToGroup",
            &json!({"GroupName": "team", "UserName": user}),
        );
    }

    /// Imports the account as it is now.
    pub(crate) fn import(&self) {
        let export = vec![("export.json".to_owned(), self.iam.export().to_string())];
        let imported = self.operations.store().import_accounts(&export, self.now);
        assert_eq!(imported.unwrap().accounts, [AccountId::from(ACCOUNT)]);
    }

    pub(crate) fn unique_id(&self, user: &str) -> String {
        let export = self.iam.export();
        let users = export["UserDetailList"].as_array().unwrap();
        let user = users.iter().find(|detail| detail["UserName"] == user);
        user.unwrap()["UserId"].as_str().unwrap().to_owned()
    }

    /// Imports a trail in which the user calls a service.
    pub(crate) fn attempt(&mut self, user: &str, source: &str, event: &str, when: &str) {
        self.objects += 1;
        let name = format!("object{}", self.objects);
        let record = call(&self.unique_id(user), source, event, when, &name);
        let file = write_object(&self.folder.path().join("trail"), &name, &[record]);
        let imported = import(self.operations.store(), &[file]);
        assert_eq!(imported.reconciliation.records_attributed, 1);
    }

    pub(crate) fn generate(&self, arn: &str) -> JobId {
        self.operations
            .generate(&Caller::local(), arn, Granularity::Service, self.now)
            .unwrap()
    }

    pub(crate) fn run(&self, job: &JobId) {
        let later = self.now + TimeDelta::milliseconds(750);
        self.operations.run_job(job, later).unwrap();
    }

    pub(crate) fn completed(&self, arn: &str) -> JobId {
        let job = self.generate(arn);
        self.run(&job);
        job
    }

    pub(crate) fn get(&self, job: &JobId) -> Value {
        let answer =
            self.operations
                .services(&Caller::local(), job.as_str(), PageRequest::default());
        json(&answer.unwrap())
    }

    pub(crate) fn entities(&self, job: &JobId, namespace: &str) -> Vec<Value> {
        let request = PageRequest::default();
        let answer = self
            .operations
            .entities(&Caller::local(), job.as_str(), namespace, request);
        let answer = json(&answer.unwrap());
        assert_eq!(answer["JobStatus"], "COMPLETED");
        answer["EntityDetailsList"].as_array().unwrap().clone()
    }

    pub(crate) fn entity_names(&self, job: &JobId, namespace: &str) -> Vec<String> {
        let entities = self.entities(job, namespace);
        let name = |entity: &Value| entity["EntityInfo"]["Name"].as_str().unwrap().to_owned();
        entities.iter().map(name).collect()
    }
}

pub(crate) fn operations(store: Store) -> StoredAdvisor {
    StoredAdvisor::new(Arc::new(store), Catalog::shared(), Tracking::aws())
        .allow_empty_activity(true)
}

pub(crate) fn document(actions: &[&str]) -> Value {
    json!({"Version": "2012-10-17",
           "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]})
}

pub(crate) fn json(value: &impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap()
}

/// The namespace and last use of every row.
pub(crate) fn rows(answer: &Value) -> Vec<(String, Option<String>)> {
    assert_eq!(answer["JobStatus"], "COMPLETED", "{answer}");
    let rows = answer["ServicesLastAccessed"].as_array().unwrap();
    rows.iter()
        .map(|row| {
            let text = |name: &str| row[name].as_str().map(str::to_owned);
            (text("ServiceNamespace").unwrap(), text("LastAuthenticated"))
        })
        .collect()
}

pub(crate) fn namespaces(answer: &Value) -> Vec<String> {
    rows(answer).into_iter().map(|(name, _)| name).collect()
}

pub(crate) fn refused<T: std::fmt::Debug>(answer: Result<T, OperationError>) -> String {
    match answer.unwrap_err() {
        OperationError::Request(error) => {
            format!("{} {}: {error}", error.code(), error.http_status())
        }
        error => panic!("{error}"),
    }
}
