//! What a credential report says of a user: the password and the access keys.

use chrono::{DateTime, Utc};

use crate::ids::AccountId;

/// A user in a credential report.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReportedUser {
    /// The user's name; `<root_account>` for the root user.
    pub name: Box<str>,
    /// The user's ARN.
    pub arn: Box<str>,
    /// The account.
    pub account: AccountId,
    /// When the user was created.
    pub created: DateTime<Utc>,
    /// The password for the console.
    pub password: ReportedPassword,
    /// Whether an MFA device is enabled.
    pub mfa_active: bool,
    /// The access keys that the report lists: up to two.
    pub access_keys: Vec<ReportedAccessKey>,
    /// Whether the user has more access keys or certificates than the report lists.
    pub has_unlisted_credentials: bool,
}

/// The password of a user in a credential report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReportedPassword {
    /// Whether the user has a password. `None` where the report does not say it, as for the root user.
    pub enabled: Option<bool>,
    /// The last sign-in with it. Of several within five minutes, AWS remembers the first.
    pub last_used: Option<DateTime<Utc>>,
    /// When it was last set.
    pub last_changed: Option<DateTime<Utc>>,
    /// When the user must set a new one.
    pub next_rotation: Option<DateTime<Utc>>,
}

/// An access key of a user in a credential report.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReportedAccessKey {
    /// Its number in the report: 1 or 2.
    pub number: u8,
    /// Whether it can be used.
    pub active: bool,
    /// When it was created, or last changed. The report may lack it for keys that are not active.
    pub last_rotated: Option<DateTime<Utc>>,
    /// Its last use. Of several within 15 minutes, AWS remembers the first.
    pub last_used: Option<DateTime<Utc>>,
    /// The Region of its last use; `None` for services without Regions too.
    pub last_used_region: Option<Box<str>>,
    /// The namespace of the service of its last use.
    pub last_used_service: Option<Box<str>>,
}

impl ReportedUser {
    /// The dates that are not after the report was generated.
    pub(super) fn dates(&self) -> impl Iterator<Item = DateTime<Utc>> {
        let password = [self.password.last_used, self.password.last_changed];
        let keys = self.access_keys.iter();
        let of_keys = keys.flat_map(|key| [key.last_rotated, key.last_used]);
        let dates = password.into_iter().chain(of_keys).flatten();
        dates.chain([self.created])
    }

    /// Whether this is the root user of the account.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.arn.ends_with(":root")
    }
}
