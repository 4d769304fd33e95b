//! The store: accounts, activity and jobs in one file.

use std::path::PathBuf;
use std::sync::Arc;

use access_advisor::job::{Caller, JobId, JobState, MaxItems, PageRequest, PagedOperation};
use access_advisor::report::{Granularity, PoliciesGrantingServiceAccess};
use access_advisor::store::StoredAdvisor;
use access_advisor::time;
use pyo3::intern;
use pyo3::prelude::*;
use serde::Serialize;

use crate::activity::reader;
use crate::answer::answer;
use crate::arguments::{ApiLevel, Instant, Items, Paths, Size, Texts, Threads, clock};
use crate::catalog::Catalog;
use crate::progress::{Counts, Listener};
use crate::reconciliation::Reconciliation;
use crate::tracking::TrackingParameter;
use crate::{error, work};

/// One file that keeps accounts, activity and jobs: what `access-advisor serve` answers from.
///
/// The operations have the names, arguments and answers that they have in `boto3.client("iam")`, and `exceptions` has its
/// names for errors.
///
/// Args:
///     path: The file; one that is not there is made.
///     tracking: Which part of the activity reports see, as for Advisor.
///     caller: The ARN of the user, or of the session of a role, that asks. Jobs belong to their caller. None is
///         whoever is at this machine.
///     create: False to insist that the file is there.
///     catalog: Which services and actions there are, for imports and reports; the one built in when None.
///
/// Raises:
///     StoreError: The file cannot be opened, or is no store.
///
/// >>> store = Store(folder / "advisor.db")
/// >>> store.import_account("testdata/account.json")
/// ['111122223333']
/// >>> store.import_trail("testdata/trail").reconciliation.records_attributed
/// 321
/// >>> job = store.generate_service_last_accessed_details(Arn="arn:aws:iam::111122223333:user/erin")
/// >>> page = store.get_service_last_accessed_details(JobId=job["JobId"], MaxItems=2)
/// >>> page["JobStatus"], len(page["ServicesLastAccessed"]), page["IsTruncated"]
/// ('COMPLETED', 2, True)
#[pyclass(frozen, module = "access_advisor")]
#[derive(Debug)]
pub(crate) struct Store {
    operations: StoredAdvisor,
    caller: Caller,
    path: PathBuf,
    catalog: Option<Py<Catalog>>,
}

/// What an import of a trail brought.
#[pyclass(frozen, module = "access_advisor")]
#[derive(Debug)]
pub(crate) struct ImportedTrail {
    /// What became of the objects that were new.
    #[pyo3(get)]
    reconciliation: Reconciliation,
    /// How many objects had been taken before; they were not read.
    #[pyo3(get)]
    known: u64,
    /// Objects that had been taken before with another size; they were not read.
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

/// The answer of `list_policies_granting_service_access`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct PoliciesAnswer {
    policies_granting_service_access: Vec<PoliciesGrantingServiceAccess>,
    is_truncated: bool,
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
}

#[pymethods]
impl Store {
    #[new]
    #[pyo3(signature = (path, *, tracking = TrackingParameter(access_advisor::report::Tracking::aws()), caller = None, create = true, catalog = None), text_signature = "(path, *, tracking='aws', caller=None, create=True, catalog=None)")]
    fn new(
        py: Python<'_>,
        path: PathBuf,
        tracking: TrackingParameter,
        caller: Option<&str>,
        create: bool,
        catalog: Option<Py<Catalog>>,
    ) -> PyResult<Self> {
        let caller = match caller {
            Some(arn) => {
                Caller::from_arn(arn, "").map_err(|error| error::invalid_input(&error.to_string()))
            }
            None => Ok(Caller::local()),
        }?;
        let opened = py.detach(|| {
            if create {
                access_advisor::store::Store::open_or_create(&path)
            } else {
                access_advisor::store::Store::open(&path)
            }
        });
        let store = Arc::new(opened.map_err(|fault| error::store(&fault))?);
        Ok(Self {
            operations: StoredAdvisor::new(
                store,
                Catalog::or_shared(catalog.as_ref().map(Py::get)),
                tracking.0,
            ),
            caller,
            path,
            catalog,
        })
    }

    /// Takes exports of account data in. A newer export replaces that account's picture; activity and jobs stay.
    ///
    /// Returns:
    ///     The ids of the accounts that were in them.
    ///
    /// Raises:
    ///     AccountError: A file that cannot be read, or is no export to its end: nothing is taken.
    fn import_account(&self, py: Python<'_>, paths: Paths) -> PyResult<Vec<String>> {
        let import = || {
            let mut exports = Vec::with_capacity(paths.0.len());
            for path in &paths.0 {
                let text = access_advisor::account::read_text(path).map_err(error::load)?;
                exports.push((path.display().to_string(), text));
            }
            let store = self.operations.store();
            let imported = store.import_accounts(&exports, clock());
            imported.map_err(|fault| error::account_import(&fault))
        };
        let imported = work::run(py, import)??;
        let accounts = imported.accounts.iter();
        Ok(accounts
            .map(|account| account.as_str().to_owned())
            .collect())
    }

