//! The four last-accessed operations of IAM, answered from a store: what every face calls.

use std::sync::{Arc, Mutex, PoisonError};

use advisor_core::{
    AccountData, AccountId, Activity, Advisor, Caller, FrozenReport, Granularity, Job, JobAnswer,
    JobError, JobId, JobState, PageRequest, PagedOperation, PoliciesGrantingServiceAccess,
    RequestError, Tracking, policies_granting_service_access,
};
use chrono::{DateTime, Utc};
use service_catalog::Catalog;
use uuid::Uuid;

use crate::accounts::AccountPicture;
use crate::database::{Store, StoreError};
use crate::jobs::PendingJob;

/// Answers from a store. All methods may block: on the file, and while a report is made.
#[derive(Debug)]
pub struct StoredAdvisor {
    store: Arc<Store>,
    catalog: Arc<Catalog>,
    tracking: Tracking,
    /// The advisor made last, for the accounts and activity it was made for.
    advisor: Mutex<Option<(AdvisorKey, Advisor)>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct AdvisorKey {
    account: AccountId,
    generation: i64,
    activity_version: i64,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum OperationError {
    /// The request is at fault.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The store is.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl StoredAdvisor {
    /// Answers from this store.
    #[must_use]
    pub fn new(store: Arc<Store>, catalog: Arc<Catalog>, tracking: Tracking) -> Self {
        Self {
            store,
            catalog,
            tracking,
            advisor: Mutex::new(None),
        }
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// The catalog.
    #[must_use]
    pub fn catalog(&self) -> &Arc<Catalog> {
        &self.catalog
    }

    /// `GenerateServiceLastAccessedDetails`: keeps a job, in progress, as of now. Whoever calls this
    /// calls [`StoredAdvisor::run_job`] next, on a thread that may take its time.
    ///
    /// # Errors
    /// As IAM words them: an ARN that is none of IAM's, of another account, or of nothing that
    /// exists; the store's.
    pub fn generate(
        &self,
        caller: &Caller,
        arn: &str,
        granularity: Granularity,
        now: DateTime<Utc>,
    ) -> Result<JobId, OperationError> {
        loop {
            let (job, picture) = self.new_job(caller, arn, granularity, now)?;
            // When an import came between: once more, with the account as it is now.
            if self.store.insert_job(&job, picture.generation)? {
                return Ok(job.id);
            }
        }
    }

    /// [`StoredAdvisor::generate`] and [`StoredAdvisor::run_job`] in one, for callers that wait for the
    /// report: the job is kept with its report, or, when the process stops, not at all. `clock` is
    /// asked when the report is made.
    ///
    /// # Errors
    /// As [`StoredAdvisor::generate`].
    pub fn generate_completed(
        &self,
        caller: &Caller,
        arn: &str,
        granularity: Granularity,
        now: DateTime<Utc>,
        clock: impl FnOnce() -> DateTime<Utc>,
    ) -> Result<JobId, OperationError> {
        let (job, picture) = self.new_job(caller, arn, granularity, now)?;
        let (activity_version, activity) = self.store.activity()?;
        let advisor = self.advisor(&picture, activity_version, now, || Ok(activity))?;
        let report = FrozenReport::freeze(&advisor, arn, granularity)?;
        let pending = PendingJob {
            job,
            generation: picture.generation,
            activity_version,
        };
        self.store
            .insert_completed_job(&pending, &report, clock())?;
        Ok(pending.job.id)
    }

    /// A job for an entity of the account as it is now.
    fn new_job(
        &self,
        caller: &Caller,
        arn: &str,
        granularity: Granularity,
        now: DateTime<Utc>,
    ) -> Result<(Job, Arc<AccountPicture>), OperationError> {
        let (account, _) = self.account_for(caller, arn)?;
        let picture = self.store.picture(&account)?;
        let picture = picture.ok_or_else(|| no_such_arn(arn))?;
        picture.account.resolve(arn)?;
        let job = Job {
            id: JobId::from(Uuid::new_v4().to_string().as_str()),
            owner: caller.owner_key(),
            account,
            arn: arn.to_owned(),
            granularity,
            created: now,
            state: JobState::InProgress,
        };
        Ok((job, picture))
    }

    /// Makes the report of a job in progress. One that is not in progress is left alone.
    ///
    /// # Errors
    /// The store's; then the job stays in progress, and may be run again.
    pub fn run_job(&self, id: &JobId, now: DateTime<Utc>) -> Result<(), StoreError> {
        let Some(pending) = self.store.pending_job(id)? else {
            return Ok(());
        };
        if pending.job.state != JobState::InProgress {
            return Ok(());
        }
        let (job, version) = (&pending.job, pending.activity_version);
        let made = match self.store.picture_at(&job.account, pending.generation)? {
            Some(picture) => {
                let activity = || self.store.activity_at(version);
                let advisor = self.advisor(&picture, version, job.created, activity)?;
                FrozenReport::freeze(&advisor, &job.arn, job.granularity).map_err(|error| {
                    JobError {
                        message: error.to_string(),
                        code: error.code().to_owned(),
                    }
                })
            }
            // Imports keep it while a job waits for it.
            None => Err(JobError {
                message: "The account data that the report was to be made from is gone.".into(),
                code: "ServiceFailure".into(),
            }),
        };
        match made {
            Ok(report) => self.store.complete_job(id, &report, now),
            Err(error) => self.store.fail_job(id, &error, now),
        }
    }

    /// Ends a job in progress without a report, when making it failed in a way that would repeat.
    ///
    /// # Errors
    /// The store's.
    pub fn fail_job(
        &self,
        id: &JobId,
        error: &JobError,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.store.fail_job(id, error, now)
    }

    /// Makes the reports of all jobs that were left in progress, by a process that stopped.
    ///
    /// # Errors
    /// The store's.
    pub fn run_left_jobs(&self, now: DateTime<Utc>) -> Result<usize, StoreError> {
        let left = self.store.jobs_in_progress()?;
        for id in &left {
            self.run_job(id, now)?;
        }
        Ok(left.len())
    }

    /// `GetServiceLastAccessedDetails`.
    ///
    /// # Errors
    /// As IAM words them: a job that is not the caller's, a marker of another job; the store's.
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
        let Some((rows, length)) = self.store.job_services(&job.id, page)? else {
            return Err(job.id.not_found().into());
        };
        let rows = rows
            .iter()
            .map(|row| serde_json::from_str(row))
            .collect::<Result<_, _>>()
            .map_err(|error| self.store.damaged(error.to_string()))?;
        Ok(JobAnswer::services(&job, rows, page.next(length), key))
    }

    /// `GetServiceLastAccessedDetailsWithEntities`.
    ///
    /// # Errors
    /// As IAM words them: a namespace that is malformed or unknown, a job that is not the caller's,
    /// a marker of another job; the store's.
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
        let Some(frozen) = self.store.job_entities(&job.id, namespace)? else {
            return Err(job.id.not_found().into());
        };
        let live = match self.store.picture(&job.account)? {
            Some(picture) => picture.account.clone(),
            None => Arc::new(AccountData::default()),
        };
        let entities = FrozenReport::entities_of(&frozen, namespace, &live);
        Ok(JobAnswer::entities(&job, entities, page, key))
    }

    /// `ListPoliciesGrantingServiceAccess`.
    ///
    /// # Errors
    /// As IAM words them; see [`policies_granting_service_access`]; the store's.
    pub fn policies(
        &self,
        caller: &Caller,
        arn: &str,
        namespaces: &[String],
    ) -> Result<Vec<PoliciesGrantingServiceAccess>, OperationError> {
        let account = self.account_for(caller, arn).map(|(_, account)| account);
        let none = Arc::new(AccountData::default());
        // What is wrong with the request itself comes before what is wrong with the account.
        let live = account.as_ref().unwrap_or(&none);
        let granting = policies_granting_service_access(live, &self.catalog, arn, namespaces);
        match (granting, account) {
            (Err(RequestError::NoSuchEntity(_)), Err(error)) => Err(error),
            (granting, _) => Ok(granting?),
        }
    }

    /// The account that an ARN is about, as it is now: the caller's.
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
        let picture = match &account {
            Some(account) => self.store.picture(account)?,
            None => None,
        };
        let live = picture.map_or_else(Arc::default, |picture| picture.account.clone());
        // What is no ARN of IAM is refused before anybody asks whose it is.
        let resolved = live.resolve(arn);
        match (account, of_arn) {
            (Some(own), Some(other)) if own != other => match resolved {
                Err(RequestError::ValidationError(_) | RequestError::InvalidInput(_)) => {
                    resolved.map(|_| (own, live)).map_err(Into::into)
                }
                _ => Err(RequestError::other_account(caller.arn(), arn).into()),
            },
            (Some(own), _) => Ok((own, live)),
            (None, _) => Err(resolved.err().unwrap_or_else(|| no_such_arn(arn)).into()),
        }
    }

