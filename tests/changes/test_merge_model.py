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
RULES = f"{V3}/frontends/fe/http_request_rules"
PATHS = ("/a", "/b", "/c", "/d")
HAND = "global\n  maxconn {}\n"
TEXT = "global\n  maxconn 100\n\n" + HAND.format(1) + "\nfrontend fe\n" + "".join(
    f"  http-request deny if {{ path {path} }}\n  # behind {path}\n  bind :80{at}\n" for at, path in enumerate(PATHS)
) + "".join(
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

    `first` are the servers when the transaction began, `edits` what it has changed since. `rules`
    are the paths of the rules in that version, `limits` both lines `maxconn` of `global`.
    """

    version: int = 1
    seen: Servers = field(default_factory=dict)
    transaction: str = ""
    first: Servers = field(default_factory=dict)
    edits: list[tuple[Key, dict[str, Any] | None]] = field(default_factory=list)
    rules: tuple[str, ...] = PATHS
    limits: tuple[int, int] = (100, 1)


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
        self.rules, self.limits, self.count = PATHS, (100, 1), 100
        self.clients = [Client(1, dict(self.model)) for _ in range(3)]

    def _look(self, client: Client) -> None:
        client.version, client.seen = self.api.version, dict(self.model)
        client.rules, client.limits = self.rules, self.limits

    def teardown(self) -> None:
        self.api.app.services.state.shutdown()
        shutil.rmtree(self.folder)

    @rule(who=st.integers(0, 2))
    def look(self, who: int) -> None:
        client = self.clients[who]
        if not client.transaction:
            self._look(client)

    @rule(who=st.integers(0, 2), place=st.integers(0, 5), deed=st.sampled_from(["new", "set", "delete"]), rebase=st.booleans())
    def change_rule(self, who: int, place: int, deed: str, rebase: bool) -> None:
        """Change a rule that is known by its place: what stands around it in the client's version."""
        client = self.clients[who]
        old = client.rules
        if client.transaction or place > len(old) - (deed != "new"):
            return
        self.count += 1
        end = place + (deed != "new")
        come = () if deed == "delete" else (f"/n{self.count}",)
        body = {"type": "deny", "cond": "if", "cond_test": f"{{ path /n{self.count} }}"} if come else None
        query: dict[str, Any] = {"version": client.version, **({"rebase": "true"} if rebase else {})}
        method = {"new": "POST", "set": "PUT", "delete": "DELETE"}[deed]
        stale = self.api.version != client.version
        answer = self.api.call(method, f"{RULES}/{place}", body, **query)
        now, done = self.rules, (*old[:place], *come, *old[end:])
        around = ("^", *old, "$")[place : end + 2]  # with the neighbours on both sides
        at = _place_of(around, ("^", *now, "$"))
        if answer.status_code < 400:
            assert rebase or not stale
            if at is None:  # others did the same
                assert deed == "delete" and old[place] not in now, (old, now, done)
            else:
                self.rules = (*now[:at], *come, *now[at + end - place :])
            self._look(client)
            return
        assert stale and answer.status_code == 409, answer.text
        assert not rebase or at is None, (old, now, done, answer.text)

    @rule(limit=st.integers(2, 9))
    def write_by_hand(self, limit: int) -> None:
        """Change a keyword that stands twice, where no property shows it."""
        text = self.api.text
        assert HAND.format(self.limits[1]) in text
        self.api.file.write_text(text.replace(HAND.format(self.limits[1]), HAND.format(limit)))
        self.limits = self.limits[0], limit
        assert self.api.version

    @rule(who=st.integers(0, 2), limit=st.integers(101, 109), rebase=st.booleans())
    def change_limit(self, who: int, limit: int, rebase: bool) -> None:
        client = self.clients[who]
        if client.transaction or limit == client.limits[0]:
            return
        query: dict[str, Any] = {"version": client.version, **({"rebase": "true"} if rebase else {})}
        stale = self.api.version != client.version
        body = {"performance_options": {"maxconn": limit}}
        answer = self.api.call("PUT", f"{V3}/global", body, **query)
        if answer.status_code < 400:
            assert client.limits in (self.limits, (client.limits[0], self.limits[1]))
            assert client.limits[1] == self.limits[1], "a line that was changed by hand is overruled unseen"
            self.limits = limit, self.limits[1]
            self._look(client)
            return
        assert stale and answer.status_code == 409, answer.text
        assert not rebase or client.limits != self.limits, answer.text

    @rule(who=st.integers(0, 2))
    def begin(self, who: int) -> None:
        client = self.clients[who]
        if client.transaction:
            return
        self._look(client)
        client.edits = []
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
        self._look(client)

    def _judge(self, client: Client, answer: Any, changes: list[tuple[Key, Any, Any]], rebase: bool) -> None:
        """Hold an answer against the model: changes are keys with what they were and are to be."""
        stale = self.api.version - (answer.status_code < 400) != client.version
        if answer.status_code < 400:
            assert rebase or not stale
            for key, old, new in changes:
                self._accept(key, old, new)
            if not client.transaction:
                self._look(client)
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
        answer = self.api.call("GET", RULES)
        assert tuple(one["cond_test"].split()[2] for one in answer.json) == self.rules
        lines = [line.split()[1] for line in self.api.text.splitlines() if line.startswith("  maxconn ")]
        assert lines == [str(one) for one in self.limits]

    @invariant()
    def what_nobody_touched_stays(self) -> None:
        text = self.api.text
        assert all(f"backend {name}  # {name}\n  balance roundrobin\n" in text for name in BACKENDS)


def _place_of(part: tuple[str, ...], whole: tuple[str, ...]) -> int | None:
    """Return where a part stands in a list, counted behind its first item; None where it does not."""
    return next((at for at in range(len(whole)) if whole[at : at + len(part)] == part), None)


Merges.TestCase.settings = settings(max_examples=12, stateful_step_count=15)
TestMerges = Merges.TestCase
