//! A stand-in for IAM: the policies of an account, and the limits that IAM keeps.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use advisor_core::PolicyLimits;
use serde_json::{Value, json};

/// The error code of IAM.
type Code = &'static str;

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Iam {
    pub(super) policies: BTreeMap<String, Policy>,
    /// Users, groups and roles, such as `role/build`.
    pub(super) holders: BTreeMap<String, Holder>,
    limits: PolicyLimits,
}

#[derive(Clone, Debug)]
pub(super) struct Policy {
    /// Documents by the number of their version.
    pub(super) versions: BTreeMap<u32, String>,
    pub(super) default: u32,
    next: u32,
}

/// Which number comes next is not a part of what is restored: IAM never uses a number again.
impl PartialEq for Policy {
    fn eq(&self, other: &Self) -> bool {
        (&self.versions, self.default) == (&other.versions, other.default)
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Holder {
    pub(super) inline: BTreeMap<String, String>,
    pub(super) attached: BTreeSet<String>,
}

/// A command of the AWS CLI.
pub(super) struct Call<'a> {
    pub(super) command: &'a str,
    options: BTreeMap<&'a str, &'a str>,
    folder: &'a Path,
}

impl<'a> Call<'a> {
    pub(super) fn new(folder: &'a Path, arguments: &'a [String]) -> Self {
        let mut options = BTreeMap::new();
        let mut rest = arguments.iter().skip(2).peekable();
        while let Some(argument) = rest.next() {
            let option = argument.strip_prefix("--").expect("an option");
            let (name, value) = match option.split_once('=') {
                Some(both) => both,
                None => {
                    let value = rest.next_if(|it| !it.starts_with("--"));
                    (option, value.map_or("", |value| value))
                }
            };
            options.insert(name, value);
        }
        Self {
            command: &arguments[1],
            options,
            folder,
        }
    }

    pub(super) fn option(&self, name: &str) -> &'a str {
        self.options.get(name).copied().unwrap_or_default()
    }

    pub(super) fn is_change(&self) -> bool {
        !self.command.starts_with("get-") && !self.command.starts_with("list-")
    }

    fn document(&self) -> Result<String, Code> {
        let path = self.option("policy-document");
        let path = path
            .strip_prefix("file://")
            .ok_or("MalformedPolicyDocument")?;
        let text = std::fs::read_to_string(self.folder.join(path)).map_err(|_| "NoSuchFile")?;
        let json: Result<Value, _> = serde_json::from_str(&text);
        json.map(|_| text).map_err(|_| "MalformedPolicyDocument")
    }
}

