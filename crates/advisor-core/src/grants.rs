//! Which policies of an identity grant access to a service (`ListPoliciesGrantingServiceAccess`).
//!
//! Each policy is evaluated on its own, and less precisely than for reports: it grants access when an
//! allow has an action pattern of the namespace (of a known action or not), and no deny without a
//! condition covers the whole service on all resources. Source: recorded answers of IAM, September
//! 2026.
//!
//! The work of a call is bounded: [`GRANT_STEPS`] for all namespaces. A policy that is not decided within them is
//! listed, and counts as *undecided*.

use std::collections::HashSet;
use std::sync::Arc;

use iam_policy_parser::{
    ActionElement, Effect, Pattern, PolicyDocument, ResourceElement, Statement, WorkBudget,
    overlaps_within,
};
use serde::Serialize;
use service_catalog::Catalog;

use crate::account::{AccountData, EntityKind, PolicyInEffect, PolicySource};
use crate::advisor::Advisor;
use crate::parameters::check_service_namespaces;
use crate::request_error::RequestError;

/// The policies that grant access to one service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct PoliciesGrantingServiceAccess {
    /// The requested namespace.
    pub service_namespace: String,
    /// The policies that grant access, sorted by name; may be empty.
    pub policies: Vec<GrantingPolicy>,
    /// How many of the policies that an identity has are listed only because the work budget ended before they were
    /// decided. Zero for all but policies that were made to be expensive, and then not serialized.
    #[serde(skip_serializing_if = "is_zero")]
    pub undecided: usize,
}

/// What `ListPoliciesGrantingServiceAccess` answers: one page, which is never truncated.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct PoliciesGrantingAnswer {
    /// One row per requested namespace.
    pub policies_granting_service_access: Vec<PoliciesGrantingServiceAccess>,
    /// Always false.
    pub is_truncated: bool,
}

impl From<Vec<PoliciesGrantingServiceAccess>> for PoliciesGrantingAnswer {
    fn from(rows: Vec<PoliciesGrantingServiceAccess>) -> PoliciesGrantingAnswer {
        PoliciesGrantingAnswer {
            policies_granting_service_access: rows,
            is_truncated: false,
        }
    }
}

/// The work budget of a call: 40 ms.
const GRANT_STEPS: u64 = 4_000_000;

#[allow(clippy::trivially_copy_pass_by_ref)] // Serde passes references.
fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// A policy that grants access.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct GrantingPolicy {
    /// The policy's name.
    pub policy_name: String,
    /// `MANAGED` or `INLINE`.
    pub policy_type: &'static str,
    /// The ARN of a managed policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_arn: Option<Arc<str>>,
    /// What an inline policy belongs to: `USER`, `GROUP` or `ROLE`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entity_type: Option<&'static str>,
    /// The name of the entity that an inline policy belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entity_name: Option<String>,
}

impl Advisor {
    /// The policies of a user, group or role that grant access to services.
    ///
    /// # Errors
    /// As [`policies_granting_service_access`].
    pub fn policies_granting<S: AsRef<str>>(
        &self,
        arn: &str,
        namespaces: &[S],
    ) -> Result<Vec<PoliciesGrantingServiceAccess>, RequestError> {
        policies_granting_service_access(self.account(), self.catalog(), arn, namespaces)
    }
}

/// Lists the policies of a user (its own and its groups'), group or role that grant access to each
/// service, in the order of `namespaces`. A repeated namespace has one row.
///
/// # Errors
/// IAM's errors for an ARN that is not of a user, group or role; an entity that does not exist; no
/// namespace, more than 200, a malformed or an unknown one.
pub fn policies_granting_service_access<S: AsRef<str>>(
    account: &AccountData,
    catalog: &Catalog,
    arn: &str,
    namespaces: &[S],
) -> Result<Vec<PoliciesGrantingServiceAccess>, RequestError> {
    check_service_namespaces(namespaces)?;
    let entity = account.resolve(arn).map_err(|error| match error {
        RequestError::InvalidInput(_) if arn.ends_with(":root") => {
            RequestError::InvalidInput(format!("Could not extract entity from ARN : {arn}"))
        }
        other => other,
    });
    let is_policy = match &entity {
        Ok(entity) => account
            .entity(*entity)
            .is_some_and(|detail| detail.kind == EntityKind::Policy),
        Err(_) => account.lacks_aws_policy(arn),
    };
    if is_policy {
        return Err(RequestError::unsupported_arn(arn));
    }
    let unknown: Vec<&str> = namespaces
        .iter()
        .map(AsRef::as_ref)
        .filter(|namespace| catalog.service_by_namespace(namespace).is_none())
        .collect();
    if !unknown.is_empty() {
        return Err(RequestError::InvalidInput(format!(
            "Invalid service namespace: [{}]",
            unknown.join(", ")
        )));
    }
    let policies = account.policies_in_effect(entity?);
    let mut seen = HashSet::new();
    let namespaces: Vec<&str> = namespaces
        .iter()
        .map(AsRef::as_ref)
        .filter(|namespace| seen.insert(*namespace))
        .collect();
    let mut left = GRANT_STEPS;
    let mut rows = Vec::with_capacity(namespaces.len());
    for (index, namespace) in namespaces.iter().enumerate() {
        // Each gets the same; what one leaves is for those after it.
        let mut budget = WorkBudget::steps(left / (namespaces.len() - index) as u64);
        rows.push(granting(
            account,
            catalog,
            &policies,
            namespace,
            &mut budget,
        ));
        left -= budget.spent();
    }
    Ok(rows)
}

