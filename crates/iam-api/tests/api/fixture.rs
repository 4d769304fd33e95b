//! The fixture of the tests: a store with the test account and its trail, an API over it, and a client
//! that signs. The signer shares no code with the verifier.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use advisor_core::Tracking;
use advisor_store::{Store, StoredAdvisor};
use axum::body::Body;
use axum::http::{HeaderMap, Request};
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use iam_api::{Api, Config, Credentials, router};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use service_catalog::Catalog;
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tower::ServiceExt;

pub(crate) const BRUNO: &str = "arn:aws:iam::111122223333:user/engineering/bruno";
pub(crate) const HOST: &str = "127.0.0.1:8787";

/// Two keys of ada, one of erin, two sessions of one role, one key of another account, and one of the
/// account root.
const CREDENTIALS: &str = r#"
[[credential]]
access_key_id = "AKIAADA"
secret_access_key = "ada-secret"
arn = "arn:aws:iam::111122223333:user/ada"
[[credential]]
access_key_id = "AKIAADATWO"
secret_access_key = "ada-secret-two"
arn = "arn:aws:iam::111122223333:user/ada"
[[credential]]
access_key_id = "AKIAERIN"
secret_access_key = "erin-secret"
arn = "arn:aws:iam::111122223333:user/erin"
[[credential]]
access_key_id = "ASIAONE"
secret_access_key = "one-secret"
session_token = "tok+en/=="
arn = "arn:aws:sts::111122223333:assumed-role/idle-worker/one"
[[credential]]
access_key_id = "ASIATWO"
secret_access_key = "two-secret"
session_token = "token-two"
arn = "arn:aws:sts::111122223333:assumed-role/idle-worker/one"
[[credential]]
access_key_id = "ASIAADMIN"
secret_access_key = "admin-secret"
session_token = "token-admin"
arn = "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Administrator_3f9c2a7d51e8b640/me"
[[credential]]
access_key_id = "AKIAFAR"
secret_access_key = "far-secret"
arn = "arn:aws:iam::999900001111:user/far"
[[credential]]
access_key_id = "AKIAROOT"
secret_access_key = "root-secret"
arn = "arn:aws:iam::111122223333:root"
"#;

/// An access key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key(
    pub(crate) &'static str,
    pub(crate) &'static str,
    pub(crate) Option<&'static str>,
);

pub(crate) const ADA: Key = Key("AKIAADA", "ada-secret", None);
pub(crate) const ADA_TWO: Key = Key("AKIAADATWO", "ada-secret-two", None);
pub(crate) const ERIN: Key = Key("AKIAERIN", "erin-secret", None);
pub(crate) const ONE: Key = Key("ASIAONE", "one-secret", Some("tok+en/=="));
pub(crate) const TWO: Key = Key("ASIATWO", "two-secret", Some("token-two"));
pub(crate) const ADMINISTRATOR: Key = Key("ASIAADMIN", "admin-secret", Some("token-admin"));
pub(crate) const FAR: Key = Key("AKIAFAR", "far-secret", None);
pub(crate) const ROOT: Key = Key("AKIAROOT", "root-secret", None);

pub(crate) fn now() -> DateTime<Utc> {
    advisor_core::time::parse("2026-11-01T00:00:00Z").unwrap()
}

fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata")
}

/// The store's file, made once and copied: an import takes longer than most tests.
fn store_file() -> &'static Path {
    static FILE: OnceLock<TempDir> = OnceLock::new();
    let folder = FILE.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open_or_create(&folder.path().join("store.db")).unwrap();
        let account = std::fs::read_to_string(testdata().join("account.json")).unwrap();
        store
            .import_accounts(&[("account.json".into(), account)], now())
            .unwrap();
        let reader = cloudtrail_reader::TrailReader::new(
            Catalog::shared(),
            cloudtrail_reader::ReadOptions::default(),
        );
        store
            .import_trail(&reader, &[testdata().join("trail")], &|_| {})
            .unwrap();
        drop(store);
        folder
    });
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| folder.path().join("store.db"))
}

