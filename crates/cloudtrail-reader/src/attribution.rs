//! From a record to an attempt: who, what, where, when; or why it is set aside.

use std::borrow::Cow;
use std::fmt;

use advisor_core::{Activity, Attempt, CreditedAction, Principal, time};
use service_catalog::Catalog;

use crate::printable::Printable;
use crate::reader::ReadOptions;
use crate::record::{EventRecord, SessionIssuer, Text, UserIdentity};

/// Why a record is no attempt of an IAM identity.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SetAside {
    /// Not a call of an API: sign-ins, events of services, insights, VPC endpoint events.
    NotAnApiCall(Box<str>),
    /// Made by something that is no IAM user or role.
    NoIamIdentity(UserIdentityKind),
    /// Earlier than the time that is asked for.
    TooOld,
    /// Later than the instant that is asked for.
    TooNew,
    /// A row of an activity file, with attempts before and after the instant that is asked for.
    ReachesBeyond,
    /// The record is broken: what is wrong with it.
    Malformed(Box<str>),
}

/// Callers that are no IAM user or role.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum UserIdentityKind {
    /// The account's root user.
    Root,
    /// A service, on its own behalf.
    AwsService,
    /// A request without credentials.
    Anonymous,
    /// Another type of `userIdentity`, such as `WebIdentityUser` or `IdentityCenterUser`.
    Other(Box<str>),
}

impl SetAside {
    /// Whether the input is at fault. The other reasons are ordinary: most trails have sign-ins.
    #[must_use]
    pub fn is_fault(&self) -> bool {
        matches!(self, Self::Malformed(_))
    }

    pub(crate) fn is_insight(&self) -> bool {
        matches!(self, Self::NotAnApiCall(kind) if **kind == *INSIGHT)
    }

    pub(crate) fn missing(field: &str) -> Self {
        Self::Malformed(format!("no {field}").into())
    }
}

impl fmt::Display for SetAside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAnApiCall(kind) => write!(f, "not an API call: {}", kind.escape_debug()),
            Self::NoIamIdentity(UserIdentityKind::Root) => f.write_str("by the account root"),
            Self::NoIamIdentity(UserIdentityKind::AwsService) => f.write_str("by an AWS service"),
            Self::NoIamIdentity(UserIdentityKind::Anonymous) => f.write_str("anonymous"),
            Self::NoIamIdentity(UserIdentityKind::Other(kind)) => {
                write!(f, "no IAM identity: {}", kind.escape_debug())
            }
            Self::TooOld => f.write_str("earlier than the time asked for"),
            Self::TooNew => f.write_str("later than the instant asked for"),
            Self::ReachesBeyond => f.write_str("reaching beyond the instant asked for"),
            Self::Malformed(reason) => write!(f, "malformed: {}", Printable(reason)),
        }
    }
}

pub(crate) const INSIGHT: &str = "AwsCloudTrailInsight";

/// Longer names are nobody's; keeping them would fill the table.
pub(crate) const LONGEST_NAME: usize = 256;
const LONGEST_REGION: usize = 64;
/// IAM's longest ARNs have some 600 characters; this is what its API takes.
pub(crate) const LONGEST_ARN: usize = 2_048;

/// CloudTrail was launched in November 2013; no record is older. UTC milliseconds.
const FIRST_MILLIS: i64 = 1_383_264_000_000;
/// 2100-01-01, in UTC milliseconds: what is later is a broken clock.
const LAST_MILLIS: i64 = 4_102_444_800_000;

/// Takes a record into the table, or says why it is set aside.
pub(crate) fn attribute(
    record: &EventRecord<'_>,
    catalog: &Catalog,
    options: &ReadOptions,
    activity: &mut Activity,
) -> Result<(), SetAside> {
    check_type(
        record.event_type.as_deref(),
        record.event_category.as_deref(),
    )?;
    let identity = record
        .user_identity
        .as_ref()
        .ok_or_else(|| SetAside::missing("userIdentity"))?;
    let identity = Identity::of(identity)?;
    let called = operation(
        catalog,
        record.event_source.as_deref(),
        record.event_name.as_deref(),
    )?;
    let region = region(record.aws_region.as_deref())?;
    let event_id = record.event_id.as_deref().unwrap_or_default();
    if event_id.len() > LONGEST_NAME {
        return Err(SetAside::Malformed("the eventID is too long".into()));
    }
    let time_millis = instant(record.event_time.as_deref())?;
    if let Some(reason) = options.outside(time_millis) {
        return Err(reason);
    }
    activity.record(&Attempt {
        principal: identity.principal(),
        service: called.service,
        operation: called.operation,
        region,
        time_millis,
        event_id,
        denied: record.error_code.as_deref().is_some_and(is_denial),
    });
    Ok(())
}

