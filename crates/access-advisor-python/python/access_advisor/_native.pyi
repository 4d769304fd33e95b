from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from os import PathLike
from typing import Any, ClassVar, Literal, NoReturn, Protocol, final

import pandas
import polars
import pyarrow

from access_advisor._errors import ClientExceptions
from access_advisor.types import (
    EntityDetails,
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
    "FailedObject",
    "ExportIssue",
    "ImportedTrail",
    "Intake",
    "MalformedRecord",
    "Progress",
    "Reconciliation",
    "Store",
    "Table",
    "Tracking",
    "__version__",
    "list_objects",
    "read_objects",
    "restore_activity",
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
    """A table that anything that speaks Arrow takes. Its buffers are handed out without a copy, and pyarrow keeps them as they
    are; repeated texts are dictionaries, of which polars and pandas make categories of their own.

    It has the Arrow PyCapsule interface: `pyarrow.table(t)`, `polars.DataFrame(t)`,
    `pandas.DataFrame.from_arrow(t)`, and `duckdb.sql("FROM t")`.

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
        """The columns' names."""
    def to_pandas(self) -> pandas.DataFrame:
        """The table as a `pandas.DataFrame`. Repeated texts come as categories. Needs pandas 3 and pyarrow.

        >>> AccountData.load("testdata/account.json").permissions().to_pandas().entity_type.nunique()
        4
        """
    def to_polars(self) -> polars.DataFrame:
        """The table as a `polars.DataFrame`. Repeated texts come as categories. Needs polars.

        >>> AccountData.load("testdata/account.json").permissions().to_polars().height
        109
        """
    def to_pyarrow(self) -> pyarrow.Table:
        """The table as a `pyarrow.Table`. Needs pyarrow.

        >>> AccountData.load("testdata/account.json").permissions().to_pyarrow().num_rows
        109
        """
    def __len__(self) -> int: ...
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> Any: ...
    def __arrow_c_schema__(self) -> Any: ...

@final
class ExportIssue:
    """Something in account data that was set aside; the rest was taken."""
    def __new__(cls, path: str, json_path: str, reason: str, kind: str) -> ExportIssue: ...
    @property
    def path(self) -> str:
        """The file."""
    @property
    def json_path(self) -> str:
        """The JSON path in it, as in `UserDetailList[3].UserPolicyList[0]`."""
    @property
    def reason(self) -> str:
        """What was set aside, and why."""
    @property
    def kind(self) -> str: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class AccountData:
    """The users, groups, roles and policies of one or several accounts.

    Load it from what `aws iam get-account-authorization-details` prints.

    >>> account = AccountData.load("testdata/account.json")
    >>> account
    <AccountData of 30 entities, 1 set aside>
    """
    def __init__(self, never: NoReturn, /) -> None: ...
    @staticmethod
    def load(paths: _Paths) -> AccountData:
        """Loads exports of `aws iam get-account-authorization-details`: one file or several, of one account or several.

        Args:
            paths: A path, or an iterable of paths.

        Raises:
            AccountError: A file that cannot be read, or is no export to its end. Its `path` says which, its `line` and `column`
                where.

        >>> len(AccountData.load(["testdata/account.json"]))
        30
        >>> AccountData.load("testdata/README.md")
        Traceback (most recent call last):
        access_advisor.AccountError: testdata/README.md: expected value (line 1, column 1)
        """
    @property
    def issues(self) -> list[ExportIssue]:
        """What was set aside.

        >>> AccountData.load("testdata/account.json").issues[0].place
        'GroupDetailList[2].AttachedManagedPolicies[0]'
        """
    def arns(self) -> list[str]:
        """The ARNs of what reports are on: every user, group, role, and attached or customer-managed policy.

        >>> AccountData.load("testdata/account.json").arns()[0]
        'arn:aws:iam::111122223333:group/admins'
        """
    def permissions(self) -> Table:
        """The statements of the policies that count for each user, group, role and policy, one row each.

        >>> AccountData.load("testdata/account.json").permissions()
        <Table of 109 rows: account_id, arn, entity_type, ...>
        """
    def __len__(self) -> int: ...

@final
class Catalog:
    """The services and actions that there are: another than the one built in, which everything uses that is given none.

    Give the same one to whatever works together: `Activity.from_trail`, `Advisor`, `Store`. It can be pickled.

    >>> catalog = Catalog.load("crates/service-catalog/data/catalog.txt")
    >>> catalog
    <Catalog of ... services, ... actions>
    >>> Activity.from_trail("testdata/trail", catalog=catalog)
    <Activity of 104 rows, newest 2026-10-21T10:03:00+00:00>
    """
    def __init__(self, never: NoReturn, /) -> None: ...
    @staticmethod
    def load(path: _Path) -> Catalog:
        """Loads a catalog that `access-advisor catalog build` made.

        Args:
            path: Its file.

        Raises:
            CatalogError: The file cannot be read, or is no catalog. Its `path` says which, its `line` where.

        >>> Catalog.load("testdata/README.md")
        Traceback (most recent call last):
        access_advisor.CatalogError: testdata/README.md: line ...
        """
    @staticmethod
    def parse(text: str) -> Catalog:
        """Takes a catalog from its text: what is in the file of `Catalog.load`.

        Raises:
            CatalogError: The text is no catalog. Its `line` says where.

        >>> from pathlib import Path
        >>> Catalog.parse(Path("crates/service-catalog/data/catalog.txt").read_text())
        <Catalog of ... services, ... actions>
        """

@final
class Progress:
    """How far reading a trail is: what a `progress` callback is given."""
    def __init__(self, never: NoReturn, /) -> None: ...
    @property
    def objects(self) -> int:
        """The objects that are done."""
    @property
    def total(self) -> int | None:
        """How many there are; None until all are listed."""
    @property
    def bytes(self) -> int:
        """The size of those that are done, as they are stored."""
    @property
    def records(self) -> int:
        """The records that were in them."""
    @property
    def done(self) -> bool:
        """Whether this is the last call."""

@final
class FailedObject:
    """An object that could not be read: none of its records was taken.

    Args:
        path: The object.
        reason: What exactly is wrong with it, for people.
        kind: What kept it from being read: "not_listed", "nothing_there", "unreadable", "too_large", "damaged" or
            "not_cloudtrail".

    Raises:
        InvalidInputError: There is no such kind.
    """
    def __new__(cls, path: str, reason: str, kind: _FailureKind = "unreadable") -> FailedObject: ...
    @property
    def path(self) -> str:
        """The object."""
    @property
    def reason(self) -> str:
        """What exactly is wrong with it, for people."""
    @property
    def kind(self) -> _FailureKind:
        """What kept it from being read: "not_listed", "nothing_there", "unreadable", "too_large", "damaged" or "not_cloudtrail"."""
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class MalformedRecord:
    """A malformed record, or row of an activity file. The others of its object were taken."""
    def __new__(cls, path: str, record: int, reason: str, kind: str) -> MalformedRecord: ...
    @property
    def path(self) -> str:
        """Its object."""
    @property
    def record(self) -> int:
        """Its number in the object, counted from 1."""
    @property
    def reason(self) -> str:
        """What is wrong with it."""
    @property
    def kind(self) -> str: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Reconciliation:
    """What became of the objects and records of a trail. It adds up: records read = attributed + set aside, and of activity
    files among the objects, rows read = taken + set aside.

    Reconciliations of parts of a trail add up with `+`, or `sum(parts, Reconciliation())`.

    Args:
        objects_failed: Objects that could not be read, to start with; none by default.

    >>> r = Activity.from_trail("testdata/trail").reconciliation
    >>> r.records_read == r.records_attributed + r.records_set_aside
    True
    >>> print(r)
    87 objects read, 1 digest skipped, 1 insight skipped
    385 records = 321 attributed + 64 set aside
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
        """How many objects' records or rows were read."""
    @property
    def objects_skipped(self) -> dict[str, int]:
        """How many objects hold no API calls, by what they are."""
    @property
    def objects_failed(self) -> list[FailedObject]:
        """The objects that could not be read."""
    @property
    def bytes(self) -> int:
        """The objects' size in bytes, as they are stored."""
    @property
    def records_read(self) -> int:
        """How many records were in the objects read. The rows of activity files are counted apart."""
    @property
    def records_attributed(self) -> int:
        """How many records count as an attempt of a user or role."""
    @property
    def records_set_aside(self) -> int:
        """How many records were set aside, for whatever reason."""
    @property
    def set_aside_by_reason(self) -> dict[str, int]:
        """How many records were set aside, by reason."""
    @property
    def records_malformed(self) -> int:
        """How many of the records, and of the activity files' rows, set aside are malformed."""
    @property
    def activity_rows_read(self) -> int:
        """How many rows were in the activity files read."""
    @property
    def activity_rows_taken(self) -> int:
        """How many rows of activity files were taken."""
    @property
    def activity_rows_attempts(self) -> int:
        """How many attempts the rows taken stand for."""
    @property
    def activity_rows_set_aside(self) -> int:
        """How many rows of activity files were set aside, for whatever reason."""
    @property
    def activity_rows_set_aside_by_reason(self) -> dict[str, int]:
        """How many rows of activity files were set aside, by reason."""
    @property
    def examples(self) -> list[MalformedRecord]:
        """The first of the malformed records and rows, twenty at most."""
    @property
    def has_faults(self) -> bool:
        """Whether the input was at fault somewhere: objects that could not be read, malformed records and rows."""
    def __eq__(self, other: object, /) -> bool: ...
    __hash__: ClassVar[None]  # type: ignore[assignment]

@final
class Activity:
    """Who attempted what, when last, how often: one row for each principal, service, operation and Region.

    It holds no single events: a trail of terabytes becomes a table of some thousand rows.

    >>> activity = Activity.from_trail("testdata/trail")
    >>> activity
    <Activity of 104 rows, newest 2026-10-21T10:03:00+00:00>
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
        progress: _Progress = None,
        catalog: Catalog | None = None,
    ) -> Activity:
        """Reads CloudTrail objects, in parallel: files, folders with all that is below them, and `s3://bucket/prefix`.

        Taken are objects as CloudTrail delivers them, JSON lines, the output of `aws cloudtrail lookup-events`, CSV and
        Parquet of Athena and CloudTrail Lake, and activity files. What is wrong with single objects and records is in
        `reconciliation`. Where there is no record at all, nothing is returned: a report would call everything unused.

        Args:
            paths: A path, or an iterable of paths. S3's credentials, Region and endpoint come from the environment.
            threads: How many threads read, 1 or more; as many as there are processors when None.
            since: Leave out records earlier than this.
            until: Leave out records later than this.
            object_limit: The most bytes that one object may have, inflated; 1 GiB when None.
            progress: True for tqdm's bar, or a callable that is given a Progress about ten times a second, on this thread.
            catalog: Which services and actions there are, and which action an event is; the one built in when None.

        Raises:
            TrailError: A path that is not there or cannot be listed, a folder without files. Its `path` says which. There is
                no record to read; its `path` is the first object that could not be read, if there is one.
            InvalidInputError: A datetime without a time zone, `since` later than `until`, a number that cannot be.

        >>> from datetime import datetime, timezone
        >>> october = datetime(2026, 10, 1, tzinfo=timezone.utc)
        >>> len(Activity.from_trail("testdata/trail", since=october))
        73
        """
    @staticmethod
    def from_parquet(paths: _Paths, *, catalog: Catalog | None = None) -> Activity:
        """Reads activity files: Parquet, as `to_parquet`, `access-advisor activity export` or another engine wrote them.
        Several files are merged.

        Args:
            paths: A path, or an iterable of paths. Of a folder, as Spark writes one, all files `*.parquet` below it are read;
                names that start with `_` or `.` are left out.
            catalog: Which action an event is, for tables by event; the one built in when None.

        Raises:
            TrailError: A file that cannot be read, or is no activity table; a folder without one. Its `path` says which.

        >>> activity = Activity.from_trail("testdata/trail")
        >>> activity.to_parquet(folder / "activity.parquet")
        >>> Activity.from_parquet(folder / "activity.parquet") == activity
        True
        """
    @staticmethod
    def from_arrow(table: _ArrowStream, *, catalog: Catalog | None = None) -> Activity:
        """Takes a table with the activity table's columns from anything that has the Arrow PyCapsule interface: pyarrow,
        polars, pandas, DuckDB.

        Args:
            table: The table.
            catalog: Which action an event is, for tables by event; the one built in when None.

        Raises:
            TrailError: A column is missing or has another type, a value cannot be.

        >>> activity = Activity.from_trail("testdata/trail")
        >>> Activity.from_arrow(activity.table().to_polars()) == activity
        True
        """
    @staticmethod
    def merge(*parts: Activity) -> Activity:
        """Merges activities into a new one. The order does not matter.

        Where parts overlap, their attempts are counted twice; the last accesses are right all the same.

        Args:
            parts: The activities to merge. None at all make an empty one.

        >>> from pathlib import Path
        >>> parts = [Activity.from_trail(part) for part in sorted(Path("testdata/trail").iterdir())]
        >>> Activity.merge(*parts) == Activity.from_trail("testdata/trail")
        True
        """
    def to_parquet(self, path: _Path) -> None:
        """Writes an activity file: Parquet that any engine reads, and `from_parquet`.

        Raises:
            TrailError: The file cannot be written; what was there before is as it was.
        """
    def table(self) -> Table:
        """The rows, in an order of their own.

        >>> Activity.from_trail("testdata/trail").table()
        <Table of 104 rows: account_id, principal_id, principal_arn, ...>
        """
    @property
    def reconciliation(self) -> Reconciliation:
        """What became of the objects and records that `from_trail` or an Intake read it from. Of what `from_parquet` and
        `from_arrow` took, nothing is told.
        """
    @property
    def newest(self) -> datetime | None:
        """When the newest attempt was; None when there is none."""
    def __len__(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    __hash__: ClassVar[None]  # type: ignore[assignment]

@final
class Intake:
    """Takes CloudTrail objects one by one, from wherever they come: another store's client, a queue, a Spark partition.

    For files, folders and S3, `Activity.from_trail` is faster: it reads in parallel. An intake has a thread of its own, which
    a process forked from this one has not: there it raises InvalidInputError.

    Args:
        since: Leave out records earlier than this.
        until: Leave out records later than this.
        object_limit: The most bytes that one object may have, inflated; 1 GiB when None.
        catalog: Which services and actions there are, and which action an event is; the one built in when None.

    Raises:
        InvalidInputError: A datetime without a time zone, `since` later than `until`, a number that cannot be.

    >>> from pathlib import Path
    >>> intake = Intake()
    >>> for path in Path("testdata/trail").rglob("*.gz"):
    ...     records = intake.take(str(path), path.read_bytes())
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
        catalog: Catalog | None = None,
    ) -> Intake: ...
    def take(self, name: str, data: bytes | bytearray) -> int:
        """Takes an object: what CloudTrail delivers, gzip or not. `name` is what the reconciliation calls it.

        An object that cannot be read adds nothing, and is named in the reconciliation.

        Returns:
            How many records were in it.

        Raises:
            InvalidInputError: The intake is finished, or of another process.
        """
    def take_file(self, path: _Path) -> int:
        """Takes a file, as `take` does."""
    def finish(self) -> Activity:
        """What was taken. Nothing can be taken after this.

        Raises:
            InvalidInputError: The intake was finished before, or is of another process.
        """

