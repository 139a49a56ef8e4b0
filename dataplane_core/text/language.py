"""Facts of HAProxy's configuration language that hold for whole files: which sections there are."""

from collections.abc import Iterable, Set

SECTION_ORDER = (
    *("global", "traces", "acme", "crt-store", "log-profile", "defaults", "userlist", "peers"),
    *("mailers", "resolvers", "cache", "ring", "log-forward", "http-errors", "fcgi-app"),
    *("frontend", "backend", "listen", "program", "namespace_list"),
)
"""Every word that starts a section in HAProxy (manual, chapters 2 to 4 and 12), in the order in
which new sections are placed. The file is cut at all of them, whatever plugins are loaded."""


class Language:
    """The words that sections, and the lines in them, start with.

    A text is cut into sections at `kinds`. The `heads` of lines, each of one or more words, tell
    lines of configuration that are commented out from prose. Each application has its own
    language, that of its plugins' declarations (`Registry.language`).
    """

    __slots__ = ("kinds", "seconds")

    def __init__(self, kinds: Iterable[str], heads: Iterable[tuple[str, ...]] = ()) -> None:
        self.kinds = frozenset(kinds)
        self.seconds: dict[str, Set[str]] = {}
        """The first word of each head, with the second ones, `""` where it has none."""
        for head in (*((kind,) for kind in self.kinds), *heads):
            first, *others = head[1:] if head[0] == "no" else head
            self.seconds[first] = self.seconds.get(first, frozenset()) | {"".join(others[:1])}


SECTIONS = Language(SECTION_ORDER)
"""The language of who looks at whole sections only."""
