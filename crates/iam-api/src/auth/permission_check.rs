//! Whether the caller may send a request. It fails closed: what cannot be evaluated denies.

use std::fmt;

use advisor_core::{AccountData, AccountId, Caller, PolicySource};
use advisor_store::{Store, StoreError};
use iam_policy_parser::{IamArn, IamEntity, PolicyDocument};

use super::policy_evaluation::{Decision, evaluate};
use crate::error::ApiError;
use crate::log_limit::{LineKind, LogLimit};
use crate::operation::Operation;
use crate::parameters::Parameters;

/// The resource of operations that concern none, and of requests that name none.
const NO_RESOURCE: &str = "*";
/// The target of log lines.
const LOG: &str = "iam_api::permissions";
/// How much of an ARN is repeated in an answer: the length of the longest valid one.
const LONGEST_ARN: usize = 2048;
/// How many policies that cannot be evaluated are logged for a request.
const MOST_LOGGED: usize = 5;

/// Why a request is denied.
#[derive(Debug, PartialEq, Eq)]
enum Denial {
    /// No statement allows it.
    NotAllowed,
    /// A statement denies it.
    Denied,
    /// The caller is neither a user nor a role of an imported account.
    UnknownCaller,
    /// Policies or groups that may hold a deny, each with the reason why it cannot be evaluated.
    NotEvaluated(Vec<String>),
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAllowed => f.write_str("no statement allows it"),
            Self::Denied => f.write_str("a statement denies it"),
            Self::UnknownCaller => {
                f.write_str("the caller is neither a user nor a role of an imported account")
            }
            Self::NotEvaluated(policies) => {
                let shown: Vec<&str> = policies
                    .iter()
                    .take(MOST_LOGGED)
                    .map(String::as_str)
                    .collect();
                write!(f, "cannot be evaluated: {}", shown.join("; "))?;
                match policies.len().saturating_sub(MOST_LOGGED) {
                    0 => Ok(()),
                    more => write!(f, "; and {more} more"),
                }
            }
        }
    }
}

/// Decides which requests callers may send.
#[derive(Clone, Copy)]
pub(crate) struct Permissions<'a> {
    /// The accounts with the callers' policies.
    pub(crate) store: &'a Store,
    pub(crate) log: &'a LogLimit,
    /// Without it, callers may send every request.
    pub(crate) are_enforced: bool,
}

impl Permissions<'_> {
    /// Checks that the caller may send this request. A denial is logged with its reason.
    pub(crate) fn check(
        self,
        operation: Operation,
        parameters: &Parameters,
        caller: &Caller,
    ) -> Result<(), ApiError> {
        match self.denial(operation, parameters, caller)? {
            None => Ok(()),
            Some((denial, resource)) => {
                Err(denied(self.log, caller, operation, &denial, &resource))
            }
        }
    }

    /// Whether the caller may send this request. Nothing is logged: nothing was asked for.
    pub(crate) fn allow(
        self,
        operation: Operation,
        parameters: &Parameters,
        caller: &Caller,
    ) -> Result<bool, StoreError> {
        Ok(self.denial(operation, parameters, caller)?.is_none())
    }

    /// Why the caller may not send this request, if so, and the resource that it names.
    fn denial(
        self,
        operation: Operation,
        parameters: &Parameters,
        caller: &Caller,
    ) -> Result<Option<(Denial, String)>, StoreError> {
        if !self.are_enforced {
            return Ok(None);
        }
        let arn = caller.arn().parse::<IamArn>().ok();
        let resource = arn
            .as_ref()
            .and_then(|arn| resource(operation, parameters, arn))
            .unwrap_or_else(|| NO_RESOURCE.to_owned());
        let denial = match &arn {
            Some(arn) => decide(self.store, arn, operation, &resource)?,
            None => Some(Denial::UnknownCaller),
        };
        Ok(denial.map(|denial| (denial, resource)))
    }
}

/// The answer to a request that is denied, which is logged.
fn denied(
    log: &LogLimit,
    caller: &Caller,
    operation: Operation,
    denial: &Denial,
    resource: &str,
) -> ApiError {
    let name = operation.name();
    let kind = LineKind {
        target: LOG,
        operation: name,
        code: "AccessDenied",
    };
    if log.allows(kind) {
        tracing::warn!(
            target: LOG,
            caller = caller.arn(),
            operation = name,
            reason = denial.to_string(),
            "denied"
        );
    }
    // What cannot be evaluated is for the log, not for the caller.
    let reason = match denial {
        Denial::Denied => "with an explicit deny in an identity-based policy".to_owned(),
        Denial::NotAllowed | Denial::UnknownCaller | Denial::NotEvaluated(_) => {
            format!("because no identity-based policy allows the iam:{name} action")
        }
    };
    // The resource as requested: its real path is only for callers who may know it.
    let resource: String = resource.chars().take(LONGEST_ARN).collect();
    ApiError::new(
        403,
        "AccessDenied",
        format!(
            "User: {} is not authorized to perform: iam:{name} on resource: {resource} {reason}",
            caller.arn()
        ),
    )
}

