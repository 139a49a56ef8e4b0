"""The store etcd: its JSON gateway, by etcd3gw (etcd, gRPC gateway).

Marks are revisions: that of the last write of a key, and that of a list.
"""

import base64
import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dataplane_plugins.fleet.stores.address import StoreAddress
from dataplane_plugins.fleet.stores.etcd_answers import Compacted, answer_of
from dataplane_plugins.fleet.stores.etcd_user import EtcdUser
from dataplane_plugins.fleet.stores.etcd_watch import TOLERANCE, Watches
from dataplane_plugins.fleet.stores.members import ANSWER_TIMEOUT, CONNECT_TIMEOUT, Members
from dataplane_plugins.fleet.stores.protocol import (
    Condition,
    Credentials,
    Entry,
    Glance,
    Listing,
    StoreError,
    check_key,
    check_transaction,
    is_kept,
)

if TYPE_CHECKING:
    import requests
    from etcd3gw.client import Etcd3Client

_PAGE, _PAGE_OF_NAMES = 250, 5000
"""Entries of one answer."""
_SLICE = 10.0
"""Seconds of one watch: a member that falls silent is found out by the next."""
_LIMITS: Any = (CONNECT_TIMEOUT, ANSWER_TIMEOUT)
Tree = dict[str, Any]


class EtcdHold:
    """A key that is tied to a lease, which nothing else has."""

    def __init__(self, store: "EtcdStore", lease: str, key: str, mark: int) -> None:
        self.key, self.mark = key, mark
        self._store, self._lease = store, lease

    def renew(self) -> bool:
        """Keep the lease; another may have deleted the key meanwhile."""
        kept = self._store.post("lease/keepalive", {"ID": self._lease})
        if int(kept.get("TTL", 0)) <= 0:
            return False
        return is_kept(self._store, self)

    def release(self) -> None:
        self._store.revoke(self._lease)


