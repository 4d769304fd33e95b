//! CloudTrail objects in S3: listing a bucket's folders, and reading the objects ahead of those who
//! parse them.
//!
//! [`S3Source::list`] streams what is to be read; [`S3Source::fetch_ahead`] reads it. Both are for
//! ordinary threads: they block, and the asynchronous machinery below stays in here.
//!
//! Credentials, signatures and HTTP are `object_store`'s. The two requests themselves
//! (`ListObjectsV2`, `GetObject`) are made here, because its paths cannot tell a folder's marker
//! (`AWSLogs/111122223333/CloudTrail/`, which CloudTrail itself writes) from an object, and one key
//! such as `a//b` would fail the listing of a thousand others.

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
pub use error::{S3Failure, S3Fault, S3OpenError};
pub use fetch::{FetchError, Fetched, S3Fetched};
pub use listing::{ListError, S3Listing};
pub use location::{S3Location, S3LocationError};
pub use object::S3Object;
pub use options::S3Options;
pub use source::S3Source;
