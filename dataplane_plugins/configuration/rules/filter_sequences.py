"""`filter-sequence` lines: the order in which filters process a message (manual, section 4.2).

HAProxy has them since 3.4. They are known as a part of their section alone.
"""

from dataplane_core.plugin import Registry, impl, listed, one_of, seq, statement

RANK = 26

FILTER_SEQUENCE = statement(
    "filter-sequence",
    seq(
        one_of("direction", "request", "response", required=True, help="Which messages."),
        listed("filters", required=True, help="The filters, in their order."),
    ),
    examples=["filter-sequence request comp-req,cache", "filter-sequence response comp-res"],
    rejects=["filter-sequence", "filter-sequence request", "filter-sequence both comp-res"],
)


@impl
def dataplane_register(registry: Registry) -> None:
    """Declare the orders of filters of frontends, backends and `listen` sections."""
    registry.rows(
        "filter_sequences",
        FILTER_SEQUENCE,
        key=None,
        parents=("frontend", "backend"),
        rank=RANK,
        operations=(),
        versions=("v3",),
        title="FilterSequence",
        help="In which order filters look at what passes.",
    )
