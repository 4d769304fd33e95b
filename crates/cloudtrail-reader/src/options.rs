//! How a trail is read.

use std::sync::Arc;

use advisor_core::{Coverage, DaySet};
use chrono::{DateTime, TimeDelta, Utc};
use service_catalog::Catalog;

use crate::outcome::set_aside::SetAside;

/// How to read a trail. By default all times, and at most 1 GiB an object.
///
/// ```
/// use cloudtrail_reader::ReadOptions;
///
/// let options = ReadOptions::new()
///     .since("2026-01-01T00:00:00Z".parse::<chrono::DateTime<chrono::Utc>>()?)
///     .object_limit(64 << 20);
/// assert_eq!(options.until, None);
/// # Ok::<(), chrono::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReadOptions {
    /// Records earlier than this are set aside.
    pub since: Option<DateTime<Utc>>,
    /// Records later than this are set aside: a report as of a time must not see them.
    pub until: Option<DateTime<Utc>>,
    /// The present: records of more than a day later are set aside as [from the future](crate::SetAside::FromTheFuture).
    pub now: Option<DateTime<Utc>>,
    /// The most bytes that one object may have, inflated. Each thread holds one object at a time.
    pub object_limit: usize,
    /// Whether results of queries and searches, exports and logs hold all records of their days. Only what CloudTrail and Security
    /// Lake deliver is known to: whoever made the others may have filtered them, and no day is covered by them.
    pub assume_complete: bool,
    /// What parses the records.
    pub parser: Parser,
}

/// What parses CloudTrail's own objects. The results are the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Parser {
    /// The projected parser: finds the fields that count and skips the others.
    #[default]
    Projected,
    /// The reference parser, `serde_json`, for comparison.
    Reference,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self {
            since: None,
            until: None,
            now: None,
            object_limit: 1 << 30,
            assume_complete: false,
            parser: Parser::default(),
        }
    }
}

impl ReadOptions {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets aside records earlier than this; none for no limit. A day that this cuts does not count as covered.
    #[must_use]
    pub fn since(mut self, since: impl Into<Option<DateTime<Utc>>>) -> Self {
        self.since = since.into();
        self
    }

    /// Sets aside records later than this; none for no limit. A day that this cuts does not count as covered, unless it is that of
    /// [`now`](Self::now).
    #[must_use]
    pub fn until(mut self, until: impl Into<Option<DateTime<Utc>>>) -> Self {
        self.until = until.into();
        self
    }

    /// Sets the present. Records later than this by more than a day are set aside as from the future; none for no limit.
    #[must_use]
    pub fn now(mut self, now: impl Into<Option<DateTime<Utc>>>) -> Self {
        self.now = now.into();
        self
    }

    /// Fails objects that have more bytes than this, inflated.
    #[must_use]
    pub fn object_limit(mut self, bytes: usize) -> Self {
        self.object_limit = bytes;
        self
    }

    /// Takes results of queries and searches, exports and logs as complete: nothing was filtered out of them.
    #[must_use]
    pub fn assume_complete(mut self, assume_complete: bool) -> Self {
        self.assume_complete = assume_complete;
        self
    }

    /// Chooses what parses the records.
    #[must_use]
    pub fn parser(mut self, parser: Parser) -> Self {
        self.parser = parser;
        self
    }
}

/// How far clocks may be wrong.
const CLOCK_SKEW: TimeDelta = TimeDelta::days(1);

/// The rules for reading records: the catalog that names services and actions, and the options.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    catalog: Arc<Catalog>,
    options: ReadOptions,
    /// The options' limits of time in UTC milliseconds.
    since_millis: i64,
    until_millis: i64,
    /// The last possible time: later ones are in the future.
    present_millis: i64,
}

impl Rules {
    pub(crate) fn new(catalog: Arc<Catalog>, options: ReadOptions) -> Self {
        let millis = |limit: Option<DateTime<Utc>>| limit.map(|limit| limit.timestamp_millis());
        let present = options
            .now
            .and_then(|now| now.checked_add_signed(CLOCK_SKEW));
        let present_millis = millis(present).unwrap_or(i64::MAX);
        Self {
            since_millis: millis(options.since).unwrap_or(i64::MIN),
            until_millis: millis(options.until)
                .map_or(present_millis, |until| until.min(present_millis)),
            present_millis,
            catalog,
            options,
        }
    }

    pub(crate) fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    pub(crate) fn shared_catalog(&self) -> &Arc<Catalog> {
        &self.catalog
    }

    pub(crate) fn options(&self) -> &ReadOptions {
        &self.options
    }

    /// The limits of time in UTC milliseconds, both inclusive: the options', and the present.
    pub(crate) fn limits(&self) -> (i64, i64) {
        (self.since_millis, self.until_millis)
    }

    /// Forgets the days of a coverage that the limits cut. The day of the present is not cut: nothing of it is skipped.
    pub(crate) fn limit_coverage(&self, coverage: &mut Coverage) {
        let is_today = |now: DateTime<Utc>| {
            DaySet::day_of(self.until_millis) >= DaySet::day_of(now.timestamp_millis())
        };
        let until = match self.options.now {
            Some(now) if is_today(now) => i64::MAX,
            _ => self.until_millis,
        };
        coverage.limit_to(self.since_millis, until);
    }

    /// Checks that a time, in UTC milliseconds, is within the options' limits.
    pub(crate) fn check_time(&self, millis: i64) -> Result<(), SetAside> {
        if millis < self.since_millis {
            Err(SetAside::BeforeSince)
        } else if millis > self.present_millis {
            Err(SetAside::FromTheFuture)
        } else if millis > self.until_millis {
            Err(SetAside::AfterUntil)
        } else {
            Ok(())
        }
    }
}
