//! Runs: what stands in records between their variable strings and numbers, such as `,"eventName":"` and
//! `},"responseElements":null,"requestID":"`.
//!
//! CloudTrail writes the same fields in the same order again and again. What a run means depends on its letters and on the
//! brackets that are open before it, and on nothing else: whatever the grammar looks at is among the letters. So it is read by the grammar once, and from then on recalled by
//! comparing its letters: the run that is next is mostly known from the one before.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use crate::nesting::Nesting;

use crate::record_fields::Field;
use crate::scan::{self, Cursor, Text};
use crate::seen::Seen;

/// The longest run that is kept.
pub(crate) const LONGEST: usize = 48;
/// More runs than most accounts have; then all are forgotten.
const MOST: usize = 4_096;
/// A power of two.
const SUCCESSORS: usize = 16_384;

/// A run's letters as words, zeros after them.
type Spelling = [u64; LONGEST / 8];

fn words(letters: &[u8; LONGEST]) -> Spelling {
    bytemuck::cast::<_, Spelling>(*letters).map(u64::from_le)
}

/// For every number of letters, which bits of the words are theirs.
type Masks = [Spelling; LONGEST + 1];

fn masks() -> Masks {
    let of_word = |letters: usize, word: usize| match letters.saturating_sub(8 * word) {
        bytes @ 0..8 => (1 << (8 * bytes)) - 1,
        _ => u64::MAX,
    };
    std::array::from_fn(|letters| std::array::from_fn(|word| of_word(letters, word)))
}

/// What a run leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A string that does not count. Its quote was passed.
    String,
    /// A field's text. Its quote was passed.
    Text(Field),
    Number,
    /// The value of `userIdentity`, an object.
    Identity,
    /// The value of `eventSource`, a text.
    Call,
    /// The value of `eventType`, a text: how the record ends follows.
    RecordEnd,
    /// Another run: this one was too long.
    More,
    /// The record has ended.
    Done,
}

/// What a run means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    /// The brackets that are open after it.
    pub(crate) to: Nesting,
    pub(crate) target: Target,
    /// The fields that count whose keys are in it.
    pub(crate) fields: Seen,
}

/// Where in a record a reader is, and how it came there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stand {
    pub(crate) nesting: Nesting,
    /// The run before.
    pub(crate) previous: RunId,
}

impl Stand {
    /// Before a record.
    pub(crate) const START: Self = Self {
        nesting: Nesting::START,
        previous: RunId(0),
    };
}

/// A run's number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RunId(u16);

#[derive(Clone, Debug)]
struct Known {
    spelled: Spelling,
    from: Nesting,
    run: Run,
    /// How many letters it has.
    letters: u8,
    /// How many of them it goes past: the first of what it leads to may be among them.
    length: u8,
    /// Whether it leads to a string that does not count, and has no field that counts.
    is_plain: bool,
    /// Those that came after it first.
    next: [RunId; 2],
}

impl Known {
    #[inline(always)]
    fn is(&self, [a, b, c, d, e, f]: Spelling, from: Nesting, masks: &Masks) -> bool {
        let [sa, sb, sc, sd, se, sf] = self.spelled;
        let Some([ma, mb, mc, md, me, mf]) = masks.get(usize::from(self.letters)) else {
            return false;
        };
        let differs = ((a ^ sa) & ma)
            | ((b ^ sb) & mb)
            | ((c ^ sc) & mc)
            | ((d ^ sd) & md)
            | ((e ^ se) & me)
            | ((f ^ sf) & mf);
        differs == 0 && self.from == from
    }
}

/// The runs that were met.
#[derive(Debug)]
pub(crate) struct Runs {
    /// The first stands for what was before a record.
    known: Vec<Known>,
    masks: Box<Masks>,
    by_letters: HashTable<RunId>,
    /// The run that came after another in a call of some operation.
    successors: Box<[RunId]>,
    hasher: RandomState,
}

impl Default for Runs {
    fn default() -> Self {
        let mut runs = Self {
            known: Vec::new(),
            masks: Box::new(masks()),
            by_letters: HashTable::new(),
            successors: vec![RunId::default(); SUCCESSORS].into(),
            hasher: RandomState::default(),
        };
        runs.forget();
        runs
    }
}

impl Runs {
    fn forget(&mut self) {
        self.known.clear();
        self.by_letters.clear();
        self.successors.fill(RunId::default());
        self.known.push(Known {
            spelled: [0; LONGEST / 8],
            from: Nesting::NOWHERE,
            run: Run {
                to: Nesting::START,
                target: Target::More,
                fields: Seen::default(),
            },
            letters: 0,
            length: 0,
            is_plain: false,
            next: [RunId::default(); 2],
        });
    }

