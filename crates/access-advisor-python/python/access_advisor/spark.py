"""Reads trails that outgrow one machine on Apache Spark.

    from access_advisor import spark as advisor_spark

    read = advisor_spark.activity(spark, "s3://YOUR-TRAIL-BUCKET/AWSLogs/")
    print(read.reconciliation)
    read.failures.show()
    read.activity.write.parquet("s3a://YOUR-BUCKET/activity")

Every task reads its share of the objects as `Activity.from_trail` does, in Rust, and Spark merges the partial tables. The
package must be installed on the executors. Requires pyspark 4 and pyarrow.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, fields
from datetime import datetime
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import unquote

from access_advisor._errors import InvalidInputError, TrailError
from access_advisor._native import (
    Activity,
    Catalog,
    Coverage,
    FailedObject,
    Intake,
    Reconciliation,
    list_objects,
    read_objects,
)

try:
    import pyarrow
    from pyspark import StorageLevel
    from pyspark.errors import AnalysisException
    from pyspark.sql import Window
    from pyspark.sql import functions as F
except ImportError as error:
    raise ImportError("access_advisor.spark needs pyspark and pyarrow: pip install 'access-advisor[spark]'") from error

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

__all__ = ["SparkActivity", "activity"]

# `timestamp_ltz` is an instant; what `timestamp` is depends on `spark.sql.timestampType`.
_ACTIVITY = """
    account_id string, principal_id string, principal_arn string, principal_arn_seen timestamp_ltz,
    service_namespace string, action_name string, event_name string, aws_region string,
    last_accessed timestamp_ltz, last_event_id string, attempts long, denied_attempts long, first_accessed timestamp_ltz,
    days array<date>, days_complete boolean, evidence string
