//! What a record proves that its trail holds: events of an account, a Region, a kind and a day.
//!
//! Every record proves this, whoever made the call; a report may call something unused only where such records were read. So nothing
//! is assumed that the record does not say, except by AWS's own lists of events, for records without the fields that say it.
//!
//! Source of the fields: `CloudTrail` User Guide, "CloudTrail record contents".

use std::sync::LazyLock;

use advisor_core::{Coverage, DaySet, EventCategory, call_tells};
use memchr::memmem::Finder;
use service_catalog::{AccessLevel, Catalog, Observability, ResolvedEvent};

use crate::options::Rules;
use crate::record::checks;
use crate::record::event::{EventRecord, Loose, UserIdentity};
use crate::record::event_types::{API_CALL_TYPES, CategoryName, VPC_ENDPOINT_TYPES};
use crate::record::identity::identity_types;

/// The fields that tell the kind of an event.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct KindFields<'a> {
    pub(crate) event_type: Option<&'a str>,
    pub(crate) event_category: Option<&'a str>,
    /// JSON, as the following are.
    pub(crate) read_only: Option<&'a str>,
    pub(crate) management_event: Option<&'a str>,
    pub(crate) resources: Option<&'a str>,
}

/// What the catalog knows of an event by its source and name alone.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct KnownEvent {
    pub(crate) resolved: ResolvedEvent,
    /// Whether AWS lists it as a management event, or as a data event.
    pub(crate) is_management: Option<bool>,
    /// Whether its action only reads.
    pub(crate) is_read: Option<bool>,
    /// Whether the call tells how its action is logged.
    pub(crate) tells: bool,
}

impl KnownEvent {
    pub(crate) fn new(catalog: &Catalog, resolved: ResolvedEvent) -> Self {
        let level = resolved.action.map(|id| catalog.action(id).access_level());
        let tells = |id| call_tells(catalog, id) && !catalog.is_decided_by_record(&resolved);
        Self {
            is_management: is_known_as_management(catalog, resolved),
            is_read: level.map(|level| matches!(level, AccessLevel::List | AccessLevel::Read)),
            tells: resolved.action.is_some_and(tells),
            resolved,
        }
    }

    /// The service and the action, if the call tells how the action is logged.
    pub(crate) fn call(self, catalog: &Catalog) -> Option<(&str, &str)> {
        let action = catalog.action(self.resolved.action.filter(|_| self.tells)?);
        let service = catalog.service(action.service());
        Some((service.namespace(), action.name()))
    }
}

/// Adds what a record proves to the coverage: nothing if its time is outside of the limits.
pub(crate) fn cover(
    record: &EventRecord<'_>,
    event: KnownEvent,
    rules: &Rules,
    coverage: &mut Coverage,
) {
    let account = account(record);
    let region = checks::region(record.aws_region.as_deref());
    let time = checks::time(record.event_time.as_deref());
    let (Some(account), Ok(region), Ok(time)) = (account, region, time) else {
        return;
    };
    if rules.check_time(time).is_err() {
        return;
    }
    let fields = KindFields {
        event_type: record.event_type.as_deref(),
        event_category: record.event_category.as_deref(),
        read_only: record.read_only.as_ref().map(Loose::as_str),
        management_event: record.management_event.as_ref().map(Loose::as_str),
        resources: record.resources.as_ref().map(Loose::as_str),
    };
    if let Some(category) = category(&fields, rules.catalog(), event) {
        let day = DaySet::day_of(time);
        coverage.see_record(account, region, category, day);
        if let Some(call) = event.call(rules.catalog()) {
            coverage.see_call(account, region, category, call, day);
        }
    }
}

/// The account whose trail has a record.
fn account<'a>(record: &'a EventRecord<'_>) -> Option<&'a str> {
    let recipient = record.recipient_account_id.as_ref();
    let recipient = recipient.and_then(|account| account_text(account.as_str()));
    recipient.or_else(|| account_of_caller(record.user_identity.as_ref()?))
}

/// The account whose trail has a record without a `recipientAccountId`: the caller's, unless that is known to be another one.
pub(crate) fn account_of_caller<'a>(identity: &'a UserIdentity<'_>) -> Option<&'a str> {
    let is_other = identity.r#type.as_deref() == Some(identity_types::OTHER_ACCOUNT);
    let account = identity.account_id.as_deref();
    account.filter(|account| !is_other && checks::is_account(account))
}

/// The account id that a JSON value is; some programs take it for a number.
pub(crate) fn account_text(json: &str) -> Option<&str> {
    match json.strip_prefix('"') {
        Some(rest) => {
            let text = rest.strip_suffix('"')?;
            (!text.contains(['\\', '"']) && checks::is_account(text)).then_some(text)
        }
        None => Some(json).filter(|text| checks::is_account_number(text) && !text.starts_with('0')),
    }
}

