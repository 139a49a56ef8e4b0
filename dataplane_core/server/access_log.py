"""Write access lines beside the loop: a log that is slow must not hold up other requests."""

import logging
import threading
from collections.abc import Callable
from queue import SimpleQueue

from dataplane_core.logs.apache import AccessRecord
from dataplane_core.server.log_targets import ACCESS, log_access

log = logging.getLogger("dataplane.server")

_MOST = 1000  # lines that wait


class AccessLog:
    """Lines of the answers that no thread has given, written by a thread of their own."""

    def __init__(self, write: Callable[[AccessRecord], None] = log_access) -> None:
        self.wanted = ACCESS.isEnabledFor(logging.INFO)
        self._write = write
        self._records: SimpleQueue[AccessRecord | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    @property
    def is_behind(self) -> bool:
        """Whether so many lines wait that no more should be made."""
        return self.wanted and self._records.qsize() >= _MOST

    def put(self, record: AccessRecord) -> None:
        """Have a line written."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="access_log", daemon=True)
            self._thread.start()
        self._records.put(record)

    def close(self, seconds: float) -> None:
        """Wait until all lines are written, at most some time."""
        if self._thread is not None:
            self._records.put(None)
            self._thread.join(seconds)

    def _work(self) -> None:
        while (record := self._records.get()) is not None:
            try:
                self._write(record)
            except Exception:
                log.exception("an access line could not be written")
