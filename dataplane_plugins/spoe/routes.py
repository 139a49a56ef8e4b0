"""Routes of SPOE files."""

from collections.abc import Callable
from functools import cache

from dataplane_core.plugin import (
    TRANSACTION,
    ApiRequest,
    InVersion,
    Model,
    Naming,
    Registry,
    Routes,
    SectionCollection,
    SectionItem,
    SectionList,
    Services,
    TransactionItem,
    TransactionList,
    Transactions,
    array,
    impl,
)
from dataplane_plugins.spoe import operations, resources
from dataplane_plugins.spoe.files import SpoeFiles
from dataplane_plugins.spoe.models import GROUP, agent, message
from dataplane_plugins.spoe.view import SpoeView

BASE = "/services/haproxy/spoe"
TRANSACTIONS = "/services/haproxy/spoe_transactions"


def collections(registry: Registry) -> tuple[SectionCollection, ...]:
    """Return the sections that stand in scopes."""
    return (
        _collection("agent", "spoe-agent", agent(registry)),
        _collection("message", "spoe-message", message(registry)),
        _collection("group", "spoe-group", GROUP),
    )


def _collection(name: str, kind: str, model: Model) -> SectionCollection:
    schema, title = f"spoe_{name}", f"Spoe{name.capitalize()}"
    naming = Naming(schema, f"{schema}s", title, f"{title}s", "Spoe")
    return SectionCollection(name=f"{schema}s", naming=naming, kind=kind, model=model)


@impl
def dataplane_start(services: Services) -> None:
    """Remove what uploads left that were cut off."""
    SpoeFiles(services).sweep()


@impl
def dataplane_routes(routes: Routes, services: Services) -> None:
    """Serve SPOE files and all that is in them."""
    routes.tag("Spoe", "SPOE files, and the scopes and sections that are in them.", 50)
    routes.tag("SpoeTransactions", "Changes to an SPOE file that are committed together.", 50)
    files = SpoeFiles(services)
    limit = services.settings.dataplane.body_limit
    views = SpoeViews(files)
    _add_files(routes, views, limit)
    _add_scopes(routes, views)
    for one in collections(services.registry):
        _add_sections(routes, views, one)
    _add_transactions(routes, files)


class SpoeViews:
    """The view of the SPOE files that each API version has."""

    def __init__(self, files: SpoeFiles) -> None:
        self.files = files
        self._of = cache(lambda view: SpoeView(view, files))

    def having(self, make: Callable[[SpoeView], object]) -> InVersion:
        """Return the resource that `make` makes of a version's view of the files."""
        return InVersion(lambda view: make(self._of(view)))


def _add_files(routes: Routes, views: SpoeViews, limit: int) -> None:
    routes.schema("spoe_files", {"type": "array", "items": {"type": "string"}})
    several, one = operations.FILE_LIST, operations.FILE_ITEM
    routes.add(f"{BASE}/spoe_files", resources.SpoeFileList(views.files, limit), several)
    routes.add(f"{BASE}/spoe_files/{{name}}", views.having(resources.SpoeFileItem), one)
    routes.add(f"{BASE}/version", views.having(resources.SpoeFileVersion), operations.FILE_VERSION)


def _add_scopes(routes: Routes, views: SpoeViews) -> None:
    routes.schema("spoe_scope", {"type": "string", "example": "[mirror]"})
    routes.schema("spoe_scopes", array("spoe_scope"))
    several, one = operations.SCOPE_LIST, operations.SCOPE_ITEM
    routes.add(f"{BASE}/spoe_scopes", views.having(resources.ScopeList), several)
    routes.add(f"{BASE}/spoe_scopes/{{name}}", views.having(resources.ScopeItem), one)


def _add_sections(routes: Routes, views: SpoeViews, one: SectionCollection) -> None:
    routes.schema(one.naming.schemas, array(one.naming.schema))
    path = f"{BASE}/{one.name}"
    several, single = operations.section_list(one), operations.section_item(one)
    routes.add(path, views.having(lambda view: SectionList(view, one)), several)
    routes.add(f"{path}/{{name}}", views.having(lambda view: SectionItem(view, one)), single)


def _add_transactions(routes: Routes, files: SpoeFiles) -> None:
    routes.schema("spoe_transaction", TRANSACTION)
    routes.schema("spoe_transactions", array("spoe_transaction"))

    def found(req: ApiRequest) -> Transactions:
        return files.store(req.query["spoe"]).transactions

    several, one = operations.TRANSACTION_LIST, operations.TRANSACTION_ITEM
    routes.add(TRANSACTIONS, TransactionList(found), several)
    routes.add(TRANSACTIONS + "/{id}", TransactionItem(found), one)
