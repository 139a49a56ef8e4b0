"""Entries of sources in the server's state, with the last success and failure of each."""

import json
import time
from collections.abc import Iterable
from typing import Any
from uuid import uuid4

from dataplane_core.plugin import AlreadyExists, NotFound, State, is_rehearsed
from dataplane_plugins.discovery.sources import ENTRY_DEFAULTS, Source, SourceEntry

_TABLES = (
    "CREATE TABLE discovery_entries (source TEXT, id TEXT, body TEXT NOT NULL, "
    "configured INTEGER NOT NULL, PRIMARY KEY (source, id))",
    "CREATE TABLE discovery_backends (prefix TEXT, backend TEXT, PRIMARY KEY (prefix, backend))",
    "CREATE TABLE discovery_status (source TEXT, id TEXT, last_success REAL, last_error REAL, "
    "message TEXT, failures INTEGER, services INTEGER, servers INTEGER, "
    "left_out TEXT, PRIMARY KEY (source, id))",
)
_KEY = "source = ? AND id = ?"


def _whole(source: Source, body: SourceEntry, id: str) -> dict[str, Any]:
    """Return an entry with its id, and with defaults for properties that the body lacks."""
    said = {name: value for name, value in body.items() if value is not None}
    return {**ENTRY_DEFAULTS, **source.defaults, **said, "id": id}


class SourceEntries:
    """The entries of clients and of the settings file."""

    def __init__(self, state: State) -> None:
        self.state = state
        state.migrate("discovery", _TABLES)

    def all(self, source: Source) -> list[dict[str, Any]]:
        """Return all entries of a source, the oldest first."""
        query = "SELECT body FROM discovery_entries WHERE source = ? ORDER BY rowid"
        return [json.loads(row["body"]) for row in self.state.read(query, (source.name,))]

    def get(self, source: Source, id: str) -> dict[str, Any]:
        """Return an entry; raise `NotFound`."""
        query = f"SELECT body FROM discovery_entries WHERE {_KEY}"
        rows = self.state.read(query, (source.name, id))
        if not rows:
            raise NotFound(f"missing object: {source.name} {id} does not exist")
        found: dict[str, Any] = json.loads(rows[0]["body"])
        return found

    def create(self, source: Source, body: SourceEntry) -> dict[str, Any]:
        """Add an entry; raise `AlreadyExists` if another has its id, or makes the same backends."""
        entry = _whole(source, body, str(body.get("id") or uuid4()))
        with self.state.write() as connection:
            for row in connection.execute(
                "SELECT id, body FROM discovery_entries WHERE source = ?", (source.name,)
            ):
                self._check_apart(source, entry, row["id"], json.loads(row["body"]))
            if is_rehearsed(f"a new entry of {source.name} would be followed"):
                return entry
            connection.execute(
                "INSERT INTO discovery_entries VALUES (?, ?, ?, 0)",
                (source.name, entry["id"], json.dumps(entry)),
            )
        return entry

    def replace(self, source: Source, id: str, body: SourceEntry) -> dict[str, Any]:
        """Replace an entry; raise `NotFound`, and `AlreadyExists` as `create` does."""
        self.get(source, id)
        entry = _whole(source, body, id)
        with self.state.write() as connection:
            for row in connection.execute(
                "SELECT id, body FROM discovery_entries WHERE source = ? AND id != ?",
                (source.name, id),
            ):
                self._check_apart(source, entry, row["id"], json.loads(row["body"]))
            if is_rehearsed(f"{source.name} {id} would be followed as it is in the body"):
                return entry
            connection.execute(
                f"UPDATE discovery_entries SET body = ?, configured = 0 WHERE {_KEY}",
                (json.dumps(entry), source.name, id),
            )
        return entry

    def delete(self, source: Source, id: str) -> None:
        """Delete an entry with its status; raise `NotFound`."""
        self.get(source, id)
        if is_rehearsed(f"{source.name} {id} would be followed no more; its backends would stay"):
            return
        with self.state.write() as connection:
            for table in ("discovery_entries", "discovery_status"):
                connection.execute(f"DELETE FROM {table} WHERE {_KEY}", (source.name, id))

    def configure(self, source: Source, bodies: Iterable[tuple[str, SourceEntry]]) -> None:
        """Store the entries of the settings file by id; entries that clients have changed stay."""
        entries = {id: _whole(source, body, id) for id, body in bodies}
        query = "SELECT 1 FROM discovery_entries WHERE source = ? AND configured LIMIT 1"
        if not entries and not self.state.read(query, (source.name,)):
            return
        with self.state.write() as connection:
            connection.execute(
                "DELETE FROM discovery_entries WHERE source = ? AND configured", (source.name,)
            )
            for id, entry in entries.items():
                connection.execute(
                    "INSERT OR IGNORE INTO discovery_entries VALUES (?, ?, ?, 1)",
                    (source.name, id, json.dumps(entry)),
                )

    @staticmethod
    def _check_apart(source: Source, entry: SourceEntry, id: str, other: SourceEntry) -> None:
        if id == entry["id"]:
            raise AlreadyExists(f"object already exists: {source.name} {id} already exists")
        if source.prefix(other) == source.prefix(entry):
            taken = f"{source.name} {id} already has backends of the same names"
            raise AlreadyExists(f"object already exists: {taken}")


