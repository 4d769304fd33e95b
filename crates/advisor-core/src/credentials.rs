//! Credentials of users: passwords and access keys, as IAM's credential report lists them.

mod report;
mod report_error;
mod report_file;

pub use self::report::{CredentialReport, ReportedAccessKey, ReportedPassword, ReportedUser};
pub use self::report_error::{CredentialReportError, CredentialReportFault};

#[cfg(test)]
mod tests;
