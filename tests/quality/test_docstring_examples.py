"""The examples in docstrings are true."""

import doctest
import importlib

import pytest

from tests.harness.recorded import TOP

MODULES = sorted(
    ".".join(path.relative_to(TOP).with_suffix("").parts).removesuffix(".__init__")
    for package in ("dataplane_core", "dataplane_plugins")
    for path in (TOP / package).rglob("*.py")
    if ">>> " in path.read_text("utf-8")
)


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_docstrings_are_true(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0
