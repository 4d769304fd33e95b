//! The states of actions that no attempt shows, by account.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use hashbrown::HashMap;
use service_catalog::{ActionId, Catalog, ServiceId};
use smallvec::SmallVec;

use super::claim::State;
use super::logging::LoggingTable;
use super::proof::{AccountProof, StateInputs};
use super::reason::StateReason;
use super::recent_grants::RecentGrants;
use super::verdict::Verdict;
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
    /// Those of all accounts together.
    of_all: OnceLock<Option<Arc<AccountStates>>>,
}

/// An account, and the day of a creation after the start of the window.
type StatesKey = (Arc<str>, Option<i32>);

/// The states that hold for the identities of one report. When they are of several accounts, what is said holds for each.
#[derive(Clone, Debug)]
pub(crate) struct StatesOfReport {
    states: Option<Arc<AccountStates>>,
    /// Why nothing is unused.
    missed_use: Option<StateReason>,
    recent_grants: Option<RecentGrants>,
}

#[derive(Debug)]
struct AccountStates {
    table: Arc<LoggingTable>,
    days_needed: u32,
    /// By class of [`LoggingTable`].
    by_class: Vec<Verdict>,
    /// The actions of which calls in this account's trail tell how they are logged.
    told: HashMap<ActionId, Verdict>,
    /// Why everything is uncovered.
    uncovered_reason: Option<StateReason>,
    uncovered: ActionSet,
    unobservable: ActionSet,
    /// The actions that would be unused.
    unused: Vec<(Verdict, ActionSet)>,
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
            of_all: OnceLock::new(),
        }
    }

    /// The states for identities of these accounts, each with the day of its creation; of all accounts when there are none. What was
    /// created later has not been unused before: the latest day counts.
    ///
    /// What would be unused is uncovered when the trail misses a use, and where it was granted recently.
    pub(crate) fn of<'a>(
        &self,
        identities: impl Iterator<Item = (&'a str, Option<i32>)>,
        missed_use: Option<StateReason>,
        recent_grants: Option<RecentGrants>,
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
        let (first, _) = self.inputs.window;
        let of_account = |account: Arc<str>, created: Option<i32>| {
            let created = created.filter(|day| first.is_none_or(|first| first < *day));
            self.of_account(account, created)
        };
        let states = if parts.is_empty() {
            let all = || self.accounts.iter().map(|it| of_account(it.clone(), None));
            let all = self.of_all.get_or_init(|| self.common(all()));
            all.clone()
        } else {
            let parts = parts.into_iter();
            self.common(parts.map(|(account, created)| of_account(account, created)))
        };
        StatesOfReport {
            states,
            missed_use,
            recent_grants,
        }
    }

    /// Whether the reach has an action, of this service if there is one, that not every trail shows.
    pub(crate) fn may_leave_no_trace(
        &self,
        catalog: &Catalog,
        reach: &Reach,
        service: Option<ServiceId>,
    ) -> bool {
        let untraced = self.table.not_always_logged();
        let services = reach.services(catalog).into_iter();
        let mut asked_for = services.filter(|id| service.is_none_or(|service| service == *id));
        asked_for.any(|id| {
            catalog.service(id).action_range().is_empty()
                || reach.actions_in(catalog, id, untraced).next().is_some()
        })
    }

    /// What holds for each of some accounts.
    fn common(
        &self,
        parts: impl Iterator<Item = Arc<AccountStates>>,
    ) -> Option<Arc<AccountStates>> {
        parts.reduce(|left, right| Arc::new(left.and(&right, &self.inputs.catalog)))
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
        let verdict = self.states.as_ref()?.of_action(action)?;
        if verdict.state == State::Unused {
            let recent = || self.recent_grants.as_ref()?.reason(action);
            if let Some(reason) = self.missed_use.as_ref().or_else(recent) {
                return Some((State::Uncovered, reason));
            }
        }
        Some((verdict.state, &verdict.reason))
    }

    /// Why nothing can be called unused; `None` when enough was read of the account, and no use of these identities is missing.
    pub(crate) fn uncovered_reason(&self) -> Option<&StateReason> {
        let of_account = self.states.as_ref()?.uncovered_reason.as_ref();
        of_account.or(self.missed_use.as_ref())
    }

    /// Adds the actions that are uncovered, and those that are unobservable, in the account.
    pub(crate) fn add_unknown(&self, uncovered: &mut ActionSet, unobservable: &mut ActionSet) {
        if let Some(part) = &self.states {
            uncovered.union_with(&self.uncovered(part));
            unobservable.union_with(&part.unobservable);
        }
    }

    /// Adds the actions of which data events would show an attempt.
    pub(crate) fn add_shown_by_data_events(&self, actions: &mut ActionSet) {
        let unused = self.states.iter().flat_map(|part| &part.unused);
        for (verdict, shown) in unused {
            if let StateReason::NoAttempt {
                data_types: Some(_),
                ..
            } = verdict.reason
            {
                actions.union_with(shown);
            }
        }
    }

    /// The actions that are uncovered, with those that would be unused if they had been granted for longer.
    fn uncovered<'a>(&self, part: &'a AccountStates) -> Cow<'a, ActionSet> {
        let Some(recent) = &self.recent_grants else {
            return Cow::Borrowed(&part.uncovered);
        };
        let mut uncovered = part.uncovered.clone();
        recent.add_to(&mut uncovered);
        uncovered.subtract(&part.unobservable);
        Cow::Owned(uncovered)
    }

    /// The state of a service that no attempt shows, of which the reach has these actions.
    pub(crate) fn of_service(
        &self,
        catalog: &Catalog,
        reach: &Reach,
        service: ServiceId,
    ) -> Option<(State, StateReason)> {
        let states = self.states.as_ref()?;
        if let Some(reason) = &states.uncovered_reason {
            return Some((State::Uncovered, reason.clone()));
        }
        let granted = || count(reach.actions_of(catalog, service));
        let first_of = |set: &ActionSet| {
            let mut actions = reach.actions_in(catalog, service, set);
            let example = actions.next()?;
            let number = count(actions).saturating_add(1);
            Some((number, Box::from(catalog.action(example).name())))
        };
        if let Some((uncovered, example)) = first_of(&self.uncovered(states)) {
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
        if let Some((unobservable, example)) = first_of(&states.unobservable) {
            let reason = StateReason::UnobservableActions {
                unobservable,
                granted: granted(),
                example,
            };
            return Some((State::Unobservable, reason));
        }
        let claims = states.unused.iter().filter(|(_, actions)| {
            let mut granted = reach.actions_in(catalog, service, actions);
            granted.next().is_some()
        });
        let claims = claims.map(|(verdict, _)| Cow::Borrowed(verdict));
        let common =
            claims.reduce(|left, right| Cow::Owned(left.and(&right, states.days_needed)))?;
        match &self.missed_use {
            Some(reason) if common.state == State::Unused => {
                Some((State::Uncovered, reason.clone()))
            }
            _ => Some((common.state, common.reason.clone())),
        }
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
        let proof = AccountProof::new(account, created, inputs);
        let classes = table.classes().iter();
        Self {
            table: table.clone(),
            days_needed: inputs.days_needed,
            by_class: classes.map(|(logging, _)| proof.state(logging)).collect(),
            told: proof.told(table),
            uncovered_reason: proof.uncovered_reason(),
            uncovered: ActionSet::empty(0),
            unobservable: ActionSet::empty(0),
            unused: Vec::new(),
        }
        .with_sets(&inputs.catalog)
    }

    /// What holds for both accounts.
    fn and(&self, other: &Self, catalog: &Catalog) -> Self {
        let needed = self.days_needed;
        let classes = self.by_class.iter().zip(&other.by_class);
        let told: BTreeSet<ActionId> = self.told.keys().chain(other.told.keys()).copied().collect();
        let told = told.into_iter().filter_map(|action| {
            let verdict = self
                .of_action(action)?
                .and(other.of_action(action)?, needed);
            Some((action, verdict))
        });
        Self {
            table: self.table.clone(),
            days_needed: needed,
            by_class: classes
                .map(|(left, right)| left.and(right, needed))
                .collect(),
            told: told.collect(),
            uncovered_reason: (self.uncovered_reason.clone()).or(other.uncovered_reason.clone()),
            uncovered: ActionSet::empty(0),
            unobservable: ActionSet::empty(0),
            unused: Vec::new(),
        }
        .with_sets(catalog)
    }

    /// With the sets of actions by state.
    fn with_sets(mut self, catalog: &Catalog) -> Self {
        let none = ActionSet::empty(catalog.action_count());
        (self.uncovered, self.unobservable) = (none.clone(), none.clone());
        let mut all_told = none.clone();
        for action in self.told.keys() {
            all_told.insert(action.index());
        }
        let table = self.table.clone();
        let of_class = self.by_class.clone().into_iter().zip(table.classes());
        for (verdict, (_, actions)) in of_class {
            let mut actions = actions.clone();
            actions.subtract(&all_told);
            self.add(verdict, &actions);
        }
        // In an order that does not depend on a hash table.
        let mut told: Vec<_> = (self.told.iter())
            .map(|(action, verdict)| (*action, verdict.clone()))
            .collect();
        told.sort_unstable_by_key(|(action, _)| *action);
        for (action, verdict) in told {
            let mut actions = none.clone();
            actions.insert(action.index());
            self.add(verdict, &actions);
        }
        self
    }

    fn add(&mut self, verdict: Verdict, actions: &ActionSet) {
        match verdict.state {
            State::Uncovered => self.uncovered.union_with(actions),
            State::Unobservable => self.unobservable.union_with(actions),
            _ => match self.unused.iter_mut().find(|(known, _)| *known == verdict) {
                Some((_, known)) => known.union_with(actions),
                None => self.unused.push((verdict, actions.clone())),
            },
        }
    }

    fn of_action(&self, action: ActionId) -> Option<&Verdict> {
        match self.told.get(&action) {
            Some(told) => Some(told),
            None => self.by_class.get(self.table.class_of(action)?),
        }
    }
}
