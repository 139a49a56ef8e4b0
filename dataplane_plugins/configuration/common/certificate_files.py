"""The files of one certificate, which `load` and `ssl-f-use` lines name (manual, section 12.7).

The table of a line names each at the place where it is written.
"""

from dataplane_core.plugin import FILES, arg, word
from dataplane_plugins.configuration.common.names import CERTIFICATES

CRT = arg(
    "crt",
    word(
        "certificate",
        required=True,
        refers_to=CERTIFICATES,
        help="The certificate, with or without its key.",
    ),
    required=True,
)
"""A line cannot do without it."""
KEY = arg("key", word("key", None, refers_to=FILES, help="The private key."))
OCSP = arg("ocsp", word("ocsp", None, refers_to=FILES, help="The OCSP answer."))
ISSUER = arg("issuer", word("issuer", None, refers_to=FILES, help="The certificate of the issuer."))
SCTL = arg(
    "sctl", word("sctl", None, refers_to=FILES, help="Signed timestamps of transparency logs.")
)
