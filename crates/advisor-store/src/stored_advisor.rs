//! The four last-accessed operations of IAM over a store.

use std::sync::Arc;

use advisor_core::{
    AccountData, AccountId, Activity, Advisor, Caller, Cancellation, Cancelled, FreezeError,
    FrozenReport, Granularity, Job, JobAnswer, JobError, JobId, JobState, PageRequest,
    PagedOperation, PoliciesGrantingAnswer, RequestError, Tracking,
    policies_granting_service_access,
};
use chrono::{DateTime, Utc};
use service_catalog::Catalog;
use uuid::Uuid;

use crate::accounts::AccountSnapshot;
use crate::advisors::{AdvisorKey, Advisors, StoredAccount};
use crate::error::{Fault, StoreError};
use crate::job_rows::JobRow;
use crate::jobs;
use crate::store::Store;

/// The error code of jobs on policies that could not be evaluated.
const NOT_EVALUATED: &str = "NotEvaluated";

/// The four last-accessed operations over a store. All methods may block: on the file, and while a
/// report is made.
#[derive(Debug)]
pub struct StoredAdvisor {
    store: Arc<Store>,
    catalog: Arc<Catalog>,
    tracking: Tracking,
    allows_empty_activity: bool,
    advisors: Advisors,
}

/// Why an operation fails.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OperationError {
    /// The request is wrong.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No activity of the account was imported: a report would show everything as unused.
    #[error(transparent)]
    NoActivity(#[from] NoActivityError),
    /// There is no report to store, as on a managed policy that could not be evaluated.
    #[error(transparent)]
    NoReport(FreezeError),
}

impl From<FreezeError> for OperationError {
    fn from(error: FreezeError) -> Self {
        match error {
            FreezeError::Request(error) => error.into(),
            error => Self::NoReport(error),
        }
    }
}

/// There is no activity of an account, so a report would show everything as unused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no CloudTrail activity was imported for account {account}: a report would show everything as unused"
)]
#[non_exhaustive]
pub struct NoActivityError {
    /// The account.
    pub account: AccountId,
}

/// Why a job has no report.
enum NoReport {
    Failed(JobError),
    Cancelled,
}

impl NoActivityError {
    /// The error code of jobs that fail for this reason.
    pub const CODE: &'static str = "NoActivityImported";
}

impl StoredAdvisor {
    /// Makes an advisor over a store.
    #[must_use]
    pub fn new(store: Arc<Store>, catalog: Arc<Catalog>, tracking: Tracking) -> Self {
        Self {
            store,
            catalog,
            tracking,
            allows_empty_activity: false,
            advisors: Advisors::default(),
        }
    }

    /// Sets whether reports are made on accounts without any imported activity, in which everything is
    /// unused. By default such jobs fail.
    #[must_use]
    pub fn allow_empty_activity(mut self, allow: bool) -> Self {
        self.allows_empty_activity = allow;
        self
    }

    /// Returns the accounts of the store without any imported activity, sorted. Jobs on them fail, unless
    /// [they are allowed](Self::allow_empty_activity).
    ///
    /// # Errors
    /// The store cannot be used.
    pub fn accounts_without_activity(&self) -> Result<Vec<AccountId>, StoreError> {
        let mut accounts = self.store.accounts()?;
        if !accounts.is_empty() {
            let activity = self.store.activity_table()?;
            accounts.retain(|account| !activity.is_of(account));
        }
        Ok(accounts)
    }

    /// The store that it reads.
    #[must_use]
    pub fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// The catalog of services that it uses.
    #[must_use]
    pub fn catalog(&self) -> &Arc<Catalog> {
        &self.catalog
    }

    /// `GenerateServiceLastAccessedDetails`: stores a job in progress, as of now. Call
    /// [`StoredAdvisor::run_job`] next, on a thread that may block.
    ///
    /// # Errors
    /// In IAM's words: the ARN is not one of IAM, belongs to another account, or names nothing that
    /// exists. The store cannot be used.
    pub fn generate(
        &self,
        caller: &Caller,
        arn: &str,
        granularity: Granularity,
        now: DateTime<Utc>,
    ) -> Result<JobId, OperationError> {
        loop {
            let (job, snapshot) = self.new_job(caller, arn, granularity, now)?;
            // An import in between: try again with the new snapshot.
            if jobs::insert_in_progress(self.store.database(), &job, snapshot.generation)? {
                return Ok(job.id);
            }
        }
    }

