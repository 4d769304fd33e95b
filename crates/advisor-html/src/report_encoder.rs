//! Makes reports ready to be written, with the findings on them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use advisor_core::{
    Advisor, EntityId, Finding, FindingKind, FindingSettings, Findings, Refusal, Report,
    RightsizeOptions, Rightsized, Rightsizer, Severity,
};
use hashbrown::HashMap;

use crate::encoded_report::{EncodedReport, FoundPart, KEPT_WHOLE};
use crate::finding_json::finding_json;
use crate::grants::GrantFinder;
use crate::index::{FindingBasis, FindingNames};
use crate::rightsized_json::rightsized_json;

/// Findings on so many entities are in memory with all of their actions.
const ENTITIES_AT_ONCE: usize = 250;

/// Makes reports of an advisor ready to be written, each by itself: this is the part of the work that can be done in parallel.
#[derive(Clone, Debug)]
pub struct ReportEncoder {
    advisor: Advisor,
    /// By the ARN of the entity; `None` when none were looked for.
    findings: Option<HashMap<Arc<str>, Vec<FoundPart>>>,
    /// What the findings rest on.
    basis: Option<FindingBasis>,
    archived: usize,
    excluded: usize,
    /// Where it says which entities are left out, and why.
    settings: Option<Arc<FindingSettings>>,
    rightsizer: Option<Rightsizer>,
    grants: Arc<GrantFinder>,
    /// Whether the file that is being written has room for all of a report.
    has_room: Arc<AtomicBool>,
}

impl ReportEncoder {
    /// Creates an encoder of reports without findings.
    #[must_use]
    pub fn new(advisor: &Advisor) -> Self {
        Self {
            advisor: advisor.clone(),
            findings: None,
            basis: None,
            archived: 0,
            excluded: 0,
            settings: None,
            rightsizer: None,
            grants: Arc::new(GrantFinder::new(advisor)),
            has_room: Arc::new(AtomicBool::new(true)),
        }
    }

    /// Adds findings on the account: each stands on the page of its entity.
    #[must_use]
    pub fn with_findings(mut self, findings: &Findings) -> Self {
        self.basis = Some(FindingBasis::new(&findings.coverage));
        self.archived += findings.findings.len() - findings.active().count();
        self.excluded += findings.excluded;
        let by_entity = self.findings.get_or_insert_default();
        for finding in &findings.findings {
            let of_entity = by_entity.entry(finding.resource.clone());
            of_entity.or_default().push(FoundPart::new(finding));
        }
        self
    }

    /// Says on the pages of entities that these settings exclude from findings that they do, and why.
    #[must_use]
    pub fn with_exclusions(self, settings: &FindingSettings) -> Self {
        Self {
            settings: Some(Arc::new(settings.clone())),
            ..self
        }
    }

    /// Looks for findings on entities of the advisor, and adds them. Of each only what its page shows is kept, so that the findings on
    /// a large account take little memory. Calls `check` again and again; its error ends the search. A tracking without states does
    /// not tell what was not read from what was not used: with it, there is nothing to find.
    ///
    /// # Errors
    /// That of `check`.
    pub fn find<E>(
        mut self,
        entities: &[EntityId],
        settings: &FindingSettings,
        mut check: impl FnMut() -> Result<(), E>,
    ) -> Result<Self, E> {
        if !self.advisor.tracking().has_states() {
            return Ok(self);
        }
        self.findings.get_or_insert_default();
        for some in entities.chunks(ENTITIES_AT_ONCE) {
            check()?;
            let findings = self.advisor.findings_on(some, settings);
            self = self.with_findings(&findings);
        }
        check()?;
        Ok(self.with_exclusions(settings))
    }

    /// Adds right-sized policies to the pages of users, groups, roles and the account's own policies. Without states there are none:
    /// see [`find`](Self::find).
    #[must_use]
    pub fn with_rightsizing(self, options: RightsizeOptions) -> Self {
        let has_states = self.advisor.tracking().has_states();
        Self {
            rightsizer: has_states.then(|| self.advisor.rightsizer(options)),
            ..self
        }
    }

    /// What the numbers of findings mean; `None` when none were looked for.
    pub(crate) fn finding_names(&self) -> Option<FindingNames> {
        self.findings.as_ref()?;
        Some(FindingNames::new(
            self.basis.clone(),
            self.archived,
            self.excluded,
        ))
    }

    /// Makes a report of the advisor ready to be written. Once an [`HtmlWriter`](crate::HtmlWriter) of this encoder is full, it leaves out
    /// what would be left out of the file.
    #[must_use]
    pub fn encode(&self, report: &Report) -> EncodedReport {
        let has_room = self.has_room.load(Ordering::Relaxed);
        let grants = has_room.then_some(&*self.grants);
        let findings = (self.findings.as_ref()).and_then(|known| known.get(report.arn()));
        let entity = self.advisor.account().resolve(report.arn()).ok();
        let rightsized = grants.and_then(|_| self.rightsizer.as_ref()?.rightsize_entity(entity?));
        EncodedReport {
            findings: findings.cloned().unwrap_or_default(),
            excluded: entity.and_then(|entity| self.excluded(entity)),
            advice: rightsized.as_ref().map(advice).unwrap_or_default(),
            removed_actions: rightsized.as_ref().map_or(0, |it| it.removed_actions),
            rightsized: rightsized.as_ref().and_then(shown),
            ..EncodedReport::new(&self.advisor, grants, report)
        }
    }

    fn excluded(&self, entity: EntityId) -> Option<Box<str>> {
        let entity = self.advisor.account().entity(entity)?;
        self.settings.as_ref()?.excluded(entity).map(Into::into)
    }

    /// Whether the file has room, which its writer says.
    pub(crate) fn room(&self) -> &Arc<AtomicBool> {
        &self.has_room
    }

    pub(crate) fn advisor(&self) -> &Advisor {
        &self.advisor
    }
}

/// What the page shows. `None` where there is nothing to say: of what AWS maintains, and without states.
fn shown(rightsized: &Rightsized) -> Option<String> {
    if matches!(rightsized.refused, Some(Refusal::OfAws | Refusal::NoStates)) {
        return None;
    }
    rightsized_json(rightsized).ok().map(|it| it.to_string())
}

/// As [`EncodedReport::advice`] has it.
fn advice(rightsized: &Rightsized) -> Vec<&'static str> {
    let advice = rightsized.advice.iter().map(|it| it.name());
    let refused = rightsized.refused.iter().map(Refusal::name);
    let mut statements = rightsized.policies.iter().flat_map(|it| &*it.statements);
    let is_whole = rightsized.refused.is_none()
        && rightsized.removed_actions == 0
        && statements.any(|it| it.stays.is_some());
    advice
        .chain(refused)
        .chain(is_whole.then_some(KEPT_WHOLE))
        .collect()
}

impl FoundPart {
    fn new(finding: &Finding) -> Self {
        Self {
            code: (!finding.status.is_archived()).then(|| code(finding)),
            json: finding_json(finding).to_string().into(),
        }
    }
}

/// The kind and the severity of a finding in one number: their positions among all kinds and severities.
fn code(finding: &Finding) -> u32 {
    let kind = FindingKind::ALL
        .iter()
        .position(|kind| *kind == finding.kind);
    let severity = Severity::ALL.iter().position(|it| *it == finding.severity);
    let code = kind.unwrap_or(0) * Severity::ALL.len() + severity.unwrap_or(0);
    u32::try_from(code).unwrap_or(u32::MAX)
}
