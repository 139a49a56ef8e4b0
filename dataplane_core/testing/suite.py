"""Tests of a plugin's declarations and recorded cases, to be given to pytest or imported.

pytest --pyargs dataplane_core.testing.suite --dataplane-plugin my_plugin

or, in a file of tests, `from dataplane_core.testing.suite import *`. Which plugins and which cases
say the settings of `dataplane_core.testing.pytest_plugin`.
"""

from collections.abc import Callable

__all__ = ["test_law", "test_recorded_case"]


def test_law(dataplane_law: Callable[[], None]) -> None:
    """Check one law of one declaration of the plugins."""
    dataplane_law()


def test_recorded_case(dataplane_case: Callable[[], None]) -> None:
    """Carry one recorded case out."""
    dataplane_case()