    /// [`StoredAdvisor::generate`] and [`StoredAdvisor::run_job`] in one call: the job is stored with its
    /// report, or, when the process stops before, not at all. `clock` is read when the report is made.
    ///
    /// # Errors
    /// As [`StoredAdvisor::generate`]; the account has no activity; the policy could not be evaluated.
    pub fn generate_completed(
        &self,
        caller: &Caller,
        arn: &str,
        granularity: Granularity,
        now: DateTime<Utc>,
        clock: impl FnOnce() -> DateTime<Utc>,
    ) -> Result<JobId, OperationError> {
        let (job, snapshot) = self.new_job(caller, arn, granularity, now)?;
        let (activity_version, activity) = self.store.activity()?;
        let advisor = self.advisor(&snapshot, activity_version, now, || Ok(activity))??;
        let report = FrozenReport::freeze(&advisor, arn, granularity)?;
        let id = job.id.clone();
        let row = JobRow::new(job, snapshot.generation, activity_version);
        jobs::insert_completed(self.store.database(), row, &report, clock())?;
        Ok(id)
    }

    /// A job for an entity in the latest snapshot of its account.
    fn new_job(
        &self,
        caller: &Caller,
        arn: &str,
        granularity: Granularity,
        now: DateTime<Utc>,
    ) -> Result<(Job, Arc<AccountSnapshot>), OperationError> {
        let (account, _) = self.account_for(caller, arn)?;
        let snapshot = self.store.snapshot(&account)?;
        let snapshot = snapshot.ok_or_else(|| no_such_arn(arn))?;
        snapshot.account.check(arn)?;
        let job = Job {
            id: JobId::from(Uuid::new_v4().to_string().as_str()),
            owner: caller.owner_key(),
            account,
            arn: arn.to_owned(),
            granularity,
            created: now,
            state: JobState::InProgress,
        };
        Ok((job, snapshot))
    }

    /// Makes the report of a job in progress. A job of another status stays as it is.
    ///
    /// # Errors
    /// The store cannot be used. The job stays in progress, and can be run again.
    pub fn run_job(&self, id: &JobId, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.try_run_job(id, now, &Cancellation::new())?;
        Ok(())
    }

    /// [`StoredAdvisor::run_job`], unless it is cancelled: the job then stays in progress. When the time is over
    /// it fails, because it would take as long again. Returns the report that was made; `None` when none was.
    ///
    /// # Errors
    /// As [`StoredAdvisor::run_job`].
    pub fn try_run_job(
        &self,
        id: &JobId,
        now: DateTime<Utc>,
        cancellation: &Cancellation,
    ) -> Result<Option<FrozenReport>, StoreError> {
        let Some(pending) = jobs::get(self.store.database(), id)? else {
            return Ok(None);
        };
        if pending.job.state != JobState::InProgress {
            return Ok(None);
        }
        match self.make_report(&pending, cancellation)? {
            Ok(report) => {
                jobs::complete(self.store.database(), id, &report, now)?;
                return Ok(Some(report));
            }
            Err(NoReport::Failed(error)) => jobs::fail(self.store.database(), id, &error, now)?,
            Err(NoReport::Cancelled) => {}
        }
        Ok(None)
    }

    fn make_report(
        &self,
        pending: &JobRow,
        cancellation: &Cancellation,
    ) -> Result<Result<FrozenReport, NoReport>, StoreError> {
        let (job, version) = (&pending.job, pending.activity_version);
        let Some(snapshot) = self.store.snapshot_at(&job.account, pending.generation)? else {
            // Imports keep a snapshot while a job needs it.
            let what = format!("the account data of job {} is missing", job.id);
            return Err(self.store.database().fault(Fault::damaged(what)));
        };
        let activity = || self.store.activity_at(version);
        let made = match self.advisor(&snapshot, version, job.created, activity)? {
            Ok(advisor) => {
                FrozenReport::try_freeze(&advisor, &job.arn, job.granularity, cancellation)
            }
            Err(error) => {
                let error = JobError::new(NoActivityError::CODE, error.to_string());
                return Ok(Err(NoReport::Failed(error)));
            }
        };
        Ok(made.map_err(|error| match error {
            FreezeError::Request(error) => {
                NoReport::Failed(JobError::new(error.code(), error.to_string()))
            }
            FreezeError::NotEvaluated(policy) => NoReport::Failed(JobError::new(
                NOT_EVALUATED,
                format!("The policy was not evaluated: {policy}"),
            )),
            FreezeError::Cancelled(Cancelled::Requested) => NoReport::Cancelled,
            error => NoReport::Failed(JobError::new(
                "ServiceFailure",
                format!("The report was not made: {error}."),
            )),
        }))
    }

