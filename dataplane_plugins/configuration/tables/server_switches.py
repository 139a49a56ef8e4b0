"""Keywords of `server` lines that take no argument (manual, section 5.2).

They are written in front of those that do, in this order.
"""

from dataplane_core.grammar import flag, switch, synonym, unsaid
from dataplane_core.grammar.entries import Entry


def _tls(version: str) -> list[Entry]:
    """What allows one version of TLS alone, or forbids it.

    `no-tlsv10` is read as `force_tlsv10: disabled`; `no_tlsv10: enabled` writes the same.
    """
    name = f"tlsv{version}"
    dotted = f"TLSv{version[0]}.{version[1]}"
    return [
        switch(
            f"force-{name}",
            f"force_{name}",
            off=f"no-{name}",
            help=f"Speak {dotted} and nothing else (enabled), or anything but it (disabled).",
        ),
        synonym(
            f"no-{name}",
            f"no_{name}",
            "enabled",
            unless=f"force_{name}",
            help=f"Never speak {dotted}; read back as force_{name}: disabled.",
        ),
    ]


def _alone(keyword: str, name: str, help: str) -> Entry:
    """A keyword that HAProxy has no opposite for: `disabled` is the same as nothing."""
    return switch(keyword, name, enum=("enabled", "disabled"), help=help)


def server_switches() -> list[Entry]:
    """The switches, in the order in which they are written."""
    return [
        switch(
            "agent-check",
            "agent-check",
            off="no-agent-check",
            help="Ask an agent on the server for its state and weight.",
        ),
        flag("allow-0rtt", "allow_0rtt", help="Send early data of TLS 1.3 on to the server."),
        switch(
            "backup",
            "backup",
            off="no-backup",
            help="Use the server only while no server that is not a backup can be used.",
        ),
        switch("check", "check", off="no-check", help="Check the server's health."),
        switch(
            "check-send-proxy",
            "check-send-proxy",
            off="no-check-send-proxy",
            help="Start health checks with a PROXY protocol header.",
        ),
        switch(
            "check-ssl",
            "check-ssl",
            off="no-check-ssl",
            help="Check over TLS, also where the traffic is in clear.",
        ),
        _alone("check-via-socks4", "check_via_socks4", "Check through the SOCKS4 proxy too."),
        switch(
            "check-reuse-pool",
            "check-reuse-pool",
            off="no-check-reuse-pool",
            help="Check over an idle connection when there is one.",
        ),
        switch(
            "check-sni-auto",
            "check_sni_auto",
            off="no-check-sni-auto",
            help="Send the host name of the check as its server name (SNI).",
        ),
        switch(
            "force-sslv3",
            "force_sslv3",
            enum=("enabled", "disabled"),
            help="Speak SSLv3 and nothing else; disabled is the same as no_sslv3.",
        ),
        synonym(
            "no-sslv3",
            "force_sslv3",
            "disabled",
            unless="no_sslv3",
            help="Speak SSLv3 and nothing else; disabled is the same as no_sslv3.",
        ),
        switch("no-sslv3", "no_sslv3", enum=("enabled", "disabled"), help="Never speak SSLv3."),
        *_tls("10"),
        *_tls("11"),
        *_tls("12"),
        *_tls("13"),
        switch(
            "disabled",
            "maintenance",
            off="enabled",
            help="Start in maintenance (enabled), or in service (disabled).",
        ),
        unsaid(
            "no_verifyhost",
            help=("Take any host name in the certificate: what is done without verifyhost anyway."),
        ),
        switch(
            "renegotiate",
            "renegotiate",
            off="no-renegotiate",
            help="Allow the server to renegotiate TLS up to version 1.2.",
        ),
        switch(
            "send-proxy",
            "send-proxy",
            off="no-send-proxy",
            help="Start connections with a PROXY protocol header, version 1.",
        ),
        switch(
            "send-proxy-v2",
            "send-proxy-v2",
            off="no-send-proxy-v2",
            help="Start connections with a PROXY protocol header, version 2.",
        ),
        switch(
            "send-proxy-v2-ssl",
            "send_proxy_v2_ssl",
            off="no-send-proxy-v2-ssl",
            help="The same with the client's TLS details.",
        ),
        switch(
            "send-proxy-v2-ssl-cn",
            "send_proxy_v2_ssl_cn",
            off="no-send-proxy-v2-ssl-cn",
            help="The same with the common name of the client's certificate too.",
        ),
        switch(
            "sni-auto",
            "sni_auto",
            off="no-sni-auto",
            help="Send the request's host as the server name (SNI).",
        ),
        switch("ssl", "ssl", off="no-ssl", help="Speak TLS to the server."),
        switch("ssl-reuse", "ssl_reuse", off="no-ssl-reuse", help="Resume TLS sessions."),
        switch(
            "tls-tickets",
            "tls_tickets",
            off="no-tls-tickets",
            help="Resume TLS sessions by tickets.",
        ),
        switch("stick", "stick", off="non-stick", help="Let stick tables learn the server."),
        flag(
            "strict-maxconn",
            "strict-maxconn",
            help="Count idle connections in maxconn, so that it is never exceeded.",
        ),
        switch("tfo", "tfo", off="no-tfo", help="Send data with the first packet (TCP fast open)."),
    ]
