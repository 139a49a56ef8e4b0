"""Facts of HAProxy's configuration language that hold for whole files: which sections there are."""

SECTION_ORDER = (
    *("global", "traces", "acme", "crt-store", "log-profile", "defaults", "userlist", "peers"),
    *("mailers", "resolvers", "cache", "ring", "log-forward", "http-errors", "fcgi-app"),
    *("frontend", "backend", "listen", "program", "namespace_list"),
)
"""Every word that starts a section in HAProxy (manual, chapters 2 to 4 and 12), in the order in
which new sections are placed. The file is cut at all of them, whatever plugins are loaded."""

SECTION_KINDS = frozenset(SECTION_ORDER)
"""The same words, to cut a text into sections with (`Document.parse`)."""
