//! What was worked out for the same bytes before: callers, calls, Regions and the ends of records recur all the time.
//!
//! Everything here is of one activity table, whose ids it holds. It is only ever looked up by the bytes themselves, so
//! that it can be slow but not wrong; and it is bounded, but for what the table keeps anyway.

use std::hash::BuildHasher;

use advisor_core::{Activity, AppearanceId, OperationId, RegionId};
use foldhash::fast::RandomState;
use hashbrown::HashTable;
use service_catalog::Catalog;

use crate::attribution::{self, Identity, SetAside};
use crate::fragments::{Fragments, Place, hash, hash_start};
use crate::identity_fields;
use crate::record::{SessionContext, SessionIssuer, Text, UserIdentity};
use crate::runs::{RunId, Runs};
use crate::scan::{Cursor, Irregular};
use crate::seen::Seen;

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

/// More reasons than there are without texts of the records in them.
const MOST_REASONS: usize = 128;

/// Reasons to set records aside, by number, with how many records each has.
#[derive(Debug, Default)]
pub(crate) struct Reasons {
    counted: Vec<(SetAside, u64)>,
}

impl Reasons {
    /// The number of a reason. A few are met all the time; those that are made up go to the plain reader, one by one.
    pub(crate) fn number(&mut self, reason: SetAside) -> Option<usize> {
        match self.counted.iter().position(|(known, _)| *known == reason) {
            Some(number) => Some(number),
            None if self.counted.len() < MOST_REASONS => {
                self.counted.push((reason, 0));
                Some(self.counted.len() - 1)
            }
            None => None,
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

/// What is known of the records so far.
#[derive(Debug, Default)]
pub(crate) struct Memo {
    pub(crate) runs: Runs,
    pub(crate) identities: Identities,
    pub(crate) calls: Calls,
    pub(crate) operations: Operations,
    pub(crate) regions: Regions,
    pub(crate) calendar: Calendar,
    pub(crate) ends: Ends,
    pub(crate) reasons: Reasons,
}

/// What was called.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    pub(crate) operation: OperationId,
    /// A number that stands for it.
    pub(crate) number: u32,
    /// A number that stands for the `eventSource`.
    pub(crate) source: u32,
    /// The last run in its passage.
    pub(crate) last_run: RunId,
}

/// Passages of records that tell what was called: `eventSource` and `eventName`.
#[derive(Debug)]
pub(crate) struct Calls(Fragments<Call>);

impl Default for Calls {
    /// AWS has some 18,000 operations; an account uses a few hundred of them, a large one a few thousand.
    fn default() -> Self {
        Self(Fragments::with_sets(2_048))
    }
}

impl Calls {
    /// Goes past the passage that is next, if it is known; else tells where it belongs.
    #[inline(always)]
    pub(crate) fn recall(&mut self, cursor: &mut Cursor<'_>) -> Result<Call, Place> {
        // With the Region after it, no passage is shorter.
        let place = self.0.place(hash_start::<7>(0, cursor.rest()));
        self.0.take(place, cursor).ok_or(place)
    }

    pub(crate) fn keep(&mut self, place: Place, text: &[u8], call: Call) {
        self.0.keep(place, text, call);
    }
}

/// A number that stands for a text, for many texts the same.
pub(crate) fn number(text: &[u8]) -> u32 {
    let words = text.chunks(8).fold(0, |seed, chunk| {
        let mut word = [0; 8];
        for (byte, known) in word.iter_mut().zip(chunk) {
            *byte = *known;
        }
        hash(seed, [u64::from_le_bytes(word)])
    });
    words as u32
}

/// How a record ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct End {
    /// The number of the reason if its `eventType` sets it aside.
    pub(crate) set_aside: Option<usize>,
    /// Its fields that count.
    pub(crate) fields: Seen,
}

/// Passages from the `eventType` to the end of a record. No insights are among them.
#[derive(Debug)]
pub(crate) struct Ends(Fragments<End>);

impl Default for Ends {
    /// There are a few for each service and Region.
    fn default() -> Self {
        Self(Fragments::with_sets(512))
    }
}

impl Ends {
    /// Goes past the passage that is next, if it is known; else tells where it belongs. The account is near its front,
    /// and the service and the Region may be in a host's name far behind.
    #[inline(always)]
    pub(crate) fn recall(
        &mut self,
        cursor: &mut Cursor<'_>,
        source: u32,
        region: Option<&[u8]>,
    ) -> Result<End, Place> {
        let region = region.and_then(<[u8]>::last_chunk);
        let region = region.map_or(0, |end| u64::from_le_bytes(*end));
        let seed = hash(0, [u64::from(source), region]);
        let place = self.0.place(hash_start::<10>(seed, cursor.rest()));
        self.0.take(place, cursor).ok_or(place)
    }

