"""Routes of SPOE files."""

from collections.abc import Callable
from weakref import WeakValueDictionary

from dataplane_core.plugin import (
    FULL_SECTION,
    TRANSACTION,
    ApiRequest,
    Codec,
    InVersion,
    Model,
    NameKind,
    Naming,
    Operation,
    Registry,
    Routes,
    SectionCollection,
    SectionItem,
    SectionList,
    Services,
    TransactionItem,
    TransactionList,
    Transactions,
    View,
    array,
    below,
    impl,
)
from dataplane_plugins.spoe import operations, resources
from dataplane_plugins.spoe.files import SpoeFiles, sweep
from dataplane_plugins.spoe.models import GROUP, ROWS, agent, message, numbered_rows
from dataplane_plugins.spoe.objects import SpoeLanguage, SpoeObjects
from dataplane_plugins.spoe.view import SpoeView

BASE = "/services/haproxy/spoe"
TRANSACTIONS = "/services/haproxy/spoe_transactions"
FILE = f"{BASE}/spoe_files/{{parent_name}}"
V2, V3 = ("v2",), ("v3",)
IN_FILE = {"parent_name": "spoe"}
IN_SCOPE = {**IN_FILE, "scope_name": "scope"}
"""The parameters of paths in v3, and those of the query in v2, which responders read."""


def collections(registry: Registry, *, numbered: bool) -> tuple[SectionCollection, ...]:
    """Return the sections that stand in scopes.

    Their rows are `numbered` objects of their own model, or those of the rows' collections.
    """
    rows = {kind: numbered_rows(registry, kind) if numbered else [] for kind in ROWS}
    return (
        _collection("agent", "spoe-agent", agent(*rows["spoe-agent"])),
        _collection("message", "spoe-message", message(*rows["spoe-message"])),
        _collection("group", "spoe-group", GROUP),
    )


def _collection(name: str, kind: str, model: Model) -> SectionCollection:
    schema, title = f"spoe_{name}", f"Spoe{name.capitalize()}"
    naming = Naming(schema, f"{schema}s", title, f"{title}s", "Spoe")
    return SectionCollection(name=f"{schema}s", naming=naming, kind=kind, model=model)


@impl
def dataplane_register(registry: Registry) -> None:
    """Say how the files are read that lines of the configuration name."""
    registry.file_language(NameKind.ENGINE, SpoeLanguage(registry))


@impl
def dataplane_start(services: Services) -> None:
    """Remove what uploads left that were cut off."""
    sweep(services)


@impl
def dataplane_routes(routes: Routes, services: Services) -> None:
    """Serve SPOE files and all that is in them."""
    routes.tag("Spoe", "SPOE files, and the scopes and sections that are in them.", 50)
    routes.tag("SpoeTransactions", "Changes to an SPOE file that are committed together.", 50)
    files = SpoeFiles(services)
    services.file_objects.append(SpoeObjects(services, files, "/v3" + BASE))
    limit = services.settings.dataplane.body_limit
    views = SpoeViews(files)
    _add_files(routes, views, limit)
    _add_scopes(routes, views)
    for one in collections(services.registry, numbered=True):
        _add_numbered(routes, views, one)
    for one in collections(services.registry, numbered=False):
        _add_sections(routes, views, one)
    _add_transactions(routes, files)


class SpoeViews:
    """The view of the SPOE files that each API version has."""

    def __init__(self, files: SpoeFiles) -> None:
        self.files = files
        # Of a version that is made for its document alone, nothing is kept longer than that.
        self._views: WeakValueDictionary[View, SpoeView] = WeakValueDictionary()

    def codec(self, view: View, one: SectionCollection) -> Codec:
        """Return the codec of agents, messages or groups in a version, given its view."""
        return self._of(view).codec(one)

    def having(self, make: Callable[[SpoeView], object]) -> InVersion:
        """Return the resource that `make` makes of a version's view of the files."""
        return InVersion(lambda view: make(self._of(view)))

    def _of(self, view: View) -> SpoeView:
        found = self._views.get(view)
        if found is None:
            found = self._views[view] = SpoeView(view, self.files)
        return found


