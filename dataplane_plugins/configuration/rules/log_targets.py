"""`log` lines: where messages are sent (manual, sections 3.1 and 4.2 "log")."""

from collections.abc import Iterator

from dataplane_core.plugin import (
    LineContent,
    LineForm,
    NameOf,
    Orphans,
    Parent,
    Problem,
    Registry,
    RowStatement,
    Template,
    Values,
    arg,
    const,
    impl,
    integer,
    one_of,
    opt,
    params,
    seq,
    word,
)
from dataplane_plugins.configuration.common.names import LOG_TARGET
from dataplane_plugins.configuration.common.syslog import FACILITIES, FORMATS, LENGTH, LEVELS

RANK = 15

_RANGES = r"^[0-9]+(-[0-9]+)?(,[0-9]+(-[0-9]+)?)*$"
"""Numbers of messages in a sample (manual, section 4.2 "log")."""

_SAMPLE = Template(
    "{sample_range}:{sample_size:int}",
    {
        "sample_range": {
            "pattern": _RANGES,
            "facts": {"v3": {"pattern": None}},
            "help": "Which messages of each sample are sent: 1,3-5.",
        },
        "sample_size": {"help": "How many messages make a sample."},
    },
)

# HAProxy 3.0 wants what stands behind the address in this order, 2.8 takes others as well.
_TARGET = seq(
    word(
        "address",
        refers_to=LOG_TARGET,
        help="Where to: address:port, a socket's path, stdout, ring@name …",
    ),
    params(
        arg("len", integer("length", *LENGTH, help="Longest message, in bytes.")),
        arg("format", one_of("format", *FORMATS, help="Format of the message's header.")),
        arg(
            "profile",
            word(
                "profile",
                refers_to=NameOf("log-profile"),
                help="Log profile that makes the message.",
            ),
        ),
        arg("sample", _SAMPLE),
        strict=True,
    ),
    one_of("facility", *FACILITIES, help="Syslog facility."),
    opt(
        seq(
            one_of("level", *LEVELS, help="Least severe level that is sent."),
            opt(one_of("minlevel", *LEVELS, help="Level that more severe messages are given.")),
        )
    ),
)


class LogTargetStatement(RowStatement):
    """A `log` line: a target, `log global` or `no log`.

    On the line, `minlevel` stands behind `level`. A body with `minlevel` alone gets the level
    `debug`, which is what HAProxy takes for a missing one. `global` and `nolog` stand for whole
    lines, which no other property belongs to.
    """

    def spread(self, values: Values) -> list[LineContent]:
        own = self.own(values)
        return super().spread({"level": "debug", **own} if "minlevel" in own else own)

    def problems(self, values: Values) -> Iterator[Problem]:
        if not values.keys() & {"address", "global", "nolog"}:
            yield Problem("address", 602, "address, global or nolog in body is required")
        else:
            yield from super().problems(values)


LOG = LogTargetStatement(
    [
        LineForm("log global", const("global", True, help="Send to the global section's targets.")),
        LineForm("no log", const("nolog", True, help="Drop the targets that are inherited.")),
        LineForm("log", _TARGET),
    ],
    examples=[
        "log 127.0.0.1:514 local0 notice err",
        "log stdout format raw sample 1,3-5:6 daemon",
        "log stdout sample 1:2 len 1024 format raw local0 info",
        "log ring@requests len 4096 profile short local1 info",
        "log global",
        "no log",
    ],
    rejects=["log", "log 127.0.0.1:514", "log 127.0.0.1:514 local8", "log a len x local0"],
)


@impl
def dataplane_register(registry: Registry) -> None:
    """Declare the log targets of the process, of proxies, log forwards and peers."""
    registry.rows(
        "log_targets",
        LOG,
        key=None,
        parents=(
            *("frontend", "backend", "defaults", "global"),
            Parent("log-forward", "log_forward"),
            "peers",
        ),
        rank=RANK,
        orphans=Orphans(nameless=404),
        help="Where log messages go.",
    )
