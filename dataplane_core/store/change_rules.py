"""Refuse a change that plugins object to, or that takes away what lines refer to."""

from collections.abc import Sequence

from dataplane_core.errors import Invalid
from dataplane_core.store.lost_names import FindLost, LostName, StillNamed
from dataplane_core.store.ports import CommitHooks, problems_found
from dataplane_core.text import Document


class ChangeRules:
    """What a change has to keep to besides HAProxy's judgement.

    With `refuses`, no name may be lost that `find` finds.
    """

    def __init__(self, hooks: CommitHooks, find: FindLost, *, refuses: bool) -> None:
        self._hooks = hooks
        self._find = find
        self._refuses = refuses

    def problems(self, document: Document) -> list[str]:
        """Return what plugins find wrong with a document, a sentence each."""
        return problems_found(self._hooks, document)

    def ask_plugins(self, document: Document) -> None:
        """Raise `Invalid` for a document that plugins find something wrong with."""
        if problems := self.problems(document):
            raise Invalid("; ".join(problems))

    def lost(
        self, before: Document, after: Document, *, undoes: bool = False
    ) -> Sequence[LostName]:
        """Return the names that a change takes from their users; raise `StillNamed` for some.

        A change that only `undoes` one that was on trial is not refused.
        """
        found = self._find(before, after)
        if found and self._refuses and not undoes:
            raise StillNamed(found)
        return found
