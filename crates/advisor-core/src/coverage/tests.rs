//! Unit and property tests of coverage.

use proptest::prelude::*;

use super::*;
use crate::principal::Principal;

#[derive(Clone, Debug)]
enum Seen {
    Record(usize, usize, usize, i32),
    Call(usize, usize, usize, i32),
    /// The last is a kind of event that it holds.
    LogFile(usize, i32, usize, usize),
    /// The second is the trail.
    Digest(usize, usize, i64, i64, Vec<usize>),
    Ended(usize, i32),
    Catalog(usize),
    /// The principal, the credential, the time, the event, the service and the Region.
    Credential(usize, usize, i64, usize, usize, usize),
    Unknown,
    Unread,
}

const ACCOUNTS: [&str; 2] = ["111122223333", "444455556666"];
const REGIONS: [&str; 2] = ["eu-west-1", "us-east-1"];
const CATALOGS: [&str; 2] = ["0000000000000001", "fedcba9876543210"];
const FILES: [&str; 4] = ["a.json.gz", "b.json.gz", "c.json.gz", "d.json.gz"];

fn category(index: usize) -> EventCategory<'static> {
    let all = [
        EventCategory::ManagementRead,
        EventCategory::ManagementWrite,
        EventCategory::DataRead("AWS::S3::Object"),
        EventCategory::DataWrite("AWS::Lambda::Function"),
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
        (0..2_usize, 0..6_usize, 0..2_usize, 20_000..20_100_i32).prop_map(
            |(account, category, action, day)| Seen::Call(account, category, action, day)
        ),
        (0..2_usize, 20_000..20_100_i32, 0..4_usize, 0..6_usize)
            .prop_map(|(account, day, file, held)| Seen::LogFile(account, day, file, held)),
        (
            0..2_usize,
            0..2_usize,
            0..40_i64,
            0..10_i64,
            prop::collection::vec(0..4_usize, 0..3)
        )
            .prop_map(|(account, trail, start, hours, files)| Seen::Digest(
                account,
                trail,
                start,
                start + hours,
                files
            )),
        (0..2_usize, 20_000..20_100_i32).prop_map(|(account, day)| Seen::Ended(account, day)),
        (0..2_usize).prop_map(Seen::Catalog),
        (
            0..4_usize,
            0..3_usize,
            0..4_i64,
            0..2_usize,
            0..2_usize,
            0..2_usize
        )
            .prop_map(|(who, credential, time, event, service, region)| {
                Seen::Credential(who, credential, time * DAY / 2, event, service, region)
            }),
        Just(Seen::Unknown),
        Just(Seen::Unread),
    ]
}

fn listed(name: &str, delivered: i32) -> ListedLogFile<'_> {
    ListedLogFile {
        name,
        delivered,
        first_day: delivered - 1,
        last_day: delivered,
    }
}

