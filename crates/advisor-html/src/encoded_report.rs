//! A report, made ready to be written. This is the part of the work that is done in parallel.

use std::ptr;
use std::sync::Arc;

use advisor_core::{
    ActionRow, Advisor, DaySet, DocumentId, EntityDetail, EntityId, EntityKind, Grant, LastAccess,
    Report, ServiceRow, State, StateReason,
};
use hashbrown::HashMap;
use service_catalog::{Catalog, ServiceId};

use crate::grants::{EntityGrants, GrantFinder, StatementPart, document_of};
use crate::varint;

/// A report that is ready to be written: [`ReportEncoder::encode`](crate::ReportEncoder::encode) returns it, and
/// [`HtmlWriter::push`](crate::HtmlWriter::push) takes it.
#[derive(Debug)]
pub struct EncodedReport {
    pub(crate) arn: Box<str>,
    pub(crate) facts: Option<Facts>,
    pub(crate) services: Vec<ServicePart>,
    pub(crate) claims: Vec<(State, String)>,
    pub(crate) not_evaluated: Vec<(String, String)>,
    pub(crate) undecided: usize,
    pub(crate) findings: Vec<FoundPart>,
    /// Why the settings of findings leave the entity out.
    pub(crate) excluded: Option<Box<str>>,
    /// As JSON.
    pub(crate) rightsized: Option<String>,
    /// What the table of all reports says of right-sizing: the names of its [`Advice`](advisor_core::Advice), that of its
    /// [`Refusal`](advisor_core::Refusal), and [`KEPT_WHOLE`].
    pub(crate) advice: Vec<&'static str>,
    /// How many actions right-sizing removes.
    pub(crate) removed_actions: usize,
    /// Whether it is without its right-sized policies and the statements that grant something, because the file is full.
    pub(crate) is_short: bool,
}

/// Nothing goes of what is granted, as statements stay whole.
pub(crate) const KEPT_WHOLE: &str = "kept-whole";

/// A finding on the entity.
#[derive(Clone, Debug)]
pub(crate) struct FoundPart {
    /// Its kind and severity in one number; `None` when it is archived.
    pub(crate) code: Option<u32>,
    pub(crate) json: Arc<str>,
}

/// What the account data and the activity have of the entity.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) kind: EntityKind,
    pub(crate) account: Box<str>,
    pub(crate) name: Box<str>,
    pub(crate) path: Box<str>,
    /// In seconds since 1970.
    pub(crate) created: Option<i64>,
    pub(crate) tags: Vec<String>,
    /// The ARN of the permissions boundary.
    pub(crate) boundary: Option<Arc<str>>,
    pub(crate) days: DaySet,
    pub(crate) policies: Vec<PolicyPart>,
    /// Of a user its groups, of a group its members, of a policy those to which it is attached: by ARN.
    pub(crate) related: Vec<Box<str>>,
}

/// A policy that counts for the entity.
#[derive(Debug)]
pub(crate) struct PolicyPart {
    pub(crate) name: Box<str>,
    /// The ARN of a managed policy.
    pub(crate) arn: Option<Box<str>>,
    /// The ARN of the group that has it, if the entity has it through a group.
    pub(crate) group: Option<Box<str>>,
    /// `None` when it cannot be evaluated.
    pub(crate) document: Option<DocumentId>,
}

/// A service in the report.
#[derive(Debug)]
pub(crate) struct ServicePart {
    pub(crate) service: Option<ServiceId>,
    pub(crate) namespace: Box<str>,
    pub(crate) grant: Grant,
    /// An index of [`EncodedReport::claims`].
    pub(crate) claim: Option<u32>,
    pub(crate) total_entities: u32,
    pub(crate) last: Option<AccessPart>,
    pub(crate) granted: GrantedPart,
    /// The actions of which there is more to say than what [`GrantedPart`] says.
    pub(crate) single: Vec<SinglePart>,
    /// The statements that grant its actions; `None` when finding them would take too much work.
    pub(crate) statements: Option<Arc<[StatementPart]>>,
}

