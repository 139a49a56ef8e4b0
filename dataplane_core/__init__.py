"""The core of the HAProxy data plane server: text, grammar, store, HTTP frame and hooks.

Plugins need three names from here: `impl` marks a hook implementation, the grammar in
`dataplane_core.grammar` declares keywords, and `dataplane_core.errors` holds what may be raised.
"""

import pluggy

__version__ = "0.1.0"

impl = pluggy.HookimplMarker("dataplane")

__all__ = ["__version__", "impl"]
