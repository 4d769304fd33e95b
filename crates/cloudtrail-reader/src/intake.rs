//! Takes one object after the other into a table: what every thread of a reader does.
//!
//! An object of CloudTrail's own shape is read in one pass, without an allocation per record: inflated into a buffer that
//! is used again, its fields found where they stand ([`crate::record_fields`]), what recurs recalled by its bytes
//! ([`crate::runs`], [`crate::memo`]), its attempts noted, and taken into the table when the object was read to its end. Records and
//! objects that are odd in any way go to the [plain reader](crate::reference), so that both always say the same.

use std::ops::Range;
use std::path::Path;

use advisor_core::{Activity, AppearanceId, CreditedActionId, InternedAttempt, RegionId};

use crate::callers::Caller;
use crate::fragments::hash_all;
use crate::memo::Memo;
use crate::options::{Parser, Rules};
use crate::outcome::failure::FailedObject;
use crate::outcome::malformed::Malformed;
use crate::outcome::object_id::ObjectId;
use crate::outcome::reconciliation::Reconciliation;
use crate::outcome::set_aside::Rejection;
use crate::outcome::trail_read::TrailRead;
use crate::passages::{Call, End};
use crate::record::attribution;
use crate::record::checks::LONGEST_NAME;
use crate::record_fields::{self, Field, Fields, Passage};
use crate::reference;
use crate::scan::{Cursor, Irregular};
use crate::source::file;
use crate::source::inflate::{Inflater, KEPT_BUFFER};
#[cfg(feature = "s3")]
use crate::source::listing::not_listed;
#[cfg(feature = "s3")]
use crate::source::s3::{fetch::Fetched, listing::ListError};

/// Takes objects into one table, one after the other. [`TrailReader::intake`](crate::TrailReader::intake) makes it.
#[derive(Debug)]
pub struct Intake<'r> {
    rules: &'r Rules,
    activity: Activity,
    reconciliation: Reconciliation,
    inflater: Inflater,
    /// The object as it is stored.
    stored: Vec<u8>,
    /// A buffer of the cursor's.
    specials: Vec<u64>,
    memo: Memo,
    noted: Noted,
}

/// What one object holds, until it was read to its end.
#[derive(Debug, Default)]
struct Noted {
    records: u64,
    attempts: Vec<NotedAttempt>,
    /// The reasons by number.
    set_aside: Vec<usize>,
    /// Records for the plain reader: number and place.
    odd: Vec<(u64, Range<usize>)>,
}

#[derive(Debug)]
struct NotedAttempt {
    principal: AppearanceId,
    operation: CreditedActionId,
    region: RegionId,
    time_millis: i64,
    /// Where the event's id stands.
    event_id: Range<usize>,
    denied: bool,
}

/// Odd records of an object that are read one by one; with more, all of the object is.
const MOST_ODD: usize = 1 << 16;

enum Verdict {
    Attempt(NotedAttempt),
    SetAside(usize),
    Odd,
}

impl<'r> Intake<'r> {
    pub(crate) fn new(rules: &'r Rules) -> Self {
        Self {
            rules,
            activity: Activity::new(),
            reconciliation: Reconciliation::default(),
            inflater: Inflater::default(),
            stored: Vec::new(),
            specials: Vec::new(),
            memo: Memo::default(),
            noted: Noted::default(),
        }
    }

    /// What was taken so far.
    #[must_use]
    pub fn finish(mut self) -> TrailRead {
        for (reason, count) in self.memo.reasons.into_counts() {
            *self
                .reconciliation
                .records_set_aside
                .entry(reason)
                .or_default() += count;
        }
        TrailRead {
            activity: self.activity,
            reconciliation: self.reconciliation,
        }
    }

    /// Takes a file in. The answer is the bytes it has and the records that were in it.
    pub fn take_file(&mut self, file: &Path) -> Taken {
        let object = ObjectId::from(file);
        let limit = self.rules.options().object_limit;
        let mut stored = std::mem::take(&mut self.stored);
        stored.clear();
        let taken = match file::read(file, limit, &mut stored) {
            Ok(()) => self.take_object(&object, &stored),
            Err(error) => {
                self.fail(FailedObject::new(object, error.kind(), error));
                Taken::default()
            }
        };
        if stored.capacity() <= KEPT_BUFFER {
            self.stored = stored;
        }
        taken
    }

    /// Takes an object of a bucket in.
    #[cfg(feature = "s3")]
    pub(crate) fn take_fetched(&mut self, fetched: Result<Fetched, ListError>) -> Taken {
        let failed = match fetched {
            Ok(Fetched { object, content }) => match content {
                Ok(bytes) => return self.take_object(&object.id(), &bytes),
                Err(error) => FailedObject::new(object.id(), error.kind(), error),
            },
            Err(error) => not_listed(error),
        };
        self.fail(failed);
        Taken::default()
    }

