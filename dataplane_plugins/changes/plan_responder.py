"""Answer what a transaction, a whole text, or a list of operations would do."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import falcon

from dataplane_core.plugin import (
    ApiRequest,
    BadRequest,
    ChangePlan,
    ConfigStore,
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
Plan = Callable[[Document], ChangePlan]
"""Says what it would do if a document followed on the newest version of its file."""

_FORMS = "the body must have one of transaction, text and operations"


class Plans:
    """Says what would happen: POST."""

    def __init__(self, services: Services, render: PlanRendering) -> None:
        self._services = services
        self._render = render

    def on_post(self, req: ApiRequest, resp: falcon.Response) -> None:
        if req.media_type == "text/plain":
            config = req.seen(self._services.config)
            resp.data = to_json(self._render(config.plan_text(given_text(req.raw))))
            return
        body = parse_json(req.raw)
        if not isinstance(body, dict):
            raise BadRequest("the body must be a JSON object")
        resp.data = to_json(self._planned(req, body))

    def _planned(self, req: ApiRequest, body: dict[str, Any]) -> dict[str, Any]:
        config = self._store(body.get("file"))
        transaction, text = body.get("transaction"), body.get("text")
        if "operations" in body and text is None and config is self._services.config:
            if not isinstance(transaction, str | None):
                raise BadRequest("transaction must be the identifier of a transaction")
            return self._of_operations(req, _operations(body["operations"]), transaction)
        if isinstance(transaction, str) and text is None:
            return self._render(config.transactions.plan(transaction, options=req.change_options))
        if isinstance(text, str) and transaction is None:
            return self._render(req.seen(config).plan_text(given_text(text)))
        raise BadRequest(_FORMS)

    def _store(self, file: object) -> ConfigStore:
        """Return the store of a file beside the configuration, or of the configuration itself."""
        if file is None:
            return self._services.config
        if not isinstance(file, str) or not self._services.file_objects:
            raise BadRequest("file must be the name of a file whose changes can be planned")
        return self._services.file_objects[0].store(file)

    def _of_operations(
        self, req: ApiRequest, wanted: Sequence[dict[str, Any]], transaction: str | None
    ) -> dict[str, Any]:
        """Return the plan of operations that follow on each other, or on a transaction."""
        config = self._services.config
        scratch = Scratch(config, config.snapshot(transaction))
        steps, tried = Steps(scratch), []
        refusal = ""
        for number, one in enumerate(wanted):
            method, path = one["method"], one["path"]
            answer = try_change(req, scratch, method, path, _body(one))
            tried.append({"method": method, "path": path, "status": answer.status})
            steps.note()
            if answer.status >= 400:
                message = answer.body.get("message") if isinstance(answer.body, dict) else None
                tried[-1]["message"] = message
                refusal = f"operation {number}: {message or answer.status}"
                break
        documents = steps.documents(scratch)
        if refusal:
            base = scratch.base
            plan = ChangePlan(base.version, documents[0], documents[-1], refusal=refusal)
            return {**self._render(plan), "operations": tried}
        found = self._whole(scratch, documents, partial(self._plan, transaction))
        files = [
            self._whole(one, steps.documents(one), one.store.plan)
            for one in scratch.beside.values()
        ]
        return {**_together(found, files), "operations": tried}

    def _whole(self, scratch: Scratch, documents: Sequence[Document], plan: Plan) -> dict[str, Any]:
        """Return the plan of what several operations have made of a file."""
        planned, head = plan(documents[-1]), scratch.base.head
        causes = Causes(documents, lambda document: _findings(plan(document)))

        def cause(finding: Finding) -> int | None:
            line = None if finding.line is None else head.below(finding.line)
            return causes.operation(finding, line)

        return self._render(replace(planned, findings=_findings(planned)), cause)

    def _plan(self, transaction: str | None, document: Document) -> ChangePlan:
        if transaction is None:
            return self._services.config.plan(document)
        return self._services.transactions.plan(transaction, document=document)


class Steps:
    """What each of several operations has left of the configuration, and of files beside it."""

    def __init__(self, scratch: Scratch) -> None:
        self._scratch = scratch
        self._number = 0
        self._documents: dict[Scratch, list[Document]] = {}
        self.note()

    def note(self) -> None:
        """Note how the files are after one more operation."""
        for one in (self._scratch, *self._scratch.beside.values()):
            known = self._documents.setdefault(one, [one.base.document] * self._number)
            known.append(one.snapshot().document)
        self._number += 1

    def documents(self, scratch: Scratch) -> Sequence[Document]:
        """Return how a file was before all operations, and after each of them."""
        return self._documents[scratch]


def _findings(plan: ChangePlan) -> tuple[Finding, ...]:
    """Return what HAProxy finds; where that has no lines of the file, its words are one finding."""
    if plan.findings or plan.problems or not plan.refusal:
        return plan.findings
    return (Finding(None, "alert", plan.refusal),)


def _together(found: dict[str, Any], files: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return one plan of the configuration and of files beside it, which are judged alone."""
    if not files:
        return found
    refused = [one for one in files if one["verdict"] == "refused"]
    if refused and found["verdict"] != "refused":
        refusal = f"{refused[0]['file']}: {refused[0]['refusal']}"
        found = {**found, "verdict": "refused", "refusal": refusal}
        found.pop("delivery", None)
    elif found["verdict"] == "unchanged" and any(one["verdict"] == "accepted" for one in files):
        found = {**found, "verdict": "accepted"}
    reasons = [reason for one in files for reason in one.get("delivery", {}).get("reasons", ())]
    if reasons and "delivery" in found:
        both = [*found["delivery"]["reasons"], *reasons]
        found = {**found, "delivery": {**found["delivery"], "by": "reload", "reasons": both}}
    return {**found, "files": [{"change": "changed", **one} for one in files if one["text"]]}


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
