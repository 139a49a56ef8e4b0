"""Make what was changed on this member the next revision, for all."""

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from dataplane_plugins.fleet.members.deciding import Here
from dataplane_plugins.fleet.members.local_files import LocalFiles
from dataplane_plugins.fleet.members.member import Member
from dataplane_plugins.fleet.records.overlay import Overlay
from dataplane_plugins.fleet.records.revisions import Files, Revision
from dataplane_plugins.fleet.rollouts.overlays import Overlays
from dataplane_plugins.fleet.sharing.sharer import Sharer

_METHOD = "hand edit"


class Offers:
    """Brings to the fleet what this server has."""

    def __init__(self, member: Member, sharer: Sharer, local: LocalFiles) -> None:
        self._name, self._revisions = member.name, member.revisions
        self._config = member.services.config
        self._sharer, self._local = sharer, local
        self._overlays = Overlays(member)

    def offer(
        self, head: Revision, here: Here, text: str, files: str, *, staged: bool = True
    ) -> bool:
        """Make what was changed here the next revision; False where another is faster."""
        revision = replace(
            head, number=head.number + 1, version=max(here.version, head.version), text=text,
            files=files, node=self._name, when=time.time(), text_of=0,
            author={"method": _METHOD},
        )  # fmt: skip
        return self._sharer.add(revision, head, staged=staged) is not None

    def offer_all(self, head: Revision, here: Here) -> bool:
        """Make all that this server has the next revision, for all at once, as `offer` does."""
        overlays = self._overlays.here()
        before = self._overlays.text_for(head.text, overlays)
        text, files = self.text_kept(head, before, overlays), self.files_kept(here.files)
        return self.offer(head, here, text, files, staged=False)

    def text_kept(self, head: Revision, before: str, overlays: tuple[Overlay, ...]) -> str:
        """Keep the shared text with what was changed here since `before`; return its address."""
        document = self._config.snapshot().document
        former = self._overlays.document(before) if overlays else document
        shared = self._overlays.shared_for(head.text, former, document, overlays)
        return self._revisions.chunks.put(shared)

    def files_kept(self, files: Files) -> str:
        """Keep the contents of files, and their list; return its address."""
        kept: Mapping[str, Any] = {
            name: self._revisions.chunks.put(self._local.path(name).read_bytes()) for name in files
        }
        return self._revisions.put_files(kept)