    /// Takes note of an object that could not be had.
    pub(crate) fn fail(&mut self, failed: FailedObject) {
        self.reconciliation.objects_failed.push(failed);
    }

    /// Takes one object's bytes in, gzip or not. An object that cannot be read as a whole adds nothing.
    pub fn take_object(&mut self, object: &ObjectId, bytes: &[u8]) -> Taken {
        let stored = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.reconciliation.bytes += stored;
        let mut inflater = std::mem::take(&mut self.inflater);
        let before = self.reconciliation.records_read;
        let mut inflated_bytes = 0;
        match inflater.inflate(bytes, self.rules.options().object_limit) {
            Ok(inflated) => {
                inflated_bytes = inflated.len();
                self.take_inflated(object, inflated);
            }
            Err(error) => self.fail(FailedObject::new(object.clone(), error.kind(), error)),
        }
        inflater.shrink();
        self.inflater = inflater;
        if inflated_bytes > KEPT_BUFFER {
            self.specials = Vec::new();
            self.noted = Noted::default();
        }
        Taken {
            bytes: stored,
            records: self.reconciliation.records_read - before,
        }
    }

    fn take_inflated(&mut self, object: &ObjectId, inflated: &[u8]) {
        if self.rules.options().parser == Parser::Projected && self.note(inflated).is_ok() {
            self.take_noted(object, inflated);
        } else {
            let taken = reference::read_object(self.rules, object, inflated, &mut self.activity);
            self.reconciliation.add(taken);
        }
    }

    /// Reads an object of CloudTrail's own shape and notes what it holds.
    fn note(&mut self, text: &[u8]) -> Result<(), Irregular> {
        let mut specials = std::mem::take(&mut self.specials);
        let noted = self.note_with(text, &mut specials);
        self.specials = specials;
        noted
    }

    fn note_with(&mut self, text: &[u8], specials: &mut Vec<u64>) -> Result<(), Irregular> {
        let noted = &mut self.noted;
        noted.records = 0;
        noted.attempts.clear();
        noted.set_aside.clear();
        noted.odd.clear();

        let mut cursor = Cursor::new(text, specials);
        cursor.expect(b'{')?;
        if cursor.string()?.bytes != b"Records" {
            return Err(Irregular);
        }
        cursor.expect(b':')?;
        cursor.expect(b'[')?;
        if cursor.peek() == Some(b']') {
            cursor.advance(1);
        } else {
            loop {
                self.note_record(&mut cursor)?;
                match cursor.peek() {
                    Some(b',') => cursor.advance(1),
                    Some(b']') => break cursor.advance(1),
                    _ => return Err(Irregular),
                }
            }
        }
        cursor.expect(b'}')?;
        let noted = &self.noted;
        let is_all_odd = noted.attempts.is_empty() && noted.set_aside.is_empty();
        match cursor.peek() {
            // Were these insights in disguise, the object would be skipped.
            None if is_all_odd && !noted.odd.is_empty() => Err(Irregular),
            None => Ok(()),
            Some(_) => Err(Irregular),
        }
    }

