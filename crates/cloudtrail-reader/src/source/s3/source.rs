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

/// An open location, ready to be listed and read. Cheap to clone.
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
    /// Opens a location. Makes no request yet.
    ///
    /// # Errors
    /// An invalid setting in the environment or the options, no credentials.
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

    /// Lists the objects, in no particular order. Folder markers, insights, logs of other AWS services under
    /// `AWSLogs/`, and days outside of `since` and `until` are skipped.
    pub fn list(&self) -> S3Listing {
        S3Listing::start(
            &self.runtime,
            Arc::clone(&self.client),
            self.location.clone(),
            &self.options,
        )
    }

    /// The location.
    pub fn location(&self) -> &S3Location {
        &self.location
    }

    /// Prefetches objects of this bucket, from [`S3Source::list`] or a selection of it. They are returned in the order in which
    /// they arrive, and errors of the listing between them.
    ///
    /// # Errors
    /// No thread could be started.
    pub fn fetch_ahead(
        &self,
        objects: impl Iterator<Item = Result<S3Object, ListError>> + Send + 'static,
    ) -> Result<S3Fetched, S3OpenError> {
        S3Fetched::start(&self.runtime, &self.client, &self.options, objects)
            .map_err(S3OpenError::Thread)
    }
}
