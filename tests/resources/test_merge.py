"""A change for an older version is put on the newest one by objects and properties, or refused."""

from typing import Any

import pytest

from dataplane_core.errors import MergeConflict
from dataplane_core.resources.merge import Merger
from dataplane_core.resources.registry import Registry
from dataplane_core.text import Document
from dataplane_core.wiring import make_manager, register_collections

TEXT = """\
# by hand
global
  maxconn 100

defaults base
  mode http

frontend fe
  # the first bind
  bind :80
  http-request deny if { path /a }
  http-request deny if { path /b }   # why
  http-request deny if { path /c }
  default_backend be

backend be
  balance roundrobin
  server s1 192.0.2.1:80 weight 1  # first
  server s2 192.0.2.2:80

userlist people
  user ann insecure-password secret1
"""
ADD_A = ("  bind :80\n", "  bind :80\n  http-request set-header x y\n")
A, B, C = (f"  http-request deny if {{ path /{name} }}" for name in "abc")


@pytest.fixture(scope="module")
def registry() -> Registry:
    return register_collections(make_manager())


Edit = tuple[str, str]


def edited(*edits: Edit) -> str:
    text = TEXT
    for old, new in edits:
        assert old in text
        text = text.replace(old, new, 1)
    return text


def merge(registry: Registry, mine: str, theirs: str) -> str:
    base = Document.parse(TEXT, registry.language)
    sides = (Document.parse(text, registry.language, base) for text in (mine, theirs))
    return Merger(registry).merge(base, *sides).text()


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        (("maxconn 100", "maxconn 200"), ("mode http", "mode tcp")),
        (("weight 1 ", "weight 2 "), ("roundrobin", "leastconn")),
        ((A, f"  http-request allow if {{ path /0 }}\n{A}"), (C, f"{C}\n  http-request deny if {{ path /d }}")),
        ((A + "\n", ""), (C, C + " { method POST }")),
        (("# by hand", "# by me"), ("maxconn 100", "maxconn 200")),
        (("  balance roundrobin\n", ""), ("default_backend be", "default_backend other")),
        (("frontend fe\n", "frontend fe from base\n"), ("bind :80", "bind :81")),
        (("\nuserlist people\n  user ann insecure-password secret1\n", ""), ("weight 1 ", "weight 2 ")),
    ],
)  # fmt: skip
def test_edits_of_different_lines_are_both_there_to_the_byte(registry: Registry, mine: Edit, theirs: Edit) -> None:
    both = edited(mine, theirs)
    assert merge(registry, edited(mine), edited(theirs)) == both
    assert merge(registry, edited(theirs), edited(mine)) == both


@pytest.mark.parametrize(
    ("mine", "theirs", "words"),
    [
        (("weight 1 ", "weight 2 "), ("weight 1 ", "weight 1 check "), "192.0.2.1:80 weight 2 check"),
        (("weight 1 ", "weight 1 check "), ("192.0.2.1:80", "192.0.2.9:80"), "192.0.2.9:80 weight 1 check"),
    ],
)  # fmt: skip
def test_properties_of_one_line_are_merged(registry: Registry, mine: Edit, theirs: Edit, words: str) -> None:
    for one, other in ((mine, theirs), (theirs, mine)):
        text = merge(registry, edited(one), edited(other))
        [line] = [line for line in text.splitlines() if line.startswith("  server s1 ")]
        assert line.endswith("  # first")
        assert sorted(line.split()) == sorted(["server", "s1", *words.split(), "#", "first"])


def test_servers_that_both_add_at_the_end_are_both_there(registry: Registry) -> None:
    s2 = "  server s2 192.0.2.2:80\n"
    mine, theirs = edited((s2, s2 + "  server s3 192.0.2.3:80\n")), edited((s2, s2 + "  server s4 192.0.2.4:80\n"))
    assert s2 + "  server s4 192.0.2.4:80\n  server s3 192.0.2.3:80\n" in merge(registry, mine, theirs)


def test_sections_that_both_add_are_both_there(registry: Registry) -> None:
    merged = merge(registry, TEXT + "\nbackend x\n  mode tcp\n", TEXT + "\nbackend y\n  mode tcp\n")
    assert "backend x\n" in merged and "backend y\n" in merged


def test_what_both_did_alike_is_done_once(registry: Registry) -> None:
    edits = [("weight 1 ", "weight 2 "), ("maxconn 100", "maxconn 200")]
    theirs = edited(*edits)
    assert merge(registry, edited(edits[0]), theirs) == theirs
    removed = edited(("  server s2 192.0.2.2:80\n", ""))
    assert merge(registry, removed, removed.replace("maxconn 100", "maxconn 9")) == removed.replace("maxconn 100", "maxconn 9")


