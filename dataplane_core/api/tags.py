"""The tags that group operations in a document, each with what it is about.

The configuration's own stand first: `global` and the proxies, then the other sections in the order
in which they stand in a file, and behind each section the lines that it holds.
"""

from typing import TYPE_CHECKING, Any

from dataplane_core.api.routes import Tag
from dataplane_core.api.wording import about
from dataplane_core.resources.collections import INHERITING, Collection, RowCollection

if TYPE_CHECKING:
    from dataplane_core.api.served_version import ServedVersion


def tags(site: "ServedVersion") -> list[dict[str, Any]]:
    """Every tag of a site's operations once, with its description, in their order."""
    used = dict.fromkeys(
        operation.tag for route in site.routes for operation in route.operations.values()
    )
    families = _families(site)
    others = {name: _other(site, name) for name in used if name not in families}
    before = sorted((tag.rank, name) for name, tag in others.items() if tag.rank < 0)
    behind = sorted((tag.rank, name) for name, tag in others.items() if tag.rank >= 0)
    told = families | {name: tag.help for name, tag in others.items()}
    names = [name for _, name in before] + [*families] + [name for _, name in behind]
    return [{"name": name, "description": told[name]} for name in names if name in used]


def _other(site: "ServedVersion", name: str) -> Tag:
    """The tag of routes that are no collection; a plugin need not say what it is about."""
    return site.tags.get(name) or Tag(f"Operations on {name}.")


def _families(site: "ServedVersion") -> dict[str, str]:
    """The tags of the collections: what each of them is, and where it stands in the file."""
    registry = site.services.registry
    order = registry.section_order

    def place(one: Collection) -> tuple[bool, int, bool]:
        is_line = isinstance(one, RowCollection)
        kind: str = one.parents[0].kind if isinstance(one, RowCollection) else one.kind  # type: ignore[attr-defined]
        return kind != "global" and kind not in INHERITING, order.index(kind), is_line

    found: dict[str, str] = {}
    for one in sorted(registry.collections.values(), key=place):
        where = about(one)
        told = f"{one.naming.help} {where[0].upper()}{where[1:]}.".strip()
        found.setdefault(one.naming.tag, told)
    return found
