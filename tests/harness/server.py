"""The API under gunicorn, as an operator starts it, and a small client of it."""

import contextlib
import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from dataplane_core import testing
from dataplane_core.testing import Answer
from tests.harness.waiting import PATIENCE, until

USER, PASSWORD = "admin", "adminpwd"
NO_ANSWER = "the server does not answer"
"""What a start is told by that neither serves nor ends."""
CONFIGURATION = "/v2/services/haproxy/configuration"
TRANSACTIONS = "/v2/services/haproxy/transactions"

Tree = dict[str, Any]
_PORTS = 21000, 32000
_CHANCE = random.SystemRandom()
"""The same in no two processes: Hypothesis gives all others one seed."""
_CLAIMS: deque[socket.socket] = deque()
_CLAIMED = 30


def free_port() -> int:
    """Any port that nobody has, of those that the system gives to no connection before it is used.

    It is claimed until thirty more are: no other process of tests takes it before a server listens.
    """
    while True:
        port, claim = _CHANCE.randrange(*_PORTS), socket.socket(socket.AF_UNIX)
        with socket.socket() as probe, contextlib.suppress(OSError):
            claim.bind(f"\0dataplane-tests-{port}")
            probe.bind(("127.0.0.1", port))
            _CLAIMS.append(claim)
            if len(_CLAIMS) > _CLAIMED:
                _CLAIMS.popleft().close()
            return port
        claim.close()


def merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> Tree:
    """Two trees of settings as one; `changes` wins."""
    result = dict(base)
    for key, value in changes.items():
        old = result.get(key)
        both = isinstance(old, Mapping) and isinstance(value, Mapping)
        result[key] = merged(old, value) if both else value  # type: ignore[arg-type]
    return result


def quiet_settings(configuration: Path, folder: Path, port: int) -> Tree:
    """Settings for tests that need no HAProxy: commands that succeed, room for transactions."""
    commands = dict.fromkeys(("reload_cmd", "restart_cmd", "validate_cmd"), "true")
    names = ("maps", "ssl_certs", "general_storage", "spoe")
    places = {f"{name}_dir": str(folder / name) for name in names}
    return {
        "dataplaneapi": {
            "host": "127.0.0.1",
            "port": port,
            "user": [{"name": USER, "password": PASSWORD, "insecure": True}],
            "transaction": {
                "transaction_dir": str(folder / "transactions"),
                "max_open_transactions": 10000,
            },
            "resources": places,
        },
        "haproxy": {
            "config_file": str(configuration),
            "reload": {**commands, "reload_delay": 1},
        },
        "dataplane": {"state_dir": str(folder / "state"), "workers": 1, "password_tries": 0},
        "log_targets": [{"log_to": "stdout", "log_level": "warning", "log_types": ["app"]}],
    }


class Client(testing.Client):
    """A keep-alive client with a password, which transacts through one version of the interface."""

    def __init__(
        self, port: int, user: str = USER, password: str = PASSWORD, version: str = "v2"
    ) -> None:
        super().__init__(port, user, password, api=version)
        self.services = f"/{version}/services/haproxy"
        self.connection = http.client.HTTPConnection(self.host, port, timeout=PATIENCE)

    def call(  # type: ignore[override]
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        text: str | None = None,
        headers: Mapping[str, str] | None = None,
        **query: object,
    ) -> Answer:
        """Send `body` as JSON, or `text` as it is; keyword arguments are the query."""
        if text is None and headers is None:
            return super().call(method, path, body, **query)
        kind = "application/json" if text is None else "text/plain"
        content = text.encode() if text is not None else json.dumps(body).encode()
        nothing = text is None and body is None
        sent = {**({} if nothing else {"Content-Type": kind}), **(headers or {})}
        return self.send(method, self.target(path, query), None if nothing else content, sent)

    def send(
        self, method: str, target: str, content: bytes | None, headers: Mapping[str, str]
    ) -> Answer:
        """Send a request on the one connection, which a server may have ended while it was idle."""
        try:
            self.connection.request(method, target, content, {**self.headers, **headers})
            response = self.connection.getresponse()
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            self.connection.close()
            self.connection.request(method, target, content, {**self.headers, **headers})
            response = self.connection.getresponse()
        return Answer(response.status, response.headers, response.read())

    @property
    def headers(self) -> dict[str, str]:
        """What every request has."""
        return {"Authorization": self.authorization} if self.authorization else {}

    def version(self) -> int:
        if self.services.startswith("/v1/"):  # which has the version in its answers alone
            return int(self.call("GET", f"{self.services}/configuration/frontends").json["_version"])
        return int(self.call("GET", f"{self.services}/configuration/version").json)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[str]:
        """Open a transaction, and commit it when the block ends well."""
        begun = self.call("POST", f"{self.services}/transactions", version=self.version())
        assert begun.status == 201, begun.body
        identifier = begun.json["id"]
        try:
            yield identifier
        except BaseException:
            self.call("DELETE", f"{self.services}/transactions/{quote(identifier)}")
            raise
        committed = self.call("PUT", f"{self.services}/transactions/{quote(identifier)}", force_reload="true")
        assert committed.status in (200, 202), committed.body


class ApiServer:
    """`dataplane serve` on one configuration; stop it, or use it as a context manager."""

    def __init__(
        self,
        configuration: Path,
        folder: Path,
        settings: Mapping[str, Any] | None = None,
        python: str = sys.executable,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.configuration, self.folder, self.port = configuration, folder, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        folder.mkdir(parents=True, exist_ok=True)
        tree = merged(quiet_settings(configuration, folder, self.port), settings or {})
        self.settings = folder / "dataplane.yaml"
        self.settings.write_text(json.dumps(tree, indent=1), "utf-8")  # JSON is YAML
        self.log = folder / "server.log"
        program = str(Path(python).with_name("dataplane"))
        self.command = [program, "serve", "-f", str(self.settings)]
        self.environ = {**os.environ, **(environ or {})}
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, is_hopeless: Callable[[], bool] = lambda: False) -> "ApiServer":
        """Start it and wait for its first answer, for as long as it is not hopeless."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, stdout=log, stderr=log, start_new_session=True, env=self.environ
            )
        process = self.process
        try:
            until(lambda: process.poll() is not None or is_hopeless() or self._answers())
            assert process.poll() is None and not is_hopeless()
        except AssertionError as error:
            how = NO_ANSWER if process.poll() is None else "the server has ended"
            self.kill()
            told = self.log.read_text()[-3000:]
            raise RuntimeError(f"{how}:\n{told}") from error
        return self

    def stop(self) -> None:
        """End it as systemd does; an error when that takes too long."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        self.process = None

    def kill(self) -> None:
        """End all its processes at once, if there are any."""
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process = None

    def client(self, version: str = "v2") -> Client:
        return Client(self.port, version=version)

    def specification(self, name: str = "specification", version: str = "v2") -> Tree:
        """The served document: `specification` (Swagger 2.0) or `specification_openapiv3`."""
        answer = self.client().call("GET", f"/{version}/{name}")
        assert answer.status == 200, answer.body[:300]
        document: Tree = answer.json
        return document

    def _answers(self) -> bool:
        try:
            return self.client().call("GET", f"{CONFIGURATION}/version").status == 200
        except OSError:
            return False

    def __enter__(self) -> "ApiServer":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()
