//! Right-sizes the entities of an advisor.

use std::borrow::Cow;
use std::sync::Arc;

use iam_policy_parser::PolicyDocument;
use serde_json::Value;

use crate::account::{EntityDetail, EntityId, EntityKind, Holders, PolicyInEffect, PolicySource};
use crate::action_set::ActionSet;
use crate::advisor::Advisor;
use crate::compiled_policy::PolicyCompiler;
use crate::findings::name_of;
use crate::request_error::RequestError;
use crate::state::ReportCoverage;

use super::access_levels::AccessLevels;
use super::basis::Basis;
use super::document::OldDocument;
use super::documents::Documents;
use super::keep_rules::UnmatchedKeepRule;
use super::names::{AccountNames, NewNames};
use super::needs::{Needs, NoNeeds};
use super::options::{PolicyLimits, RightsizeOptions};
use super::outcome::{
    ChangeReason, KeptActions, NewPolicy, OnlyOneMember, PolicyChange, PolicyPlace, Refusal,
    Rightsized,
};
use super::packing::{Load, Packed, characters, merged_loads, one_by_one, together};
use super::proof::{Proof, prove};
use super::reasons::ActionReasons;
use super::rewritten::Rewritten;

/// Right-sizes users, groups, roles and managed policies of an [`Advisor`]. Documents are read once, when they are first needed.
#[derive(Clone, Debug)]
pub struct Rightsizer {
    advisor: Advisor,
    options: RightsizeOptions,
    documents: Arc<Documents>,
    names: Arc<AccountNames>,
    holders: Arc<Holders>,
    coverage: Arc<ReportCoverage>,
    levels: Arc<AccessLevels>,
}

/// How old the newest day that was read may be, in days. What began since is in no log that was read, and would be removed. Logs come
/// within minutes, but may be copied once a week.
const OLDEST_NEWEST_DAY: i32 = 14;

/// The most statements that are left as they are, one after the other, so that the others fit. Then all are.
const MOST_LEFT_WHOLE: usize = 20;

/// A policy that an entity has of its own.
struct Own<'a> {
    policy: PolicyInEffect<'a>,
    /// What becomes of it, if it could be evaluated.
    document: Option<(&'a OldDocument, Arc<Rewritten>)>,
}

/// The finished policies of an entity.
#[derive(Default)]
struct Finished {
    policies: Vec<NewPolicy>,
    /// Whether each of them is the document that was proved when its policy was rewritten.
    are_proved: bool,
}

