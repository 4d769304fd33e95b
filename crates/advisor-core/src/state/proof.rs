//! What the trail of one account proves.
//!
//! An action is unused only for days and Regions of which the trail demonstrably collected every kind of event that the action shows
//! as. Every condition can only be lost when records are taken away, never gained.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use hashbrown::HashMap;
use service_catalog::{ActionId, Catalog};

use super::claim::State;
use super::logging::{Events, Logging, LoggingTable, Shows};
use super::reason::StateReason;
use super::region_days::RegionDays;
use super::summary::{AccountDays, TrailDays, count};
use super::verdict::{UnusedProof, Verdict};
use crate::coverage::EventCategory;
use crate::day_set::DaySet;
use crate::tracking::Tracking;

/// What the states are derived from.
#[derive(Clone, Debug)]
pub(crate) struct StateInputs {
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) trail: Arc<TrailDays>,
    pub(crate) tracking: Tracking,
    /// The first and the last whole day of the reports.
    pub(crate) window: (Option<i32>, i32),
    pub(crate) days_needed: u32,
}

/// What the trail of an account proves.
pub(super) struct AccountProof<'a> {
    account: &'a Arc<str>,
    inputs: &'a StateInputs,
    of_account: Option<&'a AccountDays>,
    /// The day of the creation, if the window was cut there.
    created: Option<i32>,
    window: (Option<i32>, i32),
}

impl<'a> AccountProof<'a> {
    pub(super) fn new(
        account: &'a Arc<str>,
        created: Option<i32>,
        inputs: &'a StateInputs,
    ) -> Self {
        let (first, last) = inputs.window;
        Self {
            account,
            inputs,
            of_account: inputs.trail.account(account),
            created,
            window: (created.or(first), last),
        }
    }

    /// Why nothing can be said of any action.
    pub(super) fn uncovered_reason(&self) -> Option<StateReason> {
        let needed = self.inputs.days_needed;
        let account = self.account.clone();
        let read_in = |window| self.of_account.map_or(0, |of| count(&of.known_in(window)));
        match read_in(self.window) {
            days if days >= needed => {
                let object = self.inputs.trail.undated()?.clone();
                Some(StateReason::LostObject { object })
            }
            0 if read_in(self.inputs.window) == 0 => {
                Some(if self.inputs.trail.has_unknown_sources() {
                    StateReason::UnknownCoverage { account }
                } else {
                    StateReason::NoTrail { account }
                })
            }
            days => Some(match self.created {
                Some(created) if read_in(self.inputs.window) >= needed => {
                    StateReason::FewDaysSinceCreation {
                        created,
                        days,
                        needed,
                    }
                }
                _ => StateReason::FewDays {
                    account,
                    days,
                    needed,
                },
            }),
        }
    }

    /// The state of actions that show in a way.
    pub(super) fn state(&self, logging: &Logging) -> Verdict {
        if let Some(reason) = self.uncovered_reason() {
            return (State::Uncovered, reason).into();
        }
        let reason = match &logging.shows {
            Shows::OnlyImplied => StateReason::OnlyImplied,
            Shows::NoOperation => StateReason::NoOperation,
            Shows::NotDocumented => StateReason::NotDocumented,
            Shows::As(events) => return self.state_by(logging, events),
        };
        (State::Unobservable, reason).into()
    }

    /// The states of actions of which calls tell how they are logged. Where calls were logged as several kinds of event, all of
    /// them are needed.
    pub(super) fn told(&self, table: &LoggingTable) -> HashMap<ActionId, Verdict> {
        let catalog = &self.inputs.catalog;
        let regions = self
            .of_account
            .into_iter()
            .flat_map(|of| of.regions.values());
        let mut seen: BTreeMap<(&str, &str), BTreeSet<EventCategory<'_>>> = BTreeMap::new();
        for (service, action, kind, _) in regions.flat_map(|region| &region.calls) {
            let kinds = seen.entry((&**service, &**action)).or_default();
            kinds.insert(kind.get());
        }
        let told = seen.into_iter().filter_map(|((service, action), kinds)| {
            let service = catalog.service_by_namespace(service)?;
            let action = catalog.action_by_name(service, action)?;
            let logging = table.of(action)?;
            let events = table.told_by(action, &kinds)?;
            let verdict = match self.uncovered_reason() {
                Some(reason) => (State::Uncovered, reason).into(),
                None => self.state_by(logging, &events),
            };
            Some((action, verdict))
        });
        told.collect()
    }

