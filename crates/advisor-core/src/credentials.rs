//! Credentials of users: passwords and access keys, as IAM's credential report lists them and as the trail shows them in use.

mod cross_check;
mod of_users;
mod report;
mod report_error;
mod report_file;
mod reported_user;

pub(crate) use self::cross_check::CrossCheck;
pub(crate) use self::of_users::UserCredentials;
pub use self::of_users::{AccessKey, CredentialActivity};
pub use self::report::CredentialReport;
pub use self::report_error::{CredentialReportError, CredentialReportFault};
pub use self::reported_user::{ReportedAccessKey, ReportedPassword, ReportedUser};

#[cfg(test)]
mod tests;
