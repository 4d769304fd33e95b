//! What right-sizing an entity gives: its policies today, what becomes of their statements, and the new policies.
//!
//! The types serialize as `access-advisor rightsize --format json` prints them.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::account::{EntityDetail, EntityKind, NotEvaluatedReason, UnknownHolders};
use crate::ids::AccountId;
use crate::state::{DayRange, StateReason};
use crate::text::count;
use crate::time;
use crate::unseen_use::UseSource;

use super::advice::Advice;
use super::basis::Basis;
use super::merging::StatementJson;
use super::options::Wildcards;
use super::packing::map_characters;
use super::proof::Proof;
use super::reasons::ActionReasons;

/// The versions that IAM keeps of a managed policy. Source: IAM User Guide, "IAM and AWS STS quotas".
pub(super) const MOST_VERSIONS: usize = 5;

/// A user, group, role or managed policy, right-sized.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct Rightsized {
    /// The ARN.
    pub arn: Arc<str>,
    /// The account.
    pub account: AccountId,
    /// What it is.
    #[serde(serialize_with = "kind_name")]
    pub entity_type: EntityKind,
    /// The name.
    pub name: Box<str>,
    /// The ARN of the permissions boundary of a user or role. It is not evaluated, and may deny what stays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permissions_boundary: Option<Arc<str>>,
    /// Of a user: the ARNs of its groups, which are right-sized as groups.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<Arc<str>>,
    /// Whether the export says that AWS remembers no use of a role: see [`EntityDetail::is_never_used`].
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_never_used: bool,
    /// Why nothing is proposed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<Refusal>,
    /// What to do beside or instead of what is proposed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub advice: Vec<Advice>,
    /// What was read of the trail of its account. `None` when nothing is proposed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rests_on: Option<Basis>,
    /// How many granted actions stay, by why.
    pub kept: KeptActions,
    /// How many actions are granted now and would not be any more.
    pub removed_actions: usize,
    /// How many of these can lead to more permissions or to credentials: see [`Privilege`](crate::Privilege).
    pub removed_privileges: usize,
    /// How many of the others write.
    pub removed_writes: usize,
    /// How many of the removed actions data events would show. A trail may log those of some resources only.
    pub removed_by_data_events: usize,
    /// Its own policies today, in the order of the export, and what becomes of them.
    pub policies: Vec<PolicyChange>,
    /// Of a managed policy: the ids of its versions, the default one first. IAM keeps five.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub versions: Vec<Box<str>>,
    /// The policies that take the place of those that change.
    pub new_policies: Vec<NewPolicy>,
    /// Of a group or managed policy: what stays only because one identity used it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub only_one_member: Vec<OnlyOneMember>,
    /// The used actions that everybody may call, whatever the policies say, such as `sts:GetCallerIdentity`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub used_without_permission: Vec<String>,
    /// What was proved about the new policies, together with those that stay. `None` when nothing changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proof: Option<Proof>,
    /// How many managed policies can be attached to it.
    #[serde(skip)]
    pub(super) attached_limit: usize,
    /// Why each granted action stays or goes, when something changes.
    #[serde(skip)]
    pub(super) reasons: Option<Box<ActionReasons>>,
    /// Of a managed policy: the default version.
    #[serde(skip)]
    pub(super) default_version: Option<Box<str>>,
}

/// How many granted actions stay, by why. Each counts for the first reason that holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct KeptActions {
    /// An attempt shows them that was not denied, as far as the activity tells.
    pub used: usize,
    /// Attempts show them, and all were denied.
    pub denied: usize,
    /// A call of another action may have exercised them.
    pub implied: usize,
    /// A keep rule names them.
    pub marked: usize,
    /// The trail would not have shown an attempt.
    pub unobservable: usize,
    /// Too few days were read of what would have shown an attempt.
    pub uncovered: usize,
    /// Their service stays whole, as by service all of it does of which an action stays; or their statement does.
    pub whole: usize,
}

/// One of the policies of today.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct PolicyChange {
    /// The name.
    pub policy_name: Box<str>,
    /// Inline or managed.
    pub policy_type: PolicyPlace,
    /// The ARN of a managed policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_arn: Option<Arc<str>>,
    /// Whether it changes.
    pub changes: bool,
    /// Whether a managed policy of the account would be attached to nothing: nothing else in the export has it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub left_unattached: bool,
    /// Why it could not be evaluated, so that it stays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_evaluated: Option<NotEvaluatedReason>,
    /// Its statements, in order.
    pub statements: Arc<[StatementChange]>,
    /// The document of today, exactly as in the export.
    #[serde(skip)]
    pub document: Arc<str>,
}

