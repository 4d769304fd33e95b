//! A record: its values that count, and what becomes of it.

use std::ops::Range;

use advisor_core::{Activity, AppearanceId, CreditedActionId, RegionId};
use service_catalog::Catalog;

use super::Irregular;
use super::cache::{Answer, Cache};
use super::calendar::Calendar;
use super::index::Index;
use super::keys::Keys;
use super::reasons::Reasons;
use super::walk::{self, Colons, Span, Values};
use crate::options::Rules;
use crate::outcome::set_aside::Rejection;
use crate::record::{attribution, checks};

/// The values of a record, in the order of its keys' numbers; the last number is that of keys that do not count.
const VALUES: usize = 11;
const OTHER: u8 = VALUES as u8 - 1;

static KEYS: Keys<26> = Keys::new(
    [
        ("userIdentity", 0),
        ("eventTime", 1),
        ("eventSource", 2),
        ("eventName", 3),
        ("awsRegion", 4),
        ("eventID", 5),
        ("eventType", 6),
        ("eventCategory", 7),
        ("errorCode", 8),
        ("errorMessage", 9),
        ("eventVersion", OTHER),
        ("sourceIPAddress", OTHER),
        ("userAgent", OTHER),
        ("requestParameters", OTHER),
        ("responseElements", OTHER),
        ("additionalEventData", OTHER),
        ("requestID", OTHER),
        ("readOnly", OTHER),
        ("resources", OTHER),
        ("managementEvent", OTHER),
        ("recipientAccountId", OTHER),
        ("sharedEventID", OTHER),
        ("vpcEndpointId", OTHER),
        ("addendum", OTHER),
        ("tlsDetails", OTHER),
        ("eventContext", OTHER),
    ],
    OTHER,
    7,
);

/// The most bytes between the start of an event's source and the end of its name, if they are known by these bytes: in
/// CloudTrail's order nothing else is between them.
const LONGEST_CALL: u32 = 320;
/// The length of a UUID as text.
const UUID: usize = 36;

/// Who called.
#[derive(Clone, Copy, Debug)]
pub(super) enum Caller {
    /// A user or role.
    Principal(AppearanceId),
    /// Someone else: the number of the reason.
    SetAside(u32),
    /// The bytes do not decide: the whole `userIdentity` must be read.
    Undecided,
    /// The record is left to the reference parser.
    Odd,
}

/// A record whose values were found.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record {
    place: Span,
    values: Values<VALUES>,
    /// Nothing if the call is not in order.
    source: Span,
    name: Span,
    pub(super) caller: Caller,
    operation: Option<CreditedActionId>,
    /// Whether the record is left to the reference parser.
    is_odd: bool,
}

impl Record {
    /// Finds the record that opens here. `None` if it reaches beyond the window.
    #[inline(always)]
    pub(super) fn find(
        index: &Index,
        text: &[u8],
        open: usize,
        colons: &mut Colons,
    ) -> Result<Option<Self>, Irregular> {
        let Some(close) = walk::object(index, text, open, colons)? else {
            return Ok(None);
        };
        let place = Span::new(open, close + 1);
        let mut record = Self {
            place,
            values: [Span::default(); VALUES],
            source: Span::default(),
            name: Span::default(),
            caller: Caller::Odd,
            operation: None,
            is_odd: true,
        };
        if let Some(values) = walk::members::<VALUES, _>(text, place, colons, &KEYS) {
            let [_, _, source, name, ..] = values;
            record.values = values;
            let call = (
                walk::plain_text(index, text, source),
                walk::plain_text(index, text, name),
            );
            if let (Some(source), Some(name)) = call {
                (record.source, record.name) = (source, name);
                record.is_odd = false;
            }
        }
        Ok(Some(record))
    }

    pub(super) fn place(&self) -> Range<usize> {
        self.place.range()
    }

    /// From the source to the name of the event, or the other way round; an empty span if too much else is between them. What
    /// comes second has its key among these bytes, which so say which is which.
    #[inline(always)]
    fn call(&self) -> Span {
        let start = self.source.start.min(self.name.start);
        let end = self.source.end.max(self.name.end);
        if start > 0 && end - start <= LONGEST_CALL {
            Span { start, end }
        } else {
            Span::default()
        }
    }

    pub(super) fn user_identity(&self) -> Span {
        let [identity, ..] = self.values;
        identity
    }
}

/// What was called, by the bytes from the source to the name of the event.
#[derive(Debug, Default)]
pub(super) struct Calls {
    known: Cache<CreditedActionId>,
    asked: Vec<Span>,
    answers: Vec<Answer<CreditedActionId>>,
}

impl Calls {
    /// Finds what the records call, if that is in order.
    #[inline(always)]
    pub(super) fn find(
        &mut self,
        text: &[u8],
        records: &mut [Record],
        catalog: &Catalog,
        activity: &mut Activity,
    ) {
        self.asked.clear();
        self.asked.extend(records.iter().map(Record::call));
        self.known.find_all(text, &self.asked, &mut self.answers);
        for (record, (asked, answer)) in
            records.iter_mut().zip(self.asked.iter().zip(&self.answers))
        {
            record.operation = answer.value.or_else(|| {
                let id = operation(record, text, catalog, activity)?;
                if asked.end > 0 {
                    self.known.keep(*answer, asked.of(text), id);
                }
                Some(id)
            });
        }
    }
}

