//! What an advisor knows of users' credentials.

use std::sync::Arc;

use super::Advisor;
use crate::account::EntityId;
use crate::credentials::{AccessKey, CredentialActivity, CredentialReport, ReportedUser};

impl Advisor {
    /// The same advisor with IAM's credential report, whose users are found by their ARNs.
    #[must_use]
    pub fn with_credential_report(&self, report: impl Into<Arc<CredentialReport>>) -> Self {
        let mut advisor = self.clone();
        advisor.credentials = self.credentials.with_report(report.into());
        advisor
    }

    /// IAM's credential report.
    #[must_use]
    pub fn credential_report(&self) -> Option<&CredentialReport> {
        self.credentials.report().map(AsRef::as_ref)
    }

    /// What the credential report says of a user.
    #[must_use]
    pub fn reported_user(&self, user: EntityId) -> Option<&ReportedUser> {
        let detail = self.account().entity(user)?;
        self.credential_report()?.user(&detail.arn)
    }

    /// The access keys of a user: those in the credential report by number, then those that only the trail shows by id.
    #[must_use]
    pub fn access_keys_of(&self, user: EntityId) -> Vec<AccessKey> {
        let reported = self.reported_user(user);
        self.credentials
            .access_keys(user, reported, self.now.timestamp_millis())
    }

    /// The sign-ins of a user with the password that the trail shows.
    #[must_use]
    pub fn password_uses_of(&self, user: EntityId) -> Option<CredentialActivity> {
        let uses = self.credentials.uses(user, self.now.timestamp_millis());
        uses.into_iter().find(|uses| uses.access_key_id.is_none())
    }

    /// Whether some activity does not say which credentials were used: then others than the trail shows may have been.
    #[must_use]
    pub fn has_unread_credentials(&self) -> bool {
        self.credentials.has_unread()
    }
}
