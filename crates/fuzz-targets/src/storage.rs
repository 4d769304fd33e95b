//! Account exports, and files of stores.

use advisor_core::{AccountDataBuilder, Activity, Advisor, Granularity, Tracking};
use advisor_store::Store;
use chrono::DateTime;
use service_catalog::Catalog;

/// An account export, and service-level reports on a few of its entities.
pub(crate) fn account_export(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let mut builder = AccountDataBuilder::new();
    if builder.add("account.json", text).is_err() {
        return;
    }
    let Ok(account) = builder.build() else {
        return;
    };
    let now = DateTime::from_timestamp(1_793_491_200, 0).unwrap();
    let advisor = Advisor::new(
        account,
        &Activity::new(),
        Catalog::shared(),
        Tracking::aws(),
        now,
    )
    .unwrap();
    let entities = advisor.account().reported_entities();
    for entity in entities.into_iter().take(2) {
        _ = advisor.report_on(entity, Granularity::Service);
    }
}

/// The file of a store: it is refused, or everything in it can be read or is an error.
pub(crate) fn store_file(data: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    std::fs::write(&path, data).unwrap();
    if let Ok(store) = Store::open(&path) {
        _ = store.accounts();
        _ = store.jobs();
        _ = store.activity_table();
        _ = store.coverage();
    }
}
