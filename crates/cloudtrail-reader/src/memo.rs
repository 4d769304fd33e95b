//! What was worked out for the same bytes before: callers, operations and Regions recur all the time.
//!
//! Everything here is of one activity table, whose ids it holds. It is only ever looked up by the bytes themselves, so
//! that it can be slow but not wrong; and it is bounded, but for what the table keeps anyway.

use std::hash::BuildHasher;

use advisor_core::{Activity, AppearanceId, OperationId, RegionId};
use foldhash::fast::RandomState;
use hashbrown::HashTable;
use service_catalog::Catalog;

use crate::attribution::{self, Identity, SetAside};
use crate::projection;
use crate::scan::{Cursor, Irregular};

/// Who called, as far as it is no fault of the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    /// A user or role.
    Principal(AppearanceId),
    /// Someone else: the number of the reason.
    SetAside(usize),
    /// The plain reader is to say.
    Odd,
}

/// Reasons to set records aside, by number, with how many records each has.
#[derive(Debug, Default)]
pub(crate) struct Reasons {
    counted: Vec<(SetAside, u64)>,
}

impl Reasons {
    /// The number of a reason.
    pub(crate) fn number(&mut self, reason: SetAside) -> usize {
        match self.counted.iter().position(|(known, _)| *known == reason) {
            Some(number) => number,
            None => {
                self.counted.push((reason, 0));
                self.counted.len() - 1
            }
        }
    }

    pub(crate) fn count(&mut self, number: usize) {
        if let Some((_, count)) = self.counted.get_mut(number) {
            *count += 1;
        }
    }

    pub(crate) fn into_counts(self) -> impl Iterator<Item = (SetAside, u64)> {
        self.counted.into_iter().filter(|(_, count)| *count > 0)
    }
}

/// Sets of fragments; a fragment belongs to one.
const SETS: usize = 512;
/// Fragments in a set. The oldest gives way.
const WAYS: usize = 4;
/// Longer ones are not worth keeping.
const LONGEST_FRAGMENT: usize = 2_048;

/// `userIdentity` objects as they stand in the text: one session makes many calls. An object that was read to its end
/// before is known by its bytes alone.
#[derive(Debug)]
pub(crate) struct Identities {
    sets: Vec<Set>,
    hasher: RandomState,
}

#[derive(Clone, Debug, Default)]
struct Set {
    fragments: [Option<(Box<[u8]>, Caller)>; WAYS],
    oldest: u8,
}

impl Default for Identities {
    fn default() -> Self {
        Self {
            sets: vec![Set::default(); SETS],
            hasher: RandomState::default(),
        }
    }
}

impl Identities {
    /// Reads the object that is next.
    #[inline]
    pub(crate) fn read(
        &mut self,
        cursor: &mut Cursor<'_>,
        activity: &mut Activity,
        reasons: &mut Reasons,
    ) -> Result<Caller, Irregular> {
        let number = self.set_of(cursor.rest());
        if let Some(set) = self.sets.get(number) {
            for (fragment, caller) in set.fragments.iter().flatten() {
                if cursor.take(fragment) {
                    return Ok(*caller);
                }
            }
        }
        self.read_new(cursor, number, activity, reasons)
    }

    fn read_new(
        &mut self,
        cursor: &mut Cursor<'_>,
        number: usize,
        activity: &mut Activity,
        reasons: &mut Reasons,
    ) -> Result<Caller, Irregular> {
        let start = cursor.at();
        let mut is_odd = false;
        let identity = projection::user_identity(cursor, &mut is_odd)?;
        if is_odd {
            return Ok(Caller::Odd);
        }
        let caller = match Identity::of(&identity) {
            Ok(identity) => match activity.intern_principal(identity.principal()) {
                Some(principal) => Caller::Principal(principal),
                None => return Ok(Caller::Odd),
            },
            Err(SetAside::Malformed(_)) => return Ok(Caller::Odd),
            Err(reason) => Caller::SetAside(reasons.number(reason)),
        };
        let fragment = cursor.slice(start..cursor.at());
        if let (Some(set), true) = (
            self.sets.get_mut(number),
            fragment.len() <= LONGEST_FRAGMENT,
        ) {
            let oldest = usize::from(set.oldest);
            if let Some(slot) = set.fragments.get_mut(oldest) {
                *slot = Some((fragment.into(), caller));
            }
            set.oldest = ((oldest + 1) % WAYS) as u8;
        }
        Ok(caller)
    }

