"""The first example of the specification's introduction, run as a reader types it."""

import re
import shutil
import subprocess

import pytest

from dataplane_core.api.introduction import INTRODUCTION
from tests.harness.server import PASSWORD, USER, ApiServer

pytestmark = pytest.mark.server


def test_the_first_example(server: ApiServer) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed here")
    (block,) = re.findall(r"```\n(.*?)```", INTRODUCTION, re.DOTALL)
    script = block.replace("http://127.0.0.1:5555", server.url)
    script = script.replace("admin:PASSWORD", f"{USER}:{PASSWORD}")
    assert script != block
    client = server.client()
    told = subprocess.run(["bash", "-euc", script], capture_output=True, text=True, timeout=60)
    made = client.call("GET", "/v2/services/haproxy/configuration/backends/spare")
    assert (made.status, told.returncode) == (200, 0), told.stdout + told.stderr
    path = "/v2/services/haproxy/configuration/backends/spare"
    assert client.call("DELETE", path, version=client.version()).status in (202, 204)
