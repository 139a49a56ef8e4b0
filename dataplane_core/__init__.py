"""The core of the server: text, grammar, store, HTTP interface and hooks; it knows no plugin.

Plugins import `dataplane_core.plugin`, and nothing else of it. `impl` marks their implementations
of hooks. To import this package itself loads none of its parts.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pluggy

__version__ = "0.1.0"
"""The version of the server, as distributions have it."""

PLUGIN_API = "1.4"
"""The version of the contract with plugins, MAJOR.MINOR: of the hooks, and of the names of
`dataplane_core.plugin` and `dataplane_core.testing`.

The minor number rises when something is added, the major one when something goes or changes its
meaning. A plugin states the version that it was written for, as `PLUGIN_API = "1.0"` in its module.
It then fits a server with the same major number and the same or a higher minor one.
"""

impl: "pluggy.HookimplMarker"
"""Marks a function as the implementation of the hook that has its name.

`impl(tryfirst=True)`, `impl(trylast=True)` and `impl(wrapper=True)` change the order as pluggy has
it; with `impl(optionalhook=True)` it is no error if nobody declares the hook.
"""


def __getattr__(name: str) -> Any:
    """Make `impl` when it is first taken: commands postpone some of what pluggy imports before."""
    if name != "impl":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from pluggy import HookimplMarker

    globals()[name] = marker = HookimplMarker("dataplane")
    return marker


__all__ = ["PLUGIN_API", "__version__", "impl"]
