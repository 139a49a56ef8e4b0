"""Which objects two configurations differ in."""

import pytest

from dataplane_core.errors import Reference
from dataplane_core.grammar.model import HeadTable
from dataplane_core.resources.comparison import compare
from dataplane_core.resources.object_changes import TOP, ObjectChange
from dataplane_core.text import Document
from dataplane_core.wiring import make_manager, register_collections

REGISTRY = register_collections(make_manager())
TEXT = """# the shop
global
  daemon
  log 127.0.0.1 local0

global
  maxconn 5
defaults
  mode http
userlist people
  user ann password x
frontend f
  bind :80 # {"id":1}
  acl a path /x
  acl b path /y
  http-request deny if a
  http-request set-header X Y if b
  use_backend b1 if a
  use_backend b2 if b
backend b1
  server s1 192.0.2.1:80 weight 5
  server s2 192.0.2.2:80
backend b2
  server s1 192.0.2.1:80
  junk line
"""


def changes(old: str, new: str, text: str = TEXT) -> list[ObjectChange]:
    assert old in text
    before = Document.parse(text, REGISTRY.language)
    after = Document.parse(text.replace(old, new, 1), REGISTRY.language, before)
    return compare(REGISTRY, before, after)


def said(found: list[ObjectChange]) -> list[tuple[object, ...]]:
    return [
        (one.change, one.reference.collection, one.reference.section, one.reference.key)
        for one in found
    ]


def test_nothing_differs():
    assert changes("", "") == []
    assert changes("  server s1", "\tserver   s1") == []
    assert changes("  acl a", "\n  # of ours\n  acl a") == []


def test_a_property_of_a_row():
    (one,) = changes("weight 5", "weight 6")
    assert one.reference == Reference("servers", "backend", "b1", "s1")
    assert one.change == "changed"
    assert one.before == {"name": "s1", "address": "192.0.2.1", "port": 80, "weight": 5}
    assert one.after == {**one.before, "weight": 6}


def test_a_rule_in_front_of_others_is_one_object_more():
    (one,) = changes("  http-request deny", "  http-request return\n  http-request deny")
    assert said([one]) == [("created", "http_request_rules", "f", 0)]
    (one,) = changes("  http-request deny if a\n", "")
    assert said([one]) == [("deleted", "http_request_rules", "f", 0)]


def test_a_rule_that_changes_keeps_its_place():
    old, new = "deny if a\n", "deny if b\n"
    (one,) = changes(old, new)
    assert said([one]) == [("changed", "http_request_rules", "f", 0)]
    first, other = changes(f"  http-request {old}", f"  http-request return\n  http-request {new}")
    assert said([first, other]) == [
        ("created", "http_request_rules", "f", 0),
        ("changed", "http_request_rules", "f", 1),
    ]
    assert other.former == Reference("http_request_rules", "frontend", "f", 0)


def test_rules_that_change_places():
    lines = ["  use_backend b1 if a\n", "  use_backend b2 if b\n"]
    (one,) = changes("".join(lines), "".join(reversed(lines)))
    assert said([one]) == [("moved", "backend_switching_rules", "f", 0)]
    assert one.places == (1, 0)
    assert one.before == one.after


def test_named_rows_that_change_places():
    lines = ["  server s1 192.0.2.1:80 weight 5\n", "  server s2 192.0.2.2:80\n"]
    (one,) = changes("".join(lines), "".join(reversed(lines)))
    assert said([one]) == [("moved", "servers", "b1", "s2")]


def test_metadata_and_words_that_nobody_knows():
    (one,) = changes('"id":1', '"id":2')
    assert said([one]) == [("changed", "binds", "f", ":80")]
    assert one.after is not None
    assert one.after["metadata"] == {"id": 2}
    (one,) = changes("weight 5", "weight 5 new-word")
    assert one.after is not None
    assert one.after["x_unmanaged"] == ["new-word"]


def test_lines_that_nobody_knows():
    (one,) = changes("junk line", "other line")
    assert said([one]) == [("changed", "backends", "b2", None)]
    assert one.after == {"name": "b2", "x_unmanaged": ["other line"]}
    (one,) = changes("  junk line\n", "  junk line\n  .if feature(X)\n  .endif\n")
    assert one.after is not None
    assert one.after["x_unmanaged"] == ["junk line", ".if feature(X)", ".endif"]


def test_sections_that_count_as_one():
    (one,) = changes("maxconn 5", "maxconn 6")
    assert said([one]) == [("changed", "global", "", None)]
    assert one.after == {"daemon": "enabled", "maxconn": 6}
    assert changes("\nglobal\n  maxconn 5", "  maxconn 5") == []


def test_the_top_of_the_file():
    (one,) = changes("# the shop\n", "# our shop\n\n.if 1\n.endif\n")
    assert one.reference == TOP
    assert one.after == {"x_unmanaged": ["# our shop", ".if 1", ".endif"]}


def test_sections_that_come_and_go():
    text = "backend b1\n  server s1 192.0.2.1:80 weight 5\n  server s2 192.0.2.2:80\n"
    gone = changes(text, "")
    assert said(gone) == [
        ("deleted", "backends", "b1", None),
        ("deleted", "servers", "b1", "s1"),
        ("deleted", "servers", "b1", "s2"),
    ]
    come = changes("frontend f", "backend b0 from x\n  server s 192.0.2.3\nfrontend f")
    assert said(come) == [("created", "backends", "b0", None), ("created", "servers", "b0", "s")]
    assert come[0].after == {"name": "b0", "from": "x"}


def test_sections_that_change_places():
    text = "backend b2\n  server s1 192.0.2.1:80\n  junk line\n"
    (one,) = changes(f"{TEXT[:-len(text)]}{text}", f"{text}{TEXT[:-len(text)]}")
    assert said([one]) == [("moved", "backends", "b2", None)]


def test_sections_without_a_name():
    text = "defaults\n  mode tcp\n\ndefaults\n  mode http\n"
    (one,) = changes("defaults\n  mode tcp\n\n", "", text)
    assert said([one]) == [("deleted", "named_defaults", "unnamed_defaults_1", None)]
    assert changes("tcp", "http", text)[0].reference.section == "unnamed_defaults_1"


def test_names_that_are_there_twice():
    text = "backend b\n  mode tcp\nbackend b\n  mode http\n"
    (one,) = changes("mode http", "mode tcp", text)
    assert one.before == {"name": "b", "mode": "http"}
    (one,) = changes("backend b\n  mode tcp\n", "", text)
    assert one.before == {"name": "b", "mode": "tcp"}


def test_what_is_the_same_is_not_read(monkeypatch: pytest.MonkeyPatch):
    lines = "".join(f"  server s{n} 192.0.2.{n % 250}\n" for n in range(500))
    text = "".join(f"backend b{n}\n{lines}" for n in range(5))
    read = 0

    def counted(self: HeadTable, line: object) -> object:
        nonlocal read
        read += 1
        return lookup(self, line)  # type: ignore[arg-type]

    lookup = HeadTable.lookup
    monkeypatch.setattr(HeadTable, "lookup", counted)
    before = Document.parse(text, REGISTRY.language)
    for previous in (before, None):
        after = Document.parse(text.replace("s400 ", "s400x ", 1), REGISTRY.language, previous)
        assert len(compare(REGISTRY, before, after)) == 2
        assert read < 10
