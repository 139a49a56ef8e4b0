"""What Consul alone does: tokens, an index that goes backwards, sessions, environment variables."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dataplane_plugins.fleet.stores import (
    Credentials,
    StoreRefused,
    StoreUnreachable,
    Undecided,
    open_store,
)
from tests.discovery.agent import ACCESS_CONTROL, MANAGEMENT, Consul
from tests.fleet.stores.certificates import write_certificates
from tests.fleet.stores.kinds import consul, consul_agent, in_background, quick_folder
from tests.harness.server import free_port
from tests.harness.waiting import PATIENCE, until

pytest.importorskip("consul", reason="py-consul is not installed here: the extra `fleet` brings it")

ACTIONS: dict[str, tuple[Any, ...]] = {
    "get": ("a",), "list": ("",), "transact": ([], {"a": b"2"}), "wait": ("", 0, PATIENCE), "hold": ("b", b"", 10),
}  # fmt: skip


@pytest.fixture
def store() -> Any:
    return consul()()


@pytest.fixture
def guarded() -> Iterator[Consul]:
    """An agent that refuses what no token allows."""
    with Consul(quick_folder(), ACCESS_CONTROL, MANAGEMENT) as agent:
        yield agent


def test_a_token_may_what_its_policy_says(guarded: Consul, monkeypatch: pytest.MonkeyPatch) -> None:
    rules = 'key_prefix "fleet/" { policy = "write" } session_prefix "" { policy = "write" }'
    guarded.ask("PUT", "acl/policy", {"Name": "fleet", "Rules": rules})
    made = guarded.ask("PUT", "acl/token", {"Policies": [{"Name": "fleet"}]})
    guarded.ask("PUT", "kv/other/x", "")
    token = Credentials(token=made["SecretID"])
    monkeypatch.setenv("CONSUL_HTTP_TOKEN", "11111111-2222-4111-8111-111111111111")
    monkeypatch.setenv("CONSUL_HTTP_ADDR", "127.0.0.1:1")
    address = f"consul://127.0.0.1:{guarded.port}/"
    store = open_store(f"{address}fleet", token)
    assert store.transact([], {"a": b"1"})
    hold = store.hold("alive/n", b"", 10)
    assert hold is not None and hold.renew()
    hold.release()
    for where, who in ((f"{address}other", token), (f"{address}fleet", Credentials(token=MANAGEMENT[:-1] + "2"))):
        other = open_store(where, who)
        for name, given in ACTIONS.items():
            with pytest.raises(StoreRefused, match="Permission denied|ACL not found|has the right to a part") as told:
                getattr(other, name)(*given)
            assert who.token not in told.value.reason
    monkeypatch.delenv("CONSUL_HTTP_TOKEN")
    with pytest.raises(StoreRefused, match="Permission denied"):
        open_store(f"{address}fleet").transact([], {"a": b"2"})


def test_an_older_backup_wakes_who_waits_with_an_older_index(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dataplane_plugins.fleet.stores.consul._SLICE", 0.3)
    with Consul(quick_folder()) as agent:
        store = open_store(f"consul://127.0.0.1:{agent.port}/fleet")
        assert store.transact([], {"a": b"old"})
        backup = agent.raw("GET", "snapshot")
        for number in range(20):
            assert store.transact([], {"a": b"%d" % number})
        mark = store.list("a").mark
        waiting = in_background(lambda: store.wait("a", mark, PATIENCE))
        agent.raw("PUT", "snapshot", backup)
        assert waiting() < mark
        entry = store.get("a")
        assert entry is not None and entry.value == b"old"
        assert store.wait("a", mark, PATIENCE) < mark, "and who comes later"


def test_an_agent_that_is_silent_or_dead_is_told(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dataplane_plugins.fleet.stores.consul_client.ANSWER_TIMEOUT", 0.5)
    with Consul(quick_folder()) as agent:
        both = f"127.0.0.1:{agent.port},127.0.0.1:{consul_agent().port}"
        one, two = open_store(f"consul://127.0.0.1:{agent.port}/x"), open_store(f"consul://{both}/x")
        assert one.transact([], {"a": b"1"})
        assert agent.process is not None
        agent.process.send_signal(signal.SIGSTOP)
        with pytest.raises(StoreUnreachable, match="gives no answer"):
            one.get("a")
        with pytest.raises(Undecided, match="gives no answer"):
            one.transact([], {"a": b"2"})
        assert two.get("a") is None, "the other one has been asked, which is another store here"
        agent.process.send_signal(signal.SIGCONT)
        assert until(lambda: one.get("a"))
    with pytest.raises(StoreUnreachable, match="refuses connections"):
        one.get("a")


def test_close_wakes_who_waits_soon(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dataplane_plugins.fleet.stores.consul._SLICE", 0.1)
    assert store.transact([], {"a": b"1"})
    mark = store.list("a").mark
    asked: list[str] = []
    get = store._get
    monkeypatch.setattr(store, "_get", lambda path, **query: asked.append(path) or get(path, **query))
    waiting = in_background(lambda: store.wait("a", mark, PATIENCE))
    until(lambda: len(asked) > 1)
    store.close()
    assert waiting() == mark


def test_a_child_makes_connections_of_its_own(store: Any) -> None:
    assert store.transact([], {"a": b"parent"})
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.write(writing, store.get("a").value)
        store.close()
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reading, 100) == b"parent"
    os.close(reading), os.close(writing)
    assert store.transact([], {"a": b"again"})


def test_a_hold_takes_ten_seconds_at_least(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    bodies: list[Any] = []
    put = store.put
    monkeypatch.setattr(store, "put", lambda path, body=None, told="": bodies.append(body) or put(path, body, told))
    for seconds, told in ((1, "10s"), (30, "30s")):
        hold = store.hold("leader", b"", seconds)
        assert hold is not None and bodies[0]["TTL"] == told
        hold.release()
        bodies.clear()


def test_tls_and_its_certificates(tmp_path: Path) -> None:
    files, port = write_certificates(tmp_path), free_port()
    configuration = f"""
    ports {{ https = {port} }}
    tls {{ https {{ ca_file = "{files.ca}" cert_file = "{files.certificate}" key_file = "{files.key}"
                    verify_incoming = true }} }}
    """
    with Consul(quick_folder(), configuration):
        where = f"consuls://127.0.0.1:{port}/x"
        store = open_store(where, Credentials(ca=files.ca, certificate=files.certificate, key=files.key))
        assert store.transact([], {"a": b"1"}) and store.get("a") is not None
        with pytest.raises(StoreUnreachable, match="certificate that is not trusted"):
            open_store(where).get("a")
        with pytest.raises(StoreUnreachable):
            open_store(where, Credentials(ca=files.ca)).get("a")
