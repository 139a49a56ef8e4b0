import contextlib
import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness.contrib import systemd_part
from tests.harness.server import free_port
from tests.harness.waiting import PATIENCE, until

TRIVIAL = Path(__file__).with_name("trivial.py")
TOP = TRIVIAL.parents[2]


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=PATIENCE)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(PATIENCE)
        self.sock.connect(self.path)


class Running:
    """A started server; `ask` gives what its application says of a request."""

    def __init__(self, folder, tree, argv=()):
        self.folder, self.port = folder, free_port()
        self.socket = str(folder / "api.sock")
        self.settings = folder / "settings.yaml"
        self.log = folder / "log"
        self.tree = {
            "name": "first",
            "dataplaneapi": {
                "host": "127.0.0.1",
                "port": self.port,
                "socket_path": self.socket,
                "transaction": {"transaction_dir": str(folder / "transactions")},
                "resources": {
                    f"{name}_dir": str(folder / "resources" / name)
                    for name in ("maps", "ssl_certs", "general_storage", "spoe", "spoe_transaction")
                },
            },
            "dataplane": {"workers": 1, "threads": 4, "state_dir": str(folder / "state")},
            "log_targets": [{"log_to": "stdout", "log_level": "info"}],
        }
        self.change(tree)
        self.argv = argv
        self.environ = {}
        self.handed = {}  # sockets of systemd, by what they are called
        self.process = None

    def change(self, tree):
        for key, value in tree.items():
            if isinstance(value, dict):
                self.tree[key] = {**self.tree.get(key, {}), **value}
            else:
                self.tree[key] = value
        self.settings.write_text(json.dumps(self.tree))

    def start(self, wait=True):
        command = [sys.executable, str(TRIVIAL), "-f", str(self.settings), *self.argv]
        with self.log.open("ab") as log:
            self.process = systemd_part.start(
                command, {**os.environ, "PYTHONPATH": str(TOP), **self.environ},
                tuple(self.handed.values()), tuple(self.handed),
                stdout=log, stderr=log, cwd=TOP, start_new_session=True,
            )  # fmt: skip
        if wait:
            self.wait_for(self.answers)
        return self

    def answers(self):
        with contextlib.suppress(OSError):
            return self.ask("/")
        return None

    def named(self, name):
        """Whether a worker with settings of that name answers; one that ends may break off."""
        return (self.answers() or {}).get("name") == name

    def wait_for(self, condition):
        """The condition's value, once it is true of the running server."""

        def value():
            assert self.process.poll() is None, self.log.read_text()
            return condition()

        return until(value, self.log.read_text)

    def connection(self, scheme="http", context=None):
        if scheme == "unix":
            return UnixConnection(self.socket)
        if scheme == "https":
            port = self.tree["dataplaneapi"]["tls"]["tls_port"]
            return http.client.HTTPSConnection("127.0.0.1", port, timeout=PATIENCE, context=context)
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)

    def ask(self, path="/", scheme="http", context=None, **request):
        with contextlib.closing(self.connection(scheme, context)) as connection:
            connection.request(request.pop("method", "GET"), path, **request)
            answer = connection.getresponse()
            body = answer.read()
            assert answer.status == 200, body
            return json.loads(body)

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
                raise


@pytest.fixture
def make(tmp_path):
    """Prepare a server with some settings of its own; it is stopped after the test."""
    made = []

    def make(tree=None, argv=()):
        folder = tmp_path / f"server{len(made)}"
        folder.mkdir()
        made.append(Running(folder, tree or {}, argv))
        return made[-1]

    yield make
    for running in made:
        running.stop()


@pytest.fixture
def trusting():
    """A TLS context that believes any server."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
