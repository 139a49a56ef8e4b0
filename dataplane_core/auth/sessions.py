"""Sessions of people at a browser: a token in the place of a password, for a limited time.

A token is 256 random bits. The state has its SHA-256, and a digest, keyed with the token, of the
user's stored password: so a session ends with the password it was begun with, and the state gives
nobody a token or a password.

A token is replaced after some minutes. The next one is made of it with a seed that the state keeps,
so that each request under way with the former token is told the same next one.
"""

import base64
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping

from dataplane_core.auth.authenticator import Admission, Authenticator, Identity
from dataplane_core.auth.session_table import Mark, SessionRow, SessionTable
from dataplane_core.auth.userlists import Account
from dataplane_core.dataclass import dataclass
from dataplane_core.digests import is_equal, sha256
from dataplane_core.errors import StorageFailed
from dataplane_core.store import State
from dataplane_core.text import Document

ROTATION = 900.0
"""Seconds after which a token is replaced."""
GRACE = 60.0
"""Seconds for which the former token is good then, for requests under way."""
MOST_SESSIONS = 20
"""Sessions of one user; the oldest ends when there is one more."""

_MOST_KNOWN = 1024
_SAVED_AFTER = 30.0  # seconds for which other workers may not know of a use
_TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True)
class Session:
    """A session that a request has, or has begun.

    `ends` is when it ends at the latest, as `State.now` counts, and `expires` the same by the
    present clock, in seconds since 1970. `new_token` is the token that the client has to keep from
    now on; empty where that is the one it has.
    """

    number: int
    admission: Admission
    account: Account
    ends: float
    expires: float
    new_token: str = ""


@dataclass(slots=True)
class _Known:
    """A session as it was read: good while nothing of this is otherwise."""

    session: Session
    accounts: Mapping[str, Account]
    mark: Mark
    until: float
    seen: float


