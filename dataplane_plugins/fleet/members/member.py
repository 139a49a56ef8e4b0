"""Be a member of a fleet: a name, the keys, and the connection to the store."""

import base64
import hashlib
import json
import os
import socket
import stat
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cached_property
from pathlib import Path

from dataplane_core.plugin import Services, Settings, storage_errors
from dataplane_plugins.fleet.members.errors import FleetUnavailable
from dataplane_plugins.fleet.records.chunks import Chunks
from dataplane_plugins.fleet.records.glancing import GlancingStore
from dataplane_plugins.fleet.records.revisions import Revisions
from dataplane_plugins.fleet.records.sealing import FleetKey, Forged, NodeKey, Signer, read_key
from dataplane_plugins.fleet.stores import (
    Condition,
    Credentials,
    Entry,
    KeyValueStore,
    open_store,
)

MEMBERS = "members/"
FORMER = "former/"
"""The keys of members that were removed: what they signed is still the fleet's."""

_MOST_TOLD, _LARGEST_RECORD = 1000, 16 << 10
_OF_THE_LIVING = ("status/", "answers/")
"""Places where nobody speaks but who is a member now."""


class Member:
    """What a process of this server needs to take part; nothing is asked of the store yet.

    Raises `ValueError` for a key that cannot be read.
    """

    def __init__(self, services: Services, store: KeyValueStore | None = None) -> None:
        settings = services.settings
        self.services = services
        self.fleet = settings.fleet.name
        self.name = node_name(settings)
        self.group = settings.fleet.group
        self.store = GlancingStore(store or _opened(settings))
        self._key = FleetKey(read_key_file(settings.fleet.key_file), self.fleet)
        self._public: dict[str, bytes] = {}
        self._told: dict[str, None] = {}
        self._lock = threading.Lock()

    @cached_property
    def signer(self) -> Signer:
        """Signs what this member says, and proves what others have said."""
        own = NodeKey.kept(self.services.state.path("fleet.key"))
        self._public[self.name] = own.public
        return Signer(self._key, self.name, own, self._public_key, self._other_keys)

    @cached_property
    def revisions(self) -> Revisions:
        """The revisions of the fleet."""
        return Revisions(self.store, self.signer, Chunks(self.store, self._key))

    def enrol(self) -> None:
        """Make this server known to the others; raises `FleetUnavailable` if another has its name.

        The record is sealed with the key of the fleet: who lacks it enrols nobody.
        """
        place = MEMBERS + self.name
        signer, own = self.signer, self._public[self.name]
        facts = {"public": base64.b64encode(own).decode(), "group": self.group}
        entry = self.store.get(place)
        known = self._enrolled(entry)
        if not known:
            sealed = self._key.seal(json.dumps(facts).encode(), place)
            self.store.transact([Condition(place, entry.mark if entry else 0)], {place: sealed})
            entry = self.store.get(place)
            known = self._enrolled(entry)
        if known.get("public") != facts["public"]:
            raise FleetUnavailable(
                f"another server is the member {self.name} of the fleet {self.fleet}: set another "
                f"fleet.node, or remove that member with `dataplane fleet remove {self.name}`"
            )
        if known != facts and entry is not None:
            sealed = self._key.seal(json.dumps(facts).encode(), place)
            self.store.transact([Condition(place, entry.mark)], {place: sealed})
        assert signer is not None

    def _enrolled(self, entry: Entry | None) -> dict[str, str]:
        """Return the facts of a record; none for what no member has written."""
        try:
            return {} if entry is None else self._facts(entry.value, entry.key)
        except Forged as error:
            self.tell(error)
            return {}

    def members(self) -> dict[str, str]:
        """Return the groups of all members by their names; forged records are left out."""
        found = {}
        for entry in self.store.list(MEMBERS).entries:
            name = entry.key.removeprefix(MEMBERS)
            try:
                facts = self._facts(entry.value, entry.key)
            except Forged as error:
                self.tell(error)
                continue
            found[name] = str(facts.get("group", ""))
            if name != self.name:
                with self._lock:  # nobody asks for the key of each
                    self._public[name] = base64.b64decode(facts["public"])
        return found

    def group_of(self, name: str) -> str | None:
        """Return the group of a member; None where there is no such member."""
        try:
            entry = self.store.get(MEMBERS + name)
            return None if entry is None else self._facts(entry.value, entry.key).get("group", "")
        except ValueError:
            return None  # no key of a store
        except Forged as error:
            self.tell(error)
            return None

    def meet(self, names: Iterable[str]) -> None:
        """Know the keys of members, whose records are read at once."""
        with self._lock:
            known = set(self._public)
        if not known.issuperset(names):
            self.members()

    def remove(self, name: str) -> bool:
        """Forget a member, but for its key; returns whether there was one."""
        place = MEMBERS + name
        entry = self.store.get(place)
        if entry is None:
            return False
        kept = {}
        with suppress(Forged):
            public = self._facts(entry.value, place)["public"].encode()
            former = f"{FORMER}{name}/{hashlib.sha256(public).hexdigest()[:16]}"
            kept[former] = self._key.seal(public, former)
        return self.store.transact([Condition(place, entry.mark)], kept, [place, f"status/{name}"])

    def was_removed(self, name: str) -> bool:
        """Tell whether a member had the name that somebody has removed; strangers remove nobody."""
        return any(self._former_keys(name))

    def tell(self, error: Forged) -> None:
        """Log what a stranger has written, once: it is read again and again."""
        if str(error) not in self._told:
            self._told[str(error)] = None
            self.services.log.error("fleet: %s", error)
        if len(self._told) > _MOST_TOLD:
            self._told.pop(next(iter(self._told)))

    def _facts(self, sealed: bytes, place: str) -> dict[str, str]:
        if len(sealed) > _LARGEST_RECORD:
            raise Forged(f"{place} is too large: no member writes so much")
        facts: dict[str, str] = json.loads(self._key.open(sealed, place))
        return facts

    def _public_key(self, name: str) -> bytes:
        """Return the public key of a member, which is asked for once."""
        with self._lock:
            known = self._public.get(name)
        if known is not None:
            return known
        place = MEMBERS + name
        try:
            entry = self.store.get(place)
        except ValueError:
            entry = None
        if entry is None:
            raise Forged(f"{name!r} is no member of the fleet {self.fleet}")
        public = base64.b64decode(self._facts(entry.value, place)["public"])
        with self._lock:
            self._public[name] = public
        return public

    def _other_keys(self, name: str, place: str) -> Iterator[bytes]:
        """Yield the key of a member as the store has it now, and those of its name before."""
        if name != self.name:
            with self._lock:
                self._public.pop(name, None)
            with suppress(Forged):
                yield self._public_key(name)
        if not place.startswith(_OF_THE_LIVING):
            yield from self._former_keys(name)

    def _former_keys(self, name: str) -> Iterator[bytes]:
        with suppress(ValueError):
            for entry in self.store.list(f"{FORMER}{name}/").entries:
                with suppress(Forged):
                    yield base64.b64decode(self._key.open(entry.value, entry.key))


def node_name(settings: Settings) -> str:
    """Return the name of this member."""
    return settings.fleet.node or settings.name or socket.gethostname()


def read_key_file(path: str) -> bytes:
    """Return the key of a fleet from its file; raises `ValueError`, `StorageFailed`.

    A file that others than its owner and group can use is refused: whoever reads it reads all that
    the fleet keeps.
    """
    if not path:
        raise ValueError("is not set: `dataplane fleet-key` makes a key")
    with storage_errors(Path(path), "read"), open(path, encoding="ascii") as file:
        if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o007:
            raise ValueError(f"{path} can be used by others: chmod 640 {path}")
        return read_key(file.read())


def _opened(settings: Settings) -> KeyValueStore:
    own = settings.fleet
    credentials = Credentials(
        own.user, own.password, own.token, own.ca, own.certificate, own.private_key
    )
    return open_store(own.store.rstrip("/") + f"/{own.name}", credentials)
