//! Findings as JSON, in the shape of Access Analyzer's `GetFindingV2`. Source: botocore's `accessanalyzer/2019-11-01/service-2.json`.

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::evidence::{GrantingStatement, LastUse};
use super::finding::{Finding, FindingStatus, FoundPermission};
use super::fingerprint::ActionsFingerprint;
use super::kind::FindingKind;
use super::list::Findings;
use super::privileges::Privilege;
use super::severity::{Severity, SeverityReason};
use super::summary::FindingsSummary;
use super::unknown_event_source::UnknownEventSource;
use crate::account::EntityKind;
use crate::day_set::DaySet;
use crate::state::{DayRange, ReportCoverage, State, StateReason};
use crate::time;

/// `{"findings": [...], "accessAdvisor": {...}}`: the findings, and what they rest on and come to.
impl Serialize for Findings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut document = serializer.serialize_struct("Findings", 2)?;
        document.serialize_field("findings", &self.findings)?;
        let of_all = OfAll {
            summary: self.summary(),
            judged: self.judged,
            excluded: self.excluded,
            too_young: self.too_young,
            unknown_age: self.unknown_age,
            service_linked: self.service_linked,
            coverage: &self.coverage,
            unknown_event_sources: &self.unknown_event_sources,
            privileges: self.privileges(),
        };
        document.serialize_field("accessAdvisor", &of_all)?;
        document.end()
    }
}

/// What is said once for all findings.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OfAll<'a> {
    summary: FindingsSummary,
    judged: usize,
    excluded: usize,
    too_young: usize,
    unknown_age: usize,
    service_linked: usize,
    coverage: &'a ReportCoverage,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    unknown_event_sources: &'a [UnknownEventSource],
    /// Why actions in the findings are privileges.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    privileges: Vec<&'static Privilege>,
}

impl Serialize for Finding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let found_at = time::format(self.found_at);
        let mut finding = serializer.serialize_struct("Finding", 11)?;
        finding.serialize_field("id", &self.id)?;
        finding.serialize_field("findingType", &self.kind)?;
        finding.serialize_field("status", self.status.name())?;
        finding.serialize_field("resource", &*self.resource)?;
        finding.serialize_field("resourceType", self.resource_type())?;
        finding.serialize_field("resourceOwnerAccount", &self.account)?;
        finding.serialize_field("analyzedAt", &found_at)?;
        finding.serialize_field("createdAt", &found_at)?;
        finding.serialize_field("updatedAt", &found_at)?;
        finding.serialize_field("findingDetails", &self.details())?;
        finding.serialize_field("accessAdvisor", &Ours::of(self))?;
        finding.end()
    }
}

impl Finding {
    /// The type of the resource, as `CloudFormation` names it.
    #[must_use]
    pub fn resource_type(&self) -> &'static str {
        match self.resource_kind {
            EntityKind::User => "AWS::IAM::User",
            EntityKind::Group => "AWS::IAM::Group",
            EntityKind::Role => "AWS::IAM::Role",
            EntityKind::Policy => "AWS::IAM::ManagedPolicy",
        }
    }

    /// Access Analyzer's details; none of the kinds that it does not have.
    fn details(&self) -> Vec<Details<'_>> {
        let last_accessed = self.last_use.as_ref().map(|last| millis(last.millis));
        match self.kind {
            FindingKind::UnusedIamRole => vec![Details::UnusedIamRoleDetails { last_accessed }],
            FindingKind::UnusedIamUserAccessKey => vec![Details::UnusedIamUserAccessKeyDetails {
                access_key_id: self.credential_id.as_deref().unwrap_or(&self.subject),
                last_accessed,
            }],
            FindingKind::UnusedIamUserPassword => {
                vec![Details::UnusedIamUserPasswordDetails { last_accessed }]
            }
            FindingKind::UnusedPermission => {
                let permissions = self.permissions.iter();
                let details = permissions.map(|permission| Details::UnusedPermissionDetails {
                    service_namespace: self.catalog.service(permission.service).namespace(),
                    actions: permission
                        .actions
                        .iter()
                        .map(|action| UnusedAction {
                            action: self.catalog.action(*action).name(),
                            last_accessed: permission
                                .use_of(*action)
                                .map(|last| millis(last.millis)),
                        })
                        .collect(),
                    last_accessed: (permission.last_use.as_ref()).map(|last| millis(last.millis)),
                });
                details.collect()
            }
            _ => Vec::new(),
        }
    }
}

fn millis(millis: i64) -> String {
    time::format(time::from_millis(millis))
}

/// The union `FindingDetails`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
#[allow(clippy::enum_variant_names, reason = "the names of the API")]
enum Details<'a> {
    UnusedIamRoleDetails {
        #[serde(skip_serializing_if = "Option::is_none")]
        last_accessed: Option<String>,
    },
    UnusedIamUserAccessKeyDetails {
        access_key_id: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        last_accessed: Option<String>,
    },
    UnusedIamUserPasswordDetails {
        #[serde(skip_serializing_if = "Option::is_none")]
        last_accessed: Option<String>,
    },
    UnusedPermissionDetails {
        service_namespace: &'a str,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        actions: Vec<UnusedAction<'a>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        last_accessed: Option<String>,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UnusedAction<'a> {
    action: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_accessed: Option<String>,
}

