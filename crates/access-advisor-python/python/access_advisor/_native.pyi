from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from os import PathLike
from typing import Any, ClassVar, Literal, NoReturn, Protocol, final

import pandas
import polars
import pyarrow

from access_advisor._errors import ClientExceptions
from access_advisor.types import (
    EntityDetails,
    Explanation,
    GenerateServiceLastAccessedDetails,
    GetServiceLastAccessedDetails,
    GetServiceLastAccessedDetailsWithEntities,
    Job,
    ListPoliciesGrantingServiceAccess,
    ListPoliciesGrantingServiceAccessEntry,
    Report,
)

__all__ = [
    "AccountData",
    "Activity",
    "Advisor",
    "Catalog",
    "Coverage",
    "FailedObject",
    "ExportIssue",
    "ImportedTrail",
    "Intake",
    "MalformedRecord",
    "Progress",
    "Reconciliation",
    "Store",
    "Table",
    "Taken",
    "Tracking",
    "TruncatedObject",
    "__version__",
    "list_objects",
    "notebook_table",
    "read_objects",
    "restore_activity",
    "restore_coverage",
    "restore_tracking",
]
__version__: str

_Path = str | PathLike[str]
_Paths = _Path | Iterable[_Path]
_Granularity = Literal["service", "action"]
_ApiGranularity = Literal["SERVICE_LEVEL", "ACTION_LEVEL"]
_Tracking = Tracking | Literal["aws", "full"]
_FailureKind = Literal["not_listed", "nothing_there", "unreadable", "too_large", "damaged", "not_cloudtrail"]
_Progress = bool | Callable[[Progress], object] | None

class _ArrowStream(Protocol):
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...

# A parameter that nothing can be given: such a class cannot be constructed.
@final
class Table:
    """A table with the Arrow PyCapsule interface: `pyarrow.table(t)`, `polars.DataFrame(t)`, `pandas.DataFrame.from_arrow(t)`,
    `duckdb.sql("FROM t")`.

    Buffers are exported without a copy. Polars and pandas convert dictionary columns to categoricals.

    >>> t = AccountData.load("testdata/account.json").permissions()
    >>> len(t), t.column_names[:4]
    (109, ['account_id', 'arn', 'entity_type', 'entity_name'])
    """
    def __init__(self, never: NoReturn, /) -> None: ...
    @property
    def num_rows(self) -> int:
        """The number of rows."""
    @property
    def column_names(self) -> list[str]:
        """The names of the columns."""
    def to_pandas(self) -> pandas.DataFrame:
        """Returns the table as a `pandas.DataFrame`. Dictionary columns become categoricals. Requires pandas 3 and pyarrow.

        >>> AccountData.load("testdata/account.json").permissions().to_pandas().entity_type.nunique()
        4
        """
    def to_polars(self) -> polars.DataFrame:
        """Returns the table as a `polars.DataFrame`. Dictionary columns become categoricals. Requires Polars.

        >>> AccountData.load("testdata/account.json").permissions().to_polars().height
        109
        """
    def to_pyarrow(self) -> pyarrow.Table:
        """Returns the table as a `pyarrow.Table`. Requires pyarrow.

        >>> AccountData.load("testdata/account.json").permissions().to_pyarrow().num_rows
        109
        """
    def _repr_html_(self) -> str:
        """A notebook shows the first rows."""
    def __len__(self) -> int: ...
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> Any: ...
    def __arrow_c_schema__(self) -> Any: ...

@final
class ExportIssue:
    """Something in an export that could not be used as it is. The rest of the export was used.

    Args:
        path: The file.
        json_path: The JSON path in the file, as in `UserDetailList[3].UserPolicyList[0]`.
        reason: What is wrong, for people.
        kind: What is wrong, for programs. See `kind`.
    """
    def __new__(cls, path: str, json_path: str, reason: str, kind: str) -> ExportIssue: ...
    @property
    def path(self) -> str:
        """The file."""
    @property
    def json_path(self) -> str:
        """The JSON path in the file, as in `UserDetailList[3].UserPolicyList[0]`."""
    @property
    def reason(self) -> str:
        """What is wrong, for people."""
    @property
    def kind(self) -> str:
        """What is wrong, for programs: "truncated", "unreadable", "invalid_arn", "wrong_kind", "name_differs", "invalid_date",
        "shared_unique_id", "repeated", "policy_not_evaluated" or "missing_group". Later versions may add kinds.
        """
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class AccountData:
    """The users, groups, roles and policies of one or several accounts.

    Load it from the output of `aws iam get-account-authorization-details`.

    >>> account = AccountData.load("testdata/account.json")
    >>> account
    <AccountData of 30 entities, 1 issue>
    """
    def __init__(self, never: NoReturn, /) -> None: ...
    @staticmethod
    def load(paths: _Paths) -> AccountData:
        """Loads exports of `aws iam get-account-authorization-details`: one file or several, of one account or several.
        A folder stands for the files in it, at any depth, that are named `*.json`, also compressed.

        Args:
            paths: A path, or an iterable of paths.

        Raises:
            AccountError: A file cannot be read, or is not a complete export. `path` is the file, `line` and `column` are the
                position in it.

        >>> len(AccountData.load(["testdata/account.json"]))
        30
        >>> AccountData.load("testdata/README.md")
        Traceback (most recent call last):
        access_advisor.AccountError: testdata/README.md: expected value (line 1, column 1)
        """
    @property
    def issues(self) -> list[ExportIssue]:
        """What could not be used as it is.

        >>> issue = AccountData.load("testdata/account.json").issues[0]
        >>> issue.kind
        'policy_not_evaluated'
        >>> issue.json_path
        'GroupDetailList[2].AttachedManagedPolicies[0]'
        """
    def arns(self) -> list[str]:
        """Returns the ARNs of all entities that have a report: every user, group, role, and attached or customer-managed policy.

        >>> AccountData.load("testdata/account.json").arns()[0]
        'arn:aws:iam::111122223333:group/admins'
        """
    def permissions(self) -> Table:
        """Returns the policy statements that apply to each user, group, role and policy, one row per statement.

        >>> AccountData.load("testdata/account.json").permissions()
        <Table of 109 rows: account_id, arn, entity_type, ...>
        """
    def __len__(self) -> int: ...

