//! What is remembered from record to record: callers, calls, Regions and the ends of records recur all the time.
//!
//! Everything here is of one activity table, whose ids it holds. It is only ever looked up by the bytes themselves, so
//! that it can be slow but not wrong; and it is bounded, but for what the table keeps anyway.

use crate::calendar::Calendar;
use crate::callers::Callers;
use crate::operations::{Operations, Regions};
use crate::passages::{Calls, Ends};
use crate::reasons::Reasons;
use crate::runs::Runs;

/// What is known of the records so far.
#[derive(Debug, Default)]
pub(crate) struct Memo {
    pub(crate) runs: Runs,
    pub(crate) callers: Callers,
    pub(crate) calls: Calls,
    pub(crate) operations: Operations,
    pub(crate) regions: Regions,
    pub(crate) calendar: Calendar,
    pub(crate) ends: Ends,
    pub(crate) reasons: Reasons,
}
