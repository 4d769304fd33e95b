//! Activity: who attempted which action of which service in which Region, when last, how often.
//!
//! The table's key is (principal, service, action, Region). Merging two tables takes the later last
//! attempt, ties by event id, so it is commutative and associative, and idempotent for the last and
//! the first attempt: any split of a trail over threads, files or machines gives the same table.
//! Counts add up; CloudTrail delivers at least once, so they may count a delivery twice.

use chrono::{DateTime, Utc};
use hashbrown::HashMap;

use crate::time;

type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// Who attempted something: a user or role of IAM, by unique id where it is known, else by ARN.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Principal<'a> {
    /// `AIDA...` or `AROA...`.
    pub unique_id: Option<&'a str>,
    /// The ARN of the user or role (not of a session).
    pub arn: Option<&'a str>,
    /// The account it belongs to.
    pub account: Option<&'a str>,
}

/// What was attempted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Operation<'a> {
    /// An action that the catalog knows, by its name.
    Action(&'a str),
    /// An event that the catalog has no action for, by the event's name.
    Event(&'a str),
}

impl<'a> Operation<'a> {
    /// The action's or the event's name.
    #[must_use]
    pub fn name(self) -> &'a str {
        match self {
            Self::Action(name) | Self::Event(name) => name,
        }
    }
}

/// One attempt, as an event tells of it. Attempts count whether they succeeded or not.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    /// Who.
    pub principal: Principal<'a>,
    /// The service's namespace; the event source's first label where no service is known for it.
    pub service: &'a str,
    /// What.
    pub operation: Operation<'a>,
    /// The Region, as the event has it.
    pub region: &'a str,
    /// When, in UTC milliseconds.
    pub time_millis: i64,
    /// The event's id.
    pub event_id: &'a str,
    /// Whether the attempt was refused for want of permission.
    pub denied: bool,
}

/// The activity table.
#[derive(Clone, Debug, Default)]
pub struct Activity {
    principals: Vec<PrincipalEntry>,
    principal_ids: Map<Box<str>, u32>,
    names: Names,
    rows: Map<RowKey, Row>,
}

#[derive(Clone, Debug)]
struct PrincipalEntry {
    /// The unique id, or the ARN where there is none: what the principal is known by.
    key: Box<str>,
    has_unique_id: bool,
    /// The ARN it had when it was last seen: users and roles can be renamed or moved.
    arn: Option<(i64, Box<str>)>,
    account: Option<Box<str>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct RowKey {
    principal: u32,
    service: u32,
    operation: u32,
    is_action: bool,
    region: u32,
}

#[derive(Clone, Debug)]
struct Row {
    last_millis: i64,
    last_event_id: Box<str>,
    first_millis: i64,
    attempts: u64,
    denied: u64,
}

impl Row {
    fn merge(&mut self, other: &Self) {
        if (other.last_millis, &other.last_event_id) > (self.last_millis, &self.last_event_id) {
            self.last_millis = other.last_millis;
            self.last_event_id.clone_from(&other.last_event_id);
        }
        self.first_millis = self.first_millis.min(other.first_millis);
        self.attempts = self.attempts.saturating_add(other.attempts);
        self.denied = self.denied.saturating_add(other.denied);
    }
}

/// Interned service, operation and Region names.
#[derive(Clone, Debug, Default)]
struct Names {
    texts: Vec<Box<str>>,
    ids: Map<Box<str>, u32>,
}

impl Names {
    fn id(&mut self, text: &str) -> u32 {
        if let Some(id) = self.ids.get(text) {
            return *id;
        }
        let id = index(self.texts.len());
        self.texts.push(text.into());
        self.ids.insert(text.into(), id);
        id
    }

