"""A desired document: what it says is there afterwards, by the smallest edits, and nothing else."""

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from dataplane_core.errors import BadRequest, Invalid
from dataplane_core.resources.desired_text import DesiredText
from dataplane_core.resources.scope import Scope, Selector, read_scope
from dataplane_core.resources.section_places import is_as_good, keyed
from dataplane_core.text import Document
from dataplane_core.text.conditions import has_conditional_blocks
from dataplane_core.text.language import DEFAULTS
from dataplane_core.text.saying import all_said
from dataplane_core.wiring import make_manager, register_collections

REGISTRY = register_collections(make_manager())
SECTIONS = [
    "global\n  daemon\n  maxconn 100\n\n", "global\n  nbthread 2\n", "# of all\ndefaults\n  mode http\n\n",
    "defaults\n  mode tcp # x\n", "defaults d\n  timeout client 5s\n", "frontend f\n  bind :80\n\n",
    "frontend f\n  bind :80\n  default_backend a\n\n# ---- backends ----\n", "backend a\n  server s :1\n  server t :2\n",
    "backend a from d\n  server t :2 weight 3\n  server s :1 # first\n\n", "# of b\nbackend b\n  balance source\n",
    "userlist u\n  user x password y\n", "listen l\n  bind :81\n",
]  # fmt: skip
OPEN = [".if defined(X)\n", ".endif\n"]
TEXTS = st.lists(st.sampled_from(SECTIONS), max_size=8).map("".join)
ANY = st.lists(st.sampled_from([*SECTIONS, *OPEN, "# top\n", "\n"]), max_size=10).map("".join)


def parse(text: str) -> Document:
    return Document.parse(text, REGISTRY.language)


def desired(text: str, only: str = "", but: str = "", *, prune: bool | None = None) -> DesiredText:
    scope = read_scope(REGISTRY, only, but)
    return DesiredText(REGISTRY, parse(text), scope, prune=not only if prune is None else prune)


def meaning(document: Document) -> dict[object, object]:
    return {
        key: [words for _, words in all_said([one.header, *one.lines])]
        for key, one in keyed(document).items()
    }


@given(ANY, ANY)
@example("global\n  daemon\n\nglobal\n  daemon\n\n.if defined(X)\n.endif\n", "global\n  daemon\n\nbackend b\n")
def test_the_whole_text_is_what_is_said_afterwards(text, wanted):
    assume("backend" in wanted)
    before, after = parse(text), desired(wanted).on(parse(text))
    again = parse(after.text())
    assert meaning(again) == meaning(after) == meaning(parse(wanted))
    orders = [[*keyed(one)] for one in (again, parse(wanted))]
    assert is_as_good(*orders)
    if has_conditional_blocks(text) or has_conditional_blocks(wanted):
        assert orders[0] == orders[1]
    assert desired(wanted).on(after) is after
    assert desired(text).on(before) is before


@given(TEXTS, TEXTS)
def test_a_part_leaves_all_others_alone(text, wanted):
    before, part = parse(text), parse(wanted)
    try:
        after = desired(wanted, prune=False).on(before)
    except Invalid:
        return
    said, want = meaning(parse(after.text())), meaning(part)
    assert {key: said[key] for key in want} == want
    assert {key: one for key, one in said.items() if key not in want} == {
        key: one for key, one in meaning(before).items() if key not in want
    }
    assert desired(wanted, prune=False).on(after) is after
    former = _inheritance(before, but=want)
    for key, origin in _inheritance(after, but=want).items():
        assert origin == former[key] or (former[key] is None and origin.name == "")


def _inheritance(document, but):
    last, found = None, {}
    for key, section in keyed(document).items():
        if key.kind == DEFAULTS:
            last = key
        elif key not in but and section.parent is None and key.kind in ("frontend", "backend"):
            found[key] = last
    return found


FILE = """\
# made by hand
global
    daemon   # always

# for all
defaults
    mode http

# ---- shops ----
backend shop
    # the old one
    server a 192.0.2.1:80   check

# of the blog
backend blog
    server b 192.0.2.2:80

frontend web
    bind :80
"""


def test_comments_spacing_and_places_stay():
    wanted = """\
global
  daemon
defaults
  mode http
frontend web
  bind :80
# here it is
backend new
  server n 192.0.2.3:80
backend shop
  server a 192.0.2.1:80 check
  server c 192.0.2.9:80
"""
    assert desired(wanted).on(parse(FILE)).text() == FILE.replace(
        "   check\n", "   check\n    server c 192.0.2.9:80\n"
    ).replace("# of the blog\nbackend blog\n    server b 192.0.2.2:80\n\n", "") + (
        "\n# here it is\nbackend new\n  server n 192.0.2.3:80\n"
    )


def test_only_some_sections_are_looked_at():
    wanted = "global\n  maxconn 5\nbackend shop\n  server z :1\nbackend blog\n  server z :1\n"
    after = desired(wanted, "backend/sh*").on(parse(FILE)).text()
    assert after == FILE.replace("server a 192.0.2.1:80   check", "server z :1").replace(
        "    # the old one\n", ""
    )
    after = desired(wanted, but="backend, global", prune=True).on(parse(FILE)).text()
    assert "frontend" not in after and "defaults" not in after and "server a" in after


def test_what_is_not_desired_is_only_removed_where_that_is_said():
    part = "backend shop\n  server a 192.0.2.1:80 check\n"
    assert desired(part, prune=False).on(parse(FILE)).text() == FILE
    after = desired(part, "backend", prune=True).on(parse(FILE)).text()
    assert "blog" not in after and "frontend web" in after


