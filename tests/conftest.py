"""Fixtures that every test may use are in tests/harness/fixtures.py."""

from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.harness.fixtures"]

# A busy machine is slow at any example: no test fails for that.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")