def _add_files(routes: Routes, views: SpoeViews, limit: int) -> None:
    routes.schema("spoe_files", {"type": "array", "items": {"type": "string"}})
    several, one = operations.FILE_LIST, operations.FILE_ITEM
    routes.add(f"{BASE}/spoe_files", resources.SpoeFileList(views.files, limit), several)
    routes.add(f"{BASE}/spoe_files/{{name}}", views.having(resources.SpoeFileItem), one, V2)
    routes.add(
        f"{BASE}/spoe_files/{{name}}",
        views.having(resources.WrappedSpoeFileItem),
        {**one, "GET": operations.WRAPPED_FILE},
        V3,
    )
    version, reading = views.having(resources.SpoeFileVersion), operations.FILE_VERSION
    routes.add(f"{BASE}/version", version, reading, V2)
    routes.add(f"{BASE}/{{parent_name}}/version", *below(version, reading, IN_FILE), V3)


def _add_scopes(routes: Routes, views: SpoeViews) -> None:
    routes.schema("spoe_scope", {"type": "string", "example": "[mirror]"})
    routes.schema("spoe_scopes", array("spoe_scope"))
    several, one = views.having(resources.ScopeList), views.having(resources.ScopeItem)
    listed, single = operations.SCOPE_LIST, operations.SCOPE_ITEM
    routes.add(f"{BASE}/spoe_scopes", several, listed, V2)
    routes.add(f"{BASE}/spoe_scopes/{{name}}", one, single, V2)
    routes.add(f"{FILE}/scopes", *below(several, listed, IN_FILE), V3)
    routes.add(f"{FILE}/scopes/{{name}}", *below(one, single, IN_FILE), V3)


def _add_numbered(routes: Routes, views: SpoeViews, one: SectionCollection) -> None:
    routes.schema(one.naming.schemas, array(one.naming.schema))
    several, single, listed, item = _sections(views, one)
    path = f"{BASE}/{one.name}"
    routes.add(path, several, listed, V2)
    routes.add(f"{path}/{{name}}", single, item, V2)


def _add_sections(routes: Routes, views: SpoeViews, one: SectionCollection) -> None:
    several, single, listed, item = _sections(views, one)
    path, whole = (
        f"{FILE}/scopes/{{scope_name}}/{one.name.removeprefix('spoe_')}",
        {FULL_SECTION.name: True},
    )
    routes.add(path, *below(several, listed, IN_SCOPE, whole), V3)
    routes.add(f"{path}/{{name}}", *below(single, item, IN_SCOPE, whole), V3)


def _sections(
    views: SpoeViews, one: SectionCollection
) -> tuple[object, object, dict[str, Operation], dict[str, Operation]]:
    """Return the responders of all sections of a kind and of one, and their operations."""
    return (
        views.having(lambda view: SectionList(view, one)),
        views.having(lambda view: SectionItem(view, one)),
        operations.section_list(one, views.codec),
        operations.section_item(one, views.codec),
    )


def _add_transactions(routes: Routes, files: SpoeFiles) -> None:
    routes.schema("spoe_transaction", TRANSACTION)
    routes.schema("spoe_transactions", array("spoe_transaction"))

    def found(req: ApiRequest) -> Transactions:
        return files.store(req.query["spoe"]).transactions

    several, one = TransactionList(found), TransactionItem(found)
    listed, item = operations.TRANSACTION_LIST, operations.TRANSACTION_ITEM
    routes.add(TRANSACTIONS, several, listed, V2)
    routes.add(f"{TRANSACTIONS}/{{id}}", one, item, V2)
    routes.add(f"{FILE}/transactions", *below(several, listed, IN_FILE), V3)
    routes.add(f"{FILE}/transactions/{{id}}", *below(one, item, IN_FILE), V3)
