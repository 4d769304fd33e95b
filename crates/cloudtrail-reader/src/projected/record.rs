//! A record: its values that count, and what becomes of it.

use advisor_core::{Activity, AppearanceId, CreditedActionId, RegionId};
use service_catalog::Catalog;

use super::cache::Cache;
use super::calendar::Calendar;
use super::caller::{Caller, Callers, Identity};
use super::coverage::{Coverages, Covered, Evidence};
use super::index::Irregular;
use super::keys::{Keys, OTHER};
use super::reasons::Reasons;
use super::walk::{Objects, Span, Values, Window};
use crate::options::Rules;
use crate::outcome::set_aside::Rejection;
use crate::record::coverage::KnownEvent;
use crate::record::{attribution, checks};

#[rustfmt::skip]
static KEYS: Keys = Keys::new(&[
    ("userIdentity", 0), ("eventTime", 1), ("eventSource", 2), ("eventName", 3), ("awsRegion", 4), ("eventID", 5),
    ("eventType", 6), ("eventCategory", 7), ("errorCode", 8), ("errorMessage", 9), ("readOnly", 10), ("recipientAccountId", 11),
    ("managementEvent", 12), ("resources", 13),
    ("eventVersion", OTHER), ("sourceIPAddress", OTHER), ("userAgent", OTHER),
    ("requestParameters", OTHER), ("responseElements", OTHER), ("additionalEventData", OTHER), ("requestID", OTHER),
    ("apiVersion", OTHER), ("serviceEventDetails", OTHER), ("sharedEventID", OTHER), ("vpcEndpointId", OTHER),
    ("addendum", OTHER), ("edgeDeviceDetails", OTHER), ("tlsDetails", OTHER), ("eventContext", OTHER),
], 9);

/// The most bytes between the start of an event's source and the end of its name, if they are known by these bytes: in
/// CloudTrail's order nothing else is between them.
const LONGEST_CALL: u32 = 320;
/// The length of a UUID as text.
const UUID: usize = 36;

/// A record whose values were found.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Record {
    pub(super) place: Span,
    pub(super) values: Values,
    pub(super) identity: Identity,
    /// The texts of `eventSource` and `eventName`.
    source: Span,
    name: Span,
    caller: Caller,
    call: Option<Call>,
    /// Whether the record is left to the reference parser.
    is_odd: bool,
}

impl Record {
    /// A record that was found here.
    #[inline(always)]
    pub(super) fn new(window: Window<'_>, place: Span, objects: &Objects) -> Self {
        let mut record = Self {
            place,
            ..Self::default()
        };
        record.is_odd = record.read(window, objects).is_none();
        record
    }

    /// `None` if the record must be left to the reference parser.
    #[inline(always)]
    fn read(&mut self, window: Window<'_>, objects: &Objects) -> Option<()> {
        self.values = objects.get(0, self.place)?.members(window.text, &KEYS)?;
        let [identity, _, source, name, ..] = self.values;
        self.identity = Identity::find(window, objects, identity)?;
        self.source = window.plain_text(source)?;
        self.name = window.plain_text(name)?;
        Some(())
    }

    /// From the source to the name of the event, or the other way round; an empty span if too much else is between them. What
    /// comes second has its key among these bytes, which so say which is which.
    #[inline(always)]
    fn call_text(&self) -> Span {
        let start = self.source.start.min(self.name.start);
        let end = self.source.end.max(self.name.end);
        if start > 0 && end - start <= LONGEST_CALL {
            Span { start, end }
        } else {
            Span::default()
        }
    }
}

/// Finds who made the records.
#[inline(always)]
pub(super) fn find_callers(
    text: &[u8],
    records: &mut [Record],
    callers: &mut Callers,
    activity: &mut Activity,
    reasons: &mut Reasons,
) {
    callers.find_all(text, records.iter().map(|record| record.identity));
    for (number, record) in records.iter_mut().enumerate() {
        record.caller = callers.found(number, text, record.identity, activity, reasons);
    }
}

/// What was called.
#[derive(Clone, Copy, Debug)]
struct Call {
    /// By the event's source and name alone.
    action: CreditedActionId,
    /// Whether other fields of the record decide: then the reference parser credits it.
    is_decided_by_record: bool,
    event: KnownEvent,
}

/// What was called, by the bytes from the source to the name of the event.
#[derive(Debug, Default)]
pub(super) struct Calls(Cache<Call>);

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
        let Self(known) = self;
        known.find_all(text, records.iter().map(Record::call_text));
        for (number, record) in records.iter_mut().enumerate() {
            record.call = known.found(number).or_else(|| {
                let [source, name] = [record.source, record.name]
                    .map(|span| std::str::from_utf8(span.of(text)).ok());
                let event = attribution::Event::resolve(catalog, source, name).ok()?;
                let called = event.called();
                let call = Call {
                    action: activity.intern_action(called.service, called.action),
                    is_decided_by_record: event.is_decided_by_record(),
                    event: event.known(),
                };
                known.keep(record.call_text().of(text), call);
                Some(call)
            });
        }
    }
}

/// The action that AWS's message of a denial names.
#[inline(never)]
fn denied_operation(
    message: &[u8],
    catalog: &Catalog,
    activity: &mut Activity,
) -> Option<CreditedActionId> {
    let called = attribution::denied_call(catalog, std::str::from_utf8(message).ok()?)?;
    Some(activity.intern_action(called.service, called.action))
}