@final
class Catalog:
    """A catalog of services and actions, used instead of the built-in one.

    Pass the same catalog to `Activity.from_trail`, `Advisor` and `Store` when they are used together. It can be pickled.

    >>> catalog = Catalog.load("crates/service-catalog/data/catalog.txt")
    >>> catalog
    <Catalog of ... services, ... actions>
    >>> Activity.from_trail("testdata/trail", catalog=catalog)
    <Activity of 106 rows, newest 2026-10-21T10:03:00+00:00>
    """
    def __init__(self, never: NoReturn, /) -> None: ...
    @staticmethod
    def load(path: _Path) -> Catalog:
        """Loads a catalog file made by `access-advisor catalog build`.

        Args:
            path: The file.

        Raises:
            CatalogError: The file cannot be read, or is not a catalog. `path` is the file, `line` the position in it.

        >>> Catalog.load("testdata/README.md")
        Traceback (most recent call last):
        access_advisor.CatalogError: testdata/README.md: line ...
        """
    @staticmethod
    def parse(text: str) -> Catalog:
        """Parses the text of a catalog file.

        Raises:
            CatalogError: The text is not a catalog. `line` is the position in it.

        >>> from pathlib import Path
        >>> Catalog.parse(Path("crates/service-catalog/data/catalog.txt").read_text())
        <Catalog of ... services, ... actions>
        """

@final
class Progress:
    """The progress of reading a trail, as a `progress` callback receives it."""
    def __init__(self, never: NoReturn, /) -> None: ...
    @property
    def objects(self) -> int:
        """The number of objects read so far."""
    @property
    def total(self) -> int | None:
        """The number of all objects; None until all are listed."""
    @property
    def bytes(self) -> int:
        """The stored size of the objects read so far, in bytes."""
    @property
    def records(self) -> int:
        """The number of records in the objects read so far."""
    @property
    def done(self) -> bool:
        """Whether this is the last call."""

@final
class FailedObject:
    """An object that could not be read. None of its records was taken.

    Args:
        path: The object.
        reason: What is wrong, for people.
        kind: What is wrong, for programs: "not_listed", "nothing_there", "unreadable", "too_large", "damaged" or
            "not_cloudtrail".

    Raises:
        InvalidInputError: `kind` is unknown.
    """
    def __new__(cls, path: str, reason: str, kind: _FailureKind = "unreadable") -> FailedObject: ...
    @property
    def path(self) -> str:
        """The object."""
    @property
    def reason(self) -> str:
        """What is wrong, for people."""
    @property
    def kind(self) -> _FailureKind:
        """What is wrong, for programs: "not_listed", "nothing_there", "unreadable", "too_large", "damaged" or "not_cloudtrail".
        Later versions may add kinds.
        """
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class MalformedRecord:
    """A malformed record, or row of an activity file. The other records of its object were taken.

    Args:
        path: The object.
        record: The number of the record in the object, counted from 1.
        reason: What is wrong, for people.
        kind: What is wrong, for programs. See `kind`.
    """
    def __new__(cls, path: str, record: int, reason: str, kind: str) -> MalformedRecord: ...
    @property
    def path(self) -> str:
        """The object."""
    @property
    def record(self) -> int:
        """The number of the record in the object, counted from 1."""
    @property
    def reason(self) -> str:
        """What is wrong, for people."""
    @property
    def kind(self) -> str:
        """What is wrong, for programs: "missing", "too_long", "control_character", "region", "time", "principal", "encoding",
        "json", "row", "identity_text", "value" or "not_a_record". Later versions may add kinds.
        """
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class TruncatedObject:
    """An object that holds a part of a result, such as one page. Its records were taken; others are missing.

    Args:
        path: The object.
        reason: How it is known, for people.
        kind: How it is known, for programs. See `kind`.
    """
    def __new__(cls, path: str, reason: str, kind: str) -> TruncatedObject: ...
    @property
    def path(self) -> str:
        """The object."""
    @property
    def reason(self) -> str:
        """How it is known, for people."""
    @property
    def kind(self) -> str:
        """How it is known, for programs: "next_page", "one_page", "query_status" or "rows". Later versions may add kinds."""
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Reconciliation:
    """What became of the objects and records of a trail: records read = attributed + set aside. For activity files among the
    objects, rows read = taken + set aside.

    Add the reconciliations of parts of a trail with `+` or `sum(parts, Reconciliation())`.

    Args:
        objects_failed: Objects that could not be read; none by default.

    >>> r = Activity.from_trail("testdata/trail").reconciliation
    >>> r.records_read == r.records_attributed + r.records_set_aside
    True
    >>> print(r)
    87 objects read, 1 digest read, 1 insight skipped
    385 records = 322 attributed + 63 set aside
    ...
    """
    def __new__(cls, *, objects_failed: Iterable[FailedObject] = ()) -> Reconciliation: ...
    @staticmethod
    def from_json(text: str) -> Reconciliation:
        """Reads what `to_json` wrote.

        Raises:
            InvalidInputError: The text is not from `to_json`.

        >>> r = Activity.from_trail("testdata/trail").reconciliation
        >>> Reconciliation.from_json(r.to_json()) == r
        True
        """
    def to_json(self) -> str:
        """Returns this reconciliation as JSON, for another process to read with `from_json`. Its layout is not part of the API."""
    def __add__(self, other: Reconciliation, /) -> Reconciliation: ...
    def __radd__(self, other: Reconciliation, /) -> Reconciliation: ...
    @property
    def objects_read(self) -> int:
        """The number of objects whose records or rows were read."""
    @property
    def digests_read(self) -> int:
        """The number of digest objects that were read."""
    @property
    def objects_skipped(self) -> dict[str, int]:
        """The number of objects without API calls, by type: "insight", "query_result_signature". Later versions may add types."""
    @property
    def objects_failed(self) -> list[FailedObject]:
        """The objects that could not be read."""
    @property
    def objects_truncated(self) -> list[TruncatedObject]:
        """The objects that hold a part of a result, such as one page. Their records were taken; others are missing."""
    @property
    def objects_unusable(self) -> list[str]:
        """The objects that were read, and none of whose records can be used: all are malformed or from the future."""
    @property
    def bytes(self) -> int:
        """The stored size of the objects, in bytes."""
    @property
    def records_read(self) -> int:
        """The number of records in the objects read. Rows of activity files are counted separately."""
    @property
    def records_attributed(self) -> int:
        """The number of records that count as an attempt of a user or role."""
    @property
    def records_set_aside(self) -> int:
        """The number of records set aside, for any reason."""
    @property
    def set_aside_by_reason(self) -> dict[str, int]:
        """The number of records set aside, by reason: "not_an_api_call", "root", "aws_service", "anonymous", "no_iam_identity",
        "no_principal", "not_aws", "before_since", "after_until", "from_the_future" or "malformed". Later versions may add reasons. The
        text of the reconciliation is more exact: it has the event types, sources and identities.
        """
    @property
    def records_malformed(self) -> int:
        """The number of malformed records and rows of activity files, among those set aside."""
    @property
    def activity_rows_read(self) -> int:
        """The number of rows in the activity files read."""
    @property
    def activity_rows_taken(self) -> int:
        """The number of rows of activity files that were taken."""
    @property
    def activity_rows_attempts(self) -> int:
        """The number of attempts in the rows taken."""
    @property
    def activity_rows_set_aside(self) -> int:
        """The number of rows of activity files set aside, for any reason."""
    @property
    def activity_rows_set_aside_by_reason(self) -> dict[str, int]:
        """The number of rows of activity files set aside, by reason: those of records, and "spans_until"."""
    @property
    def examples(self) -> list[MalformedRecord]:
        """The first of the malformed records and rows, twenty at most."""
    @property
    def records_from_the_future(self) -> int:
        """The number of records and rows of activity files that are later than the clock by more than a day, among those set aside."""
    @property
    def has_faults(self) -> bool:
        """Whether the input has faults: objects that could not be read or hold a part of a result; records or rows that are
        malformed or from the future.
        """
    @property
    def adds_up(self) -> bool:
        """Whether the records read are those attributed and those set aside, and the rows read those taken and those set aside."""
    @property
    def is_empty(self) -> bool:
        """Whether no record and no row of an activity file could be read. A report would call everything unused."""
    def __eq__(self, other: object, /) -> bool: ...
    __hash__: ClassVar[None]  # type: ignore[assignment]

