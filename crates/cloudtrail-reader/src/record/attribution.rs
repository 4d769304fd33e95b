//! From a record to an attempt: who did what, where and when; or why the record does not count.
//!
//! These rules and constants are the only ones. The projected parser, the reference parser, tables, activity files and the
//! SQL of `activity-sql` all follow them.

use advisor_core::{Activity, Attempt, CreditedAction, UserCredential};
use service_catalog::{ActionId, Catalog, EventSource, ResolvedEvent};

use crate::options::Rules;
use crate::outcome::malformed::{Malformed, RecordField};
use crate::outcome::set_aside::{Rejection, SetAside};
use crate::record::checks::{self, LONGEST_NAME};
use crate::record::coverage::{self, KnownEvent};
use crate::record::event::{self, Details, EventRecord, Loose, ResponseError};
use crate::record::event_types::{
    API_CALL_TYPES, INSIGHT_CATEGORY, INSIGHT_TYPE, REFUSED_BY_ENDPOINT, SIGN_IN_EVENT,
    SIGN_IN_TYPE, VPC_ENDPOINT_TYPES,
};
use crate::record::identity::{Identity, Named};

/// An `errorCode` that contains one of these means that a permission was missing. Services write `AccessDenied`,
/// `AccessDeniedException`, `Client.UnauthorizedOperation`, `ForbiddenException`, `NotAuthorized`, `AuthorizationError`.
pub const DENIAL_MARKERS: [&str; 5] = [
    "AccessDenied",
    "Unauthorized",
    "Forbidden",
    "NotAuthorized",
    "AuthorizationError",
];
/// The values of `errorCode` with which S3 says that an object does not exist. It says so only to those who may list the
/// bucket (`s3:ListBucket`); others are denied.
///
/// Source: Amazon S3 API Reference, `GetObject` and `HeadObject`, "Permissions".
const MISSING_OBJECT: [&str; 3] = ["NoSuchKey", "NoSuchVersion", "NotFound"];
/// An error message in `responseElements` that contains this means that a permission was missing: the code beside it is often
/// a general one.
const DENIAL_MESSAGE: &str = "not authorized to perform";

/// Adds a record and what it covers to the table, or returns why it does not count. Few records are asked for their details.
pub(crate) fn attribute<'d>(
    record: &EventRecord<'_>,
    details: impl FnOnce() -> Details<'d>,
    rules: &Rules,
    activity: &mut Activity,
) -> Result<(), Rejection> {
    let event = Event::resolve(
        rules.catalog(),
        record.event_source.as_deref(),
        record.event_name.as_deref(),
    );
    let known = event.as_ref().ok().copied();
    if record.event_type.as_deref() == Some(SIGN_IN_TYPE) {
        // Such records are set aside.
        _ = see_sign_in(record, known, rules, activity);
    }
    let attributed = credit(record, event, details, rules, activity);
    let is_of_aws = known.is_none_or(|event| event.is_of_aws());
    let covers = match &attributed {
        Ok(()) => true,
        Err(Rejection::SetAside(reason)) => is_of_aws && !is_insight(reason),
        Err(Rejection::Malformed(_)) => false,
    };
    if covers {
        let known = known.map(|event| event.known()).unwrap_or_default();
        coverage::cover(record, known, rules, activity.coverage_mut());
    }
    attributed
}

/// Records that a user signed in to the console with the password: nothing for another event, and for a record that does not say
/// when, where and who. Unless the record says that it failed, it counts as a use.
fn see_sign_in(
    record: &EventRecord<'_>,
    event: Option<Event<'_>>,
    rules: &Rules,
    activity: &mut Activity,
) -> Option<()> {
    let event = event.filter(|event| event.name == SIGN_IN_EVENT)?;
    let response = record.response_elements.as_ref();
    if response.is_some_and(|response| event::is_failed_sign_in(response.as_str())) {
        return None;
    }
    let identity = Identity::of(record.user_identity.as_ref()?).ok()?;
    let identity = Some(identity).filter(Identity::is_user)?;
    let time_millis = checks::time(record.event_time.as_deref()).ok()?;
    rules.check_time(time_millis).ok()?;
    let Called { service, action } = event.called();
    activity.record_credential(
        UserCredential::Password,
        &Attempt {
            principal: identity.principal(),
            service,
            action,
            region: checks::region(record.aws_region.as_deref()).ok()?,
            time_millis,
            event_id: checks::event_id(record.event_id.as_deref()).ok()?,
            denied: false,
        },
    );
    Some(())
}

