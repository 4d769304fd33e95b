//! What the records of one Region of an account's trail prove, day by day.

use crate::coverage::{EventCategory, OwnedCategory};
use crate::day_set::DaySet;
use crate::state::logging::Excludable;

/// The days with records of one Region, and those that digests prove.
#[derive(Clone, Debug, Default)]
pub(crate) struct RegionDays {
    /// By kind of event, in order.
    pub(super) events: Vec<(OwnedCategory, DaySet)>,
    /// The days that digests prove for management events that read, and for those that write.
    pub(super) by_digests: [DaySet; 2],
    /// The days of which digests cover every hour.
    pub(super) digests: DaySet,
    /// The days with log files, and those of log files that are known to be missing or of which digests are.
    pub(super) log_files: DaySet,
    pub(super) missing: DaySet,
    /// A day of which it is known that it had ended when the trail was read.
    pub(super) ended: Option<i32>,
    /// The calls that tell how an action is logged: service, action, kind and days.
    pub(super) calls: Vec<(Box<str>, Box<str>, OwnedCategory, DaySet)>,
}

impl RegionDays {
    /// The days on which the trail collected a kind of event: between the first and the last event of the kind, those with an event
    /// of it or of its sibling (reads and writes of the same), and those that digests prove. What is before or after may be left out
    /// by the trail's selectors. A day of which a log file or a digest is known to be missing does not count, nor does the Region's very
    /// last one.
    pub(super) fn collected(&self, kind: EventCategory<'_>) -> DaySet {
        let of_kind = self.of(|it| it == kind);
        let (Some(first), Some(last)) = (of_kind.first(), of_kind.last()) else {
            return DaySet::new();
        };
        let mut days = self.of(|it| are_siblings(it, kind));
        days.merge(&self.proved_by_digests(kind));
        let last = last.min(self.last_whole_day());
        days.within(Some(first), last).without(&self.missing)
    }

    /// The day before the last one with a log file or a record. Of that one, nobody knows how much was read.
    fn last_whole_day(&self) -> i32 {
        let last = self.of(|_| true).last().max(self.log_files.last());
        let before = last.map(|last| last.saturating_sub(1));
        before.max(self.ended).unwrap_or(i32::MIN)
    }

    /// Whether there is any event of a kind.
    pub(super) fn has(&self, kind: EventCategory<'_>) -> bool {
        self.events.iter().any(|(known, _)| known.get() == kind)
    }

    /// The days from the first to the last call of services whose events a trail can leave out.
    pub(super) fn span_of(&self, services: Excludable) -> Option<(i32, i32)> {
        let calls = self.calls.iter();
        let calls = calls.filter(|(service, ..)| services.is_shown_by(service));
        let mut all = DaySet::new();
        calls.for_each(|(.., days)| all.merge(days));
        all.first().zip(all.last())
    }

    /// The days on which the trail collected management events, of either kind.
    pub(super) fn with_management(&self) -> DaySet {
        let mut days = self.collected(EventCategory::ManagementRead);
        days.merge(&self.collected(EventCategory::ManagementWrite));
        days
    }

    /// The days of which something was read.
    pub(super) fn read(&self) -> DaySet {
        let mut days = self.of(|_| true);
        days.merge(&self.log_files);
        days.merge(&self.digests);
        days
    }

    fn of(&self, is: impl Fn(EventCategory<'_>) -> bool) -> DaySet {
        let mut all = DaySet::new();
        for (_, days) in self.events.iter().filter(|(kind, _)| is(kind.get())) {
            all.merge(days);
        }
        all
    }

    fn proved_by_digests(&self, kind: EventCategory<'_>) -> DaySet {
        let [reads, writes] = &self.by_digests;
        match kind {
            EventCategory::ManagementRead => reads.clone(),
            EventCategory::ManagementWrite => writes.clone(),
            _ => DaySet::new(),
        }
    }
}

/// Whether the selectors of a trail choose two kinds of event together, apart from reads and writes.
fn are_siblings(left: EventCategory<'_>, right: EventCategory<'_>) -> bool {
    let is_management = |kind| {
        matches!(
            kind,
            EventCategory::ManagementRead | EventCategory::ManagementWrite
        )
    };
    match (left.resource_type(), right.resource_type()) {
        (Some(left), Some(right)) => left == right && !left.is_empty(),
        _ => is_management(left) && is_management(right),
    }
}
