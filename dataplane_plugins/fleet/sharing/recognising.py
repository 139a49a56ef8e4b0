"""Recognise what this server has: which revision it is, or follows on, and what the store has lost.

A member compares texts and contents, as what it remembers may be older than what it has.
"""

from contextlib import suppress
from dataclasses import replace

from dataplane_core.plugin import Conflict, DataplaneError, encode_text
from dataplane_plugins.fleet.members.deciding import Here
from dataplane_plugins.fleet.members.known import Known, read_known_files
from dataplane_plugins.fleet.members.loading import RESTORED
from dataplane_plugins.fleet.members.local_files import LocalFiles
from dataplane_plugins.fleet.members.member import Member
from dataplane_plugins.fleet.members.reasons import another, lost
from dataplane_plugins.fleet.records.overlay import Overlay
from dataplane_plugins.fleet.records.revisions import (
    Files,
    Revision,
    Revisions,
    changed_files,
    descends,
)
from dataplane_plugins.fleet.rollouts.overlays import Overlays

_MOST_LOOKED_AT = 200


class Recogniser:
    """Knows what this server has, and compares it with what the store has."""

    def __init__(self, member: Member, local: LocalFiles, overlays: Overlays) -> None:
        self._name, self._services = member.name, member.services
        self._revisions = member.revisions
        self._local, self._overlays = local, overlays
        self._address = "", ""

    def here(self) -> Here:
        """Return what this server has; what is unchanged is not read again."""
        snapshot = self._services.config.snapshot()
        if self._address[0] != snapshot.digest:
            text = encode_text(snapshot.document.text())
            self._address = snapshot.digest, self._revisions.chunks.address(text)
        return Here(self._address[1], snapshot.version, self._local.now())

    def behind(self, head: Revision | None, known: Known) -> str:
        """Say that the store has lost what this server has, which changes nothing then; else ""."""
        reason = gone_astray(self._revisions, head, known)
        here = self.here() if reason else None
        if here is None or head is None:
            return reason
        text = head.text
        with suppress(Conflict):
            text = self._overlays.text_for(head.text, self._overlays.here())
        same = here.text == text and self._revisions.files_address(here.files) == head.files
        return "" if same else reason

    def kept(self, wanted: Revision) -> str:
        """Say what of a revision this server has not got, although nothing refused it; else ""."""
        here, files = self.here(), self._revisions.files(wanted.files)
        kept = sorted(name for name in here.files if name not in files)
        if here.text == wanted.text and kept:
            return f"{', '.join(kept[:5])}: still used here, and not removed"
        return ""

    def recognised(
        self, here: Here, known: Known, head: Revision, overlays: tuple[Overlay, ...]
    ) -> tuple[Known, Files]:
        """Return what this server has had, where what it has is, or follows on, a later revision.

        What it made a revision itself was written here before it could be remembered.
        """
        files = read_known_files(self._services.state)
        own = [name for name in changed_files(files, here.files) if name in here.files]
        is_found = here.text == known.text and here.version <= known.version
        if not known.number or (is_found and not own):
            return known, files
        first = max(known.number + 1, head.number - _MOST_LOOKED_AT)
        for number in range(head.number, first - 1, -1):
            revision = self._revisions.get(number)
            if revision is None:
                break
            with suppress(Conflict):
                text = here.text if is_found else self._overlays.text_for(revision.text, overlays)
                if not is_found and text == here.text:
                    is_found, known = True, replace(known, text=text, version=here.version)
                elif not is_found and self._was_here(revision, text, here, known):
                    is_found, known = True, replace(known, text=text, version=revision.version)
            listed = self._revisions.files(revision.files) if own else {}
            found = {one: here.files[one] for one in own if listed.get(one) == here.files[one]}
            files = {**files, **found}
        return known, files

    def _was_here(self, revision: Revision, text: str, here: Here, known: Known) -> bool:
        """Tell whether this server made a revision, and has gone on from it alone."""
        if revision.node != self._name:
            return False
        if not known.version < revision.version < here.version:
            return False
        record = self._services.config.history.get(here.version)
        if record is not None and record.origin == RESTORED:
            return False
        with suppress(DataplaneError):
            document = self._services.config.archive.document(revision.version)
            return self._revisions.chunks.address(encode_text(document.text())) == text
        return False


def gone_astray(revisions: Revisions, head: Revision | None, known: Known) -> str:
    """Say why the newest revision does not follow on what a member has had; "" where it does.

    Where records between the two are not kept, the origin of the fleet decides.
    """
    if not known.number:
        return ""
    if head is None:
        return lost(head, known)
    if known.origin and head.origin != known.origin:
        return another(head)
    had = Revision(known.number, known.version, "", "", "", "", 0, {}, digest=known.digest)
    if head.number >= known.number and descends(revisions, head, had) is not False:
        return ""
    return lost(head, known)
