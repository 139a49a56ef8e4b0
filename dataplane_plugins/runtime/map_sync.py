"""Bring what changes in managed maps of the running process to their files, period by period.

HAProxy tells of a change of the number of entries, but not of that of a value: only a dump shows
it. A dump is compared by its digest alone while it is the same, and the next one waits in
proportion to what the last one took, so that a large map costs next to nothing while it rests.
"""

import re
import threading
import time
import zlib
from pathlib import Path

from dataplane_core.plugin import (
    DataplaneError,
    RuntimeFailed,
    Services,
    dataclass,
    impl,
    is_digits,
    lazy_pattern,
)
from dataplane_plugins.patterns.map_files import MapFiles, MapValues, values_by_key
from dataplane_plugins.patterns.pattern_lists import PatternList, RuntimePatterns, parse_entries

_MARKS = lazy_pattern(rb"^\S+ ", re.MULTILINE)
_REST = 400
"""A dump that took a second is not made again for so many, unless the number of entries changes."""
_QUICK = 0.02
"""A dump that took less than so many seconds is made in every period."""


@dataclass(slots=True)
class SeenMap:
    """A map as it was: HAProxy's counts, and its dump, packed and as a digest."""

    counts: tuple[str, ...]
    digest: bytes
    packed: bytes
    next_look: float


def _digest(dump: bytes) -> bytes:
    from hashlib import blake2b  # loads OpenSSL, which a server without such maps has no need of

    return blake2b(dump, digest_size=16).digest()


def _values(dump: bytes) -> MapValues:
    return values_by_key((key, value) for _, key, value in parse_entries(dump))


class MapSync:
    """The managed maps of the first process, and their files."""

    def __init__(self, services: Services) -> None:
        resources = services.settings.dataplaneapi.resources
        self.patterns = RuntimePatterns(services, "map")
        self.files = MapFiles(Path(resources.maps_dir), services.state)
        self.period = max(0.1, resources.update_map_files_period)
        self.log = services.log
        self.seen: dict[str, SeenMap] = {}
        self.started = ""
        self.trouble = ""

    def run(self, stop: threading.Event) -> None:
        """Look once in a period until `stop` is set."""
        while not stop.wait(self.period):
            try:
                self.look()
                self.trouble = ""
            except DataplaneError as error:
                if error.message != self.trouble:
                    self.log.warning("maps are not brought to their files: %s", error.message)
                self.trouble = error.message

    def look(self) -> list[Path]:
        """Write the files of maps that have changed since the last look; returns these files."""
        process = self._process()
        if process != self.started:
            self.seen.clear()
            self.started = process
        written = []
        for one in self.patterns.all():
            path = self.files.path(one)
            if path is not None and self._look_at(one, path):
                written.append(path)
        return written

    def _process(self) -> str:
        """Return what identifies a worker of HAProxy: its pid, and the second of its start."""
        answer = self.patterns.runtime.execute("show info")[0]
        facts = dict(line.split(": ", 1) for line in answer.splitlines() if ": " in line)
        if "Pid" not in facts or not is_digits(facts.get("Uptime_sec", "")):
            raise RuntimeFailed("HAProxy's answer to show info cannot be read")
        began = facts.get("Start_time_sec") or str(int(time.time()) - int(facts["Uptime_sec"]))
        # the seconds are rounded where HAProxy does not tell them itself (up to 2.8)
        if self.started.startswith(f"{facts['Pid']} "):
            before = int(self.started.split()[1])
            began = str(before) if abs(int(began) - before) < 2 else began
        return f"{facts['Pid']} {began}"

    def _look_at(self, one: PatternList, path: Path) -> bool:
        known = self.seen.get(one.file)
        if known is not None and known.counts == one.counts and time.monotonic() < known.next_look:
            return False
        begun = time.monotonic()
        dump = self.patterns.dump(one)
        now = time.monotonic()
        rest = now + (now - begun) * _REST if now - begun > _QUICK else now
        if known is not None and known.digest == _digest(dump):
            known.counts, known.next_look = one.counts, rest
            return False
        with self.patterns.changing(one):
            dump = self.patterns.dump(one)
            before = self._began_with(path) if known is None else zlib.decompress(known.packed)
            done = self._bring(path, before, dump) if before is not None else False
        self.seen[one.file] = SeenMap(one.counts, _digest(dump), zlib.compress(dump, 1), rest)
        return done

    def _began_with(self, path: Path) -> bytes | None:
        """Return the file in the form of a dump; None if somebody else has written it since."""
        began = int(self.started.split()[1])
        if path.stat().st_mtime > began + 1 and not self.files.wrote_last(path):
            return None
        lines = (line.strip(b" \t\r") for line in path.read_bytes().split(b"\n"))
        said = (line.split(None, 1) for line in lines if line and not line.startswith(b"#"))
        return b"\n".join(b"0x0 " + b" ".join(words) for words in said)

    def _bring(self, path: Path, before: bytes, after: bytes) -> bool:
        """Write what differs between two dumps to a file; whether that changed it."""
        if _MARKS.sub(b"", before) == _MARKS.sub(b"", after):
            return False
        old, new = _values(before), _values(after)
        changed = {key for key in new.keys() | old if new.get(key) != old.get(key)}
        return bool(changed) and self.files.write(path, new, changed)


@impl
def dataplane_start(services: Services) -> None:
    """Have one worker of all do it, if the settings want it."""
    if services.settings.dataplaneapi.resources.update_map_files:
        services.lead("map-files", MapSync(services).run)
