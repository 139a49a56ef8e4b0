"""The name in a client's certificate, which the TLS listener has verified already."""

from functools import lru_cache


@lru_cache(maxsize=256)
def certificate_name(der: bytes) -> str:
    """Return the common name of the subject, else the whole subject (RFC 4514), else ""."""
    # Imported here, at 0.1 s: only TLS with certificates of clients needs it.
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    try:
        subject = x509.load_der_x509_certificate(der).subject
        names = subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return str(names[0].value) if names else subject.rfc4514_string()
    except ValueError:
        return ""
