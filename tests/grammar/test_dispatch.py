"""Branches of a choice by the first word."""

from dataplane_core.grammar import Reading, case, dispatch, seq, word

SEEN = dispatch(
    "who", case("client"), case("hdr({name})"), case("", seq(word("host")), value="host")
)


def read(text: str) -> dict:
    reading = Reading()
    assert SEEN.read(text.split(), 0, reading) == len(text.split())
    return reading.values


def test_an_empty_head_reads_what_no_other_branch_takes():
    assert read("client") == {"who": "client"}
    assert read("hdr(x)") == {"who": "hdr", "name": "x"}
    assert read("10.0.0.1") == {"who": "host", "host": "10.0.0.1"}
    assert SEEN.prop.enum == ("client", "hdr", "host")


def test_an_empty_head_is_chosen_by_its_value():
    assert SEEN.write({"who": "host", "host": "a"}, {}) == ["a"]
    assert [one.path for one in SEEN.problems({"who": "host"})] == ["host"]
    assert [one.path for one in SEEN.problems({"who": "client", "host": "a"})] == ["host"]
