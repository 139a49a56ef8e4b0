"""Answer every failure in one form."""

import logging
from dataclasses import asdict
from typing import Any

import falcon

from dataplane_core.api.body import to_json
from dataplane_core.api.nearest import KnownPaths
from dataplane_core.api.request import ApiRequest, Served
from dataplane_core.api.shared_checks import Frame
from dataplane_core.auth import CHALLENGE, SESSION_CHALLENGE
from dataplane_core.errors import (
    BadRequest,
    CheckFailed,
    DataplaneError,
    Finding,
    MergeConflict,
    MethodNotAllowed,
    Unauthorized,
)
from dataplane_core.hooks.manager import Manager
from dataplane_core.store.planned import Planned

log = logging.getLogger("dataplane.api")

_LONGEST = 8000  # bytes of a message

PAGE = "dataplane-page"
"""The value of `X-Requested-With` in requests of the page: it asks for passwords itself."""


class Failures:
    """Answers every failure with `{"code": …, "message": …}`, and never with a stack trace."""

    def __init__(self, frame: Frame, known: KnownPaths, plugins: Manager) -> None:
        self._frame = frame
        self._known = known
        self._plugins = plugins

    def install(self, app: "falcon.App[Any, Any]") -> None:
        """Let the application answer failures this way."""
        app.add_error_handler(Exception, self.unexpected)
        app.add_error_handler(falcon.HTTPError, self.framework)
        app.add_error_handler(DataplaneError, self.known)
        app.add_error_handler(Planned, self.planned)

    def known(self, req: ApiRequest, resp: falcon.Response, error: DataplaneError, _: Any) -> None:
        """Answer a failure that has a sentence of its own."""
        status, code = req.served.version.refusal(error)
        message = error.sentence(lambda resource: req.served.view.location(resource))
        body: dict[str, Any] = {"code": code, "message": _shortened(message)}
        if isinstance(error, CheckFailed) and error.findings:
            body["findings"] = [_finding(req.served, finding) for finding in error.findings]
        if isinstance(error, MergeConflict):
            from dataplane_core.api.merge_conflicts import explained

            body |= explained(req.served.view, error)
        if isinstance(error, Unauthorized):
            by_page = req.env.get("HTTP_X_REQUESTED_WITH") == PAGE or _follows(req)
            resp.set_header("WWW-Authenticate", SESSION_CHALLENGE if by_page else CHALLENGE)
        if isinstance(error, MethodNotAllowed):
            resp.set_header("Allow", ",".join(error.allowed))
        if error.retry_after:
            resp.set_header("Retry-After", str(error.retry_after))
        if status >= 500:
            log.error("%s %s: %s", req.method, req.asked_path, error.message)
        self._answer(req, resp, status, body)

    def planned(self, req: ApiRequest, resp: falcon.Response, planned: Planned, _: Any) -> None:
        """Answer what a change would do, in the place of the change."""
        render = self._frame.render_plan
        if render is None:
            self.known(req, resp, BadRequest("dry_run in query: no plugin says what would be"), _)
        else:
            self._answer(req, resp, 200, render(planned.plan))

    def framework(
        self, req: ApiRequest, resp: falcon.Response, error: falcon.HTTPError, _: Any
    ) -> None:
        """Answer what the framework itself found wrong."""
        if isinstance(error, falcon.HTTPRouteNotFound):
            path = req.asked_path
            meant = " or ".join(self._known.nearest(path))
            message = f"path {path} was not found" + (f"; did you mean {meant}?" if meant else "")
            self._answer(req, resp, 404, {"code": 404, "message": message})
            return
        message = _shortened(
            error.description or error.title or "the request cannot be understood"
        )
        self._answer(req, resp, error.status_code, {"code": error.status_code, "message": message})

    def unexpected(self, req: ApiRequest, resp: falcon.Response, error: Exception, _: Any) -> None:
        """Answer a failure that nobody foresaw; what it was stands in the log."""
        from dataplane_core.hooks.at_fault import plugin_at_fault

        plugin = plugin_at_fault(error, self._plugins) or req.plugin
        where = f" in the plugin {plugin}" if plugin else ""
        log.error("%s %s failed%s", req.method, req.asked_path, where, exc_info=error,
                  extra={"request_id": req.request_id})  # fmt: skip
        is_own = not plugin or plugin in self._plugins.own
        why = "for an unforeseen reason" if is_own else where[1:]
        message = f"the request {req.request_id} failed {why}; the log has it"
        self._answer(req, resp, 500, {"code": 500, "message": message})

    def _answer(
        self, req: ApiRequest, resp: falcon.Response, status: int, body: dict[str, Any]
    ) -> None:
        resp.status = status
        resp.content_type = "application/json"
        resp.data = to_json(body)
        if req.identity is None:
            resp.set_header("Vary", "Origin")
        else:
            self._version(req, resp)

    def _version(self, req: ApiRequest, resp: falcon.Response) -> None:
        try:
            self._frame.finish(req, resp)
        except (DataplaneError, OSError) as error:  # the configuration itself cannot be read
            log.error("the configuration's version is not known: %s", error)


def _shortened(message: str) -> str:
    """Return a message without its middle, if it is longer than anybody reads."""
    data = message.encode("utf-8", "surrogatepass")
    if len(data) <= _LONGEST:
        return message
    ends = data[: _LONGEST // 2], data[-_LONGEST // 2 :]
    return " … ".join(end.decode("utf-8", "ignore") for end in ends)


def _follows(req: ApiRequest) -> bool:
    """Return whether a page follows a stream, whose requests it cannot mark.

    It may have no cookie any more: somebody has logged out in another window.
    """
    return req.env.get("HTTP_ACCEPT") == "text/event-stream"


def _finding(served: Served, finding: Finding) -> dict[str, Any]:
    """Return a finding as a client sees it: its object as the path in the client's version."""
    resource = finding.resource
    path = None if resource is None else served.view.location(resource)
    return {**asdict(finding), "resource": path}
