"""The core of the HAProxy data plane server: text, grammar, store, HTTP frame and hooks.

Plugins import `dataplane_core.plugin`, and nothing else of it. Importing this package itself loads
none of its parts.
"""

import pluggy

__version__ = "0.1.0"

impl = pluggy.HookimplMarker("dataplane")

__all__ = ["__version__", "impl"]
