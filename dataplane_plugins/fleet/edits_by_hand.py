"""Ask HAProxy of what was changed here by hand, before all members get it."""

from dataplane_core.plugin import CheckFailed, Services


class EditsByHand:
    """Knows what HAProxy said of the present text, which is asked once."""

    def __init__(self, services: Services) -> None:
        self._config = services.config
        self._asked = ""
        self._failed: CheckFailed | None = None

    def refused(self) -> CheckFailed | None:
        """Return why HAProxy refuses the present text; None where it takes it."""
        snapshot = self._config.snapshot()
        if self._asked != snapshot.digest:
            try:
                self._config.file.judge.check(snapshot.text, snapshot.head)
                self._failed = None
            except CheckFailed as failed:
                self._failed = failed
            self._asked = snapshot.digest
        return self._failed
