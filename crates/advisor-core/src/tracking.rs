//! Tracking: which part of the activity a report may see.

use chrono::{DateTime, Days, TimeDelta, Utc};
use service_catalog::tracking_start::{
    SERVICE_TRACKING_DAYS, action_tracking_start, region_tracking_start,
};

/// What a report may see.
///
/// [`Tracking::aws`] sees what AWS's own reports see, [`Tracking::full`] everything in the activity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tracking {
    /// How many days back attempts at a *service* count; `None` for all.
    pub period_days: Option<u64>,
    /// How long it takes until an attempt can be seen. AWS says up to four hours; both presets say
    /// none, as an attempt that is known should not be held back.
    pub publication_delay: TimeDelta,
    /// Which actions are tracked one by one.
    pub actions: TrackedActions,
    /// Which Regions are tracked, since when.
    pub regions: TrackedRegions,
}

/// Which actions a report tracks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrackedActions {
    /// Those that AWS tracks, each since AWS began to.
    Aws,
    /// Every action of the catalog, as far back as the activity goes.
    All,
}

/// Which Regions a report tracks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrackedRegions {
    /// Those that AWS tracks, each since AWS began to.
    Aws,
    /// Every Region.
    All,
}

/// As AWS does.
impl Default for Tracking {
    fn default() -> Self {
        Self::aws()
    }
}

impl Tracking {
    /// What AWS tracks: 400 days for services, AWS's tracked actions, its Regions, and its start
    /// dates. Source: IAM User Guide, "Refine permissions in AWS using last accessed information".
    #[must_use]
    pub fn aws() -> Self {
        Self {
            period_days: Some(SERVICE_TRACKING_DAYS.into()),
            publication_delay: TimeDelta::zero(),
            actions: TrackedActions::Aws,
            regions: TrackedRegions::Aws,
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
        }
    }

    /// The last instant that a report made at `now` sees.
    #[must_use]
    pub fn visible_until(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        now.checked_sub_signed(self.publication_delay)
            .unwrap_or(now)
    }

    /// The first instant at which attempts at a service count in a report made at `now`; `None` for
    /// no limit.
    #[must_use]
    pub fn period_start(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.period_days.map(|days| {
            now.checked_sub_days(Days::new(days))
                .unwrap_or(DateTime::<Utc>::MIN_UTC)
        })
    }

    /// The windows in which an attempt counts: UTC milliseconds, both ends included. `None` where
    /// none does.
    pub(crate) fn service_window(&self, region: &str, now: DateTime<Utc>) -> Option<Window> {
        let start = self
            .period_start(now)
            .map_or(i64::MIN, |start| start.timestamp_millis());
        Some(Window {
            start: start.max(self.region_start(region)?),
            end: self.visible_until(now).timestamp_millis(),
        })
    }

    /// As [`Tracking::service_window`], for single actions of a service. AWS limits these by the
    /// start dates only, not to 400 days.
    pub(crate) fn action_window(
        &self,
        namespace: &str,
        region: &str,
        now: DateTime<Utc>,
    ) -> Option<Window> {
        let start = match self.actions {
            TrackedActions::Aws => midnight(action_tracking_start(namespace)),
            TrackedActions::All => self
                .period_start(now)
                .map_or(i64::MIN, |start| start.timestamp_millis()),
        };
        Some(Window {
            start: start.max(self.region_start(region)?),
            end: self.visible_until(now).timestamp_millis(),
        })
    }

    fn region_start(&self, region: &str) -> Option<i64> {
        match self.regions {
            TrackedRegions::All => Some(i64::MIN),
            TrackedRegions::Aws => region_tracking_start(region).map(midnight),
        }
    }
}

fn midnight(date: chrono::NaiveDate) -> i64 {
    date.and_time(chrono::NaiveTime::MIN)
        .and_utc()
        .timestamp_millis()
}

/// A stretch of time in UTC milliseconds, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    start: i64,
    end: i64,
}

impl Window {
    /// Whether attempts between these two, of which only the ends are known, may be seen. Where
    /// the last one is too new to be seen but the first is not, they are: a use that may have been
    /// seen must not be called none.
    pub(crate) fn sees(self, first_millis: i64, last_millis: i64) -> bool {
        last_millis >= self.start && first_millis <= self.end
    }
}
