"""Several lines, or words, of which HAProxy takes one, the first, or all: what is effective is seen."""

import re
from itertools import combinations
from pathlib import Path

import pytest

from dataplane_core.grammar.statements import EACH, FIRST
from dataplane_core.haproxy import binaries
from dataplane_core.testing.judging import check
from tests.laws.lines import Sample, accepted, body, model_of, samples
from tests.laws.support import Everything

PROGRAMS = binaries.installed()
PROGRAM = PROGRAMS.get("2.8")
HERE = pytest.mark.skipif(PROGRAM is None, reason="HAProxy 2.8 is not here; `embedded` has it")
ALLOWED = "expose-experimental-directives"
IGNORED = r"['/]{0}'? (is )?already specified. Continuing|ignoring '{0}' which was already"
SINGLE = [one for one in samples() if one.statement.single and not one.statement.stays_when_unset]


@pytest.mark.haproxy
@HERE
def test_the_first_line_counts_where_haproxy_says_so(tmp_path: Path) -> None:
    lines = {" ".join(one.statement.forms[0].head): one for one in SINGLE if one.kind == "global"}
    declared = {head for head, one in lines.items() if one.statement.counts == FIRST}
    told = {"user", "group"}  # the words for these name `uid` and `gid` as well
    for program in PROGRAMS.values():
        for chunk in (list(lines)[n : n + 20] for n in range(0, len(lines), 20)):
            path, twice = tmp_path / "twice.cfg", [lines[head].text for head in chunk for _ in "12"]
            path.write_text("".join(f"  {text}\n" for text in ["global", ALLOWED, *twice]))
            said = " ".join(one.message for one in check(str(program), path)[1])
            told |= {head for head in chunk if re.search(IGNORED.format(re.escape(head)), said)}
    assert declared == told


def pairs() -> list[tuple[Sample, str]]:
    """Two lines of each declaration of which one is shown, that say different things."""
    found = []
    for one, other in combinations(SINGLE, 2):
        same = one.statement is other.statement
        if same and one.reading.values != other.reading.values:
            found += [(one, other.text)]
    return found


@pytest.mark.haproxy
@HERE
def test_of_two_lines_the_one_that_counts_is_shown_and_neither_is_touched(tmp_path: Path) -> None:
    made = [(one, [one.text, other]) for one, other in pairs()]
    taken = accepted(str(PROGRAM), tmp_path, made)
    assert sum(taken) > 80
    for (one, lines), good in zip(made, taken, strict=True):
        model, section = model_of(one), body(*lines)
        shown = model.read(section)
        counts = one.statement.counts
        assert shown == model.read(body(lines[0 if counts == FIRST else 1])), lines
        assert model.put(section, shown) is section, lines
        assert model.beside(section) == {1 if counts == FIRST else 0}, lines
        left = [line.raw for line in model.put(section, {}).lines]
        assert left == ([section.lines[0].raw] if counts == EACH else []), (lines, good)


TEXT = """\
global
  ssl-default-bind-options no-sslv3   # why
  ssl-default-bind-options no-tls-tickets
  unsetenv A B
  unsetenv C
  lua-load-per-thread a.lua
  lua-load-per-thread b.lua x
  pidfile /run/a.pid
  pidfile /run/b.pid

frontend f
  bind 127.0.0.1:18998 ssl crt /a.pem crt /b.pem alpn h2
  compression type text/html
  compression type text/css
  compression algo gzip
  compression algo deflate
  monitor fail if { hdr(a) 1 }
  monitor fail if { hdr(b) 1 }
  errorloc 503 /a
  errorloc 504 /b
  errorloc302 500 /c
  stats admin if { src 10.0.0.1 }
  stats admin if { src 10.0.0.2 }
"""


@pytest.fixture
def api(tmp_path: Path) -> Everything:
    return Everything(tmp_path, TEXT)


def test_what_adds_up_is_shown_together(api: Everything) -> None:
    shown = api.get("global")
    assert shown["ssl_default_bind_options"] == "no-sslv3 no-tls-tickets"
    assert shown["unsetenv"] == "A B C"
    assert api.get("frontends/f")["compression"] == {
        "types": ["text/html", "text/css"],
        "algorithms": ["gzip", "deflate"],
    }


def test_of_what_counts_line_by_line_one_is_shown_and_the_others_are_told_of(api: Everything) -> None:
    assert api.get("global")["lua_load_per_thread"] == "b.lua x"
    assert api.get("global")["pidfile"] == "/run/a.pid"
    assert api.get("global")["x_unmanaged"] == ["lua-load-per-thread a.lua", "pidfile /run/b.pid"]
    shown = api.get("frontends/f")
    assert shown["monitor_fail"] == {"cond": "if", "cond_test": "{ hdr(b) 1 }"}
    assert shown["errorloc302"] == {"code": 500, "url": "/c"}
    assert shown["x_unmanaged"] == [
        "monitor fail if { hdr(a) 1 }",
        "errorloc 503 /a",
        "errorloc 504 /b",
        "stats admin if { src 10.0.0.1 }",
    ]
    bind = api.get("binds", frontend="f")[0]
    assert (bind["ssl_certificate"], bind["x_unmanaged"]) == ("/a.pem", ["crt", "/b.pem"])


REMOVED = [
    ("monitor_fail", "  monitor fail if { hdr(b) 1 }\n"),
    ("errorloc302", "  errorloc302 500 /c\n"),
    ("compression", re.search(r"(  compression .*\n)+", TEXT)[0]),  # type: ignore[index]
]


@pytest.mark.parametrize(("name", "line"), REMOVED)
def test_a_change_without_the_property_removes_what_was_shown(api, name, line):
    shown = api.get("frontends/f")
    del shown[name]
    api.change("PUT", "frontends/f", shown)
    assert api.text == TEXT.replace(line, "")


CHANGED = [
    ("compression", {"types": ["text/css", "text/plain"], "algorithms": ["gzip", "deflate"]},
     "  compression type text/html\n  compression type text/css\n", "  compression type text/css text/plain\n"),
    ("compression", {"types": ["text/html", "text/css"], "algorithms": ["deflate", "gzip"]},
     "  compression algo gzip\n  compression algo deflate\n", "  compression algo deflate gzip\n"),
    ("monitor_fail", {"cond": "if", "cond_test": "X"}, "if { hdr(b) 1 }", "if X"),
    ("errorloc302", {"code": 500, "url": "/d"}, "500 /c", "500 /d"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value", "old", "new"), CHANGED)
def test_a_change_of_the_property_touches_what_was_shown(api, name, value, old, new):
    api.change("PUT", "frontends/f", {**api.get("frontends/f"), name: value})
    assert api.text == TEXT.replace(old, new)


def test_the_certificate_that_is_named_changes_and_no_other(api):
    bind = api.get("binds", frontend="f")[0]
    api.change("PUT", f"binds/{bind['name']}", {**bind, "ssl_certificate": "/c.pem"}, frontend="f")
    assert api.text == TEXT.replace("crt /a.pem", "crt /c.pem")
    del bind["ssl_certificate"]
    api.change("PUT", f"binds/{bind['name']}", bind, frontend="f")
    assert api.text == TEXT.replace("crt /a.pem ", "")