/// Where a policy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum PolicyPlace {
    /// In a user, group or role.
    Inline,
    /// By itself, attached to users, groups and roles.
    Managed,
}

/// What becomes of a statement.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct StatementChange {
    /// The position in the policy, from 0.
    pub index: usize,
    /// The `Sid`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// Why it stays as it is although not all of it is needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stays: Option<ChangeReason>,
    /// The services of which it grants nothing any more.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub removed_services: Vec<String>,
    /// The actions, of other services, that it does not grant any more.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub removed_actions: Vec<String>,
    /// The statement of today, when it changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old: Option<Map<String, Value>>,
    /// The statement in its place. `None` when it does not change, or is removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new: Option<Map<String, Value>>,
    /// The position of the statement that its actions are written with: it has the same resources and the same condition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merged_into: Option<usize>,
}

/// A policy that takes the place of others.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct NewPolicy {
    /// The name: for an inline policy that of the policy whose place it takes.
    pub policy_name: String,
    /// Inline or managed.
    pub policy_type: PolicyPlace,
    /// The policies whose place it takes: the ARN of a managed policy, the name of an inline one.
    pub replaces: Vec<String>,
    /// The length of the document without white space.
    pub characters: usize,
    /// The document.
    pub policy_document: Arc<Value>,
}

/// What stays in a policy only because one identity used it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct OnlyOneMember {
    /// The ARN of the user or role.
    pub arn: Arc<str>,
    /// The actions, such as `s3:GetObject`.
    pub actions: Vec<String>,
    /// Those of which all attempts were denied.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub denied_actions: Vec<String>,
}

/// Why a statement stays as it is although not all of it is needed. Serializes as its message.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChangeReason {
    /// The work that its patterns take is over the bound.
    TooMuchWork,
    /// A service was used that the catalog lacks, and the statement may grant it.
    UnknownEventSource {
        /// The first label of the event source.
        source: Arc<str>,
    },
    /// A `NotAction` excludes a part of a service of which it is not known what was used.
    NotActionOfUnknown {
        /// The namespace.
        service: Box<str>,
    },
    /// Without it, there would be more managed policies than can be attached.
    DoesNotFit {
        /// How many managed policies would be attached.
        attached: usize,
        /// How many can be.
        limit: usize,
    },
    /// Without it, a new policy would be too long.
    TooLong {
        /// Its characters.
        characters: usize,
        /// How many it may have.
        limit: usize,
    },
}

impl fmt::Display for ChangeReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooMuchWork => f.write_str("comparing its patterns takes too much work"),
            Self::UnknownEventSource { source } => write!(
                f,
                "event source {source} was used and is not in the catalog; the statement may grant it"
            ),
            Self::NotActionOfUnknown { service } => write!(
                f,
                "NotAction excludes a part of {service}, and it is not known which of its actions were used"
            ),
            Self::DoesNotFit { attached, limit } => write!(
                f,
                "the new policies would not fit: {attached} attached policies, {limit} possible"
            ),
            Self::TooLong { characters, limit } => write!(
                f,
                "the new policy would not fit: {characters} characters, {limit} possible"
            ),
        }
    }
}

impl Serialize for ChangeReason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Why nothing is proposed for an entity. Serializes as its message.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// Too little of the trail was read.
    Coverage(StateReason),
    /// Members of a group, or holders of a policy, are too new to tell what they need.
    NewMembers {
        /// The ARN of the newest of them.
        arn: Arc<str>,
        /// How many others there are.
        others: usize,
        /// Why nothing is known of it.
        reason: StateReason,
    },
    /// The newest day that was read is too long ago.
    OldTrail {
        /// The account.
        account: Arc<str>,
        /// That day, as a number of days since 1970-01-01.
        newest: i32,
        /// How many days came after it.
        days: i32,
    },
    /// AWS remembers a use that the trail does not show, though everything that the user or role may do would be in it: the trail
    /// misses something.
    UnseenUse {
        /// The ARN of the user or role.
        arn: Arc<str>,
        /// What remembers the use.
        source: UseSource,
        /// When.
        used: DateTime<Utc>,
    },
    /// The reports have no states: only full tracking tells what is unused.
    NoStates,
    /// A group without members, or a policy that is not attached, in the account data: nothing is known of its use.
    Nobody,
    /// Others than the users and roles of the account data may have the policy or group, and need what these do not.
    UnknownHolders(UnknownHolders),
    /// AWS maintains the policy or the role; it cannot be changed.
    OfAws,
    /// IAM Identity Center makes the role from a permission set. That is to be changed.
    OfIdentityCenter,
    /// The account data has a name that IAM does not allow.
    InvalidName {
        /// The name.
        name: Box<str>,
    },
    /// The account data does not say which version of the policy is the default one, so nothing could restore it.
    NoVersion,
    /// That the new policies are right is not proved within the bound on work.
    NotProved,
}