/// The granted actions of a service: the same for every identity with the same permissions, so that equal ones are written
/// once.
#[derive(Debug, Default)]
pub(crate) struct GrantedPart {
    pub(crate) count: u32,
    pub(crate) used: u32,
    pub(crate) by_state: [u32; STATES.len()],
    /// Their positions among the service's actions, each as the distance from the one before.
    pub(crate) positions: Vec<u8>,
    /// The claims in the order of the actions, in runs: an index of [`EncodedReport::claims`], and how many actions have it. Those
    /// in [`ServicePart::single`] continue the run that they are in.
    pub(crate) runs: Vec<(Option<u32>, u32)>,
}

/// An action that was used, or that has a claim of its own.
#[derive(Debug)]
pub(crate) struct SinglePart {
    pub(crate) position: u32,
    pub(crate) is_granted: bool,
    pub(crate) claim: Option<u32>,
    pub(crate) last: Option<AccessPart>,
}

/// When, by whom and where something was last accessed.
#[derive(Debug)]
pub(crate) struct AccessPart {
    pub(crate) millis: i64,
    /// The ARN of the identity, unless it is the entity of the report.
    pub(crate) entity: Option<Box<str>>,
    pub(crate) region: Box<str>,
}

/// The states in the order of their numbers in the file, which count from 1.
pub(crate) const STATES: [State; 5] = [
    State::Used,
    State::Implied,
    State::Unused,
    State::Unobservable,
    State::Uncovered,
];

impl EncodedReport {
    /// Makes a report of an advisor ready to be written. Without a finder, it is short.
    pub(crate) fn new(advisor: &Advisor, finder: Option<&GrantFinder>, report: &Report) -> Self {
        let entity = advisor.account().resolve(report.arn()).ok();
        let detail = entity.and_then(|id| Some((id, advisor.account().entity(id)?)));
        let mut claims = Claims::default();
        let rows = (report.service_rows())
            .chain(report.ungranted_service_rows())
            .chain(report.unknown_event_source_rows());
        let mut grants = finder.and_then(|finder| Some(finder.of(advisor, entity?)));
        let services = rows.map(|row| ServicePart::new(report, row, &mut claims, &mut grants));
        let services = services.collect();
        let missing = report.not_evaluated().iter();
        Self {
            arn: report.arn().into(),
            facts: detail.map(|(id, detail)| Facts::new(advisor, id, detail)),
            services,
            claims: claims.list,
            not_evaluated: missing
                .map(|it| (it.name.clone(), it.reason.to_string()))
                .collect(),
            undecided: report.undecided(),
            findings: Vec::new(),
            rightsized: None,
            advice: Vec::new(),
            removed_actions: 0,
            excluded: None,
            is_short: finder.is_none(),
        }
    }
}

impl Facts {
    fn new(advisor: &Advisor, id: EntityId, detail: &EntityDetail) -> Self {
        let account = advisor.account();
        let arn = |id| account.entity(id).map(|entity| Box::from(&*entity.arn));
        let related: Vec<Box<str>> = match detail.kind {
            EntityKind::User => account.groups_of(id).filter_map(arn).collect(),
            EntityKind::Group => account.members_of(id).filter_map(arn).collect(),
            EntityKind::Policy => account.attached_to(id).filter_map(arn).collect(),
            EntityKind::Role => Vec::new(),
        };
        let policies = account.policies_in_effect(id).into_iter();
        let policies = policies.map(|policy| PolicyPart {
            document: document_of(&policy),
            name: policy.name.into(),
            arn: policy.arn.map(|arn| Box::from(&**arn)),
            group: (policy.holder != id).then(|| arn(policy.holder)).flatten(),
        });
        Self {
            kind: detail.kind,
            account: detail.account.as_str().into(),
            name: detail.name.clone(),
            path: detail.path.clone(),
            created: detail.created.map(|time| time.timestamp()),
            tags: (detail.tags.iter())
                .map(|(key, value)| format!("{key}={value}"))
                .collect(),
            boundary: detail.permissions_boundary.clone(),
            days: advisor.attempt_days(id),
            policies: policies.collect(),
            related,
        }
    }
}

