"""Write access lines in the notation of Apache's LogFormat (mod_log_config, "Custom Log Formats").

Secrets stay out of them: of headers that hold credentials nothing is shown, and of the query no
value whose name sounds like a password or a token.
"""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import field
from functools import lru_cache
from typing import Any

from dataplane_core.dataclass import dataclass
from dataplane_core.lazy_pattern import lazy_pattern
from dataplane_core.text.credentials import SECRET_HEADERS, conceal_queries

_UNSAFE = lazy_pattern(r'["\\\x00-\x1f\x7f-\x9f]')
_DIRECTIVE = lazy_pattern(r"%(?:[!\d,]*[<>]?(?:\{([^}]*)\})?([A-Za-z])|(%))")
_SCALE = {"": 1.0, "s": 1.0, "ms": 1e3, "us": 1e6}

API_VERSION = "dataplane.api_version"
"""The key of a request's environment that holds the name of its API version."""


@dataclass(frozen=True, slots=True)
class AccessRecord:
    """One request that was answered.

    `environ` is that of WSGI, `length` the bytes of the answer's body, `seconds` how long the
    answer took, `ended` the time of its end in seconds since 1970.
    """

    environ: Mapping[str, Any]
    status: int
    length: int
    seconds: float
    headers: tuple[tuple[str, str], ...] = ()
    ended: float = field(default_factory=time.time)

    @property
    def uri(self) -> str:
        """Path and query as they were sent, without secrets."""
        raw = self.environ.get("RAW_URI") or self.environ.get("PATH_INFO", "")
        return conceal_queries(str(raw))

    @property
    def api_version(self) -> str:
        """The name of the API version, such as `v2`; "" for what belongs to none."""
        return str(self.environ.get(API_VERSION) or "")

    @property
    def query(self) -> str:
        """The query with its question mark, without secrets; "" if there is none."""
        _, mark, query = self.uri.partition("?")
        return mark + query

    def request_header(self, name: str) -> str:
        """Return a header of the request; "" when it is absent or secret."""
        key = name.upper().replace("-", "_")
        key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
        return "" if name.lower() in SECRET_HEADERS else str(self.environ.get(key, ""))

    def response_header(self, name: str) -> str:
        """Return a header of the answer; "" when it is absent or secret."""
        wanted = name.lower()
        if wanted in SECRET_HEADERS:
            return ""
        return next((value for key, value in self.headers if key.lower() == wanted), "")


_Part = Callable[[AccessRecord], str]


def _environ(key: str) -> Callable[[AccessRecord, str], str]:
    return lambda access, _: str(access.environ.get(key) or "")


_DIRECTIVES: dict[str, Callable[[AccessRecord, str], str]] = {
    "a": _environ("REMOTE_ADDR"),
    "b": lambda access, _: str(access.length or ""),
    "B": lambda access, _: str(access.length),
    "D": lambda access, _: str(round(access.seconds * 1e6)),
    "h": _environ("REMOTE_ADDR"),
    "H": _environ("SERVER_PROTOCOL"),
    "i": lambda access, name: access.request_header(name),
    "l": lambda access, _: "",
    "m": _environ("REQUEST_METHOD"),
    "n": lambda access, name: access.api_version if name == "api_version" else "",
    "o": lambda access, name: access.response_header(name),
    "p": _environ("SERVER_PORT"),
    "q": lambda access, _: access.query,
    "r": lambda access, _: " ".join(
        (
            str(access.environ.get("REQUEST_METHOD", "")),
            access.uri,
            str(access.environ.get("SERVER_PROTOCOL", "")),
        )
    ),
    "s": lambda access, _: str(access.status),
    "t": lambda access, form: time.strftime(
        form or "[%d/%b/%Y:%H:%M:%S %z]", time.localtime(access.ended)
    ),
    "T": lambda access, unit: f"{access.seconds * _SCALE[unit]:.0f}",
    "u": _environ("REMOTE_USER"),
    "U": _environ("PATH_INFO"),
    "v": _environ("SERVER_NAME"),
}


@lru_cache(maxsize=32)
def compile_format(form: str) -> Callable[[AccessRecord], str]:
    """Return a function that makes access lines of records.

    Raises `ValueError` with a half-sentence about a directive that is not known.
    """
    parts: list[_Part | str] = []
    at = 0
    for match in _DIRECTIVE.finditer(form):
        parts += [form[at : match.start()], _part(match)]
        at = match.end()
    parts.append(form[at:])
    if any(isinstance(part, str) and "%" in part for part in parts):
        raise ValueError("has a % that starts no directive; %% stands for a percent sign")
    return lambda access: "".join(part if isinstance(part, str) else part(access) for part in parts)


def _part(match: re.Match[str]) -> _Part:
    argument, letter, percent = match[1] or "", match[2], match[3]
    if percent:
        return lambda access: "%"
    directive = _DIRECTIVES.get(letter)
    if directive is None or (letter == "T" and argument not in _SCALE):
        raise ValueError(f"has {match[0]}, which is not known here")
    return lambda access: _UNSAFE.sub(_escape, directive(access, argument)) or "-"


def _escape(match: re.Match[str]) -> str:
    character = match[0]
    return "\\" + character if character in '"\\' else f"\\x{ord(character):02x}"
