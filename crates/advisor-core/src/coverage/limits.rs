//! Parts of what was read: without what a source does not cover.

use super::trail_coverage::Coverage;
use crate::day_set::DaySet;

impl Coverage {
    /// Forgets what was covered outside of two instants in UTC milliseconds, both included, for a source of which the rest was skipped.
    /// Of a day that they cut, a part was not read, so it does not count. What is missing stays.
    pub fn limit_to(&mut self, since_millis: i64, until_millis: i64) {
        let end_millis = until_millis.saturating_add(1);
        // The first day that starts, and the last one that ends within the limits.
        let first = DaySet::day_of(since_millis.saturating_sub(1)).saturating_add(1);
        let last = DaySet::day_of(end_millis).saturating_sub(1);
        let limited = |days: &mut DaySet| *days = days.within(Some(first), last);
        let goes_on = |days: &DaySet| days.last().is_some_and(|day| day > last);
        let later = self.records.values().filter(|it| goes_on(&it.days));
        let later: Vec<_> = later
            .map(|it| (it.account.clone(), it.region.clone()))
            .collect();
        for (account, region) in later {
            let place = self.place(&account, &region);
            place.ended = place.ended.max(Some(last));
        }
        for place in self.places.values_mut() {
            if goes_on(&place.log_files) {
                place.ended = place.ended.max(Some(last));
            }
        }
        for records in self.records.values_mut() {
            limited(&mut records.days);
        }
        for place in self.places.values_mut() {
            limited(&mut place.log_files);
            place.digests = place.digests.within(since_millis, end_millis);
            for trail in place.trails.values_mut() {
                trail.spans = trail.spans.within(since_millis, end_millis);
            }
        }
    }

    /// Forgets the days with records, but for one day of one account and Region: those that a log file covers by its name.
    pub fn limit_to_log_file(&mut self, account: &str, region: &str, day: i32) {
        for records in self.records.values_mut() {
            let is_here = *records.account == *account && *records.region == *region;
            records.days = if is_here {
                records.days.within(Some(day), day)
            } else {
                DaySet::new()
            };
        }
    }

    /// The coverage of the same source as if it did not say what it covers: the catalogs, the uses of credentials and what is
    /// missing stay.
    #[must_use]
    pub fn as_unknown_source(&self) -> Self {
        Self {
            log_files: self.log_files.only_missing(),
            catalogs: self.catalogs.clone(),
            has_unknown_sources: true,
            has_undecided_uses: self.has_undecided_uses,
            credentials: self.credentials.clone(),
            has_unread_credentials: self.has_unread_credentials,
            ..Self::default()
        }
    }
}
