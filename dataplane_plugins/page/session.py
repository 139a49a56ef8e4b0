"""`/session`: log in and out at the page; `/rights`: what whoever asks may do."""

from typing import Any

import falcon

from dataplane_core.plugin import (
    BAD_REQUEST,
    DEFAULT_RESPONSE,
    OWN,
    ApiRequest,
    BadParameter,
    BadRequest,
    Body,
    Code,
    Identity,
    Operation,
    Parameter,
    Response,
    Routes,
    Services,
    impl,
    parse_json,
    right_to,
    to_json,
    written_time,
)

CHANGE = ("POST", "/dataplane/v1/apply")
"""What somebody may do who may change the configuration."""

_LARGEST = 1 << 14  # bytes of a log-in
_TEXT = {"type": "string"}
_REASON = {**_TEXT, "description": "Why it is not permitted; empty where it is."}
CREDENTIALS = {
    "type": "object",
    "required": ["user", "password"],
    "properties": {"user": _TEXT, "password": {**_TEXT, "format": "password"}},
}
SESSION = {
    "type": "object",
    "required": ["user", "method"],
    "properties": {
        "user": _TEXT,
        "method": {
            **_TEXT,
            "description": "How the server knows who asks: by a `session`, by `basic` "
            "authentication, by a client `certificate`, or as a plugin says.",
        },
        "expires": {
            **_TEXT, "format": "date-time", "description": "When a session ends in any case.",
        },
        "idle_seconds": {
            "type": "number",
            "description": "How long a session lasts without a request.",
        },
        "rights": {
            "type": "object",
            "properties": {
                "change": {
                    "type": "boolean",
                    "description": "Whether the configuration may be changed.",
                },
                "reason": _REASON,
            },
        },
    },
}  # fmt: skip
RIGHT = {
    "type": "object",
    "required": ["allowed", "reason"],
    "properties": {"allowed": {"type": "boolean"}, "reason": _REASON},
}


class SessionResource:
    """The session of who asks."""

    def __init__(self, services: Services) -> None:
        self._sessions = services.sessions
        self._behind_tls = services.settings.dataplane.behind_tls
        self._authenticator, self._hooks = services.authenticator, services.hooks

    def on_post(self, req: ApiRequest, resp: falcon.Response) -> None:
        """Begin a session, another one than the browser has."""
        if self._authenticator.wants_certificate(req.listener):
            raise BadRequest("clients are known by their certificates here, and not by passwords")
        user, password = _credentials(parse_json(req.raw))
        self._hooks.dataplane_authenticate(req=req)  # a plugin may refuse whoever asks
        address = "" if req.listener == "unix" else req.env.get("REMOTE_ADDR", "")
        session = self._sessions.begin(user, password, req.session_token, address)
        req.session = session
        req.sign(session.admission.identity)
        req.keep_token(session.new_token, self._behind_tls)
        self._answer(resp, self._shown(req, session.admission.identity))

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        identity = req.identity
        assert identity is not None
        right = right_to(req, *CHANGE)
        rights = {"change": right.allowed, "reason": right.reason}
        self._answer(resp, {**self._shown(req, identity), "rights": rights})

    def on_delete(self, req: ApiRequest, resp: falcon.Response) -> None:
        """End the session, or all of the user's."""
        if req.query["everywhere"]:
            self._sessions.end_all(req.who)
        elif req.session is None:
            raise BadRequest("this request has no session that could end: it was signed otherwise")
        else:
            self._sessions.end(req.session)
        if req.session is not None:
            req.keep_token("", self._behind_tls)
        resp.set_header("Cache-Control", "no-store")
        resp.status = 204

    def _shown(self, req: ApiRequest, identity: Identity) -> dict[str, Any]:
        shown: dict[str, Any] = {"user": identity.name, "method": identity.method}
        if req.session is not None:
            shown["expires"] = written_time(req.session.expires)
            shown["idle_seconds"] = self._sessions.idle
        return shown

    @staticmethod
    def _answer(resp: falcon.Response, shown: dict[str, Any]) -> None:
        resp.set_header("Cache-Control", "no-store")
        resp.data = to_json(shown)


class Rights:
    """What who asks may do."""

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        right = right_to(req, req.query["method"], req.query["path"])
        resp.set_header("Cache-Control", "no-store")
        resp.data = to_json({"allowed": right.allowed, "reason": right.reason})


def _credentials(given: Any) -> tuple[str, bytes]:
    if not isinstance(given, dict):
        raise BadParameter("the body must be an object with user and password", code=Code.TYPE)
    for name in CREDENTIALS["properties"]:
        if not isinstance(given.get(name), str) or not given[name]:
            code = Code.TYPE if given.get(name) else Code.REQUIRED
            raise BadParameter(f"{name} in body is required, and must be a string", code=code)
    return given["user"], given["password"].encode("utf-8", "surrogateescape")


def _session_operations() -> dict[str, Operation]:
    answers = {"200": Response({"$ref": "session"}), "default": DEFAULT_RESPONSE}
    log_in = Operation(
        "logIn",
        "Session",
        "Log in. The answer sets a cookie, by which later requests of a browser are the user's: "
        "for pages of this server. Programs send user and password with each request instead.",
        body=Body({"$ref": "credentials"}, help="A user of the API.", most=_LARGEST),
        responses={**answers, "400": BAD_REQUEST},
        open=True,
    )
    read = Operation(
        "getSession",
        "Session",
        "Read who asks. Whom the server takes the request to be from, how it knows, and whether "
        "they may change the configuration.",
        responses=answers,
    )
    everywhere = Parameter(
        "everywhere", "boolean", default=False, help="End all sessions of the user."
    )
    log_out = Operation(
        "logOut",
        "Session",
        "Log out. The session ends, in all workers before the answer is there.",
        (everywhere,),
        granted=True,  # who may only read may log out, too
        responses={
            "204": Response(None, (), "The session has ended."),
            "400": BAD_REQUEST,
            "default": DEFAULT_RESPONSE,
        },
    )
    return {"GET": read, "POST": log_in, "DELETE": log_out}


@impl
def dataplane_routes(routes: Routes, services: Services) -> None:
    """Serve the session, and the rights of who asks."""
    routes.schema("credentials", CREDENTIALS, OWN)
    routes.schema("session", SESSION, OWN)
    routes.schema("right", RIGHT, OWN)
    rights = Operation(
        "getRights",
        "Session",
        "Ask what one may do. What plugins that decide about rights would say to a request; the "
        "request is not made.",
        (
            Parameter("method", required=True, help="The method of the request.",
                      enum=("GET", "POST", "PUT", "DELETE")),
            Parameter("path", required=True, help="Its path from the top, with its query."),
        ),
        responses={"200": Response({"$ref": "right"}), "default": DEFAULT_RESPONSE},
    )  # fmt: skip
    routes.tag("Session", "Who asks, and what they may do.", 94)
    routes.add("/session", SessionResource(services), _session_operations(), OWN)
    routes.add("/rights", Rights(), {"GET": rights}, OWN)
