"""Make of `bind` lines Unix sockets, by which a simulation comes in."""

from dataplane_core.plugin import Line, Row, Section, is_digits, unquote
from dataplane_plugins.changes.simulation import kept
from dataplane_plugins.changes.simulation.scratch_text import FOLDER, Entrance, Remark, ScratchText

_OTHER_PROTOCOLS = ("quic4@", "quic6@", "udp@", "udp4@", "udp6@", "rhttp@", "rev@", "sockpair@")


class Entrances:
    """The Unix sockets of a scratch text, one for each `bind` line."""

    def __init__(self, made: ScratchText) -> None:
        self._made = made
        self._behind_proxies: list[tuple[int, Section]] = []

    def compare(self) -> None:
        """Remark where connections come from a proxy, which rules for connections see in truth."""
        checked = {
            id(rule.section)
            for rule in self._made.rules.values()
            if rule.values.get("type") == "connection"
        }
        for number, section in self._behind_proxies:
            if id(section) in checked:
                text = (
                    "rules for connections see the proxy's address in truth, and the client's here"
                )
                self._made.remarks.append(Remark(number, section, text, of_line=True))

    def bind(self, row: Row, section: Section, number: int) -> Line | None:
        """Return the line that stands for a `bind` line; None for one that cannot be simulated."""
        values, address = row.values, str(row.values.get("address", ""))
        if address.startswith(_OTHER_PROTOCOLS):
            protocol = address.partition("@")[0]
            text = f"connections by {protocol} cannot be simulated: the line is left out"
            self._made.remarks.append(Remark(number, section, text))
            return None
        left = {name: value for name, value in values.items() if name not in kept.BIND}
        socket = f"b{len(self._made.entrances)}"
        left |= {"address": f"/{socket}", "accept_proxy": True}
        if values.get("verify") == "required":
            left["verify"] = "optional"
            text = "the simulation has no client certificate, and is let in without one"
            self._made.remarks.append(Remark(number, section, text, of_line=True))
        if values.get("accept_proxy"):
            self._behind_proxies.append((number, section))
        words = row.form.write(left, row.reading.layout)
        words[1] = f'"unix@${{{FOLDER}}}/{socket}"'
        self._made.entrances.append(
            Entrance(
                socket,
                section,
                number,
                str(values.get("name") or row.line.tokens[1]),
                row.line.tokens[1],
                address,
                _ports(row.line.tokens[1]),
                bool(values.get("ssl")),
            )
        )
        return row.line.rewritten(words)


def _ports(word: str) -> tuple[int, ...]:
    """Return the ports of a listening address, of ranges the first and the last."""
    ends = (part.rpartition(":")[2].split("-") for part in unquote(word).split(","))
    return tuple(int(port) for found in ends for port in found if is_digits(port))
