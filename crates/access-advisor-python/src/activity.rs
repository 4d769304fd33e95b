//! Activity: who attempted what, when last.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use access_advisor::arrow::{activity_batches, activity_from_batches, activity_schema};
use access_advisor::parquet::{read_activity, write_activity};
use access_advisor::trail::{ReadOptions, TrailRead, TrailReader};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBytes;
use pyo3_arrow::input::AnyRecordBatch;
use walkdir::{DirEntry, WalkDir};

use crate::arguments::{Instant, Paths, Size, Threads};
use crate::catalog::Catalog;
use crate::progress::{Counts, Listener};
use crate::reconciliation::Reconciliation;
use crate::table::Table;
use crate::{error, pickle, work};

/// Who attempted what, when last, how often: one row for each principal, service, operation and Region.
///
/// It holds no single events: a trail of terabytes becomes a table of some thousand rows.
///
/// >>> activity = Activity.from_trail("testdata/trail")
/// >>> activity
/// <Activity of 104 rows, newest 2026-10-21T10:03:00+00:00>
#[pyclass(frozen, eq, module = "access_advisor")]
#[derive(Debug)]
pub(crate) struct Activity {
    pub(crate) inner: Arc<access_advisor::activity::Activity>,
    reconciliation: Reconciliation,
}

/// Equal tables, whatever they were read from.
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

/// How to read a trail.
pub(crate) fn reader(
    since: Option<Instant>,
    until: Option<Instant>,
    object_limit: Option<Size>,
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
    let mut options = ReadOptions::new().since(since).until(until);
    if let Some(limit) = object_limit {
        options = options.object_limit(limit.0);
    }
    Ok(TrailReader::new(Catalog::or_shared(catalog), options))
}

