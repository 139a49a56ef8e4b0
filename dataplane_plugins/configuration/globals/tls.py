"""TLS of the process: directories, defaults of listeners and servers, engines (manual, 3.1)."""

from typing import Any

from dataplane_core.plugin import (
    FILES,
    Statement,
    dangerous,
    each_counts,
    first_counts,
    integer,
    mapped,
    opt,
    rest,
    statement,
    statements,
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
)

_V3 = "ssl_options."
_EXTRA = "none|all|bundle|sctl|ocsp|issuer|key"
"""Kinds of files beside a certificate (manual, section 3.1 "ssl-load-extra-files")."""


def _default(keyword: str, help: str, several: bool = False, **more: Any) -> Statement:
    """Return `ssl-<keyword>` with one word; with `several`, HAProxy adds up all lines."""
    name = keyword.replace("-", "_")
    kind = added_words if several else text
    return kind(f"ssl-{keyword}", f"ssl_{name}", help, v3=_V3 + name, **more)


DIRECTORIES = (
    dangerous(text("ca-base", "ca_base", "Directory of authorities.", v3=_V3 + "ca_base")),
    dangerous(text("crt-base", "crt_base", "Directory of certificates.", v3=_V3 + "crt_base")),
    dangerous(text("key-base", "key_base", "Directory of private keys.")),
    text(
        "issuers-chain-path",
        "issuers_chain_path",
        "Directory of issuers that complete chains of certificates.",
        v3=_V3 + "issuers_chain_path",
        refers_to=FILES,
    ),
)

DEFAULTS = (
    _default("default-bind-options", "Options of `bind` lines.", several=True),
    _default("default-bind-sigalgs", "Signature algorithms of `bind` lines."),
    _default("default-bind-ciphers", "Ciphers of `bind` lines, up to TLSv1.2."),
    _default("default-bind-ciphersuites", "Ciphers of `bind` lines, of TLSv1.3."),
    _default("default-server-options", "Options of `server` lines.", several=True),
    _default("default-server-ciphers", "Ciphers of `server` lines, up to TLSv1.2."),
    _default("default-server-ciphersuites", "Ciphers of `server` lines, of TLSv1.3."),
    _default("default-server-client-sigalgs", "Client signature algorithms of `server` lines."),
    _default("default-server-curves", "Elliptic curves of `server` lines."),
    _default("default-server-sigalgs", "Signature algorithms of `server` lines."),
    _default("default-bind-client-sigalgs", "Client signature algorithms of `bind` lines."),
    _default("default-bind-curves", "Elliptic curves of `bind` lines."),
    _default("dh-param-file", "File with Diffie-Hellman parameters.", refers_to=FILES),
    _default("propquery", "Property query for OpenSSL's algorithms."),
    each_counts(_default("provider", "OpenSSL provider to load.")),
    _default("provider-path", "Directory of OpenSSL providers."),
    choice(
        *("ssl-server-verify", "ssl_server_verify", ("none", "required")),
        "Whether certificates of servers are checked.",
        v3=_V3 + "server_verify",
    ),
    boolean(
        "ssl-skip-self-issued-ca",
        "ssl_skip_self_issued_ca",
        "Leave self-issued authorities out of chains.",
        _V3 + "skip_self_issued_ca",
    ),
    number(
        "ssl-security-level",
        "ssl_security_level",
        "Security level of OpenSSL.",
        *(0, 5),
        nullable=True,
        v3=_V3 + "security_level",
    ),
    valued(
        "ssl-load-extra-files",
        must_match(
            rest(
                "ssl_load_extra_files",
                help="Kinds of files to load beside certificates.",
                **in_v3(_V3 + "load_extra_files"),
            ),
            *("ssl_load_extra_files", _EXTRA, "none, all, or bundle, sctl, ocsp, issuer and key"),
            " ",
        ),
        "bundle sctl",
    ),
    boolean(
        "ssl-load-extra-del-ext",
        "ssl_load_extra_del_ext",
        "Look for extra files without the certificate's own extension.",
    ),
)

LIMITS = (
    number("maxsslconn", "maxsslconn", "TLS connections at most.", v3=_V3 + "maxsslconn"),
    first_counts(
        number("maxsslrate", "maxsslrate", "TLS sessions in a second.", v3=_V3 + "maxsslrate")
    ),
)

ENGINES = (
    dangerous(
        statements(
            "ssl-engine",
            "ssl_engines",
            word("name", None, required=True, help="Name of the engine.")
            + opt(rest("algorithms", nullable=True, help="What it does, with commas between.")),
            help="OpenSSL engines to load.",
            sort_as="SslEngines",
            examples=["ssl-engine rdrand", "ssl-engine rdrand RSA,DSA"],
            rejects=["ssl-engine"],
            **in_v3(_V3 + "engines"),
        )
    ),
    enabled_or_absent(
        "ssl-mode-async",
        "ssl_mode_async",
        help="Whether TLS works asynchronously, where an engine can.",
        **in_v3(_V3 + "mode_async"),
    ),
)

OCSP = (
    on_off_word(
        "ocsp-update.mode", "ocsp_update_options.mode", "Whether OCSP answers are kept fresh."
    ),
    valued(
        "ocsp-update.disable",
        mapped(
            "ocsp_update_options.disable",
            {"on": True, "off": False},
            help="Update no OCSP answer at all.",
            facts={"v3": {"nullable": True, "default": False}},
        ),
        *("on", "off"),
    ),
    *(
        statement(
            f"ocsp-update.{name}",
            integer(f"ocsp_update_options.{name}", nullable=True, help=help),
            examples=[f"ocsp-update.{name} 300"],
            rejects=[f"ocsp-update.{name}"],
        )
        for name, help in (
            ("mindelay", "Shortest time between updates, in seconds."),
            ("maxdelay", "Longest time between updates, in seconds."),
        )
    ),
)
