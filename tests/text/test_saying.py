"""A section that says what another says: the same words in the same order, and its own comments."""

from hypothesis import example, given
from hypothesis import strategies as st

from dataplane_core.text import Section
from dataplane_core.text.outline import Outline
from dataplane_core.text.saying import FirstWords, all_said, said_by, saying

WORDS = FirstWords(frozenset({"server"}), frozenset({"http-request"}))
LINES = [
    "  mode http\n", "  mode   tcp # slow\n", "  server a 1.2.3.4:80\n", "  server a 1.2.3.4:81 check # one\n",
    "  server b x\n", "\tserver b y\r\n", "  http-request deny if A\n", '  http-request set-header X "$A b"\n',
    "  # why\n", "  #server c z\n", "### ----\n", "\n", "  .if defined(X)\n", "  .endif\n", "  server 'open\n",
    "  acl A path /a\\ b\n", '  acl A path "/a b"\n',
]  # fmt: skip
BODIES = st.lists(st.sampled_from(LINES), max_size=14).map("".join)


def section(body: str, header: str = "backend b\n") -> Section:
    return Section.parse(header + body)


def said(one: Section) -> list[object]:
    return [words for _, words in all_said([one.header, *one.lines])]


@given(BODIES, BODIES)
@example("  # why\n  server a x\n  server a x\n", "  server b x\n  mode http\n  server a x\n")
def test_in_the_end_both_say_the_same(body, other):
    before, wanted = section(body), section(other, "backend  b  from base\n")
    after = saying(before, wanted, WORDS)
    assert said(after) == said(wanted)
    assert said(Section.parse(after.text)) == said(wanted)
    assert saying(after, wanted, WORDS) is after


@given(BODIES)
def test_what_says_the_same_stays_to_the_byte(body):
    before = section(body)
    wanted = Section.parse("".join(line.raw for line in [before.header, *before.lines] if said_by(line)))
    assert saying(before, wanted, WORDS) is before


def changed(body: str, other: str) -> str:
    return saying(section(body), section(other), WORDS).text.removeprefix("backend b\n")


def test_a_line_that_changes_keeps_its_place_its_indent_and_its_comments():
    before = "    mode http\n\n    # the fast one\n    server a  :1 weight 1   # why\n    timeout server 5s\n"
    assert changed(before, "mode http\nserver a :1 weight 2\ntimeout server 6s # new\n") == (
        "    mode http\n\n    # the fast one\n    server a :1 weight 2   # why\n    timeout server 6s   # new\n".replace(
            "6s   #", "6s #"
        )
    )


def test_a_line_that_comes_brings_its_comments_and_one_that_goes_takes_them():
    before = "  balance source\n  # of a\n  server a :1\n  # of b\n  balance-none\n"
    after = changed(before, "balance source\nbalance-none\n# of c\nserver c :3 # last\n")
    assert after == "  balance source\n  # of b\n  balance-none\n  # of c\n  server c :3 # last\n"


def test_a_named_line_that_moves_keeps_its_comments_and_may_change():
    before = "  mode http\n  # of a\n  server a :1 # one\n  option httplog\n"
    after = changed(before, "mode http\noption httplog\nserver a :2\n")
    assert after == "  mode http\n  option httplog\n  # of a\n  server a :2 # one\n"


def test_a_rule_is_not_rewritten_into_another_one():
    before = "  # against bots\n  http-request deny if bot\n  http-response deny if x\n"
    after = changed(before, "http-request set-header A b\nhttp-response deny if x\n")
    assert after == "  http-request set-header A b\n  http-response deny if x\n"


def test_a_first_line_of_a_group_stands_below_its_heading():
    before = "  # servers\n  server a :1\n  server b :2\n"
    assert changed(before, "server z :0\nserver a :1\nserver b :2\n") == (
        "  # servers\n  server z :0\n  server a :1\n  server b :2\n"
    )


def test_quotes_that_mean_the_same_are_no_change():
    body = '  acl A path "/a b"\n  log-format "%ci \'x\'"\n'
    assert changed(body, "acl A path /a\\ b\nlog-format '%ci '\"'x'\"\n") == body
    assert changed('  x "$A"\n', "x '$A'\n") == "  x '$A'\n"


def test_a_section_larger_than_the_budget_is_cut_a_few_times_however_many_lines_come(monkeypatch):
    cuts = []
    cut = Outline.lines
    monkeypatch.setattr(Outline, "lines", lambda self: cuts.append(self) or cut(self))
    bodies = ("".join(f" http-request deny if {{ path {at % kinds} }}\n" for at in range(90)) for kinds in (3, 4))
    section, other = (Section.parse(f"backend b\n{body}") for body in bodies)
    for one in (section, other):
        monkeypatch.setattr(one.language.budget, "limit", 0)
    assert all_said(saying(section, other).lines) == all_said(other.lines)
    assert len(cuts) < 15
