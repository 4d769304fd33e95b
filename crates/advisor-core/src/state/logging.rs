//! How the use of each action of a catalog would show in a trail.

use std::collections::BTreeSet;
use std::sync::Arc;

use hashbrown::{HashMap, HashSet};
use service_catalog::{AccessLevel, ActionId, Catalog, Observability};

use super::call_region::CallRegion;
use super::data_types;
use crate::action_set::ActionSet;
use crate::coverage::EventCategory;

/// How and where the use of an action shows in a trail.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Logging {
    pub(super) shows: Shows,
    pub(super) call_region: CallRegion,
    /// If a trail can leave out the management events of the service.
    pub(super) excludable: Option<Excludable>,
}

/// Services whose management events a trail can leave out: it holds them from the first to the last day with such a call.
///
/// Source: `CloudTrail` User Guide, "Logging management events" and "Global service events".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Excludable {
    /// One service: `ExcludeManagementEventSources`.
    Service(&'static str),
    /// All services whose calls are logged in one Region of the partition: `IncludeGlobalServiceEvents`. Only there.
    GlobalServices,
}

impl Excludable {
    /// That of a service.
    fn of(namespace: &str) -> Option<Self> {
        let service = ["kms", "rds-data"].into_iter().find(|it| *it == namespace);
        let is_global = || CallRegion::of(namespace).is_us_east();
        service
            .map(Self::Service)
            .or_else(|| is_global().then_some(Self::GlobalServices))
    }

    /// Whether a call of a service shows that the trail holds them. One of STS does not, since it may be of the endpoint of the
    /// Region, whose events a trail without global services holds too.
    pub(super) fn is_shown_by(self, namespace: &str) -> bool {
        match self {
            Self::Service(service) => service == namespace,
            Self::GlobalServices => CallRegion::of(namespace).is_only_us_east(),
        }
    }

    /// Whether a trail can leave them out of the events of a Region.
    pub(super) fn is_in(self, call_region: CallRegion, region: &str) -> bool {
        match self {
            Self::Service(_) => true,
            Self::GlobalServices => call_region
                .home()
                .is_some_and(|home| home.contains(&region)),
        }
    }

    /// As reasons name them.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Service(service) => service,
            Self::GlobalServices => "global services",
        }
    }
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
    /// The actions that events with other names are credited to as well, and what these events do.
    other_names: HashMap<ActionId, Directions>,
    /// The actions that share events with others. Whether such an event reads may depend on the event, not on the action.
    share_events: HashSet<ActionId>,
}

impl LoggingTable {
    pub(super) fn new(catalog: &Catalog) -> Self {
        let empty = ActionSet::empty(catalog.action_count());
        let mut other_names: HashMap<ActionId, Directions> = HashMap::new();
        for (name, action) in catalog.other_event_names() {
            let others = other_names.entry(action).or_default();
            *others = others.and(Directions::of_verb(name));
        }
        let mut classes = Vec::new();
        let mut known: HashMap<Logging, u16> = HashMap::new();
        let mut by_action = Vec::with_capacity(catalog.action_count());
        for (id, _) in catalog.actions() {
            let logging = Logging::of(catalog, id, other_names.get(&id).copied());
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
            other_names,
            share_events: catalog.actions_decided_by_record().collect(),
        }
    }

    /// The actions that a trail may leave out: those that are not logged, data events, and those of services that it can exclude.
    pub(super) fn not_always_logged(&self) -> &ActionSet {
        &self.not_always_logged
    }

