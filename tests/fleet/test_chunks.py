"""Contents in pieces: what is put is what is got, and a small change costs little."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataplane_plugins.fleet.records.chunks import MOST, Chunks, MissingContent, pieces_of
from dataplane_plugins.fleet.records.sealing import FleetKey, Forged
from tests.fleet.memory_store import MemoryCluster, MemoryStore

KEY = FleetKey(bytes(32), "shop")


def chunks_on(cluster: MemoryCluster, key: FleetKey = KEY) -> Chunks:
    return Chunks(MemoryStore(cluster), key)


def servers(count: int) -> str:
    lines = [f"  server s{n} 192.0.{n // 250}.{n % 250}:80 check weight {n % 256} maxconn 100\n" for n in range(count)]
    return "backend be\n" + "".join(lines)


def stored(cluster: MemoryCluster) -> int:
    return sum(len(key) + len(one.value) for key, one in cluster.entries.items())


@given(st.lists(st.binary(max_size=40), max_size=40), st.integers(0, 20_000))
def test_pieces_together_are_the_content(lines, filler):
    data = b"\n".join(lines) + b"x" * filler
    pieces = [*pieces_of(data)]
    assert b"".join(pieces) == data
    assert all(0 < len(piece) <= 2 * MOST for piece in pieces)


@pytest.mark.parametrize("size", [0, 1, 10_000, 3_000_000])
@pytest.mark.parametrize("lines", [True, False])
def test_another_member_gets_what_one_has_put(size, lines):
    chance, cluster = random.Random(size), MemoryCluster()
    data = chance.randbytes(size)
    if lines:
        data = data.hex("\n", 24).encode()
    address = chunks_on(cluster).put(data)
    other = chunks_on(cluster)
    assert other.address(data) == address
    assert other.get(address) == data
    assert {f"fleet/chunks/{name}" for name in other.names(address)} == set(cluster.entries)


def test_a_small_change_of_ten_thousand_servers_costs_less_than_ten_kilobytes():
    cluster, text = MemoryCluster(), servers(10_000)
    chunks, chance, costs = chunks_on(cluster), random.Random(1), []
    chunks.put(text.encode())
    for _ in range(40):
        line = chance.randrange(10_000)
        text = text.replace(f"server s{line} ", f"server t{line} ")
        before = stored(cluster)
        chunks.put(text.encode())
        costs.append(stored(cluster) - before)
    assert max(costs) < 10_000
    assert sum(costs) / len(costs) < 6_000


def test_a_piece_is_put_once():
    cluster, data = MemoryCluster(), servers(3_000).encode()
    chunks_on(cluster).put(data)
    mark = cluster.mark
    chunks_on(cluster).put(data)
    assert cluster.mark == mark


def test_strangers_read_nothing_and_put_nothing():
    cluster = MemoryCluster()
    address = chunks_on(cluster).put(servers(1_000).encode())
    assert not any(b"server" in one.value for one in cluster.entries.values())
    stranger = FleetKey(bytes(31) + b"1", "shop")
    with pytest.raises(Forged):
        chunks_on(cluster, stranger).get(address)
    first, second, *_ = sorted(cluster.entries)
    MemoryStore(cluster).transact([], {first.removeprefix("fleet/"): cluster.entries[second].value})
    with pytest.raises(Forged):
        chunks_on(cluster).get(address)


def test_what_is_missing_is_told():
    cluster = MemoryCluster()
    address = chunks_on(cluster).put(b"something")
    MemoryStore(cluster).transact([], {}, [key.removeprefix("fleet/") for key in cluster.entries])
    with pytest.raises(MissingContent, match="lacks a part"):
        chunks_on(cluster).get(address)


@pytest.mark.parametrize("address", ["", "x", "9abc", "-1"])
def test_what_is_no_address_is_none(address):
    with pytest.raises(Forged):
        chunks_on(MemoryCluster()).get(address)


def test_what_a_member_lacks_is_read_some_pieces_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster, asked = MemoryCluster(), list[int]()
    data = servers(10_000).encode()
    address = chunks_on(cluster).put(data)
    read = MemoryStore.read
    monkeypatch.setattr(MemoryStore, "read", lambda self, keys, prefixes=(): asked.append(len(keys)) or read(self, keys, prefixes))
    member = chunks_on(cluster)
    assert member.get(address) == data
    pieces = sum(asked)
    assert len(asked) <= pieces / 16 + 4, asked
    changed = data.replace(b"server s77 ", b"server x77 ").replace(b"server s7777 ", b"server x7777 ")
    address = chunks_on(cluster).put(changed)
    asked.clear()
    assert member.get(address) == changed
    assert sum(asked) < pieces / 4 and len(asked) <= 4, asked
