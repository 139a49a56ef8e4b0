"""Answers from memory: a server's side of them, in small, and what has to be equal in two answers."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from dataplane_core.logs.request_id import REQUEST_ID, choose_request_id

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]
OWN = frozenset({"date", "x-request-id", "connection", "server"})
"""Headers that tell one answer from an equal one, or that belong to the connection."""


@dataclass
class Kept:
    """An answer and the function that says whether it may be given again."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes
    may_repeat: Callable[[], bool]


@dataclass
class Remembering:
    """A WSGI application in front of ours that answers equal requests as a server does.

    `repeated` counts the answers that did not come from the application.
    """

    application: Wsgi
    kept: dict[object, Kept] = field(default_factory=dict)
    repeated: int = 0

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        key, identifier = _key(environ), choose_request_id(environ.get("HTTP_X_REQUEST_ID"))
        known = self.kept.get(key)
        if known is not None and known.may_repeat():
            self.repeated += 1
            headers = [
                (name, identifier if name.lower() == "x-request-id" else value) for name, value in known.headers
            ]
            start_response(known.status, headers)
            return [known.body]
        self.kept.pop(key, None)
        return self._ask(key, {**environ, REQUEST_ID: identifier}, start_response)

    def _ask(self, key: object, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        told: list[Any] = []
        parts = list(self.application(environ, lambda *answer: told.extend(answer[:2])))
        may_repeat = environ.get("dataplane.repeat")
        if may_repeat is not None:
            assert (environ["REQUEST_METHOD"], told[0], len(parts)) == ("GET", "200 OK", 1)
            self.kept[key] = Kept(told[0], told[1], parts[0], may_repeat)
        start_response(*told)
        return parts


def _key(environ: Mapping[str, Any]) -> object:
    """What is equal in equal requests."""
    names = ("REQUEST_METHOD", "RAW_URI", "PATH_INFO", "QUERY_STRING", "wsgi.url_scheme",
             "dataplane.listener", "dataplane.certificate", "CONTENT_TYPE", "CONTENT_LENGTH")  # fmt: skip
    headers = {key for key in environ if key.startswith("HTTP_")} - {"HTTP_X_REQUEST_ID"}
    return tuple((key, environ.get(key)) for key in (*names, *sorted(headers)))


def equal_part(status: object, headers: Iterable[tuple[str, str]], body: bytes) -> tuple[object, ...]:
    """What two ways to one answer have to have in common."""
    shown = sorted((name.lower(), value) for name, value in headers if name.lower() not in OWN)
    return status, tuple(shown), body
