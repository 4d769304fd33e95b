//! Findings as SARIF 2.1.0, for GitHub code scanning and other viewers.
//!
//! A rule is a kind of finding. GitHub and others know a result again by its rule and fingerprint, so neither depends on what may change,
//! such as the severity: that is the `level` of a result, finer its `rank` and its property `severity`. GitHub has four severities of
//! its own (`security-severity`), but takes them from rules only. A kind has findings of any severity, so its rule has none, and GitHub
//! shows the level.
//!
//! Sources: "Static Analysis Results Interchange Format (SARIF) Version 2.1.0" (OASIS), 3.27.10 and 3.27.25; GitHub Docs, "SARIF support
//! for code scanning": 25,000 results in a run, every result has the place of a file, and what an alert is known by; GitLab Docs,
//! "SARIF": ranks from 90 are critical, from 70 high, from 40 medium, from 10 low.

use std::collections::BTreeSet;

use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};

use super::finding::{Finding, FindingStatus};
use super::kind::FindingKind;
use super::list::Findings;
use super::severity::Severity;
use crate::account::EntityKind;

/// How many results GitHub takes of a run.
const MOST_RESULTS: usize = 25_000;
/// How many unknown event sources are named.
const MOST_NOTIFICATIONS: usize = 20;

/// Findings that serialize as a SARIF 2.1.0 log. Of more than 25,000, the first stay, which matter most; how many are left out is a
/// notification in it, as are event sources that the catalog does not know.
#[derive(Clone, Copy, Debug)]
pub struct SarifLog<'a>(&'a Findings);

impl Findings {
    /// The findings as a SARIF 2.1.0 log.
    #[must_use]
    pub fn sarif(&self) -> SarifLog<'_> {
        SarifLog(self)
    }
}

impl Serialize for SarifLog<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let findings = self.0.findings.iter();
        let kinds: BTreeSet<FindingKind> = findings.map(|finding| finding.kind).collect();
        let left_out = self.0.findings.len().saturating_sub(MOST_RESULTS);
        let left_out = (left_out > 0).then(|| Notification {
            level: "warning",
            message: Message {
                text: format!("{left_out} findings that matter less are left out"),
            },
        });
        let unknown = self.0.unknown_event_sources.iter();
        let unknown = unknown.take(MOST_NOTIFICATIONS).map(|source| Notification {
            level: "note",
            message: Message {
                text: source.to_string(),
            },
        });
        Log {
            schema: "https://json.schemastore.org/sarif-2.1.0.json",
            version: "2.1.0",
            runs: [Run {
                tool: Tool {
                    driver: Driver {
                        name: "access-advisor",
                        semantic_version: env!("CARGO_PKG_VERSION"),
                        rules: kinds.into_iter().map(Rule::of).collect(),
                    },
                },
                invocations: [Invocation {
                    execution_successful: true,
                    tool_execution_notifications: left_out.into_iter().chain(unknown).collect(),
                }],
                column_kind: "unicodeCodePoints",
                results: Results(self.0),
            }],
        }
        .serialize(serializer)
    }
}

#[derive(Serialize)]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'a str,
    version: &'a str,
    runs: [Run<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    tool: Tool,
    invocations: [Invocation; 1],
    column_kind: &'a str,
    results: Results<'a>,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: &'static str,
    semantic_version: &'static str,
    rules: Vec<Rule>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_execution_notifications: Vec<Notification>,
}

#[derive(Serialize)]
struct Notification {
    level: &'static str,
    message: Message,
}

#[derive(Serialize)]
struct Message {
    text: String,
}

/// A kind of finding.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: &'static str,
    name: &'static str,
    short_description: Message,
    full_description: Message,
    properties: RuleProperties,
}

#[derive(Serialize)]
struct RuleProperties {
    tags: [&'static str; 3],
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Informational => "note",
    }
}

