"""Named tokens of programs: each with a role, paths that it is for, and an end.

A token is 256 random bits, shown once, when it is made. The state has its SHA-256 alone.
"""

import base64
import json
import os
import re
import sqlite3
import time
from collections.abc import Iterable

from dataplane_core.auth.authenticator import MESSAGE, Admission, Identity
from dataplane_core.auth.roles import role_of
from dataplane_core.dataclass import dataclass
from dataplane_core.digests import sha256
from dataplane_core.errors import AlreadyExists, Conflict, NotFound, Unauthorized
from dataplane_core.settings.access import TokenSettings, moment_of
from dataplane_core.store import State

METHOD = "token"
_PREFIX = "dp_"
_TOKEN = re.compile(_PREFIX + r"[A-Za-z0-9_-]{43}")
_STEPS = (
    """
    CREATE TABLE tokens (
        name TEXT PRIMARY KEY,
        digest TEXT NOT NULL UNIQUE,
        role TEXT NOT NULL,
        paths TEXT NOT NULL,
        made REAL NOT NULL,
        made_by BLOB NOT NULL,
        expires REAL NOT NULL
    )
    """,
)
_COLUMNS = "name, role, paths, made, made_by, expires"


@dataclass(frozen=True, slots=True)
class Token:
    """A token without its secret; moments are seconds since 1970, and `expires` is 0 for never.

    One of the settings was `made` at 0.
    """

    name: str
    role: str
    paths: tuple[str, ...]
    made: float
    made_by: str
    expires: float

    def has_expired(self, now: float) -> bool:
        """Return whether the token is good no more."""
        return self.expires != 0 and now >= self.expires


class Tokens:
    """Makes, recognises and revokes tokens, for all workers that share a state."""

    def __init__(self, state: State, configured: Iterable[TokenSettings] = ()) -> None:
        """Know the tokens of a state, and those of the settings: `configured`."""
        self._state = state
        self._configured = {one.digest.lower(): _configured(one) for one in configured}
        self._clock = time.time
        state.migrate("tokens", _STEPS)

    def make(
        self, name: str, role: str, paths: Iterable[str], lifetime: float, made_by: str
    ) -> tuple[Token, str]:
        """Make a token that ends after `lifetime` seconds, or never; return it and its secret.

        Raises `AlreadyExists` for a name that another token has, be it expired or not.
        """
        secret, now = new_secret(), self._clock()
        self._refuse_configured(name)
        token = Token(name, role, tuple(paths), now, made_by, now + lifetime if lifetime else 0.0)
        values = (
            name, digest_of_token(secret), role, json.dumps(token.paths), now,
            made_by.encode("utf-8", "surrogateescape"), token.expires,
        )  # fmt: skip
        with self._state.write() as connection:
            made = connection.execute(
                "INSERT INTO tokens (name, digest, role, paths, made, made_by, expires) "
                "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                values,
            )
        if made.rowcount != 1:
            raise AlreadyExists(f"there is a token {name}: revoke it first, or choose another name")
        return token, secret

    def is_expired(self, token: Token) -> bool:
        """Return whether a token is good no more."""
        return token.has_expired(self._clock())

    def all(self) -> list[Token]:
        """Return all tokens, those of the settings and expired ones too, by their names."""
        rows = self._state.read(f"SELECT {_COLUMNS} FROM tokens ORDER BY name", ())
        return sorted([*self._configured.values(), *map(_token, rows)], key=lambda one: one.name)

    def revoke(self, name: str) -> None:
        """Have a token be good no more, in all workers before this returns; raises `NotFound`."""
        self._refuse_configured(name)
        with self._state.write() as connection:
            gone = connection.execute("DELETE FROM tokens WHERE name = ?", (name,))
        if gone.rowcount != 1:
            raise NotFound(f"there is no token {name}")

    def _refuse_configured(self, name: str) -> None:
        if any(one.name == name for one in self._configured.values()):
            raise Conflict(f"the token {name} is one of the settings: change it there")

    def admit(self, authorization: str | None) -> Admission | None:
        """Return whose token a header has; None for a header that has none of this server's form.

        Raises `Unauthorized` for a token that is not known, or has expired.
        """
        scheme, _, secret = (authorization or "").partition(" ")
        secret = secret.strip()
        if scheme.lower() != "bearer" or not _TOKEN.fullmatch(secret):
            return None
        digest = digest_of_token(secret)
        token = self._configured.get(digest)
        if token is None:
            query = f"SELECT {_COLUMNS} FROM tokens WHERE digest = ?"
            rows = self._state.read(query, (digest,))
            token = _token(rows[0]) if rows else None
        if token is None or token.has_expired(self._clock()):
            raise Unauthorized(MESSAGE)
        identity = Identity(token.name, METHOD, role=role_of(token.role), paths=token.paths)
        return Admission(identity, lambda document: False)


def _configured(one: TokenSettings) -> Token:
    paths = tuple(path.rstrip("/") for path in one.paths)
    return Token(one.name, one.role, paths, 0.0, "", moment_of(one.expires))


def new_secret() -> str:
    """Return a new token."""
    return _PREFIX + base64.urlsafe_b64encode(os.urandom(32)).rstrip(b"=").decode()


def digest_of_token(secret: str) -> str:
    """Return what is kept of a token: its SHA-256."""
    return sha256(secret.encode())


def _token(row: sqlite3.Row) -> Token:
    values = dict(row)
    values["paths"] = tuple(json.loads(values["paths"]))
    values["made_by"] = values["made_by"].decode("utf-8", "surrogateescape")
    return Token(**values)
