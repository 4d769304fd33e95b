//! The states of actions that no attempt shows, by account.

use std::cmp::Reverse;
use std::sync::{Arc, Mutex, PoisonError};

use hashbrown::HashMap;
use service_catalog::{ActionId, Catalog, ServiceId};
use smallvec::SmallVec;

use super::claim::State;
use super::logging::LoggingTable;
use super::proof::{AccountProof, StateInputs};
use super::reason::StateReason;
use crate::action_set::ActionSet;
use crate::reach::Reach;

/// The states of actions that no attempt shows, for every account of the account data, as of one instant.
#[derive(Debug)]
pub(crate) struct States {
    inputs: StateInputs,
    table: Arc<LoggingTable>,
    accounts: Vec<Arc<str>>,
    /// Those that were needed so far.
    known: Mutex<HashMap<StatesKey, Arc<AccountStates>>>,
}

/// An account, and the day of a creation after the start of the window.
type StatesKey = (Arc<str>, Option<i32>);

/// The states that hold for the identities of one report. When they are of several accounts, the least certain state counts.
#[derive(Clone, Debug)]
pub(crate) struct StatesOfReport(SmallVec<[Arc<AccountStates>; 1]>);

#[derive(Debug)]
struct AccountStates {
    table: Arc<LoggingTable>,
    /// By class of [`LoggingTable`].
    by_class: Vec<(State, StateReason)>,
    /// The actions of which calls in this account's trail tell how they are logged.
    told: HashMap<ActionId, (State, StateReason)>,
    /// Why everything is uncovered.
    uncovered_reason: Option<StateReason>,
    uncovered: ActionSet,
    unobservable: ActionSet,
    /// The actions that would be unused, by the claim, the fewest days first.
    unused: Vec<(u32, StateReason, ActionSet)>,
}

impl States {
    pub(crate) fn new<'a>(accounts: impl Iterator<Item = &'a str>, inputs: StateInputs) -> Self {
        let mut accounts: Vec<Arc<str>> = accounts.map(Arc::from).collect();
        accounts.sort_unstable();
        accounts.dedup();
        Self {
            table: Arc::new(LoggingTable::new(&inputs.catalog)),
            inputs,
            accounts,
            known: Mutex::default(),
        }
    }

    /// The states for identities of these accounts, each with the day of its creation; of all accounts when there are none. What was
    /// created later has not been unused before: the latest day counts.
    pub(crate) fn of<'a>(
        &self,
        identities: impl Iterator<Item = (&'a str, Option<i32>)>,
    ) -> StatesOfReport {
        let mut parts: SmallVec<[(Arc<str>, Option<i32>); 1]> = SmallVec::new();
        for (account, created) in identities {
            let Ok(position) = (self.accounts).binary_search_by(|known| (**known).cmp(account))
            else {
                continue;
            };
            match parts.iter_mut().find(|(known, _)| **known == *account) {
                Some((_, latest)) => *latest = created.max(*latest),
                None => parts.extend(
                    self.accounts
                        .get(position)
                        .map(|name| (name.clone(), created)),
                ),
            }
        }
        if parts.is_empty() {
            parts.extend(self.accounts.iter().map(|account| (account.clone(), None)));
        }
        let (first, _) = self.inputs.window;
        let states = parts.into_iter().map(|(account, created)| {
            let created = created.filter(|day| first.is_none_or(|first| first < *day));
            self.of_account(account, created)
        });
        StatesOfReport(states.collect())
    }

    fn of_account(&self, account: Arc<str>, created: Option<i32>) -> Arc<AccountStates> {
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (account, created);
        if let Some(states) = known().get(&key) {
            return states.clone();
        }
        // Two threads may make the same: what they need is more than the time of one.
        let (account, _) = &key;
        let states = AccountStates::new(account, created, &self.table, &self.inputs);
        known()
            .entry(key)
            .or_insert_with(|| Arc::new(states))
            .clone()
    }
}

impl StatesOfReport {
    /// The state of an action that no attempt shows. `None` when there is no account.
    pub(crate) fn of_action(&self, action: ActionId) -> Option<(State, &StateReason)> {
        let states = self.0.iter().filter_map(|part| part.of_action(action));
        states.max_by_key(|(state, reason)| (*state, Reverse(reason.days())))
    }

    /// Why nothing can be said of any action; `None` when enough was read of every account.
    pub(crate) fn uncovered_reason(&self) -> Option<&StateReason> {
        self.0
            .iter()
            .find_map(|part| part.uncovered_reason.as_ref())
    }

    /// Adds the actions that are uncovered, and those that are unobservable, in any of the accounts.
    pub(crate) fn add_unknown(&self, uncovered: &mut ActionSet, unobservable: &mut ActionSet) {
        for part in &self.0 {
            uncovered.union_with(&part.uncovered);
            unobservable.union_with(&part.unobservable);
        }
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
    fn new(
        account: &Arc<str>,
        created: Option<i32>,
        table: &Arc<LoggingTable>,
        inputs: &StateInputs,
    ) -> Self {
        let none = ActionSet::empty(inputs.catalog.action_count());
        let proof = AccountProof::new(account, created, inputs);
        let told = proof.told(table);
        let mut all_told = none.clone();
        for action in told.keys() {
            all_told.insert(action.index());
        }
        let mut states = Self {
            by_class: Vec::with_capacity(table.classes().len()),
            uncovered_reason: proof.uncovered_reason(),
            uncovered: none.clone(),
            unobservable: none.clone(),
            unused: Vec::new(),
            told: HashMap::new(),
            table: table.clone(),
        };
        for (logging, actions) in table.classes() {
            let (state, reason) = proof.state(logging);
            let mut actions = actions.clone();
            actions.subtract(&all_told);
            states.add(state, &reason, &actions);
            states.by_class.push((state, reason));
        }
        for (action, (state, reason)) in &told {
            let mut actions = none.clone();
            actions.insert(action.index());
            states.add(*state, reason, &actions);
        }
        states.told = told;
        // Services are told the reason with the fewest days: which one must not depend on the order of a hash table.
        (states.unused).sort_by_cached_key(|(days, reason, _)| (*days, reason.to_string()));
        states
    }

    fn add(&mut self, state: State, reason: &StateReason, actions: &ActionSet) {
        match state {
            State::Uncovered => self.uncovered.union_with(actions),
            State::Unobservable => self.unobservable.union_with(actions),
            _ => match self.unused.iter_mut().find(|(_, known, _)| known == reason) {
                Some((_, _, known)) => known.union_with(actions),
                None => self
                    .unused
                    .push((reason.days(), reason.clone(), actions.clone())),
            },
        }
    }

    fn of_action(&self, action: ActionId) -> Option<(State, &StateReason)> {
        let (state, reason) = match self.told.get(&action) {
            Some(told) => told,
            None => self.by_class.get(self.table.class_of(action)?)?,
        };
        Some((*state, reason))
    }
}