@pytest.mark.parametrize(
    ("mine", "theirs", "resource", "prop", "values"),
    [
        (("weight 1 ", "weight 2 "), ("weight 1 ", "weight 3 "), ("servers", "s1"), "weight", (1, 2, 3)),
        (("weight 1 ", ""), ("weight 1 ", "weight 3 "), ("servers", "s1"), "weight", (1, None, 3)),
        (("maxconn 100", "maxconn 1"), ("maxconn 100", "maxconn 2"), ("global", None), "maxconn", (100, 1, 2)),
        (("roundrobin", "source"), ("roundrobin", "first"), ("backends", None), "balance.algorithm", ("roundrobin", "source", "first")),
        (("secret1", "secret2"), ("secret1", "secret3"), ("users", "ann"), "password", ("***", "***", "***")),
    ],
)  # fmt: skip
def test_a_property_that_both_changed_is_named_with_its_values(
    registry: Registry, mine: Edit, theirs: Edit, resource: tuple[str, Any], prop: str, values: tuple[Any, ...]
) -> None:
    with pytest.raises(MergeConflict) as caught:
        merge(registry, edited(mine), edited(theirs))
    [overlap] = caught.value.overlaps
    assert (overlap.reference.collection, overlap.reference.key) == resource
    assert (overlap.prop, (overlap.before, overlap.mine, overlap.theirs)) == (prop, values)


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        (("  server s1 192.0.2.1:80 weight 1  # first\n", ""), ("weight 1 ", "weight 3 ")),
        (("weight 1 ", "weight 3 "), ("  server s1 192.0.2.1:80 weight 1  # first\n", "")),
        (("  server s2 192.0.2.2:80\n", "  server s2 192.0.2.2:80\n  server s3 192.0.2.3:80\n"),
         ("  server s2 192.0.2.2:80\n", "  server s2 192.0.2.2:80\n  server s3 192.0.2.4:80\n")),
        ((TEXT[TEXT.index("backend be\n"):TEXT.index("userlist")], ""), ("weight 1 ", "weight 3 ")),
        ((B, B.replace("deny", "allow")), (B, B.replace("deny", "tarpit"))),
        ((B + "   # why\n", ""), (B, B.replace("deny", "allow"))),
        (ADD_A, (A, f"  http-request deny if {{ path /0 }}\n{A}")),
        (("frontend fe\n", "frontend fe from base\n"), ("frontend fe\n", "frontend fe from other\n")),
    ],
)  # fmt: skip
def test_what_both_touch_is_refused_whoever_was_first(registry: Registry, mine: Edit, theirs: Edit) -> None:
    for one, other in ((mine, theirs), (theirs, mine)):
        with pytest.raises(MergeConflict):
            merge(registry, edited(one), edited(other))


TWO = "defaults d1\n  mode http\n\nbackend a\n  balance first\n\ndefaults d2\n  mode tcp\n\nbackend b\n  balance first\n"
SERVERS = "backend a\n  balance first\n  server s1 192.0.2.1:80\n  server s2 192.0.2.2:80\n  server s3 192.0.2.3:80\n"
SWAPPED = "  server s2 192.0.2.2:80\n  server s1 192.0.2.1:80\n"
TWICE = "backend a\n  server s1 192.0.2.1:80\n  server s1 192.0.2.2:80\n  balance first\n"
PLAIN = "backend a\n  balance first\n\nbackend c\n  balance first\n"
NEW = "\nbackend n\n  balance first\n"


