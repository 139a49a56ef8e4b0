"""Properties that a model has in other versions of the interface (1.2, 2.6, 3.4) and not in 2.9.

A body that carries them is taken without them, and with a warning. Paths are dotted; `[]` is an
item of an array; a path stands for all that is below it.
"""

from dataplane_core import impl
from dataplane_core.registry import Registry

ELSEWHERE = {
    "acl": "id metadata",
    "acme_provider": "metadata",
    "backend": """
        accept_unsafe_violations_in_http_response acl_list balance.arguments
        compression.minsize_req compression.minsize_res default_server.ca_file
        default_server.cc default_server.check-pool-conn-name
        default_server.check-reuse-pool default_server.check_sni_auto
        default_server.disabled default_server.enabled default_server.guid
        default_server.hash_key default_server.idle_ping default_server.init-state
        default_server.ktls default_server.pool_conn_name default_server.port
        default_server.quic-cc-algo default_server.quic_cc_algo_max_window
        default_server.renegotiate default_server.sni_auto default_server.sslv3
        default_server.strict-maxconn default_server.tcp_md5sig default_server.tlsv10
        default_server.tlsv11 default_server.tlsv12 default_server.tlsv13
        email_alert.metadata errorfiles_from_http_errors[].metadata errorloc302.metadata
        errorloc303.metadata filter_list filter_sequence_list guid
        hash_preserve_affinity http-drop-request-trailers http_after_response_rule_list
        http_check_list http_error_rule_list http_request_rule_list
        http_response_rule_list httpchk httpchk_params.host log_target_list metadata
        server_switching_rule_list server_templates servers
        stats_options.stats_show_version stick_rule_list stick_table.metadata
        stick_table.recv_only tcp_check_rule_list tcp_request_rule_list
        tcp_response_rule_list use_small_buffers
    """,
    "backend_switching_rule": "id metadata",
    "bind": """
        cc default_crt_list force_strict_sni guid_prefix idle_ping ktls label metadata
        no_strict_sni quic_cc_algo_burst_size quic_cc_algo_max_window sslv3 tcp_md5sig
        tcp_ss tls_tickets tlsv10 tlsv11 tlsv12 tlsv13
    """,
    "cache": "metadata",
    "capture": "metadata",
    "crt_load": "metadata",
    "crt_store": "crt_loads metadata",
    "defaults": """
        accept_unsafe_violations_in_http_request
        accept_unsafe_violations_in_http_response acl_list balance.arguments
        compression.minsize_req compression.minsize_res default_server.ca_file
        default_server.cc default_server.check-pool-conn-name
        default_server.check-reuse-pool default_server.check_sni_auto
        default_server.disabled default_server.enabled default_server.guid
        default_server.hash_key default_server.idle_ping default_server.init-state
        default_server.ktls default_server.pool_conn_name default_server.port
        default_server.quic-cc-algo default_server.quic_cc_algo_max_window
        default_server.renegotiate default_server.sni_auto default_server.sslv3
        default_server.strict-maxconn default_server.tcp_md5sig default_server.tlsv10
        default_server.tlsv11 default_server.tlsv12 default_server.tlsv13
        email_alert.metadata errorfiles_from_http_errors[].metadata errorloc302.metadata
        errorloc303.metadata hash_preserve_affinity http-drop-request-trailers
        http-drop-response-trailers http_after_response_rule_list http_check_list
        http_error_rule_list http_request_rule_list http_response_rule_list httpchk
        httpchk_params.host log_steps log_target_list metadata quic_initial_rule_list
        stats_options.stats_show_version tcp_check_rule_list tcp_request_rule_list
        tcp_response_rule_list use_small_buffers
    """,
    "dgram_bind": "metadata",
    "fcgiApp": "acl_list metadata",
    "filter": "id metadata trace_max_fwd",
    "frontend": """
        abortonclose accept_unsafe_violations_in_http_request acl_list
        backend_switching_rule_list binds capture_list compression.minsize_req
        compression.minsize_res email_alert.metadata
        errorfiles_from_http_errors[].metadata errorloc302.metadata errorloc303.metadata
        filter_list filter_sequence_list force_be_switch_list guid
        http-drop-response-trailers http_after_response_rule_list http_error_rule_list
        http_request_rule_list http_response_rule_list log_steps log_target_list
        metadata quic_initial_rule_list ssl_front_use_list
        stats_options.stats_show_version stick_table.metadata stick_table.recv_only
        tcp_request_rule_list
    """,
    "global": """
        cpu_affinity cpu_policy cpu_set debug_options dns_accept_family
        environment_options expose_deprecated_directives force_cfg_parser_pause harden
        http_client_options http_err_codes http_fail_codes log_target_list lua_options
        max_threads_per_group metadata no_quic ocsp_update_options performance_options
        prealloc_fd runtime_apis[].cc runtime_apis[].default_crt_list
        runtime_apis[].exposeFdListeners runtime_apis[].force_strict_sni
        runtime_apis[].guid_prefix runtime_apis[].idle_ping runtime_apis[].ktls
        runtime_apis[].label runtime_apis[].no_strict_sni
        runtime_apis[].quic_cc_algo_burst_size runtime_apis[].quic_cc_algo_max_window
        runtime_apis[].sslv3 runtime_apis[].tcp_md5sig runtime_apis[].tcp_ss
        runtime_apis[].tls_tickets runtime_apis[].tlsv10 runtime_apis[].tlsv11
        runtime_apis[].tlsv12 runtime_apis[].tlsv13 shm_stats_file
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
    "log_forward": "assume-rfc6587-ntf binds dgram_binds dont-parse-log log_target_list metadata",
    "log_target": "id metadata profile",
    "mailer_entry": "metadata",
    "mailers_section": "mailer_entries metadata",
    "nameserver": "metadata",
    "peer_entry": "metadata",
    "peer_section": """
        binds default_bind.cc default_bind.default_crt_list
        default_bind.force_strict_sni default_bind.guid_prefix default_bind.idle_ping
        default_bind.ktls default_bind.label default_bind.metadata
        default_bind.no_strict_sni default_bind.quic_cc_algo_burst_size
        default_bind.quic_cc_algo_max_window default_bind.sslv3 default_bind.tcp_md5sig
        default_bind.tcp_ss default_bind.tls_tickets default_bind.tlsv10
        default_bind.tlsv11 default_bind.tlsv12 default_bind.tlsv13 default_server.cc
        default_server.check-pool-conn-name default_server.check-reuse-pool
        default_server.check_sni_auto default_server.guid default_server.hash_key
        default_server.idle_ping default_server.init-state default_server.ktls
        default_server.pool_conn_name default_server.quic-cc-algo
        default_server.quic_cc_algo_max_window default_server.renegotiate
        default_server.sni_auto default_server.sslv3 default_server.strict-maxconn
        default_server.tcp_md5sig default_server.tlsv10 default_server.tlsv11
        default_server.tlsv12 default_server.tlsv13 log_target_list metadata
        peer_entries servers tables
    """,
    "quic_initial_rule": "metadata",
    "resolver": "metadata nameservers",
    "ring": "metadata servers",
    "server": """
        cc check-pool-conn-name check-reuse-pool check_sni_auto guid hash_key idle_ping
        init-state ktls metadata pool_conn_name quic-cc-algo quic_cc_algo_max_window
        renegotiate sni_auto sslv3 strict-maxconn tcp_md5sig tlsv10 tlsv11 tlsv12 tlsv13
    """,
    "server_switching_rule": "id metadata",
    "server_template": """
        cc check-pool-conn-name check-reuse-pool check_sni_auto guid hash_key idle_ping
        init-state ktls metadata pool_conn_name quic-cc-algo quic_cc_algo_max_window
        renegotiate sni_auto sslv3 strict-maxconn tcp_md5sig tlsv10 tlsv11 tlsv12 tlsv13
    """,
    "site": """
        farms[].balance.arguments farms[].servers[].cc
        farms[].servers[].check-pool-conn-name farms[].servers[].check-reuse-pool
        farms[].servers[].check_sni_auto farms[].servers[].guid
        farms[].servers[].hash_key farms[].servers[].idle_ping
        farms[].servers[].init-state farms[].servers[].ktls farms[].servers[].metadata
        farms[].servers[].pool_conn_name farms[].servers[].quic-cc-algo
        farms[].servers[].quic_cc_algo_max_window farms[].servers[].renegotiate
        farms[].servers[].sni_auto farms[].servers[].sslv3
        farms[].servers[].strict-maxconn farms[].servers[].tcp_md5sig
        farms[].servers[].tlsv10 farms[].servers[].tlsv11 farms[].servers[].tlsv12
        farms[].servers[].tlsv13 service.listeners[].cc
        service.listeners[].default_crt_list service.listeners[].force_strict_sni
        service.listeners[].guid_prefix service.listeners[].idle_ping
        service.listeners[].ktls service.listeners[].label service.listeners[].metadata
        service.listeners[].no_strict_sni service.listeners[].quic_cc_algo_burst_size
        service.listeners[].quic_cc_algo_max_window service.listeners[].sslv3
        service.listeners[].tcp_md5sig service.listeners[].tcp_ss
        service.listeners[].tls_tickets service.listeners[].tlsv10
        service.listeners[].tlsv11 service.listeners[].tlsv12 service.listeners[].tlsv13
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
