"""Tell which stored passwords admit nobody, and what to do about each."""

from collections.abc import Iterator, Mapping

from dataplane_core.auth import crypt_library
from dataplane_core.auth.hash_cost import unusable
from dataplane_core.auth.passwords import StoredPassword
from dataplane_core.settings import Settings

_YESCRYPT = "$y$j75$saltsalt$5wlMXHz82Iqiv0ywbT8h3LCVssbi3h0Xh43jM7E7Tr2"
"""Some yescrypt hash, to see whether this machine can verify one."""
_EMPTY = (
    "its password is empty: it admits nobody but over the Unix socket, unless "
    "dataplane.empty_passwords says so"
)


def password_faults(
    settings: Settings, secrets: Mapping[str, StoredPassword]
) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with stored passwords, by the names of their users, and the remedy."""
    limits = settings.dataplane
    for name, secret in secrets.items():
        if reason := unusable(secret, limits.password_rounds):
            what = f"the user {name} is not admitted: {reason}"
            yield what, "`dataplane passwd` makes a hash of 5000 rounds."
        elif secret.insecure and not secret.stored and not limits.empty_passwords:
            yield f"the user {name}: {_EMPTY}", "Give the user a password."
    is_wanted = any(one.stored.startswith("$y$") for one in secrets.values())
    if is_wanted and crypt_library.verify(b"x", _YESCRYPT) is None:
        what = "a user's password is a yescrypt hash, which this machine cannot verify"
        yield what, "Install libcrypt (libxcrypt), or use a sha512 hash."
