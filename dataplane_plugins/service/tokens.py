"""`/tokens`: make, list and revoke the tokens of programs."""

import re
from typing import Any

import falcon

from dataplane_core.plugin import (
    BAD_REQUEST,
    DEFAULT_RESPONSE,
    EXISTS,
    NOT_FOUND,
    OWN,
    ApiRequest,
    BadParameter,
    Body,
    Code,
    Operation,
    Parameter,
    Response,
    Routes,
    Services,
    impl,
    parse_json,
    to_json,
    written_time,
)

ROLES = ("reader", "operator", "editor", "admin")
_NAME = r"^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$"
_DAY = 86400
_LONGEST = 3650 * _DAY
_LARGEST = 1 << 14
_MOST_PATHS = 100
_TEXT = {"type": "string"}
_MOMENT = {**_TEXT, "format": "date-time"}
_PROPERTIES: dict[str, Any] = {
    "name": {**_TEXT, "pattern": _NAME, "description": "What the audit trail calls it."},
    "role": {**_TEXT, "enum": [*ROLES], "description": "What it may do."},
    "paths": {
        "type": "array",
        "items": _TEXT,
        "description": "What it is for: paths below the prefix of a version, such as "
        "`/services/haproxy/configuration/backends/shop`, each with all that stands below it. "
        "Without any: all paths.",
    },
}
NEW_TOKEN = {
    "type": "object",
    "required": ["name", "role"],
    "properties": {
        **_PROPERTIES,
        "lifetime": {
            "type": "integer", "minimum": 0, "maximum": _LONGEST, "default": 90 * _DAY,
            "description": "Seconds after which it ends; 0: it does not.",
        },
    },
    "example": {"name": "deploy", "role": "editor", "lifetime": 2592000},
}  # fmt: skip
TOKEN = {
    "type": "object",
    "required": ["name", "role", "paths", "expired"],
    "properties": {
        **_PROPERTIES,
        "made": _MOMENT,
        "made_by": _TEXT,
        "expires": _MOMENT,
        "expired": {"type": "boolean"},
        "configured": {"type": "boolean", "description": "It is one of the settings file."},
        "token": {**_TEXT, "description": "The token itself: in the answer that makes it alone."},
    },
}


class TokensResource:
    """The tokens of programs."""

    def __init__(self, services: Services) -> None:
        self._tokens = services.tokens

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        _answer(resp, [_shown(one, self._tokens.is_expired(one)) for one in self._tokens.all()])

    def on_post(self, req: ApiRequest, resp: falcon.Response) -> None:
        name, role, paths, lifetime = _read(parse_json(req.raw))
        token, secret = self._tokens.make(name, role, paths, lifetime, req.who)
        resp.status = 201
        _answer(resp, {**_shown(token, False), "token": secret})


class TokenResource:
    """One token."""

    def __init__(self, services: Services) -> None:
        self._tokens = services.tokens

    def on_delete(self, req: ApiRequest, resp: falcon.Response, name: str) -> None:
        """Revoke the token; who has it is refused from then on."""
        self._tokens.revoke(name)
        resp.status = 204


def _answer(resp: falcon.Response, shown: Any) -> None:
    resp.set_header("Cache-Control", "no-store")
    resp.data = to_json(shown)


def _shown(token: Any, is_expired: bool) -> dict[str, Any]:
    shown = {
        "name": token.name, "role": token.role, "paths": [*token.paths], "expired": is_expired,
    }  # fmt: skip
    if token.made:
        shown |= {"made": written_time(token.made), "made_by": token.made_by}
    else:
        shown["configured"] = True
    return {**shown, "expires": written_time(token.expires)} if token.expires else shown


def _read(given: Any) -> tuple[str, str, list[str], int]:
    """Return what is wanted of a new token; raises `BadParameter`."""
    if not isinstance(given, dict):
        raise BadParameter("the body must be an object", code=Code.TYPE)
    unknown = sorted(set(given) - set(NEW_TOKEN["properties"]))
    if unknown:
        raise BadParameter(f"{unknown[0][:80]} in body is not known", code=Code.UNKNOWN)
    name, role = given.get("name"), given.get("role")
    if not isinstance(name, str) or not re.match(_NAME, name, re.ASCII) or name.endswith("\n"):
        raise BadParameter(f"name in body should match '{_NAME}'", code=Code.PATTERN)
    if role not in ROLES:
        raise BadParameter(f"role in body should be one of [{' '.join(ROLES)}]", code=Code.ENUM)
    paths, lifetime = given.get("paths", []), given.get("lifetime", 90 * _DAY)
    if not isinstance(paths, list) or len(paths) > _MOST_PATHS or not all(map(_is_path, paths)):
        raise BadParameter(
            f"paths in body must be at most {_MOST_PATHS} paths that begin with a slash, without "
            "the prefix of a version",
            code=Code.PATTERN,
        )
    if type(lifetime) is not int or not 0 <= lifetime <= _LONGEST:
        raise BadParameter(f"lifetime in body must be 0 to {_LONGEST} seconds", code=Code.TYPE)
    return name, role, [path.rstrip("/") for path in paths], lifetime


def _is_path(path: object) -> bool:
    return (
        isinstance(path, str)
        and len(path) <= 500
        and re.fullmatch(r"(/[^/\s?#%]+)+/?", path) is not None
        and re.match(r"/(v\d+|dataplane)(/|$)", path) is None
    )


@impl
def dataplane_routes(routes: Routes, services: Services) -> None:
    """Serve the tokens to admins."""
    routes.schema("new_token", NEW_TOKEN, OWN)
    routes.schema("token", TOKEN, OWN)
    failed = {"default": DEFAULT_RESPONSE}
    read = Operation(
        "getTokens", "Access", "List the tokens. What they are for, and until when.",
        responses={"200": Response({"type": "array", "items": {"$ref": "token"}}), **failed},
        administers=True,
    )  # fmt: skip
    make = Operation(
        "createToken", "Access",
        "Make a token. A program sends it as `Authorization: Bearer …`. It is shown in this "
        "answer, and never again.",
        body=Body({"$ref": "new_token"}, help="What the token is for.", most=_LARGEST,
                  example=NEW_TOKEN["example"]),
        responses={"201": Response({"$ref": "token"}), "400": BAD_REQUEST, "409": EXISTS, **failed},
        administers=True,
    )  # fmt: skip
    revoke = Operation(
        "deleteToken", "Access", "Revoke a token. Who has it is refused from then on.",
        (Parameter("name", where="path", required=True, help="The name of the token."),),
        responses={"204": Response(None, (), "It is revoked."), "404": NOT_FOUND, **failed},
        administers=True,
    )  # fmt: skip
    routes.tag("Access", "Tokens of programs.", 95)
    routes.add("/tokens", TokensResource(services), {"GET": read, "POST": make}, OWN)
    routes.add("/tokens/{name}", TokenResource(services), {"DELETE": revoke}, OWN)
