"""Shows which services and actions each IAM identity can access, and when it last used them.

Offline, from exported account data (`aws iam get-account-authorization-details`) and CloudTrail logs.

>>> from datetime import datetime, timezone
>>> from access_advisor import AccountData, Activity, Advisor
>>> account = AccountData.load("testdata/account.json")
>>> activity = Activity.from_trail("testdata/trail")
>>> advisor = Advisor(account, activity, now=datetime(2026, 11, 1, tzinfo=timezone.utc))
>>> report = advisor.report("arn:aws:iam::111122223333:user/erin")
>>> for row in report["ServicesLastAccessed"]:
...     if "LastAuthenticated" not in row:
...         print(row["ServiceName"], "is not used")
AWS Config is not used
Amazon SQS is not used
"""

from access_advisor._errors import (
    AccessAdvisorError,
    AccessDeniedError,
    AccountError,
    CatalogError,
    IncompleteWarning,
    InvalidInputError,
    NoSuchEntityError,
    StoreError,
    TrailError,
)
from access_advisor._native import (
    AccountData,
    Activity,
    Advisor,
    Catalog,
    Coverage,
    ExportIssue,
    FailedObject,
    ImportedTrail,
    Intake,
    MalformedRecord,
    Progress,
    Reconciliation,
    Store,
    Table,
    Taken,
    Tracking,
    TruncatedObject,
    __version__,
)

__all__ = [
    "AccessAdvisorError",
    "AccessDeniedError",
    "AccountData",
    "AccountError",
    "Activity",
    "Advisor",
    "Catalog",
    "CatalogError",
    "Coverage",
    "ExportIssue",
    "FailedObject",
    "ImportedTrail",
    "IncompleteWarning",
    "Intake",
    "InvalidInputError",
    "MalformedRecord",
    "NoSuchEntityError",
    "Progress",
    "Reconciliation",
    "Store",
    "StoreError",
    "Table",
    "Taken",
    "Tracking",
    "TrailError",
    "TruncatedObject",
    "__version__",
]
