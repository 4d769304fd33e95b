//! Activity: who attempted which action, and when last.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use access_advisor::arrow::{activity_batches, activity_from_batches};
use access_advisor::parquet::{read_activity, write_activity};
use access_advisor::trail::{ReadOptions, TrailRead, TrailReader};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBytes;
use pyo3_arrow::input::AnyRecordBatch;
use walkdir::{DirEntry, WalkDir};

use crate::arguments::{Instant, Paths, Size, Threads, clock};
use crate::catalog::Catalog;
use crate::coverage::Coverage;
use crate::progress::{Counts, Listener};
use crate::reconciliation::Reconciliation;
use crate::table::Table;
use crate::whole_file::whole_file;
use crate::work::{self, Stop};
use crate::{error, pickle};

/// Who attempted which action, when last and how often: one row for each principal, service, action and Region.
///
/// It does not keep single events: a trail of terabytes becomes a table of some thousand rows.
///
/// >>> activity = Activity.from_trail("testdata/trail")
/// >>> activity
/// <Activity of 106 rows, newest 2026-10-21T10:03:00+00:00>
#[pyclass(frozen, eq, module = "access_advisor")]
#[derive(Debug)]
pub(crate) struct Activity {
    pub(crate) inner: Arc<access_advisor::activity::Activity>,
    pub(crate) reconciliation: Reconciliation,
}

/// Compares the tables only, not the reconciliations.
impl PartialEq for Activity {
    fn eq(&self, other: &Self) -> bool {
        self.inner == other.inner
    }
}

impl From<TrailRead> for Activity {
    fn from(read: TrailRead) -> Self {
        Self {
            inner: Arc::new(read.activity),
            reconciliation: Reconciliation {
                inner: read.reconciliation,
            },
        }
    }
}

impl From<access_advisor::activity::Activity> for Activity {
    fn from(activity: access_advisor::activity::Activity) -> Self {
        Self {
            inner: Arc::new(activity),
            reconciliation: Reconciliation::default(),
        }
    }
}

/// A reader with these options.
pub(crate) fn reader(
    since: Option<Instant>,
    until: Option<Instant>,
    object_limit: Option<Size>,
    assume_complete: bool,
    catalog: Option<&Catalog>,
) -> PyResult<TrailReader> {
    let (since, until) = (since.map(|since| since.0), until.map(|until| until.0));
    if let (Some(since), Some(until)) = (since, until)
        && since > until
    {
        let [since, until] = [since, until].map(access_advisor::time::format);
        let message = format!("since is later than until: {since}, {until}");
        return Err(error::invalid_input(&message));
    }
    let mut options = ReadOptions::new()
        .since(since)
        .until(until)
        .now(clock())
        .assume_complete(assume_complete);
    if let Some(limit) = object_limit {
        options = options.object_limit(limit.0);
    }
    Ok(TrailReader::new(Catalog::or_shared(catalog), options))
}

