"""Answer what a transaction, a whole text, or a list of operations would do."""

from collections.abc import Iterator, Sequence
from typing import Any

import falcon

from dataplane_core.plugin import (
    ApiRequest,
    BadRequest,
    ChangePlan,
    Document,
    Finding,
    Scratch,
    Services,
    parse_json,
    to_json,
    try_change,
)
from dataplane_plugins.changes.causes import Causes
from dataplane_plugins.changes.plan_rendering import PlanRendering
from dataplane_plugins.changes.texts import given_text

METHODS = ("POST", "PUT", "DELETE", "PATCH")
_MOST_OPERATIONS = 10_000
_FORMS = "the body must have one of transaction, text and operations"


class Plans:
    """Says what would happen: POST."""

    def __init__(self, services: Services, render: PlanRendering) -> None:
        self._services = services
        self._render = render

    def on_post(self, req: ApiRequest, resp: falcon.Response) -> None:
        if req.media_type == "text/plain":
            resp.data = to_json(self._render(self._services.config.plan_text(given_text(req.raw))))
            return
        body = parse_json(req.raw)
        if not isinstance(body, dict):
            raise BadRequest("the body must be a JSON object")
        resp.data = to_json(self._planned(req, body))

    def _planned(self, req: ApiRequest, body: dict[str, Any]) -> dict[str, Any]:
        config = self._services.config
        transaction, text = body.get("transaction"), body.get("text")
        if "operations" in body and text is None:
            if not isinstance(transaction, str | None):
                raise BadRequest("transaction must be the identifier of a transaction")
            return self._of_operations(req, _operations(body["operations"]), transaction)
        if isinstance(transaction, str) and text is None:
            options = req.change_options
            return self._render(self._services.transactions.plan(transaction, options=options))
        if isinstance(text, str) and transaction is None:
            return self._render(config.plan_text(given_text(text)))
        raise BadRequest(_FORMS)

    def _of_operations(
        self, req: ApiRequest, wanted: Sequence[dict[str, Any]], transaction: str | None
    ) -> dict[str, Any]:
        """Return the plan of operations that follow on each other, or on a transaction."""
        config = self._services.config
        scratch = Scratch(config, config.snapshot(transaction))
        documents, tried = [scratch.snapshot().document], []
        refusal = ""
        for number, one in enumerate(wanted):
            method, path = one["method"], one["path"]
            answer = try_change(req, scratch, method, path, _body(one))
            tried.append({"method": method, "path": path, "status": answer.status})
            documents.append(scratch.snapshot().document)
            if answer.status >= 400:
                message = answer.body.get("message") if isinstance(answer.body, dict) else None
                tried[-1]["message"] = message
                refusal = f"operation {number}: {message or answer.status}"
                break
        if refusal:
            base = scratch.base
            plan = ChangePlan(base.version, documents[0], documents[-1], refusal=refusal)
            return {**self._render(plan), "operations": tried}
        return {**self._whole(scratch, documents, transaction), "operations": tried}

    def _whole(
        self, scratch: Scratch, documents: Sequence[Document], transaction: str | None
    ) -> dict[str, Any]:
        plan = self._plan(documents[-1], transaction)
        head = scratch.base.head

        def check(document: Document) -> Iterator[Finding]:
            yield from self._plan(document, transaction).findings

        causes = Causes(documents, check)

        def cause(finding: Finding) -> int | None:
            line = None if finding.line is None else head.below(finding.line)
            return causes.operation(finding, line)

        return self._render(plan, cause)

    def _plan(self, document: Document, transaction: str | None) -> ChangePlan:
        if transaction is None:
            return self._services.config.plan(document)
        return self._services.transactions.plan(transaction, document=document)


def _operations(given: object) -> list[dict[str, Any]]:
    """Return the operations in a body; raises `BadRequest` for what is none."""
    if not isinstance(given, list) or not given or len(given) > _MOST_OPERATIONS:
        raise BadRequest(f"operations must be a list of 1 to {_MOST_OPERATIONS} operations")
    for number, one in enumerate(given):
        if (
            not isinstance(one, dict)
            or one.get("method") not in METHODS
            or not str(one.get("path")).startswith("/")
        ):
            wanted = f"a method ({', '.join(METHODS)}) and a path such as /v3/…"
            raise BadRequest(f"operations.{number} must have {wanted}")
    return given


def _body(one: dict[str, Any]) -> bytes | None:
    """Return the body of an operation as it would be sent."""
    body = one.get("body")
    if body is None:
        return None
    is_text = isinstance(body, str) and one["path"].partition("?")[0].endswith("/raw")
    return body.encode("utf-8", "surrogateescape") if is_text else to_json(body)
