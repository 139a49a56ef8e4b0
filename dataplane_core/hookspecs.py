"""Every hook that a plugin can implement: its signature and what it is for.

Implement one by decorating a module-level function of the same name with `dataplane_core.impl`;
arguments that are not needed may be left out.
"""

from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from dataplane_core.registry import Registry

spec = pluggy.HookspecMarker("dataplane")


@spec
def dataplane_register(registry: "Registry") -> None:
    """Declare collections. Called once, before anything is served; the registry freezes after it."""
