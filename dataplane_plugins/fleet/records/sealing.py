"""Hide what a fleet keeps in its store, and prove who wrote it.

All members have one key of 32 bytes, which the store never sees. Two keys are derived from it
(HKDF, RFC 5869): one names contents, the other seals values (AES-256-GCM), each bound to the key of
the store under which it stands, so that nobody can move it to another place. What a member says is
signed besides with a key of its own (Ed25519, RFC 8032), so that no member can speak for another.
"""

import base64
import hashlib
import hmac
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from dataplane_core.plugin import write_atomically

KEY_BYTES = 32
LARGEST_RECORD = 512 << 10
"""Bytes that no record has: what is larger is not even opened."""
_NONCE_BYTES, _SIGNATURE_BYTES, _NAME_BYTES = 12, 64, 18

PublicKeys = Callable[[str], bytes]
"""Returns the public key of a member by its name; raises `Forged` where there is no such member."""

OtherKeys = Callable[[str, str], Iterable[bytes]]
"""Returns the keys of a member, by its name, that may have signed what stands at a place as well:
its newest one, and those of members that had the name before and were removed."""


class Forged(Exception):
    """A value of the store was not written by a member of the fleet, or not for its place."""


def new_key() -> str:
    """Return a new key of a fleet, in base64."""
    return base64.b64encode(os.urandom(KEY_BYTES)).decode()


def read_key(text: str) -> bytes:
    """Return the key that a text says in base64; raises `ValueError` for what is none."""
    with suppress(ValueError):
        key = base64.b64decode(text.strip(), validate=True)
        if len(key) == KEY_BYTES:
            return key
    raise ValueError(f"is no key of a fleet: {KEY_BYTES} bytes in base64")


class FleetKey:
    """What all members of a fleet share."""

    def __init__(self, key: bytes, fleet: str) -> None:
        self._naming = _derived(key, fleet, "names")
        self._cipher = AESGCM(_derived(key, fleet, "values"))

    def name(self, data: bytes) -> str:
        """Return the name of a content: 24 letters, which tell nothing to whoever lacks the key."""
        digest = hmac.new(self._naming, data, hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest[:_NAME_BYTES]).decode()

    def seal(self, data: bytes, place: str) -> bytes:
        """Return a value as the store has it under the key `place`."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, data, place.encode())

    def open(self, sealed: bytes, place: str) -> bytes:
        """Return what was sealed for the key `place`; raises `Forged`."""
        try:
            return self._cipher.decrypt(
                sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], place.encode()
            )
        except (InvalidTag, ValueError):
            raise Forged(f"{place} was not written with the key of this fleet") from None


class NodeKey:
    """The key with which one member signs."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private

    @classmethod
    def kept(cls, path: Path) -> "NodeKey":
        """Return the key in a file that only its owner can read, which is made if it is not there.

        Raises `StorageFailed`, and `ValueError` for a file that holds something else.
        """
        with suppress(FileNotFoundError):
            return cls(Ed25519PrivateKey.from_private_bytes(path.read_bytes()))
        private = Ed25519PrivateKey.generate()
        write_atomically(path, private.private_bytes_raw(), 0o600)
        return cls(private)

    @property
    def public(self) -> bytes:
        """The public key, 32 bytes."""
        return self._private.public_key().public_bytes(
            serialization.Encoding.Raw, serialization.PublicFormat.Raw
        )

    def sign(self, data: bytes) -> bytes:
        """Return the signature of some bytes."""
        return self._private.sign(data)


class Signer:
    """Writes what one member says, and reads what any of them has said."""

    def __init__(
        self, key: FleetKey, name: str, own: NodeKey, public_keys: PublicKeys,
        other_keys: OtherKeys = lambda name, place: (),
    ) -> None:  # fmt: skip
        self._key = key
        self._name = name
        self._own = own
        self._public_keys = public_keys
        self._other_keys = other_keys

    def write(self, data: bytes, place: str) -> bytes:
        """Return a value for the key `place`, signed and sealed."""
        name = self._name.encode()
        signature = self._own.sign(_signed(name, place, data))
        return self._key.seal(bytes([len(name)]) + name + signature + data, place)

    def read(self, sealed: bytes, place: str) -> tuple[str, bytes]:
        """Return who wrote the value of the key `place`, and what; raises `Forged`."""
        if len(sealed) > LARGEST_RECORD:
            raise Forged(f"{place} is too large: no member writes so much")
        whole = self._key.open(sealed, place)
        end = 1 + (whole[0] if whole else 0)
        name, data = whole[1:end], whole[end + _SIGNATURE_BYTES :]
        member = name.decode("utf-8", "replace")
        signature, signed = whole[end : end + _SIGNATURE_BYTES], _signed(name, place, data)
        if not any(_verifies(one, signature, signed) for one in self._keys(member, place)):
            raise Forged(f"{place} was not written by {member}, who is named in it")
        return member, data

    def _keys(self, member: str, place: str) -> Iterator[bytes]:
        with suppress(Forged):
            yield self._public_keys(member)
        yield from self._other_keys(member, place)


def _verifies(public: bytes, signature: bytes, data: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, data)
    except (InvalidSignature, ValueError):
        return False
    return True


def _signed(name: bytes, place: str, data: bytes) -> bytes:
    """Return what a signature is of: nobody can use it for another place, or another member."""
    return b"\0".join((name, place.encode(), data))


def _derived(key: bytes, fleet: str, purpose: str) -> bytes:
    information = f"dataplane fleet {fleet}: {purpose}".encode()
    return HKDF(hashes.SHA256(), KEY_BYTES, salt=None, info=information).derive(key)
