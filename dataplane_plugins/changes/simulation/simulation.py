"""`/simulate`: which rules a request meets, and which backend and server it goes to.

What simulates is loaded when somebody first asks.
"""

from collections.abc import Callable
from functools import partial

from dataplane_core.plugin import (
    BAD_REQUEST,
    DEFAULT_RESPONSE,
    OWN,
    Body,
    InVersion,
    Operation,
    Response,
    Routes,
    Services,
    View,
    impl,
)
from dataplane_plugins.changes.simulation import schemas

_CLOSING: list[Callable[[], None]] = []


def _simulations(services: Services, view: View) -> object:
    from dataplane_plugins.changes.simulation.pool import pool_of
    from dataplane_plugins.changes.simulation.responder import Simulations

    pool = pool_of(services)
    _CLOSING.append(pool.close)
    return Simulations(services, pool, view)


@impl
def dataplane_routes(routes: Routes, services: Services) -> None:
    """Serve simulations."""
    routes.tag("Simulation", "What the configuration does with a request, without any traffic.", 20)
    routes.schema("simulation_expectation", schemas.EXPECTATION, OWN)
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
    )
    routes.add("/simulate", InVersion(partial(_simulations, services)), {"POST": ask}, OWN)


@impl
def dataplane_stop() -> None:
    """End the scratch processes."""
    for close in _CLOSING:
        close()