/// The value of a JSON boolean; some programs take it for a text.
fn flag(json: Option<&str>) -> Option<bool> {
    let text = json?.trim_matches('"');
    let is = |wanted: &str| text.eq_ignore_ascii_case(wanted);
    match (is("true"), is("false")) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    }
}

/// The kind of an event. `None` if neither the record nor AWS's lists say it.
pub(crate) fn category<'a>(
    fields: &KindFields<'a>,
    catalog: &'a Catalog,
    event: KnownEvent,
) -> Option<EventCategory<'a>> {
    let said = fields
        .event_category
        .map(str::as_bytes)
        .map(CategoryName::of);
    let is_management = match said {
        Some(CategoryName::Management) => Some(true),
        Some(CategoryName::Data) => Some(false),
        Some(CategoryName::NetworkActivity) => return Some(EventCategory::NetworkActivity),
        Some(CategoryName::Other) => return None,
        None => match fields.event_type {
            Some(kind) if VPC_ENDPOINT_TYPES.contains(&kind) => {
                return Some(EventCategory::NetworkActivity);
            }
            Some(kind) if !API_CALL_TYPES.contains(&kind) => return None,
            _ => flag(fields.management_event),
        },
    };
    let read_only = flag(fields.read_only);
    if let (Some(true), Some(read_only)) = (is_management, read_only) {
        return Some(management(read_only));
    }
    if is_management.or(event.is_management)? {
        return Some(management(read_only.or(event.is_read)?));
    }
    let resources = fields.resources.unwrap_or_default().as_bytes();
    let resource_type = data_type(catalog, event.resolved, resources);
    Some(match read_only {
        Some(true) => EventCategory::DataRead(resource_type),
        Some(false) => EventCategory::DataWrite(resource_type),
        None => EventCategory::Data(resource_type),
    })
}

fn management(is_read: bool) -> EventCategory<'static> {
    if is_read {
        EventCategory::ManagementRead
    } else {
        EventCategory::ManagementWrite
    }
}

/// Whether AWS lists an event as a management event, or as a data event.
fn is_known_as_management(catalog: &Catalog, event: ResolvedEvent) -> Option<bool> {
    if let Some(kind) = event.kind.map(|id| catalog.event_kind(id)) {
        match (
            kind.is_management_event(),
            kind.data_resource_types().len() > 0,
        ) {
            (true, true) => return None,
            (true, false) => return Some(true),
            (false, true) => return Some(false),
            (false, false) => {}
        }
    }
    match catalog.observability(event.action?) {
        Observability::ManagementEvent => Some(true),
        Observability::DataEvent(_) => Some(false),
        _ => None,
    }
}

/// The resource type of a data event, of those that AWS lists for it and those in the JSON of its resources; empty if they do not
/// decide. A trail that logs access points, but not objects, has records that name both.
#[inline]
pub(crate) fn data_type<'a>(
    catalog: &'a Catalog,
    event: ResolvedEvent,
    resources: &'a [u8],
) -> &'a str {
    let known = event
        .kind
        .map(|kind| catalog.event_kind(kind).data_resource_types());
    let known = known.into_iter().flatten();
    let mut named = Names::default();
    let mut named_and_known = Names::default();
    for name in resource_types(resources) {
        named.add(name);
        if known.clone().any(|known| known.as_bytes() == name) {
            named_and_known.add(name);
        }
    }
    let mut all = Names::default();
    known.for_each(|name| all.add(name.as_bytes()));
    let decided = [named_and_known, named, all]
        .into_iter()
        .find(|names| names.first.is_some());
    let only = decided.filter(|names| !names.has_others);
    let only = only.and_then(|names| names.first).unwrap_or_default();
    std::str::from_utf8(only).unwrap_or_default()
}

/// Names, of which only one would decide.
#[derive(Clone, Copy, Default)]
struct Names<'a> {
    first: Option<&'a [u8]>,
    has_others: bool,
}

impl<'a> Names<'a> {
    fn add(&mut self, name: &'a [u8]) {
        let first = *self.first.get_or_insert(name);
        self.has_others |= first != name;
    }
}

