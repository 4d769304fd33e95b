//! Who made a call: the IAM user or role behind a `userIdentity`.
//!
//! The documented types of users and roles say where their ids and ARNs are. Of every other type, also one that is not known, the
//! unique id of a user or role in `principalId` decides: such ids are never used again, and nothing else has them.
//!
//! Source: `CloudTrail` User Guide, "CloudTrail userIdentity element".

use std::borrow::Cow;

use advisor_core::{Principal, UserCredential};

use crate::outcome::malformed::{Malformed, RecordField};
use crate::outcome::set_aside::{Rejection, UserIdentityKind};
use crate::record::checks::{
    ARN_PREFIX, LONGEST_ARN, LONGEST_NAME, UNIQUE_ID_LENGTHS, is_account, is_arn,
};
use crate::record::event::{Loose, SessionIssuer, Text, UserIdentity};

/// The start of a user's unique id.
pub const USER_ID_PREFIX: &str = "AIDA";
/// The start of a role's unique id.
pub const ROLE_ID_PREFIX: &str = "AROA";

/// The values of `userIdentity.type` that can be an IAM user or role.
pub mod identity_types {
    /// An IAM user.
    pub const USER: &str = "IAMUser";
    /// A session of a role.
    pub const ASSUMED_ROLE: &str = "AssumedRole";
    /// A role itself.
    pub const ROLE: &str = "Role";
    /// A session of `GetFederationToken`: its issuer is a user, or the account's root user.
    pub const FEDERATED_USER: &str = "FederatedUser";
    /// A principal of another account, known by its unique id alone.
    pub const OTHER_ACCOUNT: &str = "AWSAccount";
    /// The account's root user, as an identity and as an issuer.
    pub const ROOT: &str = "Root";
    /// A user of a SAML provider. Its `principalId` is the provider's text.
    pub const SAML_USER: &str = "SAMLUser";
    /// A user of a web identity provider. Its `principalId` is the provider's text.
    pub const WEB_IDENTITY_USER: &str = "WebIdentityUser";
}

const AWS_SERVICE: &str = "AWSService";
/// What stands for an account and a principal in a request without credentials.
const ANONYMOUS: &str = "ANONYMOUS_PRINCIPAL";

/// An IAM user or role, as far as a record tells it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Identity<'a> {
    unique_id: Option<&'a str>,
    arn: Option<Cow<'a, str>>,
    account: Option<&'a str>,
    is_user: bool,
    access_key: Option<Cow<'a, str>>,
    /// The ARN of the caller as the record has it: of a session, its own.
    called_as: Option<&'a str>,
}

