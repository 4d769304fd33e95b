#![doc = include_str!("../README.md")]

mod accounts;
mod activity;
mod advisors;
mod coverage;
mod database;
mod days;
mod jobs;
mod store;
mod stored_advisor;
mod trail;

pub use accounts::{AccountImportError, AccountSnapshot, ImportedAccounts};
pub use database::{DatabaseErrorKind, StoreError};
pub use jobs::JobSummary;
pub use store::Store;
pub use stored_advisor::{NoActivityError, OperationError, StoredAdvisor};
pub use trail::{ImportedTrail, TrailImportError};
