//! The endpoint prefixes and signing names of SDK clients, from botocore's service models.
//!
//! The models are in the package's data folder: `CLIENT/API-VERSION/service-2.json.gz` (not compressed in a source tree).

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use serde::Deserialize;

use super::error::BuildError;

#[derive(Deserialize)]
struct Model {
    metadata: Metadata,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    endpoint_prefix: String,
    signing_name: Option<String>,
}

/// The endpoint prefix and signing name of a client, in lower case, from its newest model. Empty when botocore does not have the
/// client.
pub(super) fn endpoint_names(data: &Path, client: &str) -> Result<Vec<String>, BuildError> {
    let folder = data.join(client);
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let Some(path) = newest_model(&folder)? else {
        return Ok(Vec::new());
    };
    let file = File::open(&path).map_err(|source| BuildError::Read {
        path: path.clone(),
        source,
    })?;
    let model = if path.extension().is_some_and(|extension| extension == "gz") {
        parse(GzDecoder::new(file))
    } else {
        parse(file)
    };
    let Metadata {
        endpoint_prefix,
        signing_name,
    } = model
        .map_err(|source| BuildError::Json { path, source })?
        .metadata;
    let names = std::iter::once(endpoint_prefix).chain(signing_name);
    Ok(names.map(|name| name.to_ascii_lowercase()).collect())
}

fn parse(bytes: impl Read) -> Result<Model, serde_json::Error> {
    serde_json::from_reader(BufReader::new(bytes))
}

fn newest_model(client: &Path) -> Result<Option<PathBuf>, BuildError> {
    let failed = |source| BuildError::Read {
        path: client.to_owned(),
        source,
    };
    let mut models = Vec::new();
    for entry in std::fs::read_dir(client).map_err(failed)? {
        let version = entry.map_err(failed)?.path();
        let names = ["service-2.json.gz", "service-2.json"].map(|name| version.join(name));
        models.extend(names.into_iter().find(|model| model.is_file()));
    }
    Ok(models.into_iter().max())
}

/// botocore's version from the package's `__init__.py` beside the data folder; `unknown` when it has none.
pub(super) fn version(data: &Path) -> Result<String, BuildError> {
    let path = data.join("..").join("__init__.py");
    if !path.is_file() {
        return Ok("unknown".to_owned());
    }
    let text =
        std::fs::read_to_string(&path).map_err(|source| BuildError::Read { path, source })?;
    let version = text
        .lines()
        .find_map(|line| line.strip_prefix("__version__ = "));
    Ok(version
        .map_or("unknown", |version| version.trim_matches(['\'', '"']))
        .to_owned())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn the_newest_model_is_read() {
        let package = tempfile::tempdir().unwrap();
        let data = package.path().join("data");
        std::fs::write(
            package.path().join("__init__.py"),
            "\n__version__ = '1.2.3'\n",
        )
        .unwrap();
        for (version, prefix) in [("2014-01-01", "old"), ("2020-01-01", "Monitoring")] {
            let folder = data.join("cloudwatch").join(version);
            std::fs::create_dir_all(&folder).unwrap();
            let file = File::create(folder.join("service-2.json.gz")).unwrap();
            let mut gzip = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
            write!(
                gzip,
                r#"{{"metadata":{{"endpointPrefix":"{prefix}","signingName":"cw"}}}}"#
            )
            .unwrap();
            gzip.finish().unwrap();
        }
        assert_eq!(
            endpoint_names(&data, "cloudwatch").unwrap(),
            ["monitoring", "cw"]
        );
        assert_eq!(endpoint_names(&data, "gone").unwrap(), [""; 0]);
        assert_eq!(version(&data).unwrap(), "1.2.3");
    }
}
