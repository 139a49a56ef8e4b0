"""Fixtures that every test may use are in tests/harness/fixtures.py."""

import gc
import os
import sys

import pytest
from hypothesis import HealthCheck, settings

from tests.harness.asking import ask_localhost

pytest_plugins = ["tests.harness.fixtures", "dataplane_core.testing.pytest_plugin"]

# A busy machine is slow at any example: no test fails for that.
settings.register_profile(
    "unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)
settings.load_profile("unhurried")

# Each of the hundreds of servers that tests start would compile all its modules, where bytecode is not kept.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

ask_localhost()

LONG = ("tests/golden/", "tests/torture/", "tests/contrib/", "tests/contract/", "tests/walkthrough/", "tests/fleet/proof/")
"""Folders of tests that take long: a process that begins one of these last would keep all others waiting."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put long tests first, and leave the order as it is otherwise."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Keep the garbage collector from what collecting made: a million objects, which all tests share."""
    gc.collect()
    gc.freeze()
