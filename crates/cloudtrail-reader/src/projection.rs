//! A record's fields that count, found in one pass over its text; the others are skipped, not built.
//!
//! What the pass cannot vouch for (escapes or other types where a text should be, a field twice) makes the record
//! [odd](Fields::is_odd): the plain reader then reads this one record again and decides.

use std::ops::Range;

use crate::record::{SessionContext, SessionIssuer, Text, UserIdentity};
use crate::scan::{Cursor, Irregular};

/// The fields of a record that count, as they stand in the text. An absent field and a null are the same.
#[derive(Debug)]
pub(crate) struct Fields<'a, Identity> {
    pub(crate) user_identity: Option<Identity>,
    pub(crate) event_time: Option<&'a [u8]>,
    pub(crate) event_source: Option<&'a [u8]>,
    pub(crate) event_name: Option<&'a [u8]>,
    pub(crate) aws_region: Option<&'a [u8]>,
    /// Where it stands.
    pub(crate) event_id: Option<Range<usize>>,
    pub(crate) event_type: Option<&'a [u8]>,
    pub(crate) event_category: Option<&'a [u8]>,
    pub(crate) error_code: Option<&'a [u8]>,
    /// Whether the plain reader must look at the record.
    pub(crate) is_odd: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Field {
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
    fn of(key: &[u8]) -> Self {
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

/// The keys of the records so far and which came after which: CloudTrail writes them in one order, so that the next key
/// is mostly known before it is read.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    known: Vec<KnownKey>,
}

/// More keys than CloudTrail has; others are read letter by letter.
const MOST_KEYS: usize = 64;
/// The longest key that is guessed, with its quotes and colon.
const LONGEST_KEY: usize = 32;

/// The bytes of a key as words.
type Spelling = [u64; LONGEST_KEY / 8];

#[derive(Clone, Copy, Debug)]
struct KnownKey {
    /// The key with its quotes and colon, and which of these bytes count.
    spelled: Spelling,
    mask: Spelling,
    length: u8,
    field: Field,
    /// The keys that came after it, the last first.
    next: [u8; 2],
}

impl Default for Keys {
    /// With one key that stands for a record's start.
    fn default() -> Self {
        let start = KnownKey {
            spelled: [0; 4],
            mask: [u64::MAX; 4],
            length: 0,
            field: Field::Other,
            next: [0; 2],
        };
        Self { known: vec![start] }
    }
}

impl KnownKey {
    fn new(key: &[u8]) -> Option<Self> {
        let length = key.len() + 3;
        let mut spelled = [0; LONGEST_KEY];
        let mut mask = [0; LONGEST_KEY];
        mask.get_mut(..length)?.fill(u8::MAX);
        let [quote, rest @ ..] = &mut spelled;
        *quote = b'"';
        let (text, end) = rest.split_at_mut_checked(key.len())?;
        text.copy_from_slice(key);
        end.get_mut(..2)?.copy_from_slice(b"\":");
        Some(Self {
            spelled: bytemuck::cast(spelled),
            mask: bytemuck::cast(mask),
            length: u8::try_from(length).ok()?,
            field: Field::of(key),
            next: [0; 2],
        })
    }
}

impl KnownKey {
    /// Whether the key is what is ahead.
    #[inline(always)]
    fn is(&self, [a, b, c, d]: Spelling) -> bool {
        let Self {
            spelled: [sa, sb, sc, sd],
            mask: [ma, mb, mc, md],
            ..
        } = self;
        ((a ^ sa) & ma) | ((b ^ sb) & mb) | ((c ^ sc) & mc) | ((d ^ sd) & md) == 0
    }
}

impl Keys {
    /// Goes past the next key and its colon. `previous` is the key before it, and becomes this one.
    #[inline]
    fn next(
        &mut self,
        cursor: &mut Cursor<'_>,
        previous: &mut u8,
        is_odd: &mut bool,
    ) -> Result<Field, Irregular> {
        cursor.peek();
        if let Some(ahead) = cursor.rest().first_chunk::<LONGEST_KEY>()
            && let Some(before) = self.known.get(usize::from(*previous))
        {
            let ahead: Spelling = bytemuck::cast(*ahead);
            for guess in before.next {
                if let Some(key) = self.known.get(usize::from(guess))
                    && key.is(ahead)
                {
                    cursor.advance(usize::from(key.length));
                    *previous = guess;
                    return Ok(key.field);
                }
            }
        }
        self.read(cursor, previous, is_odd)
    }

    /// Reads the next key letter by letter, and learns it.
    fn read(
        &mut self,
        cursor: &mut Cursor<'_>,
        previous: &mut u8,
        is_odd: &mut bool,
    ) -> Result<Field, Irregular> {
        let key = cursor.string()?;
        cursor.expect(b':')?;
        if key.has_escapes {
            *is_odd = true;
            *previous = 0;
            return Ok(Field::Other);
        }
        let Some(new) = KnownKey::new(key.bytes) else {
            *previous = 0;
            return Ok(Field::of(key.bytes));
        };
        let position = self
            .known
            .iter()
            .position(|known| (known.spelled, known.length) == (new.spelled, new.length));
        let number = match position {
            Some(position) => position,
            None if self.known.len() < MOST_KEYS => {
                self.known.push(new);
                self.known.len() - 1
            }
            None => {
                *previous = 0;
                return Ok(new.field);
            }
        };
        // Below 64.
        let number = u8::try_from(number).unwrap_or_default();
        if let Some(before) = self.known.get_mut(usize::from(*previous)) {
            let [last, _] = before.next;
            before.next = [number, last];
        }
        *previous = number;
        Ok(new.field)
    }
}

/// Reads the object that is next as a record. `identity` reads the value of `userIdentity`, an object.
#[inline]
pub(crate) fn record<'a, Identity>(
    cursor: &mut Cursor<'a>,
    keys: &mut Keys,
    mut identity: impl FnMut(&mut Cursor<'a>) -> Result<Identity, Irregular>,
) -> Result<Fields<'a, Identity>, Irregular> {
    let mut fields = Fields {
        user_identity: None,
        event_time: None,
        event_source: None,
        event_name: None,
        aws_region: None,
        event_id: None,
        event_type: None,
        event_category: None,
        error_code: None,
        is_odd: false,
    };
    cursor.expect(b'{')?;
    if cursor.peek() == Some(b'}') {
        cursor.advance(1);
        return Ok(fields);
    }
    let (mut previous, mut seen) = (0, Seen::default());
    loop {
        let field = keys.next(cursor, &mut previous, &mut fields.is_odd)?;
        if field != Field::Other {
            fields.is_odd |= seen.twice(field as u32);
        }
        let is_odd = &mut fields.is_odd;
        match field {
            Field::UserIdentity => match cursor.peek() {
                Some(b'{') => fields.user_identity = Some(identity(cursor)?),
                _ => skip_unless_null(cursor, is_odd)?,
            },
            Field::EventTime => fields.event_time = text(cursor, is_odd)?,
            Field::EventSource => fields.event_source = text(cursor, is_odd)?,
            Field::EventName => fields.event_name = text(cursor, is_odd)?,
            Field::AwsRegion => fields.aws_region = text(cursor, is_odd)?,
            Field::EventId => {
                let text = text(cursor, is_odd)?;
                // The cursor is past the closing quote.
                let end = cursor.at().saturating_sub(1);
                fields.event_id = text.map(|text| end.saturating_sub(text.len())..end);
            }
            Field::EventType => fields.event_type = text(cursor, is_odd)?,
            Field::EventCategory => fields.event_category = text(cursor, is_odd)?,
            Field::ErrorCode => fields.error_code = text(cursor, is_odd)?,
            Field::Other => cursor.skip_value()?,
        }
        match cursor.peek() {
            Some(b',') => cursor.advance(1),
            Some(b'}') => {
                cursor.advance(1);
                return Ok(fields);
            }
            _ => return Err(Irregular),
        }
    }
}

