#![doc = include_str!("../README.md")]

mod accounts;
mod activity;
mod database;
mod jobs;
mod operations;
mod trail;
mod trail_object;

pub use accounts::{AccountPicture, ImportedAccounts};
pub use database::{Store, StoreError};
pub use jobs::JobSummary;
pub use operations::{OperationError, StoredAdvisor};
pub use trail::{ImportError, ImportedTrail};
