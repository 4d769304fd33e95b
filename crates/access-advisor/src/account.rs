//! Exported account data: what `aws iam get-account-authorization-details` prints, of one or several accounts.
//!
//! [`load_credential_report`] reads IAM's credential report of the same accounts, which has what the export lacks: the state and the
//! last use of passwords and access keys.
//!
//! [`load_account_data`] reads files. [`AccountDataBuilder`] takes texts from anywhere else. What an export contains that
//! cannot be evaluated is never dropped silently: [`AccountData::issues`] lists it.

use std::path::{Path, PathBuf};

use cloudtrail_reader::{ObjectId, UnpackError, decode_utf16, read_within, unpack};

#[doc(inline)]
pub use advisor_core::{
    AccessKey, AccountData, AccountDataBuilder, AccountId, CredentialActivity, CredentialReport,
    CredentialReportError, CredentialReportFault, DocumentId, EntityDetail, EntityId, EntityKind,
    ExportError, ExportErrorKind, ExportIssue, ExportIssueKind, NotEvaluatedReason, OtherVersion,
    PolicyInEffect, PolicySource, ReportedAccessKey, ReportedPassword, ReportedUser, UniqueId,
    UnknownHolders,
};

/// Why account data could not be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// A file cannot be opened or read.
    #[error("{}: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The reason.
        #[source]
        error: std::io::Error,
    },
    /// A file is neither UTF-8 nor UTF-16 text.
    #[error("{}: neither UTF-8 nor UTF-16 text (line {line}, column {column})", path.display())]
    NotUtf8 {
        /// The file.
        path: PathBuf,
        /// The line of the first byte that is not UTF-8, counted from 1.
        line: usize,
        /// The position of that byte in the line, counted from 1.
        column: usize,
    },
    /// A file cannot be decompressed, or is an archive that cannot be read.
    #[error("{}: {error}", path.display())]
    Unpack {
        /// The file.
        path: PathBuf,
        /// The reason.
        #[source]
        error: UnpackError,
    },
    /// A file is an archive of several files.
    #[error("{}: an archive of several files; extract it and name each", path.display())]
    SeveralFiles {
        /// The file.
        path: PathBuf,
    },
    /// A folder has no file of which the name says that it is JSON.
    #[error("{}: no file named *.json in this folder, nor compressed as *.json.gz, .zst, .bz2 or .xz", path.display())]
    NoExports {
        /// The folder.
        path: PathBuf,
    },
    /// A file is not an export of account data.
    #[error(transparent)]
    Export(#[from] advisor_core::ExportError),
    /// A file is not a credential report.
    #[error(transparent)]
    CredentialReport(#[from] advisor_core::CredentialReportError),
}

/// Loads exports of `aws iam get-account-authorization-details`: one or several files, of one or several accounts. A folder stands
/// for the files in it, at any depth, that are named `*.json`, also compressed. Parts that cannot be evaluated are listed in
/// [`AccountData::issues`]. [`read_exports`] reads the same files for a store.
///
/// # Errors
/// A file that cannot be read, or is not a complete export.
pub fn load_account_data<P: AsRef<Path>>(paths: &[P]) -> Result<AccountData, LoadError> {
    let mut builder = AccountDataBuilder::new();
    for path in export_files(paths)? {
        let path = path.as_path();
        builder.add(&path.display().to_string(), &read_text(path)?)?;
    }
    Ok(builder.build()?)
}

/// Reads the exports that [`load_account_data`] loads, and returns their names and texts: what `Store::import_accounts` takes.
///
/// # Errors
/// A file that cannot be read. That it is an export is not checked.
pub fn read_exports<P: AsRef<Path>>(paths: &[P]) -> Result<Vec<(String, String)>, LoadError> {
    let files = export_files(paths)?.into_iter();
    files
        .map(|path| Ok((path.display().to_string(), read_text(&path)?)))
        .collect()
}

/// The files of these paths, those of a folder in order.
fn export_files<P: AsRef<Path>>(paths: &[P]) -> Result<Vec<PathBuf>, LoadError> {
    let mut files = Vec::new();
    for path in paths.iter().map(AsRef::as_ref) {
        if !path.is_dir() {
            files.push(path.to_owned());
            continue;
        }
        let known = files.len();
        list_exports(path, &mut files)?;
        let of_folder = files.get_mut(known..).unwrap_or_default();
        of_folder.sort();
        if of_folder.is_empty() {
            let path = path.to_owned();
            return Err(LoadError::NoExports { path });
        }
    }
    Ok(files)
}

/// Adds the exports in a folder and in the folders in it. Links to folders are not followed: they may lead back.
fn list_exports(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), LoadError> {
    let failed = |error| LoadError::Io {
        path: folder.to_owned(),
        error,
    };
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let path = entry.path();
        if entry.file_type().map_err(failed)?.is_dir() {
            list_exports(&path, files)?;
        } else if is_json(&path) {
            files.push(path);
        }
    }
    Ok(())
}