impl<'a> Identity<'a> {
    /// Finds the user or role that made the call.
    pub(crate) fn of(identity: &'a UserIdentity<'_>) -> Result<Self, Rejection> {
        let issuer = identity
            .session_context
            .as_ref()
            .and_then(|context| context.session_issuer.as_ref());
        let kind = identity.r#type.as_deref().unwrap_or_default();
        let mut found = match kind {
            identity_types::USER => Self::user(identity),
            identity_types::ASSUMED_ROLE | identity_types::ROLE => Self::role(identity, issuer),
            identity_types::FEDERATED_USER => match issuer {
                Some(issuer) if issuer.r#type.as_deref() == Some(identity_types::ROOT) => {
                    return Err(UserIdentityKind::Root.into());
                }
                Some(issuer) => Self::issuing_user(issuer),
                None => return Err(Malformed::Missing(RecordField::SessionIssuer).into()),
            },
            identity_types::ROOT => return Err(UserIdentityKind::Root.into()),
            identity_types::SAML_USER | identity_types::WEB_IDENTITY_USER => {
                return Err(UserIdentityKind::Other(kind.into()).into());
            }
            kind => (Self::by_unique_id(identity))
                .or_else(|| {
                    Self::by_arn(identity).filter(|_| kind == identity_types::OTHER_ACCOUNT)
                })
                .ok_or_else(|| not_of_iam(identity))?,
        };
        if found.unique_id.is_none() && found.arn.is_none() {
            return Err(Malformed::Principal(kind.into()).into());
        }
        found.called_as = identity.arn.as_deref();
        Ok(found)
    }

    /// Whether an ARN or a name is the caller's, its role's or that of another session of its role.
    pub(crate) fn named_by(&self, named: &str) -> Named {
        let own = [self.called_as, self.arn.as_deref()].into_iter().flatten();
        let mut own = own.filter_map(ArnOwner::of).peekable();
        if self.called_as == Some(named) {
            return Named::Caller;
        }
        let Some(owner) = ArnOwner::of(named) else {
            let id = named.split(':').next();
            return if own.any(|own| own.name == named) || (id.is_some() && id == self.unique_id) {
                Named::Caller
            } else if named.starts_with(ARN_PREFIX) {
                Named::SomebodyElse
            } else {
                Named::Unknown
            };
        };
        let is_known = own.peek().is_some();
        let is_of_account = || self.account.is_none_or(|account| account == owner.account);
        if own.any(|own| own == owner) {
            Named::Caller
        } else if is_known || !is_of_account() {
            Named::SomebodyElse
        } else {
            Named::Unknown
        }
    }

    /// The principal for the activity table.
    pub(crate) fn principal(&self) -> Principal<'_> {
        Principal {
            unique_id: self.unique_id,
            arn: self.arn.as_deref(),
            account: self.account,
        }
    }

    /// The long-term access key that signed the call.
    pub(crate) fn access_key(&self) -> Option<UserCredential<'_>> {
        UserCredential::long_term_key(self.access_key.as_deref()?)
    }

    /// Whether the user's own credentials were used: the password or an access key.
    pub(crate) fn is_user(&self) -> bool {
        self.is_user
    }

    fn user(identity: &'a UserIdentity<'_>) -> Self {
        let access_key = identity.access_key_id.as_ref().and_then(Loose::text);
        Self {
            is_user: true,
            access_key: access_key.map(Cow::from),
            unique_id: unique_id(identity.principal_id.as_ref(), &[USER_ID_PREFIX]),
            arn: arn(identity.arn.as_ref()).or_else(|| {
                user_by_name(identity.account_id.as_ref(), identity.user_name.as_ref())
            }),
            account: account(identity.account_id.as_ref()),
            called_as: None,
        }
    }

    fn role(identity: &'a UserIdentity<'_>, issuer: Option<&'a SessionIssuer<'_>>) -> Self {
        let of_issuer = issuer.and_then(|issuer| issuer.principal_id.as_ref());
        Self {
            unique_id: unique_id(of_issuer, &[ROLE_ID_PREFIX])
                .or_else(|| unique_id(identity.principal_id.as_ref(), &[ROLE_ID_PREFIX])),
            arn: arn(issuer.and_then(|issuer| issuer.arn.as_ref()))
                .or_else(|| identity.arn.as_deref().and_then(role_of_session)),
            account: account(issuer.and_then(|issuer| issuer.account_id.as_ref()))
                .or_else(|| account(identity.account_id.as_ref())),
            ..Self::default()
        }
    }

    fn issuing_user(issuer: &'a SessionIssuer<'_>) -> Self {
        Self {
            unique_id: unique_id(
                issuer.principal_id.as_ref(),
                &[USER_ID_PREFIX, ROLE_ID_PREFIX],
            ),
            arn: arn(issuer.arn.as_ref())
                .or_else(|| user_by_name(issuer.account_id.as_ref(), issuer.user_name.as_ref())),
            account: account(issuer.account_id.as_ref()),
            ..Self::default()
        }
    }

    /// A user or role of any type of identity, such as one of another account.
    fn by_unique_id(identity: &'a UserIdentity<'_>) -> Option<Self> {
        let id = identity.principal_id.as_ref();
        Some(Self {
            unique_id: Some(unique_id(id, &[USER_ID_PREFIX, ROLE_ID_PREFIX])?),
            account: account(identity.account_id.as_ref()),
            ..Self::default()
        })
    }

    /// A user or role of another account, of which only the ARN is told.
    fn by_arn(identity: &'a UserIdentity<'_>) -> Option<Self> {
        let arn = arn(identity.arn.as_ref())?;
        let is_of_iam = |kind| arn.contains(":iam::") && arn.contains(kind);
        let arn = match role_of_session(&arn) {
            Some(role) => role,
            None if is_of_iam(":user/") || is_of_iam(":role/") => arn,
            None => return None,
        };
        Some(Self {
            arn: Some(arn),
            account: account(identity.account_id.as_ref()),
            ..Self::default()
        })
    }
}

