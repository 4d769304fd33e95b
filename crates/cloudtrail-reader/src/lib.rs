#![doc = include_str!("../README.md")]

mod activity_file;
mod attribution;
mod calendar;
mod callers;
mod csv_table;
mod fragments;
mod identity_fields;
mod identity_text;
mod inflate;
mod intake;
mod listing;
mod memo;
mod nesting;
mod object;
mod operations;
mod parquet_table;
mod passages;
mod plain;
mod printable;
mod reader;
mod reasons;
mod reconciliation;
mod record;
mod record_fields;
mod runs;
#[cfg(feature = "s3")]
pub mod s3;
mod scan;
mod seen;
mod shape;
mod source;
mod special_bytes;
mod table;
mod utf8;

pub use attribution::{SetAside, UserIdentityKind};
pub use intake::{Intake, Taken};
pub use listing::ListingError;
pub use reader::{ObjectRead, Parser, ReadOptions, TrailRead, TrailReader};
pub use reconciliation::{ActivityRows, Example, FailedObject, Reconciliation, SkippedObject};
pub use source::TrailObject;
