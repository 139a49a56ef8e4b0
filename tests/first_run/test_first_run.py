"""`dataplane init`, `passwd` and `sample`, and the warning where nobody may log in."""

import json
import os
import socket
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dataplane_core.auth.authenticator import nobody_may_log_in
from dataplane_core.auth.passwords import LONGEST, StoredPassword, hash_password, verify
from dataplane_core.auth.tokens import digest_of_token
from dataplane_core.commands.group import main
from dataplane_core.commands.serving import build
from dataplane_core.errors import CheckFailed, Invalid
from dataplane_core.first_run import machine as looking
from dataplane_core.first_run.processes import HaproxyProcess, haproxy_processes
from dataplane_core.haproxy.check import HaproxyChecker
from dataplane_core.settings import UserSettings, load
from tests.harness.server import free_port

CONFIGURATION = """\
global
  stats socket /run/h.sock level admin
  stats socket /run/i.sock
defaults
  mode http
"""
USERS = "userlist controller\n  user ann insecure-password secret\n"


def run(*argv: str, given: str = "") -> Result:
    return CliRunner().invoke(main, argv, input=given, catch_exceptions=False)


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> pytest.MonkeyPatch:
    """A machine without HAProxy processes and without a service manager."""
    monkeypatch.setattr(looking, "haproxy_processes", list)
    monkeypatch.setattr(looking, "SYSTEMD", tmp_path_factory.mktemp("none") / "systemd")
    monkeypatch.setattr(looking, "MASTER_SOCKETS", ())
    monkeypatch.setattr(looking, "S6_FOLDERS", ())
    return monkeypatch


def init(folder: Path, *more: str, given: str = "", text: str = CONFIGURATION) -> Result:
    (folder / "haproxy.cfg").write_text(text)
    argv = ["-f", str(folder / "etc" / "s.yaml"), "-c", str(folder / "haproxy.cfg")]
    return run("init", *argv, "--state-dir", str(folder / "state"), *more, given=given)


def settings_in(folder: Path):
    return load(["-f", str(folder / "etc" / "s.yaml")], {})


def test_init_writes_settings_and_a_user_and_says_the_url(alone, tmp_path):
    result = init(tmp_path)
    assert result.exit_code == 0, result.output
    settings = settings_in(tmp_path)
    [log] = settings.log_targets
    assert (log.log_to, log.log_level, set(log.log_types)) == ("stdout", "info", {"app", "access"})
    [user] = settings.dataplaneapi.user
    told = dict(line.split(None, 1) for line in result.output.splitlines())
    password = told["password"].split()[0]
    assert verify(password.encode(), StoredPassword(user.password)) and user.name == "admin"
    assert told["URL"] == f"http://127.0.0.1:{settings.dataplaneapi.port}/v2/docs"
    assert told["next"].endswith(f" serve -f {tmp_path}/etc/s.yaml")
    assert f" doctor -f {tmp_path}/etc/s.yaml\n" in told["check"] + "\n"
    assert settings.haproxy.config_file == f"{tmp_path}/haproxy.cfg"
    assert settings.dataplaneapi.resources.maps_dir == f"{tmp_path}/maps"
    assert settings.state_dir == f"{tmp_path}/state/state"
    assert settings.warnings == ()
    file = tmp_path / "etc" / "s.yaml"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert password not in file.read_text()
    assert "nothing tells how HAProxy is reloaded: start it with" in result.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["etc", "haproxy.cfg"]


def test_init_overwrites_nothing_unless_it_is_forced(alone, tmp_path):
    assert init(tmp_path).exit_code == 0
    before = (tmp_path / "etc" / "s.yaml").read_text()
    again = init(tmp_path)
    assert (again.exit_code, again.output) == (
        1, f"{tmp_path}/etc/s.yaml exists: name another with -f, or overwrite it with --force\n"
    )  # fmt: skip
    assert (tmp_path / "etc" / "s.yaml").read_text() == before
    assert init(tmp_path, "--force").exit_code == 0
    assert (tmp_path / "etc" / "s.yaml").read_text() != before


def test_init_for_programs(alone, tmp_path):
    port = free_port()
    result = init(tmp_path, "--json", "--port", str(port), "--user", "eve", "--host", "127.0.0.1")
    told = json.loads(result.stdout)
    assert told["url"] == f"http://127.0.0.1:{port}/v2/docs"
    assert (told["user"], told["settings"]) == ("eve", f"{tmp_path}/etc/s.yaml")
    assert told["machine"]["sockets"] == ["/run/h.sock", "/run/i.sock"]
    assert verify(told["password"].encode(), StoredPassword(settings_in(tmp_path).dataplaneapi.user[0].password))
    given = init(tmp_path, "--json", "--force", "--password-stdin", given="chosen\n")
    assert json.loads(given.stdout)["password"] == ""
    assert verify(b"chosen", StoredPassword(settings_in(tmp_path).dataplaneapi.user[0].password))
    failed = run("init", "--json", "-f", str(tmp_path / "x.yaml"), "-c", "/no/h.cfg")
    assert failed.exit_code == 1
    assert "/no/h.cfg cannot be read" in json.loads(failed.stdout)["message"]


