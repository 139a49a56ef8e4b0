"""The members of a store: a connection to each for every thread, and the next where one fails.

Sessions of `requests` may be shared neither by threads nor by the two sides of a fork.
"""

import os
import socket
import ssl
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

import requests
from requests.adapters import HTTPAdapter
from requests.exceptions import InvalidHeader, InvalidURL
from urllib3.connection import HTTPConnection
from urllib3.exceptions import NameResolutionError, NewConnectionError

from dataplane_plugins.fleet.stores.address import StoreAddress
from dataplane_plugins.fleet.stores.protocol import Credentials, StoreUnreachable, Undecided

CONNECT_TIMEOUT, ANSWER_TIMEOUT = 2.0, 5.0
"""Seconds."""
_DEEPEST = 8
_PROBES = tuple(
    (socket.IPPROTO_TCP, option, number)
    for option, number in (
        (socket.TCP_KEEPIDLE, 15),
        (socket.TCP_KEEPINTVL, 5),
        (socket.TCP_KEEPCNT, 3),
    )
)

_MEANINGS: tuple[tuple[type | tuple[type, ...], str, bool], ...] = (
    (
        ssl.SSLCertVerificationError,
        "has a certificate that is not trusted: {0.verify_message}",
        False,
    ),
    (NameResolutionError, "has a name that no address is known for", False),
    (ConnectionRefusedError, "refuses connections", False),
    (requests.ConnectTimeout, f"takes no connection within {CONNECT_TIMEOUT:g} s", False),
    (NewConnectionError, "cannot be connected to", False),
    ((InvalidURL, InvalidHeader), "cannot be asked so", False),  # its words may have a token
    (requests.TooManyRedirects, "sends elsewhere", True),
    ((requests.Timeout, TimeoutError), f"gives no answer within {ANSWER_TIMEOUT:g} s", True),
)
"""What an error means that has one of some kind among its causes, and whether it was sent."""

Client = TypeVar("Client")
Answer = TypeVar("Answer")


class Unanswered(Exception):
    """A member gave no answer that counts; where `is_sent`, what was asked may be carried out."""

    def __init__(self, reason: str, is_sent: bool) -> None:
        super().__init__(reason)
        self.reason, self.is_sent = reason, is_sent

    @classmethod
    def of(cls, error: OSError) -> "Unanswered":
        """Return what an error of `requests`, or one before it came to anything, means."""
        causes = list(_causes(error))
        for kinds, reason, is_sent in _MEANINGS:
            for cause in causes:
                if isinstance(cause, kinds):
                    return cls(reason.format(cause), is_sent)
        if not isinstance(error, requests.RequestException):
            return cls(f"cannot be asked: {error}", False)
        return cls("ended the connection instead of an answer", True)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what it is made of, wherever its library has put that.

    What the caller was handling meanwhile (`__context__`) says nothing of this request.
    """
    waiting, seen = [error], 0
    while waiting and seen < _DEEPEST:
        one = waiting.pop()
        seen += 1
        yield one
        inside = [getattr(one, "reason", None), one.__cause__, *one.args]
        waiting += [cause for cause in inside if isinstance(cause, BaseException)]


class _KeptAlive(HTTPAdapter):
    """Connections that no firewall forgets, and that end when the other machine is gone."""

    def init_poolmanager(self, *sizes: Any, **options: Any) -> None:
        alive = [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1), *_PROBES]
        options["socket_options"] = [*HTTPConnection.default_socket_options, *alive]
        super().init_poolmanager(*sizes, **options)


def new_session(credentials: Credentials) -> requests.Session:
    """Return a session that takes nothing from the environment, and goes nowhere else."""
    session = requests.Session()
    session.trust_env = False
    session.max_redirects = 0
    for scheme in ("http://", "https://"):
        session.mount(scheme, _KeptAlive())
    session.verify = credentials.ca or True
    if credentials.certificate:
        session.cert = (credentials.certificate, credentials.key or credentials.certificate)
    return session


class _Mine(threading.local):
    """The clients of one thread, by the number of the member."""

    process = 0
    clients: dict[int, Any]


class Members(Generic[Client]):
    """The members of a store; `make` makes a client of a member with a session."""

    def __init__(
        self,
        address: StoreAddress,
        credentials: Credentials,
        make: Callable[[str, int, requests.Session], Client],
    ) -> None:
        self._address, self._credentials, self._make = address, credentials, make
        self._mine = _Mine()
        self._first = 0
        self._lock = threading.Lock()
        self._sessions: weakref.WeakSet[requests.Session] = weakref.WeakSet()
        self._process = os.getpid()

    def ask(self, call: Callable[[Client], Answer], writes: bool = False) -> Answer:
        """Return what the first member says that can say anything, from the last such one on.

        Raises `StoreUnreachable`, or `Undecided` of a write as soon as a member may have it.
        """
        members, failures = self._address.members, []
        begin = self._first
        for step in range(len(members)):
            number = (begin + step) % len(members)
            try:
                answer = call(self._client(number))
            except Unanswered as failure:
                self._first = (number + 1) % len(members)
                reason = f"{self._name(number)} {failure.reason}"
                if writes and failure.is_sent:
                    raise Undecided(reason) from None
                failures.append(reason)
            else:
                self._first = number
                return answer
        raise StoreUnreachable("; ".join(failures))

    def close(self) -> None:
        """Close the connections of all threads that are not in use just now."""
        if self._process != os.getpid():
            return  # all that is open is the parent's
        with self._lock:
            sessions = list(self._sessions)
        for session in sessions:
            session.close()

    def _client(self, number: int) -> Client:
        mine = self._mine
        if mine.process != os.getpid():
            mine.process, mine.clients = os.getpid(), {}
        if number not in mine.clients:
            mine.clients[number] = self._new_client(number)
        client: Client = mine.clients[number]
        return client

    def _new_client(self, number: int) -> Client:
        session = new_session(self._credentials)
        if self._process != os.getpid():  # another thread of the parent may have had the lock
            self._lock, self._sessions = threading.Lock(), weakref.WeakSet()
            self._process = os.getpid()
        with self._lock:
            self._sessions.add(session)
        host, port = self._address.members[number]
        return self._make(host.strip("[]"), port, session)

    def _name(self, number: int) -> str:
        host, port = self._address.members[number]
        return f"{self._address.kind} at {host}:{port}"
