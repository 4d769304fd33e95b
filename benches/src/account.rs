//! Generates accounts of any size, as `aws iam get-account-authorization-details` exports them.

use serde_json::{Value, json};
use service_catalog::Catalog;

use crate::names::{self, ACCOUNT_ID};
use crate::policies::PolicyGenerator;
use crate::seeded::Seeded;

const CREATED: &str = "2024-03-01T09:00:00+00:00";
/// The mean number of users in a group.
const USERS_A_GROUP: usize = 20;

/// The size of a generated account, and its seed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountShape {
    /// Seeds everything that is random.
    pub seed: u64,
    /// The number of users (three of ten) and roles.
    pub identities: usize,
    /// The number of customer-managed policies. Most are attached to few identities, some to many.
    pub managed_policies: usize,
    /// The percentage of identities with an inline policy.
    pub inline_percent: usize,
    /// The percentage of statements that deny something on some resources only. These are the most expensive to evaluate.
    pub scoped_deny_percent: usize,
    /// The percentage of identities with the policy that allows everything. If it is 100, they have no other policy.
    pub administrator_percent: usize,
}

impl Default for AccountShape {
    fn default() -> Self {
        Self {
            seed: 1,
            identities: 1_000,
            managed_policies: 500,
            inline_percent: 10,
            scoped_deny_percent: 3,
            administrator_percent: 2,
        }
    }
}

/// The kind of an identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdentityKind {
    /// An IAM user.
    User,
    /// An IAM role.
    Role,
}

/// A user or role of a generated account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// User or role.
    pub kind: IdentityKind,
    /// The name.
    pub name: String,
    /// The path.
    pub path: &'static str,
    /// The ARN.
    pub arn: String,
    /// The unique id, `AIDA...` or `AROA...`.
    pub unique_id: String,
}

impl AccountShape {
    /// Returns the identity with this index, even if the account has fewer identities.
    #[must_use]
    pub fn identity(&self, index: usize) -> Identity {
        let mut random = Seeded::of(self.seed, "identity", index as u64);
        let is_user = random.percent(30);
        let unique_id = format!(
            "{}{}",
            if is_user { "AIDA" } else { "AROA" },
            random.base32(17)
        );
        let path = random.pick(&["/", "/", "/service/", "/teams/data/"]);
        let (kind, sort, name) = if is_user {
            (IdentityKind::User, "user", format!("person-{index}"))
        } else {
            let name = format!("{}-{index}", names::name(&mut random));
            (IdentityKind::Role, "role", name)
        };
        let arn = format!("arn:aws:iam::{ACCOUNT_ID}:{sort}{path}{name}");
        Identity {
            kind,
            name,
            path,
            arn,
            unique_id,
        }
    }

    /// Returns the documents of the managed policies. The first allows reading from all common services, the last everything.
    #[must_use]
    pub fn managed_documents(&self) -> Vec<Value> {
        let generator = self.policies();
        (0..self.managed_policies)
            .map(|index| match index {
                _ if index + 1 == self.managed_policies => PolicyGenerator::administrator(),
                0 => generator.read_only(),
                _ => generator.document(&mut Seeded::of(self.seed, "managed policy", index as u64)),
            })
            .collect()
    }

    /// Returns the export as JSON.
    #[must_use]
    pub fn export(&self) -> String {
        let generator = self.policies();
        let (mut users, mut roles) = (Vec::new(), Vec::new());
        for index in 0..self.identities {
            let identity = self.identity(index);
            let mut random = Seeded::of(self.seed, "permissions", index as u64);
            let inline: Vec<Value> = (0..usize::from(random.percent(self.inline_percent)))
                .map(|_| {
                    let document = generator.document(&mut random);
                    json!({"PolicyName": "own", "PolicyDocument": document})
                })
                .collect();
            match identity.kind {
                IdentityKind::User => users.push(self.user(&identity, &inline, &mut random)),
                IdentityKind::Role => roles.push(self.role(&identity, &inline, &mut random)),
            }
        }
        let groups: Vec<Value> = (0..self.groups()).map(|index| self.group(index)).collect();
        let managed = self.managed_documents();
        let managed: Vec<Value> = managed
            .iter()
            .enumerate()
            .map(|(index, document)| self.managed(index, document))
            .collect();
        let export = json!({
            "UserDetailList": users,
            "GroupDetailList": groups,
            "RoleDetailList": roles,
            "Policies": managed,
            "IsTruncated": false,
        });
        export.to_string()
    }

