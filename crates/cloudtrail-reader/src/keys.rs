//! The keys of objects that come again and again.

use crate::scan::{Cursor, Irregular};

/// The keys of the objects so far and which came after which: CloudTrail writes them in one order, so that the next key
/// is mostly known before it is read.
#[derive(Clone, Debug)]
pub(crate) struct Keys<Field> {
    known: Vec<KnownKey<Field>>,
    of: fn(&[u8]) -> Field,
}

/// More keys than CloudTrail has; others are read letter by letter.
const MOST_KEYS: usize = 64;
/// The longest key that is guessed, with its quotes and colon.
const LONGEST_KEY: usize = 32;

/// The bytes of a key as words.
type Spelling = [u64; LONGEST_KEY / 8];

#[derive(Clone, Copy, Debug)]
struct KnownKey<Field> {
    /// The key with its quotes and colon, and which of these bytes count.
    spelled: Spelling,
    mask: Spelling,
    length: u8,
    field: Field,
    /// The keys that came after it, the last first.
    next: [u8; 2],
}

impl<Field: Copy> Keys<Field> {
    /// Keys that are told apart by `of`. The first stands for an object's start.
    pub(crate) fn new(of: fn(&[u8]) -> Field) -> Self {
        let start = KnownKey {
            spelled: [0; 4],
            mask: [u64::MAX; 4],
            length: 0,
            field: of(&[]),
            next: [0; 2],
        };
        Self {
            known: vec![start],
            of,
        }
    }
}

impl<Field: Copy> KnownKey<Field> {
    fn new(key: &[u8], field: Field) -> Option<Self> {
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
            field,
            next: [0; 2],
        })
    }

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

impl<Field: Copy> Keys<Field> {
    /// Goes past the next key and its colon. `previous` is the key before it, and becomes this one.
    #[inline]
    pub(crate) fn next(
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
            return Ok((self.of)(&[]));
        }
        let Some(new) = KnownKey::new(key.bytes, (self.of)(key.bytes)) else {
            *previous = 0;
            return Ok((self.of)(key.bytes));
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