    /// Ends a job in progress without a report, when making it would fail again.
    ///
    /// # Errors
    /// The store cannot be used.
    pub fn fail_job(
        &self,
        id: &JobId,
        error: &JobError,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        jobs::fail(self.store.database(), id, error, now)
    }

    /// Makes the reports of all jobs that a stopped process left in progress. Returns their number.
    ///
    /// # Errors
    /// The store cannot be used.
    pub fn run_left_jobs(&self, now: DateTime<Utc>) -> Result<usize, StoreError> {
        let left = self.store.jobs_in_progress()?;
        for job in &left {
            self.run_job(&job.id, now)?;
        }
        Ok(left.len())
    }

    /// `GetServiceLastAccessedDetails`.
    ///
    /// # Errors
    /// In IAM's words: the job is not the caller's, or the marker belongs to another job. The store
    /// cannot be used.
    pub fn services(
        &self,
        caller: &Caller,
        job_id: &str,
        request: PageRequest<'_>,
    ) -> Result<JobAnswer, OperationError> {
        let key = self.store.marker_key();
        let job = self.job_of(caller, job_id)?;
        let page = request.page(key, PagedOperation::Services, &job.id)?;
        if !matches!(job.state, JobState::Completed { .. }) {
            return Ok(JobAnswer::without_list(&job));
        }
        let Some(found) = jobs::services(self.store.database(), &job.id, page)? else {
            return Err(job.id.not_found().into());
        };
        let rows = (found.rows)
            .iter()
            .map(|row| serde_json::from_str(row))
            .collect::<Result<_, _>>()
            .map_err(|error| Fault::damaged_by(format!("the report of job {job_id}"), error))
            .map_err(|fault| self.store.database().fault(fault))?;
        let answer = JobAnswer::services_page(&job, rows, page.next(found.length), key);
        Ok(answer
            .with_not_evaluated(found.not_evaluated)
            .with_undecided(found.undecided))
    }

    /// `GetServiceLastAccessedDetailsWithEntities`.
    ///
    /// # Errors
    /// In IAM's words: the namespace is malformed or unknown, the job is not the caller's, or the marker
    /// belongs to another job. The store cannot be used.
    pub fn entities(
        &self,
        caller: &Caller,
        job_id: &str,
        namespace: &str,
        request: PageRequest<'_>,
    ) -> Result<JobAnswer, OperationError> {
        let key = self.store.marker_key();
        let form = advisor_core::check_service_namespace(namespace);
        JobId::check(job_id)?;
        form?;
        let job = self.job_of(caller, job_id)?;
        advisor_core::find_service(&self.catalog, namespace)?;
        let page = request.page(key, PagedOperation::Entities, &job.id)?;
        if !matches!(job.state, JobState::Completed { .. }) {
            return Ok(JobAnswer::without_list(&job));
        }
        let Some(frozen) = jobs::entities(self.store.database(), &job.id, namespace)? else {
            return Err(job.id.not_found().into());
        };
        let live = match self.store.snapshot(&job.account)? {
            Some(snapshot) => snapshot.account.clone(),
            None => Arc::new(AccountData::default()),
        };
        let entities = FrozenReport::entities_of(&frozen.list, namespace, &live);
        let answer = JobAnswer::entities_page(&job, entities, page, key);
        Ok(answer.with_not_evaluated(frozen.not_evaluated))
    }

    /// `ListPoliciesGrantingServiceAccess`.
    ///
    /// # Errors
    /// As [`policies_granting_service_access`]; a marker, as there is only one page; the store cannot be used.
    pub fn policies(
        &self,
        caller: &Caller,
        arn: &str,
        namespaces: &[String],
        marker: Option<&str>,
    ) -> Result<PoliciesGrantingAnswer, OperationError> {
        if let Some(marker) = marker {
            let key = self.store.marker_key();
            key.open(marker, PagedOperation::Services, &JobId::from(""))?;
        }
        let account = self.account_for(caller, arn).map(|(_, account)| account);
        let none = Arc::new(AccountData::default());
        // IAM reports what is wrong with the request before what is wrong with the account.
        let live = account.as_ref().unwrap_or(&none);
        let granting = policies_granting_service_access(live, &self.catalog, arn, namespaces);
        match (granting, account) {
            (Err(RequestError::NoSuchEntity(_)), Err(error)) => Err(error),
            (granting, _) => Ok(granting?.into()),
        }
    }

