//! Findings: what an account could do without, and what does not fit together.
//!
//! [`Advisor::findings`](crate::report::Advisor::findings) makes them. Kinds that IAM Access Analyzer has mean what they mean there. Each
//! finding says what it rests on, and is only made where the logs would have shown the use.
//!
//! ```
//! use access_advisor::account::load_account_data;
//! use access_advisor::catalog::Catalog;
//! use access_advisor::findings::{FindingKind, FindingSettings};
//! use access_advisor::report::{Advisor, Tracking};
//! use access_advisor::{time, trail::load_trail};
//! # std::env::set_current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))?;
//!
//! let account = load_account_data(&["testdata/account.json"])?;
//! let trail = load_trail(&["testdata/trail"])?;
//! let now = time::parse("2026-11-01T00:00:00Z").ok_or("not a time")?;
//! let advisor = Advisor::new(account, &trail.activity, Catalog::shared(), Tracking::full(), now)?;
//!
//! let settings = FindingSettings::parse("min_coverage_days = 10")?;
//! for finding in advisor.findings(&settings).active() {
//!     println!("{} {} {}: {}", finding.severity, finding.kind, finding.resource, finding.severity_reason);
//! }
//! # let findings = advisor.findings(&settings);
//! # assert!(findings.active().any(|finding| finding.kind == FindingKind::UnusedPermission));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::path::Path;

use crate::account::{LoadError, read_text_within};

#[doc(inline)]
pub use advisor_core::{
    AccountSummary, ActionsFingerprint, ArchiveRule, Baseline, BaselineError, EntityMatcher,
    Finding, FindingId, FindingKind, FindingSettings, FindingStatus, Findings, FindingsSummary,
    FoundPermission, GrantingStatement, IdentitySummary, LastUse, OcsfFinding, Privilege,
    PrivilegeClass, Rhythm, SarifLog, SettingsError, Severity, SeverityReason, UnknownEventSource,
    UnknownFindingKindError, UnknownSeverityError, UnmatchedArchiveRule,
};

/// The most bytes of a settings file.
const SETTINGS_LIMIT: usize = 1 << 20;

/// Reads the text of a settings file, for [`FindingSettings::parse`]. As [`read_text`](crate::account::read_text), but it can have
/// 1 MiB.
///
/// # Errors
/// A file that cannot be read or unpacked, is too large, or has another encoding.
pub fn read_settings_text(path: &Path) -> Result<String, LoadError> {
    read_text_within(path, SETTINGS_LIMIT)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_settings_file_has_a_limit() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("settings.toml");
        std::fs::write(&file, "#".repeat(SETTINGS_LIMIT)).unwrap();
        assert_eq!(read_settings_text(&file).unwrap().len(), SETTINGS_LIMIT);
        std::fs::write(&file, "#".repeat(SETTINGS_LIMIT + 1)).unwrap();
        let error = read_settings_text(&file).unwrap_err();
        assert!(matches!(error, LoadError::Io { .. }), "{error}");
    }
}
