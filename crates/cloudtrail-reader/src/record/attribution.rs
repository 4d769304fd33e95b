//! From a record to an attempt: who did what, where and when; or why the record does not count.
//!
//! These rules and constants are the only ones. The projected parser, the plain reference, tables, activity files and the
//! SQL of `activity-sql` all follow them.

use advisor_core::{Activity, Attempt, CreditedAction};
use service_catalog::Catalog;

use crate::options::Rules;
use crate::outcome::malformed::{Malformed, RecordField};
use crate::outcome::set_aside::{Rejection, SetAside};
use crate::record::checks::{self, LONGEST_NAME};
use crate::record::event::EventRecord;
use crate::record::identity::Identity;

/// The values of `eventType` that count as attempts: API calls, and what the console does instead of them.
pub const API_CALL_TYPES: [&str; 2] = ["AwsApiCall", "AwsConsoleAction"];
/// The `eventType` of an insight.
pub const INSIGHT_TYPE: &str = "AwsCloudTrailInsight";
/// The `eventCategory` of an insight.
pub const INSIGHT_CATEGORY: &str = "Insight";
/// An `errorCode` that contains one of these means that a permission was missing. Services write `AccessDenied`,
/// `AccessDeniedException`, `Client.UnauthorizedOperation`, `NotAuthorized`, `AuthorizationError`.
pub const DENIAL_MARKERS: [&str; 4] = [
    "AccessDenied",
    "Unauthorized",
    "NotAuthorized",
    "AuthorizationError",
];

/// Adds a record to the table, or returns why it does not count.
pub(crate) fn attribute(
    record: &EventRecord<'_>,
    rules: &Rules,
    activity: &mut Activity,
) -> Result<(), Rejection> {
    check_type(
        record.event_type.as_deref(),
        record.event_category.as_deref(),
    )?;
    let identity = record
        .user_identity
        .as_ref()
        .ok_or(Malformed::Missing(RecordField::UserIdentity))?;
    let identity = Identity::of(identity)?;
    let called = called(
        rules.catalog(),
        record.event_source.as_deref(),
        record.event_name.as_deref(),
    )?;
    let region = checks::region(record.aws_region.as_deref())?;
    let event_id = checks::event_id(record.event_id.as_deref())?;
    let time_millis = checks::time(record.event_time.as_deref())?;
    rules.check_time(time_millis)?;
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

/// Whether a record was set aside because it is an insight.
pub(crate) fn is_insight(reason: &SetAside) -> bool {
    matches!(reason, SetAside::NotAnApiCall(kind) if **kind == *INSIGHT_TYPE)
}

/// What was called: a service's namespace, and its action or, where the catalog has none, the event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Called<'a> {
    pub(crate) service: &'a str,
    pub(crate) operation: CreditedAction<'a>,
}

/// Resolves what a record's `eventSource` and `eventName` say was called.
pub(crate) fn called<'a>(
    catalog: &'a Catalog,
    event_source: Option<&'a str>,
    event_name: Option<&'a str>,
) -> Result<Called<'a>, Malformed> {
    let source = checks::name(event_source, RecordField::EventSource)?;
    let event = checks::name(event_name, RecordField::EventName)?;
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

/// Whether an `errorCode` says that a permission was missing.
pub(crate) fn is_denial(error_code: &str) -> bool {
    DENIAL_MARKERS
        .iter()
        .any(|marker| error_code.contains(marker))
}
