"""Where a word is cut into host and port, and how it is put together again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataplane_core.errors import Invalid
from dataplane_core.grammar import Prop, Reading
from dataplane_core.grammar.address import Address

PORT = Prop("port", "integer", minimum=1, maximum=65535)
LISTEN = Address(Prop("address"), PORT, Prop("end", "integer", minimum=1, maximum=65535))
SERVER = Address(Prop("address", required=True), PORT)
PEER = Address(Prop("address", required=True), PORT, brackets=False)


def read(term, word):
    reading = Reading()
    assert term.read([word], 0, reading) == 1
    return reading


@pytest.mark.parametrize(
    ("term", "word", "values"),
    [
        (SERVER, "10.0.0.1:80", ("10.0.0.1", 80)),
        (SERVER, "10.0.0.1", ("10.0.0.1",)),
        (SERVER, "[::1]:80", ("::1", 80)),
        (SERVER, "[2001:db8::1]", ("2001:db8::1",)),
        (SERVER, "[fe80::1%eth0]:80", ("fe80::1%eth0", 80)),
        (SERVER, "unix@/run/a.sock", ("unix@/run/a.sock",)),
        (SERVER, "abns@name", ("abns@name",)),
        (SERVER, "ipv4@10.0.0.1:80", ("ipv4@10.0.0.1", 80)),
        (SERVER, "ipv6@[::1]:80", ("ipv6@[::1]", 80)),
        (SERVER, "fd@3", ("fd@3",)),
        (SERVER, "${HOST}:80", ("${HOST}", 80)),
        (SERVER, '"${HOST}:80"', ('"${HOST}:80"',)),
        (SERVER, "10.0.0.1:+100", ("10.0.0.1:+100",)),
        (SERVER, "10.0.0.1:0", ("10.0.0.1:0",)),
        (SERVER, "10.0.0.1:65536", ("10.0.0.1:65536",)),
        (SERVER, "10.0.0.1:80-90", ("10.0.0.1:80-90",)),
        (SERVER, ":80", (":80",)),
        (LISTEN, ":80", (None, 80)),
        (LISTEN, "*:80", ("*", 80)),
        (LISTEN, ":80-90", (None, 80, 90)),
        (LISTEN, "10.0.0.1:80-90", ("10.0.0.1", 80, 90)),
        (LISTEN, ":80,:443", (":80,", 443)),
        (PEER, "[::1]:80", ("[::1]", 80)),
        (PEER, "::1:80", ("::1", 80)),
    ],
)
def test_both_ways(term, word, values):
    names = [prop.name for prop in term.props]
    expected = {
        name: value for name, value in zip(names, values, strict=False) if value is not None
    }
    reading = read(term, word)
    assert reading.values == expected
    assert term.write(reading.values, {}) == [word]


def test_the_last_colon_separates_the_port():
    assert read(LISTEN, ":::80").values == {"address": "::", "port": 80}
    assert LISTEN.write({"address": "::", "port": 80}, {}) == ["[::]:80"]


def test_a_word_keeps_its_spelling_while_its_values_stay():
    reading = read(LISTEN, ":::80")
    assert LISTEN.write({**reading.values, "other": 1}, reading.layout) == [":::80"]
    assert LISTEN.write({"address": "::", "port": 81}, reading.layout) == ["[::]:81"]


@pytest.mark.parametrize(
    "values", [{}, {"port": 80, "address": "a b"}, {"port": 80, "address": "a#"}]
)
def test_what_cannot_be_written(values):
    with pytest.raises(Invalid, match="address"):
        SERVER.write(values, {})


def test_what_is_missing():
    assert [problem.path for problem in SERVER.problems({"port": 80})] == ["address"]
    assert [problem.path for problem in LISTEN.problems({})] == ["address"]
    assert [problem.path for problem in LISTEN.problems({"address": "*", "end": 90})] == ["port"]
    assert not list(LISTEN.problems({"port": 80}))


@given(st.ip_addresses(), st.integers(1, 65535))
def test_any_host_and_port_come_back(host, port):
    values = {"address": str(host), "port": port}
    for term in (LISTEN, SERVER):
        assert read(term, term.write(values, {})[0]).values == values


def test_an_empty_host_is_a_missing_one():
    term = Address(Prop("host", required=True), Prop("port", "integer"))
    assert [one.path for one in term.problems({"host": "", "port": 80})] == ["host"]
    with pytest.raises(Invalid, match="host in body is required"):
        term.write({"host": "", "port": 80}, {})


def test_other_digits_are_no_port():
    assert read(SERVER, "a:٨٠").values == {"address": "a:٨٠"}
