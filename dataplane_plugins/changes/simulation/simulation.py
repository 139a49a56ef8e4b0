"""`/simulate`: which rules a request meets, and which backend and server it goes to.

What simulates is loaded when somebody first asks.
"""

import sys
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from weakref import WeakKeyDictionary, ref

from dataplane_core.plugin import (
    BAD_REQUEST,
    DEFAULT_RESPONSE,
    OWN,
    Body,
    Document,
    InVersion,
    Language,
    Operation,
    Response,
    Routes,
    Services,
    View,
    impl,
)
from dataplane_plugins.changes.simulation import schemas

_GATES: WeakKeyDictionary[Language, Callable[[Document], Iterable[str]]] = WeakKeyDictionary()
"""What judges changes, by the language of the server's configuration, for as long as it lives."""


def _simulations(services: Services, view: View) -> object:
    from dataplane_plugins.changes.simulation.pool import pool_of
    from dataplane_plugins.changes.simulation.responder import Simulations

    return Simulations(services, pool_of(services), view)


def _judge(find: Callable[[], Services | None], document: Document) -> Iterable[str]:
    services = find()
    if services is None:
        return ()
    from dataplane_plugins.changes.simulation.gate import Gate
    from dataplane_plugins.changes.simulation.pool import gate_pool_of

    path = Path(services.settings.dataplane.routing_tests)
    return list(Gate(path, gate_pool_of(services), services.registry).check(document))


def _expected(services: Services, name: str, document: Document) -> Iterable[str]:
    from dataplane_plugins.changes.simulation.gate import Gate, stored_file
    from dataplane_plugins.changes.simulation.pool import gate_pool_of

    folder = services.settings.dataplaneapi.resources.general_storage_dir
    gate = Gate(stored_file(folder, name), gate_pool_of(services), services.registry, name)
    return gate.check(document)


@impl
def dataplane_routes(routes: Routes, services: Services) -> None:
    """Serve simulations."""
    services.config.expectations.find = partial(_expected, services)
    if services.settings.dataplane.routing_tests:
        _GATES[services.registry.language] = partial(_judge, ref(services))
    routes.tag("Simulation", "What the configuration does with a request, without any traffic.", 20)
    routes.schema("simulation_expectation", schemas.EXPECTATION, OWN)
    routes.schema("simulated_response", schemas.RESPONSE, OWN)
    routes.schema("simulated_request", schemas.REQUEST, OWN)
    routes.schema("simulation_question", schemas.QUESTION, OWN)
    routes.schema("simulation", schemas.RESULT, OWN)
    routes.schema("simulation_answer", schemas.ANSWER, OWN)
    ask = Operation(
        "simulate",
        "Simulation",
        "Simulate requests. HAProxy itself decides, in a process of its own that has no network: "
        "which rules match, which backend gets the request, and which server where that follows "
        "from the request. With a transaction or a text, the answer says which requests the change "
        "would send elsewhere.",
        body=Body({"$ref": "simulation_question"}),
        responses={
            "200": Response({"$ref": "simulation_answer"}),
            "400": BAD_REQUEST,
            "default": DEFAULT_RESPONSE,
        },
        asks=True,
    )
    routes.add("/simulate", InVersion(partial(_simulations, services)), {"POST": ask}, OWN)


@impl
def dataplane_check(document: Document) -> Iterable[str]:
    """Refuse a change that breaks the routing tests of the settings."""
    judge = _GATES.get(document.language)
    return () if judge is None else judge(document)


@impl
def dataplane_stop() -> None:
    """End the scratch processes."""
    pools = sys.modules.get("dataplane_plugins.changes.simulation.pool")
    if pools is not None:
        pools.close_pools()
