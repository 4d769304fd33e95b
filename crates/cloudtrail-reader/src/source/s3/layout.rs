//! CloudTrail's layout of a bucket: which folders to list, and which days they hold.
//!
//! `[prefix/]AWSLogs/[o-organization/]ACCOUNT/CloudTrail/REGION/YYYY/MM/DD/`, see
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html>.

use chrono::{DateTime, Days, Months, NaiveDate, Utc};

/// The days to read, both inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DayWindow {
    first: NaiveDate,
    last: NaiveDate,
}

impl DayWindow {
    /// The days whose folders can hold events between two times. Objects are in the folder of their delivery, which can be one
    /// day later. `None` without limits.
    pub(super) fn new(since: Option<DateTime<Utc>>, until: Option<DateTime<Utc>>) -> Option<Self> {
        if since.is_none() && until.is_none() {
            return None;
        }
        let last = until.map(|until| until.date_naive());
        Some(DayWindow {
            first: since.map_or(NaiveDate::MIN, |since| since.date_naive()),
            last: last
                .and_then(|last| last.checked_add_days(Days::new(1)))
                .unwrap_or(NaiveDate::MAX),
        })
    }
}

/// How a folder is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Visit {
    /// Level by level: its own objects, then each of its folders.
    Levels,
    /// Everything below it at once.
    Whole,
    /// Not at all.
    Skip,
}

/// How many levels below the location are searched for an `AWSLogs/`.
const SEARCH_DEPTH: usize = 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    /// Not in the layout, or above it.
    Outside,
    /// From `AWSLogs/` down to `CloudTrail/`.
    Upper,
    /// Below an account, but not CloudTrail's API calls.
    OtherKind,
    Region,
    /// A year, a month, a day, or below: the days it can hold.
    Days(NaiveDate, NaiveDate),
    /// Where a day should be, but with another name.
    Unknown,
}

/// Whether to read an object, judging by the folders in its key.
pub(super) fn takes_key(key: &str, window: Option<DayWindow>, any_kind: bool) -> bool {
    let folder = key
        .rfind('/')
        .map_or("", |end| key.get(..=end).unwrap_or(key));
    match level(folder) {
        Level::OtherKind => any_kind,
        Level::Days(first, last) => {
            window.is_none_or(|window| first <= window.last && last >= window.first)
        }
        _ => true,
    }
}

/// Whether [`visit`] skips a folder because of what it holds.
pub(super) fn is_other_kind(folder: &str) -> bool {
    level(folder) == Level::OtherKind
}

/// How to list a folder that is `depth` levels below the location.
pub(super) fn visit(folder: &str, depth: usize, window: Option<DayWindow>) -> Visit {
    match (level(folder), window) {
        (Level::Outside, _) if depth <= SEARCH_DEPTH => Visit::Levels,
        (Level::Upper, _) | (Level::Region, Some(_)) => Visit::Levels,
        (Level::OtherKind, _) => Visit::Skip,
        (Level::Days(first, last), Some(window)) => {
            if last < window.first || first > window.last {
                Visit::Skip
            } else if first >= window.first && last <= window.last {
                Visit::Whole
            } else {
                Visit::Levels
            }
        }
        (Level::Outside | Level::Unknown | Level::Region | Level::Days(..), _) => Visit::Whole,
    }
}

/// Whether a folder is neither in the layout nor known to be above it.
pub(super) fn is_outside(folder: &str) -> bool {
    level(folder) == Level::Outside
}

fn level(folder: &str) -> Level {
    let mut segments = folder.split_terminator('/').peekable();
    if !segments.any(|segment| segment == "AWSLogs") {
        return Level::Outside;
    }
    while segments
        .next_if(|segment| *segment == "AWSLogs" || segment.starts_with("o-"))
        .is_some()
    {}
    match segments.next() {
        None => return Level::Upper,
        Some(account) if number(account, 12).is_some() => {}
        Some(_) => return Level::Unknown,
    }
    match segments.next() {
        None => return Level::Upper,
        Some("CloudTrail-Insight") => return Level::OtherKind,
        Some(kind) if kind == "CloudTrail" || kind.starts_with("CloudTrail-") => {}
        Some(_) => return Level::OtherKind,
    }
    if segments.peek().is_none() {
        return Level::Upper;
    }
    segments.next();
    if segments.peek().is_none() {
        return Level::Region;
    }
    days(segments).map_or(Level::Unknown, |(first, last)| Level::Days(first, last))
}

/// The days of `YYYY[/MM[/DD[/...]]]`.
fn days<'a>(mut segments: impl Iterator<Item = &'a str>) -> Option<(NaiveDate, NaiveDate)> {
    let year = i32::try_from(number(segments.next()?, 4)?).ok()?;
    let Some(month) = segments.next() else {
        let first = NaiveDate::from_ymd_opt(year, 1, 1)?;
        return Some((first, NaiveDate::from_ymd_opt(year, 12, 31)?));
    };
    let month = u32::try_from(number(month, 2)?).ok()?;
    let Some(day) = segments.next() else {
        let first = NaiveDate::from_ymd_opt(year, month, 1)?;
        let next = first.checked_add_months(Months::new(1))?;
        return Some((first, next.pred_opt()?));
    };
    let day = u32::try_from(number(day, 2)?).ok()?;
    let day = NaiveDate::from_ymd_opt(year, month, day)?;
    Some((day, day))
}

