"""What the specification says of SPOE files and of what is in them."""

from collections.abc import Callable
from dataclasses import replace

from dataplane_core.plugin import (
    BAD_REQUEST,
    EXISTS,
    FILE_FIELD,
    FORCE_RELOAD,
    NOT_FOUND,
    TOO_MANY_TRANSACTIONS,
    TRANSACTION_ID,
    Body,
    Codec,
    Fragment,
    Operation,
    Parameter,
    Response,
    SectionCollection,
    View,
    operation,
)
from dataplane_plugins.spoe.view import NAME

MakeCodec = Callable[[View, SectionCollection], Codec]
SPOE = Parameter("spoe", required=True, help="Name of the SPOE file.")
SCOPE = Parameter("scope", required=True, help="The scope in brackets, such as [mirror].")
VERSION_OF_FILE = Parameter(
    "version",
    "integer",
    help="The version of the SPOE file to change; the change is stored at once.",
)
FILE_CHANGE = (TRANSACTION_ID, VERSION_OF_FILE)
SHOWN = ("Configuration-Version",)
IN_USE = Response({"$ref": "error"}, (), "The configuration names the file.")
STATUS = Parameter("status", enum=("failed", "in_progress"), help="Show only these.")
BEGIN = Parameter("version", "integer", required=True, help="The file's version to start from.")
DELETED = Response(None, (), "Deleted.")


def _operation(
    id: str, summary: str, *parameters: Parameter, body: Body | None = None, **answers: Response
) -> Operation:
    made = operation(id, "Spoe", summary, parameters, body, **answers)
    return replace(made, edits_file=VERSION_OF_FILE in parameters)


def _enveloped(schema: Fragment) -> Response:
    return Response(schema, SHOWN, wrapped=True, required=True)


def _reading(id: str, summary: str, schema: Fragment, *more: Parameter) -> Operation:
    found = _enveloped(schema)
    return _operation(id, summary, SPOE, *more, TRANSACTION_ID, _200=found, _404=NOT_FOUND)


def _removing(id: str, summary: str, *more: Parameter) -> Operation:
    return _operation(id, summary, SPOE, *more, *FILE_CHANGE, _204=DELETED, _404=NOT_FOUND)


FILE_LIST = {
    "GET": _operation(
        "getAllSpoeFiles",
        "List SPOE files. Their paths.",
        _200=Response({"$ref": "spoe_files"}, (), "The paths of all files."),
        _404=NOT_FOUND,
    ),
    "POST": replace(_operation(
        "createSpoe",
        "Upload an SPOE file. It is stored under the name that the upload gives it.",
        body=Body({}, "multipart/form-data", form_field=FILE_FIELD),
        _201=Response({"type": "string"}, (), "The file's path."),
        _400=BAD_REQUEST,
        _409=EXISTS,
    ), rehearses=True),
}
FILE_ITEM = {
    "GET": _operation(
        "getOneSpoeFile",
        "Read an SPOE file. Its whole text.",
        _200=_enveloped({"type": "string"}),
        _404=NOT_FOUND,
    ),
    "DELETE": replace(_operation(
        "deleteSpoeFile",
        "Delete an SPOE file. One that the configuration names is kept.",
        _204=DELETED,
        _404=NOT_FOUND,
        _409=IN_USE,
    ), rehearses=True),
}
_IN_DATA: Fragment = {"type": "object", "properties": {"data": {"type": "string"}}}
WRAPPED_FILE = replace(
    FILE_ITEM["GET"], responses={**FILE_ITEM["GET"].responses, "200": Response(_IN_DATA, SHOWN)}
)
FILE_VERSION = {
    "GET": _operation(
        "getSpoeConfigurationVersion",
        "Read the version of an SPOE file. Each change raises the number, and has to name it.",
        TRANSACTION_ID,
        SPOE,
        _200=Response({"type": "integer"}, (), "The number of the newest version."),
        _404=NOT_FOUND,
    ),
}

_SCOPE: Fragment = {"$ref": "spoe_scope"}
SCOPE_LIST = {
    "GET": _reading(
        "getSpoeScopes",
        "List the scopes of an SPOE file. A scope holds the sections of one engine.",
        {"$ref": "spoe_scopes"},
    ),
    "POST": _operation(
        "createSpoeScope",
        "Create a scope in an SPOE file. Its name stands in brackets.",
        SPOE,
        *FILE_CHANGE,
        body=Body(_SCOPE),
        _201=Response(_SCOPE, (), "Created."),
        _400=BAD_REQUEST,
        _404=NOT_FOUND,
        _409=EXISTS,
    ),
}
SCOPE_ITEM = {
    "GET": _reading(
        "getSpoeScope",
        "Read a scope of an SPOE file. Its name, if it is there.",
        _SCOPE,
    ),
    "DELETE": _removing(
        "deleteSpoeScope", "Delete a scope of an SPOE file. All that is in it goes with it."
    ),
}


