//! Makes reports ready to be written, with the findings on them.

use std::sync::Arc;

use advisor_core::{
    Advisor, Finding, FindingKind, Findings, Refusal, Report, Rightsizer, Severity,
};
use hashbrown::HashMap;
use serde_json::Value;

use crate::encoded_report::{EncodedReport, FoundPart};
use crate::finding_json::finding_json;
use crate::grants::GrantFinder;
use crate::rightsized_json::rightsized_json;

/// Makes reports of an advisor ready to be written, each by itself: this is the part of the work that can be done in parallel.
#[derive(Clone, Debug)]
pub struct ReportEncoder {
    advisor: Advisor,
    /// By the ARN of the entity; `None` when none were looked for.
    findings: Option<HashMap<Arc<str>, Vec<Finding>>>,
    rightsizer: Option<Rightsizer>,
    grants: Arc<GrantFinder>,
}

impl ReportEncoder {
    /// Creates an encoder of reports without findings.
    #[must_use]
    pub fn new(advisor: &Advisor) -> Self {
        Self {
            advisor: advisor.clone(),
            findings: None,
            rightsizer: None,
            grants: Arc::new(GrantFinder::new(advisor)),
        }
    }

    /// Adds findings on the account: each stands on the page of its entity.
    #[must_use]
    pub fn with_findings(self, findings: Findings) -> Self {
        let mut by_entity: HashMap<Arc<str>, Vec<Finding>> = HashMap::new();
        for finding in findings.findings {
            let of_entity = by_entity.entry(finding.resource.clone());
            of_entity.or_default().push(finding);
        }
        Self {
            findings: Some(by_entity),
            ..self
        }
    }

    /// Adds right-sized policies, which a right-sizer of the same advisor makes, to the pages of users, groups, roles and the account's
    /// own policies.
    #[must_use]
    pub fn with_rightsizer(self, rightsizer: Rightsizer) -> Self {
        Self {
            rightsizer: Some(rightsizer),
            ..self
        }
    }

    /// Whether findings were looked for.
    pub(crate) fn has_findings(&self) -> bool {
        self.findings.is_some()
    }

    /// Makes a report of the advisor ready to be written.
    #[must_use]
    pub fn encode(&self, report: &Report) -> EncodedReport {
        let findings = (self.findings.as_ref()).and_then(|known| known.get(report.arn()));
        let found = findings.into_iter().flatten().map(|finding| FoundPart {
            code: (!finding.status.is_archived()).then(|| code(finding)),
            json: finding_json(finding),
        });
        EncodedReport {
            findings: found.collect(),
            rightsized: self.rightsized(report),
            ..EncodedReport::new(&self.advisor, &self.grants, report)
        }
    }

    /// `None` where there is nothing to say: of what AWS maintains, and without states.
    fn rightsized(&self, report: &Report) -> Option<Value> {
        let entity = self.advisor.account().resolve(report.arn()).ok()?;
        let rightsized = self.rightsizer.as_ref()?.rightsize_entity(entity)?;
        if matches!(rightsized.refused, Some(Refusal::OfAws | Refusal::NoStates)) {
            return None;
        }
        rightsized_json(&rightsized).ok()
    }

    pub(crate) fn advisor(&self) -> &Advisor {
        &self.advisor
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