@final
class Tracking:
    """Which part of the activity a report sees. Wherever one is expected, the names "aws" and "full" stand for `Tracking.aws()`
    and `Tracking.full()`.

    Args:
        period_days: How many days back attempts at a service count; None for all.
        publication_delay: How long it takes until an attempt is visible; none by default.
        actions: "aws" for the actions that AWS tracks, each since AWS began to; "all" for every action of the catalog.
        regions: "aws" for the Regions that AWS tracks, each since AWS began to; "all" for every Region.

    Raises:
        InvalidInputError: A setting has a value that is not allowed.

    >>> Tracking(period_days=90, actions="all")
    Tracking(period_days=90, publication_delay=datetime.timedelta(0), actions='all', regions='aws')
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
    ) -> Tracking: ...
    @staticmethod
    def aws() -> Tracking:
        """What AWS's own reports see: 400 days, the actions and Regions that AWS tracks, each since AWS began to."""
    @staticmethod
    def full() -> Tracking:
        """Everything: every action in every Region, as far back as the activity goes."""
    @property
    def period_days(self) -> int | None:
        """How many days back attempts at a service count; None for all."""
    @property
    def publication_delay(self) -> timedelta:
        """How long it takes until an attempt is visible."""
    @property
    def actions(self) -> Literal["aws", "all"]:
        """"aws" for the actions that AWS tracks, "all" for every action of the catalog."""
    @property
    def regions(self) -> Literal["aws", "all"]:
        """"aws" for the Regions that AWS tracks, "all" for every Region."""
    def __eq__(self, other: object, /) -> bool: ...
    __hash__: ClassVar[None]  # type: ignore[assignment]

