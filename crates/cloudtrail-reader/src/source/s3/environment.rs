//! Finds credentials, Region and endpoint as AWS's own tools do: in environment variables and in the shared files
//! `~/.aws/config` and `~/.aws/credentials`.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};

use crate::source::file::read_text_within;
use crate::source::s3::error::S3OpenError;

/// Environment variables. Empty ones count as not set.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// Returns the variables of this process.
    pub fn of_process() -> Self {
        Environment::new(std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        }))
    }

    /// Returns exactly these variables.
    pub fn new<K: Into<String>, V: Into<String>>(
        variables: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        Environment(
            variables
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(|value| value.trim())
            .filter(|value| !value.is_empty())
    }

    fn is_true(&self, name: &str) -> bool {
        self.get(name)
            .is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// The file that a variable names, or the one of this name in `~/.aws`.
    fn shared_file(&self, variable: &str, name: &str) -> Option<PathBuf> {
        if let Some(path) = self.get(variable) {
            return Some(path.into());
        }
        let home = self.get("HOME").or_else(|| self.get("USERPROFILE"))?;
        Some(Path::new(home).join(".aws").join(name))
    }
}

/// Only the names, because values are secrets.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// The settings for S3 in an environment.
pub(super) struct Settings {
    /// Configured with the sources of credentials.
    pub(super) builder: AmazonS3Builder,
    /// Requests are not signed: for public buckets.
    pub(super) unsigned: bool,
    pub(super) request_payer: bool,
    pub(super) region: Option<String>,
    pub(super) endpoint: Option<String>,
    /// A PEM file of certificates to trust.
    pub(super) ca_bundle: Option<PathBuf>,
}

/// The variables with credentials, and the keys of `object_store` for them:
/// <https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html>.
const CREDENTIAL_VARIABLES: [(&str, AmazonS3ConfigKey); 11] = [
    ("AWS_ACCESS_KEY_ID", AmazonS3ConfigKey::AccessKeyId),
    ("AWS_SECRET_ACCESS_KEY", AmazonS3ConfigKey::SecretAccessKey),
    ("AWS_SESSION_TOKEN", AmazonS3ConfigKey::Token),
    (
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        AmazonS3ConfigKey::WebIdentityTokenFile,
    ),
    ("AWS_ROLE_ARN", AmazonS3ConfigKey::RoleArn),
    ("AWS_ROLE_SESSION_NAME", AmazonS3ConfigKey::RoleSessionName),
    ("AWS_ENDPOINT_URL_STS", AmazonS3ConfigKey::StsEndpoint),
    (
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        AmazonS3ConfigKey::ContainerCredentialsRelativeUri,
    ),
    (
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        AmazonS3ConfigKey::ContainerCredentialsFullUri,
    ),
    (
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
        AmazonS3ConfigKey::ContainerAuthorizationTokenFile,
    ),
    (
        "AWS_EC2_METADATA_SERVICE_ENDPOINT",
        AmazonS3ConfigKey::MetadataEndpoint,
    ),
];

impl Settings {
    /// Reads an environment. Credentials are looked up in the order of boto3: keys in variables, a named profile, web
    /// identity, the default profile, the role of a container, the role of an instance.
    pub(super) fn read(environment: &Environment) -> Result<Self, S3OpenError> {
        let mut builder = AmazonS3Builder::new();
        for (variable, key) in CREDENTIAL_VARIABLES {
            if let Some(value) = environment.get(variable) {
                builder = builder.with_config(key, value);
            }
        }
        let profile = Profile::read(environment)?;
        let has = |variable| environment.get(variable).is_some();
        let unsigned = environment.is_true("AWS_SKIP_SIGNATURE");
        let has_keys = has("AWS_ACCESS_KEY_ID") || has("AWS_SECRET_ACCESS_KEY");
        let has_web_identity = has("AWS_WEB_IDENTITY_TOKEN_FILE") && has("AWS_ROLE_ARN");
        if !unsigned && !has_keys && (profile.is_chosen || !has_web_identity) {
            let has_container = has("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")
                || has("AWS_CONTAINER_CREDENTIALS_FULL_URI");
            if let (Some(id), Some(secret)) = (
                profile.get("aws_access_key_id"),
                profile.get("aws_secret_access_key"),
            ) {
                builder = builder
                    .with_access_key_id(id)
                    .with_secret_access_key(secret);
                if let Some(token) = profile.get("aws_session_token") {
                    builder = builder.with_token(token);
                }
            } else if profile.is_chosen || (!has_container && profile.makes_credentials()) {
                return Err(S3OpenError::NoKeysInProfile {
                    profile: profile.name,
                });
            } else if !has_container && environment.is_true("AWS_EC2_METADATA_DISABLED") {
                return Err(S3OpenError::NoCredentials);
            }
        }
        if !unsigned && !has_keys {
            check_token_files(environment)?;
        }
        let owned = |value: Option<&str>| value.map(str::to_owned);
        Ok(Settings {
            builder,
            unsigned,
            request_payer: environment
                .get("AWS_REQUEST_PAYER")
                .is_some_and(|value| matches!(value, "requester" | "true")),
            region: owned(
                environment
                    .get("AWS_REGION")
                    .or_else(|| environment.get("AWS_DEFAULT_REGION"))
                    .or_else(|| profile.get("region")),
            ),
            endpoint: owned(
                environment
                    .get("AWS_ENDPOINT_URL_S3")
                    .or_else(|| environment.get("AWS_ENDPOINT_URL"))
                    .or_else(|| profile.get("endpoint_url")),
            ),
            ca_bundle: environment.get("AWS_CA_BUNDLE").map(PathBuf::from),
        })
    }
}

/// The most bytes of a shared file.
const SHARED_FILE_LIMIT: usize = 8 << 20;
/// The most bytes of a file with a token.
const TOKEN_FILE_LIMIT: u64 = 1 << 20;

/// The variables that name a file with a token.
const TOKEN_FILES: [&str; 2] = [
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
];

/// Checks files with tokens. `object_store` reads them as a whole, again and again, because tokens expire.
fn check_token_files(environment: &Environment) -> Result<(), S3OpenError> {
    for variable in TOKEN_FILES {
        let Some(path) = environment.get(variable) else {
            continue;
        };
        let setting = || format!("{variable} {path:?}");
        let metadata =
            std::fs::metadata(path).map_err(|error| S3OpenError::setting(setting(), error))?;
        if !metadata.is_file() {
            return Err(S3OpenError::setting(setting(), "not a regular file"));
        }
        if metadata.len() > TOKEN_FILE_LIMIT {
            let reason = format!("more than {TOKEN_FILE_LIMIT} bytes, the limit for this file");
            return Err(S3OpenError::setting(setting(), reason));
        }
    }
    Ok(())
}

/// One profile of the shared files.
struct Profile {
    name: String,
    /// Whether it was named, rather than the default.
    is_chosen: bool,
    settings: BTreeMap<String, String>,
}

impl Profile {
    fn read(environment: &Environment) -> Result<Self, S3OpenError> {
        let chosen = environment.get("AWS_PROFILE");
        let name = chosen.unwrap_or("default").to_owned();
        let mut settings = BTreeMap::new();
        let mut is_there = false;
        let files = [
            ("AWS_CONFIG_FILE", "config"),
            ("AWS_SHARED_CREDENTIALS_FILE", "credentials"),
        ];
        for (variable, file) in files {
            let Some(path) = environment.shared_file(variable, file) else {
                continue;
            };
            let text = match read_text_within(&path, SHARED_FILE_LIMIT) {
                Ok(text) => text,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(error) => {
                    return Err(S3OpenError::setting(path.display().to_string(), error));
                }
            };
            is_there |= read_section(&text, &name, &mut settings);
        }
        if chosen.is_some() && !is_there {
            let reason = format!("there is no profile {name}");
            return Err(S3OpenError::setting("AWS_PROFILE", reason));
        }
        Ok(Profile {
            name,
            is_chosen: chosen.is_some(),
            settings,
        })
    }

    fn get(&self, key: &str) -> Option<&str> {
        self.settings.get(key).map(String::as_str)
    }

    /// Whether AWS's tools would get credentials from it in a way that is not supported here.
    fn makes_credentials(&self) -> bool {
        [
            "credential_process",
            "sso_session",
            "sso_start_url",
            "role_arn",
        ]
        .iter()
        .any(|key| self.settings.contains_key(*key))
    }
}

/// Adds the settings of `[name]` or `[profile name]`. Returns whether there is such a section.
fn read_section(text: &str, name: &str, settings: &mut BTreeMap<String, String>) -> bool {
    let mut is_there = false;
    let mut is_inside = false;
    for line in text.lines() {
        if line.starts_with([' ', '\t', '#', ';']) {
            continue;
        }
        if let Some(section) = line.trim().strip_prefix('[') {
            let section = section.split(']').next().unwrap_or_default().trim();
            let section = section.strip_prefix("profile ").unwrap_or(section);
            is_inside = section.trim() == name;
            is_there |= is_inside;
        } else if is_inside
            && let Some((key, value)) = line.split_once('=')
            && !value.trim().is_empty()
        {
            settings.insert(key.trim().to_ascii_lowercase(), value.trim().to_owned());
        }
    }
    is_there
}