/// A text or null; anything else is odd.
#[inline]
fn text<'a>(cursor: &mut Cursor<'a>, is_odd: &mut bool) -> Result<Option<&'a [u8]>, Irregular> {
    if cursor.peek() == Some(b'"') {
        let text = cursor.string()?;
        *is_odd |= text.has_escapes;
        return Ok(Some(text.bytes));
    }
    skip_unless_null(cursor, is_odd)?;
    Ok(None)
}

/// Goes past a null, or past something that is odd here.
fn skip_unless_null(cursor: &mut Cursor<'_>, is_odd: &mut bool) -> Result<(), Irregular> {
    *is_odd |= cursor.peek() != Some(b'n');
    cursor.skip_value()
}

/// Reads the object that is next as a `userIdentity`.
pub(crate) fn user_identity<'a>(
    cursor: &mut Cursor<'a>,
    is_odd: &mut bool,
) -> Result<UserIdentity<'a>, Irregular> {
    let mut identity = UserIdentity::default();
    let mut seen = Seen::default();
    object(cursor, is_odd, |cursor, key, is_odd| {
        let (number, field) = match key {
            b"type" => (0, &mut identity.r#type),
            b"principalId" => (1, &mut identity.principal_id),
            b"arn" => (2, &mut identity.arn),
            b"accountId" => (3, &mut identity.account_id),
            b"userName" => (4, &mut identity.user_name),
            b"invokedBy" => (5, &mut identity.invoked_by),
            b"sessionContext" => {
                *is_odd |= seen.twice(6);
                if cursor.peek() != Some(b'{') {
                    return skip_unless_null(cursor, is_odd);
                }
                identity.session_context = Some(session_context(cursor, is_odd)?);
                return Ok(());
            }
            _ => return cursor.skip_value(),
        };
        *is_odd |= seen.twice(number);
        *field = owned_text(cursor, is_odd)?;
        Ok(())
    })?;
    Ok(identity)
}

