"""Hide secrets from who asks: everything is read, and edited, with stand-ins in their place.

What a request reads comes from a text with stand-ins, and an edit is made on that text; the secrets
take the places of their stand-ins again before anything else sees the edit.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from weakref import WeakKeyDictionary

from dataplane_core.auth import Identity, Role
from dataplane_core.errors import Finding, Forbidden, Invalid
from dataplane_core.resources.registry import Registry
from dataplane_core.resources.stand_ins import STAND_IN, StandIns
from dataplane_core.store import State
from dataplane_core.store.config import ConfigStore
from dataplane_core.store.head import join, split_header, with_checksum
from dataplane_core.store.planned import ChangePlan
from dataplane_core.store.refusals import version_mismatch
from dataplane_core.store.snapshot import AnswerCache, Snapshot
from dataplane_core.store.transactions import Edit
from dataplane_core.text import Document

_EVERYBODY = "everybody"
_KEY = "stand_in_key"


class Hiding:
    """Knows from whom secrets are hidden, and what they see instead."""

    def __init__(self, hidden_from: str, registry: Registry, state: State) -> None:
        self._hidden_from = hidden_from
        self._state = state
        self.stand_ins = StandIns(registry, self._key)
        self._snapshots: WeakKeyDictionary[Snapshot, Snapshot] = WeakKeyDictionary()
        self._key()  # a server on a full disk answers what it is asked

    def hides_from(self, identity: Identity) -> bool:
        """Return whether somebody sees no secrets."""
        return self._hidden_from == _EVERYBODY or identity.role < Role.EDITOR

    def check(self, query: Mapping[str, Any]) -> None:
        """Raise `Forbidden` for a query that asks for secrets."""
        if query.get("with_secrets"):
            raise Forbidden("with_secrets in query: dataplane.hide_secrets hides secrets")

    def snapshot(self, snapshot: Snapshot) -> Snapshot:
        """Return a state of the configuration with stand-ins, and with answers of its own."""
        known = self._snapshots.get(snapshot)
        if known is None:
            document = self.stand_ins.document(snapshot.document)
            cache = AnswerCache(document.language.budget)
            known = replace(snapshot, document=document, cache=cache)
            self._snapshots[snapshot] = known
        return known

    def text(self, text: str) -> str:
        """Return a text of the file with stand-ins; a checksum in it is that of what is shown."""
        shown = self.stand_ins.text(text)
        return text if shown == text else with_checksum(shown)

    def shown_object(self, values: Mapping[str, Any], secrets: Iterable[str]) -> dict[str, Any]:
        """Return an object that is no part of the configuration with stand-ins."""
        names = {name for name in secrets if values.get(name)}
        return {
            name: self.stand_ins.of(value) if name in names else value
            for name, value in values.items()
        }

    def given_object(
        self, values: Mapping[str, Any], secrets: Iterable[str], kept: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return such an object that somebody has sent, with the secrets that there are put back.

        Raises `Invalid` for a stand-in of another secret.
        """
        shown, real = self.shown_object(kept, secrets), dict(values)
        for name in secrets:
            value = values.get(name)
            if isinstance(value, str) and STAND_IN.fullmatch(value):
                if value != shown.get(name):
                    raise Invalid(f"{name} in body: {value} stands for no secret that is there")
                real[name] = kept[name]
        return real

    def given(self, text: str, before: Document) -> Document:
        """Return a text that somebody has sent, with the secrets of another one put back."""
        shown = self.stand_ins.document(before)
        return self.stand_ins.restored(before, Document.parse(text, before.language, shown))

    def store(self, store: ConfigStore) -> ConfigStore:
        """Return a store that shows and takes stand-ins."""
        return HidingStore(store, self)

    def _key(self) -> bytes:
        """Return the key of stand-ins: all workers have the same one, and so has the next start."""
        kept = self._state.value(_KEY)
        if kept is None:
            with self._state.write():  # another worker may be as fast
                kept = self._state.value(_KEY) or os.urandom(32).hex()
                self._state.set_value(_KEY, kept)
        return bytes.fromhex(kept)


class HidingStore(ConfigStore):
    """A store as somebody sees it from whom secrets are hidden."""

    def __init__(self, store: ConfigStore, hiding: Hiding) -> None:
        self.share(store)
        self._store = store
        self._hiding = hiding

    def snapshot(self, transaction_id: str | None = None) -> Snapshot:
        return self._hiding.snapshot(self._store.snapshot(transaction_id))

    def unchanged(self) -> Snapshot | None:
        return None

    def version(self) -> int:
        return self._store.version()

    def raw_text(
        self, version: int | None = None, transaction_id: str | None = None
    ) -> tuple[str, int | None]:
        text, number = self._store.raw_text(version, transaction_id)
        return self._hiding.text(text), number

    @contextmanager
    def edit(self, **asked: Any) -> Iterator[Edit]:
        stand_ins = self._hiding.stand_ins
        with self._store.edit(**asked) as edit:
            before = edit.base
            edit.base = edit.document = stand_ins.document(before)
            yield edit
            edit.document = stand_ins.restored(before, edit.document)
            edit.base = before

    def validate(self, text: str) -> list[Finding]:
        return self._store.validate(self._real(text))

    def plan(self, document: Document, base: Snapshot | None = None) -> ChangePlan:
        real = self._store.snapshot()
        if base is not None and base.version != real.version:
            raise version_mismatch(real.version, base.version)
        restored = self._hiding.stand_ins.restored(real.document, document)
        return self._store.plan(restored, real)

    def plan_text(self, text: str) -> ChangePlan:
        return self._store.plan_text(self._real(text))

    def _real(self, text: str) -> str:
        """Return a text with the secrets of the configuration in the place of stand-ins."""
        head, rest = split_header(text)
        given = self._hiding.given(rest, self._store.snapshot().document)
        return join(head, given.text(), None)
