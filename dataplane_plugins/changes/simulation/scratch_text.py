"""What a scratch process reads, and what its lines are in the configuration that it stands for."""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import field
from functools import cached_property

from dataplane_core.plugin import Document, Section, dataclass, unquote
from dataplane_plugins.changes.simulation import kept
from dataplane_plugins.changes.simulation.conditions import FAILED, HELD

FOLDER = f"SIMULATION_FOLDER_{secrets.token_hex(8)}"
"""The environment variable with the folder of a scratch process.

No configuration can know its name: it could lead the process to other files by it, or show it.
"""

CONTROL = 3
"""The descriptor of the socket for runtime commands."""

LOG = 4
"""The descriptor that log lines are written to."""

NAME = "dataplane-simulation"
"""What the section is called that only a scratch process has, and its own name among peers."""


ANSWERS, ANSWERS_TCP = "answers", "answers-tcp"
"""The sockets, in the folder, at which somebody answers for the servers: in HTTP, in TCP mode."""

PRELUDE_FILE = "prelude.lua"
"""The script, in the folder, that takes the network from those of the configuration."""

LONGEST_LINE = 65535
"""Bytes of a log line, at most."""


@dataclass(frozen=True)
class Subject:
    """A configuration to simulate; in its file, `above` lines of the server stand above it."""

    document: Document
    above: int = 0

    @cached_property
    def digest(self) -> str:
        """A hash of the text, with the number of lines above it."""
        text = self.document.text().encode("utf-8", "surrogateescape")
        return f"{hashlib.sha256(text).hexdigest()} {self.above}"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule whose evaluation is noted.

    `at` is its line among those of its section, from 0, and `line` that of the file, from 1.
    `collection` is the name of its collection, or the property of the section that it is an item
    of. `does` are its words without the condition, and `condition` the raw words of that.
    """

    number: int
    section: Section
    at: int
    line: int
    collection: str
    values: Mapping[str, object]
    does: str
    condition: Sequence[str] = ()

    @property
    def action(self) -> str:
        """What the rule does, in a word of HAProxy's."""
        return str(self.values.get("action") or self.values.get("type") or "")

    @property
    def is_of_response(self) -> bool:
        """Whether it is a rule for responses."""
        if self.collection in kept.RESPONSES:
            return True
        return self.values.get("type") in kept.OF_RESPONSES

    def held(self, end: str) -> bool:
        """Tell by the end of its notes whether the rule held once HAProxy had come to it."""
        if not self.condition:
            return True
        return end == HELD if unquote(self.condition[0]) == "if" else end != FAILED


@dataclass(frozen=True, slots=True)
class Entrance:
    """A `bind` line: clients of the simulation come in by the Unix socket `socket`.

    `name` is what clients call it, `written` the address as it is written, `ports` those in it.
    """

    socket: str
    section: Section
    line: int
    name: str
    written: str
    address: str
    ports: tuple[int, ...]
    ssl: bool


@dataclass(frozen=True, slots=True)
class Remark:
    """Why something about a line cannot be told by a simulation, or is not as it is in truth.

    A remark `of_line` matters where a request meets the line: a rule that holds, or a `bind` by
    which the request came in. With `hides`, the answer names no server of the remark's backend.
    """

    line: int
    section: Section
    text: str
    of_line: bool = False
    hides: bool = False


@dataclass(slots=True)
class ScratchText:
    """The text of a scratch process.

    `lines` are the numbers of its lines in the configuration, 0 for those that it does not have.
    `buffer` is the size of HAProxy's buffers, in bytes, or less.
    """

    text: str = ""
    lines: list[int] = field(default_factory=list)
    rules: dict[int, Rule] = field(default_factory=dict)
    entrances: list[Entrance] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    buffer: int = 16384
    _rules_of: dict[int, list[Rule]] = field(default_factory=dict)

    def rules_of(self, section: Section) -> list[Rule]:
        """Return the rules of a section, in the order of its lines."""
        if not self._rules_of:
            for rule in sorted(self.rules.values(), key=lambda one: one.line):
                self._rules_of.setdefault(id(rule.section), []).append(rule)
        return self._rules_of.get(id(section), [])
