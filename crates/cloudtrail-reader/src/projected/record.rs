//! A record: its values that count, and what becomes of it.

use advisor_core::{Activity, CreditedActionId, RegionId};
use serde_json::value::RawValue;
use service_catalog::{Catalog, denied_action_in_json};

use super::cache::{Cache, is_same};
use super::calendar::Calendar;
use super::caller::{Callers, Identified, Identity};
use super::coverage::{Coverages, SeenRecord};
use super::fields::*;
use super::noted::{Noted, NotedAttempt, UUID};
use super::reasons::Reasons;
use super::walk::Inner;
use super::window::{Span, Stop, Window};
use crate::options::Rules;
use crate::outcome::set_aside::{Rejection, SetAside};
use crate::record::coverage::KnownEvent;
use crate::record::event::{Details, ResponseError};
use crate::record::{attribution, checks, event_types, identity};

/// The most bytes between the start of an event's source and the end of its name, if they are known by these bytes: in
/// CloudTrail's order nothing else is between them.
const LONGEST_CALL: u32 = 320;

/// A record whose values were found.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Record {
    fields: Fields,
    identity: Identity,
    /// The texts of `eventSource` and `eventName`.
    source: Span,
    name: Span,
    caller: Identified,
    /// `None` if it is not in order.
    call: Option<Call>,
    /// Whether the record is left to the reference parser.
    is_odd: bool,
}

impl Record {
    /// Reads the record that opens here. `None` if it reaches beyond the window.
    #[inline(always)]
    pub(super) fn find(&mut self, window: Window<'_>, open: usize) -> Option<()> {
        match self.read(window, open) {
            Ok(()) => {}
            Err(Stop::Beyond) => return None,
            Err(Stop::Odd) => {
                self.is_odd = true;
                self.fields.place = Span {
                    start: open as u32,
                    end: window.index.skip(open)? as u32 + 1,
                };
            }
        }
        Some(())
    }

    #[inline(always)]
    fn read(&mut self, window: Window<'_>, open: usize) -> Result<(), Stop> {
        let Self {
            fields, identity, ..
        } = self;
        window.read_members(open, &KEYS, fields, FindIdentity(identity))?;
        let plain = |number| fields.plain_text(window.text, number).ok_or(Stop::Odd);
        if identity.whole.end == 0 {
            return Err(Stop::Odd);
        }
        self.source = plain(EVENT_SOURCE)?;
        self.name = plain(EVENT_NAME)?;
        Ok(())
    }

    /// Where it stands.
    pub(super) fn place(&self) -> Span {
        self.fields.place
    }

    /// The texts of the event's source and name.
    fn source_and_name<'t>(&self, text: &'t [u8]) -> [Option<&'t str>; 2] {
        [self.source, self.name].map(|span| std::str::from_utf8(span.of(text)).ok())
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

/// Finds the `userIdentity` of a record.
struct FindIdentity<'i>(&'i mut Identity);

impl Inner for FindIdentity<'_> {
    #[inline(always)]
    fn read(&mut self, window: Window<'_>, number: u8, open: usize) -> Result<Option<usize>, Stop> {
        if number != USER_IDENTITY {
            return Ok(None);
        }
        *self.0 = Identity::find(window, open)?;
        Ok(Some(self.0.whole.end as usize))
    }
}

