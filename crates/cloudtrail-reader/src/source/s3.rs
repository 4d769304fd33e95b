//! CloudTrail objects in S3: lists buckets and prefetches objects.
//!
//! [`S3Source::list`] streams the objects of a location; [`S3Source::fetch_ahead`] reads them. Both block and are for ordinary
//! threads; the async runtime is hidden here.
//!
//! Credentials, signatures and HTTP come from `object_store`. The two requests (`ListObjectsV2`, `GetObject`) are made here,
//! because its paths cannot tell a folder marker (`AWSLogs/111122223333/CloudTrail/`, which CloudTrail itself writes) from an
//! object, and one key such as `a//b` would fail a whole page of the listing.

pub(crate) mod client;
pub(crate) mod environment;
pub(crate) mod error;
pub(crate) mod fetch;
pub(crate) mod layout;
pub(crate) mod listing;
pub(crate) mod location;
pub(crate) mod object;
pub(crate) mod options;
pub(crate) mod page;
pub(crate) mod runtime;
pub(crate) mod source;

pub use environment::Environment;
pub use error::{EndlessListing, S3Failure, S3Fault, S3OpenError};
pub use fetch::{FetchError, Fetched, S3Fetched};
pub use listing::{ListError, S3Listing};
pub use location::{S3Location, S3LocationError};
pub use object::S3Object;
pub use options::S3Options;
pub use source::S3Source;
