"""Transactions of any store over HTTP: several edits that are checked and committed as one."""

from collections.abc import Callable
from typing import Any

import falcon

from dataplane_core.api.body import to_json
from dataplane_core.api.change_options import show_outcome
from dataplane_core.api.operations import Fragment, Response
from dataplane_core.api.request import ApiRequest
from dataplane_core.store.transactions import Transaction, Transactions

Find = Callable[[ApiRequest], Transactions]
"""Returns the transactions of the store that a request is about."""

TRANSACTION: Fragment = {
    "type": "object",
    "properties": {
        "_version": {"type": "integer"},
        "id": {"type": "string", "pattern": "^[^\\s]+$"},
        "status": {"type": "string", "enum": ["failed", "outdated", "in_progress", "success"]},
    },
}
"""The schema of a transaction; `_version` is the version that it started from, or became."""

TOO_MANY_TRANSACTIONS = Response(
    {
        "type": "object",
        "properties": {"code": {"type": "integer"}, "message": {"type": "string"}},
    },
    (),
    "As many transactions are open as the settings allow.",
)


def transaction_json(one: Transaction) -> dict[str, Any]:
    """Return a transaction as clients see it, without a version if it cannot be committed."""
    version = {"_version": one.version} if one.status in ("in_progress", "success") else {}
    return {**version, "id": one.id, "status": one.status}


class TransactionList:
    """The transactions that are open or failed: GET; a new one: POST."""

    def __init__(self, find: Find) -> None:
        self._find = find

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        found = self._find(req).list(req.query["status"])
        resp.data = to_json([transaction_json(one) for one in found])

    def on_post(self, req: ApiRequest, resp: falcon.Response) -> None:
        begun = self._find(req).begin(req.query["version"], req.who)
        resp.status = 201
        resp.data = to_json(transaction_json(begun))


class TransactionItem:
    """One transaction: GET; commit it: PUT; give it up: DELETE.

    With `of_configuration` the answer to a commit shows the committed version in the header
    `Configuration-Version`; the versions of other stores are not the configuration's.
    """

    def __init__(self, find: Find, *, of_configuration: bool = False) -> None:
        self._find = find
        self._of_configuration = of_configuration

    def on_get(self, req: ApiRequest, resp: falcon.Response, id: str) -> None:
        resp.data = to_json(transaction_json(self._find(req).get(id)))

    def on_put(self, req: ApiRequest, resp: falcon.Response, id: str) -> None:
        force = req.query["force_reload"]
        done, outcome = self._find(req).commit(id, force, req.author, req.change_options)
        if self._of_configuration:
            req.shown_version = outcome.version
        if outcome.reload_id is not None:
            resp.status = 202
        show_outcome(resp, outcome, req.served.view.location)
        resp.data = to_json(transaction_json(done))

    def on_delete(self, req: ApiRequest, resp: falcon.Response, id: str) -> None:
        self._find(req).delete(id)
        resp.status = 204
