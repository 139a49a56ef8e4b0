import hashlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dataplane_core.store.head import Head, decode_text, encode_text, join, split_header
from dataplane_core.text.lines import with_last_newline

LINES = st.sampled_from(
    ["# _version=7\n", "# _md5hash=abc\n", "# note\n", "\n", "global\n", "  daemon\n", "#_version=1",
     "\t# _version = 12 \r\n", "# _version=\n", "\f\n", "x"]
)  # fmt: skip
TEXTS = st.lists(LINES, max_size=8).map("".join)


@given(TEXTS | st.text())
@example("# a\n# _version=3")
def test_taking_the_own_lines_off_and_putting_them_back_changes_nothing(text):
    head, rest = split_header(text)
    assert join(head, rest, None) == text


@given(st.binary())
def test_any_bytes_survive(data):
    assert encode_text(decode_text(data)) == data


@given(TEXTS)
def test_lines_are_counted_with_and_without_the_own_ones(text):
    head, rest = split_header(text)
    lines, kept = text.split("\n"), rest.split("\n")
    for number in range(1, rest.count("\n") + 1):
        assert lines[head.above(number) - 1] == kept[number - 1]
        assert head.below(head.above(number)) == number


@given(TEXTS, st.integers(1, 10**12))
def test_the_written_version_is_read_and_the_rest_stays(text, version):
    head, rest = split_header(text)
    written = join(head, rest, version)
    again, rest_again = split_header(written)
    assert again.version == version
    assert written == with_last_newline(written)
    assert rest_again.rstrip("\r\n") == rest.rstrip("\r\n")
    assert len(again.lines) == len(head.lines) + (head.version is None)


@given(TEXTS)
def test_writing_the_same_version_changes_nothing_but_the_checksum(text):
    head, rest = split_header(text)
    if head.version is not None and head.checksum is None:
        assert join(head, rest, head.version) == with_last_newline(text)


def test_a_text_without_a_version_line_gains_one_at_the_top():
    head, rest = split_header("# mine\nglobal\n")
    assert join(head, rest, 2) == "# _version=2\n# mine\nglobal\n"


def test_it_comes_behind_a_checksum_line_and_with_the_line_end_of_the_file():
    head, rest = split_header("# _md5hash=\r\n# mine\r\nglobal\r\n")
    lines = join(head, rest, 2).split("\r\n")
    assert lines[1:] == ["# _version=2", "# mine", "global", ""]


def test_the_checksum_is_that_of_the_rest_of_the_file():
    head, rest = split_header("# _md5hash=00\n# _version=1\n\nglobal\n")
    text = join(head, rest, 2)
    expected = hashlib.md5(b"# _version=2\n\nglobal\n").hexdigest()
    assert text == f"# _md5hash={expected}\n# _version=2\n\nglobal\n"
    assert split_header(text)[0].checksum == expected


def test_a_version_line_stays_where_it_is():
    text = "# one\n\n#  _version = 4  \n# two\nglobal\n"
    head, rest = split_header(text)
    assert rest == "# one\n\n# two\nglobal\n"
    assert join(head, rest, 5) == text.replace("= 4", "= 5")


@pytest.mark.parametrize(
    "text", ["global\n# _version=4\n", "# _version=x\n", "# _version=" + "9" * 16 + "\n"]
)
def test_lines_elsewhere_and_numbers_out_of_bounds_are_no_version(text):
    assert split_header(text) == (Head(), text)


def test_only_the_first_of_several_version_lines_is_the_version():
    text = "# _version=4\n# _version=9\nglobal\n"
    head, rest = split_header(text)
    assert (head.version, rest) == (4, "global\n")
    assert join(head, rest, 5) == "# _version=5\n# _version=9\nglobal\n"


def test_line_numbers_are_counted_without_the_own_lines():
    head, _ = split_header("# _md5hash=\n# mine\n# _version=3\nglobal\n")
    assert [head.below(line) for line in (2, 4)] == [1, 2]
