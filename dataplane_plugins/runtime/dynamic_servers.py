"""Servers that are created in the running HAProxy: `add server` (management guide, section 9.3)."""

from collections.abc import Iterator, Mapping
from typing import Any

from dataplane_core.plugin import (
    PORT,
    ParameterTable,
    Problem,
    Prop,
    Registry,
    runtime_argument,
    unquote,
)

ADDRESS = Prop("address", pattern=r"^[^\s]+$", help="IP address or path of a socket.")
PORT_OF_SERVER = Prop(
    "port", "integer", minimum=PORT[0], maximum=PORT[1], nullable=True, help="Port."
)
NAME = Prop("name", pattern=r"^[^\s/]+$", required=True, help="Name, unique in the backend.")
ID = Prop("id", read_only=True, help="HAProxy's number.")
_OWN = (NAME, ADDRESS, PORT_OF_SERVER, ID)
_ON_ALREADY = ("force_", "ssl_reuse", "tls_tickets")
NO_ADDRESS = "-"
"""What stands for the address of a server that gets one later."""


class DynamicServers:
    """What a server that is created in the running process can have.

    `keywords` is the table of `server` lines in the configuration.
    """

    def __init__(self, keywords: ParameterTable) -> None:
        self._keywords = keywords
        own = {prop.name for prop in _OWN}
        self.props = (*_OWN, *(prop for prop in keywords.props if prop.name not in own))

    @classmethod
    def of(cls, registry: Registry) -> "DynamicServers":
        """Return those that the collection `servers` describes; without it they have no keyword."""
        rows = registry.declared_rows("servers")
        keywords = None if rows is None else rows.keywords
        return cls(keywords or ParameterTable())

    def problems(self, values: Mapping[str, Any]) -> Iterator[Problem]:
        """Yield the rules between keywords that the values break."""
        return self._keywords.problems(values)

    def words(self, values: Mapping[str, Any]) -> Iterator[str]:
        """Yield the words of `add server` behind the server's name, escaped."""
        address, port = values.get("address", NO_ADDRESS), values.get("port")
        if port is not None and ":" in address.strip("[]"):
            address = f"[{address.strip('[]')}]"
        yield runtime_argument(address if port is None else f"{address}:{port}")
        names = self._keywords.names - {prop.name for prop in _OWN}
        said = {
            name: value
            for name, value in values.items()
            if name.partition(".")[0] in names and not _says_nothing(name, value)
        }
        for word in self._keywords.write(said, {}):
            yield runtime_argument(unquote(word))


def _says_nothing(name: str, value: Any) -> bool:
    """Return whether a switch is off already: a dynamic server inherits nothing."""
    return bool(value == "disabled" and not name.startswith(_ON_ALREADY))
