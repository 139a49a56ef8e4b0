"""Every hook that a plugin can implement: its signature, what it is for, and what its failure does.

Implement one by decorating a module-level function of the same name with `impl` of
`dataplane_core.plugin`; arguments that are not needed may be left out. Implementations are called
in the order in which plugins are loaded, but for pluggy's `tryfirst`, `trylast` and wrappers.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from dataplane_core.auth import Identity
from dataplane_core.dataclass import dataclass
from dataplane_core.hooks.containment import Failure
from dataplane_core.hooks.specification import hookspec, list_of, none_or, texts_or_none

if TYPE_CHECKING:
    from dataplane_core.api.access import Access
    from dataplane_core.api.answered import Answered, Asked
    from dataplane_core.api.request import ApiRequest
    from dataplane_core.api.routes import Routes
    from dataplane_core.haproxy.reload import ReloadRecord
    from dataplane_core.haproxy.runtime import Runtime
    from dataplane_core.resources.registry import Registry
    from dataplane_core.services import Services
    from dataplane_core.settings import Settings
    from dataplane_core.store.change import Committed
    from dataplane_core.text import Document


@dataclass(frozen=True, slots=True)
class Fact:
    """A line of `dataplane status`: `topic` is one word in front, `text` what is so.

    `bad`: it is wrong now. `doubtful`: nothing is wrong yet or any more, but somebody should look.
    """

    topic: str
    text: str
    bad: bool = False
    doubtful: bool = False


@dataclass(frozen=True, slots=True)
class Gauge:
    """A number of `GET /metrics`: its `name` without `dataplane_`, what it is, and its labels.

    All gauges of one name have labels of the same names; the first hundred are shown.
    """

    name: str
    help: str
    value: float
    labels: tuple[tuple[str, str], ...] = ()


@hookspec(Failure.STOPS)
def dataplane_settings(settings: "Settings") -> None:
    """See the settings before anything is made of them; raise `SettingsError` to stop the start."""


@hookspec(Failure.STOPS)
def dataplane_register(registry: "Registry") -> None:
    """Declare collections. Called once, before anything is served; then the registry freezes."""


@hookspec(Failure.STOPS)
def dataplane_routes(routes: "Routes", services: "Services") -> None:
    """Add routes that are not configuration, with what the specification says of them."""


@hookspec(Failure.CONTAINED, restores=True, limited=False)
def dataplane_spec(spec: dict[str, Any], version: str) -> None:
    """Adjust a specification document, Swagger 2.0 or OpenAPI 3, before it is served."""


@hookspec(Failure.REFUSES, none_or(Identity), firstresult=True, limited=False)
def dataplane_authenticate(req: "ApiRequest") -> "Identity | None":
    """Say who asks, or None to leave it to others; raise `Unauthorized` to refuse."""


@hookspec(Failure.REFUSES, none_or(str), limited=False)
def dataplane_authorize(identity: "Identity", operation: "Access") -> str | None:
    """Refuse an operation with a reason (403), or return None; one refusal is enough."""


@hookspec(Failure.REFUSES, list_of("sentences", lambda one: isinstance(one, str)))
def dataplane_check(document: "Document") -> Iterable[str] | None:
    """Name what is wrong with a configuration that is to be committed (422)."""


@hookspec(Failure.RELOADS)
def dataplane_committed(change: "Committed") -> None:
    """Learn what was changed, by whom and when; may call `change.require_reload(reason)`."""


@hookspec(Failure.RELOADS, none_or(bool), firstresult=True)
def dataplane_apply(change: "Committed", runtime: "Runtime") -> bool | None:
    """Bring a committed change to the running HAProxy; True if no reload is needed any more."""


@hookspec(Failure.CONTAINED, texts_or_none, firstresult=True)
def dataplane_foresee(change: "Committed") -> list[str] | None:
    """Say what `dataplane_apply` would send for a change that is only planned; send nothing."""


@hookspec(Failure.CONTAINED)
def dataplane_reloaded(record: "ReloadRecord") -> None:
    """Learn that a reload is over, well or not."""


@hookspec(Failure.REFUSES, none_or(type(None)))
def dataplane_asked(asked: "Asked", services: "Services") -> None:
    """Learn of a request for a change before it is carried out; raise an error to refuse it."""


@hookspec(Failure.CONTAINED)
def dataplane_answered(answered: "Answered", services: "Services") -> None:
    """Learn of a request that asked for a change, or was not let in, before its answer is sent."""


@hookspec(Failure.CONTAINED, list_of("gauges", lambda one: isinstance(one, Gauge)))
def dataplane_metrics(services: "Services") -> Iterable[Gauge] | None:
    """Give numbers that are so now, for `GET /metrics`."""


@hookspec(Failure.SHOWN)
def dataplane_status(services: "Services") -> Iterable[Fact] | None:
    """Tell a person at a terminal what there is; a `DataplaneError` becomes a line of its own."""


@hookspec(Failure.CONTAINED)
def dataplane_start(services: "Services") -> None:
    """Begin background work: a worker process has started."""


@hookspec(Failure.CONTAINED)
def dataplane_stop() -> None:
    """End background work: the worker is about to exit."""
