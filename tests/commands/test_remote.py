"""Commands that speak to a running server: addresses, credentials, exit statuses."""

import json
import os
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from socketserver import UnixStreamServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import click
import pytest
from click.testing import CliRunner, Result

from dataplane_core.commands.common import print_json
from dataplane_core.commands.remote import Client, remote_command


class Handler(BaseHTTPRequestHandler):
    """Answers with what it was asked; refuses what lies below `/refused`."""

    def do_GET(self) -> None:
        target = urlsplit(self.path)
        length = int(self.headers.get("Content-Length", 0))
        told: dict[str, Any] = {
            "method": self.command, "path": target.path, "query": parse_qs(target.query),
            "authorization": self.headers.get("Authorization"), "body": self.rfile.read(length).decode(),
        }  # fmt: skip
        status = 200
        if "refused" in target.path:
            status, told = 409, {"code": 409, "message": "somebody was faster"}
        data = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_POST = do_GET  # noqa: N815 (the name that http.server looks for)

    def address_string(self) -> str:
        return "client"

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def url() -> Any:
    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@remote_command("ask", click.Argument(["path"]), click.Option(["--body"]))
def ask(client: Client, as_json: bool, path: str, body: str | None) -> None:
    """Ask for a path."""
    print_json(client.send("POST" if body else "GET", path, body, flag=True, off=False, none=None, n=3))


def run(*argv: str, **environ: str) -> Result:
    return CliRunner().invoke(ask, argv, env=environ, catch_exceptions=False)


def test_a_path_stands_below_the_own_interface(url: str) -> None:
    told = json.loads(run("history", "--url", url, "--body", "x").stdout)
    assert (told["method"], told["path"], told["body"]) == ("POST", "/dataplane/v1/history", '"x"')
    assert told["query"] == {"flag": ["true"], "n": ["3"]}
    assert json.loads(run("/v3/info", DATAPLANE_URL=url).stdout)["path"] == "/v3/info"


def test_a_unix_socket_is_asked(tmp_path: Path) -> None:
    server = UnixStreamServer(str(tmp_path / "api.sock"), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    told = json.loads(run("x", "--unix", str(tmp_path / "api.sock")).stdout)
    server.shutdown()
    server.server_close()
    assert told["path"] == "/dataplane/v1/x"


def test_credentials_come_from_the_environment_or_a_file(url: str, tmp_path: Path) -> None:
    told = json.loads(run("x", "--url", url, DATAPLANE_USER="ann", DATAPLANE_PASSWORD="pw").stdout)
    assert told["authorization"] == "Basic YW5uOnB3"
    file = tmp_path / "credentials"
    file.write_text("bob:pw:2\n")
    file.chmod(0o600)
    told = json.loads(run("x", "--url", url, "--credentials", str(file)).stdout)
    assert told["authorization"] == "Basic Ym9iOnB3OjI="
    assert json.loads(run("x", "--url", url).stdout)["authorization"] is None


@pytest.mark.parametrize(
    ("content", "mode", "said"),
    [("bob:pw", 0o644, "can be read by others"), ("bob", 0o600, "must be one line"), (None, 0, "cannot be read")],
)
def test_bad_files_of_credentials_are_wrong_usage(
    tmp_path: Path, content: str | None, mode: int, said: str
) -> None:
    file = tmp_path / "credentials"
    if content is not None:
        file.write_text(content)
        os.chmod(file, mode)
    result = run("x", "--credentials", str(file))
    assert (result.exit_code, said in result.stderr) == (2, True)
    assert "pw" not in result.stderr.replace(str(file), "")


@pytest.mark.parametrize("address", ["127.0.0.1:5555", "ftp://host", "http://ann:pw@host"])
def test_bad_addresses_are_wrong_usage(address: str) -> None:
    assert run("x", "--url", address).exit_code == 2


def test_a_refusal_is_told_in_the_servers_words(url: str) -> None:
    refused = run("refused", "--url", url)
    assert (refused.exit_code, refused.stderr) == (1, "somebody was faster\n")
    refused = run("refused", "--url", url, "--json")
    assert (refused.exit_code, json.loads(refused.stdout)["code"]) == (1, 409)


def test_a_server_that_is_away_is_told(tmp_path: Path) -> None:
    away = run("x", "--unix", str(tmp_path / "none.sock"))
    assert away.exit_code == 2
    assert away.stderr == f"no server can be reached at {tmp_path}/none.sock: No such file or directory\n"
