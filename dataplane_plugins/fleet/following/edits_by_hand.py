"""Ask HAProxy of what was changed here by hand, before all members get it."""

from dataplane_core.plugin import CheckFailed, Services
from dataplane_plugins.fleet.members.deciding import Decision
from dataplane_plugins.fleet.members.errors import Overtaken


class EditsByHand:
    """Knows what HAProxy said of the present text, which is asked once."""

    def __init__(self, services: Services) -> None:
        self._config, self._brought = services.config, services.used_files.brought
        self._asked = ""
        self._failed: CheckFailed | None = None

    def check_rest(self, decision: Decision) -> None:
        """Raise `Overtaken` where what was changed here may be of a change that is under way."""
        if decision.is_own and not self._brought.at_rest():
            raise Overtaken("files are being changed on this member: it looks again when they are")

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