def test_a_new_section_of_a_part_stands_where_one_made_alone_would():
    part = "defaults base\n  mode tcp\nbackend new from base\n  server n :1\n\n\n"
    after = desired(part, prune=False).on(parse(FILE)).text()
    assert after == FILE + "\ndefaults base\n  mode tcp\n\nbackend new from base\n  server n :1\n"
    after = desired("backend new\n  server n :1\n", prune=False).on(parse(FILE)).text()
    assert after == FILE.replace("frontend web", "backend new\n  server n :1\n\nfrontend web")


def test_an_order_that_means_something_else_is_taken_over():
    text = "backend a\n  server s :1\n\ndefaults\n  mode tcp\n\nbackend b\n  server s :1\n"
    wanted = "defaults\n mode tcp\nbackend a\n server s :1\nbackend b\n server s :1\n"
    assert [one.name for one in desired(wanted).on(parse(text)).sections] == ["", "a", "b"]
    assert desired(wanted).on(parse(text)).text().endswith("backend b\n  server s :1\n")


def test_an_order_of_proxies_is_kept():
    text = "backend a\n  server s :1\n\nbackend b\n  server s :1\n"
    document = parse(text)
    assert desired("backend b\n server s :1\nbackend a\n server s :1\n").on(document) is document


def test_who_is_not_meant_never_inherits_from_others():
    text = "defaults\n  mode tcp\n\nbackend a\n  server s :1\n"
    with pytest.raises(Invalid, match="backend a would inherit"):
        desired("defaults\n mode http\ndefaults\n mode tcp\nbackend b\n", "defaults", prune=False).on(
            parse("backend b\n" + text)
        )


def test_blocks_around_sections_come_with_the_whole_text_alone():
    block = ".if defined(X)\nbackend b\n  server s :1\n.endif\n"
    text = "global\n  daemon\n" + block + "backend c\n  server s :1\n"
    after = desired(text.replace(":1", ":2")).on(parse(text))
    assert after.text() == text.replace(":1", ":2")
    with pytest.raises(Invalid, match="conditional block"):
        desired("backend b\n  server s :2\n", "backend", prune=False).on(parse(text))


def test_a_scope_names_kinds_collections_and_patterns():
    scope = read_scope(REGISTRY, "backends/app-*, frontend", "backend/app-9")
    assert scope == Scope(
        (Selector("backend", "app-*"), Selector("frontend")), (Selector("backend", "app-9"),)
    )
    assert scope.holds("backend", "app-1") and scope.holds("frontend", "x")
    assert not scope.holds("backend", "app-9") and not scope.holds("global", "")
    with pytest.raises(BadRequest, match="did you mean backend"):
        read_scope(REGISTRY, "backed/x", None)


def test_a_scope_names_rows():
    scope = read_scope(REGISTRY, "servers, backend app-*/http_request_rules", "frontend/*/acls")
    assert scope == Scope(
        (Selector("", "*", "servers"), Selector("backend", "app-*", "http_request_rules")),
        (Selector("frontend", "*", "acls"),),
    )
    assert scope.holds("backend", "x") and not scope.holds_whole("backend", "app-1")
    with pytest.raises(BadRequest, match="did you mean servers"):
        read_scope(REGISTRY, "backend/b/server", None)
    with pytest.raises(BadRequest, match="no kind of section or of rows 'sarvers': did you mean servers"):
        read_scope(REGISTRY, "sarvers", None)


ROWS = """\
backend b  # ours
  balance roundrobin
  # the first
  server s1 :1   weight 5  # one

  server s2 :2
  http-request deny
backend c
  mode tcp
"""


@pytest.mark.parametrize("only", ["servers", "backend b/servers", "backends/*/servers"])
def test_rows_alone_change_and_all_else_stays(only: str):
    text = "backend b\n  server s1 :1 weight 5\n  balance leastconn\n  server s3 :3\n  server s4 :4\nbackend new\n  server x :1\n"
    after = desired(text, only, prune=True).on(parse(ROWS))
    assert after.text() == ROWS.replace("  server s2 :2\n", "  server s3 :3\n  server s4 :4\n")
    assert desired(text, only).on(after) is after


def test_rows_come_into_a_section_that_has_none_and_go_from_one():
    after = desired("backend b\nbackend c\n  server n :9\n", "servers").on(parse(ROWS))
    assert after.text() == (
        "backend b  # ours\n  balance roundrobin\n  # the first\n\n  http-request deny\n"
        "backend c\n  mode tcp\n  server n :9\n"
    )


def test_rows_that_are_excepted_stay():
    text = "backend b\n  balance leastconn\nbackend new\n  mode tcp\n  server x :1\n"
    after = desired(text, "", "servers", prune=True).on(parse(ROWS))
    assert after.text() == (
        "backend b  # ours\n  balance leastconn\n  # the first\n  server s1 :1   weight 5  # one\n\n  server s2 :2\n\n"
        "backend new\n  mode tcp\n"
    )


def test_rows_of_a_section_with_a_block_are_only_applied_whole():
    text = "backend b\n.if defined(X)\n  server s :1\n.endif\n"
    with pytest.raises(Invalid, match="only applied whole"):
        desired(text.replace(":1", ":2"), "servers").on(parse(text))


def test_an_empty_file_gets_the_text_as_it_is():
    assert desired(FILE).on(parse("")).text() == FILE


def test_what_it_costs_grows_with_the_file_and_not_faster():
    many = "".join(f"backend b{n}\n  server s :{n}\n\n" for n in range(2_000))
    assert desired(many).on(parse("global\n  daemon\n\n")).text() == many
    assert desired("global\n  daemon\n").on(parse("global\n  daemon\n\n" + many)).sections[0].name == ""
