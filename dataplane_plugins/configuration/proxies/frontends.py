"""`frontend` sections: where clients connect."""

from dataplane_core.plugin import Model, Registry, impl
from dataplane_plugins.configuration.proxies.section_kinds import ANNOTATED, statements_of
from dataplane_plugins.configuration.proxies.section_kinds import FRONTEND as KIND
from dataplane_plugins.configuration.proxies.statements import PROXY_STATEMENTS

FRONTEND = Model("frontend", *statements_of(KIND, PROXY_STATEMENTS), annotated=ANNOTATED)


@impl
def dataplane_register(registry: Registry) -> None:
    """Declare the `frontend` sections."""
    registry.sections(
        "frontends",
        kind=KIND,
        model=FRONTEND,
        help="Where connections come in, and what becomes of them.",
    )
