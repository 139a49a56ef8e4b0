"""Several clients with stale views, with and without `rebase`: no accepted change is ever lost.

The model holds what the accepted changes give in the order in which they were accepted. A change
that is refused has to overlap with one that was accepted since its client last looked.
"""

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.api.support import Api
from tests.changes.support import V3, WholeApi

BACKENDS = ("one", "two")
SERVERS = ("s1", "s2", "s3", "s4")
TEXT = "".join(
    f"backend {name}  # {name}\n  balance roundrobin\n\n  # the first\n  server s1 192.0.2.1:80 weight 1\n"
    "  server s2 192.0.2.2:80\n\n"
    for name in BACKENDS
)
PROPS = {"weight": st.integers(1, 3), "maxconn": st.integers(1, 3), "inter": st.integers(1, 3)}

Key = tuple[str, str]
Servers = dict[Key, dict[str, Any]]


@dataclass
class Client:
    """One client: the version that it has seen, the servers in that, an open transaction.

    `first` are the servers when the transaction began, `edits` what it has changed since.
    """

    version: int = 1
    seen: Servers = field(default_factory=dict)
    transaction: str = ""
    first: Servers = field(default_factory=dict)
    edits: list[tuple[Key, dict[str, Any] | None]] = field(default_factory=list)


def read(api: Api, **query: Any) -> Servers:
    found = {}
    for backend in BACKENDS:
        answer = api.call("GET", f"{V3}/backends/{backend}/servers", **query)
        assert answer.status_code == 200, answer.text
        found |= {(backend, one["name"]): one for one in answer.json}
    return found


def altered(old: dict[str, Any] | None, new: dict[str, Any] | None) -> set[str]:
    names = {*(old or {}), *(new or {})}
    return {name for name in names if (old or {}).get(name) != (new or {}).get(name)}


class Merges(RuleBasedStateMachine):
    """Clients of one server, which change servers of two backends."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(mkdtemp(prefix="merges-"))
        self.api = WholeApi(self.folder, TEXT)
        self.model = read(self.api)
        self.clients = [Client(1, dict(self.model)) for _ in range(3)]

    def teardown(self) -> None:
        self.api.app.services.state.shutdown()
        shutil.rmtree(self.folder)

    @rule(who=st.integers(0, 2))
    def look(self, who: int) -> None:
        client = self.clients[who]
        if not client.transaction:
            client.version, client.seen = self.api.version, dict(self.model)

    @rule(who=st.integers(0, 2))
    def begin(self, who: int) -> None:
        client = self.clients[who]
        if client.transaction:
            return
        client.version, client.seen, client.edits = self.api.version, dict(self.model), []
        client.first = dict(self.model)
        begun = self.api.call("POST", "/v3/services/haproxy/transactions", version=client.version)
        client.transaction = begun.json["id"]

    @rule(who=st.integers(0, 2), backend=st.sampled_from(BACKENDS), name=st.sampled_from(SERVERS),
          deed=st.sampled_from(["set", "set", "set", "delete"]), values=st.fixed_dictionaries({}, optional=PROPS),
          rebase=st.booleans())  # fmt: skip
    def change(
        self, who: int, backend: str, name: str, deed: str, values: dict[str, int], rebase: bool
    ) -> None:
        client, key = self.clients[who], (backend, name)
        old = client.seen.get(key)
        if deed == "delete" and old is None:
            return
        new = None if deed == "delete" else {"name": name, "address": "192.0.2.9", **(old or {}), **values}
        if old == new:
            return
        above = f"{V3}/backends/{backend}/servers"
        method = "DELETE" if new is None else "PUT" if old else "POST"
        path = above if method == "POST" else f"{above}/{name}"
        query: dict[str, Any] = {"transaction_id": client.transaction} if client.transaction else {"version": client.version}
        if rebase and not client.transaction:
            query["rebase"] = "true"
        answer = self.api.call(method, path, new, **query)
        if client.transaction:
            assert answer.status_code in (202, 204, 400), answer.text
            if answer.status_code != 400:  # it is open still
                client.edits.append((key, new))
                self._see(client, key, new)
            return
        self._judge(client, answer, [(key, old, new)], rebase)

    @rule(who=st.integers(0, 2), rebase=st.booleans())
    def commit(self, who: int, rebase: bool) -> None:
        client = self.clients[who]
        if not client.transaction:
            return
        query = {"rebase": "true"} if rebase else {}
        changes = [(key, client.first.get(key), client.seen.get(key)) for key, _ in client.edits]
        answer = self.api.call("PUT", f"/v3/services/haproxy/transactions/{client.transaction}", **query)
        self._judge(client, answer, [*{one[0]: one for one in changes}.values()], rebase)
        self.api.call("DELETE", f"/v3/services/haproxy/transactions/{client.transaction}")
        client.transaction, client.edits = "", []
        client.version, client.seen = self.api.version, dict(self.model)

    def _judge(self, client: Client, answer: Any, changes: list[tuple[Key, Any, Any]], rebase: bool) -> None:
        """Hold an answer against the model: changes are keys with what they were and are to be."""
        stale = self.api.version - (answer.status_code < 400) != client.version
        if answer.status_code < 400:
            assert rebase or not stale
            for key, old, new in changes:
                self._accept(key, old, new)
            if not client.transaction:
                client.version, client.seen = self.api.version, dict(self.model)
            return
        assert answer.status_code in (406, 409), answer.text
        assert stale
        if rebase and answer.status_code == 409:
            assert any(self._overlaps(*change) for change in changes), answer.text

    def _accept(self, key: Key, old: dict[str, Any] | None, new: dict[str, Any] | None) -> None:
        if new is None:
            self.model.pop(key, None)
            return
        merged = {**self.model.get(key, {})}
        for name in altered(old, new):
            merged.pop(name, None)
            if name in new:
                merged[name] = new[name]
        self.model[key] = merged

    def _overlaps(self, key: Key, old: dict[str, Any] | None, new: dict[str, Any] | None) -> bool:
        """Whether somebody has changed what a change touches, otherwise than the change does."""
        now = self.model.get(key)
        if old is not None and (now is None or new is None):
            return now not in (old, new)
        since = altered(old, now) & altered(old, new)
        return any((now or {}).get(name) != (new or {}).get(name) for name in since)

    @staticmethod
    def _see(client: Client, key: Key, new: dict[str, Any] | None) -> None:
        client.seen = {**client.seen}
        if new is None:
            client.seen.pop(key, None)
        else:
            client.seen[key] = new

    @invariant()
    def what_was_accepted_is_there(self) -> None:
        assert read(self.api) == self.model

    @invariant()
    def what_nobody_touched_stays(self) -> None:
        text = self.api.text
        assert all(f"backend {name}  # {name}\n  balance roundrobin\n" in text for name in BACKENDS)


Merges.TestCase.settings = settings(max_examples=12, stateful_step_count=15)
TestMerges = Merges.TestCase
