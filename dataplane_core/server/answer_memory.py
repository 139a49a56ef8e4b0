"""Remember answers that the application lets the server give again.

With such an answer the application leaves a function that tells for an equal request whether the
same answer would be given now (`environ_keys`). Requests are known by keyed digests: their
passwords are not kept.
"""

import logging
import os
import threading
from collections.abc import Callable
from dataclasses import field
from typing import Any

from dataplane_core.dataclass import dataclass
from dataplane_core.digests import blake2b
from dataplane_core.environ_keys import CERTIFICATE, LISTENER, REPEAT, REPEAT_BASIS
from dataplane_core.logs.apache import AccessRecord
from dataplane_core.logs.request_id import REQUEST_ID
from dataplane_core.server.request_head import RequestHead
from dataplane_core.server.wsgi_answer import JOINED, http_date
from dataplane_core.server.wsgi_environ import remote
from dataplane_core.text.credentials import SECRET_HEADERS

log = logging.getLogger("dataplane.server")

ID_FIELD = "HTTP_X_REQUEST_ID"
"""The field in which a request may give its identifier."""

_ID_HEADER = "x-request-id"
_NOT_OF_THE_REQUEST = frozenset({ID_FIELD, "HTTP_CONNECTION", "HTTP_KEEP_ALIVE"})
_OVERHEAD = 2048  # bytes that an answer costs beside its body and its head, about
_MOST_HEADS = 16  # forms of a head for which one answer is found without parsing
_LONGEST_HEAD = 4096
_MOST_KINDS = 256  # of connections, by client certificates
_SECRET = os.urandom(32)
_SECRET_FIELDS = frozenset(f"HTTP_{name.upper().replace('-', '_')}" for name in SECRET_HEADERS)

Kind = tuple[str, bytes | None]
"""The scheme of a listener, and the certificate of a client."""


def digest_of(data: bytes) -> bytes:
    """Return what stands for the bytes of a request in this process."""
    return blake2b(data, 16, _SECRET)


@dataclass(slots=True)
class RememberedAnswer:
    """An answer: its head lines before and after the identifier, and its body.

    `environ`, `status` and `headers` are for the access log. `asked` are the bytes of the request's
    head.
    """

    holds: Callable[[], bool]
    first: bytes
    before_id: bytes
    after_id: bytes
    has_id: bool
    body: bytes
    environ: dict[str, Any]
    status: int
    headers: tuple[tuple[str, str], ...]
    key: bytes
    asked: int
    heads: "list[tuple[Heads, bytes]]" = field(default_factory=list)

    @property
    def size(self) -> int:
        """The bytes that count for the budget."""
        head = len(self.before_id) + len(self.after_id)
        return len(self.body) + 2 * (head + self.asked) + _OVERHEAD

    def parts(self, keeps: bool, request_id: bytes) -> tuple[bytes, bytes]:
        """Return the answer as it is at this moment, in one part or, if it is long, in two."""
        if not self.has_id:
            request_id = b""
        head = (self.first, _moment(keeps), self.before_id, request_id, self.after_id)
        if len(self.body) > JOINED:
            return b"".join(head), self.body
        return b"".join((*head, self.body)), b""

    def record(
        self, peer: object, given: str | None, request_id: str, seconds: float
    ) -> AccessRecord:
        """Return what the access log is told of one request that was answered so.

        `given` is the identifier that came with the request, `request_id` that of the answer.
        """
        environ = {**self.environ, ID_FIELD: given or "", REQUEST_ID: request_id}
        environ["REMOTE_ADDR"], environ["REMOTE_PORT"] = remote(peer)
        headers = tuple(
            (name, request_id if name.lower() == _ID_HEADER else value)
            for name, value in self.headers
        )
        return AccessRecord(environ, self.status, len(self.body), seconds, headers)


@dataclass(frozen=True, slots=True)
class KnownHead:
    """The answer to a head that came before, and whether its client keeps the connection."""

    keeps: bool
    answer: RememberedAnswer


class Heads(dict[bytes, KnownHead]):
    """The answers of one kind of connections, by digests of the heads that asked for them."""

    def of(self, data: bytes) -> KnownHead | None:
        """Return the answer for what a client has sent; None if that is no head that is known."""
        if not self or len(data) > _LONGEST_HEAD:
            return None
        return self.get(digest_of(data))


