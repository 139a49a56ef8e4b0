"""The core of the server: text, grammar, store, HTTP interface and hooks; it knows no plugin.

Plugins import `dataplane_core.plugin`, and nothing else of it. `impl` marks their implementations
of hooks. To import this package itself loads none of its parts.
"""

import pluggy

__version__ = "0.1.0"

impl = pluggy.HookimplMarker("dataplane")

__all__ = ["__version__", "impl"]
