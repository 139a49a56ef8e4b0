"""Read and write addresses, a host and a port in one word (manual, section 11)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from dataplane_core.errors import Code
from dataplane_core.grammar.props import Layout, NoMatch, Problem, Prop, Reading, Values, unwritable
from dataplane_core.grammar.terms import Term
from dataplane_core.lazy_pattern import lazy_pattern
from dataplane_core.text.tokens import is_one_word, plain_word

_PORTS = lazy_pattern(r"([1-9][0-9]{0,4})(?:-([1-9][0-9]{0,4}))?")
_IPV6 = lazy_pattern(r"[0-9A-Fa-f.]*:[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*(%[\w.-]+)?")
_PORTLESS = lazy_pattern(r"(unix|abns|abnsz|fd|sockpair)@|/|[^$]*\$")
_SOCKET = lazy_pattern(r"unix@|/")
PORT = (1, 65535)
"""The limits of a port (RFC 793); HAProxy reads 0 as none."""


class Address(Term):
    """`HOST[:PORT[-END]]`, as HAProxy cuts it: the last colon separates the port.

    A prefix (`unix@`, `ipv4@`, `quic6@`, `fd@` …) belongs to the host; what is no plain port (an
    offset such as `:+100`, a variable, 0) does too, and so does all that follows the path of a
    socket to listen on (an address with an `end`). With `brackets` an IPv6 host stands bare in JSON
    and in brackets on the line; without, it stands in both as it was given. A word whose values do
    not change keeps its spelling.

    A `lax` one is read also where nothing stands, and where a socket's path or a variable leaves
    no port to see: among peers HAProxy takes `server lb1` and `peer lb2 "${IP}:1024"`.
    """

    def __init__(
        self,
        host: Prop,
        port: Prop | None,
        end: Prop | None = None,
        *,
        brackets: bool = True,
        lax: bool = False,
    ) -> None:
        self.host, self.port, self.end = host, port, end
        self.brackets, self.lax = brackets, lax

    def declared(self) -> Iterable[Prop]:
        return (prop for prop in (self.host, self.port, self.end) if prop is not None)

    def read(self, tokens: Sequence[str], at: int, reading: Reading) -> int:
        if at >= len(tokens):
            if not self.lax:
                raise NoMatch(None, self.host.name)
            reading.layout[self] = [], {}
            return at
        values = self._cut(plain_word(tokens[at]))
        lacking = self.port is not None and self.port.required and self.port.name not in values
        if lacking and not (self.lax and _PORTLESS.match(tokens[at])):
            raise NoMatch(tokens[at], f"{self.host.name} with its port")
        reading.values.update(values)
        reading.layout[self] = [tokens[at]], values
        return at + 1

    def _cut(self, word: str) -> dict[str, str | int]:
        """Return the values that a word says: its host, and a port or a range where it has one."""
        host, colon, ports = word.rpartition(":")
        match = _PORTS.fullmatch(ports) if colon else None
        whole = self.end is not None and _SOCKET.match(word)
        if match is None or self.port is None or whole or not (host or not self.host.required):
            return {self.host.name: self._bare(word)}
        port, end = int(match[1]), match[2]
        if port > PORT[1] or (end and (self.end is None or int(end) > PORT[1])):
            return {self.host.name: self._bare(word)}
        values: dict[str, str | int] = {self.host.name: self._bare(host)} if host else {}
        values[self.port.name] = port
        if end and self.end is not None:
            values[self.end.name] = int(end)
        return values

    def _bare(self, host: str) -> str:
        """Return an IPv6 host without its brackets, any other host as it is."""
        if not (self.brackets and host.startswith("[") and host.endswith("]")):
            return host
        return host[1:-1] if _IPV6.fullmatch(host[1:-1]) else host

    def write(self, values: Values, layout: Layout) -> list[str]:
        own = {name: value for name, value in values.items() if name in self.names and value != ""}
        words, said = layout.get(self, ([], None))
        if own == said:
            return list(words)
        for name in self.needs(values):
            raise unwritable(name, "in body is required", Code.REQUIRED)
        host = str(own.get(self.host.name, ""))
        if self.brackets and _IPV6.fullmatch(host):
            host = f"[{host}]"
        word = host + self._ports(own)
        if not is_one_word(word):
            raise unwritable(
                self.host.name, f"must be one word: quote it or escape its blanks, not {host!r}"
            )
        return [word]

    def _ports(self, own: Values) -> str:
        if self.port is None or self.port.name not in own:
            return ""
        end = f"-{own[self.end.name]}" if self.end and self.end.name in own else ""
        return f":{own[self.port.name]}{end}"

    def needs(self, values: Values) -> Iterator[str]:
        if self.port is not None and self.port.required and self.port.name not in values:
            yield self.port.name
        if not values.get(self.host.name):
            if self.host.required or self.port is None or self.port.name not in values:
                yield self.host.name
        elif self.end and self.port and self.end.name in values and self.port.name not in values:
            yield self.port.name

    def problems(self, values: Values) -> Iterator[Problem]:
        for problem in super().problems(values):
            if problem.path == self.host.name and not self.host.required and self.port:
                message = f"{self.host.name} or {self.port.name} in body is required"
                problem = replace(problem, message=message)
            yield problem
