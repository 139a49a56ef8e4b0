"""Routes of SPOE files."""

from dataplane_core.plugin import (
    TRANSACTION,
    ApiRequest,
    Registry,
    Routes,
    Services,
    TransactionItem,
    TransactionList,
    Transactions,
    array,
    impl,
)
from dataplane_plugins.spoe import operations, resources
from dataplane_plugins.spoe.files import SpoeFiles
from dataplane_plugins.spoe.models import ENGINE_NAME, GROUP, agent, message
from dataplane_plugins.spoe.resources import Part

BASE = "/services/haproxy/spoe"
TRANSACTIONS = "/services/haproxy/spoe_transactions"


def parts(registry: Registry) -> dict[str, Part]:
    """Return the kinds of sections in a scope, by what the interface calls them."""
    return {
        "spoe_agents": Part(
            "spoe-agent", agent(registry), "SpoeAgents", "SpoeAgent", (ENGINE_NAME,)
        ),
        "spoe_messages": Part("spoe-message", message(registry), "SpoeMessages", "SpoeMessage"),
        "spoe_groups": Part("spoe-group", GROUP, "SpoeGroups", "SpoeGroup"),
    }


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
    _add_files(routes, files, limit)
    _add_scopes(routes, files)
    for path, part in parts(services.registry).items():
        _add_part(routes, files, path, part)
    _add_transactions(routes, files)


def _add_files(routes: Routes, files: SpoeFiles, limit: int) -> None:
    routes.schema("spoe_files", {"type": "array", "items": {"type": "string"}})
    routes.add(f"{BASE}/spoe_files", resources.FileList(files, limit), operations.FILE_LIST)
    routes.add(f"{BASE}/spoe_files/{{name}}", resources.FileItem(files), operations.FILE_ITEM)
    routes.add(f"{BASE}/version", resources.Version(files), operations.FILE_VERSION)


def _add_scopes(routes: Routes, files: SpoeFiles) -> None:
    routes.schema("spoe_scope", {"type": "string", "example": "[mirror]"})
    routes.schema("spoe_scopes", {"type": "array", "items": {"$ref": "spoe_scope"}})
    routes.add(f"{BASE}/spoe_scopes", resources.ScopeList(files), operations.SCOPE_LIST)
    routes.add(f"{BASE}/spoe_scopes/{{name}}", resources.ScopeItem(files), operations.SCOPE_ITEM)


def _add_part(routes: Routes, files: SpoeFiles, path: str, part: Part) -> None:
    routes.schema(f"{part.schema}s", {"type": "array", "items": {"$ref": part.schema}})
    several, one = operations.part_list(part), operations.part_item(part)
    routes.add(f"{BASE}/{path}", resources.PartList(files, part), several)
    routes.add(f"{BASE}/{path}/{{name}}", resources.PartItem(files, part), one)


def _add_transactions(routes: Routes, files: SpoeFiles) -> None:
    routes.schema("spoe_transaction", TRANSACTION)
    routes.schema("spoe_transactions", array("spoe_transaction"))

    def found(req: ApiRequest) -> Transactions:
        return files.store(req.query["spoe"]).transactions

    several, one = operations.TRANSACTION_LIST, operations.TRANSACTION_ITEM
    routes.add(TRANSACTIONS, TransactionList(found), several)
    routes.add(TRANSACTIONS + "/{id}", TransactionItem(found), one)
