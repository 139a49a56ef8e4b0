import pytest

from dataplane_core.haproxy.addresses import (
    GlobalLines,
    SocketAddress,
    by_process,
    global_lines,
    parse,
    stats_sockets,
)
from dataplane_core.text import Document, split_words
from dataplane_core.text.language import Language


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("/run/haproxy.sock", SocketAddress(path="/run/haproxy.sock")),
        ("unix@/run/h.sock", SocketAddress(path="/run/h.sock")),
        ("unix@h.sock", SocketAddress(path="h.sock")),
        ("abns@name", SocketAddress(path="\0name")),
        ("127.0.0.1:9999", SocketAddress(host="127.0.0.1", port=9999)),
        ("ipv4@127.0.0.1:9999", SocketAddress(host="127.0.0.1", port=9999)),
        ("*:9999", SocketAddress(host="127.0.0.1", port=9999)),
        (":9999", SocketAddress(host="127.0.0.1", port=9999)),
        ("ipv6@:::9999", SocketAddress(host="::1", port=9999)),
        ("[::1]:9999", SocketAddress(host="::1", port=9999)),
        ("ipv6@::1:9999", SocketAddress(host="::1", port=9999)),
        ("fd@3", None),
        ("sockpair@4", None),
        ("nonsense", None),
    ],
)
def test_addresses_are_read_as_haproxy_spells_them(text: str, address: SocketAddress | None) -> None:
    assert parse(text) == address


def lines(text: str) -> list[tuple[str, ...]]:
    return [tuple(split_words(line)) for line in text.splitlines()]


def test_sockets_of_one_process_stand_together_the_most_permitting_first() -> None:
    sockets = stats_sockets(
        lines(
            "maxconn 100\nstats timeout 5s\nstats socket\n"
            "stats socket /run/user.sock level user\n"
            'stats socket "/run/a b.sock" mode 600 level admin expose-fd listeners # mine\n'
            "stats socket /run/operator.sock"
        )
    )
    paths = [[one.address.path for one in group] for group in by_process(sockets)]
    assert paths == [["/run/a b.sock", "/run/operator.sock", "/run/user.sock"]]


def test_each_process_has_its_own_socket() -> None:
    sockets = stats_sockets(
        lines(
            "stats socket /run/2.sock process 2 level admin\n"
            "stats socket /run/1.sock level admin process 1\nstats socket /run/any.sock process all"
        )
    )
    paths = [[one.address.path for one in group] for group in by_process(sockets)]
    assert paths == [["/run/1.sock"], ["/run/2.sock"]]


def test_lines_come_from_every_global_section() -> None:
    text = "global\n  daemon\ndefaults\n  mode http\nglobal\n  stats socket /x\n"
    document = Document.parse(text, Language({"global", "defaults"}))
    assert [tokens for tokens in global_lines(document) if tokens] == [
        ("daemon",),
        ("stats", "socket", "/x"),
    ]


def test_lines_are_read_once_in_each_document() -> None:
    language = Language({"global"})
    documents = [Document.parse(f"global\n  stats socket /s{number}\n", language) for number in range(2)]
    lines = GlobalLines(lambda: documents[0])
    assert lines() is lines()
    assert lines() == [("stats", "socket", "/s0")]
    documents.reverse()
    assert lines() == [("stats", "socket", "/s1")]
