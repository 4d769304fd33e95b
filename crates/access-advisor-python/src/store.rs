//! The store: accounts, activity and jobs in one file.

use std::path::PathBuf;
use std::sync::Arc;

use access_advisor::job::{Caller, JobId, JobState, MaxItems, PageRequest};
use access_advisor::report::Granularity;
use access_advisor::store::{JobRetention, StoredAdvisor};
use access_advisor::text::Printable;
use access_advisor::time;
use chrono::TimeDelta;
use pyo3::intern;
use pyo3::prelude::*;
use serde::Serialize;

use crate::account::AccountData;
use crate::activity::{Activity, reader};
use crate::answer::answer;
use crate::arguments::{ApiLevel, Instant, Items, Paths, Size, Texts, Threads, clock};
use crate::catalog::Catalog;
use crate::progress::{Counts, Listener};
use crate::reconciliation::Reconciliation;
use crate::tracking::TrackingParameter;
use crate::{error, work};

/// A file with accounts, activity and jobs, as `access-advisor serve` uses it.
///
/// The operations have the names, arguments and answers of `boto3.client("iam")`, and `exceptions` has the names of its
/// exceptions.
///
/// Args:
///     path: The file. It is created if it does not exist.
///     tracking: Which part of the activity reports cover, as for Advisor.
///     caller: The ARN of the user or role session that calls the operations. Jobs belong to their caller. None: the local
///         user.
///     create: False to raise StoreError if the file does not exist.
///     catalog: The catalog of services and actions, for imports and reports; the built-in one when None.
///     allow_empty_activity: True to report also on accounts of which no activity was imported; everything is unused then.
///
/// Raises:
///     StoreError: The file cannot be opened, is not a store, or has activity that another catalog credited.
///
/// >>> store = Store(folder / "advisor.db")
/// >>> store.import_account("testdata/account.json")
/// ['111122223333']
/// >>> store.import_trail("testdata/trail").reconciliation.records_attributed
/// 322
/// >>> job = store.generate_service_last_accessed_details(Arn="arn:aws:iam::111122223333:user/erin")
/// >>> page = store.get_service_last_accessed_details(JobId=job["JobId"], MaxItems=2)
/// >>> page["JobStatus"], len(page["ServicesLastAccessed"]), page["IsTruncated"]
/// ('COMPLETED', 2, True)
#[pyclass(frozen, module = "access_advisor")]
#[derive(Debug)]
pub(crate) struct Store {
    operations: Arc<StoredAdvisor>,
    caller: Caller,
    path: PathBuf,
    catalog: Option<Py<Catalog>>,
}

/// The result of importing a trail.
#[pyclass(frozen, module = "access_advisor")]
#[derive(Debug)]
pub(crate) struct ImportedTrail {
    /// What became of the new objects.
    #[pyo3(get)]
    reconciliation: Reconciliation,
    /// The number of objects that had been imported before. They were not read again.
    #[pyo3(get)]
    known: u64,
    /// Objects that had been imported before with another size. They were not read again.
    #[pyo3(get)]
    changed: Vec<String>,
}

#[pymethods]
impl ImportedTrail {
    fn __repr__(&self) -> String {
        let Self {
            reconciliation,
            known,
            changed,
        } = self;
        format!(
            "<ImportedTrail: {} objects new, {known} known, {} changed>",
            reconciliation.inner.objects_read,
            changed.len()
        )
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Generated<'a> {
    job_id: &'a str,
}

/// A job in a list.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct JobInList<'a> {
    job_id: &'a str,
    arn: &'a str,
    job_type: Granularity,
    job_status: &'static str,
    job_creation_date: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    job_completion_date: Option<String>,
    /// The size of the report in the store, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    report_size: Option<u64>,
}

#[pymethods]
impl Store {
    #[new]
    #[pyo3(signature = (path, *, tracking = TrackingParameter(access_advisor::report::Tracking::aws()), caller = None, create = true, catalog = None, allow_empty_activity = false), text_signature = "(path, *, tracking='aws', caller=None, create=True, catalog=None, allow_empty_activity=False)")]
    fn new(
        py: Python<'_>,
        path: PathBuf,
        tracking: TrackingParameter,
        caller: Option<&str>,
        create: bool,
        catalog: Option<Py<Catalog>>,
        allow_empty_activity: bool,
    ) -> PyResult<Self> {
        let caller = match caller {
            Some(arn) => {
                Caller::from_arn(arn, "").map_err(|error| error::invalid_input(&error.to_string()))
            }
            None => Ok(Caller::local()),
        }?;
        let known = Catalog::or_shared(catalog.as_ref().map(Py::get));
        let opened = py.detach(|| {
            let store = if create {
                access_advisor::store::Store::open_or_create(&path)?
            } else {
                access_advisor::store::Store::open(&path)?
            };
            store.check_catalog(&known)?;
            Ok(store)
        });
        let store = Arc::new(opened.map_err(|fault| error::store(&fault))?);
        Ok(Self {
            operations: Arc::new(
                StoredAdvisor::new(store, known, tracking.0)
                    .allow_empty_activity(allow_empty_activity),
            ),
            caller,
            path,
            catalog,
        })
    }

