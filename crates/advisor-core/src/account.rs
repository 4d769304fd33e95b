//! Account data: users, groups, roles and policies, from exports of
//! `aws iam get-account-authorization-details`.
//!
//! One [`AccountData`] can hold several accounts. An AWS managed policy is one entity for all of them,
//! with the newest document of the exports. Of a permissions boundary the ARN is kept: it is named, and not evaluated.
//! Trust policies do not matter for reports and are not kept.

mod assemble;
mod builder;
mod document_text;
mod entity;
pub mod export;
mod export_error;
mod export_time;
mod graph;
mod holders;
mod issue;
mod owner;
mod split;

pub use self::builder::AccountDataBuilder;
pub use self::entity::{
    DocumentId, EntityDetail, EntityId, EntityKind, NotEvaluatedReason, OtherVersion, PolicySource,
};
pub use self::export_error::{ExportError, ExportErrorKind};
pub use self::graph::{AccountData, PolicyInEffect};
pub(crate) use self::holders::Holders;
pub use self::holders::UnknownHolders;
pub use self::issue::{ExportIssue, ExportIssueKind};
pub use self::split::SplitExport;
