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

#[doc(inline)]
pub use advisor_core::{
    AccountSummary, ActionsFingerprint, ArchiveRule, Baseline, BaselineError, EntityMatcher,
    Finding, FindingId, FindingKind, FindingSettings, FindingStatus, Findings, FindingsSummary,
    FoundPermission, GrantingStatement, IdentitySummary, LastUse, OcsfFinding, PrivilegeClass,
    Rhythm, SarifLog, SettingsError, Severity, SeverityReason,
};
