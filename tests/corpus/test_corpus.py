"""What people write, read and put back whole, and added to and taken from again: no byte changes.

The example configurations of HAProxy's packages and manual, and files in the hand of people, made by
seeds. Every line that HAProxy takes is shown by an object or told of as not managed. `DATAPLANE_HANDS=2000` makes
more of them.
"""

import os
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from dataplane_core.grammar.parameter_table import unknown_words
from dataplane_core.haproxy import binaries
from dataplane_core.resources.collections import RowCollection, SectionCollection, SingleSection
from dataplane_core.resources.registry import Registry
from dataplane_core.resources.unmanaged import UnmanagedLines
from dataplane_core.store.head import split_header
from dataplane_core.testing.judging import check
from dataplane_core.text import Document, Line, Section, unquote
from dataplane_core.text.comments import first_keyword
from dataplane_core.text.joined_sections import JoinedSections
from dataplane_core.text.lines import with_last_newline
from tests.corpus.hand import Hand
from tests.laws.support import Everything, is_in_v2
from tests.laws.test_haproxy_examples import EXAMPLES

SEEDS = (
    *(1, 2, 5, 7, 8, 11, 12, 15, 19, 20, 21, 23, 25, 27, 28, 29, 30, 34, 35, 43, 45, 52, 54, 56, 58, 60, 63, 65, 68, 70),
    *(72, 73, 78, 79, 81, 82, 84, 90, 91, 99, 101, 106, 109, 115, 118, 121, 126, 128, 129, 130, 133, 134, 135, 136, 139),
    *(141, 146, 148, 149, 155, 156, 159, 161, 163, 165, 166, 168, 169, 173, 175, 177, 184, 186, 189, 191, 194, 195, 199),
)
"""Of the first 200 hands those in which all kinds of lines occur that occur in any, quoted and commented alike."""
HANDS = range(int(os.environ["DATAPLANE_HANDS"])) if "DATAPLANE_HANDS" in os.environ else SEEDS
FILES = {f"hand {seed}": Hand(seed).text() for seed in HANDS}
PROGRAM = binaries.installed().get("2.8")
PROXIES = ("frontend", "backend", "listen")


@pytest.mark.haproxy
@pytest.mark.skipif(PROGRAM is None, reason="HAProxy 2.8 is not here; the extra `embedded` has it")
def test_haproxy_takes_what_is_made(tmp_path: Path) -> None:
    def refusal(name: str) -> str:
        path = tmp_path / f"{name}.cfg"
        path.write_bytes(with_last_newline(FILES[name]).encode())
        accepted, found = check(str(PROGRAM), path, "-W")
        return "" if accepted else f"{name}: {[one.message for one in found]}"

    with ThreadPoolExecutor(2) as pool:
        assert not [words for words in pool.map(refusal, FILES) if words]


class Session:
    """One transaction on one file, and the text as it sees it."""

    def __init__(self, api: Everything, text: str) -> None:
        self.api = api
        api.file.write_bytes(text.encode("utf-8", "surrogateescape"))
        begun = api.call("POST", "/v2/services/haproxy/transactions", version=api.version)
        self.id = begun.json["id"]
        self.text = self.document.text()

    @property
    def document(self) -> Document:
        """The configuration after the changes so far."""
        return self.api.app.services.config.snapshot(self.id).document

    def get(self, path: str, **query: str) -> Any:
        return self.api.get(path, transaction_id=self.id, **query)

    def change(self, method: str, path: str, body: Any = None, **query: str) -> None:
        answer = self.api.call(method, path, body, transaction_id=self.id, **query)
        assert answer.status_code == 202, f"{method} {path} {query} {body}: {answer.text}"

    def same(self, what: str) -> None:
        """Hold the text to what it was; a last newline may have come."""
        now = self.document.text()
        assert now in (self.text, with_last_newline(self.text)), what

    def commit(self) -> None:
        done = self.api.call("PUT", f"/v2/services/haproxy/transactions/{self.id}")
        assert done.status_code in (200, 202), done.text


def rest_of(text: str) -> str:
    """A file without its version."""
    return split_header(text)[1]


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Everything:
    return Everything(tmp_path_factory.mktemp("corpus"), "global\n")


@pytest.mark.parametrize("name", [*EXAMPLES, *FILES])
def test_a_file_is_put_back_and_added_to_without_a_trace(api: Everything, name: str) -> None:
    text = EXAMPLES.get(name) or FILES[name]
    session = Session(api, text)
    put_back(session)
    add_and_delete(session)
    hidden = list(unseen(api.registry, session.document))
    assert not hidden
    session.commit()
    assert rest_of(api.file.read_bytes().decode()) == rest_of(with_last_newline(text))


