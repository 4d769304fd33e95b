//! How the use of each action of a catalog would show in a trail.

use std::sync::Arc;

use hashbrown::HashMap;
use service_catalog::{AccessLevel, ActionId, Catalog, Observability};

use super::place::Place;
use crate::action_set::ActionSet;
use crate::coverage::EventCategory;

/// How and where the use of an action shows in a trail.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Logging {
    pub(super) shows: Shows,
    pub(super) place: Place,
    /// The service, if a trail can leave out its management events.
    pub(super) excludable: Option<&'static str>,
}

/// How the use of an action shows in a trail.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Shows {
    /// In events of its own.
    As(Events),
    /// In calls of other actions only.
    OnlyImplied,
    /// Not at all.
    NoOperation,
    /// AWS does not say.
    NotDocumented,
}

/// Kinds of event, all of which a trail must hold to show every use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Events {
    /// Management events.
    pub(super) management: Directions,
    /// The types of data events. Selectors of a trail choose each of them by itself.
    pub(super) data_types: Arc<[Box<str>]>,
    pub(super) data: Directions,
}

/// Events that read, that write, or both where it is not certain which.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Directions {
    pub(super) reads: bool,
    pub(super) writes: bool,
}

/// The actions of a catalog by how their use shows.
#[derive(Debug)]
pub(super) struct LoggingTable {
    classes: Vec<(Logging, ActionSet)>,
    /// By action: the position of its class.
    by_action: Vec<u16>,
    not_always_logged: ActionSet,
}

impl LoggingTable {
    pub(super) fn new(catalog: &Catalog) -> Self {
        let empty = ActionSet::empty(catalog.action_count());
        let mut classes = Vec::new();
        let mut known: HashMap<Logging, u16> = HashMap::new();
        let mut by_action = Vec::with_capacity(catalog.action_count());
        for (id, _) in catalog.actions() {
            let logging = Logging::of(catalog, id);
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
        let mut not_always_logged = empty;
        let of_classes = classes.iter();
        for (_, actions) in of_classes.filter(|(logging, _)| !logging.is_always_logged()) {
            not_always_logged.union_with(actions);
        }
        Self {
            classes,
            by_action,
            not_always_logged,
        }
    }

    /// The actions that a trail may leave out: those that are not logged, data events, and those of services that it can exclude.
    pub(super) fn not_always_logged(&self) -> &ActionSet {
        &self.not_always_logged
    }

    /// All classes, with their actions.
    pub(super) fn classes(&self) -> &[(Logging, ActionSet)] {
        &self.classes
    }

    /// The position of an action's class.
    pub(super) fn class_of(&self, action: ActionId) -> Option<usize> {
        self.by_action.get(action.index()).copied().map(usize::from)
    }

    pub(super) fn of(&self, action: ActionId) -> Option<&Logging> {
        let (logging, _) = self.classes.get(self.class_of(action)?)?;
        Some(logging)
    }
}

impl Logging {
    fn of(catalog: &Catalog, id: ActionId) -> Self {
        let service = catalog.service(catalog.action(id).service());
        let management = || Directions::of(catalog, id);
        let data = |types: &[Box<str>], management| {
            Shows::As(Events {
                management,
                data_types: needed_types(types).into(),
                data: Directions::of(catalog, id),
            })
        };
        Self {
            shows: match catalog.observability(id) {
                Observability::ManagementEvent => Shows::As(Events {
                    management: management(),
                    ..Events::default()
                }),
                Observability::DataEvent(types) => data(types, Directions::default()),
                Observability::ManagementAndDataEvents(types) => data(types, management()),
                Observability::OnlyImplied => Shows::OnlyImplied,
                Observability::NoOperation => Shows::NoOperation,
                _ => Shows::NotDocumented,
            },
            place: Place::of(service.namespace()),
            excludable: excludable(service.namespace()),
        }
    }

    /// Whether every trail of management events shows it.
    fn is_always_logged(&self) -> bool {
        let is_management = |events: &Events| events.data_types.is_empty();
        self.excludable.is_none()
            && matches!(&self.shows, Shows::As(events) if is_management(events))
    }

