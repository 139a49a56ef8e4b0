"""The files of one certificate, which `load` and `ssl-f-use` lines name (manual, section 12.7).

The table of a line names each at the place where it is written.
"""

from dataplane_core.plugin import arg, word

CRT = arg(
    "crt",
    word("certificate", required=True, help="The certificate, with or without its key."),
    required=True,
)
"""A line cannot do without it."""
KEY = arg("key", word("key", None, help="The private key."))
OCSP = arg("ocsp", word("ocsp", None, help="The OCSP answer."))
ISSUER = arg("issuer", word("issuer", None, help="The certificate of the issuer."))
SCTL = arg("sctl", word("sctl", None, help="Signed timestamps of transparency logs."))
