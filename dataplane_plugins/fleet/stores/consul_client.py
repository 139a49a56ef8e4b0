"""Clients of py-consul that take nothing from the environment, and have our limits of time."""

from collections.abc import Callable
from typing import Any

import requests
from consul.std import Consul, HTTPClient

from dataplane_plugins.fleet.stores.members import ANSWER_TIMEOUT, CONNECT_TIMEOUT
from dataplane_plugins.fleet.stores.protocol import Credentials


class _Requests(HTTPClient):  # type: ignore[misc]
    """Requests of one session."""

    def timeout(self, params: Any) -> Any:
        """Return the limits of a request: one that waits takes a sixteenth more than it says."""
        waits = dict(params or ()).get("wait", "0ms")
        return CONNECT_TIMEOUT, ANSWER_TIMEOUT + float(waits.removesuffix("ms")) / 1000 * 17 / 16


class _Client(Consul):  # type: ignore[misc]
    """A client whose session is handed in."""

    def __init__(self, host: str, port: int, scheme: str, session: requests.Session) -> None:
        self._session = session
        super().__init__(
            host=host, port=port, scheme=scheme, verify=session.verify, cert=session.cert
        )

    def http_connect(self, *where: Any, **more: Any) -> HTTPClient:
        made = _Requests(*where, **more)
        made.session.close()
        made.session = self._session
        return made


def client_maker(
    scheme: str, credentials: Credentials
) -> Callable[[str, int, requests.Session], _Client]:
    """Return what makes a client of an agent with a session.

    The session sends the token: py-consul prefers the environment's, and sends none with
    transactions.
    """

    def make(host: str, port: int, session: requests.Session) -> _Client:
        if credentials.token:
            session.headers["X-Consul-Token"] = credentials.token
        return _Client(f"[{host}]" if ":" in host else host, port, scheme, session)

    return make
