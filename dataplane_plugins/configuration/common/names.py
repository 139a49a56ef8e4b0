"""How lines of several families name other things of the configuration."""

from dataplane_core.plugin import BACKENDS, SERVERS, Files, InSection, NameKind, NameOf, Prefixed

CERTIFICATES = InSection(NameKind.ALIAS, "crt-store", mark="@")
"""A file, or a certificate of a store: `@store/name` (manual, section 12.7)."""

AUTHORITIES = Files("@")
"""A file, or `@system-ca` (manual, section 5.1 "ca-file")."""

LOG_TARGET = Prefixed(ring=NameOf("ring"), backend=NameOf(*BACKENDS))
"""An address that messages are sent to (manual, section 4.2 "log")."""

REVERSED = Prefixed(rev=SERVERS)
"""An address to listen on; `rev@backend/server` is the server's (manual, section 4.2 "bind")."""

LUA_SERVICE = NameOf(NameKind.LUA, behind="lua.")
"""A service of a Lua script; HAProxy's own services are not behind `lua.`."""
