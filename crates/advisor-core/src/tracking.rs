//! Tracking: which part of the activity a report takes into account.

use chrono::{DateTime, Days, TimeDelta, Utc};
use service_catalog::tracking_start::{
    SERVICE_TRACKING_DAYS, action_tracking_start, region_tracking_start,
};

use crate::day_set::DaySet;

/// Which part of the activity a report takes into account.
///
/// [`Tracking::aws`] is what AWS's own reports take into account, [`Tracking::full`] is all of the
/// activity. The `with_` methods change one setting of either.
///
/// ```
/// use advisor_core::{TrackedRegions, Tracking};
/// let tracking = Tracking::aws()
///     .period_days(90)
///     .regions(TrackedRegions::All);
/// assert_eq!(tracking.period_days, Some(90));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tracking {
    /// How many days back attempts at a *service* count; `None` for no limit.
    pub period_days: Option<u64>,
    /// How long an attempt stays invisible. AWS says up to four hours. Both presets have zero, so that
    /// no known attempt is withheld.
    pub publication_delay: TimeDelta,
    /// Which actions are tracked one by one.
    pub actions: TrackedActions,
    /// Which Regions are tracked, and since when.
    pub regions: TrackedRegions,
    /// How many days of an account's trail must have been read before anything of it is called unused; `None` for 90, or the
    /// period when that is shorter. At least one day is needed.
    pub min_coverage_days: Option<u32>,
}

/// Which actions a report tracks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TrackedActions {
    /// The actions that AWS tracks, each since AWS started to.
    Aws,
    /// Every action of the catalog, as far back as the activity goes.
    All,
}

/// Which Regions a report tracks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TrackedRegions {
    /// The Regions that AWS tracks, each since AWS started to.
    Aws,
    /// Every Region.
    All,
}

/// [`Tracking::aws`].
impl Default for Tracking {
    fn default() -> Self {
        Self::aws()
    }
}

impl Tracking {
    /// What AWS tracks: services for 400 days, AWS's tracked actions and Regions, and its start
    /// dates. Source: IAM User Guide, "Refine permissions in AWS using last accessed information".
    #[must_use]
    pub fn aws() -> Self {
        Self {
            period_days: Some(SERVICE_TRACKING_DAYS.into()),
            publication_delay: TimeDelta::zero(),
            actions: TrackedActions::Aws,
            regions: TrackedRegions::Aws,
            min_coverage_days: None,
        }
    }

    /// Everything: all of the activity, every action of the catalog, every Region.
    #[must_use]
    pub fn full() -> Self {
        Self {
            period_days: None,
            publication_delay: TimeDelta::zero(),
            actions: TrackedActions::All,
            regions: TrackedRegions::All,
            min_coverage_days: None,
        }
    }

    /// Sets how many days back attempts at a service count; `None` for no limit.
    #[must_use]
    pub fn period_days(mut self, days: impl Into<Option<u64>>) -> Self {
        self.period_days = days.into();
        self
    }

    /// Sets how long an attempt stays invisible.
    #[must_use]
    pub fn publication_delay(mut self, delay: TimeDelta) -> Self {
        self.publication_delay = delay;
        self
    }

    /// Sets which actions are tracked one by one.
    #[must_use]
    pub fn actions(mut self, actions: TrackedActions) -> Self {
        self.actions = actions;
        self
    }

    /// Sets which Regions are tracked.
    #[must_use]
    pub fn regions(mut self, regions: TrackedRegions) -> Self {
        self.regions = regions;
        self
    }

    /// Sets how many days of an account's trail must have been read before anything of it is called unused; `None` for 90, or the
    /// period when that is shorter.
    #[must_use]
    pub fn min_coverage_days(mut self, days: impl Into<Option<u32>>) -> Self {
        self.min_coverage_days = days.into();
        self
    }

