"""Which services and actions could each IAM identity reach, and when was each last used.

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
    CatalogError,
    InvalidInputError,
    NoSuchEntityError,
    PolicyError,
    StoreError,
    TrailError,
)
from access_advisor._native import (
    AccountData,
    Activity,
    Advisor,
    Catalog,
    FailedObject,
    ExportIssue,
    ImportedTrail,
    Intake,
    MalformedRecord,
    Progress,
    Reconciliation,
    Store,
    Table,
    __version__,
)

__all__ = [
    "AccessAdvisorError",
    "AccessDeniedError",
    "AccountData",
    "Activity",
    "Advisor",
    "Catalog",
    "CatalogError",
    "FailedObject",
    "ExportIssue",
    "ImportedTrail",
    "Intake",
    "InvalidInputError",
    "MalformedRecord",
    "NoSuchEntityError",
    "PolicyError",
    "Progress",
    "Reconciliation",
    "Store",
    "StoreError",
    "Table",
    "TrailError",
    "__version__",
]
