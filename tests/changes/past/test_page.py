"""docs/changes/history.md: its commands do what it says, against a running application."""

import json
import re
import shlex
import threading
from collections.abc import Iterator
from pathlib import Path
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from click.testing import CliRunner, Result

from dataplane_core.commands.group import main
from tests.changes.whole import Whole
from tests.harness.recorded import TOP

PAGE = (TOP / "docs/changes/history.md").read_text("utf-8")
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.S) for line in block.splitlines()]


class Threads(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Silent(WSGIRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("page")
    places = {name: folder / name for name in ("maps_dir", "ssl_certs_dir", "general_storage_dir", "spoe_dir")}
    for place in places.values():
        place.mkdir()
    (folder / "maps_dir/a.map").write_bytes(b"/a one\n")
    api = Whole(folder, **{f"dataplaneapi__resources__{name}": str(place) for name, place in places.items()})
    assert api.version == 1
    api.weigh("be1", "s1", 7, headers={"X-Change-Reason": "more for s1"})
    with make_server("127.0.0.1", 0, api.app, server_class=Threads, handler_class=Silent) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def run(address: str, *argv: str) -> Result:
    environ = {"DATAPLANE_URL": address, "DATAPLANE_USER": "admin", "DATAPLANE_PASSWORD": "pw"}
    return CliRunner().invoke(main, argv, env=environ, catch_exceptions=False)


@pytest.mark.parametrize("line", [line for line in COMMANDS if "rollback 1 --reason" not in line])
def test_a_command_does_what_the_page_says(address: str, line: str) -> None:
    program, *argv = shlex.split(line)
    assert program == "dataplane"
    found = run(address, *argv)
    assert (found.exit_code, found.stderr) == (0, "")
    assert "\x1b" not in found.output
    told = {
        "dataplane history": "more for s1\n        changed backends/be1/servers/s1\n",
        "dataplane history --resource backends/be1/servers/s1": "     2  ",
        "dataplane show 2": "+  server s1 192.0.2.1:80 weight 7\n",
        'dataplane show newest --blame --section "backend be1"': "admin",
        "dataplane show 1 --text": "  server s1 192.0.2.1:80 weight 1\n",
        "dataplane show 1 --files": "a.map  7 bytes  kept  same\n",
        "dataplane rollback 1 --dry-run": "-  server s1 192.0.2.1:80 weight 7\n",
    }
    assert told.get(line, "admin") in found.output
    as_json = run(address, *argv, "--json")
    assert as_json.exit_code == 0 and json.loads(as_json.output)


def test_a_rollback_and_refusals(address: str) -> None:
    (line,) = (line for line in COMMANDS if "rollback 1 --reason" in line)
    done = run(address, *shlex.split(line)[1:])
    assert done.exit_code == 0 and done.output.startswith("version 1 is back as version 3")
    newest = run(address, "history", "-n", "1").output
    assert "rollback" in newest and "it was better" in newest
    refused = run(address, "rollback", "9")
    assert (refused.exit_code, refused.stderr) == (1, "version 9 is not in the history\n")
    assert run(address, "show", "x").exit_code == 1
    assert run(address, "rollback").exit_code == 2
    assert run("http://127.0.0.1:1", "history").exit_code == 2
