"""Addresses of listeners and servers, with their ports (manual, section 2.9)."""

from typing import Any

from dataplane_core.plugin import PORT, WORD, Address, Line, Prop, Term
from dataplane_plugins.configuration.common.names import REVERSED

OPENS_FILES = r"(?:.*,)?(?:(?:unix|uxst|uxdg|abnsz?|fd|sockpair|std(?:out|err))@|/).*"
"""Addresses that are files, sockets without a network, or descriptors of the process."""


def port(name: str = "port", **more: Any) -> Prop:
    """Return a property for a port, from 1 to 65535."""
    more.setdefault("nullable", True)
    return Prop(name, "integer", minimum=PORT[0], maximum=PORT[1], **more)


def listening_address() -> Term:
    """Return the term for what `bind` and `dgram-bind` lines listen on.

    The address or the port may be missing, and ports may be a range.
    """
    return Address(
        Prop(
            "address",
            pattern=WORD,
            refers_to=REVERSED,
            dangerous=OPENS_FILES,
            help="Address, or addresses, to listen on; all if unset.",
        ),
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
    """Return the term for the address and port of a server; the port may be missing.

    `brackets` says whether an IPv6 address is written in brackets. With `lax`, a line may lack the
    address, though a body may not. `more` are further facts of the property `name`.
    """
    more.setdefault("pattern", WORD)
    more.setdefault("help", "Address or host name of the server.")
    return Address(
        Prop(name, required=True, **more), port(help=port_help), brackets=brackets, lax=lax
    )


def peer_address(help: str, pattern: str = WORD, nullable: bool = True, lax: bool = False) -> Term:
    """Return the term for an address with a port, both required in a body.

    The port stands behind the last colon, also of an IPv6 address. An empty address counts as
    missing; if `nullable`, it breaks `pattern` instead. With `lax`, a line may lack either.
    """
    return Address(
        Prop("address", pattern=pattern, required=True, nullable=nullable, help=help),
        port(required=True, nullable=nullable, help="Port that is connected to."),
        brackets=False,
        lax=lax,
    )


def address_name(line: Line) -> str:
    """Return the name under which a listener without a `name` is shown: its address, as written."""
    return line.tokens[1]
