//! A small IAM in memory: the account changes that the recording makes, and the account export that follows from them.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

/// Error code and message of a refused change.
pub(crate) type Refused = (String, String);

/// One account. Every change takes one second, and no unique id is given twice.
pub(crate) struct IamSimulator {
    account_id: String,
    now: u32,
    ids_given: usize,
    users: BTreeMap<String, User>,
    groups: BTreeMap<String, Identity>,
    roles: BTreeMap<String, Role>,
    /// By ARN.
    policies: BTreeMap<String, Policy>,
}

/// What users, groups and roles have in common.
struct Identity {
    path: String,
    unique_id: String,
    create_date: String,
    inline: BTreeMap<String, Value>,
    attached: BTreeSet<String>,
}

struct User {
    identity: Identity,
    groups: BTreeSet<String>,
    boundary: Option<String>,
}

struct Role {
    identity: Identity,
    trust: Value,
}

struct Policy {
    name: String,
    path: String,
    unique_id: String,
    /// Document and creation date; the version at `n` is `v(n+1)`.
    versions: Vec<(Value, String)>,
    default_version: usize,
}

impl IamSimulator {
    pub(crate) fn new(account_id: &str) -> Self {
        Self {
            account_id: account_id.to_owned(),
            now: 0,
            ids_given: 0,
            users: BTreeMap::new(),
            groups: BTreeMap::new(),
            roles: BTreeMap::new(),
            policies: BTreeMap::new(),
        }
    }

    /// Makes one change, and answers as IAM does. A refused change leaves the account as it was.
    pub(crate) fn apply(&mut self, operation: &str, parameters: &Value) -> Result<Value, Refused> {
        self.now += 1;
        match operation {
            "CreateUser" => return self.create_user(parameters),
            "CreateGroup" => return self.create_group(parameters),
            "CreateRole" => return self.create_role(parameters),
            "CreatePolicy" => return self.create_policy(parameters),
            "CreatePolicyVersion" => return self.create_policy_version(parameters),
            "CreateAccessKey" => {
                self.user(parameters)?;
                // Keys are in no account export, so none is kept.
                return Ok(
                    json!({"AccessKey": {"UserName": parameters["UserName"], "AccessKeyId": self.unique_id("AKIA", 16)}}),
                );
            }
            "PutUserPolicy" | "PutGroupPolicy" | "PutRolePolicy" => {
                let document = policy_document(parameters)?;
                self.identity(parameters)?
                    .inline
                    .insert(text(parameters, "PolicyName"), document);
            }
            "DeleteUserPolicy" => {
                let name = text(parameters, "PolicyName");
                let removed = self.identity(parameters)?.inline.remove(&name);
                removed.ok_or_else(|| no_such("user policy", &name))?;
            }
            "AttachUserPolicy" | "AttachGroupPolicy" | "AttachRolePolicy" => {
                let arn = self.policy_arn(parameters, "PolicyArn")?;
                self.identity(parameters)?.attached.insert(arn);
            }
            "DetachUserPolicy" => {
                let arn = self.policy_arn(parameters, "PolicyArn")?;
                if !self.identity(parameters)?.attached.remove(&arn) {
                    return Err(no_such("attached policy", &arn));
                }
            }
            "PutUserPermissionsBoundary" => {
                let arn = self.policy_arn(parameters, "PermissionsBoundary")?;
                self.user(parameters)?.boundary = Some(arn);
            }
            "DeleteUserPermissionsBoundary" => self.user(parameters)?.boundary = None,
            "AddUserToGroup" => {
                let group = self.group_name(parameters)?;
                self.user(parameters)?.groups.insert(group);
            }
            "RemoveUserFromGroup" => {
                let group = self.group_name(parameters)?;
                if !self.user(parameters)?.groups.remove(&group) {
                    return Err(no_such("member", &text(parameters, "UserName")));
                }
            }
            "UpdateUser" => self.update_user(parameters)?,
            "DeleteUser" => {
                self.user(parameters)?;
                self.users.remove(&text(parameters, "UserName"));
            }
            unknown => panic!("the simulator has no operation {unknown}"),
        }
        Ok(json!({}))
    }