    fn text(&self, id: u32) -> &str {
        self.texts.get(id as usize).map_or("", |text| text)
    }
}

/// Tables of more than four billion distinct names do not fit in memory anyway.
fn index(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// One row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActivityRow<'a> {
    /// Who; `arn` is the one the principal had when it was last seen.
    pub principal: Principal<'a>,
    /// When the principal was last seen under that ARN, in UTC milliseconds.
    pub arn_seen_millis: Option<i64>,
    /// The service's namespace.
    pub service: &'a str,
    /// What.
    pub operation: Operation<'a>,
    /// The Region.
    pub region: &'a str,
    /// The last attempt, in UTC milliseconds.
    pub last_millis: i64,
    /// The id of the last attempt's event; of two at the same time, the greater one.
    pub last_event_id: &'a str,
    /// The first attempt, in UTC milliseconds.
    pub first_millis: i64,
    /// How many attempts there were.
    pub attempts: u64,
    /// How many of them were refused for want of permission.
    pub denied: u64,
}

impl Activity {
    /// An empty table.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether no attempt was taken in.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Takes one attempt in. An attempt whose principal has neither unique id nor ARN is nobody's:
    /// it is left out, and the answer is `false`.
    pub fn record(&mut self, attempt: &Attempt<'_>) -> bool {
        let Some(principal) = self.principal(attempt.principal, attempt.time_millis) else {
            return false;
        };
        let key = RowKey {
            principal,
            service: self.names.id(attempt.service),
            operation: self.names.id(attempt.operation.name()),
            is_action: matches!(attempt.operation, Operation::Action(_)),
            region: self.names.id(attempt.region),
        };
        let denied = u64::from(attempt.denied);
        match self.rows.get_mut(&key) {
            Some(row) => {
                let last = (row.last_millis, &*row.last_event_id);
                if (attempt.time_millis, attempt.event_id) > last {
                    row.last_millis = attempt.time_millis;
                    row.last_event_id = attempt.event_id.into();
                }
                row.first_millis = row.first_millis.min(attempt.time_millis);
                row.attempts = row.attempts.saturating_add(1);
                row.denied = row.denied.saturating_add(denied);
            }
            None => {
                let row = Row {
                    last_millis: attempt.time_millis,
                    last_event_id: attempt.event_id.into(),
                    first_millis: attempt.time_millis,
                    attempts: 1,
                    denied,
                };
                self.rows.insert(key, row);
            }
        }
        true
    }

    /// Takes another table in.
    pub fn merge(&mut self, other: &Self) {
        let principals: Vec<u32> = other
            .principals
            .iter()
            .map(|entry| {
                let id = self.principal_by_key(&entry.key, entry.has_unique_id);
                let arn = entry.arn.as_ref().map(|(seen, arn)| (*seen, &**arn));
                self.describe_principal(id, arn, entry.account.as_deref());
                id
            })
            .collect();
        let names: Vec<u32> = other
            .names
            .texts
            .iter()
            .map(|text| self.names.id(text))
            .collect();
        let name = |id: u32| names.get(id as usize).copied().unwrap_or_default();
        for (key, row) in &other.rows {
            let key = RowKey {
                principal: principals
                    .get(key.principal as usize)
                    .copied()
                    .unwrap_or_default(),
                service: name(key.service),
                operation: name(key.operation),
                is_action: key.is_action,
                region: name(key.region),
            };
            self.rows
                .entry(key)
                .and_modify(|mine| mine.merge(row))
                .or_insert_with(|| row.clone());
        }
    }

    /// Takes one row of another table in: with all its rows, the same as [`Activity::merge`]. A row
    /// whose principal has neither unique id nor ARN is left out, and the answer is `false`.
    pub fn add_row(&mut self, row: &ActivityRow<'_>) -> bool {
        let seen = row.arn_seen_millis.unwrap_or(row.last_millis);
        let Some(principal) = self.principal(row.principal, seen) else {
            return false;
        };
        let key = RowKey {
            principal,
            service: self.names.id(row.service),
            operation: self.names.id(row.operation.name()),
            is_action: matches!(row.operation, Operation::Action(_)),
            region: self.names.id(row.region),
        };
        let row = Row {
            last_millis: row.last_millis,
            last_event_id: row.last_event_id.into(),
            first_millis: row.first_millis,
            attempts: row.attempts,
            denied: row.denied,
        };
        self.rows
            .entry(key)
            .and_modify(|mine| mine.merge(&row))
            .or_insert(row);
        true
    }

    fn principal(&mut self, principal: Principal<'_>, seen_millis: i64) -> Option<u32> {
        let key = principal.unique_id.or(principal.arn)?;
        let id = self.principal_by_key(key, principal.unique_id.is_some());
        self.describe_principal(
            id,
            principal.arn.map(|arn| (seen_millis, arn)),
            principal.account,
        );
        Some(id)
    }