"""
_FAILURES = "path string, kind string, reason string"

# The output of tasks, in one table: rows of the activity, paths of the objects seen (if Spark opens them), and one row with
# the task's reconciliation and coverage as JSON.
_PARTIALS = f"{_ACTIVITY}, seen_path string, reconciliation string, coverage string"

# The size of a task's share: large enough that reading costs more than starting the task and its partial table, small enough
# that little is lost with a task. In between, several tasks per core, so that all cores finish at about the same time.
_LEAST_TASK_BYTES = 16 << 20
_MOST_TASK_BYTES = 256 << 20
_TASKS_PER_CORE = 4

# The largest value in Spark, a Java array, in bytes.
_VALUE_LIMIT = (1 << 31) - 16

_NOTHING = "there is no CloudTrail record to read; a report would call everything unused"

_Path = str | PathLike[str]
# Returns the objects that no task read, given what the tasks returned.
_Unread = Callable[["DataFrame"], list[FailedObject]]


@dataclass(frozen=True)
class SparkActivity:
    """The result of reading a trail on Spark.

    Executors keep the partial tables, from which both DataFrames are computed, until `unpersist` or the end of a `with`
    block.
    """

    activity: DataFrame
    """The activity table, one row for each principal, service, action and Region, in no particular order. Written as
    Parquet, it is an activity file."""
    failures: DataFrame
    """The objects that could not be read, with columns `path`, `kind` and `reason`, as in FailedObject. None of their records
    was taken."""
    reconciliation: Reconciliation
    """What became of all objects and records."""
    coverage: Coverage
    """What the trail covers. Spark does not write it into Parquet files: `Activity.from_parquet(folder).with_coverage(coverage)`
    gives it back."""
    _partials: DataFrame = field(repr=False)

    def unpersist(self) -> None:
        """Releases the partial tables. DataFrames that are used after this read the trail again."""
        self._partials.unpersist()

    def __enter__(self) -> SparkActivity:
        return self

    def __exit__(self, *_: object) -> None:
        self.unpersist()


def activity(
    spark: SparkSession,
    paths: _Path | Iterable[_Path],
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    object_limit: int | None = None,
    assume_complete: bool = False,
    read: Literal["auto", "path", "binary"] = "auto",
    partitions: int | None = None,
    catalog: Catalog | None = None,
) -> SparkActivity:
    """Reads CloudTrail objects on a Spark cluster, into the same table as `Activity.from_trail`.

    Returns a SparkActivity with the DataFrames `activity` and `failures`, and the `reconciliation`. The objects are read once,
    before this returns, and the executors keep the partial tables (in memory, then on disk). If an executor is lost, its share
    is read again, during this call and later. Objects of a trail do not change, so that the result is the same. If objects may
    be deleted in the meantime, set a checkpoint directory first (`spark.sparkContext.setCheckpointDir`): the partial tables are
    written there, and nothing is read twice.

    Args:
        spark: The session.
        paths: A path, or an iterable of paths: files, and folders (recursively). A path without a scheme is local if the
            executors open it; if Spark opens it, it is resolved with `fs.defaultFS`.
        since: Skip records earlier than this.
        until: Skip records later than this.
        object_limit: The largest uncompressed size of one object, in bytes; 1 GiB when None.
        assume_complete: As in `Activity.from_trail`.
        read: Who opens the objects.
            "path": The driver lists the objects, and the executors open them by name: files that have the same path on all
            machines, and `s3://` (`s3a://` is treated the same), with credentials, Region and endpoint from the environment of
            the driver and the executors.
            "binary": Spark opens them with its data source binaryFile, from every file system that it supports, with its own
            credentials: `s3a://`, `hdfs://`, `abfss://`. The reader itself needs no access.
            "auto": "path" for local paths and `s3://`, "binary" for others.
        partitions: The number of reading tasks; chosen by the size of the trail when None. With "binary", Spark chooses it by
            `spark.sql.files.maxPartitionBytes`.
        catalog: The catalog of services and actions; the built-in one when None.

    Raises:
        TrailError: A path does not exist or cannot be listed, or a folder has no files; `path` is that path. Or there is no
            record to read; `path` is the first object that could not be read, if there is one.
        InvalidInputError: A datetime has no time zone, `since` is later than `until`, a number is out of range, or `read` is
            unknown.

    With "binary", Spark ignores files whose names start with `_` or `.`, and dangling links. With "path", only names that start
    with `.` are skipped, as in `Activity.from_trail`. With "binary", empty objects and objects larger than 2 GiB as stored are
    reported as failed at any limit: a value in Spark cannot be larger. A task holds about 64 MiB of objects at a time
    (`spark.sql.execution.arrow.maxBytesPerBatch`), or the largest object.
    """
    names = [os.fspath(path) for path in ([paths] if isinstance(paths, (str, PathLike)) else paths)]
    if not names:
        raise InvalidInputError("there is no path to read")
    if partitions is not None and partitions < 1:
        raise InvalidInputError(f"partitions must be 1 or more, not {partitions}")
    reader = _Reader(since, until, object_limit, assume_complete, catalog)
    if _is_by_path(names, read):
        partials, unread = _by_path(spark, names, reader, partitions)
    else:
        partials, unread = _by_spark(spark, names, reader)

    if _has_checkpoints(spark):
        partials = partials.checkpoint()
    else:
        partials = partials.persist(StorageLevel.MEMORY_AND_DISK)
    rows = partials.where("reconciliation IS NOT NULL").select("reconciliation", "coverage").collect()
    parts = [Reconciliation.from_json(row.reconciliation) for row in rows]
    reconciliation = sum(parts, Reconciliation(objects_failed=unread(partials)))
    if reconciliation.is_empty:
        partials.unpersist()
        if not reconciliation.objects_failed:
            raise TrailError(_NOTHING)
        failed = min(reconciliation.objects_failed, key=lambda failed: failed.path)
        raise TrailError(f"{failed}; {_NOTHING}", path=failed.path)
    failures = spark.createDataFrame(
        [(failed.path, failed.kind, failed.reason) for failed in reconciliation.objects_failed], _FAILURES
    )
    coverage = sum((Coverage.from_json(row.coverage) for row in rows), Coverage())
    return SparkActivity(_merged(partials), failures, reconciliation, coverage, partials)


def _is_by_path(paths: list[str], read: str) -> bool:
    if read not in ("auto", "path", "binary"):
        raise InvalidInputError(f'read must be "auto", "path" or "binary", not {read!r}')
    if read == "auto":
        return all(_scheme(path) in ("", "file", "s3") for path in paths)
    return read == "path"


def _scheme(path: str) -> str:
    scheme, colon, _ = path.partition(":/")
    return scheme.lower() if colon and scheme.isalnum() else ""


def _has_checkpoints(spark: SparkSession) -> bool:
    """Whether a checkpoint directory is set. Spark Connect has no context, only the configuration."""
    if spark.conf.get("spark.checkpoint.dir", None):
        return True
    context = getattr(spark, "_sc", None)
    return context is not None and context.getCheckpointDir() is not None


@dataclass(frozen=True)
class _Reader:
    """Options of the reader, which the executors receive."""

    since: datetime | None
    until: datetime | None
    object_limit: int | None
    assume_complete: bool
    catalog: Catalog | None

    def __post_init__(self) -> None:
        # Raises here, not on an executor, if they are invalid.
        self.intake().finish()

    def intake(self) -> Intake:
        return Intake(**self._options())

    def read(self, objects: list[tuple[str, int]]) -> Activity:
        return read_objects(objects, **self._options())

    def _options(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields(self)}


def _by_path(
    spark: SparkSession, paths: list[str], reader: _Reader, partitions: int | None
) -> tuple[DataFrame, _Unread]:
    """Returns the partial tables of objects that the executors open."""
    paths = [_native_path(path) for path in paths]
    table, failed = list_objects(paths, since=reader.since, until=reader.until)
    objects = pyarrow.table(table)
    if partitions is None:
        size, cores = sum(objects["size"].to_pylist()), _parallelism(spark)
        partitions = max(cores, min(size // _LEAST_TASK_BYTES, cores * _TASKS_PER_CORE), size // _MOST_TASK_BYTES)
        partitions = max(1, min(partitions, len(objects)))
    # Round robin spreads large and small objects evenly.
    shares = spark.createDataFrame(objects, "path string, size long").repartition(partitions)

    def reduce(batches: Iterator[pyarrow.RecordBatch]) -> Iterator[pyarrow.RecordBatch]:
        share: list[tuple[str, int]] = []
        for batch in batches:
            share += zip(batch["path"].to_pylist(), batch["size"].to_pylist())
        return _partials(reader.read(share))

    return shares.mapInArrow(reduce, _PARTIALS), lambda _: failed


def _native_path(path: str) -> str:
    """Returns a path in the spelling of the reader, absolute."""
    match _scheme(path):
        case "":
            return os.path.abspath(path)
        case "file":
            return "/" + path.split(":", 1)[1].lstrip("/")
        case "s3":
            return path
        case "s3a" | "s3n":
            return "s3" + path[3:]
        case other:
            raise InvalidInputError(f'{path}: executors cannot open {other}: themselves; use read="binary"')


def _parallelism(spark: SparkSession) -> int:
    """Returns the number of tasks that run at once. Spark Connect does not expose it."""
    context = getattr(spark, "_sc", None)
    return context.defaultParallelism if context is not None else int(spark.conf.get("spark.sql.shuffle.partitions"))


def _by_spark(spark: SparkSession, paths: list[str], reader: _Reader) -> tuple[DataFrame, _Unread]:
    """Returns the partial tables of objects that Spark opens."""
    source = spark.read.format("binaryFile").option("recursiveFileLookup", True)
    # Objects that Spark cannot open do not fail the job: `unread` finds that they are missing, and reports them.
    source = source.option("ignoreMissingFiles", True).option("ignoreCorruptFiles", True)
    folders: list[DataFrame] = []
    names: list[str] = []
    for path in paths:
        try:
            folder = source.load(path)
        except AnalysisException as error:
            raise TrailError(f"{path}: {error}", path=path) from error
        below = folder.inputFiles()
        if not below:
            raise TrailError(f"{path}: there is no file in this folder", path=path)
        folders.append(folder.where(F.col("length") <= _VALUE_LIMIT).select("path", "content"))
        names += (_without_scheme(unquote(uri)) for uri in below)
    objects = spark.createDataFrame(pyarrow.table({"path": pyarrow.array(names, pyarrow.string())}), "path string")

    def reduce(batches: Iterator[pyarrow.RecordBatch]) -> Iterator[pyarrow.RecordBatch]:
        intake = reader.intake()
        for batch in batches:
            given = [_without_scheme(path) for path in batch["path"].to_pylist()]
            for path, content in zip(given, batch["content"]):
                intake.take_object(path, content.as_py())
            yield _rows({"seen_path": pyarrow.array(given, pyarrow.string())}, len(given))
        yield from _partials(intake.finish())

    def unread(partials: DataFrame) -> list[FailedObject]:
        seen = partials.where("seen_path IS NOT NULL").selectExpr("seen_path AS path")
        return [FailedObject(row.path, _UNREAD) for row in objects.join(seen, "path", "left_anti").collect()]

    contents = functools.reduce(lambda one, other: one.union(other), folders)
    return contents.mapInArrow(reduce, _PARTIALS), unread


_UNREAD = "it is empty, larger than 2 GiB, or Spark cannot read it"


def _without_scheme(path: str) -> str:
    """Returns the path of a local file, the URI of any other."""
    return "/" + path[5:].lstrip("/") if path.startswith("file:") else path


def _partials(part: Activity) -> Iterator[pyarrow.RecordBatch]:
    """Returns the output of a task."""
    table = pyarrow.table(part.table())
    for batch in table.to_batches():
        yield _rows(dict(zip(table.column_names, batch.columns)), batch.num_rows)
    texts = {"reconciliation": part.reconciliation.to_json(), "coverage": part.coverage.to_json()}
    yield _rows({name: pyarrow.array([text]) for name, text in texts.items()}, 1)


def _rows(columns: dict[str, pyarrow.Array], count: int) -> pyarrow.RecordBatch:
    """Returns rows of the partial tables with these columns; the others are null."""
    schema = _partials_schema()
    arrays = [
        columns[column.name].cast(column.type) if column.name in columns else pyarrow.nulls(count, column.type)
        for column in schema
    ]
    return pyarrow.RecordBatch.from_arrays(arrays, schema=schema)


def _partials_schema() -> pyarrow.Schema:
    types = {
        "string": pyarrow.string(),
        "long": pyarrow.int64(),
        "timestamp_ltz": pyarrow.timestamp("us", "UTC"),
        "array<date>": pyarrow.list_(pyarrow.date32()),
        "boolean": pyarrow.bool_(),
    }
    columns = (column.split() for column in _PARTIALS.split(","))
    return pyarrow.schema([(name, types[kind]) for name, kind in columns])


def _merged(partials: DataFrame) -> DataFrame:
    """Merges the partial tables into one activity table, by the rules of `advisor-core`.

    A row's last attempt is the greatest (time, event id). The ARN and the account belong to the principal, not to
    the row: the ARN it was last seen under, and the greatest account, of all its rows.
    """
    rows = partials.where("service_namespace IS NOT NULL")
    action = ["service_namespace", "action_name", "event_name", "aws_region", "evidence"]
    principal = F.coalesce("principal_id", "principal_arn").alias("principal")
    merged = rows.groupBy(principal, *action).agg(
        F.max("principal_id").alias("principal_id"),
        F.max("account_id").alias("account_id"),
        F.max(F.struct("principal_arn_seen", "principal_arn")).alias("seen"),
        F.max(F.struct("last_accessed", "last_event_id")).alias("last"),
        F.min("first_accessed").alias("first_accessed"),
        F.sum("attempts").alias("attempts"),
        F.sum("denied_attempts").alias("denied_attempts"),
        F.array_sort(F.array_distinct(F.flatten(F.collect_list("days")))).alias("days"),
        F.bool_and("days_complete").alias("days_complete"),
    )
    of_principal = Window.partitionBy("principal")
    merged = merged.withColumns(
        {"account_id": F.max("account_id").over(of_principal), "seen": F.max("seen").over(of_principal)}
    )
    return merged.select(
        "account_id",
        "principal_id",
        "seen.principal_arn",
        "seen.principal_arn_seen",
        *action[:-1],
        "last.last_accessed",
        "last.last_event_id",
        "attempts",
        "denied_attempts",
        "first_accessed",
        "days",
        "days_complete",
        "evidence",
    )
