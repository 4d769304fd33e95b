//! Compares what AWS remembers of roles and credentials with what the trail shows.

use chrono::{DateTime, Utc};

use super::of_users::{KEY_SPAN_MILLIS, UserCredentials};
use crate::account::{AccountData, EntityDetail, EntityId, EntityKind};
use crate::day_set::DaySet;
use crate::state::TrailDays;
use crate::time;
use crate::unseen_use::{UnseenUse, UseSource};
use crate::usage::Usage;

/// How far AWS's time of a last use may be from that of the event: `RoleLastUsed` is right to within an hour or so.
const ROLE_SPAN_MILLIS: i64 = 60 * 60_000;

/// What is compared.
pub(crate) struct CrossCheck<'a> {
    pub(crate) account: &'a AccountData,
    pub(crate) usage: &'a Usage,
    pub(crate) trail: &'a TrailDays,
    pub(crate) credentials: &'a UserCredentials,
    /// The days that the reports are about, and the instant as of which they are made.
    pub(crate) window: (Option<i32>, i32),
    pub(crate) now: DateTime<Utc>,
}

/// A use that AWS remembers.
#[derive(Clone, Copy)]
struct Remembered<'a> {
    source: UseSource,
    used: DateTime<Utc>,
    region: Option<&'a str>,
    service: Option<&'a str>,
}

impl CrossCheck<'_> {
    /// The uses in the window that AWS remembers and that the trail does not show, by ARN.
    pub(crate) fn unseen_uses(&self) -> Vec<UnseenUse> {
        let mut unseen = Vec::new();
        for (id, detail) in self.account.entities() {
            unseen.extend(self.unseen_uses_of(id, detail));
        }
        unseen.sort_by(|left: &UnseenUse, right| {
            (&left.arn, left.source).cmp(&(&right.arn, right.source))
        });
        unseen
    }

    /// Those of one user or role.
    pub(crate) fn unseen_uses_of(&self, id: EntityId, detail: &EntityDetail) -> Vec<UnseenUse> {
        match detail.kind {
            EntityKind::Role => self.of_role(id, detail).into_iter().collect(),
            EntityKind::User => self.of_user(id, detail),
            EntityKind::Group | EntityKind::Policy => Vec::new(),
        }
    }

    fn of_role(&self, id: EntityId, detail: &EntityDetail) -> Option<UnseenUse> {
        let used = detail.last_used?;
        let millis = used.timestamp_millis();
        let remembered = Remembered {
            source: UseSource::Role,
            used,
            region: detail.last_used_region.as_deref(),
            service: None,
        };
        let seen = self.last_attempt(id);
        let is_seen = seen.is_some_and(|seen| seen >= millis.saturating_sub(ROLE_SPAN_MILLIS));
        self.unseen(detail, remembered, is_seen, seen)
    }

    fn of_user(&self, id: EntityId, detail: &EntityDetail) -> Vec<UnseenUse> {
        let report = self.credentials.report();
        let Some(reported) = report.and_then(|report| report.user(&detail.arn)) else {
            return Vec::new();
        };
        let uses = self.credentials.uses(id, self.now.timestamp_millis());
        // Without the credentials of all calls, the attempts of the user tell what can be told.
        let attempts = self.credentials.has_unread().then(|| self.last_attempt(id));
        let attempts = attempts.flatten();
        let seen = |is_key: bool, millis: i64| {
            let of_kind = uses
                .iter()
                .filter(|it| it.access_key_id.is_some() == is_key);
            let last = of_kind.clone().map(|it| it.last_millis).max();
            let is_near = |at: &i64| *at >= millis.saturating_sub(KEY_SPAN_MILLIS);
            let is_seen = of_kind.clone().any(|it| it.shows(millis));
            (is_seen || attempts.as_ref().is_some_and(is_near), last)
        };
        let mut unseen = Vec::new();
        if let Some(used) = reported.password.last_used {
            let remembered = Remembered {
                source: UseSource::Password,
                used,
                region: None,
                service: None,
            };
            let (is_seen, last) = seen(false, used.timestamp_millis());
            unseen.extend(self.unseen(detail, remembered, is_seen, last));
        }
        for key in &reported.access_keys {
            if let Some(used) = key.last_used {
                let remembered = Remembered {
                    source: UseSource::AccessKey(key.number),
                    used,
                    region: key.last_used_region.as_deref(),
                    service: key.last_used_service.as_deref(),
                };
                let (is_seen, last) = seen(true, used.timestamp_millis());
                unseen.extend(self.unseen(detail, remembered, is_seen, last));
            }
        }
        unseen
    }

    /// The last attempt of an identity until now, in UTC milliseconds.
    fn last_attempt(&self, id: EntityId) -> Option<i64> {
        let attempts = self.usage.of(id).map(|used| used.attempts.last_millis);
        attempts.max()
    }

    fn unseen(
        &self,
        detail: &EntityDetail,
        remembered: Remembered<'_>,
        is_seen: bool,
        seen: Option<i64>,
    ) -> Option<UnseenUse> {
        let Remembered {
            source,
            used,
            region,
            service,
        } = remembered;
        let day = DaySet::day_of(used.timestamp_millis());
        let (first, last) = self.window;
        let is_in_window = day <= last && first.is_none_or(|first| first <= day);
        if is_seen || !is_in_window || used > self.now {
            return None;
        }
        let account = detail.account.as_str();
        Some(UnseenUse {
            account: account.into(),
            arn: (&*detail.arn).into(),
            source,
            used,
            region: region.map(Into::into),
            service: service.map(Into::into),
            seen: seen.map(time::from_millis),
            day_was_read: self.trail.was_read(account, region, day),
        })
    }
}
