"""`contrib/run`, as somebody who has just cloned the project uses it."""

import base64
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.harness.fixtures import one_haproxy
from tests.harness.recorded import TOP
from tests.harness.waiting import PATIENCE, until

SESSION = TOP / "contrib" / "demo" / "session.py"
FREE = ("--port", "0", "--site-port", "0", "--server-port", "0")

pytestmark = pytest.mark.server


def start(folder: Path, *more: str) -> "subprocess.Popen[str]":
    """What contrib/run executes once its environment is there."""
    command = [sys.executable, str(SESSION), "--run-dir", str(folder), *more]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def finish(process: "subprocess.Popen[str]") -> tuple[int, str, str]:
    out, err = process.communicate(timeout=2 * PATIENCE)
    return process.returncode, out, err


def told(process: "subprocess.Popen[str]") -> str:
    """What it prints up to its last line."""
    assert process.stdout is not None
    text = ""
    for line in process.stdout:
        text += line
        if line.startswith("Ctrl-C"):
            return text
    raise AssertionError(text + (process.stderr.read() if process.stderr else ""))


def fetch(url: str, user: str | None = None) -> tuple[int, str]:
    request = urllib.request.Request(url)
    if user:
        token = base64.b64encode(user.encode()).decode()
        request.add_header("Authorization", f"Basic {token}")
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, ""


def listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.haproxy
@pytest.mark.parametrize("version", ["2.8", "2.6"])
def test_every_part_works_and_ends(tmp_path: Path, version: str) -> None:
    process = start(tmp_path / "run", *FREE, "--haproxy-bin", one_haproxy(version))
    text = told(process)
    words = dict(re.findall(r"^(API|Proxied site|Password|Documentation) +(\S+)", text, re.M))
    user = f"admin:{words['Password']}"
    try:
        assert fetch(f"{words['API']}/info")[0] == 401
        assert fetch(f"{words['API']}/info", user)[0] == 200
        assert fetch(words["Documentation"], user)[0] == 200
        assert fetch(words["Proxied site"])[1].startswith("web")
    finally:
        process.send_signal(signal.SIGINT)
        code, _, err = finish(process)
    assert code == 0, err
    for url in (words["API"], words["Proxied site"]):
        assert not listening(int(re.search(r":(\d+)", url).group(1)))  # type: ignore[union-attr]


@pytest.mark.haproxy
def test_the_printed_commands_work(tmp_path: Path, haproxy_program: str) -> None:
    if shutil.which("curl") is None:
        pytest.skip("no curl is installed here")
    process = start(tmp_path / "run", *FREE, "--haproxy-bin", haproxy_program)
    text = told(process)
    try:
        script = text.split("another terminal:\n")[1].split("\nCtrl-C")[0]
        command = ["bash", "-e", "-c", script.replace("curl ", "curl --fail-with-body ")]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=2 * PATIENCE)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        assert '"name":"web"' in ran.stdout.replace(" ", "")
        assert "server web3 127.0.0.1:" in ran.stdout
    finally:
        process.send_signal(signal.SIGINT)
        finish(process)


def test_a_second_start_goes_on_where_the_first_ended(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    assert finish(start(folder, *FREE, "--check", "--no-haproxy"))[0] == 0
    with (folder / "haproxy.cfg").open("a") as handle:
        handle.write("\nbackend mine\n")
    before = (folder / "session.json").read_text()
    code, out, err = finish(start(folder, "--check", "--no-haproxy"))
    assert code == 0, err
    assert "only files are edited" in out
    assert (folder / "session.json").read_text() == before
    assert "backend mine" in (folder / "haproxy.cfg").read_text()
    assert (folder / "session.json").stat().st_mode & 0o077 == 0
    assert (folder / "dataplane.yaml").stat().st_mode & 0o077 == 0


def test_two_at_once_in_one_folder_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    first = start(folder, *FREE, "--no-haproxy")
    told(first)
    try:
        code, _, err = finish(start(folder, "--check", "--no-haproxy"))
        assert code == 1
        assert "running in" in err
    finally:
        first.send_signal(signal.SIGTERM)
        assert finish(first)[0] == 0


def test_a_port_in_use_is_named_with_the_option_that_helps(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        arguments = ("--port", str(port), "--server-port", "0", "--site-port", "0")
        code, _, err = finish(start(tmp_path / "run", *arguments, "--no-haproxy"))
    assert code == 1
    assert f"port {port} cannot be used" in err
    assert "--port" in err


@pytest.mark.parametrize("flags", [(), ("--fresh",)])
def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path, flags: tuple[str, ...]) -> None:
    (tmp_path / "haproxy.cfg").write_text("global\n")
    code, _, err = finish(start(tmp_path, *FREE, "--no-haproxy", "--check", *flags))
    assert (code, err.count("\n")) == (1, 1)
    assert "holds what contrib/run did not make" in err
    assert sorted(path.name for path in tmp_path.iterdir()) == [".lock", "haproxy.cfg"]


@pytest.mark.parametrize(
    ("flags", "said"),
    [(("--port", "65536"), "65536 is no port"), (("--server-port", "-1"), "-1 is no port"),
     (("--run-dir", "/proc/none"), "/proc/none cannot be used")],
)  # fmt: skip
def test_what_cannot_be_is_told_without_a_trace(
    tmp_path: Path, flags: tuple[str, ...], said: str
) -> None:
    code, _, err = finish(start(tmp_path, "--no-haproxy", "--check", *flags))
    assert code in (1, 2)
    assert said in err and "Traceback" not in err


def test_nothing_outlives_a_killed_session(tmp_path: Path) -> None:
    process = start(tmp_path / "run", *FREE, "--no-haproxy")
    url = re.search(r"^API +\S+:(\d+)/", told(process), re.M)
    assert url is not None
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    until(lambda: not listening(int(url.group(1))))


def test_an_haproxy_that_is_not_there_is_named(tmp_path: Path) -> None:
    code, _, err = finish(start(tmp_path / "run", *FREE, "--haproxy-bin", "/nowhere/haproxy"))
    assert code == 1
    assert "/nowhere/haproxy" in err