    /// The account as `aws iam get-account-authorization-details` prints it.
    pub(crate) fn export(&self) -> Value {
        let users: Vec<Value> = self
            .users
            .iter()
            .map(|(name, user)| self.export_user(name, user))
            .collect();
        let groups: Vec<Value> = self
            .groups
            .iter()
            .map(|(name, group)| self.export_group(name, group))
            .collect();
        let roles: Vec<Value> = self
            .roles
            .iter()
            .map(|(name, role)| self.export_role(name, role))
            .collect();
        let policies: Vec<Value> = self
            .policies
            .iter()
            .map(|(arn, policy)| self.export_policy(arn, policy))
            .collect();
        json!({"UserDetailList": users, "GroupDetailList": groups, "RoleDetailList": roles, "Policies": policies})
    }

    fn create_user(&mut self, parameters: &Value) -> Result<Value, Refused> {
        let name = text(parameters, "UserName");
        if self.users.contains_key(&name) {
            return Err(already_exists("User", &name));
        }
        let identity = self.new_identity("AIDA", parameters);
        let user = User {
            identity,
            groups: BTreeSet::new(),
            boundary: None,
        };
        let answer = json!({"User": self.head("User", &name, &user.identity)});
        self.users.insert(name, user);
        Ok(answer)
    }

    fn create_group(&mut self, parameters: &Value) -> Result<Value, Refused> {
        let name = text(parameters, "GroupName");
        if self.groups.contains_key(&name) {
            return Err(already_exists("Group", &name));
        }
        let group = self.new_identity("AGPA", parameters);
        let answer = json!({"Group": self.head("Group", &name, &group)});
        self.groups.insert(name, group);
        Ok(answer)
    }

    fn create_role(&mut self, parameters: &Value) -> Result<Value, Refused> {
        let name = text(parameters, "RoleName");
        if self.roles.contains_key(&name) {
            return Err(already_exists("Role", &name));
        }
        let identity = self.new_identity("AROA", parameters);
        let role = Role {
            identity,
            trust: parameters["AssumeRolePolicyDocument"].clone(),
        };
        let answer = json!({"Role": self.head("Role", &name, &role.identity)});
        self.roles.insert(name, role);
        Ok(answer)
    }

    fn create_policy(&mut self, parameters: &Value) -> Result<Value, Refused> {
        let document = policy_document(parameters)?;
        let (name, path) = (text(parameters, "PolicyName"), path_of(parameters));
        let arn = self.arn("policy", &path, &name);
        if self.policies.values().any(|policy| policy.name == name) {
            return Err(already_exists("A policy", &name));
        }
        let unique_id = self.unique_id("ANPA", 17);
        let answer = json!({"Policy": {"PolicyName": name, "PolicyId": unique_id, "Arn": arn, "Path": path, "DefaultVersionId": "v1"}});
        let policy = Policy {
            name,
            path,
            unique_id,
            versions: vec![(document, self.date())],
            default_version: 0,
        };
        self.policies.insert(arn, policy);
        Ok(answer)
    }

    fn create_policy_version(&mut self, parameters: &Value) -> Result<Value, Refused> {
        let document = policy_document(parameters)?;
        let arn = self.policy_arn(parameters, "PolicyArn")?;
        let date = self.date();
        let policy = self.policies.get_mut(&arn).expect("policy_arn found it");
        policy.versions.push((document, date));
        let is_default = parameters["SetAsDefault"] == true;
        if is_default {
            policy.default_version = policy.versions.len() - 1;
        }
        Ok(
            json!({"PolicyVersion": {"VersionId": format!("v{}", policy.versions.len()), "IsDefaultVersion": is_default}}),
        )
    }

    /// The unique id stays, and so does everything the user has.
    fn update_user(&mut self, parameters: &Value) -> Result<(), Refused> {
        let old = text(parameters, "UserName");
        let new = parameters["NewUserName"]
            .as_str()
            .map_or_else(|| old.clone(), str::to_owned);
        if new != old && self.users.contains_key(&new) {
            return Err(already_exists("User", &new));
        }
        let mut user = self
            .users
            .remove(&old)
            .ok_or_else(|| no_such("user", &old))?;
        if let Some(path) = parameters["NewPath"].as_str() {
            path.clone_into(&mut user.identity.path);
        }
        self.users.insert(new, user);
        Ok(())
    }

