"""Write the rules of a scratch process: as they are, with notes in their conditions.

What a rule for connections sees of the client comes with the PROXY header of the simulation, which
HAProxy reads behind these rules. Hence they become rules for sessions, which are evaluated next.
"""

import re
from typing import Any

from dataplane_core.plugin import Line, Row, RowCollection, Section, StatementLine, split_words
from dataplane_plugins.changes.simulation import kept
from dataplane_plugins.changes.simulation.conditions import (
    ACCEPTED,
    TRACE,
    declared_notes,
    named_note,
    with_notes,
)
from dataplane_plugins.changes.simulation.scratch_text import Remark, Rule, ScratchText

NOTED_ROWS = frozenset(
    ("tcp_request_rules", "http_request_rules", "backend_switching_rules", "stick_rules")
    + ("server_switching_rules", "force_be_switches", *kept.RESPONSES)
)
"""Collections of rules on the way of a request to a server, and of the response to the client."""

_CONTENT = frozenset(("tcp_request_rules", "tcp_response_rules"))
"""Collections of rules that say what they are for in a second word."""

NOTED_STATEMENTS = frozenset(("redirects", "force_persist_list", "ignore_persist_list"))
"""Properties of sections that are rules, too."""

_OF_CERTIFICATES = re.compile(kept.OF_CERTIFICATES)
_LONGEST_DELAY = 400
_MOST_WORDS = 64  # of a line that HAProxy takes
_CONDITIONS = ("cond_test", "cond")


class RuleNotes:
    """Gives the rules of a scratch text their numbers and notes.

    `accepts` tells whether a rule for connections passes over others.
    """

    def __init__(self, made: ScratchText, *, accepts: bool) -> None:
        self._made = made
        self._accepts = accepts
        self._count = 0

    def row(self, rows: RowCollection, row: Row, section: Section, number: int) -> Line | None:
        """Return the line that stands for a rule of a collection."""
        values, words = row.values, list(row.line.tokens)
        action = str(values.get("action") or values.get("type") or "")
        if "timeout" in values and action == values.get("type") == "inspect-delay":
            delay = min(int(values["timeout"] or 0), _LONGEST_DELAY)
            return row.line.rewritten(row.form.write({**values, "timeout": delay}, {}))
        if action in kept.EXPECTATIONS:
            return None
        self._remark(action, section, row.at, number)
        body, condition = _cut(words, values)
        does = " ".join(body)
        skips = False
        if values.get("type") == "connection" and rows.name == "tcp_request_rules":
            body[1], skips = "session", self._accepts
            if action == "accept":
                body[2:] = [f"set-var({ACCEPTED})", "bool(true)"]
        if action in kept.UNHEARD or action in kept.UNKNOWN:
            head = 2 if rows.name in _CONTENT else 1
            body[head:] = [f"set-var({TRACE})", f"var({TRACE})"]
        rule = self._new(rows.name, row.at, values, section, number, does, condition)
        return self._written(row.line, body, rule, skips=skips)

    def statement(self, name: str, one: StatementLine, section: Section, number: int) -> Line:
        """Return the line that stands for a rule that is a line of its section."""
        line = section.lines[one.at]
        if one.reading is None:
            return line
        values = one.reading.values
        body, condition = _cut(list(line.tokens), values)
        rule = self._new(name, one.at, values, section, number, " ".join(body), condition)
        return self._written(line, body, rule)

    def _written(self, line: Line, body: list[str], rule: Rule, *, skips: bool = False) -> Line:
        """Return the line of a rule with its notes, in words that HAProxy still takes."""
        words = [*body, *with_notes(rule.condition, rule.number, skips=skips)]
        if len(words) <= _MOST_WORDS:
            return line.rewritten(words)
        words = [*body, *with_notes(rule.condition, rule.number, skips=skips, note=named_note)]
        if len(words) > _MOST_WORDS:
            del self._made.rules[rule.number]
            text = "the rule is too long: whether it matches is not told"
            self._made.remarks.append(Remark(rule.line, rule.section, text))
            return line.rewritten([*body, *rule.condition])
        lines = [*map(Line.make, declared_notes(rule.number)), line.rewritten(words)]
        return Line("".join(one.raw for one in lines))

    def _new(
        self, collection: str, at: int, values: dict[str, Any], section: Section, number: int,
        does: str, condition: list[str],
    ) -> Rule:  # fmt: skip
        self._count += 1
        count = self._count
        rule = Rule(count, section, at, number, collection, values, does, tuple(condition))
        self._made.rules[count] = rule
        return rule

    def acl(self, row: Row, section: Section, number: int) -> Line:
        """Return the line of an ACL, with a remark where it looks at what nobody knows."""
        self._remark("", section, row.at, number)
        return row.line

    def _remark(self, action: str, section: Section, at: int, number: int) -> None:
        found = dict.fromkeys(_OF_CERTIFICATES.findall(section.lines[at].raw))
        if found:
            looks = f"{', '.join(found)} look{'s' * (len(found) == 1)} at the client's certificate"
            text = f"unknown: {looks}, and the simulation has none"
            self._made.remarks.append(Remark(number, section, text))
        if action in kept.UNKNOWN:
            self._made.remarks.append(Remark(number, section, kept.UNKNOWN[action], of_line=True))


def _cut(words: list[str], values: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Return a rule's words in front of its condition, and those of the condition."""
    by_end = {name.rpartition(".")[2]: value for name, value in values.items()}
    if by_end.get("cond") is None:
        return words, []
    count = 1 + len(split_words(str(by_end.get("cond_test", ""))))
    return words[:-count], words[-count:]
