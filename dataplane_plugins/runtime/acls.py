"""`/runtime/acls` and `/runtime/acl_file_entries`: ACL lists of the running process."""

from typing import Any

import falcon

from dataplane_core.plugin import (
    CONTROL_CHARACTERS,
    AlreadyExists,
    ApiRequest,
    BadRequest,
    Body,
    Code,
    Invalid,
    NotFound,
    Prop,
    Response,
    Routes,
    Services,
    array,
    below,
    impl,
    operation,
    parse_json,
    runtime_argument,
    to_json,
)
from dataplane_plugins.patterns.pattern_lists import (
    PatternList,
    RuntimePatterns,
    named_pattern_list,
    parse_entries,
)
from dataplane_plugins.runtime.common import (
    DELETED,
    NO_SUCH_OBJECT,
    OBJECT_EXISTS,
    PATH,
    REFUSED,
    TEXT,
    V2,
    V3,
    name_parameter,
    rehearsed,
)

TAG = "ACL Runtime"
ACL_ENTRY = (
    Prop("id", read_only=True, help="HAProxy's own mark of the entry."),
    Prop("value", required=True, help="Pattern."),
)
_ENTRY, _ENTRIES = {"$ref": "acl_file_entry"}, {"$ref": "acl_files_entries"}


class RuntimeAcls:
    """The lists of every process."""

    def __init__(self, services: Services) -> None:
        self.patterns = RuntimePatterns(services, "acl")

    def find(self, name: str) -> PatternList:
        """Return the list with the number `name`, else that of the file with this path or name.

        Raises `NotFound`, and `Conflict` where several files have the name.
        """
        return self._chosen(self.patterns.all(), name)

    def _chosen(self, lists: list[PatternList], name: str) -> PatternList:
        by_number = [one for one in lists if one.id == name]
        return by_number[0] if by_number else named_pattern_list(lists, name, (name,))

    def known(self, name: str) -> PatternList:
        """Return what `find` does; the list of a file mostly without asking HAProxy."""
        return self.patterns.named((name,), lambda found: self._chosen(found, name))

    def rows(self, one: PatternList) -> list[dict[str, str]]:
        """Return the patterns of a list, each with HAProxy's mark (`id`) and `value`."""
        found = parse_entries(self.patterns.dump(one))
        return [{"id": row[0], "value": " ".join(filter(None, row[1:]))} for row in found]

    def row(self, one: PatternList, name: str) -> dict[str, str]:
        """Return the pattern with the mark `name`, else the pattern `name`; raises `NotFound`."""
        rows = self.rows(one)
        for member in ("id", "value"):
            for row in rows:
                if row[member] == name:
                    return row
        raise NotFound(f"the ACL has no entry {name}")


def acl_json(one: PatternList) -> dict[str, Any]:
    """Return a list as clients see it: `description`, `id` (its number) and `storage_name`."""
    return {"description": one.description, "id": one.id, "storage_name": one.label}


def check_acl_value(value: Any) -> str:
    """Return a pattern that a command can carry; raises `BadRequest` and `Invalid`."""
    if value is None or value == "":
        raise Invalid("value in body is required", code=Code.REQUIRED)
    if not isinstance(value, str):
        raise BadRequest("value in body must be a string")
    if CONTROL_CHARACTERS.search(value) or value != value.strip(" ") or value.startswith("#"):
        raise Invalid(
            "value in body must hold no control characters, and no blank at its ends or # at its "
            "beginning",
            code=Code.PATTERN,
        )
    return value


class RuntimeAclList:
    """All lists."""

    def __init__(self, acls: RuntimeAcls) -> None:
        self.acls = acls

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        resp.data = to_json([acl_json(one) for one in self.acls.patterns.all()])


class RuntimeAclItem:
    """One list."""

    def __init__(self, acls: RuntimeAcls) -> None:
        self.acls = acls

    def on_get(self, req: ApiRequest, resp: falcon.Response, id: str) -> None:
        resp.data = to_json(acl_json(self.acls.find(id)))


class AclEntryList:
    """The patterns of a list: GET; a new one: POST; many at once: PUT."""

    def __init__(self, acls: RuntimeAcls) -> None:
        self.acls = acls

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        resp.data = to_json(self.acls.rows(self.acls.known(req.query["acl_id"])))

    def on_post(self, req: ApiRequest, resp: falcon.Response) -> None:
        value = check_acl_value(req.body.values["value"])
        one, patterns = self.acls.known(req.query["acl_id"]), self.acls.patterns
        with patterns.changing(one):
            if patterns.find(one, value) is not None:
                raise AlreadyExists(f"object already exists: the ACL has the entry {value}")
            patterns.send("add", one, runtime_argument(value))
        resp.status = 201
        resp.data = to_json(req.body.echo)

    def on_put(self, req: ApiRequest, resp: falcon.Response) -> None:
        body = parse_json(req.raw)
        if not isinstance(body, list) or not all(isinstance(item, dict) for item in body):
            raise BadRequest("the body must be an array of objects with a value")
        given = [check_acl_value(item.get("value")) for item in body]
        one = self.acls.find(req.query["acl_id"])
        with self.acls.patterns.changing(one):
            known = [row["value"] for row in self.acls.rows(one)]
            self.acls.patterns.replace(one, [(value,) for value in dict.fromkeys(known + given)])
        resp.status = 201
        resp.data = to_json([{"value": value} for value in given])


