"""Form log lines as JSON."""

import logging
from typing import Any

from pythonjsonlogger.json import JsonFormatter

from dataplane_core.logs.apache import AccessRecord
from dataplane_core.logs.formats import ErrorInfo, failure, time_of


class JsonLines(JsonFormatter):
    """One JSON object for each line: time, level, logger, message, and the record's own fields."""

    def __init__(self, traces: bool) -> None:
        super().__init__()
        self._traces = traces

    def add_fields(
        self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]
    ) -> None:
        """Add the fields of a record to the object that is written."""
        access = getattr(record, "access", None)
        log_data["time"] = time_of(record)
        log_data["level"] = record.levelname.lower()
        if isinstance(access, AccessRecord):
            log_data.update(_access_fields(access))
            return
        super().add_fields(log_data, record, message_dict)
        log_data["logger"] = record.name

    def formatException(self, ei: ErrorInfo) -> str:  # noqa: N802, the library's name
        """Return an exception in one line, unless traces are wanted."""
        return failure(ei, self._traces)


def _access_fields(access: AccessRecord) -> dict[str, Any]:
    environ = access.environ
    fields = {
        "type": "access",
        "remote": environ.get("REMOTE_ADDR") or "",
        "user": environ.get("REMOTE_USER") or "",
        "api_version": access.api_version,
        "method": environ.get("REQUEST_METHOD", ""),
        "uri": access.uri,
        "status": access.status,
        "bytes": access.length,
        "seconds": round(access.seconds, 6),
        "agent": access.request_header("User-Agent"),
    }
    request_id = access.response_header("X-Request-ID")
    return fields | ({"request_id": request_id} if request_id else {})
