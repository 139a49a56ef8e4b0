"""The table of keywords of `server` lines and of their like (manual, section 5.2)."""

from dataplane_core.plugin import (
    ParameterKeyword,
    ParameterTable,
    Statement,
    arg,
    integer,
    merged,
    params,
    renamed,
)
from dataplane_plugins.configuration.servers.arguments_a_to_o import ARGUMENTS_A_TO_O
from dataplane_plugins.configuration.servers.arguments_p_to_w import ARGUMENTS_P_TO_W
from dataplane_plugins.configuration.servers.switches import SWITCHES

_IDENTIFIER = arg("id", integer("id", nullable=True, help="Number of the server."))


def server_params(*, identified: bool = False) -> ParameterTable:
    """Return the table of `server`, `default-server` and `server-template` lines.

    A new keyword of a line is written in the order of the table. `id` stands in an `identified`
    table alone: a number belongs to one server.
    """
    identifier: tuple[ParameterKeyword, ...] = (_IDENTIFIER,) if identified else ()
    return params(
        *(*SWITCHES, *ARGUMENTS_A_TO_O, *ARGUMENTS_P_TO_W),
        tolerant=True,
        own=identifier,
        name="server options",
    )


def default_server_statement() -> Statement:
    """Return `default-server` of backends, defaults and peers: the object `default_server`.

    HAProxy adds up all lines of a section; the object shows their sum.
    """
    return merged(
        "default-server",
        "default_server",
        renamed(server_params(), health_check_port={"v1": "port"}),
        help="What the section's servers start from.",
        examples=[
            "default-server check inter 2000 rise 2 fall 3",
            "default-server ssl verify none sni str(example.com) no-tlsv10",
            "default-server proxy-v2-options ssl,cert-cn send-proxy-v2",
        ],
        rejects=["default-server inter"],
    )