@final
class Advisor:
    """Answers for account data and activity, as of one instant.

    Making one compiles the policies; after that, questions are cheap.

    Args:
        account: Who could reach what.
        activity: Who used what.
        tracking: Which part of the activity reports see: a Tracking, or the name of a preset. "aws" sees what AWS's own
            reports see: 400 days, the actions and Regions that AWS tracks, each since AWS began to. "full" sees every
            action, as far back as the activity goes.
        now: The instant that reports are made at; the present when None. An activity that goes beyond it should be
            read with `until=now`.
        catalog: Which services and actions there are; the one built in when None.

    Raises:
        InvalidInputError: `now` has no time zone, or `tracking` is not a preset.

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
    ) -> Advisor: ...
    @property
    def now(self) -> datetime:
        """The instant that reports are made at."""
    @property
    def unknown_principals(self) -> int:
        """How many principals of the activity are none of the account's users and roles: of other accounts, or deleted."""
    def report(self, arn: str, granularity: _Granularity = "service") -> Report:
        """The report on a user, group, role or managed policy: what boto3's `get_service_last_accessed_details` returns.

        Further keys: `Arn`; `UngrantedServicesUsed`, the services that a user or role used although no permission policy
        grants them now, if there are any; `NotEvaluated`, the policies and groups that the export lacks, if there are any.

        Args:
            arn: What to report on.
            granularity: "service" or "action".

        Raises:
            NoSuchEntityError: There is no such entity.
            InvalidInputError: The ARN is none of IAM's.

        >>> report = advisor.report("arn:aws:iam::111122223333:user/erin", granularity="action")
        >>> report["ServicesLastAccessed"][0]["ServiceName"], report["IsTruncated"]
        ('AWS IAM Access Analyzer', False)
        >>> advisor.report("arn:aws:iam::111122223333:user/nobody")
        Traceback (most recent call last):
        access_advisor.NoSuchEntityError: ARN arn:aws:iam::111122223333:user/nobody does not exist.
        """
    def reports(self, granularity: _Granularity = "service", *, threads: int | None = None) -> Table:
        """The reports on every user, group, role, and attached or customer-managed policy, as one table: a row for each of
        them, for each of their services and, at action level, for each tracked action.

        >>> advisor.reports()
        <Table of ... rows: arn, granularity, service_namespace, ...>
        """
    def entities(self, arn: str, service_namespace: str) -> list[EntityDetails]:
        """The users and roles that may have used a service by way of an entity, with when they last did: the
        `EntityDetailsList` of boto3's `get_service_last_accessed_details_with_entities`.

        >>> [found] = advisor.entities("arn:aws:iam::111122223333:user/erin", "s3")
        >>> found["EntityInfo"]["Name"], found["LastAuthenticated"].isoformat()
        ('erin', '2026-10-02T09:15:00+00:00')
        """
    def policies_granting(
        self, arn: str, service_namespaces: Iterable[str]
    ) -> list[ListPoliciesGrantingServiceAccessEntry]:
        """The policies of a user, group or role that grant access to services: the `PoliciesGrantingServiceAccess` of
        boto3's `list_policies_granting_service_access`.

        >>> [row] = advisor.policies_granting("arn:aws:iam::111122223333:user/engineering/bruno", ["sqs"])
        >>> [policy["PolicyName"] for policy in row["Policies"]]
        ['DeveloperAccess', 'ReadOnlyAccess']
        """

