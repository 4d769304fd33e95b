//! Runs: what stands in records between their variable strings and numbers, such as `,"eventName":"` and
//! `},"responseElements":null,"requestID":"`.
//!
//! CloudTrail writes the same fields in the same order again and again. What a run means depends on its letters and on the
//! brackets that are open before it, and on nothing else. So it is read by the grammar once, and from then on recalled by
//! comparing its letters: the run that is next is mostly known from the one before.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use crate::nesting::Nesting;
use crate::projection::Seen;
use crate::record_fields::Field;
use crate::scan::Cursor;

/// The longest run that is kept.
pub(crate) const LONGEST: usize = 48;
/// More runs than most accounts have; then all are forgotten.
const MOST: usize = 4_096;
/// A power of two.
const SUCCESSORS: usize = 16_384;

/// A run's letters as words, zeros after them.
type Spelling = [u64; LONGEST / 8];

/// Which bits count of so many letters.
static MASKS: [Spelling; LONGEST + 1] = masks();

const fn masks() -> [Spelling; LONGEST + 1] {
    let mut masks = [[0; LONGEST / 8]; LONGEST + 1];
    let mut letters = 0;
    while letters <= LONGEST {
        let mut word = 0;
        while word < LONGEST / 8 {
            let bits = 8 * letters.saturating_sub(8 * word);
            masks[letters][word] = if bits >= 64 {
                u64::MAX
            } else {
                (1 << bits) - 1
            };
            word += 1;
        }
        letters += 1;
    }
    masks
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
    /// The value of `eventType`, a text.
    End,
    /// What follows a value, or the start of one.
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
    /// Those that came after it first.
    next: [RunId; 2],
}

impl Known {
    #[inline(always)]
    fn is(&self, [a, b, c, d, e, f]: Spelling, from: Nesting) -> bool {
        let [sa, sb, sc, sd, se, sf] = self.spelled;
        let Some([ma, mb, mc, md, me, mf]) = MASKS.get(usize::from(self.letters)) else {
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
    by_letters: HashTable<RunId>,
    /// The run that came after another in a call of some operation.
    successors: Box<[RunId]>,
    hasher: RandomState,
}

impl Default for Runs {
    fn default() -> Self {
        let mut runs = Self {
            known: Vec::new(),
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
            next: [RunId::default(); 2],
        });
    }

    fn successor(previous: RunId, operation: u32) -> usize {
        let mixed = u64::from(operation) << 16 | u64::from(previous.0);
        (mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 50) as usize % SUCCESSORS
    }

    fn get(&self, RunId(id): RunId) -> Option<&Known> {
        self.known.get(usize::from(id))
    }

    /// Goes past the run that is next, if it is one of those that came after the previous one. `operation` is what was called,
    /// as far as it is known.
    #[inline(always)]
    pub(crate) fn recall(
        &self,
        cursor: &mut Cursor<'_>,
        from: Nesting,
        previous: RunId,
        operation: u32,
    ) -> Option<(RunId, Run)> {
        let ahead: Spelling = bytemuck::cast(*cursor.rest().first_chunk::<LONGEST>()?);
        let [first, second] = self.get(previous)?.next;
        let mut guess = first;
        let mut known = self.get(guess)?;
        if !known.is(ahead, from) {
            guess = *self.successors.get(Self::successor(previous, operation))?;
            known = self.get(guess)?;
            if !known.is(ahead, from) {
                guess = second;
                known = self.get(guess)?;
                if !known.is(ahead, from) {
                    return None;
                }
            }
        }
        cursor.advance(usize::from(known.length));
        if known.run.target == Target::Number && !cursor.is_at_number() {
            cursor.go_back(cursor.at() - usize::from(known.length));
            return None;
        }
        Some((guess, known.run))
    }

    /// Keeps a run that was read by the grammar: its letters, of which it goes past so many.
    pub(crate) fn keep(
        &mut self,
        from: Nesting,
        letters: &[u8],
        length: usize,
        run: Run,
        previous: RunId,
        operation: u32,
    ) -> Option<RunId> {
        if length == 0 || letters.len() < length {
            return None;
        }
        let mut spelled = [0; LONGEST];
        spelled.get_mut(..letters.len())?.copy_from_slice(letters);
        let new = Known {
            spelled: bytemuck::cast(spelled),
            from,
            run,
            letters: u8::try_from(letters.len()).ok()?,
            length: u8::try_from(length).ok()?,
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
