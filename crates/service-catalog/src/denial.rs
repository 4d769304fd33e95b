//! The action that AWS's message of a denial names.
//!
//! Most messages have the form "User: ARN is not authorized to perform: ACTION on resource: ARN because no identity-based policy
//! allows the ACTION action" or "... with an explicit deny in a service control policy" (IAM User Guide, "Troubleshoot access
//! denied error messages"). The action need not be the one that the event is named after: Session Manager's channels are denied
//! under the event source of Systems Manager, and `RunInstances` for lack of `iam:PassRole`. Messages without an action
//! ("You are not authorized to perform this operation. Encoded authorization failure message: ...") name none.

use crate::catalog::Catalog;
use crate::ids::ActionId;

/// The action that a denial names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeniedAction<'m> {
    /// The service namespace, as the message writes it.
    pub namespace: &'m str,
    /// The name without the namespace, as the message writes it.
    pub name: &'m str,
    /// The action in the catalog. `None` when the catalog does not have it.
    pub action: Option<ActionId>,
    /// Who was denied, as the message writes it: an ARN or a name. `None` when it says "you", "user", "caller" or nothing. It need
    /// not be the caller: a service can report that it, or the role with which it works, was denied.
    pub identity: Option<&'m str>,
}

impl Catalog {
    /// The action that an `errorMessage` says was denied. `None` when the message names none.
    ///
    /// ```
    /// let catalog = service_catalog::Catalog::embedded();
    /// let message = "User: arn:aws:iam::111122223333:user/u is not authorized to perform: \
    ///     ssmmessages:CreateControlChannel on resource: arn:aws:ec2:eu-west-1:111122223333:instance/i-0";
    /// let denied = catalog.denied_action(message);
    /// assert_eq!(denied.map(|denied| denied.namespace), Some("ssmmessages"));
    /// ```
    #[must_use]
    pub fn denied_action<'m>(&self, error_message: &'m str) -> Option<DeniedAction<'m>> {
        let (namespace, name) = named_action(error_message)?;
        let service = self.service_by_namespace(namespace);
        Some(DeniedAction {
            namespace,
            name,
            action: service.and_then(|service| self.action_by_name(service, name)),
            identity: named_identity(error_message),
        })
    }
}

/// The words before an action.
const BEFORE_ACTION: &str = "authorized to perform";

/// The text of the action in the JSON of a denial of the most common form: "User: ARN is not authorized to perform: ACTION on
/// resource: ARN". `None` for others, and if an escape stands before its end.
///
/// ```
/// let json = r#""User: arn:aws:iam::111122223333:user/u is not authorized to perform: s3:GetObject on resource: \"*\"""#;
/// assert_eq!(service_catalog::denied_action_in_json(json), Some("s3:GetObject"));
/// ```
#[must_use]
pub fn denied_action_in_json(error_message: &str) -> Option<&str> {
    let (before, rest) = error_message.split_once(BEFORE_ACTION)?;
    let named = rest.strip_prefix(": ")?.split(' ').next()?;
    let is_escaped = before.contains('\\') || named.contains('\\');
    (!is_escaped).then_some(named)
}

/// The ARN or name before "is not authorized to perform".
fn named_identity(message: &str) -> Option<&str> {
    let (before, _) = message.split_once(BEFORE_ACTION)?;
    let word = before.strip_suffix(" is not ")?.rsplit(' ').next()?;
    let from_arn = word.find("arn:").and_then(|at| word.get(at..));
    let name = from_arn.unwrap_or_else(|| word.strip_prefix("User:").unwrap_or(word));
    let name = name.trim_matches(['"', '\'', '[', ']', '`', '(', ')']);
    let is_caller = ["", "you", "user", "caller"]
        .iter()
        .any(|word| name.eq_ignore_ascii_case(word));
    (!is_caller).then_some(name)
}

/// The action after "authorized to perform" or, in messages without it, after "policy allows the".
fn named_action(message: &str) -> Option<(&str, &str)> {
    [BEFORE_ACTION, "policy allows the"]
        .into_iter()
        .find_map(|before| {
            let (_, rest) = message.split_once(before)?;
            let rest = rest.trim_start_matches([':', ' ', '"', '\'', '[', '`']);
            let rest = ["operation:", "action:", "the action"]
                .into_iter()
                .find_map(|word| rest.strip_prefix(word))
                .unwrap_or(rest);
            action_at_start(rest.trim_start_matches([' ', '"', '\'', '[', '`']))
        })
}

