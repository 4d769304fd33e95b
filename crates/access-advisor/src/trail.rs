//! Reading `CloudTrail` logs into an [`Activity`](crate::activity::Activity) table.
//!
//! [`load_trail`] reads files and folders with the default options. [`TrailReader`] takes options, lists objects first,
//! reports progress and can be stopped. [`Intake`] takes objects one by one, from wherever they come. What happened to each
//! object and record is counted in a [`Reconciliation`].
//!
//! What cannot be read is no error. A program that must not miss any use fails when there is any [`MissingInput`]:
//!
//! ```
//! # use access_advisor::account::load_account_data;
//! # use access_advisor::trail::load_trail;
//! # std::env::set_current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))?;
//! # let account = load_account_data(&["testdata/account.json"])?;
//! # let trail = load_trail(&["testdata/trail"])?;
//! use access_advisor::trail::MissingInput;
//!
//! MissingInput::of_trail(&trail.reconciliation, trail.activity.coverage())
//!     .with_issues(account.issues())
//!     .with_accounts(&account, &trail.activity)
//!     .check()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! With the feature `s3`, `s3://bucket/prefix` is a path like any other; the module `s3` lists and fetches objects without
//! reading them.

use std::path::Path;

#[doc(inline)]
pub use advisor_arrow::is_catching_panics;
#[doc(inline)]
pub use cloudtrail_reader::{
    ActivityRows, Container, FailedObject, FailureKind, IdentityColumn, IdentityTextFault, Intake,
    ListingError, Malformed, MalformedKind, MalformedRecord, MissingInput, MissingInputKind,
    ObjectId, ObjectRead, Parser, ReadOptions, Reconciliation, RecordField, RowFault, SetAside,
    SkippedObject, Taken, TrailObject, TrailRead, TrailReader, TruncatedObject, Truncation,
    UnpackError, UserIdentityKind,
};

use crate::catalog::Catalog;

/// `CloudTrail` objects in S3: locations, listing and fetching.
#[cfg(feature = "s3")]
pub mod s3 {
    #[doc(inline)]
    pub use cloudtrail_reader::s3::{
        EndlessListing, Environment, FetchError, Fetched, ListError, S3Failure, S3Fault, S3Fetched,
        S3Listing, S3Location, S3LocationError, S3Object, S3OpenError, S3Options, S3Source,
    };
}

/// Reads `CloudTrail` files and folders, with the embedded catalog and the default options; with the feature `s3` also
/// `s3://bucket/prefix`. [`TrailReader`] takes a catalog and options. [`TrailRead::reconciliation`] counts what happened to each
/// object and record.
///
/// # Errors
/// A path that does not exist, or a folder without files.
pub fn load_trail<P: AsRef<Path>>(paths: &[P]) -> Result<TrailRead, ListingError> {
    TrailReader::new(Catalog::shared(), ReadOptions::default()).read(paths, &|_| ())
}
