//! The recorded answers of IAM that the account alone decides, reproduced one by one: changes go to a small IAM in memory, and
//! every call is answered by the engine from that IAM's export at that moment.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod support;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use advisor_core::{AccountData, Activity, Advisor, Granularity, Report, RequestError, Tracking};
use chrono::{DateTime, Utc};
use iam_policy_parser::PolicyDocument;
use serde_json::Value;
use service_catalog::Catalog;

use support::conformance::{
    Answer, Call, Change, EntitiesAnswer, EntitiesRequest, EntityRow, Expect, GenerateRequest,
    GrantRow, Needs, PoliciesRequest, Refusal, ReportAnswer, Request, ServiceRow, Step, load,
};
use support::iam_simulator::IamSimulator;

/// The account calls of the recording, by operation: all of them are reproduced.
const REPRODUCED: [(&str, usize); 4] = [
    ("GenerateServiceLastAccessedDetails", 27),
    ("GetServiceLastAccessedDetails", 27),
    ("GetServiceLastAccessedDetailsWithEntities", 18),
    ("ListPoliciesGrantingServiceAccess", 55),
];
const LEFT_TO_THE_SERVER: usize = 33;
const CHANGES: usize = 109;
const REFUSED_CHANGES: usize = 2;

/// What Generate froze.
struct Job {
    report: Report,
    advisor: Advisor,
}

struct Replay {
    iam: IamSimulator,
    catalog: Arc<Catalog>,
    /// By the export they were made from.
    advisors: HashMap<String, Advisor>,
    /// By the call that generated them.
    jobs: HashMap<String, Job>,
}

impl Replay {
    fn new() -> Self {
        Self {
            iam: IamSimulator::new("123456789012"),
            catalog: Catalog::shared(),
            advisors: HashMap::new(),
            jobs: HashMap::new(),
        }
    }

    fn change(&mut self, change: &Change) {
        let answer = self.iam.apply(&change.operation, &change.parameters);
        let place = format!("{} {}", change.operation, change.parameters);
        match (&change.refused, answer) {
            (None, Ok(_)) => {}
            (Some(refusal), Err((code, message))) => {
                assert_eq!(code, refusal.error, "{place}");
                assert_eq!(Some(&message), refusal.message.as_ref(), "{place}");
                assert_eq!(code, "MalformedPolicyDocument", "{place}");
                let document = change.parameters["PolicyDocument"].to_string();
                let error = PolicyDocument::parse(&document).expect_err(&place);
                assert!(error.message().starts_with(&message), "{place}: {error}");
            }
            (refused, answer) => panic!("{place}: recorded {refused:?}, simulated {answer:?}"),
        }
        // The parser must take every document that IAM took.
        let document = &change.parameters["PolicyDocument"];
        if change.refused.is_none() && !document.is_null() {
            PolicyDocument::parse(&document.to_string())
                .unwrap_or_else(|error| panic!("{place}: {error}"));
        }
    }

    /// The engine on the account as it is now.
    fn advisor(&mut self) -> Advisor {
        let export = self.iam.export().to_string();
        if let Some(advisor) = self.advisors.get(&export) {
            return advisor.clone();
        }
        let account = AccountData::from_export("simulated", &export).unwrap();
        assert_eq!(account.issues(), []);
        let now: DateTime<Utc> = "2026-09-02T00:00:00Z".parse().unwrap();
        let catalog = self.catalog.clone();
        let advisor =
            Advisor::new(account, &Activity::new(), catalog, Tracking::aws(), now).unwrap();
        self.advisors.insert(export, advisor.clone());
        advisor
    }

    fn call(&mut self, call: &Call) {
        let name = &call.name;
        match &call.request {
            Request::Generate(request) => {
                let generated = self.generate(request);
                match &call.expect {
                    Expect::Refused(refusal) => assert_refused(name, refusal, generated.map(drop)),
                    Expect::Answer { .. } => {
                        let job = generated.unwrap_or_else(|error| panic!("{name}: {error:?}"));
                        assert!(self.jobs.insert(name.clone(), job).is_none(), "{name}");
                    }
                }
            }
            Request::Get(request) => {
                let job = self.job(name, &request.job_id.call);
                let Expect::Answer { answer, .. } = &call.expect else {
                    panic!("{name}: no account decides that a Get is refused");
                };
                let Answer::Report(recorded) = answer else {
                    panic!("{name}: {answer:?}")
                };
                assert_report(name, recorded, &job.report);
            }
            Request::Entities(request) => {
                let EntitiesRequest {
                    job_id,
                    service_namespace,
                    ..
                } = request;
                let job = self.job(name, &job_id.call);
                let entities = job.advisor.entities(job.report.arn(), service_namespace);
                match &call.expect {
                    Expect::Refused(refusal) => assert_refused(name, refusal, entities.map(drop)),
                    Expect::Answer { answer, .. } => {
                        let Answer::Entities(recorded) = answer else {
                            panic!("{name}: {answer:?}")
                        };
                        let entities = entities.unwrap_or_else(|error| panic!("{name}: {error:?}"));
                        assert_entities(name, recorded, &serde_json::to_value(entities).unwrap());
                    }
                }
            }
            Request::Policies(request) => {
                let PoliciesRequest {
                    arn,
                    service_namespaces,
                    ..
                } = request;
                let granting = self.advisor().policies_granting(arn, service_namespaces);
                match &call.expect {
                    Expect::Refused(refusal) => assert_refused(name, refusal, granting.map(drop)),
                    Expect::Answer { answer, .. } => {
                        let Answer::Policies(recorded) = answer else {
                            panic!("{name}: {answer:?}")
                        };
                        let granting = granting.unwrap_or_else(|error| panic!("{name}: {error:?}"));
                        let rows: Vec<GrantRow> =
                            serde_json::from_value(serde_json::to_value(granting).unwrap())
                                .unwrap();
                        assert!(
                            recorded.policies_granting_service_access.agree_with(&rows),
                            "{name}: recorded {recorded:#?}, computed {rows:#?}"
                        );
                    }
                }
            }
            Request::Other => panic!("{name}: no answer of the account alone"),
        }
    }