@final
class Coverage:
    """What was read of a trail: by account, Region and kind of event the days with records, and what log files and digest files
    show. An action is not shown to be unused by what was not read.

    Add the coverage of parts of a trail with `+` or `sum(parts, Coverage())`.

    >>> coverage = Activity.from_trail("testdata/trail").coverage
    >>> "111122223333" in coverage.accounts
    True
    >>> coverage + coverage == coverage
    True
    """
    def __new__(cls) -> Coverage: ...
    @staticmethod
    def from_json(text: str) -> Coverage:
        """Reads what `to_json` wrote.

        Raises:
            InvalidInputError: The text is not from `to_json`.

        >>> coverage = Activity.from_trail("testdata/trail").coverage
        >>> Coverage.from_json(coverage.to_json()) == coverage
        True
        """
    def to_json(self) -> str:
        """Returns this coverage as JSON, for another process to read with `from_json`. It is what activity files have in their
        metadata.
        """
    def credential_uses(self) -> list[dict[str, Any]]:
        """Returns which credentials of users were used: long-term access keys and passwords, as `access-advisor activity credentials
        --format json` prints them. Times are texts.

        >>> uses = Activity.from_trail("testdata/trail").coverage.credential_uses()
        >>> [use["AccessKeyId"] for use in uses if use["ServiceNamespace"] == "ecs"]
        ['AKIAW5ZACTTYGEXAMPLE']
        """
    @property
    def has_unread_credentials(self) -> bool:
        """Whether some activity does not say which credentials were used: then others than in `credential_uses()` may have been."""
    def to_dict(self) -> dict[str, Any]:
        """Returns what `access-advisor coverage --format json` prints, as a dict. Days are dates and intervals of dates, such as
        `2026-01-03/2026-03-31`.

        >>> list(Activity.from_trail("testdata/trail").coverage.to_dict())
        ['Accounts', 'MissingLogFiles', 'Catalogs', 'HasUnknownSources']
        """
    def covered_days(self, account: str) -> list[date]:
        """Returns the days on which an account's trail was read, in any Region."""
    @property
    def accounts(self) -> list[str]:
        """The accounts of which something was read."""
    @property
    def missing_log_files(self) -> list[str]:
        """The names of log files that a digest file lists and that were not read."""
    @property
    def has_unknown_sources(self) -> bool:
        """Whether some activity came from a table that does not say what it covers, such as one made by a query engine."""
    def __add__(self, other: Coverage, /) -> Coverage: ...
    def __radd__(self, other: Coverage, /) -> Coverage: ...
    def __eq__(self, other: object, /) -> bool: ...