/// The document of a new managed policy.
enum NewDocument<'a> {
    /// As it was proved when its policy was rewritten.
    Proved(&'a Load<'a>, &'a Arc<Value>),
    Packed(Packed<'a>),
}

impl Advisor {
    /// A right-sizer over this advisor's account data and activity.
    #[must_use]
    pub fn rightsizer(&self, options: RightsizeOptions) -> Rightsizer {
        Rightsizer {
            documents: Arc::new(Documents::new(self.account())),
            names: Arc::new(AccountNames::new(self.account())),
            holders: Arc::new(Holders::new(self.account())),
            coverage: Arc::new(self.coverage()),
            levels: Arc::new(AccessLevels::new(self.catalog(), self.positions())),
            advisor: self.clone(),
            options,
        }
    }
}

impl Rightsizer {
    /// Right-sizes the entity with this ARN. A user, group or role is right-sized by its own policies; a user's groups are
    /// right-sized as groups.
    ///
    /// # Errors
    /// As [`AccountData::resolve`](crate::AccountData::resolve).
    pub fn rightsize(&self, arn: &str) -> Result<Rightsized, RequestError> {
        let entity = self.advisor.account().resolve(arn)?;
        let rightsized = self.rightsize_entity(entity);
        rightsized.ok_or_else(|| RequestError::no_such_arn(arn))
    }

    /// Right-sizes an entity; `None` for ids of other account data.
    #[must_use]
    pub fn rightsize_entity(&self, entity: EntityId) -> Option<Rightsized> {
        let detail = self.advisor.account().entity(entity)?;
        let mut result = Rightsized::unchanged(detail);
        if let Err(refusal) = self.fill(&mut result, entity, detail) {
            result = Rightsized::unchanged(detail);
            result.refused = Some(refusal);
        }
        result.advice = result.advise(self.options.wildcards);
        Some(result)
    }

    /// The users, groups and roles that can be right-sized, sorted by ARN.
    #[must_use]
    pub fn entities(&self) -> Vec<EntityId> {
        let mut entities: Vec<_> = (self.advisor.account().entities())
            .filter(|(_, detail)| detail.kind != EntityKind::Policy)
            .collect();
        entities.sort_by(|(_, left), (_, right)| left.arn.cmp(&right.arn));
        entities.into_iter().map(|(id, _)| id).collect()
    }

    /// The keep rules that match no action of the catalog, or no user, group, role or policy.
    #[must_use]
    pub fn unmatched_keep_rules(&self) -> Vec<UnmatchedKeepRule> {
        let account = self.advisor.account();
        self.options.keep.unmatched(account, self.compiler())
    }

    fn compiler(&self) -> &PolicyCompiler {
        self.advisor.engine().compiler()
    }

    fn fill(
        &self,
        result: &mut Rightsized,
        entity: EntityId,
        detail: &EntityDetail,
    ) -> Result<(), Refusal> {
        if detail.is_aws_managed() || detail.path.starts_with("/aws-service-role/") {
            return Err(Refusal::OfAws);
        }
        if detail.kind == EntityKind::Role && detail.path.starts_with("/aws-reserved/") {
            return Err(Refusal::OfIdentityCenter);
        }
        if matches!(detail.kind, EntityKind::Group | EntityKind::Policy) {
            let account = self.advisor.account();
            let known = self.holders.check(account, entity, detail);
            known.map_err(Refusal::UnknownHolders)?;
        }
        // What may have been a use of an action that leaves no trace tells nothing: those stay.
        for (id, identity) in self.advisor.identities(entity) {
            let unseen = self.advisor.unexplained_uses(id, identity).into_iter();
            if let Some(last) = unseen.max_by_key(|unseen| unseen.used) {
                let (arn, source, used) = (identity.arn.clone(), last.source, last.used);
                return Err(Refusal::UnseenUse { arn, source, used });
            }
        }
        let needs = Needs::of(&self.advisor, entity, detail, &self.options);
        let needs = needs.map_err(|none| match none {
            NoNeeds::Coverage(reason) => Refusal::Coverage(reason),
            NoNeeds::NewMembers {
                newest: arn,
                others,
                reason,
            } => Refusal::NewMembers {
                arn,
                others,
                reason,
            },
            NoNeeds::Nobody => Refusal::Nobody,
            NoNeeds::NoStates => Refusal::NoStates,
        })?;
        let account = detail.account.as_str();
        result.rests_on = Basis::of(&self.coverage, account, self.advisor.now());
        if let Some(basis) = &result.rests_on
            && basis.days_since() > OLDEST_NEWEST_DAY
        {
            return Err(Refusal::OldTrail {
                account: basis.account.clone(),
                newest: basis.newest_day(),
                days: basis.days_since(),
            });
        }
        let mut own = self.own(entity, &needs);
        if own.iter().any(Own::changes) {
            check_names(detail, &own)?;
            if detail.kind == EntityKind::Policy && detail.default_version.is_none() {
                return Err(Refusal::NoVersion);
            }
            (_, result.attached_limit) = limits_of(&self.options.limits, detail.kind);
            let finished = self.pack_what_fits(detail, &mut own, &needs);
            if own.iter().any(Own::changes) {
                result.proof = Some(self.proof(&finished, &own, &needs)?);
            }
            result.new_policies = finished.policies;
        }
        result.policies = own.iter().map(Own::change).collect();
        for policy in &mut result.policies {
            policy.left_unattached =
                detail.kind != EntityKind::Policy && policy.changes && self.is_last_holder(policy);
        }
        let groups = self.advisor.account().groups_of(entity);
        let groups = groups.filter_map(|id| self.advisor.account().entity(id));
        result.groups = groups.map(|group| group.arn.clone()).collect();
        result.groups.sort();
        self.count(result, &own, &needs);
        self.name_single_users(result, &own, &needs);
        Ok(())
    }

    /// The entity's own policies, with what becomes of them.
    fn own(&self, entity: EntityId, needs: &Needs) -> Vec<Own<'_>> {
        let account = self.advisor.account();
        let compiler = self.compiler();
        // The last of the export come first.
        let policies = account.policies_in_effect(entity).into_iter().rev();
        let policies = policies.filter(|policy| policy.holder == entity);
        policies
            .map(|policy| {
                let document = match policy.document {
                    PolicySource::Document(id) => {
                        (self.documents).rewritten(account, compiler, *id, needs, &self.options)
                    }
                    PolicySource::NotEvaluated(_) => None,
                };
                Own { policy, document }
            })
            .collect()
    }

    /// Whether a managed policy of an account is attached to one entity only, as far as the export tells.
    fn is_last_holder(&self, policy: &PolicyChange) -> bool {
        let account = self.advisor.account();
        let arn = policy.policy_arn.as_deref();
        let id = arn.and_then(|arn| account.resolve(arn).ok());
        let detail = id.and_then(|id| Some((id, account.entity(id)?)));
        detail.is_some_and(|(id, detail)| {
            !detail.is_aws_managed()
                && account.attached_to(id).count() == 1
                && detail.policy_uses.is_none_or(|uses| uses <= 1)
        })
    }

    /// Counts what stays, by why, and what does not.
    fn count(&self, result: &mut Rightsized, own: &[Own<'_>], needs: &Needs) {
        let none = || ActionSet::empty(self.compiler().positions());
        let (mut all, mut left) = (none(), none());
        for (old, rewritten) in own.iter().filter_map(|own| own.document.as_ref()) {
            all.union_with(&old.granted);
            left.union_with(&rewritten.granted);
        }
        all.subtract(&left);
        result.removed_actions = all.len();
        result.removed_privileges = all.common_len(&self.levels.privileges);
        result.removed_writes = all.common_len(&self.levels.writes);
        result.removed_by_data_events = all.common_len(&needs.shown_by_data_events);
        let catalog = self.advisor.catalog();
        let free = left.iter_common(&self.levels.free, 0..self.advisor.positions());
        let free = free.filter(|position| needs.used.contains(*position));
        let free = free.filter_map(|position| catalog.action_at(position));
        result.used_without_permission = free.map(|action| name_of(catalog, action)).collect();
        let reasons = ActionReasons::new(catalog.clone(), all, left, needs);
        result.kept = KeptActions::of(&reasons);
        result.reasons = result.changes().then(|| Box::new(reasons));
    }

    /// Names what stays in the policies of a group, or in a managed policy, only because one identity used it.
    fn name_single_users(&self, result: &mut Rightsized, own: &[Own<'_>], needs: &Needs) {
        let (account, catalog) = (self.advisor.account(), self.advisor.catalog());
        let mut granted = ActionSet::empty(self.compiler().positions());
        for (old, _) in own.iter().filter_map(|own| own.document.as_ref()) {
            granted.union_with(&old.granted);
        }
        for (identity, only) in &needs.by_one {
            let mut only = only.clone();
            only.intersect_with(&granted);
            let Some(detail) = account.entity(*identity).filter(|_| !only.is_empty()) else {
                continue;
            };
            let names = |set: &ActionSet| {
                let actions = set.iter().filter_map(|at| catalog.action_at(at));
                actions.map(|action| name_of(catalog, action)).collect()
            };
            let mut denied = only.clone();
            denied.intersect_with(&needs.denied);
            only.subtract(&denied);
            result.only_one_member.push(OnlyOneMember {
                arn: detail.arn.clone(),
                actions: names(&only),
                denied_actions: names(&denied),
            });
        }
        (result.only_one_member).sort_by(|left, right| left.arn.cmp(&right.arn));
    }

    /// Packs new policies. While they do not fit, the statement that grows the most stays as it is.
    fn pack_what_fits(
        &self,
        detail: &EntityDetail,
        own: &mut [Own<'_>],
        needs: &Needs,
    ) -> Finished {
        let mut left_whole = 0;
        loop {
            if !own.iter().any(Own::changes) {
                return Finished::default();
            }
            let reason = match self.pack(detail, own) {
                Ok(finished) => return finished,
                Err(reason) => reason,
            };
            let growing = (own.iter_mut())
                .filter_map(|own| {
                    own.most_growing()
                        .map(|(index, growth)| (growth, index, own))
                })
                .max_by_key(|(growth, ..)| *growth);
            match growing {
                Some((growth, index, own)) if growth > 0 && left_whole < MOST_LEFT_WHOLE => {
                    left_whole += 1;
                    self.leave_whole(own, &[index], needs, &reason);
                }
                _ => {
                    for own in own.iter_mut() {
                        self.leave_whole(own, &own.changed_statements(), needs, &reason);
                    }
                }
            }
        }
    }

    /// Leaves statements of a policy as they are.
    fn leave_whole(
        &self,
        own: &mut Own<'_>,
        statements: &[usize],
        needs: &Needs,
        reason: &ChangeReason,
    ) {
        if let Some((old, rewritten)) = &mut own.document {
            let left = (statements.iter().copied(), reason);
            let compiler = self.compiler();
            let changed = rewritten.leaving_whole(old, compiler, needs, &self.options, left);
            *rewritten = Arc::new(changed);
        }
    }

    /// Packs the statements that are left of policies that change into new policies. Fails with the reason why they do not fit.
    fn pack(&self, detail: &EntityDetail, own: &[Own<'_>]) -> Result<Finished, ChangeReason> {
        let limits = &self.options.limits;
        let changed = || own.iter().filter(|own| own.changes());
        let mut finished = Finished {
            policies: Vec::new(),
            are_proved: true,
        };
        if detail.kind == EntityKind::Policy {
            // A new version is one document.
            for own in changed() {
                let Some(policy) = own.new_policy() else {
                    continue;
                };
                check_length(policy.characters, limits.managed_policy)?;
                finished.policies.push(policy);
            }
            return Ok(finished);
        }
        let (inline_limit, attached_limit) = limits_of(limits, detail.kind);
        let unchanged = own.iter().filter(|own| !own.changes());
        let (inline, managed): (Vec<&Own<'_>>, Vec<_>) =
            unchanged.partition(|own| own.policy.arn.is_none());
        let lengths = inline.iter().filter_map(|own| own.document.as_ref());
        let mut room = lengths.fold(inline_limit, |room, (old, _)| {
            room.saturating_sub(old.characters)
        });
        let are_known = inline.iter().all(|own| own.document.is_some());
        let unchanged = managed.len();
        let (mut inline, managed): (Vec<&Own<'_>>, Vec<_>) =
            changed().partition(|own| own.policy.arn.is_none());
        if !are_known {
            // How much a policy takes that cannot be read is not known. The others have the room that they take today.
            let lengths = inline.iter().filter_map(|own| own.document.as_ref());
            room = room.min(lengths.map(|(old, _)| old.characters).sum());
        }
        let mut loads: Vec<(Load<'_>, &Rewritten)> = Vec::new();
        loads.extend(managed.into_iter().filter_map(Own::load));
        // Inline policies that do not fit become managed ones, the longest first.
        inline.sort_by_key(|own| own.characters());
        for own in inline {
            let length = own.characters();
            if length <= room {
                room -= length;
                finished.policies.extend(own.new_policy());
            } else {
                loads.extend(own.load());
            }
        }
        (finished.policies).sort_by(|left, right| left.policy_name.cmp(&right.policy_name));

        let limit = limits.managed_policy;
        let by_scope;
        let mut new: Vec<NewDocument<'_>> = Vec::new();
        for (load, rewritten) in &loads {
            match &rewritten.document {
                Some(document) if rewritten.characters <= limit => {
                    new.push(NewDocument::Proved(load, document));
                }
                _ => {
                    let parts = one_by_one(load, limit);
                    new.extend(parts.into_iter().map(NewDocument::Packed));
                }
            }
        }
        if unchanged + new.len() > attached_limit {
            by_scope = merged_loads(loads.iter().map(|(load, _)| load));
            let packed = together(&by_scope, limit);
            new = packed.into_iter().map(NewDocument::Packed).collect();
        }
        let attached = unchanged + new.len();
        if attached > attached_limit {
            let limit = attached_limit;
            return Err(ChangeReason::DoesNotFit { attached, limit });
        }
        let is_proved = |document: &NewDocument<'_>| matches!(document, NewDocument::Proved(..));
        finished.are_proved = new.iter().all(is_proved);
        let mut names = NewNames::new(&self.names, detail);
        for document in new {
            let policy = document.policy(&mut names);
            check_length(policy.characters, limit)?;
            finished.policies.push(policy);
        }
        Ok(finished)
    }

    /// The proof that the finished documents are right, together with the policies that stay.
    fn proof(&self, finished: &Finished, own: &[Own<'_>], needs: &Needs) -> Result<Proof, Refusal> {
        let documents = || own.iter().filter_map(|own| own.document.as_ref());
        let unchanged = || documents().filter(|(_, rewritten)| !rewritten.changes);
        let mut proof = Proof::default();
        let mut needed = ActionSet::empty(self.compiler().positions());
        if finished.are_proved {
            for (_, rewritten) in documents().filter(|(_, rewritten)| rewritten.changes) {
                let (part, needed_of) = rewritten.proof.as_ref().ok_or(Refusal::NotProved)?;
                needed.union_with(needed_of);
                proof.new_within_old += part.new_within_old;
                proof.steps += part.steps;
            }
            // What does not change is within itself.
            for (old, _) in unchanged() {
                proof.new_within_old += old.parsed.statements.len();
                let mut same = old.granted.clone();
                same.intersect_with(&needs.keep);
                needed.union_with(&same);
            }
        } else {
            let old: Vec<_> = documents().flat_map(|(old, _)| old.matches()).collect();
            // From the text, as AWS will read it.
            let texts = (finished.policies.iter()).map(|it| it.policy_document.to_string());
            let parsed: Result<Vec<_>, _> = texts.map(|it| PolicyDocument::parse(&it)).collect();
            let parsed = parsed.map_err(|_| Refusal::NotProved)?;
            let mut new: Vec<&PolicyDocument> = unchanged().map(|(old, _)| &*old.parsed).collect();
            new.extend(&parsed);
            let proved = prove(self.compiler(), &old, &new, needs);
            (proof, needed) = proved.ok_or(Refusal::NotProved)?;
        }
        proof.needed_within_new = needed.len();
        Ok(proof)
    }
}

fn check_length(characters: usize, limit: usize) -> Result<(), ChangeReason> {
    if characters > limit {
        return Err(ChangeReason::TooLong { characters, limit });
    }
    Ok(())
}

/// Checks the names that scripts would hold. Sources: the shapes of botocore's `iam/2010-05-08/service-2.json`; inline policies, whose
/// documented pattern IAM does not enforce, may have any ASCII letter but white space and `\\/*?`.
fn check_names(detail: &EntityDetail, own: &[Own<'_>]) -> Result<(), Refusal> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-".contains(c);
    let is_graphic = |c: char| c.is_ascii_graphic();
    let is_inline = |c: char| c.is_ascii_graphic() && !"\\/*?".contains(c);
    let check = |name: &str, is_allowed: &dyn Fn(char) -> bool| {
        if !name.is_empty() && name.chars().all(is_allowed) {
            return Ok(());
        }
        Err(Refusal::InvalidName { name: name.into() })
    };
    check(&detail.name, &is_name)?;
    check(&detail.arn, &is_graphic)?;
    check(detail.account.as_str(), &|c: char| c.is_ascii_digit())?;
    for policy in own.iter().map(|own| &own.policy) {
        match policy.arn {
            Some(arn) => check(arn, &is_graphic)?,
            None => check(policy.name, &is_inline)?,
        }
    }
    Ok(())
}

/// The limits of inline policies and of attached ones.
fn limits_of(limits: &PolicyLimits, kind: EntityKind) -> (usize, usize) {
    match kind {
        EntityKind::User => (limits.inline_user, limits.attached_user),
        EntityKind::Group => (limits.inline_group, limits.attached_group),
        EntityKind::Role | EntityKind::Policy => (limits.inline_role, limits.attached_role),
    }
}

impl Own<'_> {
    fn changes(&self) -> bool {
        self.document.as_ref().is_some_and(|(_, it)| it.changes)
    }

    /// The statements that change.
    fn changed_statements(&self) -> Vec<usize> {
        let rewritten = self.document.as_ref().map(|(_, it)| it);
        let statements = rewritten.into_iter().flat_map(|it| it.statements.iter());
        let changed = statements.filter(|it| it.old.is_some());
        changed.map(|it| it.index).collect()
    }

    /// The statement that grows the most, and by how many characters.
    fn most_growing(&self) -> Option<(usize, isize)> {
        let (_, rewritten) = self.document.as_ref()?;
        let statements = rewritten.statements.iter();
        let growing = statements.filter_map(|it| Some((it.index, it.growth()?)));
        growing.max_by_key(|(_, growth)| *growth)
    }

    /// The length of the new document.
    fn characters(&self) -> usize {
        self.document.as_ref().map_or(0, |(_, it)| it.characters)
    }

    /// What [`NewPolicy::replaces`] has for it.
    fn key(&self) -> String {
        match self.policy.arn {
            Some(arn) => arn.to_string(),
            None => self.policy.name.to_owned(),
        }
    }

    fn place(&self) -> PolicyPlace {
        match self.policy.arn {
            Some(_) => PolicyPlace::Managed,
            None => PolicyPlace::Inline,
        }
    }

    /// What becomes of it, statement by statement.
    fn change(&self) -> PolicyChange {
        let none = || Arc::from(Vec::new());
        PolicyChange {
            policy_name: self.policy.name.into(),
            policy_type: self.place(),
            policy_arn: self.policy.arn.cloned(),
            changes: self.changes(),
            left_unattached: false,
            not_evaluated: match self.policy.document {
                PolicySource::NotEvaluated(reason) => Some(reason.clone()),
                PolicySource::Document(_) => None,
            },
            statements: self
                .document
                .as_ref()
                .map_or_else(none, |(_, it)| it.statements.clone()),
            document: self
                .document
                .as_ref()
                .map_or_else(|| "".into(), |(old, _)| old.text.clone()),
        }
    }

    /// The new document in the place of the old one; `None` when nothing is left.
    fn new_policy(&self) -> Option<NewPolicy> {
        let (_, rewritten) = self.document.as_ref()?;
        Some(NewPolicy {
            policy_name: self.policy.name.to_owned(),
            policy_type: self.place(),
            replaces: vec![self.key()],
            characters: rewritten.characters,
            policy_document: rewritten.document.clone()?,
        })
    }

    /// The statements that are left, to be packed; `None` when there are none.
    fn load(&self) -> Option<(Load<'_>, &Rewritten)> {
        let (old, rewritten) = self.document.as_ref()?;
        let load = Load {
            replaces: vec![self.key()],
            frame: &old.frame,
            statements: rewritten.left().map(Cow::Borrowed).collect(),
        };
        (!load.statements.is_empty()).then_some((load, &**rewritten))
    }
}

impl NewDocument<'_> {
    fn policy(self, names: &mut NewNames<'_>) -> NewPolicy {
        let (replaces, document) = match self {
            Self::Proved(load, document) => (load.replaces.clone(), document.clone()),
            Self::Packed(packed) => (packed.replaces.clone(), Arc::new(packed.document())),
        };
        NewPolicy {
            policy_name: names.next(&replaces),
            policy_type: PolicyPlace::Managed,
            replaces,
            characters: characters(&document),
            policy_document: document,
        }
    }
}
