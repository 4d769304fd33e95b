//! Findings as events of the Open Cybersecurity Schema Framework: class IAM Analysis Finding (2008), version 1.6.0, with the cloud
//! profile. Source: <https://schema.ocsf.io/1.6.0/classes/iam_analysis_finding>.

use serde::Serialize;
use serde_json::{Map, Value};

use super::finding::Finding;
use super::kind::FindingKind;
use super::severity::Severity;
use crate::account::EntityKind;

/// The version of the schema.
const VERSION: &str = "1.6.0";

/// A finding that serializes as an IAM Analysis Finding of OCSF 1.6.0.
#[derive(Clone, Copy, Debug)]
pub struct OcsfFinding<'a>(&'a Finding);

impl Finding {
    /// The finding as an IAM Analysis Finding of OCSF 1.6.0.
    #[must_use]
    pub fn ocsf(&self) -> OcsfFinding<'_> {
        OcsfFinding(self)
    }
}

#[derive(Serialize)]
struct Event<'a> {
    activity_id: u8,
    activity_name: &'static str,
    category_name: &'static str,
    category_uid: u8,
    class_name: &'static str,
    class_uid: u16,
    cloud: Cloud<'a>,
    finding_info: FindingInfo<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    identity_activity_metrics: Option<ActivityMetrics>,
    message: String,
    metadata: Metadata,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    permission_analysis_results: Vec<PermissionAnalysis<'a>>,
    resources: [Resource<'a>; 1],
    severity: &'static str,
    severity_id: u8,
    status: &'static str,
    status_id: u8,
    time: i64,
    type_name: &'static str,
    type_uid: u32,
    unmapped: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<User<'a>>,
}

#[derive(Serialize)]
struct Cloud<'a> {
    account: Account<'a>,
    provider: &'static str,
}

#[derive(Serialize)]
struct Account<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    type_id: u8,
    uid: &'a str,
}

#[derive(Serialize)]
struct FindingInfo<'a> {
    analytic: Analytic,
    created_time: i64,
    desc: &'static str,
    modified_time: i64,
    title: String,
    types: [&'static str; 1],
    uid: String,
    data_sources: [&'a str; 2],
}

#[derive(Serialize)]
struct Analytic {
    name: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    type_id: u8,
}

#[derive(Serialize)]
struct ActivityMetrics {
    #[serde(skip_serializing_if = "Option::is_none")]
    last_seen_time: Option<i64>,
}

#[derive(Serialize)]
struct Metadata {
    product: Product,
    profiles: [&'static str; 1],
    version: &'static str,
}

#[derive(Serialize)]
struct Product {
    name: &'static str,
    vendor_name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct PermissionAnalysis<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<Policy<'a>>,
    unused_privileges_count: usize,
    unused_services_count: usize,
}

#[derive(Serialize)]
struct Policy<'a> {
    is_applied: bool,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    uid: Option<&'a str>,
}

#[derive(Serialize)]
struct Resource<'a> {
    cloud_partition: &'a str,
    name: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    uid: &'a str,
}

#[derive(Serialize)]
struct User<'a> {
    account: Account<'a>,
    name: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    type_id: u8,
    uid: &'a str,
}

impl Serialize for OcsfFinding<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let finding = self.0;
        let arn = &*finding.resource;
        let mut parts = arn.splitn(6, ':');
        let partition = parts.nth(1).unwrap_or_default();
        let name = arn.rsplit('/').next().unwrap_or_default();
        let time = finding.found_at.timestamp_millis();
        let account = || Account {
            kind: "AWS Account",
            type_id: 10,
            uid: finding.account.as_str(),
        };
        let (severity, severity_id) = severity(finding.severity);
        let (status, status_id) = if finding.status.is_archived() {
            ("Suppressed", 3)
        } else {
            ("New", 1)
        };
        let last_seen_time = finding.last_use.as_ref().map(|last| last.millis);
        Event {
            activity_id: 1,
            activity_name: "Create",
            category_name: "Findings",
            category_uid: 2,
            class_name: "IAM Analysis Finding",
            class_uid: 2008,
            cloud: Cloud {
                account: account(),
                provider: "AWS",
            },
            finding_info: FindingInfo {
                analytic: Analytic {
                    name: finding.kind.name(),
                    kind: "Rule",
                    type_id: 1,
                },
                created_time: time,
                desc: finding.kind.description(),
                modified_time: time,
                title: format!("{}: {name}", finding.kind),
                types: [finding.kind.name()],
                uid: finding.id.to_string(),
                data_sources: ["AWS IAM account authorization details", "AWS CloudTrail"],
            },
            identity_activity_metrics: has_identity(finding)
                .then_some(ActivityMetrics { last_seen_time }),
            message: finding.message(),
            metadata: Metadata {
                product: Product {
                    name: "access-advisor",
                    vendor_name: "access-advisor",
                    version: env!("CARGO_PKG_VERSION"),
                },
                profiles: ["cloud"],
                version: VERSION,
            },
            permission_analysis_results: analyses(finding),
            resources: [Resource {
                cloud_partition: partition,
                name,
                kind: finding.resource_type(),
                uid: arn,
            }],
            severity,
            severity_id,
            status,
            status_id,
            time,
            type_name: "IAM Analysis Finding: Create",
            type_uid: 200_801,
            unmapped: unmapped(finding),
            user: (finding.resource_kind == EntityKind::User).then(|| User {
                account: account(),
                name,
                kind: "User",
                type_id: 1,
                uid: arn,
            }),
        }
        .serialize(serializer)
    }
}

fn has_identity(finding: &Finding) -> bool {
    matches!(finding.resource_kind, EntityKind::User | EntityKind::Role)
}

fn severity(severity: Severity) -> (&'static str, u8) {
    match severity {
        Severity::Informational => ("Informational", 1),
        Severity::Low => ("Low", 2),
        Severity::Medium => ("Medium", 3),
        Severity::High => ("High", 4),
        Severity::Critical => ("Critical", 5),
    }
}

/// The policies that grant what is unused. The counts of the finding stand at each.
fn analyses(finding: &Finding) -> Vec<PermissionAnalysis<'_>> {
    let analysis = |policy| PermissionAnalysis {
        policy,
        unused_privileges_count: finding.unused_actions,
        unused_services_count: finding.unused_services(),
    };
    let mut policies: Vec<(&str, Option<&str>)> = Vec::new();
    for statement in &finding.granted_by {
        let policy = (&*statement.policy, statement.policy_arn.as_deref());
        if !policies.contains(&policy) {
            policies.push(policy);
        }
    }
    let is_attached = finding.kind != FindingKind::UnattachedPolicy;
    if finding.resource_kind == EntityKind::Policy && policies.is_empty() {
        let name = finding.resource.rsplit('/').next().unwrap_or_default();
        policies.push((name, Some(&finding.resource)));
    }
    if policies.is_empty() {
        return vec![analysis(None)];
    }
    let policies = policies.into_iter().map(|(name, uid)| Policy {
        is_applied: is_attached,
        name,
        uid,
    });
    policies.map(|policy| analysis(Some(policy))).collect()
}

/// The finding as Access Analyzer has it, for which the schema has no place.
fn unmapped(finding: &Finding) -> Map<String, Value> {
    match serde_json::to_value(finding) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    }
}