#[pymethods]
impl Activity {
    /// Reads CloudTrail objects in parallel, from files, folders (recursively) and `s3://bucket/prefix`.
    ///
    /// Reads objects as CloudTrail delivers them, JSON lines, the output of `aws cloudtrail lookup-events`, CSV and Parquet of
    /// Athena and CloudTrail Lake, and activity files. `reconciliation` says what is wrong with single objects and records.
    /// Raises TrailError if there is no record at all: a report would call everything unused.
    ///
    /// Args:
    ///     paths: A path, or an iterable of paths. S3 credentials, Region and endpoint come from the environment.
    ///     threads: The number of reading threads, 1 or more; one per processor when None.
    ///     since: Skip records earlier than this.
    ///     until: Skip records later than this.
    ///     object_limit: The largest uncompressed size of one object, in bytes; 1 GiB when None.
    ///     assume_complete: Whether results of queries and searches, exports and logs hold all records of their days. Otherwise only
    ///         what CloudTrail and Security Lake deliver shows that something is unused.
    ///     progress: True for a tqdm progress bar, or a callable that receives a Progress about ten times a second, on this
    ///         thread.
    ///     catalog: The catalog of services and actions; the built-in one when None.
    ///
    /// Raises:
    ///     TrailError: A path does not exist or cannot be listed, or a folder has no files; `path` is that path. Or there is no
    ///         record to read; `path` is the first object that could not be read, if there is one.
    ///     InvalidInputError: A datetime has no time zone, `since` is later than `until`, or a number is out of range.
    ///
    /// >>> from datetime import datetime, timezone
    /// >>> october = datetime(2026, 10, 1, tzinfo=timezone.utc)
    /// >>> len(Activity.from_trail("testdata/trail", since=october))
    /// 75
    #[staticmethod]
    #[pyo3(signature = (paths, *, threads = None, since = None, until = None, object_limit = None, assume_complete = false, progress = None, catalog = None))]
    #[expect(
        clippy::too_many_arguments,
        reason = "most are by keyword and need not be given"
    )]
    fn from_trail(
        py: Python<'_>,
        paths: Paths,
        threads: Option<Threads>,
        since: Option<Instant>,
        until: Option<Instant>,
        object_limit: Option<Size>,
        assume_complete: bool,
        progress: Option<&Bound<'_, PyAny>>,
        catalog: Option<&Catalog>,
    ) -> PyResult<Self> {
        let reader = reader(since, until, object_limit, assume_complete, catalog)?;
        let listener = Listener::new(py, progress)?;
        let (counts, stop) = (Arc::new(Counts::default()), reader.stop_flag());
        let counted = Arc::clone(&counts);
        let read = work::run_watched(
            py,
            threads,
            &stop,
            |py| listener.report(py, &counts, false),
            move || reader.read(&paths.0, &|object| counted.add(object)),
        );
        let read = read?.map_err(error::listing)?;
        listener.report(py, &counts, true)?;
        if read.reconciliation.is_empty() {
            let nothing =
                "there is no CloudTrail record to read; a report would call everything unused";
            let failed = read.reconciliation.objects_failed.first();
            return Err(error::nothing_read(nothing, failed));
        }
        Ok(read.into())
    }

    /// Reads activity files: Parquet written by `to_parquet`, `access-advisor activity export` or another engine.
    /// Several files are merged.
    ///
    /// Args:
    ///     paths: A path, or an iterable of paths. In a folder, as Spark writes one, all files `*.parquet` are read, recursively;
    ///         names that start with `_` or `.` are skipped.
    ///     catalog: The catalog that maps events to actions, for tables by event; the built-in one when None.
    ///
    /// Raises:
    ///     TrailError: A file cannot be read or is not an activity table, or a folder has none. `path` is the file or folder. Or a
    ///         file comes twice: its attempts would count twice.
    ///     InvalidInputError: Different catalogs credited the files.
    ///
    /// >>> activity = Activity.from_trail("testdata/trail")
    /// >>> activity.to_parquet(folder / "activity.parquet")
    /// >>> Activity.from_parquet(folder / "activity.parquet") == activity
    /// True
    #[staticmethod]
    #[pyo3(signature = (paths, *, catalog = None))]
    fn from_parquet(py: Python<'_>, paths: Paths, catalog: Option<&Catalog>) -> PyResult<Self> {
        let catalog = Catalog::or_shared(catalog);
        let read = move || {
            let mut activity = access_advisor::activity::Activity::new();
            let mut seen = BTreeSet::new();
            for path in &paths.0 {
                for path in activity_files(path)? {
                    let known = path.canonicalize();
                    if !seen.insert(known.map_err(|fault| error::file(&path, fault))?) {
                        let reason = "given twice; its attempts would count twice";
                        return Err(error::trail(&path, reason));
                    }
                    let file = File::open(&path).map_err(|fault| error::file(&path, fault))?;
                    let part = read_activity(file, &path.display().to_string(), Some(&catalog));
                    let part = part.map_err(|fault| error::read(&fault))?;
                    if let Some(catalog) = activity.coverage().catalogs().next() {
                        let checked = part.coverage().check_catalog(catalog);
                        checked.map_err(|mismatch| {
                            error::invalid_input(&format!("{}: {mismatch}", path.display()))
                        })?;
                    }
                    activity.merge(&part);
                }
            }
            PyResult::Ok(activity)
        };
        Ok(work::run(py, read)??.into())
    }

    /// Reads an activity table from any object with the Arrow PyCapsule interface: a table of pyarrow, Polars, pandas or DuckDB.
    ///
    /// pyarrow keeps the coverage of a table, in the metadata of its schema. Most others do not: give it back by
    /// `with_coverage`.
    ///
    /// Args:
    ///     table: The table.
    ///     catalog: The catalog that maps events to actions, for tables by event; the built-in one when None.
    ///
    /// Raises:
    ///     TrailError: A column is missing or has another type, or a value is invalid.
    ///
    /// >>> activity = Activity.from_trail("testdata/trail")
    /// >>> Activity.from_arrow(activity.table().to_pyarrow()) == activity
    /// True
    /// >>> from_polars = Activity.from_arrow(activity.table().to_polars())
    /// >>> from_polars.with_coverage(activity.coverage) == activity
    /// True
    #[staticmethod]
    #[pyo3(signature = (table, *, catalog = None))]
    fn from_arrow(
        py: Python<'_>,
        table: AnyRecordBatch,
        catalog: Option<&Catalog>,
    ) -> PyResult<Self> {
        let catalog = Catalog::or_shared(catalog);
        let batches = table.into_reader()?;
        let read = move || activity_from_batches("the Arrow table", batches, Some(&catalog));
        let activity = work::run(py, read)?.map_err(|fault| error::read(&fault))?;
        Ok(activity.into())
    }

    /// Merges activities into a new one. The order does not matter.
    ///
    /// Attempts in overlapping parts are counted twice; last-accessed times are still right.
    ///
    /// Args:
    ///     parts: The activities to merge. Without any, the result is empty.
    ///
    /// Raises:
    ///     InvalidInputError: Different catalogs credited the parts.
    ///
    /// >>> from pathlib import Path
    /// >>> parts = [Activity.from_trail(part) for part in sorted(Path("testdata/trail").iterdir())]
    /// >>> Activity.merge(*parts) == Activity.from_trail("testdata/trail")
    /// True
    #[staticmethod]
    #[pyo3(signature = (*parts))]
    fn merge(py: Python<'_>, parts: Vec<PyRef<'_, Self>>) -> PyResult<Self> {
        let mut reconciliation = access_advisor::trail::Reconciliation::default();
        let mut activities = Vec::with_capacity(parts.len());
        let mut catalogs = parts
            .iter()
            .flat_map(|part| part.inner.coverage().catalogs());
        if let Some(catalog) = catalogs.next() {
            for part in &parts {
                let checked = part.inner.coverage().check_catalog(catalog);
                checked.map_err(|mismatch| error::invalid_input(&mismatch.to_string()))?;
            }
        }
        for part in &parts {
            reconciliation.merge(part.reconciliation.inner.clone());
            activities.push(Arc::clone(&part.inner));
        }
        let activity = work::run(py, move || {
            let mut merged = access_advisor::activity::Activity::new();
            for activity in &activities {
                merged.merge(activity);
            }
            merged
        })?;
        Ok(TrailRead {
            activity,
            reconciliation,
        }
        .into())
    }

    /// Writes an activity file: Parquet, which `from_parquet` and any other engine can read.
    ///
    /// Raises:
    ///     TrailError: The file cannot be written. An existing file is left unchanged.
    fn to_parquet(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        let (activity, stop) = (Arc::clone(&self.inner), Stop::default());
        let stopping = Arc::clone(&stop);
        let write =
            move || whole_file(&path, &stopping, |writer| write_activity(writer, &activity));
        work::run_watched(py, None, &stop, |_| Ok(()), write)?
    }

    /// Returns the rows as a table, in no particular order.
    ///
    /// >>> Activity.from_trail("testdata/trail").table()
    /// <Table of 106 rows: account_id, principal_id, principal_arn, ...>
    fn table(&self, py: Python<'_>) -> PyResult<Table> {
        let activity = Arc::clone(&self.inner);
        let make = move || {
            let batches = activity_batches(&activity);
            Table::collect(batches.schema(), batches)
        };
        work::run(py, make)?.map_err(error::unexpected)
    }

    /// Returns the same rows with this coverage, for tables of engines that do not keep it.
    ///
    /// Args:
    ///     coverage: What the input of the table held, such as `SparkActivity.coverage`.
    fn with_coverage(&self, py: Python<'_>, coverage: &Coverage) -> PyResult<Self> {
        let (activity, coverage) = (Arc::clone(&self.inner), coverage.inner.clone());
        let inner = work::run(py, move || {
            let mut inner = access_advisor::activity::Activity::clone(&activity);
            *inner.coverage_mut() = coverage;
            inner
        })?;
        Ok(Self {
            inner: Arc::new(inner),
            reconciliation: self.reconciliation.clone(),
        })
    }

    /// What the input held: days, Regions and kinds of event.
    #[getter]
    fn coverage(&self) -> Coverage {
        let inner = self.inner.coverage().clone();
        Coverage { inner }
    }

    /// What became of the objects and records that `from_trail` or an Intake read. For an activity from `from_parquet` or
    /// `from_arrow` it is empty.
    #[getter]
    fn reconciliation(&self) -> Reconciliation {
        self.reconciliation.clone()
    }

    /// The time of the newest attempt; None without attempts.
    #[getter]
    fn newest(&self) -> Option<DateTime<Utc>> {
        self.inner.newest()
    }

    /// Pickles as an activity file and a reconciliation.
    fn __reduce__<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<pickle::Reduced<'py, (Py<PyBytes>, Reconciliation)>> {
        let activity = Arc::clone(&self.inner);
        let write = move || {
            let mut file = Vec::new();
            write_activity(&mut file, &activity).map(|()| file)
        };
        let file = work::run(py, write)?.map_err(error::unexpected)?;
        let file = PyBytes::new(py, &file).unbind();
        pickle::reduced(py, "restore_activity", (file, self.reconciliation.clone()))
    }

    fn __len__(&self) -> usize {
        self.inner.len()
    }

    fn __repr__(&self) -> String {
        let newest = self.inner.newest().map(access_advisor::time::format);
        let newest = newest.map_or_else(String::new, |newest| format!(", newest {newest}"));
        format!("<Activity of {} rows{newest}>", self.inner.len())
    }
}

