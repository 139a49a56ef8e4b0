"""The process: who it runs as, its environment, its files, its sockets (manual, section 3.1)."""

from dataplane_core.plugin import (
    WORD,
    Statement,
    arg,
    case,
    const,
    dangerous,
    dispatch,
    each_counts,
    first_counts,
    group,
    merged,
    params,
    renamed,
    rest,
    seq,
    statement,
    statements,
    toggle,
    word,
)
from dataplane_plugins.configuration.common.keywords import valued
from dataplane_plugins.configuration.common.values import must_match
from dataplane_plugins.configuration.globals.keywords import (
    added_words,
    boolean,
    choice,
    enabled_or_absent,
    in_v3,
    number,
    on_off_word,
    text,
    time,
    words,
)
from dataplane_plugins.configuration.globals.statements import NegatableFlag
from dataplane_plugins.configuration.servers.bind_params import BIND_PARAMS


def _pairs(head: str, first: str, value: str, name: str, help: str, v3: str = "") -> Statement:
    """Return a keyword of any number of lines, each with a name and a value.

    `first` and `value` are the properties of the two; an `expr` may have several words.
    """
    names = in_v3(v3)
    last = (
        rest(value, required=True, help="The value.")
        if value != "format"
        else word(value, None, required=True, help="The value.")
    )
    scope = (r"proc\..+", "like proc.name") if value in ("expr", "format") else (".+", "a word")
    return statements(
        head,
        name,
        must_match(word(first, None, required=True, help="The name."), first, *scope) + last,
        help=help,
        examples=[f"{head} proc.a b"],
        rejects=[head, f"{head} A"],
        sort_as="".join(map(str.capitalize, name.replace("env", "_env").split("_"))) + "s",
        **names,
    )


EXPERIMENTAL = (
    boolean(
        "expose-experimental-directives",
        "expose_experimental_directives",
        "Take keywords that HAProxy calls experimental; written first, as it counts from there on.",
    ),
    boolean(
        "expose-deprecated-directives",
        "expose_deprecated_directives",
        "Take keywords that are to go, without a warning.",
    ),
)

ENVIRONMENT = (
    _pairs("set-var", "name", "expr", "set_var", "Variables of the process, by expressions."),
    _pairs("set-var-fmt", "name", "format", "set_var_fmt", "Variables of the process, by formats."),
    _pairs(
        *("presetenv", "name", "value", "presetenv"),
        "Environment variables to set where they are not set already.",
        "environment_options.presetenv",
    ),
    each_counts(
        words(
            *("resetenv", "resetenv", "The only variables to keep, with blanks between."),
            v3="environment_options.resetenv",
        )
    ),
    _pairs(
        *("setenv", "name", "value", "setenv", "Environment variables to set."),
        "environment_options.setenv",
    ),
    added_words(
        *("unsetenv", "unsetenv", "Environment variables to remove, with blanks between."),
        v3="environment_options.unsetenv",
    ),
)

IDENTITY = (
    enabled_or_absent(
        "daemon",
        "daemon",
        "Whether the process goes into the background.",
        types={"v3": "boolean"},
    ),
    valued(
        "default-path",
        group(
            "default_path",
            dispatch(
                "type",
                case("current"),
                case("config"),
                case("parent"),
                case("origin", word("path", help="The directory, with `origin`.")),
                help="What relative file names start from.",
            ),
        ),
        *("config", "origin /etc/haproxy"),
        rejects=["origin", "other"],
    ),
    text("localpeer", "localpeer", "Name of this process among its peers.", WORD),
    dangerous(
        first_counts(
            text("chroot", "chroot", "Directory that becomes the root of the file system.", WORD)
        )
    ),
    dangerous(first_counts(number("uid", "uid", "Number of the user to run as."))),
    dangerous(first_counts(text("user", "user", "Name of the user to run as.", WORD))),
    dangerous(first_counts(number("gid", "gid", "Number of the group to run as."))),
    dangerous(first_counts(text("group", "group", "Name of the group to run as.", WORD))),
    dangerous(text("setcap", "setcap", "Linux capabilities to keep.", WORD)),
)

