"""The first session of README.md, typed as it stands there."""

import json
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from tests.contrib.test_run import FREE, finish, start, told
from tests.harness.recorded import TOP

DOCUMENTS = [TOP / "README.md", *sorted((TOP / "docs").glob("*.md"))]


def first_session() -> str:
    """The shell commands under the heading `A first session`, as one script."""
    text = (TOP / "README.md").read_text("utf-8")
    part = text.split("## A first session")[1].split("\n## ")[0]
    return "\n".join(re.findall(r"```\n(.*?)```", part, re.S))


@pytest.mark.server
@pytest.mark.haproxy
def test_first_session_works_as_written(tmp_path: Path, haproxy_program: str) -> None:
    if shutil.which("curl") is None:
        pytest.skip("no curl is installed here")
    process = start(tmp_path / "run", *FREE, "--haproxy-bin", haproxy_program)
    printed = told(process)
    try:
        found = dict(re.findall(r"^(API|Proxied site|Password) +(\S+)", printed, re.M))
        script = first_session().replace("PASSWORD", found["Password"])
        script = script.replace("http://127.0.0.1:5555/v2", found["API"])
        script = script.replace("http://127.0.0.1:8080/", found["Proxied site"])
        script = script.replace("curl ", "curl -sS --fail-with-body ")
        session = json.loads((tmp_path / "run" / "session.json").read_text("utf-8"))
        script = script.replace("8082", str(session["server_ports"][1]))
        command = ["bash", "-e", "-o", "pipefail", "-c", script]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        assert "web2: /spare for" in ran.stdout.splitlines()[-1], ran.stdout
    finally:
        process.send_signal(signal.SIGINT)
        finish(process)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text("utf-8"))
    assert [link for link in links if not (document.parent / link).exists()] == []
