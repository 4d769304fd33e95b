//! The trail that ingest is measured on: a busy organization's, spread over 300 days.
//!
//! It comes in blocks of 5,000 records. A block is a quarter of an hour of one Region; the blocks stand at equal distances in
//! the 300 days, so that a trail of any length has the same days. In a block some hundred sessions are at work, each with one
//! access key, one address and one program; every eighth record is somebody else's. These eighths go through all (principal,
//! event, Region) in turn: from 200,000 records on, every trail has the same keys.
//!
//! A record does not depend on how many are in an object: trails of small and of large objects have the same answer.

mod answer;
mod caller;
mod files;
mod parameters;
mod record;

use std::collections::HashMap;

use chrono::DateTime;
use service_catalog::{AccessLevel, Catalog};

use crate::account::{AccountShape, Identity};
use crate::seeded::Seeded;
use crate::trail::REPERTOIRE;
use caller::{Caller, Callers};

pub use answer::{Answer, AnswerError, Attempts, Key};
pub use files::{TrailFiles, VERSION};

/// Users and roles that are active.
pub const PRINCIPALS: usize = 1_000;
/// The days that a trail goes over.
pub const DAYS: u64 = 300;
/// The records of a block, and the most of an object.
pub const BLOCK: u64 = 5_000;

/// 2026-01-01T00:00:00Z, in UTC seconds.
const START: u64 = 1_767_225_600;
/// How long a block is, in seconds.
const BLOCK_SECONDS: u64 = 900;
/// One record of so many goes through the keys in turn.
const TURN: u64 = 8;

/// A Region, and how many of the principals work in it: one of so many.
struct Region {
    name: &'static str,
    one_of: usize,
}

const REGIONS: [Region; 4] = [
    Region {
        name: "eu-west-1",
        one_of: 1,
    },
    Region {
        name: "us-east-1",
        one_of: 2,
    },
    Region {
        name: "us-west-2",
        one_of: 4,
    },
    Region {
        name: "ap-southeast-2",
        one_of: 4,
    },
];
/// The Regions of blocks that follow each other.
const CYCLE: [usize; 8] = [0, 1, 0, 2, 0, 1, 0, 3];

/// Events whose names are not their actions' names, or that no catalog knows: `eventSource` and `eventName`.
const ODD_EVENTS: [(&str, &str); 10] = [
    ("s3.amazonaws.com", "ListBuckets"),
    ("s3.amazonaws.com", "ListObjects"),
    ("lambda.amazonaws.com", "ListFunctions20150331"),
    ("lambda.amazonaws.com", "GetFunction20150331v2"),
    ("cloudfront.amazonaws.com", "CreateDistribution2020_05_31"),
    ("monitoring.amazonaws.com", "PutMetricAlarm"),
    ("cloudcontrolapi.amazonaws.com", "CreateResource"),
    ("tagging.amazonaws.com", "GetResources"),
    ("ec2.amazonaws.com", "DescribeTimeTravel"),
    ("time-travel.amazonaws.com", "ListDestinations"),
];

/// What may be called.
#[derive(Debug, PartialEq, Eq)]
struct Event {
    source: String,
    name: String,
    is_read: bool,
}

/// What a block is.
#[derive(Clone, Copy, Debug)]
struct Block {
    index: u64,
    region: usize,
    /// How many blocks of this Region come before it.
    before: u64,
    /// When it starts, in UTC seconds.
    start: u64,
}

/// What counts of one record.
#[derive(Debug)]
struct Fact<'b> {
    /// The record's number in its block.
    index: u64,
    who: Who<'b>,
    /// When, in UTC seconds.
    seconds: u64,
    error: Option<Error>,
    /// Draws what else is in the record.
    random: Seeded,
}

