//! A service in this process, requests to it in the Query protocol, and the file with its access keys.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use advisor_core::{Caller, JobId};
use advisor_store::{Store, StoredAdvisor};
use axum::Router;
use axum::body::Body;
use axum::http::Request;
use iam_api::{Api, Config, Credentials, router};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tower::ServiceExt;

use crate::sample;

/// Without credentials, the access key id names the caller, a user of the only account.
const AUTHORIZATION: &str = "AWS4-HMAC-SHA256 Credential=me/20261101/us-east-1/iam/aws4_request, \
                             SignedHeaders=host;x-amz-date, Signature=none";
const CALLER: &str = "arn:aws:iam::111122223333:user/me";

/// The most pages that are read of a list.
const PAGES: usize = 4;
/// Jobs that requests made are deleted when there are this many.
const JOBS: usize = 100;

/// A service on a store of its own.
pub(crate) struct Service {
    router: Router,
    runtime: Runtime,
    advisor: Arc<StoredAdvisor>,
    _folder: TempDir,
}

impl Service {
    /// A service on the sample, whose jobs belong to the caller.
    pub(crate) fn new(caller: &Caller, credentials: Option<Credentials>) -> Self {
        let folder = sample::folder();
        let path = sample::store(&folder, caller);
        let store = Arc::new(Store::open(&path).unwrap());
        let advisor = Arc::new(sample::advisor(store));
        // Its own thread would make it while requests are answered.
        advisor.run_left_jobs(sample::now()).unwrap();
        let mut config = Config::new(advisor.clone());
        config.credentials = credentials;
        config.clock = Arc::new(sample::now);
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
            advisor,
            _folder: folder,
        }
    }

    /// The status and the body of the answer, to its end.
    pub(crate) fn ask(&self, request: Request<Body>) -> (u16, Vec<u8>) {
        self.runtime.block_on(async {
            let answer = self.router.clone().oneshot(request).await.unwrap();
            let (head, body) = answer.into_parts();
            let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
            (head.status.as_u16(), body.to_vec())
        })
    }
}

/// The service that requests without a signature are sent to.
struct Open {
    service: Service,
    /// The jobs of the sample, in the order of their making.
    jobs: Vec<JobId>,
    /// The number of jobs that requests made.
    made: Mutex<usize>,
}

static OPEN: LazyLock<Open> = LazyLock::new(|| {
    let caller = Caller::from_arn(CALLER, "me").unwrap();
    let service = Service::new(&caller, None);
    let jobs = service.advisor.store().jobs().unwrap();
    // Completed ones first, and the failed one last.
    let mut jobs: Vec<_> = jobs.into_iter().map(|it| (it.bytes, it.job.id)).collect();
    jobs.sort_by_key(|(bytes, _)| std::cmp::Reverse(*bytes));
    Open {
        service,
        jobs: jobs.into_iter().map(|(_, id)| id).collect(),
        made: Mutex::default(),
    }
});

impl Open {
    /// Asks with this body, and checks the answer. Returns the marker of the next page.
    fn ask(&self, body: String) -> (u16, Option<String>) {
        let request = Request::post("/")
            .header("host", "localhost")
            .header("authorization", AUTHORIZATION)
            .header("x-amz-date", "20261101T000000Z")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(body))
            .unwrap();
        let (status, answer) = self.service.ask(request);
        assert!(status < 500, "{status}");
        let text = String::from_utf8(answer).unwrap();
        let document = roxmltree::Document::parse(&text).unwrap();
        let marker = document
            .descendants()
            .find(|node| node.has_tag_name(("https://iam.amazonaws.com/doc/2010-05-08/", "Marker")))
            .and_then(|node| node.text().map(str::to_owned));
        (status, marker)
    }

    /// Deletes the jobs that requests made, from time to time.
    fn tidy(&self) {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        *made += 1;
        if *made < JOBS {
            return;
        }
        *made = 0;
        let store = self.service.advisor.store();
        for summary in store.jobs().unwrap() {
            if !self.jobs.contains(&summary.job.id) {
                _ = store.delete_job(&summary.job.id).unwrap();
            }
        }
    }
}

/// The body of a request in the Query protocol, in which `JOB0` to `JOB3` stand for ids of jobs. The server answers with well-formed
/// XML, fails at nothing, and takes the markers that it gave.
pub(crate) fn query_request(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let mut body = text.to_owned();
    for (index, job) in OPEN.jobs.iter().enumerate() {
        body = body.replace(&format!("JOB{index}"), job.as_str());
    }
    let (status, mut marker) = OPEN.ask(body.clone());
    if status == 200 && body.contains("Generate") {
        OPEN.tidy();
    }
    let names = body.split('&').filter_map(|pair| pair.split('=').next());
    if names
        .into_iter()
        .any(|it| it == "Marker" || it.contains('%'))
    {
        return;
    }
    let mut seen = BTreeSet::new();
    for _ in 0..PAGES {
        let Some(of_next) = marker else {
            return;
        };
        assert!(seen.insert(of_next.clone()), "a page comes again");
        let (status, following) = OPEN.ask(format!("{body}&Marker={of_next}"));
        assert_eq!(status, 200, "the marker is refused");
        marker = following;
    }
}

/// A file with access keys.
pub(crate) fn credentials_file(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        _ = Credentials::parse(text);
    }
}
