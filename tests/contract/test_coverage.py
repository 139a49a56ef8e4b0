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

FAMILIES = Path(__file__).with_name("families.txt")
DOCUMENTS = ("specification", "specification_openapiv3")

pytestmark = pytest.mark.server


def nameless(paths: set[str]) -> set[str]:
    """Paths with the names of their parameters taken out, as spec_coverage.py compares them."""
    return {re.sub(r"\{[^}]*\}", "{}", path) for path in paths}


def expected_paths(shared: Path, served: dict[str, Any]) -> set[str]:
    """Paths of the reference that are named in families.txt or that the server shows."""
    known = nameless(served_paths(reference(shared)))
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


@pytest.mark.parametrize("name", DOCUMENTS)
def test_document_is_valid(server: ApiServer, name: str) -> None:
    validate(server.specification(name))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_operation_identifiers_are_unique(server: ApiServer, name: str) -> None:
    identifiers = [
        operation["operationId"]
        for item in server.specification(name)["paths"].values()
        for method, operation in item.items()
        if method in ("get", "put", "post", "delete")
    ]
    assert len(identifiers) == len(set(identifiers))


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