    pub(crate) fn policies(&self) -> PolicyGenerator<'static> {
        PolicyGenerator::new(Catalog::embedded(), self.scoped_deny_percent)
    }

    fn groups(&self) -> usize {
        1 + self.identities * 3 / (10 * USERS_A_GROUP)
    }

    fn user(&self, identity: &Identity, inline: &[Value], random: &mut Seeded) -> Value {
        let mut groups: Vec<usize> = (0..random.between(1, 2))
            .map(|_| random.below(self.groups()))
            .collect();
        groups.sort_unstable();
        groups.dedup();
        let groups: Vec<String> = groups
            .into_iter()
            .map(|index| format!("group-{index}"))
            .collect();
        json!({
            "Path": identity.path,
            "UserName": identity.name,
            "UserId": identity.unique_id,
            "Arn": identity.arn,
            "CreateDate": CREATED,
            "UserPolicyList": inline,
            "GroupList": groups,
            "AttachedManagedPolicies": self.attached(0, 2, random),
            "Tags": [{"Key": "team", "Value": "any"}],
        })
    }

    fn role(&self, identity: &Identity, inline: &[Value], random: &mut Seeded) -> Value {
        json!({
            "Path": identity.path,
            "RoleName": identity.name,
            "RoleId": identity.unique_id,
            "Arn": identity.arn,
            "CreateDate": CREATED,
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [{
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }]},
            "InstanceProfileList": [],
            "RolePolicyList": inline,
            "AttachedManagedPolicies": self.attached(1, 4, random),
            "Tags": [],
        })
    }

    fn group(&self, index: usize) -> Value {
        let mut random = Seeded::of(self.seed, "group", index as u64);
        let name = format!("group-{index}");
        json!({
            "Path": "/",
            "GroupName": name,
            "GroupId": format!("AGPA{}", random.base32(17)),
            "Arn": format!("arn:aws:iam::{ACCOUNT_ID}:group/{name}"),
            "CreateDate": CREATED,
            "GroupPolicyList": [],
            "AttachedManagedPolicies": self.attached(1, 4, &mut random),
        })
    }

    /// Draws attached managed policies.
    fn attached(&self, least: usize, most: usize, random: &mut Seeded) -> Vec<Value> {
        let others = if self.administrator_percent < 100 {
            random.between(least, most)
        } else {
            0
        };
        let mut indices: Vec<usize> = (0..others)
            .map(|_| random.skewed_below(self.managed_policies.saturating_sub(1)))
            .collect();
        if random.percent(self.administrator_percent) {
            indices.push(self.managed_policies.saturating_sub(1));
        }
        indices.sort_unstable();
        indices.dedup();
        indices
            .into_iter()
            .filter(|index| *index < self.managed_policies)
            .map(|index| {
                let name = format!("policy-{index}");
                json!({"PolicyName": name, "PolicyArn": policy_arn(&name)})
            })
            .collect()
    }

    fn managed(&self, index: usize, document: &Value) -> Value {
        let mut random = Seeded::of(self.seed, "policy id", index as u64);
        let name = format!("policy-{index}");
        json!({
            "PolicyName": name,
            "PolicyId": format!("ANPA{}", random.base32(17)),
            "Arn": policy_arn(&name),
            "Path": "/",
            "DefaultVersionId": "v1",
            "IsAttachable": true,
            "CreateDate": CREATED,
            "UpdateDate": CREATED,
            "PolicyVersionList": [{
                "Document": document,
                "VersionId": "v1",
                "IsDefaultVersion": true,
                "CreateDate": CREATED,
            }],
        })
    }
}

fn policy_arn(name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT_ID}:policy/{name}")
}

#[cfg(test)]
mod tests {
    use advisor_core::AccountData;
    use advisor_core::EntityKind;

    use super::*;

    #[test]
    fn the_export_is_whole_and_the_same_every_time() {
        let shape = AccountShape {
            identities: 300,
            managed_policies: 60,
            ..AccountShape::default()
        };
        let export = shape.export();
        assert_eq!(export, shape.export());
        assert_ne!(
            export,
            AccountShape {
                seed: 2,
                ..shape.clone()
            }
            .export()
        );

        let account = AccountData::from_export("generated", &export).unwrap();
        assert_eq!(account.issues(), []);
        let count = |kind| {
            account
                .entities()
                .filter(|(_, detail)| detail.kind == kind)
                .count()
        };
        let (users, roles) = (count(EntityKind::User), count(EntityKind::Role));
        assert_eq!(users + roles, 300);
        assert!((60..120).contains(&users), "{users}");
        assert_eq!(count(EntityKind::Policy), 60);
        assert_eq!(count(EntityKind::Group), shape.groups());
        for index in 0..300 {
            let identity = shape.identity(index);
            let found = account.by_unique_id(&identity.unique_id).unwrap();
            assert_eq!(*account.entity(found).unwrap().arn, *identity.arn);
        }
    }

    #[test]
    fn documents_are_of_every_sort() {
        let shape = AccountShape::default();
        let documents: Vec<String> = shape
            .managed_documents()
            .iter()
            .map(Value::to_string)
            .collect();
        for part in [
            "\"Deny\"",
            "NotAction",
            "NotResource",
            "Condition",
            ":Describe*\"",
            ":::",
        ] {
            let count = documents
                .iter()
                .filter(|document| document.contains(part))
                .count();
            assert!(count >= 3, "{part}: {count}");
        }
        // IAM takes managed policies of up to 6,144 characters.
        let longest = documents.iter().map(String::len).max().unwrap();
        assert!((2_000..=6_144).contains(&longest), "{longest}");
    }
}
