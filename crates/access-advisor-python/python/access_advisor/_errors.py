"""The exceptions of the package."""

from __future__ import annotations


class AccessAdvisorError(Exception):
    """The base class of all exceptions of this package.

    Attributes:
        path: The file, folder or object that the error is about, if any.
        code: IAM's error code, such as NoSuchEntity, if IAM has one for this error.
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
    """An invalid argument: not an IAM ARN, an unknown namespace, a datetime without a time zone.

    Stands for IAM's InvalidInput and ValidationError; `code` distinguishes them.
    """


class AccessDeniedError(AccessAdvisorError):
    """The caller belongs to another account than the entity."""


class AccountError(AccessAdvisorError):
    """Account data cannot be loaded. `path` is the file.

    Attributes:
        line: The line of the error, counted from 1, if known.
        column: The byte in that line, counted from 1, if known.

    >>> try:
    ...     AccountData.load("testdata/README.md")
    ... except AccountError as error:
    ...     print(error.path, error.line, error.column)
    testdata/README.md 1 1
    """

    line: int | None
    column: int | None

    def __init__(
        self,
        message: str,
        *,
        path: str | None = None,
        code: str | None = None,
        line: int | None = None,
        column: int | None = None,
    ) -> None:
        super().__init__(message, path=path, code=code)
        self.line = line
        self.column = column


class TrailError(AccessAdvisorError):
    """A trail or activity cannot be read or written, or has no record to read. `path` is the file, folder or object.

    Attributes:
        row: The invalid row of an activity table, counted from 1, if known.
        column_name: The missing or invalid column, if known.
    """

    row: int | None
    column_name: str | None

    def __init__(
        self,
        message: str,
        *,
        path: str | None = None,
        code: str | None = None,
        row: int | None = None,
        column_name: str | None = None,
    ) -> None:
        super().__init__(message, path=path, code=code)
        self.row = row
        self.column_name = column_name


class CatalogError(AccessAdvisorError):
    """A catalog cannot be loaded. `path` is the file, if it came from a file.

    Attributes:
        line: The line of the error, counted from 1, if known.
    """

    line: int | None

    def __init__(
        self, message: str, *, path: str | None = None, code: str | None = None, line: int | None = None
    ) -> None:
        super().__init__(message, path=path, code=code)
        self.line = line


class StoreError(AccessAdvisorError):
    """A store cannot be used. `path` is its file."""


class IncompleteWarning(UserWarning):
    """Something of the account data or the activity is missing, and so may look unused in reports."""


class ClientExceptions:
    """The exceptions under the names of boto3's `iam.exceptions`, as `Store.exceptions` returns them."""

    ClientError = AccessAdvisorError
    InvalidInputException = InvalidInputError
    NoSuchEntityException = NoSuchEntityError
    ServiceFailureException = StoreError


for _error in list(vars().values()):
    if isinstance(_error, type) and issubclass(_error, Exception):
        _error.__module__ = "access_advisor"
