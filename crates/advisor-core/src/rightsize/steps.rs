//! The changes that make an entity's policies the proposed ones, one after the other.

use super::outcome::{NewPolicy, PolicyChange, PolicyPlace, Rightsized};
use super::paths::json_text;

/// A change of IAM. [`apply`](super::scripts::apply) makes the steps, [`roll_back`](super::scripts::roll_back) undoes them in the
/// opposite order.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step<'a> {
    /// Creates a managed policy.
    Create(&'a NewPolicy),
    /// Attaches a new managed policy.
    Attach(&'a NewPolicy),
    /// Detaches a managed policy of today.
    Detach(&'a PolicyChange),
    /// Deletes an inline policy of today.
    Delete(&'a PolicyChange),
    /// Replaces an inline policy of today.
    Put(&'a PolicyChange, &'a NewPolicy),
}

/// The steps for a user, group or role. What is new is granted before anything is taken away, as far as IAM's limits allow, and the
/// policies are within the limits after every step if they are at the start and at the end:
///
/// - A managed policy is attached only where there is room. Where there is none, one is detached first; of which nothing is needed,
///   if there is such a one.
/// - Inline policies are deleted and shrunk before others grow, so their total first only falls and then only rises.
///
/// As undoing visits the same states, it keeps the limits, too, from wherever the steps were stopped.
pub(super) fn steps(entity: &Rightsized) -> Vec<Step<'_>> {
    let managed = |policy: &&NewPolicy| policy.policy_type == PolicyPlace::Managed;
    let create = entity.new_policies.iter().filter(managed).map(Step::Create);
    let mut steps: Vec<Step<'_>> = create.collect();

    let removed: Vec<&str> = entity.removed_policies().map(PolicyChange::key).collect();
    let mut detach: Vec<&PolicyChange> = (entity.changed_policies())
        .filter(|policy| policy.policy_type == PolicyPlace::Managed)
        .collect();
    detach.sort_by_key(|policy| !removed.contains(&policy.key()));
    let policies = entity.policies.iter();
    let mut attached = policies
        .filter(|policy| policy.policy_type == PolicyPlace::Managed)
        .count();
    let mut attach = entity.new_policies.iter().filter(managed).peekable();
    let mut detach = detach.into_iter();
    while attach.peek().is_some() {
        if attached >= entity.attached_limit
            && let Some(policy) = detach.next()
        {
            attached -= 1;
            steps.push(Step::Detach(policy));
        } else if let Some(policy) = attach.next() {
            attached += 1;
            steps.push(Step::Attach(policy));
        }
    }
    steps.extend(detach.map(Step::Detach));

    let mut puts = Vec::new();
    for old in entity.changed_policies() {
        if old.policy_type == PolicyPlace::Managed {
            continue;
        }
        match replacement(entity, old) {
            Some(new) => puts.push((growth(old, new), Step::Put(old, new))),
            None => steps.push(Step::Delete(old)),
        }
    }
    puts.sort_by_key(|(growth, _)| *growth);
    steps.extend(puts.into_iter().map(|(_, step)| step));
    steps
}

/// The new inline policy of the same name.
fn replacement<'a>(entity: &'a Rightsized, old: &PolicyChange) -> Option<&'a NewPolicy> {
    let mut new = entity.new_policies.iter();
    new.find(|new| new.policy_type == PolicyPlace::Inline && *new.policy_name == *old.policy_name)
}

/// By how many characters the new document is longer than the old one.
fn growth(old: &PolicyChange, new: &NewPolicy) -> isize {
    let size = |text: &str| isize::try_from(size(text)).unwrap_or(isize::MAX);
    size(&json_text(&new.policy_document)) - size(&old.document)
}

