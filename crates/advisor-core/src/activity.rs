//! Activity: who attempted which action of which service in which Region, when last, how often.
//!
//! The table's key is (principal, service, action, Region). Merging two tables takes the later last
//! attempt, ties by event id, so it is commutative and associative, and idempotent for the last and
//! the first attempt: any split of a trail over threads, files or machines gives the same table.
//! Counts add up; CloudTrail delivers at least once, so they may count a delivery twice.

use chrono::{DateTime, Utc};
use foldhash::fast::RandomState;
use hashbrown::HashMap;

use crate::interned::{Interned, index};
use crate::time;

type Map<K, V> = HashMap<K, V, RandomState>;

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
pub enum CreditedAction<'a> {
    /// An action that the catalog knows, by its name.
    Action(&'a str),
    /// An event that the catalog has no action for, by the event's name.
    Event(&'a str),
}

impl<'a> CreditedAction<'a> {
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
    pub operation: CreditedAction<'a>,
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
///
/// Texts are kept once and known by ids: whoever takes many attempts in interns a principal, an operation or a Region when
/// it is met first and records by the ids from then on, without an allocation ([`Activity::record_interned`]).
#[derive(Clone, Debug, Default)]
pub struct Activity {
    principals: Vec<PrincipalEntry>,
    principal_ids: Map<Box<str>, u32>,
    appearances: Interned<Appearance>,
    operations: Interned<OperationEntry>,
    regions: Interned<Box<str>>,
    rows: Map<RowKey, Row>,
}

/// A principal as some events tell of it: under one ARN, in one account. Of the table that gave it, no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AppearanceId(u32);

/// An operation of a service. Of the table that gave it, no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CreditedActionId(u32);

/// A Region. Of the table that gave it, no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RegionId(u32);

/// An [`Attempt`] whose names are interned in the table that is to take it.
#[derive(Clone, Copy, Debug)]
pub struct InternedAttempt<'a> {
    /// Who.
    pub principal: AppearanceId,
    /// What.
    pub operation: CreditedActionId,
    /// Where.
    pub region: RegionId,
    /// When, in UTC milliseconds.
    pub time_millis: i64,
    /// The event's id: the bytes of a text. What is no UTF-8 reads as empty.
    pub event_id: &'a [u8],
    /// Whether the attempt was refused for want of permission.
    pub denied: bool,
}

#[derive(Clone, Debug)]
struct PrincipalEntry {
    /// The unique id, or the ARN where there is none: what the principal is known by.
    key: Box<str>,
    has_unique_id: bool,
    /// When it was last seen under an ARN, and as what: users and roles can be renamed or moved.
    seen: Option<(i64, u32)>,
    account: Option<Box<str>>,
    /// Whether an attempt of it was recorded: it may have been interned for nothing.
    is_active: bool,
}

#[derive(Clone, Debug)]
struct Appearance {
    principal: u32,
    arn: Option<Box<str>>,
    account: Option<Box<str>>,
    /// Whether an attempt was recorded under it.
    is_active: bool,
}

#[derive(Clone, Debug)]
struct OperationEntry {
    service: Box<str>,
    name: Box<str>,
    is_action: bool,
}

impl OperationEntry {
    fn operation(&self) -> CreditedAction<'_> {
        if self.is_action {
            CreditedAction::Action(&self.name)
        } else {
            CreditedAction::Event(&self.name)
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct RowKey {
    principal: u32,
    operation: u32,
    region: u32,
}

#[derive(Clone, Debug)]
struct Row {
    last_millis: i64,
    last_event_id: EventId,
    first_millis: i64,
    attempts: u64,
    denied: u64,
}

impl Row {
    fn merge(&mut self, other: &Self) {
        let mine = (self.last_millis, self.last_event_id.as_bytes());
        if (other.last_millis, other.last_event_id.as_bytes()) > mine {
            self.last_millis = other.last_millis;
            self.last_event_id.clone_from(&other.last_event_id);
        }
        self.first_millis = self.first_millis.min(other.first_millis);
        self.attempts = self.attempts.saturating_add(other.attempts);
        self.denied = self.denied.saturating_add(other.denied);
    }
}

/// The length of a UUID as text.
const UUID: usize = 36;

/// An event's id. CloudTrail's are UUIDs, 36 characters, which are kept in place: a row's last event changes all the time.
#[derive(Clone, Debug)]
enum EventId {
    Short { length: u8, bytes: [u8; 38] },
    Long(Box<[u8]>),
}

impl EventId {
    fn new(text: &[u8]) -> Self {
        let mut bytes = [0; 38];
        if let (Ok(uuid), Some((start, _))) =
            (<&[u8; UUID]>::try_from(text), bytes.split_first_chunk_mut())
        {
            *start = *uuid;
            let length = UUID as u8;
            return Self::Short { length, bytes };
        }
        match (bytes.get_mut(..text.len()), u8::try_from(text.len())) {
            (Some(start), Ok(length)) => {
                start.copy_from_slice(text);
                Self::Short { length, bytes }
            }
            _ => Self::Long(text.into()),
        }
    }

    fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Short { length, bytes } => bytes.get(..usize::from(*length)).unwrap_or_default(),
            Self::Long(text) => text,
        }
    }

    fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }
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
    pub operation: CreditedAction<'a>,
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
        let Some(principal) = self.intern_principal(attempt.principal) else {
            return false;
        };
        let attempt = InternedAttempt {
            principal,
            operation: self.intern_operation(attempt.service, attempt.operation),
            region: self.intern_region(attempt.region),
            time_millis: attempt.time_millis,
            event_id: attempt.event_id.as_bytes(),
            denied: attempt.denied,
        };
        self.record_interned(&attempt)
    }

    /// The id of a principal under this ARN and in this account; `None` for one that has neither unique id nor ARN. It
    /// is no part of the table before an attempt of it is recorded.
    pub fn intern_principal(&mut self, principal: Principal<'_>) -> Option<AppearanceId> {
        let key = principal.unique_id.or(principal.arn)?;
        let entry = match self.principal_ids.get(key) {
            Some(id) => *id,
            None => {
                let id = index(self.principals.len());
                self.principals.push(PrincipalEntry {
                    key: key.into(),
                    has_unique_id: principal.unique_id.is_some(),
                    seen: None,
                    account: None,
                    is_active: false,
                });
                self.principal_ids.insert(key.into(), id);
                id
            }
        };
        let Principal { arn, account, .. } = principal;
        Some(AppearanceId(self.appearances.id(
            (entry, arn, account),
            |known| {
                known.principal == entry
                    && known.arn.as_deref() == arn
                    && known.account.as_deref() == account
            },
            || Appearance {
                principal: entry,
                arn: arn.map(Into::into),
                account: account.map(Into::into),
                is_active: false,
            },
        )))
    }

    /// The id of an operation of the service with this namespace.
    pub fn intern_operation(
        &mut self,
        service: &str,
        operation: CreditedAction<'_>,
    ) -> CreditedActionId {
        CreditedActionId(self.operations.id(
            (service, operation),
            |known| *known.service == *service && known.operation() == operation,
            || OperationEntry {
                service: service.into(),
                name: operation.name().into(),
                is_action: matches!(operation, CreditedAction::Action(_)),
            },
        ))
    }

    /// The id of a Region.
    pub fn intern_region(&mut self, region: &str) -> RegionId {
        RegionId(
            self.regions
                .id(region, |known| **known == *region, || region.into()),
        )
    }

    /// Takes one attempt in, by ids that this table gave. `false` for an id that it cannot have given.
    pub fn record_interned(&mut self, attempt: &InternedAttempt<'_>) -> bool {
        let Some(principal) = self.see(attempt.principal, Some(attempt.time_millis)) else {
            return false;
        };
        let key = RowKey {
            principal,
            operation: attempt.operation.0,
            region: attempt.region.0,
        };
        let denied = u64::from(attempt.denied);
        match self.rows.get_mut(&key) {
            Some(row) => {
                if attempt.time_millis > row.last_millis
                    || (attempt.time_millis == row.last_millis
                        && attempt.event_id > row.last_event_id.as_bytes())
                {
                    row.last_millis = attempt.time_millis;
                    row.last_event_id = EventId::new(attempt.event_id);
                }
                row.first_millis = row.first_millis.min(attempt.time_millis);
                row.attempts = row.attempts.saturating_add(1);
                row.denied = row.denied.saturating_add(denied);
            }
            None => {
                let row = Row {
                    last_millis: attempt.time_millis,
                    last_event_id: EventId::new(attempt.event_id),
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
        let principals: Vec<Option<u32>> = other
            .principals
            .iter()
            .map(|entry| {
                let id = entry.is_active.then(|| {
                    let seen = entry.seen.map(|(seen, _)| seen);
                    self.intern_principal(other.principal(entry))
                        .and_then(|appearance| self.see(appearance, seen))
                });
                id.flatten()
            })
            .collect();
        let operations: Vec<u32> = other
            .operations
            .values()
            .map(|entry| self.intern_operation(&entry.service, entry.operation()).0)
            .collect();
        let regions: Vec<u32> = other
            .regions
            .values()
            .map(|region| self.intern_region(region).0)
            .collect();
        for (key, row) in &other.rows {
            let (Some(Some(principal)), Some(operation), Some(region)) = (
                principals.get(key.principal as usize),
                operations.get(key.operation as usize),
                regions.get(key.region as usize),
            ) else {
                continue;
            };
            let key = RowKey {
                principal: *principal,
                operation: *operation,
                region: *region,
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
        let Some(principal) = self
            .intern_principal(row.principal)
            .and_then(|appearance| self.see(appearance, Some(seen)))
        else {
            return false;
        };
        let key = RowKey {
            principal,
            operation: self.intern_operation(row.service, row.operation).0,
            region: self.intern_region(row.region).0,
        };
        let row = Row {
            last_millis: row.last_millis,
            last_event_id: EventId::new(row.last_event_id.as_bytes()),
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

    /// Takes note that a principal was seen so, at a time if it has an ARN. Keeps the ARN that was seen last, ties by the
    /// ARN itself, and the greatest account, whatever order they come in. The answer is the principal.
    fn see(&mut self, AppearanceId(id): AppearanceId, seen_millis: Option<i64>) -> Option<u32> {
        let appearance = self.appearances.get_mut(id)?;
        let principal = appearance.principal;
        let entry = self.principals.get_mut(principal as usize)?;
        if !appearance.is_active {
            appearance.is_active = true;
            entry.is_active = true;
            if appearance.account > entry.account {
                entry.account.clone_from(&appearance.account);
            }
        }
        if let (Some(seen), Some(_)) = (seen_millis, &appearance.arn) {
            let is_news = match entry.seen {
                Some((known_seen, known)) if known == id => seen > known_seen,
                Some((known_seen, known)) if seen == known_seen => {
                    let arn = |id| self.appearances.get(id).map(|known| &known.arn);
                    arn(id) > arn(known)
                }
                Some((known_seen, _)) => seen > known_seen,
                None => true,
            };
            if is_news {
                entry.seen = Some((seen, id));
            }
        }
        Some(principal)
    }

    fn principal<'a>(&'a self, entry: &'a PrincipalEntry) -> Principal<'a> {
        let appearance = entry.seen.and_then(|(_, id)| self.appearances.get(id));
        Principal {
            unique_id: entry.has_unique_id.then_some(&*entry.key),
            arn: appearance.and_then(|appearance| appearance.arn.as_deref()),
            account: entry.account.as_deref(),
        }
    }

    /// All rows, in no particular order.
    pub fn rows(&self) -> impl Iterator<Item = ActivityRow<'_>> {
        self.rows.iter().filter_map(|(key, row)| {
            let principal = self.principals.get(key.principal as usize)?;
            let operation = self.operations.get(key.operation)?;
            Some(ActivityRow {
                principal: self.principal(principal),
                arn_seen_millis: principal.seen.map(|(seen, _)| seen),
                service: &operation.service,
                operation: operation.operation(),
                region: self.regions.get(key.region)?,
                last_millis: row.last_millis,
                last_event_id: row.last_event_id.as_str(),
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
                    CreditedAction::Action(name)
                } else {
                    CreditedAction::Event(name)
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
            operation: CreditedAction::Action("GetObject"),
            region: "us-east-1",
            time_millis: 0,
            event_id: "e",
            denied: false,
        };
        assert!(!activity.record(&attempt));
        assert!(activity.is_empty());
    }
}