def test_users_that_are_there_are_left(alone, tmp_path):
    result = init(tmp_path, text=CONFIGURATION + USERS)
    assert settings_in(tmp_path).dataplaneapi.user == ()
    assert "user             those of the userlist: ann" in result.output
    assert "password" not in result.output


@pytest.mark.parametrize(
    ("process", "wanted", "by"),
    [
        ({"master_socket": "/run/m.sock", "has_master": True}, {"master_runtime": "/run/m.sock"},
         "the master's socket"),
        ({"has_master": True, "pid_file": "/run/h.pid"},
         {"reload_cmd": "sh -c 'kill -USR2 $(cat /run/h.pid)'"}, "a signal to /run/h.pid"),
        ({"unit": "haproxy.service"}, {"reload_strategy": "systemd", "service_name": "haproxy"},
         "systemd, unit haproxy.service"),
        ({"unit": "haproxy@a.service", "master_socket": "/run/m.sock"},
         {"restart_cmd": "systemctl restart haproxy@a", "master_runtime": "/run/m.sock",
          "status_cmd": "systemctl --quiet is-active haproxy@a"},
         "the master's socket, and systemd (haproxy@a.service) restarts it"),
        ({}, {}, "none"),
    ],
)  # fmt: skip
def test_who_reloads_haproxy_is_found(alone, tmp_path, process, wanted, by):
    running = HaproxyProcess(7, "/bin/true", f"{tmp_path}/haproxy.cfg", **process)
    alone.setattr(looking, "haproxy_processes", lambda: [HaproxyProcess(3, "/x", "/other"), running])
    if "unit" in process:
        alone.setattr(looking, "SYSTEMD", tmp_path)
        (tmp_path / "bin").mkdir()
        (tmp_path / "bin" / "systemctl").symlink_to("/bin/true")
        alone.setenv("PATH", f"{tmp_path}/bin", prepend=os.pathsep)
    result = init(tmp_path)
    assert f"reloads by       {by}\n" in result.output
    assert "HAProxy runs     pid 7\n" in result.output
    haproxy = settings_in(tmp_path).haproxy
    assert haproxy.haproxy_bin == "/bin/true"
    for key, value in wanted.items():
        assert getattr(haproxy if key == "master_runtime" else haproxy.reload, key) == value


def test_of_several_processes_those_of_the_configuration_count(alone, tmp_path):
    path = tmp_path / "haproxy.cfg"
    path.write_text(CONFIGURATION)
    alone.setattr(looking, "haproxy_processes", lambda: [
        HaproxyProcess(3, "/x", "/in/a/container.cfg", "/run/x.sock"),
        HaproxyProcess(7, "/bin/true", str(path), "/run/m.sock"),
        HaproxyProcess(9, "/y", str(tmp_path / "b.cfg"), "/run/y.sock"),
    ])  # fmt: skip
    found = looking.look()
    assert (found.pid, found.configuration, found.master_socket) == (7, str(path), "/run/m.sock")
    assert found.others == ("/in/a/container.cfg", str(tmp_path / "b.cfg"))
    path.rename(tmp_path / "usual.cfg")
    alone.setattr(looking, "CONFIGURATIONS", (str(tmp_path / "usual.cfg"),))
    found = looking.look()
    assert (found.pid, found.configuration, found.master_socket) == (0, str(tmp_path / "usual.cfg"), "")
    result = run("init", "-f", str(tmp_path / "s.yaml"), "--state-dir", str(tmp_path / "state"))
    assert f"! HAProxy runs with /in/a/container.cfg, {path}, {tmp_path}/b.cfg, too: " in result.output


