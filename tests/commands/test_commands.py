import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from dataplane_core import __version__
from dataplane_core.commands.group import main, serve_main
from dataplane_core.haproxy import binaries
from dataplane_core.settings.manual import manual
from dataplane_core.settings.table import keys
from tests.harness.disks import tiny_disk
from tests.harness.fixtures import one_haproxy
from tests.harness.server import ApiServer

ROOT = Path(__file__).parents[2]


def run(*argv, command=main, environ=None):
    return CliRunner().invoke(command, argv, env=environ, catch_exceptions=False)


def test_each_program_names_itself():
    assert run("--version").output == f"dataplane {__version__}\n"
    assert run("--version", command=serve_main).output == f"dataplaneapi {__version__}\n"


def test_the_server_has_every_flag():
    text = run("--help", command=serve_main).output
    for key in keys():
        if key.facts.flag and not key.repeated:
            assert key.facts.flag in text
            assert key.facts.short in text


@pytest.mark.parametrize("width", [60, 80, 120])
def test_helps_fit_the_terminal(width):
    narrow = CliRunner()
    listed = narrow.invoke(main, ["--help"], terminal_width=width).output
    for name, command in main.commands.items():
        assert f"\n  {name} " in listed
        text = narrow.invoke(main, [name, "--help"], terminal_width=width).output
        assert "Usage" in text
        assert ("--read-timeout" in text) is (name == "serve")
        assert ("--json" in text) is (name != "serve")
        assert command.help
        listed += text
    assert "..." not in re.sub(r"\[[A-Z]+\]\.\.\.", "", listed)
    assert max(map(len, listed.splitlines())) <= width


def test_a_command_takes_the_servers_other_flags_too(settings, tmp_path):
    argv = ["doctor", "-f", settings(), "--maps-dir", "/dev/null/maps"]
    assert "dataplaneapi.resources.maps_dir: /dev/null is no folder" in run(*argv).output


def test_the_help_does_not_load_the_server():
    code = (
        "import sys; from dataplane_core.commands.group import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "print(sorted({'falcon', 'gunicorn', 'marshmallow', 'apispec'} & set(sys.modules)))"
    )
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout
    assert output.endswith("[]\n")


@pytest.mark.parametrize("command", [main.commands["serve"], serve_main])
def test_bad_settings_are_told_without_a_trace(command, tmp_path):
    path = tmp_path / "s.hcl"
    path.write_text("haproxy {\n  haproxy_bim = 1\n}\n")
    result = CliRunner().invoke(command, ["-f", str(path)])
    assert result.exit_code == 1
    assert result.stderr.startswith(f"{path}:2: haproxy.haproxy_bim: there is no such setting; did")
    assert run("--prot", "1", command=command).exit_code == 2


def test_settings_prints_the_manual():
    assert run("settings").output == manual()


SAMPLE = """\
global
  maxconn 100
defaults
  mode http
  timeout connect 1s
  timeout client 1s
  timeout server 1s
frontend f
  bind 127.0.0.1:1
  default_backend {backend}
backend b
  server s 127.0.0.1:2
"""


@pytest.mark.haproxy
def test_check_prints_every_finding_with_line_and_section(tmp_path, haproxy_program):
    path = tmp_path / "h.cfg"
    path.write_text(SAMPLE.format(backend="b"))
    good = run("check", str(path), "-b", str(haproxy_program))
    assert (good.exit_code, good.output) == (0, f"{path} is accepted\n")
    path.write_text(SAMPLE.format(backend="b").replace("mode http", "mode htp\n  timeout x 1"))
    bad = run("check", str(path), "-b", str(haproxy_program))
    assert bad.exit_code == 1
    assert f"{path}:4: alert: section defaults: " in bad.output
    assert f"{path}:5: alert: section defaults: " in bad.output
    assert bad.output.endswith(f"{path} is refused\n")


UNFOUND = """\
defaults
  mode http
frontend f
  bind 127.0.0.1:1
  use_backend yy if { path /a }
  http-request track-sc0 src table tt
  default_backend zz
backend b
  server s 127.0.0.1:2
  server t 127.0.0.1:3 resolvers rr
  stick-table type ip size 1k peers pp
"""


