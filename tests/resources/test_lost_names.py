"""Which names a change takes from those who use them, held against reading both texts whole."""

from collections.abc import Iterable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataplane_core.errors import Reference
from dataplane_core.resources import lost_names
from dataplane_core.resources.document_names import DocumentNames, Use
from dataplane_core.resources.lost_names import lost_uses
from dataplane_core.resources.referring import dangling, referrers
from dataplane_core.resources.registry import Registry
from dataplane_core.text import Document, Section
from dataplane_core.wiring import make_manager, register_collections

LINES = {
    "frontend": ["use_backend a if here", "default_backend b", "acl here src 10.0.0.1", "acl here path /x",
                 "http-request deny if !here", "use_backend b if { nbsrv(a) gt 1 }", "stats scope c", "use_backend zz",
                 "http-request track-sc0 src table b"],
    "backend": ["server s1 127.0.0.1:1", "server s2 127.0.0.1:2 track s1", "server s3 127.0.0.1:3 track a/s1",
                "stick-table type ip size 1m", "http-request track-sc0 src table a", "http-request deny if TRUE",
                "server-template t 3 127.0.0.1:4", "server-template t 2 127.0.0.1:4", "use-server t3 if TRUE",
                "use-server s1 if TRUE", "stick-table type ip size 1k store gpc0", "server s4 127.0.0.1:5 resolvers r", "http-request set-header x %[srv_conn(b/t1)]"],
    "resolvers": ["nameserver n 127.0.0.1:53"],
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True, params=["some lines", "many lines"])
def _how_many(request: pytest.FixtureRequest) -> Iterator[None]:
    """Each law also as it is of changes of many lines."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lost_names, "MANY", lost_names.MANY if request.param == "some lines" else 0)
        yield


@pytest.fixture(scope="module")
def registry() -> Registry:
    return register_collections(make_manager())


def section(kind: str, name: str) -> st.SearchStrategy[str]:
    lines = st.lists(st.sampled_from(LINES[kind]), max_size=5, unique=True)
    return lines.map(lambda some: "".join([f"{kind} {name}\n", *(f"  {line}\n" for line in some)]))


def texts() -> st.SearchStrategy[str]:
    kinds = [("frontend", "f"), ("frontend", "g"), ("backend", "a"), ("backend", "b"), ("backend", "c"), ("resolvers", "r")]
    parts = [st.one_of(st.just(""), section(*one)) for one in kinds]
    return st.tuples(*parts).map("".join)


def lost(registry: Registry, before: Document, after: Document) -> set[tuple[str, str, int]]:
    return {(thing.name, use.section.name, use.at) for thing, use in lost_uses(registry.names, before, after)}


def read_whole(registry: Registry, before: Document, after: Document) -> set[tuple[str, str, int]]:
    was, now = DocumentNames(registry.names, before), DocumentNames(registry.names, after)
    found = set()
    for use in now.dangling():
        name = use.mention.name
        former = before.find(use.section.kind, use.section.name)
        if was.things(former or use.section, name):
            found.add((name.text, use.section.name, use.at))
    return found


@given(texts(), texts())
def test_what_is_lost_is_what_meant_something_and_does_not_any_more(
    registry: Registry, one: str, other: str
) -> None:
    before = Document.parse(one, registry.language)
    after = Document.parse(other, registry.language, before)
    assert lost(registry, before, after) == read_whole(registry, before, after)


def test_many_names_are_lost_at_once(registry: Registry) -> None:
    tops = "".join(f"backend b{n}\n" for n in range(40))
    uses = "frontend f\n" + "".join(f"  use_backend b{n} if TRUE\n" for n in range(40))
    before = Document.parse(uses + tops, registry.language)
    after = Document.parse(uses, registry.language, before)
    assert {name for name, _, _ in lost(registry, before, after)} == {f"b{n}" for n in range(40)}


def test_a_line_that_says_the_same_name_otherwise_loses_nothing(registry: Registry) -> None:
    before = Document.parse("backend a\n  server s1 127.0.0.1:1\n  use-server s1 if TRUE\n", registry.language)
    after = Document.parse("backend a\n  server s1 127.0.0.1:2\n  use-server s1 if TRUE\n", registry.language, before)
    assert not lost(registry, before, after)


def test_the_servers_of_a_template_are_its_names(registry: Registry) -> None:
    text = (
        "backend a\n  server-template web 3 127.0.0.1:4\n  server s1 127.0.0.1:1 track web2\n  use-server web3 if TRUE\n"
        "  use-server web4 if TRUE\nbackend b\n  server web1 127.0.0.1:1\n  use-server web1 if TRUE\n"
        "frontend f\n  use_backend b if { srv_is_up(a/web1) }\n"
    )
    document = Document.parse(text, registry.language)
    found = referrers(registry, document, Reference("server_templates", "backend", "a", "web"))
    assert [(one.line, one.name) for one in found] == [(3, "web2"), (4, "web3"), (10, "a/web1")]
    assert [one.name for one in dangling(registry, document)] == ["web4"]
    (target,) = found[0].targets
    assert (target.collection, target.key) == ("server_templates", "web")


def test_the_ring_that_haproxy_makes_is_there(registry: Registry) -> None:
    text = "global\n  log ring@buf0 local0\n  log ring@nix local0\n"
    found = dangling(registry, Document.parse(text, registry.language))
    assert [one.name for one in found] == ["nix"]


def test_a_section_without_lines_takes_the_table_of_the_one_before(registry: Registry) -> None:
    user = "frontend f\n  http-request track-sc0 src table b\n"
    before = Document.parse(f"{user}backend b\n  stick-table type ip size 1k\n", registry.language)
    for after in ("backend b\n", "backend b", "backend b\n\n", "backend b\n  mode tcp\n"):
        found = lost(registry, before, Document.parse(user + after, registry.language))
        assert found == {("", "f", 0)}, after


def test_a_change_of_many_sections_is_not_searched_for_each_of_their_names(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    frontends = "".join(f"frontend f{one}\n  use_backend b{one}\n" for one in range(100))
    backends = "".join(f"backend b{one}\n  server s 127.0.0.1:1\n" for one in range(100))
    before = Document.parse(frontends + backends, registry.language)
    changed, without = before, before
    for one in [*before.sections[100:]]:
        other = Section.parse(one.text.replace("127.0.0.1", "127.0.0.2"), registry.language)
        changed, without = changed.replace(one, other), without.remove(one)
    asked: list[str] = []
    has_name, saying = lost_names.Gone.has_name, DocumentNames.saying

    def asking(self: lost_names.Gone, kinds: Iterable[str], text: str) -> bool:
        asked.append(text)
        return has_name(self, kinds, text)

    def searching(self: DocumentNames, section: Section, name: str) -> Iterator[Use]:
        asked.append(name)
        return saying(self, section, name)

    monkeypatch.setattr(lost_names.Gone, "has_name", asking)
    monkeypatch.setattr(DocumentNames, "saying", searching)
    assert len(lost(registry, before, without)) == 100
    assert list(DocumentNames(registry.names, changed).newly_dangling(before)) == []
    assert len(asked) <= 100