/// Who is named in a message about a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    /// The caller.
    Caller,
    /// Not the caller.
    SomebodyElse,
    /// A name that is no ARN and not the caller's, or an ARN where the record has none of the caller.
    Unknown,
}

/// Whose the ARN of a user, role or session is. Paths do not count: those of sessions lack them.
#[derive(Debug, PartialEq, Eq)]
struct ArnOwner<'a> {
    account: &'a str,
    kind: &'a str,
    name: &'a str,
}

impl<'a> ArnOwner<'a> {
    fn of(arn: &'a str) -> Option<Self> {
        let mut parts = arn.strip_prefix(ARN_PREFIX)?.splitn(5, ':').skip(1);
        let (service, _, account, resource) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let (kind, rest) = resource.split_once('/').unwrap_or((resource, ""));
        let (kind, name) = match (service, kind) {
            ("iam", kind) => (kind, rest.rsplit('/').next()?),
            ("sts", "assumed-role") => ("role", rest.split('/').next()?),
            ("sts", kind) => (kind, rest),
            _ => return None,
        };
        Some(Self {
            account,
            kind,
            name,
        })
    }
}

/// What an identity is that has no id of a user or role.
fn not_of_iam(identity: &UserIdentity<'_>) -> Rejection {
    let kind = match identity.r#type.as_deref() {
        None if identity.invoked_by.is_some() => UserIdentityKind::AwsService,
        None => return Malformed::Missing(RecordField::UserIdentityType).into(),
        Some(AWS_SERVICE) => UserIdentityKind::AwsService,
        Some(identity_types::OTHER_ACCOUNT) => {
            let id = identity.principal_id.as_deref();
            match (account(identity.account_id.as_ref()), id) {
                (Some(ANONYMOUS), _) | (_, Some(ANONYMOUS)) => UserIdentityKind::Anonymous,
                (Some(account), Some(id)) if account == id => UserIdentityKind::Root,
                _ => UserIdentityKind::Other(identity_types::OTHER_ACCOUNT.into()),
            }
        }
        Some(other) if other.len() <= LONGEST_NAME => UserIdentityKind::Other(other.into()),
        Some(_) => return Malformed::TooLong(RecordField::UserIdentityType).into(),
    };
    kind.into()
}

/// The unique id in a `principalId`: `AIDA...`, or `AROA...:session` up to the colon.
fn unique_id<'a>(principal_id: Option<&'a Text<'_>>, prefixes: &[&str]) -> Option<&'a str> {
    let id = principal_id?.split(':').next()?;
    let is_one = prefixes.iter().any(|prefix| id.starts_with(prefix))
        && UNIQUE_ID_LENGTHS.contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_one.then_some(id)
}

fn arn<'a>(text: Option<&'a Text<'_>>) -> Option<Cow<'a, str>> {
    let text: &'a str = text?;
    is_arn(text).then_some(Cow::Borrowed(text))
}

fn account<'a>(text: Option<&'a Text<'_>>) -> Option<&'a str> {
    let text: &'a str = text?;
    is_account(text).then_some(text)
}

/// The ARN of a user that is known by name only, without its path: account data finds users by name.
fn user_by_name(
    account_id: Option<&Text<'_>>,
    user_name: Option<&Text<'_>>,
) -> Option<Cow<'static, str>> {
    let account = account(account_id)?;
    let name = user_name.filter(|name| !name.is_empty() && name.len() <= LONGEST_NAME)?;
    Some(format!("arn:aws:iam::{account}:user/{}", &**name).into())
}

/// The role of `arn:aws:sts::111122223333:assumed-role/name/session`, without its path: account data finds roles by name.
fn role_of_session(session: &str) -> Option<Cow<'static, str>> {
    if session.len() > LONGEST_ARN {
        return None;
    }
    let (before, resource) = session.split_once(":assumed-role/")?;
    let (partition, account) = before.strip_prefix("arn:")?.split_once(":sts::")?;
    let role = resource.split('/').next().filter(|role| !role.is_empty())?;
    Some(format!("arn:{partition}:iam::{account}:role/{role}").into())
}
