"""docs/addons.md: every command is carried out, in an environment of the built server."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.examples.test_packages import PACKAGES
from tests.harness.clean_root import CleanRoot, install
from tests.harness.recorded import TOP
from tests.harness.server import Client, free_port
from tests.harness.waiting import PATIENCE, until

PAGE = (TOP / "docs" / "addons.md").read_text("utf-8")
SETTINGS = """\
dataplaneapi:
  port: {port}
  user: [{{name: admin, password: secret, insecure: true}}]
haproxy:
  config_file: {folder}/haproxy.cfg
  reload: {{validate_cmd: "true", reload_cmd: "true", restart_cmd: "true"}}
dataplane:
  state_dir: {folder}/state
  workers: 1
"""
TEXT = """\
global
  stats socket {folder}/none.sock
frontend www
  bind 127.0.0.1:8080
backend shop
  server s1 192.0.2.1:80 check
backend news
  server s1 192.0.2.2:80 check
"""

pytestmark = pytest.mark.server


def blocks(language: str = "", page: str = PAGE) -> list[str]:
    found = re.findall(r"^```(\w*)\n(.*?)^```$", page, re.S | re.M)
    return [text for kind, text in found if kind == language]


class Terminal:
    """Carries out commands of the page, with other places, a free port, and what was shown before."""

    def __init__(self, root: CleanRoot, folder: Path) -> None:
        self.root, self.folder, self.port = root, folder, free_port()
        self.shown = {"admin:PASSWORD": "admin:secret"}

    def here(self, text: str) -> str:
        places = {
            "/opt/dataplane/bin/pip": f"{sys.executable} -m pip --python {self.root.python}",
            "/opt/dataplane/bin": f"{self.root.folder}/opt/bin",
            "/etc/dataplane": str(self.folder),
            "127.0.0.1:5555": f"127.0.0.1:{self.port}",
            "curl": "curl -sS",
            **self.shown,
        }
        for written, here in places.items():
            text = text.replace(written, here)
        return text

    def answers(self) -> bool:
        """Whether the server answers."""
        client = Client(self.port, "admin", "secret")
        try:
            return client.call("GET", "/v2/info").status == 200
        except OSError:
            return False
        finally:
            client.connection.close()

    @property
    def environ(self) -> dict[str, str]:
        pip = {"PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "0", "PIP_NO_DEPS": "1"}
        return {**self.root.environ, **pip, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}

    def run(self, command: str, *failures: int) -> str:
        done = subprocess.run(
            self.here(command), shell=True, capture_output=True, text=True, cwd=self.folder,
            env=self.environ, timeout=300,
        )  # fmt: skip
        assert done.returncode in (0, *failures), command + done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def terminal(clean_root: CleanRoot, tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    """A terminal where the server is installed, and a clone with the examples lies about."""
    folder = tmp_path_factory.mktemp("etc")
    shutil.copytree(TOP / "contrib" / "examples", folder / "contrib" / "examples")
    found = Terminal(install(tmp_path_factory.mktemp("addons"), clean_root.wheel), folder)
    (folder / "dataplane.yaml").write_text(SETTINGS.format(port=found.port, folder=folder))
    (folder / "haproxy.cfg").write_text(TEXT.format(folder=folder))
    return found


@pytest.fixture(scope="module")
def prepared(terminal: Terminal) -> Terminal:
    """The add-ons are installed and set, by the commands of the page."""
    first, *_ = blocks()
    pip, plugins, settings, trial, token = first.splitlines()
    terminal.run(pip)
    listed = terminal.run(plugins)
    assert "dataplane-enterprise 2.4.1" in listed
    assert "dataplane-maintenance 1.0" in listed
    assert "plugin_settings.enterprise.tokens[]" in terminal.run(settings)
    terminal.run(trial)
    made = terminal.run(token)
    secret, digest = re.search(r"once: (\S+)", made), re.search(r"sha256: (\w+)", made)
    assert secret
    assert digest
    terminal.shown |= {"TOKEN": secret[1], "SHA256": digest[1]}
    with (terminal.folder / "dataplane.yaml").open("a") as file:
        file.write(terminal.here(blocks("yaml")[0]))
    return terminal


@pytest.fixture
def served(prepared: Terminal) -> Iterator[Terminal]:
    """The server runs, started as the page says."""
    command = prepared.here(blocks()[1]).split()
    log = prepared.folder / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(command, env=prepared.environ, stdout=out, stderr=out)
    try:
        until(lambda: prepared.answers() or process.poll() is not None, log.read_text)
        assert process.poll() is None, log.read_text()
        yield prepared
    finally:
        process.terminate()
        process.wait(PATIENCE)


def test_the_session(served: Terminal) -> None:
    first, *others = blocks()[2].splitlines()
    status = served.run(first, 1)  # as there is no HAProxy here, which it says
    own, other, bind, window, windows, told = map(served.run, others)
    assert "licensed to Everybody who tries the example until 2099-12-31; 1 tokens" in status
    assert "0 windows in the calendar" in status
    assert [one["name"] for one in json.loads(own)] == ["s1"]
    refusals = re.findall(r"`([^`]+)`", PAGE[PAGE.index("The second request is refused") :])[:2]
    assert json.loads(other)["message"] == refusals[0]
    said = json.loads(bind)["message"].replace("`", "")
    assert re.search(r"line \d+, ", said)
    assert " ".join(refusals[1].split()) in said
    assert json.loads(windows) == [json.loads(window)]
    assert json.loads(told)["path"] == "/v2/services/maintenance/windows"


def test_an_error_names_file_line_and_key(prepared: Terminal) -> None:
    shown = re.search(r"`(dataplane\.yaml:(\d+): [^`]*)`", PAGE)
    assert shown is not None
    line = int(shown[2])
    value = re.search(r'"(\w+)"', shown[1])
    assert value is not None
    text = "#\n" * (line - 3) + f"plugin_settings:\n  enterprise:\n    policy: {value[1]}\n"
    (prepared.folder / "wrong").mkdir()
    file = prepared.folder / "wrong" / "dataplane.yaml"
    file.write_text(text)
    done = prepared.root.run(prepared.root.dataplane, "status", "-f", str(file))
    assert done.stderr.splitlines() == [f"{file.parent}/{shown[1]}"]
    environ = {**prepared.environ, "DATAPLANE_ENTERPRISE__POLICY": "enforced"}
    said = subprocess.run(
        [prepared.root.dataplane, "serve", "-f", str(prepared.folder / "dataplane.yaml")],
        env=environ, capture_output=True, text=True, timeout=PATIENCE,
    )  # fmt: skip
    assert 'environment DATAPLANE_ENTERPRISE__POLICY: plugin_settings.enterprise.policy: "enforced"' in said.stderr


def test_the_server_does_not_start_without_the_addon_that_has_settings(prepared: Terminal) -> None:
    broken = prepared.folder / "broken" / "dataplane_enterprise"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text("raise ZeroDivisionError('broken')\n")
    serve = [prepared.root.dataplane, "serve", "-f", str(prepared.folder / "dataplane.yaml")]
    environ = {**prepared.environ, "PYTHONPATH": str(broken.parent)}
    done = subprocess.run(serve, env=environ, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode != 0
    assert "ZeroDivisionError: broken" in done.stderr
    said = re.search(r"`(the server does not start without[^`]*)`", PAGE)
    assert said is not None
    assert " ".join(said[1].split()) in done.stderr


def test_the_other_commands(prepared: Terminal) -> None:
    lua, tests, wheel = (block.splitlines() for block in blocks()[3:])
    assert prepared.run(lua[0]).startswith("lua-load /")
    own = [f"cd contrib/examples/{name} && pytest -q {tests}" for name, (tests,) in PACKAGES.items()]
    assert {*tests} < {*own}  # which are carried out
    prepared.run(wheel[0])
    assert [one.name for one in (prepared.folder / "dist").iterdir()] == ["dataplane_enterprise-2.4.1-py3-none-any.whl"]


def test_what_the_page_quotes_stands_in_the_package() -> None:
    package = (TOP / "contrib" / "examples" / "enterprise" / "pyproject.toml").read_text("utf-8")
    assert blocks("toml")[0] in package
    assert 'dependencies = ["dataplane"' in package


def test_it_is_linked() -> None:
    for page in ("README.md", "docs/plugins.md"):
        name = os.path.relpath(TOP / "docs" / "addons.md", (TOP / page).parent)
        assert f"({name})" in (TOP / page).read_text("utf-8")
