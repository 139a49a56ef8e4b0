"""`global`: settings of the whole process (manual, chapter 3)."""

from dataplane_core.plugin import Model, Registry, impl
from dataplane_plugins.configuration.globals import (
    global_http,
    global_performance,
    global_process,
    global_recent,
    global_tls,
    global_tuning,
    global_tuning_tls,
)

GLOBAL = Model(
    "global",
    *global_process.EXPERIMENTAL,
    *global_process.ENVIRONMENT,
    *global_process.IDENTITY,
    *global_tls.DIRECTORIES,
    *global_process.WORKERS,
    *global_performance.LIMITS,
    *global_tls.LIMITS,
    *global_process.SOCKETS,
    *global_http.CLIENT,
    *global_http.QUIC,
    *global_tuning.BUFFER_SIZES,
    *global_tuning.HTTP,
    *global_tuning.PROCESS,
    *global_tuning.SOCKET_BUFFERS,
    *global_tuning.VARIABLES,
    *global_tuning_tls.LUA,
    *global_tuning_tls.TLS,
    *global_tuning_tls.QUIC,
    *global_tuning_tls.ZLIB,
    *global_recent.TUNING,
    *global_tls.DEFAULTS,
    *global_tls.OCSP,
    *global_process.STATE,
    *global_http.LUA,
    *global_tls.ENGINES,
    *global_http.HEADERS,
    *global_performance.CHECKS,
    *global_performance.POLLING,
    *global_performance.DEBUGGING,
    *global_http.DEVICES,
    *global_recent.PROCESS,
    empty={
        name: {}
        for name in (
            "device_atlas_options",
            "fifty_one_degrees_options",
            "tune_options",
            "wurfl_options",
        )
    },
)


@impl
def dataplane_register(registry: Registry) -> None:
    """Declare the section."""
    registry.single(
        "global",
        kind="global",
        model=GLOBAL,
        title="Global",
        help="Settings of the whole process.",
    )
