"""`/services/haproxy/transactions`: several edits that are checked and committed as one."""

from dataclasses import replace

from dataplane_core.plugin import (
    BAD_REQUEST,
    CONFLICT,
    CURRENT_VERSION,
    FORCE_RELOAD,
    NOT_ACCEPTABLE,
    NOT_FOUND,
    TOO_MANY_TRANSACTIONS,
    TRANSACTION,
    ApiRequest,
    Parameter,
    Response,
    Routes,
    Services,
    TransactionItem,
    TransactionList,
    Transactions,
    array,
    impl,
    operation,
)

PATH = "/services/haproxy/transactions"
TAG = "Transactions"
ONE = Response({"$ref": "transaction"})


_STATUS = Parameter("status", enum=("failed", "in_progress"), help="Show only these.")
_BASE = Parameter(
    "version",
    "integer",
    required=True,
    help="The version to start from, the newest one.",
    current=CURRENT_VERSION,
)
LIST_OPERATIONS = {
    "GET": operation(
        "getTransactions",
        TAG,
        "List transactions. Those that are open, have failed or are outdated.",
        (_STATUS,),
        _200=Response({"$ref": "transactions"}),
    ),
    "POST": replace(operation(
        "startTransaction",
        TAG,
        "Start a transaction. Changes with its identifier are seen by nobody else until it is "
        "committed.",
        (_BASE,),
        _201=ONE,
        _429=TOO_MANY_TRANSACTIONS,
    ), rehearses=True),
}
ITEM_OPERATIONS = {
    "GET": operation(
        "getTransaction",
        TAG,
        "Read a transaction. Whether it is open, has failed or is outdated.",
        _200=ONE,
        _404=NOT_FOUND,
    ),
    "PUT": replace(operation(
        "commitTransaction",
        TAG,
        "Commit a transaction. HAProxy checks the configuration; then all changes take effect "
        "together.",
        (FORCE_RELOAD,),
        _200=ONE,
        _202=Response({"$ref": "transaction"}, ("Reload-ID",), "Done; a reload is under way."),
        _400=BAD_REQUEST,
        _404=NOT_FOUND,
        _406=NOT_ACCEPTABLE,
        _409=CONFLICT,
    ), plans=True),
    "DELETE": replace(operation(
        "deleteTransaction",
        TAG,
        "Give up a transaction. Its changes are forgotten.",
        _204=Response(None, (), "Given up."),
        _404=NOT_FOUND,
    ), rehearses=True),
}


@impl
def dataplane_routes(routes: Routes, services: Services) -> None:
    """Serve transactions."""
    routes.tag(TAG, "Changes that are checked and committed together, or not at all.", 0)
    routes.schema("transaction", TRANSACTION)
    routes.schema("transactions", array("transaction"))

    def found(_: ApiRequest) -> Transactions:
        return services.transactions

    routes.add(PATH, TransactionList(found), LIST_OPERATIONS)
    item = TransactionItem(found, of_configuration=True)
    routes.add(PATH + "/{id}", item, ITEM_OPERATIONS)
