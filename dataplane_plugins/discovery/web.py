"""Requests to sources: without redirects, limited in size, with no secret in a message."""

import http.client
import socket
from collections.abc import Mapping
from contextlib import closing, suppress
from urllib.parse import urlsplit

from dataplane_plugins.discovery.sources import SourceFailed

LARGEST = 64 << 20
_LARGEST_REFUSAL = 1 << 16
_CONNECT_SECONDS = 10.0


class Refused(SourceFailed):
    """An answer with another status than 200: the status is `answered`, the content `body`."""

    def __init__(self, answered: int, body: bytes) -> None:
        super().__init__(f"the answer has the status {answered}")
        self.answered, self.body = answered, body


class SourceConnection:
    """A way to a server that stays open between requests, which one thread makes at a time.

    `who` begins the sentences about it; `origin` is the scheme, host and port of a URL. It knows no
    proxy and follows no redirect.
    """

    def __init__(self, who: str, origin: str) -> None:
        self.who = who
        parts = urlsplit(origin)
        secure = parts.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        self._http = kind(parts.hostname or "", parts.port)
        self._ended = False

    def ask(
        self, path: str, headers: Mapping[str, str], timeout: float, body: bytes | None = None
    ) -> tuple[bytes, "http.client.HTTPMessage"]:
        """Return the answer's body and headers; a POST if there is a `body` to send, else a GET.

        Raises `Refused`, and `SourceFailed` where there is no whole answer within `timeout`
        seconds of silence. A server may have closed what was kept open: it is asked once more then.
        """
        kept = self._http.sock is not None
        try:
            try:
                return self._asked(path, headers, timeout, body)
            except ConnectionError:
                if not kept:
                    raise
            return self._asked(path, headers, timeout, body)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise SourceFailed(f"{self.who} cannot be reached: {_reason(error)}") from None

    def _asked(
        self, path: str, headers: Mapping[str, str], timeout: float, body: bytes | None
    ) -> tuple[bytes, "http.client.HTTPMessage"]:
        whole = False
        try:
            self._open(timeout)
            self._http.request("POST" if body is not None else "GET", path, body, dict(headers))
            answer = self._http.getresponse()
            largest = LARGEST if answer.status == 200 else _LARGEST_REFUSAL
            data = answer.read(largest + 1)
            whole = answer.isclosed()
        finally:
            if not whole:
                self._http.close()
        if answer.status != 200:
            raise Refused(answer.status, data[:largest])
        if len(data) > largest:
            raise SourceFailed(f"the answer of {self.who} is too large")
        if answer.length:
            raise http.client.IncompleteRead(data, answer.length)
        return data, answer.headers

    def _open(self, timeout: float) -> None:
        if self._http.sock is None:
            self._http.timeout = min(timeout, _CONNECT_SECONDS)
            self._http.connect()
        if self._ended:  # looked at after connecting: `end` sees the socket, or this sees `end`
            raise ConnectionAbortedError
        self._http.sock.settimeout(timeout)

    def end(self) -> None:
        """Make a request that another thread waits for fail at once, and all that follow.

        What lies below TLS is shut, as its own state belongs to the thread that reads.
        """
        self._ended = True
        if (connected := self._http.sock) is not None:
            with suppress(OSError):
                socket.socket.shutdown(connected, socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection."""
        self._http.close()


def fetch(
    who: str, url: str, headers: Mapping[str, str], timeout: float, body: bytes | None = None
) -> tuple[bytes, "http.client.HTTPMessage"]:
    """Return the answer to a single request, as `Connection.ask` does."""
    parts = urlsplit(url)
    path = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
    try:
        connection = SourceConnection(who, url)
    except (http.client.HTTPException, ValueError) as error:
        raise SourceFailed(f"{who} cannot be reached: {_reason(error)}") from None
    with closing(connection):
        return connection.ask(path, headers, timeout, body)


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, http.client.RemoteDisconnected | http.client.IncompleteRead):
        return "the connection was closed before the answer"
    return getattr(error, "strerror", None) or type(error).__name__