    /// Takes a trail in: what `Activity.from_trail` reads. Objects that were taken before are not read again.
    ///
    /// Ctrl-C and a failing callback leave a store that holds whole batches of objects; the next import goes on from there.
    ///
    /// Args:
    ///     paths: A path, or an iterable of paths.
    ///     threads: How many threads read, 1 or more; as many as there are processors when None.
    ///     object_limit: The most bytes that one object may have, inflated; 1 GiB when None.
    ///     progress: As in `Activity.from_trail`.
    ///
    /// Raises:
    ///     TrailError: A path that is not there or cannot be listed, a folder without files. Its `path` says which. None of
    ///         the objects could be read, or there is none; its `path` is the first that failed, if there is one.
    ///     InvalidInputError: A number that cannot be.
    #[pyo3(signature = (paths, *, threads = None, object_limit = None, progress = None))]
    fn import_trail(
        &self,
        py: Python<'_>,
        paths: Paths,
        threads: Option<Threads>,
        object_limit: Option<Size>,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<ImportedTrail> {
        let catalog = self.catalog.as_ref().map(Py::get);
        let reader = reader(None, None, object_limit, catalog)?;
        let listener = Listener::new(py, progress)?;
        let counts = Counts::default();
        let store = self.operations.store();
        let imported = work::run_watched(
            py,
            threads,
            &reader.stop_flag(),
            |py| listener.tell(py, &counts, false),
            || store.import_trail(&reader, &paths.0, &|object| counts.add(object)),
        );
        let imported = imported?.map_err(error::trail_import)?;
        listener.tell(py, &counts, true)?;
        if imported.is_nothing() {
            let failed = imported.reconciliation.objects_failed.first();
            return Err(error::nothing_read(
                "none of the trail could be read",
                failed,
            ));
        }
        Ok(ImportedTrail {
            reconciliation: Reconciliation {
                inner: imported.reconciliation,
            },
            known: imported.known,
            changed: imported.changed,
        })
    }

    /// boto3's names for what the operations raise, as in `except store.exceptions.NoSuchEntityException`.
    ///
    /// >>> store = Store(folder / "advisor.db")
    /// >>> store.exceptions.NoSuchEntityException is NoSuchEntityError
    /// True
    #[getter]
    fn exceptions<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let errors = py.import(intern!(py, "access_advisor._errors"))?;
        errors.getattr(intern!(py, "ClientExceptions"))
    }

    /// The accounts that were imported.
    fn accounts(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        let accounts = py.detach(|| self.operations.store().accounts());
        let accounts = accounts.map_err(|fault| error::store(&fault))?;
        Ok(accounts.iter().map(|id| id.as_str().to_owned()).collect())
    }

    /// As boto3's, but the report is made before this returns: the job is completed.
    ///
    /// Args:
    ///     Arn: A user, group, role or managed policy.
    ///     Granularity: SERVICE_LEVEL or ACTION_LEVEL.
    ///     now: The instant that the report is made at; the present when None.
    ///
    /// Returns:
    ///     `{"JobId": ...}`
    ///
    /// Raises:
    ///     NoSuchEntityError: There is no such entity.
    ///     InvalidInputError: The ARN is none of IAM's, the granularity is neither of the two.
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
        let (caller, level) = (&self.caller, Granularity.0);
        let generate = || {
            let operations = &self.operations;
            operations.generate_completed(caller, Arn, level, now, clock)
        };
        let id = work::run(py, generate)?.map_err(|fault| error::operation(&fault))?;
        answer(
            py,
            &Generated {
                job_id: id.as_str(),
            },
        )
    }

    /// As boto3's: a page of a job's report.
    ///
    /// Raises:
    ///     NoSuchEntityError: There is no such job of this caller.
    ///     InvalidInputError: The marker is of another job; `MaxItems` is not from 1 to 1000.
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

    /// As boto3's: who used a service of a job's report, when last.
    ///
    /// Raises:
    ///     NoSuchEntityError: There is no such job of this caller.
    ///     InvalidInputError: The namespace is malformed or unknown, the marker is of another job.
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

    /// As boto3's: the policies of a user, group or role that grant access to services.
    ///
    /// Raises:
    ///     NoSuchEntityError: There is no such entity.
    ///     InvalidInputError: The ARN is none of IAM's, a namespace is malformed or unknown, there is a marker: answers are
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
            if let Some(marker) = Marker {
                // There is only one page: no marker is this operation's.
                let key = self.operations.store().marker_key();
                key.open(marker, PagedOperation::Services, &JobId::from(""))?;
            }
            self.operations.policies(&self.caller, Arn, namespaces)
        });
        let whole = PoliciesAnswer {
            policies_granting_service_access: policies.map_err(|fault| error::operation(&fault))?,
            is_truncated: false,
        };
        answer(py, &whole)
    }

    /// All jobs, whosever they are, the newest first.
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
            }
        });
        answer(py, &rows.collect::<Vec<_>>())
    }

    /// Removes a job and its report, whosever it is.
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

    fn __repr__(&self) -> String {
        format!("<Store {}>", self.path.display())
    }
}

fn page(items: Option<Items>, marker: Option<&str>) -> PyResult<PageRequest<'_>> {
    let max_items = items.map(|items| MaxItems::new(items.0)).transpose();
    let max_items = max_items.map_err(|refused| error::request(&refused))?;
    Ok(PageRequest { max_items, marker })
}
