//! Reading less of a trail never claims more, and what is missing is said.
//!
//! Trails are generated as objects, read as they would be from a bucket, and reported on, as a whole and without a part.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod exports;
mod reports;
mod trails;

use advisor_core::{Activity, DaySet, ReportCoverage, State, StateReason, Tracking};
use chrono::DateTime;
use cloudtrail_reader::{ObjectId, ReadOptions, TrailReader};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;

use exports::{Export, exports};
use reports::{CATALOG, READER, answer, states};
use trails::{
    ACCOUNT, CALLS, Caller, DAYS, FIRST, Fate, Kind, Object, Removed, Trails, removed_places,
    removed_records, trails,
};

/// Reads objects in two parts, and merges them.
fn read(objects: &[Object]) -> Activity {
    read_by(&READER, objects)
}

fn read_by(reader: &TrailReader, objects: &[Object]) -> Activity {
    let (even, odd): (Vec<_>, Vec<_>) = objects.iter().enumerate().partition(|(at, _)| at % 2 == 0);
    let mut merged = Activity::new();
    for part in [odd, even] {
        let mut intake = reader.intake();
        for (_, (name, bytes)) in part {
            intake.take_object(&ObjectId::from(name.as_str()), bytes);
        }
        let read = intake.finish();
        assert!(read.reconciliation.adds_up());
        merged.merge(&read.activity);
    }
    merged
}

/// A reader of the time between two quarters of days.
fn limited(quarters_of_days: Option<(i32, i32)>) -> TrailReader {
    let Some((left, right)) = quarters_of_days else {
        return READER.clone();
    };
    let time = |quarter: i32| {
        let millis = DaySet::start_of(FIRST) + i64::from(quarter) * 6 * 3_600_000;
        DateTime::from_timestamp_millis(millis).unwrap()
    };
    let options = ReadOptions::new()
        .since(time(left.min(right)))
        .until(time(left.max(right)));
    TrailReader::new(CATALOG.clone(), options)
}

/// A use of a row that is taken away.
#[derive(Debug)]
struct Lost {
    day: i32,
    /// The day of its log file.
    delivered: i32,
    region: &'static str,
    kind: Kind,
    /// Whether the digests of its trail list its log file.
    is_listed: bool,
    /// Whether digests of the other trail cover the day. They say nothing of this trail's log files.
    is_covered_by_others: bool,
}

/// The uses of a row that are taken away.
fn lost(trails: &Trails, removed: Removed, row: &str) -> Vec<Lost> {
    let mut lost = Vec::new();
    for (number, file) in trails.log_files.iter().enumerate() {
        let of_row = |record: &trails::Record| {
            let rows = CALLS[record.call].rows.iter();
            let mut names = rows.flat_map(|name| [*name, name.split_once(':').unwrap().0]);
            record.caller == Caller::Ann && names.any(|name| name == row)
        };
        let uses = |removed| {
            trails
                .records(number, removed)
                .filter(of_row)
                .collect::<Vec<_>>()
        };
        // Claims are about the trail of the account itself.
        if file.account != ACCOUNT {
            continue;
        }
        let is_gone = matches!(removed, Removed::LogFile(gone) if gone == number)
            || !trails.is_left(file, removed);
        let (before, after) = (uses(Removed::Nothing), uses(removed));
        if is_gone || after.len() < before.len() {
            lost.extend(before.into_iter().map(|record| Lost {
                day: FIRST + file.day_of(record),
                delivered: FIRST + file.day,
                region: file.region,
                kind: CALLS[record.call].kind,
                is_listed: trails.has_digests(file.trail),
                is_covered_by_others: trails.has_digests(1 - file.trail),
            }));
        }
    }
    lost
}

/// Whether the report says that a use may be missing.
fn is_stated(
    trails: &Trails,
    lost: &Lost,
    removed: Removed,
    claim: &StateReason,
    summary: &ReportCoverage,
) -> bool {
    let StateReason::NoAttempt {
        first,
        last,
        regions,
        ..
    } = claim
    else {
        return false;
    };
    if regions.iter().all(|region| **region != *lost.region)
        || !(*first..=*last).contains(&lost.day)
    {
        return true;
    }
    let of_account = &summary.accounts[0];
    let has = |ranges: &[advisor_core::DayRange]| ranges.iter().any(|it| it.contains(lost.day));
    let is_gap = has(&of_account.gaps);
    let is_missing = of_account.missing_log_files.days.contains(lost.day);
    let is_unverified = has(&of_account.unverified);
    let of_kind = of_account.records.iter().find(|records| {
        let kind = (records.category, records.resource_type.as_deref());
        *records.region == *lost.region && kind == lost.kind.category()
    });
    let is_gap_of_kind = of_kind.is_some_and(|records| has(&records.gaps));
    match removed {
        // The last minutes of a day are in log files of the next one, and an event that was delivered late in those of that day: they
        // are the gap.
        Removed::Day(_) => of_account.gaps.iter().any(|it| it.contains(lost.delivered)),
        Removed::LogFile(_) if lost.is_listed => is_missing,
        Removed::LogFile(_) | Removed::Trail(_) => {
            is_gap || is_unverified || is_missing || lost.is_covered_by_others
        }
        Removed::KindOnDay(..) => is_gap_of_kind,
        // A record that is cut out of a log file goes unnoticed while the day has others of its kind: hashes are not checked.
        Removed::Record(..) => {
            is_gap_of_kind || trails.has_record((lost.day, lost.region, lost.kind), removed)
        }
        Removed::Region(_) | Removed::Kind(_) | Removed::Digests(..) | Removed::Nothing => false,
    }
}

