//! A small store with an account, its activity, and jobs.

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use advisor_core::{Caller, Granularity, JobError, Tracking};
use advisor_store::{Store, StoredAdvisor};
use chrono::{DateTime, Utc};
use cloudtrail_reader::{ReadOptions, TrailReader};
use service_catalog::Catalog;
use tempfile::TempDir;

/// An account export.
pub(crate) const ACCOUNT: &str = include_str!("../sample/account.json");
/// A CloudTrail object.
pub(crate) const TRAIL: &str = include_str!("../sample/trail.json");

/// A user of the account.
pub(crate) const ANN: &str = "arn:aws:iam::111122223333:user/ann";

/// The services of [`CATALOG`].
const SERVICES: [&str; 5] = ["dynamodb", "kms", "lambda", "s3", "sqs"];

/// A catalog of a few services, of which advisors are made in a moment.
pub(crate) static CATALOG: LazyLock<Arc<Catalog>> = LazyLock::new(|| {
    let table = Catalog::embedded().to_table();
    let mut is_kept = true;
    let mut lines = String::new();
    for line in table.lines() {
        if let Some(service) = line.strip_prefix("service\t") {
            is_kept = SERVICES
                .iter()
                .any(|kept| service.starts_with(&format!("{kept}\t")));
        }
        // Actions of other services.
        let names_other = line.split('\t').nth(2).is_some_and(|it| it.contains(':'))
            && ["event\t", "implies\t"]
                .iter()
                .any(|kind| line.starts_with(kind));
        if is_kept && !names_other && !line.starts_with("when\t") {
            lines.push_str(line);
            lines.push('\n');
        }
    }
    Arc::new(Catalog::parse(&lines).unwrap())
});

/// When everything happens.
pub(crate) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_793_491_200, 0).unwrap()
}

/// A folder in memory, if the system has one: no target waits for a disk.
pub(crate) fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() {
        tempfile::tempdir_in(memory).unwrap()
    } else {
        tempfile::tempdir().unwrap()
    }
}

/// Makes a store in a folder, with a job of each granularity, a failed one, and one in progress that needs an earlier snapshot.
/// Jobs belong to the caller.
pub(crate) fn store(folder: &TempDir, caller: &Caller) -> PathBuf {
    let path = folder.path().join("store.db");
    let trail = folder.path().join("trail.json");
    std::fs::write(&trail, TRAIL).unwrap();
    let store = Arc::new(Store::open_or_create(&path).unwrap());
    let exports = [("account.json".to_owned(), ACCOUNT.to_owned())];
    store.import_accounts(&exports, now()).unwrap();
    let reader = TrailReader::new(CATALOG.clone(), ReadOptions::new());
    store.import_trail(&reader, &[&trail], &|_| ()).unwrap();
    let advisor = advisor(store.clone());
    for granularity in [Granularity::Service, Granularity::Action] {
        advisor
            .generate_completed(caller, ANN, granularity, now(), now)
            .unwrap();
    }
    let [failed, _waiting] = [(), ()].map(|()| {
        let job = advisor.generate(caller, ANN, Granularity::Service, now());
        job.unwrap()
    });
    let error = JobError::new("ServiceFailure", "as if it had failed");
    advisor.fail_job(&failed, &error, now()).unwrap();
    store.import_accounts(&exports, now()).unwrap();
    path
}

/// What answers from a store.
pub(crate) fn advisor(store: Arc<Store>) -> StoredAdvisor {
    StoredAdvisor::new(store, CATALOG.clone(), Tracking::aws()).allow_empty_activity(true)
}
