"""Limits of frontends, which they may have from the `defaults` sections that they inherit from."""

import pytest

from dataplane_core.resources.registry import Registry
from dataplane_core.text import Document
from dataplane_core.wiring import make_manager, register_collections
from dataplane_plugins.changes.drift.frontends import frontend_drift

TEXT = """\
defaults base
  mode http
  maxconn 300

defaults top from base
  mode http

frontend own
  maxconn 100

frontend far

frontend near from base

listen both

defaults none
  mode http

frontend free
"""


@pytest.fixture(scope="module")
def registry() -> Registry:
    return register_collections(make_manager())


def test_a_limit_of_defaults_is_compared(registry: Registry) -> None:
    document = Document.parse(TEXT, registry.language)
    columns = {name: {"slim": "50"} for name in ("own", "far", "near", "both", "free")}
    found = {one.subject: one for one in frontend_drift(registry, document, columns)}
    limits = {name: (one.in_file, one.in_process) for name, one in found.items()}
    assert limits == {"own": (100, 50), "far": (300, 50), "near": (300, 50), "both": (300, 50)}
    assert found["far"].to_file.shown() == {"commands": ["set maxconn frontend far 300"]}
    text = found["far"].to_process.make(document).text()  # type: ignore[union-attr]
    assert "frontend far\n  maxconn 50\n" in text and "maxconn 300" in text
