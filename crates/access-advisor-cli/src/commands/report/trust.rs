//! How far "not used" can be trusted: the days, log files and actions that were not seen.

use std::fmt::Write;

use access_advisor::report::{AccountCoverage, DayRange, ReportCoverage, UnseenUse};

use crate::wording::count;

/// One line for the end of a report, with the days that were asked for and the number of granted actions that are unobservable.
pub(crate) fn line(coverage: &ReportCoverage, asked_for: DayRange, unobservable: usize) -> String {
    let mut line = format!("\"unused\" rests on {}", days(coverage, asked_for));
    line.push_str(&missing(coverage));
    if coverage.has_unknown_sources {
        line.push_str(UNKNOWN_SOURCES);
    }
    line.push_str(&unseen(&coverage.unseen_uses));
    if unobservable > 0 {
        _ = write!(
            line,
            "; {} unobservable",
            count(unobservable, "granted action")
        );
    }
    line
}

/// The objects that were not read whole, of any account.
fn missing(coverage: &ReportCoverage) -> String {
    let missing = &coverage.missing_log_files;
    if missing.is_empty() {
        return String::new();
    }
    let names = missing.first.join(", ");
    let more = if missing.count > missing.first.len() {
        ", ..."
    } else {
        ""
    };
    let number = count(missing.count, "object");
    format!("; {number} not read whole ({names}{more})")
}

/// The uses that AWS remembers, and that the trail does not show: the latest of those on days that were read, as they tell most.
fn unseen(uses: &[UnseenUse]) -> String {
    let on_read_days = uses.iter().filter(|unseen| unseen.day_was_read).count();
    let Some(latest) = uses.iter().max_by_key(|it| (it.day_was_read, it.used)) else {
        return String::new();
    };
    let UnseenUse {
        arn, used, source, ..
    } = latest;
    let mut text = format!(
        "; AWS remembers {} that the trail does not show, {on_read_days} on days that were read ({arn} on {}",
        count(uses.len(), "later use"),
        used.format("%Y-%m-%d"),
    );
    if let Some(region) = &latest.region {
        _ = write!(text, " in {region}");
    }
    let more = if uses.len() > 1 { ", ..." } else { "" };
    _ = write!(text, ", {source}{more})");
    text
}

/// The accounts of which nothing was read, and the days of the account with the fewest among the others.
fn days(coverage: &ReportCoverage, asked_for: DayRange) -> String {
    if let [account] = coverage.accounts.as_slice() {
        let (days, regions) = of_account(account, coverage, asked_for);
        return days + &regions;
    }
    let (read, unread): (Vec<_>, Vec<_>) =
        (coverage.accounts.iter()).partition(|account| account.days_read > 0);
    let mut text = match unread.as_slice() {
        [] => String::new(),
        [only] => format!("{NO_DAY} of account {}", only.account),
        several => {
            let first: Vec<&str> = several.iter().take(NAMED).map(|it| &*it.account).collect();
            let more = if several.len() > NAMED { ", ..." } else { "" };
            let number = count(several.len(), "account");
            format!("{NO_DAY} of {number} ({}{more})", first.join(", "))
        }
    };
    let Some(least) = read.iter().min_by_key(|account| account.days_read) else {
        return if text.is_empty() {
            NO_DAY.to_owned()
        } else {
            text
        };
    };
    if !text.is_empty() {
        text.push_str("; on ");
    }
    let (days, regions) = of_account(least, coverage, asked_for);
    let others = if read.len() > 1 {
        "; more in others"
    } else {
        ""
    };
    _ = write!(
        text,
        "{days}, in account {}{others}{regions}",
        least.account
    );
    text
}

/// What was read for a report on this ARN, without the line's start; for policies of AWS, of the account with the fewest days.
pub(super) fn of_report(arn: &str, coverage: &ReportCoverage, asked_for: DayRange) -> String {
    let id = arn.split(':').nth(4).unwrap_or_default();
    let account = coverage.accounts.iter().find(|it| *it.account == *id);
    let mut text = account.map_or_else(
        || days(coverage, asked_for),
        |account| {
            let (days, regions) = of_account(account, coverage, asked_for);
            days + &regions
        },
    );
    text.push_str(&missing(coverage));
    if coverage.has_unknown_sources {
        text.push_str(UNKNOWN_SOURCES);
    }
    text
}

/// More accounts and Regions are not named.
const NAMED: usize = 5;
const NO_DAY: &str = "no whole day of the trail";
const UNKNOWN_SOURCES: &str = "; some of the activity does not say what it covers";

/// The days that were read of an account, and its Regions.
fn of_account(
    account: &AccountCoverage,
    coverage: &ReportCoverage,
    asked_for: DayRange,
) -> (String, String) {
    if account.days_read == 0 {
        return (NO_DAY.to_owned(), String::new());
    }
    let window = common(window(account, coverage.window), asked_for);
    let of = window.days().unwrap_or(account.days_read);
    let mut text = format!("{} of {of} days, {window:#}", account.days_read);
    let gaps = account
        .gaps
        .iter()
        .map(|gap| common(*gap, window))
        .filter_map(|gap| Some((gap.days().filter(|days| *days > 0)?, gap)));
    let gaps: Vec<_> = gaps.collect();
    if let Some((_, longest)) = gaps.iter().max_by_key(|(days, _)| *days) {
        _ = write!(text, ", {}", count(gaps.len(), "gap"));
        _ = match gaps.len() {
            1 => write!(text, " ({longest:#})"),
            _ => write!(text, " (the longest {longest:#})"),
        };
    }
    (text, regions(account, coverage.days_needed))
}

/// The Regions of which enough was read for "unused" to be about them.
fn regions(account: &AccountCoverage, needed: u32) -> String {
    let regions = account.regions.iter();
    let (enough, few): (Vec<_>, Vec<_>) = regions.partition(|region| region.days_read >= needed);
    let names = enough.iter().take(NAMED).map(|region| &*region.region);
    let names = names.collect::<Vec<_>>().join(", ");
    let more = if enough.len() > NAMED { ", ..." } else { "" };
    match (enough.len(), few.len()) {
        (0, _) => format!("; no Region has {needed} days"),
        (_, 0) => format!("; {needed} days in {names}{more} only"),
        (_, few) => format!(
            "; {needed} days in {names}{more} only, fewer in {}",
            count(few, "other Region")
        ),
    }
}

/// The window of an account; without a beginning, from its first day that was read.
fn window(account: &AccountCoverage, window: DayRange) -> DayRange {
    let open = account.gaps.first().filter(|gap| gap.first.is_none());
    let first = open.map_or(window.first, |gap| gap.last.checked_add(1));
    DayRange {
        first: window.first.or(first),
        last: window.last,
    }
}

/// The days that two ranges have in common.
fn common(left: DayRange, right: DayRange) -> DayRange {
    DayRange {
        first: left.first.max(right.first),
        last: left.last.min(right.last),
    }
}
