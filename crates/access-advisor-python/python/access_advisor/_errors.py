"""The exceptions of the package."""

from __future__ import annotations


class AccessAdvisorError(Exception):
    """What all exceptions of this package are.

    Attributes:
        path: The file, folder or object it is about, if it is about one.
        code: IAM's error code, such as NoSuchEntity, if IAM has one for it.
    """

    path: str | None
    code: str | None

    def __init__(self, message: str, *, path: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.path = path
        self.code = code


class NoSuchEntityError(AccessAdvisorError, LookupError):
    """There is no such user, group, role, policy or job."""


class InvalidInputError(AccessAdvisorError, ValueError):
    """An argument that cannot be: an ARN that is none of IAM's, an unknown namespace, a datetime without a time zone."""


class AccessDeniedError(AccessAdvisorError):
    """The caller is of another account than what it asks about."""


class PolicyError(AccessAdvisorError):
    """Account data that cannot be loaded. `path` is the file; the message says the line and column."""


class TrailError(AccessAdvisorError):
    """A trail or activity that cannot be read or written. `path` says which."""


class StoreError(AccessAdvisorError):
    """A store that cannot be used. `path` is its file."""


for _error in list(vars().values()):
    if isinstance(_error, type) and issubclass(_error, Exception):
        _error.__module__ = "access_advisor"
