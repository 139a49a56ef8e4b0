"""Renaming: the thing, and all that refers to it, in quotes, expressions and formats too."""

import re
from collections.abc import Iterator

import pytest

from dataplane_core.errors import AlreadyExists, DataplaneError, Invalid, NotFound, Reference
from dataplane_core.resources.referring import dangling, referrers, targets, unused
from dataplane_core.resources.registry import Registry
from dataplane_core.resources.renaming import rename
from dataplane_core.text import Document, outline
from tests.golden.offline import registry

TEXT = r"""defaults d
  mode http
userlist ul
  user bob insecure-password x groups g1
  group g1
  group g2 users bob
frontend f from d
  acl local src -f /etc/nets.lst   # nets
  acl local hdr(host) "a b"
  acl auth http_auth_group(ul) g1
  http-request deny if !local or { nbsrv("shop") lt 1 } || { src_conn_cur(shop) gt 3 }
  http-request set-header X "%[src,map('/etc/a b.map')] %[nbsrv(sh\x6fp)] shop nbsrv(shop)" if local
  http-request track-sc0 src table shop
  use_backend "sh"op if auth   # main
  default_backend   shop
frontend shop from d
  stats scope shop
backend shop from d
  stick-table type ip size 1k store conn_cur
  stick on src table shop
  use-server s1 if { srv_is_up(shop/s1) } || { srv_is_up(other/s1) }
  server s1 1.2.3.4:80 track other/s2 resolvers rr
backend other
  server-template s 1-5 x:80
"""
ROWS = {
    ("backends", "backend", "shop", None): {
        11: '  http-request deny if !local or { nbsrv("new") lt 1 } || { src_conn_cur(new) gt 3 }',
        12: """  http-request set-header X "%[src,map('/etc/a b.map')] %[nbsrv(new)] shop nbsrv(shop)" if local""",
        13: "  http-request track-sc0 src table new",
        14: '  use_backend "new" if auth   # main',
        15: "  default_backend new",
        17: "  stats scope new",
        18: "backend new from d",
        20: "  stick on src table new",
        21: "  use-server s1 if { srv_is_up(new/s1) } || { srv_is_up(other/s1) }",
    },
    ("servers", "backend", "shop", "s1"): {
        21: "  use-server new if { srv_is_up(shop/new) } || { srv_is_up(other/s1) }",
        22: "  server new 1.2.3.4:80 track other/s2 resolvers rr",
    },
    ("server_templates", "backend", "other", "s"): {
        21: "  use-server s1 if { srv_is_up(shop/s1) } || { srv_is_up(other/new1) }",
        22: "  server s1 1.2.3.4:80 track other/new2 resolvers rr",
        24: "  server-template new 1-5 x:80",
    },
    ("acls", "frontend", "f", 1): {
        8: "  acl new src -f /etc/nets.lst   # nets",
        9: '  acl new hdr(host) "a b"',
        11: '  http-request deny if !new or { nbsrv("shop") lt 1 } || { src_conn_cur(shop) gt 3 }',
        12: r"""  http-request set-header X "%[src,map('/etc/a b.map')] %[nbsrv(sh\x6fp)] shop nbsrv(shop)" if new""",
    },
    ("userlists", "userlist", "ul", None): {
        3: "userlist new",
        10: "  acl auth http_auth_group(new) g1",
    },
    ("users", "userlist", "ul", "bob"): {
        4: "  user new insecure-password x groups g1",
        6: "  group g2 users new",
    },
    ("groups", "userlist", "ul", "g1"): {
        4: "  user bob insecure-password x groups new",
        5: "  group new",
        10: "  acl auth http_auth_group(ul) new",
    },
    ("named_defaults", "defaults", "d", None): {
        1: "defaults new",
        7: "frontend f from new",
        16: "frontend shop from new",
        18: "backend shop from new",
    },
    ("frontends", "frontend", "shop", None): {16: "frontend new from d", 17: "  stats scope new"},
}
TAKEN = "backend taken\n  server-template s 3 x:80\n  server-template t 3 x:80\n  server u2 x:80\n  server u12 x:80\n"
"""What becomes of the lines that change, by the object that gets another name."""


@pytest.fixture(scope="module")
def known() -> Registry:
    made = registry()
    made.freeze()
    return made


def changed(before: str, after: str) -> Iterator[tuple[int, str]]:
    lines = zip(before.splitlines(), after.splitlines(), strict=True)
    yield from ((at, new) for at, (old, new) in enumerate(lines, 1) if old != new)


