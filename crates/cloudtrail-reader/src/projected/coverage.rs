//! What records prove that their trail holds: see [`crate::record::coverage`].
//!
//! The records of an object are of one account and one Region, of few kinds and of one day or two: what was last seen of each kind
//! is remembered, and only what is new is noted.

use advisor_core::{Activity, CoverageId, DaySet};

use super::noted::Covered;
use super::walk::{Span, Values, Window};
use crate::options::Rules;
use crate::record::checks;
use crate::record::coverage::{self, KindFields, KnownEvent};
use crate::record::event::UserIdentity;

/// What is known of a record.
pub(super) struct Evidence<'t> {
    pub(super) region: &'t [u8],
    pub(super) kind: Option<&'t [u8]>,
    pub(super) category: &'t [u8],
    pub(super) has_category: bool,
    pub(super) event: KnownEvent,
    pub(super) values: &'t Values<19>,
    pub(super) identity: Span,
}

/// What was last seen, by kind of event.
#[derive(Debug, Default)]
pub(super) struct Coverages([Recent; 4]);

#[derive(Debug, Default)]
struct Recent {
    /// The JSON of `recipientAccountId`.
    account: Vec<u8>,
    region: Vec<u8>,
    resource_type: String,
    covered: Option<Covered>,
}

/// The day of nothing.
const NO_DAY: i32 = i32::MIN;

impl Coverages {
    /// Forgets which days were noted: an object that fails covers nothing.
    pub(super) fn start_object(&mut self) {
        let Self(recent) = self;
        for covered in recent.iter_mut().flat_map(|recent| &mut recent.covered) {
            covered.day = NO_DAY;
        }
    }

    /// Notes what a record proves.
    #[inline(always)]
    pub(super) fn see(
        &mut self,
        window: Window<'_>,
        evidence: &Evidence<'_>,
        time_millis: i64,
        rules: &Rules,
        activity: &mut Activity,
        noted: &mut Vec<Covered>,
    ) {
        let [.., read_only, account, _, resources, _, _, _, _, _] = *evidence.values;
        let [read_only, account, resources] =
            [read_only, account, resources].map(|span| span.of(window.text));
        let day = DaySet::day_of(time_millis);
        let (number, resource_type) = match (evidence.category, read_only) {
            (b"Management", b"true") => (0, ""),
            (b"Management", b"false") => (1, ""),
            (b"NetworkActivity", _) => (2, ""),
            (b"Data", _) => {
                let catalog = rules.catalog();
                (3, coverage::data_type(catalog, evidence.event, resources))
            }
            _ => {
                if let Some(id) = intern(window, evidence, rules, activity) {
                    noted.push(Covered { id, day });
                }
                return;
            }
        };
        let Self(recent) = self;
        let Some(recent) = recent.get_mut(number) else {
            return;
        };
        if let Some(covered) = &mut recent.covered
            && is_same(&recent.account, account)
            && is_same(&recent.region, evidence.region)
            && is_same(recent.resource_type.as_bytes(), resource_type.as_bytes())
        {
            if covered.day != day {
                covered.day = day;
                noted.push(*covered);
            }
            return;
        }
        let Some(id) = intern(window, evidence, rules, activity) else {
            return;
        };
        let covered = Covered { id, day };
        noted.push(covered);
        // Without it the caller's account is taken.
        if account.starts_with(b"\"") {
            *recent = Recent {
                account: account.into(),
                region: evidence.region.into(),
                resource_type: resource_type.into(),
                covered: Some(covered),
            };
        }
    }
}

/// Whether short texts are equal. Most have 8 to 16 bytes, which two registers hold; a call of `memcmp` takes longer.
#[inline(always)]
fn is_same(left: &[u8], right: &[u8]) -> bool {
    if left.len() != right.len() {
        return false;
    }
    match (left.first_chunk::<8>(), right.first_chunk::<8>()) {
        (Some(left_start), Some(right_start)) if left.len() <= 16 => {
            left_start == right_start && left.last_chunk::<8>() == right.last_chunk::<8>()
        }
        _ => left.is_empty() || left == right,
    }
}

/// The id of what a record covers.
#[inline(never)]
fn intern(
    window: Window<'_>,
    evidence: &Evidence<'_>,
    rules: &Rules,
    activity: &mut Activity,
) -> Option<CoverageId> {
    let [.., read_only, account, management, resources, _, _, _, _, _] = *evidence.values;
    let json = |span: Span| {
        let text = span.trimmed(window.text).of(window.text);
        let text = std::str::from_utf8(text).ok();
        text.filter(|text| !matches!(*text, "" | "null"))
    };
    let fields = KindFields {
        event_type: evidence
            .kind
            .and_then(|kind| std::str::from_utf8(kind).ok()),
        event_category: evidence
            .has_category
            .then_some(evidence.category)
            .and_then(|category| std::str::from_utf8(category).ok()),
        read_only: json(read_only),
        management_event: json(management),
        resources: json(resources),
    };
    let category = coverage::category(&fields, rules.catalog(), evidence.event)?;
    let region = checks::region(std::str::from_utf8(evidence.region).ok()).ok()?;
    let coverage = activity.coverage_mut();
    if let Some(account) = json(account).and_then(coverage::account_text) {
        return Some(coverage.intern(account, region, category));
    }
    let identity = evidence.identity.of(window.text);
    let identity: UserIdentity<'_> = serde_json::from_slice(identity).ok()?;
    let account = coverage::account_of_caller(&identity)?;
    Some(coverage.intern(account, region, category))
}
