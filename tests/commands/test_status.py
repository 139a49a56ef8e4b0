"""`dataplane status`: what runs, and what somebody should look at."""

import datetime
import json
from importlib import import_module
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from dataplane_core.commands.group import main
from dataplane_core.commands.overview import overview
from dataplane_core.store.journal.reloads import ReloadTable
from dataplane_core.wiring import make_services
from tests.discovery.consul import ConsulDouble
from tests.discovery.support import discovering
from tests.haproxy.support import configured
from tests.harness.disks import read_only
from tests.harness.server import CONFIGURATION, ApiServer
from tests.harness.waiting import until
from tests.runtime.support import live


def status(folder: Path, *flags: str, write: bool = True, **haproxy: object) -> Result:
    file = folder / "settings.yaml"
    text = json.dumps({
        "haproxy": {"config_file": str(folder / "haproxy.cfg"), **haproxy},
        "dataplane": {"state_dir": str(folder / "state")},
        "dataplaneapi": {"resources": {"maps_dir": str(folder / "maps"),
                                       "ssl_certs_dir": str(folder / "certs")}},
    })  # fmt: skip
    if write:
        file.write_text(text)
    return CliRunner().invoke(main, ["status", "-f", str(file), *flags], catch_exceptions=False)


def certificate(days: int) -> bytes:
    """A certificate and its key that ends in so many days."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a.example")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=99))
        .not_valid_after(now + datetime.timedelta(days=days))
        .public_key(key.public_key()).sign(key, hashes.SHA256())
    )  # fmt: skip
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return made.public_bytes(form[0]) + key.private_bytes(*form, serialization.NoEncryption())


def test_a_worker_that_is_reached_by_its_master(haproxy_program, tmp_path):
    with live(haproxy_program, tmp_path) as running:
        text = running.process.configuration.read_text()
        running.process.configuration.write_text(text.replace("worker.sock", "gone.sock"))
        told = status(tmp_path, master_runtime=str(running.process.master))
        lines = told.output.splitlines()
        assert any(line.startswith("  haproxy") and f"pid {running.pid}," in line for line in lines)
        assert f"  socket        {running.process.master} answers" in lines
        assert f"{tmp_path}/gone.sock: No such file or directory" in told.output
        assert told.exit_code == 0, told.output


def test_of_all_that_runs(haproxy_program, tmp_path):
    with live(haproxy_program, tmp_path) as running:
        (tmp_path / "certs").mkdir()
        (tmp_path / "certs" / "far.pem").write_bytes(certificate(300))
        good = status(tmp_path)
        assert good.exit_code == 0, good.output
        lines = good.output.splitlines()
        assert lines[0].split() == ["server", "running"]
        assert f"  configuration {tmp_path}/haproxy.cfg version 1" in lines
        assert any(line.startswith("  haproxy") and f"pid {running.pid}," in line for line in lines)
        assert f"  socket        {tmp_path}/worker.sock answers" in lines
        assert f"  map           {tmp_path}/maps/m.map with 2 entries" in lines
        assert "certificate" not in good.output
        (tmp_path / "certs" / "near.pem").write_bytes(certificate(5))
        (tmp_path / "certs" / "over.pem").write_bytes(certificate(-5))
        near = status(tmp_path)
        assert near.exit_code == 1
        assert [line[:35].rstrip() for line in near.output.splitlines() if line[0] != " "] == [
            "~ certificate   near.pem expires on", "! certificate   over.pem expired on"
        ]  # fmt: skip
        (tmp_path / "certs" / "over.pem").unlink()
        assert status(tmp_path).exit_code == 0
        facts = json.loads(status(tmp_path, "--json").stdout)
        assert facts["ok"] is True
        assert {"topic": "server", "text": "running", "bad": False, "doubtful": False} in facts["facts"]


def test_of_what_does_not_run(tmp_path):
    (tmp_path / "haproxy.cfg").write_text(
        "global\n  stats socket /nowhere/h.sock level admin\n  stats socket /nowhere/i.sock\n"
    )
    for given in ({}, {"master_runtime": "/nowhere/m.sock"}, {"reload": {"status_cmd": "false"}}):
        result = status(tmp_path, **given)
        assert result.exit_code == 1
        lines = result.output.splitlines()
        assert lines[0].split() == ["!", "server", "not", "running"]
        assert [line for line in lines[1:] if line[0] != " "] == [
            "! haproxy       HAProxy is not running: nobody answers on /nowhere/h.sock, /nowhere/i.sock"
        ]


def test_where_nobody_can_be_asked_nothing_is_wrong(tmp_path):
    (tmp_path / "haproxy.cfg").write_text("global\n")
    lines = status(tmp_path).output.splitlines()
    assert [line[:16] for line in lines if line[0] != " "] == ["! server        ", "~ socket        "]


def test_a_command_that_says_up_makes_dead_sockets_the_fault(tmp_path):
    (tmp_path / "haproxy.cfg").write_text("global\n  stats socket /nowhere/h.sock level admin\n")
    told = status(tmp_path, reload={"status_cmd": "true"}).output
    assert "! socket        HAProxy's runtime socket takes no connection (/nowhere/h.sock: No such" in told
    assert "not running" not in told.replace("server        not running", "")


def test_the_settings_that_count_are_named(tmp_path, monkeypatch):
    (tmp_path / "haproxy.cfg").write_text("global\n")
    assert f"  settings      {tmp_path}/settings.yaml\n" in status(tmp_path).output
    for files, said in ((("/no/a.yaml", str(tmp_path / "settings.yaml")), str(tmp_path / "settings.yaml")),
                        ((), "no file was found, so the defaults count; name one with -f FILE")):
        monkeypatch.setattr(import_module("dataplane_core.settings.load"), "DEFAULT_FILES", files)
        flags = ["status", "-c", str(tmp_path / "haproxy.cfg"), "--state-dir", str(tmp_path / "state")]
        assert f"  settings      {said}\n" in CliRunner().invoke(main, flags).output


def told(server: ApiServer) -> str:
    return CliRunner().invoke(main, ["status", "-f", str(server.settings)]).output


def everything(folder: Path) -> dict[str, tuple[object, ...]]:
    """All below a folder with what a write would change."""
    found = {}
    for path in (folder, *folder.rglob("*")):
        one = path.lstat()
        found[str(path)] = (one.st_mode, one.st_ino, one.st_mtime_ns, one.st_ctime_ns, one.st_size)
    return found


def test_what_was_written_by_hand_and_refused_is_named(tmp_path):
    (tmp_path / "haproxy.cfg").write_text("global\n")
    services = make_services(configured(tmp_path).replace(**{"dataplane.state_dir": str(tmp_path / "state")}))
    services.config.version()
    (tmp_path / "haproxy.cfg").write_text("global\n  bogus 1\n")
    services.config.file.restore("line 2: unknown keyword 'bogus'", services.config.version())
    services.state.shutdown()
    told = status(tmp_path).output
    place = tmp_path / "haproxy.cfg.rejected"
    assert f"{place} holds what was written by hand and HAProxy refused: line 2" in told
    assert told.count(str(place)) == 1
    place.unlink()
    assert "by hand" not in status(tmp_path).output


def test_nothing_is_written_where_nothing_is(tmp_path):
    (tmp_path / "haproxy.cfg").write_text("global\n  stats socket /nowhere/h.sock level admin\n")
    (tmp_path / "haproxy.cfg").chmod(0o444)
    status(tmp_path)
    before = everything(tmp_path)
    assert "version 1" in status(tmp_path, write=False).output
    assert everything(tmp_path) == before
    assert set(before) == {str(tmp_path / name) for name in ("", "haproxy.cfg", "settings.yaml")}


@pytest.mark.parametrize("killed", [False, True])
def test_nothing_is_written_beside_a_server(tmp_path, killed):
    (tmp_path / "haproxy.cfg").write_text("global\n")
    with ApiServer(tmp_path / "haproxy.cfg", tmp_path / "api") as server:
        client = server.client()
        client.call("POST", f"{CONFIGURATION}/backends", {"name": "b"}, version=1)
        client.connection.close()
        if killed:
            server.kill()
            until(lambda: "server        not running" in told(server))

        def unchanged():
            """What is told, once the server itself writes nothing between two looks."""
            before = everything(tmp_path)
            said = told(server)
            return said if everything(tmp_path) == before else None

        said = until(unchanged)
    assert ("! server        not running" in said) is killed
    assert f"{tmp_path}/haproxy.cfg version 2" in said
    assert "\n  reload " in said


def test_a_tree_that_is_read_only_is_looked_at(tmp_path):
    (tmp_path / "haproxy.cfg").write_text("global\n")
    with ApiServer(tmp_path / "haproxy.cfg", tmp_path / "api") as server:
        server.client().call("POST", f"{CONFIGURATION}/backends", {"name": "b"}, version=1)
    with read_only(tmp_path):
        said = told(server)
    assert f"  configuration {tmp_path}/haproxy.cfg version 2" in said


def test_only_the_last_reload_counts(tmp_path):
    (tmp_path / "haproxy.cfg").write_text("global\n")
    settings = configured(tmp_path).replace(**{"dataplane.state_dir": str(tmp_path / "state")})
    services = make_services(settings, ())
    records = ReloadTable(services.state, 0.0, 1)

    def after(ok: bool, **more: int) -> list[tuple[bool, bool]]:
        records.request(2)
        job = records.due(early=True)
        assert job is not None
        records.finish(records.begin(job, 2), ok, "" if ok else "broken", **more)
        facts = [fact for fact in overview(services) if fact.topic == "reload"]
        return [(fact.bad, fact.doubtful) for fact in facts]

    assert after(False) == [(True, False)]
    assert after(False, restored=7) == [(False, False), (False, True)]
    assert after(True) == [(False, False)] * 3


def test_of_discovery(tmp_path):
    with ConsulDouble() as consul, discovering(tmp_path) as api:
        consul.set("api", 1001)
        made = api.add("consul", {"address": "127.0.0.1", "port": consul.port, "enabled": True,
                                  "retry_timeout": 1, "token": "s3cret"})  # fmt: skip
        until(lambda: api.status.get("servers") == 1)
        assert (
            f"  discovery     consul {made['id']}: 1 services, 1 servers" in status(tmp_path).output
        )
        consul.status = 500
        until(lambda: api.status.get("failures"))
        told = status(tmp_path).output
        assert f"! discovery     consul {made['id']}: Consul answered" in told
        assert "s3cret" not in told


def test_who_calls_which_version_is_told_for_all_workers(tmp_path):
    (tmp_path / "haproxy.cfg").write_text("global\n")
    targets = [{"log_to": "stdout", "log_level": "info", "log_format": "json", "log_types": ["access"]}]
    more = {"dataplane": {"workers": 2, "api_versions": ["v2", "v3"]}, "log_targets": targets}
    with ApiServer(tmp_path / "haproxy.cfg", tmp_path / "run", more) as server:
        for path, agent in (("/v2/info", "curl/8.5 x"), ("/v2/nosuch", "curl/8.5"), ("/", "curl/8.5")):
            for _ in range(3):
                server.client().call("GET", path, headers={"User-Agent": agent})

        def logged() -> list[tuple[str, str]]:
            lines = [json.loads(one) for one in server.log.read_text().splitlines() if '"access"' in one]
            return [(one["uri"], one["api_version"]) for one in lines]

        for one in (("/v2/info", "v2"), ("/v2/nosuch", "v2"), ("/", "")):
            until(lambda one=one: logged().count(one) >= 3)
        requests = sum(version == "v2" for _, version in logged())
        until(lambda: f"  api           v2 got {requests} requests since the start: " in told(server))
        seen = told(server)
        assert "6 by admin with curl/8.5" in seen
        assert "  api           v3 got no request since the start\n" in seen
