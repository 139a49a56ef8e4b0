"""One file of the server: built, sealed up with one folder to write to, asked, and built once more."""

import base64
import contextlib
import hashlib
import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.harness.contrib import locked
from tests.harness.haproxy import HaproxyProcess
from tests.harness.once import made_once
from tests.harness.recorded import TOP
from tests.harness.server import free_port
from tests.harness.waiting import PATIENCE, until
from tests.server.conftest import UnixConnection

PROGRAM = [sys.executable, str(TOP / "contrib" / "appliance")]
SEALED = [sys.executable, str(Path(__file__).with_name("sealed.py"))]
SERVICES = "/v3/services/haproxy"
BACKENDS = f"{SERVICES}/configuration/backends"
CONFIGURATION = """\
global

userlist controller
  user admin insecure-password admin

defaults
  mode http
  timeout client 10s
  timeout connect 10s
  timeout server 10s

frontend www
  bind 127.0.0.1:{port}
  default_backend shop

backend shop
  server one 127.0.0.1:8081
"""
WITH_SOCKET = """\
dataplaneapi:
  scheme: [http, unix]
  host: 127.0.0.1
  socket_path: @FOLDER@/api.sock
"""


def build(output: Path, *words: str, environ: dict[str, str] | None = None) -> str:
    command = [*PROGRAM, "--installed", "--output", str(output), "--python", sys.executable, *words]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **(environ or {})})
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def appliance(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The smallest set as an archive that this Python starts, which also listens on a Unix socket."""
    return made_once(tmp_path_factory, "appliance", build_smallest) / "dataplane"


def build_smallest(folder: Path) -> None:
    text = (TOP / "contrib" / "lib" / "appliance" / "settings.yaml").read_text("utf-8")
    text = re.sub(r"dataplaneapi:\n(  scheme: .*\n)  host: .*\n", WITH_SOCKET, text)
    (folder / "settings.yaml").write_text(text)
    build(folder / "dataplane", "--settings", str(folder / "settings.yaml"))


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The one folder that may be written to, with a configuration; its path is short for sockets."""
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "haproxy.cfg").write_text(CONFIGURATION.format(port=free_port()))
    return folder


@pytest.fixture(scope="session")
def unshare() -> list[str]:
    """The command that gives a process mounts and a network of its own."""
    command = ["unshare", "-rmn"]
    if shutil.which("unshare") is None or subprocess.run([*command, "true"], capture_output=True).returncode:
        pytest.skip("this machine does not let a process have namespaces of its own (unshare -rmn)")
    return command


