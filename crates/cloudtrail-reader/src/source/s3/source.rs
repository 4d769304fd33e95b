//! A location in S3 that can be listed and read.

use std::fmt;
use std::sync::Arc;

use crate::source::s3::client::Client;
use crate::source::s3::error::S3OpenError;
use crate::source::s3::fetch::S3Fetched;
use crate::source::s3::listing::{ListError, S3Listing};
use crate::source::s3::location::S3Location;
use crate::source::s3::object::S3Object;
use crate::source::s3::options::S3Options;
use crate::source::s3::runtime::Runtime;

/// A folder of a bucket, ready to be listed and read. Cheap to clone.
#[derive(Clone)]
pub struct S3Source {
    location: S3Location,
    options: S3Options,
    client: Arc<Client>,
    runtime: Arc<Runtime>,
}

impl fmt::Debug for S3Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("S3Source").field(&self.location).finish()
    }
}

impl S3Source {
    /// Prepares to read a location. Nothing is asked of S3 yet.
    ///
    /// # Errors
    /// When the environment or the options cannot be used, or hold no credentials.
    pub fn open(location: S3Location, options: S3Options) -> Result<Self, S3OpenError> {
        let client = Arc::new(Client::new(&location.bucket, &options)?);
        let runtime = Arc::new(Runtime::start().map_err(S3OpenError::Thread)?);
        Ok(S3Source {
            location,
            options,
            client,
            runtime,
        })
    }

    /// Lists the objects, in no particular order. Folders' markers, digests, insights, what other AWS
    /// services keep under `AWSLogs/`, and days out of the window are left out.
    pub fn list(&self) -> S3Listing {
        S3Listing::start(
            &self.runtime,
            Arc::clone(&self.client),
            self.location.clone(),
            &self.options,
        )
    }

    /// What it reads.
    pub fn location(&self) -> &S3Location {
        &self.location
    }

    /// Reads objects of this bucket, from [`S3Source::list`] or a selection of it, ahead of those who
    /// take them. They come in the order in which they are there; faults of the listing come between
    /// them.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub fn fetch_ahead(
        &self,
        objects: impl Iterator<Item = Result<S3Object, ListError>> + Send + 'static,
    ) -> Result<S3Fetched, S3OpenError> {
        S3Fetched::start(&self.runtime, &self.client, &self.options, objects)
            .map_err(S3OpenError::Thread)
    }
}
