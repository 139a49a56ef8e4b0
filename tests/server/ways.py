"""Two ways to one answer: from a server's memory, where it may be there, and from the application."""

import base64
import http.client
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol
from urllib.parse import unquote_to_bytes

from falcon import testing

from dataplane_core.app import create_app
from dataplane_core.settings import load
from tests.harness.memory import Remembering, equal_part
from tests.harness.server import PASSWORD, USER, ApiServer
from tests.harness.waiting import PATIENCE


class Asked(NamedTuple):
    """A request without a body, with the target as it is sent."""

    target: str
    method: str = "GET"
    user: str | None = f"{USER}:{PASSWORD}"
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def sent(self) -> dict[str, str]:
        """All headers."""
        token = base64.b64encode((self.user or "").encode()).decode()
        known = {} if self.user is None else {"Authorization": f"Basic {token}"}
        return {"Host": "localhost:5555", **known, **dict(self.headers)}


class Ways(Protocol):
    """What is compared."""

    def remembered(self, asked: Asked) -> tuple[object, ...]:
        """Ask where an equal request may be answered from memory."""

    def straight(self, asked: Asked) -> tuple[object, ...]:
        """Ask the application in any case."""


class Emulated:
    """The application in this process, with a memory in front."""

    def __init__(self, server: ApiServer) -> None:
        settings = load(["-f", str(server.settings)], {})
        self.application = create_app(settings)
        self.memory = Remembering(self.application)

    def remembered(self, asked: Asked) -> tuple[object, ...]:
        return self._ask(self.memory, asked)

    def straight(self, asked: Asked) -> tuple[object, ...]:
        return self._ask(self.application, asked)

    def close(self) -> None:
        """Nothing was opened."""

    @staticmethod
    def _ask(application: Any, asked: Asked) -> tuple[object, ...]:
        path, _, query = asked.target.partition("?")
        environ = testing.create_environ("/", query_string=query, method=asked.method, headers=asked.sent)
        environ["PATH_INFO"] = unquote_to_bytes(path).decode("latin-1")
        environ["RAW_URI"] = asked.target
        told: list[Any] = []
        body = b"".join(application(environ, lambda *answer: told.extend(answer[:2])))
        return equal_part(int(told[0].split()[0]), told[1], body)


@dataclass
class Served:
    """A server that runs; a header of its own makes a request unlike all others, so that none is known."""

    server: ApiServer
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=PATIENCE)

    def remembered(self, asked: Asked) -> tuple[object, ...]:
        self.connection.putrequest(asked.method, asked.target, skip_host=True, skip_accept_encoding=True)
        for name, value in asked.sent.items():
            self.connection.putheader(name, value)
        self.connection.endheaders()
        answer = self.connection.getresponse()
        return equal_part(answer.status, answer.getheaders(), answer.read())

    def straight(self, asked: Asked) -> tuple[object, ...]:
        alone = ("X-Unlike-All-Others", str(next(self.numbers)))
        return self.remembered(asked._replace(headers=(*asked.headers, alone)))

    def close(self) -> None:
        self.connection.close()
        self.server.stop()