/// The policies that grant access to one service.
fn granting(
    account: &AccountData,
    catalog: &Catalog,
    policies: &[PolicyInEffect<'_>],
    namespace: &str,
    budget: &mut WorkBudget,
) -> PoliciesGrantingServiceAccess {
    let resources = arns_of_service(catalog, namespace);
    let mut granting: Vec<GrantingPolicy> = Vec::new();
    let mut undecided = 0;
    for policy in policies {
        let PolicySource::Document(id) = policy.document else {
            continue;
        };
        let Some(document) = account.documents().get(id.index()) else {
            continue;
        };
        match grants(document, namespace, &resources, budget) {
            Some(false) => continue,
            Some(true) => {}
            None => undecided += 1,
        }
        let Some(holder) = account.entity(policy.holder) else {
            continue;
        };
        let is_inline = policy.arn.is_none();
        granting.push(GrantingPolicy {
            policy_name: policy.name.to_owned(),
            policy_type: if is_inline { "INLINE" } else { "MANAGED" },
            policy_arn: policy.arn.cloned(),
            entity_type: is_inline.then_some(match holder.kind {
                EntityKind::Group => "GROUP",
                EntityKind::Role => "ROLE",
                EntityKind::User | EntityKind::Policy => "USER",
            }),
            entity_name: is_inline.then(|| holder.name.to_string()),
        });
    }
    granting.sort();
    granting.dedup();
    PoliciesGrantingServiceAccess {
        service_namespace: namespace.to_owned(),
        policies: granting,
        undecided,
    }
}

/// Patterns of the ARNs of a service's resources. Their service part is the namespace, or the service
/// part of the service's ARN formats (`sts` acts on roles, whose ARNs are of `iam`).
fn arns_of_service(catalog: &Catalog, namespace: &str) -> Vec<Pattern> {
    let mut services = vec![namespace];
    if let Some(id) = catalog.service_by_namespace(namespace) {
        for resource_type in catalog.service(id).resource_types() {
            services.extend(
                catalog
                    .resource_type(resource_type)
                    .arn_formats()
                    .filter_map(|format| format.split(':').nth(2)),
            );
        }
    }
    services.sort_unstable();
    services.dedup();
    services
        .iter()
        .map(|service| Pattern::arn_format(&format!("arn:*:{service}:*:*:*")))
        .collect()
}

/// Whether a policy, on its own, grants access to a service; see the module's documentation. An allow
/// does not count if all its resources belong to other services, or if it is for `NotResource` `*`. `None` when the
/// work budget ends first.
fn grants(
    document: &PolicyDocument,
    namespace: &str,
    resources: &[Pattern],
    budget: &mut WorkBudget,
) -> Option<bool> {
    let actions = document.statements.iter().map(|statement| {
        let (ActionElement::Action(all) | ActionElement::NotAction(all)) = &statement.actions;
        1 + all.len()
    });
    if !budget.spend(actions.sum::<usize>() as u64) {
        return None;
    }
    let is_denied = document
        .statements
        .iter()
        .any(|statement| denies_service(statement, namespace));
    if is_denied {
        return Some(false);
    }
    for statement in &document.statements {
        if allows_service(statement, namespace) && may_be_of_service(statement, resources, budget)?
        {
            return Some(true);
        }
    }
    Some(false)
}

fn allows_service(statement: &Statement, namespace: &str) -> bool {
    statement.effect == Effect::Allow
        && match &statement.actions {
            ActionElement::Action(patterns) => patterns
                .iter()
                .any(|pattern| pattern.names_service(namespace)),
            ActionElement::NotAction(patterns) => !patterns
                .iter()
                .any(|pattern| pattern.covers_service(namespace)),
        }
}

/// `None` when the work budget ends first.
fn may_be_of_service(
    statement: &Statement,
    resources: &[Pattern],
    budget: &mut WorkBudget,
) -> Option<bool> {
    match &statement.resources {
        Some(ResourceElement::Resource(patterns)) => {
            for resource in patterns {
                if !resource.text.starts_with("arn:") {
                    return Some(true);
                }
                for arns in resources {
                    if overlaps_within(&resource.pattern, arns, budget)? {
                        return Some(true);
                    }
                }
            }
            Some(false)
        }
        Some(ResourceElement::NotResource(patterns)) => Some(
            !patterns
                .iter()
                .any(|resource| resource.pattern.is_universal()),
        ),
        None => Some(false),
    }
}

fn denies_service(statement: &Statement, namespace: &str) -> bool {
    // As recorded: a deny with `Action` counts, one with `NotAction` does not.
    let denies_all_of_it = matches!(
        &statement.actions,
        ActionElement::Action(patterns)
            if patterns.iter().any(|pattern| pattern.covers_service(namespace))
    );
    let everywhere = matches!(
        &statement.resources,
        Some(ResourceElement::Resource(patterns)) if patterns.iter().any(|resource| {
            resource.pattern.is_universal() && !resource.pattern.has_variable()
        })
    );
    statement.effect == Effect::Deny
        && statement.condition.is_none()
        && denies_all_of_it
        && everywhere
}
