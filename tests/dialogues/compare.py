"""What differs between a recorded answer and ours, as sentences."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from dataplane_core.resources.collections import SectionCollection
from tests.dialogues.recorded import Step
from tests.dialogues.replay import RELOAD, SPOE, Bindings, told
from tests.dialogues.texts import differing, headed
from tests.golden.offline import registry
from tests.harness.server import Answer

FREE = frozenset({"reload_timestamp", "exp", "operational_state", "last_time_change",
                  "check_state", "check_health"})  # fmt: skip
"""Times, and what a check has found at the moment: only that they are there counts."""
COUNTED = frozenset({"info", "stats", "api"})
"""Objects of counters and facts about a machine: only the names in them count."""
UNSORTED = frozenset({"v2", "v3", "services", "haproxy", "configuration", "runtime", "spoe", "storage",
                      "sites", "spoe_groups", "stick_table_entries"})  # fmt: skip
"""Lists, beside those of sections, that were recorded in no order."""
KEYS = ("url", "storage_name", "name", "key")
"""What tells the entries of a list apart."""


@cache
def _unsorted() -> frozenset[str]:
    found = registry().collections.items()
    return UNSORTED | {name for name, one in found if isinstance(one, SectionCollection)}


class Comparison:
    """Compares one answer with the recorded one."""

    def __init__(self, step: Step, bindings: Bindings) -> None:
        self._step = step
        self._bindings = bindings
        path = urlsplit(step.path).path.rstrip("/")
        self._spoe = SPOE in path
        self._last = path.rpartition("/")[2]
        self._of_places = "/ssl_" in path
        self._reload = "/reloads" in path

    def differences(self, answer: Answer) -> list[str]:
        """Every difference; none where ours does what was recorded, or does not fail as it did."""
        if self._step.status == 500:
            return ["status 500"] if answer.status == 500 else []
        if answer.status != self._step.status:
            code = f" ({answer.json['code']})" if answer.status >= 400 and answer.body else ""
            return [f"status {answer.status}{code} instead of {self._step.status}"]
        found = [*self._headers(answer), *self._body(answer)]
        return [self._bindings.plain(sentence) for sentence in found]

    def _headers(self, answer: Answer) -> Iterator[str]:
        wanted = self._step.headers
        if "Reload-Id" not in wanted and "Reload-Id" in answer.headers:
            yield "a Reload-Id is more"
        for name, value in wanted.items():
            ours = answer.headers.get(name)
            if ours is None:
                yield f"no header {name}"
            elif name == "Configuration-Version":
                shown = self._bindings.recorded(int(ours))
                if shown != int(value):
                    yield f"the version is {shown} instead of {value}"
            elif not self._same_header(name, ours, value):
                yield f"header {name} is {ours} instead of {value}"

    def _same_header(self, name: str, ours: str, theirs: str) -> bool:
        if name == "Reload-Id":
            self._bindings.same(ours, theirs)  # how many changes share a reload is up to time
            return RELOAD.fullmatch(ours) is not None
        if name == "Allow":
            return set(ours.split(",")) == set(theirs.replace(" ", "").split(","))
        return name == "Configuration-Checksum" or ours == theirs

    def _body(self, answer: Answer) -> Iterator[str]:
        theirs = self._step.answer
        media = answer.headers.get("Content-Type")
        if media == "text/html; charset=utf-8":
            return  # a page for people
        if media != "application/json":
            yield from self._text(answer.body.decode(), self._bindings.text(theirs or ""))
            return
        ours = answer.json
        if theirs is None and ours is not None and answer.status >= 400:
            yield f"code {ours['code']} is more"
        elif isinstance(theirs, str) and theirs.endswith(("...", " characters)")):
            yield from self._cut(ours, theirs)
        else:
            yield from self._same(*self._arranged(ours, theirs), "")

    def _text(self, ours: str, theirs: str) -> Iterator[str]:
        if headed(theirs):
            yield from differing(ours, theirs)
        elif ours != theirs:
            yield f"the text is {told(ours)}"

    def _arranged(self, ours: Any, theirs: Any) -> tuple[Any, Any]:
        """Both answers, with what was up to chance or time made alike."""
        if self._last == "version" and isinstance(theirs, int):
            return self._bindings.recorded(ours, self._spoe), theirs
        if self._last == "reloads":
            known = {self._bindings.text(one["id"]) for one in theirs}
            return [one for one in ours if one["id"] in known] or ours[-1:], theirs
        if self._last == "transactions" and isinstance(theirs, list):
            self._bindings.meet(*([one["id"] for one in rows] for rows in (ours, theirs)))
            named = sorted(theirs, key=lambda one: self._bindings.text(one["id"]))
            return sorted(ours, key=lambda one: str(one["id"])), named
        if self._last == "scopes" and isinstance(theirs, list):
            return sorted(ours), sorted(theirs)
        return ours, theirs

    def _cut(self, ours: Any, theirs: str) -> Iterator[str]:
        """Of long answers the beginning was kept: the places it lists, or its first name.

        Of the longest ones only the length.
        """
        if isinstance(ours, list):
            places = {one["url"] for one in ours}
            for url in re.findall(r'"url":"([^"]*)"', theirs):
                if url not in places:
                    yield f"{url} is missing"
        elif any(name not in ours for name in re.findall(r'^\{"(\w+)"', theirs)):
            yield "another document"

    def _same(self, ours: Any, theirs: Any, where: str) -> Iterator[str]:
        name = where.rpartition(".")[2]
        texts = isinstance(ours, str) and isinstance(theirs, str)
        if texts and headed(theirs) and name in ("", "data"):
            yield from differing(ours, self._bindings.text(theirs))
        elif isinstance(theirs, dict) and isinstance(ours, dict):
            if not (self._reload and theirs.get("status") == "in_progress"):  # ours may be over
                yield from self._objects(ours, theirs, where)
        elif isinstance(theirs, list) and isinstance(ours, list):
            yield from self._lists(ours, theirs, where)
        elif name == "_version":
            if self._bindings.recorded(ours, self._spoe) != theirs:
                yield f"{where} is {self._bindings.recorded(ours, self._spoe)} instead of {theirs}"
        elif name not in FREE and not (name == "size" and self._of_places):
            alike = self._bindings.same(ours, theirs) if isinstance(theirs, str) else ours == theirs
            if not alike:
                yield f"{where or 'the answer'} is {told(ours)} instead of {told(theirs)}"

    def _objects(self, ours: dict[str, Any], theirs: dict[str, Any], where: str) -> Iterator[str]:
        for one in ("code", "url"):
            if one in theirs and one in ours and theirs.keys() <= {one, "description"}:
                ours, theirs = (
                    {one: ours[one]},
                    {one: theirs[one]},
                )  # the words are each server's own
        for name in sorted(theirs.keys() - ours.keys()):
            yield f"{where}.{name} is missing"
        for name in sorted(ours.keys() - theirs.keys()):
            yield f"{where}.{name} is more"
        for name in sorted(theirs.keys() & ours.keys()):
            if name in COUNTED and isinstance(theirs[name], dict):
                if ours[name].keys() != theirs[name].keys():
                    yield f"{where}.{name} has other names in it"
            else:
                yield from self._same(ours[name], theirs[name], f"{where}.{name}")

    def _lists(self, ours: list[Any], theirs: list[Any], where: str) -> Iterator[str]:
        if bool(ours) != bool(theirs):
            yield f"{where}[] is {'not ' if ours else ''}empty"
            return
        key = next((key for key in KEYS if _tells_apart(key, ours, theirs)), None)
        if key is None:
            if len(ours) != len(theirs):
                yield f"{where}[] has {len(ours)} entries instead of {len(theirs)}"
            for at, (one, other) in enumerate(zip(ours, theirs, strict=False)):
                yield from self._same(one, other, f"{where}[{at}]")
            return
        rows = {row[key]: row for row in ours}
        wanted = {self._bindings.text(row[key]): row for row in theirs}
        for name in sorted(wanted.keys() - rows.keys()):
            yield f"{where}[{told(name)}] is missing"
        for name in sorted(rows.keys() - wanted.keys()):
            yield f"{where}[{told(name)}] is more"
        common = [name for name in wanted if name in rows]
        if self._last not in _unsorted() and common != [name for name in rows if name in wanted]:
            yield f"{where}[] has another order"
        for name in sorted(common):
            yield from self._same(rows[name], wanted[name], f"{where}[{told(name)}]")


def _tells_apart(key: str, *lists: list[Any]) -> bool:
    """Whether every entry of the lists is an object with a text `key` of its own."""
    named = all(
        isinstance(row, dict) and isinstance(row.get(key), str) for rows in lists for row in rows
    )
    return named and all(len({row[key] for row in rows}) == len(rows) for rows in lists)
