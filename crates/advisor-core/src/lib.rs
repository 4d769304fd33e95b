#![doc = include_str!("../README.md")]

mod account;
mod action_set;
mod activity;
mod advisor;
mod caller;
mod cancellation;
mod compiled_policy;
mod coverage;
mod credentials;
mod day_set;
mod decisions;
mod event_id;
mod explain;
mod findings;
mod grants;
mod ids;
mod interned;
mod interner;
mod job;
mod joined_rows;
mod page;
mod parameters;
mod patterns_by_service;
mod policy_variables;
mod principal;
mod reach;
mod report;
mod reports;
mod request_error;
mod rightsize;
mod scope_formats;
mod service_ref;
mod spelling;
mod state;
mod statement_resources;
pub mod text;
pub mod time;
mod tracking;
mod unseen_use;
mod usage;

pub use account::export;
pub use account::{
    AccountData, AccountDataBuilder, DocumentId, EntityDetail, EntityId, EntityKind, ExportError,
    ExportErrorKind, ExportIssue, ExportIssueKind, NotEvaluatedReason, OtherVersion,
    PolicyInEffect, PolicySource, SplitExport, UnknownHolders,
};
pub use activity::{
    Activity, ActivityRow, AppearanceId, Attempt, CreditedAction, CreditedActionId, Evidence,
    InternedAttempt, RegionId,
};
pub use advisor::{Advisor, LastByNamespace};
pub use caller::{Caller, CallerError, CallerErrorKind};
pub use cancellation::{Cancellation, Cancelled};
pub use compiled_policy::{CompiledPolicy, PolicyCompiler};
pub use coverage::{
    CallCoverage, CatalogMismatch, Coverage, CoverageId, CoverageSummary, CredentialId,
    CredentialUse, Digest, EventCategory, ListedLogFile, LogFileCoverage, MissingLogFile,
    RecordCoverage, UserCredential,
};
pub use credentials::{
    AccessKey, CredentialActivity, CredentialReport, CredentialReportError, CredentialReportFault,
    ReportedAccessKey, ReportedPassword, ReportedUser,
};
pub use day_set::DaySet;
pub use explain::{
    DenyEffect, ExplainError, ExplainedAllow, ExplainedDeny, ExplainedResource, ExplainedUse,
    Explainer, Explanation, NotGranted, PlacedStatement, PolicyPath, ResourceOutcome,
};
pub use findings::{
    AccountSummary, ActionsFingerprint, ArchiveRule, Baseline, BaselineError, EntityMatcher,
    Finding, FindingId, FindingKind, FindingSettings, FindingStatus, Findings, FindingsSummary,
    FoundPermission, GrantingStatement, IdentitySummary, LastUse, OcsfFinding, Privilege,
    PrivilegeClass, Rhythm, SarifLog, SettingsError, Severity, SeverityReason, UnknownEventSource,
    UnknownFindingKindError, UnknownSeverityError, UnmatchedArchiveRule,
};
pub use grants::{
    GrantingPolicy, PoliciesGrantingAnswer, PoliciesGrantingServiceAccess,
    policies_granting_service_access,
};
pub use ids::{AccountId, JobId, UniqueId};
pub use job::{
    FreezeError, FrozenEntity, FrozenNotEvaluated, FrozenReport, Job, JobAnswer, JobError,
    JobState, PageRequest,
};
pub use page::{MarkerKey, MaxItems, Page, PagedOperation};
pub use parameters::{
    check_marker, check_service_namespace, check_service_namespaces, find_service,
};
pub use principal::Principal;
pub use reach::{Reach, ReachEngine};
pub use report::{
    ActionRow, EntityAccess, Grant, Granularity, LastAccess, NotEvaluated, Report, ReportVisitor,
    ServiceLastAccessed, ServiceRow, TrackedActionLastAccessed, UngrantedActionUsed,
};
pub use reports::{MappedReports, Reports};
pub use request_error::RequestError;
pub use rightsize::{
    Advice, Basis, ChangeReason, KeepRuleError, KeepRules, KeptActions, NewPolicy, OnlyOneMember,
    PolicyChange, PolicyLimits, PolicyPlace, Proof, Refusal, RightsizeOptions, Rightsized,
    RightsizedFile, Rightsizer, StatementChange, UnknownLimitError, UnmatchedKeepRule, Wildcards,
    shortest_actions,
};
pub use state::{
    AccountCoverage, CategoryCoverage, DayRange, MissingLogFiles, RegionCoverage, ReportCoverage,
    State, StateReason, call_tells,
};
pub use tracking::{TrackedActions, TrackedRegions, Tracking};
pub use unseen_use::{UnseenUse, UseSource};