/// Whether a file's name says that it is JSON, which may be compressed.
fn is_json(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name = name.to_ascii_lowercase();
    let packed = [".gz", ".zst", ".bz2", ".xz"];
    let plain = packed.iter().find_map(|end| name.strip_suffix(end));
    plain.unwrap_or(&name).ends_with(".json")
}

/// Loads credential reports of `aws iam get-credential-report`, one per account: the CSV, or the JSON of the AWS CLI.
///
/// # Errors
/// A file that cannot be read, or is not a credential report.
pub fn load_credential_report<P: AsRef<Path>>(paths: &[P]) -> Result<CredentialReport, LoadError> {
    let mut report = CredentialReport::new();
    for path in paths {
        let path = path.as_ref();
        report.add(&path.display().to_string(), &read_text(path)?)?;
    }
    Ok(report)
}

/// The most bytes of a file, as it is stored and decompressed.
const FILE_LIMIT: usize = 1 << 30;

/// Reads a text file: UTF-8, or UTF-16 as PowerShell's `>` writes it. Files that are compressed (gzip, zstd, bzip2, xz), and
/// archives of one file (zip, tar), are detected from their content and unpacked. A file can have 1 GiB, also decompressed.
///
/// # Errors
/// A file that cannot be read or unpacked, is too large, or has another encoding.
pub fn read_text(path: &Path) -> Result<String, LoadError> {
    read_text_within(path, FILE_LIMIT)
}

/// [`read_text`] of at most `limit` bytes, also decompressed.
pub(crate) fn read_text_within(path: &Path, limit: usize) -> Result<String, LoadError> {
    let stored = read_within(path, limit).map_err(|error| LoadError::Io {
        path: path.to_owned(),
        error,
    })?;
    let bytes = unpacked(path, &stored, limit)?.unwrap_or(stored);
    if let Some(text) = decode_utf16(&bytes) {
        return Ok(text);
    }
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
        }
    })
}

/// Unpacks a file. Returns `None` if it is not packed.
fn unpacked(path: &Path, stored: &[u8], limit: usize) -> Result<Option<Vec<u8>>, LoadError> {
    let (mut content, mut files, mut failed) = (None, 0, None);
    unpack(&ObjectId::from(path), stored, limit, &mut |_, file| {
        match file {
            // Not packed: no copy is needed.
            Ok(bytes) if std::ptr::eq(bytes, stored) => {}
            Ok(bytes) => {
                files += 1;
                content.get_or_insert_with(|| bytes.to_vec());
            }
            Err(error) => _ = failed.get_or_insert(error),
        }
        true
    });
    let path = path.to_owned();
    match (failed, files) {
        (Some(error), _) => Err(LoadError::Unpack { path, error }),
        (None, 0 | 1) => Ok(content),
        (None, _) => Err(LoadError::SeveralFiles { path }),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_stands_for_its_exports() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("eu");
        std::fs::create_dir(&deep).unwrap();
        let missing = load_account_data(&[folder.path()]).unwrap_err();
        assert!(matches!(missing, LoadError::NoExports { .. }), "{missing}");
        let export = |name: &str| {
            format!(
                r#"{{"UserDetailList": [{{"UserName": "{name}", "UserId": "AIDA{name}", "GroupList": [],
                "Arn": "arn:aws:iam::111122223333:user/{name}"}}]}}"#
            )
        };
        std::fs::write(folder.path().join("b.json"), export("b")).unwrap();
        std::fs::write(deep.join("a.JSON"), export("a")).unwrap();
        std::fs::write(folder.path().join("README.md"), "not an export").unwrap();
        let account = load_account_data(&[folder.path()]).unwrap();
        let names: Vec<_> = account
            .entities()
            .map(|(_, detail)| &*detail.name)
            .collect();
        assert_eq!(names, ["b", "a"]);
    }
}