@pytest.mark.parametrize(
    ("base", "mine", "theirs"),
    [
        pytest.param(TWO[:48], TWO[:48] + NEW, TWO, id="a new section below another defaults"),
        pytest.param(TWO, TWO.replace("defaults d2\n  mode tcp\n\n", ""), TWO + NEW, id="the defaults of a new section go"),
        pytest.param(TWO, TWO[:22] + TWO[49:73] + TWO[22:49] + TWO[73:], TWO.replace("mode http", "mode tcp"), id="sections move"),
        pytest.param(SERVERS, SERVERS[:28] + SWAPPED + SERVERS[78:], SERVERS.replace("2.2:80", "2.2:81"), id="servers move"),
        pytest.param(TWICE, TWICE.replace("2.2:80", "2.2:80 weight 5"), TWICE.replace("first", "source"), id="one name twice"),
        pytest.param(SERVERS, SERVERS.replace("  server s1", "  # why\n  server s1"),
                     SERVERS.replace("  server s1", "  # how\n  server s1"), id="comments in one place"),
        pytest.param(PLAIN, PLAIN.replace("backend c", f"{NEW[1:]}\nbackend c"),
                     PLAIN.replace("backend c", ".if feature(OPENSSL)\nbackend c") + ".endif\n", id="a block around what follows"),
        pytest.param(SERVERS, SERVERS.replace("  server s3", "  server n 192.0.2.9:80\n  server s3"),
                     SERVERS.replace("  server s1", "  .if feature(OPENSSL)\n  server s1") + "  .endif\n", id="a block around lines"),
    ],
)  # fmt: skip
def test_what_depends_on_its_place_is_never_merged_into_another(
    registry: Registry, base: str, mine: str, theirs: str
) -> None:
    begun = Document.parse(base, registry.language)
    sides = (Document.parse(text, registry.language, begun) for text in (mine, theirs))
    with pytest.raises(MergeConflict):
        Merger(registry).merge(begun, *sides)


GLOBALS = "global\n  maxconn 100\n  log 192.0.2.1 local0\n\nglobal\n  maxconn 200\n  log 192.0.2.2 local0\n"
RULES = (
    "frontend fe\n  http-request deny if { path /a }\n  bind :80\n  # why\n\n  http-request deny if { path /b }\n"
    "  acl x path /x\n  http-request deny if { path /c }\n"
)
FIRST = "  http-request deny if { path /a }\n"


@pytest.mark.parametrize(
    ("base", "mine", "theirs", "values"),
    [
        pytest.param(GLOBALS, ("100", "150"), ("200", "250"), (100, 150, 250), id="a keyword in two sections"),
        pytest.param(GLOBALS, ("  maxconn 200\n", ""), ("100", "150"), (100, None, 150), id="a keyword that goes"),
        pytest.param(GLOBALS, ("192.0.2.1", "192.0.2.8"), ("192.0.2.2", "192.0.2.9"), None, id="rows of two sections"),
        pytest.param("backend b\n  balance first\n  balance source\n", ("first", "random"), ("source", "leastconn"),
                     None, id="a keyword twice"),
        pytest.param(RULES, ("/a", "/1"), ("/b", "/2"), None, id="rules around a bind"),
        pytest.param(RULES, (FIRST, ""), ("/b", "/2"), None, id="a rule that goes"),
        pytest.param(RULES, ("  bind", "  http-request allow\n  bind"), ("  # why", "  # why\n  http-request deny"), None,
                     id="rules that come around a bind"),
        pytest.param(RULES, ("/b", "/1"), ("/c", "/2"), None, id="rules around an acl"),
    ],
)  # fmt: skip
def test_what_no_object_of_both_shows_is_refused_with_both_values(
    registry: Registry, base: str, mine: Edit, theirs: Edit, values: tuple[Any, ...] | None
) -> None:
    begun = Document.parse(base, registry.language)
    sides = [Document.parse(base.replace(*edit, 1), registry.language, begun) for edit in (mine, theirs)]
    for one, other in (sides, sides[::-1]):
        with pytest.raises(MergeConflict) as caught:
            Merger(registry).merge(begun, one, other)
        [overlap] = caught.value.overlaps
        assert overlap.mine != overlap.theirs
        if values is not None and one is sides[0]:
            assert (overlap.before, overlap.mine, overlap.theirs) == values


def test_edits_of_rules_with_a_rule_between_them_are_both_there(registry: Registry) -> None:
    begun = Document.parse(RULES, registry.language)
    texts = RULES.replace("/a", "/1"), RULES.replace("/c", "/2")
    merged = Merger(registry).merge(begun, *(Document.parse(one, registry.language, begun) for one in texts))
    assert merged.text() == RULES.replace("/a", "/1").replace("/c", "/2")


def test_a_new_section_keeps_its_defaults_and_conditions(registry: Registry) -> None:
    conditional = TWO + ".if feature(OPENSSL)\nbackend c\n  balance first\n.endif\n"
    for base in (TWO, conditional):
        begun = Document.parse(base, registry.language)
        mine = base.replace("defaults d2", f"{NEW[1:]}\ndefaults d2")
        sides = (mine, base.replace("mode tcp", "mode http"))
        merged = Merger(registry).merge(begun, *(Document.parse(text, registry.language, begun) for text in sides))
        assert merged.text() == mine.replace("mode tcp", "mode http")


