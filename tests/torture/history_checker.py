"""Judge a history: one order of all versions that explains every answer, and agrees with the clock.

The answers carry the order: each version has a number. So there is nothing to search for, as in the
algorithm of Wing and Gong; what is left is to replay the versions in that order, and to see that

* no two changes have one number, and each version was made by somebody who is known;
* an operation that had ended before another began has the lower number: what a client was told, all others
  see from then on, at any server;
* each read, and each text that the servers keep, is what the replay has at its version;
* a change met what it was made for: the version, the tag, or with `rebase` the same servers;
* each refusal has a true reason, at a version that was the newest at some moment meanwhile;
* a text by hand became a version, or somebody else replaced it by hand: no server overwrote it unseen;
* the file holds the last version.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate

from tests.torture.history_records import Changes, Key, Made, Operation, State, changed

OWN_ORIGINS = frozenset({"discovery"})
"""Who makes versions that no client asks for, and that change none of the clients' servers."""


def check(operations: Sequence[Operation], made: Mapping[int, Made], first: State, last: State) -> list[str]:
    """All that is wrong with a history that began with one state and ended with another in the file."""
    history = _History(operations, made, first)
    return [
        *history.problems, *history.real_time(), *history.reads(), *history.texts(), *history.changes(),
        *history.refusals(), *history.hands(), *history.end(last),
    ]  # fmt: skip


class _History:
    """The versions in their order, with the states that they should have."""

    def __init__(self, operations: Sequence[Operation], made: Mapping[int, Made], first: State) -> None:
        self._operations, self._made = operations, made
        self.problems: list[str] = []
        self._by_digest = {one.digest: number for number, one in made.items()}
        self._owners: dict[int, Operation] = {}
        for one in operations:
            if one.how == "hand":
                one.version = self._by_digest.get(one.digest, 0)
            if one.is_write and one.version:
                self._own(one)
        self._states: dict[int, State] = {1: first}
        self._newest = max([1, *self._owners, *made])
        for number in range(2, self._newest + 1):
            self._states[number] = self._replay(number)
        self._begins = self._moments()

    def _own(self, one: Operation) -> None:
        other = self._owners.get(one.version)
        if other is not None:
            self.problems.append(f"{one} and {other} have one number")
        self._owners[one.version] = one

    def _replay(self, number: int) -> State:
        before, owner, made = self._states[number - 1], self._owners.get(number), self._made.get(number)
        if owner is not None:
            return owner.text if owner.how == "hand" else changed(before, self._effect(owner))
        if made is None or made.origin not in OWN_ORIGINS:
            self.problems.append(f"version {number} was made by nobody ({made.origin if made else 'no record'})")
        return before

    def _effect(self, one: Operation) -> Changes:
        """What a change does; what is put on a newer version leaves alone what it does not change."""
        base = self._states.get(one.base, {})
        return {key: weight for key, weight in one.changes.items() if one.how != "rebase" or weight != base.get(key)}

    def _moments(self) -> list[tuple[float, int]]:
        """From when on a version may have been the newest: the highest so far of those that had begun."""
        begun = sorted((one.begun, number) for number, one in self._owners.items())
        highest = accumulate((number for _, number in begun), max)
        return [(0.0, 1), *((moment, number) for (moment, _), number in zip(begun, highest, strict=True))]

    def _possible(self, one: Operation) -> range:
        """The versions above its base that may have been the newest while an operation was under way."""
        at = bisect_left(self._begins, (one.ended, 0)) - 1
        highest = self._begins[at][1]
        while highest + 1 in self._made and highest + 1 not in self._owners:
            highest += 1  # by discovery, at an unknown moment
        return range(max(1, one.base), highest + 1)

    def real_time(self) -> Iterator[str]:
        """What had ended before an operation began has a lower number; reads may see the same."""
        known = [one for one in self._operations if one.version and not (one.how == "read" and one.by_transaction)]
        ended = sorted(known, key=lambda one: one.ended)
        ends = [one.ended for one in ended]
        highest = list(accumulate(ended, lambda one, other: max(one, other, key=lambda some: some.version)))
        for one in known:
            at = bisect_right(ends, one.begun) - 1
            if at < 0:
                continue
            before = highest[at]
            if before.version > one.version or (before.version == one.version and one.is_write and before is not one):
                yield f"{one} came after {before} had ended"
            owner = self._owners.get(one.version)
            if one.how == "read" and owner is not None and owner.begun > one.ended:
                yield f"{one} read what only later began: {owner}"

    def reads(self) -> Iterator[str]:
        """Each read is what its version holds, and in a transaction what that makes of it."""
        for one in self._operations:
            if one.how != "read" or not one.version:
                continue
            state = changed(self._states.get(one.version, {}), one.changes)
            wanted = {key: weight for key, weight in state.items() if key[0] == one.scope}
            if one.seen != wanted:
                yield f"{one} saw {_difference(wanted, one.seen)}"

    def texts(self) -> Iterator[str]:
        """Each text that is kept is what the replay has at its version."""
        for number, made in self._made.items():
            if made.state is not None and made.state != self._states[number]:
                owner = self._owners.get(number, made.origin)
                yield f"version {number} ({owner}): {_difference(self._states[number], made.state)}"

    def changes(self) -> Iterator[str]:
        """Each change met what it was made for."""
        for number, one in self._owners.items():
            before, base = self._states.get(number - 1, {}), self._states.get(one.base, {})
            if one.how in ("version", "transaction") and number != one.base + 1:
                yield f"{one} was made for another version than the one before"
            for key, weight in one.changes.items():
                if (key in before) == (key in one.created) and before.get(key) != weight:
                    yield f"{one} did not meet {key} where it should be, or should not"
            if one.how in ("rebase", "tag") and one.base < number:
                for key, weight in self._effect(one).items():
                    if before.get(key) not in (base.get(key), weight):
                        yield f"{one} did not meet {key} as it was: {before.get(key)} for {base.get(key)}"

    def refusals(self) -> Iterator[str]:
        """Each refusal has a reason that was true."""
        for one in self._operations:
            if one.status >= 400 and not any(self._explains(number, one) for number in self._possible(one)):
                yield f"{one} was refused without a reason: {one.reason}"

    def _explains(self, number: int, one: Operation) -> bool:
        state, base = self._states.get(number, {}), self._states.get(one.base, {})
        others = any(state.get(key) != base.get(key) for key in one.changes)
        if one.reason == "outdated":
            owner = self._owners.get(number)
            return number > one.base and owner is not None and owner.by_transaction
        return {
            "version": number > one.base,
            "overlap": number > one.base and others,
            "tag": number > one.base and others,
            "exists": any(key in state for key in one.created),
            "missing": any(key not in state for key in one.changes if key not in one.created),
        }.get(one.reason, False)

    def hands(self) -> Iterator[str]:
        """A text by hand became a version, or others replaced it by hand."""
        replaced = {one.replaced for one in self._operations if one.how == "hand"}
        for one in self._operations:
            if one.how == "hand" and not one.version and one.digest not in replaced:
                yield f"{one} was overwritten unseen"

    def end(self, last: State) -> Iterator[str]:
        """The file holds the newest version."""
        if self._states[self._newest] != last:
            yield f"the file is not version {self._newest}: {_difference(self._states[self._newest], last)}"


def _difference(wanted: State, found: State) -> str:
    """The servers that are otherwise, some of them."""
    keys: list[Key] = sorted(key for key in {*wanted, *found} if wanted.get(key) != found.get(key))
    said = (f"{'/'.join(key)} {found.get(key)} instead of {wanted.get(key)}" for key in keys[:3])
    return ", ".join(said)
