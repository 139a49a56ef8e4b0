"""Read whom a client certificate names."""

from functools import lru_cache


@lru_cache(maxsize=256)
def certificate_names(der: bytes) -> tuple[str, tuple[str, ...]]:
    """Return whom a certificate (DER) names; the TLS listener has verified it already.

    First the common name of the subject, else the whole subject (RFC 4514), else ""; then the
    alternative names: of hosts, mailboxes, and URIs.
    """
    # Imported here, which takes 0.1 s: only TLS with certificates of clients needs it.
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    try:
        certificate = x509.load_der_x509_certificate(der)
        subject = certificate.subject
        names = subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        name = str(names[0].value) if names else subject.rfc4514_string()
    except ValueError:
        return "", ()
    others: list[str] = []
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        for kind in (x509.DNSName, x509.RFC822Name, x509.UniformResourceIdentifier):
            others.extend(map(str, found.get_values_for_type(kind)))
    except (ValueError, x509.ExtensionNotFound):
        pass
    return name, tuple(others)
