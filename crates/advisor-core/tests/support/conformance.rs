//! The recorded answers of IAM: types and loader of `testdata/conformance/last-accessed.jsonl`, which the README beside it describes.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// One line of the file.
#[derive(Debug, Deserialize)]
#[serde(tag = "step", rename_all = "lowercase")]
pub(crate) enum Step {
    Change(Change),
    Call(Call),
}

/// A change of the account, or one that IAM refused and that so changed nothing.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Change {
    /// Only changes that were recorded calls have one.
    pub(crate) name: Option<String>,
    pub(crate) operation: String,
    pub(crate) parameters: Value,
    pub(crate) refused: Option<Refusal>,
}

/// One call and its recorded answer.
#[derive(Debug, Deserialize)]
#[serde(try_from = "CallLine")]
pub(crate) struct Call {
    pub(crate) name: String,
    pub(crate) operation: String,
    pub(crate) request: Request,
    /// The identity that called; none is the account's administrator.
    pub(crate) caller: Option<String>,
    pub(crate) transport: Transport,
    pub(crate) needs: Needs,
    /// The recorded answer was `IN_PROGRESS`; `COMPLETED` at once is as right.
    pub(crate) may_be_pending: bool,
    pub(crate) expect: Expect,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Transport {
    #[default]
    Sdk,
    Query,
}

/// What it takes to answer a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Needs {
    /// The account alone.
    Account,
    /// A server: callers, pages, jobs that are still running, or the raw protocol.
    Service,
}