    /// Returns the caller's account, or the one in the ARN, with its latest data.
    fn account_for(
        &self,
        caller: &Caller,
        arn: &str,
    ) -> Result<(AccountId, Arc<AccountData>), OperationError> {
        let of_arn = AccountId::of_arn(arn).filter(|account| !account.is_aws());
        let account = match caller.account().or_else(|| of_arn.clone()) {
            None => self.only_account()?,
            some => some,
        };
        let snapshot = match &account {
            Some(account) => self.store.snapshot(account)?,
            None => None,
        };
        let live = snapshot.map_or_else(Arc::default, |snapshot| snapshot.account.clone());
        // IAM rejects what is not an ARN of IAM before it compares accounts.
        let resolved = live.resolve(arn);
        match (account, of_arn) {
            (Some(own), Some(other)) if own != other => match resolved {
                Err(
                    RequestError::ValidationError(_)
                    | RequestError::ConstraintViolation(_)
                    | RequestError::InvalidInput(_),
                ) => resolved.map(|_| (own, live)).map_err(Into::into),
                _ => Err(RequestError::other_account(caller.arn(), arn).into()),
            },
            (Some(own), _) => Ok((own, live)),
            (None, _) => Err(resolved.err().unwrap_or_else(|| no_such_arn(arn)).into()),
        }
    }

    /// Returns the store's account when there is only one: an AWS managed policy then is attached to
    /// entities of this account.
    fn only_account(&self) -> Result<Option<AccountId>, StoreError> {
        let mut accounts = self.store.accounts()?;
        Ok(if accounts.len() == 1 {
            accounts.pop()
        } else {
            None
        })
    }

    /// Returns the jobs of a caller, newest first, `most` at most.
    ///
    /// # Errors
    /// The store cannot be used.
    pub fn jobs_of(&self, caller: &Caller, most: usize) -> Result<Vec<Job>, StoreError> {
        jobs::of_owner(self.store.database(), &caller.owner_key(), most)
    }

    /// Returns the advisor that a job on an account would be made with now: on its latest import and all activity.
    ///
    /// # Errors
    /// The account is not in the store, or has no activity. The store cannot be used.
    pub fn latest_advisor(
        &self,
        account: &AccountId,
        now: DateTime<Utc>,
    ) -> Result<Advisor, OperationError> {
        let snapshot = self.store.snapshot(account)?.ok_or_else(|| {
            RequestError::NoSuchEntity(format!("Account {account} was not imported."))
        })?;
        let (version, activity) = self.store.activity()?;
        Ok(self.advisor(&snapshot, version, now, || Ok(activity))??)
    }

    /// How reports are made.
    #[must_use]
    pub fn tracking(&self) -> &Tracking {
        &self.tracking
    }

    fn job_of(&self, caller: &Caller, job_id: &str) -> Result<Job, OperationError> {
        let id = JobId::check(job_id)?;
        let owner = caller.owner_key();
        match jobs::get(self.store.database(), &id)? {
            Some(row) if row.job.owner == owner => Ok(row.job),
            _ => Err(id.not_found().into()),
        }
    }

    /// Returns the advisor for an account and the activity at a version, if there is activity of the account.
    fn advisor(
        &self,
        snapshot: &AccountSnapshot,
        activity_version: i64,
        now: DateTime<Utc>,
        activity: impl FnOnce() -> Result<Arc<Activity>, StoreError>,
    ) -> Result<Result<Advisor, NoActivityError>, StoreError> {
        let key = AdvisorKey {
            account: snapshot.id.clone(),
            generation: snapshot.generation,
            activity_version,
        };
        let account = self.advisors.get(key, || {
            let activity = activity()?;
            let advisor = Advisor::new(
                snapshot.account.clone(),
                &activity,
                self.catalog.clone(),
                self.tracking.clone(),
                now,
            );
            let advisor = advisor.map_err(|mismatch| self.store.other_catalog(mismatch))?;
            Ok::<_, StoreError>(StoredAccount {
                has_activity: activity.is_of(&snapshot.id),
                advisor,
            })
        })?;
        Ok(if account.has_activity || self.allows_empty_activity {
            Ok(account.advisor.at(now))
        } else {
            Err(NoActivityError {
                account: snapshot.id.clone(),
            })
        })
    }
}

fn no_such_arn(arn: &str) -> RequestError {
    RequestError::NoSuchEntity(format!("ARN {arn} does not exist."))
}
