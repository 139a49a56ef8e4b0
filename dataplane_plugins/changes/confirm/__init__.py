"""`/dataplane/v1/confirmations`: changes that go again unless they are confirmed in time."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any, cast

from dataplane_core.plugin import (
    BAD_REQUEST,
    CONFLICT,
    NOT_FOUND,
    OWN,
    Fact,
    InVersion,
    Parameter,
    Response,
    Routes,
    Services,
    View,
    impl,
    operation,
    written_time,
)
from dataplane_plugins.changes.confirm.watching import keep_watch

PATH = "/confirmations"
TAG = "Confirmations"
WAITING = "waiting"
STATES = ("waits", "returning", "confirmed", "taken_back", "stays", "replaced")
_TEXT: dict[str, Any] = {"type": "string"}
_NUMBER: dict[str, Any] = {"type": "integer"}
_TIME: dict[str, Any] = {**_TEXT, "format": "date-time"}
_ONE: dict[str, Any] = {
    "type": "object",
    "required": ["version", "former", "state", "before"],
    "properties": {
        "version": {**_NUMBER, "description": "The version that has to be confirmed."},
        "former": {**_NUMBER, "description": "The version that comes back without that."},
        "state": {
            **_TEXT,
            "enum": list(STATES),
            "description": "It waits; the former state is being put back; it is confirmed; it was "
            "taken back; it stays although nobody confirmed it, as the former text cannot come "
            "back; or somebody replaced it by hand.",
        },
        "before": {**_TIME, "description": "The end of its time, by the clock of the commit."},
        "seconds_left": {"type": "number", "description": "While it waits."},
        "user": {**_TEXT, "description": "Who made the version."},
        "gate": {
            "type": "object",
            "properties": {
                "min_up": {**_TEXT, "description": "A number of servers, or a share: `80%`."},
                "max_5xx": _TEXT,
                "window": {"type": "number", "description": "In seconds."},
                "backends": {"type": "array", "items": _TEXT},
            },
        },
        "reason": {**_TEXT, "description": "Why it was taken back, or stays."},
        "ended": _TIME,
        "ended_by": {**_TEXT, "description": "Who confirmed it or took it back."},
        "back": {**_NUMBER, "description": "The version that is as the former one."},
        "reload_id": {**_TEXT, "description": "The reload that brings it back to HAProxy."},
    },
}
_VERSION = Parameter(
    "version", where="path", required=True, help=f"A version, or `{WAITING}`: the one that waits."
)
_200 = Response({"$ref": "confirmation"})
_LIST = operation(
    "listConfirmations",
    TAG,
    "List the versions that had to be confirmed. The newest first.",
    (
        Parameter("limit", "integer", default=50, help="Versions in one answer, 1000 at most."),
        Parameter("before", "integer", help="Versions below this one: the next page."),
    ),
    _200=Response({"type": "array", "items": {"$ref": "confirmation"}}),
    _400=BAD_REQUEST,
)
_OPERATIONS = {
    "GET": operation(
        "getConfirmation",
        TAG,
        "Read what became of a version that had to be confirmed.",
        (_VERSION,),
        _200=_200,
        _404=NOT_FOUND,
    ),
    "POST": replace(operation(
        "confirmVersion",
        TAG,
        "Confirm a version. It stays.",
        (_VERSION,),
        _200=_200,
        _404=NOT_FOUND,
        _409=CONFLICT,
    ), rehearses=True),
    "DELETE": replace(operation(
        "takeVersionBack",
        TAG,
        "Take a version back at once. The former state comes back as a new version.",
        (_VERSION,),
        _200=_200,
        _202=Response({"$ref": "confirmation"}, ("Reload-ID",), "Back; a reload is under way."),
        _404=NOT_FOUND,
        _409=CONFLICT,
    ), rehearses=True),
}


@impl
def dataplane_routes(routes: Routes, services: Services) -> None:
    """Serve confirmations, and let changes ask for them."""
    services.config.trials.watch()
    routes.tag(TAG, "Changes that go again unless they are confirmed in time.", -5)
    routes.schema("confirmation", _ONE, OWN)
    many, one = InVersion(_maker("Confirmations", services)), _maker("Confirmation", services)
    routes.add(PATH, many, {"GET": _LIST}, OWN)
    routes.add(f"{PATH}/{{version}}", InVersion(one), _OPERATIONS, OWN)


@impl
def dataplane_start(services: Services) -> None:
    """Take back what nobody confirms, in one worker of all."""
    services.lead("confirm", partial(keep_watch, services))


@impl
def dataplane_status(services: Services) -> Iterator[Fact]:
    """Yield the version that waits for its confirmation, or what became of the last one."""
    found = services.config.trials.table.latest(1)
    if not found:
        return
    one = found[0]
    if one.status == "waits":
        left = max(0.0, one.trial.left(services.state.boot))
        text = (
            f"version {one.version} waits for its confirmation until "
            f"{written_time(one.trial.before)}, for {left:.0f} s; then {one.trial.former} is back"
        )
        yield Fact("confirm", text, doubtful=True)
    elif one.status == "returning":
        yield Fact("confirm", f"version {one.version} is being taken back: {one.reason}", bad=True)
    elif one.status == "stays":
        yield Fact("confirm", f"version {one.version} stays: {one.reason}", bad=True)
    elif one.status == "taken_back" and services.config.version() == one.back:
        text = f"version {one.version} was taken back as version {one.back}: {one.reason}"
        yield Fact("confirm", text, doubtful=True)


def _maker(name: str, services: Services) -> Callable[[View], object]:
    """Return what makes a responder; what it needs is loaded when somebody first asks for it."""

    def make(view: View) -> object:
        from dataplane_plugins.changes.confirm import responders

        return cast(object, getattr(responders, name)(services))

    return make
