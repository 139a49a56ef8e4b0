"""Fixtures that every test may use are in tests/harness/fixtures.py."""

pytest_plugins = ["tests.harness.fixtures"]
