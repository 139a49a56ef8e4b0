"""HTTP of the process, and its own HTTP client (manual, sections 3.1 and 3.4)."""

from dataplane_core.plugin import FILES, NameOf, mapped, statements, word
from dataplane_plugins.configuration.common.keywords import valued
from dataplane_plugins.configuration.common.names import AUTHORITIES
from dataplane_plugins.configuration.globals.keywords import (
    boolean,
    choice,
    in_v3,
    number,
    on_off_word,
    text,
    time,
)

HEADERS = (
    text(
        "h1-case-adjust-file",
        "h1_case_adjust_file",
        "File with spellings of header names.",
        refers_to=FILES,
    ),
    statements(
        "h1-case-adjust",
        "h1_case_adjust",
        word("from", None, required=True, help="Name of a header field, in lower case.")
        + word("to", None, required=True, help="How it is spelled to old clients and servers."),
        help="Spellings of header names for HTTP/1.",
        sort_as="H1CaseAdjusts",
        examples=["h1-case-adjust content-type Content-Type"],
        rejects=["h1-case-adjust", "h1-case-adjust content-type"],
    ),
    boolean(
        "h1-accept-payload-with-any-method",
        "h1_accept_payload_with_any_method",
        "Take bodies with GET, HEAD and DELETE in HTTP/1.0.",
    ),
    boolean(
        "h1-do-not-close-on-insecure-transfer-encoding",
        "h1_do_not_close_on_insecure_transfer_encoding",
        "Keep connections open whose messages state a length twice.",
    ),
    boolean(
        "h2-workaround-bogus-websocket-clients",
        "h2_workaround_bogus_websocket_clients",
        "Do not offer WebSocket over HTTP/2.",
    ),
)

_CLIENT = "http_client_options."
CLIENT = (
    on_off_word(
        "httpclient.resolvers.disabled",
        "httpclient_resolvers_disabled",
        "Whether HAProxy's own HTTP client resolves no names.",
        v3=_CLIENT + "resolvers_disabled",
    ),
    text(
        "httpclient.resolvers.id",
        "httpclient_resolvers_id",
        "The resolvers section of HAProxy's own HTTP client.",
        v3=_CLIENT + "resolvers_id",
        refers_to=NameOf("resolvers"),
    ),
    choice(
        *("httpclient.resolvers.prefer", "httpclient_resolvers_prefer", ("ipv4", "ipv6")),
        "The family of addresses that is preferred.",
        v3=_CLIENT + "resolvers_prefer",
    ),
    number(
        *("httpclient.retries", "httpclient_retries", "Attempts after a failure."),
        v3=_CLIENT + "retries",
    ),
    text(
        "httpclient.ssl.ca-file",
        "httpclient_ssl_ca_file",
        "Authorities for certificates of servers.",
        v3=_CLIENT + "ssl_ca_file",
        refers_to=AUTHORITIES,
    ),
    time(
        "httpclient.timeout.connect",
        "httpclient_timeout_connect",
        "How long a connection may take.",
        v3=_CLIENT + "timeout_connect",
    ),
    valued(
        "httpclient.ssl.verify",
        mapped(
            "httpclient_ssl_verify",
            {"none": "none", "required": "required"},
            enum=("", "none", "required"),
            help="Whether certificates of servers are checked.",
            **in_v3(_CLIENT + "ssl_verify"),
        ),
        "none",
        rejects=["none required"],
    ),
)
