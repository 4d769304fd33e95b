//! Which services and actions could each IAM identity reach, and when was each last used: offline,
//! from exported accounts and `CloudTrail` logs.
//!
//! ```
//! use access_advisor::{Advisor, Catalog, Granularity, Tracking, load_account_data, load_trail, time};
//! # std::env::set_current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))?;
//!
//! let account = load_account_data(&["testdata/account.json"])?;
//! let trail = load_trail(&["testdata/trail"])?;
//! let now = time::parse("2026-11-01T00:00:00Z").ok_or("no time")?;
//! let advisor = Advisor::new(account, &trail.activity, Catalog::shared(), Tracking::aws(), now);
//!
//! let bruno = "arn:aws:iam::111122223333:user/engineering/bruno";
//! let report = advisor.report(bruno, Granularity::Action)?;          // one report
//! let reports = advisor.reports(Granularity::Service);               // all of them, in parallel
//! let entities = advisor.entities(bruno, "s3")?;                     // who uses it, when last
//! let policies = advisor.policies_granting(bruno, &["s3", "ec2"])?;  // and by which policies
//!
//! for row in report.services().filter(|row| row.last_authenticated.is_none()) {
//!     println!("{} is not used", row.service_name);
//! }
//! # assert!(report.services().len() > 0 && reports.len() == 30);
//! # assert!(entities.len() == 1 && policies.len() == 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The work is done by [`advisor_core`] (reach, activity, reports), [`cloudtrail_reader`] and
//! [`service_catalog`]; this crate adds the files.

use std::path::{Path, PathBuf};

pub use advisor_core::account::{
    AccountData, AccountDataBuilder, EntityDetail, EntityKind, ExportIssue,
};
pub use advisor_core::grants::policies_granting_service_access;
pub use advisor_core::report::NotEvaluated;
pub use advisor_core::tracking::{TrackedActions, TrackedRegions};
pub use advisor_core::{
    Activity, ActivityRow, Advisor, Caller, CreditedAction, Entity, GrantingPolicy, Granularity,
    PoliciesGrantingServiceAccess, Principal, Report, RequestError, ServiceLastAccessed,
    TrackedActionLastAccessed, Tracking, time,
};
pub use cloudtrail_reader::{
    ActivityRows, ListingError, ObjectRead, ReadOptions, Reconciliation, SetAside, TrailRead,
    TrailReader,
};
pub use service_catalog::{Catalog, CatalogError};

/// Why account data could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A file that cannot be opened or read.
    #[error("{}: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        error: std::io::Error,
    },
    /// A file that is no UTF-8 text.
    #[error("{}: not UTF-8 text (line {line}, column {column}){}", path.display(), if *is_utf16 {
        "; it looks like UTF-16, as PowerShell's > writes it: save it as UTF-8"
    } else {
        ""
    })]
    NotUtf8 {
        /// The file.
        path: PathBuf,
        /// The line of the first wrong byte, counted from 1.
        line: usize,
        /// Its place in the line, in bytes, counted from 1.
        column: usize,
        /// Whether the file starts as UTF-16 files do.
        is_utf16: bool,
    },
    /// A file that is no export of account data.
    #[error(transparent)]
    Export(#[from] advisor_core::account::ExportError),
}

/// Loads exports of `aws iam get-account-authorization-details`: one or several files, of one or
/// several accounts. What had to be set aside is in [`AccountData::issues`].
///
/// # Errors
/// A file that cannot be read, or is no export to its end.
pub fn load_account_data<P: AsRef<Path>>(paths: &[P]) -> Result<AccountData, LoadError> {
    let mut builder = AccountDataBuilder::new();
    for path in paths {
        let path = path.as_ref();
        builder.add(&path.display().to_string(), &read_text(path)?)?;
    }
    Ok(builder.build())
}

/// Reads a file that should be UTF-8 text.
///
/// # Errors
/// A file that cannot be read, or is in another encoding.
pub fn read_text(path: &Path) -> Result<String, LoadError> {
    let bytes = std::fs::read(path).map_err(|error| LoadError::Io {
        path: path.to_owned(),
        error,
    })?;
    let is_utf16 = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
    String::from_utf8(bytes).map_err(|error| {
        let (bytes, wrong) = (error.as_bytes(), error.utf8_error().valid_up_to());
        let lines = bytes
            .get(..wrong)
            .unwrap_or_default()
            .split(|byte| *byte == b'\n');
        let (line, last) = lines.enumerate().last().unwrap_or_default();
        LoadError::NotUtf8 {
            path: path.to_owned(),
            line: line + 1,
            column: last.len() + 1,
            is_utf16,
        }
    })
}

/// Reads `CloudTrail` files and folders (with feature `s3`, also `s3://bucket/prefix`) with the embedded catalog and default
/// options; for more, see [`TrailReader`]. What became of every object and record is in [`TrailRead::reconciliation`].
///
/// # Errors
/// A path that is not there, a folder without files.
pub fn load_trail<P: AsRef<Path>>(paths: &[P]) -> Result<TrailRead, ListingError> {
    TrailReader::new(Catalog::shared(), ReadOptions::default()).read(paths, &|_| ())
}
