//! What a proposal rests on: the days and Regions of the trail that were read.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Serialize, Serializer};

use crate::day_set::DaySet;
use crate::state::{AccountCoverage, DayRange, RegionCoverage, ReportCoverage};
use crate::time;

/// The most gaps and Regions that are listed in a text.
const MOST_LISTED: usize = 4;

/// What was read of the trail of an account. What is used on other days, or in other Regions alone, is not known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct Basis {
    /// The account.
    pub account: Arc<str>,
    /// The instant as of which the trail is judged.
    #[serde(serialize_with = "as_text")]
    pub as_of: DateTime<Utc>,
    /// The whole days before it that count.
    pub window: DayRange,
    /// The number of days of the window that were read.
    pub days_read: u32,
    /// The other days of the window.
    pub gaps: Vec<DayRange>,
    /// The Regions of which something was read.
    pub regions: Vec<RegionCoverage>,
}

impl Basis {
    /// What was read of an account.
    pub(super) fn of(
        coverage: &ReportCoverage,
        account: &str,
        as_of: DateTime<Utc>,
    ) -> Option<Self> {
        let mut accounts = coverage.accounts.iter();
        let read: &AccountCoverage = accounts.find(|it| *it.account == *account)?;
        Some(Self {
            account: read.account.clone(),
            as_of,
            window: coverage.window,
            days_read: read.days_read,
            gaps: read.gaps.clone(),
            regions: read.regions.clone(),
        })
    }

    /// The newest day that was read, as a number of days since 1970-01-01.
    pub(super) fn newest_day(&self) -> i32 {
        match self.gaps.last() {
            Some(DayRange { first, last }) if *last == self.window.last => {
                first.map_or(i32::MIN, |first| first.saturating_sub(1))
            }
            _ => self.window.last,
        }
    }

    /// How many days ago the newest day was that was read.
    pub(super) fn days_since(&self) -> i32 {
        DaySet::day_of(self.as_of.timestamp_millis()).saturating_sub(self.newest_day())
    }
}

impl fmt::Display for Basis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.days_read)?;
        if let Some(days) = self.window.days() {
            write!(f, " of {days}")?;
        }
        let as_of = self.as_of.format("%Y-%m-%d %H:%M");
        write!(f, " days of account {} before {as_of}", self.account)?;
        let mut regions: Vec<_> = self.regions.iter().collect();
        regions.sort_by_key(|region| std::cmp::Reverse(region.days_read));
        let regions = regions.into_iter();
        let regions = regions.map(|it| format!("{} on {}", it.region, it.days_read));
        f.write_str("; Regions: ")?;
        list(f, &regions.collect::<Vec<_>>())?;
        if !self.gaps.is_empty() {
            f.write_str("; not read: ")?;
            let gaps = self.gaps.iter().rev().map(|gap| format!("{gap:#}"));
            list(f, &gaps.collect::<Vec<_>>())?;
        }
        f.write_str("; nothing is known of other Regions")
    }
}

/// Writes the first items, and how many more there are.
fn list(f: &mut fmt::Formatter<'_>, items: &[String]) -> fmt::Result {
    let (first, rest) = items.split_at(items.len().min(MOST_LISTED));
    f.write_str(&first.join(", "))?;
    if rest.is_empty() {
        return Ok(());
    }
    write!(f, " and {} more", rest.len())
}

fn as_text<S: Serializer>(instant: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&time::format(*instant))
}
