//! Activity: who attempted which action of which service in which Region, when last, and how often.
//!
//! The key of the table is (principal, service, action, Region). Merging two tables keeps the later
//! last attempt (the greater event id when the times are equal) and the earlier first attempt. So
//! merging is commutative and associative, and idempotent except for the counts: any split of a
//! trail over threads, files or machines gives the same table. Counts are summed; `CloudTrail`
//! delivers at least once, so an event that was delivered twice counts twice. The days of a row are a
//! set, which such events do not change.

mod attempt;
mod principals;
mod row;

use chrono::{DateTime, Utc};

pub use self::attempt::{
    AppearanceId, Attempt, CreditedAction, CreditedActionId, Evidence, InternedAttempt, RegionId,
};
use self::principals::Principals;
pub use self::row::ActivityRow;
use self::row::{Row, RowKey};
use crate::coverage::{Coverage, CredentialId, EventCategory, SeenCredential, UserCredential};
use crate::day_set::DaySet;
use crate::event_id::EventId;
use crate::ids::AccountId;
use crate::interned::Interned;
use crate::principal::Principal;
use crate::time;

/// The activity table.
///
/// Texts are stored once, by id. To record many attempts, intern each principal, action and Region
/// once, and record attempts by their ids ([`Activity::record_interned`]): that allocates nothing.
#[derive(Clone, Debug, Default)]
pub struct Activity {
    principals: Principals,
    actions: Interned<ActionEntry>,
    regions: Interned<Box<str>>,
    rows: Interned<(RowKey, Row)>,
    coverage: Coverage,
}

#[derive(Clone, Debug)]
struct ActionEntry {
    service: Box<str>,
    name: Box<str>,
    evidence: Evidence,
}

impl ActionEntry {
    fn credited(&self) -> CreditedAction<'_> {
        CreditedAction::new(self.evidence, &self.name)
    }
}

