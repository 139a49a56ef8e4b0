"""`server-template` lines: servers made by number (manual, section 4.2 "server-template")."""

from dataplane_core.plugin import Declared, NameKind, Registry, impl, seq, statement, word
from dataplane_plugins.configuration.common.addresses import server_address
from dataplane_plugins.configuration.common.values import OBJECT_NAME, or_variable
from dataplane_plugins.configuration.servers.params import server_params

RANK = 88

SERVER_TEMPLATE = statement(
    "server-template",
    seq(
        word(
            "prefix",
            OBJECT_NAME,
            required=True,
            declares=Declared(NameKind.SERVER, numbers="num_or_range"),
            help="Start of the servers' names.",
        ),
        word(
            "num_or_range",
            or_variable("[0-9]+(-[0-9]+)?"),
            required=True,
            help="How many servers there are, or the range of their numbers: 5, 2-7.",
        ),
        server_address("fqdn", pattern=None, help="Host name of the servers, or an address."),
        server_params(identified=True),
    ),
    examples=[
        "server-template app 1-3 10.0.0.10:80 check",
        "server-template web 1-3 example.com:80 check resolvers dns",
        "server-template web 5 _http._tcp.example.com no-backup weight 5",
    ],
    rejects=["server-template", "server-template web 3", "server-template web 3 a.b weight"],
)


@impl
def dataplane_register(registry: Registry) -> None:
    """Declare the server templates of backends and `listen` sections."""
    registry.rows(
        "server_templates",
        SERVER_TEMPLATE,
        key="prefix",
        parents=("backend",),
        parameter="backend",
        typed=False,
        rank=RANK,
        help="Servers that are made by number, such as one for each address of a name.",
    )