    fn note_record(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Irregular> {
        self.noted.records += 1;
        let is_object = cursor.peek() == Some(b'{');
        let start = cursor.at();
        let verdict = if is_object {
            let Self { memo, activity, .. } = self;
            let fields = record_fields::record(cursor, memo, activity)?;
            self.judge(&fields, cursor)?
        } else {
            cursor.skip_value()?;
            Verdict::Odd
        };
        match verdict {
            Verdict::Attempt(attempt) => self.noted.attempts.push(attempt),
            Verdict::SetAside(reason) => self.noted.set_aside.push(reason),
            // So many are no records of CloudTrail's, and to remember them all would take more room than their text.
            Verdict::Odd if self.noted.odd.len() == MOST_ODD => return Err(Irregular),
            Verdict::Odd => {
                let place = start..cursor.at();
                self.noted.odd.push((self.noted.records, place));
            }
        }
        Ok(())
    }

    /// What becomes of a record, in the order of [`attribution::attribute`]. Whatever is not in order is odd.
    #[inline]
    fn judge(&mut self, fields: &Fields, cursor: &Cursor<'_>) -> Result<Verdict, Irregular> {
        // An object of nothing but insights is skipped: left to the plain reader as a whole.
        if fields.text(Field::EventCategory, cursor) == Some(b"Insight")
            || fields.text(Field::EventType, cursor) == Some(attribution::INSIGHT_TYPE.as_bytes())
        {
            return Err(Irregular);
        }
        if fields.is_odd || fields.user_identity == Some(Caller::Odd) {
            return Ok(Verdict::Odd);
        }
        match self.end(fields, cursor) {
            Some(None) => {}
            Some(Some(reason)) => return Ok(Verdict::SetAside(reason)),
            None => return Ok(Verdict::Odd),
        }
        let principal = match fields.user_identity {
            Some(Caller::Principal(principal)) => principal,
            Some(Caller::SetAside(reason)) => return Ok(Verdict::SetAside(reason)),
            Some(Caller::Odd) | None => return Ok(Verdict::Odd),
        };
        let (Some(operation), Some(region), Some(time)) = (
            self.operation(fields, cursor),
            fields.text(Field::AwsRegion, cursor),
            fields.text(Field::EventTime, cursor),
        ) else {
            return Ok(Verdict::Odd);
        };
        let Self {
            memo,
            activity,
            rules,
            ..
        } = self;
        let (Some(region), Some(time_millis)) = (
            memo.regions.id(region, activity),
            memo.calendar.millis(time),
        ) else {
            return Ok(Verdict::Odd);
        };
        let event_id = fields.place(Field::EventId);
        if event_id.len() > LONGEST_NAME {
            return Ok(Verdict::Odd);
        }
        if let Err(reason) = rules.check_time(time_millis) {
            return Ok(match memo.reasons.number(reason) {
                Some(number) => Verdict::SetAside(number),
                None => Verdict::Odd,
            });
        }
        let denied = fields
            .text(Field::ErrorCode, cursor)
            .is_some_and(|code| std::str::from_utf8(code).is_ok_and(attribution::is_denial));
        Ok(Verdict::Attempt(NotedAttempt {
            principal,
            operation,
            region,
            time_millis,
            event_id,
            denied,
        }))
    }

    /// Why the event's type sets the record aside, if it does; nothing if it is not in order.
    #[inline]
    fn end(&mut self, fields: &Fields, cursor: &Cursor<'_>) -> Option<Option<usize>> {
        if let Passage::Recalled(end) = &fields.end {
            return Some(end.set_aside);
        }
        let memo = &mut self.memo;
        let set_aside = match fields.text(Field::EventType, cursor) {
            None | Some(b"AwsApiCall" | b"AwsConsoleAction") => None,
            Some(other) => match attribution::check_type(std::str::from_utf8(other).ok(), None) {
                Err(Rejection::SetAside(reason)) => Some(memo.reasons.number(reason)?),
                _ => return None,
            },
        };
        if let Passage::New(passage) = &fields.end {
            let end = End {
                set_aside,
                fields: passage.fields,
            };
            let text = cursor.slice(passage.text.clone());
            memo.ends.keep(passage.place, text, end);
        }
        Some(set_aside)
    }

    /// What was called, if it is in order.
    #[inline]
    fn operation(&mut self, fields: &Fields, cursor: &Cursor<'_>) -> Option<CreditedActionId> {
        if let Passage::Recalled(call) = &fields.call {
            return Some(call.operation);
        }
        let Self {
            memo,
            activity,
            rules,
            ..
        } = self;
        let source = fields.text(Field::EventSource, cursor)?;
        let name = fields.text(Field::EventName, cursor)?;
        let operation = (memo.operations).id(source, name, rules.catalog(), activity)?;
        if let Passage::New(passage) = &fields.call {
            let text = cursor.slice(passage.text.clone());
            let call = Call {
                operation,
                hash: hash_all(text),
                source_hash: hash_all(source),
                last_run: passage.last_run,
            };
            memo.calls.keep(passage.place, text, call);
        }
        Some(operation)
    }

    /// Takes what was noted of an object into the table.
    fn take_noted(&mut self, object: &ObjectId, text: &[u8]) {
        let Self {
            noted,
            activity,
            reconciliation,
            memo,
            rules,
            ..
        } = self;
        reconciliation.objects_read += 1;
        reconciliation.records_read += noted.records;
        for attempt in &noted.attempts {
            let id = text.get(attempt.event_id.clone()).unwrap_or_default();
            activity.record_interned(&InternedAttempt {
                principal: attempt.principal,
                operation: attempt.operation,
                region: attempt.region,
                time_millis: attempt.time_millis,
                event_id: id,
                denied: attempt.denied,
            });
            reconciliation.records_attributed += 1;
        }
        for reason in &noted.set_aside {
            memo.reasons.count(*reason);
        }
        for (number, place) in &noted.odd {
            let json = text.get(place.clone()).unwrap_or_default();
            let taken = match std::str::from_utf8(json) {
                Ok(json) => reference::take_record(rules, json, None, activity),
                Err(_) => Err(Rejection::Malformed(Malformed::Encoding)),
            };
            match taken {
                Ok(()) => reconciliation.records_attributed += 1,
                Err(reason) => reconciliation.set_record_aside(object, *number, reason),
            }
        }
    }
}

/// What was in an object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Its size as it is stored, in bytes.
    pub bytes: u64,
    /// Its records.
    pub records: u64,
}