/// The characters that IAM counts.
fn size(text: &str) -> usize {
    text.chars().filter(|it| !it.is_whitespace()).count()
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

impl Iam {
    /// The policies of an account export.
    pub(super) fn of_export(export: &Value, limits: PolicyLimits) -> Self {
        let list = |value: &Value, key: &str| value[key].as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let mut iam = Self {
            policies: BTreeMap::new(),
            holders: BTreeMap::new(),
            limits,
        };
        for policy in list(export, "Policies") {
            let number = |id: &Value| text(id)[1..].parse::<u32>().unwrap();
            let versions = list(&policy, "PolicyVersionList").into_iter();
            let versions: BTreeMap<u32, String> = versions
                .map(|it| (number(&it["VersionId"]), it["Document"].to_string()))
                .collect();
            let default = number(&policy["DefaultVersionId"]);
            let next = versions.keys().max().unwrap() + 1;
            let policy = (
                text(&policy["Arn"]),
                Policy {
                    versions,
                    default,
                    next,
                },
            );
            iam.policies.extend([policy]);
        }
        for kind in ["User", "Group", "Role"] {
            for entity in list(export, &format!("{kind}DetailList")) {
                let name = text(&entity[format!("{kind}Name")]);
                let inline = list(&entity, &format!("{kind}PolicyList")).into_iter();
                let attached = list(&entity, "AttachedManagedPolicies").into_iter();
                let holder = Holder {
                    inline: inline
                        .map(|it| (text(&it["PolicyName"]), it["PolicyDocument"].to_string()))
                        .collect(),
                    attached: attached.map(|it| text(&it["PolicyArn"])).collect(),
                };
                let key = format!("{}/{name}", kind.to_lowercase());
                iam.holders.insert(key, holder);
            }
        }
        iam
    }

    pub(super) fn answer(&mut self, call: &Call<'_>) -> Result<Value, Code> {
        for kind in ["user", "group", "role"] {
            let Some(verb) = [format!("-{kind}-policy"), format!("-{kind}-policies")]
                .iter()
                .find_map(|end| call.command.strip_suffix(&**end))
            else {
                continue;
            };
            return self.answer_of_holder(call, kind, verb);
        }
        let arn = call.option("policy-arn");
        if call.command == "create-policy" {
            return self.create_policy(call);
        }
        let is_attached = self.holders.values().any(|it| it.attached.contains(arn));
        let policy = self.policies.get_mut(arn).ok_or("NoSuchEntity")?;
        let id = call.option("version-id").strip_prefix('v');
        let id = id.and_then(|it| it.parse::<u32>().ok());
        let version = || id.ok_or("ValidationError");
        match call.command {
            "get-policy" => {
                Ok(json!({"Policy": {"DefaultVersionId": format!("v{}", policy.default)}}))
            }
            "list-policy-versions" => {
                let ids = policy.versions.keys().rev();
                let versions: Vec<Value> = ids
                    .map(|id| json!({"VersionId": format!("v{id}")}))
                    .collect();
                Ok(json!({ "Versions": versions }))
            }
            "get-policy-version" => {
                let document = policy.versions.get(&version()?).ok_or("NoSuchEntity")?;
                Ok(json!({"PolicyVersion": {"Document": parsed(document)}}))
            }
            "create-policy-version" => {
                let document = call.document()?;
                if policy.versions.len() >= 5 || size(&document) > self.limits.managed_policy {
                    return Err("LimitExceeded");
                }
                assert!(call.options.contains_key("set-as-default"));
                policy.default = policy.next;
                policy.next += 1;
                policy.versions.insert(policy.default, document);
                Ok(Value::Null)
            }
            "set-default-policy-version" => {
                let id = version()?;
                policy.versions.get(&id).ok_or("NoSuchEntity")?;
                policy.default = id;
                Ok(Value::Null)
            }
            "delete-policy-version" => {
                let id = version()?;
                if id == policy.default {
                    return Err("DeleteConflict");
                }
                policy.versions.remove(&id).ok_or("NoSuchEntity")?;
                Ok(Value::Null)
            }
            "delete-policy" => {
                if is_attached || policy.versions.len() > 1 {
                    return Err("DeleteConflict");
                }
                self.policies.remove(arn);
                Ok(Value::Null)
            }
            _ => Err("InvalidAction"),
        }
    }

    fn create_policy(&mut self, call: &Call<'_>) -> Result<Value, Code> {
        let (name, document) = (call.option("policy-name"), call.document()?);
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-".contains(c);
        if name.len() > 128 || !name.chars().all(is_allowed) {
            return Err("ValidationError");
        }
        let mut own = self.policies.keys().filter(|arn| !arn.contains("::aws:"));
        let last = |arn: &str| arn.rsplit('/').next().unwrap_or_default().to_owned();
        if own.any(|arn| last(arn).eq_ignore_ascii_case(name)) {
            return Err("EntityAlreadyExists");
        }
        if size(&document) > self.limits.managed_policy {
            return Err("LimitExceeded");
        }
        let arn = format!("arn:aws:iam::{}:policy/{name}", crate::world::ACCOUNT);
        let policy = Policy {
            versions: [(1, document)].into(),
            default: 1,
            next: 2,
        };
        self.policies.insert(arn.clone(), policy);
        Ok(json!({"Policy": {"Arn": arn}}))
    }

    fn answer_of_holder(&mut self, call: &Call<'_>, kind: &str, verb: &str) -> Result<Value, Code> {
        let (inline_limit, attached_limit) = match kind {
            "user" => (self.limits.inline_user, self.limits.attached_user),
            "group" => (self.limits.inline_group, self.limits.attached_group),
            _ => (self.limits.inline_role, self.limits.attached_role),
        };
        let key = format!("{kind}/{}", call.option(&format!("{kind}-name")));
        let holder = self.holders.get_mut(&key).ok_or("NoSuchEntity")?;
        let (name, arn) = (call.option("policy-name"), call.option("policy-arn"));
        match verb {
            "list" => {
                let names: Vec<&String> = holder.inline.keys().collect();
                return Ok(json!({ "PolicyNames": names }));
            }
            "list-attached" => {
                let arns = holder.attached.iter();
                let policies: Vec<Value> = arns.map(|arn| json!({"PolicyArn": arn})).collect();
                return Ok(json!({ "AttachedPolicies": policies }));
            }
            "get" => {
                let document = holder.inline.get(name).ok_or("NoSuchEntity")?;
                return Ok(json!({"PolicyDocument": parsed(document)}));
            }
            "put" => {
                let mut inline = holder.inline.clone();
                inline.insert(name.to_owned(), call.document()?);
                if inline.values().map(|it| size(it)).sum::<usize>() > inline_limit {
                    return Err("LimitExceeded");
                }
                holder.inline = inline;
            }
            "delete" => {
                holder.inline.remove(name).ok_or("NoSuchEntity")?;
            }
            "attach" => {
                self.policies.get(arn).ok_or("NoSuchEntity")?;
                if !holder.attached.contains(arn) && holder.attached.len() >= attached_limit {
                    return Err("LimitExceeded");
                }
                holder.attached.insert(arn.to_owned());
            }
            "detach" => {
                if !holder.attached.remove(arn) {
                    return Err("NoSuchEntity");
                }
            }
            _ => return Err("InvalidAction"),
        }
        Ok(Value::Null)
    }
}
