//! Finds, sorts and archives findings.

use chrono::{DateTime, Utc};
use hashbrown::HashSet;
use rayon::prelude::*;
use service_catalog::ActionId;

use super::finding::{Finding, FindingStatus};
use super::fingerprint::FindingId;
use super::kind::FindingKind;
use super::privileges::Privileges;
use super::settings::{ArchiveRule, FindingSettings};
use super::severity::{Severity, SeverityReason};
use super::{identity, policy};
use crate::account::{EntityDetail, EntityId, EntityKind, ExportIssueKind};
use crate::advisor::Advisor;
use crate::ids::{AccountId, UniqueId};
use crate::state::{DayRange, ReportCoverage};
use crate::tracking::Tracking;

/// The findings on an account: those that matter most come first, and of those the ones with the most unused actions.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Findings {
    /// The findings, with those that are archived.
    pub findings: Vec<Finding>,
    /// The instant of the findings.
    pub found_at: DateTime<Utc>,
    /// What they rest on.
    pub coverage: ReportCoverage,
    /// The number of users, groups, roles and managed policies that were judged.
    pub judged: usize,
    /// The number of those that were left out by an exclusion.
    pub excluded: usize,
    /// The number of those of which nothing is called unused, because they are younger than the tracking period, or their age is not
    /// known.
    pub too_young: usize,
    /// The number of service-linked roles, which are not judged.
    pub service_linked: usize,
}

/// What the search for findings needs.
pub(super) struct Search<'a> {
    pub(super) advisor: &'a Advisor,
    pub(super) settings: &'a FindingSettings,
    pub(super) privileges: Privileges,
    /// The first instant of the tracking period, in UTC milliseconds.
    pub(super) since: i64,
    /// The last instant, in UTC milliseconds.
    pub(super) until: i64,
    /// Whether the export lacks entities, or parts of them.
    pub(super) is_incomplete: bool,
    pub(super) accounts_with_users: HashSet<AccountId>,
    window: DayRange,
    needs_no_permission: Vec<ActionId>,
}

/// How an entity is judged.
enum Judged {
    Fully,
    TooYoung,
    ServiceLinked,
    Excluded,
}

impl Advisor {
    /// The findings on all users, groups, roles, and attached or customer-managed policies. They are about the days that the settings
    /// say, whatever the tracking of this advisor. Made in parallel on the threads of the current rayon pool.
    #[must_use]
    pub fn findings(&self, settings: &FindingSettings) -> Findings {
        let tracking = Tracking::full()
            .with_period_days(Some(settings.unused_days.into()))
            .with_min_coverage_days(settings.min_coverage_days);
        let advisor = self.with_tracking(tracking);
        let search = Search::new(&advisor, settings);
        let entities = advisor.account().reported_entities();
        // One by one, because some reports are much larger than others.
        let found: Vec<(Judged, Vec<Finding>)> = entities
            .par_iter()
            .with_max_len(1)
            .filter_map(|entity| Some(search.find(*entity, advisor.account().entity(*entity)?)))
            .collect();
        let mut list = Findings {
            findings: Vec::new(),
            found_at: advisor.now(),
            coverage: advisor.coverage(),
            judged: 0,
            excluded: 0,
            too_young: 0,
            service_linked: 0,
        };
        for (judged, findings) in found {
            match judged {
                Judged::Fully => list.judged += 1,
                Judged::TooYoung => list.too_young += 1,
                Judged::ServiceLinked => list.service_linked += 1,
                Judged::Excluded => list.excluded += 1,
            }
            list.findings.extend(findings);
        }
        list.findings.sort_by(|left, right| {
            let wins = |finding: &Finding| (finding.severity, finding.unused_actions);
            (wins(right).cmp(&wins(left)))
                .then_with(|| left.kind.cmp(&right.kind))
                .then_with(|| left.resource.cmp(&right.resource))
                .then_with(|| left.subject.cmp(&right.subject))
        });
        list
    }
}

impl Findings {
    /// The findings that are not archived.
    pub fn active(&self) -> impl Iterator<Item = &Finding> {
        (self.findings.iter()).filter(|finding| !finding.status.is_archived())
    }

    /// The greatest severity of a finding that is not archived.
    #[must_use]
    pub fn worst(&self) -> Option<Severity> {
        self.active().map(|finding| finding.severity).max()
    }
}