def put_back(session: Session) -> None:
    """PUT what GET says of each section and row."""
    registry = session.api.registry
    for one in (one for one in registry.collections.values() if is_in_v2(registry, one)):
        for path, query, body in objects(session, one):
            assert session.get(path, **query) == body
            if "replace" not in one.operations or (one.name == "users" and "password" not in body):
                continue  # HAProxy takes a user without a password, the interface requires one
            session.change("PUT", path, body, **query)
            session.same(f"PUT {path} {query}: {body}")


def objects(session: Session, one: Any) -> Iterator[tuple[str, dict[str, str], Any]]:
    """Each object of a collection, with its path and the query that names its parent."""
    if isinstance(one, SingleSection):
        if session.document.of_kind(one.kind):
            yield one.name, {}, session.get(one.name)
    elif isinstance(one, SectionCollection):
        for item in first_of_name(session.get(one.name), one.key):
            yield f"{one.name}/{quote(str(item[one.key]), safe='')}", {}, item
    elif isinstance(one, RowCollection):
        for query in parents(session.document, one):
            items = session.get(one.name, **query)
            for at, item in enumerate(first_of_name(items, one.key) if one.key else items):
                key = at if one.indexed else quote(str(item[one.key]), safe="")
                yield f"{one.name}/{key}", query, item


def first_of_name(items: list[Any], key: str) -> list[Any]:
    """Of objects with the same name the first, which is the one that the name means."""
    return list({item[key]: item for item in reversed(items)}.values())


def parents(document: Document, one: RowCollection) -> Iterator[dict[str, str]]:
    """The queries that name each section that may hold rows of a collection."""
    for kind in one.in_version("v2").parents:
        unnamed = 0
        for section in document.of_kind(kind):
            unnamed += not section.name
            name = section.name or (f"unnamed_defaults_{unnamed}" if kind == "defaults" else "")
            if kind == "global":
                yield {"parent_type": one.query.label(kind)}
            elif name and not one.query.typed:
                yield {str(one.query.parameter): name}
            elif name:
                yield {"parent_type": one.query.label(kind), "parent_name": name}


def add_and_delete(session: Session) -> None:
    """Add a server, rules and sections, and delete them again."""
    for section in session.document.sections:
        if section.kind not in PROXIES or not section.name:
            continue
        if section.kind != "frontend":
            server = {"name": "added", "address": "192.0.2.99", "port": 80}
            session.change("POST", "servers", server, backend=section.name)
            session.change("DELETE", "servers/added", backend=section.name)
            session.same(f"a server in {section}")
        query = {"parent_type": section.kind, "parent_name": section.name}
        count = len(session.get("http_request_rules", **query))
        for at in {0, count // 2, count}:
            session.change("POST", "http_request_rules", {"index": at, "type": "deny"}, **query)
            assert session.get("http_request_rules", **query)[at] == {"index": at, "type": "deny"}
            session.change("DELETE", f"http_request_rules/{at}", **query)
            session.same(f"rule {at} in {section}")
    for family in ("frontends", "backends", "named_defaults", "userlists", "caches", "resolvers"):
        session.change("POST", family, {"name": "added"})
        session.change("DELETE", f"{family}/added")
        session.same(f"a section of {family}")


def unseen(registry: Registry, document: Document) -> Iterator[str]:
    """The lines without which everything that is shown would be the same, if no other says so too."""
    for name, places in document.index.items():
        sections = [document.sections[at] for at in places]
        shown = shown_of(registry, sections)
        words = Counter(meant(line) for section in sections for line in section.lines)
        for number, section in enumerate(sections):
            for at, line in enumerate(section.lines):
                if not line.tokens or words[meant(line)] > 1 or first_keyword(line).startswith("."):
                    continue
                less = section.with_lines([*section.lines[:at], *section.lines[at + 1 :]])
                if shown_of(registry, [*sections[:number], less, *sections[number + 1 :]]) == shown:
                    yield f"{' '.join(name)}: {line.raw.strip()}"


def meant(line: Line) -> tuple[str, ...]:
    """The words of a line as HAProxy reads them."""
    return tuple(map(unquote, line.tokens))


def shown_of(registry: Registry, sections: list[Section]) -> list[Any]:
    """All that is shown of the sections with one name, and of their rows."""
    kind = sections[0].kind
    models = [one for one in registry.collections.values() if isinstance(one, SectionCollection | SingleSection)]
    found: list[Any] = [section.parent for section in sections]
    rows_of = registry.rows_of(kind)
    for one in models:
        if one.kind == kind and isinstance(one, SingleSection) and not one.last:
            sections = [JoinedSections(sections) if len(sections) > 1 else sections[0]]
        if one.kind == kind:
            for section in sections:
                reached = section is sections[0] or not section.name
                found.append(one.model.read(section))
                found.append(UnmanagedLines(rows_of, one.model).of(section, reached))
    ours = sections if not sections[0].name else sections[:1]
    for rows in rows_of:
        found += [(row.values, unknown_words(row.reading)) for one in ours for row in rows.table.rows(one)]
    return found