/// What Access Analyzer has no place for.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Ours<'a> {
    severity: Severity,
    severity_reason: &'a SeverityReason,
    #[serde(skip_serializing_if = "str::is_empty")]
    subject: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    credential_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reported_until: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    rests_on_last_used: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<State>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_reason: Option<&'a StateReason>,
    window: DayRange,
    #[serde(skip_serializing_if = "Option::is_none")]
    coverage: Option<CoverageOf<'a>>,
    unused_services: usize,
    unused_actions: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_use: Option<Use<'a>>,
    permissions: Vec<Permission<'a>>,
    granted_by: Vec<Statement<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    permissions_boundary: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_created: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    archive_rule: Option<Rule<'a>>,
}

/// The days and Regions that were read.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CoverageOf<'a> {
    days: u32,
    between: DayRange,
    regions: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data_events_on: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Use<'a> {
    time: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    region: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_id: Option<&'a str>,
    attempts: u64,
    denied: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    rhythm: Option<Regular>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Regular {
    interval_days: u32,
    uses: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Permission<'a> {
    service_namespace: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    actions: Vec<&'a str>,
    action_count: u32,
    granted_actions: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    actions_fingerprint: Option<ActionsFingerprint>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_reason: Option<&'a StateReason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_use: Option<Use<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    action_uses: Vec<ActionUse<'a>>,
}

#[derive(Serialize)]
struct ActionUse<'a> {
    action: &'a str,
    #[serde(flatten)]
    last_use: Use<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Statement<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<&'a str>,
    policy: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy_arn: Option<&'a str>,
    statement: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<&'a str>,
    actions: usize,
    on_all_resources: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule<'a> {
    owner: &'a str,
    reason: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<String>,
    is_expired: bool,
}

impl<'a> Ours<'a> {
    fn of(finding: &'a Finding) -> Self {
        let reason = finding.state_reason.as_deref();
        Self {
            severity: finding.severity,
            severity_reason: &finding.severity_reason,
            subject: &finding.subject,
            credential_id: finding.credential_id.as_deref(),
            reported_until: finding.reported_until.map(time::format),
            rests_on_last_used: finding.rests_on_last_used,
            state: finding.state,
            state_reason: reason,
            window: finding.window,
            coverage: reason.and_then(CoverageOf::of),
            unused_services: finding.unused_services(),
            unused_actions: finding.unused_actions,
            last_use: finding.last_use.as_ref().map(Use::of),
            permissions: (finding.permissions.iter())
                .map(|permission| Permission::of(finding, permission))
                .collect(),
            granted_by: finding.granted_by.iter().map(Statement::of).collect(),
            permissions_boundary: finding.permissions_boundary.as_deref(),
            resource_created: finding.created.map(time::format),
            archive_rule: Rule::of(&finding.status),
        }
    }
}

impl<'a> CoverageOf<'a> {
    fn of(reason: &'a StateReason) -> Option<Self> {
        let StateReason::NoAttempt {
            days,
            first,
            last,
            regions,
            data_types,
        } = reason
        else {
            return None;
        };
        Some(Self {
            days: *days,
            between: DayRange {
                first: Some(*first),
                last: *last,
            },
            regions: regions.iter().map(|region| &**region).collect(),
            data_events_on: data_types.as_deref(),
        })
    }
}

impl<'a> Use<'a> {
    fn of(last: &'a LastUse) -> Self {
        Self {
            time: millis(last.millis),
            region: &last.region,
            event_id: last.event_id.as_deref(),
            attempts: last.attempts,
            denied: last.denied,
            rhythm: last.rhythm.map(|rhythm| Regular {
                interval_days: rhythm.interval_days,
                uses: rhythm.uses,
                next: DaySet::date_of(rhythm.next).map(|date| date.to_string()),
            }),
        }
    }
}

impl<'a> Permission<'a> {
    fn of(finding: &'a Finding, permission: &'a FoundPermission) -> Self {
        let catalog = &finding.catalog;
        let actions = permission.actions.iter();
        Self {
            service_namespace: catalog.service(permission.service).namespace(),
            actions: actions
                .map(|action| catalog.action(*action).name())
                .collect(),
            action_count: permission.action_count,
            granted_actions: permission.granted_actions,
            actions_fingerprint: permission.actions_fingerprint,
            state_reason: permission.state_reason.as_deref(),
            last_use: permission.last_use.as_deref().map(Use::of),
            action_uses: (permission.action_uses.iter())
                .map(|(action, last)| ActionUse {
                    action: catalog.action(*action).name(),
                    last_use: Use::of(last),
                })
                .collect(),
        }
    }
}

impl<'a> Statement<'a> {
    fn of(statement: &'a GrantingStatement) -> Self {
        Self {
            group: statement.group.as_deref(),
            policy: &statement.policy,
            policy_arn: statement.policy_arn.as_deref(),
            statement: statement.statement,
            sid: statement.sid.as_deref(),
            actions: statement.actions,
            on_all_resources: statement.is_unlimited,
        }
    }
}

impl<'a> Rule<'a> {
    fn of(status: &'a FindingStatus) -> Option<Self> {
        let rule = status.rule()?;
        Some(Self {
            owner: &rule.owner,
            reason: &rule.reason,
            expires: rule.expires.map(|day| day.to_string()),
            is_expired: !status.is_archived(),
        })
    }
}