@final
class ImportedTrail:
    """What an import of a trail brought."""
    def __init__(self, never: NoReturn, /) -> None: ...
    @property
    def reconciliation(self) -> Reconciliation:
        """What became of the objects that were new."""
    @property
    def known(self) -> int:
        """How many objects had been taken before; they were not read."""
    @property
    def changed(self) -> list[str]:
        """Objects that had been taken before with another size; they were not read."""

@final
class Store:
    """One file that keeps accounts, activity and jobs: what `access-advisor serve` answers from.

    The operations have the names, arguments and answers that they have in `boto3.client("iam")`, and `exceptions` has its
    names for errors.

    Args:
        path: The file; one that is not there is made.
        tracking: Which part of the activity reports see, as for Advisor.
        caller: The ARN of the user, or of the session of a role, that asks. Jobs belong to their caller. None is
            whoever is at this machine.
        create: False to insist that the file is there.
        catalog: Which services and actions there are, for imports and reports; the one built in when None.

    Raises:
        StoreError: The file cannot be opened, or is no store.

    >>> store = Store(folder / "advisor.db")
    >>> store.import_account("testdata/account.json")
    ['111122223333']
    >>> store.import_trail("testdata/trail").reconciliation.records_attributed
    321
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
    ) -> Store: ...
    def import_account(self, paths: _Paths) -> list[str]:
        """Takes exports of account data in. A newer export replaces that account's picture; activity and jobs stay.

        Returns:
            The ids of the accounts that were in them.

        Raises:
            AccountError: A file that cannot be read, or is no export to its end: nothing is taken.
        """
    def import_trail(
        self,
        paths: _Paths,
        *,
        threads: int | None = None,
        object_limit: int | None = None,
        progress: _Progress = None,
    ) -> ImportedTrail:
        """Takes a trail in: what `Activity.from_trail` reads. Objects that were taken before are not read again.

        Ctrl-C and a failing callback leave a store that holds whole batches of objects; the next import goes on from there.

        Args:
            paths: A path, or an iterable of paths.
            threads: How many threads read, 1 or more; as many as there are processors when None.
            object_limit: The most bytes that one object may have, inflated; 1 GiB when None.
            progress: As in `Activity.from_trail`.

        Raises:
            TrailError: A path that is not there or cannot be listed, a folder without files. Its `path` says which. None of
                the objects could be read, or there is none; its `path` is the first that failed, if there is one.
            InvalidInputError: A number that cannot be.
        """
    @property
    def exceptions(self) -> type[ClientExceptions]:
        """boto3's names for what the operations raise, as in `except store.exceptions.NoSuchEntityException`.

        >>> store = Store(folder / "advisor.db")
        >>> store.exceptions.NoSuchEntityException is NoSuchEntityError
        True
        """
    def accounts(self) -> list[str]:
        """The accounts that were imported."""
    def generate_service_last_accessed_details(
        self, *, Arn: str, Granularity: _ApiGranularity = "SERVICE_LEVEL", now: datetime | None = None
    ) -> GenerateServiceLastAccessedDetails:
        """As boto3's, but the report is made before this returns: the job is completed.

        Args:
            Arn: A user, group, role or managed policy.
            Granularity: SERVICE_LEVEL or ACTION_LEVEL.
            now: The instant that the report is made at; the present when None.

        Returns:
            `{"JobId": ...}`

        Raises:
            NoSuchEntityError: There is no such entity.
            InvalidInputError: The ARN is none of IAM's, the granularity is neither of the two.
        """
    def get_service_last_accessed_details(
        self, *, JobId: str, MaxItems: int | None = None, Marker: str | None = None
    ) -> GetServiceLastAccessedDetails:
        """As boto3's: a page of a job's report.

        Raises:
            NoSuchEntityError: There is no such job of this caller.
            InvalidInputError: The marker is of another job; `MaxItems` is not from 1 to 1000.
        """
    def get_service_last_accessed_details_with_entities(
        self, *, JobId: str, ServiceNamespace: str, MaxItems: int | None = None, Marker: str | None = None
    ) -> GetServiceLastAccessedDetailsWithEntities:
        """As boto3's: who used a service of a job's report, when last.

        Raises:
            NoSuchEntityError: There is no such job of this caller.
            InvalidInputError: The namespace is malformed or unknown, the marker is of another job.
        """
    def list_policies_granting_service_access(
        self, *, Arn: str, ServiceNamespaces: Iterable[str], Marker: str | None = None
    ) -> ListPoliciesGrantingServiceAccess:
        """As boto3's: the policies of a user, group or role that grant access to services.

        Raises:
            NoSuchEntityError: There is no such entity.
            InvalidInputError: The ARN is none of IAM's, a namespace is malformed or unknown, there is a marker: answers are
                never truncated.
        """
    def jobs(self) -> list[Job]:
        """All jobs, whosever they are, the newest first."""
    def delete_job(self, job_id: str) -> None:
        """Removes a job and its report, whosever it is.

        Raises:
            NoSuchEntityError: There is no such job.
        """

def list_objects(
    paths: _Paths, *, since: datetime | None = None, until: datetime | None = None
) -> tuple[Table, list[FailedObject]]:
    """Lists the objects that `Activity.from_trail` would read.

    Returns:
        A table of `path` and `size`, in bytes as stored; and the folders that could not be listed.

    Raises:
        TrailError: A path that is not there or cannot be listed, a folder without files. Its `path` says which.
        InvalidInputError: A datetime without a time zone, `since` later than `until`.
    """
def read_objects(
    objects: list[tuple[str, int]],
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    object_limit: int | None = None,
    threads: int = 1,
    catalog: Catalog | None = None,
) -> Activity:
    """Reads listed objects, given as pairs of `path` and `size`, on the calling thread and as many more as are asked for.

    What cannot be read is named in the reconciliation, also where it is all of them: this may be a share of a trail.
    """
def restore_activity(file: bytes, reconciliation: Reconciliation) -> Activity:
    """An activity that was pickled."""
def restore_tracking(
    period_days: int | None,
    publication_delay: timedelta,
    actions: Literal["aws", "all"],
    regions: Literal["aws", "all"],
) -> Tracking:
    """Rebuilds a pickled Tracking."""
