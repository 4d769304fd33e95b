//! How many days of the trails in a store were read. IAM's API has no place for it.

use access_advisor::activity::DaySet;
use access_advisor::report::{DayRange, Tracking};
use access_advisor::store::{Store, StoreError};
use chrono::{DateTime, Utc};

use crate::wording::{count, interval};

/// A line for each account of a store that answers as of `now` do not rest on all days of.
pub(crate) fn of_store(
    store: &Store,
    tracking: &Tracking,
    now: DateTime<Utc>,
) -> Result<Vec<String>, StoreError> {
    let coverage = store.coverage()?;
    let accounts = store.accounts()?;
    let lines = accounts.iter().filter_map(|account| {
        let days = coverage.covered_days(account.as_str());
        line(account.as_str(), &days, tracking, now)
    });
    Ok(lines.collect())
}

fn line(
    account: &str,
    covered: &DaySet,
    tracking: &Tracking,
    now: DateTime<Utc>,
) -> Option<String> {
    let day = |time: DateTime<Utc>| DaySet::day_of(time.timestamp_millis());
    let asked_for = DayRange {
        first: tracking.period_start(now).map(day),
        last: day(tracking.visible_until(now)),
    };
    let covered = covered.within(asked_for.first, asked_for.last);
    let Some(first) = covered.first() else {
        return Some(format!(
            "warning: no day of the trail of account {account} was read: nothing of it is known to be unused"
        ));
    };
    let window = DayRange {
        first: asked_for.first.or(Some(first)),
        ..asked_for
    };
    let missing = usize::try_from(window.days()?)
        .ok()?
        .checked_sub(covered.len())?;
    (missing > 0).then(|| {
        format!(
            "note: {} of account {account} not read, of {}: what was used then looks unused",
            count(missing, "day"),
            interval(window)
        )
    })
}
