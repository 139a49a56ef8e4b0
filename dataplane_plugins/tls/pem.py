"""Certificates, keys and revocation lists in PEM (RFC 7468): what they say, and their use.

Facts are written as HAProxy's `show ssl cert` writes them, dates as RFC 3339 has them.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from dataplane_core.plugin import Invalid, dataclass, lazy_pattern

if TYPE_CHECKING:
    from cryptography import x509

T = TypeVar("T")

# An object ends before another begins or ends: so a file is gone through once, whatever it is.
_BLOCK = lazy_pattern(
    rb"-----BEGIN ([A-Z0-9 ]++)-----((?:[^-]++|-(?!----(?:BEGIN|END) ))*+)-----END \1-----"
)
_BODY = lazy_pattern(rb"[A-Za-z0-9+/=\s]+")
_LINE_ENDS = bytes.maketrans(b" \t\r\v\f", b"\n\n\n\n\n")
_CERTIFICATE, _REVOKED, _KEY = b"CERTIFICATE", b"X509 CRL", b"PRIVATE KEY"
_PARAMETERS = (b"DH PARAMETERS", b"EC PARAMETERS")
AROUND = 1 << 16  # bytes of a form around a file
MOST_BYTES = 4 << 20
"""Of the largest PEM file that is taken: more than ten times that is needed to read one."""


@dataclass(frozen=True, slots=True)
class PemBlock:
    """One object of a PEM file: what it is, and its text without anything around it."""

    label: bytes
    text: bytes


@dataclass(frozen=True, slots=True)
class PemBundle:
    """The objects of a PEM file, in their order."""

    blocks: tuple[PemBlock, ...]

    @property
    def text(self) -> str:
        """All objects, and nothing else: comments and empty lines are left out."""
        return b"".join(block.text for block in self.blocks).decode("ascii")

    def of(self, *labels: bytes) -> list[bytes]:
        """Return the objects whose PEM label ends with one of `labels`."""
        return [block.text for block in self.blocks if block.label.endswith(labels)]

    @property
    def serves(self) -> bool:
        """Whether a listener can use it by itself: a certificate with its key."""
        return bool(self.of(_CERTIFICATE)) and bool(self.of(_KEY))


def parse_pem(data: bytes) -> PemBundle:
    """Return the objects of a PEM file; raises `Invalid` for no PEM, or for unknown objects."""
    if len(data) > MOST_BYTES:
        raise Invalid(f"the file has more than {MOST_BYTES >> 20} MiB, the most that PEM may have")
    found = tuple(_block(*match.groups()) for match in _BLOCK.finditer(data))
    if not found:
        raise Invalid("the file holds no certificate in PEM format")
    if data.count(b"-----BEGIN ") != len(found):
        raise Invalid("the file holds a PEM object that does not end")
    return PemBundle(found)


def pem_or_none(data: bytes) -> PemBundle | None:
    """Return the objects of a file of any kind; None if it is no PEM."""
    try:
        return parse_pem(data)
    except Invalid:
        return None


def _block(label: bytes, body: bytes) -> PemBlock:
    words = label.decode("ascii")
    if label not in (_CERTIFICATE, _REVOKED, *_PARAMETERS) and not label.endswith(_KEY):
        raise Invalid(f"the file holds a PEM object that HAProxy does not use: {words}")
    if label.startswith(b"ENCRYPTED") or b"ENCRYPTED" in body:
        raise Invalid("the private key is encrypted; HAProxy needs it without a password")
    if not _BODY.fullmatch(body):
        raise Invalid(f"the file holds a {words} that is not in base64")
    lines = body.translate(_LINE_ENDS).strip(b"\n")
    while b"\n\n" in lines:  # no list of lines: each would take more than is in it
        lines = lines.replace(b"\n\n", b"\n")
    return PemBlock(label, b"-----BEGIN %s-----\n%s\n-----END %s-----\n" % (label, lines, label))


def check_pem(data: bytes) -> PemBundle:
    """Return the objects of a file that HAProxy can load.

    Raises `Invalid` when one of them cannot be read, or the key is not the first certificate's.
    """
    from cryptography import x509

    bundle = parse_pem(data)
    certificates, keys = bundle.of(_CERTIFICATE), bundle.of(_KEY)
    for text in certificates:  # one by one: each is let go before the next is read
        _loaded("a certificate", x509.load_pem_x509_certificate, text)
    for text in bundle.of(_REVOKED):
        _loaded("a revocation list", x509.load_pem_x509_crl, text)
    for text in keys:
        _public_key(text)
    if keys and certificates and _public_key(keys[0]) != _key_of(certificates[0]):
        raise Invalid(
            "the private key does not belong to the first certificate of the file; of several keys "
            "HAProxy takes the first"
        )
    if not (keys or certificates or bundle.of(_REVOKED)):
        raise Invalid("the file holds no certificate in PEM format")
    return bundle


def check_key(bundle: PemBundle, former: bytes, beside: bytes) -> None:
    """Raise `Invalid` where a certificate would lose its key, or be beside another's.

    `former` is what the file held, `beside` what the file of its key holds, "" without one.
    """
    certificates = bundle.of(_CERTIFICATE)
    if bundle.serves or not certificates:
        return
    own, apart = pem_or_none(former), pem_or_none(beside)
    keys = apart.of(_KEY) if apart else []
    if not keys and own is not None and own.serves:
        raise Invalid(
            "the file lacks its certificate's private key, which HAProxy needs: put it into the "
            "file, or beside it"
        )
    for text in keys[:1]:
        if _public_key(text) != _key_of(certificates[0]):
            raise Invalid(
                "the private key in the file beside it does not belong to the first certificate of "
                "the file; send both in one file"
            )


def _public_key(text: bytes) -> Any:
    """Return the public half of a private key, which its certificates hold as well."""
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    return _loaded("a private key", lambda one: load_pem_private_key(one, None), text).public_key()


def _key_of(certificate: bytes) -> Any:
    from cryptography import x509

    return x509.load_pem_x509_certificate(certificate).public_key()


def _loaded(what: str, load: Callable[[bytes], T], text: bytes) -> T:
    try:
        return load(text)
    except Exception:  # the library's words could repeat parts of a key
        raise Invalid(f"the file holds {what} that cannot be read") from None


def brief_facts(data: bytes) -> dict[str, Any]:
    """Return the facts of a file's first certificate with decimal serial number and bare names.

    So the interface has them from its third version on, beside those that HAProxy itself tells.
    """
    facts, chain = certificate_facts(data), _chain(data)
    if not facts:
        return {}
    names = {"subject": _common(chain[0].subject), "serial": str(chain[0].serial_number)}
    if len(chain) > 1:
        names["chain_subject"] = _common(chain[1].subject)
        names["chain_issuer"] = _common(chain[1].issuer)
    return {**facts, **names}


def _of_each(
    data: bytes, read: "Callable[[x509.Certificate], T]", most: int | None = None
) -> list[T]:
    """Return what is read of the first certificates of a file; nothing where one is not readable.

    Each is let go before the next is read: a file may have thousands.
    """
    from cryptography import x509

    try:
        texts = parse_pem(data).of(_CERTIFICATE)[:most]
        return [read(x509.load_pem_x509_certificate(text)) for text in texts]
    except (Invalid, ValueError):
        return []


def _chain(data: bytes) -> "list[x509.Certificate]":
    """Return the first certificate of a file, and the one that may have issued it."""
    return _of_each(data, lambda one: one, 2)


def certificate_facts(data: bytes) -> dict[str, Any]:
    """Return the facts of the first certificate in a file; empty where there is none."""
    issuers, chain = _of_each(data, lambda one: _common(one.issuer)), _chain(data)
    if not issuers:
        return {}
    try:
        found = {**_times(chain[0]), **_names(chain[0]), **_marks(chain[0])}
        found["issuers"] = ", ".join(dict.fromkeys(issuers))
    except ValueError:
        return {}
    if len(chain) > 1:
        found["chain_subject"] = _line(chain[1].subject)
        found["chain_issuer"] = _line(chain[1].issuer)
    return {name: value for name, value in found.items() if value}


def fingerprints(data: bytes) -> list[str]:
    """Return the SHA-1 fingerprint of each certificate in a file, as HAProxy writes them."""
    from cryptography.hazmat.primitives import hashes

    return _of_each(data, lambda one: one.fingerprint(hashes.SHA1()).hex().upper())


def revocation_times(data: bytes) -> list[str]:
    """Return the moment of each revocation list in a file: `Nov 1 00:00:00 2026 GMT`."""
    from cryptography import x509

    found = parse_pem(data).of(_REVOKED)
    lists = (_loaded("a revocation list", x509.load_pem_x509_crl, text) for text in found)
    return [one.last_update_utc.strftime("%b %-d %H:%M:%S %Y GMT") for one in lists]


def _times(one: "x509.Certificate") -> dict[str, str]:
    form = "%Y-%m-%dT%H:%M:%S.000Z"
    return {
        "not_before": one.not_valid_before_utc.strftime(form),
        "not_after": one.not_valid_after_utc.strftime(form),
    }


def _names(one: "x509.Certificate") -> dict[str, str]:
    from cryptography import x509

    extension = _extension(one, x509.SubjectAlternativeName)
    domains = extension.get_values_for_type(x509.DNSName) if extension else []
    addresses = extension.get_values_for_type(x509.IPAddress) if extension else []
    alternatives = [f"DNS:{name}" for name in domains]
    alternatives += [f"IP Address:{address}" for address in addresses]
    return {
        "subject": _line(one.subject),
        "subject_alternative_names": ", ".join(alternatives),
        "domains": ", ".join(domains),
        "ip_addresses": ", ".join(map(str, addresses)),
    }


def _marks(one: "x509.Certificate") -> dict[str, str]:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    subject = _extension(one, x509.SubjectKeyIdentifier)
    authority = _extension(one, x509.AuthorityKeyIdentifier)
    identifier = authority.key_identifier if authority else None
    return {
        "serial": f"{one.serial_number:X}",
        "algorithm": _algorithm(one),
        "sha1_finger_print": one.fingerprint(hashes.SHA1()).hex().upper(),
        "sha256_finger_print": one.fingerprint(hashes.SHA256()).hex().upper(),
        "subject_key_id": subject.digest.hex().upper() if subject else "",
        "authority_key_id": identifier.hex().upper() if identifier else "",
    }


def _extension(one: "x509.Certificate", kind: Any) -> Any:
    from cryptography import x509

    try:
        return one.extensions.get_extension_for_class(kind).value
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return None


def _algorithm(one: "x509.Certificate") -> str:
    """Return the key's family and its size in bits, such as `RSA2048`."""
    key: Any = one.public_key()
    family = type(key).__name__.lstrip("_").removesuffix("PublicKey")
    return f"{family.upper()}{getattr(key, 'key_size', '')}"


def _pairs(name: "x509.Name") -> Sequence[tuple[str, str]]:
    return [
        (one.rfc4514_attribute_name, one.value if isinstance(one.value, str) else one.value.hex())
        for one in name
    ]


def _line(name: "x509.Name") -> str:
    return "".join(f"/{kind}={value}" for kind, value in _pairs(name))


def _common(name: "x509.Name") -> str:
    """Return the common name; the whole name where it has none."""
    return next((value for kind, value in _pairs(name) if kind == "CN"), "") or _line(name)
