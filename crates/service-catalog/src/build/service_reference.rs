//! AWS's service reference: one JSON file per service with its actions, resource types and operations.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::error::BuildError;

/// The file of one service.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ServiceFile {
    #[serde(rename = "Name")]
    pub(super) namespace: String,
    pub(super) actions: Vec<ActionEntry>,
    #[serde(default)]
    pub(super) resources: Vec<ResourceEntry>,
    #[serde(default)]
    pub(super) operations: Vec<ApiOperation>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ActionEntry {
    pub(super) name: String,
    #[serde(default)]
    pub(super) annotations: Annotations,
    #[serde(default)]
    pub(super) resources: Vec<ResourceName>,
    #[serde(default)]
    pub(super) supported_by: SupportedBy,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Annotations {
    pub(super) properties: Properties,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Properties {
    pub(super) is_list: bool,
    pub(super) is_permission_management: bool,
    pub(super) is_tagging_only: bool,
    pub(super) is_write: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ResourceName {
    pub(super) name: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct SupportedBy {
    #[serde(rename = "IAM Action Last Accessed")]
    pub(super) last_accessed: bool,
    #[serde(rename = "IAM Access Analyzer Policy Generation")]
    pub(super) policy_generation: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ResourceEntry {
    pub(super) name: String,
    #[serde(rename = "ARNFormats", default)]
    pub(super) arn_formats: Vec<String>,
}

/// An API operation and the actions it is authorized by.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ApiOperation {
    pub(super) name: String,
    #[serde(default)]
    pub(super) authorized_actions: Vec<AuthorizedAction>,
    #[serde(rename = "SDK", default)]
    pub(super) sdk: Vec<SdkMethod>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AuthorizedAction {
    pub(super) name: String,
    #[serde(rename = "Service")]
    pub(super) namespace: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SdkMethod {
    /// The boto3 client that has the operation.
    #[serde(rename = "Name")]
    pub(super) client: String,
}

impl ServiceFile {
    /// The SDK clients that have the service's operations, each once.
    pub(super) fn clients(&self) -> impl Iterator<Item = &str> {
        let clients = self.operations.iter().flat_map(|operation| &operation.sdk);
        clients
            .map(|sdk| sdk.client.as_str())
            .collect::<BTreeSet<_>>()
            .into_iter()
    }
}

/// Reads every service file of a folder, `DIR/NAMESPACE.json` and `DIR/NAMESPACE/NAMESPACE.json`, and sorts them by namespace.
/// Other JSON files are skipped; broken ones are errors.
pub(super) fn read(folder: &Path) -> Result<Vec<ServiceFile>, BuildError> {
    let mut services = Vec::new();
    for path in candidates(folder)? {
        services.extend(read_file(&path)?);
    }
    if services.is_empty() {
        return Err(BuildError::NoServiceFiles(folder.to_owned()));
    }
    services.sort_by(|a, b| a.namespace.cmp(&b.namespace));
    Ok(services)
}

fn candidates(folder: &Path) -> Result<Vec<PathBuf>, BuildError> {
    let failed = |source| BuildError::Read {
        path: folder.to_owned(),
        source,
    };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            let inner = path
                .file_name()
                .map(|name| path.join(name).with_added_extension("json"));
            paths.extend(inner.filter(|inner| inner.is_file()));
        } else if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            paths.push(path);
        }
    }
    Ok(paths)
}

/// The service of a file, or `None` when the file is JSON of another kind.
fn read_file(path: &Path) -> Result<Option<ServiceFile>, BuildError> {
    let bytes = std::fs::read(path).map_err(|source| BuildError::Read {
        path: path.to_owned(),
        source,
    })?;
    let broken = |source| BuildError::Json {
        path: path.to_owned(),
        source,
    };
    match serde_json::from_slice(&bytes) {
        Ok(service) => Ok(Some(service)),
        Err(error) if error.is_data() => {
            let value: serde_json::Value = serde_json::from_slice(&bytes).map_err(broken)?;
            // A file with actions is meant to be a service file.
            if value.get("Actions").is_some() {
                Err(broken(error))
            } else {
                Ok(None)
            }
        }
        Err(error) => Err(broken(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S3: &str = r#"{"Name":"s3","Actions":[{"Name":"GetObject"}]}"#;

    #[test]
    fn both_layouts_are_read_and_other_json_is_skipped() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("s3.json"), S3).unwrap();
        std::fs::create_dir(at("sqs")).unwrap();
        std::fs::write(at("sqs/sqs.json"), S3.replace("s3", "sqs")).unwrap();
        std::fs::write(at("sqs/notes.json"), "broken, but not looked at").unwrap();
        std::fs::write(at("account.json"), r#"{"UserDetailList":[]}"#).unwrap();
        std::fs::write(at("list.json"), "[]").unwrap();
        let services = read(folder.path()).unwrap();
        let namespaces: Vec<_> = services
            .iter()
            .map(|file| file.namespace.as_str())
            .collect();
        assert_eq!(namespaces, ["s3", "sqs"]);
    }

    #[test]
    fn a_broken_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        for broken in ["{", r#"{"Name":"s3","Actions":[{"Name":7}]}"#] {
            std::fs::write(folder.path().join("s3.json"), broken).unwrap();
            let message = read(folder.path()).unwrap_err().to_string();
            assert!(message.contains("s3.json"), "{message}");
        }
    }

    #[test]
    fn a_folder_without_service_files_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(
            read(folder.path()),
            Err(BuildError::NoServiceFiles(_))
        ));
        assert!(matches!(
            read(&folder.path().join("missing")),
            Err(BuildError::Read { .. })
        ));
    }
}
