"""HTTP and QUIC of the process, its HTTP client, Lua, detection of devices (manual, 3.1-3.2)."""

from dataplane_core.plugin import each_counts, mapped, one_of, opt, rest, statements, word
from dataplane_plugins.configuration.common.keywords import valued
from dataplane_plugins.configuration.globals.statements import (
    added_words,
    boolean,
    choice,
    in_v3,
    number,
    on_off_word,
    text,
    time,
    words,
)

HEADERS = (
    text("h1-case-adjust-file", "h1_case_adjust_file", "File with spellings of header names."),
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

QUIC = (
    boolean("limited-quic", "limited_quic", "Use QUIC with a TLS library that lacks parts of it."),
    boolean("no-quic", "no-quic", "Do not use QUIC.", "no_quic"),
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

LUA = (
    statements(
        "lua-prepend-path",
        "lua_prepend_path",
        word("path", required=True, help="The path, with `?` for the module's name.")
        + opt(one_of("type", "path", "cpath", help="Lua modules, or libraries.")),
        help="Paths in which Lua looks for modules first.",
        examples=["lua-prepend-path /usr/share/lua/?.lua cpath"],
        rejects=["lua-prepend-path", "lua-prepend-path /x/?.lua other"],
        **in_v3("lua_options.prepend_path"),
    ),
    statements(
        "lua-load",
        "lua_loads",
        word("file", required=True, help="The script.")
        + opt(rest("args", help="Arguments of the script.")),
        help="Lua scripts to load.",
        examples=["lua-load /etc/haproxy/a.lua", "lua-load /etc/haproxy/a.lua x y"],
        rejects=["lua-load"],
        **in_v3("lua_options.loads"),
    ),
    each_counts(
        words(
            "lua-load-per-thread",
            "lua_load_per_thread",
            "Lua script to load once for each thread, with its arguments.",
            v3="lua_options.load_per_thread",
        )
    ),
)


DEVICES = (
    text("wurfl-data-file", "wurfl_options.data_file", "File with WURFL data."),
    added_words(
        "wurfl-information-list", "wurfl_options.information_list", "WURFL data to provide."
    ),
    text(
        "wurfl-information-list-separator",
        "wurfl_options.information_list_separator",
        "Separator of WURFL data.",
    ),
    added_words(
        "wurfl-patch-file", "wurfl_options.patch_file", "Files with patches of WURFL data."
    ),
    number("wurfl-cache-size", "wurfl_options.cache_size", "Entries of the WURFL cache."),
    text("deviceatlas-json-file", "device_atlas_options.json_file", "File with DeviceAtlas data."),
    text("deviceatlas-log-level", "device_atlas_options.log_level", "Level of its messages."),
    text("deviceatlas-separator", "device_atlas_options.separator", "Separator of its data."),
    text(
        "deviceatlas-properties-cookie",
        "device_atlas_options.properties_cookie",
        "Cookie with data from the client's side.",
    ),
    text("51degrees-data-file", "fifty_one_degrees_options.data_file", "File with 51Degrees data."),
    added_words(
        "51degrees-property-name-list",
        "fifty_one_degrees_options.property_name_list",
        "51Degrees properties to provide.",
    ),
    text(
        "51degrees-property-separator",
        "fifty_one_degrees_options.property_separator",
        "Separator of 51Degrees data.",
    ),
    number(
        "51degrees-cache-size",
        "fifty_one_degrees_options.cache_size",
        "Entries of the 51Degrees cache.",
    ),
)
