"""The schema of a certificate, stored or loaded."""

from dataplane_core.plugin import Routes, array

_TEXT = {"type": "string"}
_READ = {**_TEXT, "readOnly": True}
_TIME = {"type": "string", "format": "date-time", "readOnly": True, "x-nullable": True}
CERTIFICATE = {
    "type": "object",
    "properties": {
        "algorithm": _TEXT,
        "authority_key_id": _TEXT,
        "chain_issuer": _TEXT,
        "chain_subject": _TEXT,
        "description": _TEXT,
        "domains": _READ,
        "file": _TEXT,
        "ip_addresses": _READ,
        "issuers": _READ,
        "not_after": _TIME,
        "not_before": _TIME,
        "serial": _TEXT,
        "sha1_finger_print": _TEXT,
        "sha256_finger_print": _TEXT,
        "size": {"type": "integer", "x-nullable": True, "readOnly": True},
        "status": _READ,
        "storage_name": _TEXT,
        "subject": _TEXT,
        "subject_alternative_names": _TEXT,
        "subject_key_id": _TEXT,
    },
}


def define_certificates(routes: Routes) -> None:
    """Define the schemas `ssl_certificate` and `ssl_certificates`."""
    routes.schema("ssl_certificate", CERTIFICATE)
    routes.schema("ssl_certificates", array("ssl_certificate"))
