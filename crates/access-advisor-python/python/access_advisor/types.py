"""Types of the returned dicts, under the names of IAM's API.

>>> from access_advisor.types import ServiceLastAccessed
>>> def is_unused(service: ServiceLastAccessed) -> bool:
...     return "LastAuthenticated" not in service
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypedDict

__all__ = [
    "EntityDetails",
    "EntityInfo",
    "ErrorDetails",
    "ExplainedAllow",
    "ExplainedDeny",
    "ExplainedResource",
    "ExplainedUse",
    "Explanation",
    "GenerateServiceLastAccessedDetails",
    "GetServiceLastAccessedDetails",
    "GetServiceLastAccessedDetailsWithEntities",
    "Job",
    "ListPoliciesGrantingServiceAccess",
    "ListPoliciesGrantingServiceAccessEntry",
    "NotEvaluated",
    "PlacedStatement",
    "PolicyGrantingServiceAccess",
    "Report",
    "ServiceLastAccessed",
    "TrackedActionLastAccessed",
    "UngrantedActionUsed",
]


class _TrackedActionLastAccessed(TypedDict):
    ActionName: str


class TrackedActionLastAccessed(_TrackedActionLastAccessed, total=False):
    """An action of a service: when, by whom and where it was last accessed, if ever."""

    LastAccessedEntity: str
    LastAccessedTime: datetime
    LastAccessedRegion: str
    State: str
    StateReason: str


class UngrantedActionUsed(TrackedActionLastAccessed):
    """An action that was used although no permission policy grants it. Not part of the API."""

    ServiceNamespace: str


class _ServiceLastAccessed(TypedDict):
    ServiceName: str
    ServiceNamespace: str
    TotalAuthenticatedEntities: int


class ServiceLastAccessed(_ServiceLastAccessed, total=False):
    """A service: when, by whom and where it was last accessed, if ever."""

    LastAuthenticated: datetime
    LastAuthenticatedEntity: str
    LastAuthenticatedRegion: str
    State: str
    StateReason: str
    TrackedActionsLastAccessed: list[TrackedActionLastAccessed]


class NotEvaluated(TypedDict):
    """A policy or group that applies but could not be evaluated. Not part of the API."""

    Name: str
    Reason: str


class _PlacedStatement(TypedDict):
    Path: list[str]
    PolicyName: str
    Index: int


class PlacedStatement(_PlacedStatement, total=False):
    """A statement of a policy that counts for an entity: the way to it, its position from 0 and its Sid."""

    PolicyArn: str
    PolicyVersion: str
    Sid: str


class _ExplainedResource(TypedDict):
    Outcome: str


class ExplainedResource(_ExplainedResource, total=False):
    """What one string of an allow's `Resource` covers, or its whole `NotResource`, and what denies leave of it."""

    Resource: str
    NotResource: list[str]
    Except: list[str]
    Only: list[list[str]]
    Example: str


class _ExplainedAllow(TypedDict):
    Granted: bool
    Statement: PlacedStatement
    CoveredActions: list[str]
    Resources: list[ExplainedResource]


class ExplainedAllow(_ExplainedAllow, total=False):
    """An allow that covers the action. `Action` has the strings that match it; `NotAction` all of them."""

    Action: list[str]
    NotAction: list[str]
    Condition: dict[str, Any]


class _ExplainedDeny(TypedDict):
    Effect: str
    Statement: PlacedStatement
    CoveredActions: list[str]


class ExplainedDeny(_ExplainedDeny, total=False):
    """A deny that covers the action, and what it takes away."""

    Action: list[str]
    NotAction: list[str]
    Resource: list[str]
    NotResource: list[str]
    Condition: dict[str, Any]


class _ExplainedUse(TypedDict):
    LastAccessedTime: datetime
    IsExact: bool
    LastAccessedRegion: str
    LastAccessedEntity: str
    Evidence: str
    Attempts: int
    DeniedAttempts: int