    /// The store's account, when there is one only: whose else could an AWS-managed policy's
    /// entities be?
    fn only_account(&self) -> Result<Option<AccountId>, StoreError> {
        let mut accounts = self.store.accounts()?;
        Ok(if accounts.len() == 1 {
            accounts.pop()
        } else {
            None
        })
    }

    fn job_of(&self, caller: &Caller, job_id: &str) -> Result<Job, OperationError> {
        let id = JobId::check(job_id)?;
        let owner = caller.owner_key();
        match self.store.job(&id)? {
            Some(job) if job.owner == owner => Ok(job),
            _ => Err(id.not_found().into()),
        }
    }

    /// The advisor for an account and the activity at a version. One is made at a time: whoever
    /// comes meanwhile wants the same one, most likely.
    fn advisor(
        &self,
        picture: &AccountPicture,
        activity_version: i64,
        now: DateTime<Utc>,
        activity: impl FnOnce() -> Result<Arc<Activity>, StoreError>,
    ) -> Result<Advisor, StoreError> {
        let key = AdvisorKey {
            account: picture.id.clone(),
            generation: picture.generation,
            activity_version,
        };
        let mut last = self.advisor.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, advisor)) = &*last
            && *known == key
        {
            return Ok(advisor.at(now));
        }
        let advisor = Advisor::new(
            picture.account.clone(),
            &*activity()?,
            self.catalog.clone(),
            self.tracking.clone(),
            now,
        );
        *last = Some((key, advisor.clone()));
        Ok(advisor)
    }
}

fn no_such_arn(arn: &str) -> RequestError {
    RequestError::NoSuchEntity(format!("ARN {arn} does not exist."))
}
