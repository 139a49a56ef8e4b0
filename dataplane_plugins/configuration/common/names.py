"""How lines of several families name other things of the configuration."""

from dataplane_core.plugin import BACKENDS, Files, InSection, NameKind, NameOf, Prefixed

CERTIFICATES = InSection(NameKind.ALIAS, "crt-store", mark="@")
"""A file, or a certificate of a store: `@store/name` (manual, section 12.7)."""

AUTHORITIES = Files("@")
"""A file, or `@system-ca` (manual, section 5.1 "ca-file")."""

LOG_TARGET = Prefixed(ring=("ring",), backend=BACKENDS)
"""An address that messages are sent to (manual, section 4.2 "log")."""

LUA_SERVICE = NameOf(NameKind.LUA, behind="lua.")
"""A service of a Lua script; HAProxy's own services are not behind `lua.`."""
