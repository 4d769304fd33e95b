//! The actions of an allow that can apply to its resources.
//!
//! `NotAction` and `*` match the actions of all services, also where the resources are those of one: of everything but `iam:*` on a
//! bucket, few actions ever apply. An allow that names a service means it, so nothing is left out of what its patterns match: the
//! catalog lacks the resource types of some actions.

use iam_policy_parser::{ActionElement, ActionPattern, ResourceElement, Statement, WorkBudget};

use crate::action_set::ActionSet;
use crate::compiled_policy::PolicyCompiler;
use crate::patterns_by_service::arn_service;

/// The actions that an allow matches, without those of services that it does not name and that apply to none of its resources.
/// `None` when the work budget ends first.
pub(super) fn applicable(
    compiler: &PolicyCompiler,
    allow: &Statement,
    budget: &mut WorkBudget,
) -> Option<ActionSet> {
    let matched = compiler.matched(&allow.actions, budget)?;
    let named = match &allow.actions {
        ActionElement::Action(patterns) if patterns.iter().all(|it| it.service().is_some()) => {
            return Some(matched);
        }
        ActionElement::Action(patterns) => {
            let named: Vec<ActionPattern> = (patterns.iter())
                .filter(|it| it.service().is_some())
                .cloned()
                .collect();
            Some(ActionElement::Action(named))
        }
        ActionElement::NotAction(_) => None,
    };
    let Some(services) = services_of(allow.resources.as_ref()) else {
        return Some(matched);
    };
    let mut left = compiler.applicable(&matched, allow.resources.as_ref(), budget)?;
    if let Some(named) = named {
        left.union_with(&compiler.matched(&named, budget)?);
    }
    let catalog = compiler.catalog();
    for (_, service) in catalog.services() {
        let namespace = service.namespace();
        let actions = || {
            service
                .action_range()
                .filter_map(|at| catalog.action_at(at))
        };
        // AWS documents actions of `ssmmessages`, of which its service reference has no resource type, on ARNs of `ssm`.
        let has_no_types = || actions().all(|id| catalog.action(id).resource_types().is_empty());
        let may_apply = |arns_of: &String| {
            namespace == arns_of || namespace.starts_with(&**arns_of) && has_no_types()
        };
        if services.iter().any(may_apply) {
            for position in matched.iter_range(service.action_range()) {
                left.insert(position);
            }
        }
    }
    Some(left)
}

/// The services in the ARNs of a statement's resources; `None` when they may be those of any service.
fn services_of(resources: Option<&ResourceElement>) -> Option<Vec<String>> {
    match resources? {
        ResourceElement::Resource(patterns) => {
            let patterns = patterns.iter();
            patterns.map(|it| arn_service(&it.pattern)).collect()
        }
        ResourceElement::NotResource(_) => None,
    }
}
