//! Reports on a user whose account has a generated trail.

use std::sync::{Arc, LazyLock};

use advisor_core::{
    AccountData, Activity, Advisor, DaySet, Granularity, Report, ReportCoverage, State,
    StateReason, Tracking,
};
use cloudtrail_reader::{ReadOptions, TrailReader};
use service_catalog::Catalog;

use super::trails::{self, ACCOUNT, DAYS, FIRST};

pub(crate) static CATALOG: LazyLock<Arc<Catalog>> =
    LazyLock::new(|| Arc::new(Catalog::parse(trails::CATALOG).unwrap()));

pub(crate) static READER: LazyLock<TrailReader> =
    LazyLock::new(|| TrailReader::new(CATALOG.clone(), ReadOptions::new()));

static USERS: LazyLock<Arc<AccountData>> = LazyLock::new(|| {
    let user = |name: &str| {
        format!(
            r#"{{"UserName":"{name}","UserId":"AIDA{name}","Arn":"arn:aws:iam::{ACCOUNT}:user/{name}","CreateDate":"2025-01-01T00:00:00Z","UserPolicyList":[{{"PolicyName":"p","PolicyDocument":{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"*","Resource":"*"}}]}}}}]}}"#
        )
    };
    let export = format!(r#"{{"UserDetailList":[{},{}]}}"#, user("ann"), user("bob"));
    Arc::new(AccountData::from_export("inline", &export).unwrap())
});

/// The report on Ann's actions after the last day, and what it rests on.
pub(crate) fn answer(activity: &Activity, tracking: &Tracking) -> (Report, ReportCoverage) {
    let now = DaySet::start_of(FIRST + DAYS);
    let advisor = Advisor::new(
        USERS.clone(),
        activity,
        CATALOG.clone(),
        tracking.clone(),
        chrono::DateTime::from_timestamp_millis(now).unwrap(),
    )
    .unwrap();
    let arn = format!("arn:aws:iam::{ACCOUNT}:user/ann");
    let report = advisor.report(&arn, Granularity::Action).unwrap();
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