    fn principal_by_key(&mut self, key: &str, has_unique_id: bool) -> u32 {
        if let Some(id) = self.principal_ids.get(key) {
            return *id;
        }
        let id = index(self.principals.len());
        self.principals.push(PrincipalEntry {
            key: key.into(),
            has_unique_id,
            arn: None,
            account: None,
        });
        self.principal_ids.insert(key.into(), id);
        id
    }

    /// Keeps the ARN that was seen last, ties by the ARN itself, whatever order they come in.
    fn describe_principal(&mut self, id: u32, arn: Option<(i64, &str)>, account: Option<&str>) {
        let Some(entry) = self.principals.get_mut(id as usize) else {
            return;
        };
        if let Some((seen, arn)) = arn {
            match &mut entry.arn {
                Some((known_seen, known)) if (*known_seen, &**known) >= (seen, arn) => {}
                Some((known_seen, known)) if **known == *arn => *known_seen = seen,
                slot => *slot = Some((seen, arn.into())),
            }
        }
        if account > entry.account.as_deref() {
            entry.account = account.map(Into::into);
        }
    }

    /// All rows, in no particular order.
    pub fn rows(&self) -> impl Iterator<Item = ActivityRow<'_>> {
        self.rows.iter().filter_map(|(key, row)| {
            let principal = self.principals.get(key.principal as usize)?;
            let name = self.names.text(key.operation);
            Some(ActivityRow {
                principal: Principal {
                    unique_id: principal.has_unique_id.then_some(&*principal.key),
                    arn: principal.arn.as_ref().map(|(_, arn)| &**arn),
                    account: principal.account.as_deref(),
                },
                arn_seen_millis: principal.arn.as_ref().map(|(seen, _)| *seen),
                service: self.names.text(key.service),
                operation: if key.is_action {
                    Operation::Action(name)
                } else {
                    Operation::Event(name)
                },
                region: self.names.text(key.region),
                last_millis: row.last_millis,
                last_event_id: &row.last_event_id,
                first_millis: row.first_millis,
                attempts: row.attempts,
                denied: row.denied,
            })
        })
    }

    /// The time of the newest attempt.
    #[must_use]
    pub fn newest(&self) -> Option<DateTime<Utc>> {
        self.rows
            .values()
            .map(|row| row.last_millis)
            .max()
            .map(time::from_millis)
    }
}

/// Two tables are equal when they hold the same rows.
impl PartialEq for Activity {
    fn eq(&self, other: &Self) -> bool {
        fn sorted(activity: &Activity) -> Vec<ActivityRow<'_>> {
            let mut rows: Vec<_> = activity.rows().collect();
            rows.sort_unstable_by_key(|row| {
                let who = row.principal;
                (
                    who.unique_id,
                    who.arn,
                    row.service,
                    row.operation,
                    row.region,
                )
            });
            rows
        }
        sorted(self) == sorted(other)
    }
}

#[cfg(test)]
mod tests {
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
        )
            .prop_map(
                |(id, arn, service, event, known, time, event_id, denied)| Sample {
                    id,
                    arn,
                    service,
                    event,
                    known,
                    time,
                    event_id,
                    denied,
                },
            )
    }

    fn table(samples: &[Sample]) -> Activity {
        let mut activity = Activity::new();
        for sample in samples {
            let name = NAMES[sample.event];
            activity.record(&Attempt {
                principal: Principal {
                    unique_id: sample.id.map(|id| IDS[id]),
                    arn: Some(ARNS[sample.arn]),
                    account: Some("1"),
                },
                service: NAMES[sample.service],
                operation: if sample.known {
                    Operation::Action(name)
                } else {
                    Operation::Event(name)
                },
                region: "us-east-1",
                time_millis: sample.time,
                event_id: EVENT_IDS[sample.event_id],
                denied: sample.denied,
            });
        }
        activity
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

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
        fn taking_a_table_twice_moves_only_the_counts(samples in prop::collection::vec(sample(), 0..24)) {
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
    fn nobody_is_not_recorded() {
        let mut activity = Activity::new();
        let attempt = Attempt {
            principal: Principal::default(),
            service: "s3",
            operation: Operation::Action("GetObject"),
            region: "us-east-1",
            time_millis: 0,
            event_id: "e",
            denied: false,
        };
        assert!(!activity.record(&attempt));
        assert!(activity.is_empty());
    }
}
