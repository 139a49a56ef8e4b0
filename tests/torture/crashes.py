"""The states that a power cut may leave of a commit or a start, each recovered and judged.

strace records what a process writes, syncs, renames, makes and removes. From that come, for each
moment, the states that a disk may be in (`cuts`). A store is started on each: haproxy.cfg is the old
or the new version to the byte, the new one if it was acknowledged before the cut, its number and its
record are known, and a change can be made.
"""

import json
import logging
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from dataplane_core.errors import DataplaneError
from tests.store.support import Bench, add_server
from tests.torture import strace
from tests.torture.cuts import Disk, State, Step

ACTOR = Path(__file__).parents[1] / "store" / "actor.py"
ACTIONS = ("direct", "transaction", "restore", "first commit")
"""What is done to a file that has versions, and the first start with a commit, in new folders."""
STARTS = ("first start", "start after a death", "start after an edit", "start with a broken state")
CALLS = (
    "openat", "close", "write", "pwrite64", "lseek", "ftruncate", "fsync", "fdatasync", "rename", "renameat",
    "renameat2", "unlink", "unlinkat", "link", "linkat", "mkdir", "mkdirat", "rmdir",
)  # fmt: skip
_LINE = re.compile(r"^(?:\d+\s+)?(\w+)\((.*)\)\s+= (\d+)(?:<.*>)?$")
_STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_DIR = re.compile(r"(?:AT_FDCWD|(\d+))(?:<[^>]*>)?, ")
_MEMORY = "-shm"
"""SQLite's shared memory, which says nothing after a cut."""


