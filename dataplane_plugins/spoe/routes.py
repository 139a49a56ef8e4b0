"""Routes of SPOE files and what the specification says of them."""

from dataclasses import replace

from dataplane_core import impl
from dataplane_core.api.operations import (
    BAD_REQUEST,
    EXISTS,
    FAILURE,
    FORCE_RELOAD,
    NOT_FOUND,
    TRANSACTION_ID,
    VERSION,
    Body,
    Fragment,
    Operation,
    Parameter,
    Response,
)
from dataplane_core.api.routes import Routes
from dataplane_core.services import Services
from dataplane_plugins.service.transactions import TOO_MANY
from dataplane_plugins.spoe import resources, transactions
from dataplane_plugins.spoe.files import SpoeFiles
from dataplane_plugins.spoe.models import AGENT, ENGINE_NAME, GROUP, MESSAGE
from dataplane_plugins.spoe.resources import UPLOAD, Part

BASE = "/services/haproxy/spoe"
TRANSACTIONS = "/services/haproxy/spoe_transactions"
PARTS = {
    "spoe_agents": Part("spoe-agent", AGENT, "SpoeAgents", "SpoeAgent", (ENGINE_NAME,)),
    "spoe_messages": Part("spoe-message", MESSAGE, "SpoeMessages", "SpoeMessage"),
    "spoe_groups": Part("spoe-group", GROUP, "SpoeGroups", "SpoeGroup"),
}
SPOE = Parameter("spoe", required=True, help="Name of the SPOE file.")
SCOPE = Parameter("scope", required=True, help="The scope in brackets, such as [mirror].")
CHANGE = (TRANSACTION_ID, VERSION)
SHOWN = ("Configuration-Version",)
IN_USE = Response({"$ref": "error"}, (), "The configuration names the file.")
STATUS = Parameter("status", enum=("failed", "in_progress"), help="Show only these.")
BEGIN = Parameter("version", "integer", required=True, help="The version to start from.")


def _operation(
    id: str, summary: str, *parameters: Parameter, body: Body | None = None, tag: str = "Spoe",
    **answers: Response,
) -> Operation:  # fmt: skip
    responses = {code.lstrip("_"): answer for code, answer in answers.items()}
    return Operation(id, tag, summary, parameters, body, {**responses, "default": FAILURE})


def _enveloped(schema: Fragment) -> Response:
    properties = {"_version": {"type": "integer"}, "data": schema}
    return Response({"type": "object", "required": ["data"], "properties": properties}, SHOWN)


def _reading(
    id: str, summary: str, schema: Fragment, *more: Parameter, **answers: Response
) -> Operation:
    parameters = (SPOE, *more, TRANSACTION_ID)
    found = _operation(id, summary, *parameters, _200=_enveloped(schema))
    others = {code.lstrip("_"): answer for code, answer in answers.items()}
    return replace(found, responses={**found.responses, **others})


def _removing(id: str, summary: str, *more: Parameter) -> Operation:
    gone = Response(None, (), "Deleted.")
    return _operation(id, summary, SPOE, *more, *CHANGE, _204=gone, _404=NOT_FOUND)


@impl
def dataplane_start(services: Services) -> None:
    """Remove what uploads left that were cut off."""
    SpoeFiles(services).sweep()


@impl
def dataplane_routes(routes: Routes, services: Services) -> None:
    """Serve SPOE files and all that is in them."""
    files = SpoeFiles(services)
    limit = services.settings.dataplane.body_limit
    _add_files(routes, files, limit)
    _add_scopes(routes, files)
    for path, part in PARTS.items():
        _add_part(routes, files, path, part)
    _add_transactions(routes, files)


def _add_files(routes: Routes, files: SpoeFiles, limit: int) -> None:
    routes.schema("spoe_files", {"type": "array", "items": {"type": "string"}})
    upload = Body({}, "multipart/form-data", form_field=UPLOAD)
    made = Response({"type": "string"}, (), "The file's path.")
    listing = Response({"$ref": "spoe_files"}, (), "The paths of all files.")
    routes.add(f"{BASE}/spoe_files", resources.FileList(files, limit), {
        "GET": _operation("getAllSpoeFiles", "All SPOE files", _200=listing, _404=NOT_FOUND),
        "POST": _operation("createSpoe", "Store a SPOE file", body=upload, _201=made,
                           _400=BAD_REQUEST, _409=EXISTS),
    })  # fmt: skip
    gone = Response(None, (), "Deleted.")
    text = _enveloped({"type": "string"})
    routes.add(f"{BASE}/spoe_files/{{name}}", resources.FileItem(files), {
        "GET": _operation("getOneSpoeFile", "One SPOE file", _200=text, _404=NOT_FOUND),
        "DELETE": _operation("deleteSpoeFile", "Delete a SPOE file", _204=gone, _404=NOT_FOUND,
                             _409=IN_USE),
    })  # fmt: skip
    number = Response({"type": "integer"}, (), "The number of the newest version.")
    routes.add(f"{BASE}/version", resources.Version(files), {
        "GET": _operation("getSpoeConfigurationVersion", "The version of a SPOE file",
                          TRANSACTION_ID, SPOE, _200=number, _404=NOT_FOUND),
    })  # fmt: skip


