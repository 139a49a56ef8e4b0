"""What HAProxy 3.0 and 3.2 added to `global` (manual, section 3)."""

from collections.abc import Iterator

from dataplane_core.plugin import (
    WORD,
    Address,
    Problem,
    Prop,
    Statement,
    Values,
    checked,
    first_counts,
    listed,
    opt,
    rest,
    statements,
    word,
)
from dataplane_plugins.configuration.common.addresses import port
from dataplane_plugins.configuration.common.keywords import valued
from dataplane_plugins.configuration.globals.keywords import (
    boolean,
    byte_size,
    choice,
    number,
    on_off_word,
    text,
    time,
)
from dataplane_plugins.configuration.globals.tuning import TUNE, TUNE_BUFFERS, in_topic, tuned

PERFORMANCE = (
    "none",
    "efficiency",
    "first-usable-node",
    "group-by-2-ccx",
    "group-by-2-clusters",
    "group-by-3-ccx",
    "group-by-3-clusters",
    "group-by-4-ccx",
    "group-by-4-cluster",
    "group-by-ccx",
    "group-by-cluster",
    "performance",
    "resource",
)


CPU_SETS = (
    "reset",
    *(
        f"{what}-{which}"
        for which in ("cpu", "node", "cluster", "core", "thread")
        for what in ("drop", "only")
    ),
)


def _check_cpu_set(values: Values) -> Iterator[Problem]:
    """HAProxy wants processors with every directive but `reset`, which stands alone."""
    if (values.get("directive") == "reset") is ("set" in values):
        wants = "stands alone" if "set" in values else "needs a set"
        yield Problem("set", 422, f"directive {values.get('directive')} {wants}")


def _codes(which: str, help: str) -> Statement:
    """Return `http-err-codes` or `http-fail-codes`, of which HAProxy adds up all lines.

    In version 2 the words of all lines are one list.
    """
    value = rest(
        "value",
        r"^[a-zA-Z0-9 +\-,]+$",
        required=True,
        help="Statuses that are set, added with `+` or removed with `-`.",
    )
    return statements(
        which,
        which.replace("-", "_"),
        value,
        types={"v2": "words"},
        help=help,
        examples=[f"{which} 400-499 -401", f"{which} +500"],
        rejects=[which],
    )


PROCESS = (
    choice(
        *("acme.scheduler", "acme_scheduler", ("auto", "off"), "Whether ACME renews by itself."),
        v3="ssl_options.acme_scheduler",
    ),
    choice("cpu-policy", "cpu_policy", PERFORMANCE, "How threads are bound to processors."),
    statements(
        "cpu-set",
        "cpu_set",
        checked(
            word(
                "directive",
                None,
                required=True,
                help="What is done with processors.",
                facts={"v3": {"enum": CPU_SETS}},
            )
            + opt(rest("set", help="Which processors.")),
            _check_cpu_set,
        ),
        help="Processors to use or to leave alone.",
        examples=["cpu-set reset", "cpu-set drop-cpu 0-1"],
        rejects=["cpu-set"],
    ),
    text("dns-accept-family", "dns_accept_family", "Families of addresses to take.", WORD),
    time("force-cfg-parser-pause", "force_cfg_parser_pause", "Pause while reading, to test."),
    number(
        *("stress-level", "stress_level", "How much is done to provoke errors, to test.", 0, 9),
        nullable=True,
        v3="debug_options.stress_level",
    ),
    valued(
        "ocsp-update.httpproxy",
        Address(
            Prop(
                "ocsp_update_options.httpproxy.address",
                pattern=WORD,
                help="Address of the proxy for OCSP requests.",
            ),
            port("ocsp_update_options.httpproxy.port", help="Port of the proxy."),
        ),
        "127.0.0.1:3128",
    ),
    _codes("http-err-codes", "Statuses that count as errors of clients."),
    _codes("http-fail-codes", "Statuses that count as failures of servers."),
)

