"""Addresses as the families have them."""

from typing import Any

from dataplane_core.plugin import PORT, WORD, Address, Line, Prop, Term


def port(name: str = "port", **more: Any) -> Prop:
    """A port from 1 to 65535."""
    more.setdefault("nullable", True)
    return Prop(name, "integer", minimum=PORT[0], maximum=PORT[1], **more)


def listening_address() -> Term:
    """What `bind` and `dgram-bind` listen on: each part may be missing, ports may be a range."""
    return Address(
        Prop("address", pattern=WORD, help="Address, or addresses, to listen on; all if unset."),
        port(help="Port to listen on."),
        port("port-range-end", help="Last port, where a range is listened on."),
    )


def server_address(
    name: str = "address",
    *,
    brackets: bool = True,
    lax: bool = False,
    port_help: str = "Port of the server; the client's if unset.",
    **more: Any,
) -> Term:
    """What a server is reached at."""
    more.setdefault("pattern", WORD)
    more.setdefault("help", "Address or host name of the server.")
    return Address(
        Prop(name, required=True, **more), port(help=port_help), brackets=brackets, lax=lax
    )


def peer_address(help: str, pattern: str = WORD, nullable: bool = True, lax: bool = False) -> Term:
    """Address and port that must both be there; IPv6 is told from the port by the last colon.

    Where they are `nullable`, an empty address breaks its pattern instead of being none at all.
    A `lax` one may be missing from a line that stands.
    """
    return Address(
        Prop("address", pattern=pattern, required=True, nullable=nullable, help=help),
        port(required=True, nullable=nullable, help="Port that is connected to."),
        brackets=False,
        lax=lax,
    )


def address_name(line: Line) -> str:
    """The name that a listener without one is known by: its address as it is written."""
    return line.tokens[1]