@pytest.mark.haproxy
@pytest.mark.parametrize("version", ["2.6", "2.8", "3.0", "3.2"])
def test_check_finds_the_place_of_what_haproxy_tells_by_names(tmp_path, version):
    path = tmp_path / "h.cfg"
    path.write_text(UNFOUND)
    output = run("check", str(path), "-b", one_haproxy(version)).output
    for place in (
        "5: alert: section frontend f: Proxy 'f': unable to find required use_backend: 'yy'.",
        "6: alert: section frontend f: Proxy 'f': unable to find table 'tt' referenced by",
        "7: alert: section frontend f: Proxy 'f': unable to find required default_backend: 'zz'.",
        "10: alert: section backend b: backend 'b', server 't': unable to find required resolvers",
        "11: alert: section backend b: Proxy 'b': unable to find sync peers 'pp'.",
    ):
        assert f"{path}:{place}" in output


def test_check_without_haproxy_or_file_says_so(tmp_path):
    path = tmp_path / "h.cfg"
    path.write_text("global\n")
    result = run("check", str(path), "-b", "/no/haproxy")
    assert result.exit_code == 1
    assert "/no/haproxy, set by haproxy.haproxy_bin" in result.stderr
    for file, said in ((tmp_path / "none", "No such file or directory"), (tmp_path, "Is a directory")):
        refused = run("check", str(file))
        assert refused.exit_code == 2
        assert f"{file} cannot be read: {said}" in refused.stderr


@pytest.mark.haproxy
def test_check_as_json(tmp_path, haproxy_program):
    path = tmp_path / "h.cfg"
    path.write_text(SAMPLE.format(backend="b").replace("mode http", "mode htp"))
    result = run("check", str(path), "--json", "-b", str(haproxy_program))
    told = json.loads(result.stdout)
    assert (result.exit_code, told["file"], told["accepted"]) == (1, str(path), False)
    [finding] = [one for one in told["findings"] if one["line"] == 4]
    assert (finding["severity"], finding["section"]) == ("alert", "defaults")
    assert "htp" in finding["message"]


def test_every_command_has_json(settings, tmp_path):
    path = settings()
    for name, argv in {
        "routes": (), "spec": (), "plugins": (), "settings": (), "doctor": ("-f", path),
        "keywords": ("-f", path), "status": ("-f", path),
    }.items():  # fmt: skip
        assert json.loads(run(name, "--json", *argv).stdout), name
    failed = run("doctor", "--json", "-f", str(tmp_path / "none.yaml"))
    assert failed.exit_code == 1
    assert "none.yaml: cannot be read" in json.loads(failed.stdout)["message"]
    for argv in (["check", "--json", "/no/file"], ["status", "--json", "--nosuch"], ["passwd", "--json"]):
        failed = run(*argv)
        assert (failed.exit_code, list(json.loads(failed.stdout))) == (2, ["message"]), argv
    assert run("status", "--nosuch").stderr.startswith("Usage: ")
    assert json.loads(run("doctor", "--json", "-f", settings(haproxy__haproxy_bin="/no/h")).stdout) == {
        "missing": [{"what": "/no/h, set by haproxy.haproxy_bin, is no program that can be run here",
                     "remedy": "Install HAProxy, set haproxy.haproxy_bin, or use dataplane.embedded."}]
    }  # fmt: skip


def test_plugins_are_listed_with_where_they_come_from_and_what_they_add():
    lines = [line.split() for line in run("plugins", "--block-plugin", "service.docs").output.splitlines()]
    assert ["service.health", "built", "in", "-", "loaded", "1", "path,", "dataplane_routes"] in lines
    assert lines[-1] == ["service.docs", "built", "in", "-", "blocked"]
    listed = {one["name"]: one for one in json.loads(run("plugins", "--json").stdout)}
    maps, backends, plans = (listed[one] for one in ("runtime.maps", "configuration.backends", "changes.plans"))
    assert maps["hooks"] == ["dataplane_routes", "dataplane_status"]
    assert "/services/haproxy/runtime/maps" in maps["routes"]
    assert (backends["collections"], backends["origin"], backends["version"]) == (["backends"], "built in", __version__)
    assert plans["routes"] == ["/dataplane/v1/plan"]
    assert {(one["state"], one["fault"], one["blocked"]) for one in listed.values()} == {("loaded", "", False)}