    /// How an action may be logged, by the kinds of event that its calls were logged as: [`Logging::told_by`].
    pub(super) fn told_by(
        &self,
        action: ActionId,
        seen: &BTreeSet<EventCategory<'_>>,
    ) -> Option<Events> {
        if self.share_events.contains(&action) {
            return None;
        }
        let other_names = self.other_names.get(&action).copied();
        self.of(action)?.told_by(seen, other_names)
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
    /// That of an action, with what its events with other names do.
    fn of(catalog: &Catalog, id: ActionId, other_names: Option<Directions>) -> Self {
        let service = catalog.service(catalog.action(id).service());
        let directions = Directions::of(catalog, id).and(other_names.unwrap_or_default());
        let management = || directions;
        let data = |types: &[Box<str>], management| {
            Shows::As(Events {
                management,
                data_types: needed_types(types).into(),
                data: directions,
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
            call_region: CallRegion::of_action(service.namespace(), catalog.action(id).name()),
            excludable: Excludable::of(service.namespace()),
        }
    }

    /// Whether every trail of management events shows it, if it holds global services.
    fn is_always_logged(&self) -> bool {
        let is_management = |events: &Events| events.data_types.is_empty();
        !matches!(self.excludable, Some(Excludable::Service(_)))
            && matches!(&self.shows, Shows::As(events) if is_management(events))
    }

    /// How the action may be logged, when its calls were logged as these kinds of event: all of them are needed, and data events of
    /// all types of the same product. `None` when that tells nothing new. Of several events that are credited to an action, each could
    /// be logged as another kind: where AWS does not list them, calls tell nothing.
    fn told_by(
        &self,
        seen: &BTreeSet<EventCategory<'_>>,
        other_names: Option<Directions>,
    ) -> Option<Events> {
        let types = |events: &Events, seen: EventCategory<'_>| {
            let seen = seen.resource_type();
            seen.is_some_and(|seen| events.data_types.iter().any(|one| **one == *seen))
        };
        if let Shows::As(events) = &self.shows {
            let mut told = Events {
                data: Directions::default(),
                ..events.clone()
            };
            for kind in seen.iter().filter(|kind| types(events, **kind)) {
                told.data.add(*kind);
            }
            let is_new = events.data == Directions::BOTH && told.data != Directions::default();
            told.data = told.data.and(other_names.unwrap_or_default());
            return is_new.then_some(told);
        }
        if other_names.is_some() {
            return None;
        }
        let mut told = Events::default();
        let mut data_types = BTreeSet::new();
        for kind in seen {
            match kind.resource_type() {
                None => told.management.add(*kind),
                // Nobody knows of what.
                Some("") => {}
                Some(name) => {
                    told.data.add(*kind);
                    data_types.extend(data_types::of_product(name));
                }
            }
        }
        told.data_types = data_types.into_iter().map(Box::from).collect();
        (told != Events::default()).then_some(told)
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
    let logging = Logging::of(catalog, action, None);
    let Shows::As(events) = logging.shows else {
        return true;
    };
    // To look for other names takes long, and readers ask for every action that is called.
    let is_told = || {
        let others = catalog.other_event_names_of(action);
        let others = others.map(Directions::of_verb);
        others.fold(events.data, Directions::and) == Directions::BOTH
    };
    let has_data_events = events.data != Directions::default();
    logging.excludable.is_some() || has_data_events && is_told()
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

    /// Adds those of a kind of event.
    fn add(&mut self, kind: EventCategory<'_>) {
        use EventCategory::{Data, DataRead, DataWrite, ManagementRead, ManagementWrite};
        self.reads |= matches!(kind, ManagementRead | DataRead(_) | Data(_));
        self.writes |= matches!(kind, ManagementWrite | DataWrite(_) | Data(_));
    }

    /// The kinds of both.
    fn and(self, other: Self) -> Self {
        Self {
            reads: self.reads || other.reads,
            writes: self.writes || other.writes,
        }
    }

    /// What an action or event with this name does; nothing where its verb does not tell.
    fn of_verb(name: &str) -> Self {
        const READS: [&str; 4] = ["Describe", "Get", "Head", "List"];
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
        let starts_with = |verbs: &[&str]| verbs.iter().any(|verb| name.starts_with(verb));
        Self {
            reads: starts_with(&READS),
            writes: starts_with(&WRITES),
        }
    }

    /// Which kind of event an action is logged as, when the event has its name. The access level alone does not tell: `kms:Decrypt` and
    /// `sts:AssumeRole` have the level Write, and their events are read-only. Where the level and the verb do not agree, both kinds
    /// are needed.
    fn of(catalog: &Catalog, id: ActionId) -> Self {
        let action = catalog.action(id);
        let by_level = match action.access_level() {
            AccessLevel::List | AccessLevel::Read => Self::READS,
            _ => Self::WRITES,
        };
        match Self::of_verb(action.name()) {
            by_verb if by_verb == by_level => by_level,
            _ => Self::BOTH,
        }
    }
}