fn session_context<'a>(
    cursor: &mut Cursor<'a>,
    is_odd: &mut bool,
) -> Result<SessionContext<'a>, Irregular> {
    let mut context = SessionContext::default();
    let mut seen = Seen::default();
    object(cursor, is_odd, |cursor, key, is_odd| {
        if key != b"sessionIssuer" {
            return cursor.skip_value();
        }
        *is_odd |= seen.twice(0);
        if cursor.peek() != Some(b'{') {
            return skip_unless_null(cursor, is_odd);
        }
        context.session_issuer = Some(session_issuer(cursor, is_odd)?);
        Ok(())
    })?;
    Ok(context)
}

fn session_issuer<'a>(
    cursor: &mut Cursor<'a>,
    is_odd: &mut bool,
) -> Result<SessionIssuer<'a>, Irregular> {
    let mut issuer = SessionIssuer::default();
    let mut seen = Seen::default();
    object(cursor, is_odd, |cursor, key, is_odd| {
        let (number, field) = match key {
            b"type" => (0, &mut issuer.r#type),
            b"principalId" => (1, &mut issuer.principal_id),
            b"arn" => (2, &mut issuer.arn),
            b"accountId" => (3, &mut issuer.account_id),
            b"userName" => (4, &mut issuer.user_name),
            _ => return cursor.skip_value(),
        };
        *is_odd |= seen.twice(number);
        *field = owned_text(cursor, is_odd)?;
        Ok(())
    })?;
    Ok(issuer)
}

/// The fields that count which were seen in an object, by number.
#[derive(Default)]
struct Seen(u16);

impl Seen {
    /// Whether a field was there before.
    fn twice(&mut self, number: u32) -> bool {
        let bit = 1 << number;
        let was_there = self.0 & bit != 0;
        self.0 |= bit;
        was_there
    }
}

/// Goes through the object that is next: `each` is given every key and goes past its value.
fn object<'a>(
    cursor: &mut Cursor<'a>,
    is_odd: &mut bool,
    mut each: impl FnMut(&mut Cursor<'a>, &[u8], &mut bool) -> Result<(), Irregular>,
) -> Result<(), Irregular> {
    cursor.expect(b'{')?;
    if cursor.peek() == Some(b'}') {
        cursor.advance(1);
        return Ok(());
    }
    loop {
        let key = cursor.string()?;
        cursor.expect(b':')?;
        *is_odd |= key.has_escapes;
        each(cursor, key.bytes, is_odd)?;
        match cursor.peek() {
            Some(b',') => cursor.advance(1),
            Some(b'}') => {
                cursor.advance(1);
                return Ok(());
            }
            _ => return Err(Irregular),
        }
    }
}

fn owned_text<'a>(
    cursor: &mut Cursor<'a>,
    is_odd: &mut bool,
) -> Result<Option<Text<'a>>, Irregular> {
    Ok(match text(cursor, is_odd)? {
        // The cursor checked it.
        Some(bytes) => std::str::from_utf8(bytes).ok().map(Text::from),
        None => None,
    })
}
