"""`ring` sections: messages kept in memory (manual, chapter 3.9 "Rings")."""

from dataplane_core.plugin import (
    Model,
    Registry,
    duration,
    impl,
    integer,
    one_of,
    rest,
    size,
    statement,
    word,
)

FORMATS = ("iso", "local", "raw", "rfc3164", "rfc5424", "short", "priority", "timed")

RING = Model(
    "ring",
    statement(
        "description",
        rest("description", help="What the ring is for."),
        examples=["description requests of today"],
    ),
    statement(
        "format",
        one_of("format", *FORMATS, help="Format of the messages."),
        examples=["format rfc5424"],
        rejects=["format plain"],
    ),
    statement(
        "maxlen",
        integer("maxlen", nullable=True, help="Longest message, in bytes."),
        examples=["maxlen 1200"],
    ),
    statement(
        "size",
        size("size", nullable=True, help="Size of the ring, in bytes."),
        examples=["size 32768", "size 32k"],
        rejects=["size big"],
    ),
    statement(
        "backing-file",
        word("backing_file", help="File that the ring is kept in."),
        examples=["backing-file /var/lib/haproxy/ring"],
    ),
    statement(
        "timeout connect",
        duration(
            "timeout_connect",
            nullable=True,
            help="Time that a connection to a server may take, in milliseconds.",
        ),
        examples=["timeout connect 5s"],
    ),
    statement(
        "timeout server",
        duration(
            "timeout_server",
            nullable=True,
            help="Time that a server may be silent, in milliseconds.",
        ),
        examples=["timeout server 1m"],
    ),
)


@impl
def dataplane_register(registry: Registry) -> None:
    """Declare the `ring` sections; their servers belong to the collection `servers`."""
    registry.sections(
        "rings",
        kind="ring",
        model=RING,
        help="Buffers that messages are put into, from which servers may get them.",
    )