PLACES = "global\n  maxconn 100\n\nglobal\n  user x\n\nbackend b\n  mode http\n  retries 3\n"
ALIKE = [
    *((line, ("maxconn 100", "user x")) for line in ("nbthread 2", "setenv A b", "lua-load /x", "tune.bufsize 5", "what x")),
    *((line, ("mode http", "retries 3")) for line in ("balance first", "option httpchk", "server s1 192.0.2.1:80")),
]


@pytest.mark.parametrize(("line", "places"), ALIKE)
def test_a_line_that_both_add_in_two_places_is_there_once(registry: Registry, line: str, places: tuple[str, str]) -> None:
    begun = Document.parse(PLACES, registry.language)
    sides = [Document.parse(PLACES.replace(one, f"{one}\n  {line}"), registry.language, begun) for one in places]
    for mine, newest in (sides, sides[::-1]):
        assert Merger(registry).merge(begun, mine, newest).text() == newest.text()


def test_rows_without_names_that_both_add_are_never_doubled_where_sections_are_one(registry: Registry) -> None:
    begun = Document.parse(PLACES, registry.language)
    log = "\n  log 192.0.2.9 local0"
    sides = [Document.parse(PLACES.replace(one, one + log), registry.language, begun) for one in ("maxconn 100", "user x")]
    for mine, newest in (sides, sides[::-1]):
        with pytest.raises(MergeConflict) as caught:
            Merger(registry).merge(begun, mine, newest)
        assert [one.reference.collection for one in caught.value.overlaps] == ["log_targets"]


def test_a_server_keeps_the_defaults_above_it_that_others_add_below_it(registry: Registry) -> None:
    begun = Document.parse(PLACES, registry.language)
    added = [f"\n  default-server ssl verify none\n  server {one} 192.0.2.1:80" for one in "ab"]
    places = ("mode http", "retries 3")
    mine, newest = (PLACES.replace(one, one + more) for one, more in zip(places, added, strict=True))
    sides = (Document.parse(one, registry.language, begun) for one in (mine, newest))
    merged = Merger(registry).merge(begun, *sides).text()
    assert merged == newest.replace(places[0], places[0] + added[0])


@pytest.mark.parametrize("uses", ["  pidfile ${D}/pid\n", "  node x\n"])
def test_a_variable_is_set_above_what_uses_it_or_the_change_refused(registry: Registry, uses: str) -> None:
    begun = Document.parse(PLACES, registry.language)
    mine = PLACES.replace("  maxconn 100\n", f"  maxconn 100\n  setenv D /run\n{uses}")
    newest = PLACES.replace("user x", "user x\n  setenv D /run")
    sides = (Document.parse(one, registry.language, begun) for one in (mine, newest))
    if "$" in uses:
        with pytest.raises(MergeConflict):
            Merger(registry).merge(begun, *sides)
    else:
        assert Merger(registry).merge(begun, *sides).text() == newest.replace("  maxconn 100\n", f"  maxconn 100\n{uses}")


def test_the_rest_of_a_change_stays_where_a_line_of_it_is_there_already(registry: Registry) -> None:
    begun = Document.parse(PLACES, registry.language)
    mine = PLACES.replace("maxconn 100", "maxconn 100\n  nbthread 2\n  pidfile /p")
    newest = PLACES.replace("user x", "user x\n  nbthread 2")
    merged = Merger(registry).merge(begun, *(Document.parse(one, registry.language, begun) for one in (mine, newest)))
    assert merged.text() == newest.replace("maxconn 100", "maxconn 100\n  pidfile /p")


def test_a_row_that_others_have_moved_alone_can_be_removed(registry: Registry) -> None:
    """Others have removed the server above it, and added it anew below it, which moves both."""
    first, second = "  server s1 192.0.2.1:80 weight 1  # first\n", "  server s2 192.0.2.2:80\n"
    anew = "  server s1 192.0.2.9 weight 3\n"
    theirs = edited((first + second, second + anew))
    assert merge(registry, edited((second, "")), theirs) == edited((first + second, anew))


def test_a_row_that_others_have_moved_and_changed_is_not_removed(registry: Registry) -> None:
    first, second = "  server s1 192.0.2.1:80 weight 1  # first\n", "  server s2 192.0.2.2:80\n"
    theirs = edited((first + second, "  server s2 192.0.2.2:81\n" + first))
    with pytest.raises(MergeConflict):
        merge(registry, edited((second, "")), theirs)
