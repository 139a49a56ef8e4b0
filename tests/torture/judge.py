"""Whether what is on the disk is what clients were told."""

from collections import Counter
from pathlib import Path

from dataplane_core.store.head import decode_text, digest_of, split_header
from dataplane_core.store.journal.state import State
from dataplane_core.store.journal.texts import TextTable
from dataplane_core.store.journal.version_records import VersionRecord
from dataplane_core.store.journal.versions import VersionTable
from tests.torture.clients import POISON
from tests.torture.ledger import Ledger

_RECORDS = 2000
"""More than are made between two times that all servers are taken away again."""
LITTER = "was left behind"
"""What is said of a temporary file that is gone after the next start."""
ADDED = ("server-", f"{POISON}-")


def added_servers(text: str) -> list[str]:
    """The names of the servers that clients added, in file order."""
    words = (line.split() for line in text.splitlines())
    return [word[1] for word in words if word[:1] == ["server"] and word[1].startswith(ADDED)]


def without_added(text: str) -> str:
    """The text without the version line and without the servers that clients added."""
    lines = split_header(text)[1].splitlines(keepends=True)
    return "".join(line for line in lines if not line.strip().startswith(_prefixes()))


def _prefixes() -> tuple[str, ...]:
    return tuple(f"server {prefix}" for prefix in ADDED)


def judge(
    configuration: Path, folder: Path, skeleton: str, ledger: Ledger, state: State | None = None, most: int = 100_000
) -> list[str]:
    """All that is wrong; to be asked while the server runs and nobody writes.

    `state` is that in the `folder`, where it is open already. The texts of the last `most` versions
    are read.
    """
    history, unreadable = _history(folder, most) if state is None else _read(state, most)
    data = configuration.read_bytes()
    text = decode_text(data)
    newest = max(history)
    problems = _whole(data, text, history[newest], skeleton, folder)
    names = added_servers(text)
    present = set(names)
    problems += [f"{name} stands twice" for name, n in Counter(names).items() if n > 1]
    problems += [f"{name} was never tried" for name in names if not ledger.knows(name)]
    problems += [f"{name} was refused, and is there" for name in present & ledger.refused]
    for name, version in ledger.acknowledged.items():
        entry = history.get(version)
        if entry is None:
            problems.append(f"{name} was acknowledged in version {version}, which nobody knows")
        elif (entry.status == "active") != (name in present):
            there = "there" if name in present else "not there"
            problems.append(f"{name} is {there}, while its version {version} is {entry.status}")
    litter = [path.name for path in configuration.parent.glob(f".{configuration.name}.*.tmp")]
    litter += [path.name for path in (folder / "versions").glob(".*.tmp")]
    problems += [f"the history has lost the text of version {version}" for version in unreadable]
    return problems + [f"{name} {LITTER}" for name in litter]


def _history(folder: Path, most: int) -> tuple[dict[int, VersionRecord], list[int]]:
    state = State(folder)
    try:
        return _read(state, most)
    finally:
        state.shutdown()


def _read(state: State, most: int) -> tuple[dict[int, VersionRecord], list[int]]:
    """The records of the newest versions, and those whose texts are not what they were."""
    found, texts = VersionTable(state).latest(limit=max(most, _RECORDS)), TextTable(state)
    lost = [one.version for one in found[:most] if texts.read(one.version, one.digest) is None]
    return {one.version: one for one in found}, lost


def _whole(data: bytes, text: str, newest: VersionRecord, skeleton: str, state: Path) -> list[str]:
    """The file is one committed version to the byte, and but for the servers what it was."""
    problems = []
    if digest_of(data) != newest.digest or newest.status != "active":
        problems.append(f"the file is not version {newest.version}")
    elif (state / "versions" / f"{newest.version}-{newest.digest}.cfg").read_bytes() != data:
        problems.append(f"the text kept of version {newest.version} is another")
    written = split_header(text)[0].version
    if written not in (None, newest.version):
        problems.append(f"the version line says {written}, the history {newest.version}")
    if without_added(text) != skeleton:
        problems.append("lines that nobody touched have changed")
    return problems
