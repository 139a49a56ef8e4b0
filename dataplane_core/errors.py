"""Every failure that a client is told about, with its HTTP status.

Core and plugins raise these; only the HTTP frame turns them into answers. The body of an answer
is `{"code": …, "message": …}`; `code` is the HTTP status unless the failure names an inner code
(601 to 609: which rule of the schema was broken).
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum


class Code(IntEnum):
    """Inner codes of schema violations, as clients of the interface know them."""

    TYPE = 601
    REQUIRED = 602
    PATTERN = 605
    ENUM = 606
    MAXIMUM = 608
    MINIMUM = 609
    UNKNOWN = 610


class StartRefused(Exception):
    """The server cannot start; the text says what the operator has to mend."""


class DataplaneError(Exception):
    """A failure with one sentence for the client; `code` defaults to the class's status."""

    status = 500

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


class Unauthorized(DataplaneError):
    """No valid credentials came with the request."""

    status = 401


class Forbidden(DataplaneError):
    """The identity is known, but may not do this."""

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
    """The client accepts none of the forms that the answer could take, or the state forbids it."""

    status = 406


class TransactionOutdated(NotAcceptable):
    """The transaction's base has moved, or it has failed; it can only be read and deleted."""


class Conflict(DataplaneError):
    """The state of the resource does not allow the change."""

    status = 409


class AlreadyExists(Conflict):
    """An object of that name exists."""


class VersionMismatch(Conflict):
    """The given version is not the configuration's."""


class TooLarge(DataplaneError):
    """The body is larger than the server takes."""

    status = 413


class UnsupportedMedia(DataplaneError):
    """The body's content type is not one that the operation reads."""

    status = 415


class Invalid(DataplaneError):
    """A value breaks a rule of the schema; `code` says which kind of rule."""

    status = 422


class TooMany(DataplaneError):
    """A limit on concurrent work is reached."""

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
    """One line of what HAProxy says about a configuration.

    `line` counts from 1 and is None where HAProxy names neither a line nor a section that can be
    found by its name; `severity` is `alert`, `warning` or `notice`; `section` (header line) and
    `resource` (the object) come from the line.
    """

    line: int | None
    severity: str
    message: str
    section: str | None = None
    resource: Reference | None = None


class CheckFailed(DataplaneError):
    """HAProxy refuses the configuration; `findings` holds all that it said.

    `unread`: HAProxy gave up while it read the file, so it may find more once that is mended.
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
    """A reload that the client waited for went wrong; the former configuration is back."""

    status = 400


class NotReloaded(DataplaneError):
    """A version is in the file, and HAProxy does not run it: nothing was put back."""

    status = 503


class RuntimeFailed(DataplaneError):
    """HAProxy's Runtime API gave no usable answer."""

    status = 502


class RuntimeUnreachable(RuntimeFailed):
    """No runtime socket is configured, or none takes a connection.

    `denied`: what is missing is the right to use a socket, so HAProxy may run all the same.
    """

    status = 503

    def __init__(self, message: str, *, code: int | None = None, denied: bool = False) -> None:
        super().__init__(message, code=code)
        self.denied = denied


class RuntimeTimeout(RuntimeFailed):
    """A runtime socket took the command and did not answer in time."""

    status = 504


class StorageFailed(DataplaneError):
    """A file could not be written; the old one is as it was."""

    status = 500


class StorageFull(StorageFailed):
    """There is no space left to write a file."""

    status = 507
