"""`http-check`: the steps of an HTTP health check, in their order."""

from dataplane_core.plugin import Registry, impl
from dataplane_plugins.configuration.checks.http_check_steps import CHECK


@impl
def dataplane_register(registry: Registry) -> None:
    """Declare the collection."""
    registry.rows(
        "http_checks",
        CHECK,
        key=None,
        parents=("backend", "defaults"),
        rank=49,
        title="HTTPCheck",
        help="A step of an HTTP health check.",
    )
