//! The varied trail: thousands of principals and sessions, more than 60 services, and parameters of very different sizes.
//!
//! The number of distinct keys (principal, event, Region) grows with the number of records.

mod agent;
mod api;
mod caller;
mod other;
mod record;
mod shape;
mod text;

use std::rc::Rc;

use service_catalog::Catalog;

use crate::seeded::Seeded;

use super::block::{self, Attempt, BLOCK, Block};
use super::event::Event;
use api::Api;
use caller::{Principal, Session};
use record::Outcome;
use text::Scene;

const SEED: u64 = 2;
/// The number of users and roles.
const PRINCIPALS: usize = 4_000;
/// The sessions that make most of a block's calls.
const SESSIONS: u64 = 400;
/// The Region of global services.
const GLOBAL_REGION: &str = "us-east-1";
/// Regions, the busiest first, with how many of a hundred principals work there.
const REGIONS: [(&str, usize); 12] = [
    ("eu-west-1", 60),
    (GLOBAL_REGION, 60),
    ("us-west-2", 30),
    ("eu-central-1", 30),
    ("us-east-2", 20),
    ("ap-southeast-2", 15),
    ("ap-northeast-1", 15),
    ("ca-central-1", 10),
    ("sa-east-1", 8),
    ("eu-north-1", 8),
    ("ap-south-1", 8),
    ("af-south-1", 4),
];

/// How many of a hundred records no IAM user or role made.
const OTHER_PERCENT: usize = 9;

/// A call of a session.
#[derive(Debug)]
struct Call {
    session: Rc<Session>,
    event: usize,
    /// Seeds the values of parameters.
    values: u64,
}

/// Generates the trail.
#[derive(Debug)]
pub(super) struct Varied {
    records: u64,
    principals: Vec<Principal>,
    apis: Vec<Api>,
    /// For each principal, the APIs that it calls, the favorites first: indices of `apis`.
    repertoires: Vec<Vec<usize>>,
    /// For each Region, the principals that work there, the busiest first.
    active: Vec<Vec<usize>>,
}

impl Varied {
    pub(super) fn new(records: u64) -> Self {
        // For each service, the range of its APIs in the list of all.
        let mut services = Vec::new();
        let mut apis = Vec::new();
        for of_service in api::all(SEED, Catalog::embedded()) {
            services.push((apis.len(), of_service.len()));
            apis.extend(of_service);
        }
        let principals = (0..PRINCIPALS as u64).map(|index| Principal::draw(SEED, index));
        let repertoires = (0..PRINCIPALS as u64).map(|index| repertoire(index, &services));
        let active = (0..REGIONS.len() as u64).map(|region| {
            let percent = REGIONS
                .get(region as usize)
                .map_or(0, |(_, percent)| *percent);
            let works_there = |principal: &usize| {
                let index = region * PRINCIPALS as u64 + *principal as u64;
                Seeded::of(SEED, "varied region", index).percent(percent)
            };
            (0..PRINCIPALS).filter(works_there).collect()
        });
        Self {
            records,
            principals: principals.collect(),
            apis,
            repertoires: repertoires.collect(),
            active: active.collect(),
        }
    }

    pub(super) fn arn(&self, principal: usize) -> Option<&str> {
        self.principals
            .get(principal)
            .map(|principal| &*principal.arn)
    }

    pub(super) fn event(&self, event: usize) -> Option<&Event> {
        self.apis.get(event).map(|api| &api.event)
    }

    pub(super) fn block(&self, index: u64) -> Block {
        let mut random = Seeded::of(SEED, "varied block", index);
        let region = random.skewed_below(REGIONS.len());
        let start = block::start(index, self.records.div_ceil(BLOCK));
        let name = REGIONS.get(region).map_or("", |(name, _)| *name);
        let sessions: Vec<Rc<Session>> = (0..SESSIONS)
            .filter_map(|session| {
                let mut random = Seeded::of(SEED, "varied session", index * SESSIONS + session);
                self.session(region, start, &mut random).map(Rc::new)
            })
            .collect();
        let mut block = Block::new(index, name);
        let count = self.records.saturating_sub(index * BLOCK).min(BLOCK);
        let mut last = None;
        for record in 0..count {
            let mut random = Seeded::of(SEED, "varied record", index * BLOCK + record);
            let seconds = block::seconds(start, record);
            if random.percent(OTHER_PERCENT) {
                block.push(seconds, None, |out| {
                    other::write(name, seconds, &mut random, out)
                });
                continue;
            }
            let call = self.call(region, seconds, &sessions, last, &mut random);
            if let Some(call) = &call {
                self.push_call(call, seconds, &mut random, &mut block);
            }
            last = call;
        }
        block
    }

