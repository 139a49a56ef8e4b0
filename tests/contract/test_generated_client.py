"""openapi-generator's clients, made from each served document, do the walk-through.

Python's is made in every run. DATAPLANE_CLIENTS=all asks for those in Go and TypeScript, too, which
take minutes to compile, and for those of further documents in OpenAPI 2.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from dataplane_core.app import VERSIONS
from tests.contract import generated_sources
from tests.contract.generated_calls import calls
from tests.harness.fixtures import MakeServer
from tests.harness.once import made_once
from tests.harness.recorded import TOP
from tests.harness.server import PASSWORD, USER, ApiServer, Tree
from tests.harness.story import Ports, assert_told

VERSION = "7.12.0"
ARTIFACT = f"org.openapitools:openapi-generator-cli:{VERSION}"
JAR = f"org/openapitools/openapi-generator-cli/{VERSION}/openapi-generator-cli-{VERSION}.jar"
STORY = Path(__file__).with_name("generated_story.py")
PARTS = "apis,models,supportingFiles,apiDocs=false,modelDocs=false,apiTests=false,modelTests=false"
TYPESCRIPT = "typescript@5.4"
OPTIONS = {
    "target": "es2020", "module": "commonjs", "lib": ["es2020", "dom"], "types": [], "strict": True,
    "outDir": "built",
}  # fmt: skip
PORTS = Ports(10080, (10081, 10082), 10083)
NAMES = [one.name for one in VERSIONS]
JAVA = ("java", "-Xmx512m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
"""A run of seconds: what the second compiler of the virtual machine spends does not come back."""
OPENAPI_2, OPENAPI_3 = "specification", "specification_openapiv3"
IN_PYTHON = [("v2", OPENAPI_2), *((version, OPENAPI_3) for version in NAMES)]

IF_ASKED = pytest.mark.skipif(
    os.environ.get("DATAPLANE_CLIENTS") != "all",
    reason="further clients take minutes: DATAPLANE_CLIENTS=all makes them",
)

pytestmark = [pytest.mark.server, pytest.mark.network]

Run = Callable[[Path, Tree, list[list[Tree]], str], str]
"""Compiles the client in a folder and does calls of its document at a URL: what was printed."""


@pytest.fixture(scope="session")
def generator() -> Path:
    """The generator's jar from Maven Central, kept in Maven's own cache."""
    jar = Path.home() / ".m2" / "repository" / JAR
    needed("java")
    if jar.exists():
        return jar
    needed("mvn")
    command = ["mvn", "-q", "-B", "dependency:get", "-Dtransitive=false", f"-Dartifact={ARTIFACT}"]
    told = subprocess.run(command, capture_output=True, timeout=300)
    if told.returncode or not jar.exists():
        pytest.skip("openapi-generator could not be fetched with Maven")
    return jar


def needed(program: str) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed here")


def run(*command: str, folder: Path | None = None, given: str = "", **environ: str) -> str:
    """What a command prints; it has to succeed."""
    told = subprocess.run(
        command, capture_output=True, text=True, timeout=600, cwd=folder, input=given,
        env={**os.environ, **environ},
    )  # fmt: skip
    assert told.returncode == 0, (told.stdout + told.stderr)[-3000:]
    return told.stdout


def in_python(client: Path, document: Tree, transactions: list[list[Tree]], url: str) -> str:
    story = (sys.executable, str(STORY), url, f"{USER}:{PASSWORD}")
    path = f"{client}{os.pathsep}{TOP}"
    return run(*story, given=json.dumps(transactions), PYTHONPATH=path)


def in_go(client: Path, document: Tree, transactions: list[list[Tree]], url: str) -> str:
    needed("go")
    (client / "story").mkdir()
    source = generated_sources.go(document, transactions)
    (client / "story" / "main.go").write_text(source, "utf-8")
    run("go", "mod", "tidy", folder=client)
    run("go", "build", "./...", folder=client)
    # The generator puts patterns into tags of fields without regard to the quotes in them.
    run("go", "vet", "-structtag=false", "./...", folder=client)
    return run("go", "run", "./story", url, folder=client)


def in_typescript(client: Path, document: Tree, transactions: list[list[Tree]], url: str) -> str:
    needed("npm")
    (client / "story.ts").write_text(generated_sources.typescript(document, transactions), "utf-8")
    settings = {"compilerOptions": OPTIONS, "include": ["**/*.ts"]}
    (client / "tsconfig.json").write_text(json.dumps(settings), "utf-8")
    tools = client.parent / "tools"
    run("npm", "install", "--silent", "--no-audit", "--prefix", str(tools), TYPESCRIPT)
    run(str(tools / "node_modules" / ".bin" / "tsc"), "-p", str(client))
    return run("node", str(client / "built" / "story.js"), url)


LANGUAGES: dict[str, Run] = {"python": in_python, "go": in_go, "typescript-fetch": in_typescript}


def started(make_server: MakeServer, folder: Path) -> ApiServer:
    """A server on a configuration with nothing in it."""
    configuration = folder / "haproxy.cfg"
    configuration.write_text("# _version=1\nglobal\n\ndefaults\n  timeout client 30s\n", "utf-8")
    return make_server(configuration)


def walk_through(language: str, server: ApiServer, version: str, document: Tree, client: Path) -> None:
    """Have the client of a document do the walk-through with a server."""
    transactions = calls(document, version, PORTS)
    told = LANGUAGES[language](client, document, transactions, f"{server.url}/{version}")
    server.stop()
    assert_told(told, PORTS)


def tell(
    language: str, generator: Path, make_server: MakeServer, folder: Path, version: str, name: str
) -> None:
    """Make the client of a served document in a language, and have it do the walk-through."""
    server = started(make_server, folder)
    document, client = server.specification(name, version), folder / "client"
    file = folder / "document.json"
    file.write_text(json.dumps(document), "utf-8")
    run(
        *(*JAVA, "-jar", str(generator), "generate", "-g", language),
        *("-i", str(file), "-o", str(client), f"--global-property={PARTS}"),
        *("--git-user-id=example", "--git-repo-id=dataplane_client"),
        "--additional-properties=packageName=dataplane_client",
    )
    walk_through(language, server, version, document, client)


def make_clients(generator: Path, make_server: MakeServer, folder: Path) -> None:
    """Make the clients in Python of all documents by one virtual machine, whose start costs as much as two of them."""
    server, batch = started(make_server, folder), []
    for version, name in IN_PYTHON:
        document = folder / f"{version}-{name}.json"
        document.write_text(json.dumps(server.specification(name, version)), "utf-8")
        words = (part.partition("=") for part in PARTS.split(","))
        batch.append(folder / f"batch-{version}-{name}.json")
        batch[-1].write_text(json.dumps({
            "generatorName": "python",
            "inputSpec": str(document),
            "outputDir": str(document.with_suffix("")),
            "globalProperties": {word: value for word, _, value in words},
            "additionalProperties": {"packageName": "dataplane_client"},
            "gitUserId": "example",
            "gitRepoId": "dataplane_client",
        }))  # fmt: skip
    server.stop()
    run(*JAVA, "-jar", str(generator), "batch", "--fail-fast", *map(str, batch))


@pytest.fixture(scope="module")
def clients(generator: Path, make_server: MakeServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the clients in Python, each beside its document."""
    return made_once(tmp_path_factory, "clients", partial(make_clients, generator, make_server))


@pytest.mark.parametrize(("version", "name"), IN_PYTHON)
def test_the_client_in_python_does_the_walk_through(
    clients: Path, make_server: MakeServer, tmp_path: Path, version: str, name: str
) -> None:
    document = json.loads((clients / f"{version}-{name}.json").read_text("utf-8"))
    walk_through("python", started(make_server, tmp_path), version, document, clients / f"{version}-{name}")


@IF_ASKED
@pytest.mark.parametrize("version", [name for name in NAMES if name != "v2"])
def test_the_client_of_openapi_2_does_the_walk_through(
    generator: Path, make_server: MakeServer, tmp_path: Path, version: str
) -> None:
    tell("python", generator, make_server, tmp_path, version, OPENAPI_2)


@IF_ASKED
@pytest.mark.parametrize("language", ["go", "typescript-fetch"])
@pytest.mark.parametrize("version", NAMES)
def test_a_compiled_client_does_the_walk_through(
    generator: Path, make_server: MakeServer, tmp_path: Path, version: str, language: str
) -> None:
    tell(language, generator, make_server, tmp_path, version, OPENAPI_3)