class Recorder:
    """Reads a trace into steps; what lies outside of a folder is left out."""

    def __init__(self, folder: Path) -> None:
        self._folder = str(folder)
        self.before = State()
        for number, path in enumerate((one for one in sorted(folder.rglob("*")) if one.is_file()), 1):
            self.before.names[str(path)] = number
            self.before.data[number] = path.read_bytes()
        self.before.folders = {str(one) for one in (folder, *folder.rglob("*")) if one.is_dir()}
        self._now = State(dict(self.before.names), dict(self.before.data))
        self._next = len(self.before.names) + 1
        self._open: dict[int, tuple[str, int]] = {}
        self._places: dict[int, int] = {}
        self.steps: list[Step] = []

    def read(self, trace: str) -> list[Step]:
        """All steps; `acknowledged` is one, too."""
        for line in trace.splitlines():
            match = _LINE.match(line)
            if match is not None:
                self._call(match[1], match[2], int(match[3]))
        return self.steps

    def _step(self, step: Step) -> None:
        self._now.take(step)
        self.steps.append(step)

    def _call(self, call: str, arguments: str, result: int) -> None:
        strings = [bytes.fromhex(one.replace("\\x", "")) for one in _STRING.findall(arguments)]
        paths = self._paths(arguments, strings) if call not in ("write", "pwrite64") else []
        if call == "openat":
            self._opened(paths[0], arguments, result)
        elif call in ("write", "pwrite64", "ftruncate", "fsync", "fdatasync", "close", "lseek"):
            self._of_descriptor(call, int(re.split(r"\D", arguments)[0]), arguments, strings, result)
        elif paths[-1].startswith(self._folder) and not paths[-1].endswith(_MEMORY):
            named = {"RENAME_EXCHANGE": "exchange", "AT_REMOVEDIR": "rmdir"}
            self._of_names(next((what for flag, what in named.items() if flag in arguments), call), paths)

    def _paths(self, arguments: str, strings: list[bytes]) -> list[str]:
        """The paths that a call names, each from the folder in front of it."""
        folders = [one.group(1) for one in _DIR.finditer(_STRING.sub("!", arguments))]
        found = []
        for at, string in enumerate(strings):
            number = folders[at] if at < len(folders) else None
            base = self._open.get(int(number), ("/", 0))[0] if number else "/"
            found.append(os.path.normpath(os.path.join(base, os.fsdecode(string))))
        return found

    def _opened(self, path: str, arguments: str, result: int) -> None:
        file = self._now.names.get(path, 0)
        self._open[result] = (path, file)
        self._places[result] = 0
        is_folder = "O_DIRECTORY" in arguments or os.path.isdir(path)
        if not path.startswith(self._folder) or is_folder or path.endswith(_MEMORY):
            return
        if not file and "O_CREAT" in arguments:
            file, self._next = self._next, self._next + 1
            self._open[result] = (path, file)
            self._step(Step("name", file, name=path))
        elif "O_TRUNC" in arguments:
            self._step(Step("truncate", file))
        if "O_APPEND" in arguments:
            self._places[result] = len(self._now.data.get(file, b""))

    def _of_descriptor(self, call: str, number: int, arguments: str, strings: list[bytes], result: int) -> None:
        path, file = self._open.get(number, ("", 0))
        if call == "write" and number == 1 and b'"version"' in strings[0]:
            self.steps.append(Step("acknowledged"))
        elif call == "close":
            self._open.pop(number, None)
        elif call == "lseek":
            self._places[number] = result
        elif call in ("fsync", "fdatasync") and path.startswith(self._folder):
            self.steps.append(Step("sync", file, name=path))
        elif file and call == "ftruncate":
            self._step(Step("truncate", file, int(arguments.rsplit(", ", 1)[1])))
        elif file and call == "write":
            self._step(Step("write", file, self._places[number], strings[0][:result]))
            self._places[number] += result
        elif file and call == "pwrite64":
            self._step(Step("write", file, int(arguments.rsplit(", ", 1)[1]), strings[0][:result]))

    def _of_names(self, call: str, paths: list[str]) -> None:
        if call == "exchange":
            one, other = (self._now.names.get(path, 0) for path in paths)
            self._step(Step("exchange", one, other, name=paths[1], source=paths[0]))
        elif call.startswith("rename"):
            self._step(Step("rename", self._now.names.get(paths[0], 0), name=paths[1], source=paths[0]))
        elif call.startswith("mkdir"):
            self._step(Step("mkdir", name=paths[0]))
        elif call == "rmdir":
            self._step(Step("rmdir", name=paths[0]))
        elif call.startswith("unlink"):
            self._step(Step("unlink", name=paths[0]))
        elif call.startswith("link"):
            self._step(Step("name", self._now.names.get(paths[0], 0), name=paths[1]))


@dataclass(frozen=True)
class Recorded:
    """What a process has done: the state before, the steps, the old and the new text, the version."""

    before: State
    steps: list[Step]
    texts: list[bytes]
    version: int


def record(folder: Path, action: str) -> Recorded:
    """Have a process make a change, or start."""
    bench = Bench(folder)
    if not action.startswith("first"):
        _act(folder, "direct")
    _prepare(bench, action)
    old, recorder = bench.file.read_bytes(), Recorder(folder)
    done = "start" if action in STARTS else "direct" if action == "first commit" else action
    log, told = traced([ACTOR, folder, done], "-f")
    version = json.loads(told.splitlines()[-1])["version"]
    return Recorded(recorder.before, recorder.read(log), [old, bench.file.read_bytes()], version)


def traced(command: Sequence[str | Path], *options: str) -> tuple[str, str]:
    """The calls of a Python program, and what it prints."""
    with tempfile.NamedTemporaryFile(prefix="dataplane-trace-") as log:
        tracer = ["strace", *options, "-xx", "-s", "10000000", "-o", log.name, "-e", "trace=" + ",".join(CALLS)]
        run = subprocess.run([*tracer, sys.executable, *map(str, command)], check=True, capture_output=True, text=True)
        return Path(log.name).read_text(), run.stdout


def _prepare(bench: Bench, action: str) -> None:
    """Leave what a start finds."""
    if action == "start after a death":
        _act(bench.directory, "direct", failpoint="replaced")
    elif action == "start after an edit":
        bench.file.write_bytes(bench.file.read_bytes() + b"backend by-hand\n")
    elif action == "start with a broken state":
        (bench.directory / "state" / "state.sqlite").write_bytes(b"garbage" * 1000)


