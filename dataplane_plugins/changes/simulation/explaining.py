"""Say of what a scratch process did with a request: what, where to, by which rules, and why."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from dataplane_core.plugin import DEFAULTS, LISTEN, Document, Registry, Section, object_at, unquote
from dataplane_plugins.changes.simulation import kept
from dataplane_plugins.changes.simulation.conditions import read_notes
from dataplane_plugins.changes.simulation.exchange import Seen
from dataplane_plugins.changes.simulation.facts import Backend
from dataplane_plugins.changes.simulation.scratch_text import Entrance, Rule, ScratchText

Path = Callable[[Any], str | None]
"""Gives the path of an object in the interface."""

_SWITCHING = "backend_switching_rules"
_USE_SERVER = "server_switching_rules"
_STICK = "stick_rules"
_LOCATION = re.compile(rb"^location:[ \t]*([^\r\n]*)", re.I | re.M)
_STATUS = re.compile(rb"HTTP/[0-9.]+ ([0-9]{3})")
_VALID_COOKIE = "V"


class Explanation:
    """The answer of one simulation, as JSON has it."""

    def __init__(
        self,
        registry: Registry,
        document: Document,
        scratch: ScratchText,
        backends: Mapping[str, Backend],
        path: Path,
    ) -> None:
        self._registry = registry
        self._document = document
        self._scratch = scratch
        self._backends = backends
        self._path = path

    def __call__(self, entrance: Entrance, seen: Seen) -> dict[str, Any]:
        """Return what was seen of a request that came in by an entrance."""
        notes = read_notes(seen.trace)
        reached = [self._scratch.rules[number] for number in notes if number in self._scratch.rules]
        held = [rule for rule in reached if rule.held(notes[rule.number])]
        backend = self._backend(entrance, seen)
        result: dict[str, Any] = {
            "frontend": entrance.section.name,
            "bind": entrance.name,
            "outcome": self._outcome(seen),
            "backend": None if backend is None else backend.name,
            "backend_because": self._backend_because(entrance, backend, held),
            "server": None,
            "server_because": None,
            "candidates": [],
            "status": self._status(seen),
            "location": _location(seen.response),
            "termination": seen.termination or None,
            "forwarded": _forwarded(seen),
            **self._response(seen, held),
        }
        if backend is not None:
            result |= self._server(backend, seen, held)
        result["decided_by"] = self._decider(result["outcome"], seen, held)
        visited = self._visited(entrance.section, backend)
        result["rules"] = [*self._rules(visited, reached, held)]
        result["remarks"] = [*self._remarks(entrance, visited, held, seen)]
        if result["outcome"] == "forwarded":
            result |= {"status": None, "location": None}  # those of an answer that is made up
        return result

    def _outcome(self, seen: Seen) -> str:
        if seen.kind == "session" or seen.tls_failure:
            return "refused"
        if not seen.kind:
            return "answered" if self._status(seen) else "unknown"  # what `monitor-uri` answers
        if not seen.server.startswith("<"):
            # A server can have HAProxy answer in its place (`redir`).
            is_answered = seen.forwarded is None and b"HTTP/" in seen.head
            return "answered" if is_answered else "forwarded"
        if seen.termination.startswith("S"):
            return "no_server"
        return "answered" if self._status(seen) else "closed"

    def _status(self, seen: Seen) -> int | None:
        found = _STATUS.match(seen.response)
        if found is not None:
            return int(found[1])
        return seen.status if seen.status > 0 else None

    def _backend(self, entrance: Entrance, seen: Seen) -> Section | None:
        """Return the section that got the request as a backend; None for one that did not come."""
        kinds = ("backend", LISTEN)
        found = (self._document.find(kind, seen.backend) for kind in kinds)
        section = next(filter(None, found), None)
        if section is None or section is not entrance.section:
            return section
        is_left = seen.server.startswith("<NOSRV") and seen.termination[:1] != "S"
        return None if is_left else section

    def _backend_because(
        self, entrance: Entrance, backend: Section | None, held: list[Rule]
    ) -> dict[str, Any] | None:
        if backend is None:
            return None
        rules = [rule for rule in held if rule.collection == _SWITCHING]
        if rules and not (len(rules) == 1 and _is_other(rules[-1], backend.name)):
            return {"text": f"{rules[-1].does}", **self._place(rules[-1])}
        if backend is entrance.section:
            return {"text": f"the section listen {backend.name} has servers itself"}
        return {"text": f"the default backend of {entrance.section.kind} {entrance.section.name}"}

    def _server(self, backend: Section, seen: Seen, held: list[Rule]) -> dict[str, Any]:
        """Return the server, if it can be told, and what has chosen it."""
        facts = self._backends.get(backend.name, Backend())
        if seen.server.startswith("<"):
            text = "no server can take it" if seen.termination.startswith("S") else None
            return {"server_because": None if text is None else {"text": text}}
        used = [rule for rule in held if rule.collection == _USE_SERVER]
        if used and not _is_other(used[-1], seen.server):
            because = {"text": used[-1].does, **self._place(used[-1])}
            return {"server": seen.server, "server_because": because}
        if seen.termination[2:3] == _VALID_COOKIE:
            return {"server": seen.server, "server_because": {"text": "a cookie of the request"}}
        stick = [rule for rule in held if rule.collection == _STICK and _matches(rule)]
        text = f"balance {facts.algorithm}"
        sections = (*self._inherited(backend), backend)
        hidden = any(one.hides and one.section in sections for one in self._scratch.remarks)
        told = facts.is_told and (len(facts.candidates) == 1 or not hidden)
        if stick:
            text += ", unless the stick table holds a server"
        elif len(facts.candidates) == 1:
            text = "the only server that can take it"
        because = {"text": text, **(self._place(stick[-1]) if stick else {})}
        if told and not stick:
            return {"server": seen.server, "server_because": because}
        return {"server_because": because, "candidates": facts.candidates}

    def _decider(self, outcome: str, seen: Seen, held: list[Rule]) -> dict[str, Any] | None:
        """Return the rule that ended the way of a request that came to no server."""
        rules = [rule for rule in held if not rule.is_of_response]
        if outcome not in ("answered", "closed", "refused") or not rules or seen.tls_failure:
            return None
        return {"text": rules[-1].does, **self._place(rules[-1])}

    def _response(self, seen: Seen, held: list[Rule]) -> dict[str, Any]:
        """Return the response that came to the client, and the rule that has replaced another."""
        rules = [rule for rule in held if rule.is_of_response and rule.action in kept.ENDING]
        because = {"text": rules[-1].does, **self._place(rules[-1])} if rules else None
        found = _STATUS.match(seen.response)
        return {
            "response_status": None if found is None else int(found[1]),
            "response_headers": None if found is None else _fields(seen.response),
            "response_because": because,
        }

    def _place(self, rule: Rule) -> dict[str, Any]:
        reference = object_at(self._registry, self._document, rule.section, rule.at)
        path = None if reference is None else self._path(reference)
        return {"line": rule.line, "resource": path}

    def _visited(self, front: Section, backend: Section | None) -> list[Section]:
        sections = [front] if backend is None or backend is front else [front, backend]
        return [one for section in sections for one in (*self._inherited(section), section)]

    def _inherited(self, section: Section) -> list[Section]:
        """Return the `defaults` that a section inherits from, the farthest first."""
        found: list[Section] = []
        while section.kind != DEFAULTS or section.parent is not None:
            if section.parent is not None:
                parent = self._document.find(DEFAULTS, section.parent)
            else:
                above = self._document.sections[: self._document.position(section)]
                parent = next((one for one in reversed(above) if one.kind == DEFAULTS), None)
            if parent is None or parent in found:
                break
            found.insert(0, parent)
            section = parent
        return found

    def _rules(
        self, visited: list[Section], reached: list[Rule], held: list[Rule]
    ) -> Iterator[dict[str, Any]]:
        """Yield the rules on the way: those that HAProxy came to in order, then the others."""
        came, did = {rule.number for rule in reached}, {rule.number for rule in held}
        others = (
            rule
            for section in visited
            for rule in self._scratch.rules_of(section)
            if rule.number not in came
        )
        for rule in (*reached, *others):
            state = "matched" if rule.number in did else "not_matched"
            yield {
                "section": f"{rule.section.kind} {rule.section.name}".rstrip(),
                "does": rule.does,
                "condition": " ".join(rule.condition) or None,
                "state": state if rule.number in came else "not_reached",
                "phase": "response" if rule.is_of_response else "request",
                **self._place(rule),
            }

    def _remarks(
        self, entrance: Entrance, visited: list[Section], held: list[Rule], seen: Seen
    ) -> Iterator[dict[str, Any]]:
        if seen.tls_failure:
            yield {"text": f"the TLS handshake failed: {seen.tls_failure}", "line": entrance.line}
        if seen.trace and not seen.trace.endswith("."):
            yield {"text": "HAProxy came to more rules than are told", "line": None}
        if seen.late:
            yield {"text": "HAProxy has not decided in time", "line": None}
        lines = {entrance.line, *(rule.line for rule in held)}
        for remark in self._scratch.remarks:
            if remark.section in visited and (not remark.of_line or remark.line in lines):
                yield {"text": remark.text, "line": remark.line}


def _is_other(rule: Rule, name: str) -> bool:
    """Return whether a rule names something else, without a variable part."""
    wanted = unquote(rule.does.split(" ", 1)[1])
    return "%" not in wanted and wanted != name


def _matches(rule: Rule) -> bool:
    return rule.values.get("type") in ("match", "on")


def _location(head: bytes) -> str | None:
    found = _LOCATION.search(head)
    return None if found is None else found[1].decode("utf-8", "replace").strip()


def _forwarded(seen: Seen) -> dict[str, Any] | None:
    """Return the request as it came to the server."""
    if seen.forwarded is None:
        return None
    method, url, fields = seen.forwarded
    return {"method": method, "url": url, "headers": _named(fields)}


def _fields(response: bytes) -> list[dict[str, str]]:
    """Return the header fields of a response, as far as they came."""
    head = response.partition(b"\r\n\r\n")[0].partition(b"\r\n")[2]
    return _named(head.decode("utf-8", "replace"))


def _named(fields: str) -> list[dict[str, str]]:
    pairs = (line.partition(":") for line in fields.split("\r\n") if line)
    return [{"name": name, "value": value.strip()} for name, _, value in pairs]