class ExplainedUse(_ExplainedUse, total=False):
    """When one identity last used an action in one Region, with the event and the number of denied attempts."""

    ActionName: str
    LastAttemptDenied: bool
    EventId: str


class _Explanation(TypedDict):
    Arn: str
    Service: str
    Granted: bool
    Allows: list[ExplainedAllow]
    Denies: list[ExplainedDeny]
    LastUses: list[ExplainedUse]


class Explanation(_Explanation, total=False):
    """Why an entity may use an action or a service, or why not."""

    Action: str
    Resource: str
    NotGranted: str
    ArnFormats: list[str]
    GrantedActions: list[str]
    Variables: dict[str, str]
    State: str
    StateReason: str
    NotEvaluated: list[NotEvaluated]
    PermissionsBoundary: str
    Undecided: bool


class ErrorDetails(TypedDict):
    """Why a job failed."""

    Message: str
    Code: str


class _Report(TypedDict):
    JobStatus: str
    JobType: str
    JobCreationDate: datetime
    JobCompletionDate: datetime
    ServicesLastAccessed: list[ServiceLastAccessed]
    IsTruncated: bool
    Arn: str


class Report(_Report, total=False):
    """The return type of `Advisor.report`: all pages of `GetServiceLastAccessedDetails` at once, and keys that the API lacks."""

    UngrantedServicesUsed: list[ServiceLastAccessed]
    UngrantedActionsUsed: list[UngrantedActionUsed]
    UnknownEventSources: list[ServiceLastAccessed]
    NotEvaluated: list[NotEvaluated]
    Undecided: int


class GenerateServiceLastAccessedDetails(TypedDict):
    """The response of the operation with this name."""

    JobId: str


class _JobAnswer(TypedDict):
    JobStatus: str
    JobCreationDate: datetime
    IsTruncated: bool


class GetServiceLastAccessedDetails(_JobAnswer, total=False):
    """The response of the operation with this name. The list is missing unless the job is completed."""

    JobType: str
    ServicesLastAccessed: list[ServiceLastAccessed]
    JobCompletionDate: datetime
    Marker: str
    Error: ErrorDetails
    NotEvaluated: list[NotEvaluated]


class EntityInfo(TypedDict):
    """A user or role."""

    Arn: str
    Name: str
    Type: str
    Id: str
    Path: str


class _EntityDetails(TypedDict):
    EntityInfo: EntityInfo


class EntityDetails(_EntityDetails, total=False):
    """A user or role, and when it last used a service, if ever."""

    LastAuthenticated: datetime


class GetServiceLastAccessedDetailsWithEntities(_JobAnswer, total=False):
    """The response of the operation with this name. The list is missing unless the job is completed."""

    EntityDetailsList: list[EntityDetails]
    JobCompletionDate: datetime
    Marker: str
    Error: ErrorDetails
    NotEvaluated: list[NotEvaluated]


class _PolicyGrantingServiceAccess(TypedDict):
    PolicyName: str
    PolicyType: str


class PolicyGrantingServiceAccess(_PolicyGrantingServiceAccess, total=False):
    """A policy that grants access. Managed policies have an ARN, inline policies the entity that they are embedded in."""

    PolicyArn: str
    EntityType: str
    EntityName: str


class ListPoliciesGrantingServiceAccessEntry(TypedDict):
    """A service and the policies that grant access to it."""

    ServiceNamespace: str
    Policies: list[PolicyGrantingServiceAccess]


class ListPoliciesGrantingServiceAccess(TypedDict):
    """The response of the operation with this name."""

    PoliciesGrantingServiceAccess: list[ListPoliciesGrantingServiceAccessEntry]
    IsTruncated: bool


class _Job(TypedDict):
    JobId: str
    Arn: str
    JobType: str
    JobStatus: str
    JobCreationDate: datetime


class Job(_Job, total=False):
    """A job as `Store.jobs` returns it. Not part of the API. `ReportSize` is in bytes, as stored."""

    JobCompletionDate: datetime
    ReportSize: int