    /// How the action may be logged, when its calls were logged as this kind of event. `None` when that tells nothing new.
    pub(super) fn told_by(&self, seen: EventCategory<'_>) -> Option<Events> {
        let one = |resource_type: &str, data| {
            (!resource_type.is_empty()).then(|| Events {
                data_types: [resource_type.into()].into(),
                data,
                ..Events::default()
            })
        };
        let management = |management| {
            Some(Events {
                management,
                ..Events::default()
            })
        };
        match (&self.shows, seen) {
            (Shows::As(events), EventCategory::DataRead(_) | EventCategory::DataWrite(_)) => {
                let is_open = events.data == Directions::BOTH;
                let is_of_it = seen
                    .resource_type()
                    .is_some_and(|seen| events.data_types.iter().any(|one| **one == *seen));
                (is_open && is_of_it).then(|| Events {
                    data: if matches!(seen, EventCategory::DataRead(_)) {
                        Directions::READS
                    } else {
                        Directions::WRITES
                    },
                    ..events.clone()
                })
            }
            (Shows::As(_), _) => None,
            (_, EventCategory::ManagementRead) => management(Directions::READS),
            (_, EventCategory::ManagementWrite) => management(Directions::WRITES),
            (_, EventCategory::Data(resource_type)) => one(resource_type, Directions::BOTH),
            (_, EventCategory::DataRead(resource_type)) => one(resource_type, Directions::READS),
            (_, EventCategory::DataWrite(resource_type)) => one(resource_type, Directions::WRITES),
            (_, EventCategory::NetworkActivity) => None,
        }
    }
}

impl Events {
    /// The kinds of event.
    pub(super) fn kinds(&self) -> impl Iterator<Item = EventCategory<'_>> {
        let management = [
            (EventCategory::ManagementRead, self.management.reads),
            (EventCategory::ManagementWrite, self.management.writes),
        ];
        let data = self.data_types.iter().flat_map(|name| {
            [
                (EventCategory::DataRead(name), self.data.reads),
                (EventCategory::DataWrite(name), self.data.writes),
            ]
        });
        let all = management.into_iter().chain(data);
        all.filter_map(|(kind, is_needed)| is_needed.then_some(kind))
    }
}

/// Whether coverage keeps the calls of an action, because they tell how it is logged: AWS does not say it, or a trail can leave out
/// the events of its service.
#[must_use]
pub fn call_tells(catalog: &Catalog, action: ActionId) -> bool {
    let logging = Logging::of(catalog, action);
    match logging.shows {
        Shows::As(events) => logging.excludable.is_some() || events.data == Directions::BOTH,
        Shows::OnlyImplied | Shows::NoOperation | Shows::NotDocumented => true,
    }
}

/// The service, if a trail can leave out its management events: `ExcludeManagementEventSources`.
///
/// Source: `CloudTrail` User Guide, "Logging management events".
fn excludable(namespace: &str) -> Option<&'static str> {
    ["kms", "rds-data"]
        .into_iter()
        .find(|service| *service == namespace)
}

/// The types that show all calls. Calls through an access point are events on the object too.
fn needed_types(types: &[Box<str>]) -> Vec<Box<str>> {
    const OBJECT: &str = "AWS::S3::Object";
    const ACCESS_POINT: &str = "AWS::S3::AccessPoint";
    let has_objects = types.iter().any(|name| **name == *OBJECT);
    let needed = types
        .iter()
        .filter(|name| !(has_objects && ***name == *ACCESS_POINT));
    needed.cloned().collect()
}

impl Directions {
    const READS: Self = Self {
        reads: true,
        writes: false,
    };
    const WRITES: Self = Self {
        reads: false,
        writes: true,
    };
    const BOTH: Self = Self {
        reads: true,
        writes: true,
    };

    /// Which kind of event an action is logged as. The access level alone does not tell: `kms:Decrypt` and `sts:AssumeRole` have the
    /// level Write, and their events are read-only. Where the level and the verb do not agree, both kinds are needed.
    fn of(catalog: &Catalog, id: ActionId) -> Self {
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
        match (
            is_read_level && starts_with(&READS),
            !is_read_level && starts_with(&WRITES),
        ) {
            (true, _) => Self::READS,
            (_, true) => Self::WRITES,
            _ => Self::BOTH,
        }
    }
}