    fn user(&mut self, parameters: &Value) -> Result<&mut User, Refused> {
        let name = text(parameters, "UserName");
        self.users
            .get_mut(&name)
            .ok_or_else(|| no_such("user", &name))
    }

    /// The user, group or role that the parameters name.
    fn identity(&mut self, parameters: &Value) -> Result<&mut Identity, Refused> {
        if parameters.get("UserName").is_some() {
            return Ok(&mut self.user(parameters)?.identity);
        }
        if parameters.get("GroupName").is_some() {
            let name = self.group_name(parameters)?;
            return Ok(self.groups.get_mut(&name).expect("group_name found it"));
        }
        let name = text(parameters, "RoleName");
        let role = self
            .roles
            .get_mut(&name)
            .ok_or_else(|| no_such("role", &name))?;
        Ok(&mut role.identity)
    }

    fn group_name(&self, parameters: &Value) -> Result<String, Refused> {
        let name = text(parameters, "GroupName");
        if self.groups.contains_key(&name) {
            Ok(name)
        } else {
            Err(no_such("group", &name))
        }
    }

    fn policy_arn(&self, parameters: &Value, parameter: &str) -> Result<String, Refused> {
        let arn = text(parameters, parameter);
        if self.policies.contains_key(&arn) {
            Ok(arn)
        } else {
            Err(no_such("policy", &arn))
        }
    }

    fn new_identity(&mut self, prefix: &str, parameters: &Value) -> Identity {
        Identity {
            path: path_of(parameters),
            unique_id: self.unique_id(prefix, 17),
            create_date: self.date(),
            inline: BTreeMap::new(),
            attached: BTreeSet::new(),
        }
    }

    /// The prefix and the running number, in the alphabet that IAM's ids have.
    fn unique_id(&mut self, prefix: &str, digits: usize) -> String {
        const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        self.ids_given += 1;
        let mut rest = self.ids_given;
        let mut number = vec!['A'; digits];
        for digit in number.iter_mut().rev() {
            *digit = char::from(ALPHABET[rest % 32]);
            rest /= 32;
        }
        prefix.chars().chain(number).collect()
    }

    fn date(&self) -> String {
        let (hours, minutes, seconds) = (self.now / 3600, self.now / 60 % 60, self.now % 60);
        assert!(
            hours < 24,
            "more changes than the simulated day has seconds"
        );
        format!("2026-09-01T{hours:02}:{minutes:02}:{seconds:02}+00:00")
    }

    fn arn(&self, resource: &str, path: &str, name: &str) -> String {
        format!("arn:aws:iam::{}:{resource}{path}{name}", self.account_id)
    }

    /// The fields that name an identity: in creation answers and in the export.
    fn head(&self, kind: &str, name: &str, identity: &Identity) -> Value {
        json!({
            "Path": identity.path,
            format!("{kind}Name"): name,
            format!("{kind}Id"): identity.unique_id,
            "Arn": self.arn(&kind.to_lowercase(), &identity.path, name),
            "CreateDate": identity.create_date,
        })
    }

    fn export_identity(&self, kind: &str, name: &str, identity: &Identity) -> Value {
        let inline: Vec<Value> = identity
            .inline
            .iter()
            .map(|(name, document)| json!({"PolicyName": name, "PolicyDocument": document}))
            .collect();
        let attached: Vec<Value> = identity
            .attached
            .iter()
            .map(|arn| json!({"PolicyName": self.policies.get(arn).map(|policy| &policy.name), "PolicyArn": arn}))
            .collect();
        let mut detail = self.head(kind, name, identity);
        // AWS leaves the list out for users that have none.
        if kind != "User" || !inline.is_empty() {
            detail[format!("{kind}PolicyList")] = Value::from(inline);
        }
        detail["AttachedManagedPolicies"] = Value::from(attached);
        detail
    }

