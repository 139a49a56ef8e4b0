"""`use-server` lines: rules that name the server of a request (manual, section 4.2)."""

from dataplane_core.plugin import SERVERS, Format, Registry, impl, rule, statement, word

RANK = 70

USE_SERVER = statement(
    "use-server",
    rule(
        word(
            "target_server",
            required=True,
            refers_to=Format(otherwise=SERVERS),
            help="Name of the server, or a log format for it.",
        )
    ),
    examples=[
        "use-server web1 if { path_beg /static }",
        "use-server www if { req.ssl_sni -i www.example.com }",
        "use-server a unless TRUE",
    ],
    rejects=["use-server", "use-server www x"],
)


@impl
def dataplane_register(registry: Registry) -> None:
    """Declare the rules of backends and `listen` sections."""
    registry.rows(
        "server_switching_rules",
        USE_SERVER,
        key=None,
        parents=("backend",),
        parameter="backend",
        typed=False,
        rank=RANK,
        help="Which server a request goes to.",
    )
