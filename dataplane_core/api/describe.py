"""The operations of a collection, as every API version describes them."""

from typing import Any

from dataplane_core.api.operations import (
    BAD_REQUEST,
    CHANGE,
    FAILURE,
    NOT_FOUND,
    TRANSACTION_ID,
    Body,
    Fragment,
    Operation,
    Parameter,
    Response,
    created,
    deleted,
    replaced,
)
from dataplane_core.api.view import View
from dataplane_core.api.wording import about, keyword, owner, thing, things, with_article
from dataplane_core.resources.collections import (
    Collection,
    RowCollection,
    SectionCollection,
    SingleSection,
)

ONE = ("GET read", "PUT replace", "DELETE delete")
MANY = ("GET list", "POST create")
COMMITTED = "Give `version` to commit the change at once, or `transaction_id` to add it to others."


class Describe:
    """Makes the operations of one collection."""

    def __init__(self, view: View, one: Collection, parents: tuple[Parameter, ...]) -> None:
        self.one = one
        self.view = view
        self.parents = parents
        self.path: tuple[Parameter, ...] = ()
        self.schema: Fragment = {"$ref": one.naming.schema}
        name = thing(one.naming)
        if isinstance(one, RowCollection) and one.indexed:
            help = f"Position of the {name} among those of its section, from 0."
            self.path = (Parameter("index", "integer", "path", required=True, help=help),)
        elif isinstance(one, RowCollection | SectionCollection):
            help = f"The {name}'s {one.key}."
            self.path = (Parameter(str(one.key), where="path", required=True, help=help),)

    def only(self, *wanted: str) -> dict[str, Operation]:
        """The operations that the collection has, of those wanted, by method."""
        pairs = (text.split() for text in wanted)
        return {
            method: getattr(self, name)() for method, name in pairs if name in self.one.operations
        }

    def _operation(self, name: str, parameters: tuple[Parameter, ...], **more: Any) -> Operation:
        naming = self.one.naming
        summary = f"{self._summary(name)}. {self._explanation(name)}"
        responses = {**self._orphaned(name), **more.pop("responses")}
        return Operation(
            naming.operation_id(name), naming.tag, summary, parameters, responses=responses, **more
        )

    def _orphaned(self, operation: str) -> dict[str, Response]:
        """The answers where the parent does not exist."""
        one = self.one
        if not isinstance(one, RowCollection):
            return {}
        nameless = {False, one.has_nameless_parent()}
        statuses = {
            one.orphans.status(operation, indexed=one.indexed, nameless=each) for each in nameless
        }
        known = {400: BAD_REQUEST, 404: NOT_FOUND}
        return {str(status): known[status] for status in sorted(statuses & known.keys())}

    def list(self) -> Operation:
        one = self.one
        filters: tuple[Parameter, ...] = ()
        if isinstance(one, RowCollection):
            filters = tuple(Parameter(name, help="Show only these.") for name in one.filters)
        schema = self.view.version.envelope({"$ref": one.naming.schemas}, required=True)
        responses = {"200": Response(schema, ("Configuration-Version",)), "default": FAILURE}
        return self._operation(
            "list", (*self.parents, *filters, TRANSACTION_ID), responses=responses, cached=True
        )

    def read(self) -> Operation:
        schema = self.view.version.envelope(self.schema)
        responses = {"200": Response(schema, ("Configuration-Version",)), "default": FAILURE}
        if not isinstance(self.one, SingleSection):
            responses["404"] = NOT_FOUND
        parameters = (*self.path, *self.parents, TRANSACTION_ID)
        return self._operation("read", parameters, responses=responses, cached=True)

    def create(self) -> Operation:
        body = Body(self.schema, codec=self.view.codec(self.one))
        parameters = (*self.parents, *CHANGE)
        return self._operation("create", parameters, body=body, responses=created(self.schema))

    def replace(self) -> Operation:
        body = Body(self.schema, codec=self.view.codec(self.one))
        responses = replaced(self.schema)
        if isinstance(self.one, SingleSection) and self.one.creates:
            del responses["404"]
        parameters = (*self.path, *self.parents, *CHANGE)
        return self._operation("replace", parameters, body=body, responses=responses)

    def delete(self) -> Operation:
        parameters = (*self.path, *self.parents, *CHANGE)
        return self._operation("delete", parameters, responses=deleted())


    def _summary(self, operation: str) -> str:
        """What an operation does, in a few words: "List the servers of a backend"."""
        one, name, names = self.one, thing(self.one.naming), things(self.one.naming)
        if isinstance(one, SingleSection):
            verb = "Read" if operation == "read" else "Replace"
            return f"{verb} the {'last ' if one.last else ''}{one.kind} section"
        of, into = "", ""
        if isinstance(one, RowCollection):
            parent = with_article(owner(one, self.view.registry))
            of, into, names = f" of {parent}", f" in {parent}", f"the {names}"
        return {
            "list": f"List {names}{of}",
            "create": f"Create {with_article(name)}{into}",
            "read": f"Read {with_article(name)}{of}",
            "replace": f"Replace {with_article(name)}{of}",
            "delete": f"Delete {with_article(name)}{of}",
        }[operation]

    def _explanation(self, operation: str) -> str:
        """What an operation is about in the file, and what it does to it."""
        one = self.one
        if isinstance(one, SingleSection):
            told = {
                "read": f"What the lines of the `{one.kind}` section say.",
                "replace": f"{_REPLACED} {COMMITTED}",
            }
        elif isinstance(one, RowCollection):
            place = "at the position `index`, from 0" if one.indexed else "behind the last one"
            told = {
                "list": f"{_upper(about(one))}: those of one section, in the order of the file.",
                "create": f"Adds one `{keyword(one)}` line to the section, {place}. {COMMITTED}",
                "read": f"What one `{keyword(one)}` line says.",
                "replace": f"{_REPLACED} {COMMITTED}",
                "delete": f"Removes the `{keyword(one)}` line. {COMMITTED}",
            }
        else:
            kind = one.kind  # type: ignore[attr-defined]
            told = {
                "list": f"All {about(one)}, in the order of the file.",
                "create": f"Adds one `{kind}` section to the file. {COMMITTED}",
                "read": f"What the lines of one `{kind}` section say.",
                "replace": f"{_REPLACED} {_KEPT} {COMMITTED}",
                "delete": f"Removes the `{kind}` section with all that is in it. {COMMITTED}",
            }
        return told[operation]


_REPLACED = "A property that the body does not have is removed."
_KEPT = "Lines that belong to other resources stay, and so do lines that the server does not know."


def _upper(text: str) -> str:
    return text[0].upper() + text[1:]
