//! Unit and property tests of coverage.

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Seen {
    Record(usize, usize, usize, i32),
    LogFile(usize, i32, usize),
    Digest(usize, i64, i64, Vec<usize>),
    Catalog(usize),
    Unknown,
}

const ACCOUNTS: [&str; 2] = ["111122223333", "444455556666"];
const REGIONS: [&str; 2] = ["eu-west-1", "us-east-1"];
const CATALOGS: [&str; 2] = ["0000000000000001", "fedcba9876543210"];
const FILES: [&str; 4] = ["a.json.gz", "b.json.gz", "c.json.gz", "d.json.gz"];

fn category(index: usize) -> EventCategory<'static> {
    let all = [
        EventCategory::ManagementRead,
        EventCategory::ManagementWrite,
        EventCategory::Data("AWS::S3::Object"),
        EventCategory::Data("AWS::Lambda::Function"),
        EventCategory::Data(""),
        EventCategory::NetworkActivity,
    ];
    all[index]
}

fn seen() -> impl Strategy<Value = Seen> {
    prop_oneof![
        (0..2_usize, 0..2_usize, 0..6_usize, 20_000..20_100_i32).prop_map(
            |(account, region, category, day)| Seen::Record(account, region, category, day)
        ),
        (0..2_usize, 20_000..20_100_i32, 0..4_usize)
            .prop_map(|(account, day, file)| Seen::LogFile(account, day, file)),
        (
            0..2_usize,
            0..40_i64,
            0..10_i64,
            prop::collection::vec(0..4_usize, 0..3)
        )
            .prop_map(|(account, start, hours, files)| Seen::Digest(
                account,
                start,
                start + hours,
                files
            )),
        (0..2_usize).prop_map(Seen::Catalog),
        Just(Seen::Unknown),
    ]
}

fn coverage(all: &[Seen]) -> Coverage {
    let mut coverage = Coverage::new();
    for seen in all {
        match seen {
            Seen::Record(account, region, kind, day) => {
                coverage.see_record(ACCOUNTS[*account], REGIONS[*region], category(*kind), *day);
            }
            Seen::LogFile(account, day, file) => {
                coverage.see_log_file(ACCOUNTS[*account], REGIONS[0], *day, FILES[*file]);
            }
            Seen::Digest(account, start, end, files) => coverage.see_digest(
                ACCOUNTS[*account],
                REGIONS[0],
                start * 3_600_000,
                end * 3_600_000,
                files.iter().map(|file| FILES[*file]),
            ),
            Seen::Catalog(catalog) => coverage.see_catalog(CATALOGS[*catalog].parse().unwrap()),
            Seen::Unknown => coverage.see_unknown_source(),
        }
    }
    coverage
}

proptest! {
    #[test]
    fn any_split_merges_into_the_same(
        all in prop::collection::vec(seen(), 0..24),
        cut in 0..24_usize,
    ) {
        let (left, right) = all.split_at(cut.min(all.len()));
        let whole = coverage(&all);
        let (left, right) = (coverage(left), coverage(right));
        let merged = |first: &Coverage, second: &Coverage| {
            let mut merged = first.clone();
            merged.merge(second);
            merged.merge(second);
            merged
        };
        prop_assert_eq!(&merged(&left, &right), &whole);
        prop_assert_eq!(&merged(&right, &left), &whole);
        let text = serde_json::to_string(&whole).unwrap();
        let read: Coverage = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(serde_json::to_string(&merged(&right, &left)).unwrap(), text);
        prop_assert_eq!(read, whole);
    }
}

#[test]
fn a_day_is_covered_by_a_record_a_log_file_or_digests_of_all_its_hours() {
    const DAY: i64 = 86_400_000;
    let [account, other] = ACCOUNTS;
    let mut coverage = Coverage::new();
    assert!(coverage.is_empty());
    coverage.see_record(account, "eu-west-1", EventCategory::ManagementRead, 3);
    coverage.see_log_file(account, "us-east-1", 5, "logs/x.json.gz");
    coverage.see_digest(
        account,
        "us-east-1",
        7 * DAY,
        8 * DAY,
        ["b/logs/x.json.gz", "b/y.json.gz"],
    );
    coverage.see_digest(account, "us-east-1", 9 * DAY, 10 * DAY - 1, []);
    let days = coverage.covered_days(account);
    assert_eq!(days.iter().collect::<Vec<_>>(), [3, 5, 7]);
    assert!(coverage.covered_days(other).is_empty());
    assert_eq!(coverage.accounts(), [account]);
    assert_eq!(coverage.missing_log_files(), ["y.json.gz"]);
    assert!(!coverage.is_empty());
}

#[test]
fn catalogs_that_differ_are_both_named() {
    let [first, second] = CATALOGS.map(|text| text.parse().unwrap());
    let mut coverage = Coverage::new();
    assert_eq!(coverage.check_catalog(first), Ok(()));
    coverage.see_catalog(first);
    assert_eq!(coverage.check_catalog(first), Ok(()));
    let mismatch = coverage.check_catalog(second).unwrap_err();
    assert_eq!((mismatch.found, mismatch.expected), (first, second));
    let message = mismatch.to_string();
    assert!(CATALOGS.iter().all(|it| message.contains(it)), "{message}");
    coverage.see_catalog(second);
    assert!(coverage.check_catalog(first).is_err());
    assert_eq!(coverage.catalogs().collect::<Vec<_>>(), [first, second]);
}

#[test]
fn a_damaged_text_is_refused() {
    for text in [
        r#"{"LogFilesRead": "AAAA"}"#,
        r#"{"LogFilesRead": "?"}"#,
        r#"{"Catalogs": ["1"]}"#,
        r#"{"Records": [{"Account": "1"}]}"#,
    ] {
        assert!(serde_json::from_str::<Coverage>(text).is_err(), "{text}");
    }
    let later =
        r#"{"Records": [{"Account": "1", "Region": "r", "Category": "Later", "Days": []}]}"#;
    assert!(serde_json::from_str::<Coverage>(later).unwrap().is_empty());
}
