//! A credential report: the users of one or several accounts, with their passwords and access keys.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::report_error::CredentialReportError;
use super::report_file;
use crate::ids::AccountId;

/// IAM's credential report: the users of one or several accounts, with the state and the last use of their passwords and access
/// keys.
///
/// It lists two access keys per user, by number: IAM does not write their ids into it. AWS remembers uses of passwords since
/// October 2014 and of access keys since April 2015, also those that no trail has.
///
/// ```
/// use advisor_core::CredentialReport;
///
/// let mut report = CredentialReport::new();
/// report.add("report.csv", "\
/// user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,mfa_active,\
/// access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_1_last_used_region,\
/// access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,\
/// access_key_2_last_used_region,access_key_2_last_used_service
/// ada,arn:aws:iam::111122223333:user/ada,2026-01-02T03:04:05+00:00,FALSE,N/A,N/A,FALSE,\
/// TRUE,2026-01-02T03:10:00+00:00,2026-02-03T04:05:06+00:00,eu-west-1,s3,FALSE,N/A,N/A,N/A,N/A
/// ")?;
/// let ada = report.user("arn:aws:iam::111122223333:user/ada").unwrap();
/// assert_eq!(ada.access_keys.len(), 1);
/// assert_eq!(ada.access_keys[0].last_used_service.as_deref(), Some("s3"));
/// # Ok::<(), advisor_core::CredentialReportError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct CredentialReport {
    users: Vec<ReportedUser>,
    by_arn: HashMap<Box<str>, usize, RandomState>,
    known_until: BTreeMap<AccountId, DateTime<Utc>>,
}

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
    fn dates(&self) -> impl Iterator<Item = DateTime<Utc>> {
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

impl CredentialReport {
    /// A report without users.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the report of an account: the CSV, or the JSON of `aws iam get-credential-report`, which holds the CSV as base64. Errors
    /// name it `name`. A user that is there already is replaced.
    ///
    /// # Errors
    /// A text that is not a credential report, or a value in it that cannot be read. Nothing is added then.
    pub fn add(&mut self, name: &str, text: &str) -> Result<(), CredentialReportError> {
        let (users, generated) = report_file::read(name, text)?;
        let latest = users.iter().flat_map(ReportedUser::dates).max();
        for user in users {
            if let Some(until) = generated.or(latest) {
                self.known_until.insert(user.account.clone(), until);
            }
            match self.by_arn.get(&user.arn) {
                Some(place) => {
                    if let Some(known) = self.users.get_mut(*place) {
                        *known = user;
                    }
                }
                None => {
                    self.by_arn.insert(user.arn.clone(), self.users.len());
                    self.users.push(user);
                }
            }
        }
        Ok(())
    }

    /// The users, in the order of the report. The root user is one of them.
    #[must_use]
    pub fn users(&self) -> &[ReportedUser] {
        &self.users
    }

    /// The user with this ARN.
    #[must_use]
    pub fn user(&self, arn: &str) -> Option<&ReportedUser> {
        self.users.get(*self.by_arn.get(arn)?)
    }

    /// Until when the report knows the uses of an account's credentials: when IAM generated it or, as a CSV does not say that, the
    /// latest date in it. `None` for an account that it does not have.
    #[must_use]
    pub fn known_until(&self, account: &AccountId) -> Option<DateTime<Utc>> {
        self.known_until.get(account).copied()
    }
}
