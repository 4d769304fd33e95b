//! The credentials of an account's users: what the trail shows of them, joined with the credential report.

use std::sync::Arc;

use hashbrown::HashMap;
use iam_policy_parser::IamArn;

use super::report::CredentialReport;
use super::reported_user::{ReportedAccessKey, ReportedUser};
use crate::account::{AccountData, EntityId, EntityKind};
use crate::coverage::{Coverage, CredentialUse};
use crate::day_set::DaySet;

/// Of uses of an access key within 15 minutes, AWS remembers the first. Source: IAM User Guide, "Generate credential reports".
pub(super) const KEY_SPAN_MILLIS: i64 = 15 * 60_000;

/// An access key of a user: as the trail shows it, as the credential report lists it, or both.
///
/// The report does not have the ids of access keys. One that the trail shows is the same as one in the report if it alone was used
/// on the day that AWS remembers as the last one, and was not used before AWS's key was made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AccessKey {
    /// Its uses in the trail, with its id.
    pub uses: Option<CredentialActivity>,
    /// What the credential report says of it.
    pub reported: Option<ReportedAccessKey>,
}

/// The uses of one credential of a user that the trail shows.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CredentialActivity {
    /// The id of the access key; `None` for the password.
    pub access_key_id: Option<Box<str>>,
    /// The namespace of the service of the last use; `signin` for the password.
    pub service: Box<str>,
    /// The Region of the last use.
    pub region: Box<str>,
    /// The last use, in UTC milliseconds.
    pub last_millis: i64,
    /// The id of the last use's event.
    pub last_event_id: Box<str>,
    /// The first use, in UTC milliseconds.
    pub first_millis: i64,
    /// The UTC days with uses.
    pub days: DaySet,
}

impl CredentialActivity {
    fn new(uses: &CredentialUse<'_>) -> Self {
        Self {
            access_key_id: uses.credential.access_key_id().map(Into::into),
            service: uses.service.into(),
            region: uses.region.into(),
            last_millis: uses.last_millis,
            last_event_id: uses.last_event_id.into(),
            first_millis: uses.first_millis,
            days: uses.days.clone(),
        }
    }

    /// The uses until an instant, in UTC milliseconds, right to the day: of a use before the last one, only the day is known, so
    /// that its time is the start of that day, or the first use if that is later. `None` when all uses are later.
    fn until(&self, millis: i64) -> Option<Self> {
        if self.last_millis <= millis {
            return Some(self.clone());
        }
        if self.first_millis > millis {
            return None;
        }
        let day = self.days.last_until(DaySet::day_of(millis))?;
        Some(Self {
            last_millis: DaySet::start_of(day).max(self.first_millis),
            last_event_id: "".into(),
            days: self.days.within(None, day),
            ..self.clone()
        })
    }

    /// Whether this can be the use that AWS remembers as the last one before `millis`.
    pub(super) fn shows(&self, millis: i64) -> bool {
        let is_late_enough = self.last_millis >= millis.saturating_sub(KEY_SPAN_MILLIS);
        let near = [millis, millis.saturating_sub(KEY_SPAN_MILLIS)];
        is_late_enough
            && near
                .iter()
                .any(|at| self.days.contains(DaySet::day_of(*at)))
    }
}

/// What is known of the credentials of an account's users.
#[derive(Clone, Debug, Default)]
pub(crate) struct UserCredentials {
    uses: Arc<HashMap<EntityId, Vec<CredentialActivity>>>,
    report: Option<Arc<CredentialReport>>,
    has_unread: bool,
}

impl UserCredentials {
    /// Finds the users of the credentials that the trail shows.
    pub(crate) fn new(account: &AccountData, coverage: &Coverage) -> Self {
        let mut by_user: HashMap<EntityId, Vec<CredentialActivity>> = HashMap::new();
        for uses in coverage.credential_uses() {
            if let Some(user) = user_of(account, &uses) {
                let of_user = by_user.entry(user).or_default();
                of_user.push(CredentialActivity::new(&uses));
            }
        }
        for uses in by_user.values_mut() {
            uses.sort_unstable_by(|left, right| left.access_key_id.cmp(&right.access_key_id));
        }
        Self {
            uses: by_user.into(),
            report: None,
            has_unread: coverage.has_unread_credentials(),
        }
    }

    /// The same with a credential report.
    pub(crate) fn with_report(&self, report: Arc<CredentialReport>) -> Self {
        Self {
            report: Some(report),
            ..self.clone()
        }
    }

    pub(crate) fn report(&self) -> Option<&Arc<CredentialReport>> {
        self.report.as_ref()
    }

    /// Whether credentials may have been used of which the activity says nothing.
    pub(crate) fn has_unread(&self) -> bool {
        self.has_unread
    }

    /// The uses of a user's credentials until an instant, in UTC milliseconds: of the password, then of access keys by id.
    pub(crate) fn uses(&self, user: EntityId, until: i64) -> Vec<CredentialActivity> {
        let uses = self.uses.get(&user).into_iter().flatten();
        uses.filter_map(|uses| uses.until(until)).collect()
    }

    /// The access keys of a user: those in the report by number, then those that only the trail shows by id.
    pub(crate) fn access_keys(
        &self,
        user: EntityId,
        reported: Option<&ReportedUser>,
        until: i64,
    ) -> Vec<AccessKey> {
        let mut seen = self.uses(user, until);
        seen.retain(|uses| uses.access_key_id.is_some());
        let reported = reported.map_or(&[][..], |user| &user.access_keys);
        let mut keys = Vec::new();
        let mut matched = Vec::new();
        for key in reported {
            let uses = only(seen.iter().filter(|uses| is_same(uses, key)));
            let uses = uses.filter(|uses| {
                only(reported.iter().filter(|other| is_same(uses, other))) == Some(key)
            });
            matched.extend(uses.and_then(|uses| uses.access_key_id.clone()));
            keys.push(AccessKey {
                uses: uses.cloned(),
                reported: Some(key.clone()),
            });
        }
        seen.retain(|uses| (uses.access_key_id.as_ref()).is_none_or(|id| !matched.contains(id)));
        keys.extend(seen.into_iter().map(|uses| AccessKey {
            uses: Some(uses),
            reported: None,
        }));
        keys
    }
}

/// Whether an access key of the trail can be one of the report.
fn is_same(uses: &CredentialActivity, key: &ReportedAccessKey) -> bool {
    let is_old_enough =
        (key.last_rotated).is_none_or(|made| uses.first_millis >= made.timestamp_millis());
    let last = key.last_used.map(|last| last.timestamp_millis());
    is_old_enough && last.is_some_and(|last| uses.shows(last))
}

/// The item of an iterator that has only one.
fn only<T>(mut items: impl Iterator<Item = T>) -> Option<T> {
    let first = items.next();
    first.filter(|_| items.next().is_none())
}

/// The user of a credential, by the unique id or, where no record has one, by the ARN, unless the user was created later.
fn user_of(account: &AccountData, uses: &CredentialUse<'_>) -> Option<EntityId> {
    let principal = uses.principal;
    let user = match principal.unique_id {
        Some(id) => account.by_unique_id(id)?,
        None => {
            let arn: IamArn = principal.arn?.parse().ok()?;
            account.named(&arn)?
        }
    };
    let detail = account.entity(user)?;
    let is_earlier = principal.unique_id.is_none()
        && (detail.created).is_some_and(|created| uses.last_millis < created.timestamp_millis());
    (detail.kind == EntityKind::User && !is_earlier).then_some(user)
}
