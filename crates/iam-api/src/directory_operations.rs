//! The operations that show what is in an account: read-only, from its latest exports.

use std::sync::Arc;

use advisor_core::PagedOperation;
use advisor_core::{AccountId, Caller, JobId, MaxItems, Page};
use iam_policy_parser::{IamArn, IamEntity};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::api::Api;
use crate::constraints::{ARN, Checked, NAME_TO_64, NAME_TO_128};
use crate::directory::{Directory, Entity, Policy, User};
use crate::error::ApiError;
use crate::operation::Operation;
use crate::parameters::Parameters;

const USER: &[&str] = &["Path", "UserName", "UserId", "Arn", "CreateDate"];
const GROUP: &[&str] = &["Path", "GroupName", "GroupId", "Arn", "CreateDate"];
const ROLE: &[&str] = &[
    "Path",
    "RoleName",
    "RoleId",
    "Arn",
    "CreateDate",
    "AssumeRolePolicyDocument",
];
const POLICY: &[&str] = &[
    "PolicyName",
    "PolicyId",
    "Arn",
    "Path",
    "DefaultVersionId",
    "AttachmentCount",
    "PermissionsBoundaryUsageCount",
    "IsAttachable",
    "CreateDate",
    "UpdateDate",
];

/// The values of `Filter`.
const FILTERS: [&str; 5] = [
    "Role",
    "AWSManagedPolicy",
    "User",
    "LocalManagedPolicy",
    "Group",
];

/// Which stretch of a list is asked for, and what its markers belong to.
struct Stretch<'a> {
    operation: Operation,
    max_items: Option<MaxItems>,
    marker: Option<&'a str>,
    /// What the list is limited to, as sent.
    limits: String,
}

/// Answers one of them.
pub(crate) fn answer(
    api: &Api,
    operation: Operation,
    parameters: &Parameters,
    caller: &Caller,
) -> Result<Value, ApiError> {
    match operation {
        Operation::GetAccountAuthorizationDetails => {
            account_details(api, operation, parameters, caller)
        }
        Operation::GetUser => get_user(api, parameters, caller),
        Operation::GetRole => get_role(api, parameters, caller),
        Operation::GetGroup => get_group(api, operation, parameters, caller),
        Operation::GetPolicy => get_policy(api, parameters, caller),
        Operation::ListPolicies => list_policies(api, operation, parameters, caller),
        _ => list(api, operation, parameters, caller),
    }
}

