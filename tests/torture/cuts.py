"""The states that a power cut may leave on a disk, made of the steps that a process has done.

What was not synced may be lost: the data of a file without a sync of the file, its name without one
of its folder, and a new folder, with all that is in it, without one of the folder above. For each
moment these are: nothing but what was synced, all of it, one step missing, one step alone, half a
write.
"""

import hashlib
import os
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

DATA, SYNCS = ("write", "truncate"), ("sync", "acknowledged")


@dataclass(frozen=True)
class Step:
    """One step of a trace: of a file's data, or of the names in a folder (`folder`).

    Of two files that change places, `at` is the one that had the name.
    """

    kind: str
    file: int = 0
    at: int = 0
    data: bytes = b""
    name: str = ""
    source: str = ""

    @property
    def folder(self) -> str:
        return os.path.dirname(self.name)


@dataclass
class State:
    """Files by their names, and folders, as a disk may have them."""

    names: dict[str, int] = field(default_factory=dict)
    data: dict[int, bytes] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)

    def take(self, step: Step) -> None:
        """Do a step."""
        if step.kind in DATA:
            content = bytearray(self.data.get(step.file, b""))
            write(content, step)
            self.data[step.file] = bytes(content)
        elif step.kind == "name":
            self.names[step.name] = step.file
        elif step.kind == "rename":
            self.names.pop(step.source, None)
            self.names[step.name] = step.file
        elif step.kind == "exchange":
            self.names[step.name], self.names[step.source] = step.file, step.at
        elif step.kind == "unlink":
            self.names.pop(step.name, None)
        elif step.kind == "mkdir":
            self.folders.add(step.name)
        elif step.kind == "rmdir":
            self.lose(step.name)

    def lose(self, folder: str) -> None:
        """Have a folder, and all that is in it, be gone."""
        inside = folder + "/"
        self.folders = {one for one in self.folders if one != folder and not one.startswith(inside)}
        self.names = {name: file for name, file in self.names.items() if not name.startswith(inside)}


def write(content: bytearray, step: Step) -> None:
    """Do a step of a file's data."""
    if len(content) < step.at:
        content.extend(bytes(step.at - len(content)))
    if step.kind == "truncate":
        del content[step.at :]
    else:
        content[step.at : step.at + len(step.data)] = step.data


@dataclass(frozen=True)
class Cut:
    """A moment, by the number of steps that were done, and those of them that the disk has not.

    Of the step `half` it has a half.
    """

    done: int
    missing: frozenset[int]
    how: str
    acknowledged: bool
    half: int = -1


def cuts(steps: Sequence[Step]) -> Iterator[Cut]:
    """Each cut whose state may be another one."""
    acknowledged = False
    synced = [_synced_at(steps, at) for at in range(len(steps))]
    for done in range(len(steps) + 1):
        acknowledged = acknowledged or bool(done and steps[done - 1].kind == "acknowledged")
        lost = [at for at in range(done) if synced[at] >= done]
        names = {at for at in lost if steps[at].name}
        chosen: list[tuple[str, set[int]]] = [
            ("all", set()), ("synced", set(lost)), ("no data", set(lost) - names), ("no names", names),
            *((f"without step {at}", {at}) for at in lost),
            *((f"with step {at} alone", set(lost) - {at}) for at in lost),
        ]  # fmt: skip
        for how, missing in chosen:
            yield Cut(done, frozenset(missing), f"{how}, {done} done", acknowledged)
        for at in (one for one in lost if steps[one].kind == "write"):
            yield Cut(done, frozenset(), f"half of step {at}, {done} done", acknowledged, half=at)


def unsynced(done: Sequence[Step]) -> list[int]:
    """The steps that no sync has brought to the disk: of data by the file, of names by the folder."""
    return [at for at in range(len(done)) if _synced_at(done, at) >= len(done)]


def _synced_at(steps: Sequence[Step], at: int) -> int:
    """The sync that brings a step to the disk; their number where none does."""
    step = steps[at]
    if step.kind in SYNCS:
        return at
    for later in range(at + 1, len(steps)):
        one = steps[later]
        if one.kind == "sync" and (one.name == step.folder if step.name else one.file == step.file):
            return later
    return len(steps)


class Disk:
    """Makes states of cuts; what a file holds by the same steps is made once, as it is asked for."""

    def __init__(self, before: State, steps: Sequence[Step]) -> None:
        self._before, self._steps = before, steps
        self._digests: dict[tuple[int, tuple[int, ...], int], bytes] = {}
        self._writes: dict[int, list[int]] = {file: [] for file in before.data}
        self._others = [at for at, step in enumerate(steps) if step.kind not in (*DATA, *SYNCS)]
        for at, step in enumerate(steps):
            if step.kind in DATA:
                self._writes.setdefault(step.file, []).append(at)

    def state(self, cut: Cut) -> State:
        """What the disk holds after a cut."""
        found = self._named(cut)
        found.data = {file: self._content(file, self._kept(file, cut), cut.half) for file in found.names.values()}
        return found

    def different(self) -> list[Cut]:
        """The cuts without those whose state is the same as that of one before."""
        seen: dict[bytes, Cut] = {}
        for cut in cuts(self._steps):
            seen.setdefault(self._digest(cut), cut)
        return [*seen.values()]

    def _named(self, cut: Cut) -> State:
        """The names and folders after a cut; in a folder that was lost nothing is."""
        state = State(dict(self._before.names), {}, set(self._before.folders))
        lost = set()
        for at in self._others[: bisect_right(self._others, cut.done - 1)]:
            step = self._steps[at]
            if at not in cut.missing:
                state.take(step)
            if step.kind == "mkdir":
                (lost.add if at in cut.missing else lost.discard)(step.name)
        for folder in lost:
            state.lose(folder)
        return state

    def _kept(self, file: int, cut: Cut) -> tuple[int, ...]:
        written = self._writes.get(file, ())
        return tuple(at for at in written if at < cut.done and at not in cut.missing)

    def _content(self, file: int, kept: tuple[int, ...], half: int) -> bytes:
        content = bytearray(self._before.data.get(file, b""))
        for at in kept:
            step = self._steps[at]
            if at == half:
                step = Step("write", step.file, step.at, step.data[: len(step.data) // 2])
            write(content, step)
        return bytes(content)

    def _digest(self, cut: Cut) -> bytes:
        state, made = self._named(cut), hashlib.sha256(b"%d" % cut.acknowledged)
        for name, file in sorted(state.names.items()):
            kept = self._kept(file, cut)
            key = file, kept, cut.half if cut.half in kept else -1
            if key not in self._digests:
                self._digests[key] = hashlib.sha256(self._content(*key)).digest()
            made.update(name.encode() + b"\0" + self._digests[key])
        made.update("\0".join(sorted(state.folders)).encode())
        return made.digest()
