"""`dataplane status`: what runs, and what somebody should look at."""

import datetime
import json
from pathlib import Path

from click.testing import CliRunner, Result
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from dataplane_core.cli import main
from tests.discovery.consul import ConsulDouble
from tests.discovery.support import discovering
from tests.haproxy.support import until
from tests.runtime.support import live


def status(folder: Path, **haproxy: str) -> Result:
    file = folder / "settings.yaml"
    file.write_text(json.dumps({
        "haproxy": {"config_file": str(folder / "haproxy.cfg"), **haproxy},
        "dataplane": {"state_dir": str(folder / "state")},
        "dataplaneapi": {"resources": {"maps_dir": str(folder / "maps"),
                                       "ssl_certs_dir": str(folder / "certs")}},
    }))  # fmt: skip
    return CliRunner().invoke(main, ["status", "-f", str(file)], catch_exceptions=False)


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
        assert [line[:35].rstrip() for line in near.output.splitlines() if line[0] == "!"] == [
            "! certificate   near.pem expires on", "! certificate   over.pem expired on"
        ]  # fmt: skip


def test_of_what_does_not_run(tmp_path):
    (tmp_path / "haproxy.cfg").write_text("global\n  stats socket /nowhere/h.sock level admin\n")
    result = status(tmp_path)
    assert result.exit_code == 1
    assert result.output.splitlines()[0].split() == ["!", "server", "not", "running"]
    assert "\n! socket" in result.output
    assert "Traceback" not in result.output


def test_of_discovery(tmp_path):
    with ConsulDouble() as consul, discovering(tmp_path) as api:
        consul.set("api", 1001)
        made = api.add("consul", {"address": "127.0.0.1", "port": consul.port, "enabled": True,
                                  "retry_timeout": 1, "token": "s3cret"})  # fmt: skip
        until(lambda: api.status.get("servers") == 1, 8)
        assert (
            f"  discovery     consul {made['id']}: 1 services, 1 servers" in status(tmp_path).output
        )
        consul.status = 500
        until(lambda: api.status.get("failures"), 8)
        told = status(tmp_path).output
        assert f"! discovery     consul {made['id']}: Consul answered" in told
        assert "s3cret" not in told
