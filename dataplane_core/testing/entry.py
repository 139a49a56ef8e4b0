"""Have pytest load what `dataplane_core.testing` has for it, unless `-p no:dataplane` is said.

This is the module of the entry point `dataplane` in the group `pytest11`. It names the module that
has all, so that `-p dataplane_core.testing.pytest_plugin` may be said beside it.
"""

pytest_plugins = ["dataplane_core.testing.pytest_plugin"]