/// An attempt, kept until its object was read to its end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NotedAttempt {
    pub(crate) principal: AppearanceId,
    pub(crate) action: CreditedActionId,
    pub(crate) region: RegionId,
    pub(crate) time_millis: i64,
    pub(crate) event_id: [u8; UUID],
    pub(crate) denied: bool,
}

/// What becomes of a record.
pub(super) enum Verdict {
    Attempt(NotedAttempt),
    /// The number of the reason.
    SetAside(u32),
    /// The reference parser says.
    Odd,
}

/// What is known of other values of records.
#[derive(Debug, Default)]
pub(super) struct Judge {
    regions: Cache<RegionId>,
    calendar: Calendar,
    /// The reasons by which types of events are set aside, if they are.
    types: Cache<Option<u32>>,
    pub(super) reasons: Reasons,
    pub(super) coverage: Coverages,
}

impl Judge {
    /// Decides what becomes of a record, in the order of [`attribution::attribute`].
    #[inline(always)]
    pub(super) fn judge(
        &mut self,
        window: Window<'_>,
        record: &Record,
        rules: &Rules,
        activity: &mut Activity,
        covered: &mut Vec<Covered>,
    ) -> Result<Verdict, Irregular> {
        let [
            _,
            time,
            _,
            _,
            region,
            id,
            kind,
            category,
            error,
            message,
            ..,
        ] = record.values;
        let plain = |value| window.plain_text(value);
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
        let (has_type, has_category) = (kind.end > 0, category.end > 0);
        let [time, region, id, kind, category, error] =
            [time, region, id, kind, category, error].map(|span| span.of(window.text));
        // An object of nothing but insights is skipped: left to the reference parser as a whole.
        if category == attribution::INSIGHT_CATEGORY.as_bytes()
            || kind == attribution::INSIGHT_TYPE.as_bytes()
        {
            return Err(Irregular);
        }
        // The message counts in denials only, but what is not one string breaks the record.
        let message = plain(message);
        if message.is_none() || record.is_odd || matches!(record.caller, Caller::Odd) {
            return Ok(Verdict::Odd);
        }
        let mut set_aside = None;
        if kind != b"AwsApiCall" && has_type {
            match self.set_aside(kind) {
                Some(reason) => set_aside = reason,
                None => return Ok(Verdict::Odd),
            }
        }
        let who = match record.caller {
            Caller::Principal(principal) => Ok(principal),
            Caller::SetAside(reason) => Err(reason),
            Caller::Undecided | Caller::Odd => return Ok(Verdict::Odd),
        };
        let evidence = Evidence {
            region,
            kind: has_type.then_some(kind),
            category,
            has_category,
            event: record.call.map(|call| call.event).unwrap_or_default(),
        };
        let time_millis = self.calendar.millis(time);
        let principal = match (set_aside, who) {
            (None, Ok(principal)) => principal,
            (Some(reason), _) | (None, Err(reason)) => {
                if let Some(time) = time_millis.filter(|time| rules.check_time(*time).is_ok()) {
                    let coverage = &mut self.coverage;
                    coverage.see(window, record, &evidence, time, rules, activity, covered);
                }
                return Ok(Verdict::SetAside(reason));
            }
        };
        let (Some(call), Some(region), Some(time_millis), Ok(event_id)) = (
            record.call.filter(|call| !call.is_decided_by_record),
            self.region(region, activity),
            time_millis,
            <[u8; UUID]>::try_from(id),
        ) else {
            return Ok(Verdict::Odd);
        };
        let action = call.action;
        if let Err(reason) = rules.check_time(time_millis) {
            return Ok(Verdict::SetAside(self.reasons.number(reason)));
        }
        let denied =
            !error.is_empty() && std::str::from_utf8(error).is_ok_and(attribution::is_denial);
        if denied {
            // Another action than the event's: the reference parser credits it.
            let is_own = message.is_some_and(|message| {
                let message = message.of(window.text);
                let named = denied_operation(message, rules.catalog(), activity);
                named.is_none_or(|named| named == action)
            });
            if !is_own {
                return Ok(Verdict::Odd);
            }
        }
        let coverage = &mut self.coverage;
        coverage.see(
            window,
            record,
            &evidence,
            time_millis,
            rules,
            activity,
            covered,
        );
        Ok(Verdict::Attempt(NotedAttempt {
            principal,
            action,
            region,
            time_millis,
            event_id,
            denied,
        }))
    }

    #[inline(always)]
    fn region(&mut self, text: &[u8], activity: &mut Activity) -> Option<RegionId> {
        self.regions.find(text).or_else(|| {
            let region = checks::region(std::str::from_utf8(text).ok()).ok()?;
            let id = activity.intern_region(region);
            self.regions.keep(text, id);
            Some(id)
        })
    }

    /// The reason by which a type of events is set aside, if it is; `None` if it is not in order.
    #[inline(never)]
    fn set_aside(&mut self, kind: &[u8]) -> Option<Option<u32>> {
        self.types.find(kind).or_else(|| {
            let reason = match attribution::check_type(std::str::from_utf8(kind).ok(), None) {
                Ok(()) => None,
                Err(Rejection::Malformed(_)) => return None,
                Err(Rejection::SetAside(reason)) => Some(self.reasons.number(reason)),
            };
            self.types.keep(kind, reason);
            Some(reason)
        })
    }
}
