//! Rows of the activity table: the last and first attempt, and counts.

use super::attempt::CreditedAction;
use crate::day_set::DaySet;
use crate::event_id::EventId;
use crate::principal::Principal;

/// The key of a row, by the ids of its table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct RowKey {
    pub(super) principal: u32,
    pub(super) action: u32,
    pub(super) region: u32,
}

/// The attempts of one key.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) last_millis: i64,
    pub(super) last_event_id: EventId,
    pub(super) first_millis: i64,
    pub(super) attempts: u64,
    pub(super) denied: u64,
    pub(super) days: DaySet,
    pub(super) days_complete: bool,
}

impl Row {
    /// The row of no attempt yet.
    pub(super) fn empty() -> Self {
        Self {
            last_millis: i64::MIN,
            last_event_id: EventId::new(b""),
            first_millis: i64::MAX,
            attempts: 0,
            denied: 0,
            days: DaySet::new(),
            days_complete: true,
        }
    }

    /// Adds one attempt, which counts so many times.
    pub(super) fn add(&mut self, millis: i64, event_id: &[u8], denied: bool, count: u64) {
        if millis > self.last_millis
            || (millis == self.last_millis && event_id > self.last_event_id.as_bytes())
        {
            self.last_millis = millis;
            self.last_event_id = EventId::new(event_id);
        }
        self.first_millis = self.first_millis.min(millis);
        self.attempts = self.attempts.saturating_add(count);
        self.denied = self.denied.saturating_add(if denied { count } else { 0 });
        self.days.insert(DaySet::day_of(millis));
    }

    /// Adds the attempts of another row.
    pub(super) fn merge(&mut self, other: &Self) {
        let last = (self.last_millis, self.last_event_id.as_bytes());
        if (other.last_millis, other.last_event_id.as_bytes()) > last {
            self.last_millis = other.last_millis;
            self.last_event_id.clone_from(&other.last_event_id);
        }
        self.first_millis = self.first_millis.min(other.first_millis);
        self.attempts = self.attempts.saturating_add(other.attempts);
        self.denied = self.denied.saturating_add(other.denied);
        self.days.merge(&other.days);
        self.days_complete &= other.days_complete;
    }
}

/// A row of an [`Activity`](crate::Activity).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActivityRow<'a> {
    /// Who made the attempts; the ARN is the one under which the principal was last seen.
    pub principal: Principal<'a>,
    /// When the principal was last seen under that ARN, in UTC milliseconds.
    pub arn_seen_millis: Option<i64>,
    /// The service's namespace.
    pub service: &'a str,
    /// The action.
    pub action: CreditedAction<'a>,
    /// The Region.
    pub region: &'a str,
    /// The last attempt, in UTC milliseconds.
    pub last_millis: i64,
    /// The id of the last attempt's event; the greatest one when several have the same time.
    pub last_event_id: &'a str,
    /// The first attempt, in UTC milliseconds.
    pub first_millis: i64,
    /// The number of attempts. Events that correct others do not count: 0 when there are no others.
    pub attempts: u64,
    /// The number of attempts that were denied for lack of permission.
    pub denied: u64,
    /// The UTC days with attempts. Those of the first and the last attempt are always among them.
    pub days: &'a DaySet,
    /// Whether `days` has every day with attempts. It has not when the row came from a file of an earlier version.
    pub days_complete: bool,
}

impl<'a> ActivityRow<'a> {
    /// Whether the days agree with the first and the last attempt: none is outside of them and, if `days_complete`, theirs are
    /// among them. Rows of an [`Activity`](crate::Activity) do; those of a file may not.
    #[must_use]
    pub fn has_consistent_days(&self) -> bool {
        let [first, last] = [self.first_millis, self.last_millis].map(DaySet::day_of);
        let (Some(first_listed), Some(last_listed)) = (self.days.first(), self.days.last()) else {
            return !self.days_complete;
        };
        if self.days_complete {
            (first_listed, last_listed) == (first, last)
        } else {
            first <= first_listed && last_listed <= last
        }
    }
    /// The attempts until an instant, in UTC milliseconds, right to the day: of the last attempt only the day is known, so its time
    /// is the start of that day, or the first attempt if that is later. The counts are the least that they can be. The row borrows
    /// the days from `days`. `None` when the days are not known, or when all attempts are later.
    #[must_use]
    pub fn until<'d>(&self, millis: i64, days: &'d mut DaySet) -> Option<ActivityRow<'d>>
    where
        'a: 'd,
    {
        if !self.days_complete || self.first_millis > millis {
            return None;
        }
        let last = self.days.last_until(DaySet::day_of(millis))?;
        *days = self.days.iter().take_while(|day| *day <= last).collect();
        let days_with_attempts = u64::try_from(days.len()).unwrap_or(u64::MAX);
        let attempts = days_with_attempts.min(self.attempts);
        let are_denied = self.denied == self.attempts;
        Some(ActivityRow {
            arn_seen_millis: self.arn_seen_millis.map(|seen| seen.min(millis)),
            last_millis: DaySet::start_of(last).max(self.first_millis),
            last_event_id: "",
            attempts,
            denied: if are_denied { attempts } else { 0 },
            days,
            ..*self
        })
    }
}
