//! How far "not used" can be trusted: the days, log files and actions that were not seen.

use std::fmt::Write;

use access_advisor::report::{AccountCoverage, DayRange, ReportCoverage, UnseenUse};

use crate::wording::{count, interval};

/// One line for the end of a report, with the number of granted actions that are unobservable.
pub(crate) fn line(coverage: &ReportCoverage, unobservable: usize) -> String {
    let mut line = format!("\"unused\" rests on {}", days(coverage));
    let missing = &coverage.missing_log_files;
    if !missing.is_empty() {
        let names = missing.first.join(", ");
        let more = if missing.count > missing.first.len() {
            ", ..."
        } else {
            ""
        };
        _ = write!(
            line,
            "; {} not read whole ({names}{more})",
            count(missing.count, "object")
        );
    }
    if coverage.has_unknown_sources {
        line.push_str("; some of the activity does not say what it covers");
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

/// The days that were read, of the account with the fewest.
fn days(coverage: &ReportCoverage) -> String {
    let least = coverage
        .accounts
        .iter()
        .min_by_key(|account| account.days_read);
    let Some(account) = least.filter(|account| account.days_read > 0) else {
        return match least {
            Some(account) if coverage.accounts.len() > 1 => {
                format!("no day of the trail of account {}", account.account)
            }
            _ => "no day of the trail".to_owned(),
        };
    };
    let window = window(account, coverage.window);
    let of = window.days().unwrap_or(account.days_read);
    let mut text = format!("{} of {of} days, {}", account.days_read, interval(window));
    let gaps = account
        .gaps
        .iter()
        .filter_map(|gap| Some((gap.days()?, gap)));
    let gaps: Vec<_> = gaps.collect();
    if let Some((_, longest)) = gaps.iter().max_by_key(|(days, _)| *days) {
        _ = write!(text, ", {}", count(gaps.len(), "gap"));
        _ = match gaps.len() {
            1 => write!(text, " ({})", interval(**longest)),
            _ => write!(text, " (the longest {})", interval(**longest)),
        };
    }
    if coverage.accounts.len() > 1 {
        _ = write!(text, ", in account {}; more in others", account.account);
    }
    text + &regions(account, coverage.days_needed)
}

/// The Regions of which enough was read for "unused" to be about them.
fn regions(account: &AccountCoverage, needed: u32) -> String {
    const NAMED: usize = 5;
    let regions = account.regions.iter();
    let (enough, few): (Vec<_>, Vec<_>) = regions.partition(|region| region.days_read >= needed);
    let names = enough.iter().take(NAMED).map(|region| &*region.region);
    let names = names.collect::<Vec<_>>().join(", ");
    let more = if enough.len() > NAMED { ", ..." } else { "" };
    match (enough.len(), few.len()) {
        (0, _) => format!("; {needed} days in no Region"),
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