impl Refusal {
    /// The name of the kind, without what it is about: `of-identity-center`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Coverage(_) => "coverage",
            Self::NewMembers { .. } => "new-members",
            Self::OldTrail { .. } => "old-trail",
            Self::UnseenUse { .. } => "unseen-use",
            Self::NoStates => "no-states",
            Self::Nobody => "nobody",
            Self::UnknownHolders(_) => "unknown-holders",
            Self::OfAws => "of-aws",
            Self::OfIdentityCenter => "of-identity-center",
            Self::InvalidName { .. } => "invalid-name",
            Self::NoVersion => "no-version",
            Self::NotProved => "not-proved",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Coverage(reason) => write!(f, "too little was read to tell: {reason}"),
            Self::NewMembers {
                arn,
                others,
                reason,
            } => {
                write!(f, "{arn}")?;
                if *others > 0 {
                    write!(f, " and {}", count(*others, "other"))?;
                }
                write!(
                    f,
                    " cannot be judged yet: {reason}. Wait, or give what is new policies of its own"
                )
            }
            Self::OldTrail {
                account,
                newest,
                days,
            } => write!(
                f,
                "the newest day of the trail of account {account} that was read is {}, {days} days before; what began since is not known. \
                 Read newer logs, or judge as of that day",
                DayRange {
                    first: Some(*newest),
                    last: *newest
                }
            ),
            Self::UnseenUse { arn, source, used } => write!(
                f,
                "{source} of {arn} is {}, which the trail should show and does not",
                time::format(*used)
            ),
            Self::NoStates => f.write_str("only full tracking tells what is unused"),
            Self::Nobody => {
                f.write_str("no user or role of the account data has it, so nothing tells its use")
            }
            Self::UnknownHolders(reason) => write!(f, "{reason}"),
            Self::OfAws => f.write_str("AWS maintains it; right-size the identities that have it"),
            Self::OfIdentityCenter => f.write_str(
                "IAM Identity Center makes it from a permission set; change the permission set",
            ),
            Self::InvalidName { name } => {
                write!(
                    f,
                    "IAM does not allow the name {name:?}; check the account export"
                )
            }
            Self::NoVersion => {
                f.write_str("the account export does not say which version is the default one")
            }
            Self::NotProved => {
                f.write_str("comparing the new policies with the old ones takes too much work")
            }
        }
    }
}

impl Serialize for Refusal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

fn kind_name<S: Serializer>(kind: &EntityKind, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(match kind {
        EntityKind::User => "USER",
        EntityKind::Group => "GROUP",
        EntityKind::Role => "ROLE",
        EntityKind::Policy => "POLICY",
    })
}

impl Rightsized {
    /// Whether all that stays was not seen used: the logs cannot show it, or too few of them were read.
    #[must_use]
    pub fn nothing_seen(&self) -> bool {
        let kept = self.kept;
        let needed = kept.used.saturating_sub(self.used_without_permission.len());
        needed + kept.denied + kept.implied + kept.marked == 0 && kept.total() > 0
    }

    /// What to do with the entity, beside or instead of what is proposed.
    pub(super) fn advise(&self, wildcards: Wildcards) -> Vec<Advice> {
        let mut advice = Vec::new();
        if self.nothing_seen() {
            advice.push(if self.is_never_used {
                Advice::DeleteRole
            } else {
                Advice::DetachPolicies
            });
        }
        let statements = self.policies.iter().flat_map(|it| &*it.statements);
        let mut reasons = statements.filter_map(|it| it.stays.as_ref());
        let is_too_large = matches!(self.refused, Some(Refusal::NotProved)) || reasons.any(is_size);
        if wildcards == Wildcards::None && is_too_large {
            advice.push(Advice::SafeWildcards);
        }
        advice
    }

    /// The entity as it is today.
    pub(super) fn unchanged(detail: &EntityDetail) -> Self {
        Self {
            arn: detail.arn.clone(),
            account: detail.account.clone(),
            entity_type: detail.kind,
            name: detail.name.clone(),
            permissions_boundary: detail.permissions_boundary.clone(),
            groups: Vec::new(),
            is_never_used: detail.is_never_used,
            refused: None,
            advice: Vec::new(),
            rests_on: None,
            kept: KeptActions::default(),
            removed_actions: 0,
            removed_privileges: 0,
            removed_writes: 0,
            removed_by_data_events: 0,
            policies: Vec::new(),
            new_policies: Vec::new(),
            only_one_member: Vec::new(),
            used_without_permission: Vec::new(),
            proof: None,
            reasons: None,
            attached_limit: usize::MAX,
            versions: {
                let others = detail.other_versions.iter();
                let others = others.filter_map(|version| version.id.as_ref());
                detail
                    .default_version
                    .iter()
                    .chain(others)
                    .cloned()
                    .collect()
            },
            default_version: detail.default_version.clone(),
        }
    }

