"""Properties that a model has in other versions of the interface (1.2, 2.6, 3.4) and not in 2.9.

A body that carries them is taken without them, and with a warning. Paths are dotted; `[]` is an
item of an array; a path stands for all that is below it.
"""

from dataplane_core.plugin import Registry, impl


def _below(path: str, names: str) -> str:
    return "".join(f" {path}.{name}" for name in names.split())


_SERVER = """
    cc check-pool-conn-name check-reuse-pool check_sni_auto guid hash_key idle_ping init-state
    ktls pool_conn_name quic-cc-algo quic_cc_algo_max_window renegotiate sni_auto sslv3
    strict-maxconn tcp_md5sig tlsv10 tlsv11 tlsv12 tlsv13
"""
_BIND = """
    cc default_crt_list force_strict_sni guid_prefix idle_ping ktls label no_strict_sni
    quic_cc_algo_burst_size quic_cc_algo_max_window sslv3 tcp_md5sig tcp_ss tls_tickets tlsv10
    tlsv11 tlsv12 tlsv13
"""
_PROXY = """
    acl_list compression.minsize_req compression.minsize_res email_alert.metadata
    errorfiles_from_http_errors[].metadata errorloc302.metadata errorloc303.metadata
    http_after_response_rule_list http_error_rule_list http_request_rule_list
    http_response_rule_list log_target_list metadata stats_options.stats_show_version
    tcp_request_rule_list
"""
_BACK = """
    accept_unsafe_violations_in_http_response balance.arguments default_server.ca_file
    default_server.disabled default_server.enabled default_server.port hash_preserve_affinity
    http-drop-request-trailers http_check_list httpchk httpchk_params.host tcp_check_rule_list
    tcp_response_rule_list use_small_buffers
"""

ELSEWHERE = {
    "acl": "id metadata",
    "acme_provider": "metadata",
    "backend": _PROXY
    + _BACK
    + _below("default_server", _SERVER)
    + """
        filter_list filter_sequence_list guid server_switching_rule_list
        server_templates servers stick_rule_list stick_table.metadata
        stick_table.recv_only
    """,
    "backend_switching_rule": "id metadata",
    "bind": _BIND + " metadata",
    "cache": "metadata",
    "capture": "metadata",
    "crt_load": "metadata",
    "crt_store": "crt_loads metadata",
    "defaults": _PROXY
    + _BACK
    + _below("default_server", _SERVER)
    + """
        accept_unsafe_violations_in_http_request http-drop-response-trailers log_steps
        quic_initial_rule_list
    """,
    "dgram_bind": "metadata",
    "fcgiApp": "acl_list metadata",
    "filter": "id metadata trace_max_fwd",
    "frontend": _PROXY
    + """
        abortonclose accept_unsafe_violations_in_http_request
        backend_switching_rule_list binds capture_list filter_list filter_sequence_list
        force_be_switch_list guid http-drop-response-trailers log_steps
        quic_initial_rule_list ssl_front_use_list stick_table.metadata
        stick_table.recv_only
    """,
    "global": _below("runtime_apis[]", _BIND)
    + """
        cpu_affinity cpu_policy cpu_set debug_options dns_accept_family
        environment_options expose_deprecated_directives force_cfg_parser_pause harden
        http_client_options http_err_codes http_fail_codes log_target_list lua_options
        max_threads_per_group metadata no_quic ocsp_update_options performance_options
        prealloc_fd runtime_apis[].exposeFdListeners shm_stats_file
        shm_stats_file_max_objects ssl_options stats_calculate_max_counters stats_file
        tune_buffer_options tune_lua_options tune_options.applet_zero_copy_forwarding
        tune_options.cli_max_payload_size tune_options.defaults_purge
        tune_options.disable_fast_forward tune_options.epoll_mask_events
        tune_options.glitches_kill_cpu_usage tune_options.h1_be_glitches_threshold
        tune_options.h1_fe_glitches_threshold tune_options.h2_be_glitches_threshold
        tune_options.h2_be_max_frames_at_once tune_options.h2_be_rxbuf
        tune_options.h2_fe_glitches_threshold tune_options.h2_fe_max_frames_at_once
        tune_options.h2_fe_max_rst_at_once tune_options.h2_fe_max_total_streams
        tune_options.h2_fe_rxbuf tune_options.h2_log_errors
        tune_options.max_rules_at_once tune_options.notsent_lowat_client
        tune_options.notsent_lowat_server tune_options.renice_runtime
        tune_options.renice_startup tune_options.ring_queues
        tune_options.takeover_other_tg_connections tune_quic_options tune_ssl_options
        tune_vars_options tune_zlib_options warn_blocked_traffic_after
    """,
    "group": "metadata",
    "http_after_response_rule": "hdr_expr hdr_prefix log_profile metadata",
    "http_check": "metadata",
    "http_error_rule": "metadata",
    "http_errors_section": "metadata",
    "http_request_rule": "hdr_expr hdr_prefix id log_profile metadata",
    "http_response_rule": "expr hdr_expr hdr_prefix id log_profile metadata",
    "log_forward": """
        assume-rfc6587-ntf binds dgram_binds dont-parse-log log_target_list metadata
    """,
    "log_target": "id metadata profile",
    "mailer_entry": "metadata",
    "mailers_section": "mailer_entries metadata",
    "nameserver": "metadata",
    "peer_entry": "metadata",
    "peer_section": _below("default_bind", _BIND)
    + _below("default_server", _SERVER)
    + """
        binds default_bind.metadata log_target_list metadata peer_entries servers tables
    """,
    "quic_initial_rule": "metadata",
    "resolver": "metadata nameservers",
    "ring": "metadata servers",
    "server": _SERVER + " metadata",
    "server_switching_rule": "id metadata",
    "server_template": _SERVER + " metadata",
    "site": _below("farms[].servers[]", _SERVER)
    + _below("service.listeners[]", _BIND)
    + """
        farms[].balance.arguments farms[].servers[].metadata
        service.listeners[].metadata
    """,
    "ssl_front_use": "metadata",
    "stick_rule": "id metadata",
    "table": "metadata recv_only",
    "tcp_check": "metadata",
    "tcp_request_rule": "id log_profile metadata priority_type",
    "tcp_response_rule": "id log_profile metadata",
    "traces": "metadata",
    "user": "metadata",
    "userlist": "groups metadata users",
}
"""By the name of the schema, separated by blanks."""


@impl
def dataplane_register(registry: Registry) -> None:
    """Tell the registry."""
    for schema, paths in ELSEWHERE.items():
        registry.elsewhere(schema, paths.split())
