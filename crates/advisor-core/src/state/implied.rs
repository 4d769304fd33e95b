//! Which actions a call may have exercised beside its own.

use hashbrown::HashMap;
use service_catalog::{ActionId, Catalog, ImpliedWhen};
use smallvec::SmallVec;

use super::reason::StateReason;
use crate::tracking::LastAttempt;
use crate::usage::Used;

/// By action: the further actions that its calls may exercise.
#[derive(Debug)]
pub(crate) struct ImpliedActions(HashMap<ActionId, SmallVec<[Implied; 2]>>);

#[derive(Clone, Copy, Debug)]
struct Implied {
    action: ActionId,
    /// Whether the record of the call tells whether it exercised the action.
    is_decided_by_record: bool,
}

/// The latest call that may have exercised an action.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LatestImplied<'a> {
    by: Option<ActionId>,
    attempt: LastAttempt,
    event_id: &'a str,
}

impl ImpliedActions {
    pub(crate) fn new(catalog: &Catalog) -> Self {
        let mut implied_by: HashMap<ActionId, SmallVec<[Implied; 2]>> = HashMap::new();
        for (id, kind) in catalog.event_kinds() {
            for implied in catalog.implied_actions(id) {
                if implied.action != kind.action() {
                    implied_by.entry(kind.action()).or_default().push(Implied {
                        action: implied.action,
                        is_decided_by_record: matches!(implied.when, ImpliedWhen::Exactly(_)),
                    });
                }
            }
        }
        Self(implied_by)
    }

    /// The further actions that calls of an action may have exercised, as far as their records do not tell. `records_tell` is false
    /// for activity of earlier versions, which did not look.
    pub(crate) fn of(
        &self,
        action: ActionId,
        records_tell: bool,
    ) -> impl Iterator<Item = ActionId> {
        self.all_of(action)
            .filter(move |implied| !(records_tell && implied.is_decided_by_record))
            .map(|implied| implied.action)
    }

    /// Whether calls of an action may exercise another one.
    pub(crate) fn may_imply(&self, action: ActionId, implied: ActionId) -> bool {
        self.all_of(action).any(|one| one.action == implied)
    }

    fn all_of(&self, action: ActionId) -> impl Iterator<Item = &Implied> {
        self.0.get(&action).into_iter().flatten()
    }
}

impl<'a> LatestImplied<'a> {
    /// A call of `by` that may have exercised an action.
    pub(crate) fn new(by: Option<ActionId>, used: &'a Used, attempt: LastAttempt) -> Self {
        Self {
            by,
            attempt,
            event_id: if attempt.is_exact {
                &used.last_event_id
            } else {
                ""
            },
        }
    }

    /// Keeps the later of two calls.
    pub(crate) fn merge(&mut self, other: Self) {
        if other.key() > self.key() {
            *self = other;
        }
    }

    /// Later calls have greater keys.
    pub(crate) fn key(&self) -> (i64, &'a str, Option<ActionId>) {
        (self.attempt.millis, self.event_id, self.by)
    }

    pub(crate) fn reason(&self, catalog: &Catalog) -> StateReason {
        StateReason::Implied {
            by: self.by.map(|id| {
                let action = catalog.action(id);
                let namespace = catalog.service(action.service()).namespace();
                format!("{namespace}:{}", action.name()).into()
            }),
            millis: self.attempt.millis,
            event_id: (!self.event_id.is_empty()).then(|| self.event_id.into()),
        }
    }
}
