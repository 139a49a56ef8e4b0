"""Cut HAProxy's words on a configuration into findings.

A message is a line such as `[ALERT] (123) : config : parsing [/path:12] : unknown keyword …` and
the lines below it that start no message of their own. The forms of 2.4 to 3.2 are read: the part
`config :` and the blank before the second colon may lack, `parsing` may be capitalised, some checks
name their line without it. (HAProxy's Management Guide, section 3, explains the severities.)
"""

import re
from collections.abc import Callable, Iterable, Iterator

from dataplane_core.errors import Finding
from dataplane_core.lazy_pattern import lazy_pattern

MESSAGE_LIMIT = 2000
"""Characters kept of one message."""
FINDINGS_LIMIT = 200
"""Messages kept of one check."""

_START = lazy_pattern(r"\[(ALERT|WARNING|NOTICE|DIAG|SUCCESS)\]\s*(?:\([0-9]+\)\s*)?:\s?(.*)")
_PREFIX = lazy_pattern(r"config : ")
_CONTINUED = lazy_pattern(r"^ +\| ?")
_NOISE = lazy_pattern(
    r"haproxy version is |path to executable is |Error\(s\) found in configuration file|"
    r"Fatal errors found in configuration|Warnings were found|Configuration file is valid|"
    r"New worker \([0-9]+\) forked|Initializing new worker|Loading (?:success|failure)|"
    r"(?:Former|Failed to load) worker .*exited with code"
)
# Its name is another each time; with a fixed one in its place, no expression has to be compiled.
# No output holds this one: half a character beyond the first plane is never decoded.
_CANDIDATE = "\ud800"
_PLACE = lazy_pattern(_CANDIDATE + r":([0-9]+)")
_SEVERITY = {"ALERT": "alert", "WARNING": "warning"}


def findings(output: str, candidate: str, name: str) -> list[Finding]:
    """Return the messages in `output`, which is about the file `candidate`, to be called `name`.

    What only frames the others (version, program, "errors found") is left out. Text that is no
    message of HAProxy's, from a check command of another kind, becomes one finding without a line.
    """
    found: list[Finding] = []
    for severity, message in _messages(output.replace(candidate, _CANDIDATE).splitlines()):
        if _NOISE.match(message) or not message.strip():
            continue
        place = _PLACE.search(message)
        line = int(place[1]) if place else None
        text = message.replace(_CANDIDATE, name)
        found.append(Finding(line, severity, _shorten(_without_place(text, name))))
        if len(found) == FINDINGS_LIMIT:
            break
    return found


def reload_words(output: str, told: Callable[[str], str] = str) -> str:
    """Return HAProxy's own words on a reload, a message a line, without what frames them.

    Left out are severity and process id in front, the lines that name HAProxy's version and
    program, and, unless there is nothing else, the lines about workers. `told` gives for a message,
    which may have several lines, what is told of it.
    """
    lines = [line for line in output.strip().splitlines() if not _program_line(line)]
    bare = [line for one in _grouped(lines) for line in told("\n".join(one)).split("\n")]
    said = [line for line in bare if line and not _NOISE.match(line)]
    return "\n".join(said or bare)[: FINDINGS_LIMIT * MESSAGE_LIMIT]


def _grouped(lines: Iterable[str]) -> Iterator[list[str]]:
    """Yield the lines of each message; what stands in front of the first one, line by line."""
    group: list[str] = []
    is_message = False
    for line in lines:
        starts = _START.match(line) is not None
        if group and (starts or not is_message or _NOISE.match(line)):
            yield group
            group = []
        if not group:
            is_message = starts
        group.append(_bare(line))
    if group:
        yield group


def one_line(text: str) -> str:
    """Return a text of HAProxy's as one line, for sentences and for the log."""
    lines = (_CONTINUED.sub("", line).strip() for line in text.splitlines())
    return "; ".join(line for line in lines if line.strip("^"))


def summary(found: Iterable[Finding], limit: int = 10) -> str:
    """Return at most `limit` findings as one sentence: the alerts alone where there are any."""
    everything = list(found)
    chosen = [one for one in everything if one.severity == "alert"] or everything
    parts = [
        (f"line {one.line}: " if one.line else "") + " ".join(one.message.split())
        for one in chosen[:limit]
    ]
    if len(chosen) > limit:
        parts.append(f"and {len(chosen) - limit} more")
    return "; ".join(parts)


def _messages(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    severity, parts = "alert", list[str]()
    for line in lines:
        match = _START.match(line)
        if match is None and not _NOISE.match(line):
            parts.append(_CONTINUED.sub("", line))
            continue
        yield severity, "\n".join(parts)
        if match:
            severity, parts = _SEVERITY.get(match[1], "notice"), [_PREFIX.sub("", match[2], 1)]
        else:
            severity, parts = "alert", []
    yield severity, "\n".join(parts)


def _without_place(text: str, name: str) -> str:
    """Return the message alone: its line is a field of the finding."""
    start = re.match(r"(?:[Pp]arsing )?\[" + re.escape(name) + r":[0-9]+\]\s*:\s*", text)
    return text[start.end() :] if start else text


def _shorten(text: str) -> str:
    text = text.strip()
    return text if len(text) <= MESSAGE_LIMIT else text[: MESSAGE_LIMIT - 1] + "…"


def _bare(line: str) -> str:
    match = _START.match(line)
    return _CONTINUED.sub("", line) if match is None else _PREFIX.sub("", match[2], 1)


def _program_line(line: str) -> bool:
    match = _START.match(line)
    return match is not None and match[2].startswith(("haproxy version is", "path to executable"))
