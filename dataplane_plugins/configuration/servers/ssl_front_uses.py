"""`ssl-f-use` lines: certificates of all TLS listeners of a proxy (manual, section 4.2).

HAProxy has them since 3.2.
"""

from dataplane_core.plugin import (
    FILES,
    Registry,
    arg,
    flag,
    impl,
    on_off,
    one_of,
    params,
    statement,
    word,
)
from dataplane_plugins.configuration.common.certificate_files import (
    CRT,
    ISSUER,
    KEY,
    OCSP,
    SCTL,
)
from dataplane_plugins.configuration.common.names import AUTHORITIES
from dataplane_plugins.configuration.servers.shared_params import (
    CIPHERS,
    CIPHERSUITES,
    CLIENT_SIGALGS,
    SIGALGS,
    TLS_VERSIONS,
    VERIFY_CLIENTS,
)

RANK = 14

SSL_FRONT_USE = statement(
    "ssl-f-use",
    params(
        CRT,
        KEY,
        OCSP,
        SCTL,
        arg("alpn", word("alpn", None, help="Protocols to offer by ALPN.")),
        flag("no-alpn", "no_alpn", help="Offer none."),
        flag("allow-0rtt", "allow_0rtt", help="Take early data."),
        arg(
            "ca-file",
            word(
                "ca_file", None, refers_to=AUTHORITIES, help="Authorities of client certificates."
            ),
        ),
        arg(
            "crl-file", word("crl_file", None, refers_to=FILES, help="Revoked client certificates.")
        ),
        VERIFY_CLIENTS,
        flag("no-ca-names", "no_ca_names", help="Do not tell clients the names of authorities."),
        CIPHERS,
        arg("npn", word("npn", None, help="Protocols to offer by NPN.")),
        CIPHERSUITES,
        arg("curves", word("curves", None, help="Elliptic curves, in order of preference.")),
        arg("ecdhe", word("ecdhe", None, help="Elliptic curve of key exchange.")),
        SIGALGS,
        CLIENT_SIGALGS,
        arg("ssl-min-ver", one_of("ssl_min_ver", *TLS_VERSIONS, help="The oldest version.")),
        arg("ssl-max-ver", one_of("ssl_max_ver", *TLS_VERSIONS, help="The newest version.")),
        ISSUER,
        arg("ocsp-update", on_off("ocsp_update", help="Keep the OCSP answer up to date.")),
    ),
    examples=["ssl-f-use crt site.pem key site.key alpn h2 ssl-min-ver TLSv1.2 ocsp-update on"],
    rejects=["ssl-f-use", "ssl-f-use alpn h2", "ssl-f-use crt"],
)


@impl
def dataplane_register(registry: Registry) -> None:
    """Declare the certificates of frontends and `listen` sections."""
    registry.rows(
        "ssl_front_uses",
        SSL_FRONT_USE,
        key=None,
        parents=("frontend",),
        rank=RANK,
        appended=True,
        title="SSLFrontUse",
        help="Certificates that a frontend offers.",
    )
