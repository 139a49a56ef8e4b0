"""Form log lines as text or JSON, and put them into frames of syslog."""

import logging
import os
import re
import socket
import time
import traceback
from collections.abc import Callable
from types import TracebackType
from typing import TypeAlias

from dataplane_core.lazy_pattern import lazy_pattern
from dataplane_core.logs.apache import AccessRecord
from dataplane_core.text.moments import written_time

_CONTROL = lazy_pattern(r"[\x00-\x08\x0a-\x1f\x7f-\x9f]")
ErrorInfo: TypeAlias = (
    "tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]"
)


def _one_line(text: str) -> str:
    return _CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", text)


def time_of(record: logging.LogRecord) -> str:
    """Return the moment of a record, in UTC."""
    return written_time(record.created)


def failure(info: ErrorInfo, whole: bool) -> str:
    """Return an exception as one line, with its place; as a traceback where `whole`."""
    kind, error, trace = info
    if kind is None or error is None:
        return ""
    if whole:
        return "".join(traceback.format_exception(kind, error, trace))
    frames = traceback.extract_tb(trace)
    place = f" ({os.path.basename(frames[-1].filename)}:{frames[-1].lineno})" if frames else ""
    return f"{kind.__name__}: {error}{place}"


class TextFormatter(logging.Formatter):
    """`time level logger message`; access lines in Apache's notation."""

    def __init__(self, access: Callable[[AccessRecord], str], traces: bool) -> None:
        super().__init__()
        self._access = access
        self._traces = traces

    def format(self, record: logging.LogRecord) -> str:
        """Return one line, with control characters as `\\x..`; a traceback has several."""
        access = getattr(record, "access", None)
        if isinstance(access, AccessRecord):
            return self._access(access)
        text = f"{time_of(record)} {record.levelname.lower()} {record.name} {record.getMessage()}"
        if record.exc_info:
            text += ": " + failure(record.exc_info, self._traces)
        return _one_line(text) if not self._traces else text


_SEVERITIES = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))


class SyslogFormatter(logging.Formatter):
    """The line of another formatter in a frame of syslog: RFC 5424 (`modern`) or RFC 3164."""

    def __init__(self, inner: logging.Formatter, facility: int, tag: str, modern: bool) -> None:
        super().__init__()
        self._inner, self._facility = inner, facility
        self._tag = re.sub(r"[^!-~]", "_", tag)[:48] or "-"
        self._modern = modern
        self._host = re.sub(r"[^!-~]", "_", socket.gethostname()) or "-"

    def format(self, record: logging.LogRecord) -> str:
        """Return the whole message, without the separator that a stream needs."""
        severity = next((s for level, s in _SEVERITIES if record.levelno >= level), 7)
        head, message = f"<{self._facility * 8 + severity}>", self._inner.format(record)
        process = os.getpid()
        if self._modern:
            return f"{head}1 {time_of(record)} {self._host} {self._tag} {process} - - {message}"
        moment = time.localtime(record.created)
        day = (
            f"{time.strftime('%b', moment)} {moment.tm_mday:2d} {time.strftime('%H:%M:%S', moment)}"
        )
        return f"{head}{day} {self._host} {self._tag}[{process}]: {message}"