class AclEntryItem:
    """One pattern."""

    def __init__(self, acls: RuntimeAcls) -> None:
        self.acls = acls

    def on_get(self, req: ApiRequest, resp: falcon.Response, id: str) -> None:
        row = self.acls.row(self.acls.known(req.query["acl_id"]), id)
        resp.data = to_json({"value": row["value"]})

    def on_delete(self, req: ApiRequest, resp: falcon.Response, id: str) -> None:
        one = self.acls.known(req.query["acl_id"])
        with self.acls.patterns.changing(one):
            row = self.acls.row(one, id)
            word = runtime_argument(row["value"]) if row["value"][0] != "#" else f"#{row['id']}"
            self.acls.patterns.send("del", one, word)
        resp.status = 204


_WHICH = "HAProxy's number of the ACL, or the name or path of its file."
_NUMBER = name_parameter("id", _WHICH, where="path")
_ENTRY_ID = name_parameter("id", "The entry's mark, or its pattern.", where="path")
_PARENT = name_parameter("acl_id", _WHICH)
_LIST = operation(
    "getRuntimeACLs",
    TAG,
    "List ACLs. The lists of patterns that the running HAProxy has.",
    _200=Response({"$ref": "acl_files"}),
)
_ONE = operation(
    "getRuntimeACL",
    TAG,
    "Read an ACL. Which file or line it is of, and what HAProxy calls it.",
    (_NUMBER,),
    _200=Response({"$ref": "acl_file"}),
    _404=NO_SUCH_OBJECT,
)
_ENTRY_LIST = {
    "GET": operation(
        "getRuntimeACLEntries",
        TAG,
        "List the entries of an ACL. The patterns that the running HAProxy compares with.",
        (_PARENT,),
        _200=Response(_ENTRIES),
        _400=REFUSED,
        _404=NO_SUCH_OBJECT,
    ),
    "POST": operation(
        "addRuntimeACLEntry",
        TAG,
        "Add an entry to an ACL. The running HAProxy has it at once; it is gone after a reload.",
        (_PARENT,),
        Body(_ENTRY, props=ACL_ENTRY, example={"value": "192.0.2.0/24"}),
        _201=Response(_ENTRY),
        _400=REFUSED,
        _409=OBJECT_EXISTS,
    ),
    "PUT": operation(
        "addPayloadRuntimeACL",
        TAG,
        "Add entries to an ACL. All at once; they are gone after a reload.",
        (_PARENT,),
        Body(_ENTRIES),
        _201=Response(_ENTRIES),
        _400=REFUSED,
    ),
}
_ENTRY_ITEM = {
    "GET": operation(
        "getRuntimeACLEntry",
        TAG,
        "Read an entry of an ACL. By its mark or its pattern.",
        (_ENTRY_ID, _PARENT),
        _200=Response(_ENTRY),
        _400=REFUSED,
        _404=NO_SUCH_OBJECT,
    ),
    "DELETE": operation(
        "deleteRuntimeACLEntry",
        TAG,
        "Delete an entry from an ACL. The running HAProxy forgets it at once; a reload brings "
        "back what the file has.",
        (_ENTRY_ID, _PARENT),
        _204=DELETED,
        _400=REFUSED,
        _404=NO_SUCH_OBJECT,
    ),
}


@impl
def dataplane_routes(routes: Routes, services: Services) -> None:
    """Serve lists and their patterns."""
    routes.tag(TAG, "Lists of patterns in the running HAProxy, and their entries.", 30)
    members = {"description": TEXT, "id": TEXT, "storage_name": TEXT}
    routes.schema("acl_file", {"type": "object", "properties": members})
    routes.schema("acl_files", array("acl_file"))
    routes.schema("acl_files_entries", array("acl_file_entry"))
    acls = RuntimeAcls(services)
    routes.add(f"{PATH}/acls", RuntimeAclList(acls), {"GET": _LIST})
    routes.add(f"{PATH}/acls/{{id}}", RuntimeAclItem(acls), {"GET": _ONE})
    several, one = AclEntryList(acls), AclEntryItem(acls)
    entries, item = rehearsed(_ENTRY_LIST), rehearsed(_ENTRY_ITEM)
    routes.add(f"{PATH}/acl_file_entries", several, entries, V2)
    routes.add(f"{PATH}/acl_file_entries/{{id}}", one, item, V2)
    path, parents = f"{PATH}/acls/{{parent_name}}/entries", {"parent_name": "acl_id"}
    routes.add(path, *below(several, entries, parents), V3)
    routes.add(f"{path}/{{id}}", *below(one, item, parents), V3)