#[inline(never)]
fn operation(
    record: &Record,
    text: &[u8],
    catalog: &Catalog,
    activity: &mut Activity,
) -> Option<CreditedActionId> {
    let [source, name] = [record.source, record.name].map(|span| {
        std::str::from_utf8(span.of(text))
            .ok()
            .filter(|_| span.end > 0)
    });
    let event = attribution::Event::resolve(catalog, source, name).ok()?;
    if event.is_decided_by_record() {
        return None;
    }
    let called = event.called();
    Some(activity.intern_operation(called.service, called.operation))
}

/// The operation that AWS's message of a denial names.
#[inline(never)]
fn denied_operation(
    message: &[u8],
    catalog: &Catalog,
    activity: &mut Activity,
) -> Option<CreditedActionId> {
    let called = attribution::denied_call(catalog, std::str::from_utf8(message).ok()?)?;
    Some(activity.intern_operation(called.service, called.operation))
}

/// What becomes of a record.
pub(super) enum Verdict {
    Attempt(NotedAttempt),
    /// The number of the reason.
    SetAside(u32),
    /// The reference parser says.
    Odd,
}

/// An attempt, kept until its object was read to its end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NotedAttempt {
    pub(crate) principal: AppearanceId,
    pub(crate) operation: CreditedActionId,
    pub(crate) region: RegionId,
    pub(crate) time_millis: i64,
    pub(crate) event_id: [u8; UUID],
    pub(crate) denied: bool,
}

/// What is known of other values of records.
#[derive(Debug, Default)]
pub(super) struct Judge {
    regions: Cache<RegionId>,
    calendar: Calendar,
    /// The reasons by which types of events are set aside, if they are.
    types: Cache<Option<u32>>,
    pub(super) reasons: Reasons,
}

impl Judge {
    /// Decides what becomes of a record, in the order of [`attribution::attribute`].
    #[inline(always)]
    pub(super) fn judge(
        &mut self,
        index: &Index,
        text: &[u8],
        record: &Record,
        rules: &Rules,
        activity: &mut Activity,
    ) -> Result<Verdict, Irregular> {
        if record.is_odd {
            return Ok(Verdict::Odd);
        }
        let [_, time, _, _, region, id, kind, category, error, message, _] = record.values;
        let plain = |value| walk::plain_text(index, text, value);
        let (Some(time), Some(region), Some(id), Some(kind), Some(category), Some(error)) = (
            plain(time),
            plain(region),
            plain(id),
            plain(kind),
            plain(category),
            plain(error),
        ) else {
            return Ok(Verdict::Odd);
        };
        let has_type = kind.end > 0;
        let [time, region, id, kind, category, error] =
            [time, region, id, kind, category, error].map(|span| span.of(text));
        // An object of nothing but insights is skipped: left to the reference parser as a whole.
        if category == attribution::INSIGHT_CATEGORY.as_bytes()
            || kind == attribution::INSIGHT_TYPE.as_bytes()
        {
            return Err(Irregular);
        }
        if kind != b"AwsApiCall" && has_type {
            match self.set_aside(kind) {
                Some(None) => {}
                Some(Some(reason)) if !matches!(record.caller, Caller::Odd) => {
                    return Ok(Verdict::SetAside(reason));
                }
                _ => return Ok(Verdict::Odd),
            }
        }
        let principal = match record.caller {
            Caller::Principal(principal) => principal,
            Caller::SetAside(reason) => return Ok(Verdict::SetAside(reason)),
            Caller::Undecided | Caller::Odd => return Ok(Verdict::Odd),
        };
        let (Some(operation), Some(region), Some(time_millis), Ok(event_id)) = (
            record.operation,
            self.region(region, activity),
            self.calendar.millis(time),
            <[u8; UUID]>::try_from(id),
        ) else {
            return Ok(Verdict::Odd);
        };
        if let Err(reason) = rules.check_time(time_millis) {
            return Ok(Verdict::SetAside(self.reasons.number(reason)));
        }
        let denied =
            !error.is_empty() && std::str::from_utf8(error).is_ok_and(attribution::is_denial);
        if denied {
            // Another action than the event's: the reference parser credits it.
            let is_own = plain(message).is_some_and(|message| {
                let named = denied_operation(message.of(text), rules.catalog(), activity);
                named.is_none_or(|named| named == operation)
            });
            if !is_own {
                return Ok(Verdict::Odd);
            }
        }
        Ok(Verdict::Attempt(NotedAttempt {
            principal,
            operation,
            region,
            time_millis,
            event_id,
            denied,
        }))
    }

    #[inline(always)]
    fn region(&mut self, text: &[u8], activity: &mut Activity) -> Option<RegionId> {
        let asked = self.regions.find(text);
        asked.value.or_else(|| {
            let region = checks::region(std::str::from_utf8(text).ok()).ok()?;
            let id = activity.intern_region(region);
            self.regions.keep(asked, text, id);
            Some(id)
        })
    }

    /// The reason by which a type of events is set aside, if it is; `None` if it is not in order.
    #[inline(never)]
    fn set_aside(&mut self, kind: &[u8]) -> Option<Option<u32>> {
        let asked = self.types.find(kind);
        if let Some(known) = asked.value {
            return Some(known);
        }
        let reason = match attribution::check_type(std::str::from_utf8(kind).ok(), None) {
            Ok(()) => None,
            Err(Rejection::Malformed(_)) => return None,
            Err(Rejection::SetAside(reason)) => Some(self.reasons.number(reason)),
        };
        self.types.keep(asked, kind, reason);
        Some(reason)
    }
}
