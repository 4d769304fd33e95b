"""The reader on Apache Spark, for trails that outgrow one machine.

    from access_advisor import spark as advisor_spark

    read = advisor_spark.activity(spark, "s3://YOUR-TRAIL-BUCKET/AWSLogs/")
    print(read.reconciliation)
    read.failures.show()
    read.activity.write.parquet("s3a://YOUR-BUCKET/activity")

Every task runs the reducer of `Activity.from_trail`, in Rust, on its share of the objects; Spark merges the partial tables
that come out. The package must be installed where the executors run. Needs pyspark 4 and pyarrow.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from os import PathLike
from typing import TYPE_CHECKING, Literal
from urllib.parse import unquote

from access_advisor._errors import InvalidInputError, TrailError
from access_advisor._native import (
    Activity,
    Catalog,
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

# Instants, whatever `spark.sql.timestampType` makes of a mere `timestamp`.
_ACTIVITY = """
    account_id string, principal_id string, principal_arn string, principal_arn_seen timestamp_ltz,
    service_namespace string, action_name string, event_name string, aws_region string,
    last_accessed timestamp_ltz, last_event_id string, attempts long, denied_attempts long, first_accessed timestamp_ltz
"""
_FAILURES = "path string, reason string"

# What tasks return, in one table: the rows of the activity, the paths of the objects seen (where Spark opens them), and one
# row with the task's reconciliation as JSON.
_PARTIALS = f"{_ACTIVITY}, seen_path string, reconciliation string"

# A task's share: not so little that its start and its partial table cost more than the reading, not so much that a lot is lost
# with it. In between, several tasks for each core, so that all cores are done at about the same time.
_LEAST_TASK_BYTES = 16 << 20
_MOST_TASK_BYTES = 256 << 20
_TASKS_PER_CORE = 4

# The most bytes that one value of Spark's can have: a Java array.
_VALUE_LIMIT = (1 << 31) - 16

_NOTHING = "there is no CloudTrail record to read; a report would call everything unused"

_Path = str | PathLike[str]
# Returns the objects that no task read, given what the tasks returned.
_Unread = Callable[["DataFrame"], list[FailedObject]]


@dataclass(frozen=True)
class SparkActivity:
    """What Spark read of a trail: three views of one reading.

    The partial tables that both DataFrames come from are kept by the executors until `unpersist`, or the end of a `with`
    block.
    """

    activity: DataFrame
    """The activity table, one row for each principal, service, operation and Region, in no particular order. Written as
    Parquet it is an activity file."""
    failures: DataFrame
    """The objects that could not be read, with `path` and `reason`. None of their records was taken."""
    reconciliation: Reconciliation
    """What became of all objects and records."""
    _partials: DataFrame = field(repr=False)

    def unpersist(self) -> None:
        """Lets go of the partial tables. Asked again after this, the DataFrames read the trail again."""
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
    read: Literal["auto", "path", "binary"] = "auto",
    partitions: int | None = None,
    catalog: Catalog | None = None,
) -> SparkActivity:
    """Reads CloudTrail objects on a Spark cluster, into the table that `Activity.from_trail` makes of them.

    What is returned is a SparkActivity: the table is its `activity`, a DataFrame; with it come `failures` and `reconciliation`.
    The objects are read before this returns, once, and what tasks made of them is kept by the executors (memory, then
    disk). When an executor is lost, its share is read again, during this call and later. A trail's objects do not change, so
    the result is the same; where they may be deleted meanwhile, set a checkpoint directory before
    (`spark.sparkContext.setCheckpointDir`): then what was read is written there and nothing is read twice.

    Args:
        spark: The session.
        paths: A path, or an iterable of paths: files, and folders with all that is below them. Without a scheme it is local
            when the executors open it, and what Spark takes it for (`fs.defaultFS`) when Spark does.
        since: Leave out records earlier than this.
        until: Leave out records later than this.
        object_limit: The most bytes that one object may have, inflated; 1 GiB when None.
        read: Who opens the objects.
            "path": The driver lists, and the executors open what they are given by name: files that they see under
            the same path as the driver, and `s3://` (`s3a://` is taken as the same), with credentials, Region and endpoint from
            the environment of the driver's and executors' processes.
            "binary": Spark does, with its data source binaryFile: all that it has a file system for, with its
            credentials: `s3a://`, `hdfs://`, `abfss://`. Executors need no access of their own.
            "auto": "path" for local paths and `s3://`, "binary" for others.
        partitions: How many tasks read; chosen by the size of the trail when None. With "binary", Spark chooses:
            `spark.sql.files.maxPartitionBytes`.
        catalog: Which services and actions there are, and which action an event is; the one built in when None.

    Raises:
        TrailError: A path that is not there or cannot be listed, a folder without files. Its `path` says which. There is
            no record to read; its `path` is the first object that could not be read, if there is one.
        InvalidInputError: A datetime without a time zone, `since` later than `until`, a number that cannot be, a `read` that
            is none of the three.

    With "binary", files whose names start with `_` or `.`, and links that lead nowhere, do not exist for Spark; with "path"
    only names that start with `.` are left out, as in `Activity.from_trail`. With "binary", empty objects and those larger than
    2 GiB as stored are set aside, whatever the limit: no value of Spark's can be larger. A task holds about 64 MiB of objects
    at a time (`spark.sql.execution.arrow.maxBytesPerBatch`), or the largest one.
    """
    names = [os.fspath(path) for path in ([paths] if isinstance(paths, (str, PathLike)) else paths)]
    if not names:
        raise InvalidInputError("there is no path to read")
    if partitions is not None and partitions < 1:
        raise InvalidInputError(f"partitions must be 1 or more, not {partitions}")
    reader = _Reader(since, until, object_limit, catalog)
    if _is_by_path(names, read):
        partials, unread = _by_path(spark, names, reader, partitions)
    else:
        partials, unread = _by_spark(spark, names, reader)

    if _has_checkpoints(spark):
        partials = partials.checkpoint()
    else:
        partials = partials.persist(StorageLevel.MEMORY_AND_DISK)
    rows = partials.where("reconciliation IS NOT NULL").select("reconciliation").collect()
    parts = [Reconciliation.from_json(row.reconciliation) for row in rows]
    reconciliation = sum(parts, Reconciliation(objects_failed=unread(partials)))
    if not reconciliation.records_read and not reconciliation.activity_rows_read:
        partials.unpersist()
        if not reconciliation.objects_failed:
            raise TrailError(_NOTHING)
        failed = min(reconciliation.objects_failed, key=lambda failed: failed.path)
        raise TrailError(f"{failed}; {_NOTHING}", path=failed.path)
    failures = spark.createDataFrame(
        [(failed.path, failed.reason) for failed in reconciliation.objects_failed], _FAILURES
    )
    return SparkActivity(_merged(partials), failures, reconciliation, partials)


def _is_by_path(paths: list[str], read: str) -> bool:
    if read not in ("auto", "path", "binary"):
        raise InvalidInputError(f'read {read!r} is neither "auto" nor "path" nor "binary"')
    if read == "auto":
        return all(_scheme(path) in ("", "file", "s3") for path in paths)
    return read == "path"


def _scheme(path: str) -> str:
    scheme, colon, _ = path.partition(":/")
    return scheme.lower() if colon and scheme.isalnum() else ""


def _has_checkpoints(spark: SparkSession) -> bool:
    """Whether there is a directory for checkpoints. Spark Connect has no context to ask."""
    if spark.conf.get("spark.checkpoint.dir", None):
        return True
    context = getattr(spark, "_sc", None)
    return context is not None and context.getCheckpointDir() is not None


@dataclass(frozen=True)
class _Reader:
    """How to read; goes to the executors."""

    since: datetime | None
    until: datetime | None
    object_limit: int | None
    catalog: Catalog | None

    def __post_init__(self) -> None:
        # Says now, not on an executor, what is wrong with them.
        self.intake().finish()

    def intake(self) -> Intake:
        return Intake(
            since=self.since, until=self.until, object_limit=self.object_limit, catalog=self.catalog
        )

    def read(self, objects: list[tuple[str, int]]) -> Activity:
        return read_objects(
            objects, since=self.since, until=self.until, object_limit=self.object_limit, catalog=self.catalog
        )


def _by_path(
    spark: SparkSession, paths: list[str], reader: _Reader, partitions: int | None
) -> tuple[DataFrame, _Unread]:
    """Partial tables of objects that the executors open."""
    paths = [_native_path(path) for path in paths]
    table, failed = list_objects(paths, since=reader.since, until=reader.until)
    objects = pyarrow.table(table)
    if partitions is None:
        size, cores = sum(objects["size"].to_pylist()), _parallelism(spark)
        partitions = max(cores, min(size // _LEAST_TASK_BYTES, cores * _TASKS_PER_CORE), size // _MOST_TASK_BYTES)
        partitions = max(1, min(partitions, len(objects)))
    # Round robin: large and small objects are spread evenly.
    shares = spark.createDataFrame(objects, "path string, size long").repartition(partitions)

    def reduce(batches: Iterator[pyarrow.RecordBatch]) -> Iterator[pyarrow.RecordBatch]:
        share: list[tuple[str, int]] = []
        for batch in batches:
            share += zip(batch["path"].to_pylist(), batch["size"].to_pylist())
        return _partials(reader.read(share))

    return shares.mapInArrow(reduce, _PARTIALS), lambda _: failed


def _native_path(path: str) -> str:
    """A path as the reader calls it, wherever it runs."""
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
    """How many tasks run at once. Spark Connect does not tell."""
    context = getattr(spark, "_sc", None)
    return context.defaultParallelism if context is not None else int(spark.conf.get("spark.sql.shuffle.partitions"))


def _by_spark(spark: SparkSession, paths: list[str], reader: _Reader) -> tuple[DataFrame, _Unread]:
    """Partial tables of objects that Spark opens."""
    source = spark.read.format("binaryFile").option("recursiveFileLookup", True)
    # What cannot be opened is found missing and set aside, instead of failing the job.
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
                intake.take(path, content.as_py())
            yield _rows({"seen_path": pyarrow.array(given, pyarrow.string())}, len(given))
        yield from _partials(intake.finish())

    def unread(partials: DataFrame) -> list[FailedObject]:
        seen = partials.where("seen_path IS NOT NULL").selectExpr("seen_path AS path")
        return [FailedObject(row.path, _UNREAD) for row in objects.join(seen, "path", "left_anti").collect()]

    contents = functools.reduce(lambda one, other: one.union(other), folders)
    return contents.mapInArrow(reduce, _PARTIALS), unread


_UNREAD = "it is empty, larger than 2 GiB, or Spark cannot read it"


def _without_scheme(path: str) -> str:
    """A local file by its path, as people call it; others by their URI."""
    return "/" + path[5:].lstrip("/") if path.startswith("file:") else path


def _partials(part: Activity) -> Iterator[pyarrow.RecordBatch]:
    """What a task returns of its share."""
    table = pyarrow.table(part.table())
    for batch in table.to_batches():
        yield _rows(dict(zip(table.column_names, batch.columns)), batch.num_rows)
    yield _rows({"reconciliation": pyarrow.array([part.reconciliation.to_json()])}, 1)


def _rows(columns: dict[str, pyarrow.Array], count: int) -> pyarrow.RecordBatch:
    """Rows of the partial tables with these columns; the others are null."""
    schema = _partials_schema()
    arrays = [
        columns[column.name].cast(column.type) if column.name in columns else pyarrow.nulls(count, column.type)
        for column in schema
    ]
    return pyarrow.RecordBatch.from_arrays(arrays, schema=schema)


def _partials_schema() -> pyarrow.Schema:
    types = {"string": pyarrow.string(), "long": pyarrow.int64(), "timestamp_ltz": pyarrow.timestamp("us", "UTC")}
    columns = (column.split() for column in _PARTIALS.split(","))
    return pyarrow.schema([(name, types[kind]) for name, kind in columns])


def _merged(partials: DataFrame) -> DataFrame:
    """One activity table of partial ones, by the rules that `advisor-core` merges by.

    A row's last attempt is the greatest (time, event id). The ARN and the account are the principal's, not the row's: the
    ARN it was last seen under, and the greatest account, of all its rows.
    """
    rows = partials.where("service_namespace IS NOT NULL")
    operation = ["service_namespace", "action_name", "event_name", "aws_region"]
    principal = F.coalesce("principal_id", "principal_arn").alias("principal")
    merged = rows.groupBy(principal, *operation).agg(
        F.max("principal_id").alias("principal_id"),
        F.max("account_id").alias("account_id"),
        F.max(F.struct("principal_arn_seen", "principal_arn")).alias("seen"),
        F.max(F.struct("last_accessed", "last_event_id")).alias("last"),
        F.min("first_accessed").alias("first_accessed"),
        F.sum("attempts").alias("attempts"),
        F.sum("denied_attempts").alias("denied_attempts"),
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
        *operation,
        "last.last_accessed",
        "last.last_event_id",
        "attempts",
        "denied_attempts",
        "first_accessed",
    )
