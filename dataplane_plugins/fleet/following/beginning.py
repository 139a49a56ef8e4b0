"""Begin a fleet whose store has no revision: at once by who has never been in one, else by order.

A store that has lost its revisions looks as one that never had any. Whoever remembers one, and
whoever hears of a member that does, leaves it to a person which member's configuration it becomes.
"""

import time

from dataplane_core.plugin import encode_text
from dataplane_plugins.fleet.following.offering import Offers
from dataplane_plugins.fleet.members.known import Known
from dataplane_plugins.fleet.members.member import Member
from dataplane_plugins.fleet.members.reasons import emptied, lost
from dataplane_plugins.fleet.records.revisions import Revision
from dataplane_plugins.fleet.rollouts.leading import Leader
from dataplane_plugins.fleet.rollouts.overlays import Overlays
from dataplane_plugins.fleet.sharing.recognising import Recogniser


class Beginning:
    """Makes what this server has the first revision, or the next one where the last was lost."""

    def __init__(self, member: Member, offers: Offers, recogniser: Recogniser) -> None:
        self._member, self._revisions = member, member.revisions
        self._offers, self._recogniser = offers, recogniser
        self._leader, self._overlays = Leader(member), Overlays(member)

    def begin(self, known: Known) -> str:
        """Make the first revision, if nobody has had one; another member may be faster.

        Return why not.
        """
        if known.number:
            return lost(None, known)
        said = self._leader.statuses()
        if others := sorted(name for name, one in said.items() if one.number):
            return emptied(others)
        self._first()
        return ""

    def begin_anew(self, known: Known) -> bool:
        """Make what this server has the next revision, though the store has none.

        It follows on the newest one that is left, else on the one that this server had: members
        that had the same go on with it. Return False where another member was faster. Where all is
        lost, so is what overlays were made of: that becomes everybody's.
        """
        last = self._revisions.last_kept()
        if last is None and known.number:
            self._overlays.delete_own()
            last = Revision(
                known.number, known.version, "", known.text, known.files, self._member.name, 0.0,
                {}, origin=known.origin, digest=known.digest,
            )  # fmt: skip
        if last is None:
            return self._first()
        return self._offers.offer_all(last, self._recogniser.here())

    def _first(self) -> bool:
        here = self._recogniser.here()
        document = self._member.services.config.snapshot().document
        text = self._revisions.chunks.put(encode_text(document.text()))
        files = self._offers.files_kept(here.files)
        first = Revision(1, here.version, "", text, files, self._member.name, time.time(), {})
        return self._revisions.add(first, None) is not None
