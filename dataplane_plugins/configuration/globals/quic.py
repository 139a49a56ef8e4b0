"""QUIC of the process (manual, sections 3.1 "limited-quic", "no-quic" and 3.2 "tune.quic…")."""

from dataplane_plugins.configuration.globals.keywords import boolean, choice, on_off_word, time
from dataplane_plugins.configuration.globals.tuning import TUNE, tuned

_V3 = "tune_quic_options."

QUIC = (
    boolean("limited-quic", "limited_quic", "Use QUIC with a TLS library that lacks parts of it."),
    boolean("no-quic", "no-quic", "Do not use QUIC.", "no_quic"),
)

TUNING = (
    *(
        tuned(f"quic.{keyword}", f"quic_{name}", help, nullable=True)
        for keyword, name, help in (
            (
                *("frontend.conn-tx-buffers.limit", "frontend_conn_tx_buffers_limit"),
                "Send buffers of a QUIC connection.",
            ),
            (
                *("frontend.max-streams-bidi", "frontend_max_streams_bidi"),
                "Streams at a time on one QUIC connection.",
            ),
            ("max-frame-loss", "max_frame_loss", "Losses of a frame that end a connection."),
            ("retry-threshold", "retry_threshold", "Half-open connections that ask for a retry."),
            ("reorder-ratio", "reorder_ratio", "Packets in flight that count as reordered, in %."),
        )
    ),
    time(
        "tune.quic.frontend.max-idle-timeout",
        TUNE + "quic_frontend_max_idle_timeout",
        "Inactivity that ends a QUIC connection.",
        v3=_V3 + "frontend_max_idle_timeout",
    ),
    choice(
        *("tune.quic.socket-owner", TUNE + "quic_socket_owner", ("listener", "connection")),
        "Whether QUIC connections have sockets of their own.",
        v3=_V3 + "socket_owner",
    ),
    on_off_word(
        "tune.quic.zero-copy-fwd-send",
        TUNE + "quic_zero_copy_fwd_send",
        "Whether QUIC sends without copying.",
        _V3 + "zero_copy_fwd_send",
    ),
)
