"""`default-server` and `default-bind`: what the servers and addresses below them start from.

HAProxy adds up the lines of a section; so do the objects.
"""

from dataplane_core.plugin import Statement, merged
from dataplane_plugins.configuration.servers.bind_params import BIND_PARAMS
from dataplane_plugins.configuration.servers.params import SERVER_PARAMS


def default_server_statement() -> Statement:
    """`default-server`, in backends, defaults and peers: the object `default_server`."""
    return merged(
        "default-server",
        "default_server",
        SERVER_PARAMS,
        help="What the section's servers start from.",
        examples=[
            "default-server check inter 2000 rise 2 fall 3",
            "default-server ssl verify none sni str(example.com) no-tlsv10",
            "default-server proxy-v2-options ssl,cert-cn send-proxy-v2",
        ],
        rejects=["default-server inter"],
    )


def default_bind_statement() -> Statement:
    """`default-bind`, in peers: the object `default_bind`."""
    return merged(
        "default-bind",
        "default_bind",
        BIND_PARAMS,
        help="What the section's addresses start from.",
        examples=["default-bind ssl crt site.pem verify required ca-file ca.pem"],
        rejects=["default-bind crt"],
    )
