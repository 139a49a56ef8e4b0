"""Requests to sources: never redirected with credentials, limited in size, told without secrets."""

import http.client
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from dataplane_core.discovery import SourceFailed

LARGEST = 64 << 20
_LARGEST_REFUSAL = 1 << 16


class Refused(SourceFailed):
    """An answer with another status than 200: `answered`, with its `body`."""

    def __init__(self, answered: int, body: bytes) -> None:
        super().__init__(f"the answer has the status {answered}")
        self.answered, self.body = answered, body


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect())


def fetch(
    who: str, url: str, headers: Mapping[str, str], timeout: float, body: bytes | None = None
) -> tuple[bytes, Mapping[str, str]]:
    """The body and headers of an answer; a POST if there is a `body` to send, else a GET.

    Raises `Refused`, and `SourceFailed` where there is no whole answer: `who` begins its sentence.
    """
    try:
        request = urllib.request.Request(url, body, dict(headers))
        with _direct.open(request, timeout=timeout) as answer:
            data, told = answer.read(LARGEST + 1), answer.headers
    except urllib.error.HTTPError as error:
        raise Refused(error.code, _rest(error)) from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise SourceFailed(f"{who} cannot be reached: {_told(error)}") from None
    if len(data) > LARGEST:
        raise SourceFailed(f"the answer of {who} is too large")
    return data, told


def _rest(error: urllib.error.HTTPError) -> bytes:
    try:
        with error:
            return error.read(_LARGEST_REFUSAL)
    except (OSError, http.client.HTTPException):
        return b""


def _told(error: Exception) -> str:
    reason: Any = getattr(error, "reason", None) or error
    if isinstance(reason, TimeoutError):
        return "no answer in time"
    return getattr(reason, "strerror", None) or type(reason).__name__