    fn successor(previous: RunId, operation: u64) -> usize {
        let mixed = operation << 16 | u64::from(previous.0);
        (mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 50) as usize % SUCCESSORS
    }

    fn get(&self, RunId(id): RunId) -> Option<&Known> {
        self.known.get(usize::from(id))
    }

    /// Goes past the run that is next, if it is known. Strings that do not count, and the runs that are known after them, are
    /// passed by at once. `operation` is a hash of what was called, as far as it is known.
    #[inline(always)]
    pub(crate) fn recall(
        &self,
        cursor: &mut Cursor<'_>,
        stand: &mut Stand,
        operation: u64,
    ) -> Option<Run> {
        let Text { bytes, specials } = cursor.text();
        let (mut at, mut now) = (cursor.at(), *stand);
        let run = loop {
            let Some((id, known)) = self.find(bytes, at, now, operation) else {
                break None;
            };
            at += usize::from(known.length);
            now = Stand {
                nesting: known.run.to,
                previous: id,
            };
            if !known.is_plain {
                break Some(known.run);
            }
            let Some(end) = scan::end_of_plain_string(bytes, specials, at) else {
                break Some(known.run);
            };
            at = end + 1;
        };
        cursor.go_to(at);
        *stand = now;
        run
    }

    /// The run that is at this place, if it is one of those that came after the previous one.
    #[inline(always)]
    fn find(
        &self,
        bytes: &[u8],
        at: usize,
        stand: Stand,
        operation: u64,
    ) -> Option<(RunId, &Known)> {
        let ahead = words(bytes.get(at..)?.first_chunk()?);
        let is_next = |known: &Known| {
            let is_number = || {
                let next = bytes.get(at + usize::from(known.length));
                matches!(next, Some(b'-' | b'0'..=b'9'))
            };
            known.is(ahead, stand.nesting, &self.masks)
                && (known.run.target != Target::Number || is_number())
        };
        let before = self.get(stand.previous);
        let [first, second] = before.map(|before| before.next).unwrap_or_default();
        let known = self.get(first)?;
        if is_next(known) {
            return Some((first, known));
        }
        let successor = *self
            .successors
            .get(Self::successor(stand.previous, operation))?;
        [successor, second].into_iter().find_map(|guess| {
            let known = self.get(guess)?;
            is_next(known).then_some((guess, known))
        })
    }

    /// Keeps a run that was read by the grammar: its letters, of which it goes past so many.
    pub(crate) fn keep(
        &mut self,
        stand: Stand,
        letters: &[u8],
        length: usize,
        run: Run,
        operation: u64,
    ) -> Option<RunId> {
        let Stand {
            nesting: from,
            previous,
        } = stand;
        if length == 0 || letters.len() < length {
            return None;
        }
        let mut spelled = [0; LONGEST];
        spelled.get_mut(..letters.len())?.copy_from_slice(letters);
        let new = Known {
            spelled: words(&spelled),
            from,
            run,
            letters: u8::try_from(letters.len()).ok()?,
            length: u8::try_from(length).ok()?,
            is_plain: run.target == Target::String && run.fields.is_empty(),
            next: [RunId::default(); 2],
        };
        let hash_of = |known: &Known, hasher: &RandomState| hasher.hash_one(known.spelled);
        let hash = hash_of(&new, &self.hasher);
        let is_same = |known: &Known| {
            (known.spelled, known.letters, known.from) == (new.spelled, new.letters, from)
        };
        let found = self
            .by_letters
            .find(hash, |id| self.get(*id).is_some_and(is_same));
        let id = match found {
            Some(id) => *id,
            None => {
                if self.known.len() == MOST {
                    self.forget();
                }
                let id = RunId(u16::try_from(self.known.len()).ok()?);
                self.known.push(new);
                let (known, hasher) = (&self.known, &self.hasher);
                self.by_letters.insert_unique(hash, id, |RunId(id)| {
                    known
                        .get(usize::from(*id))
                        .map_or(0, |known| hash_of(known, hasher))
                });
                id
            }
        };
        if let Some(successor) = self
            .successors
            .get_mut(Self::successor(previous, operation))
        {
            *successor = id;
        }
        if let Some(before) = self.known.get_mut(usize::from(previous.0)) {
            let [first, second] = &mut before.next;
            *(if *first == RunId::default() {
                first
            } else {
                second
            }) = id;
        }
        Some(id)
    }
}
