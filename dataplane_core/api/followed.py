"""Let the answer of a change wait for what becomes of the change elsewhere: a plugin knows that.

What a request asks for is found out before it is carried out, and what it waits for is known when
that is done. No thread waits meanwhile, where the server knows of answers that come later.
"""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import falcon

from dataplane_core.api.body import to_json
from dataplane_core.api.checked_request import FOLLOWED
from dataplane_core.api.operations import Operation
from dataplane_core.dataclass import dataclass
from dataplane_core.errors import DataplaneError

if TYPE_CHECKING:
    from dataplane_core.api.request import ApiRequest

_DONE = ("200", "201", "204")
_OF_BODY = frozenset({"content-length", "content-type"})
_OF_CHANGE = frozenset({"configuration-version", "reload-id", "location", "confirm-before"})

Headers: TypeAlias = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Became:
    """What became of a change: `headers` say so, `refusal` is the answer where it did not last.

    `is_pending`: nobody knows yet, and the answer is 202. `body` is JSON in the place of that of
    the answer.
    """

    headers: Mapping[str, str] = field(default_factory=dict)
    refusal: DataplaneError | None = None
    is_pending: bool = False
    body: Any = None


class Awaited(Protocol):
    """What an answer waits for."""

    def attach(self, ready: Callable[[], None]) -> None:
        """Have `ready` called, once and from any thread, when it is known; never waits."""

    def close(self) -> None:
        """Be known now: the server ends."""

    def became(self) -> Became:
        """Return what became of the change."""


CarryOut: TypeAlias = Callable[[Callable[[], None]], Awaited | None]
"""Carries a change out by what it is given, and returns what the answer waits for, if anything."""

Follow: TypeAlias = "Callable[[ApiRequest], CarryOut | None]"
"""Reads what a request wants before it is carried out; raises `BadRequest`. None: nothing."""


class FollowedAnswer:
    """The answer of a change that was carried out; a `LaterAnswer` of the server."""

    def __init__(
        self, req: "ApiRequest", awaited: Awaited, operation: Operation | None = None
    ) -> None:
        self._req, self._operation, self._awaited = req, operation, awaited
        self.attach, self.close = awaited.attach, awaited.close
        self._start: Callable[..., object] = bool
        self._status = ""
        self._headers: Headers = []
        self.parts: Iterable[bytes] = ()

    def keep(self, start: Callable[..., object], status: str, headers: Headers) -> None:
        """Keep what the change was answered with, and how an answer is begun."""
        self._start, self._status, self._headers = start, status, headers

    def wait(self) -> None:
        """Wait in this thread: the server knows of no answers that come later."""
        known = threading.Event()
        self.attach(known.set)
        known.wait()

    def __call__(self) -> Iterable[bytes]:
        if not self._status.startswith("2"):  # what followed on the change has failed
            self._start(self._status, self._headers)
            return self.parts
        became = self._awaited.became()
        status, headers, parts = self._status, [*self._headers], self.parts
        if became.refusal is not None:
            status, parts = self._refused(became.refusal)
            headers = _without(headers, _OF_BODY | _OF_CHANGE)
            headers += [("Content-Type", "application/json"), _length(parts)]
        elif became.body is not None:
            parts = [to_json(became.body)]
            headers = [*_without(headers, frozenset({"content-length"})), _length(parts)]
        elif became.is_pending:
            status = falcon.HTTP_202
        elif status.startswith("202"):
            status = self._done(status)
        if status.startswith("204"):
            headers = _without(headers, _OF_BODY)
        elif not any(name.lower() == "content-length" for name, _ in headers):
            headers += [_length(())]
        self._start(status, [*headers, *became.headers.items()])
        return parts

    def _refused(self, error: DataplaneError) -> tuple[str, list[bytes]]:
        status, code = self._req.served.version.refusal(error)
        body: dict[str, Any] = {"code": code, "message": error.message}
        return falcon.code_to_http_status(status), [to_json(body)]

    def _done(self, status: str) -> str:
        """Return the status of what is done, where the change was but accepted."""
        known = () if self._operation is None else self._operation.responses
        found = next((one for one in _DONE if one in known), None)
        return status if found is None else falcon.code_to_http_status(found)


def _length(parts: Sequence[bytes]) -> tuple[str, str]:
    return "Content-Length", str(sum(map(len, parts)))


def _without(headers: Headers, names: frozenset[str]) -> Headers:
    return [one for one in headers if one[0].lower() not in names]


def follow_change(
    req: "ApiRequest", operation: Operation, carry_out: CarryOut, respond: Callable[[], None]
) -> None:
    """Carry a change out, and leave with the request what its answer waits for."""
    awaited = carry_out(respond)
    if awaited is not None:
        req.env[FOLLOWED] = FollowedAnswer(req, awaited, operation)


def answer_later(req: "ApiRequest", awaited: Awaited) -> None:
    """Have the answer of a request wait, which the responder has given as it would be now."""
    req.env[FOLLOWED] = FollowedAnswer(req, awaited)
