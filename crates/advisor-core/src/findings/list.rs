//! Finds, sorts and archives findings.

use chrono::{DateTime, Utc};
use hashbrown::HashSet;
use rayon::prelude::*;

use super::baseline::Baseline;
use super::finding::Finding;
use super::judged::JudgedEntity;
use super::kind::FindingKind;
use super::privileges::Privilege;
use super::search::Search;
use super::settings::FindingSettings;
use super::severity::Severity;
use super::unknown_event_source::UnknownEventSource;
use super::{identity, policy};
use crate::account::{EntityDetail, EntityId, EntityKind};
use crate::advisor::Advisor;
use crate::state::ReportCoverage;

/// The findings on an account: those that matter most come first, and of those the ones with the most unused actions. Serializes as
/// `access-advisor findings --format json` prints it, which a [`Baseline`] reads.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Findings {
    /// The findings, with those that are archived.
    pub findings: Vec<Finding>,
    /// The instant of the findings.
    pub found_at: DateTime<Utc>,
    /// What they rest on.
    pub coverage: ReportCoverage,
    /// Event sources that the catalog does not know and that may be parts of granted services.
    pub unknown_event_sources: Vec<UnknownEventSource>,
    /// The number of users, groups, roles and managed policies that were judged.
    pub judged: usize,
    /// The number of those that were left out by an exclusion.
    pub excluded: usize,
    /// The number of those of which nothing is called unused, because they are younger than the tracking period.
    pub too_young: usize,
    /// The number of those of which nothing is called unused, because the export does not say when they were created.
    pub unknown_age: usize,
    /// The number of service-linked roles, which are not judged.
    pub service_linked: usize,
}

/// What was found on an entity.
struct Found {
    judged: Judged,
    findings: Vec<Finding>,
    unknown_event_sources: Vec<UnknownEventSource>,
}

/// How an entity is judged.
enum Judged {
    Fully,
    TooYoung,
    UnknownAge,
    ServiceLinked,
    Excluded,
}

impl Advisor {
    /// The findings on all users, groups, roles, and attached or customer-managed policies. They are about the days that the settings
    /// say, whatever the tracking of this advisor. Made in parallel on the threads of the current rayon pool.
    #[must_use]
    pub fn findings(&self, settings: &FindingSettings) -> Findings {
        self.findings_on(&self.account().reported_entities(), settings)
    }

    /// [`Advisor::findings`] on some of these entities.
    #[must_use]
    pub fn findings_on(&self, entities: &[EntityId], settings: &FindingSettings) -> Findings {
        self.judge(entities, settings, None)
    }

    /// The findings that an earlier run does not have: see [`Baseline`]. Of a finding with known and new permissions, the new ones are
    /// listed, with their own severity and evidence.
    #[must_use]
    pub fn new_findings(&self, settings: &FindingSettings, baseline: &Baseline) -> Findings {
        self.judge(
            &self.account().reported_entities(),
            settings,
            Some(baseline),
        )
    }

    fn judge(
        &self,
        entities: &[EntityId],
        settings: &FindingSettings,
        baseline: Option<&Baseline>,
    ) -> Findings {
        let advisor = self.with_tracking(settings.tracking());
        let search = Search::new(&advisor, settings);
        // One by one, because some reports are much larger than others.
        let found: Vec<Found> = entities
            .par_iter()
            .with_max_len(1)
            .filter_map(|entity| {
                let detail = advisor.account().entity(*entity)?;
                Some(find(&search, *entity, detail, baseline))
            })
            .collect();
        let mut list = Findings {
            findings: Vec::new(),
            found_at: advisor.now(),
            coverage: advisor.coverage(),
            unknown_event_sources: Vec::new(),
            judged: 0,
            excluded: 0,
            too_young: 0,
            unknown_age: 0,
            service_linked: 0,
        };
        let mut unknown = Vec::new();
        for mut found in found {
            match found.judged {
                Judged::Fully => list.judged += 1,
                Judged::TooYoung => list.too_young += 1,
                Judged::UnknownAge => list.unknown_age += 1,
                Judged::ServiceLinked => list.service_linked += 1,
                Judged::Excluded => list.excluded += 1,
            }
            list.findings.append(&mut found.findings);
            unknown.append(&mut found.unknown_event_sources);
        }
        list.unknown_event_sources = UnknownEventSource::merged(unknown.into_iter());
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

    /// What the reviewed list of privileges says of the actions in findings of kind `UnusedPrivilege`, sorted by action.
    #[must_use]
    pub fn privileges(&self) -> Vec<&'static Privilege> {
        let of_privileges = (self.findings.iter())
            .filter(|finding| finding.kind == FindingKind::UnusedPrivilege)
            .flat_map(|finding| finding.permissions.iter().map(move |one| (finding, one)));
        let mut seen = HashSet::new();
        let mut listed: Vec<&'static Privilege> = Vec::new();
        for (finding, permission) in of_privileges {
            let new = permission.actions.iter().copied();
            let new = new.filter(|action| seen.insert(*action));
            listed.extend(new.filter_map(|action| Privilege::listed(&finding.action_name(action))));
        }
        listed.sort_unstable_by_key(|privilege| privilege.action);
        listed
    }

    /// The greatest severity of a finding that is not archived.
    #[must_use]
    pub fn worst(&self) -> Option<Severity> {
        self.active().map(|finding| finding.severity).max()
    }
}

/// The findings on an entity.
fn find(
    search: &Search<'_>,
    entity: EntityId,
    detail: &EntityDetail,
    baseline: Option<&Baseline>,
) -> Found {
    let without_findings = |judged| Found {
        judged,
        findings: Vec::new(),
        unknown_event_sources: Vec::new(),
    };
    if search.settings.excluded(detail).is_some() {
        return without_findings(Judged::Excluded);
    }
    // Access Analyzer does not judge them either: AWS manages their permissions.
    if detail.path.starts_with("/aws-service-role/") {
        return without_findings(Judged::ServiceLinked);
    }
    let entity = JudgedEntity::new(search.advisor, entity, detail);
    let mut found = Vec::new();
    let mut unknown_event_sources = Vec::new();
    match detail.kind {
        EntityKind::User | EntityKind::Role => {
            unknown_event_sources = identity::find(search, &entity, &mut found);
        }
        EntityKind::Group => policy::find_on_group(search, &entity, &mut found),
        EntityKind::Policy => policy::find_on_policy(search, &entity, &mut found),
    }
    if let Some(baseline) = baseline {
        let new = |finding| baseline.new_part(search, &entity, finding);
        found = found.into_iter().filter_map(new).collect();
    }
    for finding in &mut found {
        finding.status = search.status(finding, detail);
    }
    let judged = if search.is_old_enough(detail) {
        Judged::Fully
    } else if detail.created.is_some() {
        Judged::TooYoung
    } else {
        Judged::UnknownAge
    };
    Found {
        judged,
        findings: found,
        unknown_event_sources,
    }
}
