"""Keywords of `server` lines that take no argument (manual, section 5.2).

They are written in front of those that do, in this order; `check-pool-conn-name` goes with
the other keywords of checks.
"""

from dataplane_core.plugin import ParameterKeyword, alias, arg, flag, switch, synonym, unsaid, word


def _tls(version: str) -> list[ParameterKeyword]:
    """Return `force-tlsv…`, which allows one version of TLS alone, and `no-tlsv…`.

    `no-tlsv10` is shown as `force_tlsv10: disabled`; a body may say `no_tlsv10: enabled` instead.
    Version 3 shows `tlsv10` too.
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
        alias(
            name,
            {word: (f"force_{name}", word) for word in ("enabled", "disabled")},
            same_in=("v3",),
            help=f"Speak {dotted} and nothing else (enabled), or anything but it (disabled).",
        ),
    ]


def _alone(keyword: str, name: str, help: str) -> ParameterKeyword:
    """Return a keyword that HAProxy has no opposite for: `disabled` is written as no keyword."""
    return switch(keyword, name, enum=("enabled", "disabled"), help=help)


def _pair(keyword: str, help: str, name: str = "") -> ParameterKeyword:
    """Return `<keyword>` and `no-<keyword>`; the property is `name`, or the keyword itself."""
    return switch(keyword, name or keyword, off=f"no-{keyword}", help=help)


SWITCHES: tuple[ParameterKeyword, ...] = (
    _pair("agent-check", "Ask an agent on the server for its state and weight."),
    flag("allow-0rtt", "allow_0rtt", help="Send early data of TLS 1.3 on to the server."),
    _pair("backup", "Use the server only while no server that is not a backup can be used."),
    _pair("check", "Check the server's health."),
    _pair("check-send-proxy", "Start health checks with a PROXY protocol header."),
    _pair("check-ssl", "Check over TLS, also where the traffic is in clear."),
    arg(
        "check-pool-conn-name",
        word("check-pool-conn-name", help="Name of the idle connections that checks use."),
    ),
    _pair("check-reuse-pool", "Check over an idle connection when there is one."),
    _alone("check-via-socks4", "check_via_socks4", "Check through the SOCKS4 proxy too."),
    _pair("renegotiate", "Allow the server to renegotiate TLS up to version 1.2."),
    switch(
        "force-sslv3",
        "force_sslv3",
        enum=("enabled", "disabled"),
        same_as={"disabled": ("no_sslv3", "enabled")},
        same_in=("v3",),
        help="Speak SSLv3 and nothing else; disabled is the same as no_sslv3.",
    ),
    switch("no-sslv3", "no_sslv3", enum=("enabled", "disabled"), help="Never speak SSLv3."),
    alias(
        "sslv3",
        {"enabled": ("force_sslv3", "enabled"), "disabled": ("no_sslv3", "enabled")},
        same_in=("v3",),
        help="Speak SSLv3 and nothing else (enabled), or anything but it (disabled).",
    ),
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
        help="Take any host name in the certificate: what is done without verifyhost anyway.",
    ),
    _pair("send-proxy", "Start connections with a PROXY protocol header, version 1."),
    _pair("send-proxy-v2", "Start connections with a PROXY protocol header, version 2."),
    _pair("send-proxy-v2-ssl", "The same with the client's TLS details.", "send_proxy_v2_ssl"),
    _pair(
        "send-proxy-v2-ssl-cn",
        "The same with the common name of the client's certificate too.",
        "send_proxy_v2_ssl_cn",
    ),
    _pair("sni-auto", "Send the request's host as the server name (SNI).", "sni_auto"),
    _pair(
        "check-sni-auto",
        "Send the host name of the check as its server name (SNI).",
        "check_sni_auto",
    ),
    _pair("ssl", "Speak TLS to the server."),
    _pair("ssl-reuse", "Resume TLS sessions.", "ssl_reuse"),
    _pair("tls-tickets", "Resume TLS sessions by tickets.", "tls_tickets"),
    switch("stick", "stick", off="non-stick", help="Let stick tables learn the server."),
    flag(
        "strict-maxconn",
        "strict-maxconn",
        help="Count idle connections in maxconn, so that it is never exceeded.",
    ),
    _pair("tfo", "Send data with the first packet (TCP fast open)."),
)
"""In the order in which they are written, in front of the keywords with an argument."""
