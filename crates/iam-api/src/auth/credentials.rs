//! The credentials file: access keys and their owners.

use std::collections::HashMap;
use std::fmt;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use advisor_core::{Caller, CallerError};
use serde::Deserialize;
use subtle::ConstantTimeEq;

/// The access keys that may sign requests. Secrets are never shown, not even in debug output.
#[derive(Clone, Default)]
pub struct Credentials(Arc<HashMap<String, Credential>>);

/// An access key and its owner.
#[derive(Clone)]
pub struct Credential {
    secret_access_key: String,
    session_token: Option<String>,
    caller: Caller,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.0.iter()).finish()
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credential({})", self.caller.arn())
    }
}

/// The most bytes of a file.
const FILE_LIMIT: u64 = 16 << 20;

/// Why a credentials file is rejected. Messages never contain a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialsError {
    /// The file cannot be read.
    #[error("{}: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        #[source]
        error: std::io::Error,
    },
    /// The file is not TOML, or not of the shape described in the README.
    #[error("credentials: {message}{}", At(*.line))]
    Syntax {
        /// What is wrong.
        message: String,
        /// The line, from 1.
        line: Option<usize>,
    },
    /// A credential is not valid.
    #[error("credentials: {access_key_id}: {fault}")]
    Credential {
        /// Its access key id.
        access_key_id: String,
        /// What is wrong with it.
        #[source]
        fault: CredentialFault,
    },
    /// The ARN of a credential is neither that of a user nor that of a session.
    #[error("credentials: {access_key_id}: {error}")]
    Caller {
        /// The access key id of the credential.
        access_key_id: String,
        /// What is wrong with the ARN.
        #[source]
        error: CallerError,
    },
}

/// What is wrong with a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialFault {
    /// Its access key id has other characters, or too many.
    #[error("not an access key id, which is 1 to 128 letters, digits and _")]
    AccessKeyId,
    /// The secret access key is empty.
    #[error("the secret access key is empty")]
    EmptySecret,
    /// An earlier credential has the same access key id.
    #[error("occurs twice")]
    Repeated,
}

struct At(Option<usize>);

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(line) => write!(f, " (line {line})"),
            None => Ok(()),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    credential: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    access_key_id: String,
    secret_access_key: String,
    session_token: Option<String>,
    arn: String,
}

impl Credentials {
    /// Reads a file of at most 16 MiB.
    ///
    /// # Errors
    /// The file cannot be read, or is larger; as [`Credentials::parse`].
    pub fn load(path: &Path) -> Result<Self, CredentialsError> {
        let mut text = String::new();
        let mut read = || {
            let file = std::fs::File::open(path)?;
            // Devices and pipes have no size.
            file.take(FILE_LIMIT + 1).read_to_string(&mut text)
        };
        let read = read().and_then(|size| {
            if u64::try_from(size).is_ok_and(|size| size <= FILE_LIMIT) {
                return Ok(());
            }
            let message = format!("more than {FILE_LIMIT} bytes, the limit for credentials");
            Err(io::Error::new(io::ErrorKind::FileTooLarge, message))
        });
        read.map_err(|error| CredentialsError::Io {
            path: path.to_owned(),
            error,
        })?;
        Self::parse(&text)
    }

