//! How many jobs there are of each status.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use advisor_store::{Store, StoreError};

/// How long a count is used.
const USED: Duration = Duration::from_secs(1);

type Counts = Vec<(String, u64)>;

/// The last count, and when it was made. Counting reads all jobs, so that requests that come meanwhile wait for its result.
#[derive(Debug, Default)]
pub(crate) struct JobCounts(Mutex<Option<(Instant, Counts)>>);

impl JobCounts {
    /// Returns the numbers of jobs by status, at most a second old. May block.
    pub(crate) fn of(&self, store: &Store) -> Result<Counts, StoreError> {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, counts)) = &*last
            && at.elapsed() < USED
        {
            return Ok(counts.clone());
        }
        let counts = store.jobs_by_status()?;
        *last = Some((Instant::now(), counts.clone()));
        Ok(counts)
    }
}
