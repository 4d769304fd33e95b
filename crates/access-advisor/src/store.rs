//! One SQLite file that keeps accounts, activity and jobs.
//!
//! [`Store`] imports and lists; [`StoredAdvisor`] runs the four last-accessed operations over it. Importing a trail again reads
//! only objects that are new.

#[doc(inline)]
pub use advisor_store::{
    AccountImportError, AccountSnapshot, DatabaseErrorKind, ImportedAccounts, ImportedTrail,
    JobRetention, JobSummary, NoActivityError, OperationError, Store, StoreError, StorePathFault,
    StoredAdvisor, TrailImportError,
};
