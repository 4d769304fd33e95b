//! What a caller's jobs were about, gathered for the pages at `/ui`: the list of the jobs, and one overview with live reports on
//! the same entities.

use std::collections::BTreeSet;

use advisor_core::{
    AccountId, Advisor, Caller, Cancellation, EntityId, FindingSettings, Granularity, Job,
    JobState, RightsizeOptions,
};
use advisor_html::{HtmlOptions, HtmlWriter, ReportEncoder};
use serde_json::{Value, json};

use crate::api::Api;
use crate::error::ApiError;
use crate::operation::Operation;
use crate::parameters::Parameters;

/// Older jobs are not looked at.
const MOST_JOBS: usize = 5_000;
/// How many jobs are listed.
const MOST_LISTED: usize = 1_000;
/// How many reports are gathered.
const MOST_REPORTS: usize = 1_000;
/// The most bytes of gathered reports, about.
const MOST_BYTES: u64 = 8 << 20;

/// The caller's jobs, newest first.
pub(crate) fn jobs(api: &Api, caller: &Caller) -> Result<Value, ApiError> {
    let parameters = Parameters::default();
    api.check_permission(
        Operation::GetServiceLastAccessedDetails,
        &parameters,
        caller,
    )?;
    let jobs = api.advisor().jobs_of(caller, MOST_LISTED + 1)?;
    let listed = jobs.iter().take(MOST_LISTED).map(|job| {
        json!({
            "JobId": job.id.as_str(),
            "Arn": job.arn,
            "Granularity": job.granularity.as_str(),
            "Created": job.created.timestamp(),
            "Status": job.state.status(),
        })
    });
    Ok(json!({ "Jobs": listed.collect::<Vec<_>>(), "IsCut": jobs.len() > MOST_LISTED }))
}

/// Live reports on the entities of the caller's finished jobs, as data of an HTML report: as jobs that are started now would
/// answer, so that they fit together. `Data` is null without any.
///
/// The data has policies, groups and tags too: callers need the right to read the account's authorization details, and the right
/// to a report on each entity.
pub(crate) fn gather(api: &Api, caller: &Caller) -> Result<String, ApiError> {
    let parameters = Parameters::default();
    api.check_permission(
        Operation::GetAccountAuthorizationDetails,
        &parameters,
        caller,
    )?;
    let jobs = api.advisor().jobs_of(caller, MOST_JOBS)?;
    let finished = jobs
        .iter()
        .filter(|job| matches!(job.state, JobState::Completed { .. }));
    let mut finished = finished.peekable();
    let newest = finished.peek().map(|job| job.account.clone());
    let Some(account) = caller.account().or(newest) else {
        return Ok(answer(0, 0, "null"));
    };
    let advisor = api.advisor().latest_advisor(&account, api.now())?;
    let entities = entities(api, caller, &account, &advisor, finished);
    if entities.is_empty() {
        return Ok(answer(0, 0, "null"));
    }
    // The other half of the time is for sending them.
    let cancellation = Cancellation::within(api.limits().answer_time / 2);
    let encoder = encoder(api, &advisor, &entities);
    let mut encoded = Vec::new();
    for entity in entities.iter().take(MOST_REPORTS) {
        match advisor.try_report_on(*entity, Granularity::Action, &cancellation) {
            Ok(report) => encoded.push(encoder.encode(&report)),
            Err(_) => break,
        }
    }
    let options = HtmlOptions::default()
        .with_granularity(Granularity::Action)
        .with_limit(MOST_BYTES);
    let write = || {
        let mut html = HtmlWriter::data_only(Vec::new(), &encoder, encoded.len(), options)?;
        for report in &encoded {
            html.push(report)?;
        }
        html.finish()
    };
    let data = write().map_err(|error| ApiError::failure(error.to_string()))?;
    let data = String::from_utf8(data).map_err(|error| ApiError::failure(error.to_string()))?;
    let left_out = entities.len() - encoded.len();
    Ok(answer(encoded.len(), left_out, &data))
}

fn answer(reports: usize, left_out: usize, data: &str) -> String {
    format!("{{\"Reports\":{reports},\"LeftOut\":{left_out},\"Data\":{data}}}")
}

/// The entities of jobs on an account, those of the newest jobs first, without those that the caller has no right to now and those
/// that are there no more.
fn entities<'a>(
    api: &Api,
    caller: &Caller,
    account: &AccountId,
    advisor: &Advisor,
    jobs: impl Iterator<Item = &'a Job>,
) -> Vec<EntityId> {
    let mut seen = BTreeSet::new();
    let arns = jobs.filter(|job| job.account == *account && seen.insert(&*job.arn));
    let may_read = |arn: &str| {
        let mut parameters = Parameters::default();
        let operation = Operation::GenerateServiceLastAccessedDetails;
        parameters.push("Arn".to_owned(), arn.to_owned(), 1).is_ok()
            && api.check_permission(operation, &parameters, caller).is_ok()
    };
    let entities = arns.filter_map(|job| {
        let entity = advisor.account().resolve(&job.arn).ok()?;
        may_read(&job.arn).then_some(entity)
    });
    entities.collect()
}

fn encoder(api: &Api, advisor: &Advisor, entities: &[EntityId]) -> ReportEncoder {
    let encoder = ReportEncoder::new(advisor);
    let tracking = api.advisor().tracking();
    if !tracking.has_states() {
        return encoder;
    }
    let mut settings = FindingSettings::default();
    settings.min_coverage_days = tracking.min_coverage_days;
    let shown = entities.get(..MOST_REPORTS).unwrap_or(entities);
    encoder
        .with_findings(advisor.findings_on(shown, &settings))
        .with_rightsizer(advisor.rightsizer(RightsizeOptions::default()))
}
