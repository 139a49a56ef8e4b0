"""`backend` sections: the servers that requests are sent to."""

from dataplane_core.plugin import Model, Registry, impl
from dataplane_plugins.configuration.proxies.health_checks import CHECK_PARAMETERS
from dataplane_plugins.configuration.proxies.section_kinds import ANNOTATED, statements_of
from dataplane_plugins.configuration.proxies.section_kinds import BACKEND as KIND
from dataplane_plugins.configuration.proxies.statements import PROXY_STATEMENTS

BACKEND = Model(
    "backend",
    *statements_of(KIND, PROXY_STATEMENTS),
    empty=CHECK_PARAMETERS,
    annotated=ANNOTATED,
)


@impl
def dataplane_register(registry: Registry) -> None:
    """Declare the `backend` sections."""
    registry.sections(
        "backends",
        kind=KIND,
        idle=True,
        model=BACKEND,
        help="Groups of servers that requests are spread over.",
    )