    /// Imports exports of account data, in files or folders. A newer export replaces the account's data; activity and jobs stay.
    ///
    /// Returns:
    ///     The ids of the imported accounts.
    ///
    /// Warns (IncompleteWarning) when parts of the exports could not be used; `AccountData.load(paths).issues` lists them.
    ///
    /// Raises:
    ///     AccountError: A file cannot be read, or is not a complete export. Nothing is imported.
    fn import_account(&self, py: Python<'_>, paths: Paths) -> PyResult<Vec<String>> {
        let operations = Arc::clone(&self.operations);
        let import = move || {
            let exports = access_advisor::account::read_exports(&paths.0).map_err(error::load)?;
            let store = operations.store();
            let imported = store.import_accounts(&exports, clock());
            imported.map_err(|fault| error::account_import(&fault))
        };
        let imported = work::run(py, import)??;
        let issues = imported.issues.iter();
        let mut losses = issues.filter(|issue| issue.kind.loses_data());
        if let Some(first) = losses.next() {
            let more = losses.count();
            let and = if more > 0 {
                format!(", and {more} more")
            } else {
                String::new()
            };
            let message = format!("parts of the account data are missing: {first}{and}");
            error::warn_incomplete(py, &message)?;
        }
        let accounts = imported.accounts.iter();
        Ok(accounts
            .map(|account| account.as_str().to_owned())
            .collect())
    }

    /// Imports a trail, in all formats that `Activity.from_trail` reads. Objects that were imported before are not read again.
    ///
    /// After Ctrl-C or an exception of the callback, the store holds whole batches of objects. Call this again to resume.
    ///
    /// Args:
    ///     paths: A path, or an iterable of paths.
    ///     threads: The number of reading threads, 1 or more; one per processor when None.
    ///     object_limit: The largest uncompressed size of one object, in bytes; 1 GiB when None.
    ///     assume_complete: As in `Activity.from_trail`.
    ///     progress: As in `Activity.from_trail`.
    ///
    /// Raises:
    ///     TrailError: A path does not exist or cannot be listed, or a folder has no files; `path` is that path. Or no object
    ///         could be read; `path` is the first object that failed, if there is one. Or the store has no activity afterwards.
    ///     InvalidInputError: A number is out of range.
    #[pyo3(signature = (paths, *, threads = None, object_limit = None, assume_complete = false, progress = None))]
    fn import_trail(
        &self,
        py: Python<'_>,
        paths: Paths,
        threads: Option<Threads>,
        object_limit: Option<Size>,
        assume_complete: bool,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<ImportedTrail> {
        let catalog = self.catalog.as_ref().map(Py::get);
        let reader = reader(None, None, object_limit, assume_complete, catalog)?;
        let listener = Listener::new(py, progress)?;
        let (counts, stop) = (Arc::new(Counts::default()), reader.stop_flag());
        let (counted, store) = (Arc::clone(&counts), Arc::clone(self.operations.store()));
        let imported = work::run_watched(
            py,
            threads,
            &stop,
            |py| listener.report(py, &counts, false),
            move || store.import_trail(&reader, &paths.0, &|object| counted.add(object)),
        );
        let imported = imported?.map_err(error::trail_import)?;
        listener.report(py, &counts, true)?;
        if imported.is_empty() {
            let failed = imported.reconciliation.objects_failed.first();
            return Err(error::nothing_read(
                "none of the trail could be read",
                failed,
            ));
        }
        let has_activity = py.detach(|| self.operations.store().has_activity());
        if !has_activity.map_err(|fault| error::store(&fault))? {
            let message = "there is no activity in this store: nothing that was imported holds an API call of a user or role";
            return Err(error::nothing_read(message, None));
        }
        Ok(ImportedTrail {
            reconciliation: Reconciliation {
                inner: imported.reconciliation,
            },
            known: imported.known,
            changed: imported.changed,
        })
    }

    /// The operations' exceptions under boto3's names, as in `except store.exceptions.NoSuchEntityException`.
    ///
    /// >>> store = Store(folder / "advisor.db")
    /// >>> store.exceptions.NoSuchEntityException is NoSuchEntityError
    /// True
    #[getter]
    fn exceptions<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let errors = py.import(intern!(py, "access_advisor._errors"))?;
        errors.getattr(intern!(py, "ClientExceptions"))
    }