@final
class Activity:
    """Who attempted which action, when last and how often: one row for each principal, service, action and Region.

    It does not keep single events: a trail of terabytes becomes a table of some thousand rows.

    >>> activity = Activity.from_trail("testdata/trail")
    >>> activity
    <Activity of 106 rows, newest 2026-10-21T10:03:00+00:00>
    """
    def __init__(self, never: NoReturn, /) -> None: ...
    @staticmethod
    def from_trail(
        paths: _Paths,
        *,
        threads: int | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        object_limit: int | None = None,
        assume_complete: bool = False,
        progress: _Progress = None,
        catalog: Catalog | None = None,
    ) -> Activity:
        """Reads CloudTrail objects in parallel, from files, folders (recursively) and `s3://bucket/prefix`.

        Reads objects as CloudTrail delivers them, JSON lines, the output of `aws cloudtrail lookup-events`, CSV and Parquet of
        Athena and CloudTrail Lake, and activity files. `reconciliation` says what is wrong with single objects and records.
        Raises TrailError if there is no record at all: a report would call everything unused.

        Args:
            paths: A path, or an iterable of paths. S3 credentials, Region and endpoint come from the environment.
            threads: The number of reading threads, 1 or more; one per processor when None.
            since: Skip records earlier than this.
            until: Skip records later than this.
            object_limit: The largest uncompressed size of one object, in bytes; 1 GiB when None.
            assume_complete: Whether results of queries and searches, exports and logs hold all records of their days. Otherwise only
                what CloudTrail and Security Lake deliver shows that something is unused.
            progress: True for a tqdm progress bar, or a callable that receives a Progress about ten times a second, on this
                thread.
            catalog: The catalog of services and actions; the built-in one when None.

        Raises:
            TrailError: A path does not exist or cannot be listed, or a folder has no files; `path` is that path. Or there is no
                record to read; `path` is the first object that could not be read, if there is one.
            InvalidInputError: A datetime has no time zone, `since` is later than `until`, or a number is out of range.

        >>> from datetime import datetime, timezone
        >>> october = datetime(2026, 10, 1, tzinfo=timezone.utc)
        >>> len(Activity.from_trail("testdata/trail", since=october))
        75
        """
    @staticmethod
    def from_parquet(paths: _Paths, *, catalog: Catalog | None = None) -> Activity:
        """Reads activity files: Parquet written by `to_parquet`, `access-advisor activity export` or another engine.
        Several files are merged.

        Args:
            paths: A path, or an iterable of paths. In a folder, as Spark writes one, all files `*.parquet` are read, recursively;
                names that start with `_` or `.` are skipped.
            catalog: The catalog that maps events to actions, for tables by event; the built-in one when None.

        Raises:
            TrailError: A file cannot be read or is not an activity table, or a folder has none. `path` is the file or folder. Or a
                file comes twice: its attempts would count twice.
            InvalidInputError: Different catalogs credited the files.

        >>> activity = Activity.from_trail("testdata/trail")
        >>> activity.to_parquet(folder / "activity.parquet")
        >>> Activity.from_parquet(folder / "activity.parquet") == activity
        True
        """
    @staticmethod
    def from_arrow(table: _ArrowStream, *, catalog: Catalog | None = None) -> Activity:
        """Reads an activity table from any object with the Arrow PyCapsule interface: a table of pyarrow, Polars, pandas or DuckDB.

        pyarrow keeps the coverage of a table, in the metadata of its schema. Most others do not: give it back by
        `with_coverage`.

        Args:
            table: The table.
            catalog: The catalog that maps events to actions, for tables by event; the built-in one when None.

        Raises:
            TrailError: A column is missing or has another type, or a value is invalid.

        >>> activity = Activity.from_trail("testdata/trail")
        >>> Activity.from_arrow(activity.table().to_pyarrow()) == activity
        True
        >>> from_polars = Activity.from_arrow(activity.table().to_polars())
        >>> from_polars.with_coverage(activity.coverage) == activity
        True
        """
    @staticmethod
    def merge(*parts: Activity) -> Activity:
        """Merges activities into a new one. The order does not matter.

        Attempts in overlapping parts are counted twice; last-accessed times are still right.

        Args:
            parts: The activities to merge. Without any, the result is empty.

        Raises:
            InvalidInputError: Different catalogs credited the parts.

        >>> from pathlib import Path
        >>> parts = [Activity.from_trail(part) for part in sorted(Path("testdata/trail").iterdir())]
        >>> Activity.merge(*parts) == Activity.from_trail("testdata/trail")
        True
        """
    def to_parquet(self, path: _Path) -> None:
        """Writes an activity file: Parquet, which `from_parquet` and any other engine can read.

        Raises:
            TrailError: The file cannot be written. An existing file is left unchanged.
        """
    def table(self) -> Table:
        """Returns the rows as a table, in no particular order.

        >>> Activity.from_trail("testdata/trail").table()
        <Table of 106 rows: account_id, principal_id, principal_arn, ...>
        """
    def with_coverage(self, coverage: Coverage) -> Activity:
        """Returns the same rows with this coverage, for tables of engines that do not keep it.

        Args:
            coverage: What the input of the table held, such as `SparkActivity.coverage`.
        """
    @property
    def coverage(self) -> Coverage:
        """What the input held: days, Regions and kinds of event."""
    @property
    def reconciliation(self) -> Reconciliation:
        """What became of the objects and records that `from_trail` or an Intake read. For an activity from `from_parquet` or
        `from_arrow` it is empty.
        """
    @property
    def newest(self) -> datetime | None:
        """The time of the newest attempt; None without attempts."""
    def __len__(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    __hash__: ClassVar[None]  # type: ignore[assignment]

@final
class Taken:
    """What was in an object."""
    def __init__(self, never: NoReturn, /) -> None: ...
    @property
    def bytes(self) -> int:
        """Its size as it is stored, in bytes; 0 when a file cannot be read."""
    @property
    def records(self) -> int:
        """The number of its records."""
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Intake:
    """Reads CloudTrail objects one by one, from any source: another object store, a queue, a Spark partition.

    For files, folders and S3, `Activity.from_trail` is faster: it reads in parallel. An intake owns a thread, which does not
    survive a fork: in a forked process its methods raise InvalidInputError.

    Args:
        since: Skip records earlier than this.
        until: Skip records later than this.
        object_limit: The largest uncompressed size of one object, in bytes; 1 GiB when None.
        assume_complete: Whether results of queries and searches, exports and logs hold all records of their days. Otherwise only
            what CloudTrail and Security Lake deliver shows that something is unused.
        catalog: The catalog of services and actions; the built-in one when None.

    Raises:
        InvalidInputError: A datetime has no time zone, `since` is later than `until`, or a number is out of range.

    >>> from pathlib import Path
    >>> intake = Intake()
    >>> for path in Path("testdata/trail").rglob("*.gz"):
    ...     taken = intake.take_object(str(path), path.read_bytes())
    >>> activity = intake.finish()
    >>> activity.reconciliation.has_faults
    False
    """
    def __new__(
        cls,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        object_limit: int | None = None,
        assume_complete: bool = False,
        catalog: Catalog | None = None,
    ) -> Intake: ...
    def take_object(self, path: str, data: bytes | bytearray) -> Taken:
        """Reads an object of any format that `Activity.from_trail` reads, compressed or not, or an archive of them. `path` identifies
        it in the reconciliation. CloudTrail's own name in it tells which day, account and Region a log file covers.

        If the object cannot be read, it is listed in the reconciliation and adds no records.

        Returns:
            How much was in the object.

        Raises:
            InvalidInputError: The intake is finished, or was created in another process.
        """
    def take_file(self, path: _Path) -> Taken:
        """Reads a file, as `take_object` does."""
    def finish(self) -> Activity:
        """Returns the activity of all objects read. No more objects can be read after this.

        Raises:
            InvalidInputError: The intake is finished already, or was created in another process.
        """

@final
class Tracking:
    """Which part of the activity a report covers. Parameters of this type also accept "aws" for `Tracking.aws()` and "full" for
    `Tracking.full()`.

    Args:
        period_days: The number of days for which attempts at a service count; None for all.
        publication_delay: The delay before an attempt becomes visible; none by default.
        actions: "aws" for the actions that AWS tracks, each from the date that AWS started; "all" for every action of the catalog.
        regions: "aws" for the Regions that AWS tracks, each from the date that AWS started; "all" for every Region.
        min_coverage_days: The number of days of an account's trail that must have been read before anything of it is called
            unused, 1 or more; 90 when None, or the period when that is shorter. It matters with the states of `Tracking.full()`.

    Raises:
        InvalidInputError: A setting has a value that is not allowed.

    >>> Tracking(period_days=90, actions="all")
    Tracking(period_days=90, publication_delay=datetime.timedelta(0), actions='all', regions='aws', min_coverage_days=None)
    >>> Tracking() == Tracking.aws()
    True
    """
    def __new__(
        cls,
        *,
        period_days: int | None = 400,
        publication_delay: timedelta | None = None,
        actions: Literal["aws", "all"] = "aws",
        regions: Literal["aws", "all"] = "aws",
        min_coverage_days: int | None = None,
    ) -> Tracking: ...
    @staticmethod
    def aws() -> Tracking:
        """Returns the settings of AWS's own reports: 400 days, and the actions and Regions that AWS tracks, each from the date that
        AWS started.
        """
    @staticmethod
    def full(*, min_coverage_days: int | None = None) -> Tracking:
        """Returns settings that cover every action in every Region, as far back as the activity goes.

        Args:
            min_coverage_days: As in the constructor.

        Raises:
            InvalidInputError: `min_coverage_days` is 0.
        """
    @property
    def period_days(self) -> int | None:
        """The number of days for which attempts at a service count; None for all."""
    @property
    def publication_delay(self) -> timedelta:
        """The delay before an attempt becomes visible."""
    @property
    def actions(self) -> Literal["aws", "all"]:
        """"aws" for the actions that AWS tracks, "all" for every action of the catalog."""
    @property
    def regions(self) -> Literal["aws", "all"]:
        """"aws" for the Regions that AWS tracks, "all" for every Region."""
    @property
    def min_coverage_days(self) -> int | None:
        """The number of days of an account's trail that must have been read before anything of it is called unused; None for 90, or
        the period when that is shorter.
        """
    def __eq__(self, other: object, /) -> bool: ...
    __hash__: ClassVar[None]  # type: ignore[assignment]

@final
class Advisor:
    """Reports for account data and activity, as of one instant.

    The constructor compiles the policies; reports are cheap after that. It warns (IncompleteWarning) when something of the input is
    missing (see `missing_input`), or when all of the activity is older than the tracking period.

    Args:
        account: The users, groups, roles and policies.
        activity: Who used which action, and when last.
        tracking: Which part of the activity reports cover: a Tracking, or the name of a preset. "aws" covers what AWS's own
            reports cover: 400 days, and the actions and Regions that AWS tracks, each from the date that AWS started. "full"
            covers every action, as far back as the activity goes.
        now: The instant of the reports; the present when None. Read an activity that goes beyond it with `until=now`.
        catalog: The catalog of services and actions; the built-in one when None.
        credential_report: Files of IAM's credential reports of the accounts, a path or an iterable of paths: the CSV, or the JSON of
            `aws iam get-credential-report`. What they say of the last uses of passwords and access keys is compared with the
            activity (`UnseenUses` in `coverage()`).

    Raises:
        AccountError: A credential report cannot be read; `path` is the file, `line` the line in it.
        InvalidInputError: `now` has no time zone, `tracking` is not a preset, or another catalog credited the activity.

    >>> from datetime import datetime, timezone
    >>> account = AccountData.load("testdata/account.json")
    >>> activity = Activity.from_trail("testdata/trail")
    >>> advisor = Advisor(account, activity, now=datetime(2026, 11, 1, tzinfo=timezone.utc))
    >>> report = advisor.report("arn:aws:iam::111122223333:user/erin")
    >>> [row["ServiceNamespace"] for row in report["ServicesLastAccessed"] if "LastAuthenticated" not in row]
    ['config', 'sqs']
    """
    def __new__(
        cls,
        account: AccountData,
        activity: Activity,
        tracking: _Tracking = "aws",
        *,
        now: datetime | None = None,
        catalog: Catalog | None = None,
        credential_report: _Paths | None = None,
    ) -> Advisor: ...
    @property
    def now(self) -> datetime:
        """The instant of the reports."""
    @property
    def missing_input(self) -> dict[str, int]:
        """What of the input was not read, and so may look unused in reports: counts by kind, without those that are zero. Kinds:
        "objects_failed", "objects_truncated", "records_malformed", "records_from_the_future", "rows_spanning_until",
        "account_data" (parts that were left out) and "accounts_without_activity". Later versions may add kinds.
        """
    @property
    def unmatched_principals(self) -> int:
        """The number of principals in the activity that are not users or roles of the account data: they belong to other
        accounts, or were deleted.
        """
    def coverage(self) -> dict[str, Any]:
        """Returns what the reports rest on, as `access-advisor report --format json` prints it under `Coverage`: by account the days
        that were read and the gaps, log files that digests list and that were not read, and uses that AWS remembers and the activity
        does not show.

        >>> coverage = advisor.coverage()
        >>> [account["Account"] for account in coverage["Accounts"]]
        ['111122223333']
        """
    def report(self, arn: str, granularity: _Granularity = "service") -> Report:
        """Returns the report on a user, group, role or managed policy, as boto3's `get_service_last_accessed_details` returns it: a dict,
        which notebooks show as a table.

        It has more keys: `Arn`; and, if there are any, `UngrantedServicesUsed` and `UngrantedActionsUsed`, what a user or role used
        although no permission policy grants it now; `UnknownEventSources`, used services that the catalog lacks; `NotEvaluated`,
        policies and groups that are missing from the export or could not be evaluated; `Undecided`, how many actions are only
        listed because deciding them would take too much work. With `Tracking.full()`, every service and action has a `State`
        ("used", "implied", "unused", "unobservable" or "uncovered") and, except most that are used, a `StateReason`.

        Args:
            arn: The ARN of the user, group, role or managed policy.
            granularity: "service" or "action".

        Raises:
            NoSuchEntityError: There is no such entity.
            InvalidInputError: `arn` is not an IAM ARN.

        >>> report = advisor.report("arn:aws:iam::111122223333:user/erin", granularity="action")
        >>> report["ServicesLastAccessed"][0]["ServiceName"], report["IsTruncated"]
        ('AWS IAM Access Analyzer', False)
        >>> advisor.report("arn:aws:iam::111122223333:user/nobody")
        Traceback (most recent call last):
        access_advisor.NoSuchEntityError: ARN arn:aws:iam::111122223333:user/nobody does not exist.
        """
    def explain(self, arn: str, action: str, *, resource: str | None = None) -> Explanation:
        """Explains why a user, group, role or managed policy may use an action, or why not, as
        `access-advisor explain --format json` prints it.

        `Granted` says whether it may; `NotGranted` why not. `Allows` and `Denies` are the statements that cover the action, each with
        the way to it (`Statement`: the ARNs from the user to its group, the policy and its version, the position and `Sid`).
        An allow has what becomes of each of its resources, a deny its `Effect`. `LastUses` has the last use by each identity in each
        Region, with the id of the event. Permission policies alone count, as in `report`.

        Args:
            arn: The ARN of the user, group, role or managed policy.
            action: An action, such as "s3:GetObject", or a whole service, such as "s3".
            resource: The ARN of a resource; any when None. `*` and `?` are wildcards.

        Raises:
            NoSuchEntityError: There is no such entity.
            InvalidInputError: `arn` is not an IAM ARN, the catalog has no such action or service, or `resource` is not an ARN.

        >>> explanation = advisor.explain("arn:aws:iam::111122223333:user/erin", "s3:GetObject")
        >>> explanation["Granted"], explanation["Allows"][0]["Statement"]["PolicyName"]
        (True, 'variables')
        >>> advisor.explain("arn:aws:iam::111122223333:user/erin", "s3:GetObject", resource="arn:aws:s3:::other/key")["NotGranted"]
        'only-other-resources'
        >>> advisor.explain("arn:aws:iam::111122223333:user/erin", "s3:ListBuckets")
        Traceback (most recent call last):
        access_advisor.InvalidInputError: s3 has no action "ListBuckets" in the catalog; policies that name it grant nothing. The API operation of this name is authorized as s3:ListAllMyBuckets
        """
    def reports(self, granularity: _Granularity = "service", *, threads: int | None = None) -> Table:
        """Returns the reports on all users, groups, roles, and attached or customer-managed policies as one table. There is a row
        for each of these entities, for each of its services and, with `granularity="action"`, for each tracked action.

        >>> advisor.reports()
        <Table of ... rows: arn, granularity, service_namespace, ...>
        """
    def findings(
        self,
        settings: _Path | None = None,
        *,
        unused_days: int | None = None,
        min_coverage_days: int | None = None,
        baseline: _Path | None = None,
        archived: bool = False,
        threads: int | None = None,
    ) -> Table:
        """Returns the findings as a table, one row each, worst first: what users, roles and policies could go without, and what does not
        fit together. As `access-advisor findings --format parquet`, whatever the tracking of this advisor. Something is called unused
        only where the trail would have shown its use. Warns (UserWarning) of archive rules that are for no finding.

        Args:
            settings: A TOML file with thresholds, exclusions and archive rules, as for `access-advisor findings`.
            unused_days: Call unused what was not used for this many days; those of the settings, or 90, when None.
            min_coverage_days: Call nothing unused in accounts with fewer of these days read; as the settings say, or 90, when None.
            baseline: An earlier result as JSON (`findings_to_file`, or the command line's). Only what is new or worse since then is
                returned, permission by permission.
            archived: Whether archived findings are in the table too.
            threads: The number of threads, 1 or more; one per processor when None.

        Raises:
            InvalidInputError: A file is not settings, or not a result.

        >>> advisor.findings(min_coverage_days=10)
        <Table of ... rows: finding_id, kind, status, severity, ...>
        """
    def findings_to_file(
        self,
        path: _Path,
        format: Literal["json", "sarif", "ocsf"] = "json",
        settings: _Path | None = None,
        *,
        unused_days: int | None = None,
        min_coverage_days: int | None = None,
        baseline: _Path | None = None,
        archived: bool = False,
        threads: int | None = None,
    ) -> None:
        """Writes the findings to a file, as `access-advisor findings --format FORMAT --output PATH` does.

        Args:
            path: The file.
            format: "json": `{"findings": [...]}`, each as Access Analyzer's GetFindingV2 returns it, with more under `accessAdvisor`; a
                later call takes it as `baseline`. "sarif": SARIF 2.1.0, for code scanning, with archived findings as suppressed ones.
                "ocsf": one IAM Analysis Finding (class 2008) of OCSF 1.6.0 per line.
            settings: As for `findings`.
            unused_days: As for `findings`.
            min_coverage_days: As for `findings`.
            baseline: As for `findings`.
            archived: As for `findings`.
            threads: The number of threads, 1 or more; one per processor when None.

        Raises:
            InvalidInputError: `format` is unknown, or a file is not settings or not a result.
            TrailError: The file cannot be written. An existing file is left unchanged.

        >>> advisor.findings_to_file(folder / "known.json", min_coverage_days=10)
        >>> len(advisor.findings(min_coverage_days=10, baseline=folder / "known.json"))
        0
        """
    def reports_to_parquet(self, path: _Path, granularity: _Granularity = "service", *, threads: int | None = None) -> None:
        """Writes the rows of `reports` to a Parquet file. The reports are made as they are written, so that those on any number of
        identities fit in memory.

        Args:
            path: The file.
            granularity: "service" or "action".
            threads: The number of threads, 1 or more; one per processor when None.

        Raises:
            TrailError: The file cannot be written. An existing file is left unchanged.

        >>> advisor.reports_to_parquet(folder / "reports.parquet", granularity="action")
        """
    def to_html(
        self,
        path: _Path,
        granularity: _Granularity = "service",
        *,
        title: str | None = None,
        findings: bool = True,
        limit: int | None = None,
        threads: int | None = None,
    ) -> None:
        """Writes the reports to one HTML file, to open in a browser: an overview, tables to search and filter, and a page for every
        identity, policy and service. It is self-contained.

        Args:
            path: The file.
            granularity: "service" or "action".
            title: The title of the page.
            findings: Whether to look for findings, about the last 90 days, and to right-size policies, which needs full tracking.
            limit: The most bytes of the file, about. What does not fit is left out, and the page says so: the actions of some
                reports, or their services too. All of them are in its table.
            threads: The number of threads, 1 or more; one per processor when None.

        Raises:
            TrailError: The file cannot be written. An existing file is left unchanged.

        >>> advisor.to_html(folder / "access.html", granularity="action")
        """
    def _repr_html_(self) -> str:
        """A notebook shows what the advisor is about."""
    def entities(self, arn: str, service_namespace: str) -> list[EntityDetails]:
        """Returns the users and roles that could use a service through an entity, and when they last did: the
        `EntityDetailsList` of boto3's `get_service_last_accessed_details_with_entities`.

        >>> [found] = advisor.entities("arn:aws:iam::111122223333:user/erin", "s3")
        >>> found["EntityInfo"]["Name"], found["LastAuthenticated"].isoformat()
        ('erin', '2026-10-02T09:15:00+00:00')
        """
    def policies_granting(
        self, arn: str, service_namespaces: Iterable[str]
    ) -> list[ListPoliciesGrantingServiceAccessEntry]:
        """Returns the policies of a user, group or role that grant access to services: the `PoliciesGrantingServiceAccess` of
        boto3's `list_policies_granting_service_access`.

        >>> [row] = advisor.policies_granting("arn:aws:iam::111122223333:user/engineering/bruno", ["sqs"])
        >>> [policy["PolicyName"] for policy in row["Policies"]]
        ['DeveloperAccess', 'ReadOnlyAccess']
        """
    def rightsize(
        self,
        arn: str,
        granularity: Literal["service", "action"] = "action",
        *,
        wildcards: Literal["none", "safe"] = "none",
        keep: Iterable[str] = (),
        limits: Mapping[str, int] | None = None,
    ) -> dict[str, Any]:
        """Returns smaller policies for a user, group, role or customer-managed policy, that keep what it needs, as
        `access-advisor rightsize --format json` prints them. Only `Tracking.full()` tells what is unused: with another tracking,
        `Refused` says so.

        Args:
            arn: The ARN.
            granularity: "action" removes single actions, "service" only services of which every granted action is unused.
            wildcards: "none", or "safe": where they match only what an old pattern matched and, of today's actions, only what is
                kept.
            keep: What stays although it is unused: actions such as "iam:Create*", each alone or with the ARN of the identities
                that it is about ("rds:Restore* arn:aws:iam::*:role/dba*").
            limits: Other limits than IAM's defaults, by the names of `access-advisor rightsize --limit`: {"attached-role": 25}.

        Raises:
            NoSuchEntityError: There is no such entity.
            InvalidInputError: `arn` is not an IAM ARN, or `granularity`, `wildcards`, `keep` or `limits` is not valid.

        >>> sized = advisor.rightsize("arn:aws:iam::111122223333:user/erin")
        >>> sized["Refused"]
        'only full tracking tells what is unused'
        """
    def rightsize_all(
        self,
        granularity: Literal["service", "action"] = "action",
        *,
        wildcards: Literal["none", "safe"] = "none",
        keep: Iterable[str] = (),
        limits: Mapping[str, int] | None = None,
        threads: int | None = None,
    ) -> list[dict[str, Any]]:
        """Right-sizes all users, groups and roles, in the order of their ARNs. As `rightsize` for each.

        Args:
            granularity, wildcards, keep, limits: As in `rightsize`.
            threads: The number of threads, 1 or more; one per processor when None.

        Raises:
            InvalidInputError: `granularity`, `wildcards`, `keep` or `limits` is not valid.

        >>> len(advisor.rightsize_all())
        20
        """
    def rightsize_files(
        self,
        arn: str,
        granularity: Literal["service", "action"] = "action",
        *,
        wildcards: Literal["none", "safe"] = "none",
        keep: Iterable[str] = (),
        limits: Mapping[str, int] | None = None,
    ) -> dict[str, str]:
        """Returns the files that `access-advisor rightsize --out` writes for a user, group, role or customer-managed policy: documents of
        today and new ones, a diff, `apply.sh`, `rollback.sh`, Terraform. By their path in a folder; none when nothing is proposed.

        Args:
            arn, granularity, wildcards, keep, limits: As in `rightsize`.

        Raises:
            NoSuchEntityError: There is no such entity.
            InvalidInputError: `arn` is not an IAM ARN, or `granularity`, `wildcards`, `keep` or `limits` is not valid.

        >>> advisor.rightsize_files("arn:aws:iam::111122223333:user/erin")
        {}
        """

@final
class ImportedTrail:
    """The result of importing a trail."""
    def __init__(self, never: NoReturn, /) -> None: ...
    @property
    def reconciliation(self) -> Reconciliation:
        """What became of the new objects."""
    @property
    def known(self) -> int:
        """The number of objects that had been imported before. They were not read again."""
    @property
    def changed(self) -> list[str]:
        """Objects that had been imported before with another size. They were not read again."""

@final
class Store:
    """A file with accounts, activity and jobs, as `access-advisor serve` uses it.

    The operations have the names, arguments and answers of `boto3.client("iam")`, and `exceptions` has the names of its
    exceptions.

    Args:
        path: The file. It is created if it does not exist.
        tracking: Which part of the activity reports cover, as for Advisor.
        caller: The ARN of the user or role session that calls the operations. Jobs belong to their caller. None: the local
            user.
        create: False to raise StoreError if the file does not exist.
        catalog: The catalog of services and actions, for imports and reports; the built-in one when None.
        allow_empty_activity: True to report also on accounts of which no activity was imported; everything is unused then.

    Raises:
        StoreError: The file cannot be opened, is not a store, or has activity that another catalog credited.

    >>> store = Store(folder / "advisor.db")
    >>> store.import_account("testdata/account.json")
    ['111122223333']
    >>> store.import_trail("testdata/trail").reconciliation.records_attributed
    322
    >>> job = store.generate_service_last_accessed_details(Arn="arn:aws:iam::111122223333:user/erin")
    >>> page = store.get_service_last_accessed_details(JobId=job["JobId"], MaxItems=2)
    >>> page["JobStatus"], len(page["ServicesLastAccessed"]), page["IsTruncated"]
    ('COMPLETED', 2, True)
    """
    def __new__(
        cls,
        path: _Path,
        *,
        tracking: _Tracking = "aws",
        caller: str | None = None,
        create: bool = True,
        catalog: Catalog | None = None,
        allow_empty_activity: bool = False,
    ) -> Store: ...
    def import_account(self, paths: _Paths) -> list[str]:
        """Imports exports of account data, in files or folders. A newer export replaces the account's data; activity and jobs stay.

        Returns:
            The ids of the imported accounts.

        Warns (IncompleteWarning) when parts of the exports could not be used; `AccountData.load(paths).issues` lists them.

        Raises:
            AccountError: A file cannot be read, or is not a complete export. Nothing is imported.
        """
    def import_trail(
        self,
        paths: _Paths,
        *,
        threads: int | None = None,
        object_limit: int | None = None,
        assume_complete: bool = False,
        progress: _Progress = None,
    ) -> ImportedTrail:
        """Imports a trail, in all formats that `Activity.from_trail` reads. Objects that were imported before are not read again.

        After Ctrl-C or an exception of the callback, the store holds whole batches of objects. Call this again to resume.

        Args:
            paths: A path, or an iterable of paths.
            threads: The number of reading threads, 1 or more; one per processor when None.
            object_limit: The largest uncompressed size of one object, in bytes; 1 GiB when None.
            assume_complete: As in `Activity.from_trail`.
            progress: As in `Activity.from_trail`.

        Raises:
            TrailError: A path does not exist or cannot be listed, or a folder has no files; `path` is that path. Or no object
                could be read; `path` is the first object that failed, if there is one. Or the store has no activity afterwards.
            InvalidInputError: A number is out of range.
        """
    @property
    def exceptions(self) -> type[ClientExceptions]:
        """The operations' exceptions under boto3's names, as in `except store.exceptions.NoSuchEntityException`.

        >>> store = Store(folder / "advisor.db")
        >>> store.exceptions.NoSuchEntityException is NoSuchEntityError
        True
        """
    def accounts(self) -> list[str]:
        """Returns the ids of the imported accounts."""
    def account_data(self) -> AccountData:
        """Returns the latest account data of all imported accounts as one graph, as an Advisor takes it.

        >>> store = Store(folder / "advisor.db")
        >>> store.import_account("testdata/account.json")
        ['111122223333']
        >>> len(store.account_data())
        30
        """
    def activity(self) -> Activity:
        """Returns the activity of all imported trails.

        Raises:
            TrailError: No trail was imported: everything would look unused.
        """
    def generate_service_last_accessed_details(
        self, *, Arn: str, Granularity: _ApiGranularity = "SERVICE_LEVEL", now: datetime | None = None
    ) -> GenerateServiceLastAccessedDetails:
        """Creates a report, like boto3's method. The job is completed when this returns.

        Args:
            Arn: The ARN of a user, group, role or managed policy.
            Granularity: SERVICE_LEVEL or ACTION_LEVEL.
            now: The instant of the report; the present when None.

        Returns:
            `{"JobId": ...}`

        Raises:
            NoSuchEntityError: There is no such entity.
            InvalidInputError: `Arn` is not an IAM ARN, or `Granularity` is unknown.
            AccountError: It is a managed policy that was not evaluated, because the export has no valid document of it.
            TrailError: No activity of the account was imported: everything would look unused. See `allow_empty_activity`.
        """
    def get_service_last_accessed_details(
        self, *, JobId: str, MaxItems: int | None = None, Marker: str | None = None
    ) -> GetServiceLastAccessedDetails:
        """Returns a page of a job's report, like boto3's method. `NotEvaluated` has the policies and groups that the export lacks or
        that cannot be read: services may be missing.

        Raises:
            NoSuchEntityError: The caller has no such job.
            InvalidInputError: `Marker` belongs to another job, or `MaxItems` is not from 1 to 1000.
        """
    def get_service_last_accessed_details_with_entities(
        self, *, JobId: str, ServiceNamespace: str, MaxItems: int | None = None, Marker: str | None = None
    ) -> GetServiceLastAccessedDetailsWithEntities:
        """Returns who used a service of a job's report, and when last, like boto3's method.

        Raises:
            NoSuchEntityError: The caller has no such job.
            InvalidInputError: `ServiceNamespace` is malformed or unknown, or `Marker` belongs to another job.
        """
    def list_policies_granting_service_access(
        self, *, Arn: str, ServiceNamespaces: Iterable[str], Marker: str | None = None
    ) -> ListPoliciesGrantingServiceAccess:
        """Returns the policies of a user, group or role that grant access to services, like boto3's method.

        Raises:
            NoSuchEntityError: There is no such entity.
            InvalidInputError: `Arn` is not an IAM ARN, a namespace is malformed or unknown, or `Marker` is passed: answers are
                never truncated.
        """
    def jobs(self) -> list[Job]:
        """Returns the jobs of all callers, newest first. `ReportSize` is in bytes, as stored."""
    def delete_job(self, job_id: str) -> None:
        """Deletes a job and its report, of any caller.

        Raises:
            NoSuchEntityError: There is no such job.
        """
    def delete_jobs(self, *, older_than: timedelta) -> int:
        """Deletes the jobs, of any caller, that finished longer ago than this. Jobs in progress stay. Returns the number of deleted jobs.

        Raises:
            InvalidInputError: `older_than` is negative.

        >>> import datetime
        >>> Store(folder / "advisor.db").delete_jobs(older_than=datetime.timedelta(days=30))
        0
        """

def list_objects(
    paths: _Paths, *, since: datetime | None = None, until: datetime | None = None
) -> tuple[Table, list[FailedObject]]:
    """Lists the objects that `Activity.from_trail` would read.

    Returns:
        A table with columns `path` and `size` (stored bytes), and the folders that could not be listed.

    Raises:
        TrailError: A path does not exist or cannot be listed, or a folder has no files. `path` is that path.
        InvalidInputError: A datetime has no time zone, or `since` is later than `until`.
    """
def notebook_table(caption: str, header: list[str], rows: list[list[str]]) -> str:
    """Returns a table as notebooks show it, whatever its cells hold."""
def read_objects(
    objects: list[tuple[str, int]],
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    object_limit: int | None = None,
    assume_complete: bool = False,
    threads: int = 1,
    catalog: Catalog | None = None,
) -> Activity:
    """Reads listed objects, given as pairs of `path` and `size`, on this number of threads.

    Objects that cannot be read are listed in the reconciliation. Unlike `Activity.from_trail`, this does not raise if there is
    no record to read: the objects may be a part of a trail.
    """
def restore_activity(file: bytes, reconciliation: Reconciliation) -> Activity:
    """Rebuilds a pickled Activity."""
def restore_coverage(text: str) -> Coverage:
    """Rebuilds a pickled Coverage."""
def restore_tracking(
    period_days: int | None,
    publication_delay: timedelta,
    actions: Literal["aws", "all"],
    regions: Literal["aws", "all"],
    min_coverage_days: int | None,
) -> Tracking:
    """Rebuilds a pickled Tracking."""
