//! Coverage: what the input of an activity table held, so that a report can say what "not used" rests on.
//!
//! A trail proves that something was not used only on the days, in the Regions and for the kinds of event that were read. Coverage
//! merges as activity does: any split of a trail over threads, files or machines gives the same.

mod catalogs;
mod category;
mod credential_use;
mod exchange;
mod limits;
mod log_files;
mod spans;
mod summary;
mod trail_coverage;

pub use self::catalogs::CatalogMismatch;
pub use self::category::EventCategory;
pub(crate) use self::credential_use::SeenCredential;
pub use self::credential_use::{CredentialId, CredentialUse, UserCredential};
pub use self::summary::CoverageSummary;
pub(crate) use self::trail_coverage::OwnedCategory;
pub use self::trail_coverage::{
    CallCoverage, Coverage, CoverageId, Digest, ListedLogFile, LogFileCoverage, MissingLogFile,
    RecordCoverage,
};

#[cfg(test)]
mod tests;
