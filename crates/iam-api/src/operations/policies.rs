//! `ListPolicies` and `GetPolicy`. Of the AWS managed policies there are those in the exports.

use advisor_core::EntityKind;
use iam_policy_parser::{IamArn, IamEntity};
use serde_json::{Value, json};

use super::answer::Answer;
use super::constraints::{ARN, Checked};
use super::context::Context;
use super::directory::EntityRef;
use super::item::Item;
use super::paging::PageOfList;
use crate::error::ApiError;
use crate::operation::Operation;

/// The members of a `Policy` in a list.
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

/// `ListPolicies`.
pub(crate) fn list(context: &Context<'_>) -> Result<Answer, ApiError> {
    let mut checked = Checked::new(context.parameters);
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
    let (account, directory) = context.directory()?;
    let page = PageOfList {
        operation: Operation::ListPolicies,
        max_items,
        marker,
        filters: format!("{scope:?} {only_attached} {usage:?} {prefix}"),
    };
    let policies = directory
        .policies
        .iter()
        .enumerate()
        .filter(|(_, policy)| {
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
        .map(|(index, _)| EntityRef {
            kind: EntityKind::Policy,
            index,
        })
        .collect();
    let key = context.advisor.store().marker_key();
    page.answer(key, &account, directory, ("Policies", policies), POLICY)
}

/// `GetPolicy`.
pub(crate) fn get(context: &Context<'_>) -> Result<Value, ApiError> {
    let mut checked = Checked::new(context.parameters);
    let arn = checked.required_text("PolicyArn", &ARN);
    checked.finish()?;
    let is_policy = arn
        .parse::<IamArn>()
        .is_ok_and(|arn| matches!(arn.entity(), IamEntity::Policy { .. }));
    if !is_policy {
        return Err(ApiError::invalid_input(format!("ARN {arn} is not valid.")));
    }
    let (_, directory) = context.directory()?;
    let policy = directory
        .policies
        .iter()
        .find(|policy| policy.arn == arn)
        .ok_or_else(|| ApiError::no_such_entity(format!("Policy {arn} was not found.")))?;
    let members = [POLICY, &["Description"]].concat();
    Ok(json!({ "Policy": Item::Policy(policy).only(&members)? }))
}
