"""The configuration and SPOE files: cut into sections, read, shown, and put back as they were."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from dataplane_core.api.section_objects import SectionObjects
from dataplane_core.grammar import Model
from dataplane_core.resources.collections import RowCollection, SectionCollection, SingleSection
from dataplane_core.text import Document, Language
from dataplane_plugins.spoe import scopes
from dataplane_plugins.spoe.files import language
from dataplane_plugins.spoe.models import GROUP, agent, message, numbered_rows
from tests.laws.support import Everything, odd

SPOE = """[mirror]
spoe-agent mirror
    log global
    messages check-request
    option var-prefix mirror
    timeout processing 10ms
    use-backend agents

spoe-message check-request
    args method=method uri=url
    event on-frontend-http-request if { src 10.0.0.0/8 }

spoe-group g
    messages check-request
"""


@dataclass
class Parts:
    """What declares the language, made once."""

    api: Everything
    objects: dict[str, SectionObjects]
    models: dict[str, Model]
    rows: dict[str, list[RowCollection]]
    spoe: dict[str, Model]
    spoe_language: Language


@cache
def parts() -> Parts:
    """The plugins that come with the server."""
    api = Everything(Path(tempfile.mkdtemp(prefix="dp-fuzz-")), "global\n")
    registry = api.registry
    view = next(one.view for one in api.app.served if one.version.name == "v3")
    objects, models, rows = dict[str, SectionObjects](), dict[str, Model](), dict[str, list[RowCollection]]()
    for one in view.collections:
        if isinstance(one, SectionCollection | SingleSection):
            objects[one.kind], models[one.kind] = SectionObjects(view, one), one.model
        elif isinstance(one, RowCollection):
            for kind in one.parents:
                rows.setdefault(kind, []).append(one)
    spoe_models = {
        "spoe-agent": agent(*numbered_rows(registry, "spoe-agent")),
        "spoe-message": message(*numbered_rows(registry, "spoe-message")),
        "spoe-group": GROUP,
    }
    return Parts(api, objects, models, rows, spoe_models, language(registry))


def _same(before: str, after: str) -> None:
    if before != after:
        raise AssertionError(f"{before!r} has become {after!r}")


def text(text: str) -> None:
    """A text of any kind is cut, shown, and comes back byte for byte."""
    known = parts()
    document = Document.parse(text, known.api.registry.language)
    _same(text, document.text())
    for section in document.sections:
        if section.kind in known.objects:
            known.objects[section.kind].show(section, {"name": section.name}, full=True)
        for rows in known.rows.get(section.kind, ()):
            rows.table.rows(section)


def line(text: str) -> None:
    """What lines say is put back, and changes no byte."""
    known = parts()
    document = Document.parse(text, known.api.registry.language)
    for section in document.sections[:3]:
        model = known.models.get(section.kind)
        if model is not None:
            _same(section.text, model.put(section, model.read(section)).text)
        for rows in known.rows.get(section.kind, ()):
            found = [row.values for row in rows.table.rows(section)]
            if found:
                _same(section.text, rows.table.put(section, found, rows.key).text)


def spoe(text: str) -> None:
    """A SPOE file is cut into scopes and sections, read, and put back as it was."""
    known = parts()
    document = Document.parse(text, known.spoe_language)
    _same(text, document.text())
    for name in dict.fromkeys(scopes.names(document)):
        for kind in known.spoe:
            scopes.scope_sections(document, name, kind)
    for section in document.sections:
        model = known.spoe.get(section.kind)
        if model is not None:
            _same(section.text, model.put(section, model.read(section)).text)


def whole_texts() -> Iterator[str]:
    """A text with every example, cut into pieces of some lines."""
    document = Document.parse(odd(parts().api.registry), parts().api.registry.language)
    for section in document.sections:
        yield "".join(one.raw for one in (section.header, *section.lines[:6]))
    yield (Path(__file__).parents[3] / "config" / "haproxy.cfg").read_text("utf-8")


def example_lines() -> Iterator[str]:
    """Each example of each declaration, in a section of its own."""
    known = parts()
    for kind, model in known.models.items():
        every: list[Any] = [*model.statements, *(rows.table.statement for rows in known.rows.get(kind, ()))]
        for statement in every:
            for example in statement.examples:
                yield f"{kind} own\n  {example}\n"


def spoe_texts() -> Iterator[str]:
    """A file, and each example of its declarations."""
    yield SPOE
    for kind, model in parts().spoe.items():
        for statement in model.statements:
            for example in statement.examples:
                yield f"[e]\n{kind} own\n    {example}\n"
