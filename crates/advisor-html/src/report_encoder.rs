//! Makes reports ready to be written, with the findings on them.

use std::sync::Arc;

use advisor_core::{Advisor, Finding, FindingKind, Report, Severity};
use hashbrown::HashMap;

use crate::encoded_report::{EncodedReport, FoundPart};
use crate::finding_json::finding_json;
use crate::options::HtmlOptions;

/// Makes reports of an advisor ready to be written, each by itself: this is the part of the work that can be done in parallel.
#[derive(Debug)]
pub struct ReportEncoder {
    advisor: Advisor,
    /// By the ARN of the entity.
    findings: HashMap<Arc<str>, Vec<Finding>>,
}

impl ReportEncoder {
    /// Creates an encoder. If the options ask for findings, they are made here.
    #[must_use]
    pub fn new(advisor: &Advisor, options: &HtmlOptions) -> Self {
        let mut findings: HashMap<Arc<str>, Vec<Finding>> = HashMap::new();
        if let Some(settings) = &options.findings {
            for finding in advisor.findings(settings).findings {
                let of_entity = findings.entry(finding.resource.clone());
                of_entity.or_default().push(finding);
            }
        }
        Self {
            advisor: advisor.clone(),
            findings,
        }
    }

    /// Makes a report of the advisor ready to be written.
    #[must_use]
    pub fn encode(&self, report: &Report) -> EncodedReport {
        let findings = self
            .findings
            .get(report.arn())
            .map_or(&[][..], Vec::as_slice);
        let found = findings.iter().map(|finding| FoundPart {
            code: (!finding.status.is_archived()).then(|| code(finding)),
            json: finding_json(finding),
        });
        EncodedReport {
            findings: found.collect(),
            ..EncodedReport::new(&self.advisor, report)
        }
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
