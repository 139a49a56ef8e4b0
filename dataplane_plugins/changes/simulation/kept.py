"""What of a configuration a scratch process keeps, by the names of the declared properties.

Kept is what decides about a request, up to the choice of a server. Left out is what listens,
connects, resolves, logs, checks, mails, runs programs, or needs rights and room in the machine.
"""

SECTIONS = frozenset(
    ("global", "defaults", "frontend", "backend", "listen", "userlist", "cache", "http-errors")
    + ("crt-store", "peers")
)
"""The kinds of sections that are kept; of `peers`, only their tables."""

MODES = ("tcp", "http")
"""The modes that are simulated: in others no request comes from a client."""

GLOBAL = frozenset(
    ("daemon", "default_path.type", "localpeer", "chroot", "uid", "user", "gid", "group", "setcap")
    + ("master-worker", "mworker_max_reloads", "external_check", "insecure_fork_wanted")
    + ("insecure_setuid_wanted", "nbproc", "nbthread", "thread_groups", "thread_group_lines")
    + ("cpu_maps", "numa_cpu_mapping", "maxconn", "maxconnrate", "maxcomprate", "maxpipes")
    + ("maxcompcpuusage", "maxsessrate", "fd_hard_limit", "thread_hard_limit", "ulimit_n")
    + ("prealloc-fd", "maxsslconn", "maxsslrate", "pidfile", "runtime_apis", "stats_timeout")
    + ("stats_maxconn", "unix_bind", "resetenv", "httpclient_resolvers_id", "hard_stop_after")
    + ("httpclient_resolvers_disabled", "httpclient_resolvers_prefer", "grace", "log_tag")
    + ("close_spread_time", "log_send_hostname.enabled", "server_state_file", "server_state_base")
    + ("load_server_state_from_file", "stats_file", "set_dumpable", "strict_limits", "quiet")
    + ("zero_warning", "traces", "acme_scheduler", "cpu_policy", "cpu_set", "busy_polling")
    + ("cpu_affinity.affinity", "max_threads_per_group", "shm_stats_file", "profiling_tasks")
    + ("shm_stats_file_max_objects", "profiling_memory", "force_cfg_parser_pause", "stress_level")
    + ("ocsp_update_options.mode", "ocsp_update_options.disable", "ocsp_update_options.mindelay")
    + ("ocsp_update_options.maxdelay", "ocsp_update_options.httpproxy.address")
    + ("tune_options.vars_global_max_size", "tune_options.vars_proc_max_size")
    + ("tune_options.vars_sess_max_size", "tune_options.vars_txn_max_size")
    + ("tune_options.vars_reqres_max_size", "tune_options.fail_alloc")
    + ("tune_options.ssl_keylog", "tune_options.renice_runtime", "tune_options.renice_startup")
    + ("tune_options.lua_log_loggers", "warn_blocked_traffic_after")
)
"""Properties of `global` whose lines are left out."""

BEFORE_SCRIPTS = frozenset(
    ("tune_options.lua_bool_sample_conversion", "tune_lua_options.openlibs")
)
"""Properties of `global` whose lines count for the scripts behind them alone."""

PROXY = frozenset(
    ("log_format", "log_format_sd", "error_log_format", "log_tag", "log_steps", "httplog")
    + ("httpslog", "tcplog", "clflog", "dontlognull", "dontlog_normal", "logasap")
    + ("log_separate_errors", "log_health_checks", "backlog", "bind_process", "maxconn")
    + ("fullconn", "rate_limit_sessions", "email_alert.mailers", "email_alert.from")
    + ("email_alert.to", "email_alert.level", "email_alert.myhostname", "adv_check")
    + ("external_check", "external_check_command", "external_check_path", "spop_check")
    + ("load_server_state_from_file", "server_state_file_name", "source.address")
    + ("tarpit_timeout", "use_fcgi_app", "transparent", "http_proxy", "socket_stats")
    + ("max_session_srv_conns", "http-check.type")
)
"""Properties of proxies and `defaults` whose lines are left out."""

ROWS = frozenset(
    ("http_checks", "tcp_checks", "log_targets")
    + ("quic_initial_rules", "filter_sequences", "ssl_front_uses", "nameservers")
    + ("peer_entries",)
)
"""Collections whose lines are left out."""

RESPONSES = frozenset(
    ("http_response_rules", "http_after_response_rules", "tcp_response_rules")
)
"""Collections of rules for responses."""

OF_RESPONSES = frozenset(("store-response",))
"""Types of rules for responses in other collections."""

ENDING = frozenset(("deny", "return", "redirect", "reject", "close", "silent-drop"))
"""Actions after which the client gets another response than the server's, or none."""

FILTERS = frozenset(("compression", "cache", "bwlim-in", "bwlim-out"))
"""Types of filters that are kept."""

BIND = frozenset(
    ("transparent", "interface", "namespace", "process", "thread", "shards", "v4v6", "v6only")
    + ("tfo", "defer_accept", "mss", "tcp_user_timeout", "tcp_md5sig", "tcp_ss", "backlog")
    + ("maxconn", "mode", "user", "group", "uid", "gid", "level", "severity_output", "nbconn")
    + ("expose_fd_listeners", "cc", "quic-cc-algo", "quic_cc_algo_max_window", "quic-socket")
    + ("quic_cc_algo_burst_size", "quic-force-retry", "idle_ping", "accept_netscaler_cip")
    + ("guid_prefix", "ktls", "proto", "nice", "port", "port-range-end", "label")
)
"""Properties of `bind` lines that are left out."""

SERVER = frozenset(
    ("name", "prefix", "num_or_range", "weight", "cookie", "backup", "maintenance", "id", "redir")
    + ("hash_key", "stick")
)
"""Properties of servers, of `default-server` too, that are kept."""

UNHEARD = frozenset(
    ("set-mark", "set-tos", "set-fc-mark", "set-fc-tos", "set-bc-mark", "set-bc-tos", "do-log")
    + ("set-log-level", "set-nice", "trace")
)
"""Actions that are passed over: they need rights, or only concern logs and packets."""

UNKNOWN = {
    "do-resolve": "no name is resolved here: what the rule learns cannot be told",
    "send-spoe-group": "no agent is asked here: what it would set cannot be told",
    "attach-srv": "no connection is attached to a server here",
    "ot-group": "no tracer is asked here",
}
"""Actions that are passed over, with what that means for the answer."""

HIDING = {
    "cookie.dynamic": "the cookie is made of the address of its server, which is another here",
    "persist_rule.type": "the cookie holds the address of its server, which is another here",
}
"""Properties of proxies that make the choice of a server one that cannot be told, and why."""

HASHED_ADDRESSES = frozenset(("addr", "addr-port"))
"""What a server's place in a hash can be made of that is not as in truth."""

TAUGHT = frozenset(("add-acl", "del-acl", "set-map", "del-map", "cache-store"))
"""Actions that change what later requests meet."""

OF_CERTIFICATES = r"\b(?:ssl_c_\w+|ssl_fc_has_crt)\b"
"""The fetches that look at the certificate of a client."""

EXPECTATIONS = frozenset(("expect-proxy", "expect-netscaler-cip"))
"""Actions for the beginning of a connection, which the simulation gives a header in any case."""
