//! A credential report: the users of one or several accounts.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::report_error::CredentialReportError;
use super::report_file;
use super::reported_user::ReportedUser;
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
