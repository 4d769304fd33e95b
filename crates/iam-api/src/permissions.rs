//! Whether the caller's own permission policies allow a request.
//!
//! The request as it is, and strictly, other than in reports: what is not known to be allowed is not.
//! Source: IAM User Guide, "Policy evaluation logic".

use advisor_core::{AccountData, PolicySource};
use advisor_core::{AccountId, Caller};
use advisor_store::StoredAdvisor;
use iam_policy_parser::{
    ActionElement, ActionPattern, Effect, IamArn, IamEntity, PolicyDocument, ResourceElement,
    ResourcePattern, Statement,
};

use crate::error::ApiError;
use crate::operation::Operation;
use crate::parameters::Parameters;

/// The service that all operations are of.
const SERVICE: &str = "iam";
/// The resource of operations that are about none in particular, and of requests that name none.
const NO_RESOURCE: &str = "*";
/// How much of an ARN is repeated in an answer: as much as there is of any that is one.
const LONGEST_ARN: usize = 2048;

/// What policies say of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Decision {
    Allowed,
    NotAllowed,
    Denied,
}

/// Checks that the caller may send this request.
pub(crate) fn check(
    operations: &StoredAdvisor,
    caller: &Caller,
    operation: Operation,
    parameters: &Parameters,
) -> Result<(), ApiError> {
    let arn = caller.arn().parse::<IamArn>().ok();
    let resource = arn
        .as_ref()
        .and_then(|arn| resource(operation, parameters, arn))
        .unwrap_or_else(|| NO_RESOURCE.to_owned());
    let decision = match &arn {
        Some(arn) => decide(operations, arn, operation, &resource)?,
        None => Decision::NotAllowed,
    };
    let name = operation.name();
    let reason = match decision {
        Decision::Allowed => return Ok(()),
        Decision::NotAllowed => {
            format!("because no identity-based policy allows the iam:{name} action")
        }
        Decision::Denied => "with an explicit deny in an identity-based policy".to_owned(),
    };
    // The resource as it was asked for: which path it has is for those who may know.
    let resource: String = resource.chars().take(LONGEST_ARN).collect();
    Err(ApiError::new(
        403,
        "AccessDenied",
        format!(
            "User: {} is not authorized to perform: iam:{name} on resource: {resource} {reason}",
            caller.arn()
        ),
    ))
}

/// The ARN that a request is about, as it says it; `None` when it is about none, or when what it says
/// is no ARN of IAM, which nothing is answered to.
fn resource(operation: Operation, parameters: &Parameters, caller: &IamArn) -> Option<String> {
    let given = |name: &str| {
        let arn = parameters.get(name)?;
        arn.parse::<IamArn>().ok().map(|_| arn.to_owned())
    };
    let named = |kind: &str, name: &str| {
        let (partition, account) = (caller.arn().partition(), caller.account());
        format!("arn:{partition}:iam::{account}:{kind}/{name}")
    };
    match operation {
        Operation::GenerateServiceLastAccessedDetails
        | Operation::ListPoliciesGrantingServiceAccess => given("Arn"),
        Operation::GetPolicy => given("PolicyArn"),
        Operation::GetUser => match (parameters.get("UserName"), caller.entity()) {
            (Some(name), _) => Some(named("user", name)),
            (None, IamEntity::User { name, .. }) => Some(named("user", name)),
            (None, _) => None,
        },
        Operation::GetRole => Some(named("role", parameters.get("RoleName")?)),
        Operation::GetGroup => Some(named("group", parameters.get("GroupName")?)),
        Operation::GetServiceLastAccessedDetails
        | Operation::GetServiceLastAccessedDetailsWithEntities
        | Operation::GetAccountAuthorizationDetails
        | Operation::ListUsers
        | Operation::ListRoles
        | Operation::ListGroups
        | Operation::ListPolicies => None,
    }
}

fn decide(
    operations: &StoredAdvisor,
    caller: &IamArn,
    operation: Operation,
    resource: &str,
) -> Result<Decision, ApiError> {
    let identity = match caller.entity() {
        IamEntity::Root => return Ok(Decision::Allowed),
        IamEntity::User { .. } => caller.arn().as_str().to_owned(),
        IamEntity::AssumedRole { role, .. } => format!(
            "arn:{}:iam::{}:role/{role}",
            caller.arn().partition(),
            caller.account()
        ),
        // What the user may do that a federated user stems from is not known.
        _ => return Ok(Decision::NotAllowed),
    };
    let account = AccountId::from(caller.account());
    let Some(picture) = operations.store().picture(&account)? else {
        return Ok(Decision::NotAllowed);
    };
    let account = &picture.account;
    let Ok(entity) = account.resolve(&identity) else {
        return Ok(Decision::NotAllowed);
    };
    // Only the name counts in what is asked for, but policies are about paths too.
    let real = account.resolve(resource).ok();
    let real = real.and_then(|entity| account.entity(entity));
    let resource = real.map_or(resource, |entity| &entity.arn);
    let policies = account.policies_in_effect(entity);
    let documents = policies
        .iter()
        .filter_map(|policy| document(account, policy.document));
    Ok(evaluate(documents, operation.name(), resource))
}

/// `None` for a policy that cannot be evaluated: it grants nothing.
fn document<'a>(account: &'a AccountData, source: &PolicySource) -> Option<&'a PolicyDocument> {
    match source {
        PolicySource::Document(id) => account.documents().get(id.index()).map(AsRef::as_ref),
        PolicySource::NotEvaluated(_) => None,
    }
}