@pytest.mark.haproxy
def test_keywords_are_those_of_the_build(haproxy_program):
    result = run("keywords", "-b", str(haproxy_program))
    assert "\ncfg\tlisten\tbind mode\t" in result.output
    only = run("keywords", "--class", "flt", "-b", str(haproxy_program))
    assert {line.split("\t")[0] for line in only.stdout.splitlines()} == {"flt"}
    assert re.fullmatch(r"(\d+) of \1 configuration keywords\n", only.stderr)
    assert run("keywords", "--class", "x", "-b", str(haproxy_program)).exit_code == 2


@pytest.mark.parametrize(
    ("branch", "unknown", "known"),
    [
        ("2.8", {"bind guid-prefix", "hash-preserve-affinity", "force-be-switch", "http-request add-headers-bin"}, {"mode", "resolvers", "bind ssl"}),
        ("3.2", {"force-be-switch", "healthcheck", "server renegotiate", "http-request add-headers-bin"}, {"bind guid-prefix", "guid", "stick-table len"}),
    ],
)
def test_keywords_of_the_api_alone_are_those_that_the_build_does_not_know(branch, unknown, known):
    binary = binaries.installed().get(branch)
    if binary is None:
        pytest.skip(f"HAProxy {branch} is not installed: contrib/haproxy-versions fetches it")
    told = json.loads(run("keywords", "--class", "api", "--json", "-b", str(binary)).stdout)["keywords"]
    found = {one["keyword"]: one for one in told}
    assert {one["class"] for one in told} == {"api"}
    assert unknown <= found.keys()
    assert not known & found.keys()
    assert found["force-be-switch"]["collections"] == ["force_be_switches"]
    assert all(one["collections"] for one in told)


def test_routes_and_specification(tmp_path):
    text = run("routes").output
    assert "GET    /v2/services/haproxy/configuration/backends  getBackends\n" in text
    assert json.loads(run("spec", "--version", "v2").output)["swagger"] == "2.0"
    assert json.loads(run("spec", "--openapi3").output)["openapi"].startswith("3.0")
    assert json.loads(run("spec", "--version", "dataplane").output)["openapi"] == "3.1.0"
    unknown = run("spec", "--version", "v9")
    assert (unknown.exit_code, unknown.stderr) == (
        1,
        "version v9 of the API is not served; served: dataplane, v1, v2, v3\n",
    )


@pytest.fixture
def settings(tmp_path):
    """Write a settings file with which nothing is missing."""
    configuration = tmp_path / "h.cfg"
    configuration.write_text(
        f"global\n  stats socket {tmp_path}/admin.sock level admin\n"
        "userlist controller\n  user a insecure-password b\n"
    )
    tree = {
        "dataplaneapi": {
            "transaction": {"transaction_dir": str(tmp_path / "transactions")},
            "resources": {
                f"{name}_dir": str(tmp_path / name)
                for name in ("maps", "ssl_certs", "general_storage", "spoe", "spoe_transaction")
            },
        },
        "haproxy": {
            "config_file": str(configuration),
            "haproxy_bin": str(fake_haproxy(tmp_path)),
            "reload": {"reload_cmd": "true"},
        },
    }
    path = tmp_path / "s.yaml"

    def write(**changes):
        for name, value in changes.items():
            block = tree
            *parents, last = name.split("__")
            for parent in parents:
                block = block.setdefault(parent, {})
            block[last] = value
        path.write_text(json.dumps(tree))
        return str(path)

    write()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "admin.sock"))
        server.listen()
        yield write


def fake_haproxy(folder):
    program = folder / "haproxy"
    program.write_text("#!/bin/sh\necho 'HAProxy version 2.8.1 2023/01/01'\n")
    program.chmod(0o755)
    return program


