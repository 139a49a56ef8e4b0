"""Watch over the version that waits for its confirmation, in one worker of all."""

from threading import Event
from typing import TYPE_CHECKING

from dataplane_core.plugin import DataplaneError, Outage, Services, TrialRecord
from dataplane_plugins.changes.confirm.taking_back import TakingBack

if TYPE_CHECKING:
    from dataplane_plugins.changes.confirm.gate import GateWatch

_TICK, _LEAST = 0.5, 0.01


def keep_watch(services: Services, stop: Event) -> None:
    """Take back what is not confirmed in time, until `stop` is set.

    What fails, as on a full disk, is tried again with each look.
    """
    watch, pause = Watch(services), _TICK
    outage = Outage(
        services.log,
        "what waits for its confirmation cannot be looked at",
        "what waits for its confirmation can be looked at again",
    )
    while True:
        try:
            pause = watch.look()
        except DataplaneError as error:
            outage.note(error)
            pause = 0.0 if services.state.reserve.release() else _TICK
        else:
            outage.over()
        if stop.wait(pause):
            return


class Watch:
    """Looks whether the time of a version is over, or HAProxy does not pass its gate."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._config = services.config
        self._table = services.config.trials.table
        self._taking_back = TakingBack(services)
        self._gate: GateWatch | None = None

    def look(self) -> float:
        """Do what is due; return for how many seconds nothing will be, at most."""
        self._settle()
        one = self._table.open()
        if one is None:
            self._gate = None
            return _TICK
        one = self._on_this_uptime(one)
        if one.status == "waits":
            left = one.trial.left(self._services.state.boot)
            reason = self._reason(one, left)
            if not reason:
                return min(_TICK, max(left, _LEAST))
            if not self._table.begin_return(one.version, reason):
                return 0.0  # it was confirmed just now
            one = self._table.get(one.version) or one
        self._taking_back.take_back(one)
        return _TICK

    def _settle(self) -> None:
        """Complete the record of a commit whose process died: its time goes on."""
        intents = self._config.file.records.versions.intents()
        if any(one.trial is not None for one in intents):
            self._config.version()

    def _on_this_uptime(self, one: TrialRecord) -> TrialRecord:
        """Count the time by the machine's present uptime, which may not be that of the commit."""
        trial = one.trial.on(self._services.state.boot)
        if trial is one.trial:
            return one
        self._table.move(one.version, trial)
        return self._table.get(one.version) or one

    def _reason(self, one: TrialRecord, left: float) -> str:
        """Return why a version is to go now; empty if it is not."""
        if left <= 0:
            return f"version {one.version} was not confirmed within {one.trial.seconds:g} s"
        gate = one.trial.gate
        if gate is None or not self._has_haproxy(one.version):
            return ""
        if self._gate is None or self._gate.version != one.version:
            from dataplane_plugins.changes.confirm.gate import GateWatch

            self._gate = GateWatch(one.version, gate, self._services.runtime)
        return self._gate.look()

    def _has_haproxy(self, version: int) -> bool:
        """Tell whether HAProxy has got a version."""
        record = self._config.history.get(version)
        return record is not None and (record.accepted or record.applied)
