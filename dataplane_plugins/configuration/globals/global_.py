"""`global`: settings of the whole process (manual, chapter 3)."""

from dataplane_core.plugin import Model, NameKind, Registry, impl
from dataplane_plugins.configuration.globals import (
    devices,
    http,
    lua,
    performance,
    process,
    quic,
    since_3_0,
    since_3_3,
    tls,
    tls_tuning,
    tuning,
)

GLOBAL = Model(
    "global",
    *process.EXPERIMENTAL,
    *process.ENVIRONMENT,
    *process.IDENTITY,
    *tls.DIRECTORIES,
    *process.WORKERS,
    *performance.LIMITS,
    *tls.LIMITS,
    *process.SOCKETS,
    *http.CLIENT,
    *quic.QUIC,
    *tuning.BUFFER_SIZES,
    *tuning.HTTP,
    *tuning.PROCESS,
    *tuning.SOCKET_BUFFERS,
    *tuning.VARIABLES,
    *lua.TUNING,
    *tls_tuning.TLS_TUNING,
    *quic.TUNING,
    *tuning.ZLIB,
    *since_3_0.TUNING,
    *since_3_3.TUNING,
    *tls.DEFAULTS,
    *tls.OCSP,
    *process.STATE,
    *lua.LUA,
    *tls.ENGINES,
    *http.HEADERS,
    *performance.CHECKS,
    *performance.POLLING,
    *performance.DEBUGGING,
    *devices.DEVICES,
    *since_3_0.PROCESS,
    *since_3_3.PROCESS,
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
    """Declare the `global` section."""
    registry.single(
        "global", kind="global", model=GLOBAL, title="Global", help="Settings of the whole process."
    )
    registry.script_language(NameKind.LUA, lua.script_language)