/// `GetAccountAuthorizationDetails`.
fn account_details(
    api: &Api,
    operation: Operation,
    parameters: &Parameters,
    caller: &Caller,
) -> Result<Value, ApiError> {
    let mut checked = Checked::new(parameters);
    let filter = checked.words("Filter", &FILTERS);
    let max_items = checked.max_items()?;
    let marker = checked.marker();
    checked.finish()?;
    let wanted = |word: &str| {
        filter
            .as_ref()
            .is_none_or(|words| words.iter().any(|known| known == word))
    };
    let (account, directory) = directory(api, caller)?;
    let stretch = Stretch {
        operation,
        max_items,
        marker,
        limits: FILTERS
            .map(|word| if wanted(word) { "1" } else { "0" })
            .concat(),
    };
    let mut items: Vec<(&str, Item<'_>)> = Vec::new();
    if wanted("User") {
        items.extend(
            directory
                .users
                .iter()
                .map(|user| ("UserDetailList", Item::of_user(user))),
        );
    }
    if wanted("Group") {
        items.extend(
            directory
                .groups
                .iter()
                .map(|group| ("GroupDetailList", Item::of(group))),
        );
    }
    if wanted("Role") {
        items.extend(
            directory
                .roles
                .iter()
                .map(|role| ("RoleDetailList", Item::of(role))),
        );
    }
    items.extend(
        directory
            .policies
            .iter()
            .filter(|policy| {
                wanted(if policy.is_aws_managed {
                    "AWSManagedPolicy"
                } else {
                    "LocalManagedPolicy"
                })
            })
            .map(|policy| ("Policies", Item::of_policy(policy))),
    );
    let (page, next) = cut(api, &account, &stretch, items)?;
    let mut lists: Map<String, Value> = [
        "UserDetailList",
        "GroupDetailList",
        "RoleDetailList",
        "Policies",
    ]
    .into_iter()
    .map(|list| (list.to_owned(), json!([])))
    .collect();
    for (list, item) in page {
        if let Some(Value::Array(members)) = lists.get_mut(list) {
            members.push(item.value()?);
        }
    }
    Ok(paged(Value::Object(lists), next.as_deref()))
}

/// `ListUsers`, `ListGroups`, `ListRoles`.
fn list(
    api: &Api,
    operation: Operation,
    parameters: &Parameters,
    caller: &Caller,
) -> Result<Value, ApiError> {
    let mut checked = Checked::new(parameters);
    let prefix = checked.path_prefix();
    let max_items = checked.max_items()?;
    let marker = checked.marker();
    checked.finish()?;
    let (account, directory) = directory(api, caller)?;
    let stretch = Stretch {
        operation,
        max_items,
        marker,
        limits: prefix.to_owned(),
    };
    let below = |path: &str| path.starts_with(prefix);
    let (name, members, items): (_, _, Vec<Item<'_>>) = match operation {
        Operation::ListGroups => {
            let groups = directory.groups.iter().filter(|group| below(&group.path));
            ("Groups", GROUP, groups.map(Item::of).collect())
        }
        Operation::ListRoles => {
            let roles = directory.roles.iter().filter(|role| below(&role.path));
            ("Roles", ROLE, roles.map(Item::of).collect())
        }
        _ => {
            let users = directory.users.iter();
            let users = users.filter(|user| below(&user.entity.path));
            ("Users", USER, users.map(Item::of_user).collect())
        }
    };
    let (page, next) = cut(api, &account, &stretch, items)?;
    let list = page
        .into_iter()
        .map(|item| item.only(members))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(paged(json!({ name: list }), next.as_deref()))
}

/// `ListPolicies`: of AWS's policies those that the exports have.
fn list_policies(
    api: &Api,
    operation: Operation,
    parameters: &Parameters,
    caller: &Caller,
) -> Result<Value, ApiError> {
    let mut checked = Checked::new(parameters);
    let scope = checked.word("Scope", &["All", "AWS", "Local"]);
    let only_attached = checked.flag("OnlyAttached")?;
    let prefix = checked.path_prefix();
    let usage = checked.word(
        "PolicyUsageFilter",
        &["PermissionsPolicy", "PermissionsBoundary"],
    );
    let max_items = checked.max_items()?;
    let marker = checked.marker();
    checked.finish()?;
    let (account, directory) = directory(api, caller)?;
    let stretch = Stretch {
        operation,
        max_items,
        marker,
        limits: format!("{scope:?} {only_attached} {usage:?} {prefix}"),
    };
    let items = directory
        .policies
        .iter()
        .filter(|policy| {
            let is_attached = policy.attachments > 0;
            let is_in_scope = match scope {
                Some("AWS") => policy.is_aws_managed,
                Some("Local") => !policy.is_aws_managed,
                _ => true,
            };
            let is_used = match usage {
                Some("PermissionsPolicy") => is_attached,
                Some(_) => policy.boundaries > 0,
                None => !only_attached || is_attached,
            };
            is_in_scope && is_used && policy.entity.path.starts_with(prefix)
        })
        .map(Item::of_policy)
        .collect();
    let (page, next) = cut(api, &account, &stretch, items)?;
    let list = page
        .into_iter()
        .map(|item| item.only(POLICY))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(paged(json!({ "Policies": list }), next.as_deref()))
}

/// `GetUser`: without a name, the caller.
fn get_user(api: &Api, parameters: &Parameters, caller: &Caller) -> Result<Value, ApiError> {
    let mut checked = Checked::new(parameters);
    let name = checked.text("UserName", &NAME_TO_128);
    checked.finish()?;
    let own;
    let name = if let Some(name) = name {
        name
    } else {
        own = match caller
            .arn()
            .parse::<IamArn>()
            .map(|arn| arn.entity().clone())
        {
            Ok(IamEntity::User { name, .. }) => name,
            _ => {
                return Err(ApiError::validation(
                    "Must specify userName when calling with non-User credentials",
                ));
            }
        };
        &own
    };
    let (_, directory) = directory(api, caller)?;
    let user = directory
        .users
        .iter()
        .find(|user| user.entity.name == name)
        .ok_or_else(|| {
            ApiError::no_such_entity(format!("The user with name {name} cannot be found."))
        })?;
    let members = [USER, &["PermissionsBoundary", "Tags"]].concat();
    Ok(json!({ "User": Item::of_user(user).only(&members)? }))
}

/// `GetRole`.
fn get_role(api: &Api, parameters: &Parameters, caller: &Caller) -> Result<Value, ApiError> {
    let mut checked = Checked::new(parameters);
    let name = checked.required_text("RoleName", &NAME_TO_64);
    checked.finish()?;
    let (_, directory) = directory(api, caller)?;
    let role = directory
        .roles
        .iter()
        .find(|role| role.name == name)
        .ok_or_else(|| {
            ApiError::no_such_entity(format!("The role with name {name} cannot be found."))
        })?;
    let members = [ROLE, &["PermissionsBoundary", "Tags", "RoleLastUsed"]].concat();
    Ok(json!({ "Role": Item::of(role).only(&members)? }))
}

/// `GetGroup`: with its users.
fn get_group(
    api: &Api,
    operation: Operation,
    parameters: &Parameters,
    caller: &Caller,
) -> Result<Value, ApiError> {
    let mut checked = Checked::new(parameters);
    let name = checked.required_text("GroupName", &NAME_TO_128);
    let max_items = checked.max_items()?;
    let marker = checked.marker();
    checked.finish()?;
    let (account, directory) = directory(api, caller)?;
    let group = directory
        .groups
        .iter()
        .find(|group| group.name == name)
        .ok_or_else(|| {
            ApiError::no_such_entity(format!("The group with name {name} cannot be found."))
        })?;
    let stretch = Stretch {
        operation,
        max_items,
        marker,
        limits: name.to_owned(),
    };
    let users = directory
        .users
        .iter()
        .filter(|user| user.groups.iter().any(|group| group == name))
        .map(Item::of_user)
        .collect();
    let (page, next) = cut(api, &account, &stretch, users)?;
    let users = page
        .into_iter()
        .map(|item| item.only(USER))
        .collect::<Result<Vec<_>, _>>()?;
    let group = Item::of(group).only(GROUP)?;
    Ok(paged(
        json!({ "Group": group, "Users": users }),
        next.as_deref(),
    ))
}

/// `GetPolicy`.
fn get_policy(api: &Api, parameters: &Parameters, caller: &Caller) -> Result<Value, ApiError> {
    let mut checked = Checked::new(parameters);
    let arn = checked.required_text("PolicyArn", &ARN);
    checked.finish()?;
    let is_policy = arn
        .parse::<IamArn>()
        .is_ok_and(|arn| matches!(arn.entity(), IamEntity::Policy { .. }));
    if !is_policy {
        return Err(ApiError::invalid_input(format!("ARN {arn} is not valid.")));
    }
    let (_, directory) = directory(api, caller)?;
    let policy = directory
        .policies
        .iter()
        .find(|policy| policy.arn == arn)
        .ok_or_else(|| ApiError::no_such_entity(format!("Policy {arn} was not found.")))?;
    let members = [POLICY, &["Description"]].concat();
    Ok(json!({ "Policy": Item::of_policy(policy).only(&members)? }))
}

/// The caller's account, or the store's only one.
fn directory(api: &Api, caller: &Caller) -> Result<(AccountId, Arc<Directory>), ApiError> {
    let store = api.operations().store();
    let account = match caller.account() {
        Some(account) => account,
        None => match store.accounts()?.as_slice() {
            [only] => only.clone(),
            [] => return Err(ApiError::no_such_entity("No account has been imported.")),
            _ => {
                return Err(ApiError::invalid_input(
                    "The store holds several accounts: say which by using its number as the \
                     access key id.",
                ));
            }
        },
    };
    let picture = store.picture(&account)?.ok_or_else(|| {
        ApiError::no_such_entity(format!("The account {account} has not been imported."))
    })?;
    Ok((account, api.directory(&picture)))
}

/// An entity whose JSON has not been parsed yet: most are on other pages.
enum Item<'a> {
    Entity(&'a Entity),
    Policy(&'a Policy),
}

impl<'a> Item<'a> {
    fn of(entity: &'a Entity) -> Self {
        Self::Entity(entity)
    }

    fn of_user(user: &'a User) -> Self {
        Self::Entity(&user.entity)
    }

    fn of_policy(policy: &'a Policy) -> Self {
        Self::Policy(policy)
    }

    fn members(&self) -> Result<Map<String, Value>, ApiError> {
        let detail = match self {
            Self::Entity(entity) => entity.detail(),
            Self::Policy(policy) => policy.detail(),
        };
        detail.map_err(|error| {
            tracing::error!(%error, "an entity cannot be written");
            ApiError::failure()
        })
    }

    fn value(&self) -> Result<Value, ApiError> {
        self.members().map(Value::Object)
    }

    /// Only these members. Empty `Tags` are left out, as recorded of `GetUser`.
    fn only(&self, members: &[&str]) -> Result<Value, ApiError> {
        let mut detail = self.members()?;
        detail.retain(|name, value| {
            let is_empty_list = value.as_array().is_some_and(Vec::is_empty);
            members.contains(&name.as_str()) && !(name == "Tags" && is_empty_list)
        });
        Ok(Value::Object(detail))
    }
}

/// The page that is asked for, and the marker of the next one. A marker belongs to its operation,
/// account and limits.
fn cut<T>(
    api: &Api,
    account: &AccountId,
    stretch: &Stretch<'_>,
    items: Vec<T>,
) -> Result<(Vec<T>, Option<String>), ApiError> {
    let name = format!("{} {account} {}", stretch.operation.name(), stretch.limits);
    let digest = Sha256::digest(name.as_bytes());
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let list = JobId::from(digest.as_str());
    let key = api.operations().store().marker_key();
    let operation = PagedOperation::Directory;
    let start = match stretch.marker {
        Some(marker) => key.open(marker, operation, &list)?,
        None => 0,
    };
    let page = Page {
        start,
        items: stretch
            .max_items
            .map_or(operation.default_items(), MaxItems::get),
    };
    let next = page
        .next(items.len())
        .map(|position| key.seal(operation, &list, position));
    let items = items
        .into_iter()
        .skip(page.start)
        .take(page.items)
        .collect();
    Ok((items, next))
}

/// With `IsTruncated` and `Marker`.
fn paged(mut answer: Value, next: Option<&str>) -> Value {
    if let Value::Object(members) = &mut answer {
        members.insert("IsTruncated".into(), json!(next.is_some()));
        members.insert("Marker".into(), json!(next));
    }
    answer
}
