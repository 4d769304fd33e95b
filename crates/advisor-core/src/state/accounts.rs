//! The states of actions that no attempt shows, by account.

use std::sync::Arc;

use hashbrown::HashMap;
use service_catalog::{ActionId, Catalog, ServiceId};
use smallvec::SmallVec;

use super::claim::State;
use super::logging::{Logging, LoggingTable, SEEN};
use super::reason::StateReason;
use super::summary::{AccountDays, TrailDays};
use crate::action_set::ActionSet;
use crate::coverage::EventCategory;
use crate::day_set::DaySet;
use crate::reach::Reach;

/// The states of actions that no attempt shows, for every account of the account data, as of one instant.
#[derive(Debug)]
pub(crate) struct States {
    accounts: HashMap<Arc<str>, Arc<AccountStates>>,
}

/// The states that hold for the identities of one report. When they are of several accounts, the least certain state counts.
#[derive(Clone, Debug)]
pub(crate) struct StatesOfReport(SmallVec<[Arc<AccountStates>; 1]>);

#[derive(Debug)]
struct AccountStates {
    table: Arc<LoggingTable>,
    /// By class of [`LoggingTable`].
    by_class: Vec<(State, StateReason)>,
    /// The actions that AWS does not document as logged, but that are in this account's trail.
    seen: ActionSet,
    /// Why everything is uncovered.
    uncovered_reason: Option<StateReason>,
    uncovered: ActionSet,
    unobservable: ActionSet,
    /// The actions that would be unused, by the claim, the fewest days first.
    unused: Vec<(u32, StateReason, ActionSet)>,
}

/// What the states are derived from.
pub(crate) struct StateInputs<'a> {
    pub(crate) catalog: &'a Catalog,
    pub(crate) trail: &'a TrailDays,
    /// The actions of which an event is in the activity, by account.
    pub(crate) seen: &'a HashMap<Box<str>, ActionSet>,
    /// The first and the last day of the reports.
    pub(crate) window: (Option<i32>, i32),
    pub(crate) days_needed: u32,
}

impl States {
    pub(crate) fn new<'a>(
        accounts: impl Iterator<Item = &'a str>,
        inputs: &StateInputs<'_>,
    ) -> Self {
        let table = Arc::new(LoggingTable::new(inputs.catalog));
        let mut states = HashMap::new();
        for account in accounts {
            if !states.contains_key(account) {
                let account: Arc<str> = account.into();
                let of = AccountStates::new(&account, &table, inputs);
                states.insert(account, Arc::new(of));
            }
        }
        Self { accounts: states }
    }

    /// The states for identities of these accounts; of all accounts when there are none.
    pub(crate) fn of<'a>(&self, accounts: impl Iterator<Item = &'a str>) -> StatesOfReport {
        let mut named: SmallVec<[&str; 4]> = accounts.collect();
        named.sort_unstable();
        named.dedup();
        let mut parts: SmallVec<[_; 1]> = named
            .iter()
            .filter_map(|account| self.accounts.get(*account).cloned())
            .collect();
        if parts.is_empty() {
            parts.extend(self.accounts.values().cloned());
        }
        StatesOfReport(parts)
    }
}

impl StatesOfReport {
    /// The state of an action that no attempt shows. `None` when there is no account.
    pub(crate) fn of_action(&self, action: ActionId) -> Option<(State, &StateReason)> {
        let states = self.0.iter().filter_map(|part| part.of_action(action));
        states.max_by_key(|(state, reason)| (*state, std::cmp::Reverse(reason.days())))
    }

