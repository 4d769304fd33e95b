//! What the pages at `/ui` show: the list of a caller's jobs, and one overview with live reports on the account's entities.

use std::collections::BTreeSet;
use std::time::Duration;

use advisor_core::{
    AccountId, Advisor, Caller, Cancellation, EntityId, EntityKind, FindingSettings, Granularity,
    Job, RightsizeOptions,
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

/// What the pages ask for without naming a resource.
const ASKED: [Operation; 6] = [
    Operation::GetAccountAuthorizationDetails,
    Operation::GetServiceLastAccessedDetails,
    Operation::ListUsers,
    Operation::ListRoles,
    Operation::ListGroups,
    Operation::ListPolicies,
];

/// What the pages show one caller: the server, the caller's jobs, and reports on what the caller may see.
pub(crate) struct GatheredReports<'a> {
    pub(crate) advisor: &'a StoredAdvisor,
    pub(crate) permissions: Permissions<'a>,
    pub(crate) caller: &'a Caller,
    pub(crate) now: DateTime<Utc>,
}

/// How many entities there are reports on.
#[derive(Clone, Copy, Default)]
struct Counts {
    made: usize,
    /// To a report on which the caller has no right.
    denied: usize,
}

impl GatheredReports<'_> {
    /// What the pages say of the server, and which of their requests the caller would be denied: they do without those.
    pub(crate) fn about(&self) -> Result<Value, ApiError> {
        let mut denied = Vec::new();
        for operation in ASKED {
            let parameters = Parameters::default();
            if !self
                .permissions
                .allow(operation, &parameters, self.caller)?
            {
                denied.push(operation.name());
            }
        }
        Ok(json!({
            "Version": env!("CARGO_PKG_VERSION"),
            "Catalog": self.advisor.catalog().fingerprint().to_string(),
            "HasStates": self.advisor.tracking().has_states(),
            "Denied": denied,
        }))
    }

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

    /// Live reports on the account's entities, as data of an HTML report: as jobs that are started now would answer, so that they fit
    /// together. They are made and compressed one by one, as many as the time allows: those of the caller's newest jobs first, then
    /// users and roles, then the others. `LeftOut` counts those that there was no time for, and `Denied` those to a report on which
    /// the caller has no right. `Data` is null without any.
    ///
    /// The data has policies, groups and tags too: callers need the right to read the account's authorization details, and the
    /// right to a report on each entity.
    pub(crate) fn within(&self, time: Duration) -> Result<String, ApiError> {
        self.check(Operation::GetAccountAuthorizationDetails)?;
        let jobs = self.advisor.jobs_of(self.caller, MOST_JOBS)?;
        let newest = || jobs.first().map(|job| job.account.clone());
        let Some(account) = self.caller.account().or_else(newest) else {
            return Ok(answer(Counts::default(), 0, "null"));
        };
        let advisor = self.advisor.latest_advisor(&account, self.now)?;
        let entities = entities(&account, &advisor, &jobs);
        let cancellation = Cancellation::within(time);
        let (counts, data) = self.data(&advisor, &entities, &cancellation)?;
        let left_out = entities.len() - counts.made - counts.denied;
        Ok(answer(counts, left_out, data.as_deref().unwrap_or("null")))
    }

    fn check(&self, operation: Operation) -> Result<(), ApiError> {
        let parameters = Parameters::default();
        self.permissions.check(operation, &parameters, self.caller)
    }

    /// Whether the caller has the right to a report on an entity.
    fn may_read(&self, advisor: &Advisor, entity: EntityId) -> Result<bool, ApiError> {
        let Some(detail) = advisor.account().entity(entity) else {
            return Ok(false);
        };
        let mut parameters = Parameters::default();
        parameters.push("Arn".to_owned(), detail.arn.to_string(), 1)?;
        let operation = Operation::GenerateServiceLastAccessedDetails;
        Ok(self
            .permissions
            .allow(operation, &parameters, self.caller)?)
    }

    /// The data of reports on those of the first entities that the caller may read, and how many there are and were denied.
    fn data(
        &self,
        advisor: &Advisor,
        entities: &[EntityId],
        cancellation: &Cancellation,
    ) -> Result<(Counts, Option<String>), ApiError> {
        let tracking = self.advisor.tracking();
        let options = HtmlOptions::default()
            .granularity(Granularity::Action)
            .limit(MOST_BYTES);
        let encoder = ReportEncoder::new(advisor).with_rightsizing(RightsizeOptions::default());
        let settings = FindingSettings::new().min_coverage_days(tracking.min_coverage_days);
        let mut html = None;
        let mut counts = Counts::default();
        'all: for some in entities.chunks(ENTITIES_AT_ONCE) {
            if cancellation.check().is_err() {
                break;
            }
            let mut readable = Vec::new();
            for entity in some {
                if self.may_read(advisor, *entity)? {
                    readable.push(*entity);
                }
            }
            counts.denied += some.len() - readable.len();
            let found = encoder.clone();
            let Ok(encoder) = found.find(&readable, &settings, || cancellation.check()) else {
                break;
            };
            let html = match &mut html {
                Some(html) => html,
                None => html.insert(
                    HtmlWriter::data_only(Vec::new(), &encoder, entities.len(), options.clone())
                        .map_err(ApiError::failure)?,
                ),
            };
            for entity in readable {
                let Ok(report) = advisor.try_report_on(entity, Granularity::Action, cancellation)
                else {
                    break 'all;
                };
                html.push(&encoder.encode(&report))
                    .map_err(ApiError::failure)?;
                counts.made += 1;
            }
        }
        let Some(html) = html.filter(|_| counts.made > 0) else {
            return Ok((counts, None));
        };
        let data = html.finish().map_err(ApiError::failure)?;
        let data = String::from_utf8(data).map_err(ApiError::failure)?;
        Ok((counts, Some(data)))
    }
}

/// The entities of an account: those of the newest jobs first, then users and roles, then the others.
fn entities(account: &AccountId, advisor: &Advisor, jobs: &[Job]) -> Vec<EntityId> {
    let data = advisor.account();
    let of_jobs = jobs.iter().filter(|job| job.account == *account);
    let of_jobs = of_jobs.filter_map(|job| data.resolve(&job.arn).ok());
    let mut others = data.reported_entities();
    others.sort_by_key(|entity| {
        let kind = data.entity(*entity).map(|detail| detail.kind);
        !matches!(kind, Some(EntityKind::User | EntityKind::Role))
    });
    let mut seen = BTreeSet::new();
    (of_jobs.chain(others))
        .filter(|entity| seen.insert(*entity))
        .collect()
}

fn answer(Counts { made, denied }: Counts, left_out: usize, data: &str) -> String {
    format!("{{\"Reports\":{made},\"LeftOut\":{left_out},\"Denied\":{denied},\"Data\":{data}}}")
}
