//! Findings and their parts.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use service_catalog::{ActionId, Catalog, ServiceId};

use super::evidence::{GrantingStatement, LastUse};
use super::fingerprint::{ActionsFingerprint, FindingId};
use super::kind::FindingKind;
use super::settings::ArchiveRule;
use super::severity::{Severity, SeverityReason};
use crate::account::EntityKind;
use crate::ids::AccountId;
use crate::state::{DayRange, State, StateReason};

/// Something that an account could do without, or that does not fit together. Serializes as Access Analyzer's `GetFindingV2`
/// returns it, with everything that has no place there under `accessAdvisor`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Finding {
    /// The id.
    pub id: FindingId,
    /// The kind.
    pub kind: FindingKind,
    /// Whether it is archived.
    pub status: FindingStatus,
    /// How much it matters.
    pub severity: Severity,
    /// Why it matters that much.
    pub severity_reason: SeverityReason,
    /// The ARN of the user, group, role or managed policy.
    pub resource: Arc<str>,
    /// What that is.
    pub resource_kind: EntityKind,
    /// Its account; `aws` for an AWS managed policy.
    pub account: AccountId,
    /// When it was created.
    pub created: Option<DateTime<Utc>>,
    /// What of it the finding is about, where that is one of several: an access key, an inline policy, a class of privileges.
    pub subject: Box<str>,
    /// The id of the access key that the finding is about, if the trail shows which one it is.
    pub credential_id: Option<Box<str>>,
    /// Until when IAM's credential report knows uses, in findings that rest on it.
    pub reported_until: Option<DateTime<Utc>>,
    /// Whether it also rests on `RoleLastUsed` of the export, which is there and empty: the role may do what leaves no trace in the trail.
    pub rests_on_last_used: bool,
    /// The services that the finding is about, sorted by namespace, with their actions.
    pub permissions: Vec<FoundPermission>,
    /// How many actions are granted and unused: what removing them would win.
    pub unused_actions: usize,
    /// The last use of what the finding is about, in all of the activity: of the services and actions that it lists, or of the whole
    /// identity.
    pub last_use: Option<LastUse>,
    /// What the activity says: `unused` of what was not used, `used` of what was. `None` where it does not matter.
    pub state: Option<State>,
    /// Why it has that state: for `unused`, the days and Regions that were read. Of several, the one with the fewest days.
    pub state_reason: Option<Arc<StateReason>>,
    /// The days that the finding is about.
    pub window: DayRange,
    /// The statements that grant what the finding is about.
    pub granted_by: Vec<GrantingStatement>,
    /// The ARN of the permissions boundary of the user or role. It is not evaluated, and may deny what the statements grant.
    pub permissions_boundary: Option<Arc<str>>,
    /// The instant of the finding.
    pub found_at: DateTime<Utc>,
    pub(super) catalog: Arc<Catalog>,
}

impl Finding {
    /// The catalog that the ids of services and actions belong to.
    #[must_use]
    pub fn catalog(&self) -> &Arc<Catalog> {
        &self.catalog
    }

    /// The number of services that are unused as a whole.
    #[must_use]
    pub fn unused_services(&self) -> usize {
        let permissions = self.permissions.iter();
        permissions
            .filter(|permission| permission.is_whole_service)
            .count()
    }

    /// The namespaces of the services that the finding is about as a whole.
    pub fn whole_services(&self) -> impl Iterator<Item = &str> {
        let whole = self.permissions.iter().filter(|one| one.is_whole_service);
        whole.map(|one| self.catalog.service(one.service).namespace())
    }

    /// The actions of other services, with their namespaces: `s3:GetObject`.
    pub fn listed_actions(&self) -> impl Iterator<Item = String> {
        let actions = self.permissions.iter().flat_map(|one| &one.actions);
        actions.map(|action| self.action_name(*action))
    }

