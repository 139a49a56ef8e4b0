"""`ring` sections: messages kept in memory (manual, section 12.5)."""

from dataplane_core.plugin import Model, Registry, duration, impl, integer, one_of, rest, size, word
from dataplane_plugins.configuration.common.keywords import valued

FORMATS = ("iso", "local", "raw", "rfc3164", "rfc5424", "short", "priority", "timed")

RING = Model(
    "ring",
    valued("description", rest("description", help="What the ring is for."), "requests of today"),
    valued(
        "format",
        one_of("format", *FORMATS, help="Format of the messages."),
        "rfc5424",
        rejects=["plain"],
    ),
    valued("maxlen", integer("maxlen", nullable=True, help="Longest message, in bytes."), "1200"),
    valued(
        "size",
        size("size", nullable=True, help="Size of the ring, in bytes."),
        *("32768", "32k"),
        rejects=["big"],
    ),
    valued(
        "backing-file",
        word("backing_file", help="File that the ring is kept in."),
        "/var/lib/haproxy/ring",
    ),
    valued(
        "timeout connect",
        duration(
            "timeout_connect",
            nullable=True,
            help="Time that a connection to a server may take, in milliseconds.",
        ),
        "5s",
    ),
    valued(
        "timeout server",
        duration(
            "timeout_server",
            nullable=True,
            help="Time that a server may be silent, in milliseconds.",
        ),
        "1m",
    ),
)


@impl
def dataplane_register(registry: Registry) -> None:
    """Declare the `ring` sections; their servers belong to the collection `servers`."""
    registry.sections(
        "rings",
        kind="ring",
        idle=True,
        model=RING,
        help="Buffers that messages are put into, from which servers may get them.",
    )
