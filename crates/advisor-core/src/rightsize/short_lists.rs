//! The short lists of a document, shared by the entities that need the same of a service. Finding them for each entity was two thirds of
//! the time of right-sizing 10,000 identities with safe wildcards (bench `reports`).

use std::sync::{Arc, Mutex, PoisonError};

use hashbrown::HashMap;
use iam_policy_parser::{ActionElement, WorkBudget};
use service_catalog::{ActionId, Catalog};

use super::options::Wildcards;
use super::wildcards::shortest;

/// The most lists that are kept for a document.
const MOST_KEPT: usize = 1_000;

/// The lists of one document, by statement and by what is kept of a service. Most entities keep the same of most services.
#[derive(Debug, Default)]
pub(super) struct ShortLists(Mutex<HashMap<Key, Arc<ShortList>>>);

/// The position of a statement, and actions of one service.
type Key = (usize, Vec<ActionId>);

#[derive(Debug)]
struct ShortList {
    patterns: Vec<String>,
    /// The work that it took. Who shares it spends as much, so that answers are the same in every order.
    steps: u64,
}

impl ShortLists {
    /// As [`shortest`], for actions of one service that a statement of the document matches.
    pub(super) fn get(
        &self,
        catalog: &Catalog,
        (statement, old): (usize, &ActionElement),
        kept: Vec<ActionId>,
        wildcards: Wildcards,
        budget: &mut WorkBudget,
    ) -> Option<Vec<String>> {
        let Some(service) = kept.first().map(|id| catalog.action(*id).service()) else {
            return Some(Vec::new());
        };
        if wildcards == Wildcards::None {
            // Names take no work.
            return shortest(catalog, service, &kept, Some(old), wildcards, budget);
        }
        let known = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (statement, kept);
        let found = known().get(&key).cloned();
        if let Some(list) = found {
            return budget.spend(list.steps).then(|| list.patterns.clone());
        }
        let before = budget.spent();
        let patterns = shortest(catalog, service, &key.1, Some(old), wildcards, budget)?;
        let steps = budget.spent() - before;
        let mut known = known();
        if known.len() < MOST_KEPT {
            let patterns = patterns.clone();
            known.insert(key, Arc::new(ShortList { patterns, steps }));
        }
        Some(patterns)
    }
}
