"""Every hook that a plugin can implement: its signature and what it is for.

Implement one by decorating a module-level function of the same name with `dataplane_core.impl`;
arguments that are not needed may be left out.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from dataplane_core.api.frame import Access
    from dataplane_core.api.request import ApiRequest
    from dataplane_core.api.routes import Routes
    from dataplane_core.auth import Identity
    from dataplane_core.discovery import Source
    from dataplane_core.haproxy.reload import ReloadRecord
    from dataplane_core.haproxy.runtime import Runtime
    from dataplane_core.overview import Fact
    from dataplane_core.registry import Registry
    from dataplane_core.services import Services
    from dataplane_core.settings import Settings
    from dataplane_core.store.change import Committed
    from dataplane_core.text import Document

spec = pluggy.HookspecMarker("dataplane")


@spec
def dataplane_settings(settings: "Settings") -> None:
    """See the settings before anything is made of them; raise `SettingsError` to stop the start."""


@spec
def dataplane_register(registry: "Registry") -> None:
    """Declare collections. Called once, before anything is served; then the registry freezes."""


@spec
def dataplane_routes(routes: "Routes", services: "Services") -> None:
    """Add routes that are not configuration, with what the specification says of them."""


@spec
def dataplane_discovery() -> "Iterable[Source] | None":
    """Add sources of services: each gets `/service_discovery/<name>` and keeps backends."""


@spec
def dataplane_spec(spec: dict[str, Any], version: str) -> None:
    """Adjust a specification document, Swagger 2.0 or OpenAPI 3, before it is served."""


@spec(firstresult=True)
def dataplane_authenticate(req: "ApiRequest") -> "Identity | None":
    """Say who asks, or None to leave it to others; raise `Unauthorized` to refuse."""


@spec
def dataplane_authorize(identity: "Identity", operation: "Access") -> str | None:
    """Refuse an operation with a reason (403), or return None; one refusal is enough."""


@spec
def dataplane_check(document: "Document") -> Iterable[str] | None:
    """Name what is wrong with a configuration that is to be committed (422)."""


@spec
def dataplane_committed(change: "Committed") -> None:
    """Learn what was changed, by whom and when; may call `change.require_reload(reason)`."""


@spec(firstresult=True)
def dataplane_apply(change: "Committed", runtime: "Runtime") -> bool | None:
    """Bring a committed change to the running HAProxy; True if no reload is needed any more."""


@spec
def dataplane_reloaded(record: "ReloadRecord") -> None:
    """Learn that a reload is over, well or not."""


@spec
def dataplane_status(services: "Services") -> "Iterable[Fact] | None":
    """Tell a person at a terminal what there is; a `DataplaneError` becomes a line of its own."""


@spec
def dataplane_start(services: "Services") -> None:
    """Begin background work: a worker process has started."""


@spec
def dataplane_stop() -> None:
    """End background work: the worker is about to exit."""
