#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod accounts;
mod activity;
mod advisors;
mod compression;
mod coverage;
mod database;
mod error;
mod file;
mod job_rows;
mod jobs;
mod raw_content;
mod reports;
mod schema;
mod store;
mod stored_advisor;
mod table;
mod tables;
mod trail;
mod transaction;
mod upgrade;

pub use accounts::{AccountImportError, AccountSnapshot, ImportedAccounts};
pub use error::{DatabaseErrorKind, StoreError, StorePathFault};
pub use job_rows::JobSummary;
pub use jobs::JobRetention;
pub use store::Store;
pub use stored_advisor::{NoActivityError, OperationError, StoredAdvisor};
pub use trail::{ImportedTrail, TrailImportError};
