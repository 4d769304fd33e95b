//! Archive rules that archive nothing.

use std::fmt;
use std::sync::Arc;

use hashbrown::HashSet;

use super::list::Findings;
use super::settings::{ArchiveRule, FindingSettings};

/// An archive rule that no finding names: it may be misspelt, or no longer needed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct UnmatchedArchiveRule {
    /// Its place among the archive rules, from 0.
    pub index: usize,
    /// The rule.
    pub rule: Arc<ArchiveRule>,
}

impl fmt::Display for UnmatchedArchiveRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (owner, reason) = (&self.rule.owner, &self.rule.reason);
        write!(
            f,
            "archive[{}] ({owner}: {reason}) is for no finding, or only for those of other rules",
            self.index
        )
    }
}

impl Findings {
    /// The archive rules of the settings that none of these findings name. These must be all findings that were made with the settings:
    /// without a baseline, and with the archived ones.
    #[must_use]
    pub fn unmatched_archive_rules(&self, settings: &FindingSettings) -> Vec<UnmatchedArchiveRule> {
        let named: HashSet<*const ArchiveRule> = (self.findings.iter())
            .filter_map(|finding| finding.status.rule().map(std::ptr::from_ref))
            .collect();
        let rules = settings.archive.iter().enumerate();
        let unmatched = rules.filter(|(_, rule)| !named.contains(&Arc::as_ptr(rule)));
        unmatched
            .map(|(index, rule)| UnmatchedArchiveRule {
                index,
                rule: rule.clone(),
            })
            .collect()
    }
}
