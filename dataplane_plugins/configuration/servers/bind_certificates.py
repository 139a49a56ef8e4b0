"""Keywords of `bind` lines that say which certificates it shows, and which it asks for.

Manual, section 5.1.
"""

from dataplane_core.plugin import FILES, arg, args, joined, word
from dataplane_plugins.configuration.common import names
from dataplane_plugins.configuration.common.values import or_variable

_ERRORS = or_variable(r"\w+(,\w+)*")
"""Errors of certificates, by number or name, or `all` (manual, section 5.1 "ca-ignore-err")."""

CERTIFICATES = (
    arg(
        "crt",
        word(
            "ssl_certificate",
            refers_to=names.CERTIFICATES,
            help="Certificate and key: a file, or a folder of them.",
        ),
        several=True,
    ),
    arg(
        "ca-file",
        word(
            "ssl_cafile",
            refers_to=names.AUTHORITIES,
            help="Authorities that client certificates are checked"
            " with: a file, a folder, or @system-ca.",
        ),
    ),
    arg(
        "ca-verify-file",
        word(
            "ca_verify_file",
            pattern=None,
            refers_to=names.AUTHORITIES,
            help=(
                "Authorities that client certificates are checked with, beside those that are named"
                " to the client."
            ),
        ),
    ),
)
"""The certificate of a line, and the authorities that sign those of its clients."""

CA_IGNORE_ERR = joined(
    "ca-ignore-err",
    word(
        "ca_ignore_err",
        _ERRORS,
        help="Errors of a client's authorities to overlook: numbers, or all.",
    ),
)
DEFAULT_CRT = args(
    "default-crt",
    "default_crt_list",
    word("default_crt_list"),
    refers_to=names.CERTIFICATES,
    help="Certificates for clients that name no server.",
)
SIGNING = (
    arg(
        "ca-sign-file",
        word(
            "ca_sign_file",
            pattern=None,
            refers_to=FILES,
            help="Authority that signs certificates made on the fly.",
        ),
    ),
    arg(
        "ca-sign-pass",
        word("ca_sign_pass", pattern=None, secret=True, help="Password of the authority's key."),
    ),
)
CRT_IGNORE_ERR = joined(
    "crt-ignore-err",
    word(
        "crt_ignore_err",
        _ERRORS,
        help="Errors of client certificates to overlook: numbers, or all.",
    ),
)
CRT_LIST = arg(
    "crt-list",
    word(
        "crt_list",
        pattern=None,
        refers_to=FILES,
        help="File of certificates with the names that they are for.",
    ),
    several=True,
)