/// The types in the JSON of a record's `resources`: the texts after `"type":`. In a string these quotes would be escaped.
fn resource_types(json: &[u8]) -> impl Iterator<Item = &[u8]> {
    const KEY: &[u8] = b"\"type\"";
    static FINDER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(KEY));
    FINDER.find_iter(json).filter_map(move |position| {
        let rest = json.get(position + KEY.len()..)?.trim_ascii_start();
        let rest = rest.strip_prefix(b":")?.trim_ascii_start();
        let rest = rest.strip_prefix(b"\"")?;
        let name = rest.get(..memchr::memchr(b'"', rest)?)?;
        let is_sound = memchr::memchr(b'\\', name).is_none() && name.len() <= checks::LONGEST_NAME;
        (is_sound && !name.is_empty()).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn category_of(source: &str, name: &str, fields: KindFields<'static>) -> Option<String> {
        let catalog = Catalog::embedded();
        let source = format!("{source}.amazonaws.com");
        let category = category(
            &fields,
            catalog,
            KnownEvent::new(catalog, catalog.resolve_event(&source, name)),
        )?;
        let resource_type = category.resource_type().unwrap_or_default();
        Some(
            format!("{} {resource_type}", category.name())
                .trim_end()
                .to_owned(),
        )
    }

    #[test]
    fn the_record_says_its_kind() {
        let of = |event_category, read_only| {
            let fields = KindFields {
                event_category: Some(event_category),
                read_only,
                ..KindFields::default()
            };
            category_of("ec2", "RunInstances", fields)
        };
        assert_eq!(of("Management", Some("true")).unwrap(), "ManagementRead");
        assert_eq!(
            of("Management", Some("\"False\"")).unwrap(),
            "ManagementWrite"
        );
        assert_eq!(of("Management", None).unwrap(), "ManagementWrite");
        assert_eq!(of("NetworkActivity", None).unwrap(), "NetworkActivity");
        assert_eq!(of("Data", None).unwrap(), "Data");
        assert_eq!(of("Insight", None), None);
        assert_eq!(of("Aggregated", None), None);
    }

    #[test]
    fn aws_s_lists_say_the_kind_of_older_records() {
        let of = |source, name| category_of(source, name, KindFields::default());
        assert_eq!(of("ec2", "RunInstances").unwrap(), "ManagementWrite");
        assert_eq!(of("ec2", "DescribeInstances").unwrap(), "ManagementRead");
        assert_eq!(
            of("lambda", "Invoke").unwrap(),
            "Data AWS::Lambda::Function"
        );
        // An object or an access point.
        assert_eq!(of("s3", "GetObject").unwrap(), "Data");
        assert_eq!(of("ec2", "GrowWings"), None);
        assert_eq!(of("no-such-service", "Do"), None);
        let of_type = |event_type| {
            let fields = KindFields {
                event_type: Some(event_type),
                ..KindFields::default()
            };
            category_of("ec2", "RunInstances", fields)
        };
        assert_eq!(of_type("AwsApiCall").unwrap(), "ManagementWrite");
        assert_eq!(of_type("AwsVpceEvent").unwrap(), "NetworkActivity");
        assert_eq!(of_type("AwsAggregatedEvent"), None);
        let data = KindFields {
            management_event: Some("false"),
            ..KindFields::default()
        };
        assert_eq!(category_of("ec2", "GrowWings", data).unwrap(), "Data");
    }

    #[test]
    fn resources_tell_the_type_of_data_events() {
        let of = |source, name, resources| {
            let fields = KindFields {
                event_category: Some("Data"),
                resources: Some(resources),
                ..KindFields::default()
            };
            category_of(source, name, fields).unwrap()
        };
        let object = r#"[{"type":"AWS::S3::Object","ARN":"arn:aws:s3:::b/k"},{"accountId":"1","type" : "AWS::S3::Bucket"}]"#;
        assert_eq!(of("s3", "GetObject", object), "Data AWS::S3::Object");
        let both = r#"[{"type":"AWS::S3::Object"},{"type":"AWS::S3::AccessPoint"}]"#;
        assert_eq!(of("s3", "GetObject", both), "Data");
        let text = r#"[{"ARN":"\"type\":\"AWS::S3::Object\"","type":"AWS::New::Thing"}]"#;
        assert_eq!(of("new", "GetThing", text), "Data AWS::New::Thing");
        assert_eq!(of("lambda", "Invoke", "null"), "Data AWS::Lambda::Function");
        assert_eq!(
            of("lambda", "Invoke", r#"[{"type":"\u0041"}]"#),
            "Data AWS::Lambda::Function"
        );
    }

    #[test]
    fn accounts_are_texts_or_numbers() {
        assert_eq!(account_text(r#""111122223333""#), Some("111122223333"));
        assert_eq!(account_text("111122223333"), Some("111122223333"));
        for other in [
            "null",
            "1",
            r#""11\u0031""#,
            r#""1","2""#,
            "{}",
            "012345678901",
        ] {
            assert_eq!(account_text(other), None, "{other}");
        }
    }
}
