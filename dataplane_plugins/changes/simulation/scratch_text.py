"""What a scratch process reads, and what its lines are in the configuration that it stands for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dataplane_core.plugin import Document, Section, unquote
from dataplane_plugins.changes.simulation.conditions import FAILED, HELD

FOLDER = "SIMULATION_FOLDER"
"""The environment variable with the folder of a scratch process."""

CONTROL = "SIMULATION_CONTROL"
"""The one with the descriptor of the socket for runtime commands."""

LOG = "SIMULATION_LOG"
"""The one with the descriptor that log lines are written to."""

NAME = "dataplane-simulation"
"""What the section is called that only a scratch process has, and its own name among peers."""


ANSWERS = "answers"
"""The socket, in the folder, at which the scratch process answers for its servers."""

PRELUDE_FILE = "prelude.lua"
"""The script, in the folder, that takes the network from those of the configuration."""

LONGEST_LINE = 65535
"""Bytes of a log line, at most."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A configuration to simulate; in its file, `above` lines of the server stand above it."""

    document: Document
    above: int = 0


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

    def held(self, end: str) -> bool:
        """Tell by the end of its notes whether the rule held once HAProxy had come to it."""
        if not self.condition:
            return True
        return end == HELD if unquote(self.condition[0]) == "if" else end != FAILED


@dataclass(frozen=True, slots=True)
class Entrance:
    """A `bind` line: clients of the simulation come in by the Unix socket `socket`.

    `expects_proxy` tells whether the line itself wants a PROXY protocol header.
    """

    socket: str
    section: Section
    line: int
    name: str
    written: str
    address: str
    ports: tuple[int, ...]
    ssl: bool
    expects_proxy: bool


@dataclass(frozen=True, slots=True)
class Remark:
    """Why something about a line cannot be told by a simulation, or is not as it is in truth.

    One `of_rule` matters where the rule holds. One that `hides` has the server of its backend not
    be told.
    """

    line: int
    section: Section
    text: str
    of_rule: bool = False
    hides: bool = False


@dataclass(slots=True)
class ScratchText:
    """The text of a scratch process.

    `lines` are the numbers of its lines in the configuration, 0 for those that it does not have.
    """

    text: str = ""
    lines: list[int] = field(default_factory=list)
    rules: dict[int, Rule] = field(default_factory=dict)
    entrances: list[Entrance] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    has_lua: bool = False
    learns: bool = False
    """Whether a rule changes what later requests meet, beside the stick tables: maps, variables."""