    /// Returns the ids of the imported accounts.
    fn accounts(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        let accounts = py.detach(|| self.operations.store().accounts());
        let accounts = accounts.map_err(|fault| error::store(&fault))?;
        Ok(accounts.iter().map(|id| id.as_str().to_owned()).collect())
    }

    /// Returns the latest account data of all imported accounts as one graph, as an Advisor takes it.
    ///
    /// >>> store = Store(folder / "advisor.db")
    /// >>> store.import_account("testdata/account.json")
    /// ['111122223333']
    /// >>> len(store.account_data())
    /// 30
    fn account_data(&self, py: Python<'_>) -> PyResult<AccountData> {
        let operations = Arc::clone(&self.operations);
        let account = work::run(py, move || operations.store().account_data())?;
        let inner = Arc::new(account.map_err(|fault| error::store(&fault))?);
        Ok(AccountData { inner })
    }

    /// Returns the activity of all imported trails.
    ///
    /// Raises:
    ///     TrailError: No trail was imported: everything would look unused.
    fn activity(&self, py: Python<'_>) -> PyResult<Activity> {
        let operations = Arc::clone(&self.operations);
        let activity = work::run(py, move || operations.store().activity_table())?;
        let inner = activity.map_err(|fault| error::store(&fault))?;
        if inner.is_empty() {
            let missing = "this store has no activity; import a trail with import_trail";
            return Err(error::trail(&self.path, missing));
        }
        let reconciliation = Reconciliation::default();
        Ok(Activity {
            inner,
            reconciliation,
        })
    }