/// What documents say together: a deny wins.
fn evaluate<'a>(
    documents: impl Iterator<Item = &'a PolicyDocument>,
    action: &str,
    resource: &str,
) -> Decision {
    let mut decision = Decision::NotAllowed;
    for statement in documents.flat_map(|document| &document.statements) {
        if applies(statement, action, resource) {
            match statement.effect {
                Effect::Deny => return Decision::Denied,
                Effect::Allow => decision = Decision::Allowed,
            }
        }
    }
    decision
}

/// Whether a statement is about a request. Where that cannot be known - under a condition, behind a
/// policy variable - an allow is not, and a deny is.
fn applies(statement: &Statement, action: &str, resource: &str) -> bool {
    let in_doubt = statement.effect == Effect::Deny;
    if (statement.condition.is_some() || statement.has_principal) && !in_doubt {
        return false;
    }
    let names = |patterns: &[ActionPattern]| {
        patterns
            .iter()
            .any(|pattern| pattern.matches(SERVICE, action))
    };
    let is_about_action = match &statement.actions {
        ActionElement::Action(patterns) => names(patterns),
        ActionElement::NotAction(patterns) => !names(patterns),
    };
    // A variable matches anything in a pattern here: what does not match so never does.
    let covers = |patterns: &[ResourcePattern], in_doubt: bool| {
        patterns.iter().any(|ResourcePattern { pattern, .. }| {
            pattern.matches(resource) && (in_doubt || !pattern.has_variable())
        })
    };
    let is_about_resource = match &statement.resources {
        Some(ResourceElement::Resource(patterns)) => covers(patterns, in_doubt),
        Some(ResourceElement::NotResource(patterns)) => !covers(patterns, !in_doubt),
        None => in_doubt,
    };
    is_about_action && is_about_resource
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADA: &str = "arn:aws:iam::1:user/ada";

    /// What statements say of `GetUser`.
    fn of(statements: &[&str], resource: &str) -> Decision {
        let text = statements.join(",");
        let text = format!(r#"{{"Version": "2012-10-17", "Statement": [{text}]}}"#);
        let document = PolicyDocument::parse(&text).unwrap();
        evaluate([&document].into_iter(), "GetUser", resource)
    }

    const ALLOW: &str = r#"{"Effect": "Allow", "Action": "iam:Get*", "Resource": "*"}"#;

    #[test]
    fn actions() {
        let one = |statement: &str| of(&[statement], ADA);
        assert_eq!(one(ALLOW), Decision::Allowed);
        for (element, expected) in [
            (r#""Action": "IAM:getuser""#, Decision::Allowed),
            (r#""Action": "*""#, Decision::Allowed),
            (r#""Action": ["s3:*", "iam:List*"]"#, Decision::NotAllowed),
            (r#""NotAction": "s3:*""#, Decision::Allowed),
            (r#""NotAction": "iam:*""#, Decision::NotAllowed),
        ] {
            let allow = format!(r#"{{"Effect": "Allow", {element}, "Resource": "*"}}"#);
            assert_eq!(one(&allow), expected, "{element}");
            let deny = format!(r#"{{"Effect": "Deny", {element}, "Resource": "*"}}"#);
            let denied = match expected {
                Decision::Allowed => Decision::Denied,
                _ => Decision::Allowed,
            };
            for statements in [[ALLOW, &deny], [&deny, ALLOW]] {
                assert_eq!(of(&statements, ADA), denied, "{element}");
            }
        }
    }

    #[test]
    fn resources() {
        use Decision::{Allowed, Denied, NotAllowed};
        // For an allow of the resource, and for a deny of it beside an allow of all.
        for (element, resource, allow, deny) in [
            (r#""Resource": "*""#, "*", Allowed, Denied),
            (
                r#""Resource": "arn:aws:iam::1:user/*""#,
                ADA,
                Allowed,
                Denied,
            ),
            (
                r#""Resource": "arn:aws:iam::1:user/*""#,
                "*",
                NotAllowed,
                Allowed,
            ),
            (
                r#""Resource": "arn:aws:iam::1:user/x/*""#,
                ADA,
                NotAllowed,
                Allowed,
            ),
            (
                r#""NotResource": "arn:aws:iam::1:user/*""#,
                ADA,
                NotAllowed,
                Allowed,
            ),
            (
                r#""NotResource": "arn:aws:iam::1:role/*""#,
                ADA,
                Allowed,
                Denied,
            ),
            // A variable is no allow and no exception from a deny, whoever it stands for.
            (
                r#""Resource": "arn:aws:iam::1:user/${aws:username}""#,
                ADA,
                NotAllowed,
                Denied,
            ),
            (
                r#""Resource": "arn:aws:iam::1:role/${aws:username}""#,
                ADA,
                NotAllowed,
                Allowed,
            ),
            (
                r#""Resource": ["arn:aws:iam::1:${a}", "*"]"#,
                ADA,
                Allowed,
                Denied,
            ),
            (
                r#""NotResource": "arn:aws:iam::1:user/${aws:username}""#,
                ADA,
                NotAllowed,
                Denied,
            ),
        ] {
            let statement = |effect: &str| {
                format!(r#"{{"Effect": "{effect}", "Action": "iam:GetUser", {element}}}"#)
            };
            let case = format!("{element} {resource}");
            assert_eq!(of(&[&statement("Allow")], resource), allow, "{case}");
            assert_eq!(of(&[ALLOW, &statement("Deny")], resource), deny, "{case}");
        }
    }

    #[test]
    fn conditions() {
        let statement = |effect: &str| {
            format!(
                r#"{{"Effect": "{effect}", "Action": "iam:GetUser", "Resource": "*",
                     "Condition": {{"Bool": {{"aws:MultiFactorAuthPresent": "true"}}}}}}"#
            )
        };
        assert_eq!(of(&[&statement("Allow")], ADA), Decision::NotAllowed);
        assert_eq!(of(&[ALLOW, &statement("Deny")], ADA), Decision::Denied);
    }
}
