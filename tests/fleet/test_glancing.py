"""What is read again and again is read at once, and never older than what was written since."""

import pytest

from dataplane_plugins.fleet.records.glancing import GlancingStore
from dataplane_plugins.fleet.stores import Entry, Glance, Listing, StoreUnreachable
from tests.fleet.memory_store import MemoryStore


class Counted(MemoryStore):
    """A store that notes what it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def get(self, key: str) -> Entry | None:
        self.asked.append(f"get {key}")
        return super().get(key)

    def list(self, prefix: str, names_only: bool = False) -> Listing:
        self.asked.append(f"list {prefix}")
        return super().list(prefix, names_only)

    def read(self, keys: object, prefixes: object = ()) -> Glance:
        noted = len(self.asked)
        found = super().read(keys, prefixes)  # type: ignore[arg-type]
        del self.asked[noted:]
        self.asked.append(f"read {' '.join([*keys, *prefixes])}")  # type: ignore[call-overload]
        return found


@pytest.fixture
def store() -> Counted:
    return Counted()


def look(glancing: GlancingStore) -> list[object]:
    with glancing.at_once():
        return [glancing.get("control/head"), glancing.list("control/jobs/").entries, glancing.get("revisions/1")]


def test_what_was_read_one_by_one_is_read_at_once_the_next_time(store: Counted) -> None:
    glancing = GlancingStore(store)
    store.transact([], {"control/head": b"one", "control/jobs/a": b"job", "revisions/1": b"text"})
    first = look(glancing)
    assert store.asked == ["get control/head", "list control/jobs/", "get revisions/1"]
    store.asked.clear()
    assert look(glancing) == first
    assert store.asked == ["read control/head control/jobs/", "get revisions/1"]


def test_a_change_between_two_looks_is_seen_and_one_within_is_not(store: Counted) -> None:
    glancing = GlancingStore(store)
    look(glancing)
    store.transact([], {"control/head": b"one"})
    with glancing.at_once():
        before = glancing.get("control/head")
        store.transact([], {"control/head": b"two"})
        assert before is not None and before.value == b"one" and glancing.get("control/head") == before
    with glancing.at_once():
        after = glancing.get("control/head")
        assert after is not None and after.value == b"two"


def test_after_a_write_or_when_told_so_everything_is_read_anew(store: Counted) -> None:
    glancing = GlancingStore(store)
    for end in (lambda: glancing.transact([], {"control/head": b"mine"}), glancing.look_again):
        look(glancing)
        with glancing.at_once():
            glancing.get("control/head")
            end()
            store.transact([], {"control/head": b"theirs"})
            found = glancing.get("control/head")
            assert found is not None and found.value == b"theirs"


def test_a_body_within_a_body_sees_the_same(store: Counted) -> None:
    glancing = GlancingStore(store)
    look(glancing)
    store.asked.clear()
    with glancing.at_once(), glancing.at_once():
        glancing.get("control/head")
    assert store.asked == ["read control/head control/jobs/"]


def test_a_store_that_is_away_is_asked_the_same_when_it_is_back(store: Counted) -> None:
    glancing = GlancingStore(store)
    look(glancing)
    store.is_cut_off = True
    with pytest.raises(StoreUnreachable):
        look(glancing)
    store.is_cut_off = False
    assert look(glancing) == [None, (), None]
    assert glancing.get("control/head") is None