    /// Draws a call. Many are one of a series: by the same session, to the same API, or even with the same parameters.
    fn call(
        &self,
        region: usize,
        seconds: u64,
        sessions: &[Rc<Session>],
        last: Option<Call>,
        random: &mut Seeded,
    ) -> Option<Call> {
        let (name, _) = *REGIONS.get(region)?;
        let values = random.draw();
        match (last, random.below(100)) {
            (Some(call), 0..22) => return Some(call),
            (Some(call), 22..50) => return Some(Call { values, ..call }),
            (Some(call), 50..68) => {
                let event = self.event_in(call.session.principal, name, random);
                if let Some(event) = event {
                    return Some(Call {
                        session: call.session,
                        event,
                        values,
                    });
                }
            }
            _ => {}
        }
        // A principal calls something in each Region where it works, or almost.
        (0..64).find_map(|_| {
            let session = if random.percent(25) {
                self.session(region, seconds, random).map(Rc::new)
            } else {
                sessions.get(random.skewed_below(sessions.len())).cloned()
            }?;
            let event = self.event_in(session.principal, name, random)?;
            Some(Call {
                session,
                event,
                values,
            })
        })
    }

    fn push_call(&self, call: &Call, seconds: u64, random: &mut Seeded, block: &mut Block) {
        let Some(api) = self.apis.get(call.event) else {
            return;
        };
        let outcome = match random.below(1_000) {
            0..40 => Outcome::Denied,
            40..90 => Outcome::Failed,
            _ => Outcome::Success,
        };
        let attempt = Attempt {
            principal: call.session.principal,
            event: call.event,
            denied: outcome == Outcome::Denied,
        };
        let scene = Scene {
            region: block.region,
            label: api.label(),
            seconds,
        };
        let mut values = Seeded::new(call.values);
        block.push(seconds, Some(attempt), |out| {
            record::write_call(
                api,
                &call.session,
                outcome,
                &scene,
                &mut values,
                random,
                out,
            )
        });
    }

    /// Draws a session of a principal that works in the Region.
    fn session(&self, region: usize, time: u64, random: &mut Seeded) -> Option<Session> {
        let active = self.active.get(region)?;
        let index = *active.get(random.skewed_below(active.len()))?;
        let (name, _) = REGIONS.get(region)?;
        let principal = self.principals.get(index)?;
        Some(principal.session(SEED, index, name, time, random))
    }

    /// Draws what a principal calls. Global services are called in one Region only.
    fn event_in(&self, principal: usize, region: &str, random: &mut Seeded) -> Option<usize> {
        let repertoire = self.repertoires.get(principal)?;
        (0..8).find_map(|_| {
            let event = *repertoire.get(random.skewed_below(repertoire.len()))?;
            let is_elsewhere = self.apis.get(event)?.is_global && region != GLOBAL_REGION;
            (!is_elsewhere).then_some(event)
        })
    }
}

/// The APIs that a principal calls: of one to nine services, mostly busy ones.
fn repertoire(principal: u64, services: &[(usize, usize)]) -> Vec<usize> {
    let mut random = Seeded::of(SEED, "varied repertoire", principal);
    let mut repertoire = Vec::new();
    for _ in 0..random.between(1, 9) {
        let service = match random.below(3) {
            0 => random.below(services.len()),
            _ => random.skewed_below(services.len()),
        };
        let Some((first, count)) = services.get(service) else {
            continue;
        };
        for _ in 0..random.between(1, 8) {
            let event = first + random.skewed_below(*count);
            if !repertoire.contains(&event) {
                repertoire.push(event);
            }
        }
    }
    repertoire
}
