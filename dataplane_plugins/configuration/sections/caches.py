"""`cache` sections: answers kept in memory (manual, chapter 6 "Cache")."""

from dataplane_core.plugin import Model, Registry, impl, integer, mapped, statement

CACHE = Model(
    "cache",
    statement(
        "total-max-size",
        integer("total_max_size", 1, 4095, help="Size of the cache, in megabytes."),
        examples=["total-max-size 4"],
        rejects=["total-max-size 4m"],
    ),
    statement(
        "max-object-size",
        integer("max_object_size", help="Largest answer that is kept, in bytes."),
        examples=["max-object-size 10000"],
        rejects=["max-object-size 10k"],
    ),
    statement(
        "max-age",
        integer("max_age", help="Longest life of an answer, in seconds."),
        examples=["max-age 60"],
    ),
    statement(
        "max-secondary-entries",
        integer("max_secondary_entries", help="Answers that are kept for one address."),
        examples=["max-secondary-entries 20"],
    ),
    statement(
        "process-vary",
        mapped(
            "process_vary",
            {"on": True, "off": False},
            nullable=True,
            help="Keep answers that vary by request headers.",
        ),
        examples=["process-vary on", "process-vary off"],
        rejects=["process-vary enabled"],
    ),
)


@impl
def dataplane_register(registry: Registry) -> None:
    """Declare the `cache` sections."""
    registry.sections(
        "caches",
        kind="cache",
        model=CACHE,
        key_nullable=True,
        help="Memory in which answers are kept.",
    )
