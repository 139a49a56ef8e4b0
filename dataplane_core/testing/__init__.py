"""What tests of plugins use."""

from dataplane_core.grammar.laws import breaches
from dataplane_core.testing.runtime import FakeRuntime

__all__ = ["FakeRuntime", "breaches"]
