"""Laws that every declaration keeps, each a name and what finds its breaches."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Self

from dataplane_core.app import VERSIONS
from dataplane_core.dataclass import dataclass
from dataplane_core.grammar import Prop, Statement
from dataplane_core.grammar.declaration import every_part
from dataplane_core.grammar.laws import breaches, lint, name_of
from dataplane_core.grammar.terms import Scalar
from dataplane_core.hooks.manager import own_plugins
from dataplane_core.resources.collections import (
    Collection,
    RowCollection,
    SectionCollection,
    SingleSection,
)
from dataplane_core.resources.registry import Registry
from dataplane_core.testing import judging, places
from dataplane_core.testing.server import LocalServer
from dataplane_core.wiring import make_manager, register_collections

_NAME = re.compile(r"[A-Za-z_][\w-]*(\.[A-Za-z_][\w-]*)*")
_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "string": str, "integer": int, "boolean": bool, "number": (int, float), "array": list,
    "object": dict,
}  # fmt: skip


class NotJudged(Exception):
    """A law that nobody here can judge; the text says why, as the reason of a skipped test."""


class Bench:
    """What laws are tried on: a server with the plugins, on a file of all examples, and an HAProxy.

    `plugins` are as in `LocalServer`. `haproxy` is the program that judges lines, behind the
    configuration `base`; laws that need one are `NotJudged` without it. The server is started in
    `folder` when the first law needs it, and ends with the `with` block.
    """

    def __init__(
        self,
        folder: Path,
        plugins: Iterable[object],
        haproxy: Path | str | None = None,
        base: str = "",
    ) -> None:
        self.folder, self.plugins, self.haproxy = folder, [*plugins], haproxy
        self.base = judging.BASE + base
        self._stack = ExitStack()
        self._documents: dict[str, Any] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    @cached_property
    def server(self) -> LocalServer:
        """The server, whose file has every example of the plugins."""
        text = example_text(*registered(self.plugins))
        return self._stack.enter_context(LocalServer(self.folder / "laws", text, self.plugins))

    def document(self, path: str) -> Any:
        """Return a document of the server, such as `/v3/specification`."""
        if path not in self._documents:
            self._documents[path] = self.server.get(path)
        return self._documents[path]

    def refusals(self, kind: str, lines: Iterable[str]) -> Iterator[str]:
        """Yield what HAProxy says of each line that it refuses in a section of a kind."""
        if self.haproxy is None:
            raise NotJudged("no HAProxy is installed here")
        texts = [judging.section_text(kind, 0, ()), *(
            judging.section_text(kind, number, (line,)) for number, line in enumerate(lines, 1)
        )]  # fmt: skip
        pieces = [judging.Piece(kind, number, text) for number, text in enumerate(texts)]
        said = judging.verdicts(str(self.haproxy), self.folder, pieces, self.base)
        if f"unknown keyword '{kind}'" in said.get(0, ""):
            raise NotJudged(f"this HAProxy has no sections {kind}")
        yield from (f"HAProxy refuses {texts[number]!r}: {said[number]}" for number in sorted(said)
                    if number)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Law:
    """A law of one declaration: its `name`, and what yields a sentence for each breach of it.

    `needs_haproxy` are those that only a real HAProxy can judge.
    """

    name: str
    find: Callable[[Bench], Iterable[str]]
    needs_haproxy: bool = False

    def breaches(self, bench: Bench) -> list[str]:
        """Return the breaches, in a sentence each; raises `NotJudged`."""
        return [*self.find(bench)]

    def check(self, bench: Bench) -> None:
        """Raise AssertionError with all breaches if there are any; raises `NotJudged`."""
        found = self.breaches(bench)
        assert not found, f"{self.name}: " + "; ".join(found)


def declared_laws(
    plugins: Iterable[object] = (), not_judged: Mapping[str, str] | None = None
) -> Iterator[Law]:
    """Yield the laws of all that plugins declare: collections, and additions to those of others.

    * `examples`: what is read from an example is what is written for it, byte by byte, and
      `rejects` are not read (`breaches`).
    * `properties`: each has a help text, one type, and in every version a name that clients can
      use; what stands in the place of an unset value is a value of the property.
    * `documents`: every API version serves the collection and describes each property.
    * `put back`: through every version, a PUT of what GET shows changes no byte of the file.
    * `haproxy`: a real HAProxy takes every example, in a section of the kind.

    `not_judged` are reasons why no HAProxy here can judge the lines of a collection, by its name:
    those of another edition, for example. Without plugins the laws are those of the server's own.
    """
    registry, names = registered(plugins)
    reasons = not_judged or {}
    for one in registry.collections.values():
        if one.origin in names:
            yield from _laws_of(one, statements_of(one), one.props, one.name, reasons)
    for number, extension in enumerate(registry.extensions):
        if extension.origin in names:
            one = registry.collections[extension.collection]
            props = [] if extension.behind else [p for part in extension.parts for p in part.props]
            yield from _laws_of(one, extension.parts, props, f"{one.name} + {number}", reasons)


def _laws_of(
    one: Collection, parts: Sequence[object], props: Iterable[Prop], name: str,
    reasons: Mapping[str, str],
) -> Iterator[Law]:  # fmt: skip
    props = [*props]
    for line in (part for part in parts if isinstance(part, Statement)):
        title = f"{name} {name_of(line)}"
        yield Law(f"examples: {title}", lambda bench, line=line: breaches(line))  # type: ignore[misc]
        refused = partial(_refused, one, line, reasons.get(one.name, ""))
        yield Law(f"haproxy: {title}", refused, needs_haproxy=True)
    yield Law(f"properties: {name}", lambda bench: _odd_properties(name, props, parts))
    for version in VERSIONS:
        described = partial(_undescribed, one.name, props, version.name)
        yield Law(f"documents: {name} in {version.name}", described)
        put_back = partial(_changed_by_putting_back, one.name, version.name)
        yield Law(f"put back: {name} in {version.name}", put_back)


def registered(plugins: Iterable[object]) -> tuple[Registry, list[str]]:
    """Return a registry of plugins and all of the server, and the names of those plugins.

    Without plugins the names are those of the server's own.
    """
    manager = make_manager([*plugins, *own_plugins()])
    return register_collections(manager), manager.foreign or [*own_plugins()]


def statements_of(one: Collection) -> list[Statement]:
    """Return the lines that a collection declares."""
    if isinstance(one, RowCollection):
        return [one.table.statement]
    assert isinstance(one, SectionCollection | SingleSection)
    return [*one.model.statements]


def kind_of(one: Collection) -> str:
    """Return the kind of section that a collection is, or first of all stands in."""
    if isinstance(one, RowCollection):
        return one.parents[0]
    assert isinstance(one, SectionCollection | SingleSection)
    return one.kind


def example_text(registry: Registry, names: Iterable[str]) -> str:
    """Return a configuration that holds every example of what plugins declare, by their names."""
    lines: dict[str, list[str]] = {}
    for one in registry.collections.values():
        if one.origin in names:
            found = lines.setdefault(kind_of(one), [])
            found += [text for line in statements_of(one) for text in line.examples]
    for extension in registry.extensions:
        if extension.origin in names:
            one = registry.collections[extension.collection]
            parts = [part for part in extension.parts if isinstance(part, Statement)]
            lines.setdefault(kind_of(one), []).extend(x for part in parts for x in part.examples)
    return "".join(judging.section_text(kind, 0, found, "") for kind, found in lines.items())


def _odd_properties(name: str, props: list[Prop], parts: Iterable[object]) -> Iterator[str]:
    yield from lint(name, props)
    for version in VERSIONS:
        seen: dict[str, Prop] = {}
        for prop in props:
            path = prop.path(version.name)
            if path and not _NAME.fullmatch(path):
                yield f"{prop.name} is called {path!r} in {version.name}, which is no name"
            other = seen.setdefault(path, prop)  # one of another choice may have the same name
            if path and other.json != prop.json:
                yield f"{prop.name} and {other.name} are both called {path} in {version.name}"
    defaults = [(prop, prop.default) for prop in props]
    defaults += [(term.prop, term.default) for term in every_part(parts, Scalar)]
    for prop, default in defaults:
        if default is not None and not _takes(prop, default):
            yield f"the default {default!r} of {prop.name} is none of its values"


def _takes(prop: Prop, value: Any) -> bool:
    """Return whether a property takes a value."""
    kind = _TYPES.get(prop.json, object)
    if not isinstance(value, kind) or (isinstance(value, bool) and prop.json != "boolean"):
        return False
    if prop.enum and value not in prop.enum:
        return False
    if isinstance(value, str):
        return prop.pattern is None or re.search(prop.pattern, value) is not None
    if isinstance(value, int | float):
        least, most = prop.minimum, prop.maximum
        return (least is None or least <= value) and (most is None or value <= most)
    return True


def _found(bench: Bench, name: str, version: str) -> tuple[Any, Collection | None]:
    served = places.served(bench.server, version)
    return served, next((one for one in served.view.collections if one.name == name), None)


def _undescribed(name: str, props: list[Prop], version: str, bench: Bench) -> Iterator[str]:
    """Yield what the documents of a version lack; a mask of the version says what it may."""
    served, one = _found(bench, name, version)
    if one is None:
        return
    masked = served.view.mask.properties.get(one.naming.schema, frozenset())
    held = {name for prop in props for name in prop.holds.get(version, {}).values()}
    heads = {prop.path(version).split(".")[0] for prop in props if prop.name not in held}
    heads -= {"", *masked}
    for document in ("specification", "specification_openapiv3"):
        whole = bench.document(f"/{version}/{document}")
        schemas = whole.get("definitions") or whole["components"]["schemas"]
        known = places.properties_of(schemas, served.version.naming(one).schema)
        yield from (f"/{version}/{document} has no {head}" for head in sorted(heads - known))


def _changed_by_putting_back(name: str, version: str, bench: Bench) -> Iterator[str]:
    """Yield what a PUT of what GET shows changes, or why it is refused."""
    served, one = _found(bench, name, version)
    if one is None or "replace" not in one.operations_of(version):
        return
    server = bench.server
    before = server.text
    for path in places.objects_of(served, server.document, one):
        shown = server.call("GET", path)
        if shown.status != 200:
            yield f"GET {path} is answered with {shown.status}: {shown.body!r}"
            continue
        body = places.unwrapped(served, shown.json)
        answer = server.call("PUT", path, body, version=server.version)
        if answer.status not in (200, 202):
            yield f"PUT {path} of what GET shows is refused: {answer.body!r}"
        elif server.text != before:
            yield f"PUT {path} of what GET shows changes the file"
            server.commit(before)


def _refused(one: Collection, line: Statement, reason: str, bench: Bench) -> Iterator[str]:
    if reason:
        raise NotJudged(reason)
    return bench.refusals(kind_of(one), line.examples)
