//! What an entity needs: the actions that must stay.

use std::sync::Arc;

use hashbrown::HashMap;
use iam_policy_parser::{ActionElement, ActionPattern};
use service_catalog::{Catalog, ServiceId};

use crate::account::{EntityDetail, EntityId, EntityKind};
use crate::action_set::ActionSet;
use crate::activity::Evidence;
use crate::advisor::Advisor;
use crate::cancellation::Never;
use crate::report::Granularity;
use crate::service_ref::ServiceRef;
use crate::state::StateReason;
use crate::usage::Used;

use super::options::RightsizeOptions;

/// The actions that must stay, by why they do. An action can be in several sets.
#[derive(Clone, Debug)]
pub(super) struct Needs {
    /// All of them. By service, with all actions of the services of which one must stay.
    pub(super) keep: ActionSet,
    /// Whether services stay or go as a whole.
    pub(super) is_by_service: bool,
    pub(super) used: ActionSet,
    /// Those of the used ones of which all attempts were denied.
    pub(super) denied: ActionSet,
    pub(super) implied: ActionSet,
    pub(super) unobservable: ActionSet,
    pub(super) uncovered: ActionSet,
    pub(super) marked: ActionSet,
    /// Marked names that the catalog does not know: they stay where an old statement grants them.
    pub(super) marked_names: Vec<ActionPattern>,
    /// The services with an event of which the catalog does not know the action: their patterns stay as they are. The event implies
    /// all of their actions.
    pub(super) whole_services: Vec<ServiceId>,
    /// An event source that the catalog lacks: whatever may grant its service stays as it is.
    pub(super) unknown_source: Option<Arc<str>>,
    /// The unused actions that data events would show.
    pub(super) shown_by_data_events: ActionSet,
    /// Of a group or policy: what only one identity used.
    pub(super) by_one: Vec<(EntityId, ActionSet)>,
}

/// Why nothing can be said of what an entity needs.
pub(super) enum NoNeeds {
    /// Too little of the trail was read.
    Coverage(StateReason),
    /// Members of a group, or holders of a policy, are too new.
    NewMembers {
        newest: Arc<str>,
        others: usize,
        reason: StateReason,
    },
    /// The group has no members in the account data, or the policy is not attached.
    Nobody,
    /// Only full tracking tells what is unused.
    NoStates,
}

impl Needs {
    /// What must stay in the policies of an entity.
    pub(super) fn of(
        advisor: &Advisor,
        entity: EntityId,
        detail: &EntityDetail,
        options: &RightsizeOptions,
    ) -> Result<Self, NoNeeds> {
        let catalog = advisor.catalog();
        let compiler = advisor.engine().compiler();
        let identities = advisor.identities(entity);
        if identities.is_empty() {
            return Err(NoNeeds::Nobody);
        }
        let none = || ActionSet::empty(compiler.positions());
        let mut needs = Self {
            keep: none(),
            is_by_service: options.granularity == Granularity::Service,
            used: none(),
            denied: none(),
            implied: none(),
            unobservable: none(),
            uncovered: none(),
            marked: options.keep.of(&detail.arn, compiler),
            marked_names: options.keep.unknown_names_of(&detail.arn, catalog),
            whole_services: Vec::new(),
            unknown_source: None,
            shown_by_data_events: none(),
            by_one: Vec::new(),
        };
        match advisor.states_of(entity, &identities) {
            Some(states) => match states.uncovered_reason() {
                Some(reason) => {
                    let of_new = new_members(advisor, detail, &identities);
                    return Err(of_new.unwrap_or_else(|| NoNeeds::Coverage(reason.clone())));
                }
                None => {
                    states.add_unknown(&mut needs.uncovered, &mut needs.unobservable);
                    states.add_shown_by_data_events(&mut needs.shown_by_data_events);
                }
            },
            None => return Err(NoNeeds::NoStates),
        }
        // Nothing is known of services without known actions.
        for (id, service) in catalog.services() {
            if service.action_range().is_empty()
                && let Some(position) = compiler.position_of_service(id)
            {
                needs.unobservable.insert(position);
            }
        }
        needs.add_usage(advisor, &identities);
        if matches!(detail.kind, EntityKind::Group | EntityKind::Policy) {
            needs.find_single_users(advisor, &identities);
        }
        for set in [
            &needs.used,
            &needs.implied,
            &needs.unobservable,
            &needs.uncovered,
            &needs.marked,
        ] {
            needs.keep.union_with(set);
        }
        if needs.is_by_service {
            needs.keep = whole_services(catalog, advisor, entity, &needs);
        }
        Ok(needs)
    }

