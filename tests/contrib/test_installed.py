"""`Installing it for good` of README.md: the built package in a clean root."""

import re
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.harness.clean_root import CleanRoot
from tests.harness.haproxy import DEFAULTS, HaproxyProcess
from tests.harness.recorded import TOP
from tests.harness.server import Client
from tests.harness.waiting import PATIENCE, until

SAMPLES = [
    *(path for path in sorted((TOP / "config").iterdir()) if path.is_file()),
    *(TOP / "contrib" / "systemd").glob("dataplane.*"),
]
TEXT = """\
global
  stats socket {folder}/worker.sock mode 600 level admin
""" + DEFAULTS + """\
frontend fe
  bind unix@{folder}/fe.sock
"""


def commands() -> list[str]:
    """The lines of README.md's block, without their comments."""
    text = (TOP / "README.md").read_text("utf-8").split("## Installing it for good")[1]
    block = re.search(r"```\n(.*?)```", text, re.S)
    assert block is not None
    return [line.partition("#")[0].strip() for line in block[1].splitlines()]


def test_every_sample_is_in_the_package(clean_root: CleanRoot) -> None:
    listed = clean_root.run(clean_root.dataplane, "sample").stdout.split()
    assert listed == sorted(path.name for path in SAMPLES)
    assert len(listed) > 6
    for path in SAMPLES:
        printed = clean_root.run(clean_root.dataplane, "sample", path.name)
        assert printed.stdout == path.read_text("utf-8"), printed.stderr
    where = clean_root.run(clean_root.python, "-c", "import dataplane_core as d; print(d.__file__)")
    assert where.stdout.startswith(str(clean_root.folder))


def test_the_page_of_the_documentation_is_in_the_package(clean_root: CleanRoot) -> None:
    names = zipfile.ZipFile(clean_root.wheel).namelist()
    assets = TOP / "dataplane_plugins" / "service" / "assets"
    assert {f"dataplane_plugins/service/assets/{one.name}" for one in assets.iterdir()} <= {*names}
    page = [path for part in ("static", "vendor") for path in (TOP / "dataplane_plugins/page" / part).rglob("*")]
    assert {path.relative_to(TOP).as_posix() for path in page if path.is_file()} <= {*names}
    assert not [name for name in names if name.startswith(("tests/", "config/", "contrib/"))]


@pytest.fixture
def governed(haproxy_program: str, tmp_path: Path) -> Iterator[HaproxyProcess]:
    (tmp_path / "haproxy.cfg").write_text(TEXT.format(folder=tmp_path))
    with HaproxyProcess(haproxy_program, tmp_path / "haproxy.cfg", tmp_path) as process:
        yield process


@pytest.mark.server
@pytest.mark.haproxy
def test_the_commands_work_as_written(
    clean_root: CleanRoot, governed: HaproxyProcess, tmp_path: Path
) -> None:
    venv, install, init, serve = commands()
    assert (venv, install) == ("python3 -m venv /opt/dataplane", "/opt/dataplane/bin/pip install .")
    places = {"/opt/dataplane/": f"{clean_root.folder}/opt/", "/etc/dataplane/": f"{tmp_path}/etc/"}
    for written, here in places.items():
        init, serve = init.replace(written, here), serve.replace(written, here)
    file = tmp_path / "etc" / "dataplane.yaml"
    # What runs on this machine beside this HAProxy is not to be found, and nothing of root's written.
    init += f" -f {file} -c {governed.configuration} --state-dir {tmp_path}/state"
    done = clean_root.run("sh", "-c", init)
    assert done.returncode == 0, done.stderr
    found = dict(re.findall(r"^([A-Za-z' ]+?)  +(.+)$", done.stdout, re.M))
    assert found["configuration"] == str(governed.configuration)
    assert found["master's socket"] == str(governed.master)
    assert found["stats sockets"] == f"{tmp_path}/worker.sock"
    assert found["reloads by"] == "the master's socket"
    assert found["next"].endswith(f"dataplane serve -f {file}")
    assert "!" not in done.stdout
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(serve.split(), env=clean_root.environ, stdout=log, stderr=log)
    try:
        port = int(re.search(r":(\d+)/", found["URL"])[1])  # type: ignore[index]
        user = port, "admin", found["password"].split()[0]
        wait_for_answer(lambda: Client(*user), process, tmp_path / "log")
        client = Client(*user)
        made = client.call(
            "POST", "/v2/services/haproxy/configuration/backends", {"name": "b"},
            version=client.version(), force_reload="true",
        )  # fmt: skip
        assert made.status == 201, made.body
        assert Client(port, "admin", "wrong").call("GET", "/v2/info").status == 401
        client.connection.close()
        for command in ("status", "doctor"):
            told = clean_root.run(clean_root.dataplane, command, "-f", str(file))
            assert told.returncode == 0, told.stdout + told.stderr
    finally:
        process.terminate()
        process.wait(PATIENCE)
    assert "backend b" in governed.configuration.read_text()
    assert "nobody may use the API" not in (tmp_path / "log").read_text()


def wait_for_answer(
    client: Callable[[], Client], process: "subprocess.Popen[bytes]", log: Path
) -> None:
    def answers() -> bool:
        assert process.poll() is None, log.read_text()
        try:
            return client().call("GET", "/v2/info").status == 200
        except OSError:
            return False

    until(answers, log.read_text)


def test_the_unit_names_the_same_places() -> None:
    unit = (TOP / "contrib" / "systemd" / "dataplane.service").read_text()
    assert commands()[-1] in unit