WORKERS = (
    statement(
        "master-worker",
        seq(const("master-worker", True, help="Run a master that keeps workers."), params()),
        examples=["master-worker"],
    ),
    number(
        "mworker-max-reloads",
        "mworker_max_reloads",
        "Reloads that an old worker outlives.",
        0,
        nullable=True,
    ),
    dangerous(
        boolean("external-check", "external_check", "Allow health checks that run programs.")
    ),
    dangerous(
        NegatableFlag(
            "insecure-fork-wanted", "insecure_fork_wanted", "Let the process start programs."
        )
    ),
    dangerous(
        NegatableFlag(
            "insecure-setuid-wanted", "insecure_setuid_wanted", "Let programs gain other rights."
        )
    ),
    number("nbproc", "nbproc", "Number of processes; gone since HAProxy 2.5."),
    number("nbthread", "nbthread", "Number of threads."),
    number("thread-groups", "thread_groups", "Number of groups of threads.", 1),
    statements(
        "thread-group",
        "thread_group_lines",
        word("group", None, required=True, help="Number of the group.")
        + rest("num_or_range", required=True, help="Its threads: how many, or which."),
        help="Which threads each group has.",
        sort_as="ThreadGroupLines",
        examples=["thread-group 1 1-2"],
        rejects=["thread-group", "thread-group 1"],
    ),
    statements(
        "cpu-map",
        "cpu_maps",
        word("process", None, required=True, help="Threads, such as `auto:1/1-4`.")
        + rest("cpu_set", required=True, help="Processors, such as `0-3`."),
        help="Which processors threads run on.",
        sort_as="CPUMaps",
        examples=["cpu-map 1/all 0-3", "cpu-map auto:1-4 0-1 2-3"],
        rejects=["cpu-map", "cpu-map 1"],
    ),
    toggle(
        "numa-cpu-mapping",
        "numa_cpu_mapping",
        help="Whether the process keeps to one NUMA node by itself.",
    ),
)

SOCKETS = (
    first_counts(text("pidfile", "pidfile", "File that the process number is written to.")),
    statements(
        "stats socket",
        "runtime_apis",
        word("address", required=True, help="Path or address of the socket.")
        + renamed(BIND_PARAMS, expose_fd_listeners={"v1": "exposeFdListeners"}),
        help="Sockets on which HAProxy takes commands.",
        sort_as="RuntimeAPIs",
        examples=[
            "stats socket /run/haproxy.sock level admin mode 660 expose-fd listeners",
            "stats socket ipv4@127.0.0.1:9999 level user",
        ],
        rejects=["stats socket"],
    ),
    time("stats timeout", "stats_timeout", "Inactivity after which a command socket is closed."),
    number("stats maxconn", "stats_maxconn", "Connections to the command sockets.", nullable=True),
    merged(
        "unix-bind",
        "unix_bind",
        params(
            *(
                arg(name, word(name, None, help=help))
                for name, help in (
                    ("prefix", "Directory in front of socket names."),
                    ("mode", "Rights of sockets, octal."),
                    ("user", "Owner of sockets, by name."),
                    ("uid", "Owner of sockets, by number."),
                    ("group", "Group of sockets, by name."),
                    ("gid", "Group of sockets, by number."),
                )
            )
        ),
        help="Where sockets are, and who may use them.",
        examples=["unix-bind prefix /run mode 600 user haproxy group haproxy"],
    ),
)

STATE = (
    time("hard-stop-after", "hard_stop_after", "How long an old process may take to end."),
    time("close-spread-time", "close_spread_time", "How long the end of old connections may take."),
    time("grace", "grace", "How long an old process goes on as before."),
    first_counts(
        enabled_or_absent(
            "log-send-hostname",
            "log_send_hostname.enabled",
            "Whether log messages name the host.",
            word("log_send_hostname.param", help="The name, in place of the host's own."),
            required=True,
        )
    ),
    text("log-tag", "log_tag", "Name of the program in log messages.", WORD),
    first_counts(
        text(
            *("server-state-file", "server_state_file", "File with the state of servers.", WORD),
            v3="performance_options.server_state_file",
        )
    ),
    first_counts(
        text(
            *("server-state-base", "server_state_base", "Directory of the files of state.", WORD),
            v3="performance_options.server_state_base",
        )
    ),
    choice(
        *("load-server-state-from-file", "load_server_state_from_file"),
        ("global", "local", "none"),
        "Where servers get their state from; HAProxy takes it in proxies only, not here.",
    ),
    words("description", "description", "What the process is for."),
    text("node", "node", "Name of this node."),
    first_counts(
        text(
            *("cluster-secret", "cluster_secret", "Secret that all nodes of a cluster share."),
            secret=True,
        )
    ),
    boolean(
        "pp2-never-send-local",
        "pp2_never_send_local",
        "Send the PROXY protocol's PROXY command for health checks, too.",
    ),
    NegatableFlag("set-dumpable", "set_dumpable", "Let the process leave core files."),
    NegatableFlag("strict-limits", "strict_limits", "Refuse to start where limits are too low."),
    first_counts(text("stats-file", "stats_file", "File with counters to start from.")),
    on_off_word(
        "harden.reject-privileged-ports.tcp",
        "harden.reject_privileged_ports.tcp",
        "Whether TCP clients with a port below 1024 are refused.",
    ),
    on_off_word(
        "harden.reject-privileged-ports.quic",
        "harden.reject_privileged_ports.quic",
        "Whether QUIC clients with a port below 1024 are refused.",
    ),
)