/// API calls and what the console does in their stead are attempts. Records of the first format
/// versions have no type; they all were API calls.
pub(crate) fn check_type(
    event_type: Option<&str>,
    event_category: Option<&str>,
) -> Result<(), SetAside> {
    if event_category == Some("Insight") {
        return Err(SetAside::NotAnApiCall(INSIGHT.into()));
    }
    match event_type {
        None | Some("AwsApiCall" | "AwsConsoleAction") => Ok(()),
        Some(other) if other.len() <= LONGEST_NAME => Err(SetAside::NotAnApiCall(other.into())),
        Some(_) => Err(SetAside::Malformed("the eventType is too long".into())),
    }
}

/// What was called: a service's namespace and its action or, where the catalog has none, the event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Called<'a> {
    pub(crate) service: &'a str,
    pub(crate) operation: CreditedAction<'a>,
}

/// What a record's source and name say was called.
pub(crate) fn operation<'a>(
    catalog: &'a Catalog,
    event_source: Option<&'a str>,
    event_name: Option<&'a str>,
) -> Result<Called<'a>, SetAside> {
    let source = name(event_source, "eventSource")?;
    let event = name(event_name, "eventName")?;
    let resolved = catalog.resolve_event(source, event);
    let service = match resolved.service {
        Some(id) => catalog.service(id).namespace(),
        None => source
            .split('.')
            .next()
            .filter(|label| !label.is_empty())
            .unwrap_or(source),
    };
    let operation = match resolved.action {
        Some(id) => CreditedAction::Action(catalog.action(id).name()),
        None => CreditedAction::Event(event),
    };
    Ok(Called { service, operation })
}

pub(crate) fn name<'a>(text: Option<&'a str>, field: &str) -> Result<&'a str, SetAside> {
    match text {
        None | Some("") => Err(SetAside::missing(field)),
        Some(text) if text.len() > LONGEST_NAME => Err(SetAside::Malformed(
            format!("the {field} is too long").into(),
        )),
        Some(text) if text.chars().any(char::is_control) => Err(SetAside::Malformed(
            format!("the {field} has a control character").into(),
        )),
        Some(text) => Ok(text),
    }
}

/// The Region that a record names.
pub(crate) fn region(text: Option<&str>) -> Result<&str, SetAside> {
    let is_sound = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    match text {
        None | Some("") => Err(SetAside::missing("awsRegion")),
        Some(text) if text.len() <= LONGEST_REGION && text.bytes().all(is_sound) => Ok(text),
        Some(_) => Err(SetAside::Malformed("the awsRegion is no Region".into())),
    }
}

/// A record's time, in UTC milliseconds.
pub(crate) fn instant(text: Option<&str>) -> Result<i64, SetAside> {
    let text = text.ok_or_else(|| SetAside::missing("eventTime"))?;
    time::parse(text)
        .map(|time| time.timestamp_millis())
        .filter(|millis| is_plausible(*millis))
        .ok_or_else(|| {
            let shown: String = text.chars().take(40).collect();
            SetAside::Malformed(format!("the eventTime {shown:?} cannot be").into())
        })
}

/// Whether CloudTrail can have seen an event at this time, in UTC milliseconds.
pub(crate) fn is_plausible(millis: i64) -> bool {
    (FIRST_MILLIS..LAST_MILLIS).contains(&millis)
}

/// The user or role that a record is of.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Identity<'a> {
    unique_id: Option<&'a str>,
    arn: Option<Cow<'a, str>>,
    account: Option<&'a str>,
}

impl<'a> Identity<'a> {
    /// The user or role that called, if it was one.
    pub(crate) fn of(identity: &'a UserIdentity<'_>) -> Result<Self, SetAside> {
        caller(identity)
    }

    pub(crate) fn principal(&self) -> Principal<'_> {
        Principal {
            unique_id: self.unique_id,
            arn: self.arn.as_deref(),
            account: self.account,
        }
    }
}

