//! ARNs of IAM users, groups, roles, policies, the account root, and of their sessions.

use std::fmt;
use std::str::FromStr;

use crate::arn::{Arn, ArnError};

/// An ARN that names an IAM entity or a session. Source: IAM User Guide, "IAM identifiers".
///
/// ```
/// use iam_policy_parser::{IamArn, IamEntity};
/// let arn: IamArn = "arn:aws:iam::111122223333:role/service-role/build".parse()?;
/// assert_eq!(arn.account(), "111122223333");
/// assert_eq!(arn.entity(), &IamEntity::Role { path: "/service-role/".into(), name: "build".into() });
/// # Ok::<(), iam_policy_parser::IamArnError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IamArn {
    arn: Arn,
    entity: IamEntity,
}

/// What an [`IamArn`] names. Paths begin and end with `/`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum IamEntity {
    /// The account root user: `root`.
    Root,
    /// `user/path/name`.
    User {
        /// The path.
        path: Box<str>,
        /// The name.
        name: Box<str>,
    },
    /// `group/path/name`.
    Group {
        /// The path.
        path: Box<str>,
        /// The name.
        name: Box<str>,
    },
    /// `role/path/name`.
    Role {
        /// The path.
        path: Box<str>,
        /// The name.
        name: Box<str>,
    },
    /// `policy/path/name`: a managed policy, of an account or of AWS (account `aws`).
    Policy {
        /// The path.
        path: Box<str>,
        /// The name.
        name: Box<str>,
    },
    /// `assumed-role/name/session` of STS. It does not include the role's path.
    AssumedRole {
        /// The name of the role.
        role: Box<str>,
        /// The name of the session.
        session: Box<str>,
    },
    /// `federated-user/name` of STS.
    FederatedUser {
        /// The name of the federated user.
        name: Box<str>,
    },
}

impl IamArn {
    /// The ARN.
    #[must_use]
    pub fn arn(&self) -> &Arn {
        &self.arn
    }

    /// The account id; `aws` for AWS managed policies.
    #[must_use]
    pub fn account(&self) -> &str {
        self.arn.account()
    }

    /// The entity that the ARN names.
    #[must_use]
    pub fn entity(&self) -> &IamEntity {
        &self.entity
    }
}

impl FromStr for IamArn {
    type Err = IamArnError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let arn: Arn = text.parse()?;
        let (kind, rest) = match arn.resource().split_once('/') {
            Some((kind, rest)) => (kind, rest),
            None => (arn.resource(), ""),
        };
        let named = |make: fn(Box<str>, Box<str>) -> IamEntity| {
            let (path, name) = match rest.rsplit_once('/') {
                Some((path, name)) => (format!("/{path}/"), name),
                None => ("/".to_owned(), rest),
            };
            if name.is_empty() {
                return Err(IamArnError::NoName);
            }
            Ok(make(path.into(), name.into()))
        };
        let entity = match (arn.service(), kind) {
            ("iam", "root") if rest.is_empty() => IamEntity::Root,
            ("iam", "user") => named(|path, name| IamEntity::User { path, name })?,
            ("iam", "group") => named(|path, name| IamEntity::Group { path, name })?,
            ("iam", "role") => named(|path, name| IamEntity::Role { path, name })?,
            ("iam", "policy") => named(|path, name| IamEntity::Policy { path, name })?,
            ("sts", "assumed-role") => match rest.split_once('/') {
                Some((role, session)) if !role.is_empty() && !session.is_empty() => {
                    IamEntity::AssumedRole {
                        role: role.into(),
                        session: session.into(),
                    }
                }
                _ => return Err(IamArnError::NoName),
            },
            ("sts", "federated-user") if !rest.is_empty() => {
                IamEntity::FederatedUser { name: rest.into() }
            }
            ("sts", "federated-user") => return Err(IamArnError::NoName),
            ("iam" | "sts", _) => return Err(IamArnError::OtherEntity),
            _ => return Err(IamArnError::OtherService),
        };
        Ok(Self { arn, entity })
    }
}

impl fmt::Display for IamArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.arn.fmt(f)
    }
}

/// Why a string is not the ARN of an IAM entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IamArnError {
    /// The string is not an ARN.
    #[error(transparent)]
    Arn(#[from] ArnError),
    /// The ARN is not of IAM or STS.
    #[error("not an ARN of IAM or STS")]
    OtherService,
    /// The ARN names another kind of resource, such as `mfa` or `instance-profile`.
    #[error("not the ARN of a user, group, role, policy, account root or session")]
    OtherEntity,
    /// The ARN has no name, as in `user/`, or no session, as in `assumed-role/name`.
    #[error("the ARN ends before the name")]
    NoName,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entity(resource: &str) -> Result<IamEntity, IamArnError> {
        format!("arn:aws:iam::111122223333:{resource}")
            .parse::<IamArn>()
            .map(|arn| arn.entity)
    }

    #[test]
    fn paths() {
        let user = |path: &str| IamEntity::User {
            path: path.into(),
            name: "ann".into(),
        };
        assert_eq!(entity("user/ann"), Ok(user("/")));
        assert_eq!(entity("user/a/b/ann"), Ok(user("/a/b/")));
        assert_eq!(entity("root"), Ok(IamEntity::Root));
    }

    #[test]
    fn sessions() {
        let arn: IamArn = "arn:aws:sts::111122223333:assumed-role/build/i-0abc/x"
            .parse()
            .unwrap();
        assert_eq!(
            arn.entity(),
            &IamEntity::AssumedRole {
                role: "build".into(),
                session: "i-0abc/x".into()
            }
        );
        let arn: IamArn = "arn:aws:sts::111122223333:federated-user/bob"
            .parse()
            .unwrap();
        assert_eq!(
            arn.entity(),
            &IamEntity::FederatedUser { name: "bob".into() }
        );
    }

    #[test]
    fn refusals() {
        assert_eq!(entity("user/"), Err(IamArnError::NoName));
        assert_eq!(entity("role/path/"), Err(IamArnError::NoName));
        assert_eq!(entity("mfa/ann"), Err(IamArnError::OtherEntity));
        assert_eq!(
            "arn:aws:s3:::b".parse::<IamArn>(),
            Err(IamArnError::OtherService)
        );
        assert_eq!(
            "arn:aws:sts::1:assumed-role/only".parse::<IamArn>(),
            Err(IamArnError::NoName)
        );
        assert_eq!(
            "ann".parse::<IamArn>(),
            Err(IamArnError::Arn(ArnError::NoPrefix))
        );
    }
}
