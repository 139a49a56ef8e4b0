"""`bind` and `default-bind` lines (manual, sections 4.2 "bind" and 5.1)."""

from dataplane_core.plugin import Parent, Registry, Statement, impl, merged, seq, statement
from dataplane_plugins.configuration.common.addresses import address_name, listening_address
from dataplane_plugins.configuration.servers.bind_params import BIND_PARAMS, NAMED_BIND_PARAMS

RANK = 10

BIND = statement(
    "bind",
    seq(listening_address(), NAMED_BIND_PARAMS),
    examples=[
        "bind :80",
        "bind 127.0.0.1:8080 name local",
        "bind *:443 name https crt site.pem ssl alpn h2,http/1.1",
        "bind [::]:80 v4v6",
        "bind 127.0.0.1:8000-8010 name many",
        "bind /run/haproxy.sock accept-proxy mode 600 user root",
        "bind abns@here level admin expose-fd listeners",
    ],
    rejects=["bind", "bind :443 ssl crt"],
)


def default_bind_statement() -> Statement:
    """Return `default-bind` of `peers` sections: the object `default_bind`.

    HAProxy adds up all lines of a section; the object shows their sum.
    """
    return merged(
        "default-bind",
        "default_bind",
        BIND_PARAMS,
        help="What the section's addresses start from.",
        examples=["default-bind ssl crt site.pem verify required ca-file ca.pem"],
        rejects=["default-bind crt"],
    )


@impl
def dataplane_register(registry: Registry) -> None:
    """Declare the binds of frontends, log forwards, peers and `listen` sections."""
    registry.rows(
        "binds",
        BIND,
        parents=("frontend", Parent("log-forward", "log_forward"), "peers"),
        parameter="frontend",
        rank=RANK,
        title="Bind",
        unnamed=address_name,
        help="Addresses that are listened on.",
    )
