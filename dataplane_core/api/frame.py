"""Check every request before its responder runs."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import falcon

from dataplane_core.api.access import (
    Access,
    least_role,
    limit_of,
    places_of,
    transaction_in,
)
from dataplane_core.api.body import check_type
from dataplane_core.api.body_reading import read_document
from dataplane_core.api.checked_request import IS_STEP, IS_TRIAL, READS
from dataplane_core.api.operations import AS_THEY_ARE, Operation, Parameter
from dataplane_core.api.repeat import OfferRepeat
from dataplane_core.api.request import ApiRequest, Served
from dataplane_core.api.routes import Route
from dataplane_core.api.shared_checks import Frame
from dataplane_core.api.tagged import Replaceable, require_match
from dataplane_core.auth import Identity, Role
from dataplane_core.codec.codec import Loaded
from dataplane_core.codec.lists import LoadedList
from dataplane_core.errors import (
    BadRequest,
    Contradiction,
    DataplaneError,
    Forbidden,
    Invalid,
    NotAcceptable,
)
from dataplane_core.hooks.containment import as_failure
from dataplane_core.store.asker import refusing_dangers
from dataplane_core.store.author import PLAIN
from dataplane_core.store.planned import ChangePlan, Planned
from dataplane_core.store.rehearsal import rehearsal

if TYPE_CHECKING:
    pass

log = logging.getLogger("dataplane.api")

_DANGEROUS = "what opens the system is for the role {} (dataplane.dangerous_role)"

SLASH = "\x00"
"""Stands for a slash inside a name, from where a path is cut at its slashes to its responder."""


class Guard:
    """A responder behind its checks, in the order in which clients may rely on them.

    What it knows of its operation is made with the first request.
    """

    def __init__(self, frame: Frame, served: Served, route: Route, method: str) -> None:
        self._frame = frame
        self._served = served
        self._plugin = route.origin
        self._route = route
        self._method = method
        self.respond: Callable[..., None] = getattr(route.resource, f"on_{method.lower()}")
        self._positions = tuple((f"k{number}", name) for number, name in enumerate(route.names, 1))
        self._strict = served.version.strict_parameters
        self._is_change = method not in READS

    @cached_property
    def _operation(self) -> Operation:
        return self._route.complete(self._route.operations[self._method])

    @cached_property
    def _path(self) -> list[Parameter]:
        in_path = [one for one in self._operation.parameters if one.where == "path"]
        return [one for one in in_path if one.type != "string" or one.pattern or one.enum]

    @cached_property
    def _query(self) -> tuple[Parameter, ...]:
        return tuple(one for one in self._operation.parameters if one.where == "query")

    @cached_property
    def _absent(self) -> dict[str, Any]:
        """The values of the parameters that a query need not have."""
        return {one.name: one.default for one in self._query if not one.required}

    @cached_property
    def _answered(self) -> Callable[[ApiRequest, falcon.Response], bool] | None:
        return self._served.view.answered if self._operation.cached else None

    @cached_property
    def _offer(self) -> OfferRepeat | None:
        operation = self._operation
        return self._frame.offer if operation.cached or operation.repeatable else None

    @cached_property
    def _shown(self) -> Callable[..., Any] | None:
        resource = self._route.resource
        return resource.shown if isinstance(resource, Replaceable) else None

    def __call__(self, req: ApiRequest, resp: falcon.Response, **keys: str) -> None:
        req.plugin = self._plugin
        # a change that is open to everybody is a log-in
        self._served.receive(req, resp, self._is_change and self._operation.open)
        self._admit(req)
        try:
            if self._answered is None or not self._answered(req, resp):
                if (needs := self._frame.dangerous) and req.identity and req.identity.role < needs:
                    with refusing_dangers(_DANGEROUS.format(needs.word)):
                        self._carry_out(req, resp, keys)
                else:
                    self._carry_out(req, resp, keys)
        except (SystemExit, KeyboardInterrupt) as error:
            raise as_failure(error) from error
        finally:
            if req.lines:
                self._frame.lines.give(req.lines)
        self._frame.finish(req, resp)
        if self._offer is not None and resp.status_code == 200:
            self._offer(req)

    def _admit(self, req: ApiRequest) -> None:
        """Check who asks and from where, whether they may, and the media types of both sides."""
        operation, frame = self._operation, self._frame
        if not operation.open:
            identity = req.identity = frame.identify(req)
            if frame.hiding is not None and frame.hiding.hides_from(identity):
                req.hiding = frame.hiding
            if frame.authorize or identity.paths or identity.role is not Role.ADMIN:
                path = req.path.replace(SLASH, "/")
                if (reason := self.refusal(identity, path, req.params)) is not None:
                    raise Forbidden(reason)
            if self._is_change:
                frame.refuse_changes()
        body, produces = operation.body, operation.produces
        if body is not None:
            check_type(req.env, req.media_type, body.types)
        accept = req.env.get("HTTP_ACCEPT")
        free = accept in (None, "*/*") or produces in AS_THEY_ARE
        if not free and not req.client_accepts(produces):
            raise NotAcceptable(f"the answer is {produces}, which the request does not accept")

    def refusal(self, identity: Identity, path: str, query: Mapping[str, Any]) -> str | None:
        """Return why somebody may not do this; None if they may."""
        operation, authorize = self._operation, self._frame.authorize
        if operation.open or operation.granted:
            return None
        least = least_role(operation, self._method, self._route.template)
        wanted = Access(self._method, path, query, operation.id, self._served.version.name)
        if authorize is not None or identity.paths:
            places = places_of(self._route.resource, path, query)
            opened_by = self._frame.opened_by(transaction_in(path, query))
            wanted = replace(wanted, places=places, opened_by=opened_by)
        if reason := limit_of(identity, least, self._served.version.prefix, wanted):
            return reason
        return None if authorize is None else authorize(identity, wanted)

    def _carry_out(self, req: ApiRequest, resp: falcon.Response, keys: dict[str, str]) -> None:
        self._refuse_a_try(req)
        body = self._operation.body
        frame = self._frame
        document = None if body is None else read_document(
            req, body, frame.body_limit, frame.lines
        )
        codec = None if body is None or not req.raw else body.codec
        if document is None and self._served.version.null_is_empty:
            document = {}
        try:
            named = self._arguments(req, keys)
        except Invalid:
            if codec is not None:
                codec.load(document)  # a wrong type in the body is refused before the query
            raise
        if req.query.get("transaction_id"):
            req.env[IS_STEP] = True
        if req.method != "GET" and "HTTP_IF_MATCH" in req.env:
            require_match(req, self._route.resource, named)
        if codec is not None:
            shown, missing = self._replaced(req, named)
            self._take(req, resp, codec.load(document, shown), missing)
        if self._operation.rehearses and req.change_options.dry_run:
            with rehearsal() as noted:
                self.respond(req, resp, **named)
            raise Planned(ChangePlan.of(self._frame.current_version(req), noted))
        if self._frame.announce is not None and req.scratch is None:
            self._frame.announce(req)
        follow = self._frame.follow
        if follow is None or not self._is_change or (carry_out := follow(req)) is None:
            self.respond(req, resp, **named)
        else:
            from dataplane_core.api.followed import follow_change

            respond = partial(self.respond, req, resp, **named)
            follow_change(req, self._operation, carry_out, respond)

    def _refuse_a_try(self, req: ApiRequest) -> None:
        """Refuse to plan or to try what could only be done."""
        if req.method == "GET":
            return
        options = req.change_options
        if options is PLAIN and req.scratch is None:
            return
        operation = self._operation
        can_plan = operation.plans or operation.asks
        if self._frame.render_plan is not None:
            can_plan |= operation.edits or operation.rehearses
        if req.scratch is not None and not operation.edits:
            raise BadRequest(f"{req.method} {req.asked_path} cannot be planned with others")
        makes_version = (operation.plans or operation.edits) and not operation.edits_file
        if options.confirm_within is not None and not makes_version:
            raise BadRequest("confirm_within in query: this operation makes no version")
        if options.dry_run:
            req.env[IS_TRIAL] = True
        if options.dry_run and not can_plan:
            raise BadRequest("dry_run in query: what this operation would do cannot be said")

    def _arguments(self, req: ApiRequest, keys: dict[str, str]) -> dict[str, Any]:
        """Return the path's parameters in their types, and put those of the query into `req`."""
        named: dict[str, Any] = {
            name: keys[key].replace(SLASH, "/") for key, name in self._positions
        }
        for one in self._path:
            named[one.name] = one.parse(named[one.name])
        if self._query:
            params, query = req.params, self._absent.copy()
            for one in self._query:
                given = params.get(one.name)
                if given is not None or one.required:
                    text = given[0] if isinstance(given, list) else given
                    query[one.name] = one.parse(text, strict=self._strict)
            req.query = query
        if req.hiding is not None:
            req.hiding.check(req.query)
        return named

    def _replaced(
        self, req: ApiRequest, named: dict[str, Any]
    ) -> tuple[Any, DataplaneError | None]:
        """Return what a GET shows of the object that a PUT replaces, or why it shows none."""
        if self._shown is None or req.method != "PUT":
            return None, None
        try:
            return self._shown(req, **named), None
        except DataplaneError as error:  # the responder says it, after what is wrong with the body
            return None, error

    def _take(
        self,
        req: ApiRequest,
        resp: falcon.Response,
        loaded: Loaded | LoadedList,
        missing: DataplaneError | None,
    ) -> None:
        """Let the responder have a decoded body, if no rule is broken.

        `missing` is why there is nothing that the body could replace.
        """
        req.loaded = loaded
        try:
            loaded.check()
        except Contradiction:
            if missing is not None and self._served.version.finds_first:
                raise missing from None
            raise
        if loaded.ignored:
            text = f"ignored properties: {', '.join(loaded.ignored)}"
            resp.set_header("Warning", f'299 dataplane "{text}"')  # RFC 7234, section 5.5
            log.info("%s %s: %s", req.method, req.asked_path, text,
                     extra={"request_id": req.request_id})  # fmt: skip