/// Adds the attempts of a record to the table.
fn credit<'d>(
    record: &EventRecord<'_>,
    event: Result<Event<'_>, Malformed>,
    details: impl FnOnce() -> Details<'d>,
    rules: &Rules,
    activity: &mut Activity,
) -> Result<(), Rejection> {
    let is_refused_by_endpoint =
        is_refused_by_endpoint(record.event_type.as_deref(), record.error_code.as_deref());
    if !is_refused_by_endpoint {
        check_type(
            record.event_type.as_deref(),
            record.event_category.as_deref(),
        )?;
    }
    if let Some(reason) = event.as_ref().ok().and_then(Event::set_aside) {
        return Err(reason.into());
    }
    let identity = record
        .user_identity
        .as_ref()
        .ok_or(Malformed::Missing(RecordField::UserIdentity))?;
    let identity = Identity::of(identity)?;
    let event = event?;
    let denied = record.error_code.as_deref().is_some_and(is_denial);
    let has_code = record
        .error_code
        .as_deref()
        .is_some_and(|code| !code.is_empty());
    let response = record.response_elements.as_ref().filter(|_| !has_code);
    let response = response.and_then(|response| ResponseError::parse(response.as_str()));
    let response = response.filter(is_denied_by);
    let denied = denied || response.is_some();
    let (called, mut also) = if denied || event.is_decided_by_record() || event.has_decided_uses() {
        let details = details();
        let message = match &response {
            Some(response) => response.message(),
            None => details.error_message(),
        };
        let who = |named: &str| identity.named_by(named);
        event.called_by(&details, who, message.as_deref(), denied)
    } else {
        (event.called(), Vec::new())
    };
    let code = record.error_code.as_deref().unwrap_or_default();
    also.extend(event.implied_by_error(code));
    let called = if is_refused_by_endpoint {
        // AWS's reports do not count network activity.
        called.beside_events()
    } else {
        called
    };
    let region = checks::region(record.aws_region.as_deref())?;
    let event_id = checks::event_id(record.event_id.as_deref())?;
    let time_millis = checks::time(record.event_time.as_deref())?;
    rules.check_time(time_millis)?;
    let mut attempt = Attempt {
        principal: identity.principal(),
        service: called.service,
        action: called.action,
        region,
        time_millis,
        event_id,
        denied,
    };
    if record.lacks_access_key && identity.is_user() {
        activity.coverage_mut().see_unread_credentials();
    }
    if let Some(key) = identity.access_key() {
        activity.record_credential(key, &attempt);
    }
    // The record that it corrects may be missing, or say less.
    let addendum = record.addendum.as_ref().map(Loose::as_str);
    let add = if addendum.is_some_and(event::is_correction) {
        Activity::record_correction
    } else {
        Activity::record
    };
    add(activity, &attempt);
    for called in also {
        (attempt.service, attempt.action) = (called.service, called.action);
        add(activity, &attempt);
    }
    Ok(())
}

/// Checks that a record is an API call. Records of the first format versions have no `eventType`; all of them were API
/// calls.
pub(crate) fn check_type(
    event_type: Option<&str>,
    event_category: Option<&str>,
) -> Result<(), Rejection> {
    if event_category == Some(INSIGHT_CATEGORY) {
        return Err(SetAside::NotAnApiCall(INSIGHT_TYPE.into()).into());
    }
    match event_type {
        None => Ok(()),
        Some(call) if API_CALL_TYPES.contains(&call) => Ok(()),
        Some(other) if other.len() <= LONGEST_NAME => {
            Err(SetAside::NotAnApiCall(other.into()).into())
        }
        Some(_) => Err(Malformed::TooLong(RecordField::EventType).into()),
    }
}

