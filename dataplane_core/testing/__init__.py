"""What tests of plugins use; `dataplane_core.testing.pytest_plugin` has it as fixtures."""

from dataplane_core.grammar.laws import breaches
from dataplane_core.testing.runtime import FakeRuntime
from dataplane_core.testing.server import Answer, LocalServer

__all__ = ["Answer", "FakeRuntime", "LocalServer", "breaches"]
