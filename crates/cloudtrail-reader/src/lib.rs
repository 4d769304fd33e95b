#![doc = include_str!("../README.md")]

mod attribution;
mod inflate;
mod listing;
mod object;
mod printable;
mod reader;
mod reconciliation;
mod record;
mod utf8;

pub use attribution::{SetAside, UserIdentityKind};
pub use listing::ListingError;
pub use reader::{ObjectRead, ReadOptions, TrailRead, TrailReader};
pub use reconciliation::{Example, FailedObject, Reconciliation, SkippedObject};
