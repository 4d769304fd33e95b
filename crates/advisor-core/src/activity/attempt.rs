//! Attempts: who attempted which action, where and when.

use chrono::{DateTime, Utc};

use crate::principal::Principal;

/// What was attempted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CreditedAction<'a> {
    /// The name of an action in the catalog.
    Action(&'a str),
    /// The name of an event that the catalog has no action for.
    Event(&'a str),
    /// The name of a further action that the record of a call shows to be exercised by it: `PassRole` by a `RunInstances` with an
    /// instance profile.
    Exercised(&'a str),
    /// The name of a further action that a call may have exercised, when its record should tell but does not, because it lacks
    /// its parameters.
    Implied(&'a str),
}

impl<'a> CreditedAction<'a> {
    /// The action's or the event's name.
    #[must_use]
    pub fn name(self) -> &'a str {
        match self {
            Self::Action(name)
            | Self::Event(name)
            | Self::Exercised(name)
            | Self::Implied(name) => name,
        }
    }

    /// What the credit rests on.
    #[must_use]
    pub fn evidence(self) -> Evidence {
        match self {
            Self::Action(_) => Evidence::Event,
            Self::Event(_) => Evidence::UnresolvedEvent,
            Self::Exercised(_) => Evidence::Record,
            Self::Implied(_) => Evidence::Implied,
        }
    }

    /// The action or event with this name and this evidence.
    #[must_use]
    pub fn new(evidence: Evidence, name: &'a str) -> Self {
        match evidence {
            Evidence::Event => Self::Action(name),
            Evidence::UnresolvedEvent => Self::Event(name),
            Evidence::Record => Self::Exercised(name),
            Evidence::Implied => Self::Implied(name),
        }
    }
}

/// What the credit of an attempt to an action rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Evidence {
    /// An event that is named after the action, or that the catalog resolves to it.
    Event,
    /// An event that the catalog has no action for.
    UnresolvedEvent,
    /// The record of a call of another action shows it.
    Record,
    /// A call of another action may have exercised it.
    Implied,
}

/// One attempt, as one event describes it. Attempts count whether they succeeded or not.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    /// Who made the attempt.
    pub principal: Principal<'a>,
    /// The service's namespace; the first label of the event source when the service is unknown.
    pub service: &'a str,
    /// The action.
    pub action: CreditedAction<'a>,
    /// The Region in the event.
    pub region: &'a str,
    /// When, in UTC milliseconds.
    pub time_millis: i64,
    /// The event's id.
    pub event_id: &'a str,
    /// Whether the attempt was denied for lack of permission.
    pub denied: bool,
}

impl<'a> Attempt<'a> {
    /// An attempt that was not denied, or of which that is not known. It has no event id.
    #[must_use]
    pub fn new(
        principal: Principal<'a>,
        service: &'a str,
        action: CreditedAction<'a>,
        region: &'a str,
        time: DateTime<Utc>,
    ) -> Self {
        Self {
            principal,
            service,
            action,
            region,
            time_millis: time.timestamp_millis(),
            event_id: "",
            denied: false,
        }
    }

    /// The same attempt, with the id of its event.
    #[must_use]
    pub fn event_id(mut self, event_id: &'a str) -> Self {
        self.event_id = event_id;
        self
    }

    /// The same attempt, denied for lack of permission or not.
    #[must_use]
    pub fn denied(mut self, denied: bool) -> Self {
        self.denied = denied;
        self
    }
}

/// A principal as some events describe it: under one ARN, in one account. Valid only for the
/// [`Activity`](crate::Activity) that returned it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AppearanceId(pub(super) u32);

/// An action of a service. Valid only for the [`Activity`](crate::Activity) that returned it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CreditedActionId(pub(super) u32);

/// A Region. Valid only for the [`Activity`](crate::Activity) that returned it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RegionId(pub(super) u32);

/// An [`Attempt`] by the ids of the [`Activity`](crate::Activity) that will record it.
#[derive(Clone, Copy, Debug)]
pub struct InternedAttempt<'a> {
    /// Who made the attempt.
    pub principal: AppearanceId,
    /// The action.
    pub action: CreditedActionId,
    /// The Region.
    pub region: RegionId,
    /// When, in UTC milliseconds.
    pub time_millis: i64,
    /// The event's id as UTF-8. Other bytes read as an empty id.
    pub event_id: &'a [u8],
    /// Whether the attempt was denied for lack of permission.
    pub denied: bool,
}
