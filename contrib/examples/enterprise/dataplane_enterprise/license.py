"""Read the licence file: JSON that names the customer and the last day, and is signed."""

import base64
import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

PUBLIC_KEY = "50c2bafdfce36bc35de4e0e1aa43e99e02a7135b19b61434b1297d5592865581"
"""What licences are verified with, in hex; the company keeps the other half."""
SIGNED = ("customer", "expires")


class LicenseRefused(Exception):
    """The licence is not valid, for the reason that the message says."""


@dataclass(frozen=True)
class License:
    """A licence that is valid: who has it, and until which day."""

    customer: str
    expires: date


def signed_part(said: dict[str, str]) -> bytes:
    """Return the bytes of a licence that its signature is for."""
    return json.dumps({name: said[name] for name in SIGNED}, sort_keys=True).encode()


def read_license(file: str, today: date) -> License:
    """Return the licence in a file; raises `LicenseRefused`."""
    try:
        said = json.loads(Path(file).read_text("utf-8"))
        expires = date.fromisoformat(said["expires"])
        signature = base64.b64decode(said["signature"])
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(PUBLIC_KEY))
        key.verify(signature, signed_part(said))
    except OSError as error:
        raise LicenseRefused(f"{file} cannot be read: {error.strerror}") from None
    except InvalidSignature:
        raise LicenseRefused(f"{file} is not signed by Example Balancers") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise LicenseRefused(f"{file} is no licence file") from None
    if today > expires:
        raise LicenseRefused(f"{file} was valid until {expires}")
    return License(str(said["customer"]), expires)
