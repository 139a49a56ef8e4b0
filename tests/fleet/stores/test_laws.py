"""What holds of every store: of the double in memory, and of real ones where they are installed."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from dataplane_plugins.fleet.stores import ABSENT, Condition, Entry, KeyValueStore, StoreRefused
from tests.fleet.stores.kinds import KINDS, Opener, in_background
from tests.harness.waiting import PATIENCE, until

THREADS, STEPS = 8, 12


@pytest.fixture(params=KINDS)
def opened(request: pytest.FixtureRequest) -> Opener:
    return KINDS[request.param]()


@pytest.fixture
def store(opened: Opener) -> KeyValueStore:
    return opened()


def put(store: KeyValueStore, key: str, value: bytes) -> int:
    """Write a value, and return its mark."""
    assert store.transact([], {key: value})
    entry = store.get(key)
    assert entry is not None and entry.value == value
    return entry.mark


def test_what_is_written_is_read_until_it_is_deleted(opened: Opener) -> None:
    store, other = opened(), opened()
    assert store.get("a/b") is None
    first = put(store, "a/b", b"one")
    assert other.get("a/b") == Entry("a/b", b"one", first) and first > 0
    assert put(other, "a/b", b"one") > first
    assert store.transact([], {}, ["a/b", "a/never"])
    assert store.get("a/b") is other.get("a/b") is None


@pytest.mark.parametrize("value", [b"", b"\0", bytes(range(256)), "\u00e4\u2028".encode(), b'{"a": 1}\n'])
def test_a_value_is_any_bytes(store: KeyValueStore, value: bytes) -> None:
    put(store, "any", value)
    assert [one.value for one in store.list("any").entries] == [value]


@pytest.mark.parametrize("key", ["Größe/ü", "日本/語", "a b", "a?b#c%2F&d=e+f;g", 'x"\\y', "a:b@c[d]", "~.-_!*'(),"])
def test_a_key_is_any_words(store: KeyValueStore, key: str) -> None:
    mark = put(store, key, b"x")
    assert store.list(key[:1]).entries == (Entry(key, b"x", mark),)
    assert store.transact([Condition(key, mark)], {}, [key]) and store.get(key) is None


def test_a_list_has_what_begins_so_in_the_order_of_keys(store: KeyValueStore) -> None:
    keys = [f"n/{one}" for one in ("10", "2", "b", "ä", "~")]
    for key in random.sample(keys, len(keys)):
        put(store, key, key.encode())
    put(store, "m", b"")
    put(store, "n", b"")
    put(store, "o", b"")
    listed = store.list("n/")
    assert [one.key for one in listed.entries] == sorted(keys, key=str.encode)
    assert [one.value.decode() for one in listed.entries] == [one.key for one in listed.entries]
    assert all(one == store.get(one.key) and one.mark <= listed.mark for one in listed.entries)
    assert store.list("n", names_only=True).entries == tuple(
        Entry(key, b"", 0) for key in ["n", *sorted(keys, key=str.encode)]
    )
    assert len(store.list("").entries) == 8 and store.list("p").entries == ()


def test_a_mark_grows_over_deletion(store: KeyValueStore) -> None:
    first = put(store, "a", b"1")
    assert store.transact([Condition("a", first)], {}, ["a"])
    assert put(store, "a", b"1") > first
    assert not store.transact([Condition("a", first)], {"a": b"2"})


def test_conditions_are_all_or_nothing(store: KeyValueStore) -> None:
    one, two = put(store, "one", b"1"), put(store, "two", b"2")
    false = [
        [Condition("one", two)], [Condition("one", ABSENT)], [Condition("three", one)],
        [Condition("one", one), Condition("two", one)], [Condition("three"), Condition("two")],
    ]  # fmt: skip
    for conditions in false:
        assert not store.transact(conditions, {"one": b"x", "three": b"x"}, ["two"])
    assert store.list("").entries == (Entry("one", b"1", one), Entry("two", b"2", two))
    true = [Condition("one", one), Condition("two", two), Condition("three")]
    assert store.transact(true, {"one": b"x", "three": b"x"}, ["two"])
    assert [(entry.key, entry.value) for entry in store.list("").entries] == [("one", b"x"), ("three", b"x")]


def test_a_transaction_may_ask_alone(store: KeyValueStore) -> None:
    mark = put(store, "a", b"1")
    assert store.transact([], {}) and store.transact([Condition("a", mark), Condition("b")], {})
    assert not store.transact([Condition("a")], {}) and not store.transact([Condition("b", mark)], {}, ["a"])
    assert store.list("").entries == (Entry("a", b"1", mark),)


def test_one_transaction_is_one_moment(opened: Opener) -> None:
    """A list never has a part of a transaction."""
    store, other, stop = opened(), opened(), threading.Event()
    names = [f"pair/{number}" for number in range(5)]

    def write() -> None:
        for step in range(40):
            store.transact([], dict.fromkeys(names, str(step).encode()))
        stop.set()

    ended = in_background(write)
    while not stop.is_set():
        listed = other.list("pair/").entries
        assert len({one.value for one in listed}) <= 1 and len(listed) in (0, len(names))
    ended()


def test_compare_and_swap_loses_nothing(opened: Opener) -> None:
    put(opened(), "count", b"0")

    def count(_: int) -> int:
        store, done = opened(), 0
        while done < STEPS:
            now = store.get("count")
            assert now is not None
            done += store.transact([Condition("count", now.mark)], {"count": b"%d" % (int(now.value) + 1)})
        return done

    with ThreadPoolExecutor(THREADS) as pool:
        assert sum(pool.map(count, range(THREADS))) == THREADS * STEPS
    last = opened().get("count")
    assert last is not None and int(last.value) == THREADS * STEPS


def test_one_store_serves_many_threads(store: KeyValueStore) -> None:
    def work(number: int) -> list[bytes]:
        for step in range(STEPS):
            assert store.transact([], {f"of/{number}": b"%d" % step})
        return [one.value for one in store.list(f"of/{number}").entries]

    with ThreadPoolExecutor(THREADS) as pool:
        assert list(pool.map(work, range(THREADS))) == [[b"%d" % (STEPS - 1)]] * THREADS


def test_who_waits_is_woken_by_a_change(opened: Opener) -> None:
    store, other = opened(), opened()
    put(store, "a/1", b"")
    mark = store.list("a/").mark
    for change in (
        lambda: other.transact([], {"a/2": b""}),
        lambda: other.transact([], {"a/2": b"x"}),
        lambda: other.transact([], {}, ["a/2"]),
    ):
        woken = in_background(lambda mark=mark: store.wait("a/", mark, PATIENCE))
        assert change()
        mark, old = woken(), mark
        assert mark > old


def test_no_change_between_a_list_and_a_wait_is_missed(opened: Opener) -> None:
    store, other = opened(), opened()
    put(store, "a/1", b"")
    for change in ({"a/1": b"x"}, {"a/2": b""}):
        mark = store.list("a/").mark
        other.transact([], change)
        assert store.wait("a/", mark, PATIENCE) > mark
    mark = store.list("a/").mark
    other.transact([], {}, ["a/1"])
    assert store.wait("a/", mark, PATIENCE) > mark


def test_who_waits_above_is_woken_by_a_change_far_below(opened: Opener) -> None:
    store, other = opened(), opened()
    mark = put(store, "a/b/c", b"1")
    for change in ({"a/b/c": b"2"}, {"a/b/d": b"3"}, {"a/b/d": b"4"}):
        mark = max(mark, store.list("").mark)
        woken = in_background(lambda mark=mark: store.wait("", mark, PATIENCE))
        assert other.transact([], change)
        assert woken() > mark


def test_a_wait_without_a_change_ends(store: KeyValueStore) -> None:
    put(store, "a/1", b"")
    mark = store.list("a/").mark
    put(store, "b/1", b"")
    assert store.wait("a/", mark, 0.1) == mark


def test_a_wait_from_the_beginning_ends_at_once(store: KeyValueStore) -> None:
    assert store.wait("nothing/", 0, PATIENCE) > 0
    put(store, "a/1", b"")
    mark = store.wait("a/", 0, PATIENCE)
    assert mark > 0 and store.wait("a/", store.list("a/").mark, 0.1) > 0


def test_who_follows_sees_the_last_of_many_changes(opened: Opener) -> None:
    store, last = opened(), b"99"

    def follow() -> list[bytes]:
        seen, reader = [], opened()
        while seen[-1:] != [last]:
            listed = reader.list("head")
            seen += [one.value for one in listed.entries]
            if seen[-1:] != [last]:
                reader.wait("head", listed.mark, PATIENCE)
        return seen

    followers = [in_background(follow) for _ in range(3)]
    for number in range(100):
        assert store.transact([], {"head": b"%d" % number})
    for ended in followers:
        seen = [int(one) for one in ended()]
        assert seen == sorted(seen)


def test_a_hold_is_one_ones_alone(opened: Opener) -> None:
    store, other = opened(), opened()
    hold = store.hold("leader", b"one", 10)
    assert hold is not None and other.hold("leader", b"two", 10) is None
    assert other.get("leader") == Entry("leader", b"one", hold.mark) and hold.key == "leader"
    assert hold.renew()
    mark = other.list("leader").mark
    hold.release()
    assert other.wait("leader", mark, PATIENCE) > mark and other.get("leader") is None
    assert not hold.renew()
    hold.release()
    taken = other.hold("leader", b"two", 10)
    assert taken is not None and taken.mark > hold.mark
    hold.release()
    assert not hold.renew() and taken.renew()


def test_a_hold_that_is_not_renewed_is_taken_over(opened: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dataplane_plugins.fleet.stores.consul.LEAST_SECONDS", 1)
    store, other = opened(), opened()
    hold = store.hold("leader", b"one", 1)
    assert hold is not None
    mark = 0
    while other.get("leader") is not None:
        mark = other.wait("leader", mark, PATIENCE)
    assert not hold.renew()
    taken = other.hold("leader", b"two", 10)
    assert taken is not None and not hold.renew()
    assert other.get("leader") == Entry("leader", b"two", taken.mark)


def test_a_hold_is_lost_with_its_key(opened: Opener) -> None:
    store, other = opened(), opened()
    hold = store.hold("leader", b"one", 10)
    assert hold is not None and other.transact([], {}, ["leader"])
    assert not hold.renew()
    assert other.hold("leader", b"two", 10) is not None


def test_only_the_holder_writes_under_its_mark(opened: Opener) -> None:
    store, other = opened(), opened()
    old = store.hold("leader", b"one", 10)
    assert old is not None and store.transact([Condition("leader", old.mark)], {"work": b"1"})
    old.release()
    new = other.hold("leader", b"two", 10)
    assert new is not None
    assert not store.transact([Condition("leader", old.mark)], {"work": b"2"})
    assert other.transact([Condition("leader", new.mark)], {"work": b"3"})


def test_the_largest_value_is_taken_and_a_larger_transaction_is_refused(store: KeyValueStore) -> None:
    value = random.Random(1).randbytes(store.largest - 100)
    put(store, "large", value)
    with pytest.raises(StoreRefused, match="large"):
        store.transact([], {"large": b"", "larger": b"x" * (2 * store.largest)})
    entry = store.get("large")
    assert entry is not None and entry.value == value


def test_a_transaction_has_so_many_parts_at_most(store: KeyValueStore) -> None:
    keys = [f"many/{number}" for number in range(store.most)]
    half = len(keys) // 2
    assert store.transact([Condition(key) for key in keys[:half]], dict.fromkeys(keys[:half], b"x"))
    assert len(store.list("many/").entries) == half
    with pytest.raises(StoreRefused):
        store.transact([Condition(key) for key in keys], dict.fromkeys(keys, b"x"))
    assert len(store.list("many/").entries) == half


def test_a_key_is_not_put_and_deleted_in_one(store: KeyValueStore) -> None:
    with pytest.raises(ValueError, match="put and deleted"):
        store.transact([], {"a": b""}, ["a"])


def test_a_closed_store_can_be_used_again(store: KeyValueStore) -> None:
    put(store, "a", b"1")
    store.close()
    assert until(lambda: store.get("a")) is not None


def test_many_keys_and_lists_are_read_at_once(store: KeyValueStore) -> None:
    first, second = put(store, "a/1", b"one"), put(store, "b/1", b"")
    found = store.read(["a/1", "a/none", "b/1"], ["b/", "c/"])
    assert found.entries == {"a/1": Entry("a/1", b"one", first), "a/none": None, "b/1": Entry("b/1", b"", second)}
    assert {prefix: one.entries for prefix, one in found.listings.items()} == {
        "b/": (Entry("b/1", b"", second),), "c/": (),
    }  # fmt: skip
    assert all(one.mark > 0 for one in found.listings.values())