def test_doctor_finds_nothing_where_all_is_there(settings):
    result = run("doctor", "-f", settings())
    assert (result.exit_code, result.output) == (0, "nothing is missing\n")


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"haproxy__haproxy_bin": "/no/haproxy"}, "/no/haproxy, set by haproxy.haproxy_bin"),
        ({"haproxy__haproxy_bin": "/bin/true"}, "/bin/true does not run as HAProxy"),
        ({"haproxy__config_file": "/no/h.cfg"}, "/no/h.cfg does not exist"),
        ({"haproxy__master_runtime": "/no/m.sock"}, "the socket /no/m.sock does not exist"),
        ({"haproxy__reload": {"reload_cmd": "/no/reload now"}}, "reload_cmd: /no/reload cannot"),
        ({"haproxy__reload": {}}, "nothing tells how HAProxy is reloaded"),
        ({"dataplane__state_dir": "/dev/null/x"}, "dataplane.state_dir: /dev/null is no folder"),
        ({"dataplaneapi__scheme": ["unix"], "dataplaneapi__socket_path": "/dev/null/x/a.sock"},
         "dataplaneapi.socket_path: /dev/null is no folder"),
        ({"dataplaneapi__userlist": {"userlist": "x"}}, "has no userlist x with users"),
        ({"dataplaneapi__pid_file": "/no/pid"}, "pid_file: the folder /no does not exist"),
        ({"dataplane__audit_file": "/no/audit"}, "audit_file: the folder /no does not exist"),
        ({"dataplaneapi__scheme": ["https"], "dataplaneapi__tls": {"tls_certificate": "/no.pem"}},
         "/no.pem cannot be read"),
        ({"log_targets": [{"log_to": "syslog", "syslog": {"syslog_address": "/no.sock",
                                                          "syslog_protocol": "unixgram"}}]},
         "log_targets[0].syslog.syslog_address: /no.sock cannot be reached: No such file"),
        ({"log": {"log_to": "syslog", "syslog": {"syslog_address": "127.0.0.1:1"}}},
         "log.syslog.syslog_address: 127.0.0.1:1 cannot be reached: Connection refused"),
    ],
)  # fmt: skip
def test_doctor_names_what_is_missing_with_a_remedy(settings, change, what):
    result = run("doctor", "-f", settings(**change))
    assert result.exit_code == 1
    lines = result.output.splitlines()
    at = next(number for number, line in enumerate(lines) if what in line)
    assert lines[at + 1].startswith("    ")
    assert lines[-1].endswith(" missing")


def test_doctor_names_users_that_do_not_count(settings, tmp_path):
    path = settings()
    with (tmp_path / "h.cfg").open("a") as configuration:
        configuration.write("  user c insecure-password hidden\n  user c insecure-password hidden\n")
    result = run("doctor", "-f", path)
    assert result.exit_code == 1
    assert f"{tmp_path}/h.cfg, line 6: there is a user c above" in result.output
    assert "hidden" not in result.output


def test_doctor_names_users_whose_passwords_admit_nobody(settings, tmp_path):
    path = settings()
    with (tmp_path / "h.cfg").open("a") as configuration:
        configuration.write("  user d password $6$rounds=999999999$salt$hidden\n  user e insecure-password ''\n")
    result = run("doctor", "-f", path)
    assert result.exit_code == 1
    assert "the user d is not admitted: its hash takes more than 1000000 rounds" in result.output
    assert "the user e: its password is empty" in result.output
    assert "hidden" not in result.output
    assert "999999999" not in result.output


def test_doctor_looks_at_sockets_and_their_level(settings, tmp_path):
    path = settings()
    (tmp_path / "admin.sock").unlink()
    assert "admin.sock does not exist" in run("doctor", "-f", path).output
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "admin.sock"))
    assert "nobody answers on the socket" in run("doctor", "-f", path).output
    (tmp_path / "h.cfg").write_text("global\n  stats socket /no/x level user\n")
    assert "permits changes" in run("doctor", "-f", path).output
    (tmp_path / "h.cfg").write_text("global\n")
    assert "no way to HAProxy's Runtime API" in run("doctor", "-f", path).output


@pytest.fixture
def as_nobody(settings, tmp_path):
    """Settings of a server that becomes the user 65534, and what the doctor says of them."""
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")

    def diagnosed(**changes):
        # Each start of pytest, in another process too, closes the folder that all runs share.
        for folder in (one for one in (tmp_path, *tmp_path.parents) if "pytest" in str(one)):
            folder.chmod(0o755)
        path = settings(dataplaneapi__uid=65534, dataplaneapi__gid=65533, **changes)
        command = [Path(sys.executable).with_name("dataplane"), "doctor", "-f", path]
        return subprocess.run(command, capture_output=True, text=True).stdout

    return diagnosed


