//! What a caller's jobs were about, gathered for the pages at `/ui`: the list of the jobs, and one overview with live reports on
//! the same entities.

use std::collections::BTreeSet;
use std::io;
use std::time::Duration;

use advisor_core::{
    AccountId, Advisor, Caller, Cancellation, EntityId, FindingSettings, Granularity, Job,
    JobState, RightsizeOptions, Tracking,
};
use advisor_html::{HtmlOptions, HtmlWriter, ReportEncoder};
use advisor_store::StoredAdvisor;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::auth::permission_check::Permissions;
use crate::error::ApiError;
use crate::operation::Operation;
use crate::parameters::Parameters;

/// Older jobs are neither listed nor looked at.
const MOST_JOBS: usize = 20_000;
/// For so many entities at once, findings are looked for: then, whether there is time for more.
const ENTITIES_AT_ONCE: usize = 10;
/// The most bytes of gathered reports, about: then their rows only.
const MOST_BYTES: u64 = 8 << 20;

/// What the jobs of one caller were about.
pub(crate) struct GatheredReports<'a> {
    pub(crate) advisor: &'a StoredAdvisor,
    pub(crate) permissions: Permissions<'a>,
    pub(crate) caller: &'a Caller,
    pub(crate) now: DateTime<Utc>,
}

impl GatheredReports<'_> {
    /// The caller's jobs, newest first.
    pub(crate) fn jobs(&self) -> Result<Value, ApiError> {
        self.check(Operation::GetServiceLastAccessedDetails)?;
        let jobs = self.advisor.jobs_of(self.caller, MOST_JOBS + 1)?;
        let listed = jobs.iter().take(MOST_JOBS).map(|job| {
            json!({
                "JobId": job.id.as_str(),
                "Arn": job.arn,
                "Granularity": job.granularity.name(),
                "Created": job.created.timestamp(),
                "Status": job.state.status(),
            })
        });
        Ok(json!({ "Jobs": listed.collect::<Vec<_>>(), "IsCut": jobs.len() > MOST_JOBS }))
    }

    /// Live reports on the entities of the caller's finished jobs, as data of an HTML report: as jobs that are started now would
    /// answer, so that they fit together. They are made and compressed one by one, as many as the time allows:
    /// `LeftOut` counts the others. `Data` is null without any. `HasOlderJobs` says that there are jobs that were not looked at.
    ///
    /// The data has policies, groups and tags too: callers need the right to read the account's authorization details, and the
    /// right to a report on each entity.
    pub(crate) fn within(&self, time: Duration) -> Result<String, ApiError> {
        self.check(Operation::GetAccountAuthorizationDetails)?;
        let jobs = self.advisor.jobs_of(self.caller, MOST_JOBS + 1)?;
        let has_older_jobs = jobs.len() > MOST_JOBS;
        let finished = jobs
            .iter()
            .take(MOST_JOBS)
            .filter(|job| matches!(job.state, JobState::Completed { .. }));
        let mut finished = finished.peekable();
        let newest = finished.peek().map(|job| job.account.clone());
        let Some(account) = self.caller.account().or(newest) else {
            return Ok(answer(0, 0, has_older_jobs, "null"));
        };
        let advisor = self.advisor.latest_advisor(&account, self.now)?;
        let entities = self.entities(&account, &advisor, finished);
        let cancellation = Cancellation::within(time);
        let tracking = self.advisor.tracking();
        let (made, data) =
            data(&advisor, tracking, &entities, &cancellation).map_err(ApiError::failure)?;
        Ok(answer(
            made,
            entities.len() - made,
            has_older_jobs,
            data.as_deref().unwrap_or("null"),
        ))
    }

    fn check(&self, operation: Operation) -> Result<(), ApiError> {
        let parameters = Parameters::default();
        self.permissions.check(operation, &parameters, self.caller)
    }

    /// The entities of jobs on an account, those of the newest jobs first, without those that the caller has no right to now and
    /// those that are there no more.
    fn entities<'j>(
        &self,
        account: &AccountId,
        advisor: &Advisor,
        jobs: impl Iterator<Item = &'j Job>,
    ) -> Vec<EntityId> {
        let mut seen = BTreeSet::new();
        let arns = jobs.filter(|job| job.account == *account && seen.insert(&*job.arn));
        let may_read = |arn: &str| {
            let mut parameters = Parameters::default();
            let operation = Operation::GenerateServiceLastAccessedDetails;
            let permissions = self.permissions;
            parameters.push("Arn".to_owned(), arn.to_owned(), 1).is_ok()
                && permissions
                    .check(operation, &parameters, self.caller)
                    .is_ok()
        };
        let entities = arns.filter_map(|job| {
            let entity = advisor.account().resolve(&job.arn).ok()?;
            may_read(&job.arn).then_some(entity)
        });
        entities.collect()
    }
}

/// The data of reports on the first of these entities, and how many.
fn data(
    advisor: &Advisor,
    tracking: &Tracking,
    entities: &[EntityId],
    cancellation: &Cancellation,
) -> io::Result<(usize, Option<String>)> {
    let options = HtmlOptions::default()
        .granularity(Granularity::Action)
        .limit(MOST_BYTES);
    let mut encoder = ReportEncoder::new(advisor);
    if tracking.has_states() {
        encoder = encoder.with_rightsizer(advisor.rightsizer(RightsizeOptions::default()));
    }
    let settings = FindingSettings::new().min_coverage_days(tracking.min_coverage_days);
    let mut html = None;
    let mut made = 0;
    'all: for some in entities.chunks(ENTITIES_AT_ONCE) {
        let mut encoder = encoder.clone();
        if tracking.has_states() {
            let Ok(found) = encoder.find(some, &settings, || cancellation.check()) else {
                break;
            };
            encoder = found;
        }
        let html = match &mut html {
            Some(html) => html,
            None => html.insert(HtmlWriter::data_only(
                Vec::new(),
                &encoder,
                entities.len(),
                options.clone(),
            )?),
        };
        for entity in some {
            let Ok(report) = advisor.try_report_on(*entity, Granularity::Action, cancellation)
            else {
                break 'all;
            };
            html.push(&encoder.encode(&report))?;
            made += 1;
        }
    }
    let Some(html) = html.filter(|_| made > 0) else {
        return Ok((0, None));
    };
    let data = String::from_utf8(html.finish()?).map_err(io::Error::other)?;
    Ok((made, Some(data)))
}

fn answer(reports: usize, left_out: usize, has_older_jobs: bool, data: &str) -> String {
    format!(
        "{{\"Reports\":{reports},\"LeftOut\":{left_out},\"HasOlderJobs\":{has_older_jobs},\"Data\":{data}}}"
    )
}
