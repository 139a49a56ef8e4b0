"""`/dataplane/v1/fleet`: the members, the roll-outs, and what people decide about them."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from importlib import import_module
from typing import Any

from dataplane_core.plugin import (
    BAD_REQUEST,
    CONFLICT,
    NOT_FOUND,
    OWN,
    Body,
    InVersion,
    Operation,
    Parameter,
    Prop,
    Response,
    Routes,
    Services,
    View,
    operation,
)
from dataplane_plugins.fleet import PATH, TAG
from dataplane_plugins.fleet.responders import node_paths
from dataplane_plugins.fleet.responders.schemas import SCHEMAS
from dataplane_plugins.fleet.responders.wait_parameters import follow_changes

_STRATEGY_PROPS = (
    Prop(
        "waves", "array", items=Prop("", help="A number, a share, a group or a member."),
        help="How many members have it when each wave is over: `1`, `10%`, or which ones come to "
        "have it: `group:edge`, `node:a`. All others are a last wave; without any, all have it at "
        "once.",
    ),
    Prop("pause", "integer", minimum=0, maximum=86_400, help="Seconds between two waves."),
    Prop("timeout", "integer", minimum=1, maximum=86_400, help="Seconds that a wave may take."),
    Prop(
        "on_failure", enum=("stop", "rollback", "continue"),
        help="What follows where a member refuses it, or does not pass the gate.",
    ),
    Prop(
        "gate_min_up", "integer", minimum=0, maximum=100, nullable=True,
        help="Percent of a member's servers that have to be up.",
    ),
    Prop(
        "gate_max_5xx", "integer", minimum=0, maximum=100, nullable=True,
        help="Percent of a member's answers that may have a status from 500 on.",
    ),
    Prop("gate_window", "integer", minimum=1, maximum=3600, help="Seconds of the gate."),
    Prop(
        "gate_backends", "array", items=Prop("", help="A backend, or `*`."),
        help="Backends for each of which that holds; without any, for all together.",
    ),
)  # fmt: skip
_OWN_OF_OTHERS = "List what groups and members have of their own."
_NAME = Parameter("name", where="path", required=True, help="A member.")
_ROLLOUT = Response({"$ref": "fleet_rollout"})
_NODE = Response({"$ref": "fleet_node"})
Page = tuple[Parameter, ...]
_PAGE: Page = (
    Parameter("limit", "integer", default=1000, help="Members in one answer, 1000 at most."),
    Parameter("after", help="Those whose names are behind this one: the next page."),
)
_PAGE_OF_OVERLAYS: Page = (
    Parameter("limit", "integer", default=100, help="Overlays in one answer, 1000 at most."),
    Parameter("after", help="Those behind this one, such as `node/a`: the next page."),
)
_DEEDS = ("retry", "take", "offer", "exclude", "include")
_ACTIONS = ("start", "pause", "resume", "abort", "return")


def add_routes(routes: Routes, services: Services) -> None:
    """Serve the fleet; what does that is loaded when somebody asks."""

    @cache
    def member() -> Any:
        from dataplane_plugins.fleet.members.member import Member

        return Member(services)

    @cache
    def shared(view: View) -> Any:
        from dataplane_plugins.fleet.responders.fleet_responders import Shared

        return Shared(services, member(), view, waiting)

    def by(name: str, module: str = "fleet_responders") -> InVersion:
        def make(view: View) -> object:
            where = import_module(f"dataplane_plugins.fleet.responders.{module}")
            return getattr(where, name)(shared(view))

        return InVersion(make)

    @cache
    def waiting() -> Any:
        from dataplane_plugins.fleet.responders.waiting import Waiting

        return Waiting(services, member())

    @cache
    def overlays() -> Any:
        from dataplane_plugins.fleet.responders.overlay_edits import OverlayEdits

        return OverlayEdits(services, member())

    follow_changes(routes, waiting, overlays)
    _add_paths(routes, by)


def _add_paths(routes: Routes, by: Callable[..., InVersion]) -> None:
    """Serve the paths; `by` has one served by what a name in a module is."""
    routes.tag(TAG, "Servers that share one configuration, and how it reaches them.", 40)
    for name, schema in {**SCHEMAS, **node_paths.SCHEMAS}.items():
        routes.schema(name, schema, OWN)
    add: Callable[..., None] = routes.add
    whole = _get("getFleet", "Read what the fleet is.", "fleet", _PAGE)
    add(PATH, by("Whole"), {"GET": whole}, OWN)
    listed = _list("getFleetNodes", "List members.", "node", _PAGE)
    add(f"{PATH}/nodes", by("Nodes"), {"GET": listed}, OWN)
    add(f"{PATH}/nodes/{{name}}", by("Node"), _node_operations(), OWN)
    add(f"{PATH}/rollout", by("NewestRollout"), _rollout_operations(), OWN)
    past = "past_responders"
    add(f"{PATH}/rollouts", by("PastRollouts", past), {"GET": _PAST}, OWN)
    add(f"{PATH}/rollouts/{{revision}}", by("PastRollout", past), {"GET": _PAST_ONE}, OWN)
    add(f"{PATH}/strategy", by("TheStrategy"), _strategy_operations(), OWN)
    add(f"{PATH}/mend", by("Mending"), {"POST": _MEND}, OWN)
    listed = _list("getFleetOverlays", _OWN_OF_OTHERS, "overlay", _PAGE_OF_OVERLAYS)
    add(f"{PATH}/overlays", by("OverlayList", "overlay_responders"), {"GET": listed}, OWN)
    one = f"{PATH}/overlays/{{kind}}/{{name}}"
    add(one, by("OverlayItem", "overlay_responders"), _overlay_operations(), OWN)
    traffic = _get("getFleetTraffic", "Read the traffic of all members.", "fleet_traffic", _PAGE)
    add(f"{PATH}/traffic", by("Traffic", "job_responders"), {"GET": traffic}, OWN)
    for path, name, made in (
        (f"{PATH}/nodes/{{name}}/diff", "NodeDiff", node_paths.diff),
        (f"{PATH}/nodes/{{name}}/log", "NodeLog", node_paths.log),
        (f"{PATH}/statistics", "FleetStatistics", node_paths.statistics),
    ):
        add(path, by(name, "node_responders"), {"GET": made()}, OWN)
    running = by("RunningNodes", "job_responders")
    add(f"{PATH}/runtime", running, {"POST": _running()}, OWN)


def _get(identifier: str, summary: str, schema: str, page: Page = ()) -> Operation:
    answer = Response({"$ref": schema})
    if page:
        return operation(identifier, TAG, summary, page, _200=answer, _400=BAD_REQUEST)
    return operation(identifier, TAG, summary, _200=answer)


def _list(identifier: str, summary: str, kind: str, page: Page) -> Operation:
    listed = {"type": "array", "items": {"$ref": f"fleet_{kind}"}}
    return operation(identifier, TAG, summary, page, _200=Response(listed), _400=BAD_REQUEST)


def _node_operations() -> dict[str, Operation]:
    deed = Prop(
        "action", enum=_DEEDS, required=True,
        help="`retry`: try again what it has refused. `take`: have what the fleet has, whatever "
        "was changed there. `offer`: make what it has the newest revision. `exclude`, `include`: "
        "leave it out of the roll-out, or take it in again.",
    )  # fmt: skip
    body = Body({"$ref": "fleet_deed"}, props=(deed,), example={"action": "retry"})
    tell = operation(
        "tellFleetNode", TAG, "Tell a member what to do.", (_NAME,), body,
        _200=_NODE, _400=BAD_REQUEST, _404=NOT_FOUND, _409=CONFLICT,
    )  # fmt: skip
    forget = operation(
        "forgetFleetNode", TAG, "Forget a member. It is away, and another may have its name.",
        (_NAME,), _204=Response(), _404=NOT_FOUND, _409=CONFLICT,
    )  # fmt: skip
    get = operation(
        "getFleetNode", TAG, "Read what a member has.", (_NAME,), _200=_NODE, _404=NOT_FOUND
    )
    return {
        "GET": get,
        "POST": replace(tell, rehearses=True),
        "DELETE": replace(forget, rehearses=True),
    }


def _rollout_operations() -> dict[str, Operation]:
    action = Prop(
        "action", enum=_ACTIONS, required=True,
        help="`start`: begin it once more, with the first wave; `pause`, `resume`; `abort`: who "
        "has not got it does not get it; `return`: put back "
        "what was before it, on all members.",
    )  # fmt: skip
    wait = Parameter(
        "wait", enum=("canary", "all"),
        help="Answer when the first wave has it, or all; or when it goes no further.",
    )
    seconds = Parameter("timeout", "integer", default=60, help="Seconds to wait, 300 at most.")
    get = operation(
        "getFleetRollout", TAG, "Read the roll-out of the newest revision.", (wait, seconds),
        _200=_ROLLOUT, _400=BAD_REQUEST, _404=NOT_FOUND,
    )  # fmt: skip
    body = Body({"$ref": "fleet_action"}, props=(action,), example={"action": "pause"})
    act = operation(
        "decideFleetRollout", TAG, "Decide about the roll-out of the newest revision.", (), body,
        _200=_ROLLOUT, _400=BAD_REQUEST, _404=NOT_FOUND, _409=CONFLICT,
    )  # fmt: skip
    return {"GET": get, "POST": replace(act, rehearses=True)}


_PAST = operation(
    "getFleetRollouts", TAG, "List roll-outs. The newest first.",
    (
        Parameter("limit", "integer", default=20, help="Roll-outs in one answer, 1000 at most."),
        Parameter("before", "integer", help="Those of revisions below this one: the next page."),
    ),
    _200=Response({"type": "array", "items": {"$ref": "fleet_rollout"}}), _400=BAD_REQUEST,
)  # fmt: skip
_PAST_ONE = operation(
    "getFleetRolloutOf", TAG, "Read what became of a roll-out.",
    (Parameter("revision", where="path", required=True, help="The number of a revision."),),
    _200=_ROLLOUT, _404=NOT_FOUND,
)  # fmt: skip


_MEND = replace(
    operation(
        "mendFleet", TAG,
        "Put right what somebody without the key has made of the records of the store. What was "
        "right is left out of the answer.",
        _200=Response({"type": "array", "items": {"$ref": "fleet_mended"}}),
    ),
    rehearses=True,
)  # fmt: skip


def _running() -> Operation:
    names = Prop("", help="A name.")
    props = (
        Prop("nodes", "array", items=names, help="Members; with no group either, all that live."),
        Prop("groups", "array", items=names, help="Groups of members."),
        Prop("backend", help="The backend of the server."),
        Prop("server", help="A server whose state or weight is to be another."),
        Prop("state", enum=("ready", "drain", "maint"), help="What the server is to be."),
        Prop("weight", "integer", minimum=0, maximum=256, help="Its weight."),
        Prop("map", help="A map of the storage, such as `hosts.map`, that is to have an entry."),
        Prop("key", help="The key of the entry."),
        Prop("value", help="Its value; without it, the entry goes."),
        Prop(
            "traffic", enum=("drain", "ready"),
            help="`drain`: the frontends of the members take no new connections; `ready`: they do.",
        ),
    )  # fmt: skip
    example = {"groups": ["edge"], "backend": "web", "server": "web1", "state": "drain"}
    done = operation(
        "changeRunningFleet", TAG,
        "Change members while they run. A server's state or weight, an entry of a map, or whether "
        "a member takes traffic; forgotten at a reload.",
        (), Body({"$ref": "fleet_change"}, props=props, example=example),
        _200=Response({"type": "array", "items": {"$ref": "fleet_answer"}}),
        _400=BAD_REQUEST, _404=NOT_FOUND,
    )  # fmt: skip
    return replace(done, rehearses=True)


def _strategy_operations() -> dict[str, Operation]:
    example = {"waves": ["1", "10%"], "pause": 60, "on_failure": "rollback"}
    body = Body({"$ref": "fleet_strategy_to_have"}, props=_STRATEGY_PROPS, example=example)
    put = operation(
        "setFleetStrategy", TAG, "Roll out the next revisions otherwise.", (), body,
        _200=Response({"$ref": "fleet_strategy"}), _400=BAD_REQUEST,
    )  # fmt: skip
    get = _get("getFleetStrategy", "Read how revisions are rolled out.", "fleet_strategy")
    return {"GET": get, "PUT": replace(put, rehearses=True)}


def _overlay_operations() -> dict[str, Operation]:
    place = (
        Parameter("kind", where="path", required=True, help="`group` or `node`."),
        Parameter("name", where="path", required=True, help="A group or a member."),
    )
    transaction = Parameter(
        "transaction_id", required=True,
        help="The transaction whose edits are to be its own. The transaction is gone then.",
    )  # fmt: skip
    answer = Response({"$ref": "fleet_overlay"})
    get = operation(
        "getFleetOverlay", TAG, "Read what a group or a member has of its own.", place,
        _200=answer, _404=NOT_FOUND,
    )  # fmt: skip
    put = operation(
        "setFleetOverlay", TAG,
        "Make the edits of a transaction a group's or a member's own, and nobody else's.",
        (*place, transaction), _200=answer, _400=BAD_REQUEST, _409=CONFLICT,
    )  # fmt: skip
    delete = operation(
        "deleteFleetOverlay", TAG, "Have a group or a member what all share.", place,
        _204=Response(), _404=NOT_FOUND,
    )  # fmt: skip
    return {
        "GET": get,
        "PUT": replace(put, rehearses=True),
        "DELETE": replace(delete, rehearses=True),
    }
