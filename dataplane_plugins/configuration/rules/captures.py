"""`declare capture` lines: slots that rules put captured values into (manual, section 4.2)."""

from dataplane_core.plugin import Orphans, Registry, impl, integer, lit, one_of, seq, statement

RANK = 22

CAPTURE = statement(
    "declare capture",
    seq(
        one_of(
            "type", *("request", "response"), required=True, help="What the slot is filled from."
        ),
        lit("len"),
        integer("length", 1, required=True, help="Bytes that the slot holds."),
    ),
    examples=["declare capture request len 10", "declare capture response len 1"],
    rejects=[
        "declare capture",
        "declare capture request",
        "declare capture header len 1",
        "declare capture response len abcd",
    ],
)


@impl
def dataplane_register(registry: Registry) -> None:
    """Declare the capture slots of frontends and `listen` sections."""
    registry.rows(
        "captures",
        CAPTURE,
        key=None,
        parents=("frontend",),
        parameter="frontend",
        typed=False,
        rank=RANK,
        orphans=Orphans(
            list=404, create=404, item=404, delete=400, list_in_path=404, create_in_path=404
        ),
        title="DeclareCapture",
        help="Room for parts of requests and answers that are logged.",
    )
