//! A record's fields that count, found in one pass over its text; the others are skipped, not built.
//!
//! What the pass cannot vouch for (escapes or other types where a text should be, a field twice) makes the record
//! [odd](Fields::is_odd): the plain reader then reads this one record again and decides.
//!
//! Most of a record's letters were there before, in another record: what stands between its strings is recalled
//! ([`crate::runs`]), and so are, as a whole, what was called and how the record ends.

use std::ops::Range;

use advisor_core::Activity;

use crate::callers::Caller;
use crate::fragments::Place;
use crate::identity_fields::skip_unless_null;
use crate::memo::Memo;
use crate::nesting::{Expected, Nesting};
use crate::passages::{Call, End};
use crate::runs::{self, Run, RunId, Stand, Target};
use crate::scan::{Cursor, Irregular};
use crate::seen::Seen;

/// The fields of a record that count. An absent field and a null are the same.
#[derive(Debug)]
pub(crate) struct Fields {
    pub(crate) user_identity: Option<Caller>,
    /// From the value of `eventSource` to that of `eventName`.
    pub(crate) call: Passage<Call>,
    /// From the value of `eventType` to the end of the record.
    pub(crate) end: Passage<End>,
    /// Where the texts stand, by field. Those of passages that were recalled are not among them.
    texts: [Range<usize>; TEXTS],
    /// Whether the plain reader must look at the record.
    pub(crate) is_odd: bool,
}

impl Fields {
    /// Where a field's text stands; nowhere if it has none.
    pub(crate) fn place(&self, field: Field) -> Range<usize> {
        self.texts.get(field as usize).cloned().unwrap_or_default()
    }

    /// A field's text.
    #[inline(always)]
    pub(crate) fn text<'a>(&self, field: Field, cursor: &Cursor<'a>) -> Option<&'a [u8]> {
        let place = self.texts.get(field as usize)?;
        // No text is at the very start.
        (place.end > 0).then(|| cursor.slice(place.clone()))
    }
}

/// A stretch of a record's text that may come again.
#[derive(Clone, Debug)]
pub(crate) enum Passage<T> {
    /// There is none that could be recalled.
    None,
    Recalled(T),
    /// One that is not known. Of the fields that count, it has those that belong to it and no other.
    New(NewPassage),
}

#[derive(Clone, Debug)]
pub(crate) struct NewPassage {
    /// Where it would be kept.
    pub(crate) place: Place,
    /// Where it stands.
    pub(crate) text: Range<usize>,
    /// Its fields that count.
    pub(crate) fields: Seen,
    /// The last run in it.
    pub(crate) last_run: RunId,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Field {
    EventTime,
    EventSource,
    EventName,
    AwsRegion,
    EventId,
    EventType,
    EventCategory,
    ErrorCode,
    UserIdentity,
}

/// Fields that are texts.
const TEXTS: usize = Field::UserIdentity as usize;

impl Field {
    /// The field that counts with this key.
    fn of(key: &[u8]) -> Option<Self> {
        Some(match key {
            b"userIdentity" => Self::UserIdentity,
            b"eventTime" => Self::EventTime,
            b"eventSource" => Self::EventSource,
            b"eventName" => Self::EventName,
            b"awsRegion" => Self::AwsRegion,
            b"eventID" => Self::EventId,
            b"eventType" => Self::EventType,
            b"eventCategory" => Self::EventCategory,
            b"errorCode" => Self::ErrorCode,
            _ => return None,
        })
    }

