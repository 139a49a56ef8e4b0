"""Do what is next again and again; what keeps a member from it is told, and tried once more."""

import threading
from collections.abc import Callable

from dataplane_core.plugin import DataplaneError, Outage
from dataplane_plugins.fleet.members.errors import Overtaken
from dataplane_plugins.fleet.members.known import read_known
from dataplane_plugins.fleet.members.member import Member
from dataplane_plugins.fleet.members.reporting import Reporter
from dataplane_plugins.fleet.records.revisions import Revision
from dataplane_plugins.fleet.records.sealing import Forged
from dataplane_plugins.fleet.stores import StoreError

RETRY_SECONDS, _LONGEST_REST = 1.0, 15.0


class Attempts:
    """Calls `step`, which returns when to look again, and is woken by the store before that.

    `head` gives the newest revision that the step has seen.
    """

    def __init__(
        self, member: Member, reporter: Reporter, step: Callable[[], float],
        head: Callable[[], Revision | None],
    ) -> None:  # fmt: skip
        self._member, self._reporter, self._step, self._head = member, reporter, step, head
        self._failures = 0
        log = member.services.log
        self._outage = Outage(log, "the fleet's store is away", "the fleet's store is back")
        self._trouble = Outage(log, "the fleet is not followed", "the fleet is followed again")

    def run(self, stop: threading.Event) -> None:
        """Go on until `stop` is set."""
        mark = 0
        while not stop.is_set():
            try:
                mark = self._member.store.wait("control/", mark, self.once())
                self._outage.over()
            except StoreError as error:
                self._reporter.lost(error.reason)
                self._outage.note(error)
                stop.wait(RETRY_SECONDS)
        self._reporter.leave()

    def once(self) -> float:
        """Do what is next, or say what keeps this member from it; return when to look again.

        What keeps it, such as a full disk, goes away without a sign: it tries ever less often.
        """
        try:
            with self._member.store.at_once():
                self._member.enrol()  # a stranger may have removed it
                seconds = self._step()
        except Overtaken as error:
            self._member.services.log.info("fleet: %s", error.message)
            return RETRY_SECONDS
        except (DataplaneError, Forged) as error:
            self._trouble.note(error)
            self._failures += 1
            known = read_known(self._member.services.state)
            self._reporter.say("waiting", self._head(), known, reason=str(error))
            return min(RETRY_SECONDS * 2.0 ** min(self._failures - 1, 8), _LONGEST_REST)
        self._failures = 0
        self._trouble.over()
        return seconds
