"""`listen` sections: a frontend and its backend in one, for reading.

The interface has no such object. Servers, binds and rules of `listen` sections are read and changed
as those of frontends and backends are; what the section says itself is shown here, so that nothing
of the file is out of sight.
"""

from dataplane_core.plugin import LISTEN, Model, Registry, impl
from dataplane_plugins.configuration.proxies.health_checks import CHECK_PARAMETERS
from dataplane_plugins.configuration.proxies.section_kinds import statements_of_listen
from dataplane_plugins.configuration.proxies.statements import PROXY_STATEMENTS

MODEL = Model(LISTEN, *statements_of_listen(PROXY_STATEMENTS), empty=CHECK_PARAMETERS)


@impl
def dataplane_register(registry: Registry) -> None:
    """Declare the `listen` sections, to be read only."""
    registry.sections(
        "listens",
        kind=LISTEN,
        model=MODEL,
        operations=("list", "read"),
        title="ListenSection",
        tag="Listen",
        help="A frontend and a backend in one.",
    )
