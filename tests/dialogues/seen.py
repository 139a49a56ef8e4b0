"""What was seen of the texts between the steps of a dialogue, and whether ours are so too."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.dialogues.recorded import Step
from tests.dialogues.replay import SPOE, Bindings
from tests.dialogues.stage import Stage
from tests.dialogues.texts import differing, said, unlike
from tests.harness.server import CONFIGURATION

SPOE_FILE = "f1.cfg"


class Seen:
    """Looks at the texts of a stage after a step."""

    def __init__(self, stage: Stage, step: Step, bindings: Bindings) -> None:
        self._stage, self._bindings = stage, bindings
        self._step = step
        parts = urlsplit(step.path)
        self._path = parts.path
        self._query = {name: values[0] for name, values in parse_qs(parts.query).items()}

    def differences(self, kind: str, recorded: Any) -> list[str]:
        """What differs from what was seen of that kind."""
        looks = {"raw_now": self._raw, "file_on_disk": self._file, "map_file": self._map,
                 "lines_now": self._rows, "changed_by_get": self._sections,
                 "section_now": self._section}  # fmt: skip
        return [self._bindings.plain(sentence) for sentence in looks[kind](recorded)]

    def _text(self) -> str:
        """The whole text, as the step's transaction has it."""
        identifier = self._query.get("transaction_id")
        query = urlencode({"transaction_id": self._bindings.text(identifier)}) if identifier else ""
        answer = self._stage.server.client().call("GET", f"{CONFIGURATION}/raw?{query}")
        assert answer.status == 200, answer.body
        return str(answer.data)

    def _raw(self, recorded: str) -> Iterator[str]:
        return differing(self._text(), self._bindings.text(recorded))

    def _file(self, recorded: str) -> Iterator[str]:
        spoe = SPOE in self._path
        path = self._stage.folder / "spoe" / SPOE_FILE if spoe else self._stage.file
        return differing(path.read_text(), self._bindings.text(recorded))

    def _map(self, recorded: str) -> Iterator[str]:
        (path,) = (self._stage.folder / "maps").glob("*.map")
        return unlike(path.name, path.read_text().splitlines(), recorded.splitlines())

    def _rows(self, recorded: list[str]) -> Iterator[str]:
        """The lines of the section that the step is about, of its rows alone if it is about rows."""
        parent = self._query.get("parent_name")
        name = parent or self._path.rpartition("/")[2]
        kind = self._query.get("parent_type", "backend")
        lines = said(self._text()).get(f"{kind} {name}")
        if lines is None:
            yield f"there is no {kind} {name}"
            return
        heads = {line.split()[0] for line in recorded}
        ours = [line for line in lines if not parent or line.split()[0] in heads]
        wanted = [" ".join(line.split()) for line in recorded]
        if ours != wanted:
            yield f"{kind} {name} says {ours} instead of {wanted}"

    def _section(self, recorded: dict[str, list[str]]) -> Iterator[str]:
        found = said(self._text())
        for header, lines in recorded.items():
            wanted = [" ".join(line.split()) for line in lines]
            yield from unlike(header, found.get(header, []), wanted)

    def _sections(self, recorded: dict[str, list[str]]) -> Iterator[str]:
        found = said(self._text())
        for header, lines in recorded.items():
            yield from unlike(header, found[header], lines)
