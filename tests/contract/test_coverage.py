"""The served documents: everything the reference has of the families built, and valid by itself."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import validate

from tests.harness.recorded import reference, served_paths
from tests.harness.server import ApiServer

VERSIONS = {"v1": "v1.2", "v2": "v2.9", "v3": "v3.4"}
"""The reference of each version that is served."""
METHODS = ("get", "put", "post", "delete")
OTHER_IDENTIFIERS = {
    "getAllRuntimeServer": "getRuntimeServers",
    "getAllSpoeAgent": "getSpoeAgents",
    "getAllSpoeGroup": "getSpoeGroups",
    "getAllSpoeMessage": "getSpoeMessages",
    "getAllSpoeScope": "getSpoeScopes",
    "getAllSpoeTransaction": "getSpoeTransactions",
}
"""Identifiers of operations that are those of version 2 in version 3, too."""
FAMILIES = Path(__file__).with_name("families.txt")
DOCUMENTS = ("specification", "specification_openapiv3")

pytestmark = pytest.mark.server


def nameless(paths: set[str]) -> set[str]:
    """Paths with the names of their parameters taken out, as spec_coverage.py compares them."""
    return {re.sub(r"\{[^}]*\}", "{}", path) for path in paths}


def expected_paths(shared: Path, served: dict[str, Any]) -> set[str]:
    """Paths of the reference that are named in families.txt or that the server shows."""
    known = nameless(served_paths(reference(shared, "v2.9")))
    lines = FAMILIES.read_text("utf-8").splitlines()
    pattern = "|".join(line for line in lines if line.strip() and not line.startswith("#"))
    named = {path for path in known if re.fullmatch(pattern, path.removeprefix("/v2"))}
    return named | (known & nameless(served_paths(served)))


@pytest.mark.recorded
@pytest.mark.parametrize("name", DOCUMENTS)
def test_everything_of_the_reference_is_served(
    server: ApiServer, shared: Path, tmp_path: Path, name: str
) -> None:
    served = server.specification(name)
    file = tmp_path / "served.json"
    file.write_text(json.dumps(served), "utf-8")
    only = "|".join(map(re.escape, sorted(expected_paths(shared, served))))
    tool, facts = shared / "tools" / "spec_coverage.py", shared / "spec" / "v2.9.json"
    command = [sys.executable, str(tool), str(facts), str(file), "--only", f"^({only})$"]
    told = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert told.returncode == 0, told.stdout + told.stderr


@pytest.mark.recorded
@pytest.mark.parametrize("version", sorted({*VERSIONS} - {"v2"}))
@pytest.mark.parametrize("name", DOCUMENTS)
def test_everything_of_the_references_of_other_versions_is_served(
    server: ApiServer, shared: Path, tmp_path: Path, version: str, name: str
) -> None:
    file = tmp_path / "served.json"
    file.write_text(json.dumps(server.specification(name, version)), "utf-8")
    tool, facts = shared / "tools" / "spec_coverage.py", shared / "spec" / f"{VERSIONS[version]}.json"
    command = [sys.executable, str(tool), str(facts), str(file), "--json"]
    told = subprocess.run(command, capture_output=True, text=True, timeout=120)
    missing = [one for found in json.loads(told.stdout)["missing"].values() for one in found]
    # Metadata belongs to lines: what is one line of a section, or a part of one, has none.
    assert [one for one in missing if not one.endswith("metadata")] == []


@pytest.mark.recorded
@pytest.mark.parametrize("version", VERSIONS)
def test_parameters_of_paths_are_called_as_the_reference_calls_them(
    server: ApiServer, shared: Path, version: str
) -> None:
    served = served_paths(server.specification("specification", version))
    wanted = served_paths(reference(shared, VERSIONS[version]))
    named = {path for path in served if nameless({path}) <= nameless(wanted)}
    assert named - wanted == set()


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", DOCUMENTS)
def test_document_is_valid(server: ApiServer, name: str, version: str) -> None:
    validate(server.specification(name, version))


def operations(document: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    """The operations of a document by method and path."""
    base = document.get("basePath", "").rstrip("/")
    return {
        (method, re.sub(r"\{[^}]*\}", "{}", base + path).rstrip("/")): operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    }


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", DOCUMENTS)
def test_operation_identifiers_are_unique(server: ApiServer, name: str, version: str) -> None:
    found = operations(server.specification(name, version)).values()
    identifiers = [operation["operationId"] for operation in found]
    assert len(identifiers) == len(set(identifiers))


@pytest.mark.recorded
@pytest.mark.parametrize("version", VERSIONS)
def test_operations_have_the_identifiers_and_tags_of_the_reference(
    server: ApiServer, shared: Path, version: str
) -> None:
    served = operations(server.specification(version=version))
    wrong = []
    for key, known in operations(reference(shared, VERSIONS[version])).items():
        if key not in served:
            continue
        identifier, ours = known.get("operationId"), served[key]["operationId"]
        if identifier not in (None, ours) and OTHER_IDENTIFIERS.get(str(identifier)) != ours:
            wrong.append((*key, identifier, ours))
        tags = known.get("tags")
        if version == "v1":  # which has further tags for all of the configuration, and by section
            tags = [tag for tag in tags or () if tag in served[key]["tags"]]
        if tags != served[key]["tags"]:
            wrong.append((*key, known.get("tags"), served[key]["tags"]))
    assert wrong == []


@pytest.mark.parametrize("version", VERSIONS)
def test_every_definition_is_used_and_every_one_that_is_used_is_there(
    server: ApiServer, version: str
) -> None:
    document = server.specification(version=version)
    referred = set(references(document["paths"]))
    waiting = [*referred]
    while waiting:
        shown = document["definitions"][waiting.pop()]
        for name in references(shown):
            if name not in referred:
                referred.add(name)
                waiting.append(name)
    assert document["definitions"].keys() - referred <= {"error"}


def references(value: Any) -> Iterator[str]:
    """The names of the definitions that a part of a document refers to."""
    if isinstance(value, dict):
        name = value.get("$ref")
        if isinstance(name, str) and name.startswith("#/definitions/"):
            yield name.rpartition("/")[2]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def patterns(value: Any) -> Iterator[str]:
    """Every regular expression in a document."""
    if isinstance(value, dict):
        if isinstance(value.get("pattern"), str):
            yield value["pattern"]
        for inner in value.values():
            yield from patterns(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from patterns(inner)


def test_generators_can_quote_every_pattern(server: ApiServer) -> None:
    # openapi-generator puts a backslash in front of a quote, and an escaped one then ends the text.
    found = set(patterns(server.specification()))
    assert [one for one in found if '\\"' in one] == []
