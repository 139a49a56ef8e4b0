"""A file that holds every example of every declaration, and the server with all its plugins on it."""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from dataplane_core.resources.collections import (
    Collection,
    RowCollection,
    SectionCollection,
    SingleSection,
)
from dataplane_core.resources.registry import Registry
from dataplane_core.text.tokens import split_words
from tests.api.support import TRANSACTIONS, Api

HEAD = """\
# by hand, by several hands

.if defined(SOMETHING)
# only sometimes
.endif
"""


class Everything(Api):
    """The application with every plugin that comes with the server."""

    def wanted(self, plugins: Iterable[object]) -> list[object] | None:
        return None

    @property
    def registry(self) -> Registry:
        return self.app.services.registry


def text_in(api: Everything, transaction: str) -> str:
    """The configuration as a transaction has made it."""
    return api.app.services.config.snapshot(transaction).document.text()


@contextmanager
def tried(api: Everything) -> Iterator[str]:
    """A transaction that is given up when the block ends: the next test has the same file."""
    begun = api.call("POST", TRANSACTIONS, version=api.version)
    assert begun.status_code == 201, begun.text
    yield begun.json["id"]
    assert api.call("DELETE", f"{TRANSACTIONS}/{begun.json['id']}").status_code == 204


Spell = Callable[[str], str]
"""Another spelling of a line of examples."""


def _quoted(text: str, quote: str, wanted: Callable[[int, int], bool]) -> str:
    """The line with quotes around some of its words, by their place and the number of words."""
    words = split_words(text)
    return " ".join(
        f"{quote}{word}{quote}" if wanted(at, len(words)) and not set("'\"\\\\") & set(word) else word
        for at, word in enumerate(words)
    )


SPELLINGS: dict[str, Spell] = {
    "as it is": lambda text: text,
    "last word quoted": lambda text: _quoted(text, "'", lambda at, length: at == length - 1 > 0),
    "second word quoted": lambda text: _quoted(text, '"', lambda at, length: at == 1),
    "third word quoted": lambda text: _quoted(text, '"', lambda at, length: at == 2),
    "all but two quoted": lambda text: _quoted(text, '"', lambda at, length: at > 1),
    "escaped": lambda text: re.sub(r"(?<=[\s,=:(])([a-zA-Z])(?=\w*$)", r"\\x61\1", text),
    "zeros": lambda text: re.sub(r"(?<![\w.:-])[0-9]+(?![\w.:-])", "0", text),
    "variables": lambda text: _quoted(re.sub(r"(?<=\s)([^\s\"'\\\\]+)$", r"$A\1", text), '"', lambda at, length: at == length - 1 > 0),
    "foreign letters": lambda text: re.sub(r"(?<=\w)$", "@\u00fc\u2028", text),
}
"""Ways in which people spell what a line says; HAProxy reads most of them as the same."""


def odd(registry: Registry, spell: Spell = lambda text: text) -> str:
    """A configuration as people write them: comments, tabs, unknown words, conditions, all examples."""
    text = HEAD
    for kind in registry.language.kinds:
        text += "\n".join(_sections(registry, kind, spell))
    return (
        text
        + "listen li\n\tmode\ttcp   # plain\n  bind :1 name a\n server s 127.0.0.1:2   weight 5\n\tfuture x\n"
    )


def _sections(registry: Registry, kind: str, spell: Spell) -> Iterator[str]:
    examples = list(dict.fromkeys(map(spell, _examples(registry, kind))))
    named = not any(
        isinstance(one, SingleSection) and not one.last and one.kind == kind
        for one in registry.collections.values()
    )
    for number, chunk in enumerate(_chunks(examples)):
        name = f"   {kind}-{number}" if named else ""
        if kind == "defaults" and number % 2:
            name = ""  # several unnamed ones
        yield f"\n# above {kind}\n{kind}{name}  # beside it\n\t# inside\n    future-keyword   a  'b c'   # not known yet"
        for at, line in enumerate(chunk):
            words = line.split(" ", 1)
            if at % 7 == 3:
                yield "  .if feature(X)"
            yield (
                ("\t" if at % 2 else "      ")
                + "   ".join(words)
                + ("  # why" if at % 3 == 0 else "")
            )
            if at % 7 == 3:
                yield "  .endif"
            if at % 5 == 4:
                yield "\n    # a remark"
        yield "\n"


def _chunks(examples: list[str]) -> list[list[str]]:
    """Forty lines a section, so that some objects are only half there."""
    return [examples[start : start + 40] for start in range(0, max(len(examples), 1), 40)]


def _examples(registry: Registry, kind: str) -> Iterator[str]:
    for one in registry.collections.values():
        if isinstance(one, RowCollection):
            if kind in one.parents:
                yield from one.table.statement.examples
        elif getattr(one, "kind", None) == kind:
            for statement in one.model.statements:  # type: ignore[attr-defined]
                yield from statement.examples


def is_in_v2(registry: Registry, one: Collection) -> bool:
    """Whether version 2 has a collection, through which these laws are tried."""
    if one.versions is not None:
        return "v2" in one.versions
    return one.name not in registry.mask_of("v2").collections


def places(api: Everything, one: Collection) -> Iterator[tuple[str, dict[str, str]]]:
    """Where a collection's objects are: path, and the query that names the parent."""
    if not is_in_v2(api.registry, one):
        return
    if isinstance(one, SingleSection):
        yield one.name, {}
    elif isinstance(one, SectionCollection):
        for item in api.get(one.name):
            yield f"{one.name}/{quote(str(item[one.key]), safe='')}", {}
    elif isinstance(one, RowCollection):
        for query in parents(api, one):
            for at, item in enumerate(api.get(one.name, **query)):
                key = at if one.indexed else quote(str(item[one.key]), safe="")
                yield f"{one.name}/{key}", query


def parents(api: Everything, one: RowCollection) -> Iterator[dict[str, str]]:
    """The queries that name each section that may hold rows of a collection."""
    document = api.app.services.config.snapshot().document
    for kind in one.in_version("v2").parents:
        for section in document.of_kind(kind):
            if kind in ("global",):
                yield {"parent_type": one.query.label(kind)}
            elif section.name:
                yield _query(one, one.query.label(kind), section.name)


def _query(one: RowCollection, label: str, name: str) -> dict[str, str]:
    if not one.query.typed:
        return {str(one.query.parameter): name}
    return {"parent_type": label, "parent_name": name}


def clean(value: Any) -> Any:
    """Without the made-up index of a row."""
    return {name: item for name, item in value.items() if name != "index"}
