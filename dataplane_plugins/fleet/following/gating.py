"""Watch this server's HAProxy for as long as a roll-out's gate says, once it has the revision."""

import time

from dataplane_core.plugin import Gate
from dataplane_plugins.changes.confirm.gate import GateWatch
from dataplane_plugins.fleet.members.member import Member
from dataplane_plugins.fleet.records.revisions import Revision
from dataplane_plugins.fleet.records.rollout import Rollout
from dataplane_plugins.fleet.rollouts.leading import PASSED

WATCHING, FAILED = "watching", "failed: "


class GateKeeper:
    """Looks at HAProxy for the gate of the newest revision.

    A gate is passed when HAProxy has missed nothing of it for its whole window. A server that was
    started anew looks once more.
    """

    def __init__(self, member: Member) -> None:
        self._runtime = member.services.runtime
        self._rollout: Rollout | None = None
        self._watch: GateWatch | None = None
        self._number, self._result = 0, ""
        self._began = self._window = 0.0

    @property
    def is_watching(self) -> bool:
        """Whether it has to look again soon."""
        return self._result == WATCHING

    def follow(self, rollout: Rollout) -> None:
        """Know the roll-out whose gate counts."""
        self._rollout = rollout

    def forget(self) -> None:
        """Look once more, whatever became of it."""
        self._number = 0

    def look(self, revision: Revision) -> str:
        """Return how HAProxy has done since it has a revision; empty without a gate."""
        rollout = self._rollout
        if rollout is None or rollout.number != revision.number:
            return ""
        gate = rollout.strategy.gate
        if gate is None:
            return ""
        if self._number != revision.number:
            self._begin(rollout, gate)
        if self._result != WATCHING or self._watch is None:
            return self._result
        fault = self._watch.look()
        now = time.monotonic()
        if fault:
            self._result = f"{FAILED}{fault}"
        elif self._began + self._window <= now and not self._watch.is_missing:
            self._result = PASSED
        return self._result

    def _begin(self, rollout: Rollout, gate: Gate) -> None:
        self._number, self._result = rollout.number, WATCHING
        self._watch = GateWatch(rollout.version, gate, self._runtime)
        self._began, self._window = time.monotonic(), gate.window
