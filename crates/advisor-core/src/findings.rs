//! Findings: what an account could do without, and what does not fit together.
//!
//! Names and meaning are those of IAM Access Analyzer where it has the kind: a tracking period, entities and credentials that
//! exist for all of it, service-linked roles left out. What says that something is *unused* rests on the states of
//! [full tracking](crate::State): only `unused` counts, never `uncovered` or `unobservable`. Source: IAM User Guide, "Findings for
//! external, internal, and unused access"; Access Analyzer API Reference, `GetFindingV2`.

mod baseline;
mod credential;
mod evidence;
mod finding;
mod fingerprint;
mod identity;
mod json;
mod judged;
mod kind;
mod list;
mod message;
mod observed;
mod ocsf;
mod policy;
mod privileges;
mod rhythm;
mod sarif;
mod search;
mod settings;
mod severity;
mod summary;
mod unknown_event_source;
mod unmatched_rule;

pub use self::baseline::{Baseline, BaselineError};
pub use self::evidence::{GrantingStatement, LastUse};
pub(crate) use self::finding::name_of;
pub use self::finding::{Finding, FindingStatus, FoundPermission};
pub use self::fingerprint::{ActionsFingerprint, FindingId};
pub use self::kind::{FindingKind, UnknownFindingKindError};
pub use self::list::Findings;
pub use self::ocsf::OcsfFinding;
pub use self::privileges::{Privilege, PrivilegeClass};
pub(crate) use self::privileges::{Privileges, without_permission};
pub use self::rhythm::Rhythm;
pub use self::sarif::SarifLog;
pub use self::settings::{ArchiveRule, EntityMatcher, FindingSettings, SettingsError};
pub use self::severity::{Severity, SeverityReason, UnknownSeverityError};
pub use self::summary::{AccountSummary, FindingsSummary, IdentitySummary};
pub use self::unknown_event_source::UnknownEventSource;
pub use self::unmatched_rule::UnmatchedArchiveRule;
