//! How many operations of the service reference lead to an action, and which do not.

use std::fmt::Write;

use super::service_reference::{ApiOperation, ServiceFile};
use crate::catalog::Catalog;

/// How many operations of a service reference the catalog built from it resolves.
///
/// An operation is resolved when its namespace has an action for its name and [`Catalog::resolve_event`] gives that
/// action for every SDK client that has the operation (`CLIENT.amazonaws.com`; `NAMESPACE.amazonaws.com` when no SDK has it).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OperationCoverage {
    /// All operations of the reference.
    pub reference_operations: usize,
    /// The operations of services that IAM reports.
    pub operations: usize,
    /// The number of resolved ones among these.
    pub resolved: usize,
    /// The unresolved ones, by namespace and name.
    pub unresolved: Vec<UnresolvedOperation>,
}

/// An operation without a known action.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct UnresolvedOperation {
    /// The namespace of the file that lists it.
    pub namespace: String,
    /// The operation's name.
    pub operation: String,
    /// The actions that authorize it according to the reference, as `namespace:Name`. Empty for most.
    pub authorized_actions: Vec<String>,
}

impl OperationCoverage {
    pub(super) fn of(catalog: &Catalog, reference: &[ServiceFile]) -> Self {
        let mut coverage = Self {
            reference_operations: 0,
            operations: 0,
            resolved: 0,
            unresolved: Vec::new(),
        };
        for file in reference {
            coverage.reference_operations += file.operations.len();
            if catalog.service_by_namespace(&file.namespace).is_none() {
                continue;
            }
            for operation in &file.operations {
                coverage.operations += 1;
                if is_resolved(catalog, &file.namespace, operation) {
                    coverage.resolved += 1;
                } else {
                    coverage
                        .unresolved
                        .push(unresolved(&file.namespace, operation));
                }
            }
        }
        coverage.unresolved.sort();
        coverage
    }

    /// The text of `data/unresolved-operations.txt`: the numbers, then one operation per line.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = String::from(
            "# Operations of AWS's service reference that lead to no known action. Made by a program; do not edit.\n",
        );
        let Self {
            reference_operations,
            operations,
            resolved,
            unresolved,
        } = self;
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "# {reference_operations} operations, {operations} of reported services, {resolved} resolved, {} not:",
            unresolved.len()
        );
        for UnresolvedOperation {
            namespace,
            operation,
            authorized_actions,
        } in unresolved
        {
            let _ = write!(text, "{namespace}\t{operation}");
            for action in authorized_actions {
                let _ = write!(text, "\t{action}");
            }
            text.push('\n');
        }
        text
    }
}

fn is_resolved(catalog: &Catalog, namespace: &str, operation: &ApiOperation) -> bool {
    let action = catalog
        .service_by_namespace(namespace)
        .and_then(|service| catalog.action_of_event(service, &operation.name));
    let resolves = |source: &str| {
        let event_source = format!("{}.amazonaws.com", source.to_ascii_lowercase());
        catalog.resolve_event(&event_source, &operation.name).action == action
    };
    action.is_some()
        && if operation.sdk.is_empty() {
            resolves(namespace)
        } else {
            operation.sdk.iter().all(|sdk| resolves(&sdk.client))
        }
}

fn unresolved(namespace: &str, operation: &ApiOperation) -> UnresolvedOperation {
    let authorized = operation.authorized_actions.iter();
    UnresolvedOperation {
        namespace: namespace.to_owned(),
        operation: operation.name.clone(),
        authorized_actions: authorized
            .map(|action| format!("{}:{}", action.namespace, action.name))
            .collect(),
    }
}