fn action_at_start(text: &str) -> Option<(&str, &str)> {
    let is_namespace =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let length = text.bytes().take_while(|byte| is_namespace(*byte)).count();
    let (namespace, rest) = text.split_at_checked(length)?;
    let rest = rest.strip_prefix(':')?;
    let length = rest.bytes().take_while(u8::is_ascii_alphanumeric).count();
    let name = rest.get(..length)?;
    // `arn:aws:...` is not an action: "authorized to perform the operation on arn:aws:iam::...".
    (!namespace.is_empty() && !name.is_empty() && namespace != "arn").then_some((namespace, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wording_names_its_action() {
        let catalog = Catalog::embedded();
        for (message, expected) in [
            (
                "User: arn:aws:sts::111122223333:assumed-role/instance/s is not authorized to perform: \
                 ssmmessages:CreateControlChannel on resource: arn:aws:ec2:eu-west-1:111122223333:instance/i-0 because no \
                 identity-based policy allows the ssmmessages:CreateControlChannel action",
                "ssmmessages:CreateControlChannel",
            ),
            (
                "User: arn:aws:iam::111122223333:user/u is not authorized to perform: sts:AssumeRole on resource: \
                 arn:aws:iam::111122223333:role/r",
                "sts:AssumeRole",
            ),
            (
                "User: arn:aws:iam::111122223333:user/u is not authorized to perform: s3:GetObject on resource: \
                 \"arn:aws:s3:::b/k\" with an explicit deny in a service control policy",
                "s3:GetObject",
            ),
            (
                "User: arn:aws:iam::111122223333:user/u is not authorized to perform: codecommit:GitPull with an explicit deny",
                "codecommit:GitPull",
            ),
            (
                "User: arn:aws:iam::111122223333:user/u is not authorized to perform: s3:ListAllMyBuckets",
                "s3:ListAllMyBuckets",
            ),
            (
                "API: ec2:RunInstances User: arn:aws:iam::111122223333:user/u is not authorized to perform: iam:PassRole on resource: *",
                "iam:PassRole",
            ),
            (
                "Caller is not authorized to perform lambda:InvokeFunction on the function",
                "lambda:InvokeFunction",
            ),
            (
                "User is not authorized to perform: [kms:Decrypt] on resource: [arn:aws:kms:::key/k]",
                "kms:Decrypt",
            ),
            (
                "User: u is not authorized to perform operation: organizations:ListRoots",
                "organizations:ListRoots",
            ),
            (
                "Access denied because no resource-based policy allows the sqs:SendMessage action",
                "sqs:SendMessage",
            ),
        ] {
            let denied = catalog.denied_action(message).unwrap();
            assert_eq!(format!("{}:{}", denied.namespace, denied.name), expected);
            assert!(denied.action.is_some(), "{message}");
        }
    }

    #[test]
    fn who_was_denied_stands_before_the_verb() {
        let identity = |message: &str| {
            let denied = Catalog::embedded().denied_action(message);
            denied.unwrap().identity.map(str::to_owned)
        };
        let session = "arn:aws:sts::111122223333:assumed-role/GlueWorker/x";
        for message in [
            format!("User: {session} is not authorized to perform: s3:ListAllMyBuckets"),
            format!(
                "API: glue:StartCrawler User:{session} is not authorized to perform: s3:GetObject on resource: *"
            ),
            format!("User [{session}] is not authorized to perform [kms:Decrypt]"),
        ] {
            assert_eq!(identity(&message).as_deref(), Some(session), "{message}");
        }
        for (message, name) in [
            ("User: u is not authorized to perform: s3:GetObject", "u"),
            (
                "CodeBuild is not authorized to perform: sts:AssumeRole on service role",
                "CodeBuild",
            ),
        ] {
            assert_eq!(identity(message).as_deref(), Some(name), "{message}");
        }
        for message in [
            "You are not authorized to perform: s3:GetObject",
            "User is not authorized to perform: s3:GetObject",
            "Caller is not authorized to perform lambda:InvokeFunction on the function",
            "Not authorized to perform sqs:SendMessage on arn:aws:sqs:eu-west-1:111122223333:q",
            "Access denied because no resource-based policy allows the sqs:SendMessage action",
        ] {
            assert_eq!(identity(message), None, "{message}");
        }
    }

    #[test]
    fn messages_without_an_action_name_none() {
        let catalog = Catalog::embedded();
        for message in [
            "",
            "Access Denied",
            "You are not authorized to perform this operation. Encoded authorization failure message: s3:GetObject-M-yF",
            "User: arn:aws:iam::111122223333:user/u is not authorized to access this resource",
            "User: u is not authorized to perform the operation on arn:aws:iam::111122223333:user/v",
            "User: u is not authorized to perform: arn:aws",
            "is not authorized to perform: ",
            "is not authorized to perform: s3:",
        ] {
            assert_eq!(catalog.denied_action(message), None, "{message}");
        }
    }

    #[test]
    fn an_action_that_the_catalog_lacks_keeps_its_name() {
        let denied = Catalog::embedded().denied_action(
            "User: u is not authorized to perform: new-service:DoThing on resource: *",
        );
        assert_eq!(
            denied,
            Some(DeniedAction {
                namespace: "new-service",
                name: "DoThing",
                action: None,
                identity: Some("u"),
            })
        );
    }
}
