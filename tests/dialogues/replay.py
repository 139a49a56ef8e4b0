"""Replays recorded stories: the same requests in the same order, with ids, versions and folders bound."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from falcon import testing

from tests.golden.offline import GOLDEN
from tests.laws.support import Everything

ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
Step = dict[str, Any]


def steps(scenario: str, folder: Path) -> list[Step]:
    """The recorded steps of a story, remarks between them left out."""
    lines = (
        (GOLDEN / "dialogues.jsonl")
        .read_text()
        .replace("@DIR@", str(folder))
        .replace("@FILES@", "/files")
    )
    found = (json.loads(line) for line in lines.splitlines() if f'"{scenario}"' in line)
    return [step for step in found if step["scenario"] == scenario]


class Replay:
    """One story on one server: what was made up by the recorded server is bound to what ours made up."""

    def __init__(self, api: Everything) -> None:
        self.api = api
        self.ids: dict[str, str] = {}
        self.offset: int | None = None

    def run(self, story: list[Step]) -> Iterator[tuple[Step, testing.Result]]:
        """Each step with our answer."""
        for step in story:
            if "method" in step:
                yield step, self._step(step)

    def _step(self, step: Step) -> testing.Result:
        if self.offset is None:
            self.offset = self.api.version - self._first_version(step)
        address = urlsplit(self._bound(step["path"]))
        query = dict(parse_qsl(address.query, keep_blank_values=True))
        if query.get("version", "").isdigit():
            query["version"] = str(int(query["version"]) + self.offset)
        headers = {"Content-Type": step["content_type"]} if step.get("content_type") else {}
        body = step.get("body")
        text = body if isinstance(body, str) and step.get("content_type") else None
        if isinstance(body, str) and text is None:
            text = body
        path = address.path + ("?" + urlencode(query) if query else "")
        given = {"raw": text} if text is not None else {"body": body}
        answer = self.api.call(step["method"], path, headers=headers, **given)
        for old, new in zip(
            ID.findall(json.dumps(step.get("response"))),
            ID.findall(answer.text or ""),
            strict=False,
        ):
            self.ids.setdefault(old, new)
        return answer

    @staticmethod
    def _first_version(step: Step) -> int:
        """The version that the recorded server had when the story began."""
        answer = step.get("response")
        if isinstance(answer, dict) and "_version" in answer:
            return int(answer["_version"])
        return int(step["headers"].get("Configuration-Version") or 1)

    def _bound(self, path: str) -> str:
        return ID.sub(lambda match: self.ids.get(match[0], match[0]), path)