    /// Whether a managed policy has as many versions as IAM keeps, so that one is to be deleted before there can be a new one.
    #[must_use]
    pub fn needs_room(&self) -> bool {
        self.changes() && self.versions.len() >= MOST_VERSIONS
    }

    /// Whether anything changes.
    #[must_use]
    pub fn changes(&self) -> bool {
        self.policies.iter().any(|policy| policy.changes)
    }

    /// `user`, `group`, `role` or `policy`.
    pub(super) fn kind_word(&self) -> &'static str {
        match self.entity_type {
            EntityKind::User => "user",
            EntityKind::Group => "group",
            EntityKind::Role => "role",
            EntityKind::Policy => "policy",
        }
    }

    /// The policies of today that change.
    pub(super) fn changed_policies(&self) -> impl Iterator<Item = &PolicyChange> {
        self.policies.iter().filter(|policy| policy.changes)
    }

    /// The policies of today of which nothing is left.
    pub(super) fn removed_policies(&self) -> impl Iterator<Item = &PolicyChange> {
        self.changed_policies().filter(|policy| {
            let key = policy.key();
            let mut new = self.new_policies.iter();
            new.all(|it| !it.replaces.iter().any(|replaced| *replaced == *key))
        })
    }

    /// Whether a new policy takes the place of an inline one.
    #[must_use]
    pub fn was_inline(&self, new: &NewPolicy) -> bool {
        let mut inline = (self.policies.iter()).filter(|policy| policy.policy_arn.is_none());
        inline.any(|policy| new.replaces.iter().any(|key| *key == *policy.policy_name))
    }

    /// The ARN of a new managed policy.
    pub(super) fn arn_of_new(&self, name: &str) -> String {
        let partition = self.arn.split(':').nth(1).unwrap_or("aws");
        format!(
            "arn:{partition}:iam::{}:policy/{name}",
            self.account.as_str()
        )
    }
}

/// Lists of names may be too long, and too much to compare.
fn is_size(reason: &ChangeReason) -> bool {
    matches!(
        reason,
        ChangeReason::DoesNotFit { .. } | ChangeReason::TooLong { .. } | ChangeReason::TooMuchWork
    )
}

impl PolicyChange {
    /// What [`NewPolicy::replaces`](super::NewPolicy::replaces) has for it.
    pub(super) fn key(&self) -> &str {
        self.policy_arn.as_deref().unwrap_or(&self.policy_name)
    }

    /// Whether AWS maintains it.
    #[must_use]
    pub fn is_of_aws(&self) -> bool {
        let arn = self.policy_arn.as_deref().unwrap_or_default();
        arn.split(':').nth(4) == Some("aws")
    }

    /// Whether it could not be read from the export. What an inline policy is called is not known then.
    pub(super) fn is_unreadable(&self) -> bool {
        matches!(self.not_evaluated, Some(NotEvaluatedReason::Unreadable(_)))
    }
}

impl StatementChange {
    /// Whether nothing is left of it.
    #[must_use]
    pub fn is_removed(&self) -> bool {
        self.old.is_some() && self.new.is_none()
    }

    /// By how many characters a statement that changes is longer than the old one.
    pub(super) fn growth(&self) -> Option<isize> {
        let length = |statement: Option<&StatementJson>| {
            let length = statement.map_or(0, map_characters);
            isize::try_from(length).unwrap_or(isize::MAX)
        };
        let old = self.old.as_ref()?;
        Some(length(self.new.as_ref()) - length(Some(old)))
    }
}

impl KeptActions {
    pub(super) fn of(reasons: &ActionReasons) -> Self {
        Self {
            used: reasons.used.len(),
            denied: reasons.denied.len(),
            implied: reasons.implied.len(),
            marked: reasons.marked.len(),
            unobservable: reasons.unobservable.len(),
            uncovered: reasons.uncovered.len(),
            whole: reasons.whole.len(),
        }
    }

    /// All of them.
    #[must_use]
    pub fn total(&self) -> usize {
        self.used
            + self.denied
            + self.implied
            + self.marked
            + self.unobservable
            + self.uncovered
            + self.whole
    }
}
