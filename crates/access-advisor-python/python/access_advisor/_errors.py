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
    """An argument that cannot be: an ARN that is none of IAM's, an unknown namespace, a datetime without a time zone.

    IAM's InvalidInput and ValidationError: `code` tells them apart.
    """


class AccessDeniedError(AccessAdvisorError):
    """The caller is of another account than what it asks about."""


class AccountError(AccessAdvisorError):
    """Account data that cannot be loaded. `path` is the file.

    Attributes:
        line: The line that is wrong, counted from 1, if it is about a line.
        column: The byte of that line, counted from 1.

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
    """A trail or activity that cannot be read or written, or has nothing to read. `path` says which.

    Attributes:
        row: The row of an activity table that is wrong, counted from 1, if it is about a row.
        column_name: The column that is missing or wrong, if it is about a column.
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
    """A catalog that cannot be loaded. `path` is the file, if it is one.

    Attributes:
        line: The line that is wrong, counted from 1, if it is about a line.
    """

    line: int | None

    def __init__(
        self, message: str, *, path: str | None = None, code: str | None = None, line: int | None = None
    ) -> None:
        super().__init__(message, path=path, code=code)
        self.line = line


class StoreError(AccessAdvisorError):
    """A store that cannot be used. `path` is its file."""


class ClientExceptions:
    """What `Store.exceptions` is: exceptions by the names that they have in boto3's `iam.exceptions`."""

    ClientError = AccessAdvisorError
    InvalidInputException = InvalidInputError
    NoSuchEntityException = NoSuchEntityError
    ServiceFailureException = StoreError


for _error in list(vars().values()):
    if isinstance(_error, type) and issubclass(_error, Exception):
        _error.__module__ = "access_advisor"
