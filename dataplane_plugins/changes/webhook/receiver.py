"""Send one event at a time to the webhook's URL, signed as Standard Webhooks have it.

The signature is over the identifier of the message, the second at which it is sent, and the body:
who receives it can tell that it comes from here, is whole, and is no copy of an old one.
"""

import base64
import binascii
import hmac
import http.client
import ssl
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import urlsplit

from dataplane_core.plugin import DataplaneError, Settings

_SECONDS = 5.0  # for the receiver to take a connection, and for each part of its answer
_LARGEST = 1 << 16  # bytes of an answer that are read, and thrown away
_PREFIX = "whsec_"
_LATER = frozenset({408, 409, 425, 429})
"""Statuses that say nothing of the event itself."""


class NotDelivered(DataplaneError):
    """An event that was not taken; `refused` when the receiver will not take it later either."""

    def __init__(self, message: str, refused: bool = False) -> None:
        super().__init__(message)
        self.refused = refused


def faults(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield the key of each setting of the webhook that cannot be used, and why."""
    own = settings.dataplane
    try:
        parts = urlsplit(own.webhook_url)
        good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        good = False
    if not good or parts.username is not None:
        yield "webhook_url", "is no URL of a webhook: https, a host, and no user"
    if not own.webhook_secret:
        yield "webhook_secret", "is needed where there is a webhook: its messages are signed"
    try:
        _key(own.webhook_secret)
    except (binascii.Error, ValueError):
        yield "webhook_secret", f"is no base64 behind {_PREFIX}"
    try:
        _context(own.webhook_ca)
    except (OSError, ssl.SSLError) as error:
        yield "webhook_ca", f"cannot be used: {error.strerror or 'it holds no certificate'}"


class Receiver:
    """The other side, and a connection that is kept between events."""

    def __init__(self, settings: Settings) -> None:
        own = settings.dataplane
        parts = urlsplit(own.webhook_url)
        self._host, self._port = parts.hostname or "", parts.port
        self._path = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
        self._context = _context(own.webhook_ca) if parts.scheme == "https" else None
        self._key = _key(own.webhook_secret)
        self._connection: http.client.HTTPConnection | None = None

    def send(self, identifier: str, second: int, body: bytes) -> None:
        """Send a message; raises `NotDelivered`. No message says more of the URL than its host."""
        signed = hmac.digest(self._key, f"{identifier}.{second}.".encode() + body, "sha256")
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "dataplane",
            "webhook-id": identifier,
            "webhook-timestamp": str(second),
            "webhook-signature": f"v1,{base64.b64encode(signed).decode()}",
        }
        status = self._ask(body, headers)
        if 200 <= status < 300:
            return
        said = f"{self._host} answers with {status}"
        raise NotDelivered(said, refused=400 <= status < 500 and status not in _LATER)

    def close(self) -> None:
        """Close the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(OSError):
                connection.close()

    def _ask(self, body: bytes, headers: dict[str, str]) -> int:
        """Return the status of the answer; a connection that was kept may have been closed."""
        for kept in (self._connection is not None, False):
            try:
                return self._asked(body, headers)
            except (OSError, http.client.HTTPException, ValueError) as error:
                self.close()
                if not (kept and isinstance(error, ConnectionError)):
                    said = f"{self._host} cannot be reached: {_reason(error)}"
                    raise NotDelivered(said) from None
        raise AssertionError("unreachable")

    def _asked(self, body: bytes, headers: dict[str, str]) -> int:
        if self._connection is None:
            self._connection = self._opened()
        self._connection.request("POST", self._path, body, headers)
        answer = self._connection.getresponse()
        answer.read(_LARGEST)
        if not answer.isclosed():
            self.close()
        return answer.status

    def _opened(self) -> http.client.HTTPConnection:
        if self._context is None:
            return http.client.HTTPConnection(self._host, self._port, timeout=_SECONDS)
        return http.client.HTTPSConnection(
            self._host, self._port, timeout=_SECONDS, context=self._context
        )


def _context(file: str) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=file or None)


def _key(secret: str) -> bytes:
    if secret.startswith(_PREFIX):
        return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    return secret.encode()


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({error.verify_message})"
    return getattr(error, "strerror", None) or type(error).__name__
