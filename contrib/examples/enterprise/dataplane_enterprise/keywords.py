"""Add to `bind`, `server` and `http-request` lines what HAProxy takes as it is.

HAProxy refuses keywords that it does not know. So what is new on `bind` and `server` lines are
properties that stand for keywords it has, and the new action is one that `enterprise.lua`
registers.
"""

from pathlib import Path

from dataplane_core.plugin import WORD, Registry, alias, case, word

LUA = Path(__file__).with_name("enterprise.lua")
"""What a `lua-load` line of the section `global` has to name where the action is used."""

_SHOWN = ("v1", "v2", "v3")


def extend(registry: Registry) -> None:
    """Extend the collections of the server."""
    registry.extend(
        "binds",
        alias(
            "tls_profile",
            {
                "modern": ("ssl_min_ver", "TLSv1.3"),
                "intermediate": ("ssl_min_ver", "TLSv1.2"),
            },
            enum=("modern", "intermediate"),
            same_in=_SHOWN,
            help="Oldest version of TLS, by the names that security guides give.",
        ),
    )
    registry.extend(
        "servers",
        alias(
            "role",
            {"primary": ("backup", "disabled"), "standby": ("backup", "enabled")},
            enum=("primary", "standby"),
            same_in=_SHOWN,
            help="Whether the server takes traffic always, or when no primary one is up.",
        ),
    )
    registry.extend(
        "http_request_rules",
        case(
            "lua.enterprise-stamp",
            word("stamp_header", required=True, pattern=WORD, help="Header that gets the stamp."),
            "enterprise-stamp",
        ),
    )