impl ServicePart {
    fn new<'a>(
        report: &'a Report,
        row: ServiceRow<'a>,
        claims: &mut Claims,
        grants: &mut Option<EntityGrants<'_>>,
    ) -> Self {
        let statements = match (row.grant, row.service, grants) {
            (Grant::Granted, Some(service), Some(grants)) => grants.of_service(service),
            _ => Some(Arc::default()),
        };
        let mut part = Self {
            service: row.service,
            namespace: row.namespace.into(),
            grant: row.grant,
            claim: claims.index(row.state, row.state_reason),
            total_entities: row.total_authenticated_entities,
            last: AccessPart::of(report, row.last),
            granted: GrantedPart::default(),
            single: Vec::new(),
            statements,
        };
        let mut before = 0;
        for action in row.actions() {
            let position = position(report.catalog(), row.service, action);
            let claim = claims.index(action.state, action.state_reason);
            let is_single = !action.is_granted
                || action.last.is_some()
                || matches!(action.state, Some(State::Used | State::Implied));
            if action.is_granted {
                part.granted
                    .add(position.saturating_sub(before), action, claim, is_single);
                before = position;
            }
            if is_single {
                part.single.push(SinglePart {
                    position,
                    is_granted: action.is_granted,
                    claim,
                    last: AccessPart::of(report, action.last),
                });
            }
        }
        part
    }
}

/// The position of an action among those of its service.
fn position(catalog: &Catalog, service: Option<ServiceId>, action: ActionRow<'_>) -> u32 {
    let first = service.map(|id| catalog.service(id).action_range().start);
    let position = action.action.index().saturating_sub(first.unwrap_or(0));
    u32::try_from(position).unwrap_or(u32::MAX)
}

impl GrantedPart {
    /// The positions of the actions.
    pub(crate) fn each_position(&self) -> impl Iterator<Item = usize> {
        let mut bytes = self.positions.iter();
        let mut position = 0;
        std::iter::from_fn(move || {
            position += varint::read(&mut bytes)?;
            usize::try_from(position).ok()
        })
    }

    fn add(&mut self, distance: u32, action: ActionRow<'_>, claim: Option<u32>, is_single: bool) {
        self.count += 1;
        self.used += u32::from(action.last.is_some());
        let state = STATES.iter().position(|state| Some(*state) == action.state);
        if let Some(count) = state.and_then(|state| self.by_state.get_mut(state)) {
            *count += 1;
        }
        varint::push(&mut self.positions, distance.into());
        match self.runs.last_mut() {
            Some((known, count)) if *known == claim || is_single => *count += 1,
            // The first actions take the claim of the one after them.
            Some((known @ None, count)) if self.count == *count + 1 => {
                *known = claim;
                *count += 1;
            }
            _ => self.runs.push((claim.filter(|_| !is_single), 1)),
        }
    }
}

impl AccessPart {
    fn of(report: &Report, last: Option<LastAccess<'_>>) -> Option<Self> {
        last.map(|last| Self {
            millis: last.millis,
            entity: (last.entity != report.arn()).then(|| last.entity.into()),
            region: last.region.into(),
        })
    }
}

/// The claims of one report.
#[derive(Default)]
struct Claims {
    list: Vec<(State, String)>,
    /// By the address of the reason, which stays where it is as long as the report: thousands of actions share one.
    known: HashMap<(State, usize), u32>,
}

impl Claims {
    fn index(&mut self, state: Option<State>, reason: Option<&StateReason>) -> Option<u32> {
        let state = state?;
        let address = reason.map_or(0, |reason| ptr::from_ref(reason).addr());
        let index = *self.known.entry((state, address)).or_insert_with(|| {
            let text = reason.map(StateReason::to_string);
            self.list.push((state, text.unwrap_or_default()));
            u32::try_from(self.list.len() - 1).unwrap_or(u32::MAX)
        });
        Some(index)
    }
}
