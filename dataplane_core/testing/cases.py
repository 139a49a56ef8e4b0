"""Recorded cases: a request, the lines that it has to write, and the answers, as JSON."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from dataplane_core.dataclass import dataclass
from dataplane_core.testing.server import LocalServer
from dataplane_core.text import Document, Section


@dataclass(frozen=True, slots=True)
class RecordedCase:
    """What a request is, and what it has to lead to: the members of an object in a file of cases.

    `method`, `path`, `query` and `body` are the request; a path without a slash in front stands
    below the configuration of version 2, as in `Client.call`. The newest `version` is added to the
    query of all but a GET. Whatever else is there has to hold, and what is not there is not looked
    at:

    * `status` is that of the answer, `code` the one in its body, `message` a part of its sentence,
      and `answer` the whole body of it, without an envelope around `data`;
    * `lines` are those that the file has more, `removed` those that it has less, each with single
      blanks between words, in any order. With `section`, the first words of its header (`backend
      be`), they have to be there, and all else in the file stays as it is but for blank lines;
    * `returned` is what a GET of `get` shows then: of the path, or for a POST of what is below it
      under the name, or index, that the body has.

    `id` names the case in the report. Other members say something to people.
    """

    method: str
    path: str
    id: str = ""
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    status: int | None = None
    code: int | None = None
    message: str | None = None
    answer: Any = None
    section: str | None = None
    lines: tuple[str, ...] | None = None
    removed: tuple[str, ...] | None = None
    get: str | None = None
    returned: Any = None

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "RecordedCase":
        """Return the case that an object says; raises ValueError without a method and a path."""
        if not isinstance(data, Mapping) or not {"method", "path"} <= data.keys():
            raise ValueError(f"a recorded case has a method and a path: {data!r}")
        known = {name: data[name] for name in cls.__dataclass_fields__ if name in data}
        for name in ("lines", "removed"):
            if known.get(name) is not None:
                known[name] = tuple(" ".join(line.split()) for line in known[name])
        return cls(**known)

    def breaches(self, server: LocalServer) -> list[str]:
        """Carry the case out, and return in a sentence each what is not as recorded.

        The file of the server has then the text again that it had before.
        """
        before = server.text
        try:
            return [*self._breaches(server, before)]
        finally:
            if server.text != before:
                server.commit(before)

    def check(self, server: LocalServer) -> None:
        """Carry the case out; raise AssertionError with all that is not as recorded."""
        found = self.breaches(server)
        assert not found, f"{self.method} {self.path}: " + "; ".join(found)

    def _breaches(self, server: LocalServer, before: str) -> Iterator[str]:
        query = dict(self.query)
        if self.method != "GET":
            query = {"version": server.version, **query}
        answer = server.call(self.method, self.path, self.body, **query)
        yield from _difference("status", self.status, answer.status)
        said = answer.json if _is_json(answer.headers) else None
        if self.code is not None or self.message is not None:
            refusal = said if isinstance(said, dict) else {}
            yield from _difference("code", self.code, refusal.get("code"))
            if self.message is not None and self.message not in str(refusal.get("message", "")):
                yield f"the message is {refusal.get('message')!r} without {self.message!r}"
        yield from _difference("answer", self.answer, _unwrapped(said))
        yield from self._wrong_lines(server, before)
        if self.returned is not None:
            shown = server.call("GET", self.get or self._own_path(), **self.query)
            yield from _difference("status of the GET", 200, shown.status)
            yield from _difference("returned object", self.returned, _unwrapped(shown.json))

    def _wrong_lines(self, server: LocalServer, before: str) -> Iterator[str]:
        if self.lines is None and self.removed is None:
            return
        language = server.services.registry.language
        old, new = (
            _sections(Document.parse(text, language)) for text in (before, server.text)
        )
        header = None if self.section is None else _header(self.section)
        wanted = Counter(self.lines or ()), Counter(self.removed or ())
        both = wanted[0] & wanted[1]  # a line that a recording names twice stayed
        gained, lost = Counter[str](), Counter[str]()
        for name in {**old, **new}:
            had, has = old.get(name, []), new.get(name, [])
            if header is not None and name != header:
                if _written(had) != _written(has):
                    yield f"{name} has changed, too"
                continue
            gained += _lines(has) - _lines(had)
            lost += _lines(had) - _lines(has)
        yield from _difference("lines", sorted((wanted[0] - both).elements()),
                               sorted(gained.elements()))  # fmt: skip
        yield from _difference("removed lines", sorted((wanted[1] - both).elements()),
                               sorted(lost.elements()))  # fmt: skip

    def _own_path(self) -> str:
        """Return the path of the object that the request makes or changes."""
        if self.method != "POST" or not isinstance(self.body, dict):
            return self.path
        name = self.body.get("name", self.body.get("index"))
        if name is None:
            raise ValueError(f"the case {self.id or self.path} does not say what to `get`")
        return f"{self.path}/{quote(str(name), safe='')}"


def read_cases(path: Path) -> list[RecordedCase]:
    """Return the cases of a file in JSON Lines; empty lines count for nothing.

    Raises ValueError, with the file and the line, for a line that is no case.
    """
    found = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            found.append(RecordedCase.of(json.loads(line)))
        except (ValueError, TypeError) as error:
            raise ValueError(f"{path}:{number}: {error}") from None
    return found


def _difference(what: str, wanted: Any, found: Any) -> Iterator[str]:
    if wanted is not None and wanted != found:
        yield f"the {what} should be {wanted!r}, and is {found!r}"


def _is_json(headers: Mapping[str, str]) -> bool:
    return "json" in headers.get("content-type", "")


def _unwrapped(said: Any) -> Any:
    return said["data"] if isinstance(said, dict) and "data" in said else said


def _header(text: str) -> str:
    """Return what tells one section from others, of the line that it starts with."""
    return " ".join(text.split()).split(" from ")[0]


def _sections(document: Document) -> dict[str, list[Section]]:
    """Return the sections of a document by their headers."""
    found: dict[str, list[Section]] = {}
    for section in document.sections:
        found.setdefault(_header(section.header.raw), []).append(section)
    return found


def _written(sections: list[Section]) -> list[str]:
    """Return the lines of sections as they stand, without blank ones."""
    return [line for section in sections for line in section.text.splitlines() if line.strip()]


def _lines(sections: list[Section]) -> Counter[str]:
    """Return the lines in sections, without comments and with single blanks between words."""
    lines = (" ".join(line.tokens) for section in sections for line in section.lines)
    return Counter(line for line in lines if line)
