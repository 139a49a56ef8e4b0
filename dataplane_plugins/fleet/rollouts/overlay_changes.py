"""Change what is a group's or a member's own: by a revision that its members get in waves."""

import time
from collections.abc import Mapping
from dataclasses import replace

from dataplane_core.plugin import Conflict
from dataplane_plugins.fleet.members.member import Member
from dataplane_plugins.fleet.records.overlay import Overlay
from dataplane_plugins.fleet.records.revisions import Revision
from dataplane_plugins.fleet.rollouts.overlays import Overlays
from dataplane_plugins.fleet.rollouts.rollouts import Rollouts


class OverlayChanges:
    """Makes overlays the fleet's."""

    def __init__(self, member: Member, overlays: Overlays, rollouts: Rollouts) -> None:
        self._member, self._overlays, self._rollouts = member, overlays, rollouts

    def put(self, overlay: Overlay, head: Revision, author: Mapping[str, str]) -> None:
        """Have the revision after `head` bring an overlay to the members that have it.

        All others have the same as before. Raises `Conflict` where somebody was faster, and as
        `Rollouts.first` does.
        """
        revision = replace(
            head, number=head.number + 1, version=head.version + 1, text_of=0,
            node=self._member.name, when=time.time(), author=author,
        )  # fmt: skip
        besides = self._overlays.besides(overlay)
        if overlay.label in self._rollouts.overlays_held_back(head.number):
            last = self._overlays.last(overlay.kind, overlay.name)
            overlay = replace(  # some have refused the last one, or never had it
                overlay, former_base=last.former_base, former_own=last.former_own
            )
        conditions, values = self._rollouts.first(
            revision, head, staged=True, besides=besides, overlay=overlay.label
        )
        present, own = self._overlays.written(overlay)
        done = self._member.revisions.add(
            revision, head, [*conditions, *present], {**values, **own}
        )
        if done is None:
            raise Conflict(f"the overlay of {overlay.kind} {overlay.name} was changed meanwhile")
