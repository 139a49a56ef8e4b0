"""The revisions of a fleet: what all members are to have, one after another.

A revision is the configuration and the files beside it. Its record stands under a number of its
own, and once more as the head, which is the newest one: both are written in one step, on the
condition that the head is still the one that the revision follows on. So of two members that change
the same revision one is refused, and nobody has to be asked who is first.
"""

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from types import MappingProxyType
from typing import Any

from dataplane_core.plugin import dataclass, decode_text
from dataplane_plugins.fleet.records.chunks import Chunks
from dataplane_plugins.fleet.records.sealing import Forged, Signer
from dataplane_plugins.fleet.stores import ABSENT, Condition, Entry, KeyValueStore

HEAD, REVISIONS = "control/head", "revisions/"
NOTHING: Mapping[str, bytes] = MappingProxyType({})


Files = Mapping[str, str]
"""The addresses of the contents of files beside the configuration, by names: `maps/hosts.map`."""


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision, as its record says.

    `number` counts from 1, `version` is the one that clients of the configuration know; both only
    grow. `parent` is the digest of the record before, empty for the first. `text` is the address of
    the configuration without its version line, `files` that of the list of files. `node` is the
    member that took the change at `when` (seconds since 1970), `author` who asked for it there.
    `text_of` is the number of the revision that is put back, 0 for none. `origin` was made up with
    the first revision, and all that follow on it have it: it tells this fleet from any other.
    """

    number: int
    version: int
    parent: str
    text: str
    files: str
    node: str
    when: float
    author: Mapping[str, str]
    text_of: int = 0
    origin: str = ""
    digest: str = ""
    mark: int = 0


class Revisions:
    """The revisions that are in the store; whoever calls checks nothing: what is read is proved."""

    def __init__(self, store: KeyValueStore, signer: Signer, chunks: Chunks) -> None:
        self._store = store
        self._signer = signer
        self._seen = 0
        self.chunks = chunks

    def newest(self) -> Revision | None:
        """Return the head; None before the first revision. Raises `Forged`."""
        entry = self._store.get(HEAD)
        mark = 0 if entry is None else entry.mark
        if mark < self._seen:
            self.chunks.doubt()
        self._seen = mark
        return None if entry is None else self._read(entry)

    def last_kept(self) -> Revision | None:
        """Return the newest revision of which a record is left, for who has no head."""
        names = [one.key for one in self._store.list(REVISIONS, names_only=True).entries]
        for name in reversed(names):
            with suppress(Forged):
                if entry := self._store.get(name):
                    return replace(self._read(entry), mark=ABSENT)
        return None

    def get(self, number: int) -> Revision | None:
        """Return a revision; None where it is not kept."""
        entry = self._store.get(_place(number))
        return None if entry is None else self._read(entry)

    def add(
        self, revision: Revision, after: Revision | None,
        conditions: Sequence[Condition] = (), also: Mapping[str, bytes] = NOTHING,
    ) -> Revision | None:  # fmt: skip
        """Make a revision the head, if `after` still is; return it as it is kept, or None.

        Other `conditions` have to hold, and the values of `also` are written in the same step.
        Raises `Undecided` where the store has not said.
        """
        parent, origin = ("", "") if after is None else (after.digest, after.origin)
        revision = replace(revision, parent=parent, origin=origin or secrets.token_hex(16))
        body = _written(revision)
        place = _place(revision.number)
        done = self._store.transact(
            [
                Condition(HEAD, 0 if after is None else after.mark), Condition(place),
                *self.chunks.conditions(), *conditions,
            ],  # fmt: skip
            {
                HEAD: self._signer.write(body, HEAD),
                place: self._signer.write(body, place),
                **also,
            },
        )
        return replace(revision, digest=_digest(body)) if done else None

    def restore_head(self, number: int, mark: int) -> bool:
        """Make a revision that is kept the head again, if the head still has a mark.

        Raises `Forged`.
        """
        entry = self._store.get(_place(number))
        if entry is None:
            return False
        self._read(entry)
        body = self._signer.read(entry.value, entry.key)[1]
        value = self._signer.write(body, HEAD)
        return self._store.transact([Condition(HEAD, mark)], {HEAD: value})

    def _is_kept(self, revision: Revision, body: bytes) -> bool:
        """Tell whether a head that another member has restored is a revision that is kept."""
        entry = self._store.get(_place(revision.number))
        if entry is None:
            return False
        return self._signer.read(entry.value, entry.key) == (revision.node, body)

    def files(self, address: str) -> dict[str, str]:
        """Return the list of files with an address; an empty one without."""
        lines = self.chunks.get(address).decode().splitlines() if address else ()
        return dict(line.split(" ", 1)[::-1] for line in lines)

    def put_files(self, files: Files) -> str:
        """Keep a list of files; return its address."""
        return self.chunks.put(listed(files))

    def files_address(self, files: Files) -> str:
        """Return the address that a list of files has."""
        return self.chunks.address(listed(files))

    def text(self, revision: Revision) -> str:
        """Return the configuration of a revision, without a version line."""
        return decode_text(self.chunks.get(revision.text))

    def _read(self, entry: Entry) -> Revision:
        node, body = self._signer.read(entry.value, entry.key)
        try:
            revision = Revision(**json.loads(body))
        except (ValueError, TypeError) as error:
            raise Forged(f"{entry.key} is no record of a revision") from error
        is_own = revision.node == node or (entry.key == HEAD and self._is_kept(revision, body))
        if not is_own or entry.key not in (HEAD, _place(revision.number)):
            raise Forged(f"{entry.key} is the record of another revision")
        return replace(revision, digest=_digest(body), mark=entry.mark)


def descends(revisions: Revisions, newest: Revision, known: Revision) -> bool | None:
    """Tell whether a revision follows on one that was known; None where records are not kept."""
    one = newest
    while one.number > known.number + 1:
        former = revisions.get(one.number - 1)
        if former is None:
            return None
        if former.digest != one.parent:
            return False
        one = former
    if one.number == known.number:
        return one.digest == known.digest
    return one.number == known.number + 1 and one.parent == known.digest


def changed_files(before: Files, after: Files) -> Sequence[str]:
    """Return the names of files that differ, those that go included."""
    return sorted(name for name in {**before, **after} if before.get(name) != after.get(name))


def listed(files: Files) -> bytes:
    """Return a list of files as it is kept."""
    return "".join(f"{address} {name}\n" for name, address in sorted(files.items())).encode()


def _written(revision: Revision) -> bytes:
    fields: dict[str, Any] = asdict(revision)
    del fields["digest"], fields["mark"]
    return json.dumps(fields, sort_keys=True, ensure_ascii=True).encode()


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def _place(number: int) -> str:
    return f"{REVISIONS}{number:012d}"