class EtcdStore:
    """A cluster of etcd, from version 3.4 on."""

    largest = 1024 * 1024  # etcd takes 1.5 MiB
    most = 128

    def __init__(self, address: StoreAddress, credentials: Credentials) -> None:
        from etcd3gw.client import Etcd3Client  # an extra, which the server does without

        how: Tree = {"protocol": address.scheme, "api_path": "/v3/", "timeout": _LIMITS}

        def make(host: str, port: int, session: "requests.Session") -> Etcd3Client:
            return Etcd3Client(host, port, session=session, **how)

        self._members = Members(address, credentials, make)
        self._user = EtcdUser(credentials)
        self._watches = Watches()
        self._prefix = f"{address.prefix}/"

    def get(self, key: str) -> Entry | None:
        found = self.post("kv/range", {"key": self._name(key)}).get("kvs")
        return self._entry(found[0]) if found else None

    def list(self, prefix: str, names_only: bool = False) -> Listing:
        while True:
            try:
                return self._list(prefix, names_only)
            except Compacted:
                continue  # between two pages: the next list is of a newer revision

    def read(self, keys: Sequence[str], prefixes: Sequence[str] = ()) -> Glance:
        wanted: list[Tree] = [{"key": self._name(key)} for key in keys]
        wanted += [{**self._range(prefix), "limit": _PAGE} for prefix in prefixes]
        body = {"success": [{"request_range": one} for one in wanted]}
        answer = self.post("kv/txn", body)
        found = [one["response_range"] for one in answer["responses"]]
        entries = [one.get("kvs") for one in found[: len(keys)]]
        mark = int(answer["header"]["revision"])
        lists = {
            prefix: self.list(prefix) if one.get("more")
            else Listing(tuple(map(self._entry, one.get("kvs", ()))), mark)
            for prefix, one in zip(prefixes, found[len(keys) :], strict=True)
        }  # fmt: skip
        named = zip(keys, entries, strict=True)
        return Glance({key: self._entry(one[0]) if one else None for key, one in named}, lists)

    def transact(
        self,
        conditions: Sequence[Condition],
        puts: Mapping[str, bytes],
        deletes: Sequence[str] = (),
    ) -> bool:
        check_transaction(self, conditions, puts, deletes)
        writes = [{"request_put": self._put(key, value)} for key, value in puts.items()]
        gone = [self._name(key) for key in dict.fromkeys(deletes)]
        writes += [{"request_delete_range": {"key": key}} for key in gone]
        return self._transact(conditions, writes) > 0

    def wait(self, prefix: str, mark: int, seconds: float) -> int:
        if mark <= 0:
            return self._revision(prefix)
        wanted = {**self._range(prefix), "start_revision": str(mark + 1)}
        end, ended = time.monotonic() + seconds, self._watches.ended

        def watch(client: "Etcd3Client") -> int | None:
            until = min(end, time.monotonic() + _SLICE)
            return self._watches.wait(client, wanted, until, lambda: self._revision(prefix))

        while True:
            seen: int | None = self._ask(watch)
            if seen is not None:
                return seen
            if self._watches.ended != ended or time.monotonic() >= end - TOLERANCE:
                return mark

    def hold(self, key: str, value: bytes, seconds: int) -> EtcdHold | None:
        if self.get(key) is not None:
            return None  # no lease is made for each attempt
        lease = str(self.post("lease/grant", {"TTL": seconds, "ID": 0}, writes=True)["ID"])
        put = {"request_put": {**self._put(key, value), "lease": lease}}
        try:
            mark = self._transact([Condition(key)], [put])
        except StoreError:
            self._revoke_if_possible(lease)
            raise
        if not mark:
            self._revoke_if_possible(lease)
            return None
        return EtcdHold(self, lease, key, mark)

    def close(self) -> None:
        self._watches.end()
        self._members.close()

    def post(self, path: str, body: Tree, writes: bool = False) -> Tree:
        """Return the answer to a request."""
        answer: Tree = self._ask(lambda client: answer_of(client, path, body), writes=writes)
        return answer

    def revoke(self, lease: str) -> None:
        """Take a lease away with the key that is tied to it; one that is gone is none."""
        self.post("lease/revoke", {"ID": lease})

    def _ask(self, call: "Callable[[Etcd3Client], Any]", writes: bool = False) -> Any:
        return self._members.ask(lambda client: self._user.ask(client, call), writes)

    def _transact(self, conditions: Sequence[Condition], writes: Sequence[Tree]) -> int:
        """Return the revision of a transaction, or 0 where a condition did not hold."""
        equal = {"target": "MOD", "result": "EQUAL"}
        compare = [
            {"key": self._name(one.key), "mod_revision": str(one.mark), **equal}
            for one in conditions
        ]
        body = {"compare": compare, "success": writes, "failure": []}
        answer = self.post("kv/txn", body, writes=True)
        return int(answer["header"]["revision"]) if answer.get("succeeded") else 0

    def _list(self, prefix: str, names_only: bool) -> Listing:
        entries: list[Entry] = []
        wanted: Tree = self._range(prefix)
        wanted |= {"limit": _PAGE_OF_NAMES, "keys_only": True} if names_only else {"limit": _PAGE}
        while True:
            answer = self.post("kv/range", wanted)
            found = answer.get("kvs", [])
            entries += map(self._key if names_only else self._entry, found)
            wanted.setdefault("revision", answer["header"]["revision"])
            if not answer.get("more"):
                return Listing(tuple(entries), int(wanted["revision"]))
            wanted["key"] = _encoded(base64.b64decode(found[-1]["key"]) + b"\0")

    def _revision(self, prefix: str) -> int:
        """Return what the leader says to one who may read these keys."""
        answer = self.post("kv/range", {**self._range(prefix), "count_only": True})
        return int(answer["header"]["revision"])

    def _range(self, prefix: str) -> dict[str, str]:
        """Return the keys that begin so: up to the first one behind all of them."""
        begin = (self._prefix + prefix).encode()
        return {"key": _encoded(begin), "range_end": _encoded(begin[:-1] + bytes([begin[-1] + 1]))}

    def _entry(self, found: Tree) -> Entry:
        name = base64.b64decode(found["key"]).decode("utf-8", "replace")
        value = base64.b64decode(found.get("value", ""))
        return Entry(name.removeprefix(self._prefix), value, int(found["mod_revision"]))

    def _key(self, found: Tree) -> Entry:
        return replace(self._entry(found), mark=0)

    def _put(self, key: str, value: bytes) -> dict[str, str]:
        return {"key": self._name(key), "value": _encoded(value)}

    def _name(self, key: str) -> str:
        return _encoded((self._prefix + check_key(key)).encode())

    def _revoke_if_possible(self, lease: str) -> None:
        with contextlib.suppress(StoreError):  # it ends by itself
            self.revoke(lease)


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()
