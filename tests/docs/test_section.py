"""docs/section.md: what it quotes is the example, and every command is carried out."""

import json
import shutil
import subprocess
from collections.abc import Iterator

import pytest

from tests.docs import test_addons
from tests.docs.test_addons import SETTINGS, Terminal
from tests.harness.clean_root import CleanRoot, install
from tests.harness.recorded import TOP
from tests.harness.waiting import PATIENCE, until

PAGE = (TOP / "docs" / "section.md").read_text("utf-8")
EXAMPLE = TOP / "contrib" / "examples" / "udp-lb"

pytestmark = pytest.mark.server


def blocks(language: str = "") -> list[str]:
    return test_addons.blocks(language, PAGE)


@pytest.fixture(scope="module")
def terminal(clean_root: CleanRoot, tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    """A terminal where the server is installed, and a clone with the examples lies about."""
    folder = tmp_path_factory.mktemp("section")
    shutil.copytree(EXAMPLE, folder / "contrib" / "examples" / "udp-lb")
    found = Terminal(install(tmp_path_factory.mktemp("udp-lb"), clean_root.wheel), folder)
    (folder / "dataplane.yaml").write_text(SETTINGS.format(port=found.port, folder=folder))
    (folder / "haproxy.cfg").write_text("global\n")
    return found


@pytest.fixture(scope="module")
def installed(terminal: Terminal) -> Iterator[Terminal]:
    """The plugin is installed, and the server runs, by the commands of the page."""
    pip, plugins, routes, serve = blocks()[0].splitlines()
    terminal.run(pip)
    assert "dataplane-udp-lb 1.0" in terminal.run(plugins)
    assert "/configuration/udp_targets/{name}" in terminal.run(routes)
    log = terminal.folder / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(terminal.here(serve).split(), env=terminal.environ, stdout=out, stderr=out)
    try:
        until(lambda: terminal.answers() or process.poll() is not None, log.read_text)
        yield terminal
    finally:
        process.terminate()
        process.wait(PATIENCE)


def test_the_session(installed: Terminal) -> None:
    made, first, target, targets, gone = (json.loads(said) if said else None for said in map(installed.run, blocks()[1].splitlines()))
    section = {"name": "dns", "address": ":53", "balance": "source"}
    assert made == section
    assert first["data"] == section
    assert target == {"name": "dns1", "address": "192.0.2.1:53", "weight": 10}
    assert targets["data"] == [target]
    assert gone is None
    text = (installed.folder / "haproxy.cfg").read_text()
    assert text.endswith("udp-lb dns\n  dgram-bind :53\n  balance source\n"), text


def test_its_own_tests(installed: Terminal) -> None:
    (command,) = blocks()[2].splitlines()
    done = installed.run(command.replace("pytest", f"{installed.root.python} -m pytest -p no:cacheprovider"))
    assert " passed" in done


def test_what_the_page_quotes_is_the_example() -> None:
    module, setup = blocks("python")
    assert module == (EXAMPLE / "dataplane_udp_lb.py").read_text("utf-8")
    assert setup == (EXAMPLE / "setup.py").read_text("utf-8")
    assert blocks("json")[0].strip() in (EXAMPLE / "cases.jsonl").read_text("utf-8").splitlines()
    assert len(module.splitlines()) < 40
