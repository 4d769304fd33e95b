//! The projected parser: reads the records of a CloudTrail object without building values, in two stages.
//!
//! [`index`] makes bitmaps of quotes and brackets, 64 bytes at a time, in a window that slides along the text. [`walk`] goes from
//! member to member of a record, and jumps over nested values. Then one question after the other is asked for
//! all records of the window: who called ([`caller`]), what was called, and the rest ([`record`]). Callers and calls are known
//! by their bytes ([`cache`]); `serde_json` reads those that are not known.
//!
//! Of objects and lists that do not count, only strings (escapes and control characters), UTF-8 and that as many brackets close as
//! open are checked.
//! A record in which anything else is unexpected is left to the reference parser; if even its JSON is broken, the whole object is.

mod cache;
mod calendar;
mod caller;
mod coverage;
mod fields;
mod index;
mod keys;
mod noted;
mod reasons;
mod record;
mod walk;
mod window;

use std::sync::LazyLock;

use advisor_core::Activity;
use fearless_simd::{Level, Simd, dispatch};

use crate::options::Rules;
use crate::outcome::set_aside::SetAside;
use crate::record::checks;
use caller::Callers;
use index::{Index, Irregular};
use record::{Calls, Judge, Record};
use window::{Window, skip_space};

pub(crate) use noted::{Covered, Noted, NotedAttempt};

/// The registers of this processor.
static LEVEL: LazyLock<Level> = LazyLock::new(Level::new);

/// The blocks of 64 bytes that are indexed at a time: 32 KiB of text, which stay in the near caches until their records are done.
const WINDOW: usize = 512;

/// Reads objects one after the other, and remembers what it learned of callers and calls. Of one activity table.
#[derive(Debug, Default)]
pub(crate) struct Projected {
    index: Index,
    records: Vec<Record>,
    callers: Callers,
    calls: Calls,
    judge: Judge,
}

impl Projected {
    /// Notes the records of an object, by ids of the table. What was noted of an object that fails is of no use.
    pub(crate) fn read(
        &mut self,
        text: &[u8],
        rules: &Rules,
        activity: &mut Activity,
        noted: &mut Noted,
    ) -> Result<(), Irregular> {
        noted.clear();
        self.judge.coverage.start_object();
        if u32::try_from(text.len()).is_err() {
            return Err(Irregular);
        }
        let start = start_of_records(text).ok_or(Irregular)?;
        let end = if text.get(start) == Some(&b']') {
            Ok(start + 1)
        } else {
            // All of it is inlined into one function: only there the processor's newer instructions are used, such as those
            // that count bits.
            dispatch!(*LEVEL, simd => self.read_records(simd, text, start, rules, activity, noted))
        };
        self.index.shrink(2 * WINDOW);
        if skip_space_and(text, end?, b"}").is_none_or(|end| end < text.len()) {
            return Err(Irregular);
        }
        let records = usize::try_from(noted.records).unwrap_or(usize::MAX);
        let is_all_odd = noted.odd.len() == records;
        // Were all of these insights, the object would be skipped.
        if records > 0 && is_all_odd || records > checks::most_records(text.len()) {
            return Err(Irregular);
        }
        Ok(())
    }

    /// Counts a record that was set aside.
    pub(crate) fn count(&mut self, reason: u32) {
        self.judge.reasons.count(reason);
    }

    /// Why records were set aside.
    pub(crate) fn into_set_aside(self) -> impl Iterator<Item = (SetAside, u64)> {
        self.judge.reasons.into_counts()
    }

    /// Reads the list of records of which the first is here; returns where the list ends.
    #[inline(always)]
    fn read_records<S: Simd>(
        &mut self,
        simd: S,
        text: &[u8],
        start: usize,
        rules: &Rules,
        activity: &mut Activity,
        noted: &mut Noted,
    ) -> Result<usize, Irregular> {
        self.index.clear();
        let (mut at, mut blocks) = (start, WINDOW);
        loop {
            self.index.slide(at);
            let missing = blocks.saturating_sub(self.index.len());
            self.index.extend(simd, text, missing)?;
            let next = self.find_records(text, at)?;
            if self.records.is_empty() {
                if self.index.is_at_end_of(text) {
                    return Err(Irregular);
                }
                // The record is larger than the window.
                blocks *= 2;
                continue;
            }
            let Self {
                index,
                records,
                callers,
                calls,
                judge,
                ..
            } = self;
            let window = Window { text, index };
            record::find_callers(text, records, callers, activity, &mut judge.reasons);
            let reasons = &mut judge.reasons;
            calls.find(text, records, rules.catalog(), activity, reasons);
            for record in records {
                noted.records += 1;
                if judge
                    .judge(window, record, rules, activity, noted)
                    .is_none()
                {
                    noted.add_odd(text, record.place())?;
                }
            }
            match next {
                Next::Record(next) => (at, blocks) = (next, WINDOW),
                Next::End(end) => return Ok(end),
            }
        }
    }

    /// Finds the records of the window, from the one that is here.
    #[inline(always)]
    fn find_records(&mut self, text: &[u8], start: usize) -> Result<Next, Irregular> {
        self.records.clear();
        let index = &self.index;
        let window = Window { text, index };
        let mut at = start;
        loop {
            if text.get(at) != Some(&b'{') {
                return Err(Irregular);
            }
            let record = self.records.push_mut(Record::default());
            if record.find(window, at).is_none() {
                self.records.pop();
                return Ok(Next::Record(at));
            }
            let end = skip_space(text, record.place().end as usize);
            match text.get(end) {
                Some(b',') => at = skip_space(text, end + 1),
                Some(b']') => return Ok(Next::End(end + 1)),
                _ => return Err(Irregular),
            }
        }
    }
}

/// What follows the records of a window.
enum Next {
    /// Another record, which starts here.
    Record(usize),
    /// Nothing: the list ends here.
    End(usize),
}

/// Where the first record is, or the end of a list without any.
fn start_of_records(text: &[u8]) -> Option<usize> {
    let at = skip_space_and(text, 0, b"{")?;
    let at = skip_space_and(text, at, b"\"Records\"")?;
    let at = skip_space_and(text, at, b":")?;
    skip_space_and(text, at, b"[")
}

/// The place after this text, and after white space around it, if it is next.
fn skip_space_and(text: &[u8], at: usize, wanted: &[u8]) -> Option<usize> {
    let at = skip_space(text, at);
    let is_next = text.get(at..)?.starts_with(wanted);
    is_next.then(|| skip_space(text, at + wanted.len()))
}
