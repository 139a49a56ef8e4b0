"""Tell what it costs to verify a password with a stored hash, before it is verified.

The cost is in rounds of SHA-512 as crypt(3) counts them, of which a machine does about two million
a second. What a hash of another scheme costs is what takes about as long.
"""

from dataplane_core.auth.passwords import StoredPassword

_DIGITS = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_UNKNOWN = float("inf")
_DEFAULT = 5000  # rounds of SHA-256 and SHA-512 where the hash names none
_BCRYPT = 80  # rounds of SHA-512 in the time of one of bcrypt
_OF_MEMORY = 2  # blocks of scrypt and yescrypt in the time of one round
_MOST_POWERS = 63


def cost_of(secret: StoredPassword) -> float:
    """Return the rounds that one look at a stored password costs; infinite where that is unknown.

    >>> cost_of(StoredPassword("$6$rounds=800000$salt$hash")), cost_of(StoredPassword("$5$salt$h"))
    (800000.0, 5000.0)
    """
    parts = secret.stored.split("$")
    if secret.insecure or len(parts) < 4 or parts[0]:
        return 0.0  # the password itself, or the old DES
    scheme, parameters = parts[1], parts[2]
    if scheme in ("5", "6"):
        named = parameters.startswith("rounds=")
        return _number(parameters.removeprefix("rounds=")) if named else float(_DEFAULT)
    if scheme.startswith("2"):
        return _BCRYPT * float(2 ** int(min(_number(parameters), _MOST_POWERS)))
    if scheme in ("y", "gy"):
        return _of_yescrypt(parameters)
    if scheme == "7":
        return _of_scrypt(parameters)
    return 1000.0  # md5 has no other


def unusable(secret: StoredPassword, most: int) -> str:
    """Return why nobody is admitted by a stored password that costs more than `most`, else ""."""
    if not most or cost_of(secret) <= most:
        return ""
    return f"its hash takes more than {most} rounds, the most of dataplane.password_rounds"


def imitation(secret: StoredPassword) -> StoredPassword:
    """Return a stored password that no password has, and that takes as long to verify."""
    if secret.insecure:
        return StoredPassword("\0" * max(1, len(secret.stored)), True)
    head, dollar, digest = secret.stored.rpartition("$")
    if secret.stored.startswith("$2"):
        head, digest = secret.stored[:29], secret.stored[29:]
        dollar = ""
    return StoredPassword(f"{head}{dollar}{'.' * len(digest)}")


def _number(text: str) -> float:
    return float(text) if text.isascii() and text.isdigit() else _UNKNOWN


def _of_yescrypt(parameters: str) -> float:
    """Return the cost of yescrypt with its flavour, its power of two and its size of blocks."""
    if len(parameters) != 3 or any(one not in _DIGITS for one in parameters):
        return _UNKNOWN
    power, size = _DIGITS.index(parameters[1]) + 1, _DIGITS.index(parameters[2]) + 1
    return (1 << power) * size / _OF_MEMORY


def _of_scrypt(parameters: str) -> float:
    """Return the cost of scrypt: a power of two, and two numbers, their lowest digits first."""
    if len(parameters) < 11 or any(one not in _DIGITS for one in parameters[:11]):
        return _UNKNOWN
    values = [_DIGITS.index(one) for one in parameters[:11]]
    size, lanes = (
        sum(value << 6 * at for at, value in enumerate(values[begin : begin + 5]))
        for begin in (1, 6)
    )
    return (1 << values[0]) * size * lanes / _OF_MEMORY
