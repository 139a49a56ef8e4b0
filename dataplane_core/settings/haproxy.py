"""Settings of the HAProxy that is governed: the block `haproxy`."""

from dataclasses import field

from dataplane_core.dataclass import dataclass
from dataplane_core.settings.fields import setting
from dataplane_core.settings.kinds import BOOLEAN, COMMAND, DURATION, PATH, TEXT, one_of
from dataplane_core.settings.kinds import integer as _integer

CANDIDATE_VARIABLE = "DATAPLANEAPI_TRANSACTION_FILE"
"""The environment variable that tells `validate_cmd` which file to check."""
CANDIDATE_WORD = "{file}"
"""What stands for the path of that file in the words of `validate_cmd`."""

_AT_ONCE = "this server answers at once and looks for HAProxy's socket when it needs it"


@dataclass(frozen=True, slots=True)
class ReloadSettings:
    """How HAProxy is checked, reloaded, restarted and asked for its state."""

    reload_delay: float = setting(
        5.0, DURATION, "Changes within this time share one reload; fractions of a second work.",
        flag="--reload-delay", short="-d",
    )  # fmt: skip
    reload_grace: float = setting(
        0.5, DURATION,
        "How long the new processes have to live for a reload to count as successful; 0: they are "
        "not watched.",
    )  # fmt: skip
    reload_cmd: str = setting(
        "", COMMAND, "Command that reloads HAProxy.", flag="--reload-cmd", short="-r"
    )
    restart_cmd: str = setting(
        "", COMMAND, "Command that restarts HAProxy.", flag="--restart-cmd", short="-s"
    )
    status_cmd: str = setting(
        "", COMMAND,
        "Command that succeeds while HAProxy runs; `/health` answers with it. Empty: HAProxy's own "
        "sockets tell.",
        flag="--status-cmd",
    )  # fmt: skip
    service_name: str = setting(
        "", TEXT, "Service that `reload_strategy` reloads; empty: `haproxy`.", flag="--service"
    )
    reload_retention: int = setting(
        1, _integer(0), "Days that records of past reloads are kept.", flag="--reload-retention"
    )
    reload_strategy: str = setting(
        "custom", one_of("custom", "systemd", "s6"),
        "Who reloads HAProxy: the commands given here, systemd or s6.", flag="--reload-strategy",
    )  # fmt: skip
    validate_cmd: str = setting(
        "", COMMAND,
        "Command that checks a candidate: `{file}` in its words stands for the candidate's path, "
        f"and so does {CANDIDATE_VARIABLE} in its environment; no shell reads it. Empty: "
        "`haproxy_bin -W -c -V`.",
        flag="--validate-cmd",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class HaproxySettings:
    """Where HAProxy, its configuration and its master socket are."""

    config_file: str = setting(
        "/etc/haproxy/haproxy.cfg", PATH, "HAProxy's configuration.", flag="--config-file",
        short="-c",
    )  # fmt: skip
    haproxy_bin: str = setting(
        "haproxy", PATH,
        "HAProxy's program. A check ends when it says that the file is valid; what is to check "
        "more than HAProxy does goes into `validate_cmd`.",
        flag="--haproxy-bin", short="-b",
    )  # fmt: skip
    master_runtime: str = setting(
        "", PATH,
        "Unix socket of HAProxy's master process. By way of it HAProxy is reloaded, and gets the "
        "commands that no `stats socket` takes or permits.",
        flag="--master-runtime", short="-m",
    )  # fmt: skip
    master_worker_mode: bool = setting(
        False, BOOLEAN, "This server is started by HAProxy's master, as a program of its own.",
        flag="--master-worker-mode",
        unused="HAProxy is always checked as a master, and nothing else depends on it",
    )  # fmt: skip
    fid: str = setting(
        "", PATH, "File of the id that a cluster gave.", flag="--fid",
        unused="it belongs to cluster mode, which this server does not take part in",
    )  # fmt: skip
    delayed_start_max: float = setting(
        30.0, DURATION, "How long the start would wait for HAProxy.", flag="--delayed-start-max",
        unused=_AT_ONCE,
    )  # fmt: skip
    delayed_start_tick: float = setting(
        0.5, DURATION, "How often it would look meanwhile.", flag="--delayed-start-tick",
        unused=_AT_ONCE,
    )  # fmt: skip
    reload: ReloadSettings = field(default_factory=ReloadSettings)