    /// Parses the text of a file: `[[credential]]` tables with `access_key_id`, `secret_access_key`, `arn`
    /// and, for a session, `session_token`.
    ///
    /// # Errors
    /// The text is not TOML of that shape; a key occurs twice or is empty; an ARN is neither that of a user
    /// nor that of a session.
    ///
    /// ```
    /// let credentials = iam_api::Credentials::parse(
    ///     r#"
    ///     [[credential]]
    ///     access_key_id = "AKIAIOSFODNN7EXAMPLE"
    ///     secret_access_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    ///     arn = "arn:aws:iam::111122223333:user/ada"
    ///     "#,
    /// )?;
    /// assert_eq!(credentials.len(), 1);
    /// # Ok::<(), iam_api::CredentialsError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, CredentialsError> {
        // Not kept as the source: the Display of toml's error quotes the line, which may be the one with the secret.
        let file: File = toml::from_str(text).map_err(|error| CredentialsError::Syntax {
            message: without_values(error.message()),
            line: error.span().map(|span| {
                let before = text.get(..span.start).unwrap_or_default();
                before.matches('\n').count() + 1
            }),
        })?;
        let mut credentials = HashMap::new();
        for entry in file.credential {
            let fault = |fault| CredentialsError::Credential {
                access_key_id: entry.access_key_id.clone(),
                fault,
            };
            if !is_access_key_id(&entry.access_key_id) {
                return Err(fault(CredentialFault::AccessKeyId));
            }
            if entry.secret_access_key.is_empty() {
                return Err(fault(CredentialFault::EmptySecret));
            }
            let caller = Caller::from_arn(&entry.arn, &entry.access_key_id).map_err(|error| {
                CredentialsError::Caller {
                    access_key_id: entry.access_key_id.clone(),
                    error,
                }
            })?;
            let credential = Credential {
                secret_access_key: entry.secret_access_key,
                session_token: entry.session_token,
                caller,
            };
            if credentials
                .insert(entry.access_key_id.clone(), credential)
                .is_some()
            {
                return Err(CredentialsError::Credential {
                    access_key_id: entry.access_key_id,
                    fault: CredentialFault::Repeated,
                });
            }
        }
        Ok(Self(Arc::new(credentials)))
    }

    /// The number of access keys.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn get(&self, access_key_id: &str) -> Option<&Credential> {
        self.0.get(access_key_id)
    }
}

impl Credential {
    /// Its owner.
    #[must_use]
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    pub(crate) fn secret_access_key(&self) -> &str {
        &self.secret_access_key
    }

    /// Whether a request has the session token of this credential, or none when the credential has none.
    /// Compares in constant time.
    pub(crate) fn has_session_token(&self, token: Option<&str>) -> bool {
        match (self.session_token.as_deref(), token) {
            (None, None) => true,
            (Some(known), Some(given)) => known.as_bytes().ct_eq(given.as_bytes()).into(),
            _ => false,
        }
    }
}

/// Whether a text can be an access key id. It ends up in ARNs and logs.
pub(crate) fn is_access_key_id(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Removes quoted values from a message of serde (`invalid type: string "..."`).
fn without_values(message: &str) -> String {
    let mut plain = String::with_capacity(message.len());
    for (index, part) in message.split('"').enumerate() {
        plain.push_str(if index % 2 == 0 { part } else { "..." });
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRY: &str = "[[credential]]\naccess_key_id = \"AKIA1\"\n\
        secret_access_key = \"SECRET\"\narn = \"arn:aws:iam::111122223333:user/ada\"\n";

    #[test]
    fn users_and_sessions() {
        let text = ENTRY.to_owned()
            + "[[credential]]\naccess_key_id = \"ASIA1\"\nsecret_access_key = \"SECRET\"\n\
               session_token = \"TOKEN\"\n\
               arn = \"arn:aws:sts::111122223333:assumed-role/build/one\"\n";
        let credentials = Credentials::parse(&text).unwrap();
        let user = credentials.get("AKIA1").unwrap();
        assert!(matches!(user.caller(), Caller::User { .. }));
        assert!(user.has_session_token(None) && !user.has_session_token(Some("TOKEN")));
        let session = credentials.get("ASIA1").unwrap();
        assert!(matches!(session.caller(), Caller::Session { .. }));
        assert!(session.has_session_token(Some("TOKEN")));
        assert!(!session.has_session_token(Some("TOKEn")) && !session.has_session_token(None));
        assert!(!format!("{credentials:?}").contains("SECRET"));
        assert!(!format!("{credentials:?}").contains("TOKEN"));
    }

    #[test]
    fn refusals_do_not_tell_secrets() {
        for (text, expected) in [
            (ENTRY.repeat(2), "occurs twice"),
            (
                ENTRY.replace("user/ada", "group/ada"),
                "not the ARN of a user",
            ),
            (ENTRY.replace("AKIA1", "AK IA"), "not an access key id"),
            (ENTRY.replace("\"SECRET\"", "\"SECRET"), "line 3"),
            (ENTRY.replace("\"SECRET\"", "[\"SECRET\"]"), "line 3"),
            (ENTRY.replace("arn =", "arm ="), "arm"),
            (ENTRY.replace("\"SECRET\"", "\"\""), "empty"),
            (
                ENTRY.replace("[[credential]]", "credential = \"SECRET\"\n[x]"),
                "line 1",
            ),
        ] {
            let error = Credentials::parse(&text).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
            assert!(!error.contains("SECRET"), "{error}");
        }
    }
}
