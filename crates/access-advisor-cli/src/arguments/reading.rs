//! How a trail is read.

use std::sync::Arc;

use access_advisor::catalog::Catalog;
use access_advisor::trail::{ReadOptions, TrailReader};
use chrono::{DateTime, Utc};
use clap::Args;
use clap::error::ErrorKind;

use crate::arguments::values::{parse_size, parse_time};
use crate::failure::Failure;
use crate::input;

#[derive(Debug, Args)]
pub(crate) struct ReadingArguments {
    /// Skip records from before this time, as in 2026-11-01T00:00:00Z. In a bucket, only the folders
    /// of the days since then are listed
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) since: Option<DateTime<Utc>>,

    /// Skip records from after this time
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) until: Option<DateTime<Utc>>,

    /// The largest size of one object, uncompressed: bytes, or with KiB, MiB or GiB. Each thread
    /// holds one object at a time
    #[arg(long, value_name = "SIZE", value_parser = parse_size, default_value = "1GiB")]
    pub(crate) object_limit: usize,

    /// Take results of queries and searches, exports and logs as complete. Without it, only what CloudTrail
    /// and Security Lake deliver shows that something is unused: the others may have been filtered
    #[arg(long)]
    pub(crate) assume_complete: bool,

    /// How many threads to use [default: one per processor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) threads: Option<u16>,
}

impl ReadingArguments {
    pub(crate) fn reader(&self, catalog: Arc<Catalog>) -> TrailReader {
        self.reader_until(self.until, input::clock(), catalog)
    }

    /// A reader with another `until` than the argument, and another present than the clock's.
    pub(crate) fn reader_until(
        &self,
        until: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
        catalog: Arc<Catalog>,
    ) -> TrailReader {
        let options = ReadOptions::new()
            .since(self.since)
            .until(until)
            .now(now)
            .object_limit(self.object_limit)
            .assume_complete(self.assume_complete);
        TrailReader::new(catalog, options)
    }

    /// Runs work on `--threads` threads.
    pub(crate) fn on_threads<T: Send>(
        &self,
        work: impl FnOnce() -> Result<T, Failure> + Send,
    ) -> Result<T, Failure> {
        if let (Some(since), Some(until)) = (self.since, self.until)
            && since > until
        {
            let reason = "--since is later than --until\n";
            clap::Error::raw(ErrorKind::ArgumentConflict, reason).exit();
        }
        match self.threads {
            None => work(),
            Some(threads) => rayon::ThreadPoolBuilder::new()
                .num_threads(threads.into())
                .build()?
                .install(work),
        }
    }
}