def test_doctor_sees_with_the_rights_of_the_servers_user(as_nobody, tmp_path):
    maps = tmp_path / "maps"
    maps.mkdir()
    told = as_nobody()
    assert f"maps_dir: {maps} cannot be written\n    setfacl -m u:65534:rwx {maps} (as root).\n" in told
    os.chown(maps, 0, 65533)
    maps.chmod(0o770)
    assert str(maps) not in as_nobody()


def test_doctor_names_the_folder_on_the_way_that_is_closed(as_nobody, tmp_path):
    closed = tmp_path / "closed"
    (closed / "deep" / "maps").mkdir(parents=True)
    os.chown(closed / "deep" / "maps", 65534, -1)
    (tmp_path / "h.cfg").rename(closed / "h.cfg")
    closed.chmod(0o700)
    given = {
        "haproxy__config_file": str(closed / "h.cfg"),
        "dataplaneapi__resources": {"maps_dir": str(closed / "deep" / "maps")},
    }
    told = as_nobody(**given)
    reason = f"cannot be reached: uid 65534 may not pass the folder {closed}\n"
    for path in (closed / "h.cfg", closed / "deep" / "maps"):
        assert f"{path} {reason}    setfacl -m u:65534:x {closed} (as root).\n" in told
    assert "does not exist" not in told
    closed.chmod(0o711)
    assert "cannot be reached" not in as_nobody(**given)


def test_doctor_knows_what_is_made_before_rights_are_given_up(as_nobody, tmp_path):
    own = tmp_path / "own"
    own.mkdir(mode=0o755)  # root's
    told = as_nobody(
        dataplane__state_dir=str(own / "state"),
        dataplaneapi__pid_file=str(own / "pid"),
        dataplaneapi__scheme=["unix"],
        dataplaneapi__socket_path=str(own / "run" / "api.sock"),
        log_targets=[{"log_to": "file", "log_file": str(own / "logs" / "app.log")}],
    )
    assert str(own) not in told
    (own / "state").mkdir()
    assert f"{own}/state cannot be written" in as_nobody()
    os.chown(own / "state", 12345, -1)
    (own / "state").chmod(0o777)
    assert f"{own}/state belongs to another user (uid 12345)" in as_nobody()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root looks at the state of another user")
def test_doctor_of_root_takes_the_owner_of_all_folders_for_the_servers_user(settings, tmp_path):
    folders = tmp_path / "transactions", tmp_path / "state"
    path = settings(
        dataplane__state_dir=str(folders[1]),
        dataplaneapi__transaction={"transaction_dir": str(folders[0])},
    )
    for folder in folders:
        folder.mkdir(exist_ok=True)
        os.chown(folder, 12345, -1)
    assert "belongs to another user" not in run("doctor", "-f", path).output
    os.chown(folders[0], 0, -1)
    assert f"{folders[1]} belongs to another user (uid 12345)" in run("doctor", "-f", path).output


def test_doctor_tells_a_read_only_file_system_from_a_lack_of_rights(settings, tmp_path):
    maps = tmp_path / "maps"
    with tiny_disk(maps):
        path = settings(dataplaneapi__resources={"maps_dir": str(maps)})
        subprocess.check_call(["mount", "-o", "remount,ro", maps])
        told = run("doctor", "-f", path).output
    assert f"maps_dir: {maps} cannot be written: its file system is mounted read-only" in told


@pytest.mark.server
def test_the_server_starts_by_its_other_name(tmp_path):
    configuration = tmp_path / "h.cfg"
    configuration.write_text(SAMPLE.format(backend="b"))
    server = ApiServer(configuration, tmp_path / "run")
    server.command = [server.command[0] + "api", "-f", str(server.settings)]
    with server:
        assert server.client().version() == 1
        assert server.process is not None
        assert Path(f"/proc/{server.process.pid}/comm").read_text() == "dataplaneapi\n"