TUNING = (
    byte_size(
        *("tune.bufsize.small", TUNE + "bufsize_small", "Size of a small buffer, in bytes."),
        v3=TUNE_BUFFERS + "bufsize_small",
        facts_of_v3={"minimum": 1},
    ),
    valued(
        "tune.epoll.mask-events",
        listed(
            TUNE + "epoll_mask_events",
            Prop("", facts={"v3": {"enum": ("err", "hup", "rdhup")}}),
            help="Events of epoll that are not reported.",
        ),
        "err,hup",
    ),
    tuned(
        *("glitches.kill.cpu-usage", "glitches_kill_cpu_usage"),
        "Use of processors, in percent, from which on glitches end connections.",
        *(0, 100),
        nullable=True,
    ),
    tuned(
        *("h2.be.max-frames-at-once", "h2_be_max_frames_at_once"),
        "HTTP/2 frames of a server handled at a time.",
    ),
    tuned(
        *("h2.fe.max-frames-at-once", "h2_fe_max_frames_at_once"),
        "HTTP/2 frames of a client handled at a time.",
    ),
    tuned(
        *("h2.fe.max-rst-at-once", "h2_fe_max_rst_at_once"),
        "HTTP/2 resets of a client handled at a time.",
    ),
    byte_size(
        *("tune.h2.be.rxbuf", TUNE + "h2_be_rxbuf"),
        "Receive buffers of an HTTP/2 connection to a server, in bytes.",
    ),
    byte_size(
        *("tune.h2.fe.rxbuf", TUNE + "h2_fe_rxbuf"),
        "Receive buffers of a client's HTTP/2 connection, in bytes.",
    ),
    choice(
        *("tune.h2.log-errors", TUNE + "h2_log_errors", ("none", "connection", "stream")),
        "Which HTTP/2 errors are logged.",
    ),
    tuned(
        *("max-rules-at-once", "max_rules_at_once"),
        "Rules evaluated before other work is looked at.",
        nullable=True,
        facts={"v3": {"minimum": 0}},
    ),
    *(
        first_counts(
            byte_size(
                *(f"tune.notsent-lowat.{side}", TUNE + f"notsent_lowat_{side}"),
                f"Unsent data to hold for a {side}, in bytes.",
            )
        )
        for side in ("client", "server")
    ),
    *(
        tuned(f"renice.{when}", f"renice_{when}", help, -20, 19, nullable=True)
        for when, help in (
            ("runtime", "Priority of the process while it runs."),
            ("startup", "Priority of the process while it starts."),
        )
    ),
    choice(
        *("tune.takeover-other-tg-connections", TUNE + "takeover_other_tg_connections"),
        ("none", "restricted", "full"),
        "Which idle connections of other thread groups are used.",
    ),
    on_off_word(
        *("tune.quic.cc-hystart", TUNE + "quic_cc_hystart", "Whether QUIC uses HyStart++."),
        v3=in_topic("quic_cc_hystart"),
    ),
    tuned(
        *("quic.cc.cubic.min-losses", "quic_cc_cubic_min_losses"),
        "Losses that reduce the window of Cubic.",
    ),
    *(
        boolean(f"tune.quic.{keyword}", TUNE + name, help, in_topic(name))
        for keyword, name, help in (
            ("disable-tx-pacing", "quic_disable_tx_pacing", "Send without pacing."),
            ("disable-udp-gso", "quic_disable_udp_gso", "Send without UDP GSO."),
        )
    ),
    tuned(
        *("quic.frontend.glitches-threshold", "quic_frontend_glitches_threshold"),
        "Protocol violations of a client that end a QUIC connection.",
        nullable=True,
    ),
    *(
        byte_size(f"tune.quic.frontend.{keyword}", TUNE + name, help, in_topic(name))
        for keyword, name, help in (
            (
                *("default-max-window-size", "quic_frontend_default_max_window_size"),
                "Largest congestion window, in bytes.",
            ),
            (
                *("max-data-size", "quic_frontend_max_data_size"),
                "Receive buffers of a QUIC connection, in bytes.",
            ),
            (
                *("max-tx-mem", "quic_frontend_max_tx_memory"),
                "Memory for what QUIC sends, in bytes.",
            ),
        )
    ),
    tuned(
        *("quic.frontend.stream-data-ratio", "quic_frontend_stream_data_ratio"),
        "Part of the receive buffers for one stream, in percent.",
        *(0, 100),
        nullable=True,
    ),
)