def _add_scopes(routes: Routes, files: SpoeFiles) -> None:
    routes.schema("spoe_scope", {"type": "string"})
    routes.schema("spoe_scopes", {"type": "array", "items": {"$ref": "spoe_scope"}})
    one: Fragment = {"$ref": "spoe_scope"}
    made = Response(one, (), "Created.")
    routes.add(f"{BASE}/spoe_scopes", resources.ScopeList(files), {
        "GET": _reading("getSpoeScopes", "All scopes of a SPOE file", {"$ref": "spoe_scopes"}),
        "POST": _operation("createSpoeScope", "Add a scope", SPOE, *CHANGE, body=Body(one),
                           _201=made, _400=BAD_REQUEST, _409=EXISTS),
    })  # fmt: skip
    routes.add(f"{BASE}/spoe_scopes/{{name}}", resources.ScopeItem(files), {
        "GET": _reading("getSpoeScope", "One scope", one, _404=NOT_FOUND),
        "DELETE": _removing("deleteSpoeScope", "Delete a scope"),
    })  # fmt: skip


def _add_part(routes: Routes, files: SpoeFiles, path: str, part: Part) -> None:
    one, many = {"$ref": part.schema}, {"$ref": f"{part.schema}s"}
    routes.schema(f"{part.schema}s", {"type": "array", "items": one})
    body = Body(one, props=part.props, rules=part.model.problems)
    made, done = Response(one, (), "Created."), Response(one, (), "Replaced.")
    routes.add(f"{BASE}/{path}", resources.PartList(files, part), {
        "GET": _reading(f"get{part.titles}", f"All {part.kind} sections", many, SCOPE),
        "POST": _operation(f"create{part.title}", f"Add a {part.kind}", SPOE, SCOPE, *CHANGE,
                           body=body, _201=made, _400=BAD_REQUEST, _409=EXISTS),
    })  # fmt: skip
    routes.add(f"{BASE}/{path}/{{name}}", resources.PartItem(files, part), {
        "GET": _reading(f"get{part.title}", f"One {part.kind}", one, SCOPE, _404=NOT_FOUND),
        "PUT": _operation(f"replace{part.title}", f"Replace a {part.kind}", SPOE, SCOPE, *CHANGE,
                          body=body, _200=done, _400=BAD_REQUEST, _404=NOT_FOUND),
        "DELETE": _removing(f"delete{part.title}", f"Delete a {part.kind}", SCOPE),
    })  # fmt: skip


def _add_transactions(routes: Routes, files: SpoeFiles) -> None:
    properties = {
        "_version": {"type": "integer"},
        "id": {"type": "string", "pattern": "^[^\\s]+$"},
        "status": {"type": "string", "enum": ["failed", "outdated", "in_progress", "success"]},
    }
    routes.schema("spoe_transaction", {"type": "object", "properties": properties})
    routes.schema("spoe_transactions", {"type": "array", "items": {"$ref": "spoe_transaction"}})
    one = Response({"$ref": "spoe_transaction"})
    pending = Response({"$ref": "spoe_transaction"}, ("Reload-ID",), "A reload is under way.")
    listing, gone = Response({"$ref": "spoe_transactions"}), Response(None, (), "Given up.")
    tag = "SpoeTransactions"
    routes.add(TRANSACTIONS, transactions.SpoeTransactionList(files), {
        "GET": _operation("getSpoeTransactions", "Transactions on a SPOE file", SPOE, STATUS,
                          tag=tag, _200=listing),
        "POST": _operation("startSpoeTransaction", "Start a transaction", SPOE, BEGIN, tag=tag,
                           _201=one, _429=TOO_MANY),
    })  # fmt: skip
    routes.add(TRANSACTIONS + "/{id}", transactions.SpoeTransactionItem(files), {
        "GET": _operation("getSpoeTransaction", "One transaction", SPOE, tag=tag, _200=one,
                          _404=NOT_FOUND),
        "PUT": _operation("commitSpoeTransaction", "Commit a transaction", SPOE, FORCE_RELOAD,
                          tag=tag, _200=one, _202=pending, _400=BAD_REQUEST, _404=NOT_FOUND),
        "DELETE": _operation("deleteSpoeTransaction", "Give it up", SPOE, tag=tag, _204=gone,
                             _404=NOT_FOUND),
    })  # fmt: skip
