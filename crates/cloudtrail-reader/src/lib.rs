#![doc = include_str!("../README.md")]

mod activity_file;
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
mod options;
mod outcome;
mod parquet_table;
mod passages;
mod plain;
mod reader;
mod reasons;
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

pub use intake::{Intake, Taken};
pub use listing::ListingError;
pub use options::{Parser, ReadOptions};
pub use outcome::reconciliation::{
    ActivityRows, Example, FailedObject, Reconciliation, SkippedObject,
};
pub use outcome::set_aside::{Malformed, MalformedKind, RecordField, SetAside, UserIdentityKind};
pub use outcome::trail_read::TrailRead;
pub use reader::{ObjectRead, TrailReader};
pub use source::TrailObject;

/// The rules of attribution as constants, for whoever states them in another language, such as SQL.
pub mod attribution {
    pub use crate::record::attribution::{
        API_CALL_TYPES, DENIAL_MARKERS, INSIGHT_CATEGORY, INSIGHT_TYPE,
    };
    pub use crate::record::checks::{
        ARN_PREFIX, FIRST_MILLIS, LAST_MILLIS, LONGEST_ARN, LONGEST_NAME, LONGEST_REGION,
        UNIQUE_ID_LENGTHS,
    };
    pub use crate::record::identity::{ROLE_ID_PREFIX, USER_ID_PREFIX, identity_types};
}