fn number(text: &str, digits: usize) -> Option<u64> {
    let is_number = text.len() == digits && text.bytes().all(|c| c.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn window(since: &str, until: &str) -> Option<DayWindow> {
        let time = |text: &str| {
            (!text.is_empty()).then(|| format!("{text}Z").parse::<DateTime<Utc>>().unwrap())
        };
        DayWindow::new(time(since), time(until))
    }

    #[test]
    fn levels_are_descended_and_only_days_of_the_window_taken() {
        let november = window("2026-11-03T23:59:59", "2026-11-05T00:00:00");
        let region = "x/AWSLogs/o-abc/111122223333/CloudTrail/eu-west-1/";
        let below = |rest: &str| visit(&format!("{region}{rest}"), 9, november);
        for upper in region.match_indices('/').skip(1).map(|(end, _)| end + 1) {
            assert_eq!(visit(&region[..upper], 0, november), Visit::Levels);
        }
        assert_eq!(below("2026/"), Visit::Levels);
        assert_eq!(below("2025/"), Visit::Skip);
        assert_eq!(below("2026/11/"), Visit::Levels);
        assert_eq!(below("2026/10/"), Visit::Skip);
        assert_eq!(below("2026/11/02/"), Visit::Skip);
        assert_eq!(below("2026/11/03/"), Visit::Whole);
        // Delivered a day late.
        assert_eq!(below("2026/11/06/"), Visit::Whole);
        assert_eq!(below("2026/11/07/"), Visit::Skip);
        assert_eq!(below("2026/11/06/more/"), Visit::Whole);
        assert_eq!(below("2026/13/"), Visit::Whole);
        assert_eq!(below("latest/"), Visit::Whole);
        assert_eq!(visit(region, 9, None), Visit::Whole);
    }

    #[test]
    fn a_month_or_year_within_the_window_is_taken_at_once() {
        let year = window("2025-06-15T00:00:00", "2027-02-27T12:00:00");
        let below = |rest: &str| {
            let region = "AWSLogs/111122223333/CloudTrail/eu-west-1/";
            visit(&format!("{region}{rest}"), 0, year)
        };
        assert_eq!(below("2026/"), Visit::Whole);
        assert_eq!(below("2025/07/"), Visit::Whole);
        assert_eq!(below("2025/06/"), Visit::Levels);
        assert_eq!(below("2027/02/"), Visit::Whole);
        assert_eq!(below("2027/03/"), Visit::Skip);
        assert_eq!(below("2028/"), Visit::Skip);
    }

    #[test]
    fn an_open_window_has_no_end() {
        let since = window("2026-11-03T00:00:00", "");
        let until = window("", "2026-11-03T00:00:00");
        let year = "AWSLogs/111122223333/CloudTrail/eu-west-1/2031/";
        assert_eq!(visit(year, 0, since), Visit::Whole);
        assert_eq!(visit(year, 0, until), Visit::Skip);
        assert_eq!(window("", ""), None);
    }

    #[test]
    fn other_kinds_are_left_out_and_other_folders_taken_whole() {
        for kind in ["CloudTrail-Insight", "Config"] {
            let folder = format!("AWSLogs/111122223333/{kind}/");
            assert_eq!(visit(&folder, 0, None), Visit::Skip);
            let key = format!("{folder}x.json.gz");
            assert!(!takes_key(&key, None, false));
            assert!(takes_key(&key, None, true));
        }
        for kind in ["CloudTrail-NetworkActivity", "CloudTrail-Digest"] {
            let folder = format!("AWSLogs/111122223333/{kind}/");
            assert_eq!(visit(&folder, 0, None), Visit::Levels);
        }
        assert_eq!(visit("AWSLogs/copies/", 1, None), Visit::Whole);
        assert_eq!(visit("a/b/", 2, None), Visit::Levels);
        assert_eq!(visit("a/b/c/", 3, None), Visit::Whole);
    }

    #[test]
    fn a_key_tells_its_day_wherever_it_is_found() {
        let day = window("2026-11-03T00:00:00", "2026-11-03T00:00:00");
        let key = |rest: &str| {
            let region = "a/b/c/d/AWSLogs/111122223333/CloudTrail/eu-west-1/";
            takes_key(&format!("{region}{rest}"), day, false)
        };
        assert!(key("2026/11/03/x.json.gz"));
        assert!(key("2026/11/04/y/x.json.gz"));
        assert!(!key("2026/11/05/x.json.gz"));
        assert!(key("x.json.gz"));
        assert!(takes_key("x.json.gz", day, false));
    }
}
