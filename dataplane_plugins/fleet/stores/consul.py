"""Consul's key-value store, by py-consul (Consul, HTTP API).

Marks are indexes: that of the last write of a key, and that of a list.
"""

import base64
import contextlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from random import getrandbits
from typing import Any

from dataplane_plugins.fleet.stores.address import StoreAddress
from dataplane_plugins.fleet.stores.consul_answers import Answered, check_rollback, facts_of
from dataplane_plugins.fleet.stores.members import Members
from dataplane_plugins.fleet.stores.protocol import (
    ABSENT,
    Condition,
    Credentials,
    Entry,
    Glance,
    Listing,
    StoreError,
    check_key,
    check_transaction,
    is_kept,
    read_in_turn,
)

LEAST_SECONDS = 10
"""What Consul takes as the time of a session, as it is configured by default."""
_SLICE = 5.0
"""Seconds of one request of a wait, so that `close` has somebody return soon."""
Tree = dict[str, Any]


class ConsulHold:
    """A key that a session has locked, which deletes it when it ends."""

    def __init__(self, store: "ConsulStore", session: str, key: str, mark: int) -> None:
        self.key, self.mark = key, mark
        self._store, self._session = store, session

    def renew(self) -> bool:
        """Keep the session; another may have deleted the key meanwhile."""
        if self._store.put(f"session/renew/{self._session}").status == 404:
            return False
        return is_kept(self._store, self)

    def release(self) -> None:
        self._store.end(self._session)


class ConsulStore:
    """The servers of a datacenter, asked through one agent or several."""

    largest = 380 * 1024  # a request is 512 KiB, in which values are a third longer
    most = 64

    def __init__(self, address: StoreAddress, credentials: Credentials) -> None:
        from dataplane_plugins.fleet.stores.consul_client import client_maker

        self._members: Members[Any] = Members(
            address, credentials, client_maker(address.scheme, credentials)
        )
        self._token = credentials.token
        self._prefix = f"{address.prefix}/"
        self._closed = 0

    def get(self, key: str) -> Entry | None:
        found = self._get(f"kv/{self._name(key)}", consistent="").facts
        return self._entry(found[0]) if found else None

    def list(self, prefix: str, names_only: bool = False) -> Listing:
        if names_only:
            told = self._get(self._below(prefix), keys="", consistent="")
            names = [str(name).removeprefix(self._prefix) for name in told.facts or ()]
            return Listing(tuple(Entry(name, b"", 0) for name in names), told.index)
        told = self._get(self._below(prefix), recurse="", consistent="")
        return Listing(tuple(map(self._entry, told.facts or ())), told.index)

    def read(self, keys: Sequence[str], prefixes: Sequence[str] = ()) -> Glance:
        return read_in_turn(self, keys, prefixes)

    def transact(
        self,
        conditions: Sequence[Condition],
        puts: Mapping[str, bytes],
        deletes: Sequence[str] = (),
    ) -> bool:
        check_transaction(self, conditions, puts, deletes)
        writes = [self._set(key, value) for key, value in puts.items()]
        writes += [{"Verb": "delete", "Key": self._name(key)} for key in deletes]
        return self._transact(conditions, writes) is not None

    def wait(self, prefix: str, mark: int, seconds: float) -> int:
        end, closed = time.monotonic() + seconds, self._closed
        while True:
            left = min(_SLICE, max(0.001, end - time.monotonic()))
            at = {"index": str(mark), "wait": f"{left * 1000:.0f}ms"} if mark > 0 else {}
            index = self._get(self._below(prefix), keys="", separator="/", **at).index
            if index != mark or closed != self._closed or time.monotonic() >= end:
                return index

    def hold(self, key: str, value: bytes, seconds: int) -> ConsulHold | None:
        if self.get(key) is not None:
            return None  # no session is made for each attempt
        body = {"TTL": f"{max(LEAST_SECONDS, seconds)}s", "LockDelay": "0s", "Behavior": "delete",
                "NodeChecks": [], "Name": "fleet"}  # fmt: skip
        session = str(self.put("session/create", body, "ID").facts["ID"])
        lock = {**self._set(key, value), "Verb": "lock", "Session": session}
        try:
            written = self._transact([Condition(key)], [lock])
        except StoreError:
            self._end_if_possible(session)
            raise
        if written is None:
            self._end_if_possible(session)
            return None
        return ConsulHold(self, session, key, int(written[-1]["KV"]["ModifyIndex"]))

    def close(self) -> None:
        self._closed += 1
        self._members.close()

    def put(self, path: str, body: object = None, told: str = "") -> Answered:
        """Return the answer to a request that puts something, and has the word `told` in it."""
        where, data = f"/v1/{path}", json.dumps(body) if body is not None else ""
        return self._ask(
            lambda client: client.http.put(Answered.of, where, data=data),
            lambda answer: not told or told in answer.facts,
            writes=bool(told),
        )

    def end(self, session: str) -> None:
        """Take a session away with the key that it has locked; one that is gone is none."""
        self.put(f"session/destroy/{session}")

    def _end_if_possible(self, session: str) -> None:
        with contextlib.suppress(StoreError):  # it ends by itself
            self.end(session)

    def _transact(
        self, conditions: Sequence[Condition], writes: Sequence[Tree]
    ) -> tuple[Tree, ...] | None:
        """Return what was written, or None where a condition did not hold."""
        checks: list[Tree] = [
            {"Verb": "check-not-exists", "Key": self._name(one.key)}
            if one.mark == ABSENT
            else {"Verb": "check-index", "Key": self._name(one.key), "Index": one.mark}
            for one in conditions
        ]
        told = self.put("txn", [{"KV": one} for one in (*checks, *writes)], "Results")
        if told.status == 409:
            check_rollback(told.facts, len(checks), self._token)
            return None
        return tuple(told.facts.get("Results") or ())

    def _get(self, path: str, **query: str) -> Answered:
        where, params = f"/v1/{path}", list(query.items())
        return self._ask(
            lambda client: client.http.get(Answered.of, where, params),
            lambda answer: answer.index > 0 or not path.startswith("kv/"),
        )

    def _ask(
        self,
        call: Callable[[Any], Answered],
        fits: Callable[[Answered], bool],
        writes: bool = False,
    ) -> Answered:
        return self._members.ask(lambda client: facts_of(client, call, fits, self._token), writes)

    def _below(self, prefix: str) -> str:
        return f"kv/{self._prefix}{prefix}"

    def _entry(self, found: Tree) -> Entry:
        name = str(found["Key"]).removeprefix(self._prefix)
        return Entry(name, base64.b64decode(found["Value"] or ""), int(found["ModifyIndex"]))

    def _set(self, key: str, value: bytes) -> Tree:
        """Return a write; its flags differ from all others', or Consul keeps an index."""
        data = base64.b64encode(value).decode()
        return {"Verb": "set", "Key": self._name(key), "Value": data, "Flags": getrandbits(63)}

    def _name(self, key: str) -> str:
        return self._prefix + check_key(key)
