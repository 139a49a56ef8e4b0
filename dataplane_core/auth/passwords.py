"""Verify passwords, in plain text or as any hash that crypt(3) knows here, and make hashes."""

from dataclasses import field
from typing import Any

from dataplane_core.auth import crypt_library
from dataplane_core.dataclass import dataclass
from dataplane_core.digests import is_equal
from dataplane_core.errors import Invalid

LONGEST = 512
"""Most bytes of a password: crypt(3) refuses longer ones, and to hash them takes long."""
_ROUNDS = 5000  # crypt's own default, as HAProxy verifies a password in every request
_BCRYPT_SIGNIFICANT = 72  # bytes of a password that bcrypt looks at


@dataclass(frozen=True, slots=True)
class StoredPassword:
    """What is stored of a password: a hash, or where `insecure` the password itself."""

    stored: str = field(repr=False)
    insecure: bool = False


def verify(password: bytes, secret: StoredPassword) -> bool:
    """Tell whether a password is right.

    A password that cannot be right (too long, or with a NUL) takes as long as any other.
    """
    possible = len(password) <= LONGEST and b"\0" not in password
    given = password if possible else b"\x01"
    if secret.insecure:
        right = is_equal(given, secret.stored.encode("utf-8", "surrogateescape"))
    else:
        right = _verify_hash(given, secret.stored)
    return right and possible


def _verify_hash(password: bytes, stored: str) -> bool:
    verdict = crypt_library.verify(password, stored)
    return verdict if verdict is not None else _verify_in_python(password, stored)


def _verify_in_python(password: bytes, stored: str) -> bool:
    """Verify without the system's library; no password fits a hash of an unknown kind."""
    try:
        if stored.startswith("$2"):
            import bcrypt

            return bcrypt.checkpw(password[:_BCRYPT_SIGNIFICANT], stored.encode())
        from passlib import hash as schemes

        for prefix, scheme in (
            ("$1$", schemes.md5_crypt),
            ("$5$", schemes.sha256_crypt),
            ("$6$", schemes.sha512_crypt),
        ):
            if stored.startswith(prefix):
                return bool(scheme.verify(password, stored))
    except ValueError:
        return False
    return False


def hash_password(password: str) -> str:
    """Return a hash of a password that crypt(3), HAProxy and this server understand (sha512).

    Raises `Invalid` for a password that could not be used: empty, too long, or with a NUL.
    """
    from passlib import hash as schemes

    data = password.encode("utf-8", "surrogateescape")
    if not data or len(data) > LONGEST or b"\0" in data:
        raise Invalid(f"a password has 1 to {LONGEST} bytes, and no NUL")
    scheme: Any = schemes.sha512_crypt
    return str(scheme.using(rounds=_ROUNDS).hash(data))
