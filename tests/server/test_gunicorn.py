"""The application under a gunicorn that somebody else starts."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness.server import ApiServer
from tests.harness.waiting import until

TOP = Path(__file__).parents[2]


@pytest.mark.server
def test_the_sample_configuration_of_gunicorn_serves(tmp_path):
    configuration = tmp_path / "haproxy.cfg"
    configuration.write_text("global\n")
    server = ApiServer(configuration, tmp_path / "run")
    (tmp_path / "run" / "transactions").mkdir()
    server.command = [
        str(Path(sys.executable).with_name("gunicorn")),
        *("-c", str(TOP / "config" / "gunicorn.conf.py"), "-b", f"127.0.0.1:{server.port}"),
    ]
    server.environ["DATAPLANE_SETTINGS"] = str(server.settings)
    with server:
        client = server.client()
        made = client.call(
            "POST", "/v2/services/haproxy/configuration/backends", {"name": "b"}, version=1
        )
        assert made.status == 202
        reload_id = made.headers["Reload-ID"]
        path = f"/v2/services/haproxy/reloads/{reload_id}"
        until(lambda: client.call("GET", path).json["status"] == "succeeded")
    assert "Traceback" not in server.log.read_text()


def test_nothing_of_the_environment_is_needed_to_import_the_command():
    code = "import json, dataplane_core.commands.group as c; print(json.dumps(sorted(c.main.commands)))"
    environ = {"PYTHONPATH": str(TOP), "PATH": os.environ["PATH"]}
    done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True)
    assert "serve" in json.loads(done.stdout)