/// Whether a use that AWS remembers is before the first day that is left, and was not before: only the days that are gone say that
/// the trail misses uses.
fn tells_of_misses(export: &Export, whole: &ReportCoverage, rest: &ReportCoverage) -> bool {
    let first = |summary: &ReportCoverage| {
        let of_account = summary.accounts.first()?;
        let mut days = FIRST - 3..FIRST + DAYS;
        days.find(|day| of_account.gaps.iter().all(|gap| !gap.contains(*day)))
    };
    let used = export.last_used.map(|day| FIRST + day);
    used.is_some_and(|used| {
        first(whole).is_some_and(|first| first <= used)
            && first(rest).is_none_or(|first| used < first)
    })
}

/// Checks that the report without a part claims nothing that the report on the whole does not, and that it says what is missing.
fn check(
    trails: &Trails,
    export: &Export,
    removed: Removed,
    days_needed: u32,
    period: Option<u64>,
) -> Result<(), TestCaseError> {
    let tracking = Tracking::full()
        .period_days(period)
        .min_coverage_days(days_needed);
    let whole = read(&trails.objects(Removed::Nothing));
    let (whole, of_whole) = answer(export, &whole, &tracking);
    let (rest, summary) = answer(export, &read(&trails.objects(removed)), &tracking);
    let tells_of_misses = tells_of_misses(export, &of_whole, &summary);
    let (whole, rest) = (states(&whole), states(&rest));
    prop_assert_eq!(whole.len(), rest.len());
    for ((name, before, _), (_, after, reason)) in whole.iter().zip(&rest) {
        if *after != State::Unused {
            continue;
        }
        let reason = reason.as_ref().unwrap();
        let is_unproved = matches!(before, State::Uncovered | State::Unobservable);
        prop_assert!(
            !is_unproved || trails.tells_of_gaps(removed) || tells_of_misses,
            "{name}: {before} became unused: {reason}"
        );
        if matches!(before, State::Used | State::Implied) {
            for lost in lost(trails, removed, name) {
                prop_assert!(
                    is_stated(trails, &lost, removed, reason, &summary),
                    "{name}: {reason}: {lost:?}\n{summary:#?}"
                );
            }
        }
    }
    Ok(())
}

// Two tests of 2,500 cases, which run at the same time.
proptest! {
    #![proptest_config(ProptestConfig { cases: 2_500, failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))), ..ProptestConfig::default() })]

    #[test]
    fn a_trail_without_days_regions_or_digests_never_claims_more(
        trails in trails(),
        export in exports(),
        removed in removed_places(),
        days_needed in 1..5_u32,
        period in prop::option::of(3..12_u64),
    ) {
        check(&trails, &export, removed, days_needed, period)?;
    }

    #[test]
    fn a_trail_without_objects_kinds_or_records_never_claims_more(
        trails in trails(),
        export in exports(),
        removed in removed_records(),
        days_needed in 1..5_u32,
        period in prop::option::of(3..12_u64),
    ) {
        check(&trails, &export, removed, days_needed, period)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))), ..ProptestConfig::default() })]

    // What is unused was not called on any of the days in any of the Regions that the claim names, if nothing is known to be missing;
    // also when only a part of the time is read, of objects or of an activity file.
    #[test]
    fn claims_are_true(
        trails in trails(),
        export in exports(),
        days_needed in 1..5_u32,
        quarters_of_days in prop::option::of((0..4 * DAYS, 0..4 * DAYS)),
        is_file in any::<bool>(),
    ) {
        let tracking = Tracking::full().min_coverage_days(days_needed);
        let mut objects = trails.objects(Removed::Nothing);
        if is_file {
            let mut file = Vec::new();
            advisor_arrow::write_activity(&mut file, &read(&objects)).unwrap();
            objects = vec![("activity.parquet".to_owned(), file)];
        }
        let reader = limited(quarters_of_days);
        let (report, summary) = answer(&export, &read_by(&reader, &objects), &tracking);
        let missing = &summary.accounts[0].missing_log_files.days;
        for (name, state, reason) in states(&report) {
            let Some(StateReason::NoAttempt { first, last, regions, days, .. }) = reason else {
                prop_assert_ne!(state, State::Unused);
                continue;
            };
            prop_assert!(days >= days_needed);
            for region in &*regions {
                prop_assert!(trails.has_read(region), "{}: {}", name, region);
            }
            // Also in log files that cannot be read: those days are not counted.
            for (number, file) in trails.log_files.iter().enumerate() {
                for record in trails.records(number, Removed::Nothing) {
                    let call = &CALLS[record.call];
                    let day = FIRST + file.day_of(record);
                    let is_claimed = (first..=last).contains(&day)
                        && regions.iter().any(|region| **region == *file.region)
                        && file.account == ACCOUNT;
                    if record.caller == Caller::Ann && is_claimed && call.rows.contains(&&*name) {
                        let is_known = missing.contains(day) || !trails.has_digests(file.trail);
                        prop_assert!(file.fate != Fate::Read && is_known, "{}: {:?}", name, record);
                    }
                }
            }
        }
    }
}
