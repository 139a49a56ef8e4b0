"""Sends what a client sends, as it sends it, and checks in the answers what that client checks."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from tests.announced.support import Balancer
from tests.harness.server import Answer

PLACEHOLDER = re.compile(r"\{(\w+)\}")
GONE = object()
"""Stands in `Call.told` for a member that the answer does not have."""
THERE = object()
"""Stands in `Call.told` for any value."""


@dataclass(frozen=True)
class Kept:
    """A body that was read before, with changes."""

    name: str
    changes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Call:
    """One request, and what the client needs of its answer.

    In path and body `{name}` stands for what an earlier call has kept, or for a place of the stage.
    """

    method: str
    path: str
    body: Any = None
    status: int | tuple[int, ...] = 200
    told: Mapping[str, object] = field(default_factory=dict)
    """Places in the JSON of the answer, such as `data.0.name`, and the value there."""
    keep: Mapping[str, str] = field(default_factory=dict)
    """Names for later calls, and the places in the answer where they are found."""
    dropped: tuple[str, ...] = ()
    """Properties of the body that the interface does not know; the answer names each as dropped."""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Story:
    """What one client does: `calls` make the `lines` of sections, and `ending` takes them away."""

    name: str
    calls: tuple[Call, ...]
    lines: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ending: tuple[Call, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    """Sent with every request of the client."""


def place(value: Any, path: str) -> Any:
    """What stands at a place in JSON: `data.0.name`; the whole for an empty path."""
    for step in filter(None, path.split(".")):
        if isinstance(value, list):
            value = value[int(step)]
        else:
            value = value.get(step, GONE)
    return value


class Replay:
    """One client at work on a running load balancer."""

    def __init__(self, lb: Balancer, headers: Mapping[str, str], known: Mapping[str, object]) -> None:
        self.lb, self.headers = lb, headers
        self.known: dict[str, object] = dict(known)

    def filled(self, text: str) -> str:
        """A text with what is known in the place of the names."""
        return PLACEHOLDER.sub(lambda match: str(self.known.get(match[1], match[0])), text)

    def send(self, call: Call) -> Answer:
        """Send one request and check its answer."""
        path, content = self.filled(call.path), self.content(call.body)
        headers = dict.fromkeys(["Content-Type"], "application/json") if content else {}
        headers |= {**self.headers, **call.headers}
        answer = self.lb.client.call(call.method, path, text=content, headers=headers)
        told = call.method, path, content
        expected = call.status if isinstance(call.status, tuple) else (call.status,)
        assert answer.status in expected, (told, answer.status, answer.body)
        for where, value in call.told.items():
            found = place(answer.json, where)
            wanted = self.filled(value) if isinstance(value, str) else value
            assert fits(found, wanted), (told, where, answer.body)
        for name in call.dropped:
            assert name in answer.headers.get("Warning", ""), (told, name, dict(answer.headers))
        for name, where in call.keep.items():
            self.known[name] = place(answer.json, where)
        return answer

    def content(self, body: object) -> str | None:
        """A body as it is sent: a text as it is, anything else as JSON."""
        if body is None or isinstance(body, str):
            return body if body is None else self.filled(body)
        if isinstance(body, Kept):
            read = self.known[body.name]
            assert isinstance(read, dict)
            body = {**read, **body.changes}
        # `"#{port}"` stands for a number.
        return re.sub(r'"#(\d+)"', r"\1", self.filled(json.dumps(body)))


def fits(found: object, wanted: object) -> bool:
    """Whether a value is the wanted one; a wanted text with `*` in it is a pattern."""
    if wanted is THERE:
        return found is not GONE
    if isinstance(wanted, str) and "*" in wanted:
        return fnmatchcase(str(found), wanted)
    return found == wanted


def versionless(text: str) -> str:
    """A configuration without the line that counts its versions."""
    return re.sub(r"^# _version=.*\n", "", text, flags=re.M)
