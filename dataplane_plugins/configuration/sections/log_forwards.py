"""`log-forward` sections and their `dgram-bind` lines (manual, section 12.6)."""

from dataplane_core.plugin import (
    Model,
    Orphans,
    Parent,
    Registry,
    arg,
    duration,
    flag,
    impl,
    integer,
    keyword,
    one_of,
    params,
    seq,
    statement,
    word,
)
from dataplane_plugins.configuration.common.addresses import address_name, listening_address
from dataplane_plugins.configuration.common.keywords import valued

LOG_FORWARD = Model(
    "log_forward",
    valued(
        "backlog",
        integer("backlog", nullable=True, help="Connections that may wait."),
        "100",
        rejects=["many"],
    ),
    valued(
        "maxconn", integer("maxconn", nullable=True, help="Connections at the same time."), "1000"
    ),
    valued(
        "timeout client",
        duration(
            "timeout_client",
            nullable=True,
            help="Time that a connection may be silent, in milliseconds.",
        ),
        "10s",
        rejects=["soon"],
    ),
    keyword(
        "option dont-parse-log", "dont-parse-log", help="Pass messages on without reading them."
    ),
    keyword(
        "option assume-rfc6587-ntf",
        "assume-rfc6587-ntf",
        help="Take messages on a connection as ended by newlines.",
    ),
    valued(
        "option host",
        one_of(
            "host",
            "replace",
            "fill",
            "keep",
            "append",
            help="What becomes of the host name in a message.",
        ),
        "fill",
    ),
)

DGRAM_BIND = statement(
    "dgram-bind",
    seq(
        listening_address(),
        params(
            arg(
                "name",
                word("name", help="Name of the address.", facts={"v3": {"required": True}}),
            ),
            flag("transparent", "transparent", help="Take messages to addresses of others."),
            arg("interface", word("interface", pattern=None, help="Interface to listen on.")),
            arg(
                "namespace", word("namespace", pattern=None, help="Network namespace to listen in.")
            ),
            tolerant=True,
        ),
    ),
    examples=["dgram-bind :514 transparent interface eth0", "dgram-bind [::1]:514-520 name udp"],
    rejects=["dgram-bind", "dgram-bind :514 name"],
)


@impl
def dataplane_register(registry: Registry) -> None:
    """Declare the `log-forward` sections, and their `dgram-bind` lines."""
    registry.sections(
        "log_forwards",
        kind="log-forward",
        model=LOG_FORWARD,
        help="Listeners for log messages, which are passed on.",
    )
    registry.rows(
        "dgram_binds",
        DGRAM_BIND,
        parents=(Parent("log-forward", "log_forward"),),
        parameter="log_forward",
        typed=False,
        rank=5,
        unnamed=address_name,
        orphans=Orphans(list=400),
        help="Addresses on which log messages come in as datagrams.",
    )