    /// The number of days of an account's trail that must have been read before a report made at `now` calls anything of it unused. A
    /// period of that many days has one whole day less while a day is running: then it is one less.
    ///
    /// ```
    /// use advisor_core::Tracking;
    ///
    /// let (midnight, noon) = ("2026-11-01T00:00:00Z".parse()?, "2026-11-01T12:00:00Z".parse()?);
    /// let month = Tracking::full().period_days(30);
    /// assert_eq!((month.coverage_days_needed(midnight), month.coverage_days_needed(noon)), (30, 29));
    /// assert_eq!(Tracking::full().coverage_days_needed(noon), 90);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn coverage_days_needed(&self, now: DateTime<Utc>) -> u32 {
        let (period, configured) = self.configured_days_needed();
        let whole = match self.days(now) {
            (Some(first), last) => u32::try_from(last.saturating_sub(first).saturating_add(1)).ok(),
            (None, _) => None,
        };
        let is_within_period = period.is_none_or(|period| configured <= period);
        let needed = whole.filter(|_| is_within_period).unwrap_or(configured);
        needed.min(configured).max(1)
    }

    /// The days of the period, and those that must have been read, without regard to a running day.
    fn configured_days_needed(&self) -> (Option<u32>, u32) {
        const DEFAULT: u32 = 90;
        let period = self.period_days.and_then(|days| u32::try_from(days).ok());
        let default = || period.map_or(DEFAULT, |days| days.min(DEFAULT));
        (period, self.min_coverage_days.unwrap_or_else(default))
    }

    /// Whether reports state of each row whether it is used, implied, unused, unobservable or uncovered. AWS's reports do not.
    #[must_use]
    pub fn has_states(&self) -> bool {
        self.actions == TrackedActions::All
    }

    /// The whole UTC days that a report made at `now` covers: without the running one. The first is `None` when the period has no limit.
    fn days(&self, now: DateTime<Utc>) -> (Option<i32>, i32) {
        let first = self.period_start(now).map(|start| {
            // Of the first day, only a part may be in the period.
            DaySet::day_of(start.timestamp_millis().saturating_sub(1)).saturating_add(1)
        });
        let end = self.visible_until(now).timestamp_millis().saturating_add(1);
        (first, DaySet::day_of(end).saturating_sub(1))
    }

    /// The last instant that a report made at `now` takes into account.
    #[must_use]
    pub fn visible_until(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        now.checked_sub_signed(self.publication_delay)
            .unwrap_or(now)
    }

    /// The first instant from which attempts at a service count in a report made at `now`; `None` for
    /// no limit.
    #[must_use]
    pub fn period_start(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.period_days.map(|days| {
            now.checked_sub_days(Days::new(days))
                .unwrap_or(DateTime::<Utc>::MIN_UTC)
        })
    }

    /// The window in which attempts at a service in a Region count; `None` when the Region is not
    /// tracked.
    pub(crate) fn service_window(&self, region: &str, now: DateTime<Utc>) -> Option<TimeWindow> {
        let start = self
            .period_start(now)
            .map_or(i64::MIN, |start| start.timestamp_millis());
        Some(TimeWindow {
            start: start.max(self.region_start(region)?),
            end: self.visible_until(now).timestamp_millis(),
        })
    }

    /// The window in which attempts at single actions count. AWS limits these by the start dates, not
    /// to 400 days.
    pub(crate) fn action_window(
        &self,
        namespace: &str,
        region: &str,
        now: DateTime<Utc>,
    ) -> Option<TimeWindow> {
        let start = match self.actions {
            TrackedActions::Aws => midnight(action_tracking_start(namespace)),
            TrackedActions::All => self
                .period_start(now)
                .map_or(i64::MIN, |start| start.timestamp_millis()),
        };
        Some(TimeWindow {
            start: start.max(self.region_start(region)?),
            end: self.visible_until(now).timestamp_millis(),
        })
    }

    /// Whether attempts in a Region can count at all.
    ///
    /// ```
    /// use advisor_core::Tracking;
    ///
    /// assert!(!Tracking::aws().sees_region("ca-west-1"));
    /// assert!(Tracking::full().sees_region("ca-west-1"));
    /// ```
    #[must_use]
    pub fn sees_region(&self, region: &str) -> bool {
        self.region_start(region).is_some()
    }

    /// The day since when a Region is tracked. `None` for no limit.
    pub(crate) fn region_start_day(&self, region: &str) -> Option<i32> {
        let start = self.region_start(region)?;
        (start > i64::MIN).then(|| DaySet::day_of(start))
    }

    /// The whole UTC days that "unused" can be about in a report made at `now`: those of the period; without a period the last 400, as
    /// long as AWS tracks services, or as many as must have been read.
    pub(crate) fn claim_days(&self, now: DateTime<Utc>) -> (Option<i32>, i32) {
        let (first, last) = self.days(now);
        let (_, needed) = self.configured_days_needed();
        let days = i32::try_from(SERVICE_TRACKING_DAYS.max(needed)).unwrap_or(i32::MAX);
        let before = last.saturating_sub(days).saturating_add(1);
        (first.or(Some(before)), last)
    }

    /// The days of claims, and the running one.
    pub(crate) fn days_until(&self, now: DateTime<Utc>) -> (Option<i32>, i32) {
        let (first, _) = self.claim_days(now);
        (
            first,
            DaySet::day_of(self.visible_until(now).timestamp_millis()),
        )
    }

    fn region_start(&self, region: &str) -> Option<i64> {
        match self.regions {
            TrackedRegions::All => Some(i64::MIN),
            TrackedRegions::Aws => region_tracking_start(region).map(midnight),
        }
    }
}

