"""The operations of a collection, as every API version describes them."""

from typing import Any

from dataplane_core.api.collections import Collection, Rows, Single
from dataplane_core.api.operations import (
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

ONE = ("GET read", "PUT replace", "DELETE delete")
MANY = ("GET list", "POST create")


class Describe:
    """Makes the operations of one collection."""

    def __init__(self, view: View, one: Collection, parents: tuple[Parameter, ...]) -> None:
        self.one = one
        self.view = view
        self.parents = parents
        self.path: tuple[Parameter, ...] = ()
        self.schema: Fragment = {"$ref": one.naming.schema}
        if isinstance(one, Rows) and one.indexed:
            self.path = (Parameter("index", "integer", "path", required=True, help="Position."),)

    def only(self, *wanted: str) -> dict[str, Operation]:
        """The operations that the collection has, of those wanted, by method."""
        pairs = (text.split() for text in wanted)
        return {
            method: getattr(self, name)() for method, name in pairs if name in self.one.operations
        }

    def _operation(self, name: str, parameters: tuple[Parameter, ...], **more: Any) -> Operation:
        naming = self.one.naming
        return Operation(
            naming.operation_id(name), naming.tag, _summary(name, naming.titles, naming.title),
            parameters, **more,
        )  # fmt: skip

    def list(self) -> Operation:
        one = self.one
        filters: tuple[Parameter, ...] = ()
        if isinstance(one, Rows):
            filters = tuple(Parameter(name, help="Show only these.") for name in one.filters)
        schema = self.view.version.envelope({"$ref": one.naming.schemas}, required=True)
        responses = {"200": Response(schema, ("Configuration-Version",)), "default": FAILURE}
        return self._operation(
            "list", (*self.parents, *filters, TRANSACTION_ID), responses=responses, cached=True
        )

    def read(self) -> Operation:
        schema = self.view.version.envelope(self.schema)
        responses = {"200": Response(schema, ("Configuration-Version",)), "default": FAILURE}
        if not isinstance(self.one, Single):
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
        if isinstance(self.one, Single) and self.one.creates:
            del responses["404"]
        parameters = (*self.path, *self.parents, *CHANGE)
        return self._operation("replace", parameters, body=body, responses=responses)

    def delete(self) -> Operation:
        parameters = (*self.path, *self.parents, *CHANGE)
        return self._operation("delete", parameters, responses=deleted())


def _summary(operation: str, titles: str, title: str) -> str:
    words = {
        "list": f"All of {titles}",
        "create": f"Add one {title}",
        "read": f"One {title}",
        "replace": f"Replace one {title}",
        "delete": f"Delete one {title}",
    }
    return words[operation]