/// A configuration on a store of its own.
pub(crate) fn config() -> (TempDir, Config) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("store.db");
    std::fs::copy(store_file(), &file).unwrap();
    let store = Arc::new(Store::open(&file).unwrap());
    let operations =
        StoredAdvisor::new(store, Catalog::shared(), Tracking::aws()).allow_empty_activity(true);
    let mut config = Config::new(Arc::new(operations));
    config.clock = Arc::new(now);
    config.credentials = Some(Credentials::parse(CREDENTIALS).unwrap());
    (folder, config)
}

pub(crate) struct Fixture {
    pub(crate) api: Api,
    pub(crate) operations: Arc<StoredAdvisor>,
    folder: TempDir,
}

/// A response.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    /// The text of the first element of this name.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        self.all(name).into_iter().next()
    }

    /// The texts of all elements of this name.
    pub(crate) fn all(&self, name: &str) -> Vec<String> {
        let document = roxmltree::Document::parse(&self.text).unwrap();
        document
            .descendants()
            .filter(|node| node.tag_name().name() == name)
            .map(|node| node.text().unwrap_or_default().to_owned())
            .collect()
    }

    /// One field of each member of a list.
    pub(crate) fn list(&self, name: &str, field: &str) -> Vec<String> {
        let document = roxmltree::Document::parse(&self.text).unwrap();
        let is = |node: &roxmltree::Node<'_, '_>, name: &str| node.tag_name().name() == name;
        document
            .descendants()
            .filter(|node| is(node, name))
            .flat_map(|list| list.children())
            .flat_map(|member| member.children())
            .filter(|node| is(node, field))
            .map(|node| node.text().unwrap_or_default().to_owned())
            .collect()
    }

    /// The names of the members of an element.
    pub(crate) fn members(&self, name: &str) -> Vec<String> {
        let document = roxmltree::Document::parse(&self.text).unwrap();
        let mut members: Vec<String> = document
            .descendants()
            .find(|node| node.tag_name().name() == name)
            .unwrap()
            .children()
            .map(|node| node.tag_name().name().to_owned())
            .collect();
        // The order has no meaning.
        members.sort();
        members
    }

    /// The code, status and message of an error.
    pub(crate) fn error(&self) -> (String, u16, String) {
        let text = |name| self.get(name).unwrap_or_default();
        (text("Code"), self.status, text("Message"))
    }
}

impl Fixture {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut Config)) -> Self {
        let (folder, mut config) = config();
        change(&mut config);
        Self::on(folder, config)
    }

    /// Makes a fixture on the store in this folder.
    pub(crate) fn on(folder: TempDir, config: Config) -> Self {
        let operations = config.advisor.clone();
        Self {
            api: Api::start(config).unwrap(),
            operations,
            folder,
        }
    }

    /// The store's file.
    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("store.db")
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = router(self.api.clone()).oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        Answer {
            status: head.status.as_u16(),
            headers: head.headers,
            text: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    /// Calls an operation as SDKs do: a signed POST.
    pub(crate) async fn call(&self, key: Key, action: &str, parameters: &[(&str, &str)]) -> Answer {
        self.send(Signer::new(key).post(&form(action, parameters)))
            .await
    }

    /// Generates a report, waits for it, and returns the job's id.
    pub(crate) async fn job(&self, key: Key, arn: &str, granularity: &str) -> String {
        let parameters = [("Arn", arn), ("Granularity", granularity)];
        let action = "GenerateServiceLastAccessedDetails";
        let answer = self.call(key, action, &parameters).await;
        let id = answer.get("JobId").unwrap_or_else(|| panic!("{answer:?}"));
        let get = async {
            loop {
                let action = "GetServiceLastAccessedDetails";
                let answer = self.call(key, action, &[("JobId", &id)]).await;
                if answer.get("JobStatus").as_deref() != Some("IN_PROGRESS") {
                    return answer;
                }
                tokio::task::yield_now().await;
            }
        };
        let answer = tokio::time::timeout(std::time::Duration::from_secs(60), get)
            .await
            .unwrap();
        assert_eq!(answer.get("JobStatus").unwrap(), "COMPLETED", "{answer:?}");
        id
    }
}

const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

pub(crate) fn encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

