"""Facts of HAProxy's configuration language that hold for whole files: its sections, and proxies.

What may stand in a section is declared by plugins; here is what the server has to know about
sections whatever plugins are loaded. "Manual" is HAProxy's configuration manual.
"""

from collections.abc import Iterable, Set

from dataplane_core.text.budget import CacheBudget

SECTION_ORDER = (
    *("global", "traces", "acme", "crt-store", "log-profile", "defaults", "userlist", "peers"),
    *("mailers", "resolvers", "cache", "ring", "log-forward", "http-errors", "fcgi-app"),
    *("frontend", "backend", "listen", "program", "namespace_list"),
)
"""Every word that starts a section in HAProxy (manual, chapters 2 to 4 and 12), in the order in
which new sections are placed. The file is cut at all of them, whatever plugins are loaded."""

SECTION_NAME = "^[A-Za-z0-9-_.:]+$"
"""The pattern of names that HAProxy takes for proxies and other sections (manual, chapter 4)."""

GLOBAL = "global"
"""Settings of the process; HAProxy adds up several such sections (manual, chapter 3)."""

DEFAULTS = "defaults"
"""What proxies inherit. Such a section may lack a name, and one without a name replaces the former
one for the proxies below it (manual, chapter 4)."""

LISTEN = "listen"
"""A frontend and a backend in one (manual, chapter 4)."""

LISTEN_PARTS = frozenset({"frontend", "backend"})
"""What a `listen` section is in one; HAProxy lets neither have its name."""

FRONTENDS = ("frontend", LISTEN)
"""Kinds of proxies that take connections of clients (manual, chapter 4)."""

BACKENDS = ("backend", LISTEN)
"""Kinds of proxies that have servers; `use_backend` can name them (manual, chapter 4)."""

INHERITING = frozenset({DEFAULTS, *FRONTENDS, *BACKENDS})
"""The kinds of proxies: their header can name a `defaults` section with `from`, and without that
they inherit from the last one above them (manual, chapter 4)."""

NAMELESS = frozenset({GLOBAL, DEFAULTS})
"""Kinds whose sections can be meant without a name: the only one, or the last one."""

TABLES = ("backend", *FRONTENDS, "peers")
"""Kinds of sections that can have a stick table (manual, section 4.2 "stick-table", and 3.5)."""

CALLED_FRONTEND = frozenset({*FRONTENDS, "log-forward", "peers"})
"""What HAProxy's messages call a frontend: it keeps a `log-forward` section as one."""

CALLED_BACKEND = frozenset({*BACKENDS, "ring", "peers"})
"""What HAProxy's messages call a backend: it keeps a `ring` section as one."""

ENVIRONMENT = frozenset({"setenv", "presetenv", "unsetenv", "resetenv"})
"""What changes the environment, from which `$` in the lines below takes variables (section 3.1)."""

DEFAULT_SERVER = "default-server"
"""What holds for the servers below it in its section (manual, section 5.2)."""


class Language:
    """The words that sections, and the lines in them, start with.

    A text is cut into sections at `kinds`. The `heads` of lines, each of one or more words, tell
    lines of configuration that are commented out from prose. Each application has its own
    language, that of its plugins' declarations (`Registry.language`), and bounds by `budget` what
    all is kept of the texts in it.
    """

    __slots__ = ("__weakref__", "budget", "kinds", "seconds")

    def __init__(
        self,
        kinds: Iterable[str],
        heads: Iterable[tuple[str, ...]] = (),
        budget: CacheBudget | None = None,
    ) -> None:
        self.budget = budget or CacheBudget()
        self.kinds = frozenset(kinds)
        self.seconds: dict[str, Set[str]] = {}
        """The first word of each head, with the second ones, `""` where it has none."""
        for head in (*((kind,) for kind in self.kinds), *heads):
            first, *others = head[1:] if head[0] == "no" else head
            self.seconds[first] = self.seconds.get(first, frozenset()) | {"".join(others[:1])}


SECTIONS = Language(SECTION_ORDER)
"""The language of who looks at whole sections only."""
