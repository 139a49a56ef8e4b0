"""`/references` and `/rename`: who refers to what, what refers to nothing, and new names."""

from dataplane_core.plugin import (
    BAD_REQUEST,
    CHANGE,
    DEFAULT_RESPONSE,
    EXISTS,
    NOT_FOUND,
    OWN,
    TRANSACTION_ID,
    Body,
    Fragment,
    InVersion,
    Operation,
    Parameter,
    Prop,
    Response,
    Routes,
    Services,
    View,
    impl,
)

PATH = "/references"
_TEXT = {"type": "string"}
_SCRIPTS = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {"file": _TEXT, "line": {"type": "integer"}},
    },
    "description": "Lines of scripts that give the name, if it is one of Lua.",
}
_USE: Fragment = {
    "type": "object",
    "required": ["resource", "line", "property", "kinds", "name", "targets"],
    "properties": {
        "file": {**_TEXT, "description": "The file of the line, if not the configuration."},
        "resource": {
            "type": ["string", "null"],
            "description": "Path of the object that has the name in a line.",
        },
        "section": {**_TEXT, "description": "The section of the line."},
        "line": {"type": "integer", "description": "The line of the file, from 1."},
        "property": {**_TEXT, "description": "The property that holds the name."},
        "kinds": {
            "type": "array",
            "items": _TEXT,
            "description": "What the name may be the name of.",
        },
        "name": {**_TEXT, "description": "The name."},
        "targets": {
            "type": "array",
            "items": _TEXT,
            "description": "Paths of the objects that it means.",
        },
        "scripts": _SCRIPTS,
    },
}
_UNUSED: Fragment = {
    "type": "object",
    "required": ["resource", "line", "kind", "name"],
    "properties": {
        "resource": _USE["properties"]["resource"],
        "section": _USE["properties"]["section"],
        "line": _USE["properties"]["line"],
        "kind": {**_TEXT, "description": "What it is the name of."},
        "name": _USE["properties"]["name"],
    },
}
_USES = {"type": "array", "items": {"$ref": "name_use"}}
_BOTH: Fragment = {
    "type": "object",
    "required": ["resource", "referenced_by", "refers_to"],
    "properties": {
        "resource": {**_TEXT, "description": "The object that was asked about, or the file."},
        "referenced_by": {**_USES, "description": "Lines that name it."},
        "refers_to": {**_USES, "description": "Names in its own lines."},
    },
}
_RENAMED: Fragment = {
    "type": "object",
    "required": ["resource", "changed"],
    "properties": {
        "resource": {**_TEXT, "description": "The path under the new name, or that name."},
        "changed": {
            **_USES,
            "description": "The lines that named it, as they were, those of stored files, too.",
        },
        "files": {
            "type": "array",
            "items": {"type": "object", "additionalProperties": True},
            "description": "What became of stored files that name it, as `apply` says it.",
        },
        "scripts": _SCRIPTS,
    },
}
RESOURCE = Parameter("resource", help="Path of an object, such as "
                     "`/v3/services/haproxy/configuration/backends/shop`.")  # fmt: skip
FILE = Parameter("file", help="Path of a file, in place of an object.")
NEW = Parameter(
    "new",
    "boolean",
    default=False,
    help="Only those that a transaction leaves, and that were right before it.",
)
LIMIT = Parameter("limit", "integer", default=50, help="Most to answer, up to 1000.")


def _found(of: str) -> Fragment:
    return {
        "type": "object",
        "required": ["total", "items"],
        "properties": {
            "total": {"type": "integer", "description": "How many there are."},
            "items": {"type": "array", "items": {"$ref": of}},
        },
    }


def _read(name: str, schema: str, help: str, *more: Parameter) -> Operation:
    return Operation(
        name,
        "References",
        help,
        (*more, TRANSACTION_ID),
        responses={
            "200": Response({"$ref": schema}, ("Configuration-Version",), "What there is."),
            "400": BAD_REQUEST,
            "404": NOT_FOUND,
            "default": DEFAULT_RESPONSE,
        },
    )


NEW_NAME = (
    Prop("resource", help="Path of the object in `/v3`."),
    Prop("file", help="Name of a file in lines, in place of an object; the file itself stays."),
    Prop("lua", help="Name that a Lua script registers, in place of an object."),
    Prop("name", required=True, help="Its new name."),
)
_EXAMPLE = {"resource": "/v3/services/haproxy/configuration/backends/shop", "name": "store"}
_RENAME = Operation(
    "renameResource",
    "References",
    "Rename a resource. It gets another name, which is written in all lines that refer to it as "
    "well, in one version. Names in conditions, sample expressions and log formats count.",
    CHANGE,
    body=Body({"$ref": "new_name"}, props=NEW_NAME, example=_EXAMPLE),
    responses={
        "200": Response({"$ref": "renamed"}, ("Configuration-Version",), "HAProxy has it."),
        "202": Response(
            {"$ref": "renamed"},
            ("Configuration-Version", "Reload-ID"),
            "It waits for a reload, or for the commit of the transaction.",
        ),
        "400": BAD_REQUEST,
        "404": NOT_FOUND,
        "409": EXISTS,
        "default": DEFAULT_RESPONSE,
    },
)


@impl
def dataplane_routes(routes: Routes, services: Services) -> None:
    """Serve what is known of names."""
    routes.tag("References", "Who refers to what by its name.")
    routes.schema("name_use", _USE, versions=OWN)
    routes.schema("unused_name", _UNUSED, versions=OWN)
    routes.schema("references", _BOTH, versions=OWN)
    routes.schema("dangling_names", _found("name_use"), versions=OWN)
    routes.schema("unused_names", _found("unused_name"), versions=OWN)
    routes.schema("renamed", _RENAMED, versions=OWN)

    def resource(name: str) -> InVersion:
        def make(view: View) -> object:
            # What it needs is loaded when it is first asked for: few servers are.
            from dataplane_plugins.changes.referring import renaming, responders

            module = renaming if name == "Rename" else responders
            made: object = getattr(module, name)(services, view)
            return made

        return InVersion(make)

    both = _read(
        "getReferences",
        "references",
        "Return who refers to an object, and what it refers to. A file is named by its path, or by "
        "that of its storage in `/v3`.",
        RESOURCE,
        FILE,
    )
    dangling = _read(
        "getDanglingReferences",
        "dangling_names",
        "Return the names of what is not there. HAProxy refuses most of them; for some it looks "
        "when it starts, for others never.",
        NEW,
        LIMIT,
    )
    unused = _read(
        "getUnusedNames",
        "unused_names",
        "Return what nothing refers to. That is, of what does nothing by itself: ACLs, backends, "
        "caches and others.",
        LIMIT,
    )
    routes.add(PATH, resource("References"), {"GET": both}, OWN)
    routes.add(f"{PATH}/dangling", resource("Dangling"), {"GET": dangling}, OWN)
    routes.add(f"{PATH}/unused", resource("Unused"), {"GET": unused}, OWN)
    routes.add("/rename", resource("Rename"), {"POST": _RENAME}, OWN)
