"""Name every failure that a client is told of, with the HTTP status of its answer.

Core and plugins raise these; the HTTP frame alone turns them into answers, of which the body is
`{"code": …, "message": …}`. `code` is the HTTP status, or a `Code` for a body that breaks a rule of
its schema.

    400  BadRequest, WrongShape, CheckFailed, ReloadFailed
    401  Unauthorized
    403  Forbidden
    404  NotFound
    405  MethodNotAllowed
    406  NotAcceptable, TransactionOutdated
    409  Conflict, AlreadyExists, MergeConflict, NamedInConfiguration, VersionMismatch
    412  PreconditionFailed
    413  TooLarge
    415  UnsupportedMedia
    422  Invalid, BadParameter, Contradiction, FileRefused
    429  TooMany
    500  StorageFailed
    502  RuntimeFailed
    503  NotReloaded, RuntimeUnreachable
    504  RuntimeTimeout
    507  StorageFull
"""

from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import Any

from dataplane_core.dataclass import dataclass


class Code(IntEnum):
    """Which rule of its schema a body breaks; clients of the interface know these numbers."""

    TYPE = 601  # another JSON type than the property has
    REQUIRED = 602  # a property that is missing
    PATTERN = 605  # a string that cannot stand on a line as the property needs it
    ENUM = 606  # a value that is none of those that the property can have
    MAXIMUM = 608
    MINIMUM = 609
    UNKNOWN = 610  # a property that the schema does not have
    TOO_MANY = 611  # items of an array, or of one kind where each must be another
    TOO_FEW = 612


class StartRefused(Exception):
    """The server cannot start; the text says what the operator has to mend."""


class DataplaneError(Exception):
    """A failure that is told in one sentence, `message`; `code` is by default the `status`."""

    status = 500
    retry_after = 0  # seconds after which another try is worth it; 0 says nothing

    def __init__(self, message: str, *, code: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = int(code) if code is not None else self.status

    def sentence(self, path_of: "Callable[[Reference], str]") -> str:
        """Return the message for a client that knows objects by the paths that `path_of` gives."""
        return self.message


class BadRequest(DataplaneError):
    """The request cannot be understood or carried out as it is."""

    status = 400


class WrongShape(BadRequest):
    """A body is JSON, and neither the object nor the list of objects that the operation takes."""


class Unauthorized(DataplaneError):
    """The request has no valid credentials."""

    status = 401


class Forbidden(DataplaneError):
    """The client is known, and may not do this."""

    status = 403


class NotFound(DataplaneError):
    """The path or the object does not exist."""

    status = 404


class MethodNotAllowed(DataplaneError):
    """The path exists, the method does not; `allowed` goes into the `Allow` header."""

    status = 405

    def __init__(self, message: str, allowed: tuple[str, ...]) -> None:
        super().__init__(message)
        self.allowed = allowed


class NotAcceptable(DataplaneError):
    """The client accepts no form that the answer can have, or a transaction cannot take this."""

    status = 406


class TransactionOutdated(NotAcceptable):
    """Another version was committed since a transaction began, or its commit has failed.

    Or the machine was restarted meanwhile, which may have cost the transaction its last edits. Such
    a transaction can be read and deleted, and nothing else.
    """


class Conflict(DataplaneError):
    """The state of the resource does not allow the change."""

    status = 409


class AlreadyExists(Conflict):
    """An object with the name of a new one exists."""


class MergeConflict(Conflict):
    """A change cannot be put on the newest version, which has changed the same since.

    `overlaps` say what (`resources.overlaps.Overlap`); none where a whole place is meant.
    """

    def __init__(self, message: str, overlaps: Sequence[Any] = ()) -> None:
        super().__init__(message)
        self.overlaps = tuple(overlaps)


class VersionMismatch(Conflict):
    """The version that a change was made for is not the present version."""


class PreconditionFailed(DataplaneError):
    """The resource is not as the client's `If-Match` says (RFC 9110, section 13.1.1)."""

    status = 412


class TooLarge(DataplaneError):
    """A body is larger than the server takes."""

    status = 413


class UnsupportedMedia(DataplaneError):
    """A body has a content type that the operation does not read."""

    status = 415


class Invalid(DataplaneError):
    """A value breaks a rule of its schema, or no line can say it; `code` is of which kind."""

    status = 422


class BadParameter(Invalid):
    """A parameter of the request breaks its rule, or a body that must be there is missing."""


class Contradiction(Invalid):
    """Properties of a body are right one by one, and do not go together."""


class TooMany(DataplaneError):
    """More work of a kind is asked for at the same time than the server does."""

    status = 429


@dataclass(frozen=True, slots=True)
class Reference:
    """An object of the configuration, whatever its path is in a version of the interface.

    `collection` is the name of its collection; `kind` and `section` are HAProxy's keyword and the
    name of the section that it is or stands in; `key` is the name or the index of a row, None for
    a section itself.
    """

    collection: str
    kind: str
    section: str
    key: str | int | None = None


class NamedInConfiguration(Conflict):
    """A line of the configuration names what is to go: `before`, the section, `after`.

    `resource` is the object that the line belongs to.
    """

    def __init__(self, before: str, section: str, resource: Reference | None, after: str) -> None:
        super().__init__(f"{before}{section}{after}")
        self._parts = before + section, after
        self._resource = resource

    def sentence(self, path_of: Callable[[Reference], str]) -> str:
        if self._resource is None:
            return self.message
        before, after = self._parts
        return f"{before} ({path_of(self._resource)}){after}"


@dataclass(frozen=True, slots=True)
class Finding:
    """One message of HAProxy about a configuration.

    `severity` is `alert`, `warning` or `notice`. `line` counts from 1; it is None where the message
    names neither a line nor a section by its name. `section` is the header of the section that
    holds the line, and `resource` the object that the line belongs to.
    """

    line: int | None
    severity: str
    message: str
    section: str | None = None
    resource: Reference | None = None


class CheckFailed(DataplaneError):
    """HAProxy refuses the configuration, for the reasons in `findings`.

    `unread` is whether HAProxy gave up before the end of the file: it may then find more once these
    reasons are mended.
    """

    status = 400

    def __init__(
        self, message: str, findings: tuple[Finding, ...] = (), *, unread: bool = False
    ) -> None:
        super().__init__(message)
        self.findings = findings
        self.unread = unread


class FileRefused(CheckFailed):
    """HAProxy refuses the configuration with a file that was sent."""

    status = 422


class ReloadFailed(DataplaneError):
    """A reload that the client waited for has failed; the former configuration is back in place."""

    status = 400


class NotReloaded(DataplaneError):
    """HAProxy does not run the version that is in the file, which stays there."""

    status = 503


class RuntimeFailed(DataplaneError):
    """The Runtime API of HAProxy gave no usable answer."""

    status = 502


class RuntimeUnreachable(RuntimeFailed):
    """No socket of the Runtime API is configured, or none takes a connection.

    `denied` is whether the server lacks the right to use a socket: HAProxy may run all the same.
    """

    status = 503

    def __init__(self, message: str, *, code: int | None = None, denied: bool = False) -> None:
        super().__init__(message, code=code)
        self.denied = denied


class RuntimeTimeout(RuntimeFailed):
    """A socket of the Runtime API took a command, and did not answer in time."""

    status = 504


class StorageFailed(DataplaneError):
    """A file could not be written; the former file is as it was."""

    status = 500


class StorageFull(StorageFailed):
    """No space is left to write a file."""

    status = 507
