"""Of the comments above what goes, prose about it goes too; what speaks of more stays."""

import pytest

from dataplane_core.grammar import RowTable, arg, integer, params, seq, statement, word
from dataplane_core.text import Document, Line
from dataplane_core.text.comments import is_commented_out, is_marker
from dataplane_core.text.language import Language

HEADS = [("server",), ("option", "httplog"), ("log",), ("redirect",), ("stats", "uri")]
LANGUAGE = Language({"frontend", "backend"}, HEADS)
SERVERS = RowTable(
    statement("server", seq(word("name"), word("address"), params(arg("weight", integer("weight")))))
)


def without(lines: str, name: str) -> str:
    """What is left of a backend's lines without one server."""
    (section,) = Document.parse("backend b\n" + lines, LANGUAGE).sections
    row = next(row for row in SERVERS.rows(section) if row.values["name"] == name)
    return SERVERS.remove(section, row).text.removeprefix("backend b\n")


@pytest.mark.parametrize(
    ("above", "stays"),
    [
        ("# the fourth\n", ""),
        ("# the fourth\n# of all\n", ""),
        ("#\n# the fourth\n#\n", ""),
        ("# spare\n#server s3 127.0.0.1:82\n", None),
        ("#  option httplog\n", None),
        ("# no option httplog\n", None),
        ("# future-keyword on\n", None),
        ("#backend old\n#  server x 1.2.3.4\n", None),
        ("#server s3 127.0.0.1:82\n# the fourth\n", "#server s3 127.0.0.1:82\n"),
        ("###_config-snippet_### END\n", None),
        ("###_config-snippet_### BEGIN\n# the fourth\n", "###_config-snippet_### BEGIN\n"),
        ("# BEGIN ANSIBLE MANAGED BLOCK\n", None),
        ("# end of the managed part\n", None),
        ("#--------\n# servers\n#--------\n", None),
        ("# === servers ===\n", None),
        ("\t# a remark\n\n  # the fourth\n", "\t# a remark\n\n"),
    ],
)
def test_what_stays_above_a_line(above, stays):
    for rest in ("", "\n  server s5 127.0.0.1:84\n", "  # next\n  server s5 127.0.0.1:84\n", "  option x\n"):
        lines = f"  mode http\n{above}  server s4 127.0.0.1:83\n{rest}"
        left = f"  mode http\n{above if stays is None else stays}{rest}"
        assert without(lines, "s4") == left


def test_a_heading_stays_until_the_last_of_its_lines_goes():
    lines = "  # production\n  server a 1.1.1.1:1\n  #server x 1.1.1.1:2\n  server b 1.1.1.1:3\n"
    left = without(lines, "a")
    assert left == lines.replace("  server a 1.1.1.1:1\n", "")
    assert without(lines, "b") == lines.replace("  server b 1.1.1.1:3\n", "")
    assert without("  # production\n  server b 1.1.1.1:3\n", "b") == ""


def test_comments_inside_a_line_go_with_it():
    assert without("  server a 1.1.1.1:1 # why\n", "a") == ""


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("# the shop\nbackend a\n  own\n\nfrontend n\n", "frontend n\n"),
        ("# backends\nbackend a\n  own\n\nbackend n\n", "# backends\nbackend n\n"),
        ("# the shop\nbackend a\n  own\n\n# the bar\nbackend n\n", "# the bar\nbackend n\n"),
        ("#backend old\n#  own\nbackend a\n", "#backend old\n#  own\n"),
        ("### x ### BEGIN\nbackend a\n  own\n### x ### END\n\nbackend n\n",
         "### x ### BEGIN\n\n### x ### END\n\nbackend n\n"),
        ("backend a\n  own\n  # of it\n\n# the next\n\nbackend n\n", "# the next\n\nbackend n\n"),
        ("backend a\n  own\n\n  # of it\n\nbackend n\n", "backend n\n"),
        ("backend a\n  own\n# the next\nbackend n\n", "# the next\nbackend n\n"),
        ("backend a\n  own\n\n# vim: ts=2\n", "# vim: ts=2\n"),
    ],
)  # fmt: skip
def test_what_stays_when_a_section_goes(text, left):
    top = "frontend f\n  own\n\n"
    document = Document.parse(top + text, LANGUAGE)
    after = document.remove(document.find("backend", "a"))
    assert after.text() == top + left
    assert [one.text for one in after.sections] == [
        one.text for one in Document.parse(top + left, LANGUAGE).sections
    ]


def test_comments_at_the_top_are_of_the_file():
    text = "# lb1, see the wiki\nbackend a\n\nfrontend f\n"
    document = Document.parse(text, LANGUAGE)
    assert document.remove(document.sections[0]).text() == "# lb1, see the wiki\nfrontend f\n"


@pytest.mark.parametrize(
    "prose",
    [
        "# log of the shop", "#server for tests", "# option is off", "#", "# a", "# see below", "# server: one", "#1",
        "# redirect http to https", "# Server one", "# option one", "# stats page", "# re-enable it", "# log: none.",
    ],
)  # fmt: skip
def test_prose(prose):
    assert not is_commented_out(Line(prose), LANGUAGE)
    assert not is_marker(Line(prose))


@pytest.mark.parametrize(
    "comment",
    [
        "#server s3 127.0.0.1:82 # only for the tests", "\t##  option httplog", "# option not-yet-known", "#log global",
        "# stats uri /the/page", '#http-request return string "this is it"', "#.if defined(X)", "#.endif",
        "#\tno option httplog", "#backend of-old",
    ],
)  # fmt: skip
def test_lines_that_are_commented_out(comment):
    assert is_commented_out(Line(comment), LANGUAGE)
