"""What a store says when it is not reached, when it falls silent, and when an answer is lost."""

import http.server
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from dataplane_plugins.fleet.stores import (
    Condition,
    Credentials,
    KeyValueStore,
    StoreUnreachable,
    Undecided,
    UnusableStore,
    open_store,
)
from tests.fleet.stores.kinds import KINDS, in_background, port_of
from tests.fleet.stores.proxy import Proxy
from tests.harness.server import free_port
from tests.harness.waiting import PATIENCE, until

REAL = [kind for kind in KINDS if kind != "memory"]
ACTIONS: dict[str, tuple[Any, ...]] = {
    "get": ("a",), "list": ("",), "transact": ([], {"a": b"2"}), "wait": ("", 1, PATIENCE), "hold": ("b", b"", 10),
}  # fmt: skip


class Between:
    """A store behind a proxy, and the same one without."""

    def __init__(self, kind: str, proxy: Proxy) -> None:
        self.kind, self.proxy, self.direct = kind, proxy, KINDS[kind]()()
        prefix = self.direct._prefix.strip("/")
        self.url = f"{kind}://127.0.0.1:{proxy.port}/{prefix}"
        self.store: Any = open_store(self.url)


@pytest.fixture(params=REAL)
def between(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Between]:
    KINDS[request.param]()
    monkeypatch.setattr("dataplane_plugins.fleet.stores.etcd._LIMITS", (2.0, 0.3))
    monkeypatch.setattr("dataplane_plugins.fleet.stores.consul_client.ANSWER_TIMEOUT", 0.3)
    monkeypatch.setattr("dataplane_plugins.fleet.stores.etcd_watch.ANSWER_TIMEOUT", 0.3)
    monkeypatch.setattr("dataplane_plugins.fleet.stores.consul._SLICE", 0.1)
    with Proxy(port_of(request.param)) as proxy:
        yield Between(request.param, proxy)


def test_a_write_whose_answer_is_lost_is_undecided(between: Between) -> None:
    between.proxy.mode = "answer"
    with pytest.raises(Undecided, match="ended the connection instead of an answer"):
        between.store.transact([Condition("a")], {"a": b"1"})
    assert until(lambda: between.direct.get("a")).value == b"1", "it was there all the same"
    between.proxy.mode = ""
    assert not between.store.transact([Condition("a")], {"a": b"2"})


def test_a_write_that_is_lost_on_the_way_is_undecided(between: Between) -> None:
    between.proxy.mode = "request"
    with pytest.raises(Undecided):
        between.store.transact([], {"a": b"1"})
    between.proxy.mode = ""
    assert between.store.get("a") is between.direct.get("a") is None


def test_a_silent_store_is_given_up(between: Between) -> None:
    between.proxy.mode = "silent"
    for name, given in ACTIONS.items():
        error = Undecided if name == "transact" else StoreUnreachable
        with pytest.raises(error, match="gives no answer within"):
            getattr(between.store, name)(*given)
    between.proxy.cut()
    between.proxy.mode = ""
    assert between.store.transact([], {"a": b"1"})


def test_a_hold_whose_answer_is_lost_is_given_back(between: Between, monkeypatch: pytest.MonkeyPatch) -> None:
    ask = between.store._ask

    def losing(*given: Any, writes: bool = False) -> Any:
        between.proxy.mode = "answer" if writes and True in made else ""
        try:
            return ask(*given, writes=writes)
        finally:
            made.append(writes)
            between.proxy.mode = ""

    made: list[bool] = []
    monkeypatch.setattr(between.store, "_ask", losing)
    with pytest.raises(Undecided):
        between.store.hold("leader", b"", 60)
    assert until(lambda: between.direct.get("leader") is None)
    assert made.count(True) == 2


def test_a_cut_connection_ends_a_wait(between: Between) -> None:
    mark = between.direct.list("").mark
    waiting = in_background(lambda: between.store.wait("a", mark, PATIENCE))
    until(lambda: between.proxy._open)
    between.proxy.cut()
    try:
        assert waiting() >= mark
    except StoreUnreachable as error:
        assert "ended" in error.reason


@pytest.mark.parametrize("kind", REAL)
def test_a_store_that_is_not_there_is_unreachable(kind: str) -> None:
    KINDS[kind]()
    ports = free_port(), free_port()
    store = open_store(f"{kind}://127.0.0.1:{ports[0]},127.0.0.1:{ports[1]}/x")
    told = "; ".join(f"{kind} at 127.0.0.1:{port} refuses connections" for port in ports)
    for name, given in ACTIONS.items():
        with pytest.raises(StoreUnreachable) as error:
            getattr(store, name)(*given)
        assert sorted(error.value.reason.split("; ")) == sorted(told.split("; "))
    with pytest.raises(StoreUnreachable, match="no address is known"):
        open_store(f"{kind}://nowhere.invalid/x").get("a")


def test_the_next_member_is_asked(between: Between) -> None:
    first, last = free_port(), between.proxy.port
    url = between.url.replace(str(last), f"{first},127.0.0.1:{last}")
    store: KeyValueStore = open_store(url)
    assert store.transact([Condition("a")], {"a": b"1"}), "what was not sent is sent to another one"
    assert store.get("a") == between.direct.get("a")
    assert store.hold("h", b"", 10) is not None and store.wait("", 0, PATIENCE) > 0


class SomethingElse(http.server.BaseHTTPRequestHandler):
    """A server that is no store."""

    answers = [(200, b"<html>"), (200, b"{}"), (200, b"[1"), (502, b"<html>Bad gateway"), (307, b""), (200, b""), (200, b'{"header": {}}')]
    number = 0

    def do_POST(self) -> None:
        status, body = self.answers[self.number % len(self.answers)]
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(status)
        self.send_header("Location", "http://127.0.0.1:1/")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_PUT = do_POST  # noqa: N815

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def else_port() -> Iterator[int]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), SomethingElse) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server.server_port
        server.shutdown()


@pytest.mark.parametrize("kind", REAL)
@pytest.mark.parametrize("number", range(len(SomethingElse.answers)))
def test_something_else_is_no_store(kind: str, number: int, else_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    KINDS[kind]()
    monkeypatch.setattr(SomethingElse, "number", number)
    store = open_store(f"{kind}://127.0.0.1:{else_port}/x")
    for name, given in ACTIONS.items():
        with pytest.raises(Undecided if name == "transact" else StoreUnreachable) as error:
            getattr(store, name)(*given)
        assert "\n" not in error.value.reason


def test_what_the_caller_is_at_says_nothing_of_a_request(between: Between) -> None:
    """Python chains what is raised to what is being handled; a write after a refused read is still undecided."""
    nowhere = open_store(f"{between.kind}://127.0.0.1:{free_port()}/x")
    between.proxy.mode = "answer"
    try:
        nowhere.get("a")
    except StoreUnreachable:
        with pytest.raises(Undecided):
            between.store.transact([], {"a": b"1"})
    assert until(lambda: between.direct.get("a")).value == b"1"


@pytest.mark.parametrize("kind", REAL)
def test_a_token_that_is_none_is_told_at_once(kind: str) -> None:
    with pytest.raises(UnusableStore, match="characters that no token has"):
        open_store(f"{kind}://127.0.0.1/x", Credentials(token="a\nb"))