    fn generate(&mut self, request: &GenerateRequest) -> Result<Job, RequestError> {
        let granularity = match &request.granularity {
            Some(text) => text.parse()?,
            None => Granularity::Service,
        };
        let advisor = self.advisor();
        let report = advisor.report(&request.arn, granularity)?;
        Ok(Job { report, advisor })
    }

    fn job(&self, name: &str, call: &str) -> &Job {
        self.jobs
            .get(call)
            .unwrap_or_else(|| panic!("{name}: {call} generated no job"))
    }
}

fn assert_refused(name: &str, refusal: &Refusal, outcome: Result<(), RequestError>) {
    let error = outcome.expect_err(name);
    assert_eq!(error.code(), refusal.error, "{name}");
    assert_eq!(error.http_status(), refusal.status, "{name}");
    let message = error.to_string();
    match (&refusal.message, &refusal.message_start) {
        (Some(whole), None) => assert_eq!(&message, whole, "{name}"),
        (None, Some(start)) => assert!(message.starts_with(start), "{name}: {message}"),
        _ => panic!("{name}: one wording"),
    }
}

/// Compares what a report is printed as, so that a field too many is seen too.
fn assert_report(name: &str, recorded: &ReportAnswer, report: &Report) {
    assert_eq!(recorded.job_status, "COMPLETED", "{name}");
    assert!(!recorded.is_truncated, "{name}: pages are the server's");
    let report = serde_json::to_value(report).unwrap();
    let fields: Vec<&str> = report
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(fields, ["Arn", "JobType", "ServicesLastAccessed"], "{name}");
    assert_eq!(
        report["JobType"].as_str(),
        recorded.job_type.as_deref(),
        "{name}"
    );
    let rows: Vec<ServiceRow> = report["ServicesLastAccessed"]
        .as_array()
        .unwrap()
        .iter()
        .map(service_row)
        .collect();
    assert_eq!(Some(rows), recorded.services_last_accessed, "{name}");
}

/// The row in the recording's short form, which has the tracked actions' names in place of their rows.
fn service_row(row: &Value) -> ServiceRow {
    let mut row = row.clone();
    let fields = row.as_object_mut().unwrap();
    if let Some(actions) = fields.remove("TrackedActionsLastAccessed") {
        let names = actions.as_array().unwrap().iter().map(|action| {
            assert_eq!(
                action.as_object().unwrap().len(),
                1,
                "never used, so a name only"
            );
            action["ActionName"].clone()
        });
        fields.insert("TrackedActions".into(), names.collect());
    }
    serde_json::from_value(row).unwrap()
}

fn assert_entities(name: &str, recorded: &EntitiesAnswer, entities: &Value) {
    assert_eq!(recorded.job_status, "COMPLETED", "{name}");
    assert!(!recorded.is_truncated, "{name}: pages are the server's");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let rows: Vec<EntityRow> = entities
        .as_array()
        .unwrap()
        .iter()
        .map(|entity| {
            let info = &entity["EntityInfo"];
            let fields: Vec<&str> = info
                .as_object()
                .unwrap()
                .keys()
                .map(String::as_str)
                .collect();
            assert_eq!(fields, ["Arn", "Name", "Type", "Id", "Path"], "{name}");
            let (kind, path) = (text(&info["Type"]), text(&info["Path"]));
            let suffix = format!(":{}{path}{}", kind.to_lowercase(), text(&info["Name"]));
            assert!(text(&info["Arn"]).ends_with(&suffix), "{name}: {info}");
            EntityRow {
                entity_type: kind,
                name: text(&info["Name"]),
                path,
                used: entity.get("LastAuthenticated").is_some(),
            }
        })
        .collect();
    assert_eq!(Some(rows), recorded.entity_details_list, "{name}");
}

#[test]
fn every_answer_that_the_account_decides_is_reproduced() {
    let mut replay = Replay::new();
    let mut reproduced: BTreeMap<String, usize> = BTreeMap::new();
    let (mut left_to_the_server, mut changes, mut refused) = (0, 0, 0);
    for step in load() {
        match step {
            Step::Change(change) => {
                replay.change(&change);
                changes += 1;
                refused += usize::from(change.refused.is_some());
            }
            Step::Call(call) if call.needs == Needs::Account => {
                replay.call(&call);
                *reproduced.entry(call.operation).or_default() += 1;
            }
            Step::Call(_) => left_to_the_server += 1,
        }
    }
    let total: usize = reproduced.values().sum();
    println!(
        "{changes} changes ({refused} refused); {total} calls reproduced, {left_to_the_server} left to the server; \
         {} exports",
        replay.advisors.len()
    );
    let committed = REPRODUCED.map(|(operation, count)| (operation.to_owned(), count));
    assert_eq!(reproduced, BTreeMap::from(committed));
    assert_eq!(left_to_the_server, LEFT_TO_THE_SERVER);
    assert_eq!((changes, refused), (CHANGES, REFUSED_CHANGES));
}
