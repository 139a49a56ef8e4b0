"""How maps and ACL lists of the running process differ from their files.

A relative name is left out: where HAProxy begins to look for it is not known here.
"""

from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from dataplane_core.plugin import DataplaneError, Services, read_file
from dataplane_plugins.changes.drift.deviation import Action, Deviation, Nothing, Remedy
from dataplane_plugins.patterns.map_files import MapFiles, parse_map_file, values_by_key
from dataplane_plugins.patterns.pattern_lists import (
    PatternKind,
    PatternList,
    RuntimePatterns,
    parse_entries,
    parse_patterns,
)

Rows = list[tuple[str, ...]]
"""The entries of a map, key and value, or the patterns of a list."""


class PatternDrift:
    """Compares what HAProxy has loaded of each file of patterns with the file."""

    def __init__(self, services: Services) -> None:
        kinds: tuple[PatternKind, ...] = ("map", "acl")
        self._patterns = [RuntimePatterns(services, kind) for kind in kinds]
        folder = Path(services.settings.dataplaneapi.resources.maps_dir)
        self._files = MapFiles(folder, services.state)

    def find(self) -> Iterator[Deviation]:
        """Yield a difference for each file that says something else than the process."""
        seen: set[str] = set()  # a file that is map and list is one to HAProxy, and shown as both
        for patterns in self._patterns:
            for one in patterns.all():
                if one.has_file and one.file.startswith("/") and one.id not in seen:
                    seen.add(one.id)
                    yield from self._compare(patterns, one)

    def _compare(self, patterns: RuntimePatterns, one: PatternList) -> Iterator[Deviation]:
        try:
            wanted = self._of_file(patterns, one)
        except DataplaneError as error:
            never = Nothing(f"the file cannot be read: {error.message}")
            yield Deviation(patterns.kind, one.file, "entries", None, one.counts[-1], never, never)
            return
        found = self._of_process(patterns, one)
        alone, more = Counter(wanted) - Counter(found), Counter(found) - Counter(wanted)
        if not alone and not more:
            return
        yield Deviation(
            patterns.kind, one.file, "entries",
            [" ".join(row) for row in alone][:_SHOWN], [" ".join(row) for row in more][:_SHOWN],
            Action("loads the entries of the file", partial(self._load, patterns, one)),
            self._write_remedy(patterns, one),
        )  # fmt: skip

    def _of_file(self, patterns: RuntimePatterns, one: PatternList) -> Rows:
        path = Path(one.file)
        if one.is_optional and not path.exists():
            return []
        text = read_file(path)[0].decode("utf-8", "surrogateescape")
        return list(parse_map_file(text) if patterns.kind == "map" else parse_patterns(text))

    def _of_process(self, patterns: RuntimePatterns, one: PatternList) -> Rows:
        rows = parse_entries(patterns.dump(one))
        if patterns.kind == "map":
            return [(key, value) for _, key, value in rows]
        return [(f"{key} {value}".rstrip(" "),) for _, key, value in rows]

    def _load(self, patterns: RuntimePatterns, one: PatternList) -> None:
        with patterns.changing(one):
            rows = self._of_file(patterns, one)
            fresh = next(other for other in patterns.all() if other.id == one.id)
            patterns.replace(fresh, rows)

    def _write_remedy(self, patterns: RuntimePatterns, one: PatternList) -> Remedy:
        path = self._files.path(one) if patterns.kind == "map" else None
        if path is None:
            return Nothing("the file is none of the maps that this server manages")
        return Action("writes the entries to the file", partial(self._write, patterns, one, path))

    def _write(self, patterns: RuntimePatterns, one: PatternList, path: Path) -> None:
        with patterns.changing(one):
            rows = parse_entries(patterns.dump(one))
            self._files.write(path, values_by_key((key, value) for _, key, value in rows))


_SHOWN = 20
"""How many entries of either side a difference shows."""