/// Who made the record.
#[derive(Debug)]
enum Who<'b> {
    /// One of the sessions at work in this block, and the event's index.
    Session(&'b Caller, usize),
    /// A session that is seen once, and the event's index.
    Passing(Caller, usize),
    /// Nobody of IAM's.
    Other(record::Other),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Error {
    /// Refused for want of permission.
    Denied,
    /// Failed for another reason.
    Failed,
}

/// Makes the trail.
#[derive(Debug)]
pub struct IngestTrail {
    seed: u64,
    records: u64,
    principals: Vec<Identity>,
    events: Vec<Event>,
    /// For each principal, what it does: indices of `events`.
    repertoires: Vec<Vec<usize>>,
}

impl IngestTrail {
    /// The trail of so many records.
    #[must_use]
    pub fn new(records: u64) -> Self {
        let shape = AccountShape {
            identities: PRINCIPALS,
            ..AccountShape::default()
        };
        let policies = shape.policies();
        let mut events = Vec::new();
        let repertoires = (0..PRINCIPALS)
            .map(|principal| {
                let mut random = Seeded::of(shape.seed, "ingest repertoire", principal as u64);
                let mut repertoire: Vec<usize> = Vec::new();
                if random.percent(20) {
                    repertoire.push(index_of(odd_event(&mut random), &mut events));
                }
                while repertoire.len() < REPERTOIRE {
                    let Some(id) = crate::trail::action(&policies, &mut random) else {
                        break;
                    };
                    let action = policies.catalog().action(id);
                    let service = policies.catalog().service(action.service());
                    let event = Event {
                        source: format!("{}.amazonaws.com", service.namespace()),
                        name: action.name().to_owned(),
                        is_read: matches!(
                            action.access_level(),
                            AccessLevel::Read | AccessLevel::List
                        ),
                    };
                    // Most calls read.
                    if !event.is_read && random.percent(60) {
                        continue;
                    }
                    let event = index_of(event, &mut events);
                    if !repertoire.contains(&event) {
                        repertoire.push(event);
                    }
                }
                repertoire
            })
            .collect();
        Self {
            seed: shape.seed,
            records,
            principals: (0..PRINCIPALS).map(|index| shape.identity(index)).collect(),
            events,
            repertoires,
        }
    }

    /// How many records it has.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.records
    }

    /// What every engine must answer: computed from what the records are made of, not from the records.
    #[must_use]
    pub fn answer(&self) -> Answer {
        let mut tally = Tally::default();
        for index in 0..self.blocks() {
            let block = self.block(index);
            let callers = Callers::of(self, &block);
            for fact in self.facts(&block, &callers) {
                tally.count(&block, &fact);
            }
        }
        self.answer_of(&tally)
    }

    /// The records from `first` on, `count` of them, of one block: an object's JSON.
    #[must_use]
    pub fn object_json(&self, first: u64, count: u64) -> String {
        let block = self.block(first / BLOCK);
        let callers = Callers::of(self, &block);
        let mut json = String::new();
        let facts: Vec<_> = self
            .facts(&block, &callers)
            .skip((first % BLOCK) as usize)
            .take(count as usize)
            .collect();
        self.write_object(&block, &facts, &mut json);
        json
    }

    fn write_object(&self, block: &Block, facts: &[Fact<'_>], json: &mut String) {
        json.push_str("{\"Records\":[");
        for (index, fact) in facts.iter().enumerate() {
            if index > 0 {
                json.push(',');
            }
            // Writing to a string cannot fail.
            let _ = record::write(self, block, fact, json);
        }
        json.push_str("]}");
    }

    fn answer_of(&self, tally: &Tally) -> Answer {
        let mut answer = Answer::default();
        for ((principal, event, region), attempts) in &tally.0 {
            let found = (
                self.principals.get(*principal),
                self.events.get(*event),
                REGIONS.get(*region),
            );
            if let (Some(principal), Some(event), Some(region)) = found {
                let key = [&*principal.arn, &event.source, &event.name, region.name];
                answer.add(key, *attempts);
            }
        }
        answer
    }

    fn event_of(&self, fact: &Fact<'_>) -> Option<&Event> {
        fact.event().and_then(|event| self.events.get(event))
    }

    fn blocks(&self) -> u64 {
        self.records.div_ceil(BLOCK)
    }

    fn block(&self, index: u64) -> Block {
        let place = (index % CYCLE.len() as u64) as usize;
        let region = CYCLE.get(place).copied().unwrap_or_default();
        let count = |places: &[usize]| places.iter().filter(|other| **other == region).count();
        Block {
            index,
            region,
            before: index / CYCLE.len() as u64 * count(&CYCLE) as u64
                + count(CYCLE.get(..place).unwrap_or_default()) as u64,
            start: START + DAYS * 86_400 * index / self.blocks().max(1),
        }
    }

    /// What counts of a block's records, in the order of time.
    fn facts<'b>(
        &'b self,
        block: &'b Block,
        callers: &'b Callers,
    ) -> impl Iterator<Item = Fact<'b>> {
        let first = block.index * BLOCK;
        let count = self.records.saturating_sub(first).min(BLOCK);
        (0..count).map(move |index| {
            let mut random = Seeded::of(self.seed, "ingest record", first + index);
            let who = self.who(block, callers, index, &mut random);
            let error = match random.below(1_000) {
                0..30 => Some(Error::Denied),
                30..55 => Some(Error::Failed),
                _ => None,
            };
            Fact {
                index,
                who,
                seconds: block.start + BLOCK_SECONDS * index / BLOCK,
                error,
                random,
            }
        })
    }

    fn who<'b>(
        &self,
        block: &Block,
        callers: &'b Callers,
        index: u64,
        random: &mut Seeded,
    ) -> Who<'b> {
        if index.is_multiple_of(TURN) {
            let turn = block.before * BLOCK.div_ceil(TURN) + index / TURN;
            let of_region = PRINCIPALS.div_ceil(block.one_of());
            let turn = (turn % (of_region * REPERTOIRE) as u64) as usize;
            let principal = turn / REPERTOIRE * block.one_of();
            let event = self.deed(principal, turn % REPERTOIRE);
            return Who::Passing(Caller::of(self, block, principal, random), event);
        }
        if random.percent(8) {
            return Who::Other(record::Other::draw(random));
        }
        let caller = callers.draw(random);
        Who::Session(
            caller,
            self.deed(caller.principal, random.skewed_below(REPERTOIRE)),
        )
    }

    fn deed(&self, principal: usize, index: usize) -> usize {
        self.repertoires
            .get(principal)
            .and_then(|repertoire| repertoire.get(index))
            .copied()
            .unwrap_or_default()
    }
}