class Sessions:
    """Begins, recognises and ends sessions, for all workers that share a state.

    A session ends `idle` seconds after its last use, and `lifetime` seconds after its begin, as
    `State.now` counts them: who sets the clock ends no session, and keeps none. One that seems to
    begin later than now was begun by another clock, before the machine was started again: it ends.
    """

    def __init__(
        self, state: State, authenticator: Authenticator, idle: float, lifetime: float
    ) -> None:
        self._table = SessionTable(state)
        self._authenticator = authenticator
        self.idle, self._lifetime = idle, lifetime
        self._clock = state.now
        self._lock = threading.Lock()
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._uses: dict[int, float] = {}

    def begin(
        self, name: str, password: bytes, former: str = "", address: str = ""
    ) -> Session:
        """Begin a session; raises as basic authentication does, and as slowly.

        `former` is a token that the client has already: its session ends. `address` is that of the
        client; empty over the Unix socket.
        """
        account = self._authenticator.account(name, password, address)
        if former and (row := self._table.find(_digest(former))) is not None:
            self._table.end(row.number)
        token, now = _text(os.urandom(_TOKEN_BYTES)), self._clock()
        self._remove_expired(now)
        proof = _proof(token, account)
        number = self._table.add(account.name, _digest(token), proof, now, MOST_SESSIONS)
        admission = Admission(_identity(account), lambda document: False)
        ends = now + self._lifetime
        return Session(number, admission, account, ends, self._expires(ends), token)

    def admit(self, token: str) -> Session | None:
        """Return the session of a token; None for one that has none any more."""
        digest = _digest(token)
        known = self._known.get(digest)
        if known is not None and self._stands(known, self._authenticator.accounts()):
            return known.session
        return self._look_up(digest, token)

    def lives(self, session: Session) -> bool:
        """Return whether a session has not ended since a request had it; that is no use of it."""
        account = self._authenticator.accounts().get(session.account.name)
        return (
            account == session.account
            and self._clock() < session.ends
            and self._table.is_there(session.number)
        )

    def end(self, session: Session) -> None:
        """End a session, in all workers before this returns."""
        self._table.end(session.number)

    def end_all(self, name: str) -> None:
        """End all sessions of a user, likewise."""
        self._table.end_all(name)

    def run(self, stop: threading.Event) -> None:
        """Save when sessions were used, again and again until `stop`, and then once more."""
        while not stop.wait(min(_SAVED_AFTER, self.idle / 10)):
            self.save()
        self.save()

    def save(self) -> None:
        """Save when sessions were used, and remove those that have expired.

        Where the state fails, the next call tries again.
        """
        uses, self._uses = self._uses, {}
        try:
            if uses:
                self._table.note_uses(tuple(uses.items()))
            self._remove_expired(self._clock())
        except StorageFailed:
            for number, moment in uses.items():
                self._uses.setdefault(number, moment)

    def _remove_expired(self, now: float) -> None:
        """Remove what has expired, unless another worker may know of a later use."""
        self._table.remove_expired(now - self._lifetime, now - self.idle - 2 * _SAVED_AFTER)

    def _stands(self, known: _Known, accounts: Mapping[str, Account] | None) -> bool:
        """Return whether a session that was read is as it was, and use it then."""
        now = self._clock()
        if (
            accounts is not known.accounts
            or now >= known.until
            or now - known.seen >= self.idle
            or self._table.mark() != known.mark
        ):
            return False
        known.seen = self._uses[known.session.number] = now
        return True

    def _look_up(self, digest: str, token: str) -> Session | None:
        """Read a session, and see whether it still is one."""
        mark, accounts, now = self._table.mark(), self._authenticator.accounts(), self._clock()
        row = self._table.find(digest)
        if row is None:
            return None
        seen = max(row.seen, self._uses.get(row.number, 0.0))
        account = accounts.get(row.user)
        over = now >= row.started + self._lifetime or now - seen >= self.idle
        if account is None or over or row.started > now + GRACE:
            self._table.end(row.number)
            return None
        is_former = row.current != digest
        if is_former:
            token = _successor(row.seed, token)
            if now >= row.former_until or _digest(token) != row.current:
                return None
        if not is_equal(_proof(token, account), row.proof):
            self._table.end(row.number)
            return None
        self._uses[row.number] = now
        if is_former:
            return self._session(row, account, token)
        if now - row.rotated >= ROTATION:
            return self._rotated(row, account, token, now)
        return self._remembered(row, account, accounts, mark, now)

    def _remembered(
        self, row: SessionRow, account: Account, accounts: Mapping[str, Account], mark: Mark,
        now: float,
    ) -> Session:  # fmt: skip
        """Return a session, and know it from now on."""
        until = min(row.rotated + ROTATION, row.started + self._lifetime)
        unchanged = self._authenticator.unchanged

        def holds(document: Document) -> bool:
            return self._stands(known, unchanged(document))

        ends = row.started + self._lifetime
        admission = Admission(_identity(account), holds)
        session = Session(row.number, admission, account, ends, self._expires(ends))
        known = _Known(session, accounts, mark, until, now)
        with self._lock:
            self._known[row.current] = known
            while len(self._known) > _MOST_KNOWN:
                self._known.popitem(last=False)
        return session

    def _rotated(
        self, row: SessionRow, account: Account, token: str, now: float
    ) -> Session | None:
        """Give a session its next token; the one that it has is good where the state fails."""
        seed = os.urandom(_TOKEN_BYTES)
        new = _successor(seed, token)
        proof = _proof(new, account)
        try:
            done = self._table.rotate(row, _digest(new), seed, proof, now, now + GRACE)
        except StorageFailed:
            return self._session(row, account, "")
        return self._session(row, account, new) if done else self._look_up(_digest(token), token)

    def _session(self, row: SessionRow, account: Account, new_token: str) -> Session:
        """Return a session for this request alone."""
        admission = Admission(_identity(account), lambda document: False)
        ends = row.started + self._lifetime
        return Session(row.number, admission, account, ends, self._expires(ends), new_token)

    def _expires(self, ends: float) -> float:
        """Return when a session ends by the present clock."""
        return time.time() + ends - self._clock()


def _identity(account: Account) -> Identity:
    return Identity(account.name, "session", account.groups, account.role)


def _digest(token: str) -> str:
    return sha256(token.encode("latin-1", "replace"))


def _text(token: bytes) -> str:
    return base64.urlsafe_b64encode(token).rstrip(b"=").decode()


def _successor(seed: bytes, token: str) -> str:
    return _text(_mac(seed, token.encode("latin-1", "replace")))


def _proof(token: str, account: Account) -> bytes:
    """Return what binds a user's stored password to a token."""
    secret = account.secret
    name, stored = (
        text.encode("utf-8", "surrogateescape") for text in (account.name, secret.stored)
    )
    text = b"%d %d %d %b%b" % (secret.insecure, len(name), len(stored), name, stored)
    return _mac(token.encode("latin-1", "replace"), text)


def _mac(key: bytes, text: bytes) -> bytes:
    import hmac  # loads OpenSSL, which a server without browsers has no need of

    return hmac.digest(key, text, "sha256")