    /// An action with its namespace: `s3:GetObject`.
    #[must_use]
    pub fn action_name(&self, action: ActionId) -> String {
        name_of(&self.catalog, action)
    }
}

/// An action with its namespace.
pub(crate) fn name_of(catalog: &Catalog, action: ActionId) -> String {
    let action = catalog.action(action);
    let namespace = catalog.service(action.service()).namespace();
    format!("{namespace}:{}", action.name())
}

/// A service of a [`Finding`], or some of its actions.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FoundPermission {
    /// The service.
    pub service: ServiceId,
    /// Whether the finding is about all of the service that is granted.
    pub is_whole_service: bool,
    /// The actions, sorted by name. Empty for a whole service.
    pub actions: Box<[ActionId]>,
    /// How many actions that is.
    pub action_count: u32,
    /// How many actions of the service are granted.
    pub granted_actions: u32,
    /// Of a whole service: which actions are granted, for a [`Baseline`](crate::Baseline).
    pub actions_fingerprint: Option<ActionsFingerprint>,
    /// The last use of the service or, where actions are listed, of any of them, in all of the activity.
    pub last_use: Option<Box<LastUse>>,
    /// The last use of each listed action that was used, in all of the activity, sorted as the actions.
    pub action_uses: Box<[(ActionId, LastUse)]>,
    /// Why it is unused: the days and Regions that were read.
    pub state_reason: Option<Arc<StateReason>>,
}

impl FoundPermission {
    /// Listed actions of a service.
    pub(super) fn of_actions(
        service: ServiceId,
        actions: Box<[ActionId]>,
        action_uses: Box<[(ActionId, LastUse)]>,
    ) -> Self {
        Self {
            service,
            is_whole_service: false,
            action_count: u32::try_from(actions.len()).unwrap_or(u32::MAX),
            actions,
            granted_actions: 0,
            actions_fingerprint: None,
            last_use: LastUse::last_of(action_uses.iter().map(|(_, last)| last)).map(Box::new),
            action_uses,
            state_reason: None,
        }
    }

    /// The last use of any of some permissions.
    pub(super) fn last_use_of(permissions: &[Self]) -> Option<LastUse> {
        LastUse::last_of(permissions.iter().filter_map(|one| one.last_use.as_deref()))
    }

    /// The last use of a listed action.
    #[must_use]
    pub fn use_of(&self, action: ActionId) -> Option<&LastUse> {
        let mut uses = self.action_uses.iter();
        let (_, last) = uses.find(|(used, _)| *used == action)?;
        Some(last)
    }

    /// Keeps some of the listed actions.
    pub(super) fn retain_actions(&mut self, keep: impl Fn(&ActionId) -> bool) {
        let actions = self.actions.iter().copied().filter(&keep).collect();
        let uses = self.action_uses.iter().filter(|(action, _)| keep(action));
        *self = Self {
            granted_actions: self.granted_actions,
            state_reason: self.state_reason.take(),
            ..Self::of_actions(self.service, actions, uses.cloned().collect())
        };
    }
}

/// Whether a [`Finding`] is archived.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum FindingStatus {
    /// It is open.
    Active,
    /// It is open again: the archive rule for it has expired.
    Resurfaced(Arc<ArchiveRule>),
    /// An archive rule is for it.
    Archived(Arc<ArchiveRule>),
}

impl FindingStatus {
    /// Access Analyzer's name: `ACTIVE` or `ARCHIVED`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Active | Self::Resurfaced(_) => "ACTIVE",
            Self::Archived(_) => "ARCHIVED",
        }
    }

    /// The archive rule for it, in force or expired.
    #[must_use]
    pub fn rule(&self) -> Option<&ArchiveRule> {
        match self {
            Self::Active => None,
            Self::Resurfaced(rule) | Self::Archived(rule) => Some(rule),
        }
    }

    /// Whether an archive rule is for it that has not expired.
    #[must_use]
    pub fn is_archived(&self) -> bool {
        matches!(self, Self::Archived(_))
    }
}