    pub(crate) fn keep(&mut self, place: Place, text: &[u8], end: End) {
        self.0.keep_recurring(place, text, end);
    }
}

/// `userIdentity` objects: one session makes many calls, one role has many sessions.
#[derive(Debug)]
pub(crate) struct Identities {
    whole: Fragments<Caller>,
    /// `sessionIssuer` objects, and the role that they tell all of.
    issuers: Fragments<Option<AppearanceId>>,
}

impl Default for Identities {
    fn default() -> Self {
        Self {
            whole: Fragments::with_sets(512),
            issuers: Fragments::with_sets(512),
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
        let place = self.whole.place(telling(cursor.rest()));
        if let Some(caller) = self.whole.take(place, cursor) {
            return Ok(caller);
        }
        let start = cursor.at();
        if cursor.rest().starts_with(b"{\"type\":\"AssumedRole\",") {
            if let Some(caller) = self.read_session(cursor, activity)? {
                if let Caller::Principal(_) = caller {
                    let fragment = cursor.slice(start..cursor.at());
                    self.whole.keep_recurring(place, fragment, caller);
                }
                return Ok(caller);
            }
            cursor.go_to(start);
        }
        let caller = read_identity(cursor, activity, reasons)?;
        if caller != Caller::Odd {
            let fragment = cursor.slice(start..cursor.at());
            self.whole.keep(place, fragment, caller);
        }
        Ok(caller)
    }

    /// The role of a session, if the issuer alone tells it, as it mostly does.
    fn read_session(
        &mut self,
        cursor: &mut Cursor<'_>,
        activity: &mut Activity,
    ) -> Result<Option<Caller>, Irregular> {
        let issuers = &mut self.issuers;
        let mut is_odd = false;
        let session = identity_fields::session(cursor, &mut is_odd, |cursor, is_odd| {
            let place = issuers.place(telling(cursor.rest()));
            if let Some(role) = issuers.take(place, cursor) {
                return Ok(role);
            }
            let start = cursor.at();
            let mut is_odd_issuer = false;
            let issuer = identity_fields::session_issuer(cursor, &mut is_odd_issuer)?;
            *is_odd |= is_odd_issuer;
            if is_odd_issuer {
                return Ok(None);
            }
            let role = role_of_issuer(issuer, activity);
            issuers.keep(place, cursor.slice(start..cursor.at()), role);
            Ok(role)
        })?;
        if is_odd {
            return Ok(Some(Caller::Odd));
        }
        Ok(match (session.kind, session.issuer) {
            (Some(b"AssumedRole"), Some(Some(role))) => Some(Caller::Principal(role)),
            _ => None,
        })
    }
}

/// What tells who is who: the id and, for a session, its name. Both stand near the front.
#[inline(always)]
fn telling(text: &[u8]) -> u64 {
    const SESSION: &[u8] = b"{\"type\":\"AssumedRole\",";
    let inside = text.get(16..).unwrap_or_default();
    if text.starts_with(SESSION) {
        hash_start::<10>(0, inside)
    } else {
        // Nothing that is shorter tells who is who.
        hash_start::<4>(0, inside)
    }
}

/// The role, if id, ARN and account are all told: then nothing else of a session matters.
fn role_of_issuer(issuer: SessionIssuer<'_>, activity: &mut Activity) -> Option<AppearanceId> {
    let session = UserIdentity {
        r#type: Some(Text::from("AssumedRole")),
        session_context: Some(SessionContext {
            session_issuer: Some(issuer),
        }),
        ..UserIdentity::default()
    };
    let identity = Identity::of(&session).ok()?;
    let principal = identity.principal();
    let is_all =
        principal.unique_id.is_some() && principal.arn.is_some() && principal.account.is_some();
    if is_all {
        activity.intern_principal(principal)
    } else {
        None
    }
}

/// Reads any `userIdentity`.
fn read_identity(
    cursor: &mut Cursor<'_>,
    activity: &mut Activity,
    reasons: &mut Reasons,
) -> Result<Caller, Irregular> {
    let mut is_odd = false;
    let identity = identity_fields::user_identity(cursor, &mut is_odd)?;
    if is_odd {
        return Ok(Caller::Odd);
    }
    Ok(match Identity::of(&identity) {
        Ok(identity) => match activity.intern_principal(identity.principal()) {
            Some(principal) => Caller::Principal(principal),
            None => Caller::Odd,
        },
        Err(SetAside::Malformed(_)) => Caller::Odd,
        Err(reason) => match reasons.number(reason) {
            Some(number) => Caller::SetAside(number),
            None => Caller::Odd,
        },
    })
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