impl Block {
    fn region(&self) -> &'static str {
        REGIONS.get(self.region).map_or("", |region| region.name)
    }

    fn one_of(&self) -> usize {
        REGIONS.get(self.region).map_or(1, |region| region.one_of)
    }
}

/// The answer while records are made, by indices: of the principal, the event and the Region.
#[derive(Debug, Default)]
struct Tally(HashMap<(usize, usize, usize), Attempts>);

impl Tally {
    fn count(&mut self, block: &Block, fact: &Fact<'_>) {
        let (Some(caller), Some(event)) = (fact.caller(), fact.event()) else {
            return;
        };
        let attempts = Attempts {
            last: fact.seconds,
            attempts: 1,
            denied: u64::from(fact.error == Some(Error::Denied)),
        };
        self.0
            .entry((caller.principal, event, block.region))
            .and_modify(|known| known.merge(attempts))
            .or_insert(attempts);
    }
}

impl Fact<'_> {
    fn event(&self) -> Option<usize> {
        match self.who {
            Who::Session(_, event) | Who::Passing(_, event) => Some(event),
            Who::Other(_) => None,
        }
    }

    fn caller(&self) -> Option<&Caller> {
        match &self.who {
            Who::Session(caller, _) => Some(caller),
            Who::Passing(caller, _) => Some(caller),
            Who::Other(_) => None,
        }
    }
}

fn odd_event(random: &mut Seeded) -> Event {
    let (source, name) = random.pick(&ODD_EVENTS);
    Event {
        source: source.to_owned(),
        name: name.to_owned(),
        is_read: !(name.starts_with("Put") || name.starts_with("Create")),
    }
}

fn index_of(event: Event, events: &mut Vec<Event>) -> usize {
    if let Some(known) = events.iter().position(|known| *known == event) {
        return known;
    }
    events.push(event);
    events.len() - 1
}

/// A time as records have it.
fn written(seconds: u64) -> impl std::fmt::Display {
    DateTime::from_timestamp(seconds as i64, 0)
        .unwrap_or_default()
        .format("%FT%TZ")
}

/// The service's namespace and the action's or event's name, as the reader's table has them.
fn operation<'a>(catalog: &'a Catalog, source: &'a str, event: &'a str) -> (&'a str, &'a str) {
    let resolved = catalog.resolve_event(source, event);
    (
        resolved
            .service
            .map_or(source.split('.').next().unwrap_or(source), |id| {
                catalog.service(id).namespace()
            }),
        resolved
            .action
            .map_or(event, |id| catalog.action(id).name()),
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use advisor_core::Activity;
    use cloudtrail_reader::{ReadOptions, TrailReader};
    use serde_json::Value;

    use super::*;

    #[test]
    fn reading_the_objects_gives_the_answer() {
        let trail = IngestTrail::new(12_000);
        let reader = TrailReader::new(Catalog::shared(), ReadOptions::default());
        for count in [50, BLOCK] {
            let mut activity = Activity::new();
            let mut records = 0;
            for first in (0..trail.records()).step_by(count as usize) {
                let json = trail.object_json(first, count);
                let read = reader.take_object("generated", json.as_bytes(), &mut activity);
                assert!(read.records_attributed * 100 >= read.records_read * 70);
                records += read.records_read;
            }
            assert_eq!(records, 12_000);
            let (read, made) = (
                Answer::of(&activity),
                trail.answer().by_operation(&Catalog::shared()),
            );
            assert_eq!(read.difference(&made), None);
            assert!(read.len() > 2_000, "{}", read.len());
        }
    }

    #[test]
    fn records_are_as_large_and_as_different_as_real_ones() {
        let trail = IngestTrail::new(10_000);
        let (mut size, mut stored) = (0, 0);
        let mut shapes = BTreeSet::new();
        for first in [0, BLOCK] {
            let json = trail.object_json(first, BLOCK);
            size += json.len();
            stored += files::gzip(json.as_bytes(), Vec::new()).unwrap().len();
            let object: Value = serde_json::from_str(&json).unwrap();
            for record in object["Records"].as_array().unwrap() {
                let fields = record.as_object().unwrap().keys().cloned();
                shapes.insert(fields.collect::<Vec<_>>());
            }
        }
        let (size, ratio) = (size / 10_000, size as f64 / stored as f64);
        assert!((1_400..=1_500).contains(&size), "{size} bytes a record");
        assert!((6.0..=8.0).contains(&ratio), "deflated {ratio} times");
        assert!(shapes.len() >= 25, "{} shapes", shapes.len());
    }

    #[test]
    fn long_trails_have_the_same_keys() {
        let keys = |records| {
            let answer = IngestTrail::new(records).answer();
            answer.keys().cloned().collect::<BTreeSet<_>>()
        };
        let short = keys(200_000);
        assert_eq!(short.len(), 24_000);
        assert!(short == keys(300_000));
    }
}
