import time
from pathlib import Path

import pytest

from dataplane_core.haproxy import control as module
from dataplane_core.haproxy.control import Control
from dataplane_core.haproxy.runtime import Runtime
from dataplane_core.testing import FakeRuntime
from tests.haproxy.conftest import start
from tests.haproxy.support import configured, script
from tests.harness.fixtures import one_haproxy
from tests.harness.haproxy import HaproxyProcess

GONE = "haproxy.reload.reload_cmd"


def control(tmp_path: Path, **given: object) -> Control:
    settings = configured(tmp_path, **given)
    return Control(settings, Runtime(settings))


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of what was called of `systemctl` and `s6-svc`, which succeed."""
    folder = tmp_path / "bin"
    folder.mkdir()
    seen = tmp_path / "calls"
    for name in ("systemctl", "s6-svc"):
        script(folder / name, f'echo "{name} $*" >> {seen}')
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    return seen


def test_a_command_succeeds_by_its_exit_status(tmp_path: Path) -> None:
    result = control(tmp_path, reload__reload_cmd="echo reloaded").reload()
    assert (result.ok, result.text) == (True, "reloaded")


def test_a_command_that_fails_is_told_with_its_words(tmp_path: Path) -> None:
    body = "echo '[NOTICE] (1) : haproxy version is 2.8'; echo 'Job failed.' >&2; exit 4"
    program = script(tmp_path / "reload", body)
    result = control(tmp_path, reload__reload_cmd=str(program)).reload()
    assert (result.ok, result.asked, result.text) == (False, True, "exit status 4\nJob failed.")


def test_a_command_that_cannot_be_run_is_a_matter_of_settings(tmp_path: Path) -> None:
    result = control(tmp_path, reload__reload_cmd="/nowhere/reload").reload()
    assert (result.ok, result.asked) == (False, False)
    assert GONE in result.text
    result = control(tmp_path, reload__reload_cmd="kill 'x").reload()
    assert (result.ok, result.asked) == (False, False)


def test_without_any_way_the_settings_are_named(tmp_path: Path) -> None:
    result = control(tmp_path).reload()
    assert (result.ok, result.asked) == (False, False)
    assert GONE in result.text
    assert not control(tmp_path).restart().ok


def test_systemd_is_asked(tmp_path: Path, calls: Path) -> None:
    systemd = control(tmp_path, reload__reload_strategy="systemd", reload__service_name="lb.service")
    assert systemd.reload().ok
    assert systemd.restart().ok
    assert systemd.status() == "up"
    assert calls.read_text().splitlines() == [
        "systemctl is-active --quiet lb.service",
        "systemctl reload lb.service",
        "systemctl restart lb.service",
        "systemctl is-active --quiet lb.service",
    ]


def test_s6_is_signalled(tmp_path: Path, calls: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert control(tmp_path, reload__reload_strategy="s6").reload().ok
    newer = tmp_path / "service"
    (newer / "lb").mkdir(parents=True)
    monkeypatch.setattr(module, "S6_FOLDERS", ("/var/run/s6/services", str(newer)))
    assert control(tmp_path, reload__reload_strategy="s6", reload__service_name="lb").restart().ok
    assert calls.read_text().splitlines() == [
        "s6-svc -2 /var/run/s6/services/haproxy",
        f"s6-svc -r {newer}/lb",
    ]


@pytest.mark.parametrize(
    ("command", "status"),
    [("true", "up"), ("false", "down"), ("", "unknown"), ("/nowhere/x", "unknown"), ("sleep 9", "unknown")],
)
def test_the_status_command_tells_the_state(
    tmp_path: Path, command: str, status: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_STATUS_SECONDS", 0.2)
    assert control(tmp_path, reload__status_cmd=command).status() == status


def test_what_is_down_is_restarted(tmp_path: Path) -> None:
    given = {"reload__reload_cmd": "echo reloaded", "reload__restart_cmd": "echo restarted"}
    assert control(tmp_path, reload__status_cmd="false", **given).reload().text == "restarted"
    assert control(tmp_path, reload__status_cmd="true", **given).reload().text == "reloaded"
    assert control(tmp_path, **given).reload().text == "reloaded"


@pytest.mark.haproxy
def test_the_master_is_used_where_no_command_is_set(haproxy: HaproxyProcess) -> None:
    by_master = control(haproxy.folder, master_runtime=str(haproxy.master))
    begun = time.time()
    result = by_master.reload()
    assert result.ok, result.text
    assert by_master.status() == "up"
    since = by_master.result_since(begun)
    assert since is not None
    assert since.ok
    assert by_master.result_since(time.time() + 60) is None


@pytest.mark.haproxy
def test_a_command_that_only_signals_is_followed_by_the_master(own_haproxy: HaproxyProcess) -> None:
    assert own_haproxy.process is not None
    signalling = control(
        own_haproxy.folder,
        haproxy_bin=own_haproxy.program,
        master_runtime=str(own_haproxy.master),
        reload__reload_cmd=f"kill -USR2 {own_haproxy.process.pid}",
    )
    assert signalling.reload().ok
    own_haproxy.configuration.write_text(own_haproxy.configuration.read_text() + "  bogus 1\n")
    begun = time.time()
    result = signalling.reload()
    assert not result.ok
    assert "unknown keyword 'bogus' in 'backend' section" in result.text
    assert "path to executable" not in result.text
    assert signalling.status() == "up"
    since = signalling.result_since(begun)
    assert since is not None
    assert not since.ok


def test_a_command_is_believed_where_the_master_sees_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_SIGN_SECONDS", 0.1)
    rows = "7 master 1 [failed: 0] 0d00h00m16s 2.6\n9 worker 0 0d00h00m16s 2.6\n"
    with FakeRuntime(tmp_path / "m", {"show proc": rows}) as fake:
        elsewhere = control(tmp_path, reload__reload_cmd="true", master_runtime=str(fake.path))
        assert elsewhere.reload().ok


def test_nothing_is_known_where_nothing_can_be_asked(tmp_path: Path) -> None:
    assert control(tmp_path, master_runtime=str(tmp_path / "gone")).result_since(0.0) is None
    assert control(tmp_path).result_since(0.0) is None


DIES = "core.register_task(function() core.msleep(200) os.exit(3) end)\n"


@pytest.mark.haproxy
@pytest.mark.parametrize("by", ["master", "command", "sockets"])
def test_a_worker_that_dies_within_the_grace_is_a_failed_reload(own_haproxy: HaproxyProcess, by: str) -> None:
    assert own_haproxy.process is not None
    folder = own_haproxy.folder
    (folder / "dies.lua").write_text(DIES)
    text = own_haproxy.configuration.read_text()
    loaded = f"global\n  lua-load {folder}/dies.lua\n"
    own_haproxy.configuration.write_text(text.replace("global\n", loaded, 1))
    settings = configured(
        folder,
        haproxy_bin=own_haproxy.program,
        master_runtime="" if by == "sockets" else str(own_haproxy.master),
        reload__reload_cmd="" if by == "master" else f"kill -USR2 {own_haproxy.process.pid}",
        reload__reload_grace=2.0,
    )
    sockets = [["stats", "socket", f"{folder}/worker.sock", "level", "admin"]]
    result = Control(settings, Runtime(settings, lambda: sockets)).reload()
    assert (result.ok, result.asked, result.ended) == (False, True, True), result.text
    assert "since" in result.text


@pytest.mark.haproxy
@pytest.mark.parametrize("command", ["/bin/false", "/bin/sh -c 'sleep 0.2; exit 1'"])
def test_a_program_that_fails_is_a_failed_reload(tmp_path: Path, command: str) -> None:
    with start(one_haproxy("2.8"), tmp_path) as process:
        text = process.configuration.read_text()
        process.configuration.write_text(f"{text}program p\n  command {command}\n")
        result = control(tmp_path, master_runtime=str(process.master), reload__reload_grace=2.0).reload()
    assert (result.ok, result.asked, result.ended) == (False, True, True), result.text


@pytest.mark.haproxy
def test_a_worker_that_lives_is_watched_for_the_grace_alone(haproxy: HaproxyProcess) -> None:
    begun = time.monotonic()
    assert control(haproxy.folder, master_runtime=str(haproxy.master), reload__reload_grace=0.3).reload().ok
    assert time.monotonic() - begun >= 0.3
