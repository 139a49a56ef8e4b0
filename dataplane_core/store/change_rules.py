"""Refuse a change that plugins object to, or that takes away what lines refer to."""

from collections.abc import Callable, Iterable, Sequence

from dataplane_core.errors import BadRequest, Forbidden, Invalid, NotAcceptable
from dataplane_core.store.asker import dangers_refused
from dataplane_core.store.lost_names import FindLost, LostName, StillNamed
from dataplane_core.store.ports import CommitHooks, problems_found
from dataplane_core.text import Document

FindDangers = Callable[[Document, Document], Sequence[str]]
"""Says in words which lines open the system that the second document has, and not the first."""
_MOST_NAMED = 5
_REFUSED = "dataplane.dangerous_lines refuses what opens the system"


def nothing_dangerous(before: Document, after: Document) -> Sequence[str]:
    """Find nothing, where nobody knows what opens the system."""
    return ()


class Expectations:
    """What clients expect of a change, in files that `find` knows by name; a plugin gives it."""

    find: Callable[[str, Document], Iterable[str]] | None = None

    def unmet(self, file: str, document: Document) -> list[str]:
        """Return what a document does otherwise than a file says; raises `BadRequest`."""
        if self.find is None:
            raise BadRequest("gate_expect in query: nothing tries expectations")
        return list(self.find(file, document))


class ChangeRules:
    """What a change has to keep to besides HAProxy's judgement.

    With `refuses`, no name may be lost that `find` finds; with `refuses_dangers`, no line may come
    that `find_dangers` finds.
    """

    def __init__(
        self,
        hooks: CommitHooks,
        find: FindLost,
        find_dangers: FindDangers = nothing_dangerous,
        *,
        refuses: bool,
        refuses_dangers: bool = False,
    ) -> None:
        self._hooks = hooks
        self._find = find
        self._refuses = refuses
        self.dangers = find_dangers
        self._refuses_dangers = refuses_dangers
        self.expectations = Expectations()

    def problems(self, document: Document, expect: str = "") -> list[str]:
        """Return what plugins find wrong with a document, and a file of expectations if named."""
        found = problems_found(self._hooks, document)
        return found + self.expectations.unmet(expect, document) if expect else found

    def ask_plugins(self, document: Document, expect: str = "") -> None:
        """Raise `Invalid` for a document that plugins find something wrong with.

        Raises `NotAcceptable` for one that is not as the named file of expectations says.
        """
        if problems := self.problems(document):
            raise Invalid("; ".join(problems))
        if expect and (unmet := self.expectations.unmet(expect, document)):
            raise NotAcceptable("; ".join(unmet))

    def forbid_dangers(self, before: Document, after: Document) -> None:
        """Raise `Forbidden` for a change that adds lines that open the system, if none may."""
        if self.no_dangers() and (said := self.forbidden(self.dangers(before, after))):
            raise Forbidden(said)

    def no_dangers(self) -> str:
        """Return why no line may come that opens the system; empty where some may."""
        return _REFUSED if self._refuses_dangers else dangers_refused()

    def forbidden(self, dangers: Sequence[str]) -> str:
        """Return why lines are refused that open the system; empty where they may be."""
        reason = self.no_dangers() if dangers else ""
        if not reason:
            return ""
        more = f" and {len(dangers) - _MOST_NAMED} more" if len(dangers) > _MOST_NAMED else ""
        named = ", ".join(dangers[:_MOST_NAMED])
        return f"{reason}: {named}{more}"

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