/// Rebuilds a pickled Activity.
#[pyfunction]
pub(crate) fn restore_activity(
    py: Python<'_>,
    file: PyBackedBytes,
    reconciliation: &Reconciliation,
) -> PyResult<Activity> {
    let read = move || read_activity(Bytes::from_owner(file), "the pickled activity", None);
    let activity = work::run(py, read)?.map_err(|fault| error::read(&fault))?;
    Ok(Activity {
        inner: Arc::new(activity),
        reconciliation: reconciliation.clone(),
    })
}

/// The activity files at a path: the path itself, or all files below a folder.
fn activity_files(path: &Path) -> PyResult<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let is_ours = |entry: &DirEntry| {
        let name = entry.file_name().as_encoded_bytes();
        entry.depth() == 0 || !name.starts_with(b"_") && !name.starts_with(b".")
    };
    let below = WalkDir::new(path).follow_links(true).sort_by_file_name();
    let mut files = Vec::new();
    for entry in below.into_iter().filter_entry(is_ours) {
        let entry = entry.map_err(|fault| {
            let at = fault.path().unwrap_or(path).to_owned();
            error::file(&at, fault.into())
        })?;
        let is_parquet = entry.path().extension().is_some_and(|it| it == "parquet");
        if is_parquet && entry.file_type().is_file() {
            files.push(entry.into_path());
        }
    }
    if files.is_empty() {
        return Err(error::trail(
            path,
            "there is no file *.parquet in this folder",
        ));
    }
    Ok(files)
}
