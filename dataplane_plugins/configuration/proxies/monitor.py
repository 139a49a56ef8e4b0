"""Requests that ask whether a proxy is up (manual, section 4.2 "monitor-uri", "monitor fail")."""

from dataplane_core.plugin import CONDITION, each_counts, group, one_of, rest, seq, word
from dataplane_plugins.configuration.common.keywords import valued
from dataplane_plugins.configuration.proxies.section_kinds import FRONT, ONLY_FRONTEND, taken_by

MONITOR = (
    *taken_by(
        FRONT,
        valued(
            "monitor-uri",
            word("monitor_uri", None, help="A path that HAProxy answers itself: the proxy is up."),
            "/alive",
        ),
    ),
    *taken_by(
        ONLY_FRONTEND,
        each_counts(
            valued(
                "monitor fail",
                group(
                    "monitor_fail",
                    seq(
                        one_of(
                            "cond",
                            "if",
                            "unless",
                            required=True,
                            nullable=True,
                            help="Whether the condition must hold or fail.",
                        ),
                        rest(
                            "cond_test",
                            required=True,
                            refers_to=CONDITION,
                            help="The condition for answering `down`.",
                        ),
                    ),
                ),
                *("if site_dead", "unless { nbsrv gt 1 }"),
                rejects=["if", "site_dead"],
            )
        ),
    ),
)
