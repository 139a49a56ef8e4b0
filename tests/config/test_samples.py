"""The samples in config/: both forms say the same, with and without what is commented out."""

import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from dataplane_core.settings import Settings, load
from tests.harness.recorded import TOP

YAML, HCL = TOP / "config" / "dataplane.yaml", TOP / "config" / "dataplane.hcl"


def read(path: Path) -> Settings:
    return replace(load(["-f", str(path)], {}), file="")


def with_comments_in(path: Path, folder: Path) -> Path:
    """A copy in which every commented key counts: the lines that look like YAML or HCL."""
    key = re.compile(r"^(\s*)# (\s*(- )?[a-z_]+( \"\w+\")?\s*[:={].*|\s*\})$")
    lines = [key.sub(r"\1\2", line) for line in path.read_text("utf-8").splitlines()]
    copy = folder / path.name
    copy.write_text("\n".join(lines) + "\n", "utf-8")
    return copy


def test_both_forms_are_equal() -> None:
    assert read(YAML) == read(HCL)


def test_what_is_commented_out_is_right_as_well(tmp_path: Path) -> None:
    yaml, hcl = with_comments_in(YAML, tmp_path), with_comments_in(HCL, tmp_path)
    settings = read(yaml)
    assert settings == read(hcl)
    assert settings.dataplaneapi.tls.tls_ca == "/etc/dataplane/clients.pem"
    assert settings.dataplaneapi.user[0].name == "admin"
    assert settings.haproxy.reload.status_cmd == "systemctl --quiet is-active haproxy"
    assert settings.haproxy.reload.validate_cmd == "haproxy -c -f {file}"
    assert settings.warnings == ()


@pytest.mark.haproxy
def test_sample_configuration_is_accepted(haproxy_program: str) -> None:
    command = [haproxy_program, "-c", "-f", str(TOP / "config" / "haproxy.cfg")]
    told = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert told.returncode == 0, told.stderr
    assert "WARNING" not in told.stderr