/// In the middle of GitLab's range for each severity.
fn rank(severity: Severity) -> f32 {
    match severity {
        Severity::Critical => 95.0,
        Severity::High => 80.0,
        Severity::Medium => 55.0,
        Severity::Low => 25.0,
        Severity::Informational => 5.0,
    }
}

impl Rule {
    fn of(kind: FindingKind) -> Self {
        let description = || Message {
            text: kind.description().to_owned(),
        };
        Self {
            id: kind.name(),
            name: kind.name(),
            short_description: description(),
            full_description: description(),
            properties: RuleProperties {
                tags: ["security", "iam", "least-privilege"],
            },
        }
    }
}

/// The results, one by one.
struct Results<'a>(&'a Findings);

impl Serialize for Results<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let findings = self.0.findings.iter().take(MOST_RESULTS);
        let mut results = serializer.serialize_seq(Some(findings.len()))?;
        for finding in findings {
            results.serialize_element(&ResultOf::new(finding))?;
        }
        results.end()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResultOf<'a> {
    rule_id: &'static str,
    level: &'static str,
    rank: f32,
    message: Message,
    locations: [Location<'a>; 1],
    fingerprints: Fingerprints,
    partial_fingerprints: PartialFingerprints,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suppressions: Vec<Suppression>,
    properties: Properties,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Properties {
    severity: Severity,
    unused_services: usize,
    unused_actions: usize,
}

#[derive(Serialize)]
struct Fingerprints {
    #[serde(rename = "findingId/v1")]
    finding_id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PartialFingerprints {
    /// By which GitHub knows a result again.
    primary_location_line_hash: String,
}

#[derive(Serialize)]
struct Suppression {
    kind: &'static str,
    status: &'static str,
    justification: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location<'a> {
    physical_location: PhysicalLocation,
    logical_locations: [LogicalLocation<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
    region: Region,
}

#[derive(Serialize)]
struct ArtifactLocation {
    uri: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LogicalLocation<'a> {
    fully_qualified_name: &'a str,
    kind: &'static str,
}

impl<'a> ResultOf<'a> {
    fn new(finding: &'a Finding) -> Self {
        let resource = finding.resource.splitn(6, ':').nth(5).unwrap_or_default();
        let message = format!("{}: {}", finding.resource, finding.message());
        Self {
            rule_id: finding.kind.name(),
            level: level(finding.severity),
            rank: rank(finding.severity),
            // Braces stand for placeholders, brackets for links: SARIF 2.1.0, 3.11.
            message: Message {
                text: message
                    .replace('{', "{{")
                    .replace('}', "}}")
                    .replace('[', "\\[")
                    .replace(']', "\\]"),
            },
            locations: [Location {
                physical_location: PhysicalLocation {
                    artifact_location: ArtifactLocation {
                        uri: uri(&["iam", finding.account.as_str(), resource].join("/")),
                    },
                    region: Region { start_line: 1 },
                },
                logical_locations: [LogicalLocation {
                    fully_qualified_name: &finding.resource,
                    kind: match finding.resource_kind {
                        EntityKind::Policy => "object",
                        _ => "resource",
                    },
                }],
            }],
            fingerprints: Fingerprints {
                finding_id: finding.id.to_string(),
            },
            partial_fingerprints: PartialFingerprints {
                primary_location_line_hash: finding.id.to_string(),
            },
            suppressions: suppression(finding).into_iter().collect(),
            properties: Properties {
                severity: finding.severity,
                unused_services: finding.unused_services(),
                unused_actions: finding.unused_actions,
            },
        }
    }
}

fn suppression(finding: &Finding) -> Option<Suppression> {
    let FindingStatus::Archived(rule) = &finding.status else {
        return None;
    };
    Some(Suppression {
        kind: "external",
        status: "accepted",
        justification: format!("{}: {}", rule.owner, rule.reason),
    })
}

/// A path as a relative URI.
fn uri(path: &str) -> String {
    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
    const KEPT: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'/')
        .remove(b'-')
        .remove(b'_')
        .remove(b'.');
    utf8_percent_encode(path, KEPT).to_string()
}