impl Activity {
    /// Creates an empty table.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether the table has no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.values().len()
    }

    /// Records one attempt. Returns `false`, and records nothing, when the principal has neither a
    /// unique id nor an ARN.
    pub fn record(&mut self, attempt: &Attempt<'_>) -> bool {
        let attempt = self.intern(attempt);
        attempt.is_some_and(|attempt| self.record_interned(&attempt))
    }

    /// Records an attempt by an event that corrects an earlier one: the time and the day count as those of any attempt, and nothing
    /// is added to the counts, because the event that it corrects is counted where it is recorded. Returns `false`, and records
    /// nothing, when the principal has neither a unique id nor an ARN.
    pub fn record_correction(&mut self, attempt: &Attempt<'_>) -> bool {
        let attempt = self.intern(attempt);
        attempt.is_some_and(|attempt| self.add(&attempt, 0))
    }

    /// The same attempt by ids of this table; `None` when the principal has neither a unique id nor an ARN.
    fn intern<'a>(&mut self, attempt: &Attempt<'a>) -> Option<InternedAttempt<'a>> {
        Some(InternedAttempt {
            principal: self.intern_principal(attempt.principal)?,
            action: self.intern_action(attempt.service, attempt.action),
            region: self.intern_region(attempt.region),
            time_millis: attempt.time_millis,
            event_id: attempt.event_id.as_bytes(),
            denied: attempt.denied,
        })
    }

    /// The id of a principal under this ARN and in this account; `None` when it has neither a unique
    /// id nor an ARN. The table does not contain the principal until an attempt is recorded.
    pub fn intern_principal(&mut self, principal: Principal<'_>) -> Option<AppearanceId> {
        self.principals.intern(principal)
    }

    /// The id of an action of the service with this namespace.
    pub fn intern_action(&mut self, service: &str, action: CreditedAction<'_>) -> CreditedActionId {
        CreditedActionId(self.actions.id(
            (service, action),
            |known| *known.service == *service && known.credited() == action,
            || ActionEntry {
                service: service.into(),
                name: action.name().into(),
                evidence: action.evidence(),
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

    /// Records one attempt by ids of this table. Returns `false` for a principal that this table
    /// does not know.
    pub fn record_interned(&mut self, attempt: &InternedAttempt<'_>) -> bool {
        self.add(attempt, 1)
    }

    /// Records many attempts by ids of this table, as [`Activity::record_interned`] records each, and returns how many were recorded:
    /// those of principals that this table does not know are not. It runs through the attempts twice, so that the lookups of rows, in
    /// a loop of their own, do not wait for each other's memory.
    pub fn record_all_interned<'a>(
        &mut self,
        attempts: impl Iterator<Item = InternedAttempt<'a>> + Clone,
    ) -> usize {
        let rows = attempts.clone().map(|attempt| self.row_of(&attempt));
        let rows: Vec<Option<u32>> = rows.collect();
        let mut recorded = 0;
        for (attempt, row) in attempts.zip(rows) {
            if let Some(row) = row {
                self.add_to(row, &attempt, 1);
                recorded += 1;
            }
        }
        recorded
    }

    /// Adds an attempt that counts so many times.
    fn add(&mut self, attempt: &InternedAttempt<'_>, count: u64) -> bool {
        let row = self.row_of(attempt);
        if let Some(row) = row {
            self.add_to(row, attempt, count);
        }
        row.is_some()
    }

    /// The number of the row of an attempt, to which it must be added. `None` for a principal that this table does not know.
    #[inline(always)]
    fn row_of(&mut self, attempt: &InternedAttempt<'_>) -> Option<u32> {
        let seen = Some(attempt.time_millis);
        let principal = self.principals.see(attempt.principal, seen)?;
        Some(self.row(RowKey {
            principal,
            action: attempt.action.0,
            region: attempt.region.0,
        }))
    }

    /// The number of the row of a key. Something must be added to it.
    #[inline(always)]
    fn row(&mut self, key: RowKey) -> u32 {
        let is = |(known, _): &(RowKey, Row)| *known == key;
        self.rows.id(key, is, || (key, Row::empty()))
    }

    #[inline(always)]
    fn add_to(&mut self, row: u32, attempt: &InternedAttempt<'_>, count: u64) {
        if let Some((_, row)) = self.rows.get_mut(row) {
            row.add(attempt.time_millis, attempt.event_id, attempt.denied, count);
        }
    }

    /// Records that a user's credential was used for an attempt, which is recorded by [`Activity::record`], or for a sign-in, which
    /// is none. Returns `false`, and records nothing, when the principal has neither a unique id nor an ARN.
    pub fn record_credential(
        &mut self,
        credential: UserCredential<'_>,
        attempt: &Attempt<'_>,
    ) -> bool {
        let Some(id) = self
            .coverage
            .intern_credential(attempt.principal, credential)
        else {
            return false;
        };
        let seen = SeenCredential {
            service: attempt.service,
            region: attempt.region,
            time_millis: attempt.time_millis,
            event_id: attempt.event_id.as_bytes(),
        };
        self.coverage.see_credential(id, &seen);
        true
    }

    /// Records that a credential, by its id in the [coverage](Activity::coverage_mut) of this table, was used for an attempt.
    pub fn record_interned_credential(
        &mut self,
        credential: CredentialId,
        attempt: &InternedAttempt<'_>,
    ) {
        let action = self.actions.get(attempt.action.0);
        let region = self.regions.get(attempt.region.0);
        if let (Some(action), Some(region)) = (action, region) {
            let seen = SeenCredential {
                service: &action.service,
                region,
                time_millis: attempt.time_millis,
                event_id: attempt.event_id,
            };
            self.coverage.see_credential(credential, &seen);
        }
    }

    /// Merges another table and its coverage into this one.
    pub fn merge(&mut self, other: &Self) {
        self.coverage.merge(&other.coverage);
        let principals = self.principals.merge(&other.principals);
        let actions: Vec<u32> = other
            .actions
            .values()
            .map(|entry| self.intern_action(&entry.service, entry.credited()).0)
            .collect();
        let regions: Vec<u32> = other
            .regions
            .values()
            .map(|region| self.intern_region(region).0)
            .collect();
        for (key, row) in other.rows.values() {
            let (Some(Some(principal)), Some(action), Some(region)) = (
                principals.get(key.principal as usize),
                actions.get(key.action as usize),
                regions.get(key.region as usize),
            ) else {
                continue;
            };
            let key = RowKey {
                principal: *principal,
                action: *action,
                region: *region,
            };
            self.merge_row(key, row);
        }
    }

    /// Adds one row of another table. Adding all its rows is the same as [`Activity::merge`]. Returns
    /// `false`, and adds nothing, when the principal has neither a unique id nor an ARN.
    pub fn add_row(&mut self, row: &ActivityRow<'_>) -> bool {
        let seen = row.arn_seen_millis.unwrap_or(row.last_millis);
        let Some(principal) = self
            .intern_principal(row.principal)
            .and_then(|appearance| self.principals.see(appearance, Some(seen)))
        else {
            return false;
        };
        let key = RowKey {
            principal,
            action: self.intern_action(row.service, row.action).0,
            region: self.intern_region(row.region).0,
        };
        let mut days = row.days.clone();
        days.extend([row.first_millis, row.last_millis].map(DaySet::day_of));
        let row = Row {
            last_millis: row.last_millis,
            last_event_id: EventId::new(row.last_event_id.as_bytes()),
            first_millis: row.first_millis,
            attempts: row.attempts,
            denied: row.denied,
            days,
            days_complete: row.days_complete,
        };
        self.merge_row(key, &row);
        true
    }

    fn merge_row(&mut self, key: RowKey, row: &Row) {
        let known = self.row(key);
        if let Some((_, known)) = self.rows.get_mut(known) {
            known.merge(row);
        }
    }

    /// All rows, in no particular order.
    pub fn rows(&self) -> impl Iterator<Item = ActivityRow<'_>> {
        self.rows.values().filter_map(|(key, row)| {
            let (principal, arn_seen_millis) = self.principals.get(key.principal)?;
            let action = self.actions.get(key.action)?;
            Some(ActivityRow {
                principal,
                arn_seen_millis,
                service: &action.service,
                action: action.credited(),
                region: self.regions.get(key.region)?,
                last_millis: row.last_millis,
                last_event_id: row.last_event_id.as_str(),
                first_millis: row.first_millis,
                attempts: row.attempts,
                denied: row.denied,
                days: &row.days,
                days_complete: row.days_complete,
            })
        })
    }

    /// What the input of this table held.
    #[must_use]
    pub fn coverage(&self) -> &Coverage {
        &self.coverage
    }

    /// What the input of this table held, for recording more of it.
    pub fn coverage_mut(&mut self) -> &mut Coverage {
        &mut self.coverage
    }

    /// Whether it is of this account too: records of the account's trail, or attempts of its users and roles. Network activity
    /// says nothing of calls. Principals of which only the unique id is known may be of any account.
    #[must_use]
    pub fn is_of(&self, account: &AccountId) -> bool {
        let mut records = self.coverage.records();
        records.any(|records| {
            records.category != EventCategory::NetworkActivity
                && records.account == account.as_str()
        }) || self.rows().any(|row| match row.principal {
            Principal {
                account: Some(own), ..
            } => own == account.as_str(),
            Principal { arn: Some(arn), .. } => AccountId::of_arn(arn).as_ref() == Some(account),
            _ => true,
        })
    }

    /// The time of the newest attempt.
    #[must_use]
    pub fn newest(&self) -> Option<DateTime<Utc>> {
        self.rows
            .values()
            .map(|(_, row)| row.last_millis)
            .max()
            .map(time::from_millis)
    }
}

/// Two tables are equal when they have the same rows and the same coverage.
impl PartialEq for Activity {
    fn eq(&self, other: &Self) -> bool {
        fn sorted(activity: &Activity) -> Vec<ActivityRow<'_>> {
            let mut rows: Vec<_> = activity.rows().collect();
            rows.sort_unstable_by_key(|row| {
                let who = row.principal;
                (who.unique_id, who.arn, row.service, row.action, row.region)
            });
            rows
        }
        sorted(self) == sorted(other) && self.coverage == other.coverage
    }
}

#[cfg(test)]
mod tests;
