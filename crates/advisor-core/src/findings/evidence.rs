//! What a finding rests on: the last use, and the statements that grant.

use std::fmt;
use std::sync::Arc;

use hashbrown::HashMap;
use service_catalog::{ActionId, ServiceId};

use super::rhythm::Rhythm;
use crate::account::EntityId;
use crate::activity::Evidence;
use crate::advisor::Advisor;
use crate::day_set::DaySet;
use crate::explain::{Granting, PlacedStatement};
use crate::service_ref::ServiceRef;
use crate::tracking::TimeWindow;
use crate::usage::Used;

/// The last attempt at something, and how often there were attempts.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LastUse {
    /// When, in UTC milliseconds.
    pub millis: i64,
    /// In which Region. Empty where the credential report does not say it.
    pub region: Arc<str>,
    /// The id of the event. `None` when only its day is known.
    pub event_id: Option<Box<str>>,
    /// The number of attempts that the activity has; 0 for uses that only the credential report has.
    pub attempts: u64,
    /// How many of them were denied.
    pub denied: u64,
    /// How regularly it was used.
    pub rhythm: Option<Rhythm>,
}

impl LastUse {
    /// The latest of the last uses of several things, with the attempts at all of them.
    pub(super) fn last_of<'a>(uses: impl Iterator<Item = &'a Self>) -> Option<Self> {
        uses.cloned().reduce(Self::merge)
    }

    /// The later of the last uses of two things, with the attempts at both. Their rhythm together is not known.
    fn merge(self, other: Self) -> Self {
        let attempts = self.attempts.saturating_add(other.attempts);
        let denied = self.denied.saturating_add(other.denied);
        let key = |one: &Self| (one.millis, one.event_id.clone());
        let last = if key(&other) > key(&self) {
            other
        } else {
            self
        };
        Self {
            attempts,
            denied,
            rhythm: None,
            ..last
        }
    }
}

/// Sums up attempts.
#[derive(Debug, Default)]
pub(super) struct Uses<'a> {
    last: Option<(i64, Option<&'a str>, &'a Arc<str>)>,
    attempts: u64,
    denied: u64,
    days: DaySet,
    recent: Recent,
}

/// How many attempts of the tracking period were denied, and how many were not, at least. Attempts are counted over all of the
/// activity; of the period, their days are known.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Recent {
    pub(super) denied: u64,
    pub(super) allowed: u64,
}

impl Recent {
    fn of(used: &Used, period: TimeWindow) -> Self {
        let attempts = &used.attempts;
        let mut allowed = used.count.saturating_sub(used.denied);
        if used.count == 0 && attempts.last_millis >= period.start {
            // Where only corrections were recorded, nothing says that all attempts were denied.
            allowed = 1;
        }
        if attempts.first_millis >= period.start && attempts.last_millis <= period.end {
            return Self {
                denied: used.denied,
                allowed,
            };
        }
        // Days that are in the period as a whole, or have no attempt outside it.
        let first = DaySet::day_of(period.start.saturating_sub(1)).saturating_add(1);
        let last = DaySet::day_of(period.end);
        let last = last - i32::from(attempts.last_millis > period.end);
        let days = attempts.days.within(Some(first), last).len();
        let days = u64::try_from(days).unwrap_or(u64::MAX);
        Self {
            denied: days.saturating_sub(allowed),
            allowed: days.saturating_sub(used.denied),
        }
    }
}

impl<'a> Uses<'a> {
    /// Adds attempts until the end of the tracking period. Calls that may have exercised something do not count.
    pub(super) fn add(&mut self, used: &'a Used, period: TimeWindow) {
        let until = period.end;
        let window = TimeWindow {
            start: i64::MIN,
            end: until,
        };
        let Some(attempt) = window.last_attempt(&used.attempts) else {
            return;
        };
        if used.evidence == Evidence::Implied {
            return;
        }
        let event_id = attempt.is_exact.then_some(&*used.last_event_id);
        let event_id = event_id.filter(|id| !id.is_empty());
        let last = (attempt.millis, event_id, &used.region);
        if self.last.is_none_or(|known| known < last) {
            self.last = Some(last);
        }
        self.attempts = self.attempts.saturating_add(used.count);
        self.denied = self.denied.saturating_add(used.denied);
        let days = used.attempts.days.within(None, DaySet::day_of(until));
        self.days.merge(&days);
        let recent = Recent::of(used, period);
        self.recent.denied = self.recent.denied.saturating_add(recent.denied);
        self.recent.allowed = self.recent.allowed.saturating_add(recent.allowed);
    }

