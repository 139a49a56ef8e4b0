"""Heads and bodies of requests, taken apart in pieces of any size."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataplane_core.server.body_budget import BodyBudget
from dataplane_core.server.body_framing import BadFramingError, ChunkedFraming, LengthFraming
from dataplane_core.server.head_buffer import HeadBuffer, HeadLimits
from dataplane_core.server.refusals import RefusedRequest
from dataplane_core.server.request_body import BodyWanted, BudgetSpentError, RequestBody
from dataplane_core.server.request_head import CHUNKED, parse_head

LIMITS = HeadLimits(line=100, fields=3, fields_bytes=200)


def cut(raw: bytes, places: list[int]) -> list[bytes]:
    ends = sorted({place % (len(raw) + 1) for place in places} | {len(raw)})
    return [raw[start:end] for start, end in zip([0, *ends], ends, strict=False) if end > start]


def heads_of(pieces: list[bytes]) -> tuple[list[bytes], bytes]:
    """All heads of what comes in pieces, and what is left; no body follows any."""
    buffer, found = HeadBuffer(LIMITS), []
    for piece in pieces:
        head = buffer.feed(piece)
        while head is not None:
            found.append(head)
            head = buffer.feed(buffer.rest) if buffer.rest else None
    return found, buffer.rest


@given(st.lists(st.integers(0, 200), max_size=8))
def test_heads_are_found_however_they_are_cut(places: list[int]) -> None:
    heads = [b"GET / HTTP/1.1\r\nA: b\r\n\r\n", b"PUT /x HTTP/1.1\r\n\r\n", b"GET / HTTP/1.0\r\n\r\n"]
    raw = heads[0] + b"\r\n" + heads[1] + heads[2]
    assert heads_of(cut(raw, places)) == (heads, b"")


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"GET /" + b"x" * 100, 414),
        (b"GET /" + b"x" * 100 + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nA: " + b"x" * 250, 431),
        (b"GET / HTTP/1.1\r\nA: " + b"x" * 250 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + b"A: x\r\n" * 4, 431),
        (b"GET / HTTP/1.1\r\n" + b"A: x\r\n" * 4 + b"\r\n", 431),
        (b"GET / HTTP/1.1\n", 400),
        (b"GET / HTTP/1.1\r\nA: b\n", 400),
        (b"\n", 400),
        (b"\x16\x03\x01", 400),
        (b"\r\n\r\n\r\n\r\n", None),
    ],
)
def test_a_head_is_refused_as_soon_as_it_cannot_be_one(raw: bytes, status: int | None) -> None:
    for pieces in ([raw], [raw[n : n + 1] for n in range(len(raw))]):
        buffer = HeadBuffer(LIMITS)
        if status is None:
            with pytest.raises(RefusedRequest):
                for piece in pieces:
                    if head := buffer.feed(piece):
                        parse_head(head)
            continue
        with pytest.raises(RefusedRequest) as caught:
            for piece in pieces:
                buffer.feed(piece)
        assert caught.value.status == status


@pytest.mark.parametrize("fields_bytes", [193, 200])
def test_what_is_just_within_the_limits_is_taken(fields_bytes: int) -> None:
    value = b"x" * (fields_bytes - 3)
    raw = b"GET /" + b"x" * 86 + b" HTTP/1.1\r\nA: " + value + b"\r\n\r\n"
    for size in (1, 7, len(raw)):
        pieces = [raw[n : n + size] for n in range(0, len(raw), size)]
        assert heads_of(pieces) == ([raw], b"")


@pytest.mark.parametrize(
    ("first", "fields", "status"),
    [
        ("get / HTTP/1.1", "", 400),
        ("GET / HTTP/2.0", "", 400),
        ("PRI * HTTP/2.0", "", 400),
        ("GET /", "", 400),
        ("GET  / HTTP/1.1", "", 400),
        ("GET / HTTP/1.1 ", "", 400),
        ("GET * HTTP/1.1", "", 400),
        ("GET host:1 HTTP/1.1", "", 400),
        ("GET http://[ HTTP/1.1", "", 400),
        ("GET /\xff HTTP/1.1", "", 400),
        ("GET / HTTP/1.1", "A : b", 400),
        ("GET / HTTP/1.1", " A: b", 400),
        ("GET / HTTP/1.1", "A: b\r\n c", 400),
        ("GET / HTTP/1.1", "A: b\nB: c", 400),
        ("GET / HTTP/1.1", "A: b\rB: c", 400),
        ("GET / HTTP/1.1", "A: \x00", 400),
        ("GET / HTTP/1.1", "A: \x7f", 400),
        ("GET / HTTP/1.1", "\xe9: b", 400),
        ("GET / HTTP/1.1", "A", 400),
        ("GET / HTTP/1.1", "Host: a\r\nHost: a", 400),
        ("GET / HTTP/1.1", "Content-Type: a\r\ncontent-type: a", 400),
        ("GET / HTTP/1.1", "Expect: what", 417),
        ("POST / HTTP/1.1", "Content-Length: 1\r\nContent-Length: 1", 400),
        ("POST / HTTP/1.1", "Content-Length: 1, 1", 400),
        ("POST / HTTP/1.1", "Content-Length: +1", 400),
        ("POST / HTTP/1.1", "Content-Length: -1", 400),
        ("POST / HTTP/1.1", "Content-Length: 0x1", 400),
        ("POST / HTTP/1.1", "Content-Length:", 400),
        ("POST / HTTP/1.1", "Content-Length: 99999999999999999999999", 400),
        ("POST / HTTP/1.1", "Content-Length: 1\r\nTransfer-Encoding: chunked", 400),
        ("POST / HTTP/1.1", "Transfer-Encoding: chunked\r\nContent-Length: 1", 400),
        ("POST / HTTP/1.0", "Transfer-Encoding: chunked", 400),
        ("POST / HTTP/1.1", "Transfer-Encoding: what", 501),
        ("POST / HTTP/1.1", "Transfer-Encoding: gzip, chunked", 501),
        ("POST / HTTP/1.1", "Transfer-Encoding: xchunked", 501),
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(first: str, fields: str, status: int) -> None:
    raw = f"{first}\r\n{fields}\r\n\r\n" if fields else f"{first}\r\n\r\n"
    with pytest.raises(RefusedRequest) as caught:
        parse_head(raw.encode("latin-1"))
    assert caught.value.status == status
    assert fields.strip() not in str(caught.value) or not fields


def head(first: str, *fields: str):  # type: ignore[no-untyped-def]
    return parse_head("\r\n".join([first, *fields, "", ""]).encode("latin-1"))


def test_what_a_head_says() -> None:
    made = head("GET /a%2Fb%C3%A9?x=%20#y HTTP/1.1", "Host: h", "accept: a", "ACCEPT: b \t",
                "A_b: dropped", "Content-Type: t")  # fmt: skip
    assert (made.method, made.target, made.minor) == ("GET", "/a%2Fb%C3%A9?x=%20#y", 1)
    assert (made.path, made.query) == ("/a/b\xc3\xa9", "x=%20")
    assert made.fields == {"HTTP_HOST": "h", "HTTP_ACCEPT": "a,b", "CONTENT_TYPE": "t"}
    assert (made.length, made.keeps, made.continues) == (0, True, False)
    assert head("FOO http://h/p?q HTTP/1.1").path == "/p"
    assert head("GET http://h HTTP/1.1").path == ""
    assert head("OPTIONS * HTTP/1.1").path == "*"
    assert not head("CONNECT h:1 HTTP/1.1").keeps


def test_fields_that_came_before_say_the_same() -> None:
    fields = ("Host: h", "Authorization: Basic x", "Content-Length: 3", "Connection: close")
    before = head("POST /a HTTP/1.1", *fields)
    again = head("PUT /b?c HTTP/1.1", *fields)
    assert (again.method, again.path, again.query) == ("PUT", "/b", "c")
    assert again.fields == before.fields
    assert (again.length, again.keeps) == (before.length, before.keeps) == (3, False)
    assert head("POST /a HTTP/1.1", *fields, "Accept: d").fields["HTTP_ACCEPT"] == "d"
    for _ in range(2):
        with pytest.raises(RefusedRequest):
            head("POST /a HTTP/1.1", *fields, "Host: other")


@pytest.mark.parametrize(
    ("version", "connection", "keeps"),
    [("1.1", "", True), ("1.1", "close", False), ("1.1", "x, Close", False), ("1.0", "", False),
     ("1.0", "keep-alive", True), ("1.0", "close, keep-alive", False), ("1.1", "upgrade", True)],
)  # fmt: skip
def test_when_a_client_wants_to_keep_its_connection(
    version: str, connection: str, keeps: bool
) -> None:
    made = head(f"GET / HTTP/{version}", f"Connection: {connection}", "Upgrade: h2c")
    assert made.keeps is keeps


def test_bodies_that_a_head_announces() -> None:
    assert head("POST / HTTP/1.1", "Content-Length: 007").length == 7
    assert head("POST / HTTP/1.1", "Transfer-Encoding: Chunked").length == CHUNKED
    assert head("POST / HTTP/1.1", "Connection: upgrade", "Upgrade: h", "Content-Length: 7").length == 7
    assert head("POST / HTTP/1.1", "Expect: 100-Continue", "Content-Length: 7").continues
    assert not head("POST / HTTP/1.0", "Expect: 100-continue", "Content-Length: 7").continues


@given(
    st.lists(st.binary(min_size=1, max_size=20), max_size=5),
    st.lists(st.integers(0, 300), max_size=8),
)
def test_chunks_are_joined_however_they_are_cut(parts: list[bytes], places: list[int]) -> None:
    raw = b"".join(b"%X;a=\"b\"\r\n%s\r\n" % (len(part), part) for part in parts)
    raw += b"0\r\nX-Trailer: y\r\n\r\n" + b"GET / HTTP/1.1\r\n"
    framing, body = ChunkedFraming(100), b""
    rest = b""
    for piece in cut(raw, places):
        if framing.done:
            rest += piece
        else:
            body += framing.feed(piece)
    assert body == b"".join(parts)
    assert framing.rest + rest == b"GET / HTTP/1.1\r\n"


@pytest.mark.parametrize(
    "raw",
    [
        b"zz\r\n", b"\r\n", b"0x1\r\na\r\n", b"-1\r\n", b"+1\r\na\r\n", b"1 \r\na\r\n", b" 1\r\na\r\n",
        b"1\na\r\n", b"1\r\nab\r\n", b"1\r\na\n0\r\n\r\n", b"1\r\na\r0\r\n\r\n", b"1;\r\na\r\n",
        b"1;a=\x00\r\na\r\n", b"00000000000000001\r\na\r\n", b"1" * 9000, b"0\r\nHost: x\r\n\r\n",
        b"0\r\nContent-Length: 1\r\n\r\n", b"0\r\nA : b\r\n\r\n", b"0\r\nA: b\n\r\n", b"0\r\n A: b\r\n\r\n",
        b"0\r\n" + b"A: b\r\n" * 129 + b"\r\n", b"0\r\nA: " + b"x" * 300 + b"\r\n\r\n",
    ],
)  # fmt: skip
def test_bad_chunks_are_refused(raw: bytes) -> None:
    for pieces in ([raw], [raw[n : n + 1] for n in range(len(raw))]):
        framing = ChunkedFraming(200)
        with pytest.raises(BadFramingError):
            for piece in pieces:
                framing.feed(piece)


def gathered(body: bytes, rest: bytes = b"", failed: bool = False) -> RequestBody:
    """A body as it is once the loop has gathered it."""
    made = RequestBody(LengthFraming(len(body)), b"", BodyBudget(1 << 20), None)
    made.want()
    made.add(made.framing.feed(body + rest))
    made.failed = failed
    made.rewind()
    return made


def test_a_body_is_read_as_from_a_file() -> None:
    text = b"one\ntwo\n\nthree"
    assert gathered(text).read() == text
    assert gathered(text).read(None) == text
    assert list(gathered(text)) == io.BytesIO(text).readlines() == gathered(text).readlines()
    for size in (1, 2, 5, 100):
        ours, real = gathered(text), io.BytesIO(text)
        assert [ours.read(size) for _ in range(20)] == [real.read(size) for _ in range(20)]
        ours, real = gathered(text), io.BytesIO(text)
        assert [ours.readline(size) for _ in range(20)] == [real.readline(size) for _ in range(20)]
    body = gathered(text, b"GET")
    assert body.read() == text
    assert body.rest == b"GET"


def test_a_body_that_breaks_off_stays_broken() -> None:
    body = gathered(b"one\ntw", failed=True)
    assert body.readline() == b"one\n"
    assert body.read(2) == b"tw"
    for _ in range(2):
        with pytest.raises(ConnectionResetError):
            body.read()
        with pytest.raises(ConnectionResetError):
            body.readline()


def test_a_body_that_has_not_come_is_wanted_first() -> None:
    body = RequestBody(LengthFraming(10), b"abc", BodyBudget(8), None)
    for read in (body.read, body.readline, body.readlines):
        with pytest.raises(BodyWanted):
            read()
    with pytest.raises(BodyWanted) as wanted:
        body.demand(5)
    assert wanted.value.most == 5
    assert body.rest == b"abc"
    body.failed = True
    with pytest.raises(ConnectionResetError):
        body.demand(5)


def test_bodies_share_a_budget_and_give_it_back() -> None:
    budget = BodyBudget(8)
    first, second = (RequestBody(LengthFraming(10), b"", budget, None) for _ in range(2))
    first.add(b"12345")
    first.want()
    second.want()
    with pytest.raises(BudgetSpentError):
        second.add(b"1234")
    second.add(b"123")
    assert budget.taken == 8
    first.close()
    first.close()
    second.add(b"45678")
    second.close()
    assert budget.taken == 0
