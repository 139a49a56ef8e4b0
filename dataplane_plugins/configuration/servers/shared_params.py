"""Keywords that `bind`, `server` and `ssl-f-use` lines have in common (manual, section 5).

Each is declared once here. The tables of the lines name it at the place where it is written.
"""

from dataplane_core.plugin import FILES, arg, duration, one_of, word

TLS_VERSIONS = ("SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3")
"""The versions that `ssl-min-ver` and `ssl-max-ver` know."""

ALPN = arg("alpn", word("alpn", help="Protocols to offer by ALPN."))
CONGESTION_CONTROL = arg(
    "cc", word("cc", pattern=None, help="Congestion control of TCP connections.")
)
CIPHERS = arg("ciphers", word("ciphers", pattern=None, help="Ciphers up to TLSv1.2."))
CIPHERSUITES = arg("ciphersuites", word("ciphersuites", pattern=None, help="Ciphers of TLSv1.3."))
CLIENT_SIGALGS = arg(
    "client-sigalgs",
    word("client_sigalgs", pattern=None, help="Signature algorithms of client certificates."),
)
CRL_FILE = arg(
    "crl-file", word("crl_file", pattern=None, refers_to=FILES, help="Revoked certificates.")
)
CURVES = arg("curves", word("curves", pattern=None, help="Elliptic curves to offer."))
IDLE_PING = arg(
    "idle-ping",
    duration(
        "idle_ping",
        0,
        nullable=True,
        help="Idle time after which a connection is tried with a ping, in milliseconds.",
    ),
)
KTLS = arg("ktls", one_of("ktls", "on", "off", help="Leave TLS to the kernel."))
NPN = arg("npn", word("npn", pattern=None, help="Protocols to offer by NPN, as before ALPN."))
SIGALGS = arg("sigalgs", word("sigalgs", pattern=None, help="Signature algorithms to offer."))
SSL_MAX_VER = arg("ssl-max-ver", one_of("ssl_max_ver", *TLS_VERSIONS, help="Highest TLS version."))
SSL_MIN_VER = arg("ssl-min-ver", one_of("ssl_min_ver", *TLS_VERSIONS, help="Lowest TLS version."))
TCP_MD5SIG = arg(
    "tcp-md5sig", word("tcp_md5sig", secret=True, help="Password of TCP MD5 signatures (RFC 2385).")
)
VERIFY_CLIENTS = arg(
    "verify",
    one_of(
        "verify", *("none", "optional", "required"), help="Whether clients must show a certificate."
    ),
)
"""`verify` of lines that clients connect to; a `server` line has no `optional`."""