pub(crate) fn form(action: &str, parameters: &[(&str, &str)]) -> String {
    let mut text = format!("Action={action}&Version=2010-05-08");
    for (name, value) in parameters {
        text.push_str(&format!("&{}={}", encode(name), encode(value)));
    }
    text
}

/// Signs requests. Tests set its fields to wrong values.
#[derive(Clone, Debug)]
pub(crate) struct Signer {
    pub(crate) key: Key,
    pub(crate) time: DateTime<Utc>,
    pub(crate) region: String,
    pub(crate) service: String,
    pub(crate) expires: Option<u32>,
}

impl Signer {
    pub(crate) fn new(key: Key) -> Self {
        Self {
            key,
            time: now(),
            region: "us-east-1".into(),
            service: "iam".into(),
            expires: Some(3600),
        }
    }

    fn scope(&self) -> String {
        let date = self.time.format("%Y%m%d");
        format!("{date}/{}/{}/aws4_request", self.region, self.service)
    }

    fn sign(&self, canonical: &str) -> String {
        let mac = |key: &[u8], text: &str| -> Vec<u8> {
            let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
            mac.update(text.as_bytes());
            mac.finalize().into_bytes().to_vec()
        };
        let hashed = hex(&Sha256::digest(canonical.as_bytes()));
        let time = self.time.format("%Y%m%dT%H%M%SZ");
        let to_sign = format!("AWS4-HMAC-SHA256\n{time}\n{}\n{hashed}", self.scope());
        let mut key = format!("AWS4{}", self.key.1).into_bytes();
        for part in self.scope().split('/') {
            key = mac(&key, part);
        }
        hex(&mac(&key, &to_sign))
    }

    /// A POST with a form in its body.
    pub(crate) fn post(&self, body: &str) -> Request<Body> {
        let time = self.time.format("%Y%m%dT%H%M%SZ").to_string();
        let kind = "application/x-www-form-urlencoded; charset=utf-8";
        let mut headers = vec![
            ("content-type", kind.to_owned()),
            ("host", HOST.to_owned()),
            ("x-amz-date", time),
        ];
        if let Some(token) = self.key.2 {
            headers.push(("x-amz-security-token", token.to_owned()));
        }
        let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
        let names = names.join(";");
        let mut canonical = "POST\n/\n\n".to_owned();
        for (name, value) in &headers {
            canonical.push_str(&format!("{name}:{value}\n"));
        }
        let hashed = hex(&Sha256::digest(body.as_bytes()));
        canonical.push_str(&format!("\n{names}\n{hashed}"));
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={}/{}, SignedHeaders={names}, Signature={}",
            self.key.0,
            self.scope(),
            self.sign(&canonical)
        );
        let mut request = Request::post("/").header("authorization", authorization);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        request.body(Body::from(body.to_owned())).unwrap()
    }

    /// The path and query of a presigned GET.
    pub(crate) fn presign(&self, action: &str, parameters: &[(&str, &str)]) -> String {
        let time = self.time.format("%Y%m%dT%H%M%SZ").to_string();
        let credential = format!("{}/{}", self.key.0, self.scope());
        let expires = self.expires.map(|seconds| seconds.to_string());
        let mut query = vec![
            ("Action", action),
            ("Version", "2010-05-08"),
            ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
            ("X-Amz-Credential", &credential),
            ("X-Amz-Date", &time),
            ("X-Amz-SignedHeaders", "host"),
        ];
        query.extend(expires.as_deref().map(|seconds| ("X-Amz-Expires", seconds)));
        query.extend(self.key.2.map(|token| ("X-Amz-Security-Token", token)));
        query.extend(parameters);
        let mut pairs: Vec<(String, String)> = query
            .iter()
            .map(|(name, value)| (encode(name), encode(value)))
            .collect();
        pairs.sort();
        let pairs: Vec<String> = pairs
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let query = pairs.join("&");
        let nothing = hex(&Sha256::digest(b""));
        let canonical = format!("GET\n/\n{query}\nhost:{HOST}\n\nhost\n{nothing}");
        format!("/?{query}&X-Amz-Signature={}", self.sign(&canonical))
    }
}

pub(crate) fn get(path: &str) -> Request<Body> {
    Request::get(path)
        .header("host", HOST)
        .body(Body::empty())
        .unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
