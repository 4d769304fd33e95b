//! A block of generated records: 5,000 of one Region within a quarter of an hour.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;

use super::answer::Attempts;

/// The number of days that a trail spans.
pub const DAYS: u64 = 300;
/// The number of records in a block, and the most that an object can hold.
pub const BLOCK: u64 = 5_000;

/// 2026-01-01T00:00:00Z, in UTC seconds.
const START: u64 = 1_767_225_600;
/// The length of a block in seconds.
const BLOCK_SECONDS: u64 = 900;

/// The records of a block, as JSON.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) index: u64,
    pub(super) region: &'static str,
    /// The records, separated by commas.
    json: String,
    pub(super) records: Vec<Record>,
}

/// One record of a block.
#[derive(Clone, Debug)]
pub(super) struct Record {
    /// In UTC seconds.
    pub(super) seconds: u64,
    /// Where it stands in the block's JSON.
    json: Range<usize>,
    /// `None` when no IAM user or role made the call.
    attempt: Option<Attempt>,
}

/// Who called what: indices of the trail's principals and events.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attempt {
    pub(super) principal: usize,
    pub(super) event: usize,
    pub(super) denied: bool,
}

/// When a block starts, in UTC seconds.
pub(super) fn start(index: u64, blocks: u64) -> u64 {
    START + DAYS * 86_400 * index / blocks.max(1)
}

/// When a record of a block was made, in UTC seconds.
pub(super) fn seconds(start: u64, record: u64) -> u64 {
    start + BLOCK_SECONDS * record / BLOCK
}

impl Block {
    pub(super) fn new(index: u64, region: &'static str) -> Self {
        Self {
            index,
            region,
            json: String::new(),
            records: Vec::new(),
        }
    }

    /// Adds a record that `write` writes.
    pub(super) fn push(
        &mut self,
        seconds: u64,
        attempt: Option<Attempt>,
        write: impl FnOnce(&mut String) -> fmt::Result,
    ) {
        if !self.json.is_empty() {
            self.json.push(',');
        }
        let start = self.json.len();
        // Writing to a string cannot fail.
        let _ = write(&mut self.json);
        self.records.push(Record {
            seconds,
            json: start..self.json.len(),
            attempt,
        });
    }

    /// Appends the object that holds these records, which follow each other in the block.
    pub(super) fn write_object(&self, records: &[Record], out: &mut String) {
        let text = records.first().zip(records.last());
        let text = text.and_then(|(first, last)| self.json.get(first.json.start..last.json.end));
        out.push_str("{\"Records\":[");
        out.push_str(text.unwrap_or_default());
        out.push_str("]}");
    }
}

/// The attempts of a trail while its records are made, by principal, event, and Region.
#[derive(Debug, Default)]
pub(super) struct Tally(HashMap<(usize, usize, &'static str), Attempts>);

impl Tally {
    pub(super) fn add(&mut self, block: &Block) {
        for record in &block.records {
            if let Some(attempt) = record.attempt {
                self.count(attempt, block.region, record.seconds);
            }
        }
    }

    pub(super) fn count(&mut self, attempt: Attempt, region: &'static str, seconds: u64) {
        let attempts = Attempts {
            last: seconds,
            attempts: 1,
            denied: u64::from(attempt.denied),
        };
        self.0
            .entry((attempt.principal, attempt.event, region))
            .and_modify(|known| known.merge(attempts))
            .or_insert(attempts);
    }

    /// Visits the principal, event, Region, and attempts of each row.
    pub(super) fn rows(&self) -> impl Iterator<Item = (usize, usize, &'static str, Attempts)> + '_ {
        self.0
            .iter()
            .map(|((principal, event, region), attempts)| (*principal, *event, *region, *attempts))
    }
}
