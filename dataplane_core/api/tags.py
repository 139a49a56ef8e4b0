"""The tags that group operations in a document, each with what it is about.

The configuration's own stand first: `global` and the proxies, then the other sections in the order
in which they stand in a file, and behind each section the lines that it holds.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from dataplane_core.api.routes import Tag
from dataplane_core.api.view import View
from dataplane_core.api.wording import about
from dataplane_core.resources.collections import Collection, RowCollection
from dataplane_core.text.language import GLOBAL, INHERITING


def tags(
    view: View, known: Mapping[str, Tag], used: Iterable[str]
) -> list[dict[str, Any]]:
    """Return each tag that operations use once, with its description, in the order of a document.

    `known` are the tags that plugins describe; one that none does has a sentence of its name.
    """
    used = dict.fromkeys(used)
    families = _families(view)
    others = {
        name: known.get(name) or Tag(f"Operations on {name}.")
        for name in used if name not in families
    }
    before = sorted((tag.rank, name) for name, tag in others.items() if tag.rank < 0)
    behind = sorted((tag.rank, name) for name, tag in others.items() if tag.rank >= 0)
    texts = families | {name: tag.help for name, tag in others.items()}
    names = [name for _, name in before] + [*families] + [name for _, name in behind]
    return [{"name": name, "description": texts[name]} for name in names if name in used]


def _families(view: View) -> dict[str, str]:
    """Return the tags of the collections: what each of them is, and where it is in the file."""
    order = view.registry.section_order

    def place(one: Collection) -> tuple[bool, int, bool]:
        is_line = isinstance(one, RowCollection)
        kind: str = one.parents[0] if isinstance(one, RowCollection) else one.kind  # type: ignore[attr-defined]
        return kind != GLOBAL and kind not in INHERITING, order.index(kind), is_line

    found: dict[str, str] = {}
    for one in sorted(view.collections, key=place):
        where, naming = about(one), view.version.naming(one)
        text = f"{naming.help} {where[0].upper()}{where[1:]}.".strip()
        found.setdefault(naming.tag, text)
    return found
