"""The files of one certificate, which `load` and `ssl-f-use` lines name (manual, section 12.7)."""

from dataplane_core.plugin import ParameterKeyword, arg, word


def certificate_files() -> tuple[ParameterKeyword, ...]:
    """Return `crt`, which a line cannot do without, and the keywords of the files beside it."""
    return (
        arg(
            "crt",
            word("certificate", required=True, help="The certificate, with or without its key."),
            required=True,
        ),
        arg("key", word("key", None, help="The private key.")),
        arg("ocsp", word("ocsp", None, help="The OCSP answer.")),
        arg("issuer", word("issuer", None, help="The certificate of the issuer.")),
        arg("sctl", word("sctl", None, help="Signed timestamps of transparency logs.")),
    )
