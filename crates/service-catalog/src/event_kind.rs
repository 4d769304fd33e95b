//! What the catalog knows of an event beside its action: which fields of the record decide between actions, and which further
//! actions the call exercises.

use std::ops::Range;

use crate::condition::{FieldsNeeded, RecordCondition};
use crate::ids::{ActionId, ServiceId};

/// An event name of a service about which the catalog knows more than its action.
#[derive(Debug, Clone)]
pub struct EventKind {
    pub(crate) name: Box<str>,
    pub(crate) service: ServiceId,
    pub(crate) action: ActionId,
    pub(crate) alternatives: Range<usize>,
    pub(crate) implied: Range<usize>,
    pub(crate) data_resource_types: Box<[Box<str>]>,
    pub(crate) is_management: bool,
    pub(crate) fields_needed: FieldsNeeded,
}

impl EventKind {
    /// The event name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The service that knows the event name.
    #[must_use]
    pub fn service(&self) -> ServiceId {
        self.service
    }

    /// The action, before any field of the record is looked at.
    #[must_use]
    pub fn action(&self) -> ActionId {
        self.action
    }

    /// The resource types as whose data events it is logged, for instance `AWS::S3::Object`. Empty when AWS documents none.
    pub fn data_resource_types(&self) -> impl ExactSizeIterator<Item = &str> + Clone {
        self.data_resource_types.iter().map(|name| &**name)
    }

    /// Whether AWS documents it as a management event.
    #[must_use]
    pub fn is_management_event(&self) -> bool {
        self.is_management
    }
}

/// Another action that the event is when a condition holds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Alternative {
    pub(crate) condition: usize,
    pub(crate) action: ActionId,
}

/// An implied action as it is kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Implied {
    pub(crate) action: ActionId,
    pub(crate) when: When,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum When {
    Always,
    Exactly(usize),
    AtLeast(usize),
    Undecided,
}

impl When {
    /// The condition that decides, and whether nothing else can.
    pub(crate) fn condition(self) -> Option<(usize, bool)> {
        match self {
            Self::Exactly(condition) => Some((condition, true)),
            Self::AtLeast(condition) => Some((condition, false)),
            Self::Always | Self::Undecided => None,
        }
    }
}

/// A further action that a call exercises, and when.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct ImpliedAction<'c> {
    /// The action.
    pub action: ActionId,
    /// When the call exercises it.
    pub when: ImpliedWhen<'c>,
}

/// When a call exercises a further action.
#[derive(Debug, Clone, Copy)]
pub enum ImpliedWhen<'c> {
    /// With every call.
    Always,
    /// When the condition holds, and not otherwise.
    Exactly(&'c RecordCondition),
    /// When the condition holds; otherwise the record does not tell.
    AtLeast(&'c RecordCondition),
    /// AWS authorizes the call by this action too, in cases that the record does not show.
    Undecided,
}

/// A further action that one call exercised, or may have exercised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImpliedUse {
    /// The action.
    pub action: ActionId,
    /// Whether the record shows that the call exercised it. Otherwise the call may have done so.
    pub is_certain: bool,
}
