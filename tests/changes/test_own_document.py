"""The document of `/dataplane/v1`, with all plugins: valid, and each operation said in words."""

import json
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import validate

from dataplane_core.app import create_app
from dataplane_core.settings import Settings


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder: Path = tmp_path_factory.mktemp("own")
    (folder / "haproxy.cfg").touch()
    given = {"haproxy.config_file": str(folder / "haproxy.cfg"), "dataplane.state_dir": str(folder / "state")}
    own = create_app(Settings.default().replace(**given)).own
    assert own is not None
    return dict(json.loads(own.document("3.1.0")))


def test_the_document_is_valid(document: dict[str, Any]) -> None:
    validate(document)


def test_every_operation_has_a_name_of_its_own_and_says_what_it_does(document: dict[str, Any]) -> None:
    operations = [one for path in document["paths"].values() for one in path.values()]
    names = [one["operationId"] for one in operations]
    assert len(names) == len(set(names))
    assert all(one["summary"] and one["description"] for one in operations)