#[pymethods]
impl Activity {
    /// Reads CloudTrail objects, in parallel: files, folders with all that is below them, and `s3://bucket/prefix`.
    ///
    /// Taken are objects as CloudTrail delivers them, JSON lines, the output of `aws cloudtrail lookup-events`, CSV and
    /// Parquet of Athena and CloudTrail Lake, and activity files. What is wrong with single objects and records is in
    /// `reconciliation`. Where there is no record at all, nothing is returned: a report would call everything unused.
    ///
    /// Args:
    ///     paths: A path, or an iterable of paths. S3's credentials, Region and endpoint come from the environment.
    ///     threads: How many threads read, 1 or more; as many as there are processors when None.
    ///     since: Leave out records earlier than this.
    ///     until: Leave out records later than this.
    ///     object_limit: The most bytes that one object may have, inflated; 1 GiB when None.
    ///     progress: True for tqdm's bar, or a callable that is given a Progress about ten times a second, on this thread.
    ///     catalog: Which services and actions there are, and which action an event is; the one built in when None.
    ///
    /// Raises:
    ///     TrailError: A path that is not there or cannot be listed, a folder without files. Its `path` says which. There is
    ///         no record to read; its `path` is the first object that could not be read, if there is one.
    ///     InvalidInputError: A datetime without a time zone, `since` later than `until`, a number that cannot be.
    ///
    /// >>> from datetime import datetime, timezone
    /// >>> october = datetime(2026, 10, 1, tzinfo=timezone.utc)
    /// >>> len(Activity.from_trail("testdata/trail", since=october))
    /// 73
    #[staticmethod]
    #[pyo3(signature = (paths, *, threads = None, since = None, until = None, object_limit = None, progress = None, catalog = None))]
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
        progress: Option<&Bound<'_, PyAny>>,
        catalog: Option<&Catalog>,
    ) -> PyResult<Self> {
        let reader = reader(since, until, object_limit, catalog)?;
        let listener = Listener::new(py, progress)?;
        let counts = Counts::default();
        let read = work::run_watched(
            py,
            threads,
            &reader.stop_flag(),
            |py| listener.tell(py, &counts, false),
            || reader.read(&paths.0, &|object| counts.add(object)),
        );
        let read = read?.map_err(error::listing)?;
        listener.tell(py, &counts, true)?;
        if read.reconciliation.is_empty() {
            let nothing =
                "there is no CloudTrail record to read; a report would call everything unused";
            let failed = read.reconciliation.objects_failed.first();
            return Err(error::nothing_read(nothing, failed));
        }
        Ok(read.into())
    }

    /// Reads activity files: Parquet, as `to_parquet`, `access-advisor activity export` or another engine wrote them.
    /// Several files are merged.
    ///
    /// Args:
    ///     paths: A path, or an iterable of paths. Of a folder, as Spark writes one, all files `*.parquet` below it are read;
    ///         names that start with `_` or `.` are left out.
    ///     catalog: Which action an event is, for tables by event; the one built in when None.
    ///
    /// Raises:
    ///     TrailError: A file that cannot be read, or is no activity table; a folder without one. Its `path` says which.
    ///
    /// >>> activity = Activity.from_trail("testdata/trail")
    /// >>> activity.to_parquet(folder / "activity.parquet")
    /// >>> Activity.from_parquet(folder / "activity.parquet") == activity
    /// True
    #[staticmethod]
    #[pyo3(signature = (paths, *, catalog = None))]
    fn from_parquet(py: Python<'_>, paths: Paths, catalog: Option<&Catalog>) -> PyResult<Self> {
        let catalog = Catalog::or_shared(catalog);
        let read = || {
            let mut activity = access_advisor::activity::Activity::new();
            for path in &paths.0 {
                for path in activity_files(path)? {
                    let file = File::open(&path).map_err(|fault| error::file(&path, fault))?;
                    let part = read_activity(file, &path.display().to_string(), Some(&catalog));
                    activity.merge(&part.map_err(|fault| error::read(&fault))?);
                }
            }
            PyResult::Ok(activity)
        };
        Ok(work::run(py, read)??.into())
    }

    /// Takes a table with the activity table's columns from anything that has the Arrow PyCapsule interface: pyarrow,
    /// polars, pandas, DuckDB.
    ///
    /// Args:
    ///     table: The table.
    ///     catalog: Which action an event is, for tables by event; the one built in when None.
    ///
    /// Raises:
    ///     TrailError: A column is missing or has another type, a value cannot be.
    ///
    /// >>> activity = Activity.from_trail("testdata/trail")
    /// >>> Activity.from_arrow(activity.table().to_polars()) == activity
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
        let read = || activity_from_batches("the Arrow table", batches, Some(&catalog));
        let activity = work::run(py, read)?.map_err(|fault| error::read(&fault))?;
        Ok(activity.into())
    }

    /// Merges activities into a new one. The order does not matter.
    ///
    /// Where parts overlap, their attempts are counted twice; the last accesses are right all the same.
    ///
    /// Args:
    ///     parts: The activities to merge. None at all make an empty one.
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
        for part in &parts {
            reconciliation.merge(part.reconciliation.inner.clone());
            activities.push(Arc::clone(&part.inner));
        }
        let activity = work::run(py, || {
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

    /// Writes an activity file: Parquet that any engine reads, and `from_parquet`.
    ///
    /// Raises:
    ///     TrailError: The file cannot be written; what was there before is as it was.
    fn to_parquet(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        let write = || {
            let mut part = path.clone().into_os_string();
            part.push(format!(".{}.part", std::process::id()));
            let part = PathBuf::from(part);
            let written = File::create(&part)
                .and_then(|file| write_activity(BufWriter::new(file), &self.inner))
                .and_then(|()| std::fs::rename(&part, &path));
            written.map_err(|fault| {
                // It may not even be there.
                let _ = std::fs::remove_file(&part);
                error::file(&path, fault)
            })
        };
        work::run(py, write)?
    }

    /// The rows, in an order of their own.
    ///
    /// >>> Activity.from_trail("testdata/trail").table()
    /// <Table of 104 rows: account_id, principal_id, principal_arn, ...>
    fn table(&self, py: Python<'_>) -> PyResult<Table> {
        let make = || Table::collect(activity_schema(), activity_batches(&self.inner));
        work::run(py, make)?.map_err(error::unexpected)
    }

    /// What became of the objects and records that `from_trail` or an Intake read it from. Of what `from_parquet` and
    /// `from_arrow` took, nothing is told.
    #[getter]
    fn reconciliation(&self) -> Reconciliation {
        self.reconciliation.clone()
    }

    /// When the newest attempt was; None when there is none.
    #[getter]
    fn newest(&self) -> Option<DateTime<Utc>> {
        self.inner.newest()
    }

    /// How it is pickled, as when multiprocessing sends it: as an activity file, and its reconciliation.
    fn __reduce__<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<pickle::Reduced<'py, (Py<PyBytes>, Reconciliation)>> {
        let write = || {
            let mut file = Vec::new();
            write_activity(&mut file, &self.inner).map(|()| file)
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

/// An activity that was pickled.
#[pyfunction]
pub(crate) fn restore_activity(
    py: Python<'_>,
    file: PyBackedBytes,
    reconciliation: &Reconciliation,
) -> PyResult<Activity> {
    let read = || read_activity(Bytes::from_owner(file), "the pickled activity", None);
    let activity = work::run(py, read)?.map_err(|fault| error::read(&fault))?;
    Ok(Activity {
        inner: Arc::new(activity),
        reconciliation: reconciliation.clone(),
    })
}

/// The activity files that a path is or has below it.
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
