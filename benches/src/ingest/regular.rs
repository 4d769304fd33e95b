//! The regular trail: 1,000 principals in four Regions, with much that recurs.
//!
//! In each block about a hundred sessions make most calls. A session keeps its access key, address, and user agent for up to
//! an hour. Every eighth record belongs to a session that makes one call only; these records cycle through all combinations
//! of principal, event, and Region, so every trail of at least 200,000 records has the same 24,000 keys.

mod caller;
mod parameters;
mod plan;
mod record;
mod slot;

use service_catalog::AccessLevel;

use crate::account::{AccountShape, Identity};
use crate::seeded::Seeded;
use crate::trail::{self, REPERTOIRE};

use super::block::{self, Attempt, BLOCK, Block};
use super::event::{Event, index_of};
use caller::{Session, Sessions};
use plan::{Error, Fact, Other, Who};
use slot::{PRINCIPALS, Slot};

/// One record out of this many belongs to a session that makes one call only.
const TURN: u64 = 8;

/// Events that are not named like their action, or that the catalog does not know: `eventSource` and `eventName`.
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

/// Generates the trail.
#[derive(Debug)]
pub(super) struct Regular {
    seed: u64,
    records: u64,
    principals: Vec<Identity>,
    events: Vec<Event>,
    /// For each principal, the events that it causes: indices of `events`.
    repertoires: Vec<Vec<usize>>,
}

impl Regular {
    pub(super) fn new(records: u64) -> Self {
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
                    let Some(id) = trail::action(&policies, &mut random) else {
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

    pub(super) fn arn(&self, principal: usize) -> Option<&str> {
        self.principals
            .get(principal)
            .map(|principal| &*principal.arn)
    }

    pub(super) fn event(&self, event: usize) -> Option<&Event> {
        self.events.get(event)
    }

    pub(super) fn block(&self, index: u64) -> Block {
        let slot = self.slot(index);
        let callers = Sessions::of(self.seed, &self.principals, &slot);
        let mut block = Block::new(index, slot.region());
        for fact in self.facts(&slot, &callers) {
            let event = fact.call().and_then(|(_, event)| self.event(event));
            block.push(fact.seconds, attempt(&fact), |out| {
                record::write(&slot, &fact, event, out)
            });
        }
        block
    }

    fn slot(&self, index: u64) -> Slot {
        Slot::new(index, block::start(index, self.records.div_ceil(BLOCK)))
    }

    /// What a block's records are made of, in chronological order.
    fn facts<'b>(
        &'b self,
        slot: &'b Slot,
        callers: &'b Sessions,
    ) -> impl Iterator<Item = Fact<'b>> {
        let first = slot.index * BLOCK;
        let count = self.records.saturating_sub(first).min(BLOCK);
        (0..count).map(move |index| {
            let mut random = Seeded::of(self.seed, "ingest record", first + index);
            let who = self.who(slot, callers, index, &mut random);
            let error = match random.below(1_000) {
                0..30 => Some(Error::Denied),
                30..55 => Some(Error::Failed),
                _ => None,
            };
            Fact {
                who,
                seconds: block::seconds(slot.start, index),
                error,
                random,
            }
        })
    }

    fn who<'b>(
        &self,
        slot: &Slot,
        callers: &'b Sessions,
        index: u64,
        random: &mut Seeded,
    ) -> Who<'b> {
        if index.is_multiple_of(TURN) {
            let turn = slot.before * BLOCK.div_ceil(TURN) + index / TURN;
            let of_region = PRINCIPALS.div_ceil(slot.one_of());
            let turn = (turn % (of_region * REPERTOIRE) as u64) as usize;
            let principal = turn / REPERTOIRE * slot.one_of();
            let event = self.event_of(principal, turn % REPERTOIRE);
            let caller = Session::of(self.seed, &self.principals, slot, principal, random);
            return Who::Passing(Box::new(caller), event);
        }
        if random.percent(8) {
            return Who::Other(Other::draw(random));
        }
        let caller = callers.draw(random);
        let event = self.event_of(caller.principal, random.skewed_below(REPERTOIRE));
        Who::Session(caller, event)
    }

    fn event_of(&self, principal: usize, index: usize) -> usize {
        self.repertoires
            .get(principal)
            .and_then(|repertoire| repertoire.get(index))
            .copied()
            .unwrap_or_default()
    }
}

fn attempt(fact: &Fact<'_>) -> Option<Attempt> {
    fact.call().map(|(caller, event)| Attempt {
        principal: caller.principal,
        event,
        denied: fact.error == Some(Error::Denied),
    })
}

fn odd_event(random: &mut Seeded) -> Event {
    let (source, name) = random.pick(&ODD_EVENTS);
    Event {
        source: source.to_owned(),
        name: name.to_owned(),
        is_read: !(name.starts_with("Put") || name.starts_with("Create")),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::block::Tally;
    use super::*;

    #[test]
    fn long_trails_have_the_same_keys() {
        let keys = |records: u64| {
            let trail = Regular::new(records);
            let mut tally = Tally::default();
            for index in 0..records.div_ceil(BLOCK) {
                let slot = trail.slot(index);
                let callers = Sessions::of(trail.seed, &trail.principals, &slot);
                for fact in trail.facts(&slot, &callers) {
                    if let Some(attempt) = attempt(&fact) {
                        tally.count(attempt, slot.region(), fact.seconds);
                    }
                }
            }
            let keys = tally
                .rows()
                .map(|(principal, event, region, _)| (principal, event, region));
            keys.collect::<BTreeSet<_>>()
        };
        let short = keys(200_000);
        assert_eq!(short.len(), 24_000);
        assert!(short == keys(300_000));
    }
}
