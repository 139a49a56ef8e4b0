"""Laws of names in lines, however they are written."""

import re

from hypothesis import given
from hypothesis import strategies as st

from dataplane_core.references.pieces import pieces
from dataplane_core.references.texts import TextFile
from dataplane_core.text import words

PATH, OTHER = "/etc/my maps/a,b(c)'d.map", "/run/new place/a,b(c)'d.map"
PLAIN, NEW = "/etc/maps/a.map", "/run/1/a.map"


def escaped(text: str) -> str:
    return re.sub(r"([ #\\'\"])", r"\\\1", text)


def weak(text: str) -> str:
    return '"' + re.sub(r'(["\\$])', r"\\\1", text) + '"'


def strong(text: str) -> str:
    return "\\'".join(f"'{part}'" for part in text.split("'"))


def hexadecimal(text: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in text.encode())


HANDS = st.sampled_from([escaped, weak, strong, hexadecimal])


@st.composite
def spelled(draw, text: str) -> str:
    """A word as people write it: each part of it quoted in another way."""
    cuts = sorted(draw(st.sets(st.integers(1, len(text) - 1), max_size=3)))
    parts = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    return "".join(draw(HANDS)(part) for part in parts)


OTHERS = st.sampled_from(["acl", "a", "'x y'", '"$HOME"', "-f", "src,map(/b.map)", "\\#", "é", "%[src]"])
LINES = st.tuples(st.lists(OTHERS, max_size=3), st.lists(OTHERS, max_size=3), st.sampled_from(["", " # /x", " #"]))


def read(line: str) -> tuple[str, ...]:
    found = words(line, {b"HOME": b"/root"})
    assert not found.problem
    return found.values


@given(spelled(PATH), LINES)
def test_a_name_is_found_and_nothing_else_is_changed(word, line):
    before, behind, comment = line
    raw = "  " + " ".join([*before, word, *behind]) + comment
    file = TextFile("/haproxy.cfg", f"global\n{raw}\n")
    values = {"HOME": ["/root"]}
    assert (2, PATH) in {(name.line, name.text) for name in file.paths(values)}
    new = file.rewritten(values, {PATH: OTHER}.get, [2]).split("\n")
    assert (new[0], new[2]) == ("global", "")
    assert read(new[1]) == tuple(OTHER if one == PATH else one for one in read(raw))
    assert new[1].endswith(comment)


@st.composite
def called(draw, path: str) -> str:
    """A path as an argument of a converter, as HAProxy reads it after it has read the word."""
    quoted = draw(st.sampled_from([f'"{path}"', f"'{path}'", path]))
    rest = draw(st.sampled_from(["", ",none", ', "d e"', ",'x,y'"]))
    end = draw(st.sampled_from(["", ",lower", "]", " -m found", "]%[src]"]))
    return f"{draw(st.sampled_from(['path,map(', '%[path,map_beg(', 'a %[src,map_ip(']))}{quoted}{rest}){end}"


@given(called(PLAIN), HANDS)
def test_an_argument_is_found_and_nothing_else_is_changed(value, hand):
    file = TextFile("/haproxy.cfg", f"  http-request set-header x {hand(value)} if TRUE")
    assert PLAIN in {name.text for name in file.paths({})}
    new = file.rewritten({}, {PLAIN: NEW}.get, [1])
    expected = [word.replace(PLAIN, NEW) for word in read(file.text)]
    bare = re.compile(rf"[\"']({NEW})[\"']")  # quotes around a plain argument say nothing
    assert [bare.sub(NEW, word) for word in read(new)] == [bare.sub(NEW, word) for word in expected]


@given(st.text(st.sampled_from("ab/.,()[]\"'\\ =@%"), max_size=30))
def test_every_part_stands_where_it_is_said_to(word):
    found = list(pieces(word))
    assert found[0] == (0, len(word), word)
    for piece in found:
        assert 0 <= piece.start <= piece.end <= len(word)
        if not set("\"'\\") & set(word[piece.start : piece.end]):
            assert piece.text == word[piece.start : piece.end]


@given(st.text(max_size=200))
def test_any_text_can_be_looked_through(text):
    file = TextFile("/haproxy.cfg", text)
    values = file.values({})
    count = text.count("\n") + 1
    assert all(1 <= name.line <= count for name in file.paths(values))
    assert file.rewritten(values, lambda name: None, range(1, count + 1)) == text
