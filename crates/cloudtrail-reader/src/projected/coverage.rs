//! What records prove that their trail holds: see [`crate::record::coverage`].
//!
//! The records of an object are of one account and one Region, of few kinds and of one day or two: what was last seen of each kind
//! is remembered, and only what is new is noted.

use advisor_core::{Activity, CoverageId, DaySet, RegionId};
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use service_catalog::ActionId;

use super::cache::is_same;
use super::fields::*;
use super::noted::Covered;
use super::window::{Span, Window};
use crate::options::Rules;
use crate::record::coverage::{self, KindFields, KnownEvent};
use crate::record::event::UserIdentity;
use crate::record::event_types::{self, CategoryName};

/// What is known of a record.
pub(super) struct SeenRecord<'t> {
    /// `None` if it is not in order.
    pub(super) region: Option<RegionId>,
    pub(super) kind: Option<&'t [u8]>,
    pub(super) category: Option<&'t [u8]>,
    pub(super) event: KnownEvent,
    pub(super) fields: &'t Fields,
    pub(super) identity: Span,
}

/// What was last seen, by kind of event, and by call.
#[derive(Debug, Default)]
pub(super) struct Coverages {
    /// The number of the object: what was noted of another one does not count, as it may have failed.
    object: u64,
    kinds: [Option<Recent>; 5],
    /// Calls that tell how their action is logged, as one kind of event, with the object that had it last.
    calls: HashMap<(ActionId, CoverageId), (u64, Covered), RandomState>,
}

#[derive(Debug)]
struct Recent {
    /// The JSON of `recipientAccountId`.
    account: Vec<u8>,
    region: RegionId,
    resource_type: String,
    /// The object that had it last.
    object: u64,
    covered: Covered,
}

impl Coverages {
    /// Starts an object.
    pub(super) fn start_object(&mut self) {
        self.object += 1;
    }

    /// Notes what a record proves.
    #[inline(always)]
    pub(super) fn see<'t>(
        &mut self,
        window: Window<'t>,
        seen: &SeenRecord<'t>,
        time_millis: i64,
        rules: &Rules,
        activity: &mut Activity,
        noted: &mut Vec<Covered>,
    ) {
        let day = DaySet::day_of(time_millis);
        let of = self.see_kind(window, seen, day, rules, activity, noted);
        let event = seen.event;
        let Some((of, action)) = of.zip(event.resolved.action.filter(|_| event.tells)) else {
            return;
        };
        let (object, covered) = match self.calls.entry((action, of)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                let coverage = activity.coverage_mut();
                let call = event.call(rules.catalog());
                let id = call.and_then(|(service, name)| coverage.intern_call(of, service, name));
                let Some(id) = id else { return };
                new.insert((0, Covered { id, day }))
            }
        };
        if (*object, covered.day) != (self.object, day) {
            (*object, covered.day) = (self.object, day);
            noted.push(*covered);
        }
    }

    /// Notes the kind of event of a record, and returns its id.
    #[inline(always)]
    fn see_kind<'t>(
        &mut self,
        window: Window<'t>,
        seen: &SeenRecord<'t>,
        day: i32,
        rules: &Rules,
        activity: &mut Activity,
        noted: &mut Vec<Covered>,
    ) -> Option<CoverageId> {
        let region = seen.region?;
        let [read_only, account, management, resources] =
            [READ_ONLY, RECIPIENT_ACCOUNT_ID, MANAGEMENT_EVENT, RESOURCES]
                .map(|field| seen.fields.json(window.text, field));
        let (event, is_call) = (seen.event, seen.kind.is_none_or(event_types::is_api_call));
        let is_management = match seen.category.map(CategoryName::of) {
            Some(CategoryName::Management) => Some(true),
            Some(CategoryName::Data) => Some(false),
            None if is_call && management.is_empty() => event.is_management,
            _ => None,
        };
        let is_read = match read_only {
            b"true" => Some(true),
            b"false" => Some(false),
            b"" => event.is_read,
            _ => None,
        };
        let (number, resource_type) = match (is_management, is_read) {
            (Some(true), Some(is_read)) => (usize::from(is_read), ""),
            (Some(false), _) if matches!(read_only, b"true" | b"false" | b"") => (
                match read_only {
                    b"true" => 2,
                    b"false" => 3,
                    _ => 4,
                },
                coverage::data_type(rules.catalog(), event.resolved, resources),
            ),
            _ => {
                let id = intern(window, seen, rules, activity)?;
                noted.push(Covered { id, day });
                return Some(id);
            }
        };
        let recent = self.kinds.get_mut(number)?;
        if let Some(recent) = recent
            && recent.region == region
            && is_same(&recent.account, account)
            && is_same(recent.resource_type.as_bytes(), resource_type.as_bytes())
        {
            if (recent.object, recent.covered.day) != (self.object, day) {
                (recent.object, recent.covered.day) = (self.object, day);
                noted.push(recent.covered);
            }
            return Some(recent.covered.id);
        }
        let id = intern(window, seen, rules, activity)?;
        let covered = Covered { id, day };
        noted.push(covered);
        // Without it the caller's account is taken.
        if account.starts_with(b"\"") {
            *recent = Some(Recent {
                account: account.into(),
                region,
                resource_type: resource_type.into(),
                object: self.object,
                covered,
            });
        }
        Some(id)
    }
}

/// The id of what a record covers.
#[inline(never)]
fn intern<'t>(
    window: Window<'t>,
    seen: &SeenRecord<'t>,
    rules: &Rules,
    activity: &mut Activity,
) -> Option<CoverageId> {
    let fields = seen.fields;
    let json = |field| {
        let text = std::str::from_utf8(fields.json(window.text, field)).ok();
        text.filter(|text| !matches!(*text, "" | "null"))
    };
    let plain = |text: Option<&'t [u8]>| std::str::from_utf8(text?).ok();
    let kind = KindFields {
        event_type: plain(seen.kind),
        event_category: plain(seen.category),
        read_only: json(READ_ONLY),
        management_event: json(MANAGEMENT_EVENT),
        resources: json(RESOURCES),
    };
    let category = coverage::category(&kind, rules.catalog(), seen.event)?;
    let region = fields.plain_text(window.text, AWS_REGION)?.of(window.text);
    let region = std::str::from_utf8(region).ok()?;
    let coverage = activity.coverage_mut();
    if let Some(account) = json(RECIPIENT_ACCOUNT_ID).and_then(coverage::account_text) {
        return Some(coverage.intern(account, region, category));
    }
    let identity = seen.identity.of(window.text);
    let identity: UserIdentity<'_> = serde_json::from_slice(identity).ok()?;
    let account = coverage::account_of_caller(&identity)?;
    Some(coverage.intern(account, region, category))
}
