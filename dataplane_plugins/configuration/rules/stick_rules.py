"""`stick` lines: which entry of a stick table leads to a server (manual, section 4.2)."""

from dataplane_core.plugin import (
    EXPRESSION,
    STICK_TABLES,
    Registry,
    impl,
    lit,
    one_of,
    opt,
    rule,
    seq,
    statement,
    word,
)

RANK = 50

STICK_RULE = statement(
    "stick",
    rule(
        seq(
            one_of(
                "type",
                *("match", "on", "store-request", "store-response"),
                required=True,
                help="Whether the table is searched, filled, or both.",
            ),
            word("pattern", required=True, refers_to=EXPRESSION, help="Sample that is the key."),
            opt(
                seq(
                    lit("table"),
                    word("table", refers_to=STICK_TABLES, help="Backend whose table is meant."),
                )
            ),
        )
    ),
    examples=[
        "stick on src",
        "stick match src table pop if !localhost",
        "stick store-request req.hdr(Host),lower unless { src 10.0.0.0/8 }",
        "stick store-response src_port table ports",
    ],
    rejects=["stick", "stick on", "stick src", "stick on src table"],
)


@impl
def dataplane_register(registry: Registry) -> None:
    """Declare the rules of backends and `listen` sections."""
    registry.rows(
        "stick_rules",
        STICK_RULE,
        key=None,
        parents=("backend",),
        parameter="backend",
        typed=False,
        rank=RANK,
        help="What is remembered of a client to lead it to the same server again.",
    )
