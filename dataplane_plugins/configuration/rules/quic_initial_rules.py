"""`quic-initial` lines, for the first datagram of a connection (manual, section 4.2)."""

from dataplane_core.plugin import Registry, case, dispatch, impl, rule, statement

RANK = 15

QUIC_INITIAL = statement(
    "quic-initial",
    rule(
        dispatch(
            "type",
            case("accept"),
            case("dgram-drop"),
            case("reject"),
            case("send-retry"),
            help="What happens to the datagram.",
        )
    ),
    examples=["quic-initial reject if { src 10.0.0.0/8 }", "quic-initial send-retry"],
    rejects=["quic-initial", "quic-initial deny"],
)


@impl
def dataplane_register(registry: Registry) -> None:
    """Declare the rules of frontends, defaults and `listen` sections."""
    registry.rows(
        "quic_initial_rules",
        QUIC_INITIAL,
        key=None,
        parents=("frontend", "defaults"),
        rank=RANK,
        title="QUICInitialRule",
        help="A rule for the first packet of a QUIC connection.",
    )
