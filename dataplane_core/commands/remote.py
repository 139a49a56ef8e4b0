"""Make commands that speak to a running server over HTTP: address, credentials, exit statuses.

Such a command ends with status 0 when it has done what it says, 1 when the server refuses or finds
a difference, and 2 when its command line is wrong or no server can be reached.
"""

import base64
import functools
import http.client
import json
import os
import socket
import ssl
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import SplitResult, urlencode, urlsplit

import click

from dataplane_core.commands.common import command, fail
from dataplane_core.dataclass import dataclass

OWN = "/dataplane/v1"
"""The prefix of the server's own interface."""

REFUSED, UNREACHABLE = 1, 2
_URL, _SECONDS = "http://127.0.0.1:5555", 120.0


class Unreachable(Exception):
    """No server answers at an address; the text is for people."""


class Refused(Exception):
    """The server refuses a request: its status, and its answer decoded."""

    def __init__(self, status: int, answer: Any) -> None:
        said = answer.get("message") if isinstance(answer, dict) else None
        super().__init__(str(said or f"the server answers {status}"))
        self.status = status
        self.answer = answer


@dataclass(frozen=True, slots=True)
class Client:
    """Sends requests to one server; raises `Refused` for statuses from 400 on, and `Unreachable`.

    `url` is `http://…` or `https://…` without a path; `unix` is the path of a socket in its place.
    """

    url: SplitResult
    unix: str = ""
    credentials: str = ""
    ca: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    def get(self, path: str, **query: object) -> Any:
        """Return the answer to a GET, JSON decoded and any other as text."""
        return self.send("GET", path, None, "", **query)

    def send(
        self, method: str, path: str, body: object = None, media: str = "application/json",
        **query: object,
    ) -> Any:  # fmt: skip
        """Return the answer to a request; `body` is bytes, or is sent as JSON.

        A path that does not start with a slash stands below `/dataplane/v1`. Values of the query
        that are None or False are left out.
        """
        connection, answer = self._ask(method, path, body, media, query)
        try:
            return _decoded(answer, answer.read())
        except (OSError, http.client.HTTPException) as error:
            raise self._unreachable(error) from None
        finally:
            connection.close()

    def lines(self, path: str, headers: Mapping[str, str], **query: object) -> Iterator[str]:
        """Yield the lines of an answer as they come, for as long as the server sends them."""
        connection, answer = self._ask("GET", path, None, "", query, headers, None)
        try:
            while line := answer.readline():
                yield line.decode("utf-8", "replace").rstrip("\r\n")
        except (OSError, http.client.HTTPException) as error:
            raise self._unreachable(error) from None
        finally:
            connection.close()

    def _ask(
        self, method: str, path: str, body: object, media: str, query: Mapping[str, object],
        more: Mapping[str, str] | None = None, seconds: float | None = _SECONDS,
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:  # fmt: skip
        where = path if path.startswith("/") else f"{OWN}/{path}"
        given = {name: _word(value) for name, value in query.items() if value not in (None, False)}
        sent = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        headers = {**self.headers, **(more or {})}
        if self.credentials:
            token = base64.b64encode(self.credentials.encode()).decode()
            headers["Authorization"] = f"Basic {token}"
        if sent is not None:
            headers["Content-Type"] = media
        connection = self._connection(seconds)
        try:
            target = f"{where}?{urlencode(given)}" if given else where
            connection.request(method, target, sent, headers)
            answer = connection.getresponse()
            if answer.status >= 400:
                raise Refused(answer.status, _decoded(answer, answer.read()))
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise self._unreachable(error) from None
        except Refused:
            connection.close()
            raise
        return connection, answer

    def _connection(self, seconds: float | None) -> http.client.HTTPConnection:
        if self.unix:
            return _UnixConnection(self.unix, seconds)
        host, port = self.url.hostname or "127.0.0.1", self.url.port
        if self.url.scheme == "https":
            context = ssl.create_default_context(cafile=self.ca or None)
            return http.client.HTTPSConnection(host, port, timeout=seconds, context=context)
        return http.client.HTTPConnection(host, port, timeout=seconds)

    def _unreachable(self, error: Exception) -> Unreachable:
        where = self.unix or self.url.geturl()
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return Unreachable(f"no server can be reached at {where}: {reason}")


class _UnixConnection(http.client.HTTPConnection):
    """A connection to a Unix socket."""

    def __init__(self, path: str, seconds: float | None) -> None:
        super().__init__("localhost", timeout=seconds)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def _word(value: object) -> str:
    return "true" if value is True else str(value)


def _decoded(answer: http.client.HTTPResponse, data: bytes) -> Any:
    kind = (answer.getheader("Content-Type") or "").partition(";")[0]
    if kind.endswith("json") and data.strip():
        return json.loads(data)
    return data.decode("utf-8", "surrogateescape")


def remote_command(
    name: str, *parameters: click.Parameter
) -> Callable[[Callable[..., None]], click.Command]:
    """Make a command that is given a `client` of a running server, and `as_json`.

    Refusals of the server are printed in its own words, with `--json` as its own answer.
    """

    def decorate(function: Callable[..., None]) -> click.Command:
        @functools.wraps(function)
        def connected(
            url: str, unix: str, ca: str, credentials: str, as_json: bool, **values: object
        ) -> None:
            client = Client(_address(url), unix, _credentials(credentials), ca, _headers())
            try:
                function(client=client, as_json=as_json, **values)
            except Unreachable as error:
                fail(str(error), as_json, UNREACHABLE)
            except Refused as error:
                _refused(error, as_json)

        return command(name, *parameters, *_options())(connected)

    return decorate


def _options() -> list[click.Parameter]:
    """Return the options that say which server is asked, and as whom."""
    return [
        click.Option(
            ["--url"], default=_URL, envvar="DATAPLANE_URL", show_default=True,
            help="Address of the server.",
        ),
        click.Option(
            ["--unix"], default="", envvar="DATAPLANE_UNIX", help="Path of its Unix socket."
        ),
        click.Option(
            ["--ca"], default="", envvar="DATAPLANE_CA", help="Certificates that prove its name."
        ),
        click.Option(
            ["--credentials"], default="", envvar="DATAPLANE_CREDENTIALS",
            help="File with `user:password` [default: DATAPLANE_USER and DATAPLANE_PASSWORD].",
        ),
    ]  # fmt: skip


def _headers() -> dict[str, str]:
    return {"User-Agent": "dataplane", "Accept": "*/*"}


def _address(url: str) -> SplitResult:
    parts = urlsplit(url)
    problem = ""
    if parts.scheme not in ("http", "https") or not parts.hostname:
        problem = "must be http://HOST:PORT or https://HOST:PORT"
    elif parts.username is not None:
        problem = "holds credentials, which others see: use --credentials or the environment"
    if problem:
        raise click.BadParameter(problem, param_hint="--url")
    return parts


def _credentials(path: str) -> str:
    """Return `user:password` of a file, or of the environment; empty without either."""
    if not path:
        user = os.environ.get("DATAPLANE_USER", "")
        return f"{user}:{os.environ.get('DATAPLANE_PASSWORD', '')}" if user else ""
    try:
        if stat.S_IMODE(os.stat(path).st_mode) & 0o077:
            problem = f"{path} can be read by others: chmod 600 {path}"
            raise click.BadParameter(problem, param_hint="--credentials")
        line = Path(path).read_text("utf-8").strip()
    except OSError as error:
        problem = f"{path} cannot be read: {error.strerror}"
        raise click.BadParameter(problem, param_hint="--credentials") from None
    if ":" not in line or "\n" in line:
        raise click.BadParameter(
            f"{path} must be one line, user:password", param_hint="--credentials"
        )
    return line


def _refused(error: Refused, as_json: bool) -> NoReturn:
    if as_json and isinstance(error.answer, dict):
        click.echo(json.dumps(error.answer, indent=2, ensure_ascii=False))
        raise SystemExit(REFUSED)
    fail(str(error), as_json, REFUSED)


def styled(text: str, **style: Any) -> str:
    """Return a text in a colour, which is left out where the output is no terminal."""
    return text if "NO_COLOR" in os.environ else click.style(text, **style)