def run(program: Path, folder: Path, *words: str, before: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    environ = {"PATH": os.environ["PATH"], "HOME": "/nowhere", "DATAPLANE_FOLDER": str(folder)}
    return subprocess.run([*before, str(program), *words], env=environ, capture_output=True, text=True, timeout=PATIENCE)


class Asked(UnixConnection):
    """A connection to the socket in the folder, by which the user of the configuration asks."""

    def __init__(self, folder: Path) -> None:
        super().__init__(str(folder / "api.sock"))

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, Any, Any]:
        headers = {"Authorization": f"Basic {base64.b64encode(b'admin:admin').decode()}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        self.request(method, path, None if body is None else json.dumps(body), headers)
        answer = self.getresponse()
        data = answer.read()
        is_json = "json" in str(answer.headers["Content-Type"])
        return answer.status, json.loads(data) if data and is_json else data.decode(), answer.headers

    def answers(self) -> bool:
        with contextlib.suppress(OSError, http.client.HTTPException):
            return self.ask("GET", BACKENDS)[0] == 200
        self.close()
        return False


@contextlib.contextmanager
def serving(program: Path, folder: Path, haproxy: str, before: list[str]) -> Iterator[Callable[[], Asked]]:
    environ = {"PATH": f"{Path(haproxy).parent}:{os.environ['PATH']}", "DATAPLANE_FOLDER": str(folder)}
    log = folder / "log"
    with log.open("wb") as written:
        command = [*before, str(program), "serve"]
        process = subprocess.Popen(command, env=environ, stdout=written, stderr=written, start_new_session=True)
    try:
        until(lambda: process.poll() is not None or Asked(folder).answers(), log.read_text)
        assert process.poll() is None, log.read_text()
        yield lambda: Asked(folder)
        process.terminate()
        assert process.wait(PATIENCE) == 0
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.mark.server
@pytest.mark.haproxy
def test_sealed_up_it_serves_edits_and_reloads(
    appliance: Path, place: Path, unshare: list[str], haproxy_program: str
) -> None:
    """Whatever it wrote elsewhere would fail, and the log would tell of it."""
    before = [*unshare, *SEALED, str(place)]
    with (
        HaproxyProcess(haproxy_program, place / "haproxy.cfg", place) as haproxy,
        serving(appliance, place, haproxy_program, before) as client,
    ):
        one = client()
        assert one.ask("GET", "/v2/health")[1]["haproxy"] == "up"
        version = one.ask("GET", f"{SERVICES}/configuration/version")[1]
        made = one.ask("POST", f"{SERVICES}/transactions?version={version}")[1]["id"]
        query = f"transaction_id={made}"
        assert one.ask("POST", f"{BACKENDS}?{query}", {"name": "news"})[0] == 202
        server = {"name": "two", "address": "127.0.0.1", "port": 8082}
        assert one.ask("POST", f"{BACKENDS}/news/servers?{query}", server)[0] == 202
        frontend = f"{SERVICES}/configuration/frontends/www"
        acl = {"acl_name": "is_news", "criterion": "path_beg", "value": "/news"}
        assert one.ask("POST", f"{frontend}/acls/0?{query}", acl)[0] == 202
        rule = {"name": "news", "cond": "if", "cond_test": "is_news"}
        assert one.ask("POST", f"{frontend}/backend_switching_rules/0?{query}", rule)[0] == 202
        committed = one.ask("PUT", f"{SERVICES}/transactions/{made}?force_reload=true")
        assert committed[0] in (200, 202), committed
        assert "use_backend news if is_news" in (place / "haproxy.cfg").read_text()
        raw = one.ask("GET", f"{SERVICES}/configuration/raw")
        assert raw[0] == 200
        assert "server two 127.0.0.1:8082" in raw[1]
        assert haproxy.answers()
        refused = one.ask("POST", f"{BACKENDS}?version={version + 1}", {"name": "no name"})
        assert refused[0] in (400, 422)
        mine = one.ask("GET", f"{SERVICES}/configuration/version")[1]
        raw_text = one.ask("POST", f"{SERVICES}/configuration/raw?version={mine}", None)
        assert raw_text[0] >= 400
    told = (place / "log").read_text()
    assert "Traceback" not in told
    assert "ead-only" not in told  # EROFS
    kept = {path.name for path in (place / ".appliance").iterdir()}
    assert not [name for name in kept if re.search(r"\.\d+$", name)], "something was left half written"


@pytest.mark.server
@pytest.mark.haproxy
@pytest.mark.skipif("APPLIANCE_WHOLE" not in os.environ, reason="builds for a minute: APPLIANCE_WHOLE=1 runs it")
def test_the_whole_needs_no_python(
    appliance: Path, place: Path, unshare: list[str], haproxy_program: str, tmp_path: Path
) -> None:
    """Sealed up, with an empty folder in the place of each Python of this machine."""
    whole = tmp_path / "dataplane"
    build(whole, "--form", "whole", "--settings", str(appliance.with_name("settings.yaml")))
    hidden = [sys.base_prefix, *map(str, Path("/usr/lib").glob("python3*"))]
    before = [*unshare, "env", f"SEALED_HIDE={':'.join(hidden)}", *SEALED, str(place)]
    with (
        HaproxyProcess(haproxy_program, place / "haproxy.cfg", place),
        serving(whole, place, haproxy_program, before) as client,
    ):
        one = client()
        assert one.ask("POST", f"{BACKENDS}?version=1&force_reload=true", {"name": "news"})[0] in (201, 202)
    assert "ead-only" not in (place / "log").read_text()


@pytest.mark.server
def test_the_seal_holds(place: Path, unshare: list[str], tmp_path: Path) -> None:
    """What the test above says is worth something: elsewhere nothing can be written."""
    for there in (tmp_path / "elsewhere", Path("/tmp/elsewhere"), Path.home() / "elsewhere", Path("/dev/shm/elsewhere")):
        code = f"open({str(there)!r}, 'w')"
        done = subprocess.run([*unshare, *SEALED, str(place), sys.executable, "-c", code], capture_output=True, text=True)
        assert done.returncode != 0 or str(there).startswith("/dev/")
        Path("/dev/shm/elsewhere").unlink(missing_ok=True)
    code = f"open({str(place / 'here')!r}, 'w')"
    subprocess.run([*unshare, *SEALED, str(place), sys.executable, "-c", code], check=True)


def test_it_answers_as_the_command_does(appliance: Path, place: Path, haproxy_program: str) -> None:
    version = run(appliance, place, "--version")
    assert re.fullmatch(r"dataplane \S+\n", version.stdout), version.stderr
    plugins = run(appliance, place, "plugins")
    assert "configuration.backends" in plugins.stdout
    assert "runtime.maps" not in plugins.stdout
    checked = run(appliance, place, "check", str(place / "haproxy.cfg"))
    assert checked.returncode == 0, checked.stderr + checked.stdout
    doctor = run(appliance, place, "doctor")
    assert f"the socket {place}/master.sock does not exist" in doctor.stdout
    assert not doctor.stderr
    assert "serve" in run(appliance, place, "--help").stdout


def test_its_manifest_is_what_is_in_it(appliance: Path, place: Path) -> None:
    manifest = json.loads(run(appliance, place, "manifest").stdout)
    with zipfile.ZipFile(appliance) as archive:
        names = {*archive.namelist()} - {"appliance.json"}
        assert manifest["sha256"] == {one: hashlib.sha256(archive.read(one)).hexdigest() for one in names}
    assert manifest["distributions"]["falcon"]
    assert "prometheus-client" not in manifest["distributions"]
    assert manifest["plugins"][:2] == ["service.health", "service.transactions"]


def test_it_brings_the_licences_of_what_is_in_it(appliance: Path, place: Path) -> None:
    texts = run(appliance, place, "licences").stdout.split("-" * 80)
    named = {locked.normal(name) for text in texts for name in text.strip().partition("\n")[0].split(", ")}
    assert named == {*json.loads(run(appliance, place, "manifest").stdout)["distributions"]}


def test_two_builds_have_the_same_bytes(appliance: Path, tmp_path: Path) -> None:
    settings = str(appliance.with_name("settings.yaml"))
    build(tmp_path / "again", "--settings", settings, environ={"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"})
    assert (tmp_path / "again").read_bytes() == appliance.read_bytes()


def test_without_a_folder_to_write_to_it_loads_its_modules_from_memory(appliance: Path) -> None:
    done = run(appliance, Path("/proc/none"), "--version")  # where not even root makes a folder
    assert done.stdout.startswith("dataplane "), done.stderr


def test_a_python_of_another_version_is_told_which_one_is_needed(appliance: Path, tmp_path: Path) -> None:
    code = f"""
import sys, runpy
sys.version_info = (3, 99, 0, "final", 0)
sys.argv = [{str(appliance)!r}]
runpy.run_path({str(appliance)!r}, run_name="__main__")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1
    assert "this file was built for CPython 3." in done.stderr
    assert "Traceback" not in done.stderr


def test_names_that_are_wrong_are_said(tmp_path: Path) -> None:
    command = [*PROGRAM, "--installed", "--output", str(tmp_path / "none"), "--plugin", "runtime.nothing"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "there is no plugin runtime.nothing" in done.stderr
    assert not (tmp_path / "none").exists()


def documented() -> list[str]:
    """The commands of docs/appliance.md, in order."""
    text = (TOP / "docs" / "appliance.md").read_text("utf-8")
    blocks = re.findall(r"^```\n(.*?)^```", text, re.M | re.S)
    lines = [line for block in blocks for line in block.splitlines()]
    return [line for line in lines if line.startswith(("contrib/appliance", "dist/dataplane"))]


LATER = ("--plugin", "--with", "--set full", "--form whole", "measure")
"""Commands that take long, or need a registry of packages: the test behind APPLIANCE_WHOLE runs them."""


def carried_out(line: str, appliance: Path, place: Path, tmp_path: Path, installed: bool) -> None:
    """Run a line of the page, on a folder of the test and on files that it builds."""
    words = line.replace("/var/lib/dataplane", str(place)).split()
    environ = {**os.environ, "DATAPLANE_FOLDER": str(place)}
    if words[0] == "contrib/appliance":
        words[:1] = [*PROGRAM, *["--installed"] * (installed and words[1] not in ("measure", "--help"))]
    words = [str(appliance) if word == "dist/dataplane" and words[0] != sys.executable else word for word in words]
    output = str(appliance) if "measure" in words else str(tmp_path / "built")
    words = [output if word == "dist/dataplane" else word for word in words]
    done = subprocess.run(words, cwd=TOP, env=environ, capture_output=True, text=True, timeout=10 * PATIENCE)
    assert done.returncode == (1 if words[-1] == "doctor" else 0), done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_commands_of_the_page_work(appliance: Path, place: Path, tmp_path: Path, haproxy_program: str) -> None:
    """All but `serve`, which other tests run, and those that take long."""
    lines = documented()
    assert len(lines) == 14
    for line in lines:
        if not line.endswith(" serve") and not any(word in line for word in LATER) and line[18:] != "--output dist/dataplane":
            carried_out(line, appliance, place, tmp_path, installed=True)


@pytest.mark.network
@pytest.mark.skipif("APPLIANCE_WHOLE" not in os.environ, reason="builds for minutes: APPLIANCE_WHOLE=1 runs it")
@pytest.mark.parametrize("word", LATER)
def test_long_commands_of_the_page_work(
    appliance: Path, place: Path, tmp_path: Path, haproxy_program: str, word: str
) -> None:
    for line in documented():
        if word in line:
            carried_out(line, appliance, place, tmp_path, installed=word not in ("--with",))
    if word == "--with":
        assert re.search(r"udp-lb .* loaded", run(tmp_path / "built", place, "plugins").stdout)
