//! What was noted of an object, until it was read to its end.

use advisor_core::{
    AppearanceId, CoverageId, CredentialId, CreditedActionId, InternedAttempt, RegionId,
};
use serde::de::IgnoredAny;

use super::index::Irregular;
use super::window::Span;

/// The length of a UUID as text.
pub(super) const UUID: usize = 36;
/// The most records of an object that the reference parser reads one by one; with more, it reads the object as a whole.
const MOST_ODD: usize = 1 << 16;

/// What an object holds, until it was read to its end.
#[derive(Debug, Default)]
pub(crate) struct Noted {
    pub(crate) records: u64,
    pub(crate) attempts: Vec<NotedAttempt>,
    /// The numbers of the reasons.
    pub(crate) set_aside: Vec<u32>,
    /// What the records prove that the trail holds.
    pub(crate) covered: Vec<Covered>,
    /// Records for the reference parser: number and place.
    pub(super) odd: Vec<(u64, Span)>,
}

impl Noted {
    pub(super) fn clear(&mut self) {
        self.records = 0;
        self.attempts.clear();
        self.set_aside.clear();
        self.covered.clear();
        self.odd.clear();
    }

    /// The number of records with attempts.
    pub(crate) fn attributed(&self) -> u64 {
        self.records - (self.set_aside.len() + self.odd.len()) as u64
    }

    /// The records for the reference parser: number and text.
    pub(crate) fn odd<'t>(&self, text: &'t [u8]) -> impl Iterator<Item = (u64, &'t [u8])> {
        let records = self.odd.iter();
        records.map(|(number, place)| (*number, place.of(text)))
    }

    #[inline(never)]
    pub(super) fn add_odd(&mut self, text: &[u8], place: Span) -> Result<(), Irregular> {
        let json = place.of(text);
        // So many are no records of CloudTrail's, and to remember them all would take more room than their text.
        if self.odd.len() == MOST_ODD || serde_json::from_slice::<IgnoredAny>(json).is_err() {
            return Err(Irregular);
        }
        self.odd.push((self.records, place));
        Ok(())
    }
}

/// An attempt, kept until its object was read to its end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NotedAttempt {
    pub(super) principal: AppearanceId,
    /// The long-term access key that signed the call.
    pub(crate) key: Option<CredentialId>,
    pub(super) action: CreditedActionId,
    pub(super) region: RegionId,
    pub(super) time_millis: i64,
    pub(super) event_id: [u8; UUID],
    pub(super) denied: bool,
}

impl NotedAttempt {
    pub(crate) fn interned(&self) -> InternedAttempt<'_> {
        InternedAttempt {
            principal: self.principal,
            action: self.action,
            region: self.region,
            time_millis: self.time_millis,
            event_id: &self.event_id,
            denied: self.denied,
        }
    }
}

/// A day with events of a kind, kept until its object was read to its end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Covered {
    pub(crate) id: CoverageId,
    pub(crate) day: i32,
}
