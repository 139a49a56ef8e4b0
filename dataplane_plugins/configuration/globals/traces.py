"""`traces` section: traces that are on from the start (manual, section 12.1)."""

from dataplane_core.plugin import Model, Registry, impl, rest, statements

TRACES = Model(
    "traces",
    statements(
        "trace",
        "entries",
        rest("trace", required=True, help="A source, and what is traced of it where."),
        help="Commands of the Runtime API's `trace`, in order.",
        examples=["trace h1 sink stderr level developer", "trace h2 start now"],
        rejects=["trace"],
    ),
    annotated=("entries",),
)


@impl
def dataplane_register(registry: Registry) -> None:
    """Declare the `traces` section."""
    registry.single(
        "traces",
        kind="traces",
        model=TRACES,
        schema="traces",
        title="Traces",
        elements={"entries": {"schema": "trace_entry", "title": "TraceEntry", "tag": "Traces"}},
        otherwise={"v3": {"operations": ("read", "create", "replace", "delete")}},
        help="Where HAProxy's own traces go.",
    )
