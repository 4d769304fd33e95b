//! Requests to the service, and the file with its access keys.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use advisor_core::Tracking;
use advisor_store::{Store, StoredAdvisor};
use axum::Router;
use axum::body::Body;
use axum::http::Request;
use iam_api::{Api, Config, Credentials, router};
use service_catalog::Catalog;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tower::ServiceExt;

const KEYS: &str = r#"
[[credential]]
access_key_id = "AKIAEXAMPLE"
secret_access_key = "never guessed by a fuzzer"
arn = "arn:aws:iam::111122223333:user/ada"
"#;

/// A service on an empty store.
struct Service {
    router: Router,
    runtime: Runtime,
    _folder: TempDir,
}

impl Service {
    fn new(credentials: Option<Credentials>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open_or_create(Path::new(&folder.path().join("store.db"))).unwrap();
        let advisor = StoredAdvisor::new(Arc::new(store), Catalog::shared(), Tracking::aws());
        let mut config = Config::new(Arc::new(advisor));
        config.credentials = credentials;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let router = {
            let _entered = runtime.enter();
            router(Api::start(config).unwrap())
        };
        Self {
            router,
            runtime,
            _folder: folder,
        }
    }

    /// The status of the answer.
    fn ask(&self, request: Request<Body>) -> u16 {
        let answer = self.router.clone().oneshot(request);
        self.runtime.block_on(answer).unwrap().status().as_u16()
    }
}

fn open() -> &'static Service {
    static SERVICE: OnceLock<Service> = OnceLock::new();
    SERVICE.get_or_init(|| Service::new(None))
}

fn guarded() -> &'static Service {
    static SERVICE: OnceLock<Service> = OnceLock::new();
    SERVICE.get_or_init(|| Service::new(Some(Credentials::parse(KEYS).unwrap())))
}

/// The body of a request in the Query protocol. The server answers, and fails at nothing.
pub(crate) fn query_request(data: &[u8]) {
    let request = Request::post("/")
        .header("host", "localhost")
        .header("authorization", "AWS4-HMAC-SHA256 Credential=any")
        .header(
            "content-type",
            "application/x-www-form-urlencoded; charset=utf-8",
        )
        .body(Body::from(data.to_vec()))
        .unwrap();
    let status = open().ask(request);
    assert!(status != 500, "{status}");
}

/// Lines of a request: method and target, headers, an empty line, the body. Nothing gets in without a signature.
pub(crate) fn signed_request(data: &[u8]) {
    let end = data
        .windows(2)
        .position(|two| two == b"\n\n")
        .unwrap_or(data.len());
    let (head, body) = data.split_at(end);
    let Ok(head) = std::str::from_utf8(head) else {
        return;
    };
    let mut lines = head.lines();
    let first = lines.next().unwrap_or_default();
    let (method, target) = first.split_once(' ').unwrap_or(("POST", first));
    let mut request = Request::builder().method(method).uri(target);
    for line in lines.take(40) {
        if let Some((name, value)) = line.split_once(':') {
            request = request.header(name, value.trim());
        }
    }
    let body = body.get(2..).unwrap_or_default().to_vec();
    let Ok(request) = request.body(Body::from(body)) else {
        return;
    };
    refused(request);
}

/// A presigned query. Nothing gets in without a signature.
pub(crate) fn presigned_query(data: &[u8]) {
    let Ok(query) = std::str::from_utf8(data) else {
        return;
    };
    let request = Request::get(format!("/?{query}")).header("host", "localhost");
    if let Ok(request) = request.body(Body::empty()) {
        refused(request);
    }
}

fn refused(request: Request<Body>) {
    // These answer everybody.
    if ["/healthz", "/metrics"].contains(&request.uri().path()) {
        return;
    }
    let status = guarded().ask(request);
    assert!((400..500).contains(&status), "{status}");
}

/// A file with access keys.
pub(crate) fn credentials_file(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        _ = Credentials::parse(text);
    }
}