    /// The state of a service that no attempt shows, of which the reach has these actions.
    pub(crate) fn of_service(
        &self,
        catalog: &Catalog,
        reach: &Reach,
        service: ServiceId,
    ) -> Option<(State, StateReason)> {
        if let Some(reason) = self.0.iter().find_map(|part| part.uncovered_reason.clone()) {
            return Some((State::Uncovered, reason));
        }
        let granted = || count(reach.actions_of(catalog, service));
        let first_of = |set: fn(&AccountStates) -> &ActionSet| {
            // Accounts differ little: the one with the most actions counts.
            let parts = self.0.iter().filter_map(|part| {
                let mut actions = reach.actions_in(catalog, service, set(part));
                let example = actions.next()?;
                Some((count(actions).saturating_add(1), example))
            });
            let (number, example) = parts.max_by_key(|(number, _)| *number)?;
            Some((number, Box::from(catalog.action(example).name())))
        };
        if let Some((uncovered, example)) = first_of(|part| &part.uncovered) {
            let reason = StateReason::UncoveredActions {
                uncovered,
                granted: granted(),
                example,
            };
            return Some((State::Uncovered, reason));
        }
        if catalog.service(service).action_range().is_empty() {
            return Some((State::Unobservable, StateReason::NoKnownActions));
        }
        if let Some((unobservable, example)) = first_of(|part| &part.unobservable) {
            let reason = StateReason::UnobservableActions {
                unobservable,
                granted: granted(),
                example,
            };
            return Some((State::Unobservable, reason));
        }
        let claims = self.0.iter().filter_map(|part| {
            part.unused.iter().find(|(_, _, actions)| {
                reach.actions_in(catalog, service, actions).next().is_some()
            })
        });
        let (_, reason, _) = claims.min_by_key(|(days, _, _)| *days)?;
        Some((State::Unused, reason.clone()))
    }
}

fn count(actions: impl Iterator<Item = ActionId>) -> u32 {
    u32::try_from(actions.count()).unwrap_or(u32::MAX)
}

impl AccountStates {
    fn new(account: &Arc<str>, table: &Arc<LoggingTable>, inputs: &StateInputs<'_>) -> Self {
        let none = ActionSet::empty(inputs.catalog.action_count());
        let all_seen = inputs.seen.get(&**account).unwrap_or(&none);
        let mut seen = none.clone();
        for (logging, actions) in table.classes() {
            if logging.is_open() {
                seen.union_with(actions);
            }
        }
        seen.intersect_with(all_seen);

        let days = AccountProof::new(account, inputs);
        let mut states = Self {
            by_class: Vec::with_capacity(table.classes().len()),
            uncovered_reason: days.uncovered_reason(),
            uncovered: none.clone(),
            unobservable: none.clone(),
            unused: Vec::new(),
            seen,
            table: table.clone(),
        };
        for (logging, actions) in table.classes() {
            let (state, reason) = days.state(logging);
            let mut actions = actions.clone();
            actions.subtract(&states.seen);
            if *logging == Logging::Seen {
                actions = states.seen.clone();
            }
            match state {
                State::Uncovered => states.uncovered.union_with(&actions),
                State::Unobservable => states.unobservable.union_with(&actions),
                _ => states.add_unused(&reason, &actions),
            }
            states.by_class.push((state, reason));
        }
        states.unused.sort_by_key(|(days, _, _)| *days);
        states
    }

    fn add_unused(&mut self, reason: &StateReason, actions: &ActionSet) {
        match self.unused.iter_mut().find(|(_, known, _)| known == reason) {
            Some((_, _, known)) => known.union_with(actions),
            None => self
                .unused
                .push((reason.days(), reason.clone(), actions.clone())),
        }
    }

    fn of_action(&self, action: ActionId) -> Option<(State, &StateReason)> {
        let class = if self.seen.contains(action.index()) {
            SEEN
        } else {
            self.table.class_of(action)
        };
        let (state, reason) = self.by_class.get(class)?;
        Some((*state, reason))
    }
}

/// What the trail of an account proves.
struct AccountProof<'a> {
    account: &'a Arc<str>,
    trail: &'a TrailDays,
    of_account: Option<&'a AccountDays>,
    /// The days in the window that were read.
    days: DaySet,
    window: (Option<i32>, i32),
    needed: u32,
}

/// Days that were read, from one day to another.
#[derive(Clone, Copy)]
struct Span {
    first: i32,
    last: i32,
    days: u32,
}

impl<'a> AccountProof<'a> {
    fn new(account: &'a Arc<str>, inputs: &StateInputs<'a>) -> Self {
        let of_account = inputs.trail.account(account);
        let days = of_account.map(|days| days.read_in(inputs.window));
        Self {
            account,
            trail: inputs.trail,
            of_account,
            days: days.unwrap_or_default(),
            window: inputs.window,
            needed: inputs.days_needed,
        }
    }

