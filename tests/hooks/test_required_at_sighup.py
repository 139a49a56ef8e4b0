"""A required plugin that fails at a SIGHUP: what was in force stays in force, its guards too."""

import json
import signal
from pathlib import Path

import pytest

from tests.harness.server import CONFIGURATION, ApiServer
from tests.harness.waiting import until

pytestmark = pytest.mark.server

GUARD = """
from pathlib import Path
from dataplane_core.plugin import impl

@impl
def dataplane_register(registry):
    if Path(__file__).with_name("broken").exists():
        raise RuntimeError("no licence")

@impl
def dataplane_check(document):
    return ["nobody changes anything"]
"""


def install(folder: Path) -> None:
    """Have the plugin be found as an installed one is."""
    facts = folder / "guard-1.0.dist-info"
    facts.mkdir(parents=True)
    (folder / "guard.py").write_text(GUARD)
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: guard\nVersion: 1.0\n")
    (facts / "entry_points.txt").write_text("[dataplane.plugins]\nguard = guard\n")


@pytest.mark.parametrize("master", [True, False], ids=["with a master", "alone"])
def test_what_was_in_force_stays(tmp_path: Path, master: bool) -> None:
    install(tmp_path / "plugins")
    (tmp_path / "haproxy.cfg").write_text("global\n")
    own = {"plugins": {"required": ["guard"]}, "master": master, "workers": 1}
    path = {"PYTHONPATH": str(tmp_path / "plugins")}
    with ApiServer(tmp_path / "haproxy.cfg", tmp_path / "run", {"dataplane": own}, environ=path) as server:
        assert server.process is not None
        client = server.client()

        def refused() -> bool:
            body, version = {"name": "be"}, client.version()
            answer = client.call("POST", f"{CONFIGURATION}/backends", body, version=version)
            return answer.status == 422 and b"nobody changes anything" in answer.body

        assert refused()
        broken = tmp_path / "plugins" / "broken"
        broken.touch()
        tree = json.loads(server.settings.read_text())
        server.settings.write_text(json.dumps({**tree, "name": "second"}))
        server.process.send_signal(signal.SIGHUP)
        until(lambda: "the server does not start without guard, which dataplane.plugins.required names" in server.log.read_text())
        assert refused()
        assert server.process.poll() is None
        broken.unlink()
        server.process.send_signal(signal.SIGHUP)
        assert refused()
