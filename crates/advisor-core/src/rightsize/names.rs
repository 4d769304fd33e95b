//! Names of new managed policies.

use hashbrown::HashSet;

use crate::account::{AccountData, EntityDetail, EntityKind};

use super::paths::short_hash;

/// The longest name of a policy. Source: IAM User Guide, "IAM and AWS STS quotas".
const LONGEST: usize = 128;

/// The kinds of entities that have policies.
const HOLDERS: [EntityKind; 3] = [EntityKind::User, EntityKind::Group, EntityKind::Role];

/// The names that the entities of an account export have, in lower case: IAM does not distinguish names by case, and a policy's name
/// is unique in an account whatever its path is. Source: IAM User Guide, "IAM identifiers".
#[derive(Debug)]
pub(super) struct AccountNames(HashSet<String>);

impl AccountNames {
    pub(super) fn new(account: &AccountData) -> Self {
        let entities = account.entities();
        let names = entities.map(|(_, it)| key(it.account.as_str(), it.kind, &it.name));
        Self(names.collect())
    }

    fn has(&self, account: &str, kind: EntityKind, name: &str) -> bool {
        self.0.contains(&key(account, kind, name))
    }
}

fn key(account: &str, kind: EntityKind, name: &str) -> String {
    format!("{account} {} {}", word(kind), name.to_ascii_lowercase())
}

fn word(kind: EntityKind) -> &'static str {
    match kind {
        EntityKind::User => "user",
        EntityKind::Group => "group",
        EntityKind::Role => "role",
        EntityKind::Policy => "policy",
    }
}

/// Makes names of managed policies for an entity. They tell what the policies are for, and are the names of no policy of the account
/// and of no new policy of another entity. That needs no list of the names of other entities: a name ends in the name of its entity,
/// and where it could be read as that of another one, or had to be cut, in a hash of what it stands for.
pub(super) struct NewNames<'a> {
    names: &'a AccountNames,
    detail: &'a EntityDetail,
    used: HashSet<String>,
}

impl<'a> NewNames<'a> {
    pub(super) fn new(names: &'a AccountNames, detail: &'a EntityDetail) -> Self {
        Self {
            names,
            detail,
            used: HashSet::new(),
        }
    }

    /// A name for a policy that takes the place of others.
    pub(super) fn next(&mut self, replaces: &[String]) -> String {
        let what = match replaces {
            [one] => one.rsplit('/').next().unwrap_or_default(),
            _ => "rightsized",
        };
        let full = format!("{what}-{}-{}", word(self.detail.kind), self.detail.name);
        let plain = allowed(&full);
        if plain == full && plain.len() <= LONGEST && self.is_free(&plain) {
            self.used.insert(plain.to_ascii_lowercase());
            return plain;
        }
        let full = format!("{} {}", self.detail.arn, replaces.join(" "));
        let mut number = 1_u64;
        loop {
            let end = format!("-{}", short_hash(&format!("{full} {number}")));
            let kept = plain.chars().take(LONGEST - end.len());
            let name: String = kept.chain(end.chars()).collect();
            if self.is_free(&name) {
                self.used.insert(name.to_ascii_lowercase());
                return name;
            }
            number += 1;
        }
    }

    /// Whether no policy of the account has the name, no other new one of this entity, and it cannot be the name of a new policy of
    /// another entity.
    fn is_free(&self, name: &str) -> bool {
        let account = self.detail.account.as_str();
        let lower = name.to_ascii_lowercase();
        !self.used.contains(&lower)
            && !self.names.has(account, EntityKind::Policy, &lower)
            && !self.may_be_of_another(&lower)
    }

    /// Whether the name ends in `-role-` and the name of a role, or the like, and that is not this entity.
    fn may_be_of_another(&self, name: &str) -> bool {
        HOLDERS.iter().any(|kind| {
            let infix = format!("-{}-", word(*kind));
            name.match_indices(&infix).any(|(at, _)| {
                let holder = name.get(at + infix.len()..).unwrap_or_default();
                let is_own =
                    *kind == self.detail.kind && self.detail.name.eq_ignore_ascii_case(holder);
                !is_own && self.names.has(self.detail.account.as_str(), *kind, holder)
            })
        })
    }
}

/// The text with what names of policies may not have replaced by `-`.
fn allowed(text: &str) -> String {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-".contains(c);
    let letters = text.chars().map(|c| if is_allowed(c) { c } else { '-' });
    letters.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn role(name: &str) -> serde_json::Value {
        json!({"RoleName": name, "RoleId": format!("AROA{name}"), "Path": "/", "RolePolicyList": [],
            "Arn": format!("arn:aws:iam::111122223333:role/{name}"), "AttachedManagedPolicies": []})
    }

    /// The names for each role, of the policies that replace these.
    fn names_of(roles: &[&str], replaces: &[&[&str]]) -> Vec<String> {
        let roles: Vec<_> = roles.iter().map(|name| role(name)).collect();
        let policy = json!({"PolicyName": "TAKEN-role-a", "PolicyId": "ANPATAKEN", "PolicyVersionList": [],
            "Arn": "arn:aws:iam::111122223333:policy/some/path/TAKEN-role-a"});
        let export = json!({"RoleDetailList": roles, "Policies": [policy]});
        let account = AccountData::from_export("inline", &export.to_string()).unwrap();
        let taken = AccountNames::new(&account);
        let roles = account
            .entities()
            .filter(|(_, it)| it.kind == EntityKind::Role);
        let names = roles.flat_map(|(_, detail)| {
            let mut names = NewNames::new(&taken, detail);
            let replaces = replaces.iter();
            let replaces = replaces.map(|it| it.iter().map(|&it| it.to_owned()).collect());
            let names: Vec<String> = replaces.map(|it: Vec<_>| names.next(&it)).collect();
            names
        });
        names.collect()
    }

    fn assert_distinct(names: &[String]) {
        let lower: HashSet<String> = names.iter().map(|name| name.to_ascii_lowercase()).collect();
        assert_eq!(lower.len(), names.len(), "{names:?}");
        assert!(names.iter().all(|name| name.len() <= LONGEST), "{names:?}");
    }

    #[test]
    fn names_tell_what_they_are_for() {
        let names = names_of(&["a"], &[&["arn:aws:iam::aws:policy/p/X"], &["x", "y"]]);
        assert_eq!(names, ["X-role-a", "rightsized-role-a"]);
    }

    #[test]
    fn names_are_those_of_no_other_policy_whatever_the_case_and_the_path() {
        let replaces: &[&[&str]] = &[
            &["taken"],
            &["arn:a/same"],
            &["arn:b/SAME"],
            &["b c"],
            &["b:c"],
        ];
        let names = names_of(&["a"], replaces);
        assert_distinct(&names);
        assert!(names[0].starts_with("taken-role-a-"), "{names:?}");
        assert_eq!(names[1], "same-role-a");
    }

    #[test]
    fn names_of_different_entities_differ() {
        let long = "l".repeat(125);
        assert_distinct(&names_of(&["r1", "r2"], &[&[&long]]));
        // x-role-b of c, and x of b-role-c.
        let names = names_of(&["c", "b-role-c"], &[&["x-role-b"], &["x"]]);
        assert_distinct(&names);
        assert!(names.contains(&"x-role-c".to_owned()), "{names:?}");
    }
}