    fn span(&self, first: i32, last: i32) -> Span {
        let days = self.days.iter().filter(|day| (first..=last).contains(day));
        Span {
            first,
            last,
            days: u32::try_from(days.count()).unwrap_or(u32::MAX),
        }
    }

    /// All days that were read. `None` when there are none.
    fn whole(&self) -> Option<Span> {
        Some(self.span(self.days.first()?, self.days.last()?))
    }

    /// The days that were read from the first to the last event of a kind. What is before or after may be left out by the trail's
    /// selectors. `None` when the trail has no such event.
    fn of_kind(&self, kind: EventCategory<'_>) -> Option<Span> {
        let days = self.of_account?.with_events(kind, self.window);
        Some(self.span(days.first()?, days.last()?))
    }

    /// Why nothing can be said of any action.
    fn uncovered_reason(&self) -> Option<StateReason> {
        let account = self.account.clone();
        match self.whole() {
            Some(span) if span.days >= self.needed => None,
            Some(span) => Some(StateReason::FewDays {
                account,
                days: span.days,
                needed: self.needed,
            }),
            None if self.trail.has_unknown_sources() => {
                Some(StateReason::UnknownCoverage { account })
            }
            None => Some(StateReason::NoTrail { account }),
        }
    }

    fn state(&self, logging: &Logging) -> (State, StateReason) {
        if let Some(reason) = self.uncovered_reason() {
            return (State::Uncovered, reason);
        }
        match logging {
            Logging::OnlyImplied => (State::Unobservable, StateReason::OnlyImplied),
            Logging::NoOperation => (State::Unobservable, StateReason::NoOperation),
            Logging::NotDocumented => (State::Unobservable, StateReason::NotDocumented),
            Logging::Seen => match self.whole() {
                Some(span) => unused(span, None),
                None => (State::Unobservable, StateReason::NotDocumented),
            },
            Logging::Management { reads, writes } => self.management(*reads, *writes),
            Logging::Data(types) => self.data(types),
        }
    }

    fn management(&self, reads: bool, writes: bool) -> (State, StateReason) {
        let mut span = Span {
            first: i32::MIN,
            last: i32::MAX,
            days: 0,
        };
        for (kind, is_needed) in [
            (EventCategory::ManagementRead, reads),
            (EventCategory::ManagementWrite, writes),
        ] {
            if !is_needed {
                continue;
            }
            let Some(of_kind) = self.of_kind(kind) else {
                return no_events(kind.to_string().into());
            };
            span = self.span(span.first.max(of_kind.first), span.last.min(of_kind.last));
            if span.days < self.needed {
                return self.few_days(kind.to_string().into(), span);
            }
        }
        unused(span, None)
    }

    fn data(&self, types: &[Box<str>]) -> (State, StateReason) {
        let spans = types
            .iter()
            .filter_map(|name| self.of_kind(EventCategory::Data(name)));
        let longest = spans.max_by_key(|span| span.days);
        let types: Arc<str> = types.join(", ").into();
        let kind = || EventCategory::Data(&types).to_string().into();
        match longest {
            None => no_events(kind()),
            Some(span) if span.days < self.needed => self.few_days(kind(), span),
            Some(span) => unused(span, Some(types)),
        }
    }

    fn few_days(&self, kind: Arc<str>, span: Span) -> (State, StateReason) {
        let reason = StateReason::FewDaysOfKind {
            kind,
            days: span.days,
            needed: self.needed,
        };
        (State::Uncovered, reason)
    }
}

fn no_events(kind: Arc<str>) -> (State, StateReason) {
    (State::Unobservable, StateReason::NoEventsOfKind { kind })
}

fn unused(span: Span, data_types: Option<Arc<str>>) -> (State, StateReason) {
    let reason = StateReason::NoAttempt {
        days: span.days,
        first: span.first,
        last: span.last,
        data_types,
    };
    (State::Unused, reason)
}