    fn export_user(&self, name: &str, user: &User) -> Value {
        let mut detail = self.export_identity("User", name, &user.identity);
        detail["GroupList"] = json!(user.groups);
        if let Some(arn) = &user.boundary {
            detail["PermissionsBoundary"] =
                json!({"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn});
        }
        detail["Tags"] = json!([]);
        detail
    }

    fn export_group(&self, name: &str, group: &Identity) -> Value {
        self.export_identity("Group", name, group)
    }

    fn export_role(&self, name: &str, role: &Role) -> Value {
        let mut detail = self.export_identity("Role", name, &role.identity);
        detail["AssumeRolePolicyDocument"] = role.trust.clone();
        detail["InstanceProfileList"] = json!([]);
        detail["Tags"] = json!([]);
        detail["RoleLastUsed"] = json!({});
        detail
    }

    fn export_policy(&self, arn: &str, policy: &Policy) -> Value {
        let identities = self.users.values().map(|user| &user.identity);
        let identities = identities
            .chain(self.groups.values())
            .chain(self.roles.values().map(|role| &role.identity));
        let attachments = identities
            .filter(|identity| identity.attached.contains(arn))
            .count();
        let boundaries = self
            .users
            .values()
            .filter(|user| user.boundary.as_deref() == Some(arn))
            .count();
        // Newest first, as IAM lists them.
        let versions: Vec<Value> = policy
            .versions
            .iter()
            .enumerate()
            .rev()
            .map(|(index, (document, date))| {
                json!({
                    "Document": document,
                    "VersionId": format!("v{}", index + 1),
                    "IsDefaultVersion": index == policy.default_version,
                    "CreateDate": date,
                })
            })
            .collect();
        json!({
            "PolicyName": policy.name,
            "PolicyId": policy.unique_id,
            "Arn": arn,
            "Path": policy.path,
            "DefaultVersionId": format!("v{}", policy.default_version + 1),
            "AttachmentCount": attachments,
            "PermissionsBoundaryUsageCount": boundaries,
            "IsAttachable": true,
            "CreateDate": policy.versions.first().map(|(_, date)| date),
            "UpdateDate": policy.versions.last().map(|(_, date)| date),
            "PolicyVersionList": versions,
        })
    }
}

fn text(parameters: &Value, name: &str) -> String {
    parameters[name]
        .as_str()
        .unwrap_or_else(|| panic!("parameter {name} is not a string in {parameters}"))
        .to_owned()
}

fn path_of(parameters: &Value) -> String {
    parameters["Path"].as_str().unwrap_or("/").to_owned()
}

/// The document to set, unless an action's service part holds a wildcard.
fn policy_document(parameters: &Value) -> Result<Value, Refused> {
    let document = parameters["PolicyDocument"].clone();
    for statement in one_or_many(&document["Statement"]) {
        for action in one_or_many(&statement["Action"])
            .iter()
            .chain(one_or_many(&statement["NotAction"]))
        {
            let service = action
                .as_str()
                .and_then(|action| action.split_once(':'))
                .map_or("", |(service, _)| service);
            if service.contains(['*', '?']) {
                let message = "Action vendors (e.g., aws, ec2, etc.) must not contain wildcards.";
                return Err(("MalformedPolicyDocument".to_owned(), message.to_owned()));
            }
        }
    }
    Ok(document)
}

fn one_or_many(value: &Value) -> &[Value] {
    value
        .as_array()
        .map_or_else(|| std::slice::from_ref(value), Vec::as_slice)
}

fn no_such(kind: &str, name: &str) -> Refused {
    (
        "NoSuchEntity".to_owned(),
        format!("The {kind} with name {name} cannot be found."),
    )
}

fn already_exists(kind: &str, name: &str) -> Refused {
    (
        "EntityAlreadyExists".to_owned(),
        format!("{kind} with name {name} already exists."),
    )
}

#[test]
fn a_renamed_user_keeps_its_id_and_a_user_made_again_has_another() {
    let mut iam = IamSimulator::new("123456789012");
    let id = |iam: &IamSimulator| {
        iam.export()
            .pointer("/UserDetailList/0/UserId")
            .and_then(Value::as_str)
            .unwrap()
            .to_owned()
    };
    iam.apply("CreateUser", &json!({"UserName": "a", "Path": "/t/"}))
        .unwrap();
    let first = id(&iam);
    assert_eq!((first.len(), first.get(..4)), (21, Some("AIDA")));
    iam.apply("UpdateUser", &json!({"UserName": "a", "NewUserName": "b"}))
        .unwrap();
    assert_eq!(id(&iam), first);
    iam.apply("DeleteUser", &json!({"UserName": "b"})).unwrap();
    iam.apply("CreateUser", &json!({"UserName": "b"})).unwrap();
    assert_ne!(id(&iam), first);
}
