"""What release 2.6 announced of the state of HAProxy: `status_cmd` in HCL or YAML, and /health."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.haproxy.support import script
from tests.harness.haproxy import DEFAULTS, HaproxyProcess
from tests.harness.server import CONFIGURATION, PASSWORD, USER, ApiServer, Client
from tests.harness.waiting import PATIENCE, until

pytestmark = [pytest.mark.haproxy, pytest.mark.server]

HCL = """\
dataplaneapi {{
  host = "127.0.0.1"
  port = {port}
  user "{user}" {{
    insecure = true
    password = "{password}"
  }}
}}
haproxy {{
  config_file = "{folder}/haproxy.cfg"
  haproxy_bin = "{program}"
  reload {{
    reload_delay = 5
    reload_cmd = "systemctl reload haproxy"
    restart_cmd = "systemctl restart haproxy"
    status_cmd = "systemctl status haproxy"
    reload_retention = 1
  }}
}}
dataplane {{
  state_dir = "{folder}/state"
  workers = 1
}}
"""
YAML = """\
dataplaneapi:
  host: 127.0.0.1
  port: {port}
  user:
  - name: {user}
    insecure: true
    password: {password}
haproxy:
  config_file: "{folder}/haproxy.cfg"
  haproxy_bin: "{program}"
  reload:
    reload_delay: 5
    reload_cmd: "systemctl reload haproxy"
    restart_cmd: "systemctl restart haproxy"
    status_cmd: "systemctl status haproxy"
    reload_retention: 1
dataplane:
  state_dir: "{folder}/state"
  workers: 1
"""
SYSTEMCTL = """\
test "$2" = haproxy || exit 5
pid=$(cat {folder}/haproxy.pid)
case "$1" in
  status) kill -0 "$pid" 2>/dev/null || exit 3 ;;
  reload) kill -USR2 "$pid" ;;
esac
"""
TEXT = DEFAULTS + """\
frontend fe
  bind unix@{folder}/fe.sock
"""


@pytest.fixture
def governed(haproxy_program: str, tmp_path: Path) -> Iterator[HaproxyProcess]:
    """HAProxy with a `systemctl` for it, first on the path."""
    (tmp_path / "haproxy.cfg").write_text(TEXT.format(folder=tmp_path))
    (tmp_path / "bin").mkdir()
    script(tmp_path / "bin" / "systemctl", SYSTEMCTL.format(folder=tmp_path))
    with HaproxyProcess(haproxy_program, tmp_path / "haproxy.cfg", tmp_path) as process:
        assert process.process is not None
        (tmp_path / "haproxy.pid").write_text(str(process.process.pid))
        yield process


def health(client: Client) -> tuple[int, str, str]:
    """Status, type and object of the answer."""
    answer = client.call("GET", "/v2/health")
    return answer.status, answer.headers["Content-Type"], answer.json["haproxy"]


@pytest.mark.parametrize(
    ("suffix", "text", "installed"), [("hcl", HCL, False), ("yaml", YAML, False), ("hcl", HCL, True)]
)
def test_health_is_what_systemctl_says(
    governed: HaproxyProcess, tmp_path: Path, suffix: str, text: str, installed: bool,
    request: pytest.FixtureRequest,
) -> None:  # fmt: skip
    folder = tmp_path / "api"
    environ = {"PATH": f"{tmp_path}/bin:{os.environ['PATH']}"}
    server = ApiServer(tmp_path / "haproxy.cfg", folder, environ=environ)
    given = {"port": server.port, "user": USER, "password": PASSWORD, "folder": tmp_path}
    server.settings = folder / f"dataplaneapi.{suffix}"
    server.settings.write_text(text.format(**given, program=governed.program))
    server.command[-1] = str(server.settings)
    if installed:
        root = request.getfixturevalue("clean_root")
        server.command[0] = root.dataplane
        server.environ = {**root.environ, "PATH": f"{tmp_path}/bin:{root.environ['PATH']}"}
    with server:
        client = server.client()
        assert health(client) == (200, "application/json", "up")
        query = {"version": client.version(), "force_reload": "true"}
        made = client.call("POST", f"{CONFIGURATION}/backends", {"name": "later"}, **query)
        assert made.status == 201, made.body
        assert "Reloading HAProxy" in governed.log.read_text()
        assert governed.process is not None
        governed.process.send_signal(signal.SIGTERM)
        governed.process.wait(PATIENCE)
        until(lambda: health(client)[2] == "down")
        client.connection.close()
