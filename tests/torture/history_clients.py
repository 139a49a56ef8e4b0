"""Clients that read and change servers in every way, a person with an editor, and a Consul that changes."""

import ctypes
import http.client
import json
import os
import random
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlencode

from dataplane_core.store.head import digest_of
from tests.discovery.consul import ConsulDouble
from tests.harness.server import Answer, Client
from tests.torture.history_records import How, Key, Ledger, Operation

BACKENDS = tuple(f"be{number}" for number in range(4))
NAMES = tuple(f"s{number}" for number in range(6))
_CALM = 0.25
_IDLE = 2.0
"""Seconds after which a connection is not trusted: whoever asks twice after its end makes a change twice."""
_EXCHANGE, _HERE = 2, -100
_LIBC = ctypes.CDLL(None, use_errno=True)
_REASONS = (
    (412, b"", "tag"), (406, b"", "outdated"), (409, b'"conflicts"', "overlap"), (409, b"already exists", "exists"),
    (409, b"version mismatch", "version"), (400, b"transaction does not exist", "outdated"), (404, b"missing object", "missing"),
)  # fmt: skip
"""By status and words of a refusal: the reason that it gives."""
TEXT = "global\n\ndefaults\n  mode http\n\nfrontend fe\n  bind :0\n\n" + "\n".join(
    f"backend {name}\n  # stays\n  server s0 10.0.0.1:80 weight 1\n" for name in BACKENDS
)


def servers_of(text: str) -> dict[Key, int]:
    """The servers of the clients' backends in a text, with their weights."""
    found, section = {}, ""
    for line in text.splitlines():
        words = line.split()
        if line[:1].strip() and words:
            section = words[1] if words[0] == "backend" and len(words) > 1 else ""
        elif words[:1] == ["server"] and section in BACKENDS:
            found[section, words[1]] = int(words[words.index("weight") + 1])
    return found


class Actor(threading.Thread):
    """Somebody who does a number of things, one after the other, by random choices of an own seed."""

    def __init__(self, name: str, seed: int, ledger: Ledger, count: int) -> None:
        super().__init__(name=name, daemon=True)
        self.random = random.Random(f"{name} {seed}")
        self.ledger, self.count = ledger, count

    def run(self) -> None:
        for number in range(self.count):
            try:
                self.act(number)
            except Exception as error:
                self.ledger.wonder(f"{self.name} failed: {error!r}")
                raise

    def act(self, number: int) -> None:
        """Do one thing."""
        raise NotImplementedError


class Person(Actor):
    """Edits the file by hand: reads it, changes a weight, and puts the new file in its place.

    The two files are exchanged, so that it is known which text went: an editor that is slower than a
    commit takes that away, and this is no fault of a server.
    """

    def __init__(self, path: Path, seed: int, ledger: Ledger, count: int, over: threading.Event) -> None:
        super().__init__("person", seed, ledger, count)
        self._path, self._over = path, over

    def act(self, number: int) -> None:
        if self._over.wait(self.random.uniform(0.5, 1.5) * _CALM):
            return
        candidate = self._path.with_name("edited")
        operation = Operation(self.name, "hand")
        with self.ledger.noted(operation):
            text = self._edited(self._path.read_text(), number)
            candidate.write_text(text)
            _exchange(candidate, self._path)
        operation.digest, operation.text = digest_of(text.encode()), servers_of(text)
        operation.replaced = digest_of(candidate.read_bytes())
        operation.status = 200

    def _edited(self, text: str, number: int) -> str:
        lines = text.splitlines(keepends=True)
        at = self.random.choice([at for at, line in enumerate(lines) if line.lstrip().startswith("server s0 10.")])
        words = lines[at].split()
        words[words.index("weight") + 1] = str(self.random.randrange(1, 257))
        lines[at] = f"  {' '.join(words)}\n"
        return "".join([*lines, f"# by hand, {number}\n"])


def _exchange(one: Path, other: Path) -> None:
    """Have two files change places, in one step of the system."""
    if _LIBC.renameat2(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE):
        raise OSError(ctypes.get_errno(), "renameat2")


class Catalog(Actor):
    """Registers other instances of a service in Consul, again and again."""

    def __init__(self, consul: ConsulDouble, seed: int, ledger: Ledger, over: threading.Event) -> None:
        super().__init__("consul", seed, ledger, 1_000_000)
        self._consul, self._over = consul, over

    def run(self) -> None:
        while not self._over.wait(self.random.uniform(0.5, 1.5) * _CALM):
            self._consul.set("found", *self.random.sample(range(1001, 1009), self.random.randrange(1, 6)))