#[derive(Debug)]
pub(crate) enum Request {
    Generate(GenerateRequest),
    Get(GetRequest),
    Entities(EntitiesRequest),
    Policies(PoliciesRequest),
    /// An operation outside the four.
    Other,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct GenerateRequest {
    pub(crate) arn: String,
    pub(crate) granularity: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct GetRequest {
    pub(crate) job_id: JobReference,
    pub(crate) max_items: Option<u32>,
    pub(crate) marker: Option<MarkerReference>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct EntitiesRequest {
    pub(crate) job_id: JobReference,
    pub(crate) service_namespace: String,
    pub(crate) marker: Option<MarkerReference>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct PoliciesRequest {
    pub(crate) arn: String,
    pub(crate) service_namespaces: Vec<String>,
    /// Only a literal one was recorded.
    pub(crate) marker: Option<String>,
}

/// The `JobId` that the named call returned.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct JobReference {
    #[serde(rename = "$job")]
    pub(crate) call: String,
}

/// The `Marker` that the named call returned.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MarkerReference {
    #[serde(rename = "$marker")]
    pub(crate) call: String,
}

#[derive(Debug)]
pub(crate) enum Expect {
    Answer {
        /// The answer's top-level fields, no more and no fewer.
        fields: BTreeSet<String>,
        answer: Answer,
    },
    Refused(Refusal),
}

/// An error answer. In a message, `{JobId}` stands for the job id that the call sent.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) error: String,
    pub(crate) message: Option<String>,
    /// How the message begins, where its end never comes twice.
    pub(crate) message_start: Option<String>,
}

#[derive(Debug)]
pub(crate) enum Answer {
    Job(JobAnswer),
    Report(ReportAnswer),
    Entities(EntitiesAnswer),
    Policies(PoliciesAnswer),
    Other,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct JobAnswer {
    pub(crate) job_id: JobReference,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ReportAnswer {
    pub(crate) job_status: String,
    pub(crate) job_type: Option<String>,
    pub(crate) is_truncated: bool,
    pub(crate) marker: Option<MarkerReference>,
    pub(crate) services_last_accessed: Option<Vec<ServiceRow>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ServiceRow {
    pub(crate) service_namespace: String,
    pub(crate) service_name: String,
    pub(crate) total_authenticated_entities: u64,
    /// The names of the tracked actions; none when the row had no such field.
    pub(crate) tracked_actions: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct EntitiesAnswer {
    pub(crate) job_status: String,
    pub(crate) is_truncated: bool,
    pub(crate) entity_details_list: Option<Vec<EntityRow>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct EntityRow {
    #[serde(rename = "Type")]
    pub(crate) entity_type: String,
    pub(crate) name: String,
    pub(crate) path: String,
    /// Whether the row had `LastAuthenticated`.
    pub(crate) used: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct PoliciesAnswer {
    pub(crate) is_truncated: bool,
    pub(crate) policies_granting_service_access: GrantRows,
}

/// A list of grants, as a whole or by its two ends.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum GrantRows {
    Whole(Vec<GrantRow>),
    Elided {
        #[serde(rename = "$elided")]
        ends: ElidedGrants,
    },
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ElidedGrants {
    pub(crate) count: usize,
    pub(crate) first: Vec<GrantRow>,
    pub(crate) last: Vec<GrantRow>,
    pub(crate) every_policies_empty: bool,
}

/// The policies that grant one service, by name. It reads AWS's own row as it is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct GrantRow {
    pub(crate) service_namespace: String,
    pub(crate) policies: Vec<Grant>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct Grant {
    pub(crate) policy_name: String,
    pub(crate) policy_type: String,
    pub(crate) policy_arn: Option<String>,
    pub(crate) entity_type: Option<String>,
    pub(crate) entity_name: Option<String>,
}

impl GrantRows {
    /// Whether `rows` are what was recorded.
    pub(crate) fn agree_with(&self, rows: &[GrantRow]) -> bool {
        match self {
            GrantRows::Whole(recorded) => recorded == rows,
            GrantRows::Elided { ends } => {
                rows.len() == ends.count
                    && rows.starts_with(&ends.first)
                    && rows.ends_with(&ends.last)
                    && rows.iter().all(|row| row.policies.is_empty()) == ends.every_policies_empty
            }
        }
    }
}

/// A call as it stands on its line: what `parameters` and `result` hold depends on the operation.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CallLine {
    name: String,
    operation: String,
    parameters: Value,
    caller: Option<String>,
    #[serde(default)]
    transport: Transport,
    needs: Needs,
    #[serde(default)]
    may_be_pending: bool,
    expect: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AnswerLine {
    status: u16,
    #[serde(default)]
    fields: BTreeSet<String>,
    #[serde(default)]
    result: Value,
}

impl TryFrom<CallLine> for Call {
    type Error = String;

    fn try_from(line: CallLine) -> Result<Self, String> {
        let parameters = line.parameters;
        let request = match line.operation.as_str() {
            "GenerateServiceLastAccessedDetails" => {
                Request::Generate(read("parameters", parameters)?)
            }
            "GetServiceLastAccessedDetails" => Request::Get(read("parameters", parameters)?),
            "GetServiceLastAccessedDetailsWithEntities" => {
                Request::Entities(read("parameters", parameters)?)
            }
            "ListPoliciesGrantingServiceAccess" => {
                Request::Policies(read("parameters", parameters)?)
            }
            "AssumeRole" | "GetUser" | "ListUserPolicies" => Request::Other,
            unknown => return Err(format!("operation {unknown} is not of this format")),
        };
        let expect = if line.expect.get("error").is_some() {
            Expect::Refused(read("expect", line.expect)?)
        } else {
            let AnswerLine {
                status,
                fields,
                result,
            } = read("expect", line.expect)?;
            if status != 200 {
                return Err(format!("an answer with status {status}"));
            }
            let answer = match &request {
                Request::Generate(_) => Answer::Job(read("result", result)?),
                Request::Get(_) => Answer::Report(read("result", result)?),
                Request::Entities(_) => Answer::Entities(read("result", result)?),
                Request::Policies(_) => Answer::Policies(read("result", result)?),
                Request::Other => Answer::Other,
            };
            Expect::Answer { fields, answer }
        };
        Ok(Call {
            name: line.name,
            operation: line.operation,
            request,
            caller: line.caller,
            transport: line.transport,
            needs: line.needs,
            may_be_pending: line.may_be_pending,
            expect,
        })
    }
}

fn read<T: DeserializeOwned>(place: &str, value: Value) -> Result<T, String> {
    T::deserialize(value).map_err(|error| format!("{place}: {error}"))
}

fn text_of(file: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../testdata/conformance")
        .join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every step of the recording, in order. A line that is not of the format ends the test, with its number.
pub(crate) fn load() -> Vec<Step> {
    text_of("last-accessed.jsonl")
        .lines()
        .enumerate()
        .map(|(index, line)| {
            serde_json::from_str(line)
                .unwrap_or_else(|error| panic!("last-accessed.jsonl, line {}: {error}", index + 1))
        })
        .collect()
}

/// What a call says about itself, found from the rest of it: its needs, and whether it saw a running job.
fn derived(
    call: &Call,
    jobs: &BTreeMap<String, Needs>,
    markers: &BTreeSet<String>,
) -> (Needs, bool) {
    let job_needs = |job: &JobReference| {
        jobs.get(&job.call)
            .copied()
            .unwrap_or_else(|| panic!("{}: job of no call before it", call.name))
    };
    let known = |marker: &MarkerReference| {
        assert!(
            markers.contains(&marker.call),
            "{}: marker of no call before it",
            call.name
        );
    };
    let mut needs = match &call.request {
        Request::Generate(_) => Needs::Account,
        Request::Get(get) => {
            get.marker.iter().for_each(known);
            let paged = get.marker.is_some() || get.max_items.is_some();
            if paged {
                Needs::Service
            } else {
                job_needs(&get.job_id)
            }
        }
        Request::Entities(entities) => {
            entities.marker.iter().for_each(known);
            if entities.marker.is_some() {
                Needs::Service
            } else {
                job_needs(&entities.job_id)
            }
        }
        Request::Policies(policies) if policies.marker.is_none() => Needs::Account,
        Request::Policies(_) | Request::Other => Needs::Service,
    };
    let pending = match &call.expect {
        Expect::Answer {
            answer: Answer::Report(report),
            ..
        } => report.job_status == "IN_PROGRESS",
        Expect::Answer {
            answer: Answer::Entities(entities),
            ..
        } => entities.job_status == "IN_PROGRESS",
        _ => false,
    };
    if pending || call.caller.is_some() || call.transport == Transport::Query {
        needs = Needs::Service;
    }
    (needs, pending)
}

/// The top-level fields that an answer's typed part speaks of must be those that `fields` lists.
fn assert_fields(call: &Call, fields: &BTreeSet<String>, answer: &Answer) {
    let present: Vec<(&str, bool)> = match answer {
        Answer::Job(_) => vec![("JobId", true)],
        Answer::Report(report) => {
            assert_eq!(
                report.is_truncated,
                report.marker.is_some(),
                "{}",
                call.name
            );
            vec![
                ("Marker", report.marker.is_some()),
                ("JobType", report.job_type.is_some()),
                (
                    "ServicesLastAccessed",
                    report.services_last_accessed.is_some(),
                ),
                ("JobCompletionDate", report.services_last_accessed.is_some()),
            ]
        }
        Answer::Entities(entities) => {
            assert!(!entities.is_truncated, "{}", call.name);
            vec![
                ("EntityDetailsList", entities.entity_details_list.is_some()),
                ("JobCompletionDate", entities.entity_details_list.is_some()),
            ]
        }
        Answer::Policies(policies) => {
            assert!(!policies.is_truncated, "{}", call.name);
            vec![
                ("PoliciesGrantingServiceAccess", true),
                ("IsTruncated", true),
            ]
        }
        Answer::Other => Vec::new(),
    };
    for (field, there) in present {
        assert_eq!(fields.contains(field), there, "{}: {field}", call.name);
    }
}

fn assert_refusal(name: &str, refusal: &Refusal) {
    assert!(
        (400..500).contains(&refusal.status),
        "{name}: status {}",
        refusal.status
    );
    assert!(!refusal.error.is_empty(), "{name}: an error without a code");
    assert_ne!(
        refusal.message.is_some(),
        refusal.message_start.is_some(),
        "{name}: one wording, whole or its start"
    );
}

#[test]
fn the_recording_keeps_the_rules_of_its_readme() {
    let (mut jobs, mut markers, mut names) = (BTreeMap::new(), BTreeSet::new(), BTreeSet::new());
    let mut counts: BTreeMap<String, [usize; 2]> = BTreeMap::new();
    let (mut changes, mut refused) = (0, 0);
    for step in load() {
        let name = match step {
            Step::Change(change) => {
                changes += 1;
                assert!(
                    change.parameters.is_object(),
                    "{}: parameters",
                    change.operation
                );
                if let Some(refusal) = &change.refused {
                    refused += 1;
                    assert_refusal(&change.operation, refusal);
                }
                change.name
            }
            Step::Call(call) => {
                assert_eq!(
                    derived(&call, &jobs, &markers),
                    (call.needs, call.may_be_pending),
                    "{}",
                    call.name
                );
                match &call.expect {
                    Expect::Refused(refusal) => assert_refusal(&call.name, refusal),
                    Expect::Answer { fields, answer } => {
                        assert_fields(&call, fields, answer);
                        match answer {
                            Answer::Job(job) => {
                                assert_eq!(job.job_id.call, call.name);
                                jobs.insert(call.name.clone(), call.needs);
                            }
                            Answer::Report(ReportAnswer {
                                marker: Some(marker),
                                ..
                            }) => {
                                assert_eq!(marker.call, call.name);
                                markers.insert(call.name.clone());
                            }
                            _ => {}
                        }
                    }
                }
                let [account, service] = counts.entry(call.operation).or_default();
                match call.needs {
                    Needs::Account => *account += 1,
                    Needs::Service => *service += 1,
                }
                Some(call.name)
            }
        };
        if let Some(name) = name {
            assert!(names.insert(name.clone()), "{name} is there twice");
        }
    }
    let readme = text_of("README.md");
    let mut rows: Vec<String> = counts
        .iter()
        .map(|(operation, [account, service])| format!("| {operation} | {account} | {service} |"))
        .collect();
    let (account, service) = counts.values().fold((0, 0), |(a, s), [account, service]| {
        (a + account, s + service)
    });
    rows.push(format!(
        "| All {} calls | {account} | {service} |",
        account + service
    ));
    rows.push(format!(
        "{changes} changes, of which IAM rejected {refused}"
    ));
    for row in rows {
        assert!(readme.contains(&row), "README.md does not say: {row}");
    }
}
