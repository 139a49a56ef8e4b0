"""Say why a change cannot be put on the newest version: what overlaps, and who was first."""

import json
from typing import Any

from dataplane_core.api.view import View
from dataplane_core.errors import DataplaneError, MergeConflict
from dataplane_core.resources.merge import Merger
from dataplane_core.resources.overlaps import Overlap

_MOST_VERSIONS = 100


def explained(view: View, error: MergeConflict) -> dict[str, Any]:
    """Return the answer to a change that overlaps with others: a sentence, and each overlap."""
    shown = [_shown(view, overlap) for overlap in error.overlaps]
    message = error.message
    if shown:
        message = f"{message}: {'; '.join(map(_sentence, shown))}"
    return {"message": message, "conflicts": shown}


def _shown(view: View, overlap: Overlap) -> dict[str, Any]:
    reference = overlap.reference
    known = reference.collection in view.registry.collections
    title = f"{reference.kind} {reference.section}".strip() or "the top of the file"
    version, who = _who_was_first(view, overlap)
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


def _who_was_first(view: View, overlap: Overlap) -> tuple[int | None, str]:
    """Return the newest version that changed what an overlap is about, and who made it."""
    config, merger = view.config, Merger(view.registry)
    records = config.history.latest(_MOST_VERSIONS)
    try:
        after = config.snapshot().document
        for record in records[1:]:
            before = config.file.snapshot_of(record.version).document
            if merger.touches(before, after, overlap):
                made = next(one for one in records if one.version == record.version + 1)
                return made.version, made.who
            after = before
    except (DataplaneError, StopIteration):  # a text is not kept any more
        pass
    return None, ""
