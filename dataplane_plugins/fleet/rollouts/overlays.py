"""What is a group's or a member's own: changes of the configuration that all members share.

An overlay is a text and what it was made of. A member has the shared text with the changes of its
group, and on top of it those of its own, put together as a change is put on a newer version
(`ConfigStore.merged`): by object and property, and refused where both have changed the same.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

from dataplane_core.plugin import (
    Conflict,
    Document,
    decode_text,
    encode_text,
)
from dataplane_plugins.fleet.members.member import Member
from dataplane_plugins.fleet.members.remembering import Memory, raise_alarm
from dataplane_plugins.fleet.records.chunks import MissingContent
from dataplane_plugins.fleet.records.overlay import (
    KINDS,
    PREFIX,
    Kind,
    Overlay,
    check_name,
    place_of,
    read_fields,
    written,
)
from dataplane_plugins.fleet.records.sealing import Forged
from dataplane_plugins.fleet.rollouts.rollouts import Step
from dataplane_plugins.fleet.stores import Condition, Entry


class Overlays:
    """The overlays of a fleet, and the texts that they make for this member."""

    def __init__(self, member: Member) -> None:
        self._member = member
        self._config = member.services.config
        self._memory = Memory(member.services.state)
        self._made: dict[tuple[str, ...], str] = {}

    def get(self, kind: Kind, name: str) -> Overlay | None:
        """Return an overlay; None where there is none."""
        found = self.last(kind, name)
        return None if found.is_gone else found

    def last(self, kind: Kind, name: str, *, mends: bool = False) -> Overlay:
        """Return an overlay, or what is left of it.

        An older one than this member has seen does not count, nor does one that no member has
        written: it is written anew if this `mends`.
        """
        place = place_of(kind, name)
        kept, entry = self._memory.newest(place), self._member.store.get(place)
        found, fault = Overlay(kind, name, "", "", entry.mark if entry else 0), None
        try:
            found = self._read(entry) if entry else found
        except Forged as error:
            fault = error
        if kept is not None and found.number < kept.order[0]:
            if self._member.store.is_at_once:  # another process may have written it since
                self._member.store.look_again()
                return self.last(kind, name, mends=mends)
            how = str(fault) if fault else "it is older than the one that this member has seen"
            raise_alarm(
                self._member.services, self._member.name,
                f"somebody who is no member has changed the overlay of {kind} {name} in the "
                f"store ({how}): this member goes by the one that it has seen",
            )  # fmt: skip
            if mends:
                value = self._member.signer.write(kept.data, place)
                self._member.store.transact([Condition(place, found.mark)], {place: value})
            return replace(found, **read_fields(kept.data))
        if fault is not None:
            raise fault
        if found.number:
            self._memory.note(place, (found.number, 0), written(found))
        return found

    def forget(self) -> None:
        """Go by the overlays that the store has for this member: a person has decided so."""
        self._memory.forget(*self.places())

    def places(self) -> Iterator[str]:
        """Yield the keys of the overlays of this member, be they there or not."""
        return (place_of(kind, name) for kind, name in self._own())

    def readable(self) -> Iterator[Overlay]:
        """Yield all overlays that members have written."""
        return (one for one in self._records() if not one.is_gone)

    def contents(self) -> Iterator[str]:
        """Yield the addresses of all that overlays are made of, the former ones included."""
        for one in self._records():
            yield from filter(None, (one.base, one.own, one.former_base, one.former_own))

    def _records(self) -> Iterator[Overlay]:
        """Yield all records of overlays but the forged ones, of which the log tells."""
        for entry in self._member.store.list(PREFIX).entries:
            try:
                yield self._read(entry)
            except Forged as error:
                self._member.tell(error)

    def written(self, overlay: Overlay) -> Step:
        """Return what has to be so, and is written, for an overlay that follows on its `mark`."""
        place = place_of(overlay.kind, overlay.name)
        value = self._member.signer.write(written(overlay), place)
        return [Condition(place, overlay.mark)], {place: value}

    def put_back(self, label: str, since: int) -> Step:
        """Return what is written so that an overlay is as it was before its last change."""
        kind, _, name = label.partition("/")
        last = self.last(check_name(kind, name), name)
        return self.written(last.followed_by(last.former_base, last.former_own, since))

    def besides(self, overlay: Overlay) -> list[str]:
        """Return the members to which an overlay is nothing."""
        place = {"group": 1, "node": 0}[overlay.kind]
        return [one[0] for one in self._member.members().items() if one[place] != overlay.name]

    def delete_own(self) -> None:
        """Remove the overlays of this member, and of its group, at once."""
        for kind, name in self._own():
            if gone := self.removed(kind, name, 0):
                self._member.store.transact(*self.written(gone))

    def removed(self, kind: Kind, name: str, since: int) -> Overlay | None:
        """Return what is left of an overlay, or of what a stranger has put there; None for none."""
        try:
            found = self.last(kind, name)
        except Forged as error:
            self._member.tell(error)
            entry = self._member.store.get(place_of(kind, name))
            found = Overlay(kind, name, "", "", entry.mark if entry else 0)
            return found.followed_by("", "", since)
        return None if found.is_gone else found.followed_by("", "", since)

    def here(self) -> tuple[Overlay, ...]:
        """Return the overlays that this member has, in the order in which they are put on."""
        return tuple(one for one in self.last_here() if not one.is_gone)

    def last_here(self, revision: int | None = None) -> tuple[Overlay, ...]:
        """Return the overlays of this member, and what is left of those that were removed.

        With a `revision` those that are for who has that.
        """
        found = (self.last(kind, name, mends=True) for kind, name in self._own())
        return tuple(one if revision is None else one.at(revision) for one in found)

    def _own(self) -> Iterator[tuple[Kind, str]]:
        """Yield whose overlays this member has, in the order in which they are put on."""
        if self._member.group:
            yield "group", self._member.group
        yield "node", self._member.name

    def last_of(self, name: str, group: str) -> tuple[Overlay, ...]:
        """Return the overlays of another member, and what is left of those that were removed."""
        own = self.last("node", name)
        return (self.last("group", group), own) if group else (own,)

    def text_for(self, shared: str, overlays: tuple[Overlay, ...]) -> str:
        """Return the address of what a member has of a shared text; raises `Conflict`.

        With overlays the text is in the memory of this process, and not in the store.
        """
        if not overlays:
            return shared
        chunks = self._member.revisions.chunks
        key = (shared, *(part for one in overlays for part in (one.base, one.own)))
        made = self._made.get(key, "")
        if not chunks.is_here(made):
            document = self.document(shared)
            for one in overlays:
                document = self._put_on(one, document)
            made = chunks.keep_here(encode_text(document.text()))
            self._made = {key: made}
        return made

    def kept_for(self, shared: str, overlays: tuple[Overlay, ...]) -> str:
        """Return the same address as `text_for`, of a text that is in the store."""
        address = self.text_for(shared, overlays)
        chunks = self._member.revisions.chunks
        return chunks.put(chunks.get(address)) if overlays else address

    def shared_for(
        self, shared: str, before: Document, after: Document, overlays: tuple[Overlay, ...]
    ) -> bytes:
        """Return the shared text with a change that was made here; raises `Conflict`.

        What an overlay has made otherwise here is no part of the change.
        """
        if not overlays:
            return encode_text(after.text())
        try:
            merged = self._config.merged(before, after, self.document(shared))
        except Conflict as error:
            names = " and ".join(f"{one.kind} {one.name}" for one in overlays)
            raise Conflict(
                f"the change is of what the overlay of {names} has made otherwise here: change the "
                f"overlay instead ({error.message})"
            ) from None
        return encode_text(merged.text())

    def merged(self, before: Document, after: Document, address: str) -> str:
        """Return the address of a text with a change; raises `Conflict`."""
        merged = self._config.merged(before, after, self.document(address))
        return self._member.revisions.chunks.put(encode_text(merged.text()))

    def document(self, address: str) -> Document:
        """Return the configuration with an address."""
        text = decode_text(self._member.revisions.chunks.get(address))
        now = self._config.snapshot().document
        return Document.parse(text, now.language, now)

    def _put_on(self, overlay: Overlay, document: Document) -> Document:
        try:
            base, own = self.document(overlay.base), self.document(overlay.own)
            return self._config.merged(base, own, document)
        except Conflict as error:
            raise Conflict(
                f"the overlay of {overlay.kind} {overlay.name} does not go with the "
                f"configuration that all share: {error.message}"
            ) from None
        except MissingContent as error:
            raise Conflict(
                f"the store has lost what the overlay of {overlay.kind} {overlay.name} is made of: "
                f"delete the overlay, and set it anew ({error.message})"
            ) from None

    def _read(self, entry: Entry) -> Overlay:
        kind, _, name = entry.key.removeprefix(PREFIX).partition("/")
        _, data = self._member.signer.read(entry.value, entry.key)
        with suppress(ValueError, KeyError, TypeError):
            if kind in KINDS:
                return Overlay(kind, name, mark=entry.mark, **read_fields(data))
        raise Forged(f"{entry.key} is no overlay")