def test_which_of_several_is_meant_is_never_guessed(alone, tmp_path):
    files = [tmp_path / "a.cfg", tmp_path / "b.cfg"]
    for file in files:
        file.write_text(CONFIGURATION)

    def chosen(*units: str) -> Result:
        alone.setattr(looking, "haproxy_processes", lambda: [
            HaproxyProcess(7 + at, "/bin/true", str(files[at]), unit=unit) for at, unit in enumerate(units)
        ])  # fmt: skip
        flags = ["-f", str(tmp_path / "s.yaml"), "--state-dir", str(tmp_path / "state"), "--force"]
        return run("init", *flags)

    assert f"configuration    {files[1]}\n" in chosen("", "haproxy.service").output
    for units in ("", ""), ("haproxy@a.service", "haproxy@b.service"):
        refused = chosen(*units)
        said = f"several HAProxy run here, with {files[0]}, {files[1]}: name one with -c FILE\n"
        assert (refused.exit_code, refused.output) == (1, said)


@pytest.mark.haproxy
def test_further_files_are_checked_with_the_configuration(alone, tmp_path, haproxy_program):
    folder = tmp_path / "conf d"
    folder.mkdir()
    (folder / "b.cfg").write_text("backend elsewhere\n")
    running = HaproxyProcess(7, str(haproxy_program), f"{tmp_path}/haproxy.cfg", further=(str(folder),))
    alone.setattr(looking, "haproxy_processes", lambda: [running])
    text = "defaults\n  mode http\nfrontend a\n  bind :8080\n  default_backend elsewhere\n"
    told = init(tmp_path, text=text).output
    assert f"! HAProxy also reads {folder}: changes are checked with that" in told
    HaproxyChecker(settings_in(tmp_path)).check(tmp_path / "haproxy.cfg")
    (folder / "b.cfg").unlink()
    with pytest.raises(CheckFailed, match="elsewhere"):
        HaproxyChecker(settings_in(tmp_path)).check(tmp_path / "haproxy.cfg")


@pytest.mark.parametrize(
    ("more", "text", "said"),
    [(("-b", "/no/haproxy"), CONFIGURATION, "/no/haproxy does not run as HAProxy: "),
     (("-b", "/bin/true"), CONFIGURATION, "/bin/true does not run as HAProxy: "),
     (("--user", "eve"), CONFIGURATION + USERS, "the users of the userlist do not count beside those")],
)  # fmt: skip
def test_what_may_be_meant_otherwise_is_said(alone, tmp_path, more, text, said):
    assert f"\n! {said}" in init(tmp_path, *more, text=text).output


def test_a_unit_that_is_installed_is_found_before_it_runs(alone, tmp_path):
    alone.setattr(looking, "SYSTEMD", tmp_path)
    alone.setattr(looking, "_UNITS", (str(tmp_path),))
    alone.setattr(looking.shutil, "which", lambda name: f"/bin/{name}")
    (tmp_path / "haproxy.service").write_text("[Service]\n")
    assert "reloads by       systemd, unit haproxy.service\n" in init(tmp_path).output


