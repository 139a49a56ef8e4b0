"""A client of the interface, for tests: it speaks to any server, and asserts what should be so."""

import base64
import copy
import json
from collections.abc import Mapping
from http.client import HTTPConnection
from typing import Any, Self
from urllib.parse import urlencode

from dataplane_core.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer: its status, its headers by their names in small letters, its body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON; None where there is no body."""
        return json.loads(self.body) if self.body else None

    @property
    def data(self) -> Any:
        """What stands under `data` in the body."""
        return self.json["data"]


class Client:
    """Asks the server that listens on a port, as one user, in one version of the interface.

    Requests have `authorization`, at first that of the user. Paths that do not start with a slash
    stand below `/v2/services/haproxy/configuration`, or that of the version `api`. Each request has
    a connection of its own, and 60 seconds.

        client = Client(5555, "admin", "password")
        client.change("POST", "backends", {"name": "shop"})
        assert client.in_version("v3").get("backends/shop")["name"] == "shop"
    """

    def __init__(
        self, port: int, user: str, password: str, *, host: str = "127.0.0.1", api: str = "v2"
    ) -> None:
        self.host, self.port, self.api = host, port, api
        credentials = base64.b64encode(f"{user}:{password}".encode()).decode()
        self.authorization = f"Basic {credentials}"

    def in_version(self, api: str) -> Self:
        """Return the same client, whose short paths are those of another version (`v3`)."""
        other = copy.copy(self)
        other.api = api
        return other

    def call(self, method: str, path: str, body: object = None, **query: object) -> Answer:
        """Send a request, with `body` as JSON, and return the answer, whatever its status.

        A path that starts with a slash is whole (`/v2/info`); any other stands below
        `/v2/services/haproxy/configuration`.
        """
        kind = {} if body is None else {"Content-Type": "application/json"}
        content = None if body is None else json.dumps(body).encode()
        return self.send(method, self.target(path, query), content, kind)

    def target(self, path: str, query: Mapping[str, object]) -> str:
        """Return what a request names: the whole path, with its query."""
        where = path if path.startswith("/") else f"{self.configuration}/{path}"
        words = urlencode({name: str(value) for name, value in query.items()})
        return f"{where}{'&' if '?' in where else '?'}{words}" if words else where

    def send(
        self, method: str, target: str, content: bytes | None, headers: Mapping[str, str]
    ) -> Answer:
        """Send a request with the credentials, on a connection of its own."""
        known = {"Authorization": self.authorization} if self.authorization else {}
        connection = HTTPConnection(self.host, self.port, timeout=60)
        try:
            connection.request(method, target, content, {**known, **headers})
            answer = connection.getresponse()
            names = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, names, answer.read())
        finally:
            connection.close()

    def get(self, path: str, **query: object) -> Any:
        """Return what is read at a path, without the envelope around it.

        Raises AssertionError, with the answer, for any other status than 200.
        """
        answer = self.call("GET", path, **query)
        assert answer.status == 200, answer.body
        whole = answer.json
        return whole["data"] if isinstance(whole, dict) and "data" in whole else whole

    def change(self, method: str, path: str, body: object = None, **query: object) -> Answer:
        """Make a change to the newest version, which must not be refused.

        Raises AssertionError, with the answer, if it is.
        """
        answer = self.call(method, path, body, **{"version": self.version, **query})
        assert answer.status in (200, 201, 202, 204), answer.body
        return answer

    def refusal(self, method: str, path: str, body: object = None, **query: object) -> str:
        """Ask for a change that must be refused, and return the sentence that says why.

        Raises AssertionError if it is not refused, or if the server fails.
        """
        answer = self.call(method, path, body, **{"version": self.version, **query})
        assert 400 <= answer.status < 500, (answer.status, answer.body)
        return str(answer.json["message"])

    @property
    def configuration(self) -> str:
        """The path below which the configuration is."""
        return f"/{self.api}/services/haproxy/configuration"

    @property
    def version(self) -> int:
        """The number of the newest version of the configuration."""
        answer = self.call("GET", "version")
        if answer.status == 404:  # version 1 of the interface has no path for it
            answer = self.call("GET", "global")
        assert answer.status == 200, answer.body
        return int(answer.headers["configuration-version"])
