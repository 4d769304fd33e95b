//! Lists the objects of a trail in one process and reads them in others, as Spark's driver and executors do.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use access_advisor::trail::s3::{S3Location, S3Object, S3Options, S3Source};
use access_advisor::trail::{FailureKind, ObjectId, TrailObject, TrailReader};
use arrow_array::builder::{Int64Builder, StringBuilder};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{ArrowError, DataType, Field, Schema};
use chrono::DateTime;
use pyo3::prelude::*;

use crate::activity::{self, Activity};
use crate::arguments::{Instant, Paths, Size, Threads};
use crate::catalog::Catalog;
use crate::reconciliation::FailedObject;
use crate::table::Table;
use crate::{error, work};

/// Lists the objects that `Activity.from_trail` would read.
///
/// Returns:
///     A table with columns `path` and `size` (stored bytes), and the folders that could not be listed.
///
/// Raises:
///     TrailError: A path does not exist or cannot be listed, or a folder has no files. `path` is that path.
///     InvalidInputError: A datetime has no time zone, or `since` is later than `until`.
#[pyfunction]
#[pyo3(signature = (paths, *, since = None, until = None))]
pub(crate) fn list_objects(
    py: Python<'_>,
    paths: Paths,
    since: Option<Instant>,
    until: Option<Instant>,
) -> PyResult<(Table, Vec<FailedObject>)> {
    let reader = activity::reader(since, until, None, false, None)?;
    let stop = reader.stop_flag();
    let list = move || {
        let mut listed = Listed::default();
        for object in reader.list(&paths.0)? {
            if reader.is_stopped() {
                break;
            }
            listed.add(object);
        }
        Ok(listed.finish())
    };
    let listed = work::run_watched(py, Some(Threads::ONE), &stop, |_| Ok(()), list)?;
    listed.map_err(error::listing)?.map_err(error::unexpected)
}

/// Reads listed objects, given as pairs of `path` and `size`, on this number of threads.
///
/// Objects that cannot be read are listed in the reconciliation. Unlike `Activity.from_trail`, this does not raise if there is
/// no record to read: the objects may be a part of a trail.
#[pyfunction]
#[pyo3(signature = (objects, *, since = None, until = None, object_limit = None, assume_complete = false, threads = Threads::ONE, catalog = None), text_signature = "(objects, *, since=None, until=None, object_limit=None, assume_complete=False, threads=1, catalog=None)")]
#[expect(
    clippy::too_many_arguments,
    reason = "most are by keyword and need not be given"
)]
pub(crate) fn read_objects(
    py: Python<'_>,
    objects: Vec<(String, u64)>,
    since: Option<Instant>,
    until: Option<Instant>,
    object_limit: Option<Size>,
    assume_complete: bool,
    threads: Threads,
    catalog: Option<&Catalog>,
) -> PyResult<Activity> {
    let reader = activity::reader(since, until, object_limit, assume_complete, catalog)?;
    let mut buckets = Buckets::new(&reader);
    let objects = objects
        .into_iter()
        .map(move |(path, size)| buckets.object(path, size));
    let stop = reader.stop_flag();
    let read = move || reader.read_objects(objects, &|_| {});
    let read = work::run_watched(py, Some(threads), &stop, |_| Ok(()), read)?;
    Ok(read.into())
}

/// The table of a listing.
#[derive(Default)]
struct Listed {
    path: StringBuilder,
    size: Int64Builder,
    failed: Vec<FailedObject>,
}

impl Listed {
    fn add(&mut self, object: Result<TrailObject, access_advisor::trail::FailedObject>) {
        let object = match object {
            Ok(object) => object,
            Err(inner) => return self.failed.push(FailedObject { inner }),
        };
        let size = match &object {
            TrailObject::S3 { object, .. } => object.size,
            // Reading the file reports the error.
            TrailObject::File(path) => path.metadata().map_or(0, |metadata| metadata.len()),
        };
        self.path.append_value(object.to_string());
        self.size
            .append_value(i64::try_from(size).unwrap_or(i64::MAX));
    }

    fn finish(mut self) -> Result<(Table, Vec<FailedObject>), ArrowError> {
        let schema = Arc::new(Schema::new(vec![
            Field::new("path", DataType::Utf8, false),
            Field::new("size", DataType::Int64, false),
        ]));
        let columns: Vec<ArrayRef> =
            vec![Arc::new(self.path.finish()), Arc::new(self.size.finish())];
        let batch = RecordBatch::try_new(Arc::clone(&schema), columns);
        Ok((Table::collect(schema, [batch])?, self.failed))
    }
}

/// Opens each bucket once.
struct Buckets {
    options: S3Options,
    opened: HashMap<String, Arc<S3Source>>,
}

impl Buckets {
    fn new(reader: &TrailReader) -> Self {
        let limit = reader.options().object_limit;
        Self {
            options: S3Options::new()
                .object_limit(u64::try_from(limit).unwrap_or(u64::MAX))
                .stop(reader.stop_flag()),
            opened: HashMap::new(),
        }
    }

    /// The object with this path in a listing.
    fn object(
        &mut self,
        path: String,
        size: u64,
    ) -> Result<TrailObject, access_advisor::trail::FailedObject> {
        if !S3Location::is_meant_by(&path) {
            return Ok(TrailObject::File(PathBuf::from(path)));
        }
        match path.parse() {
            Ok(location) => self.s3(location, size),
            Err(fault) => {
                let kind = FailureKind::Unreadable;
                Err(access_advisor::trail::FailedObject::new(
                    path.into(),
                    kind,
                    fault,
                ))
            }
        }
    }

    fn s3(
        &mut self,
        location: S3Location,
        size: u64,
    ) -> Result<TrailObject, access_advisor::trail::FailedObject> {
        let S3Location { bucket, prefix } = location;
        let source = match self.opened.get(&bucket) {
            Some(source) => Arc::clone(source),
            None => {
                let location = S3Location {
                    bucket: bucket.clone(),
                    prefix: String::new(),
                };
                let source = S3Source::open(location, self.options.clone())
                    .map(Arc::new)
                    .map_err(|fault| {
                        let object = ObjectId::S3 {
                            bucket: bucket.as_str().into(),
                            key: prefix.as_str().into(),
                        };
                        access_advisor::trail::FailedObject::new(
                            object,
                            FailureKind::Unreadable,
                            fault,
                        )
                    })?;
                self.opened.insert(bucket.clone(), Arc::clone(&source));
                source
            }
        };
        let object = S3Object {
            bucket: bucket.into(),
            key: prefix,
            size,
            etag: None,
            // Not needed to read the object.
            last_modified: DateTime::UNIX_EPOCH,
        };
        Ok(TrailObject::S3 { source, object })
    }
}
