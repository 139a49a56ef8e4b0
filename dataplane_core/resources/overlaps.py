"""Find what two changes of one configuration both touch: objects, and properties of objects."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from dataplane_core.dataclass import dataclass
from dataplane_core.errors import Reference
from dataplane_core.resources.object_changes import ObjectChange
from dataplane_core.resources.secrets import unsealed

_PLACE = "position"


@dataclass(frozen=True, slots=True)
class Overlap:
    """What two changes both touch: a property of an object, or with an empty `prop` the object.

    `before` is what it was when both began, `mine` and `theirs` what the changes make of it; None
    where it is not there. Secrets are hidden.
    """

    reference: Reference
    prop: str
    before: Any
    mine: Any
    theirs: Any


def overlaps(mine: Sequence[ObjectChange], theirs: Sequence[ObjectChange]) -> Iterator[Overlap]:
    """Yield what both changes touch, but for what they do alike.

    Both touch an object that one removes and the other changes (but a row that has a name, and
    that the other only moves, goes where it is), and a section that one removes
    and in which the other makes or changes rows. New rows without a name are matched by nobody.
    The secrets of both are sealed (`Secrets`).
    """
    others = by_identity(theirs)
    for change in mine:
        other = others.get(identity(change))
        if other is not None and not is_new_without_name(change):
            yield from _both(change, other)
    for one, two, is_mine in ((mine, theirs, True), (theirs, mine, False)):
        removed = {_section(change): change for change in one if _removes_section(change)}
        for change in two:
            gone = removed.get(_section(change))
            if gone is None or change.reference.key is None or change.after is None:
                continue
            before, after = unsealed(change.before), unsealed(change.after)
            sides = (None, after) if is_mine else (after, None)
            yield Overlap(change.reference, "", before, *sides)


def touches(changes: Iterable[ObjectChange], overlap: Overlap) -> bool:
    """Return whether changes are about what an overlap is about."""
    for change in changes:
        is_it = overlap.reference in (change.reference, identity(change))
        whole = not overlap.prop or change.after is None
        if is_it and (whole or overlap.prop in differing(change)):
            return True
    return False


def by_identity(changes: Iterable[ObjectChange]) -> dict[Reference, ObjectChange]:
    """Return changes by what their objects were known by, but for new rows without a name."""
    return {identity(one): one for one in changes if not is_new_without_name(one)}


def identity(change: ObjectChange) -> Reference:
    """Return what an object is known by in the configuration that both changes began with."""
    return change.former or change.reference


def is_new_without_name(change: ObjectChange) -> bool:
    """Return whether a change makes a row that is known by its place alone."""
    return change.before is None and isinstance(change.reference.key, int)


def differing(change: ObjectChange) -> dict[str, tuple[Any, Any]]:
    """Return the properties that a change alters, with what they were and are."""
    before, after = change.before or {}, change.after or {}
    return {
        name: (before.get(name), after.get(name))
        for name in {**before, **after}
        if before.get(name) != after.get(name)
    }


def _section(change: ObjectChange) -> tuple[str, str]:
    one = identity(change)
    return one.kind, one.section


def _removes_section(change: ObjectChange) -> bool:
    return change.reference.key is None and change.after is None


def _is_moved_alone(change: ObjectChange) -> bool:
    """Return whether a row that has a name stands elsewhere, and is as it was otherwise.

    To remove such a one is nothing else for it: others may have moved what stood around it.
    """
    is_named = isinstance(change.reference.key, str)
    return is_named and change.change == "moved" and not differing(change)


def _both(one: ObjectChange, other: ObjectChange) -> Iterator[Overlap]:
    """Yield in what two changes of one object differ."""
    if one.after is None or other.after is None:
        if one.after is not other.after and not (one.after is None and _is_moved_alone(other)):
            values = (one.before or other.before, one.after, other.after)
            yield Overlap(one.reference, "", *map(unsealed, values))
        return
    own, done = differing(one), differing(other)
    for name in sorted(own.keys() & done.keys()):
        before, mine = own[name]
        if mine != done[name][1]:
            yield Overlap(one.reference, name, *map(unsealed, (before, mine, done[name][1])))
    if one.change == other.change == "moved" and one.places[1] != other.places[1]:
        yield Overlap(one.reference, _PLACE, one.places[0], one.places[1], other.places[1])

