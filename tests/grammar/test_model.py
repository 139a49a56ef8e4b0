"""What a PUT of a section leaves alone, and where new lines go; the exact file, comments included."""

import pytest

from dataplane_core.grammar import (
    Model,
    RowTable,
    arg,
    case,
    choose,
    dispatch,
    duration,
    group,
    integer,
    nothing,
    one_of,
    option,
    params,  # fmt: skip
    rule,
    seq,
    statement,
    statements,
    switch,
    word,
)
from dataplane_core.text import Document
from dataplane_core.text.language import Language

MODEL = Model(
    "backend",
    statement("mode", one_of("mode", "http", "tcp")),
    statement("balance", group("balance", dispatch("algorithm", case("roundrobin"), case("uri")))),
    option("abortonclose", "abortonclose"),
    choose(
        "check",
        {
            "tcp": ("option tcp-check", nothing),
            "http": ("option httpchk", group("http", word("uri"))),
        },
    ),
    statement("timeout connect", duration("connect", nullable=True)),
    statements("errorfile", "files", integer("code") + word("file")),
)
RANKS: dict[tuple[str, ...], int] = {}
SERVERS = RowTable(
    statement(
        "server",
        seq(
            word("name"),
            word("address"),
            params(switch("check", "check"), arg("weight", integer("weight", nullable=True))),
        ),
    ),
    90,
    RANKS,
)
RULES = RowTable(
    statement("http-request", rule(dispatch("type", case("allow"), case("deny")))), 40, RANKS
)
TEXT = """\
backend b from d   # beside
\t# the mode
   mode    http  # yes
   future-keyword   a  'b c'
   option abortonclose

   errorfile 500 /a
   # second
   errorfile 501 /b
   .if feature(X)
   timeout connect 5s
   .endif
   http-request allow   if a
   # first server
   server a 1.2.3.4:80  weight 10 # x
   server b 1.2.3.5:80

"""


def section(text=TEXT):
    return Document.parse(text, Language({"backend"})).sections[0]


def test_get_put_is_identity():
    one = section()
    assert MODEL.put(one, MODEL.read(one)) is one


def test_read():
    assert MODEL.read(section()) == {
        "mode": "http",
        "abortonclose": "enabled",
        "connect": 5000,
        "files": [{"code": 500, "file": "/a"}, {"code": 501, "file": "/b"}],
    }


@pytest.mark.parametrize(
    ("change", "old", "new"),
    [
        ({"mode": "tcp"}, "mode    http  # yes", "mode tcp  # yes"),
        ({"mode": None}, "\t# the mode\n   mode    http  # yes\n", ""),
        ({"abortonclose": "disabled"}, "option abortonclose", "no option abortonclose"),
        ({"connect": 0}, "timeout connect 5s", "timeout connect 0"),
        ({"balance.algorithm": "uri"}, "# yes\n", "# yes\n   balance uri\n"),
        ({"check": "tcp"}, "abortonclose\n", "abortonclose\n   option tcp-check\n"),
        ({"files": [{"code": 501, "file": "/b"}]}, "   errorfile 500 /a\n", ""),
        ({"files": [{"code": 500, "file": "/a"}]}, "   # second\n   errorfile 501 /b\n", ""),
        (
            {
                "files": [
                    {"code": 500, "file": "/a"},
                    {"code": 1, "file": "/c"},
                    {"code": 501, "file": "/b"},
                ]
            },
            "errorfile 500 /a\n",
            "errorfile 500 /a\n   errorfile 1 /c\n",
        ),
    ],
)
def test_put_touches_only_its_own_lines(change, old, new):
    one = section()
    values = {k: v for k, v in {**MODEL.read(one), **change}.items() if v is not None}
    after = MODEL.put(one, values)
    assert after.text == TEXT.replace(old, new, 1)
    assert MODEL.read(after) == values


def test_a_new_line_never_lands_in_a_conditional_block():
    one = section("backend b\n  .if feature(X)\n  mode http\n  .endif\n  server a 1\n")
    after = MODEL.put(one, {**MODEL.read(one), "connect": 1})
    assert (
        after.text
        == "backend b\n  .if feature(X)\n  mode http\n  .endif\n  timeout connect 1\n  server a 1\n"
    )


def test_a_line_that_cannot_be_read_is_replaced_when_its_property_is_written():
    one = section("backend b\n  mode bogus\n")
    assert MODEL.put(one, {}) is one
    assert MODEL.put(one, {"mode": "tcp"}).text == "backend b\n  mode tcp\n"


def test_the_last_of_several_lines_counts():
    one = section("backend b\n  mode http\n  mode tcp\n")
    assert MODEL.read(one) == {"mode": "tcp"}
    assert MODEL.put(one, {}).text == "backend b\n"


def test_rows_are_inserted_replaced_and_removed():
    one = section()
    rows = SERVERS.rows(one)
    assert [row.values["name"] for row in rows] == ["a", "b"]
    changed = SERVERS.replace(one, rows[0], {**rows[0].values, "check": "enabled"})
    assert changed.text == TEXT.replace("1.2.3.4:80  weight 10", "1.2.3.4:80 check weight 10")
    appended = SERVERS.insert(one, {"name": "c", "address": "1"})
    assert appended.text == TEXT.replace("1.2.3.5:80\n", "1.2.3.5:80\n   server c 1\n")
    first = SERVERS.insert(one, {"name": "c", "address": "1"}, 0)
    assert first.text == TEXT.replace("   # first server", "   server c 1\n   # first server")
    rest = SERVERS.remove(one, rows[0])
    assert rest.text == TEXT.replace("   server a 1.2.3.4:80  weight 10 # x\n", "")
    assert SERVERS.remove(rest, SERVERS.rows(rest)[0]).text == TEXT.partition("   # first server")[0] + "\n"
    assert SERVERS.replace(one, rows[1], rows[1].values) is one


def test_a_first_rule_stands_in_front_of_the_servers():
    one = section("backend b\n  mode http\n  # s\n  server a 1\n")
    assert (
        RULES.insert(one, {"type": "deny"}).text
        == "backend b\n  mode http\n  http-request deny\n  # s\n  server a 1\n"
    )


def test_the_first_row_of_an_empty_section_follows_its_header():
    one = section("backend b\n\n")
    assert SERVERS.insert(one, {"name": "a", "address": "1"}).text == "backend b\n  server a 1\n\n"


def test_a_file_without_a_last_line_end_gains_one():
    one = section("backend b\n  server a 1")
    assert (
        SERVERS.insert(one, {"name": "b", "address": "2"}).text
        == "backend b\n  server a 1\n  server b 2\n"
    )


def test_all_rows_are_put_at_once():
    one = section("backend b\n  # s\n  server a 1   # x\n  server b 2\n\n")
    rows = [{"name": "a", "address": "1"}, {"name": "c", "address": "3"}]
    assert SERVERS.put(one, rows).text == "backend b\n  # s\n  server a 1   # x\n  server c 3\n\n"
    assert SERVERS.put(one, [row.values for row in SERVERS.rows(one)]) is one
    assert SERVERS.put(one, []).text == "backend b\n\n"
    moved = [{"name": "b", "address": "9"}]
    assert SERVERS.put(one, moved, "name").text == "backend b\n  # s\n  server b 9\n\n"
    assert SERVERS.put(one, moved).text == "backend b\n  # s\n  server b 9   # x\n\n"
    empty = section("backend b\n  mode http\n")
    assert SERVERS.put(empty, rows).text == "backend b\n  mode http\n  server a 1\n  server c 3\n"