fn caller<'a>(identity: &'a UserIdentity<'_>) -> Result<Identity<'a>, SetAside> {
    let issuer = identity
        .session_context
        .as_ref()
        .and_then(|context| context.session_issuer.as_ref());
    let no_identity = |kind| Err(SetAside::NoIamIdentity(kind));
    let Some(kind) = identity.r#type.as_deref() else {
        return if identity.invoked_by.is_some() {
            no_identity(UserIdentityKind::AwsService)
        } else {
            Err(SetAside::missing("userIdentity.type"))
        };
    };
    let found = match kind {
        "IAMUser" => Identity {
            unique_id: unique_id(identity.principal_id.as_ref(), "AIDA"),
            arn: arn(identity.arn.as_ref()).or_else(|| {
                user_by_name(identity.account_id.as_ref(), identity.user_name.as_ref())
            }),
            account: account(identity.account_id.as_ref()),
        },
        "AssumedRole" | "Role" => Identity {
            unique_id: unique_id(
                issuer.and_then(|issuer| issuer.principal_id.as_ref()),
                "AROA",
            )
            .or_else(|| unique_id(identity.principal_id.as_ref(), "AROA")),
            arn: arn(issuer.and_then(|issuer| issuer.arn.as_ref()))
                .or_else(|| identity.arn.as_deref().and_then(role_of_session)),
            account: account(issuer.and_then(|issuer| issuer.account_id.as_ref()))
                .or_else(|| account(identity.account_id.as_ref())),
        },
        "FederatedUser" => match issuer {
            Some(issuer) if issuer.r#type.as_deref() == Some("Root") => {
                return no_identity(UserIdentityKind::Root);
            }
            Some(issuer) => issuing_user(issuer),
            None => return no_identity(UserIdentityKind::Other(kind.into())),
        },
        "AWSAccount" => {
            let id = identity.principal_id.as_ref();
            let account = account(identity.account_id.as_ref());
            let unique_id = unique_id(id, "AIDA").or_else(|| unique_id(id, "AROA"));
            if unique_id.is_none() {
                return no_identity(match (account, id.map(|id| &**id)) {
                    (Some("ANONYMOUS_PRINCIPAL"), _) | (_, Some("ANONYMOUS_PRINCIPAL")) => {
                        UserIdentityKind::Anonymous
                    }
                    (Some(account), Some(id)) if account == id => UserIdentityKind::Root,
                    _ => UserIdentityKind::Other(kind.into()),
                });
            }
            Identity {
                unique_id,
                arn: None,
                account,
            }
        }
        "Root" => return no_identity(UserIdentityKind::Root),
        "AWSService" => return no_identity(UserIdentityKind::AwsService),
        other if other.len() <= LONGEST_NAME => {
            return no_identity(UserIdentityKind::Other(other.into()));
        }
        _ => {
            return Err(SetAside::Malformed(
                "the userIdentity.type is too long".into(),
            ));
        }
    };
    if found.unique_id.is_none() && found.arn.is_none() {
        return Err(SetAside::Malformed(
            format!("{kind} with neither a unique id in userIdentity.principalId nor an ARN")
                .into(),
        ));
    }
    Ok(found)
}

fn issuing_user<'a>(issuer: &'a SessionIssuer<'_>) -> Identity<'a> {
    Identity {
        unique_id: unique_id(issuer.principal_id.as_ref(), "AIDA")
            .or_else(|| unique_id(issuer.principal_id.as_ref(), "AROA")),
        arn: arn(issuer.arn.as_ref())
            .or_else(|| user_by_name(issuer.account_id.as_ref(), issuer.user_name.as_ref())),
        account: account(issuer.account_id.as_ref()),
    }
}

/// `AIDA...` or `AROA...:session`, up to the colon.
fn unique_id<'a>(principal_id: Option<&'a Text<'_>>, prefix: &str) -> Option<&'a str> {
    let id = principal_id?.split(':').next()?;
    let is_one = id.starts_with(prefix)
        && (16..=128).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_one.then_some(id)
}

fn arn<'a>(text: Option<&'a Text<'_>>) -> Option<Cow<'a, str>> {
    let text: &'a str = text?;
    (text.starts_with("arn:") && text.len() <= LONGEST_ARN).then_some(Cow::Borrowed(text))
}

/// An account id, which has 12 digits; longer than any name it is none.
fn account<'a>(text: Option<&'a Text<'_>>) -> Option<&'a str> {
    let text: &'a str = text?;
    (!text.is_empty() && text.len() <= LONGEST_NAME).then_some(text)
}

/// The ARN of a user of whom only the name is told, as if it had no path: a user is found by its name.
fn user_by_name(
    account_id: Option<&Text<'_>>,
    user_name: Option<&Text<'_>>,
) -> Option<Cow<'static, str>> {
    let account = account(account_id)?;
    let name = user_name.filter(|name| !name.is_empty() && name.len() <= LONGEST_NAME)?;
    Some(format!("arn:aws:iam::{account}:user/{}", &**name).into())
}

/// The role behind `arn:aws:sts::111122223333:assumed-role/name/session`. Its path is not known; a
/// role is found by its name.
fn role_of_session(session: &str) -> Option<Cow<'static, str>> {
    if session.len() > LONGEST_ARN {
        return None;
    }
    let (before, resource) = session.split_once(":assumed-role/")?;
    let (partition, account) = before.strip_prefix("arn:")?.split_once(":sts::")?;
    let role = resource.split('/').next().filter(|role| !role.is_empty())?;
    Some(format!("arn:{partition}:iam::{account}:role/{role}").into())
}

/// Whether an error code says that a permission was missing. Services spell it in many ways:
/// `AccessDenied`, `AccessDeniedException`, `Client.UnauthorizedOperation`, `NotAuthorized`,
/// `AuthorizationError`.
pub(crate) fn is_denial(error_code: &str) -> bool {
    [
        "AccessDenied",
        "Unauthorized",
        "NotAuthorized",
        "AuthorizationError",
    ]
    .iter()
    .any(|part| error_code.contains(part))
}