    /// Creates a report, like boto3's method. The job is completed when this returns.
    ///
    /// Args:
    ///     Arn: The ARN of a user, group, role or managed policy.
    ///     Granularity: SERVICE_LEVEL or ACTION_LEVEL.
    ///     now: The instant of the report; the present when None.
    ///
    /// Returns:
    ///     `{"JobId": ...}`
    ///
    /// Raises:
    ///     NoSuchEntityError: There is no such entity.
    ///     InvalidInputError: `Arn` is not an IAM ARN, or `Granularity` is unknown.
    ///     AccountError: It is a managed policy that was not evaluated, because the export has no valid document of it.
    ///     TrailError: No activity of the account was imported: everything would look unused. See `allow_empty_activity`.
    #[pyo3(signature = (*, Arn, Granularity = ApiLevel(Granularity::Service), now = None), text_signature = "($self, *, Arn, Granularity='SERVICE_LEVEL', now=None)")]
    #[expect(non_snake_case, reason = "boto3's names")]
    fn generate_service_last_accessed_details<'py>(
        &self,
        py: Python<'py>,
        Arn: &str,
        Granularity: ApiLevel,
        now: Option<Instant>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let now = now.map_or_else(clock, |now| now.0);
        let operations = Arc::clone(&self.operations);
        let (caller, arn, level) = (self.caller.clone(), Arn.to_owned(), Granularity.0);
        let generate = move || operations.generate_completed(&caller, &arn, level, now, clock);
        let id = work::run(py, generate)?.map_err(|fault| error::operation(&fault))?;
        answer(
            py,
            &Generated {
                job_id: id.as_str(),
            },
        )
    }

    /// Returns a page of a job's report, like boto3's method. `NotEvaluated` has the policies and groups that the export lacks or
    /// that cannot be read: services may be missing.
    ///
    /// Raises:
    ///     NoSuchEntityError: The caller has no such job.
    ///     InvalidInputError: `Marker` belongs to another job, or `MaxItems` is not from 1 to 1000.
    #[pyo3(signature = (*, JobId, MaxItems = None, Marker = None))]
    #[expect(non_snake_case, reason = "boto3's names")]
    fn get_service_last_accessed_details<'py>(
        &self,
        py: Python<'py>,
        JobId: &str,
        MaxItems: Option<Items>,
        Marker: Option<&str>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let request = page(MaxItems, Marker)?;
        let got = py.detach(|| self.operations.services(&self.caller, JobId, request));
        answer(py, &got.map_err(|fault| error::operation(&fault))?)
    }

    /// Returns who used a service of a job's report, and when last, like boto3's method.
    ///
    /// Raises:
    ///     NoSuchEntityError: The caller has no such job.
    ///     InvalidInputError: `ServiceNamespace` is malformed or unknown, or `Marker` belongs to another job.
    #[pyo3(signature = (*, JobId, ServiceNamespace, MaxItems = None, Marker = None))]
    #[expect(non_snake_case, reason = "boto3's names")]
    fn get_service_last_accessed_details_with_entities<'py>(
        &self,
        py: Python<'py>,
        JobId: &str,
        ServiceNamespace: &str,
        MaxItems: Option<Items>,
        Marker: Option<&str>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let request = page(MaxItems, Marker)?;
        let caller = &self.caller;
        let got = py.detach(|| {
            self.operations
                .entities(caller, JobId, ServiceNamespace, request)
        });
        answer(py, &got.map_err(|fault| error::operation(&fault))?)
    }

    /// Returns the policies of a user, group or role that grant access to services, like boto3's method.
    ///
    /// Raises:
    ///     NoSuchEntityError: There is no such entity.
    ///     InvalidInputError: `Arn` is not an IAM ARN, a namespace is malformed or unknown, or `Marker` is passed: answers are
    ///         never truncated.
    #[pyo3(signature = (*, Arn, ServiceNamespaces, Marker = None))]
    #[expect(non_snake_case, reason = "boto3's names")]
    fn list_policies_granting_service_access<'py>(
        &self,
        py: Python<'py>,
        Arn: &str,
        ServiceNamespaces: Texts,
        Marker: Option<&str>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let namespaces = &ServiceNamespaces.0;
        let policies = py.detach(|| {
            let operations = &self.operations;
            operations.policies(&self.caller, Arn, namespaces, Marker)
        });
        answer(py, &policies.map_err(|fault| error::operation(&fault))?)
    }

    /// Returns the jobs of all callers, newest first. `ReportSize` is in bytes, as stored.
    fn jobs<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let jobs = py.detach(|| self.operations.store().jobs());
        let jobs = jobs.map_err(|fault| error::store(&fault))?;
        let rows = jobs.iter().map(|summary| {
            let job = &summary.job;
            JobInList {
                job_id: job.id.as_str(),
                arn: &job.arn,
                job_type: job.granularity,
                job_status: job.state.status(),
                job_creation_date: time::format(job.created),
                job_completion_date: match &job.state {
                    JobState::InProgress => None,
                    JobState::Completed { at } | JobState::Failed { at, .. } => {
                        Some(time::format(*at))
                    }
                },
                report_size: match &job.state {
                    JobState::Completed { .. } => Some(summary.bytes),
                    _ => None,
                },
            }
        });
        answer(py, &rows.collect::<Vec<_>>())
    }

    /// Deletes a job and its report, of any caller.
    ///
    /// Raises:
    ///     NoSuchEntityError: There is no such job.
    fn delete_job(&self, py: Python<'_>, job_id: &str) -> PyResult<()> {
        let id = JobId::check(job_id).map_err(|refused| error::request(&refused))?;
        let deleted = py.detach(|| self.operations.store().delete_job(&id));
        if deleted.map_err(|fault| error::store(&fault))? {
            Ok(())
        } else {
            Err(error::request(&id.not_found()))
        }
    }

    /// Deletes the jobs, of any caller, that finished longer ago than this. Jobs in progress stay. Returns the number of deleted jobs.
    ///
    /// Raises:
    ///     InvalidInputError: `older_than` is negative.
    ///
    /// >>> import datetime
    /// >>> Store(folder / "advisor.db").delete_jobs(older_than=datetime.timedelta(days=30))
    /// 0
    #[pyo3(signature = (*, older_than))]
    fn delete_jobs(&self, py: Python<'_>, older_than: TimeDelta) -> PyResult<usize> {
        if older_than < TimeDelta::zero() {
            return Err(error::invalid_input("older_than is negative"));
        }
        let keep = JobRetention::Within(older_than);
        let store = self.operations.store();
        let deleted = py.detach(|| store.delete_finished_jobs(keep, clock()));
        deleted.map_err(|fault| error::store(&fault))
    }

    fn __repr__(&self) -> String {
        format!("<Store {}>", Printable(self.path.display()))
    }
}

fn page(items: Option<Items>, marker: Option<&str>) -> PyResult<PageRequest<'_>> {
    let max_items = items.map(|items| MaxItems::new(items.0)).transpose();
    let max_items = max_items.map_err(|refused| error::request(&refused))?;
    Ok(PageRequest::new().max_items(max_items).marker(marker))
}
