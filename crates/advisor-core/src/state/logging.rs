//! How the use of each action of a catalog would show in a trail.

use std::sync::Arc;

use hashbrown::HashMap;
use service_catalog::{AccessLevel, ActionId, Catalog, Observability};

use crate::action_set::ActionSet;

/// How the use of an action shows in a trail.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Logging {
    /// As a management event. Both are set where it is not certain which kind it is.
    Management { reads: bool, writes: bool },
    /// As a data event on one of these resource types.
    Data(Arc<[Box<str>]>),
    /// In calls of other actions only.
    OnlyImplied,
    /// Not at all.
    NoOperation,
    /// AWS does not say.
    NotDocumented,
    /// Calls of it are in the account's trail, though AWS does not say that it is logged.
    Seen,
}

/// The actions of a catalog by how their use shows.
#[derive(Debug)]
pub(super) struct LoggingTable {
    classes: Vec<(Logging, ActionSet)>,
    /// By action: the position of its class.
    by_action: Vec<u16>,
}

/// The class of [`Logging::Seen`].
pub(super) const SEEN: usize = 0;

impl LoggingTable {
    pub(super) fn new(catalog: &Catalog) -> Self {
        let empty = ActionSet::empty(catalog.action_count());
        let mut classes = vec![(Logging::Seen, empty.clone())];
        let mut known: HashMap<Logging, u16> = HashMap::new();
        let mut by_action = Vec::with_capacity(catalog.action_count());
        for (id, _) in catalog.actions() {
            let logging = logging(catalog, id);
            let next = u16::try_from(classes.len()).unwrap_or(u16::MAX);
            let class = *known.entry(logging).or_insert_with_key(|logging| {
                classes.push((logging.clone(), empty.clone()));
                next
            });
            if let Some((_, actions)) = classes.get_mut(usize::from(class)) {
                actions.insert(id.index());
            }
            by_action.push(class);
        }
        Self { classes, by_action }
    }

    /// All classes, with their actions. The first is [`Logging::Seen`], which no action is in by itself.
    pub(super) fn classes(&self) -> &[(Logging, ActionSet)] {
        &self.classes
    }

    /// The position of an action's class.
    pub(super) fn class_of(&self, action: ActionId) -> usize {
        self.by_action
            .get(action.index())
            .map_or(SEEN, |class| usize::from(*class))
    }
}

impl Logging {
    /// Whether a call in the trail shows what AWS does not say.
    pub(super) fn is_open(&self) -> bool {
        matches!(
            self,
            Self::OnlyImplied | Self::NoOperation | Self::NotDocumented
        )
    }
}

fn logging(catalog: &Catalog, id: ActionId) -> Logging {
    match catalog.observability(id) {
        Observability::ManagementEvent => management(catalog, id),
        Observability::DataEvent(types) => Logging::Data(types.into()),
        Observability::OnlyImplied => Logging::OnlyImplied,
        Observability::NoOperation => Logging::NoOperation,
        _ => Logging::NotDocumented,
    }
}

/// Which kind of management event an action is logged as. The access level alone does not tell: `kms:Decrypt` and `sts:AssumeRole`
/// have the level Write, and their events are read-only. Where the level and the verb do not agree, both kinds are needed.
fn management(catalog: &Catalog, id: ActionId) -> Logging {
    const READS: [&str; 3] = ["Describe", "Get", "List"];
    const WRITES: [&str; 14] = [
        "Add",
        "Associate",
        "Attach",
        "Create",
        "Delete",
        "Detach",
        "Disassociate",
        "Modify",
        "Put",
        "Remove",
        "Set",
        "Tag",
        "Untag",
        "Update",
    ];
    let action = catalog.action(id);
    let starts_with = |verbs: &[&str]| verbs.iter().any(|verb| action.name().starts_with(verb));
    let is_read_level = matches!(action.access_level(), AccessLevel::List | AccessLevel::Read);
    let reads = is_read_level && starts_with(&READS);
    let writes = !is_read_level && starts_with(&WRITES);
    Logging::Management {
        reads: reads || !writes,
        writes: writes || !reads,
    }
}
