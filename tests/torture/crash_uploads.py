"""The states that a power cut may leave of an upload, each recovered and judged.

As with commits (`crashes`): the steps of a process are recorded that stores a file, replaces or
deletes it. The server starts on each state: the file is the old or the new one to the byte, the new
one if that was acknowledged, nothing lies beside it, haproxy.cfg is what it was, the file can be
stored again, and the history has what was stored then.
"""

import json
import logging
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from dataplane_core.errors import DataplaneError
from dataplane_core.store.contents import content_digest
from dataplane_core.store.files import sweep_folder
from tests.storage.support import Storage
from tests.torture import strace
from tests.torture.crashes import Recorder, in_memory, make, traced, try_states
from tests.torture.cuts import State, Step
from tests.torture.upload_actor import HOW, PLACES, content, create, open_storage, replace

DONE = (200, 201, 202, 204)
ACTOR = Path(__file__).with_name("upload_actor.py")


@dataclass(frozen=True)
class RecordedUpload:
    """What a process has done: the state before, the steps, what the file held and holds, the rest."""

    before: State
    steps: list[Step]
    old: bytes | None
    new: bytes | None
    configuration: bytes


def record(folder: Path, how: str, kind: str) -> RecordedUpload:
    """Have a process do something with a file."""
    before = ["new", "deleted"] if how in ("first", "new") else ["old"]
    for first in before:
        subprocess.run([sys.executable, str(ACTOR), str(folder), f"{first} {kind}"], check=True, capture_output=True)
    path = folder.joinpath(*PLACES[kind])
    old, recorder = _present(path), Recorder(folder)
    log, told = traced([ACTOR, folder, f"{how} {kind}"])
    assert json.loads(told.splitlines()[-1])["version"] in DONE, told
    steps = recorder.read(log)
    return RecordedUpload(recorder.before, steps, old, _present(path), (folder / "haproxy.cfg").read_bytes())


def _present(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def judge(folder: Path, state: State, recorded: RecordedUpload, kind: str, *, acknowledged: bool) -> str:
    """What is wrong with a state after the server has started on it; empty if nothing is."""
    make(state)
    path = folder.joinpath(*PLACES[kind])
    found = _present(path)
    if found not in (recorded.old, recorded.new):
        return f"the file is torn: {found!r:.60}"
    if acknowledged and found != recorded.new:
        return "what was acknowledged is gone"
    try:
        storage = open_storage(folder)
        try:
            return _served(storage, path, recorded, kind)
        finally:
            storage.services.state.shutdown()
    except (DataplaneError, OSError, AssertionError) as error:
        return f"no start: {error!r}"


def _served(storage: Storage, path: Path, recorded: RecordedUpload, kind: str) -> str:
    """What is wrong with what a server does that has started."""
    if (storage.folder / "haproxy.cfg").read_bytes() != recorded.configuration:
        return "haproxy.cfg has changed"
    storage.services.config.version()
    wanted = content(kind, "new", storage.folder)
    present = path.exists()
    answer = replace(storage, kind, wanted) if present else create(storage, kind, wanted)
    if answer.status_code not in DONE and not (kind == "SPOE file" and present and answer.status_code == 409):
        return f"the file cannot be stored again: {answer.text}"
    if kind != "SPOE file" and path.read_bytes() != wanted:
        return "the file that was stored again is another"
    sweep_folder(path.parent)  # as the plugins do at the start of a server
    beside = [one.name for one in path.parent.iterdir() if one != path and not one.name.endswith(".lock")]
    if beside:
        return f"left behind: {beside}"
    if kind == "SPOE file" and present:  # a change of a section is in the history of the file itself
        return ""
    files = storage.services.config.file.records.files
    if files is not None and files.contents.read(content_digest(path.read_bytes())) is None:
        return "the history has not what was stored"
    return ""


def try_upload(folder: Path, how: str, kind: str, most: int = 0) -> tuple[Counter[str], list[str]]:
    """Judge every state of what is done with a file, or every so many-th; the figures, and what is wrong."""
    place = folder / f"{how}-{kind}".replace(" ", "-")
    place.mkdir()
    recorded = record(place, how, kind)

    def judged(state: State, acknowledged: bool) -> str:
        return judge(place, state, recorded, kind, acknowledged=acknowledged)

    return try_states(place, f"{how} {kind}", recorded.before, recorded.steps, judged, most)


def run_all(most: int = 0) -> int:
    """Try all; 1 where something was lost or torn."""
    if strace.missing():
        return 0
    bad = 0
    logging.disable(logging.ERROR)  # each start tells what it finds
    with tempfile.TemporaryDirectory(prefix="dataplane-crashes-", dir=in_memory()) as folder:
        for kind in PLACES:
            for how in HOW:
                counts, problems = try_upload(Path(folder), how, kind, most)
                print(*problems[:40], sep="\n")
                told = ", ".join(f"{count} {what}" for what, count in counts.items())
                print(f"{how} {kind}: {told}; {len(problems)} bad", flush=True)
                bad += len(problems)
    return int(bad > 0)