class HistoryClient(Actor):
    """A client of several servers with one file; each of its operations goes to any of them."""

    def __init__(self, number: int, ports: list[int], seed: int, ledger: Ledger, count: int) -> None:
        super().__init__(f"client {number}", seed, ledger, count)
        version = "v3" if number % 2 else "v2"
        self._clients = [Client(port, version=version) for port in ports]
        self._nested = version == "v3"
        self._used: dict[object, float] = {}
        self._kinds: list[tuple[Callable[[], None], int]] = [
            (self._read, 20), (lambda: self._change("version"), 30), (lambda: self._change("rebase"), 15),
            (self._by_tag, 15), (lambda: self._transaction(False), 10), (lambda: self._transaction(True), 10),
        ]  # fmt: skip

    def act(self, number: int) -> None:
        acts, weights = zip(*self._kinds, strict=True)
        self._client = self.random.choice(self._clients)
        self.random.choices(acts, weights)[0]()

    def _call(
        self, method: str, key: Key, body: object = None, headers: Mapping[str, str] | None = None, **query: object
    ) -> Answer:
        """Ask for the servers of a backend, or for one of them."""
        backend, name = key
        path = f"{self._client.services}/configuration/"
        if self._nested:
            path += f"backends/{backend}/servers"
        else:
            path, query = f"{path}servers", {**query, "backend": backend}
        path += f"/{name}" if name else ""
        connection = self._client.connection
        if time.monotonic() - self._used.get(connection, 0.0) > _IDLE:
            connection.close()  # the server may be ending it just now; it is opened again
        self._used[connection] = time.monotonic()
        content = None if body is None else json.dumps(body)
        sent = {**self._client.headers, "Content-Type": "application/json", **(headers or {})}
        try:
            connection.request(method, f"{path}?{urlencode(query)}" if query else path, content, sent)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        except http.client.HTTPException:
            connection.close()
            raise

    def _read(self, inside: str = "", steps: Operation | None = None) -> Operation:
        """Read the servers of a backend, from the file or as a transaction has them."""
        operation = Operation(self.name, "read", scope=self.random.choice(BACKENDS))
        query = {"transaction_id": inside} if inside else {}
        with self.ledger.noted(operation):
            answer = self._call("GET", (operation.scope, ""), **query)
        operation.status = answer.status
        if answer.status == 200:
            found = answer.json if self._nested else answer.data
            operation.seen = {(operation.scope, one["name"]): one["weight"] for one in found}
            operation.version = int(answer.headers["Configuration-Version"])
        else:
            self._refused(operation, answer)
        if steps is not None:
            operation.base, operation.by_transaction = steps.base, True
            operation.version = steps.base if operation.status == 200 else 0
            operation.changes = dict(steps.changes)
        return operation

    def _choose(self, how: How) -> tuple[Operation, str, Key, dict[str, object] | None]:
        """A change of one server after a read: what it is made for, and how it is asked for."""
        read = self._read()
        name = self.random.choice(NAMES)
        key = read.scope, name
        body: dict[str, object] | None = {
            "name": name, "address": "10.0.0.1", "port": 80, "weight": self.random.randrange(1, 257)
        }  # fmt: skip
        operation = Operation(self.name, how, base=read.version)
        method = "POST"
        if key in read.seen:
            method = self.random.choice(("PUT", "PUT", "DELETE")) if name != "s0" else "PUT"
        if method == "DELETE":
            body = None
        else:
            operation.created.update({key} if method == "POST" else ())
        operation.changes[key] = int(str(body["weight"])) if body else None
        return operation, method, key, body

    def _change(self, how: How) -> None:
        operation, method, key, body = self._choose(how)
        query: dict[str, object] = {"version": operation.base, "force_reload": "false"}
        if how == "rebase":
            query["rebase"] = "true"
            for _ in range(self.random.randrange(3)):  # others go ahead meanwhile
                self._read()
        self._send(operation, method, key, body, **query)

    def _by_tag(self) -> None:
        """Change a server of which the tag is known."""
        key = self.random.choice(BACKENDS), "s0"
        read = Operation(self.name, "read", scope=key[0])
        with self.ledger.noted(read):
            answer = self._call("GET", key)
        read.status, read.version = answer.status, 0  # one server alone is no answer to be compared
        body = {"name": "s0", "address": "10.0.0.1", "port": 80, "weight": self.random.randrange(1, 257)}
        base = int(answer.headers["Configuration-Version"])
        operation = Operation(self.name, "tag", base=base, changes={key: int(str(body["weight"]))})
        self._send(operation, "PUT", key, body, {"If-Match": answer.headers["ETag"]})

    def _send(
        self, operation: Operation, method: str, key: Key, body: object, headers: Mapping[str, str] | None = None,
        **query: object,
    ) -> None:  # fmt: skip
        with self.ledger.noted(operation):
            path = (key[0], "") if method == "POST" else key
            answer = self._call(method, path, body, headers, **query)
        self._take(operation, answer)

    def _take(self, operation: Operation, answer: Answer) -> None:
        operation.status = answer.status
        if answer.status in (200, 201, 202, 204):
            operation.version = int(answer.headers["Configuration-Version"])
        else:
            self._refused(operation, answer)

    def _refused(self, operation: Operation, answer: Answer) -> None:
        for status, words, reason in _REASONS:
            if answer.status == status and words in answer.body:
                operation.reason = reason
                return
        operation.reason = f"nothing that is known: {answer.status} {answer.body[:300]!r}"

    def _transaction(self, rebase: bool) -> None:
        """Some changes and a read in one transaction, which is committed, be it outdated meanwhile or not."""
        operation = Operation(self.name, "rebase" if rebase else "transaction", by_transaction=True)
        path = f"{self._client.services}/transactions"
        base = self._client.version()
        begun = self._client.call("POST", path, version=base)
        if begun.status != 201:
            if begun.status != 409:
                self.ledger.wonder(f"a transaction: {begun.status} {begun.body!r}")
            return
        operation.base, inside = base, begun.json["id"]
        with self.ledger.noted(operation):
            for key in {(self.random.choice(BACKENDS), "s0") for _ in range(self.random.randint(1, 3))}:
                weight = self.random.randrange(1, 257)
                body = {"name": key[1], "address": "10.0.0.1", "port": 80, "weight": weight}
                answer = self._call("PUT", key, body, transaction_id=inside)
                if answer.status != 202:
                    break
                operation.changes[key] = weight
            else:
                if self.random.random() < 0.5:
                    self._read(inside, operation)
                query = {"rebase": "true"} if rebase else {}
                answer = self._client.call("PUT", f"{path}/{inside}", **query)
        self._take(operation, answer)