/// Whether a record is the network activity event of a call that the policy of a VPC endpoint refused. The call has no other
/// record: it did not reach the service.
pub(crate) fn is_refused_by_endpoint(event_type: Option<&str>, error_code: Option<&str>) -> bool {
    error_code == Some(REFUSED_BY_ENDPOINT)
        && event_type.is_some_and(|kind| VPC_ENDPOINT_TYPES.contains(&kind))
}

/// Whether a record was set aside because it is an insight.
pub(crate) fn is_insight(reason: &SetAside) -> bool {
    matches!(reason, SetAside::NotAnApiCall(kind) if **kind == *INSIGHT_TYPE)
}

/// What was called: a service's namespace, and its action or, where the catalog has none, the event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Called<'a> {
    pub(crate) service: &'a str,
    pub(crate) action: CreditedAction<'a>,
}

/// What a record's `eventSource` and `eventName` say was called.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Event<'a> {
    catalog: &'a Catalog,
    source: &'a str,
    name: &'a str,
    resolved: ResolvedEvent,
}

impl<'a> Event<'a> {
    pub(crate) fn resolve(
        catalog: &'a Catalog,
        event_source: Option<&'a str>,
        event_name: Option<&'a str>,
    ) -> Result<Self, Malformed> {
        let source = checks::name(event_source, RecordField::EventSource)?;
        let name = checks::name(event_name, RecordField::EventName)?;
        Ok(Self {
            catalog,
            source,
            name,
            resolved: catalog.resolve_event(source, name),
        })
    }

    /// An event that was resolved before.
    pub(crate) fn resolved_before(
        catalog: &'a Catalog,
        source: &'a str,
        name: &'a str,
        resolved: ResolvedEvent,
    ) -> Self {
        Self {
            catalog,
            source,
            name,
            resolved,
        }
    }

    /// What the catalog knows of the event.
    pub(crate) fn known(&self) -> KnownEvent {
        KnownEvent::new(self.catalog, self.resolved)
    }

    /// Why events of this source are set aside, if they are.
    pub(crate) fn set_aside(&self) -> Option<SetAside> {
        if self.catalog.event_source(self.source) == EventSource::NoPrincipal {
            Some(SetAside::NoPrincipal(self.source.into()))
        } else if self.is_of_aws() {
            None
        } else {
            Some(SetAside::NotAws(self.source.into()))
        }
    }

    /// False for sources that are hosts of other companies. A source that is not a host may be the name of a service.
    pub(crate) fn is_of_aws(&self) -> bool {
        !self.source.contains('.') || self.catalog.event_source(self.source) != EventSource::NotAws
    }

    /// Whether the record may show that the call exercised further actions.
    pub(crate) fn has_decided_uses(&self) -> bool {
        self.catalog.fields_needed(&self.resolved).any()
    }

    /// Whether other fields of the record decide what was called: services share an event source and a name, or one event
    /// is of several actions.
    pub(crate) fn is_decided_by_record(&self) -> bool {
        self.catalog.is_decided_by_record(&self.resolved)
    }

