"""Clients that write as fast as they can, and note what they are told."""

import http.client
import json
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.harness.server import CONFIGURATION, TRANSACTIONS, Answer, Client
from tests.torture.ledger import Ledger

POISON = "poison"
"""A server whose name starts so makes the reload fail."""

_PATIENCE = 0.05

TAKEN_BACK = (b"could not be reloaded", b"was rolled back")
"""What is told of a version that was written, and taken back or about to be."""


class OneShot(Client):
    """A client that never asks twice: what a lost answer said must stay unknown.

    A body that is text is sent as it is, any other as JSON.
    """

    def call(self, method: str, path: str, body: object = None, **query: Any) -> Answer:  # type: ignore[override]
        if query:
            path += "?" + "&".join(f"{key}={value}" for key, value in query.items())
        plain = isinstance(body, str)
        kind = "text/plain" if plain else "application/json"
        headers = {**self.headers, "Content-Type": kind, "Connection": "close"}
        content = body if plain or body is None else json.dumps(body)
        connection = http.client.HTTPConnection("127.0.0.1", self.connection.port, timeout=20)
        try:
            connection.request(method, path, content, headers)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()


class Gate:
    """Clients pass it with each thing that they do; `shut`, it keeps them from the next one."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._is_shut = False
        self._within = 0

    def __enter__(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: not self._is_shut)
            self._within += 1

    def __exit__(self, *error: object) -> None:
        with self._changed:
            self._within -= 1
            self._changed.notify_all()

    @contextmanager
    def shut(self) -> Iterator[None]:
        """Let nobody in, once all within are out."""
        with self._changed:
            self._is_shut = True
            self._changed.wait_for(lambda: not self._within)
        try:
            yield
        finally:
            with self._changed:
                self._is_shut = False
                self._changed.notify_all()


class Writer(threading.Thread):
    """Adds servers, one by one and in transactions, until `stop` is set or the server is gone.

    `problems` takes answers that no client should ever get.
    """

    def __init__(
        self, number: str, port: int, ledger: Ledger, stop: threading.Event, problems: list[str],
        poison: float, gate: Gate,
    ) -> None:  # fmt: skip
        super().__init__(daemon=True)
        self._gate = gate
        self._number = number
        self._client = OneShot(port)
        self._ledger = ledger
        self._stop_event = stop
        self._problems = problems
        self._poison = poison
        self._random = random.Random(number)
        self._count = 0

    def run(self) -> None:
        while not self._stop_event.is_set():
            try:
                with self._gate:
                    if self._random.random() < 0.5:
                        self._direct()
                    else:
                        self._transaction()
            except (OSError, http.client.HTTPException, ValueError):
                time.sleep(_PATIENCE)
            except Exception as error:
                self._problems.append(f"a client failed: {error!r}")
                raise

    def _new_name(self) -> str:
        self._count += 1
        kind = POISON if self._random.random() < self._poison else "server"
        return f"{kind}-{self._number}-{self._count}"

    def _add(self, name: str, **query: object) -> Answer:
        server = {"name": name, "address": "10.0.0.1", "port": 80}
        backend = f"be{self._random.randrange(4)}"
        path = f"{CONFIGURATION}/servers"
        return self._client.call("POST", path, server, backend=backend, **query)

    def _direct(self) -> None:
        version = self._client.version()
        name = self._new_name()
        self._ledger.tried(name)
        force = {"force_reload": "true"} if self._random.random() < 0.1 else {}
        answer = self._add(name, version=version, **force)
        self._note(answer, [name], version + 1, (201, 202))

    def _transaction(self) -> None:
        version = self._client.version()
        begun = self._client.call("POST", TRANSACTIONS, version=version)
        if begun.status != 201:
            self._expect(begun, (409, 429))
            return
        identifier = begun.json["id"]
        names = [self._new_name() for _ in range(self._random.randint(1, 3))]
        for name in names:
            self._ledger.tried(name)
            answer = self._add(name, transaction_id=identifier)
            if answer.status != 202:
                self._expect(answer, (400,))
                self._ledger.rejected(names)
                return
        if self._random.random() < 0.1:
            return  # abandoned
        answer = self._client.call("PUT", f"{TRANSACTIONS}/{identifier}")
        self._note(answer, names, version + 1, (200, 202))

    def _note(self, answer: Answer, names: list[str], version: int, good: tuple[int, ...]) -> None:
        if answer.status in good:
            shown = int(answer.headers["Configuration-Version"])
            if shown != version:
                self._problems.append(f"{names} were written as version {shown}, not {version}")
            self._ledger.accepted(names, shown)
        elif answer.status in (400, 503) and any(words in answer.body for words in TAKEN_BACK):
            self._ledger.accepted(names, version)
        else:
            self._expect(answer, (406, 409))
            self._ledger.rejected(names)

    def _expect(self, answer: Answer, statuses: tuple[int, ...]) -> None:
        if answer.status not in statuses:
            text = answer.body.decode("utf-8", "replace")[:300]
            self._problems.append(f"an answer {answer.status} that nobody expects: {text}")