fn coverage(all: &[Seen]) -> Coverage {
    let mut coverage = Coverage::new();
    for seen in all {
        match seen {
            Seen::Record(account, region, kind, day) => {
                coverage.see_record(ACCOUNTS[*account], REGIONS[*region], category(*kind), *day);
            }
            Seen::Call(account, kind, action, day) => {
                let call = ("kinesis", ["PutRecord", "GetRecords"][*action]);
                let region = REGIONS[0];
                coverage.see_call(ACCOUNTS[*account], region, category(*kind), call, *day);
            }
            Seen::LogFile(account, day, file, held) => {
                let (account, region) = (ACCOUNTS[*account], REGIONS[0]);
                let held = coverage.intern(account, region, category(*held));
                coverage.see_log_file(account, region, *day, FILES[*file], &[held]);
            }
            Seen::Digest(account, trail, start, end, files) => coverage.see_digest(
                Digest {
                    account: ACCOUNTS[*account],
                    region: REGIONS[0],
                    trail: ["mine", "yours"][*trail],
                    start_millis: start * 3_600_000,
                    end_millis: end * 3_600_000,
                },
                files.iter().map(|file| {
                    let day = i32::try_from(*start).unwrap();
                    listed(FILES[*file], day)
                }),
            ),
            Seen::Ended(account, day) => {
                let place = coverage.place(ACCOUNTS[*account], REGIONS[0]);
                place.ended = place.ended.max(Some(*day));
            }
            Seen::Catalog(catalog) => coverage.see_catalog(CATALOGS[*catalog].parse().unwrap()),
            Seen::Credential(who, credential, time_millis, event, service, region) => {
                let credential = [
                    UserCredential::Password,
                    UserCredential::AccessKey("AKIAEXAMPLE000000001"),
                    UserCredential::AccessKey("AKIAEXAMPLE000000002"),
                ][*credential];
                let user = |unique_id, arn, account| Principal {
                    unique_id,
                    arn,
                    account,
                };
                let who = [
                    user(Some("AIDAEXAMPLE0000000001"), None, Some(ACCOUNTS[0])),
                    user(
                        Some("AIDAEXAMPLE0000000001"),
                        Some("arn:x"),
                        Some(ACCOUNTS[1]),
                    ),
                    user(None, Some("arn:x"), None),
                    user(None, None, None),
                ][*who];
                if let Some(id) = coverage.intern_credential(who, credential) {
                    let seen = SeenCredential {
                        service: ["s3", "ec2"][*service],
                        region: REGIONS[*region],
                        time_millis: *time_millis,
                        event_id: [&b"a"[..], b"b"][*event],
                    };
                    coverage.see_credential(id, &seen);
                }
            }
            Seen::Unknown => coverage.see_unknown_source(),
            Seen::Unread => coverage.see_unread_credentials(),
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

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

fn digest(trail: &str, days: std::ops::Range<i64>) -> Digest<'_> {
    Digest {
        account: ACCOUNTS[0],
        region: "us-east-1",
        trail,
        start_millis: days.start * DAY,
        end_millis: days.end * DAY + HOUR,
    }
}

#[test]
fn a_day_is_covered_by_a_record_a_log_file_or_digests_of_all_its_hours() {
    let [account, other] = ACCOUNTS;
    let mut coverage = Coverage::new();
    assert!(coverage.is_empty());
    coverage.see_record(account, "eu-west-1", EventCategory::ManagementRead, 3);
    coverage.see_log_file(account, "us-east-1", 5, "logs/x.json.gz", &[]);
    let files = [listed("b/logs/x.json.gz", 7), listed("b/y.json.gz", 3)];
    coverage.see_digest(digest("", 7..8), files);
    let cut = Digest {
        end_millis: 10 * DAY + HOUR - 1,
        ..digest("", 9..10)
    };
    coverage.see_digest(cut, []);
    // Of the second and third day, a log file is missing.
    let days = coverage.covered_days(account);
    assert_eq!(days.iter().collect::<Vec<_>>(), [5, 7]);
    assert!(coverage.covered_days(other).is_empty());
    assert_eq!(coverage.accounts(), [account]);
    assert_eq!(coverage.missing_log_files(), ["y.json.gz"]);
    let missing = coverage.missing().next().unwrap();
    assert_eq!((missing.account, missing.region), (account, "us-east-1"));
    assert_eq!(missing.days().collect::<Vec<_>>(), [2, 3]);
    assert!(!coverage.is_empty());
}

#[test]
fn digests_prove_kinds_that_log_files_of_their_trail_hold() {
    let account = ACCOUNTS[0];
    let write = EventCategory::ManagementWrite;
    let mut coverage = Coverage::new();
    coverage.see_digest(digest("mine", 0..9), [listed("a", 2), listed("b", 5)]);
    coverage.see_digest(digest("yours", 0..9), [listed("c", 0), listed("d", 8)]);
    let proved = |coverage: &Coverage| {
        let mut all = coverage.days_by_digests(write);
        let (.., days) = all.next().unwrap();
        days.iter().collect::<Vec<_>>()
    };
    assert!(proved(&coverage).is_empty());
    let read = coverage.intern(account, "us-east-1", EventCategory::ManagementRead);
    for name in ["a", "b", "c", "d"] {
        coverage.see_log_file(account, "us-east-1", 0, name, &[read]);
    }
    assert!(proved(&coverage).is_empty(), "the other kind");
    let held = coverage.intern(account, "us-east-1", write);
    coverage.see_log_file(account, "us-east-1", 2, "a", &[held]);
    coverage.see_log_file(account, "us-east-1", 5, "b", &[held]);
    // Not what the digests of another trail cover, nor the day of the last delivery: its events may be of the day before.
    assert_eq!(proved(&coverage), [2, 3, 4]);
}

#[test]
fn limits_keep_that_something_later_was_read() {
    let [account, _] = ACCOUNTS;
    let [by_record, by_log_file] = REGIONS;
    let limited = |until| {
        let mut coverage = Coverage::new();
        for day in [10, 11] {
            coverage.see_record(account, by_record, category(0), day);
            coverage.see_log_file(account, by_log_file, day, FILES[0], &[]);
        }
        coverage.limit_to(i64::MIN, until);
        let places = coverage.log_files();
        let ended = places.map(|place| (place.region.to_owned(), place.ended));
        ended.collect::<Vec<_>>()
    };
    let both = |day| REGIONS.map(|region| (region.to_owned(), Some(day)));
    // The last millisecond of a day, and noon of the next.
    for until in [11 * DAY - 1, 11 * DAY + DAY / 2] {
        assert_eq!(limited(until), both(10), "{until}");
    }
    assert_eq!(limited(9 * DAY - 1), both(8));
    assert_eq!(limited(12 * DAY - 1), [(by_log_file.to_owned(), None)]);
}

#[test]
fn coverage_of_earlier_versions_proves_what_it_knows() {
    let text = r#"{
        "Records": [{"Account": "111122223333", "Region": "us-east-1", "Category": "Data",
            "ResourceType": "AWS::S3::Object", "Days": ["1970-01-03"]}],
        "LogFiles": [{"Account": "111122223333", "Region": "us-east-1", "Days": ["1970-01-03"],
            "Digests": [[0, 864000000]]}],
        "LogFilesRead": "AAAAAAAAAAA=",
        "MissingLogFiles": ["111122223333_CloudTrail_us-east-1_19700105T0000Z_aB3.json.gz"]
    }"#;
    let coverage: Coverage = serde_json::from_str(text).unwrap();
    let [account, _] = ACCOUNTS;
    // Nine whole days, without the day of the missing log file and the one before.
    assert_eq!(
        coverage.covered_days(account).iter().collect::<Vec<_>>(),
        [0, 1, 2, 5, 6, 7, 8]
    );
    assert!(coverage.calls().next().is_none());
    assert!(coverage.has_unread_credentials());
    let mut proved = coverage.days_by_digests(EventCategory::ManagementRead);
    assert!(proved.all(|(.., days)| days.is_empty()));
}

#[test]
fn the_last_use_of_a_credential_tells_service_and_region() {
    let maria = Principal {
        unique_id: Some("AIDAEXAMPLE0000000001"),
        arn: Some("arn:aws:iam::111122223333:user/maria"),
        account: Some(ACCOUNTS[0]),
    };
    let key = UserCredential::long_term_key("AKIAEXAMPLE000000001").unwrap();
    let mut coverage = Coverage::new();
    let id = coverage.intern_credential(maria, key).unwrap();
    assert_eq!(coverage.credential_uses(), []);
    for (day, service) in [(2, "s3"), (7, "ec2"), (4, "sqs")] {
        let seen = SeenCredential {
            service,
            region: "eu-west-1",
            time_millis: day * DAY + HOUR,
            event_id: service.as_bytes(),
        };
        coverage.see_credential(id, &seen);
    }
    let [uses] = &*coverage.credential_uses() else {
        panic!("{coverage:?}");
    };
    assert_eq!(
        (uses.credential, uses.service, uses.last_event_id),
        (key, "ec2", "ec2")
    );
    assert_eq!(
        (uses.first_millis, uses.last_millis),
        (2 * DAY + HOUR, 7 * DAY + HOUR)
    );
    // What does not say its coverage still shows uses.
    assert_eq!(coverage.as_unknown_source().credential_uses().len(), 1);
    for other in ["ASIAEXAMPLE000000001", "AKIA", "AKIAEXAMPLE 00000001", ""] {
        assert_eq!(UserCredential::long_term_key(other), None, "{other}");
    }
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
        r#"{"LogFilesRead": "AAAAAAAAAAA=", "LogFilesHeld": "AAAA"}"#,
        r#"{"LogFiles": [{"Account": "1", "Region": "r", "Days": [], "Trails": [
            {"Trail": "t", "Digests": [], "Listed": "AAAA"}]}]}"#,
        r#"{"Catalogs": ["1"]}"#,
        r#"{"Records": [{"Account": "1"}]}"#,
        r#"{"CredentialUses": [{"PrincipalId": "AIDA", "Service": "s3", "Region": "r", "LastMillis": 7, "LastEventId": "",
            "FirstMillis": 8, "Days": ["1970-01-01"]}]}"#,
        r#"{"CredentialUses": [{"Service": "s3", "Region": "r", "LastMillis": 7, "LastEventId": "", "FirstMillis": 7,
            "Days": ["1970-01-01"]}]}"#,
    ] {
        assert!(serde_json::from_str::<Coverage>(text).is_err(), "{text}");
    }
    let later =
        r#"{"Records": [{"Account": "1", "Region": "r", "Category": "Later", "Days": []}]}"#;
    assert!(serde_json::from_str::<Coverage>(later).unwrap().is_empty());
}