    /// What was called, by the event's source and name alone.
    pub(crate) fn called(&self) -> Called<'a> {
        let service = match self.resolved.service {
            Some(id) => self.catalog.service(id).namespace(),
            None => self
                .source
                .split('.')
                .next()
                .filter(|label| !label.is_empty())
                .unwrap_or(self.source),
        };
        let action = match self.resolved.action {
            Some(id) => CreditedAction::Action(self.catalog.action(id).name()),
            None => CreditedAction::Event(self.name),
        };
        Called { service, action }
    }

    /// What was called, by all of the record, and what was denied or exercised beside it.
    ///
    /// AWS's message of a denial names the action that was missing. Where that is the call itself under another service's name,
    /// as Session Manager's channels are `ssmmessages`' under the event source `ssm`, the message decides. Otherwise the call
    /// needed that action beside its own, as `GetObject` needs `kms:Decrypt` for an encrypted object, and both were asked for. A
    /// message about somebody else, such as the role with which a crawler works, says nothing of the caller. Where nobody knows
    /// whom it is about, the caller may have asked for that action. Which of its further actions a denied call asked for, nobody
    /// knows either.
    pub(crate) fn called_by(
        mut self,
        details: &Details<'a>,
        who: impl FnOnce(&str) -> Named,
        message: Option<&str>,
        denied: bool,
    ) -> (Called<'a>, Vec<Called<'a>>) {
        let fields = details.fields();
        self.resolved = self.catalog.resolve_record(&self.resolved, &fields);
        let denial = message
            .filter(|_| denied)
            .and_then(|message| self.catalog.denied_action(message));
        let who = denial
            .and_then(|denial| denial.identity)
            .map_or(Named::Caller, who);
        let missing = denial
            .filter(|_| who != Named::SomebodyElse)
            .and_then(|denial| denial.action)
            .filter(|missing| Some(*missing) != self.resolved.action);
        let uses = self.catalog.decided_uses(&self.resolved, &fields);
        let uses = uses.filter(|used| Some(used.action) != missing);
        let uses = uses.map(|used| {
            let Called { service, action } = called(self.catalog, used.action);
            let name = action.name();
            let action = if used.is_certain && !denied {
                CreditedAction::Exercised(name)
            } else {
                CreditedAction::Implied(name)
            };
            Called { service, action }
        });
        let missing = missing.map(|missing| {
            let named = called(self.catalog, missing);
            match who {
                Named::Unknown => {
                    let action = CreditedAction::Implied(named.action.name());
                    (false, Called { action, ..named })
                }
                Named::Caller | Named::SomebodyElse => (self.is_itself(missing), named),
            }
        });
        match missing {
            None => (self.called(), uses.collect()),
            Some((true, itself)) => (itself, uses.collect()),
            Some((false, missing)) => {
                let also = std::iter::once(missing).chain(uses);
                (self.called(), also.collect())
            }
        }
    }

    /// The action without which the call would have been denied, instead of failing with this error.
    pub(crate) fn implied_by_error(&self, error_code: &str) -> Option<Called<'a>> {
        let service = self.resolved.service?;
        if !is_missing_object(error_code) || self.catalog.service(service).namespace() != "s3" {
            return None;
        }
        let action = self.catalog.action_by_name(service, "ListBucket")?;
        let action = self.catalog.action(action);
        Some(Called {
            service: "s3",
            action: CreditedAction::Implied(action.name()),
        })
    }

    /// Whether this action is what was called: its name is, or it is of the same service and the event leads to no action.
    fn is_itself(&self, action: ActionId) -> bool {
        let action = self.catalog.action(action);
        let own = self.resolved.action.map(|own| self.catalog.action(own));
        let name = own.map_or(self.name, |own| own.name());
        name.eq_ignore_ascii_case(action.name())
            || (own.is_none() && self.resolved.service == Some(action.service()))
    }
}

impl Called<'_> {
    /// The same, if it is an action, as shown by something else than the event of a call.
    fn beside_events(self) -> Self {
        match self.action {
            CreditedAction::Action(name) => Self {
                action: CreditedAction::Exercised(name),
                ..self
            },
            _ => self,
        }
    }
}

fn called(catalog: &Catalog, action: ActionId) -> Called<'_> {
    let action = catalog.action(action);
    Called {
        service: catalog.service(action.service()).namespace(),
        action: CreditedAction::Action(action.name()),
    }
}

/// Whether an error in `responseElements` says that a permission was missing.
fn is_denied_by(error: &ResponseError<'_>) -> bool {
    let is_denied = error.code().is_some_and(|code| is_denial(&code));
    is_denied
        || error
            .message()
            .is_some_and(|message| message.contains(DENIAL_MESSAGE))
}

/// Whether an `errorCode` says that an object does not exist, if it is of S3.
pub(crate) fn is_missing_object(error_code: &str) -> bool {
    MISSING_OBJECT.contains(&error_code)
}

/// Whether an `errorCode` says that a permission was missing.
pub(crate) fn is_denial(error_code: &str) -> bool {
    DENIAL_MARKERS
        .iter()
        .any(|marker| error_code.contains(marker))
}
