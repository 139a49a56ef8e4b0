"""Say why a change cannot be put on the newest version: what overlaps, and who was first."""

import json
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain, pairwise
from typing import Any

from dataplane_core.api.view import View
from dataplane_core.errors import DataplaneError, MergeConflict
from dataplane_core.resources.comparison import compare
from dataplane_core.resources.object_changes import ObjectChange
from dataplane_core.resources.overlaps import Overlap, touches
from dataplane_core.store.journal.version_records import VersionRecord

_MOST_VERSIONS = 100


def explained(view: View, error: MergeConflict) -> dict[str, Any]:
    """Return the answer to a change that overlaps with others: a sentence, and each overlap."""
    latest = _LatestVersions(view)
    shown = [_shown(view, overlap, latest) for overlap in error.overlaps]
    message = error.message
    if shown:
        message = f"{message}: {'; '.join(map(_sentence, shown))}"
    return {"message": message, "conflicts": shown}


def _shown(view: View, overlap: Overlap, latest: "_LatestVersions") -> dict[str, Any]:
    reference = overlap.reference
    known = reference.collection in view.registry.collections
    title = f"{reference.kind} {reference.section}".strip() or "the top of the file"
    version, who = latest.first_of(overlap)
    return {
        "resource": view.location(reference) if known else title,
        "property": overlap.prop,
        "before": overlap.before,
        "yours": overlap.mine,
        "theirs": overlap.theirs,
        "version": version,
        "who": who,
    }


def _sentence(shown: dict[str, Any]) -> str:
    what = f"{shown['property']} of {shown['resource']}".removeprefix(" of ")
    since = "a later version" if shown["version"] is None else f"version {shown['version']}"
    by = f" by {shown['who']}" if shown["who"] else ""
    if shown["before"] is shown["yours"] is shown["theirs"] is None:
        return f"{what} (changed in {since}{by})"
    if not shown["property"]:
        deed = "removed" if shown["theirs"] is None else "changed"
        own = "removes" if shown["yours"] is None else "changes"
        return f"{since}{by} has {deed} {what}, which this change {own}"
    theirs, yours = _word(shown["theirs"]), _word(shown["yours"])
    return f"{what} is {theirs} since {since}{by}, and would be {yours}"


def _word(value: Any) -> str:
    return "not set" if value is None else json.dumps(value, ensure_ascii=False)


class _LatestVersions:
    """The latest versions, from the newest on, each with what it changed.

    Each is compared with the one before it once, however many overlaps are looked for.
    """

    def __init__(self, view: View) -> None:
        self._known: list[tuple[VersionRecord, list[ObjectChange]]] = []
        self._rest = _compared(view)

    def first_of(self, overlap: Overlap) -> tuple[int | None, str]:
        """Return the newest version that changed what an overlap is about, and who made it."""
        for record, changes in chain(self._known, self._read()):
            if touches(changes, overlap):
                return record.version, record.who
        return None, ""

    def _read(self) -> Iterator[tuple[VersionRecord, list[ObjectChange]]]:
        for one in self._rest:
            self._known.append(one)
            yield one


def _compared(view: View) -> Iterator[tuple[VersionRecord, list[ObjectChange]]]:
    config = view.config
    with suppress(DataplaneError):  # a text is not kept any more
        after = config.snapshot().document
        for record, former in pairwise(config.history.latest(_MOST_VERSIONS)):
            before = config.file.snapshot_of(former.version).document
            yield record, list(compare(view.registry, before, after))
            after = before
