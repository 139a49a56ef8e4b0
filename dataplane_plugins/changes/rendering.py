"""Say the differences between two configurations in JSON: in paths and names of the interface.

A secret is said to have changed, and never what it is.
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from dataplane_core.plugin import (
    Collection,
    Compared,
    Document,
    FileObjects,
    ObjectChange,
    Reference,
    Secrets,
    View,
    compare,
    compare_first,
    is_sealed,
    to_json,
    unsealed,
)
from dataplane_plugins.changes.left_out import MOST_BYTES, MOST_CHARACTERS, LeftOut
from dataplane_plugins.changes.unified import first_of_diff

_TOP = "top of the file"


class Rendering:
    """Renders changes as a view sees them: under its paths, with the names of its properties."""

    def __init__(self, view: View, locate: Callable[[Reference], str] | None = None) -> None:
        """Render changes; `locate` gives the paths of objects that the view has none for."""
        self._view = view
        self._locate = locate or view.location
        self._secrets = Secrets(view.registry)

    def lines(
        self, before: str, after: str, names: tuple[str, str], left_out: LeftOut | None,
        *, raw: bool = False,
    ) -> str:  # fmt: skip
        """Return in what two texts differ, as `diff -u` has it; without secrets unless it is `raw`.

        Lines that differ in a secret alone are shown both, and look the same. Without a `left_out`
        to count them, no lines are left out.
        """
        room = sys.maxsize if left_out is None else MOST_CHARACTERS
        diff, lacking = first_of_diff(before, after, names, room)
        if left_out is not None:
            left_out["lines"] += lacking
        return diff if raw else self._secrets.concealed_diff(diff)

    def concealed(self, diff: str) -> str:
        """Return a unified diff without the secrets in its lines."""
        return self._secrets.concealed_diff(diff)

    def between(
        self, before: Document, after: Document, left_out: LeftOut | None
    ) -> list[dict[str, Any]]:
        """Return in what two documents differ, as JSON; all, without a `left_out`."""
        if left_out is None:
            return self.changes(compare(self._view.registry, before, after))
        return self.first(compare_first(self._view.registry, before, after), left_out)

    def first(self, compared: Compared, left_out: LeftOut) -> list[dict[str, Any]]:
        """Return the first changes as JSON, as many as an answer has room for."""
        found: list[dict[str, Any]] = []
        sections, room = set[str](), MOST_BYTES
        for one in compared.changes:
            shown = self.change(one)
            room -= len(to_json(shown))
            if room >= 0:
                found.append(shown)
            else:
                sections.add(shown["section"])
        is_twice = compared.is_cut and bool(sections)
        left_out["sections"] += compared.left_out + len(sections) - is_twice
        return found

    def in_file(
        self, objects: FileObjects, name: str, before: Document, after: Document,
        left_out: LeftOut | None,
    ) -> list[dict[str, Any]]:  # fmt: skip
        """Return in what two texts of a file differ whose objects are known, as JSON."""
        view = View(self._view.version, objects.registry, self._view.config)
        old, new = objects.parts(before), objects.parts(after)
        empty, found = objects.document(""), list[dict[str, Any]]()
        for part in dict.fromkeys((*old, *new)):
            if part not in old or part not in new:
                found.append({
                    "resource": objects.path(name, part), "kind": objects.part_kind,
                    "section": part, "name": part, "properties": {},
                    "change": "deleted" if part in old else "created",
                })  # fmt: skip
            path = partial(objects.path, name, part)
            of_part = Rendering(view, path)
            found += of_part.between(old.get(part, empty), new.get(part, empty), left_out)
        return found

    def changes(self, changes: Iterable[ObjectChange]) -> list[dict[str, Any]]:
        """Return changes as JSON, in their order."""
        return [self.change(one) for one in changes]

    def change(self, change: ObjectChange) -> dict[str, Any]:
        """Return one change as JSON.

        Properties that differ stand under their paths in the object, `{"weight": {"before": 1,
        "after": 2}}`, null where they are not set; those of an object that came or went are all.
        """
        reference = change.reference
        collection = self._view.registry.collections.get(reference.collection)
        found: dict[str, Any] = {
            "resource": self.path(reference),
            "kind": self._kind(collection, reference),
            "section": f"{reference.kind} {reference.section}".rstrip(),
            "change": change.change,
        }
        if reference.key is not None:
            found["index" if isinstance(reference.key, int) else "name"] = reference.key
        if change.former is not None:
            found["former"] = self.path(change.former)
        if change.change == "moved":
            found["position"] = {"before": change.places[0], "after": change.places[1]}
        before = self._shown(collection, change.former or reference, change.before)
        after = self._shown(collection, reference, change.after)
        found["properties"] = dict(_differences(before, after))
        return found

    def path(self, reference: Reference) -> str | None:
        """Return the path of an object; None for what the interface has none for."""
        if reference.collection not in self._view.registry.collections:
            return None
        return self._locate(reference)

    def _kind(self, collection: Collection | None, reference: Reference) -> str:
        if collection is None:
            return reference.kind or _TOP
        return self._view.version.naming(collection).schema

    def _shown(
        self, collection: Collection | None, reference: Reference, values: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        """Return what an object says, by the paths of its properties, its secrets sealed."""
        if values is None:
            return {}
        values = self._secrets.sealed(reference, values)
        if collection is None:
            return values
        codec = self._view.codec(collection)
        # What the version lacks has its own name; a secret has no other form than its seal.
        apart = {name: values.pop(name) for name in codec.keeping.hidden if name in values}
        secrets = [name for name in values if isinstance(values[name], str)]
        for name in filter(lambda name: is_sealed(values[name]), secrets):
            apart[codec.project.wire_name(name)] = values.pop(name)
        return {**dict(_leaves(codec.project(values), "")), **apart}


def _leaves(found: Mapping[str, Any], path: str) -> Iterator[tuple[str, Any]]:
    for name, value in found.items():
        if isinstance(value, Mapping) and value and name != "metadata":
            yield from _leaves(value, f"{path}{name}.")
        else:
            yield path + name, value


def _differences(
    before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the properties that are not the same, with what they were and are."""
    for name in {**before, **after}:
        old, new = before.get(name), after.get(name)
        if old == new and type(old) is type(new):
            continue
        shown = {"before": unsealed(old), "after": unsealed(new)}
        yield name, {**shown, "secret": True} if is_sealed(old) or is_sealed(new) else shown
