"""`/services/haproxy/transactions`: several edits that are checked and committed as one."""

from typing import Any

import falcon

from dataplane_core.plugin import (
    BAD_REQUEST,
    CONFLICT,
    CURRENT_VERSION,
    FAILURE,
    FORCE_RELOAD,
    NOT_ACCEPTABLE,
    NOT_FOUND,
    ApiRequest,
    Operation,
    Parameter,
    Response,
    Routes,
    Services,
    Transaction,
    Transactions,
    impl,
    to_json,
)

PATH = "/services/haproxy/transactions"
ONE = Response({"$ref": "transaction"})
SCHEMA = {
    "type": "object",
    "properties": {
        "_version": {"type": "integer"},
        "id": {"type": "string", "pattern": "^[^\\s]+$"},
        "status": {"type": "string", "enum": ["failed", "outdated", "in_progress", "success"]},
    },
}
TOO_MANY = Response(
    {
        "type": "object",
        "properties": {"code": {"type": "integer"}, "message": {"type": "string"}},
    },
    (),
    "As many transactions are open as the settings allow.",
)


def shown(one: Transaction) -> dict[str, Any]:
    """A transaction as clients see it; one that can no longer be committed has no version."""
    version = {"_version": one.version} if one.status in ("in_progress", "success") else {}
    return {**version, "id": one.id, "status": one.status}


class TransactionList:
    """The transactions that are open or failed: GET; a new one: POST."""

    def __init__(self, transactions: Transactions) -> None:
        self.transactions = transactions

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        found = self.transactions.list(req.query["status"])
        resp.data = to_json([shown(one) for one in found])

    def on_post(self, req: ApiRequest, resp: falcon.Response) -> None:
        begun = self.transactions.begin(req.query["version"], req.who)
        resp.status = 201
        resp.data = to_json(shown(begun))


class TransactionItem:
    """One transaction: GET; commit it: PUT; give it up: DELETE."""

    def __init__(self, transactions: Transactions) -> None:
        self.transactions = transactions

    def on_get(self, req: ApiRequest, resp: falcon.Response, id: str) -> None:
        resp.data = to_json(shown(self.transactions.get(id)))

    def on_put(self, req: ApiRequest, resp: falcon.Response, id: str) -> None:
        force = req.query["force_reload"]
        done, outcome = self.transactions.commit(id, force, req.who, req.request_id)
        req.shown_version = outcome.version
        if outcome.reload_id is not None:
            resp.status = 202
            resp.set_header("Reload-ID", outcome.reload_id)
        resp.data = to_json(shown(done))

    def on_delete(self, req: ApiRequest, resp: falcon.Response, id: str) -> None:
        self.transactions.delete(id)
        resp.status = 204


def _operation(identifier: str, summary: str, *parameters: Parameter, **answers: Response) -> Any:
    responses = {code.lstrip("_"): answer for code, answer in answers.items()}
    return Operation(
        identifier,
        "Transactions",
        summary,
        parameters,
        responses={**responses, "default": FAILURE},
    )


_STATUS = Parameter("status", enum=("failed", "in_progress"), help="Show only these.")
_BASE = Parameter(
    "version",
    "integer",
    required=True,
    help="The version to start from, the newest one.",
    current=CURRENT_VERSION,
)
LIST_OPERATIONS = {
    "GET": _operation(
        "getTransactions",
        "List transactions. Those that are open, have failed or are outdated.",
        _STATUS,
        _200=Response({"$ref": "transactions"}),
    ),
    "POST": _operation(
        "startTransaction",
        "Start a transaction. Changes with its identifier are seen by nobody else until it is "
        "committed.",
        _BASE,
        _201=ONE,
        _429=TOO_MANY,
    ),
}
ITEM_OPERATIONS = {
    "GET": _operation(
        "getTransaction",
        "Read a transaction. Whether it is open, has failed or is outdated.",
        _200=ONE,
        _404=NOT_FOUND,
    ),
    "PUT": _operation(
        "commitTransaction",
        "Commit a transaction. HAProxy checks the configuration; then all changes take effect "
        "together.",
        FORCE_RELOAD,
        _200=ONE,
        _202=Response({"$ref": "transaction"}, ("Reload-ID",), "Done; a reload is under way."),
        _400=BAD_REQUEST,
        _404=NOT_FOUND,
        _406=NOT_ACCEPTABLE,
        _409=CONFLICT,
    ),
    "DELETE": _operation(
        "deleteTransaction",
        "Give up a transaction. Its changes are forgotten.",
        _204=Response(None, (), "Given up."),
        _404=NOT_FOUND,
    ),
}


@impl
def dataplane_routes(routes: Routes, services: Services) -> None:
    """Serve transactions."""
    help = "Changes that are checked and committed together, or not at all."
    routes.tag("Transactions", help, 0)
    routes.schema("transaction", SCHEMA)
    routes.schema("transactions", {"type": "array", "items": {"$ref": "transaction"}})
    routes.add(PATH, TransactionList(services.transactions), LIST_OPERATIONS)
    routes.add(PATH + "/{id}", TransactionItem(services.transactions), ITEM_OPERATIONS)