    /// The marked names that the catalog does not know and an element grants.
    pub(super) fn marked_names_in<'a>(
        &'a self,
        element: &'a ActionElement,
    ) -> impl Iterator<Item = &'a ActionPattern> {
        let names = self.marked_names.iter();
        names.filter(|name| grants(element, name))
    }

    fn add_usage(&mut self, advisor: &Advisor, identities: &[(EntityId, &EntityDetail)]) {
        let mut allowed = ActionSet::empty(advisor.positions());
        for (identity, _) in identities {
            for used in advisor.uses(*identity) {
                if advisor.service_attempt(used).is_none() {
                    continue;
                }
                match (&used.service, used.action) {
                    (_, Some(action)) => {
                        self.used.insert(action.index());
                        if !is_denied(used) {
                            allowed.insert(action.index());
                        }
                    }
                    (ServiceRef::Known(service), None) => {
                        // The action may be one of another service with the same event source.
                        let services = advisor.services_of_same_sources(*service);
                        self.whole_services.extend(services);
                    }
                    (ServiceRef::Unknown(source), None) => {
                        self.unknown_source = Some(source.clone());
                    }
                }
            }
        }
        self.denied = self.used.clone();
        self.denied.subtract(&allowed);
        self.whole_services.sort_unstable();
        self.whole_services.dedup();
        let Ok(implied) = advisor.implied(identities, &Never);
        for action in implied.keys() {
            if !self.used.contains(action.index()) {
                self.implied.insert(action.index());
            }
        }
    }

    /// Finds what exactly one of several identities used.
    fn find_single_users(&mut self, advisor: &Advisor, identities: &[(EntityId, &EntityDetail)]) {
        if identities.len() < 2 {
            return;
        }
        let mut users: HashMap<usize, Option<EntityId>> = HashMap::new();
        for (identity, _) in identities {
            for used in advisor.uses(*identity) {
                if let Some(action) = used.action
                    && advisor.service_attempt(used).is_some()
                {
                    let user = users.entry(action.index()).or_insert(Some(*identity));
                    *user = user.filter(|user| user == identity);
                }
            }
        }
        for (identity, _) in identities {
            let mut only = ActionSet::empty(advisor.engine().compiler().positions());
            for (position, user) in &users {
                if *user == Some(*identity) {
                    only.insert(*position);
                }
            }
            if !only.is_empty() {
                self.by_one.push((*identity, only));
            }
        }
    }
}

/// Whether all attempts were denied. Where only corrections were recorded, nothing says that.
fn is_denied(used: &Used) -> bool {
    used.count > 0 && used.denied >= used.count && used.evidence != Evidence::Implied
}

/// The members of a group, or the holders of a policy, of which too few days were read since they were created.
fn new_members(
    advisor: &Advisor,
    of: &EntityDetail,
    identities: &[(EntityId, &EntityDetail)],
) -> Option<NoNeeds> {
    if !matches!(of.kind, EntityKind::Group | EntityKind::Policy) {
        return None;
    }
    let reason = |(id, detail): &(EntityId, &EntityDetail)| {
        let states = advisor.states_of(*id, &[(*id, *detail)])?;
        let reason = states.uncovered_reason()?;
        matches!(reason, StateReason::FewDaysSinceCreation { .. }).then(|| reason.clone())
    };
    let new = identities.iter();
    let new = new.filter_map(|identity| Some((identity.1, reason(identity)?)));
    let new: Vec<_> = new.collect();
    let others = new.len().saturating_sub(1);
    let newest = new.into_iter().max_by_key(|(detail, _)| detail.created);
    newest.map(|(detail, reason)| NoNeeds::NewMembers {
        newest: detail.arn.clone(),
        others,
        reason,
    })
}

/// Whether an element grants an action that is given by its name.
pub(super) fn grants(element: &ActionElement, name: &ActionPattern) -> bool {
    let (Some(namespace), Some(action)) = (name.service(), name.literal_name()) else {
        return false;
    };
    let any = |patterns: &[ActionPattern]| {
        let mut patterns = patterns.iter();
        patterns.any(|pattern| pattern.matches(namespace, action))
    };
    match element {
        ActionElement::Action(patterns) => any(patterns),
        ActionElement::NotAction(patterns) => !any(patterns),
    }
}

/// All actions of the services of which an action is needed and possible, or was used.
fn whole_services(
    catalog: &Catalog,
    advisor: &Advisor,
    entity: EntityId,
    needs: &Needs,
) -> ActionSet {
    let reach = advisor.engine().reach(advisor.account(), entity);
    let mut keep = needs.keep.clone();
    for (id, service) in catalog.services() {
        let range = service.action_range();
        let mut possible = reach.actions_in(catalog, id, &needs.keep);
        if possible.next().is_some() || needs.used.iter_range(range.clone()).next().is_some() {
            keep.insert_range(range);
        }
    }
    keep
}
