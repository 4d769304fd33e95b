//! Unit and property tests of the activity table.

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
struct Sample {
    id: Option<usize>,
    arn: usize,
    service: usize,
    event: usize,
    known: bool,
    time: i64,
    event_id: usize,
    denied: bool,
    corrects: bool,
}

const IDS: [&str; 3] = ["AIDA1", "AIDA2", "AROA1"];
const ARNS: [&str; 3] = [
    "arn:aws:iam::1:user/a",
    "arn:aws:iam::1:user/b",
    "arn:aws:iam::1:role/r",
];
const NAMES: [&str; 3] = ["s3", "iam", "GetUser"];
const EVENT_IDS: [&str; 4] = ["e1", "e2", "e3", "e4"];

fn sample() -> impl Strategy<Value = Sample> {
    (
        prop::option::of(0..3_usize),
        0..3_usize,
        0..3_usize,
        0..3_usize,
        any::<bool>(),
        0..4_i64,
        0..4_usize,
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(
            |(id, arn, service, event, known, time, event_id, denied, corrects)| Sample {
                id,
                arn,
                service,
                event,
                known,
                time,
                event_id,
                denied,
                corrects,
            },
        )
}

fn table(samples: &[Sample]) -> Activity {
    let mut activity = Activity::new();
    for sample in samples {
        let name = NAMES[sample.event];
        let attempt = Attempt {
            principal: Principal {
                unique_id: sample.id.map(|id| IDS[id]),
                arn: Some(ARNS[sample.arn]),
                account: Some("1"),
            },
            service: NAMES[sample.service],
            action: if sample.known {
                CreditedAction::Action(name)
            } else {
                CreditedAction::Event(name)
            },
            region: "us-east-1",
            time_millis: sample.time,
            event_id: EVENT_IDS[sample.event_id],
            denied: sample.denied,
        };
        if sample.corrects {
            activity.record_correction(&attempt);
        } else {
            activity.record(&attempt);
        }
    }
    activity
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn any_split_merges_into_the_same_table(
        samples in prop::collection::vec(sample(), 0..24),
        cut in 0..24_usize,
    ) {
        let (left, right) = samples.split_at(cut.min(samples.len()));
        let whole = table(&samples);
        let (mut forward, mut backward) = (table(left), table(right));
        forward.merge(&table(right));
        backward.merge(&table(left));
        let mut by_row = table(right);
        for row in table(left).rows() {
            prop_assert!(by_row.add_row(&row));
        }
        prop_assert_eq!(&forward, &whole);
        prop_assert_eq!(&backward, &whole);
        prop_assert_eq!(&by_row, &whole);
    }

    #[test]
    fn merging_a_table_twice_changes_only_the_counts(samples in prop::collection::vec(sample(), 0..24)) {
        let once = table(&samples);
        let mut twice = once.clone();
        twice.merge(&once);
        let times = |activity: &Activity| {
            let mut times: Vec<_> = activity
                .rows()
                .map(|row| (row.last_millis, row.last_event_id.to_owned(), row.first_millis))
                .collect();
            times.sort();
            times
        };
        prop_assert_eq!(times(&once), times(&twice));
    }
}

#[test]
fn attempts_without_a_principal_are_not_recorded() {
    let mut activity = Activity::new();
    let attempt = Attempt {
        principal: Principal::default(),
        service: "s3",
        action: CreditedAction::Action("GetObject"),
        region: "us-east-1",
        time_millis: 0,
        event_id: "e",
        denied: false,
    };
    assert!(!activity.record(&attempt));
    assert!(!activity.record_correction(&attempt));
    assert!(activity.is_empty());
}

#[test]
fn corrections_are_attempts_that_add_nothing_to_the_counts() {
    let attempt = |day: i64, denied| Attempt {
        principal: Principal {
            unique_id: Some("AIDA1"),
            ..Principal::default()
        },
        service: "s3",
        action: CreditedAction::Action("GetObject"),
        region: "us-east-1",
        time_millis: day * 86_400_000,
        event_id: "e",
        denied,
    };
    let mut activity = Activity::new();
    assert!(activity.record_correction(&attempt(2, true)));
    let row = activity.rows().next().unwrap();
    assert_eq!((row.attempts, row.denied), (0, 0));
    assert_eq!(row.days, &DaySet::from_iter([2]));
    let mut days = DaySet::new();
    let until = row.until(3 * 86_400_000, &mut days).unwrap();
    assert_eq!((until.attempts, until.denied), (0, 0));

    activity.record(&attempt(1, true));
    let row = activity.rows().next().unwrap();
    assert_eq!((row.attempts, row.denied), (1, 1));
    assert_eq!(row.last_millis, 2 * 86_400_000);
    assert_eq!(row.days, &DaySet::from_iter([1, 2]));
}

#[test]
fn many_attempts_are_recorded_as_one_by_one() {
    let ids = |activity: &mut Activity| {
        let principals = ["AIDA1", "AIDA2"].map(|unique_id| {
            activity.intern_principal(Principal {
                unique_id: Some(unique_id),
                ..Principal::default()
            })
        });
        let actions = ["GetObject", "PutObject"]
            .map(|name| activity.intern_action("s3", CreditedAction::Action(name)));
        (principals, actions, activity.intern_region("us-east-1"))
    };
    let (mut one_by_one, mut together, mut larger) =
        (Activity::new(), Activity::new(), Activity::new());
    let (principals, actions, region) = ids(&mut one_by_one);
    assert_eq!(ids(&mut together), (principals, actions, region));
    ids(&mut larger);
    let unknown = larger.intern_principal(Principal {
        unique_id: Some("AIDA3"),
        ..Principal::default()
    });
    let event_ids = ["a", "b", "c"];
    let attempts: Vec<InternedAttempt<'_>> = (0..60)
        .map(|number: usize| InternedAttempt {
            principal: principals[number % 2].unwrap(),
            action: actions[number / 2 % 2],
            region,
            time_millis: i64::try_from(number * 7 % 5).unwrap() * 86_400_000,
            event_id: event_ids[number % 3].as_bytes(),
            denied: number.is_multiple_of(7),
        })
        .collect();
    let stranger = InternedAttempt {
        principal: unknown.unwrap(),
        ..attempts[0]
    };
    let all = [&attempts[..30], &[stranger], &attempts[30..]].concat();
    let recorded = all
        .iter()
        .filter(|attempt| one_by_one.record_interned(attempt));
    assert_eq!(recorded.count(), 60);
    assert_eq!(together.record_all_interned(all.iter().copied()), 60);
    assert_eq!(together, one_by_one);
    assert_eq!(together.len(), 4);
}