    fn state_by(&self, logging: &Logging, events: &Events) -> Verdict {
        let unobservable = |reason| (State::Unobservable, reason).into();
        let Some(of_account) = self.of_account else {
            return unobservable(StateReason::NotDocumented);
        };
        let tracking = &self.inputs.tracking;
        let regions = (of_account.regions.iter())
            .filter(|(name, _)| logging.call_region.has(name) && tracking.sees_region(name));
        // A kind of event of which there is none anywhere.
        for kind in events.kinds() {
            let mut days = regions.clone();
            if days.all(|(name, days)| {
                !days.has(kind) && self.of_region(name, days, logging, [kind]).is_empty()
            }) {
                let kind = kind.to_string().into();
                return unobservable(StateReason::NoEventsOfKind { kind });
            }
        }
        if let Some(excludable) = logging.excludable {
            let places = regions.clone();
            let places = places.filter(|(name, _)| excludable.is_in(logging.call_region, name));
            let spans: Vec<_> = places.map(|(_, days)| days.span_of(excludable)).collect();
            if !spans.is_empty() && spans.iter().all(Option::is_none) {
                let source = excludable.name();
                return unobservable(StateReason::NoEventsOfSource { source });
            }
        }
        let of_regions = regions.map(|(name, days)| {
            let proved = self.of_region(name, days, logging, events.kinds());
            let since = tracking.region_start_day(name);
            (name.clone(), proved.within(since, i32::MAX))
        });
        let proof = UnusedProof {
            of_regions: of_regions.collect(),
            home: logging.call_region.home(),
            data_types: events.data_types.clone(),
        };
        let best = proof.best().map(|(name, _)| name.clone());
        let verdict = proof.verdict(self.inputs.days_needed);
        verdict.unwrap_or_else(|| self.few_days(logging, events, best))
    }

    /// The days of a Region in the window on which the trail collected all of these kinds of event, and those of the source.
    fn of_region<'k>(
        &self,
        name: &str,
        region: &RegionDays,
        logging: &Logging,
        kinds: impl IntoIterator<Item = EventCategory<'k>>,
    ) -> DaySet {
        let (first, last) = self.window;
        let kinds = kinds.into_iter().map(|kind| region.collected(kind));
        let days = kinds.reduce(|days, other| days.intersection(&other));
        let days = days.unwrap_or_default().within(first, last);
        let excludable = (logging.excludable).filter(|it| it.is_in(logging.call_region, name));
        match excludable.map(|services| region.span_of(services)) {
            None => days,
            Some(None) => DaySet::new(),
            Some(Some((first, last))) => days.within(Some(first), last),
        }
    }

    /// That too few days were read; of the kind of event with the fewest in the best Region.
    fn few_days(&self, logging: &Logging, events: &Events, best: Option<Arc<str>>) -> Verdict {
        let region = match (best, logging.call_region.home()) {
            (Some(name), _) => name,
            (None, home) => home
                .and_then(|home| home.first())
                .map_or_else(|| "".into(), |name| (*name).into()),
        };
        let days_of = |kind| {
            let of_account = self.of_account?;
            let days = of_account.regions.get(&region)?;
            Some(count(&self.of_region(&region, days, logging, [kind])))
        };
        let kinds = (events.kinds()).map(|kind| (days_of(kind).unwrap_or_default(), kind));
        let (days, kind) = match kinds.min_by_key(|(days, _)| *days) {
            Some((days, kind)) => (days, kind.to_string()),
            None => (0, String::new()),
        };
        let reason = StateReason::FewDaysOfKind {
            kind: kind.into(),
            region,
            days,
            needed: self.inputs.days_needed,
        };
        (State::Uncovered, reason).into()
    }
}
