//! Reports on a role whose account has a generated trail.

use std::sync::{Arc, LazyLock};

use advisor_core::{
    Activity, Advisor, DaySet, Granularity, Report, ReportCoverage, State, StateReason, Tracking,
};
use chrono::{DateTime, Utc};
use cloudtrail_reader::{ReadOptions, TrailReader};
use service_catalog::Catalog;

use super::exports::Export;
use super::trails::{self, ANN, DAYS, FIRST};

pub(crate) static CATALOG: LazyLock<Arc<Catalog>> =
    LazyLock::new(|| Arc::new(Catalog::parse(trails::CATALOG).unwrap()));

pub(crate) static READER: LazyLock<TrailReader> =
    LazyLock::new(|| TrailReader::new(CATALOG.clone(), ReadOptions::new()));

/// The instant of the reports: after the last day.
pub(crate) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp_millis(DaySet::start_of(FIRST + DAYS)).unwrap()
}

/// The report on Ann's actions, and what it rests on.
pub(crate) fn answer(
    export: &Export,
    activity: &Activity,
    tracking: &Tracking,
) -> (Report, ReportCoverage) {
    let (account, catalog) = (export.account(), CATALOG.clone());
    let advisor = Advisor::new(account, activity, catalog, tracking.clone(), now()).unwrap();
    let report = advisor.report(ANN, Granularity::Action).unwrap();
    (report, advisor.coverage())
}

/// The rows of a report: name, state and reason.
pub(crate) fn states(report: &Report) -> Vec<(String, State, Option<StateReason>)> {
    let mut states = Vec::new();
    for row in report.services() {
        let namespace = row.service_namespace;
        let reason = row.state_reason.cloned();
        states.push((namespace.to_owned(), row.state.unwrap(), reason));
        for action in &row.tracked_actions_last_accessed {
            let name = format!("{namespace}:{}", action.action_name);
            let reason = action.state_reason.cloned();
            states.push((name, action.state.unwrap(), reason));
        }
    }
    states
}
