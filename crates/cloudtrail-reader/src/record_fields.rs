//! A record's fields that count, found in one pass over its text; the others are skipped, not built.
//!
//! What the pass cannot vouch for (escapes or other types where a text should be, a field twice) makes the record
//! [odd](Fields::is_odd): the plain reader then reads this one record again and decides.
//!
//! Two passages of a record are mostly the same as in one before, letter by letter: what was called, and how the record
//! ends. They are recalled as a whole.

use std::ops::Range;

use advisor_core::Activity;

use crate::fragments::Place;
use crate::memo::{Call, Caller, End, Memo};
use crate::projection::{Seen, skip_unless_null, text};
use crate::scan::{Cursor, Irregular};

/// The fields of a record that count, as they stand in the text. An absent field and a null are the same.
#[derive(Debug)]
pub(crate) struct Fields<'a> {
    pub(crate) user_identity: Option<Caller>,
    pub(crate) event_time: Option<&'a [u8]>,
    /// From the value of `eventSource` to that of `eventName`.
    pub(crate) call: Passage<Call>,
    /// These two are in the call, if it was recalled.
    pub(crate) event_source: Option<&'a [u8]>,
    pub(crate) event_name: Option<&'a [u8]>,
    pub(crate) aws_region: Option<&'a [u8]>,
    /// Where it stands.
    pub(crate) event_id: Option<Range<usize>>,
    pub(crate) error_code: Option<&'a [u8]>,
    /// From the value of `eventType` to the end of the record.
    pub(crate) end: Passage<End>,
    /// These two are in the end, if it was recalled.
    pub(crate) event_type: Option<&'a [u8]>,
    pub(crate) event_category: Option<&'a [u8]>,
    /// Whether the plain reader must look at the record.
    pub(crate) is_odd: bool,
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

impl<T> Passage<T> {
    fn recalled(&self) -> Option<&T> {
        match self {
            Self::Recalled(known) => Some(known),
            _ => None,
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct NewPassage {
    /// Where it would be kept.
    pub(crate) place: Place,
    /// Where it stands.
    pub(crate) text: Range<usize>,
    /// Its fields that count.
    pub(crate) fields: Seen,
    /// Its last key.
    pub(crate) last_key: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Field {
    UserIdentity,
    EventTime,
    EventSource,
    EventName,
    AwsRegion,
    EventId,
    EventType,
    EventCategory,
    ErrorCode,
    Other,
}

impl Field {
    pub(crate) fn of(key: &[u8]) -> Self {
        match key {
            b"userIdentity" => Self::UserIdentity,
            b"eventTime" => Self::EventTime,
            b"eventSource" => Self::EventSource,
            b"eventName" => Self::EventName,
            b"awsRegion" => Self::AwsRegion,
            b"eventID" => Self::EventId,
            b"eventType" => Self::EventType,
            b"eventCategory" => Self::EventCategory,
            b"errorCode" => Self::ErrorCode,
            _ => Self::Other,
        }
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
    fn ended(self, at: usize, seen: Seen, last_key: u8) -> NewPassage {
        NewPassage {
            place: self.place,
            text: self.at..at,
            fields: seen.without(self.before),
            last_key,
        }
    }
}

/// What a call's passage has, and nothing else that counts.
const CALL: Seen = Seen::of(&[Field::EventSource as u32, Field::EventName as u32]);
/// What an end's passage may have, and nothing else that counts.
const END: Seen = Seen::of(&[Field::EventType as u32, Field::EventCategory as u32]);

/// Reads the object that is next as a record.
#[inline]
pub(crate) fn record<'a>(
    cursor: &mut Cursor<'a>,
    memo: &mut Memo,
    activity: &mut Activity,
) -> Result<Fields<'a>, Irregular> {
    let mut fields = Fields {
        user_identity: None,
        event_time: None,
        call: Passage::None,
        event_source: None,
        event_name: None,
        aws_region: None,
        event_id: None,
        error_code: None,
        end: Passage::None,
        event_type: None,
        event_category: None,
        is_odd: false,
    };
    cursor.expect(b'{')?;
    if cursor.peek() == Some(b'}') {
        cursor.advance(1);
        return Ok(fields);
    }
    let (mut seen, mut is_odd) = (Seen::default(), false);
    let (mut call, mut end) = (None, None);
    let mut previous = 0;
    loop {
        let field = memo.keys.next(cursor, &mut previous, &mut is_odd)?;
        let before = seen;
        if field != Field::Other {
            is_odd |= seen.twice(field as u32);
        }
        match field {
            Field::UserIdentity => match cursor.peek() {
                Some(b'{') => {
                    let caller = memo.identities.read(cursor, activity, &mut memo.reasons)?;
                    fields.user_identity = Some(caller);
                }
                _ => skip_unless_null(cursor, &mut is_odd)?,
            },
            Field::EventTime => fields.event_time = text(cursor, &mut is_odd)?,
            Field::EventSource => match memo.calls.recall(cursor) {
                Ok(known) => {
                    is_odd |= before.has_any_of(CALL);
                    seen.add(CALL);
                    previous = known.last_key;
                    fields.call = Passage::Recalled(known);
                }
                Err(place) => {
                    let at = cursor.at();
                    call = Some(Begun { place, at, before });
                    fields.event_source = text(cursor, &mut is_odd)?;
                }
            },
            Field::EventName => {
                fields.event_name = text(cursor, &mut is_odd)?;
                if let Some(begun) = call.take() {
                    let passage = begun.ended(cursor.at(), seen, previous);
                    if passage.fields == CALL {
                        fields.call = Passage::New(passage);
                    }
                }
            }
            Field::AwsRegion => fields.aws_region = text(cursor, &mut is_odd)?,
            Field::EventId => {
                let text = text(cursor, &mut is_odd)?;
                // The cursor is past the closing quote.
                let end = cursor.at().saturating_sub(1);
                fields.event_id = text.map(|text| end.saturating_sub(text.len())..end);
            }
            Field::EventType => match memo.ends.recall(
                cursor,
                fields.call.recalled().map(|call| call.source),
                fields.aws_region,
            ) {
                Ok(known) => {
                    is_odd |= before.has_any_of(known.fields);
                    fields.end = Passage::Recalled(known);
                    break;
                }
                Err(place) => {
                    let at = cursor.at();
                    end = Some(Begun { place, at, before });
                    fields.event_type = text(cursor, &mut is_odd)?;
                }
            },
            Field::EventCategory => fields.event_category = text(cursor, &mut is_odd)?,
            Field::ErrorCode => fields.error_code = text(cursor, &mut is_odd)?,
            Field::Other => cursor.skip_value()?,
        }
        match cursor.peek() {
            Some(b',') => cursor.advance(1),
            Some(b'}') => {
                cursor.advance(1);
                if let Some(begun) = end {
                    let passage = begun.ended(cursor.at(), seen, previous);
                    if passage.fields.without(END).is_empty() {
                        fields.end = Passage::New(passage);
                    }
                }
                break;
            }
            _ => return Err(Irregular),
        }
    }
    fields.is_odd = is_odd;
    Ok(fields)
}
