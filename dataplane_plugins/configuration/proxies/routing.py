"""Where a proxy sends requests that no rule has sent away (manual, section 4.2)."""

from dataplane_core.plugin import BACKENDS, Address, NameOf, Prop, group, rule, statements, word
from dataplane_plugins.configuration.common.addresses import port
from dataplane_plugins.configuration.common.keywords import valued
from dataplane_plugins.configuration.common.values import SECTION_NAME
from dataplane_plugins.configuration.proxies.section_kinds import (
    FRONT,
    NAMED,
    ONLY_BACKEND,
    taken_by,
)
from dataplane_plugins.configuration.rules.answers import REDIRECT

DEFAULT_BACKEND = taken_by(
    FRONT,
    valued(
        "default_backend",
        word(
            "default_backend",
            SECTION_NAME,
            refers_to=NameOf(*BACKENDS),
            help="The backend of requests that no rule has sent away.",
        ),
        "app",
    ),
)

REDIRECTS_AND_DISPATCH = (
    *taken_by(
        NAMED,
        statements(
            "redirect",
            "redirects",
            rule(REDIRECT),
            help="Redirections that are tried behind the `http-request` rules.",
            examples=["redirect prefix https://example.com code 301 drop-query if { path / }"],
            rejects=["redirect", "redirect location", "redirect url /a"],
        ),
    ),
    *taken_by(
        ONLY_BACKEND,
        valued(
            "dispatch",
            group(
                "dispatch",
                Address(
                    Prop("address", help="Address of the one server; all if unset."),
                    port(required=True, help="Port of the one server."),
                ),
            ),
            *("192.168.1.2:80", ":8080"),
        ),
    ),
)
