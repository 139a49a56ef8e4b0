"""Header fields with addresses, and names of header fields (manual, section 4.2 "option …")."""

from dataplane_core.plugin import arg, const, flag, group, one_of, params, seq, statement, word
from dataplane_plugins.configuration.common.keywords import valued
from dataplane_plugins.configuration.common.values import or_variable
from dataplane_plugins.configuration.proxies.section_kinds import ANY, taken_by

NETWORK = or_variable(r'"?[0-9A-Za-z_.:-]+(/[0-9.]+)?"?')

FORWARDED = taken_by(
    ANY,
    statement(
        "option forwardfor",
        group(
            "forwardfor",
            seq(
                const(
                    "enabled",
                    "enabled",
                    required=True,
                    nullable=True,
                    help="Tell servers who the client is.",
                ),
                params(
                    arg("except", word("except", NETWORK, help="Clients to say nothing about.")),
                    arg("header", word("header", help="Header, instead of X-Forwarded-For.")),
                    flag("if-none", "ifnone", help="Only where the header is missing."),
                ),
            ),
        ),
        examples=["option forwardfor", "option forwardfor except 10.0.0.0/8 header X if-none"],
        rejects=["option forwardfor except", "option forwardfor except A header"],
    ),
    statement(
        "option originalto",
        group(
            "originalto",
            seq(
                const(
                    "enabled",
                    "enabled",
                    required=True,
                    nullable=True,
                    help="Tell servers which address was asked for.",
                ),
                params(
                    arg("except", word("except", NETWORK, help="Addresses to leave out.")),
                    arg("header", word("header", help="Header, instead of X-Original-To.")),
                ),
            ),
        ),
        examples=["option originalto", "option originalto except 127.0.0.1 header X-Dst"],
        rejects=["option originalto except", "option originalto header"],
    ),
)

HEADER_NAMES = taken_by(
    ANY,
    valued(
        "option http-restrict-req-hdr-names",
        one_of(
            "http_restrict_req_hdr_names",
            *("preserve", "delete", "reject"),
            help="What happens to header names of other than letters, digits and dashes.",
        ),
        "delete",
    ),
)