/// A value that must be JSON, if it is there.
fn json(value: &[u8]) -> Option<Option<&RawValue>> {
    match value {
        [] => Some(None),
        json => serde_json::from_slice(json).ok(),
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

/// What was called, by the bytes from the source to the name of the event.
#[derive(Debug, Default)]
pub(super) struct Calls(Cache<Call>);

/// What is called by a source and a name.
#[derive(Clone, Copy, Debug)]
struct Call {
    action: CreditedActionId,
    /// Whether other fields of the record decide.
    is_decided_by_record: bool,
    /// Whether they may show further actions that the call exercised.
    has_decided_uses: bool,
    /// The reason by which events of this source are set aside, if they are.
    set_aside: Option<u32>,
    /// Whether the source is not known to be of someone else.
    is_of_aws: bool,
    event: KnownEvent,
}

fn intern(called: &attribution::Called<'_>, activity: &mut Activity) -> CreditedActionId {
    activity.intern_action(called.service, called.action)
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
        reasons: &mut Reasons,
    ) {
        let Self(known) = self;
        known.find_all(text, records.iter().map(Record::call_text));
        for (number, record) in records.iter_mut().enumerate() {
            record.call = known.found(number).or_else(|| {
                let [source, name] = record.source_and_name(text);
                let event = attribution::Event::resolve(catalog, source, name).ok()?;
                let call = Call {
                    action: intern(&event.called(), activity),
                    is_decided_by_record: event.is_decided_by_record(),
                    has_decided_uses: event.has_decided_uses(),
                    set_aside: event.set_aside().map(|reason| reasons.number(reason)),
                    is_of_aws: event.is_of_aws(),
                    event: event.known(),
                };
                known.keep(record.call_text().of(text), call);
                Some(call)
            });
        }
    }
}

/// What is known of other values of records.
#[derive(Debug, Default)]
pub(super) struct Judge {
    /// The Region of the last record, which is most often that of the next.
    region: Option<RegionId>,
    region_text: Vec<u8>,
    /// Whether error codes are denials.
    errors: Cache<bool>,
    calendar: Calendar,
    /// The reasons by which types of events are set aside, if they are.
    types: Cache<Option<u32>>,
    /// The actions that messages of denials name, where that is what was called: this gains 5 % of the parser's time.
    denials: Cache<CreditedActionId>,
    pub(super) reasons: Reasons,
    pub(super) coverage: Coverages,
}

impl Judge {
    /// Notes what becomes of a record, in the order of [`attribution::attribute`]. `None` if the reference parser must decide.
    #[inline(always)]
    pub(super) fn judge(
        &mut self,
        window: Window<'_>,
        record: &Record,
        rules: &Rules,
        activity: &mut Activity,
        noted: &mut Noted,
    ) -> Option<()> {
        if record.is_odd {
            return None;
        }
        let (text, fields) = (window.text, &record.fields);
        let plain = |number| fields.plain_text(text, number);
        let (time, region, id) = (plain(EVENT_TIME)?, plain(AWS_REGION)?, plain(EVENT_ID)?);
        let (kind, category) = (plain(EVENT_TYPE)?, plain(EVENT_CATEGORY)?);
        let (has_type, has_category) = (kind.end > 0, category.end > 0);
        let [time, region, id, kind, category, error] =
            [time, region, id, kind, category, plain(ERROR_CODE)?].map(|span| span.of(text));
        if !fields.value(ADDENDUM).is_null(text) || event_types::is_insight(kind, category) {
            return None;
        }
        let mut reason = None;
        if has_type && !event_types::is_api_call(kind) {
            let is_refused = error == event_types::REFUSED_BY_ENDPOINT.as_bytes();
            if is_refused || kind == event_types::SIGN_IN_TYPE.as_bytes() {
                return None;
            }
            reason = self.set_aside(kind)?;
        }
        reason = reason.or_else(|| record.call.and_then(|call| call.set_aside));
        let who = match record.caller {
            Identified::Principal(principal, key) => Ok((principal, key)),
            Identified::SetAside(reason) => Err(reason),
            Identified::Undecided | Identified::Odd => return None,
        };
        let time_millis = self.calendar.millis(time);
        let region = self.region(region, activity);
        let seen = SeenRecord {
            region,
            kind: has_type.then_some(kind),
            category: has_category.then_some(category),
            event: record.call.map(|call| call.event).unwrap_or_default(),
            fields,
            identity: record.identity.whole,
        };
        let (principal, key) = match (reason, who) {
            (None, Ok(who)) => who,
            (Some(reason), _) | (None, Err(reason)) => {
                let is_of_aws = record.call.is_none_or(|call| call.is_of_aws);
                let is_covered = |time: &i64| is_of_aws && rules.check_time(*time).is_ok();
                if let Some(time) = time_millis.filter(is_covered) {
                    let (coverage, covered) = (&mut self.coverage, &mut noted.covered);
                    coverage.see(window, &seen, time, rules, activity, covered);
                }
                noted.set_aside.push(reason);
                return Some(());
            }
        };
        if std::str::from_utf8(error).is_ok_and(attribution::is_missing_object) {
            // S3 then implies a further action.
            return None;
        }
        let denied = !error.is_empty() && self.is_denial(error);
        let call = record.call?;
        // An error that only the response has: the reference parser says whether it is a denial.
        if error.is_empty() && ResponseError::is_possible(fields.json(text, RESPONSE_ELEMENTS)) {
            return None;
        }
        let may_decide = |kind| {
            let [asked, data] =
                [REQUEST_PARAMETERS, ADDITIONAL_EVENT_DATA].map(|field| fields.json(text, field));
            rules.catalog().may_decide_uses(kind, asked, data)
        };
        let may_use = call.has_decided_uses && call.event.resolved.kind.is_some_and(may_decide);
        let (action, also) = if denied || call.is_decided_by_record || may_use {
            let call = Call {
                has_decided_uses: may_use,
                ..call
            };
            self.called_by_all(text, record, call, denied, rules.catalog(), activity)?
        } else {
            (call.action, Vec::new())
        };
        let region = region?;
        let event_id = <[u8; UUID]>::try_from(id).ok()?;
        let time_millis = time_millis?;
        if let Err(reason) = rules.check_time(time_millis) {
            if reason == SetAside::FromTheFuture {
                // Such records are rare, and an object that has no others is not usable.
                return None;
            }
            noted.set_aside.push(self.reasons.number(reason));
            return Some(());
        }
        let (coverage, covered) = (&mut self.coverage, &mut noted.covered);
        coverage.see(window, &seen, time_millis, rules, activity, covered);
        noted.attempts.push(NotedAttempt {
            principal,
            key,
            action,
            region,
            time_millis,
            event_id,
            denied,
        });
        for action in also {
            let attempt = noted.attempts.last().copied()?;
            let key = None;
            noted.attempts.push(NotedAttempt {
                action,
                key,
                ..attempt
            });
        }
        Some(())
    }

    /// What was called, by all of the record, and what was denied or exercised beside it.
    #[inline(never)]
    fn called_by_all(
        &mut self,
        text: &[u8],
        record: &Record,
        call: Call,
        denied: bool,
        catalog: &Catalog,
        activity: &mut Activity,
    ) -> Option<(CreditedActionId, Vec<CreditedActionId>)> {
        let fields = &record.fields;
        let message = fields.json(text, ERROR_MESSAGE);
        let denial = std::str::from_utf8(message).ok()?;
        let named = denied_action_in_json(denial).filter(|_| denied);
        if denied && !call.is_decided_by_record && !call.has_decided_uses {
            let is_own = match named {
                Some(named) => self.denials.find(named.as_bytes()) == Some(call.action),
                None => !denial.contains('\\') && catalog.denied_action(denial).is_none(),
            };
            if is_own {
                return Some((call.action, Vec::new()));
            }
        }
        let [parameters, data] =
            [REQUEST_PARAMETERS, ADDITIONAL_EVENT_DATA].map(|field| fields.json(text, field));
        let details = Details {
            request_parameters: json(parameters)?,
            additional_event_data: json(data)?,
            error_message: json(if denied { message } else { &[] })?,
        };
        let message = details.error_message();
        let [source, name] = record.source_and_name(text);
        let event =
            attribution::Event::resolved_before(catalog, source?, name?, call.event.resolved);
        let who = |named: &str| {
            let caller = serde_json::from_slice(record.identity.whole.of(text)).ok();
            let caller = caller.as_ref().map(identity::Identity::of);
            let caller = caller.and_then(Result::ok);
            caller.map_or(identity::Named::Unknown, |caller| caller.named_by(named))
        };
        let (by_all, also) = event.called_by(&details, who, message.as_deref(), denied);
        let by_all = intern(&by_all, activity);
        if let (false, Some(named), []) = (call.is_decided_by_record, named, &*also)
            && call.action == by_all
            && let Some(found) = catalog.denied_action(denial)
            && named.split_once(':') == Some((found.namespace, found.name))
            && found
                .action
                .is_none_or(|found| Some(found) == call.event.resolved.action)
        {
            self.denials.keep(named.as_bytes(), by_all);
        }
        let also = also.iter().map(|called| intern(called, activity));
        Some((by_all, also.collect()))
    }

    #[inline(always)]
    fn region(&mut self, text: &[u8], activity: &mut Activity) -> Option<RegionId> {
        if !is_same(&self.region_text, text) {
            let region = checks::region(std::str::from_utf8(text).ok()).ok()?;
            self.region = Some(activity.intern_region(region));
            self.region_text.clear();
            self.region_text.extend_from_slice(text);
        }
        self.region
    }

    #[inline(never)]
    fn is_denial(&mut self, error: &[u8]) -> bool {
        self.errors.find(error).unwrap_or_else(|| {
            let is_denial = std::str::from_utf8(error).is_ok_and(attribution::is_denial);
            self.errors.keep(error, is_denial);
            is_denial
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