/// The characters of a document that count. Source: IAM User Guide, "IAM and AWS STS quotas": white space does not.
fn size(text: &str) -> usize {
    text.chars().filter(|c| !c.is_whitespace()).count()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::account::AccountData;

    /// The characters of the inline policies, and the attached policies, after every step.
    fn states(entity: &Rightsized) -> Vec<(usize, usize)> {
        let mut attached = (entity.policies.iter())
            .filter(|it| it.policy_type == PolicyPlace::Managed)
            .count();
        let inline = entity.policies.iter();
        let inline = inline.filter(|it| it.policy_type == PolicyPlace::Inline);
        let mut total: usize = inline.map(|it| size(&it.document)).sum();
        let mut states = vec![(total, attached)];
        for step in steps(entity) {
            match step {
                Step::Create(_) => {}
                Step::Attach(_) => attached += 1,
                Step::Detach(_) => attached -= 1,
                Step::Delete(old) => total -= size(&old.document),
                Step::Put(old, new) => {
                    total = total - size(&old.document) + size(&json_text(&new.policy_document));
                }
            }
            states.push((total, attached));
        }
        states
    }

    fn document(length: usize) -> serde_json::Value {
        json!({ "Statement": "x".repeat(length) })
    }

    /// A role with policies of these lengths, and their new lengths: `None` where nothing is left.
    fn role(
        inline: &[(usize, Option<usize>)],
        managed: &[bool],
        new_managed: usize,
        limit: usize,
    ) -> Rightsized {
        let export = json!({"RoleDetailList": [{"RoleName": "r", "RoleId": "AROAR", "Path": "/",
            "Arn": "arn:aws:iam::111122223333:role/r", "RolePolicyList": [], "AttachedManagedPolicies": []}]});
        let account = AccountData::from_export("inline", &export.to_string()).unwrap();
        let mut role = Rightsized::unchanged(account.entities().next().unwrap().1);
        role.attached_limit = limit;
        let old = |name: String, arn: Option<Arc<str>>, changes, length| PolicyChange {
            policy_name: name.into(),
            policy_type: if arn.is_some() {
                PolicyPlace::Managed
            } else {
                PolicyPlace::Inline
            },
            policy_arn: arn,
            changes,
            left_unattached: false,
            not_evaluated: None,
            statements: Vec::new().into(),
            document: document(length).to_string().into(),
        };
        let new = |name: String, policy_type, length| NewPolicy {
            replaces: vec![name.clone()],
            policy_name: name,
            policy_type,
            characters: 0,
            policy_document: Arc::new(document(length)),
        };
        for (number, (before, after)) in inline.iter().enumerate() {
            let name = format!("i{number}");
            role.policies.push(old(name.clone(), None, true, *before));
            let after = after.map(|it| new(name, PolicyPlace::Inline, it));
            role.new_policies.extend(after);
        }
        for (number, changes) in managed.iter().enumerate() {
            let arn = format!("arn:{number}");
            let policy = old(arn.clone(), Some(arn.into()), *changes, 1);
            role.policies.push(policy);
        }
        for number in 0..new_managed {
            let name = format!("m{number}");
            (role.new_policies).push(new(name, PolicyPlace::Managed, 1));
        }
        role
    }

    proptest! {
        #[test]
        fn no_step_exceeds_what_the_first_and_the_last_state_need(
            inline in prop::collection::vec((0_usize..300, prop::option::of(0_usize..300)), 0..6),
            managed in prop::collection::vec(any::<bool>(), 0..6),
            new_managed in 0_usize..6,
            room in 0_usize..3,
        ) {
            let unchanged = managed.iter().filter(|changes| !**changes).count();
            let limit = managed.len().max(unchanged + new_managed) + room;
            let role = role(&inline, &managed, new_managed, limit);
            let states = states(&role);
            let (first, last) = (states[0], states[states.len() - 1]);
            prop_assert_eq!(last.1, unchanged + new_managed);
            for (total, attached) in states {
                prop_assert!(total <= first.0.max(last.0));
                prop_assert!(attached <= limit);
            }
        }
    }

    #[test]
    fn new_policies_are_attached_first_where_there_is_room() {
        let verbs = |limit: usize| -> String {
            let role = role(&[], &[true, true], 2, limit);
            let steps = steps(&role).into_iter().filter_map(|step| match step {
                Step::Attach(_) => Some('a'),
                Step::Detach(_) => Some('d'),
                _ => None,
            });
            steps.collect()
        };
        assert_eq!(verbs(4), "aadd");
        assert_eq!(verbs(3), "adad");
        assert_eq!(verbs(2), "dada");
    }
}
