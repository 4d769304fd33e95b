//! A state with its reason, and what several have in common.

use std::cmp::Reverse;
use std::sync::Arc;

use super::claim::State;
use super::reason::StateReason;
use super::summary::count;
use crate::day_set::DaySet;

/// Days of a Region on which all kinds of event that are needed were collected.
pub(super) type OfRegion = (Arc<str>, DaySet);

/// A state and its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) state: State,
    pub(super) reason: StateReason,
    /// What makes it unused.
    proof: Option<UnusedProof>,
}

/// What makes an action unused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct UnusedProof {
    /// Of each Region in which the calls can be logged.
    pub(super) of_regions: Vec<OfRegion>,
    /// The Regions of which one must have been read.
    pub(super) home: Option<&'static [&'static str]>,
    pub(super) data_types: Arc<[Box<str>]>,
}

impl From<(State, StateReason)> for Verdict {
    fn from((state, reason): (State, StateReason)) -> Self {
        Self {
            state,
            reason,
            proof: None,
        }
    }
}

impl Verdict {
    /// What holds for both: an unused service needs days and Regions that all of its actions have in common. They are looked for
    /// among all that was read. Those of two claims can differ though others are common.
    pub(super) fn and(&self, other: &Self, needed: u32) -> Self {
        let (Some(mine), Some(theirs)) = (&self.proof, &other.proof) else {
            let key = |it: &Self| (it.state, Reverse(it.reason.days()));
            return (if key(self) < key(other) { other } else { self }).clone();
        };
        if mine == theirs {
            return self.clone();
        }
        let common = mine.and(theirs);
        let days = common.best().map_or(0, |(_, days)| count(days));
        let few = || {
            (
                State::Uncovered,
                StateReason::FewDaysInCommon { days, needed },
            )
                .into()
        };
        common.verdict(needed).unwrap_or_else(few)
    }
}

impl UnusedProof {
    fn is_home(&self, region: &str) -> bool {
        self.home.is_none_or(|home| home.contains(&region))
    }

    /// The Regions, those at home first, and then those with the most days.
    fn sorted(&self) -> Vec<&OfRegion> {
        let mut regions: Vec<_> = self.of_regions.iter().collect();
        regions.sort_by_key(|(name, days)| (!self.is_home(name), Reverse(days.len())));
        regions
    }

    /// The Region with the most days, at home if there is a home.
    pub(super) fn best(&self) -> Option<&OfRegion> {
        let best = self.sorted().into_iter().next();
        best.filter(|(name, _)| self.is_home(name))
    }

    /// The claim over all Regions together, if enough was read. A claim is about as many Regions as have the needed
    /// days in common, those with the most days first.
    pub(super) fn verdict(self, needed: u32) -> Option<Verdict> {
        let (best, days) = self.best()?;
        if count(days) < needed {
            return None;
        }
        let (mut names, mut days) = (vec![best.clone()], days.clone());
        for (name, other) in self.sorted().into_iter().skip(1) {
            let both = days.intersection(other);
            if count(&both) >= needed {
                names.push(name.clone());
                days = both;
            }
        }
        names.sort_unstable();
        let reason = StateReason::NoAttempt {
            days: count(&days),
            first: days.first().unwrap_or_default(),
            last: days.last().unwrap_or_default(),
            regions: names.into(),
            data_types: (!self.data_types.is_empty()).then(|| self.data_types.join(", ").into()),
        };
        Some(Verdict {
            state: State::Unused,
            reason,
            proof: Some(self),
        })
    }

    fn and(&self, other: &Self) -> Self {
        let of_regions = self.of_regions.iter().filter_map(|(name, days)| {
            Some((name.clone(), days.intersection(other.of_region(name)?)))
        });
        let mut data_types = self.data_types.to_vec();
        let more = other.data_types.iter();
        data_types.extend(more.filter(|it| !self.data_types.contains(*it)).cloned());
        Self {
            of_regions: of_regions.collect(),
            home: self.home.or(other.home),
            data_types: data_types.into(),
        }
    }

    fn of_region(&self, name: &str) -> Option<&DaySet> {
        let known = self.of_regions.iter().find(|(known, _)| **known == *name);
        known.map(|(_, days)| days)
    }
}
