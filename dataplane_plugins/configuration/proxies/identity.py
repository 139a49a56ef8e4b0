"""What a proxy is: its name for others, its mode, whether it runs (manual, section 4.2)."""

from dataplane_core.plugin import Statement, integer, keyword, one_of, rest, word
from dataplane_plugins.configuration.common import values
from dataplane_plugins.configuration.common.keywords import valued
from dataplane_plugins.configuration.proxies.section_kinds import (
    ANY,
    NAMED,
    ONLY_BACKEND,
    ONLY_DEFAULTS,
    ONLY_FRONTEND,
    taken_by,
)


def _mode(*modes: str) -> Statement:
    """Return `mode`; the kinds of sections differ in the protocols that they take."""
    protocol = one_of("mode", *modes, help="The protocol that the proxy speaks.")
    return valued("mode", protocol, "http", "tcp", rejects=["health"])


IDENTITY = (
    *taken_by(
        NAMED,
        valued(
            "id",
            integer(
                "id",
                nullable=True,
                help="The proxy's number in statistics, instead of a made-up one.",
            ),
            *("100", "0"),
            rejects=["x"],
        ),
        valued(
            "description",
            rest("description", help="A sentence about the proxy, shown in statistics."),
            *("what the shop runs on", '"a b"'),
        ),
    ),
    *taken_by(
        ANY,
        keyword("enabled", "enabled", help="Undo a `disabled` of the defaults."),
        keyword("disabled", "disabled", help="Do not start the proxy, but check its settings."),
    ),
    *taken_by(ONLY_DEFAULTS, _mode("tcp", "http", "log", "spop")),
    *taken_by(ONLY_FRONTEND, _mode("http", "tcp")),
    *taken_by(ONLY_BACKEND, _mode("http", "tcp", "log", "spop")),
)

BIND_PROCESS = taken_by(
    ANY,
    valued(
        "bind-process",
        word("bind_process", help="Processes that run the proxy; for HAProxy before 2.5."),
        *("all", "1-4"),
    ),
)

GUID = taken_by(
    NAMED,
    valued(
        "guid", word("guid", values.GUID, help="Identifier that no other object has."), "shop-1"
    ),
)
