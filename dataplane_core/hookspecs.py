"""Every hook that a plugin can implement: its signature, what it is for, and what its failure does.

Implement one by decorating a module-level function of the same name with `dataplane_core.impl`;
arguments that are not needed may be left out. Implementations are called in the order in which
plugins are loaded, but for pluggy's `tryfirst`, `trylast` and wrappers.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import pluggy

from dataplane_core.auth import Identity
from dataplane_core.hooks.containment import PROJECT, Failure, Result, Terms

if TYPE_CHECKING:
    from dataplane_core.api.frame import Access
    from dataplane_core.api.request import ApiRequest
    from dataplane_core.api.routes import Routes
    from dataplane_core.discovery import Source
    from dataplane_core.haproxy.reload import ReloadRecord
    from dataplane_core.haproxy.runtime import Runtime
    from dataplane_core.resources.registry import Registry
    from dataplane_core.services import Services
    from dataplane_core.settings import Settings
    from dataplane_core.store.change import Committed
    from dataplane_core.text import Document

_marker = pluggy.HookspecMarker(PROJECT)

TERMS: dict[str, Terms] = {}
"""What holds for the implementations of each hook."""

@dataclass(frozen=True, slots=True)
class Fact:
    """A line of `dataplane status`: `topic` is one word in front, `text` what is so.

    `bad`: it is wrong now. `doubtful`: nothing is wrong yet or any more, but somebody should look.
    """

    topic: str
    text: str
    bad: bool = False
    doubtful: bool = False


F = TypeVar("F", bound=Callable[..., Any])


def _anything(value: Any) -> Any:
    return value


def _either(kind: type) -> Result:
    """Return what takes a value of a type, or None."""

    def checked(value: Any) -> Any:
        if value is None or isinstance(value, kind):
            return value
        raise TypeError(f"returned {type(value).__name__}, not {kind.__name__} or None")

    return checked


def _several(what: str, fits: Callable[[Any], bool]) -> Result:
    """Return what makes a list of an iterable whose items fit; of None, an empty one."""

    def checked(value: Any) -> Any:
        if value is None:
            return []
        if isinstance(value, str | bytes) or not isinstance(value, Iterable):
            raise TypeError(f"returned {type(value).__name__}, not a list of {what}")
        items = list(value)
        wrong = [item for item in items if not fits(item)]
        if wrong:
            raise TypeError(f"returned {type(wrong[0]).__name__} among {what}")
        return items

    return checked


def _spec(
    failure: Failure,
    result: Result = _anything,
    *,
    firstresult: bool = False,
    restores: bool = False,
) -> Callable[[F], F]:
    """Mark a hook: what the failure of an implementation does, and what one returns."""

    def marked(function: F) -> F:
        TERMS[function.__name__] = Terms(failure, result, restores)
        return _marker(function, firstresult=firstresult)

    return marked


@_spec(Failure.STOPS)
def dataplane_settings(settings: "Settings") -> None:
    """See the settings before anything is made of them; raise `SettingsError` to stop the start."""


@_spec(Failure.STOPS)
def dataplane_register(registry: "Registry") -> None:
    """Declare collections. Called once, before anything is served; then the registry freezes."""


@_spec(Failure.STOPS)
def dataplane_routes(routes: "Routes", services: "Services") -> None:
    """Add routes that are not configuration, with what the specification says of them."""


@_spec(Failure.STOPS, _several("sources", lambda one: hasattr(one, "watch")))
def dataplane_discovery() -> "Iterable[Source] | None":
    """Add sources of services: each gets `/service_discovery/<name>` and keeps backends."""


@_spec(Failure.CONTAINED, restores=True)
def dataplane_spec(spec: dict[str, Any], version: str) -> None:
    """Adjust a specification document, Swagger 2.0 or OpenAPI 3, before it is served."""


@_spec(Failure.REFUSES, _either(Identity), firstresult=True)
def dataplane_authenticate(req: "ApiRequest") -> "Identity | None":
    """Say who asks, or None to leave it to others; raise `Unauthorized` to refuse."""


@_spec(Failure.REFUSES, _either(str))
def dataplane_authorize(identity: "Identity", operation: "Access") -> str | None:
    """Refuse an operation with a reason (403), or return None; one refusal is enough."""


@_spec(Failure.REFUSES, _several("sentences", lambda one: isinstance(one, str)))
def dataplane_check(document: "Document") -> Iterable[str] | None:
    """Name what is wrong with a configuration that is to be committed (422)."""


@_spec(Failure.RELOADS)
def dataplane_committed(change: "Committed") -> None:
    """Learn what was changed, by whom and when; may call `change.require_reload(reason)`."""


@_spec(Failure.RELOADS, _either(bool), firstresult=True)
def dataplane_apply(change: "Committed", runtime: "Runtime") -> bool | None:
    """Bring a committed change to the running HAProxy; True if no reload is needed any more."""


@_spec(Failure.CONTAINED)
def dataplane_reloaded(record: "ReloadRecord") -> None:
    """Learn that a reload is over, well or not."""


@_spec(Failure.TOLD)
def dataplane_status(services: "Services") -> Iterable[Fact] | None:
    """Tell a person at a terminal what there is; a `DataplaneError` becomes a line of its own."""


@_spec(Failure.CONTAINED)
def dataplane_start(services: "Services") -> None:
    """Begin background work: a worker process has started."""


@_spec(Failure.CONTAINED)
def dataplane_stop() -> None:
    """End background work: the worker is about to exit."""