@pytest.mark.parametrize("which", ROWS, ids=lambda which: which[0])
def test_a_new_name_is_in_all_lines(known: Registry, which: tuple[str, str, str, str | int]) -> None:
    document = Document.parse(TEXT, known.language)
    done = rename(known, document, Reference(*which), "new")
    assert dict(changed(TEXT, done.document.text())) == ROWS[which]
    assert len(dangling(known, done.document)) == len(dangling(known, document))
    again = rename(known, done.document, done.reference, "old").document
    assert "new" not in re.split(r"\W", again.text())


@pytest.mark.parametrize(
    ("which", "name", "error"),
    [
        (("backends", "backend", "nix", None), "new", NotFound),
        (("http_request_rules", "frontend", "f", 0), "new", NotFound),
        (("backends", "backend", "shop", None), "other", AlreadyExists),
        (("acls", "frontend", "f", 0), "auth", AlreadyExists),
        (("servers", "backend", "other", "s1"), "new", NotFound),
        *((("server_templates", "backend", "taken", "s"), name, AlreadyExists) for name in ("t", "u", "u1")),
        (("server_templates", "backend", "taken", "s"), "a b", Invalid),
        *((("acls", "frontend", "f", 0), name, AlreadyExists) for name in ("TRUE", "or", "unless")),
        *((("backends", "backend", "shop", None), name, Invalid) for name in ("", "a b", "a#b", '"x"', "é", "a/b", "x" * 9 + "\n")),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(
    known: Registry, which: tuple[str, str, str, str | int], name: str, error: type[DataplaneError]
) -> None:
    with pytest.raises(error):
        rename(known, Document.parse(TEXT + TAKEN, known.language), Reference(*which), name)


def test_another_line_with_the_same_start_keeps_its_names(known: Registry) -> None:
    text = "backend b\n  server-template s 1-2 x:80\n  server-template s 3-4 x:80\n  use-server s2 if TRUE\n  use-server s3 if TRUE\n"
    done = rename(known, Document.parse(text, known.language), Reference("server_templates", "backend", "b", "s"), "n")
    wanted = text.replace("s 1-2", "n 1-2").replace("server s2", "server n2")
    assert done.document.text() == wanted and [one.name for one in done.uses] == ["s2"]


def test_what_refers_to_nothing_and_what_nothing_refers_to(known: Registry) -> None:
    text = TEXT + "backend lost\ncache c\nfrontend g\n  acl never always_true\n  use_backend gone if nix\n  default_backend other\n"
    document = Document.parse(text, known.language)
    found = {(one.line, one.kinds[0], one.name) for one in dangling(known, document)}
    assert found == {(22, "resolvers", "rr"), (29, "backend", "gone"), (29, "acl", "nix")}
    idle = {(one.line, one.kind, one.name) for one in unused(known, document)}
    assert idle == {(25, "backend", "lost"), (26, "cache", "c"), (28, "acl", "never")}
    dynamic = text.replace("use_backend gone if nix", "use_backend %[path]")
    left = {one.kind for one in unused(known, Document.parse(dynamic, known.language))}
    assert left == {"cache", "acl"}  # the path may be the name of any backend


def test_both_directions(known: Registry) -> None:
    document = Document.parse(TEXT, known.language)
    shop = Reference("backends", "backend", "shop")
    lines = [one.line for one in referrers(known, document, shop)]
    assert lines == [11, 11, 12, 13, 14, 15, 17]  # and none of its own
    found = {(one.name, one.targets[0].section if one.targets else "") for one in targets(known, document, shop)}
    assert found >= {("d", "d"), ("shop", "shop"), ("other/s2", "other"), ("rr", "")}
    rule = Reference("backend_switching_rules", "frontend", "f", 0)
    assert {one.name for one in targets(known, document, rule)} == {"shop", "auth"}


def test_a_section_is_cut_into_lines_no_more_often_where_many_have_the_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cut: list[int] = []
    split_lines = outline.split_lines

    def cutting(text: str) -> list[str]:
        cut.append(len(text))
        return split_lines(text)

    monkeypatch.setattr(outline, "split_lines", cutting)
    lines = "".join(f"  use_backend b if {{ path /{one} }}\n" for one in range(300))
    text = f"frontend f\n{lines}backend b\n"
    document = Document.parse(text, registry().language)
    found = rename(registry(), document, Reference("backends", "backend", "b"), "c")
    assert len(found.uses) == 300
    assert len(cut) <= 4
