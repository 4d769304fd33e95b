//! The services as IAM reports them: a JSON object from namespace to display name.

use std::collections::BTreeMap;
use std::path::Path;

use super::error::BuildError;

pub(super) fn read(path: &Path) -> Result<BTreeMap<String, String>, BuildError> {
    let bytes = std::fs::read(path).map_err(|source| BuildError::Read {
        path: path.to_owned(),
        source,
    })?;
    serde_json::from_slice(&bytes).map_err(|source| BuildError::Json {
        path: path.to_owned(),
        source,
    })
}
