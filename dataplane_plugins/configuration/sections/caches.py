"""`cache` sections: answers kept in memory (manual, section 6.2.1)."""

from dataplane_core.plugin import Model, Registry, impl, integer, mapped
from dataplane_plugins.configuration.common.keywords import valued

CACHE = Model(
    "cache",
    valued(
        "total-max-size",
        integer("total_max_size", 1, 4095, help="Size of the cache, in megabytes."),
        "4",
        rejects=["4m"],
    ),
    valued(
        "max-object-size",
        integer("max_object_size", help="Largest answer that is kept, in bytes."),
        "10000",
        rejects=["10k"],
    ),
    valued("max-age", integer("max_age", help="Longest life of an answer, in seconds."), "60"),
    valued(
        "max-secondary-entries",
        integer("max_secondary_entries", help="Answers that are kept for one address."),
        "20",
    ),
    valued(
        "process-vary",
        mapped(
            "process_vary",
            {"on": True, "off": False},
            nullable=True,
            help="Keep answers that vary by request headers.",
        ),
        *("on", "off"),
        rejects=["enabled"],
    ),
)


@impl
def dataplane_register(registry: Registry) -> None:
    """Declare the `cache` sections."""
    registry.sections(
        "caches",
        kind="cache",
        idle=True,
        model=CACHE,
        key_nullable=True,
        help="Memory in which answers are kept.",
    )