def section_list(collection: SectionCollection, make: MakeCodec) -> dict[str, Operation]:
    """Return the operations on all sections of a kind in a scope; `make` makes codecs."""
    naming, kind = collection.naming, collection.kind
    one, many = {"$ref": naming.schema}, {"$ref": naming.schemas}
    return {
        "GET": _reading(
            f"get{naming.titles}",
            f"List the {kind} sections of a scope. In the order of the file.",
            many,
            SCOPE,
        ),
        "POST": _operation(
            f"create{naming.title}",
            f"Create a {kind} section in a scope. It stands behind the others.",
            SPOE,
            SCOPE,
            *FILE_CHANGE,
            body=_body(collection, make),
            _201=Response(one, (), "Created."),
            _400=BAD_REQUEST,
            _404=NOT_FOUND,
            _409=EXISTS,
        ),
    }


def section_item(collection: SectionCollection, make: MakeCodec) -> dict[str, Operation]:
    """Return the operations on one section of a kind in a scope, as `section_list` does."""
    naming, kind, one = collection.naming, collection.kind, {"$ref": collection.naming.schema}
    return {
        "GET": _reading(
            f"get{naming.title}",
            f"Read a {kind} section of a scope. What its lines say.",
            one,
            SCOPE,
        ),
        "PUT": _operation(
            f"replace{naming.title}",
            f"Replace a {kind} section of a scope."
            " A property that the body does not have is removed.",
            SPOE,
            SCOPE,
            *FILE_CHANGE,
            body=_body(collection, make),
            _200=Response(one, (), "Replaced."),
            _400=BAD_REQUEST,
            _404=NOT_FOUND,
        ),
        "DELETE": _removing(
            f"delete{naming.title}",
            f"Delete a {kind} section of a scope. Lines that name it stay.",
            SCOPE,
        ),
    }


def _body(collection: SectionCollection, make: MakeCodec) -> Body:
    return Body(
        {"$ref": collection.naming.schema},
        props=(NAME, *collection.props),
        make_codec=lambda view: make(view, collection),
        example={"name": collection.kind.removeprefix("spoe-")},
    )


_TAG = "SpoeTransactions"
_TRANSACTION = {"$ref": "spoe_transaction"}
TRANSACTION_LIST = {
    "GET": operation(
        "getSpoeTransactions",
        _TAG,
        "List transactions on an SPOE file. Those that are open or have failed.",
        (SPOE, STATUS),
        _200=Response({"$ref": "spoe_transactions"}),
        _404=NOT_FOUND,
    ),
    "POST": replace(operation(
        "startSpoeTransaction",
        _TAG,
        "Start a transaction on an SPOE file."
        " Changes with its identifier are seen by nobody else until it is committed.",
        (SPOE, BEGIN),
        _201=Response(_TRANSACTION),
        _404=NOT_FOUND,
        _429=TOO_MANY_TRANSACTIONS,
    ), rehearses=True),
}
TRANSACTION_ITEM = {
    "GET": operation(
        "getSpoeTransaction",
        _TAG,
        "Read a transaction on an SPOE file. Whether it is open, has failed or is outdated.",
        (SPOE,),
        _200=Response(_TRANSACTION),
        _404=NOT_FOUND,
    ),
    "PUT": replace(operation(
        "commitSpoeTransaction",
        _TAG,
        "Commit a transaction on an SPOE file. All its changes take effect together.",
        (SPOE, FORCE_RELOAD),
        _200=Response(_TRANSACTION),
        _202=Response(_TRANSACTION, ("Reload-ID",), "A reload is under way."),
        _400=BAD_REQUEST,
        _404=NOT_FOUND,
    ), plans=True),
    "DELETE": replace(operation(
        "deleteSpoeTransaction",
        _TAG,
        "Give up a transaction on an SPOE file. Its changes are forgotten.",
        (SPOE,),
        _204=Response(None, (), "Given up."),
        _404=NOT_FOUND,
    ), rehearses=True),
}
