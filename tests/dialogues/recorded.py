"""The recorded dialogues: requests and answers in order, with what was seen in between."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from tests.dialogues.contents import content
from tests.harness.recorded import shared_folder

SEEN = ("raw_now", "lines_now", "file_on_disk", "map_file", "changed_by_get")
"""Remarks between the steps: what a text was after the step of that number."""
UPLOAD = "multipart/form-data; boundary=BB"


@dataclass(frozen=True)
class Step:
    """One request with its recorded answer, and what was then seen of the texts."""

    number: int
    method: str
    path: str
    body: Any
    status: int
    headers: Mapping[str, str]
    answer: Any
    note: str = ""
    media: str | None = "application/json"
    more: Mapping[str, str] = field(default_factory=dict)
    anonymous: bool = False
    upload: Mapping[str, str] | None = None
    seen: Mapping[str, Any] = field(default_factory=dict)

    @property
    def version(self) -> int:
        """The number of the configuration's version after the step."""
        return int(self.headers["Configuration-Version"])


@dataclass(frozen=True)
class Dialogue:
    """A story: the text that it begins with, if it has one of its own, and its steps."""

    name: str
    begins_with: str | None
    steps: tuple[Step, ...]


@cache
def dialogues(version: str = "") -> dict[str, Dialogue]:
    """Every dialogue of a version by its name; none where the recorded facts are not there.

    Those of version 2 stand in the folder itself, others (`v3`) in one of their own.
    """
    folder = shared_folder()
    if folder is None:
        return {}
    rows: dict[str, list[dict[str, Any]]] = {}
    for line in (folder / "golden" / version / "dialogues.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        rows.setdefault(row["scenario"], []).append(row)
    return {name: _dialogue(name, found) for name, found in rows.items()}


def _dialogue(name: str, rows: list[dict[str, Any]]) -> Dialogue:
    begins = next((row["config_before"] for row in rows if "config_before" in row), None)
    seen: dict[int, dict[str, Any]] = {}
    last = 0
    for row in rows:
        last = row.get("step", last)
        if "method" not in row and "config_before" not in row and last:
            told = {kind: row.get("now", row[kind]) for kind in SEEN if kind in row}
            assert told, f"a remark of an unknown kind: {row}"
            if "section" in row:
                told = {"section_now": {row["section"]: told["lines_now"]}}
            seen.setdefault(last, {}).update(told)
    steps = tuple(_step(row, seen.pop(row["step"], {})) for row in rows if "method" in row)
    assert not seen, f"{name}: remarks about steps that are not there: {seen}"
    return Dialogue(name, begins, steps)


def _step(row: dict[str, Any], seen: dict[str, Any]) -> Step:
    more = dict(row.get("req_headers") or {})
    if row.get("auth"):
        more["Authorization"] = row["auth"]
    media = "application/json" if row["status"] != 415 else "text/xml"  # which was not recorded
    upload = row.get("file_upload")
    if upload:
        media = UPLOAD
        if upload["content"] == "(content)":
            upload = upload | {"content": content(row["path"])}
    return Step(
        row["step"], row["method"], row["path"], row["body"], row["status"], row["headers"],
        row["response"], row.get("note", ""), row.get("content_type") or media, more,
        "auth" in row and row["auth"] is None, upload, seen,
    )  # fmt: skip
