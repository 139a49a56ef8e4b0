"""Know how HAProxy has taken what this server has: a version is in the file before it is loaded."""

from dataplane_plugins.fleet.members.deciding import Here
from dataplane_plugins.fleet.members.known import Known
from dataplane_plugins.fleet.members.member import Member
from dataplane_plugins.fleet.records.revisions import Revision

RESTORED = "restore"
"""How a version came about that a failed reload has put back."""


class Loading:
    """Looks at the reloads of this server."""

    def __init__(self, member: Member) -> None:
        self._name, self._services = member.name, member.services

    @property
    def is_awaited(self) -> bool:
        """Whether a reload is asked for, or under way."""
        return any(one.status == "in_progress" for one in self._services.reloads.records())

    def is_missed(self, version: int) -> bool:
        """Tell whether HAProxy could not be reloaded with a version that is still in the file."""
        last = self._services.reloads.records()[-1:]
        return any(
            one.status == "failed" and one.restored is None and one.version >= version
            for one in last
        )

    def refusal(self, wanted: Revision, here: Here, known: Known) -> str:
        """Say why HAProxy could not be reloaded with a revision that was in force here; else "".

        The text before it was put back then, which is no edit by hand. The revision is one that
        this server has made itself, or that HAProxy had got by commands.
        """
        made_here = wanted.node == self._name and known.version < wanted.version < here.version
        if here.text == wanted.text or not (made_here or known.number == wanted.number):
            return ""
        record = self._services.config.history.get(here.version)
        if record is None or record.origin != RESTORED:
            return ""
        return f"HAProxy could not be reloaded: {record.reason}"