/// Returns the ARN of the resource that a request names. `None` when the request names none, or when the
/// text is not an ARN of IAM; such requests fail later.
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

/// Returns why a request is denied, `None` when it is allowed.
fn decide(
    store: &Store,
    caller: &IamArn,
    operation: Operation,
    resource: &str,
) -> Result<Option<Denial>, StoreError> {
    let identity = match caller.entity() {
        IamEntity::Root => return Ok(None),
        IamEntity::User { .. } => caller.arn().as_str().to_owned(),
        IamEntity::AssumedRole { role, .. } => format!(
            "arn:{}:iam::{}:role/{role}",
            caller.arn().partition(),
            caller.account()
        ),
        // The permissions of the user behind a federated user are not known.
        _ => return Ok(Some(Denial::UnknownCaller)),
    };
    let account = AccountId::from(caller.account());
    let Some(snapshot) = store.snapshot(&account)? else {
        return Ok(Some(Denial::UnknownCaller));
    };
    Ok(decide_in(&snapshot.account, &identity, operation, resource))
}

/// As [`decide`], for a user or role of an account.
fn decide_in(
    account: &AccountData,
    identity: &str,
    operation: Operation,
    resource: &str,
) -> Option<Denial> {
    let Ok(entity) = account.resolve(identity) else {
        return Some(Denial::UnknownCaller);
    };
    // IAM finds an entity by its name alone, but policies match its path too.
    let real = account.resolve(resource).ok();
    let real = real.and_then(|entity| account.entity(entity));
    let resource = real.map_or(resource, |entity| &entity.arn);

    let mut documents: Vec<&PolicyDocument> = Vec::new();
    let mut not_evaluated: Vec<String> = Vec::new();
    for policy in account.policies_in_effect(entity) {
        let name = || policy.arn.map_or(policy.name, |arn| &**arn);
        match policy.document {
            PolicySource::Document(id) => match account.documents().get(id.index()) {
                Some(document) => documents.push(document),
                None => not_evaluated.push(format!("{}: its document is missing", name())),
            },
            PolicySource::NotEvaluated(reason) => {
                not_evaluated.push(format!("{}: {reason}", name()));
            }
        }
    }
    let detail = account.entity(entity);
    for group in detail.iter().flat_map(|detail| &detail.missing_groups) {
        not_evaluated.push(format!("{group}: the group is not in the export"));
    }
    match evaluate(documents.into_iter(), operation.name(), resource) {
        Decision::Denied => Some(Denial::Denied),
        Decision::NotAllowed => Some(Denial::NotAllowed),
        Decision::Allowed if !not_evaluated.is_empty() => Some(Denial::NotEvaluated(not_evaluated)),
        Decision::Allowed => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADA: &str = "arn:aws:iam::111122223333:user/ada";
    const ALLOW: &str = r#"{"PolicyName": "allow", "PolicyDocument": {"Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "iam:*", "Resource": "*"}]}}"#;

    /// Decides about `GetUser` for a user who may do everything, and has this as well.
    fn decide_with(inline: &str, attached: &str, groups: &str) -> Option<Denial> {
        let inline = [ALLOW, inline].join(if inline.is_empty() { "" } else { "," });
        let export = format!(
            r#"{{"UserDetailList": [{{"Path": "/", "UserName": "ada", "UserId": "AIDAADA",
                "Arn": "{ADA}", "GroupList": [{groups}], "AttachedManagedPolicies": [{attached}],
                "UserPolicyList": [{inline}]}}]}}"#
        );
        let account = AccountData::from_export("export.json", &export).unwrap();
        decide_in(&account, ADA, Operation::GetUser, ADA)
    }

    #[test]
    fn what_cannot_be_evaluated_denies() {
        assert_eq!(decide_with("", "", ""), None);
        let no_document =
            r#"{"PolicyName": "x", "PolicyArn": "arn:aws:iam::111122223333:policy/x"}"#;
        let unknown_element = r#"{"PolicyName": "x", "PolicyDocument": {"Version": "2012-10-17",
            "Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Unless": "x"}]}}"#;
        let unknown_version = r#"{"PolicyName": "x", "PolicyDocument": {"Version": "2030-01-01",
            "Statement": []}}"#;
        let no_name = r#"{"PolicyDocument": {"Version": "2012-10-17", "Statement": []}}"#;
        for (inline, attached, groups, expected) in [
            (
                "",
                no_document,
                "",
                "arn:aws:iam::111122223333:policy/x: the export has no document",
            ),
            (
                "",
                r#"{"PolicyName": "x"}"#,
                "",
                "AttachedManagedPolicies[0]: missing field",
            ),
            ("", "", r#""team""#, "team: the group is not in the export"),
            ("", "", "7", "GroupList[0]: is not the name of a group"),
            (
                unknown_element,
                "",
                "",
                "x: Statement[0]: unknown element Unless",
            ),
            (unknown_version, "", "", "x: Version: unknown version"),
            (no_name, "", "", "UserPolicyList[1]: missing field"),
        ] {
            match decide_with(inline, attached, groups) {
                Some(Denial::NotEvaluated(reasons)) => {
                    let reasons = reasons.join("\n");
                    assert!(reasons.contains(expected), "{expected} not in {reasons}");
                }
                other => panic!("{expected}: {other:?}"),
            }
        }
    }

    #[test]
    fn a_user_without_a_list_of_groups_is_denied() {
        for groups in ["", r#""GroupList": null,"#] {
            let export = format!(
                r#"{{"UserDetailList": [{{"Path": "/", "UserName": "ada", "UserId": "AIDAADA", "Arn": "{ADA}", {groups}
                    "AttachedManagedPolicies": [], "UserPolicyList": [{ALLOW}]}}]}}"#
            );
            let account = AccountData::from_export("export.json", &export).unwrap();
            match decide_in(&account, ADA, Operation::GetUser, ADA) {
                Some(Denial::NotEvaluated(reasons)) => {
                    let reason = "GroupList: is missing, so the groups of the user are not known";
                    assert_eq!(reasons.len(), 1, "{reasons:?}");
                    assert!(reasons[0].starts_with(reason), "{reasons:?}");
                }
                other => panic!("{groups}: {other:?}"),
            }
        }
    }

    #[test]
    fn a_policy_with_several_default_versions_denies() {
        let arn = "arn:aws:iam::111122223333:policy/x";
        let version = |id: &str, effect: &str, is_default: bool| {
            format!(
                r#"{{"VersionId": "{id}", "IsDefaultVersion": {is_default}, "Document": {{"Version": "2012-10-17",
                    "Statement": [{{"Effect": "{effect}", "Action": "iam:*", "Resource": "*"}}]}}}}"#
            )
        };
        let decide = |marked: [bool; 2]| {
            let versions = [
                version("v1", "Allow", marked[0]),
                version("v2", "Deny", marked[1]),
            ];
            let export = format!(
                r#"{{"UserDetailList": [{{"Path": "/", "UserName": "ada", "UserId": "AIDAADA", "Arn": "{ADA}", "GroupList": [],
                    "AttachedManagedPolicies": [{{"PolicyName": "x", "PolicyArn": "{arn}"}}], "UserPolicyList": [{ALLOW}]}}],
                    "Policies": [{{"PolicyName": "x", "Arn": "{arn}", "DefaultVersionId": "v2",
                        "PolicyVersionList": [{}]}}]}}"#,
                versions.join(",")
            );
            let account = AccountData::from_export("export.json", &export).unwrap();
            decide_in(&account, ADA, Operation::GetUser, ADA)
        };
        assert_eq!(decide([false, true]), Some(Denial::Denied));
        assert_eq!(decide([false, false]), Some(Denial::Denied));
        for marked in [[true, true], [true, false]] {
            assert!(
                matches!(decide(marked), Some(Denial::NotEvaluated(_))),
                "{marked:?}"
            );
        }
    }

    #[test]
    fn a_deny_is_reported_before_what_cannot_be_evaluated() {
        let deny = r#"{"PolicyName": "deny", "PolicyDocument": {"Version": "2012-10-17",
            "Statement": [{"Effect": "Deny", "Action": "iam:GetUser", "Resource": "*"}]}}"#;
        assert_eq!(decide_with(deny, "", r#""team""#), Some(Denial::Denied));
    }

    #[test]
    fn the_log_names_a_bounded_number_of_policies() {
        let policies = (0..9).map(|number| format!("p{number}: broken")).collect();
        let text = Denial::NotEvaluated(policies).to_string();
        assert!(text.ends_with("p4: broken; and 4 more"), "{text}");
    }
}