    /// The attempts in the tracking period.
    pub(super) fn recent(&self) -> Recent {
        self.recent
    }

    /// `None` without an attempt.
    pub(super) fn last_use(&self) -> Option<LastUse> {
        let (millis, event_id, region) = self.last?;
        Some(LastUse {
            millis,
            region: region.clone(),
            event_id: event_id.map(Box::from),
            attempts: self.attempts,
            denied: self.denied,
            rhythm: Rhythm::of(&self.days),
        })
    }
}

/// What an identity did, summed up by service and action, over all of the activity.
#[derive(Default)]
pub(super) struct IdentityUses<'a> {
    pub(super) all: Uses<'a>,
    services: HashMap<ServiceId, Uses<'a>>,
    pub(super) actions: HashMap<ActionId, Uses<'a>>,
}

impl<'a> IdentityUses<'a> {
    pub(super) fn new(advisor: &'a Advisor, identity: EntityId, period: TimeWindow) -> Self {
        let mut this = Self::default();
        for used in advisor.uses(identity) {
            this.all.add(used, period);
            if let ServiceRef::Known(service) = used.service {
                this.services.entry(service).or_default().add(used, period);
            }
            if let Some(action) = used.action {
                this.actions.entry(action).or_default().add(used, period);
            }
        }
        this
    }

    pub(super) fn of_service(&self, service: ServiceId) -> Option<Box<LastUse>> {
        self.services.get(&service)?.last_use().map(Box::new)
    }

    /// The last use of each of these actions that was used.
    pub(super) fn of_actions(&self, actions: &[ActionId]) -> Box<[(ActionId, LastUse)]> {
        let last_use = |action: &ActionId| Some((*action, self.actions.get(action)?.last_use()?));
        actions.iter().filter_map(last_use).collect()
    }
}

/// A statement that grants actions of a finding, and the path to it: identity, group, policy, statement.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GrantingStatement {
    /// The ARN of the group that has the policy; `None` when the identity itself has it.
    pub group: Option<Arc<str>>,
    /// The name of the policy.
    pub policy: Box<str>,
    /// The ARN of a managed policy; `None` for an inline policy.
    pub policy_arn: Option<Arc<str>>,
    /// The position of the statement in the policy, from 0.
    pub statement: usize,
    /// Its `Sid`.
    pub sid: Option<Box<str>>,
    /// How many actions of the finding it grants.
    pub actions: usize,
    /// Whether it allows them on all resources and without a condition.
    pub is_unlimited: bool,
}

impl GrantingStatement {
    /// Whether it is the same statement, whatever it grants.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let place = |one: &Self| (one.group.clone(), one.policy_arn.clone(), one.statement);
        place(self) == place(other) && self.policy == other.policy
    }

    pub(super) fn new(granting: &Granting<'_>, actions: usize) -> Self {
        let PlacedStatement {
            path,
            index,
            statement,
        } = granting.place;
        Self {
            group: path.group.map(|group| group.arn.clone()),
            policy: path.policy_name.into(),
            policy_arn: path.policy_arn.cloned(),
            statement: index,
            sid: statement.sid.as_deref().map(Box::from),
            actions,
            is_unlimited: granting.is_unlimited(),
        }
    }
}

/// The way to it: `group/developers > DeveloperAccess > statement 2 (Queues)`.
impl fmt::Display for GrantingStatement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(group) = &self.group {
            write!(f, "{} > ", group.splitn(6, ':').nth(5).unwrap_or(group))?;
        }
        let kind = if self.policy_arn.is_some() {
            ""
        } else {
            "inline policy "
        };
        write!(f, "{kind}{} > statement {}", self.policy, self.statement)?;
        match &self.sid {
            Some(sid) => write!(f, " ({sid})"),
            None => Ok(()),
        }
    }
}
