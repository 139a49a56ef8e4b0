"""The operations of a collection, as every API version describes them."""

from dataclasses import replace
from typing import Any

from dataplane_core.api.operations import (
    BAD_REQUEST,
    CHANGE,
    DEFAULT_RESPONSE,
    FULL_SECTION,
    NOT_FOUND,
    TRANSACTION_ID,
    Body,
    Fragment,
    Operation,
    Operations,
    Parameter,
    Response,
    created,
    deleted,
    replaced,
)
from dataplane_core.api.parents import Parents
from dataplane_core.api.view import View
from dataplane_core.api.wording import about, keyword, owner, thing, things, with_article
from dataplane_core.resources.collections import (
    Collection,
    Naming,
    RowCollection,
    SectionCollection,
    SingleSection,
)

ONE = ("GET read", "PUT replace", "DELETE delete")
"""The methods of an object's path, each with the operation that it is."""

ONE_AT_INDEX = ("GET read", "POST create_at", "PUT replace", "DELETE delete")
"""The same for a row whose index is in the path alone, which a new row is posted to."""

MANY = ("GET list", "POST create")
SECTIONS = (*MANY, "PUT put_new")
SINGLE = ("GET read", "POST create", "PUT replace", "DELETE delete")
WHOLE_LIST = ("GET list", "PUT replace_list")
APPENDED = ("GET list", "POST create")
_NEEDED = {"create_at": {"create"}, "replace_list": {"create", "replace", "delete"}}
"""The operations that a collection must have for one to make sense."""

COMMITTED = "Give `version` to commit the change at once, or `transaction_id` to add it to others."