class AnswerMemory:
    """Answers, within a budget of bytes; of one process, for its loop and its threads.

    Once an answer holds no longer, or one comes that was read from something else, all are
    forgotten: what was read from a former configuration must not be kept in memory, and that
    configuration with it, by answers that nobody asks for.
    """

    def __init__(self, budget: int) -> None:
        self._budget = budget
        self._size = 0
        self._basis: object = None
        self._answers: dict[bytes, RememberedAnswer] = {}
        self._heads: dict[Kind, Heads] = {}
        self._lock = threading.Lock()

    def heads(self, scheme: str, certificate: bytes | None) -> Heads:
        """Return the known heads for a kind of connections; who asks only reads them."""
        if len(self._heads) >= _MOST_KINDS and (scheme, certificate) not in self._heads:
            return Heads()
        return self._heads.setdefault((scheme, certificate), Heads())

    def find(
        self, head: RequestHead, scheme: str, certificate: bytes | None
    ) -> RememberedAnswer | None:
        """Return the answer for a request, if there is one that may hold."""
        if not self._answers or head.method != "GET" or head.length:
            return None
        answer = self._answers.get(_key(head, scheme, certificate))
        if answer is not None:
            self._know(answer, head, scheme, certificate)
        return answer

    def holds(self, answer: RememberedAnswer) -> bool:
        """Return whether an answer would be given now too; the caller has been counted then."""
        try:
            if answer.holds():
                return True
        except Exception:
            log.exception("an answer is not given again")
        self.clear()
        return False

    def remember(
        self,
        head: RequestHead,
        environ: dict[str, Any],
        line: str,
        headers: list[tuple[str, str]],
        body: bytes,
    ) -> None:
        """Keep the answer of a request, if the application lets it be given again."""
        holds, basis = environ.pop(REPEAT, None), environ.pop(REPEAT_BASIS, None)
        if holds is None or head.method != "GET" or head.length:
            return
        scheme, certificate = environ[LISTENER], environ.get(CERTIFICATE)
        before, after, has_id = _around_id(headers, environ[REQUEST_ID])
        kept = {
            name: value
            for name, value in environ.items()
            if not name.startswith("wsgi.") and name not in _SECRET_FIELDS
        }
        answer = RememberedAnswer(
            holds=holds,
            first=f"HTTP/1.{head.minor} {line}\r\n".encode("latin-1"),
            before_id=before,
            after_id=after,
            has_id=has_id,
            body=body,
            environ=kept,
            status=int(line[:3]),
            headers=tuple(headers),
            key=_key(head, scheme, certificate),
            asked=len(head.raw),
        )
        if answer.size > self._budget // 2:
            return
        with self._lock:
            if basis is not self._basis:
                self._clear()
                self._basis = basis
            self._drop(answer.key)
            self._answers[answer.key] = answer
            self._size += answer.size
            while self._size > self._budget:
                self._drop(next(iter(self._answers)))
        self._know(answer, head, scheme, certificate)

    def clear(self) -> None:
        """Forget all answers."""
        with self._lock:
            self._clear()

    def _clear(self) -> None:
        self._answers.clear()
        self._size, self._basis = 0, None
        for heads in tuple(self._heads.values()):  # the loop adds one for a new client
            heads.clear()

    def _know(
        self, answer: RememberedAnswer, head: RequestHead, scheme: str, certificate: bytes | None
    ) -> None:
        """Find the answer by the bytes of the head from now on."""
        if ID_FIELD in head.fields or len(head.raw) > _LONGEST_HEAD:
            return
        heads, digest = self.heads(scheme, certificate), digest_of(head.raw)
        with self._lock:
            if self._answers.get(answer.key) is answer and len(answer.heads) < _MOST_HEADS:
                answer.heads.append((heads, digest))
                heads[digest] = KnownHead(head.keeps, answer)

    def _drop(self, key: bytes) -> None:
        answer = self._answers.pop(key, None)
        if answer is not None:
            self._size -= answer.size
            for heads, digest in answer.heads:
                heads.pop(digest, None)


class _Moment:
    """The head lines for the time, made anew each second, and for the connection."""

    def __init__(self) -> None:
        self._date = ""
        self._lines = (b"", b"")

    def __call__(self, keeps: bool) -> bytes:
        date = http_date()
        if date is not self._date:
            lines = f"Date: {date}\r\nConnection: ".encode()
            self._lines = (lines + b"close\r\n", lines + b"keep-alive\r\n")
            self._date = date
        return self._lines[keeps]


_moment = _Moment()


def _key(head: RequestHead, scheme: str, certificate: bytes | None) -> bytes:
    fields = [pair for pair in head.fields.items() if pair[0] not in _NOT_OF_THE_REQUEST]
    parts = (scheme, certificate, head.method, head.target, head.minor, fields)
    return digest_of(repr(parts).encode())


def _around_id(headers: list[tuple[str, str]], request_id: str) -> tuple[bytes, bytes, bool]:
    """Return the header lines before the value that is the identifier, and from its end on.

    The last value tells whether there is one; all lines are before it if not.
    """
    before, after, found = [], [], False
    for name, value in headers:
        if not found and name.lower() == _ID_HEADER and value == request_id:
            before.append(f"{name}: ")
            after.append("\r\n")
            found = True
        else:
            (after if found else before).append(f"{name}: {value}\r\n")
    after.append("\r\n")
    return "".join(before).encode("latin-1"), "".join(after).encode("latin-1"), found