class ServiceBackends:
    """The names of the backends that were made for services, by the prefix of their names."""

    def __init__(self, state: State) -> None:
        self.state = state

    def names(self, prefix: str) -> set[str]:
        """Return the backends of one entry."""
        query = "SELECT backend FROM discovery_backends WHERE prefix = ?"
        return {row["backend"] for row in self.state.read(query, (prefix,))}

    def note(self, prefix: str, names: Iterable[str], known: bool = True) -> None:
        """Remember backends, or forget them."""
        sql = "INSERT OR IGNORE INTO discovery_backends VALUES (?, ?)"
        if not known:
            sql = "DELETE FROM discovery_backends WHERE prefix = ? AND backend = ?"
        rows = [(prefix, name) for name in names]
        if rows:
            with self.state.write() as connection:
                connection.executemany(sql, rows)


class SourceStatuses:
    """The last success of each entry, and its last failure with the reason."""

    def __init__(self, state: State) -> None:
        self.state = state

    def all(self) -> list[dict[str, Any]]:
        """Return the status of every entry that was followed; times in seconds since 1970."""
        rows = self.state.read("SELECT * FROM discovery_status ORDER BY source, id")
        return [
            {name: value for name, value in {**row, "left_out": _list(row["left_out"])}.items()
             if value is not None}
            for row in map(dict, rows)
        ]  # fmt: skip

    def succeeded(self, source: str, id: str, services: int, servers: int, left: list[str]) -> None:
        """Record that the source answered, and that the configuration has what it named."""
        facts = {"last_success": time.time(), "failures": 0, "services": services,
                 "servers": servers, "left_out": json.dumps(left)}  # fmt: skip
        self._note(source, id, facts)

    def failed(self, source: str, id: str, message: str, failures: int) -> None:
        """Record that the source failed, for the `failures`th time in a row."""
        facts = {"last_error": time.time(), "message": message, "failures": failures}
        self._note(source, id, facts)

    def _note(self, source: str, id: str, facts: dict[str, Any]) -> None:
        names = ", ".join(f"{name} = ?" for name in facts)
        with self.state.write() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO discovery_status (source, id) SELECT source, id FROM "
                f"discovery_entries WHERE {_KEY}", (source, id),
            )  # fmt: skip
            connection.execute(
                f"UPDATE discovery_status SET {names} WHERE {_KEY}", (*facts.values(), source, id)
            )


def _list(text: str | None) -> list[str] | None:
    found: list[str] = json.loads(text) if text else []
    return found or None
