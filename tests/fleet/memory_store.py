"""A store in memory with what real ones do: marks, conditions, holds, and ways to fail.

A cluster is shared by the stores that are opened on it, as nodes share a real one.
"""

import threading
import time
from collections.abc import Mapping, Sequence

from dataplane_plugins.fleet.stores import (
    Condition,
    Entry,
    Glance,
    Listing,
    StoreRefused,
    StoreUnreachable,
    Undecided,
    check_key,
    check_transaction,
    read_in_turn,
)


class MemoryCluster:
    """What all stores on it share, and the faults that they are to have."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}
        self.leases: dict[str, tuple[float, float]] = {}
        """When a held key vanishes, and how many seconds it is renewed for."""
        self.changes: list[tuple[int, str]] = []
        self.mark = 1
        self.oldest = 0
        """The mark from which on changes are known: what is older was compacted."""
        self.changed = threading.Condition(threading.RLock())
        self.is_down = False
        self.refusal = ""
        self.lost_answers = 0
        """So many writes are carried out and end as `Undecided`."""
        self.lost_requests = 0
        """So many writes are not carried out and end as `Undecided`."""
        self._ahead = 0.0

    def now(self) -> float:
        return time.monotonic() + self._ahead

    def pass_time(self, seconds: float) -> None:
        """Let the store's clock go on: what is not renewed in time is gone."""
        with self.changed:
            self._ahead += seconds
            self.expire()

    def compact(self) -> None:
        """Forget which changes there were."""
        with self.changed:
            self.oldest, self.changes = self.mark, []

    def go_back(self, entries: Mapping[str, Entry], mark: int) -> None:
        """Be as an older backup is."""
        with self.changed:
            self.entries, self.mark, self.changes, self.oldest = dict(entries), mark, [], mark
            self.leases = {}
            self.changed.notify_all()

    def expire(self) -> None:
        gone = [key for key, (end, _) in self.leases.items() if end <= self.now()]
        if gone:
            self.write({}, gone)

    def write(self, puts: Mapping[str, bytes], deletes: Sequence[str]) -> None:
        present = [key for key in deletes if key in self.entries]
        if not puts and not present:
            return
        self.mark += 1
        for key in present:
            del self.entries[key]
        for key, value in puts.items():
            self.entries[key] = Entry(key, value, self.mark)
        for key in (*present, *puts):
            self.leases.pop(key, None)
            self.changes.append((self.mark, key))
        self.changed.notify_all()


class MemoryHold:
    """A key of a cluster that is there while it is renewed."""

    def __init__(self, store: "MemoryStore", key: str, mark: int) -> None:
        self.key, self.mark, self._store = key, mark, store

    def renew(self) -> bool:
        cluster = self._store.reach()
        with cluster.changed:
            cluster.expire()
            if not self._is_there():
                return False
            seconds = cluster.leases[self._name][1]
            cluster.leases[self._name] = cluster.now() + seconds, seconds
            return True

    def release(self) -> None:
        cluster = self._store.reach()
        with cluster.changed:
            if self._is_there():
                cluster.write({}, [self._name])

    @property
    def _name(self) -> str:
        return self._store.name(self.key)

    def _is_there(self) -> bool:
        entry = self._store.cluster.entries.get(self._name)
        return entry is not None and entry.mark == self.mark


class MemoryStore:
    """A `KeyValueStore` on a cluster in memory; `is_cut_off` makes this one alone unreachable."""

    largest, most = 384 * 1024, 64

    def __init__(self, cluster: MemoryCluster | None = None, prefix: str = "fleet") -> None:
        self.cluster = cluster or MemoryCluster()
        self.prefix = prefix
        self.is_cut_off = False

    def get(self, key: str) -> Entry | None:
        cluster = self.reach()
        with cluster.changed:
            cluster.expire()
            entry = cluster.entries.get(self.name(key))
        return entry and Entry(key, entry.value, entry.mark)

    def list(self, prefix: str, names_only: bool = False) -> Listing:
        cluster, begin = self.reach(), f"{self.prefix}/"
        with cluster.changed:
            cluster.expire()
            found = sorted(key for key in cluster.entries if key.startswith(begin + prefix))
            entries = [cluster.entries[key] for key in found]
            mark = cluster.mark
        return Listing(
            tuple(
                Entry(one.key.removeprefix(begin), *((b"", 0) if names_only else (one.value, one.mark)))
                for one in entries
            ),
            mark,
        )

    def read(self, keys: Sequence[str], prefixes: Sequence[str] = ()) -> Glance:
        return read_in_turn(self, keys, prefixes)

    def transact(
        self,
        conditions: Sequence[Condition],
        puts: Mapping[str, bytes],
        deletes: Sequence[str] = (),
    ) -> bool:
        check_transaction(self, conditions, puts, deletes)
        cluster = self.reach()
        named = {self.name(key): value for key, value in puts.items()}
        gone = [self.name(key) for key in deletes]
        with cluster.changed:
            cluster.expire()
            if cluster.lost_requests:
                cluster.lost_requests -= 1
                raise Undecided("the answer is lost")
            if cluster.refusal:
                raise StoreRefused(cluster.refusal)
            if not all(self._holds(one) for one in conditions):
                return False
            cluster.write(named, gone)
            if cluster.lost_answers:
                cluster.lost_answers -= 1
                raise Undecided("the answer is lost")
        return True

    def wait(self, prefix: str, mark: int, seconds: float) -> int:
        cluster, begin = self.reach(), f"{self.prefix}/{prefix}"
        end = time.monotonic() + seconds
        with cluster.changed:
            while True:
                cluster.expire()
                self.reach()
                if not cluster.oldest <= mark <= cluster.mark or mark == 0:
                    return cluster.mark
                newer = [at for at, key in cluster.changes if at > mark and key.startswith(begin)]
                if newer:
                    return max(newer)
                ends = [end - time.monotonic()]
                ends += [one - cluster.now() for one, _ in cluster.leases.values()]
                if ends[0] <= 0:
                    return mark
                cluster.changed.wait(max(0.0, min(ends)))

    def hold(self, key: str, value: bytes, seconds: int) -> MemoryHold | None:
        cluster, name = self.reach(), self.name(key)
        with cluster.changed:
            if not self.transact([Condition(key)], {key: value}):
                return None
            cluster.leases[name] = cluster.now() + seconds, float(seconds)
            return MemoryHold(self, key, cluster.entries[name].mark)

    def close(self) -> None:
        pass

    def name(self, key: str) -> str:
        return f"{self.prefix}/{check_key(key)}"

    def reach(self) -> MemoryCluster:
        """The cluster, if it can be reached now."""
        if self.cluster.is_down or self.is_cut_off:
            raise StoreUnreachable("the store does not answer")
        return self.cluster

    def _holds(self, condition: Condition) -> bool:
        entry = self.cluster.entries.get(self.name(condition.key))
        return (entry.mark if entry else 0) == condition.mark
