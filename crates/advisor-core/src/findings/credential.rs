//! Findings on the passwords and access keys of users.
//!
//! They rest on IAM's credential report: it lists the credentials that there are, and remembers uses that no trail has. They are about
//! the days until which the report knows uses. What the trail shows counts too.

use chrono::{DateTime, Days, Utc};

use super::evidence::LastUse;
use super::finding::Finding;
use super::fingerprint::FindingId;
use super::judged::JudgedEntity;
use super::kind::FindingKind;
use super::rhythm::Rhythm;
use super::search::Search;
use super::severity::{Severity, SeverityReason};
use crate::account::{EntityDetail, EntityId, EntityKind};
use crate::credentials::{AccessKey, CredentialActivity, ReportedUser};
use crate::day_set::DaySet;
use crate::ids::UniqueId;
use crate::state::{DayRange, State};
use crate::time;

/// The days that the credential report tells about.
struct Period {
    start: DateTime<Utc>,
    /// Until when the report knows uses.
    end: DateTime<Utc>,
}

impl Period {
    /// `None` when the report is older than the tracking period: it says nothing of it.
    fn of(search: &Search<'_>, detail: &EntityDetail) -> Option<Self> {
        let known_until = search
            .advisor
            .credential_report()?
            .known_until(&detail.account)?;
        let end = known_until.min(time::from_millis(search.period.end));
        let days = Days::new(search.settings.unused_days.into());
        let start = end.checked_sub_days(days)?;
        (end.timestamp_millis() >= search.period.start).then_some(Self { start, end })
    }

    /// Whether a credential that was made then, and last used then, is unused.
    fn is_unused(&self, made: Option<DateTime<Utc>>, last_used: Option<DateTime<Utc>>) -> bool {
        made.is_some_and(|made| made <= self.start)
            && last_used.is_none_or(|last_used| last_used < self.start)
    }

    /// Whether the trail shows a use.
    fn has(&self, uses: Option<&CredentialActivity>) -> bool {
        uses.is_some_and(|uses| uses.last_millis >= self.start.timestamp_millis())
    }

    fn days(&self) -> DayRange {
        let day = |time: DateTime<Utc>| DaySet::day_of(time.timestamp_millis());
        DayRange {
            first: Some(day(self.start)),
            last: day(self.end),
        }
    }
}

/// Adds the findings on the credentials of a user.
pub(super) fn find(search: &Search<'_>, user: &JudgedEntity<'_>, found: &mut Vec<Finding>) {
    let (advisor, detail) = (search.advisor, user.detail);
    let reported = advisor.reported_user(user.id);
    let Some((reported, period)) = reported.zip(Period::of(search, detail)) else {
        return;
    };
    let password = &reported.password;
    let sign_ins = advisor.password_uses_of(user.id);
    if password.enabled == Some(true)
        && period.is_unused(password.last_changed, password.last_used)
        && !period.has(sign_ins.as_ref())
    {
        let last = password
            .last_used
            .map(|last| remembered(last, None, sign_ins.as_ref()));
        found.push(Finding {
            last_use: last,
            ..unused(search, user, &period, FindingKind::UnusedIamUserPassword)
        });
    }
    let keys = advisor.access_keys_of(user.id);
    // The report does not have the ids of keys: one that the trail shows may be any of them.
    let is_any_used = keys
        .iter()
        .any(|key| key.reported.is_none() && period.has(key.uses.as_ref()));
    for AccessKey { uses, reported } in &keys {
        let Some(key) = reported else {
            continue;
        };
        if !period.is_unused(key.last_rotated, key.last_used)
            || period.has(uses.as_ref())
            || (uses.is_none() && is_any_used)
        {
            continue;
        }
        let subject = format!("access_key_{}", key.number);
        let made = key.last_rotated.map_or(0, |made| made.timestamp_millis());
        let unique_id = detail.unique_id.as_ref().map(UniqueId::as_str);
        let kind = FindingKind::UnusedIamUserAccessKey;
        let region = key.last_used_region.as_deref();
        let last = key
            .last_used
            .map(|last| remembered(last, region, uses.as_ref()));
        let finding = unused(search, user, &period, kind);
        let (severity, severity_reason) = if key.active {
            (finding.severity, finding.severity_reason.clone())
        } else {
            (Severity::Informational, SeverityReason::InactiveKey)
        };
        found.push(Finding {
            severity,
            severity_reason,
            // Another key in its place is another finding.
            id: FindingId::new(
                unique_id.unwrap_or(&detail.arn),
                kind,
                &format!("{subject} {made}"),
            ),
            credential_id: uses.as_ref().and_then(|uses| uses.access_key_id.clone()),
            subject: subject.into(),
            last_use: last,
            ..finding
        });
    }
}

/// Whether IAM remembers a use of a user's credential or of a role in the tracking period, which the trail may not show.
pub(super) fn is_remembered(search: &Search<'_>, entity: EntityId, detail: &EntityDetail) -> bool {
    let uses = |user: &ReportedUser| {
        let keys = user.access_keys.iter().map(|key| key.last_used);
        keys.chain([user.password.last_used]).flatten().max()
    };
    let last = match detail.kind {
        EntityKind::User => search.advisor.reported_user(entity).and_then(uses),
        _ => detail.last_used,
    };
    last.is_some_and(|last| last.timestamp_millis() >= search.period.start)
}

/// Whether the trail shows that a user signed in to the console in the tracking period, which is no API call.
pub(super) fn has_signed_in(search: &Search<'_>, user: EntityId) -> bool {
    let sign_ins = search.advisor.password_uses_of(user);
    sign_ins.is_some_and(|uses| uses.last_millis >= search.period.start)
}

/// A finding on a credential of a user.
fn unused(
    search: &Search<'_>,
    user: &JudgedEntity<'_>,
    period: &Period,
    kind: FindingKind,
) -> Finding {
    let advisor = search.advisor;
    let reach = advisor.engine().reach(advisor.account(), user.id);
    let actions: Vec<_> = reach.actions(advisor.catalog()).collect();
    let may_pass = search
        .privileges
        .pass_role()
        .is_some_and(|pass| reach.contains(pass));
    let (severity, _) = search.worst(user, &actions, may_pass);
    Finding {
        severity: severity.max(Severity::Low),
        severity_reason: SeverityReason::CredentialOf(severity),
        state: Some(State::Unused),
        window: period.days(),
        reported_until: Some(period.end),
        ..search.finding(kind, user.detail, "")
    }
}

/// The last use that the credential report has, with the event of the trail if that shows the same use.
fn remembered(
    last: DateTime<Utc>,
    region: Option<&str>,
    uses: Option<&CredentialActivity>,
) -> LastUse {
    let millis = last.timestamp_millis();
    // Of uses within minutes, AWS remembers the first.
    let is_same =
        |uses: &&CredentialActivity| (0..=15 * 60_000).contains(&(uses.last_millis - millis));
    let same = uses.filter(is_same);
    LastUse {
        millis,
        region: region.unwrap_or_default().into(),
        event_id: same
            .map(|uses| uses.last_event_id.clone())
            .filter(|id| !id.is_empty()),
        attempts: 0,
        denied: 0,
        rhythm: uses.and_then(|uses| Rhythm::of(&uses.days)),
    }
}