impl<'a> Search<'a> {
    fn new(advisor: &'a Advisor, settings: &'a FindingSettings) -> Self {
        let catalog = advisor.catalog();
        let account = advisor.account();
        let tracking = advisor.tracked();
        let now = advisor.now();
        let sts = catalog.service_by_namespace("sts");
        // "No permissions are required" (STS API Reference).
        let needs_no_permission = ["GetCallerIdentity", "GetSessionToken"];
        let users = account.entities().map(|(_, detail)| detail);
        let users = users.filter(|detail| detail.kind == EntityKind::User);
        Self {
            advisor,
            settings,
            privileges: Privileges::new(catalog),
            since: tracking
                .period_start(now)
                .map_or(i64::MIN, |start| start.timestamp_millis()),
            until: tracking.visible_until(now).timestamp_millis(),
            is_incomplete: account.issues().iter().any(|issue| {
                matches!(
                    issue.kind,
                    ExportIssueKind::Truncated
                        | ExportIssueKind::Unreadable { .. }
                        | ExportIssueKind::InvalidArn { .. }
                        | ExportIssueKind::WrongKind
                )
            }),
            accounts_with_users: users.map(|detail| detail.account.clone()).collect(),
            window: advisor.window(),
            needs_no_permission: needs_no_permission
                .iter()
                .filter_map(|name| catalog.action_by_name(sts?, name))
                .collect(),
        }
    }

    fn find(&self, entity: EntityId, detail: &EntityDetail) -> (Judged, Vec<Finding>) {
        let mut found = Vec::new();
        if self.settings.excluded(detail).is_some() {
            return (Judged::Excluded, found);
        }
        // Access Analyzer does not judge them either: AWS manages their permissions.
        if detail.path.starts_with("/aws-service-role/") {
            return (Judged::ServiceLinked, found);
        }
        match detail.kind {
            EntityKind::User | EntityKind::Role => {
                identity::find(self, entity, detail, &mut found);
            }
            EntityKind::Group => policy::find_on_group(self, entity, detail, &mut found),
            EntityKind::Policy => policy::find_on_policy(self, entity, detail, &mut found),
        }
        for finding in &mut found {
            finding.status = self.status(finding, detail);
        }
        let judged = if self.is_old_enough(detail) {
            Judged::Fully
        } else {
            Judged::TooYoung
        };
        (judged, found)
    }

    fn status(&self, finding: &Finding, detail: &EntityDetail) -> FindingStatus {
        let matches = |rule: &ArchiveRule| {
            (rule.kinds.is_empty() || rule.kinds.contains(&finding.kind))
                && rule.up_to.is_none_or(|most| finding.severity <= most)
                && (rule.ids.is_empty() || {
                    let id = finding.id.to_string();
                    rule.ids.iter().any(|known| **known == *id)
                })
                && rule.entities.matches(detail)
        };
        let rules = || self.settings.archive.iter().filter(|rule| matches(rule));
        let now = self.advisor.now();
        let mut in_force = rules().filter(|rule| !rule.is_expired(now));
        match (in_force.next(), rules().next()) {
            (Some(rule), _) => FindingStatus::Archived(rule.clone()),
            (None, Some(rule)) => FindingStatus::Resurfaced(rule.clone()),
            (None, None) => FindingStatus::Active,
        }
    }

    /// Whether an entity exists for the whole tracking period. Without a date it may be new.
    pub(super) fn is_old_enough(&self, detail: &EntityDetail) -> bool {
        let created = detail.created.map(|time| time.timestamp_millis());
        created.is_some_and(|created| created <= self.since)
    }

    /// Whether everybody may call it.
    pub(super) fn needs_no_permission(&self, action: ActionId) -> bool {
        self.needs_no_permission.contains(&action)
    }

    /// A finding of which only the entity is known.
    pub(super) fn finding(
        &self,
        kind: FindingKind,
        detail: &EntityDetail,
        subject: &str,
    ) -> Finding {
        let unique_id = detail.unique_id.as_ref().map(UniqueId::as_str);
        Finding {
            id: FindingId::new(unique_id.unwrap_or(&detail.arn), kind, subject),
            kind,
            status: FindingStatus::Active,
            severity: Severity::Informational,
            severity_reason: SeverityReason::GrantsNothing,
            resource: detail.arn.clone(),
            resource_kind: detail.kind,
            account: detail.account.clone(),
            created: detail.created,
            subject: subject.into(),
            credential_id: None,
            reported_until: None,
            permissions: Vec::new(),
            unused_actions: 0,
            last_use: None,
            state: None,
            state_reason: None,
            window: self.window,
            granted_by: Vec::new(),
            found_at: self.advisor.now(),
            catalog: self.advisor.catalog().clone(),
        }
    }
}