    /// The set by what tells callers apart: the id and, for a session, its name. Both stand near the front.
    #[inline]
    fn set_of(&self, text: &[u8]) -> usize {
        let (front, back) = (text.get(16..48), text.get(48..96));
        let telling = match (front, back) {
            // The object goes on: what follows is its own.
            (Some(_), Some(back)) if !back.contains(&b'}') => text.get(16..96),
            (Some(front), _) => Some(front),
            _ => None,
        };
        self.hasher.hash_one(telling.unwrap_or_default()) as usize % SETS
    }
}

/// Operations by event source and name.
#[derive(Debug, Default)]
pub(crate) struct Operations {
    known: HashTable<KnownOperation>,
    hasher: RandomState,
}

#[derive(Debug)]
struct KnownOperation {
    hash: u64,
    event_source: Box<[u8]>,
    event_name: Box<[u8]>,
    id: OperationId,
}

impl Operations {
    /// The operation, if source and name are in order.
    #[inline]
    pub(crate) fn id(
        &mut self,
        event_source: &[u8],
        event_name: &[u8],
        catalog: &Catalog,
        activity: &mut Activity,
    ) -> Option<OperationId> {
        let hash = self.hasher.hash_one((event_source, event_name));
        let known = self.known.find(hash, |known| {
            *known.event_name == *event_name && *known.event_source == *event_source
        });
        if let Some(known) = known {
            return Some(known.id);
        }
        let source = std::str::from_utf8(event_source).ok()?;
        let name = std::str::from_utf8(event_name).ok()?;
        let called = attribution::operation(catalog, Some(source), Some(name)).ok()?;
        let known = KnownOperation {
            hash,
            event_source: event_source.into(),
            event_name: event_name.into(),
            id: activity.intern_operation(called.service, called.operation),
        };
        let id = known.id;
        self.known.insert_unique(hash, known, |known| known.hash);
        Some(id)
    }
}

/// Regions: a few dozen.
#[derive(Debug, Default)]
pub(crate) struct Regions {
    known: Vec<(Box<[u8]>, RegionId)>,
}

/// There are fewer Regions; more are made up, and looked up in the table.
const MOST_REGIONS: usize = 64;

impl Regions {
    /// The Region, if it can be one.
    #[inline]
    pub(crate) fn id(&mut self, text: &[u8], activity: &mut Activity) -> Option<RegionId> {
        if let Some(position) = self.known.iter().position(|(known, _)| **known == *text) {
            let id = self.known.get(position).map(|(_, id)| *id);
            if position > 0 {
                // What recurs comes to the front.
                self.known.swap(position, position - 1);
            }
            return id;
        }
        let region = attribution::region(std::str::from_utf8(text).ok()).ok()?;
        let id = activity.intern_region(region);
        if self.known.len() < MOST_REGIONS {
            self.known.push((text.into(), id));
        }
        Some(id)
    }
}

/// The day that was asked for last: records of an object are of one day or two.
#[derive(Debug, Default)]
pub(crate) struct Calendar {
    date: [u8; 10],
    /// When it starts, in UTC milliseconds.
    millis: i64,
}

impl Calendar {
    /// The time in UTC milliseconds, if it is in order.
    #[inline]
    pub(crate) fn millis(&mut self, text: &[u8]) -> Option<i64> {
        if let Some((date, [b'T', h, hh, b':', m, mm, b':', s, ss, b'Z'])) =
            text.split_first_chunk::<10>()
            && *date == self.date
        {
            let number = |tens: &u8, ones: &u8, below: u32| {
                let digits = [tens, ones].map(|digit| u32::from(digit.wrapping_sub(b'0')));
                let [tens, ones] = digits;
                let number = tens * 10 + ones;
                (tens < 10 && ones < 10 && number < below).then_some(i64::from(number))
            };
            if let (Some(hours), Some(minutes), Some(seconds)) =
                (number(h, hh, 24), number(m, mm, 60), number(s, ss, 60))
            {
                return Some(self.millis + ((hours * 60 + minutes) * 60 + seconds) * 1_000);
            }
        }
        self.read(text)
    }

    fn read(&mut self, text: &[u8]) -> Option<i64> {
        let text = std::str::from_utf8(text).ok()?;
        let millis = attribution::instant(Some(text)).ok()?;
        if let Some((date, [b'T', .., b'Z'])) = text.as_bytes().split_first_chunk::<10>() {
            let midnight = format!("{}T00:00:00Z", text.get(..10)?);
            if let Ok(millis) = attribution::instant(Some(&midnight)) {
                (self.date, self.millis) = (*date, millis);
            }
        }
        Some(millis)
    }
}
