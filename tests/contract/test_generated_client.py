"""openapi-generator's Python client, made from each served document, does the walk-through."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness.fixtures import MakeServer
from tests.harness.recorded import TOP
from tests.harness.server import PASSWORD, USER
from tests.harness.story import Ports, assert_told

VERSION = "7.12.0"
ARTIFACT = f"org.openapitools:openapi-generator-cli:{VERSION}"
JAR = f"org/openapitools/openapi-generator-cli/{VERSION}/openapi-generator-cli-{VERSION}.jar"
STORY = Path(__file__).with_name("generated_story.py")
PARTS = "apis,models,supportingFiles,apiDocs=false,modelDocs=false,apiTests=false,modelTests=false"

pytestmark = [pytest.mark.server, pytest.mark.network]


@pytest.fixture(scope="session")
def generator() -> Path:
    """The generator's jar from Maven Central, kept in Maven's own cache."""
    jar = Path.home() / ".m2" / "repository" / JAR
    if shutil.which("java") is None:
        pytest.skip("no Java is installed here")
    if jar.exists():
        return jar
    if shutil.which("mvn") is None:
        pytest.skip("no Maven is installed here to fetch openapi-generator with")
    command = ["mvn", "-q", "-B", "dependency:get", "-Dtransitive=false", f"-Dartifact={ARTIFACT}"]
    told = subprocess.run(command, capture_output=True, timeout=300)
    if told.returncode or not jar.exists():
        pytest.skip("openapi-generator could not be fetched with Maven")
    return jar


@pytest.mark.parametrize("name", ["specification", "specification_openapiv3"])
def test_generated_client_does_the_walk_through(
    generator: Path, make_server: MakeServer, tmp_path: Path, name: str
) -> None:
    configuration = tmp_path / "haproxy.cfg"
    configuration.write_text("global\n\ndefaults\n  timeout client 30s\n", "utf-8")
    server = make_server(configuration)
    document = tmp_path / "document.json"
    document.write_text(json.dumps(server.specification(name)), "utf-8")
    client = tmp_path / "client"
    told = subprocess.run(
        [
            *("java", "-Xmx512m", "-jar", str(generator), "generate", "-g", "python"),
            *("-i", str(document), "-o", str(client), f"--global-property={PARTS}"),
            "--additional-properties=packageName=dataplane_client",
        ],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert told.returncode == 0, told.stderr[:3000]
    story = [sys.executable, str(STORY), f"{server.url}/v2", f"{USER}:{PASSWORD}"]
    told = subprocess.run(
        [*story, "10080", "10081", "10082", "10083"],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "PYTHONPATH": f"{client}{os.pathsep}{TOP}"},
    )
    server.stop()
    assert told.returncode == 0, told.stderr[-3000:]
    assert_told(told.stdout, Ports(10080, (10081, 10082), 10083))