def _act(folder: Path, action: str, failpoint: str = "") -> None:
    environ = {**os.environ, "DATAPLANE_FAILPOINT": failpoint}
    done = subprocess.run([sys.executable, str(ACTOR), str(folder), action], env=environ, capture_output=True, check=False)
    assert done.returncode == (137 if failpoint else 0), done.stderr.decode()


def make(state: State) -> None:
    """Make the folders and write the files of a state."""
    for folder in sorted(state.folders):
        Path(folder).mkdir(parents=True, exist_ok=True)
    for name, number in state.names.items():
        Path(name).write_bytes(state.data.get(number, b""))


def judge(folder: Path, state: State, recorded: Recorded, *, acknowledged: bool) -> str:
    """What is wrong with a state after a store was started on it; empty if nothing is."""
    make(state)
    texts, bench = recorded.texts, Bench(folder, text=None)
    try:
        if bench.file.read_bytes() not in texts:
            return "haproxy.cfg is torn"
        config = bench.store()
        config.file.recover()
        if acknowledged and bench.file.read_bytes() != texts[1]:
            return "what was acknowledged is gone"
        version = config.version()
        if acknowledged and version != recorded.version:
            return f"what was acknowledged as version {recorded.version} is version {version}"
        newest = config.history.newest()
        if newest.version != version or config.history.intents():
            return "the history does not know the file's version"
        if acknowledged and texts[0] != texts[1] and newest.origin == "external":
            return "the record of what was acknowledged is gone, and its text taken for an edit by hand"
        if add_server(config, "be2", "after", version=version).version != version + 1:
            return "the next change has another number"
        return "" if not bench.litter() else f"left behind: {bench.litter()}"
    except (DataplaneError, OSError) as error:
        return f"no start: {error!r}"


def try_action(folder: Path, action: str, most: int = 0) -> tuple[Counter[str], list[str]]:
    """Judge every state of one action, or every so many-th; the figures, and what is wrong."""
    place = folder / action.replace(" ", "-")
    place.mkdir()
    recorded = record(place, action)

    def judged(state: State, acknowledged: bool) -> str:
        return judge(place, state, recorded, acknowledged=acknowledged)

    return try_states(place, action, recorded.before, recorded.steps, judged, most)


def try_states(
    place: Path, name: str, before: State, steps: list[Step], judged: Callable[[State, bool], str], most: int
) -> tuple[Counter[str], list[str]]:
    """Judge every state that steps may leave in a folder, or every so many-th, each in an empty folder."""
    counts, problems = Counter[str](), list[str]()
    disk = Disk(before, steps)
    found = disk.different()
    counts["steps"], counts["states"] = len(steps), len(found)
    for cut in found[:: max(1, len(found) // most) if most else 1]:
        shutil.rmtree(place)
        place.mkdir()
        counts["tried"] += 1
        said = judged(disk.state(cut), cut.acknowledged)
        if said:
            problems.append(f"{name}, {cut.how}: {said}")
    return counts, problems


def in_memory() -> str | None:
    """A folder in memory, where there is one: the states are made, and nothing is synced for real."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def run_all(most: int = 0) -> int:
    """Try all; 1 where something was lost or torn."""
    if strace.missing():
        print(f"skipped: {strace.missing()}")
        return 0
    bad = 0
    logging.disable(logging.WARNING)  # each start tells what it finds
    with tempfile.TemporaryDirectory(prefix="dataplane-crashes-", dir=in_memory()) as folder:
        for action in (*ACTIONS, *STARTS):
            counts, problems = try_action(Path(folder), action, most)
            print(*problems[:40], sep="\n")
            print(f"{action}: {', '.join(f'{count} {what}' for what, count in counts.items())}; {len(problems)} bad")
            bad += len(problems)
    return int(bad > 0)