def test_a_port_in_use_is_not_taken(alone, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused = init(tmp_path, "--port", str(port))
    assert refused.output == f"127.0.0.1:{port} cannot be listened on: name another --port\n"
    assert not (tmp_path / "etc").exists()


def test_without_any_configuration_the_remedy_is_told(alone, tmp_path):
    alone.setattr(looking, "CONFIGURATIONS", (str(tmp_path / "none.cfg"),))
    result = run("init", "-f", str(tmp_path / "s.yaml"))
    assert result.exit_code == 1
    assert "no configuration of HAProxy was found" in result.output
    assert "dataplane sample haproxy.cfg" in result.output


def test_processes_are_read_from_proc(tmp_path):
    def process(pid: int, parent: int, comm: str, *words: str, group: str = "") -> None:
        folder = tmp_path / str(pid)
        folder.mkdir()
        (folder / "comm").write_text(comm + "\n")
        (folder / "stat").write_text(f"{pid} (ha) proxy) S {parent} 1 1 0\n")
        (folder / "cmdline").write_bytes(b"".join(os.fsencode(word) + b"\0" for word in words))
        (folder / "cgroup").write_text(f"0::{group}\n")
        (folder / "cwd").symlink_to("/etc/haproxy")
        (folder / "exe").symlink_to("/usr/sbin/haproxy (deleted)")

    unit = "/system.slice/haproxy.service"
    options = ("-Ws", "-f", "haproxy.cfg", "-f", "more", "-p", "/run/h.pid", "-S", "/run/m.sock,level,x")
    process(10, 1, "haproxy", "haproxy", *options, "-sf", "9", group=unit)
    process(11, 10, "haproxy", "haproxy", *options, group=unit)
    process(12, 1, "bash", "haproxy", "-f", "/x")
    process(13, 12, "haproxy", "haproxy", "-db", "--", "/a.cfg", group="/user.slice/user@0.service/x")
    assert haproxy_processes(tmp_path) == [
        HaproxyProcess(10, "/usr/sbin/haproxy", "/etc/haproxy/haproxy.cfg", "/run/m.sock", "/run/h.pid",
                       True, "haproxy.service", ("/etc/haproxy/more",)),
        HaproxyProcess(13, "/usr/sbin/haproxy", "/a.cfg"),
    ]  # fmt: skip


def test_passwd_prints_lines_that_let_the_user_in(tmp_path):
    printed = run("passwd", "bob", given="pa ss$w0rd\n").output
    block, userlist = printed.split("# or in haproxy.cfg")
    settings = tmp_path / "s.yaml"
    settings.write_text("dataplaneapi:\n" + block.partition("\n")[2])
    [user] = load(["-f", str(settings)], {}).dataplaneapi.user
    assert user.name == "bob" and verify(b"pa ss$w0rd", StoredPassword(user.password))
    assert f"userlist controller\n  user bob password {user.password}\n" in userlist
    told = json.loads(run("passwd", "bob", "--json", "--password-stdin", given="x\n").stdout)
    assert told["name"] == "bob" and verify(b"x", StoredPassword(told["password"]))


def test_token_prints_lines_that_let_the_program_in(tmp_path):
    printed = run("token", "ci", "--role", "editor", "--path", "/services/haproxy", "--path", "/info").output
    secret = next(line for line in printed.splitlines() if line.startswith("dp_"))
    settings = tmp_path / "s.yaml"
    settings.write_text("dataplane:\n" + printed.partition("below dataplane:\n")[2])
    [token] = load(["-f", str(settings)], {}).dataplane.token
    assert (token.name, token.role, token.paths) == ("ci", "editor", ("/services/haproxy", "/info"))
    assert token.digest == digest_of_token(secret) and secret not in settings.read_text()
    told = json.loads(run("token", "ci", "--json", "--days", "0").stdout)
    assert digest_of_token(told["token"]) == told["settings"]["digest"] and "expires" not in told["settings"]
    assert "name is not a name" in run("token", "a b").output
    assert "paths has what is no path" in run("token", "ci", "--path", "/v3/info").output


@pytest.mark.parametrize(
    ("name", "password", "said"),
    [
        ("bob", "", "a password has 1 to"), ("bob", "x" * (LONGEST + 1), "a password has 1 to"),
        ("a b", "x", "no name of a user"), ("a:b", "x", "no name"), ("a\n", "x", "no name"),
        ("", "x", "no name"), ("a#b", "x", "no name"), ('a"', "x", "no name"),
    ],
)  # fmt: skip
def test_passwd_refuses_what_could_not_log_in(name, password, said):
    result = run("passwd", name, given=f"{password}\n")
    assert result.exit_code == 1
    assert said in result.output
    assert "Traceback" not in result.output


def test_a_hash_is_one_that_every_crypt_knows():
    assert hash_password("x").startswith("$6$")
    assert hash_password("x") != hash_password("x")
    with pytest.raises(Invalid):
        hash_password("a\0b")


def test_samples_are_listed_and_printed():
    root = Path(__file__).parents[2]
    assert {"dataplane.yaml", "dataplane.hcl", "haproxy.cfg"} <= set(run("sample").output.split())
    assert run("sample", "dataplane.hcl").output == (root / "config" / "dataplane.hcl").read_text()
    assert "there is dataplane.hcl" in run("sample", "x").output


def test_where_nobody_may_log_in_it_is_said(tmp_path):
    file = tmp_path / "haproxy.cfg"
    file.write_text(CONFIGURATION)
    settings = load(["-c", str(file)], {})
    assert f"nobody may use the API: {file} has no userlist controller" in nobody_may_log_in(settings)
    assert nobody_may_log_in(settings.replace(**{"dataplaneapi.user": (UserSettings("a", "b", True),)})) == ""
    by_certificate = {"dataplaneapi.tls.tls_ca": "/ca", "dataplaneapi.scheme": ("https",)}
    assert nobody_may_log_in(settings.replace(**by_certificate)) == ""
    file.write_text(CONFIGURATION + USERS)
    assert nobody_may_log_in(settings) == ""
    file.unlink()
    assert nobody_may_log_in(settings) == ""


def test_serve_warns_when_nobody_may_log_in(tmp_path, caplog):
    file = tmp_path / "haproxy.cfg"
    file.write_text(CONFIGURATION)
    for text, warned in ((CONFIGURATION, True), (CONFIGURATION + USERS, False)):
        file.write_text(text)
        caplog.clear()
        build(load(["-c", str(file), "--state-dir", str(tmp_path / "state")], {})).discard()
        assert ("nobody may use the API" in caplog.text) is warned
        assert ("`dataplane passwd NAME` prints the lines" in caplog.text) is warned
