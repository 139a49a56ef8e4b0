"""Find out who is asking: basic authentication (RFC 7617), or a client certificate in its place."""

import base64
import binascii
import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import replace

from dataplane_core.auth.brake import Brake
from dataplane_core.auth.client_certificates import certificate_names
from dataplane_core.auth.hash_cost import imitation, unusable
from dataplane_core.auth.hash_slots import HashSlots
from dataplane_core.auth.passwords import StoredPassword, verify
from dataplane_core.auth.roles import Role, role_among, role_in_userlist, role_of
from dataplane_core.auth.userlists import Account, UserlistFile, users_of
from dataplane_core.auth.verified_credentials import VerifiedCredentials
from dataplane_core.dataclass import dataclass
from dataplane_core.digests import blake2b
from dataplane_core.errors import DataplaneError, Unauthorized
from dataplane_core.haproxy.configuration import read_configuration
from dataplane_core.settings import Settings
from dataplane_core.text import Document

log = logging.getLogger(__name__)

MESSAGE = "unauthenticated for invalid credentials"
CHALLENGE = 'Basic realm="API"'
"""Value of the header `WWW-Authenticate` of a 401."""
SESSION_CHALLENGE = 'Session realm="API"'
"""Its value for a page that asks for the password itself: no browser knows this scheme."""
NOBODY_CAN_LOG_IN = "nobody may use the API: {where} has no userlist {name} with users"
NOBODY_REMEDY = (
    "Add a user, to that userlist or to the settings under dataplaneapi: "
    "`dataplane passwd NAME` prints the lines."
)
_UNKNOWN_USER = StoredPassword("$6$no.such.user$" + "." * 86)  # costs what a real sha512 hash costs


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody who was recognised; `method` is `basic`, `session` or `certificate`.

    `role` is what the server itself lets them do, `paths` below which alone, if there are any;
    plugins may refuse more.
    """

    name: str
    method: str = "basic"
    groups: frozenset[str] = frozenset()
    role: Role = Role.ADMIN
    paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Admission:
    """Somebody who was recognised, and what that rests on."""

    identity: Identity
    holds: Callable[[Document], bool]
    """Tells whether equal credentials are taken now too, with the configuration's document as it is
    now. Nothing is read or verified for that: it is False where that would be needed."""


def _always(document: Document) -> bool:
    return True


class Authenticator:
    """Turns a request's credentials into an identity, or into one and the same refusal.

    Users are those of the settings; where these have none, those of the userlist that the settings
    name, in `userlist_file` or else in the document that `userlist_source` returns (HAProxy's
    configuration). A document is read again only when the source returns another object. Each line
    that gives nobody access is logged once.
    """

    def __init__(self, settings: Settings, userlist_source: Callable[[], Document]) -> None:
        server, limits = settings.dataplaneapi, settings.dataplane
        self._most_rounds, self._takes_empty = limits.password_rounds, limits.empty_passwords
        self._brake = Brake(limits.password_tries)
        self._slots = HashSlots(limits.threads)
        self._given = bool(server.user)
        self._fixed = self._usable(
            {
                user.name: Account(
                    user.name,
                    StoredPassword(user.password, user.insecure),
                    role=role_of(user.role),
                )
                for user in server.user
            },
            "the settings",
        )
        self._userlist = server.userlist.userlist
        self._userlist_roles = settings.dataplane.userlist_roles
        file = server.userlist.userlist_file
        self._file = UserlistFile(file) if file else None
        self._source = self._file or userlist_source
        self._where = str(file or settings.haproxy.config_file)
        self._logged: frozenset[str] = frozenset()
        self._by_certificate, self._roles = bool(server.tls.tls_ca), server.tls.tls_roles
        self._verified_credentials = VerifiedCredentials(settings.dataplane.credential_ttl)
        self._key = os.urandom(32)
        self._read: tuple[Document, Mapping[str, Account]] | None = None
        # what was admitted last, and by what: answers that are remembered share it
        self._last: tuple[Mapping[str, Account], bytes, Admission] | None = None

    def admit(
        self, authorization: str | None, certificate: bytes | None, listener: str, address: str = ""
    ) -> Admission:
        """Return who is asking.

        `authorization` is the request's header; `certificate` is what the client showed to the TLS
        listener, DER; `listener` is `http`, `https` or `unix`; `address` is that of the client.
        Raises `Unauthorized`, with one message for every reason, `TooMany` or `Busy`.
        """
        if self.wants_certificate(listener):
            name, others = certificate_names(certificate) if certificate else ("", ())
            if name:
                role = role_among(self._roles, others) if self._roles else Role.ADMIN
                return Admission(Identity(name, "certificate", role=role), _always)
            raise Unauthorized(MESSAGE)
        credentials = _credentials(authorization)
        if credentials is None:
            raise Unauthorized(MESSAGE)
        is_local = listener == "unix"
        return self._verified(*credentials, "" if is_local else address, is_local)

    def wants_certificate(self, listener: str) -> bool:
        """Return whether a listener knows clients by their certificates alone."""
        return self._by_certificate and listener == "https"

    @property
    def has_roles(self) -> bool:
        """Whether somebody may do less than everything by what the settings say."""
        limited = any(one.role is not Role.ADMIN for one in self._fixed.values())
        return limited or bool(self._roles or (self._userlist_roles and not self._given))

    def account(self, name: str, password: bytes, address: str = "") -> Account:
        """Return the user that has a password; raises as `admit` does, and as slowly."""
        return self._verify(name, password, address)[1]

    def accounts(self) -> Mapping[str, Account]:
        """Return the users that may use the API with a password now, by name."""
        if self._given:
            return self._fixed
        document = self._source()
        if self._read is None or self._read[0] is not document:
            self._read = (document, self._users_of(document))
        return self._read[1]

    def _users_of(self, document: Document) -> Mapping[str, Account]:
        accounts, ignored = users_of(document, self._userlist)
        if rules := self._userlist_roles:
            accounts = {
                name: replace(one, role=role_in_userlist(rules, name, one.groups))
                for name, one in accounts.items()
            }
        for line, reason in ignored:
            if reason not in self._logged:  # every change of the configuration is another document
                log.warning("%s, line %d: %s", self._where, line, reason)
        self._logged = frozenset(reason for _, reason in ignored)
        return self._usable(accounts, self._where)

    def _usable(self, accounts: Mapping[str, Account], where: str) -> Mapping[str, Account]:
        """Return the users without those whose hashes would take too long to verify."""
        refused = unusable_users(accounts, self._most_rounds)
        for name, reason in refused.items():
            log.warning("%s: the user %s is not admitted: %s", where, name, reason)
        return {name: one for name, one in accounts.items() if name not in refused}

    def unchanged(self, document: Document) -> Mapping[str, Account] | None:
        """Return the users as they were read last, if that still is what `accounts` would return.

        `document` is the configuration's, as it is now.
        """
        if self._given:
            return self._fixed
        now = document if self._file is None else self._file.unchanged()
        read = self._read
        return read[1] if read is not None and read[0] is now else None

    def _verified(
        self, name: str, password: bytes, address: str, is_local: bool
    ) -> Admission:
        accounts, account, digest = self._verify(name, password, address, is_local)
        last = self._last
        if last is None or last[0] is not accounts or last[1] != digest:
            last = self._last = accounts, digest, self._admission(account, accounts, digest)
        return last[2]

    def _verify(
        self, name: str, password: bytes, address: str = "", is_local: bool = False
    ) -> tuple[Mapping[str, Account], Account, bytes]:
        """Return all users, the one that has a password, and what stands for that credential."""
        accounts = self.accounts()
        account = accounts.get(name)
        secret = account.secret if account else self._stand_in(name, accounts)
        digest = self._verified_credentials.digest(name, password, secret.stored)
        is_open = is_local or self._takes_empty or not secret.insecure or secret.stored != ""
        if account is not None and is_open and self._verified_credentials.knows(digest):
            return accounts, account, digest
        self._brake.check(name, address, digest)
        is_doubted = self._brake.is_doubted(address)
        right = self._slots.verdict(digest, lambda: verify(password, secret), is_doubted)
        if account is None or not right or not is_open:
            self._brake.wrong(name, address)
            raise Unauthorized(MESSAGE)
        self._brake.right(digest)
        self._verified_credentials.add(digest)
        return accounts, account, digest

    def _admission(
        self, account: Account, accounts: Mapping[str, Account], digest: bytes
    ) -> Admission:
        unchanged, knows = self.unchanged, self._verified_credentials.knows

        def holds(document: Document) -> bool:
            return unchanged(document) is accounts and knows(digest)

        return Admission(Identity(account.name, groups=account.groups, role=account.role), holds)

    def _stand_in(self, name: str, accounts: Mapping[str, Account]) -> StoredPassword:
        """Return what an unknown name's password is verified against: an imitation of some user's.

        The answer for an unknown name so takes as long as for a known one. A name always gets the
        same imitation: the time tells nothing, whatever mixture of hashes the users have.
        """
        if not accounts:
            return _UNKNOWN_USER
        digest = blake2b(name.encode("utf-8", "surrogateescape"), 8, self._key)
        names = sorted(accounts)
        chosen = names[int.from_bytes(digest, "big") % len(names)]
        return imitation(accounts[chosen].secret)


def _credentials(authorization: str | None) -> tuple[str, bytes] | None:
    """Return user and password of a header; None when it is absent or malformed."""
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(token.strip(), validate=True).partition(b":")
    except (binascii.Error, ValueError):
        return None
    return (user.decode("utf-8", "surrogateescape"), password) if colon and user else None


def unusable_users(accounts: Mapping[str, Account], most: int) -> dict[str, str]:
    """Return the users whose hashes take more than `most` rounds, each with the reason."""
    reasons = {name: unusable(one.secret, most) for name, one in accounts.items()}
    return {name: reason for name, reason in reasons.items() if reason}


def asks_for_passwords(settings: Settings) -> bool:
    """Tell whether any listener asks for a user and a password.

    The TLS listener does not where it asks for client certificates.
    """
    server = settings.dataplaneapi
    return not (server.tls.tls_ca and server.scheme == ("https",))


def nobody_may_log_in(settings: Settings) -> str:
    """Return a sentence with the remedy where no user exists, else "".

    Without a user the server refuses everybody, which looks like a broken server. A file of users
    that cannot be read gives "": it may be there later.
    """
    if not asks_for_passwords(settings):
        return ""
    userlist = settings.dataplaneapi.userlist
    where = userlist.userlist_file or settings.haproxy.config_file
    try:
        accounts = Authenticator(settings, lambda: read_configuration(where)).accounts()
    except (OSError, DataplaneError):
        return ""
    if accounts:
        return ""
    return f"{NOBODY_CAN_LOG_IN.format(where=where, name=userlist.userlist)}. {NOBODY_REMEDY}"
