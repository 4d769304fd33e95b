//! Account exports.

use std::sync::LazyLock;

use advisor_core::{AccountDataBuilder, Activity, Advisor, Granularity, Tracking};
use cloudtrail_reader::{ReadOptions, TrailReader};

use crate::sample;

/// What the entities of the sample did.
static ACTIVITY: LazyLock<Activity> = LazyLock::new(|| {
    let mut activity = Activity::new();
    let reader = TrailReader::new(sample::CATALOG.clone(), ReadOptions::new());
    _ = reader.read_bytes("trail.json", sample::TRAIL.as_bytes(), &mut activity);
    activity
});

/// An account export: reports of both granularities on a few of its entities, and who in them used a service.
pub(crate) fn export(data: &[u8]) {
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
    let catalog = sample::CATALOG.clone();
    let tracking = Tracking::aws();
    let advisor = Advisor::new(account, &ACTIVITY, catalog, tracking, sample::now()).unwrap();
    for entity in advisor.account().reported_entities().into_iter().take(3) {
        let services = advisor.report_on(entity, Granularity::Service);
        let actions = advisor.report_on(entity, Granularity::Action);
        assert_eq!(services.services().len(), actions.services().len());
        _ = serde_json::to_string(&actions).unwrap();
        let arn = services.arn();
        for row in services.service_rows().take(2) {
            _ = advisor.entities(arn, row.namespace);
        }
        _ = advisor.last_by_entity(arn);
    }
}