/// Attempts at one action in one Region.
#[derive(Clone, Debug)]
pub(crate) struct Attempts {
    pub(crate) first_millis: i64,
    pub(crate) last_millis: i64,
    pub(crate) days: DaySet,
    pub(crate) days_complete: bool,
}

impl Attempts {
    /// Those before an instant, of which the first is one: of the others, only the days are known, and that of the instant has later
    /// ones too.
    pub(crate) fn before(self, millis: i64) -> Self {
        let days = self
            .days
            .within(None, DaySet::day_of(millis).saturating_sub(1));
        let last = days.last().map_or(i64::MIN, DaySet::start_of);
        Self {
            last_millis: last.max(self.first_millis),
            days,
            ..self
        }
    }
}

/// The last of the attempts that a window has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LastAttempt {
    pub(crate) millis: i64,
    /// Whether it is the last attempt of all, of which the time and the event are known.
    pub(crate) is_exact: bool,
}

fn midnight(date: chrono::NaiveDate) -> i64 {
    date.and_time(chrono::NaiveTime::MIN)
        .and_utc()
        .timestamp_millis()
}

/// A time range in UTC milliseconds, including both ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimeWindow {
    pub(crate) start: i64,
    pub(crate) end: i64,
}

impl TimeWindow {
    /// The time of the last attempt in the window: exact, unless there are later ones. Then only its day is known, and the time is
    /// the start of that day, or that of the first attempt or of the window when these are later. Where the days are not known
    /// either, the last attempt counts although it is too new: an action that may have been used must not be called unused.
    pub(crate) fn last_attempt(self, attempts: &Attempts) -> Option<LastAttempt> {
        let Attempts {
            first_millis,
            last_millis,
            ref days,
            days_complete,
        } = *attempts;
        if last_millis < self.start || first_millis > self.end {
            return None;
        }
        if last_millis <= self.end || !days_complete {
            return Some(LastAttempt {
                millis: last_millis,
                is_exact: true,
            });
        }
        let day = days.last_until(DaySet::day_of(self.end))?;
        if day < DaySet::day_of(self.start) {
            return None;
        }
        let millis = DaySet::start_of(day).max(first_millis).max(self.start);
        Some(LastAttempt {
            millis,
            is_exact: false,
        })
    }
}
