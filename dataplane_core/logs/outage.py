"""Log a fault that goes on once, and its end once, however often it is met."""

import logging

from dataplane_core.errors import DataplaneError


class Outage:
    """A fault of what is done again and again.

    `fault` is what the log says in front of the reason, `end` what it says when all is well again.
    """

    def __init__(self, log: logging.Logger, fault: str, end: str) -> None:
        self._log, self._fault, self._end = log, fault, end
        self._said = ""

    def note(self, error: Exception) -> None:
        """Log a fault, unless it is the one that was logged last."""
        is_known = isinstance(error, DataplaneError)
        said = error.message if isinstance(error, DataplaneError) else repr(error)
        if said != self._said:
            self._log.error("%s: %s", self._fault, said, exc_info=not is_known)
            self._said = said

    def over(self) -> None:
        """Log that all is well again, if it was not."""
        if self._said:
            self._log.warning("%s", self._end)
            self._said = ""