class Describe:
    """Makes the operations of one collection."""

    def __init__(
        self,
        view: View,
        one: Collection,
        parents: Parents | None = None,
        naming: Naming | None = None,
    ) -> None:
        self.one = one
        self.view = view
        self.parents = () if parents is None else parents.parameters
        self._parents = parents
        self.naming = naming or view.version.naming(one)
        self.path: tuple[Parameter, ...] = ()
        self.full: tuple[Parameter, ...] = ()
        has_rows = isinstance(one, SectionCollection | SingleSection) and view.whole(one).rows
        self._operations = one.operations_of(view.version.name)
        if has_rows or (isinstance(one, SingleSection) and self._has("create")):
            self.full = (FULL_SECTION,)
        self.schema: Fragment = {"$ref": self.naming.schema}
        name = thing(self.naming)
        if isinstance(one, RowCollection) and one.indexed:
            key = view.version.index_parameter
            help = f"Position of the {name} among those of its section, from 0."
            self.path = (Parameter(key, "integer", "path", required=True, help=help),)
        elif isinstance(one, RowCollection | SectionCollection):
            help = f"The {name}'s {one.key}."
            self.path = (Parameter(str(one.key), where="path", required=True, help=help),)

    def only(self, *wanted: str) -> Operations:
        """Return the operations that the collection has, of those wanted, by method."""
        pairs = (text.split() for text in wanted)
        made = {method: getattr(self, name) for method, name in pairs if self._has(name)}
        return Operations(made)

    def _has(self, operation: str) -> bool:
        """Return whether the collection has an operation; `replace_list` takes all changes."""
        return _NEEDED.get(operation, {operation}).issubset(self._operations)

    def _operation(self, name: str, parameters: tuple[Parameter, ...], **more: Any) -> Operation:
        naming = self.naming
        summary = f"{self._summary(name)}. {self._explanation(name)}"
        responses = {**self._orphaned(name), **more.pop("responses")}
        return Operation(
            naming.operation_id(name), naming.tag, summary, parameters, responses=responses, **more
        )

    def _orphaned(self, operation: str) -> dict[str, Response]:
        """Return the answers where the parent does not exist."""
        one = self.one
        if not isinstance(one, RowCollection) or self._parents is None:
            return {}
        nameless = {False, one.has_nameless_parent()}
        statuses = {self._parents.orphan_status(operation, nameless=each) for each in nameless}
        known = {400: BAD_REQUEST, 404: NOT_FOUND}
        return {str(status): known[status] for status in sorted(statuses & known.keys())}

    def list(self) -> Operation:
        one = self.one
        filters: tuple[Parameter, ...] = ()
        if isinstance(one, RowCollection):
            filters = tuple(Parameter(name, help="Show only these.") for name in one.filters)
        schema = self.view.version.envelope({"$ref": self.naming.schemas}, required=True)
        responses = {
            "200": Response(schema, ("Configuration-Version",)),
            "default": DEFAULT_RESPONSE,
        }
        return self._operation(
            "list",
            (*self.parents, *filters, *self.full, TRANSACTION_ID),
            responses=responses,
            cached=True,
        )

    def read(self) -> Operation:
        schema = self.view.version.envelope(self.schema)
        responses = {
            "200": Response(schema, ("Configuration-Version",)),
            "default": DEFAULT_RESPONSE,
        }
        if not isinstance(self.one, SingleSection) or self._has("create"):
            responses["404"] = NOT_FOUND
        parameters = (*self.path, *self.parents, *self.full, TRANSACTION_ID)
        return self._operation("read", parameters, responses=responses, cached=True)

    def create(self) -> Operation:
        body = Body(self.schema, codec=self.view.codec(self.one))
        parameters = (*self.parents, *self.full, *CHANGE)
        return self._operation("create", parameters, body=body, responses=created(self.schema))

    def put_new(self) -> Operation:
        return replace(self.create(), id=self.naming.operation_id("put_new"))

    def create_at(self) -> Operation:
        operation = self.create()
        return replace(operation, parameters=(*self.path, *operation.parameters))

    def replace_list(self) -> Operation:
        schema = {"$ref": self.naming.schemas}
        body = Body(schema, codec=self.view.list_codec(self.one))
        parameters = (*self.parents, *CHANGE)
        return self._operation("replace_list", parameters, body=body, responses=replaced(schema))

    def replace(self) -> Operation:
        body = Body(self.schema, codec=self.view.codec(self.one))
        responses = replaced(self.schema)
        if isinstance(self.one, SingleSection) and self.one.creates and not self._has("create"):
            del responses["404"]
        parameters = (*self.path, *self.parents, *self.full, *CHANGE)
        return self._operation("replace", parameters, body=body, responses=responses)

    def delete(self) -> Operation:
        whole = tuple(replace(one, help=_ALL_GOES) for one in self.full)
        parameters = (*self.path, *self.parents, *whole, *CHANGE)
        return self._operation("delete", parameters, responses=deleted())

    def _summary(self, operation: str) -> str:
        """Return what an operation does, in a few words: "List the servers of a backend"."""
        one, name, names = self.one, thing(self.naming), things(self.naming)
        if isinstance(one, SingleSection):
            return f"{operation.capitalize()} the {'last ' if one.last else ''}{one.kind} section"
        of, into = "", ""
        if isinstance(one, RowCollection):
            kind = "" if self._parents is None else self._parents.kind
            parent = with_article(owner(one, self.view.registry, kind))
            of, into, names = f" of {parent}", f" in {parent}", f"the {names}"
        return {
            "list": f"List {names}{of}",
            "create": f"Create {with_article(name)}{into}",
            "read": f"Read {with_article(name)}{of}",
            "replace": f"Replace {with_article(name)}{of}",
            "delete": f"Delete {with_article(name)}{of}",
            "replace_list": f"Replace {names}{of}",
        }[operation]

    def _explanation(self, operation: str) -> str:
        """Return what an operation is about in the file, and what it does to it."""
        one = self.one
        if isinstance(one, SingleSection):
            texts = {
                "read": f"What the lines of the `{one.kind}` section say.",
                "create": f"Adds the `{one.kind}` section to the file. {COMMITTED}",
                "replace": f"{_REPLACED} {COMMITTED}",
                "delete": f"Removes the `{one.kind}` section with all that is in it. {COMMITTED}",
            }
        elif isinstance(one, RowCollection):
            place = "at the position `index`, from 0" if one.indexed else "behind the last one"
            texts = {
                "list": f"{_upper(about(one))}: those of one section, in the order of the file.",
                "create": f"Adds one `{keyword(one)}` line to the section, {place}. {COMMITTED}",
                "read": f"What one `{keyword(one)}` line says.",
                "replace": f"{_REPLACED} {COMMITTED}",
                "delete": f"Removes the `{keyword(one)}` line. {COMMITTED}",
                "replace_list": f"Lines that the body does not have are removed. {COMMITTED}",
            }
        else:
            kind = one.kind  # type: ignore[attr-defined]
            texts = {
                "list": f"All {about(one)}, in the order of the file.",
                "create": f"Adds one `{kind}` section to the file. {COMMITTED}",
                "read": f"What the lines of one `{kind}` section say.",
                "replace": f"{_REPLACED} {_KEPT} {COMMITTED}",
                "delete": f"Removes the `{kind}` section with all that is in it. {COMMITTED}",
            }
        return texts[operation]


_ALL_GOES = "Changes nothing: a section goes with all that is in it."
_REPLACED = "A property that the body does not have is removed."
_KEPT = "Lines that belong to other resources stay, and so do lines that the server does not know."


def _upper(text: str) -> str:
    return text[0].upper() + text[1:]