    const fn seen(self) -> Seen {
        Seen::of(&[self as u32])
    }
}

/// A passage that is not known, while it is read.
struct Begun {
    place: Place,
    at: usize,
    /// The fields that were seen before it.
    before: Seen,
}

impl Begun {
    fn ended(self, at: usize, seen: Seen, last_run: RunId) -> NewPassage {
        NewPassage {
            place: self.place,
            text: self.at..at,
            fields: seen.without(self.before),
            last_run,
        }
    }
}

/// What a call's passage has, and nothing else that counts.
const CALL: Seen = Seen::of(&[Field::EventSource as u32, Field::EventName as u32]);
/// What an end's passage may have, and nothing else that counts.
const END: Seen = Seen::of(&[Field::EventType as u32, Field::EventCategory as u32]);

/// Reads the object that is next as a record.
#[inline]
pub(crate) fn record(
    cursor: &mut Cursor<'_>,
    memo: &mut Memo,
    activity: &mut Activity,
) -> Result<Fields, Irregular> {
    let mut fields = Fields {
        user_identity: None,
        call: Passage::None,
        end: Passage::None,
        texts: [const { 0..0 }; TEXTS],
        is_odd: false,
    };
    let (mut stand, mut operation) = (Stand::START, 0);
    let mut seen = Seen::default();
    let (mut call, mut end): (Option<Begun>, Option<Begun>) = (None, None);
    loop {
        let run = match memo.runs.recall(cursor, &mut stand, operation) {
            Some(run) => run,
            None => read_run(cursor, memo, &mut stand, operation, &mut fields.is_odd)?,
        };
        fields.is_odd |= seen.has_any_of(run.fields);
        seen.add(run.fields);
        match run.target {
            Target::String => cursor.skip_string_tail()?,
            Target::Number => cursor.skip_number()?,
            Target::Text(field) => {
                read_text(cursor, field, &mut fields)?;
                if field == Field::EventName
                    && let Some(begun) = call.take()
                {
                    let passage = begun.ended(cursor.at(), seen, stand.previous);
                    if passage.fields == CALL {
                        fields.call = Passage::New(passage);
                    }
                }
            }
            Target::Identity => {
                let caller = memo.callers.read(cursor, activity, &mut memo.reasons)?;
                fields.user_identity = Some(caller);
            }
            Target::Call => match memo.calls.recall(cursor) {
                Ok(known) => {
                    fields.is_odd |= seen.has_any_of(Field::EventName.seen());
                    seen.add(CALL);
                    stand.previous = known.last_run;
                    operation = known.hash;
                    fields.call = Passage::Recalled(known);
                }
                Err(place) => {
                    call = Some(Begun {
                        place,
                        at: cursor.at(),
                        before: seen.without(Field::EventSource.seen()),
                    });
                    cursor.advance(1);
                    read_text(cursor, Field::EventSource, &mut fields)?;
                }
            },
            Target::RecordEnd => {
                let source = match &fields.call {
                    Passage::Recalled(call) => call.source_hash,
                    _ => 0,
                };
                let region = fields.text(Field::AwsRegion, cursor);
                let before = seen.without(Field::EventType.seen());
                match memo.ends.recall(cursor, source, region) {
                    Ok(known) => {
                        fields.is_odd |= before.has_any_of(known.fields);
                        fields.end = Passage::Recalled(known);
                        return Ok(fields);
                    }
                    Err(place) => {
                        let at = cursor.at();
                        end = Some(Begun { place, at, before });
                        cursor.advance(1);
                        read_text(cursor, Field::EventType, &mut fields)?;
                    }
                }
            }
            Target::More => {}
            Target::Done => {
                if let Some(begun) = end {
                    let passage = begun.ended(cursor.at(), seen, stand.previous);
                    if passage.fields.without(END).is_empty() {
                        fields.end = Passage::New(passage);
                    }
                }
                return Ok(fields);
            }
        }
    }
}

/// Reads a field's text, whose quote was passed.
#[inline(always)]
fn read_text(cursor: &mut Cursor<'_>, field: Field, fields: &mut Fields) -> Result<(), Irregular> {
    let start = cursor.at();
    if cursor.plain_string_tail().is_none() {
        fields.is_odd |= cursor.string_tail()?.has_escapes;
    }
    if let Some(place) = fields.texts.get_mut(field as usize) {
        // The cursor is past the closing quote.
        *place = start..cursor.at() - 1;
    }
    Ok(())
}

/// Reads a run by the grammar, and keeps it if it may come again.
#[cold]
#[inline(never)]
fn read_run(
    cursor: &mut Cursor<'_>,
    memo: &mut Memo,
    stand: &mut Stand,
    operation: u64,
    is_odd: &mut bool,
) -> Result<Run, Irregular> {
    let start = cursor.at();
    let mut is_odd_run = false;
    let run = go_through_run(cursor, stand.nesting, &mut is_odd_run)?;
    let mut id = None;
    if is_odd_run {
        *is_odd = true;
    } else {
        let length = cursor.at() - start;
        // What decides what comes next is part of the run.
        let next = match run.target {
            Target::Identity | Target::Call | Target::RecordEnd => 1,
            _ => 0,
        };
        let letters = cursor.slice(start..cursor.at() + next);
        id = memo.runs.keep(*stand, letters, length, run, operation);
    }
    *stand = Stand {
        nesting: run.to,
        previous: id.unwrap_or_default(),
    };
    Ok(run)
}

/// Goes to the next string that is a value, or to whatever else a run leads to. Whatever a decision is made by must be among
/// the run's letters, or be looked at again whenever the run is recalled: so one that is too long may end after a value, a
/// colon or a comma, but not after an opening bracket, behind which was looked.
fn go_through_run(
    cursor: &mut Cursor<'_>,
    from: Nesting,
    is_odd: &mut bool,
) -> Result<Run, Irregular> {
    let start = cursor.at();
    let mut nesting = from;
    let mut fields = Seen::default();
    // Where it would have to end if it became too long.
    let mut last_end = None;
    let target = loop {
        let mut can_end = true;
        match nesting.expected() {
            Expected::Key => {
                let key = cursor.string()?;
                cursor.expect(b':')?;
                nesting = nesting.expecting(Expected::Value);
                if nesting.depth() == 1 {
                    *is_odd |= key.has_escapes;
                    if let Some(field) = Field::of(key.bytes) {
                        *is_odd |= fields.twice(field as u32);
                        nesting = nesting.expecting(Expected::AfterValue);
                        match (field, cursor.peek()) {
                            (Field::UserIdentity, Some(b'{')) => break Target::Identity,
                            (Field::EventSource, Some(b'"')) => break Target::Call,
                            (Field::EventType, Some(b'"')) => break Target::RecordEnd,
                            (field, Some(b'"')) if field != Field::UserIdentity => {
                                cursor.advance(1);
                                break Target::Text(field);
                            }
                            _ => skip_unless_null(cursor, is_odd)?,
                        }
                    }
                }
            }
            Expected::Value => match cursor.peek().ok_or(Irregular)? {
                b'"' => {
                    cursor.advance(1);
                    nesting = nesting.expecting(Expected::AfterValue);
                    break Target::String;
                }
                b'-' | b'0'..=b'9' => {
                    nesting = nesting.expecting(Expected::AfterValue);
                    break Target::Number;
                }
                _ => {
                    nesting = cursor.open_or_skip(nesting)?;
                    can_end = nesting.expected() == Expected::AfterValue;
                }
            },
            Expected::AfterValue => nesting = cursor.end_of_value(nesting)?,
        }
        if nesting.depth() == 0 {
            break Target::Done;
        }
        if can_end && cursor.at() - start <= runs::LONGEST {
            last_end = Some((cursor.at(), nesting, fields));
        }
    };
    if let Some((at, to, fields)) = last_end
        && cursor.at() - start >= runs::LONGEST
        && !*is_odd
    {
        cursor.go_to(at);
        return Ok(Run {
            to,
            target: Target::More,
            fields,
        });
    }
    Ok(Run {
        to: nesting,
        target,
        fields,
    })
}
