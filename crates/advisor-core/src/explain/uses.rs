//! The last uses of an action or a service.

use serde::{Serialize, Serializer};
use service_catalog::ActionId;

use super::question::Question;
use crate::account::EntityId;
use crate::activity::Evidence;
use crate::advisor::Advisor;
use crate::report::{ActionRow, Granularity, ReportVisitor, ServiceRow};
use crate::service_ref::ServiceRef;
use crate::state::{State, StateReason};
use crate::time;

/// The last use of an action by one identity in one Region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct ExplainedUse<'a> {
    /// When, in UTC milliseconds. Serialized as the AWS CLI prints times.
    #[serde(rename = "LastAccessedTime", serialize_with = "formatted")]
    pub time: i64,
    /// Whether the time is exact. Otherwise only its day is known: there were later uses, after the instant that the explanation
    /// is about.
    pub is_exact: bool,
    /// The Region.
    #[serde(rename = "LastAccessedRegion")]
    pub region: &'a str,
    /// The id of the event, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_id: Option<&'a str>,
    /// The ARN of the user or role.
    #[serde(rename = "LastAccessedEntity")]
    pub entity: &'a str,
    /// The action. `None` for an event that no action is known of.
    #[serde(rename = "ActionName", skip_serializing_if = "Option::is_none")]
    pub action: Option<&'a str>,
    /// What the use rests on.
    #[serde(serialize_with = "evidence_name")]
    pub evidence: Evidence,
    /// The number of attempts that the activity has, also outside of the tracking period.
    pub attempts: u64,
    /// How many of them were denied for lack of permission.
    #[serde(rename = "DeniedAttempts")]
    pub denied: u64,
    /// Whether the last attempt was denied. `None` when only some of the attempts were, or none were counted: the activity has
    /// their number, not which ones.
    #[serde(rename = "LastAttemptDenied", skip_serializing_if = "Option::is_none")]
    pub is_last_denied: Option<bool>,
}

/// Whether the last of some attempts was denied, if their number tells.
fn is_last_denied(attempts: u64, denied: u64) -> Option<bool> {
    match denied {
        _ if attempts == 0 => None,
        0 => Some(false),
        _ if denied == attempts => Some(true),
        _ => None,
    }
}

fn formatted<S: Serializer>(millis: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&time::format(time::from_millis(*millis)))
}

fn evidence_name<S: Serializer>(evidence: &Evidence, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(match evidence {
        Evidence::Event => "event",
        Evidence::UnresolvedEvent => "unresolved-event",
        Evidence::Record => "record",
        Evidence::Implied => "implied",
    })
}

/// The last uses of what was asked about, the most recent first.
pub(super) fn last_uses<'a>(
    advisor: &'a Advisor,
    entity: EntityId,
    question: &Question,
) -> Vec<ExplainedUse<'a>> {
    let service = ServiceRef::Known(question.service);
    let mut uses = Vec::new();
    for (identity, detail) in advisor.identities(entity) {
        for used in advisor.uses(identity) {
            let is_asked = match question.action {
                Some(action) => used.action == Some(action),
                None => used.service == service,
            };
            if !is_asked {
                continue;
            }
            let Some(attempt) = advisor.service_attempt(used) else {
                continue;
            };
            let event_id = Some(&*used.last_event_id);
            uses.push(ExplainedUse {
                time: attempt.millis,
                is_exact: attempt.is_exact,
                region: &used.region,
                event_id: event_id.filter(|id| attempt.is_exact && !id.is_empty()),
                entity: &detail.arn,
                action: used
                    .action
                    .map(|action| advisor.catalog().action(action).name()),
                evidence: used.evidence,
                attempts: used.count,
                denied: used.denied,
                is_last_denied: is_last_denied(used.count, used.denied),
            });
        }
    }
    uses.sort_by(|left, right| {
        (right.time.cmp(&left.time))
            .then_with(|| left.entity.cmp(right.entity))
            .then_with(|| (left.region, left.action).cmp(&(right.region, right.action)))
            .then_with(|| left.evidence.cmp(&right.evidence))
    });
    uses
}

/// The state of what was asked about, as a report has it.
pub(super) fn state_of(
    advisor: &Advisor,
    entity: EntityId,
    question: &Question,
) -> Option<(State, Option<StateReason>)> {
    if !advisor.has_states() {
        return None;
    }
    let mut visitor = StateOf {
        question,
        is_in_service: false,
        found: None,
    };
    let granularity = match question.action {
        Some(_) => Granularity::Action,
        None => Granularity::Service,
    };
    advisor.visit_rows(entity, granularity, &mut visitor);
    visitor.found
}

struct StateOf<'a> {
    question: &'a Question,
    is_in_service: bool,
    found: Option<(State, Option<StateReason>)>,
}

impl ReportVisitor for StateOf<'_> {
    fn visit_service(&mut self, row: ServiceRow<'_>) {
        self.is_in_service = row.service == Some(self.question.service);
        if self.is_in_service && self.question.action.is_none() {
            self.found = row.state.map(|state| (state, row.state_reason.cloned()));
        }
    }

    fn visit_action(&mut self, row: ActionRow<'_>) {
        let asked: Option<ActionId> = self.question.action;
        if self.is_in_service && asked == Some(row.action) {
            self.found = row.state.map(|state| (state, row.state_reason.cloned()));
        }
    }
}
