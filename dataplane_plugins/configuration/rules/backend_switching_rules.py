"""`use_backend` lines: which backend takes a request (manual, section 4.2)."""

from dataplane_core.plugin import BACKENDS, Format, Registry, impl, rule, statement, word

RANK = 70

USE_BACKEND = statement(
    "use_backend",
    rule(
        word(
            "name",
            required=True,
            refers_to=Format(*BACKENDS),
            help="Name of the backend, or a log format that gives it.",
        )
    ),
    examples=[
        "use_backend web if { path_beg /static }",
        "use_backend static if { path_beg /static }",
        "use_backend %[req.hdr(host),lower]",
    ],
    rejects=["use_backend"],
)


@impl
def dataplane_register(registry: Registry) -> None:
    """Declare the rules of frontends and `listen` sections."""
    registry.rows(
        "backend_switching_rules",
        USE_BACKEND,
        key=None,
        parents=("frontend",),
        parameter="frontend",
        typed=False,
        rank=RANK,
        help="Which backend a request goes to.",
    )
